"""Sentence vectors in the service: the lower layers of all-MiniLM-L6-v2 in plain NumPy, about 4 ms a sentence.

The engine has the whole network in TensorFlow (`bot/engine/minilm.py`). What listens for emergencies must work
without the engine and in a few milliseconds, so the service computes the first layers itself
(docs/decisions/0012-safety-net.md has the figures for each number of layers).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from tokenizers import Tokenizer

from bot.engine.weights import TOKENIZER_SHA256, WEIGHTS_SHA256, read_verified, weights_directory

LAYERS = 3
HEADS = 12
WIDTH = 384
MAX_TOKENS = 64
BATCH = 64
_EPSILON = 1e-12

Floats = NDArray[np.float32]


class Encoder:
    """Vectors of length 1 for sentences. Nothing is learned or kept; safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer, weights: Mapping[str, Floats], layers: int = LAYERS) -> None:
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=MAX_TOKENS)
        # NumPy multiplies faster by a matrix that lies in the order in which it is read.
        self._words = weights["embeddings.word_embeddings.weight"]
        self._places = (
            weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
            + (weights["embeddings.token_type_embeddings.weight"][0])
        )
        self._first = _Norm(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{number}") for number in range(layers)]

    @classmethod
    def load(cls, layers: int = LAYERS) -> Encoder:
        """Read the verified files of the installed weights package.

        Raises:
            WeightsError: a file is missing or is not the published one.
        """
        folder = weights_directory()
        tokenizer = Tokenizer.from_buffer(read_verified(folder / "tokenizer.json", TOKENIZER_SHA256))
        return cls(tokenizer, load_tensors(read_verified(folder / "model.safetensors", WEIGHTS_SHA256)), layers)

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row per text: the mean over its tokens, of length 1."""
        vectors = np.zeros((len(texts), WIDTH), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        # Texts of one length share their matrices: nothing is padded, and many texts go several times as fast.
        order = sorted(range(len(texts)), key=lambda at: len(encodings[at].ids))
        for _, alike in groupby(order, key=lambda at: len(encodings[at].ids)):
            places = list(alike)
            for start in range(0, len(places), BATCH):
                chosen = places[start : start + BATCH]
                vectors[chosen] = self._vectors(np.array([encodings[at].ids for at in chosen]))
        return vectors

    def _vectors(self, ids: NDArray[np.int64]) -> Floats:
        """Vectors of texts with the same number of tokens."""
        state = self._first(self._words[ids] + self._places[: ids.shape[1]])
        for layer in self._layers:
            state = layer(state)
        mean = state.mean(axis=1)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), dtype=np.float32)


class _Norm:
    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        self._scale = weights[f"{name}.weight"]
        self._shift = weights[f"{name}.bias"]

    def __call__(self, state: Floats) -> Floats:
        centred = state - state.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return np.asarray(centred / np.sqrt(variance + _EPSILON) * self._scale + self._shift)


class _Dense:
    def __init__(self, weights: Mapping[str, Floats], *names: str) -> None:
        self._weight = np.ascontiguousarray(np.concatenate([weights[f"{name}.weight"] for name in names]).T)
        self._bias = np.concatenate([weights[f"{name}.bias"] for name in names])

    def __call__(self, state: Floats) -> Floats:
        return np.asarray(state @ self._weight + self._bias)


class _Layer:
    """One BERT layer for texts of one length."""

    def __init__(self, weights: Mapping[str, Floats], name: str) -> None:
        attention = f"{name}.attention"
        self._inputs = _Dense(weights, *(f"{attention}.self.{part}" for part in ("query", "key", "value")))
        self._output = _Dense(weights, f"{attention}.output.dense")
        self._after_attention = _Norm(weights, f"{attention}.output.LayerNorm")
        self._inner = _Dense(weights, f"{name}.intermediate.dense")
        self._outer = _Dense(weights, f"{name}.output.dense")
        self._after = _Norm(weights, f"{name}.output.LayerNorm")

    def __call__(self, state: Floats) -> Floats:
        texts, length, _ = state.shape
        parts = self._inputs(state).reshape(texts, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2) / np.float32((WIDTH / HEADS) ** 0.5)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = np.asarray((scores @ value).swapaxes(1, 2).reshape(state.shape), dtype=np.float32)
        state = self._after_attention(np.add(state, self._output(mixed), dtype=np.float32))
        return self._after(np.add(state, self._outer(_gelu(self._inner(state))), dtype=np.float32))


def _gelu(x: Floats) -> Floats:
    """The published network's activation, by its usual approximation with tanh (off by at most 0.0005)."""
    return np.asarray(0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x))), dtype=np.float32)
