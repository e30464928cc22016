"""Rasa component: intent and ranking of a message, from its vector and its letters."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Type

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.encoder import SentenceEncoder
from bot.engine.intents import IntentModel, Settings
from bot.engine.spelling import MENDED

_FILE = "intents.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentsOfSentences(GraphComponent, IntentClassifier):
    """Rasa's own logistic regression offers no choice of regularisation, which decides how sure it is."""

    def __init__(
        self,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: Optional[IntentModel] = None,
    ) -> None:
        self._config = config
        self._storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def required_components(cls) -> List[Type[Any]]:
        """The vectors come from the encoder."""
        return [SentenceEncoder]

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """`inverse_regularisation`: the larger, the closer the model follows the examples.

        `letter_weight`: what letter sequences count beside the sentence vector.
        """
        return {"inverse_regularisation": 10.0, "letter_weight": 1.0, "ranking_length": 10}

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentsOfSentences:
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
    ) -> IntentsOfSentences:
        """Build the trained component (called by Rasa)."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, IntentModel.load(folder / _FILE))

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the intents of all examples."""
        examples = [message for message in training_data.intent_examples if message.get(MENDED)]
        texts = [message.get(MENDED) for message in examples]
        vectors = np.stack([message.get_dense_features(TEXT)[1].features[0] for message in examples])
        labels = [message.get(INTENT) for message in examples]
        settings = Settings(self._config["inverse_regularisation"], self._config["letter_weight"])
        self._model = IntentModel.fit(texts, vectors, labels, settings)
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder / _FILE)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Set intent and ranking. A message without a vector (a payload) is left to Rasa's payload reader."""
        for message in messages:
            vector = _vector(message)
            ranking = [] if vector is None else self._ranking(message.get(MENDED), vector)
            first = ranking[0] if ranking else {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0}
            message.set(INTENT, first, add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _ranking(self, text: str, vector: NDArray[np.float32]) -> List[Dict[str, Any]]:
        assert self._model is not None
        guesses = self._model.rank(text, vector, self._config["ranking_length"])
        return [{INTENT_NAME_KEY: guess.intent, PREDICTED_CONFIDENCE_KEY: guess.confidence} for guess in guesses]


def _vector(message: Message) -> Optional[NDArray[np.float32]]:
    _, sentence = message.get_dense_features(TEXT)
    return None if sentence is None else sentence.features[0]
