"""Rasa component: puts a mended copy of the text beside what the client typed."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.freetext import as_free_text
from bot.engine.minilm import dictionary
from bot.engine.speller import Speller

#: Message property with the text to understand. Absent on button payloads, which have nothing to understand.
MENDED = "mended_text"
_FILE = "words.json"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=True)
class Spelling(GraphComponent):
    """Learns the words of the examples and mends those of messages."""

    def __init__(
        self, config: Dict[str, Any], storage: ModelStorage, resource: Resource, speller: Optional[Speller] = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._speller = speller

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """`mend`: false takes the text as it is, to measure what the mending does."""
        return {"mend": True}

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Spelling:
        """Build an untrained component (called by Rasa)."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Spelling:
        """Build the trained component (called by Rasa)."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, Speller.load(folder / _FILE, dictionary()))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the words of all examples."""
        texts = [message.get(TEXT) for message in training_data.training_examples if message.get(TEXT)]
        self._speller = Speller.learn(texts, dictionary())
        with self._storage.write_to(self._resource) as folder:
            self._speller.save(folder / _FILE)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Mend incoming texts."""
        for message in messages:
            text = message.get(TEXT)
            if text and not text.startswith("/"):
                self._mend(message, text)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Mend the examples alike. Slashes are learned the way they arrive: the channel takes them away."""
        for message in training_data.training_examples:
            if message.get(TEXT):
                self._mend(message, as_free_text(message.get(TEXT)))
        return training_data

    def _mend(self, message: Message, text: str) -> None:
        assert self._speller is not None
        message.set(MENDED, self._speller.mend(text) if self._config["mend"] else text)
