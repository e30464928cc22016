"""Sentences in groups that mean much the same. Pure: the vectors come from outside, and it works without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz import utils as fuzz_utils

Vectors = NDArray[np.float32]

SAME_MEANING = 0.5
"""From this likeness on (-1 to 1), measured from the middle of the field, two sentences mean much the same."""
SAME_WORDS = 82
"""From this likeness of their words on (0 to 100, word order aside) they do so in any case."""


def grouped(
    texts: Sequence[str],
    vectors: Sequence[Sequence[float]] | None = None,
    field: Sequence[Sequence[float]] = (),
) -> list[list[int]]:
    """The places of the sentences, in groups; the order of first appearance is kept.

    A sentence joins the group whose every member it is close to, and the closest such group.

    Args:
        vectors: one for each sentence; without them only words are compared.
        field: vectors of what all sentences are about. Their middle is taken away: what every sentence here has in
            common (it is about massage) tells none from another.
    """
    words = [fuzz_utils.default_process(text) for text in texts]
    alike = np.zeros((len(texts), len(texts)), dtype=np.float32) if vectors is None else _meanings(vectors, field)
    groups: list[list[int]] = []
    for place, said in enumerate(words):
        best, chosen = 0.0, None
        for group in groups:
            close = min(max(float(alike[place, other]), _same_words(said, words[other])) for other in group)
            if close >= SAME_MEANING and close > best:
                best, chosen = close, group
        if chosen is None:
            groups.append([place])
        else:
            chosen.append(place)
    return groups


def _same_words(one: str, other: str) -> float:
    if one == other:
        return 1.0
    likeness = fuzz.token_sort_ratio(one, other)
    return likeness / 100 if likeness >= SAME_WORDS else 0.0


def _meanings(vectors: Sequence[Sequence[float]], field: Sequence[Sequence[float]]) -> Vectors:
    """How close each sentence is to each other one."""
    rows = np.asarray(vectors, dtype=np.float32)
    if len(field):
        rows = rows - np.asarray(field, dtype=np.float32).mean(axis=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units = rows / np.where(lengths == 0, 1, lengths)
    return np.asarray(units @ units.T, dtype=np.float32)


__all__ = ["SAME_MEANING", "SAME_WORDS", "grouped"]
