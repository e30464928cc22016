"""The lists of messages and what is right for each; the held-out half of every list is its odd positions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "data" / "nlu"
#: Shorter messages ("thank you", "start again") are the same whoever writes them, and stay.
SHORT = 4
FIRST, FRESH = "first lists", "later list"


@dataclass(frozen=True, slots=True)
class Message:
    """A text and the intents that are right for it. `label` is the key it stands under."""

    text: str
    label: str
    right: frozenset[str]
    source: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A text that asks for two things."""

    text: str
    expect: tuple[str, str]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A text that leans on the answer to `previous`."""

    previous: str
    text: str
    expect: str


def held_out[T](items: Sequence[T]) -> list[T]:
    """Odd positions, counted from 0."""
    return list(items[1::2])


def topic_names() -> frozenset[str]:
    """The ids of all topics."""
    return frozenset(_read("topics"))


def topics() -> list[Message]:
    """Held-out messages that ask for a topic."""
    return _both("topics")


def acts() -> list[Message]:
    """Held-out messages that steer the conversation."""
    return _both("acts")


def out_of_scope() -> list[Message]:
    """Held-out messages that no topic may answer; an item that allows a topic is left out."""
    return [one for one in _both("out_of_scope") if all(intent.startswith("oos_") for intent in one.right)]


def doubles() -> list[Pair]:
    """Held-out messages with two requests."""
    items = held_out(_read("double")) + held_out(_read("fresh")["double"])
    return [Pair(str(item["text"]), (item["expect"][0], item["expect"][1])) for item in items]


def follow_ups() -> list[FollowUp]:
    """Held-out messages that lean on the answer before them."""
    items = held_out(_read("follow_ups")) + held_out(_read("fresh")["follow_ups"])
    return [FollowUp(str(item["previous"]), str(item["text"]), str(item["expect"])) for item in items]


def opening(topic: str) -> str:
    """A message that asks for this topic plainly, to begin a conversation with (a development item)."""
    item = _read("topics")[topic][0]
    return str(item["text"] if isinstance(item, dict) else item)


def _both(name: str) -> list[Message]:
    return _labelled(_read(name), FIRST) + _labelled(_read("fresh")[name], FRESH)


def _labelled(lists: Mapping[str, Sequence[Any]], source: str) -> list[Message]:
    found = []
    for label, items in lists.items():
        for item in held_out(items):
            several = item if isinstance(item, dict) else {"text": item, "any_of": [label]}
            if not _is_example(str(several["text"])):
                found.append(Message(str(several["text"]), label, frozenset(several["any_of"]), source))
    return found


def _is_example(text: str) -> bool:
    """Whether a message happens to be an example, word for word: knowing it then shows nothing."""
    return len(text.split()) > SHORT and _plain(text) in _examples()


@cache
def _examples() -> frozenset[str]:
    files = sorted(EXAMPLES.rglob("*.yml"))
    lines = [line.strip() for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return frozenset(_plain(line[2:]) for line in lines if line.startswith("- "))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / f"{name}.yml").read_text(encoding="utf-8"))
