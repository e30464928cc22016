"""Sentences that differ only in what they name, told as one.

"Thank you for telling us about diabetes. You can ..." and the same about an allergy become one text that names both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile

_SHARED_WORDS = 8  # texts that end in the same eight words were made from one pattern


@dataclass(frozen=True, slots=True)
class Frames:
    """The beginnings and ends that several texts share."""

    pairs: tuple[tuple[str, str], ...]

    @staticmethod
    def of(texts: Iterable[str]) -> Frames:
        """Find what the texts have in common."""
        alike: dict[tuple[str, ...], list[list[str]]] = {}
        for text in dict.fromkeys(texts):
            words = text.split()
            if len(words) > _SHARED_WORDS:
                alike.setdefault(tuple(words[-_SHARED_WORDS:]), []).append(words)
        pairs = []
        for group in alike.values():
            before = _common(group)
            after = _common([words[::-1] for words in group])[::-1]
            if len(group) > 1 and before:
                pairs.append((" ".join(before), " ".join(after)))
        return Frames(tuple(pairs))

    def merged(self, texts: Iterable[str]) -> list[str]:
        """The texts in their order, those of one frame as one text at the place of the first, none of them twice."""
        told: list[str] = []
        named: dict[tuple[str, str, str], list[str]] = {}
        places: dict[tuple[str, str, str], int] = {}
        for text in dict.fromkeys(texts):
            parts = self._parts(text)
            if parts is None:
                told.append(text)
                continue
            name, frame = parts
            named.setdefault(frame, []).append(name)
            if frame not in places:
                places[frame] = len(told)
                told.append(text)
            before, sign, after = frame
            told[places[frame]] = f"{before} {_joined(named[frame])}{sign} {after}"
        return told

    def _parts(self, text: str) -> tuple[str, tuple[str, str, str]] | None:
        """What a text names, and the frame around it: beginning, sign, end."""
        for before, after in self.pairs:
            if text.startswith(f"{before} ") and text.endswith(f" {after}"):
                name = text[len(before) : len(text) - len(after)].strip()
                bare = name.rstrip(".,;")
                return (bare, (before, name[len(bare) :], after)) if bare else None
        return None


def _common(rows: list[list[str]]) -> list[str]:
    """The words with which all of them begin."""
    return [words[0] for words in takewhile(lambda words: len(set(words)) == 1, zip(*rows, strict=False))]


def _joined(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
