"""Whether questions get the answer they ask for, over the chat API: the held-out half of `topics.yml`, `double.yml` and
`out_of_scope.yml`, each message in a conversation of its own.

Stores `evaluation/reports/understanding.json` and `understanding.md`. Topics and refusals can be seen from outside;
the acts are dialogue moves without a mark of their own in a reply, and are measured with the engine.
"""

from __future__ import annotations

import datetime
import json
import tempfile
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests import stack

HERE = Path(__file__).resolve().parent
REPORTS = HERE.parent / "reports"
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A message and the topics that answer it: any of each group; no group means that no topic answers."""

    text: str
    wanted: tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How the messages of one kind were answered."""

    asked: int
    right: int
    wrong: int

    def __str__(self) -> str:
        asked_back = self.asked - self.right - self.wrong
        return f"{self.asked} | {self.right} ({self.right / self.asked:.1%}) | {self.wrong} | {asked_back}"


def held_out[T](items: Sequence[T]) -> list[T]:
    """Odd positions, counted from 0."""
    return list(items[1::2])


def topics(path: Path) -> list[Asked]:
    """One expected topic each, or any of several."""
    found = []
    for topic, items in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for item in held_out(items):
            several = item if isinstance(item, dict) else {"text": item, "any_of": [topic]}
            found.append(Asked(str(several["text"]), (frozenset(several["any_of"]),)))
    return found


def doubles(path: Path, known: Iterable[str]) -> list[Asked]:
    """Messages that ask for two topics; the ones that ask for an act leave no mark to see."""
    names = set(known)
    items = held_out(yaml.safe_load(path.read_text(encoding="utf-8")))
    asked = [Asked(str(item["text"]), tuple(frozenset([topic]) for topic in item["expect"])) for item in items]
    return [one for one in asked if all(group <= names for group in one.wanted)]


def out_of_scope(path: Path) -> list[Asked]:
    """Messages that no topic answers; an item that allows a topic is left out."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Asked(item, ()) for items in data.values() for item in held_out(items) if isinstance(item, str)]


def run() -> bool:
    """Measure, print, store. There is no floor here: True."""
    named = yaml.safe_load((HERE / "topics.yml").read_text(encoding="utf-8"))
    sets = {
        "one topic": topics(HERE / "topics.yml"),
        "two topics": doubles(HERE / "double.yml", named),
        "out of scope": out_of_scope(HERE / "out_of_scope.yml"),
    }
    with tempfile.TemporaryDirectory(prefix="nmt-evaluation-") as folder:
        service = stack.start(Path(folder) / "data")
        try:
            model = str(service.ready()["parts"]["model"]["fingerprint"])
            with ThreadPoolExecutor(AT_ONCE) as pool:
                counts = {
                    name: count(asked, list(pool.map(lambda one: answered(service.url, one.text), asked)))
                    for name, asked in sets.items()
                }
        finally:
            service.stop()
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = "\n".join(_lines(day, model, counts)) + "\n"
    stored = {
        "date": day,
        "model": model,
        **{name: {"asked": c.asked, "right": c.right, "wrong": c.wrong} for name, c in counts.items()},
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "understanding.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    (REPORTS / "understanding.md").write_text(text, encoding="utf-8")
    print(text, end="")
    return True


def answered(url: str, text: str) -> list[str]:
    """The topics with which a new conversation answers this message."""
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60) as http:
        made = http.post("/conversations", json={}).raise_for_status().json()
        answer = http.post(
            f"/conversations/{made['id']}/messages",
            headers={"Authorization": f"Bearer {made['token']}"},
            json={"client_message_id": str(uuid.uuid4()), "text": text},
        )
        replies: list[dict[str, Any]] = answer.raise_for_status().json()["replies"]
    return [str(reply["meta"]["topic"]) for reply in replies if "topic" in reply["meta"]]


def count(asked: Sequence[Asked], answers: Sequence[Sequence[str]]) -> Counts:
    """Right: every wanted topic and no other. Wrong: a topic that was not wanted. The rest was asked back."""
    right = wrong = 0
    for one, found in zip(asked, answers, strict=True):
        if any(not any(topic in group for group in one.wanted) for topic in found):
            wrong += 1
        elif all(group & set(found) for group in one.wanted):
            right += 1
    return Counts(len(asked), right, wrong)


def _lines(day: str, model: str, counts: dict[str, Counts]) -> list[str]:
    return [
        "# Understanding, measured over the chat API",
        "",
        f"{day}, model {model}, held-out half. How the data came about: `evaluation/understanding/README.md`.",
        "",
        "| | asked | right | another topic | no topic, or one of two |",
        "|---|---|---|---|---|",
        *(f"| {name} | {figures} |" for name, figures in counts.items()),
        "",
        "Out of scope, right means: answered by no topic.",
    ]


if __name__ == "__main__":
    run()
