"""The net behind the phrases: does a message sound like an emergency, in whatever words?

Phrases (`knowledge/emergencies.yml`) say why they fire, but nobody can write down every way to say "I can't breathe".
A linear model over sentence vectors and letter groups, learned from `knowledge/emergency_examples/`, catches much of
the rest. It only ever adds: it may show a number and ask one question; it takes no emergency back, names no condition,
decides no tier, and what a person answers to its question is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bot.clinical.model import Care

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]

CALM = "calm"
CLASSES = (CALM, *(care.value for care in Care))
# How much the sentence vector counts beside the letter groups and words, which have length 1 each.
_VECTOR_SCALE = 3.0
_LETTERS = (3, 4, 5)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_END = re.compile(r"[.!?;\n…]+")
# A story without punctuation is read in pieces of so many words, so that one clause is not lost in it.
_PIECE, _STEP = 22, 11
_MOST_PIECES = 16


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message sounds like, and how sure that is, from 0 to 1."""

    care: Care
    certainty: float


@dataclass(frozen=True)
class SafetyNet:
    """The learned weights; a column for each of `CLASSES`. Safe to share between threads."""

    encode: Encode
    vector_weights: Floats
    bias: Floats
    groups: Mapping[str, int]
    rarity: Floats
    group_weights: Floats

    def hear(self, text: str) -> Heard | None:
        """The most alarming piece of a message. None: there are no words in it."""
        pieces = split(text)
        if not pieces:
            return None
        odds = scaled(self.encode(pieces)) @ self.vector_weights + self.bias
        for row, piece in enumerate(pieces):
            places, values = known_groups(piece, self.groups, self.rarity)
            odds[row] += values @ self.group_weights[places]
        chances = np.exp(odds - odds.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        worst = chances[int(np.argmin(chances[:, 0]))]
        care = CLASSES[1 + int(np.argmax(worst[1:]))]
        return Heard(Care(care), 1.0 - float(worst[0]))


def split(text: str) -> list[str]:
    """Sentences of a message, long ones in overlapping pieces; one that only greets stays with its neighbour."""
    pieces: list[str] = []
    for sentence in _END.split(text):
        words = words_of(sentence)
        if not words:
            continue
        if len(words) <= _PIECE:
            pieces.append(" ".join(words))
        else:
            pieces += [" ".join(words[at : at + _PIECE]) for at in range(0, len(words) - _STEP, _STEP)]
    whole = " ".join(pieces)
    if len(pieces) > 1 and len(whole.split()) <= _PIECE:
        pieces.append(whole)  # "cant breathe. hands tingling. help": together they say more
    return pieces[:_MOST_PIECES]


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, without signs."""
    return _WORD.findall(text.replace("’", "'").lower())


def groups_of(text: str) -> set[str]:
    """Words, pairs of neighbours, and groups of letters within words (they survive a misspelling)."""
    words = words_of(text)
    found = {f"w {word}" for word in words} | {f"p {one} {two}" for one, two in pairwise(words)}
    for word in words:
        edged = f"<{word}>"
        for size in _LETTERS:
            found |= {f"l {edged[at : at + size]}" for at in range(len(edged) - size + 1)}
    return found


def known_groups(text: str, groups: Mapping[str, int], rarity: Floats) -> tuple[list[int], Floats]:
    """Places and values of the groups of a text that learning has seen; the values have length 1 together."""
    places = sorted({groups[group] for group in groups_of(text) if group in groups})
    values = rarity[places]
    length = np.linalg.norm(values)
    return places, np.asarray(values / length if length else values, dtype=np.float32)


def scaled(vectors: Floats) -> Floats:
    """Sentence vectors as heavy as the net weighs them."""
    return vectors * np.float32(_VECTOR_SCALE)
