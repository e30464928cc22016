"""Rasa component: intent and ranking of a message, from its vector and its letters."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, Type

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.encoder import SIDE_READINGS, SentenceEncoder
from bot.engine.intents import IntentModel, Settings
from bot.engine.parts import Context, Probabilities, Rules, is_topic, is_understood, leaning, two_requests
from bot.engine.spelling import MENDED

_FILE = "intents.npz"
#: Message properties the actions read: the second request of a message that holds two, and one it may hold.
ALSO, PERHAPS = "also", "perhaps"


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

        `letter_weight`: what letter sequences count beside the sentence vector. `neighbour_weight`: the say of the
        nearest examples, 0 to 1. `temperature` and `sharpness` make the confidence mean what it says. The others are
        explained in `Rules`.
        """
        return {
            "inverse_regularisation": 10.0,
            "letter_weight": 1.0,
            "neighbour_weight": 0.0,
            "temperature": 1.0,
            "sharpness": 1.0,
            "ranking_length": 10,
            "sure": 0.3,
            "sure_of_the_field": 1.1,
            "leading": 0.3,
            "doubt_outside": 1.1,
            "doubt_below": 0.0,
            "sure_of_a_part": 1.1,
            "named_in_the_whole": 0.0,
            "offer_a_part": 1.1,
            "leans_below": 0.0,
            "weight_of_context": 0.0,
            "favour_of_next": 1.0,
        }

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
        settings = Settings(
            self._config["inverse_regularisation"], self._config["letter_weight"], self._config["neighbour_weight"]
        )
        self._model = IntentModel.fit(texts, vectors, labels, settings)
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder / _FILE)
        return self._resource

    def process(self, messages: List[Message]) -> List[Message]:
        """Set intent and ranking. A message without a vector (a payload) is left to Rasa's payload reader."""
        for message in messages:
            vector = _vector(message)
            if vector is None:
                _set(message, None, 0.0, {}, 0)
                continue
            said, halves = self._readings(message, vector)
            first = max(said, key=lambda intent: said[intent])
            rules = self._rules
            pair = two_requests(said, halves, rules.sure_of_a_part, rules.named_in_the_whole)
            if pair:
                # A topic is answered and an act offered beside it, whichever came first.
                first, second = sorted(pair, key=lambda intent: not is_topic(intent))
                message.set(ALSO, second, add_to_output=True)
                sure = max(said[first], rules.sure_of_a_part)
                _set(message, first, sure, said, self._config["ranking_length"])
            elif is_understood(said, rules):
                maybe = two_requests(said, halves, rules.offer_a_part, 0.0)
                if first in maybe:
                    message.set(PERHAPS, maybe[1 - maybe.index(first)], add_to_output=True)
                _set(message, first, said[first], said, self._config["ranking_length"])
            else:
                _set(message, DEFAULT_NLU_FALLBACK_INTENT_NAME, said[first], said, self._config["ranking_length"])
        return messages

    @property
    def _rules(self) -> Rules:
        return Rules(**{name: float(self._config[name]) for name in Rules._fields})

    def _readings(
        self, message: Message, vector: NDArray[np.float32]
    ) -> Tuple[Probabilities, List[Tuple[Probabilities, Probabilities]]]:
        """What the message says, in the light of the topic before it, and what the halves of every cut say."""
        aside = [self._said(text, row) for text, row in message.get(SIDE_READINGS) or []]
        metadata = message.get("metadata") or {}
        context = None
        if metadata.get("about"):
            context = Context(str(metadata["about"]), frozenset(str(metadata.get("next") or "").split(",")))
        after_title = aside.pop(0) if context is not None and aside else None
        said = leaning(self._said(message.get(MENDED), vector), after_title, context, self._rules)
        return said, list(zip(aside[::2], aside[1::2], strict=True))

    def _said(self, text: str, vector: NDArray[np.float32]) -> Dict[str, float]:
        assert self._model is not None
        row = self._model.probabilities(
            text, vector, float(self._config["temperature"]), float(self._config["sharpness"])
        )
        return dict(zip(self._model.intents, row.tolist(), strict=True))


def _set(message: Message, intent: Optional[str], sure: float, said: Probabilities, length: int) -> None:
    message.set(INTENT, {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: sure}, add_to_output=True)
    ranking = sorted(said.items(), key=lambda entry: -entry[1])[:length]
    entries = [{INTENT_NAME_KEY: name, PREDICTED_CONFIDENCE_KEY: share} for name, share in ranking]
    message.set(INTENT_RANKING_KEY, entries, add_to_output=True)


def _vector(message: Message) -> Optional[NDArray[np.float32]]:
    _, sentence = message.get_dense_features(TEXT)
    return None if sentence is None else sentence.features[0]
