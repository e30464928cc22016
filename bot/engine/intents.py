"""Which intent a sentence has: logistic regression over its vector. Free of Rasa, so it can be measured alone."""

from __future__ import annotations

from pathlib import Path
from typing import List, NamedTuple, Sequence

import numpy as np


class Guess(NamedTuple):
    """An intent and how sure the model is of it, from 0 to 1."""

    intent: str
    confidence: float


class IntentModel:
    """A linear model: one row of weights per intent."""

    def __init__(self, intents: Sequence[str], weights: np.ndarray, bias: np.ndarray) -> None:
        self.intents = list(intents)
        self._weights = weights
        self._bias = bias

    @classmethod
    def fit(cls, vectors: np.ndarray, labels: Sequence[str], inverse_regularisation: float) -> IntentModel:
        """Learn from labelled vectors. Rare intents weigh as much as frequent ones."""
        # Only training needs it; the running engine multiplies two matrices.
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=inverse_regularisation, class_weight="balanced", max_iter=1000)
        model.fit(vectors, labels)
        return cls(list(model.classes_), model.coef_.astype(np.float32), model.intercept_.astype(np.float32))

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """One row per vector, one column per intent, rows summing to 1."""
        scores = vectors @ self._weights.T + self._bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)

    def rank(self, vector: np.ndarray, length: int) -> List[Guess]:
        """The likeliest intents, best first."""
        row = self.probabilities(vector[np.newaxis, :])[0]
        return [Guess(self.intents[index], float(row[index])) for index in np.argsort(-row)[:length]]

    def save(self, path: Path) -> None:
        """Write numbers and names, nothing that could run code when read."""
        np.savez(path, intents=np.array(self.intents), weights=self._weights, bias=self._bias)

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["intents"].tolist(), stored["weights"], stored["bias"])
