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
# A message is read twice: in pieces, so that one clause is not lost in a long story, and as scenes of several
# sentences, so that no piece is taken out of its place ("Wounded, even.") and what only makes sense together is heard.
_PIECE, _STEP = 22, 11
_SCENE, _SCENE_STEP = 48, 24
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
        """What the most alarming piece and the most alarming scene of a message sound like, on average.

        A crisis is often a single clause in calm company ("book me for six. it will be my last"): there the more
        alarming of the two counts alone. None: there are no words in it.
        """
        pieces = split(text)
        if not pieces:
            return None
        whole = scenes(text)
        chances = self._chances(list(dict.fromkeys([*pieces, *whole])))
        worst = [min((chances[part] for part in parts), key=lambda row: float(row[0])) for parts in (pieces, whole)]
        loudest = min(worst, key=lambda row: float(row[0]))
        if _care(loudest) is Care.CRISIS:
            return Heard(Care.CRISIS, 1.0 - float(loudest[0]))
        mean = np.asarray((worst[0] + worst[1]) / 2, dtype=np.float32)
        return Heard(_care(mean), 1.0 - float(mean[0]))

    def _chances(self, texts: Sequence[str]) -> dict[str, Floats]:
        """How likely each of `CLASSES` is, for each text."""
        odds = scaled(self.encode(texts)) @ self.vector_weights + self.bias
        for row, text in enumerate(texts):
            places, values = known_groups(text, self.groups, self.rarity)
            odds[row] += values @ self.group_weights[places]
        chances = np.exp(odds - odds.max(axis=1, keepdims=True))
        return dict(zip(texts, chances / chances.sum(axis=1, keepdims=True), strict=True))


def _care(chances: Floats) -> Care:
    """The likeliest care, were it not calm."""
    return Care(CLASSES[1 + int(np.argmax(chances[1:]))])


def split(text: str) -> list[str]:
    """Sentences of a message, long ones in overlapping pieces."""
    sentences = (words_of(sentence) for sentence in _END.split(text))
    return [piece for words in sentences for piece in _windows(words, _PIECE, _STEP)][:_MOST_PIECES]


def scenes(text: str) -> list[str]:
    """The whole message, a long one in overlapping parts."""
    return _windows(words_of(text), _SCENE, _SCENE_STEP)[:_MOST_PIECES]


def _windows(words: Sequence[str], size: int, step: int) -> list[str]:
    if len(words) <= size:
        return [" ".join(words)] if words else []
    return [" ".join(words[at : at + size]) for at in range(0, len(words) - step, step)]


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
