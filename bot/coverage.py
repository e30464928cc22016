"""What each answer has to say and must not (`knowledge/must_cover.yml`): read, and held against the answers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.knowledge import KnowledgeError, read_yaml

FILE = "must_cover.yml"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The facts of one topic with the words that show each, and the words that it must not use."""

    says: Mapping[str, tuple[re.Pattern[str], ...]]
    never: tuple[re.Pattern[str], ...]

    def missing(self, answer: str) -> Iterator[tuple[str, str]]:
        """Facts that an answer does not say: (the fact, the words that are missing)."""
        flat = " ".join(answer.replace("’", "'").split())
        for fact, patterns in self.says.items():
            for pattern in patterns:
                if pattern.search(flat) is None:
                    yield fact, pattern.pattern
                    break


def load(knowledge: Path, topics: Collection[str]) -> dict[str, Coverage]:
    """What is asked of each topic.

    Raises:
        KnowledgeError: the file is missing or malformed, or names a topic that is not there.
    """
    path = knowledge / FILE
    data = read_yaml(path)
    if not isinstance(data, dict):
        raise KnowledgeError(path, "", "is not a table of topics", "Begin each topic with its name and a colon")
    for name in data:
        if name not in topics:
            raise KnowledgeError(path, str(name), "there is no such topic", "Correct the name, or take the entry out")
    return {name: _coverage(path, name, entry) for name, entry in data.items()}


def _coverage(path: Path, name: str, entry: Any) -> Coverage:
    if not isinstance(entry, dict) or not set(entry) <= {"says", "never"} or not isinstance(entry.get("says"), dict):
        raise KnowledgeError(path, name, "does not list what it says", "Write `says:` with facts, and `never:`")
    says = {str(fact): _patterns(path, name, words) for fact, words in entry["says"].items()}
    return Coverage(says, _patterns(path, name, entry.get("never", [])))


def _patterns(path: Path, name: str, words: Any) -> tuple[re.Pattern[str], ...]:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise KnowledgeError(path, name, f"{words!r} is not a list of words", "Write the words in [ ], in quotes")
    try:
        return tuple(re.compile(word, re.IGNORECASE) for word in words)
    except re.error as error:
        raise KnowledgeError(path, name, f"holds no pattern: {error}", "Put \\ before the odd character") from error


__all__ = ["FILE", "Coverage", "load"]
