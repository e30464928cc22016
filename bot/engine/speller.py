"""Mends misspelt words before a sentence is understood. Only for understanding: what is stored, shown to staff or read
for safety is always the client's own text.

A word is touched only if it is no English word the encoder knows and one word of the examples is clearly close to it.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, List, Set, Tuple

from bot.engine.shorthand import SHORTHAND

# Shorter words have too many neighbours; longer ones may carry two slips.
SHORTEST = 4
TWO_SLIPS_FROM = 8
# A word seen this often in the examples is a word, whatever the dictionary says.
ESTABLISHED = 3
_WORD = re.compile(r"[A-Za-z]+")
# "4" and "2" stand for sounds in chat, so digits belong to a word here.
_TYPED = re.compile(r"[A-Za-z0-9]+")


class Speller:
    """Words of the examples with their frequency, and how to reach them from a misspelling."""

    def __init__(self, words: Dict[str, int], dictionary: FrozenSet[str]) -> None:
        self._words = words
        self._dictionary = dictionary
        self._near: Dict[str, List[str]] = defaultdict(list)
        for word, count in words.items():
            established = count >= ESTABLISHED or (count > 1 and word in dictionary)
            if established and len(word) >= SHORTEST:
                for shape in _shapes(word, _slips(word)):
                    self._near[shape].append(word)

    @classmethod
    def learn(cls, texts: Iterable[str], dictionary: FrozenSet[str]) -> Speller:
        """Take the words of the examples as what people may have meant."""
        return cls(dict(Counter(word for text in texts for word in _WORD.findall(text.lower()))), dictionary)

    def mend(self, text: str) -> str:
        """The text with misspelt words replaced; all else stays as it is."""
        spelt_out = _TYPED.sub(lambda match: SHORTHAND.get(match[0].lower(), match[0]), text)
        return _WORD.sub(lambda match: self._mend_word(match[0]), spelt_out)

    def _mend_word(self, original: str) -> str:
        word = original.lower()
        if len(word) < SHORTEST or self._is_known(word):
            return original
        best: Tuple[float, int, str] = (float("inf"), 0, original)
        for candidate in {near for shape in _shapes(word, _slips(word)) for near in self._near.get(shape, ())}:
            distance = _distance(word, candidate)
            if distance <= _slips(word):
                best = min(best, (distance, -self._words[candidate], candidate))
        return best[2]

    def _is_known(self, word: str) -> bool:
        return (
            word in self._dictionary
            or self._words.get(word, 0) >= ESTABLISHED
            # plurals, and contractions typed without their apostrophe
            or (word.endswith("s") and word[:-1] in self._dictionary)
            or (word.endswith("nt") and word[:-2] in self._dictionary)
        )

    def save(self, path: Path) -> None:
        """Write the words; the dictionary is the encoder's."""
        path.write_text(json.dumps(self._words), encoding="utf-8")

    @classmethod
    def load(cls, path: Path, dictionary: FrozenSet[str]) -> Speller:
        """Read what `save` wrote."""
        return cls(json.loads(path.read_text(encoding="utf-8")), dictionary)


def _slips(word: str) -> int:
    return 2 if len(word) >= TWO_SLIPS_FROM else 1


def _shapes(word: str, slips: int) -> Set[str]:
    """The word and what is left of it after leaving out up to `slips` letters: two near words share one of these."""
    shapes = {word}
    newest = {word}
    for _ in range(slips):
        newest = {shape[:index] + shape[index + 1 :] for shape in newest for index in range(len(shape))}
        shapes |= newest
    return shapes


def _distance(left: str, right: str) -> float:
    """Letters added, left out, changed or swapped. A doubled letter is half a slip, another first letter is too far."""
    if _undoubled(left) == _undoubled(right):
        return 0.5
    if left[0] != right[0] and left[:2] != right[1::-1]:
        return float("inf")
    before: List[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        above, row = row, [i] + [0] * len(right)
        for j, other in enumerate(right, start=1):
            row[j] = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                row[j] = min(row[j], before[j - 2] + 1)
        before = above
    return row[-1]


def _undoubled(word: str) -> str:
    return re.sub(r"(.)\1+", r"\1", word)
