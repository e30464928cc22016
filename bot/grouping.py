"""Sentences in groups that mean much the same. Pure: the vectors come from outside, and it works without them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz import utils as fuzz_utils

Vectors = NDArray[np.float32]

SAME_MEANING = 0.62
"""From this likeness of their vectors on (-1 to 1) two sentences mean much the same (docs/decisions/0011)."""
SAME_WORDS = 82
"""From this likeness of their words on (0 to 100, word order aside) they do so without vectors, too."""


def grouped(texts: Sequence[str], vectors: Sequence[Sequence[float]] | None = None) -> list[list[int]]:
    """The places of the sentences, in groups; the order of first appearance is kept.

    A sentence joins the group whose middle it is closest to, if it is close enough: by meaning where there are
    vectors, and by its words in any case.
    """
    words = [fuzz_utils.default_process(text) for text in texts]
    units = None if vectors is None else _units(vectors)
    groups: list[list[int]] = []
    for place, said in enumerate(words):
        best, group = 0.0, None
        for candidate in groups:
            close = _closeness(said, place, candidate, words, units)
            if close > best:
                best, group = close, candidate
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _closeness(said: str, place: int, group: Sequence[int], words: Sequence[str], units: Vectors | None) -> float:
    """How close a sentence is to a group, from 0: not close enough, to 1: the same words."""
    first = words[group[0]]
    alike = 100.0 if said == first else fuzz.token_sort_ratio(said, first) if said and first else 0.0
    by_words = alike / 100 if alike >= SAME_WORDS else 0.0
    if units is None:
        return by_words
    middle = units[list(group)].mean(axis=0)
    norm = float(np.linalg.norm(middle))
    meaning = float(units[place] @ middle) / norm if norm else 0.0
    return max(by_words, meaning if meaning >= SAME_MEANING else 0.0)


def _units(vectors: Sequence[Sequence[float]]) -> Vectors:
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)


__all__ = ["SAME_MEANING", "SAME_WORDS", "grouped"]
