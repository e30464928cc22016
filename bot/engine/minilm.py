"""all-MiniLM-L6-v2 in TensorFlow: the published weights, mean pooling, unit length. No PyTorch.

The network is small (six BERT layers), so it is written out here: building it through a model library
costs several seconds at every start (docs/decisions/0003-engine.md).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Dict, FrozenSet, List, Sequence, Tuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from bot.engine.weights import TOKENIZER_SHA256, WEIGHTS_SHA256, read_verified, weights_directory

LAYERS = 6
HEADS = 12
WIDTH = 384
#: Earlier layers still know the words that the last one has turned into meaning (docs/decisions/0010).
EARLIER = (3, 4)
MAX_TOKENS = 128
BATCH = 64
_EPSILON = 1e-12


Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


class MiniLM:
    """Sentence vectors. Nothing is learned or kept: the same text always has the same vector."""

    def __init__(self, tokenizer: Tokenizer, weights: Dict[str, Floats]) -> None:
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=MAX_TOKENS)
        self._weights = {name: tf.constant(array) for name, array in weights.items() if array.dtype == np.float32}
        ids = tf.TensorSpec(shape=[None, None], dtype=tf.int32)
        # Plain TensorFlow throughout, so nothing has to be translated: half a second of every start.
        self._forward = tf.function(self._network, input_signature=[ids, ids], autograph=False)

    @classmethod
    def load(cls) -> MiniLM:
        """Read the verified files of the installed weights package."""
        weights = read_verified(weights_directory() / "model.safetensors", WEIGHTS_SHA256)
        return cls(_tokenizer(), load_tensors(weights))

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row of length 1 per text, in the order given."""
        return self.encode_layers(texts)[:, :WIDTH]

    def encode_layers(self, texts: Sequence[str]) -> Floats:
        """The same rows, followed by those of the earlier layers, each of length 1."""
        encodings = self._tokenizer.encode_batch(list(texts))
        vectors = np.zeros((len(texts), WIDTH * (1 + len(EARLIER))), dtype=np.float32)
        # Texts of like length share a batch, so little is spent on padding.
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            ids, mask = _padded([encodings[index].ids for index in chosen])
            vectors[chosen] = self._forward(ids, mask).numpy()
        return vectors

    def _network(self, ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        length = tf.shape(ids)[1]
        words = tf.gather(self._weights["embeddings.word_embeddings.weight"], ids)
        places = self._weights["embeddings.position_embeddings.weight"][:length]
        kind = self._weights["embeddings.token_type_embeddings.weight"][0]
        state = self._normalised(words + places + kind, "embeddings.LayerNorm")
        attended = tf.cast(mask, tf.float32)
        bias = (1.0 - attended)[:, None, None, :] * -1e9
        weight = attended[:, :, None]
        means = {}
        for layer in range(LAYERS):
            state = self._layer(state, bias, f"encoder.layer.{layer}")
            if layer + 1 in (*EARLIER, LAYERS):
                mean = tf.reduce_sum(state * weight, axis=1) / tf.reduce_sum(weight, axis=1)
                means[layer + 1] = tf.math.l2_normalize(mean, axis=1)
        return tf.concat([means[LAYERS], *(means[layer] for layer in EARLIER)], axis=1)

    def _layer(self, state: tf.Tensor, bias: tf.Tensor, name: str) -> tf.Tensor:
        query, key, value = (
            self._heads(self._dense(state, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        scores = tf.matmul(query, key, transpose_b=True) / (WIDTH / HEADS) ** 0.5 + bias
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), value), [0, 2, 1, 3])
        mixed = self._dense(tf.reshape(mixed, tf.shape(state)), f"{name}.attention.output.dense")
        state = self._normalised(state + mixed, f"{name}.attention.output.LayerNorm")
        inner = tf.nn.gelu(self._dense(state, f"{name}.intermediate.dense"), approximate=False)
        return self._normalised(state + self._dense(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _dense(self, state: tf.Tensor, name: str) -> tf.Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        shape = tf.shape(state)
        flat = tf.matmul(tf.reshape(state, [-1, weight.shape[1]]), weight, transpose_b=True) + bias
        return tf.reshape(flat, [shape[0], shape[1], weight.shape[0]])

    def _normalised(self, state: tf.Tensor, name: str) -> tf.Tensor:
        mean, variance = tf.nn.moments(state, axes=[-1], keepdims=True)
        scale, shift = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return (state - mean) * tf.math.rsqrt(variance + _EPSILON) * scale + shift

    @staticmethod
    def _heads(state: tf.Tensor) -> tf.Tensor:
        shape = tf.shape(state)
        return tf.transpose(tf.reshape(state, [shape[0], shape[1], HEADS, WIDTH // HEADS]), [0, 2, 1, 3])


@lru_cache(maxsize=1)
def dictionary() -> FrozenSet[str]:
    """The words the encoder knows as a whole."""
    return frozenset(piece for piece in _tokenizer().get_vocab() if not piece.startswith("##"))


def _tokenizer() -> Tokenizer:
    return Tokenizer.from_buffer(read_verified(weights_directory() / "tokenizer.json", TOKENIZER_SHA256))


def _padded(rows: List[List[int]]) -> Tuple[Integers, Integers]:
    longest = max(len(row) for row in rows)
    ids = np.zeros((len(rows), longest), dtype=np.int32)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
        mask[index, : len(row)] = 1
    return ids, mask
