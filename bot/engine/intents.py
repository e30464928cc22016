"""Which intent a sentence has: a linear model over its vector and its letter sequences.

The vector carries the meaning; the letter sequences carry exact words, names and what is left of misspelt words. The
nearest examples have a say beside it: short phrases ("nope", "come again?") are known by heart rather than by rule.
Free of Rasa, so it can be measured alone (`python -m bot.engine.tune`).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import List, NamedTuple, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Letter sequences of two to four are folded into this many numbers for training, then unfolded again.
_FOLDED = 256
# Vectors are folded to this width for training, then unfolded again: as good, in half the time.
_VECTOR_FOLDED = 512
# Vectors are folded to this width to find the nearest examples: as good, and the model stays small.
_NEAR_WIDTH = 256
_NEAREST = 8
# How fast the say of an example falls with its distance (cosine).
_NEAR_SCALE = 0.05


class Settings(NamedTuple):
    """What cross-validation chose."""

    inverse_regularisation: float
    letter_weight: float
    neighbour_weight: float = 0.0


class Guess(NamedTuple):
    """An intent and how sure the model is of it, from 0 to 1."""

    intent: str
    confidence: float


class Neighbours(NamedTuple):
    """All examples, to be compared with a sentence."""

    weight: float
    folding: Floats
    examples: Floats
    labels: NDArray[np.int16]


class IntentModel:
    """One row of weights per intent, for vectors and for letter sequences, and the examples themselves."""

    def __init__(
        self,
        intents: Sequence[str],
        vector_weights: Floats,
        bias: Floats,
        grams: Sequence[str],
        gram_rarity: Floats,
        gram_weights: Floats,
        neighbours: Neighbours,
    ) -> None:
        self.intents = list(intents)
        self._vector_weights = vector_weights
        self._bias = bias
        self._grams = {gram: index for index, gram in enumerate(grams)}
        self._gram_rarity = gram_rarity
        self._gram_weights = gram_weights
        self._neighbours = neighbours

    @classmethod
    def fit(cls, texts: Sequence[str], vectors: Floats, labels: Sequence[str], settings: Settings) -> IntentModel:
        """Learn from labelled sentences. Rare intents weigh as much as frequent ones."""
        # Only training needs these; the running engine multiplies matrices.
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        letters = TfidfVectorizer(analyzer=letter_sequences, min_df=2, sublinear_tf=True)
        counted = letters.fit_transform(texts)
        folding = TruncatedSVD(_FOLDED, random_state=0)
        folded = folding.fit_transform(counted) * settings.letter_weight
        turning = TruncatedSVD(min(_VECTOR_FOLDED, vectors.shape[1] - 1), random_state=0)
        turned = turning.fit_transform(vectors)
        model = LogisticRegression(C=settings.inverse_regularisation, class_weight="balanced", max_iter=1000)
        model.fit(np.hstack([turned, folded]), labels)
        split = turned.shape[1]
        # Folding is linear, so it can be multiplied into the weights: nothing of it is needed afterwards.
        gram_weights = folding.components_.T @ (model.coef_[:, split:].T * settings.letter_weight)
        return cls(
            list(model.classes_),
            (model.coef_[:, :split] @ turning.components_).astype(np.float32),
            model.intercept_.astype(np.float32),
            list(letters.get_feature_names_out()),
            letters.idf_.astype(np.float32),
            gram_weights.astype(np.float32),
            _neighbours(vectors, labels, list(model.classes_), settings.neighbour_weight),
        )

    def probabilities(self, text: str, vector: Floats, temperature: float = 1.0, sharpness: float = 1.0) -> Floats:
        """One number per intent, summing to 1.

        Regularised weights are too modest: a temperature below 1 takes them at more. Neighbours spread over several
        intents make the blend modest again: a sharpness above 1 undoes that.
        """
        scores = (self._vector_weights @ vector + self._bias + self._letter_scores(text)) / temperature
        scores = np.exp(scores - scores.max())
        weight = self._neighbours.weight
        said = (1 - weight) * scores / scores.sum() + weight * self._of_neighbours(vector)
        said = said**sharpness
        return np.asarray(said / said.sum(), dtype=np.float32)

    def rank(self, text: str, vector: Floats, length: int, temperature: float = 1.0) -> List[Guess]:
        """The likeliest intents, best first."""
        row = self.probabilities(text, vector, temperature)
        return [Guess(self.intents[index], float(row[index])) for index in np.argsort(-row)[:length]]

    def _letter_scores(self, text: str) -> Floats:
        counts = Counter(gram for gram in letter_sequences(text) if gram in self._grams)
        if not counts:
            return np.zeros(len(self.intents), dtype=np.float32)
        places = [self._grams[gram] for gram in counts]
        strength = (1 + np.log(np.array(list(counts.values()), dtype=np.float32))) * self._gram_rarity[places]
        return np.asarray((strength / np.linalg.norm(strength)) @ self._gram_weights[places], dtype=np.float32)

    def _of_neighbours(self, vector: Floats) -> Floats:
        said = np.zeros(len(self.intents), dtype=np.float32)
        if self._neighbours.weight:
            near = self._neighbours.examples @ _unit(self._neighbours.folding @ vector)
            nearest = np.argpartition(-near, _NEAREST)[:_NEAREST]
            np.add.at(said, self._neighbours.labels[nearest], np.exp((near[nearest] - 1) / _NEAR_SCALE))
            said /= said.sum()
        return said

    def save(self, path: Path) -> None:
        """Write numbers and names, nothing that could run code when read."""
        np.savez(
            path,
            intents=np.array(self.intents),
            vector_weights=self._vector_weights,
            bias=self._bias,
            grams=np.array(list(self._grams)),
            gram_rarity=self._gram_rarity,
            gram_weights=self._gram_weights.astype(np.float16),
            near_weight=np.array(self._neighbours.weight),
            near_folding=self._neighbours.folding.astype(np.float16),
            near_examples=self._neighbours.examples.astype(np.float16),
            near_labels=self._neighbours.labels,
        )

    @classmethod
    def load(cls, path: Path) -> IntentModel:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                stored["intents"].tolist(),
                stored["vector_weights"],
                stored["bias"],
                stored["grams"].tolist(),
                stored["gram_rarity"],
                stored["gram_weights"].astype(np.float32),
                Neighbours(
                    float(stored["near_weight"]),
                    stored["near_folding"].astype(np.float32),
                    stored["near_examples"].astype(np.float32),
                    stored["near_labels"],
                ),
            )


def _neighbours(vectors: Floats, labels: Sequence[str], intents: Sequence[str], weight: float) -> Neighbours:
    from sklearn.decomposition import TruncatedSVD

    if not weight:
        empty = np.zeros((0, 0), dtype=np.float32)
        return Neighbours(0.0, empty, empty, np.zeros(0, dtype=np.int16))
    folding = TruncatedSVD(min(_NEAR_WIDTH, vectors.shape[1] - 1), random_state=0).fit(vectors).components_
    places = {intent: place for place, intent in enumerate(intents)}
    return Neighbours(
        weight,
        folding.astype(np.float32),
        _unit(vectors @ folding.T).astype(np.float32),
        np.array([places[label] for label in labels], dtype=np.int16),
    )


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-9), dtype=np.float32)


def letter_sequences(text: str) -> List[str]:
    """Two to four letters in a row, within words; a space marks where a word begins or ends."""
    sequences = []
    for word in text.lower().split():
        marked = f" {word} "
        for length in (2, 3, 4):
            sequences += [marked[start : start + length] for start in range(len(marked) - length + 1)]
    return sequences
