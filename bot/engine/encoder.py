"""Rasa component: one sentence vector per message, from all-MiniLM-L6-v2."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Sequence, Type

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.engine.minilm import EARLIER, WIDTH, MiniLM
from bot.engine.parts import cuts
from bot.engine.paths import data_directory
from bot.engine.spelling import MENDED, Spelling
from bot.engine.weights import WEIGHTS_SHA256

Floats = NDArray[np.float32]
#: Message property: (text, vector) of the message after the title of the last topic, then of the halves of every cut.
SIDE_READINGS = "side_readings"


@lru_cache(maxsize=1)
def shared_encoder() -> MiniLM:
    """The one encoder of this process, compiled by a first sentence so that no client waits for it."""
    encoder = MiniLM.load()
    encoder.encode(["Hello."])
    return encoder


class VectorCache:
    """Vectors of texts already seen in training. A text is stored as its hash only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._vectors: Dict[str, Floats] = {}
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                self._vectors = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors in the order of the texts; only new texts are computed, and only these texts are kept."""
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if missing:
            vectors = shared_encoder().encode_layers(list(missing.values()))
            # Half the digits are plenty, and half the file.
            self._vectors.update(zip(missing, vectors.astype(np.float16), strict=True))
        self._vectors = {key: self._vectors[key] for key in keys}
        if missing:
            self._save()
        return np.stack([self._vectors[key] for key in keys]).astype(np.float32)

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_name(f"{self._path.stem}.{os.getpid()}.partial.npz")
        np.savez(partial, keys=np.array(list(self._vectors)), vectors=np.stack(list(self._vectors.values())))
        os.replace(partial, self._path)


def training_cache() -> VectorCache:
    """The cache beside the models; another encoder or other layers would use another file."""
    layers = "".join(str(layer) for layer in EARLIER)
    return VectorCache(data_directory() / "cache" / f"vectors-{WEIGHTS_SHA256[:12]}-{layers}.npz")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceEncoder(DenseFeaturizer, GraphComponent):
    """Adds the sentence vector to every message that is text; button payloads have no meaning to encode."""

    @classmethod
    def required_components(cls) -> List[Type[Any]]:
        """What is encoded is the mended text."""
        return [Spelling]

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceEncoder:
        """Build the component (called by Rasa)."""
        return cls(execution_context.node_name, config)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SentenceEncoder:
        """Build the component for a running engine, ready to encode at once."""
        shared_encoder()
        return cls.create(config, model_storage, resource, execution_context)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """`earlier_layers`: what the earlier layers count beside the last one; 0 leaves them out."""
        return {**DenseFeaturizer.get_default_config(), "earlier_layers": 0.7}

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Any number will do."""

    def process(self, messages: List[Message]) -> List[Message]:
        """Add vectors to incoming messages, and to what else they may be read as."""
        for message in messages:
            if message.get(MENDED):
                text = message.get(MENDED)
                title = (message.get("metadata") or {}).get("about")
                aside = [f"{title}. {text}"] if title else []
                texts = [text, *aside, *(part for cut in cuts(text) for part in cut)]
                # All in one batch: a short sentence more costs little.
                vectors = shared_encoder().encode_layers(texts)
                self._add([message], vectors[:1])
                message.set(SIDE_READINGS, list(zip(texts[1:], self._weighed(vectors[1:]), strict=True)))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add vectors to the training examples, in batches and from the cache."""
        texts = [message for message in training_data.training_examples if message.get(MENDED)]
        if texts:
            self._add(texts, training_cache().encode([message.get(MENDED) for message in texts]))
        return training_data

    def _add(self, messages: Sequence[Message], vectors: Floats) -> None:
        for message, vector in zip(messages, self._weighed(vectors), strict=True):
            message.add_features(Features(vector[np.newaxis, :], FEATURE_TYPE_SENTENCE, TEXT, self._identifier))

    def _weighed(self, vectors: Floats) -> Floats:
        weight = float(self._config["earlier_layers"])
        return np.hstack([vectors[:, :WIDTH], weight * vectors[:, WIDTH:]]) if weight else vectors[:, :WIDTH]
