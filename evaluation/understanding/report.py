"""Whether questions get the answer they ask for, on the held-out half of every list.

Topics, suggestions, refusals, double questions and follow-ups are measured over the chat API, each message in a
conversation of its own; the acts, which leave no mark in a reply, with the model that answers there. Stores
`evaluation/reports/understanding.{json,md}`.
"""

from __future__ import annotations

import datetime
import json
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from evaluation.understanding import figures, lists
from evaluation.understanding.engine import Readings, read
from evaluation.understanding.lists import HERE, FollowUp, Message, Pair
from tests import stack

REPORTS = HERE.parent / "reports"
AT_ONCE = 3
#: How the acts that can be offered beside an answer are called on their buttons.
ACTS_OFFERED = {
    "book": "Ask for a booking",
    "cancel_booking": "Cancel the visit",
    "delete_data": "Delete my data",
    "export_data": "Download my data",
    "my_data": "My data",
    "my_booking": "My booking",
    "person": "Talk to a person",
    "reschedule": "Move the visit",
    "screen": "Health questions",
}
#: What ships has to reach each of these.
FLOORS = {"topic": 0.95, "among the suggestions": 0.99, "acts": 0.97, "out of scope": 0.95}


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back for one message: topics answered, topics and acts offered, and how long it took."""

    topics: tuple[str, ...]
    offered: frozenset[str]
    buttons: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """How the messages of one kind fared."""

    name: str
    asked: int
    right: int
    floor: float | None = None

    @property
    def share(self) -> float:
        return self.right / self.asked if self.asked else 0.0

    @property
    def holds(self) -> bool:
        return self.floor is None or self.share >= self.floor

    def __str__(self) -> str:
        floor = "" if self.floor is None else f"{self.floor:.0%}{'' if self.holds else ' NOT MET'}"
        return f"| {self.name} | {self.asked} | {self.right} | {self.share:.1%} | {floor} |"


class Chat:
    """One conversation over the API."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60)
        made = self._http.post("/conversations", json={}).raise_for_status().json()
        self._id, self._token = made["id"], made["token"]

    def say(self, text: str) -> Answered:
        """Send a message."""
        began = time.perf_counter()
        answer = self._http.post(
            f"/conversations/{self._id}/messages",
            headers={"Authorization": f"Bearer {self._token}"},
            json={"client_message_id": str(uuid.uuid4()), "text": text},
        )
        seconds = time.perf_counter() - began
        replies: list[dict[str, Any]] = answer.raise_for_status().json()["replies"]
        metas = [reply["meta"] for reply in replies]
        return Answered(
            tuple(str(meta["topic"]) for meta in metas if "topic" in meta),
            frozenset(str(name) for meta in metas for name in meta.get("suggestions", ())),
            frozenset(str(button["title"]) for reply in replies for button in reply["buttons"]),
            seconds,
        )

    def close(self) -> None:
        self._http.close()


def run() -> bool:
    """Measure, print, store; True if every floor is met."""
    topics, acts, outside = lists.topics(), lists.acts(), lists.out_of_scope()
    doubles, follow_ups = lists.doubles(), lists.follow_ups()
    with tempfile.TemporaryDirectory(prefix="nmt-evaluation-") as folder:
        service = stack.start(Path(folder) / "data")
        try:
            model = str(service.ready()["parts"]["model"]["fingerprint"])

            def alone(text: str) -> Answered:
                return _conversation(service.url, text)

            def after(one: FollowUp) -> Answered:
                return _conversation(service.url, lists.opening(one.previous), one.text)

            to_topics = _each(alone, [one.text for one in topics])
            to_outside = _each(alone, [one.text for one in outside])
            to_doubles = _each(alone, [one.text for one in doubles])
            to_follow_ups = _each(after, follow_ups)
        finally:
            service.stop()
    readings = read("model", [one.text for one in [*topics, *acts]])
    found = [
        *topic_figures(topics, to_topics),
        act_figures(acts, readings, len(topics)),
        Figures("out of scope", len(outside), sum(not one.topics for one in to_outside), FLOORS["out of scope"]),
        Figures("two requests", len(doubles), sum(map(both_served, doubles, to_doubles))),
        Figures("follow-ups", len(follow_ups), sum(map(followed, follow_ups, to_follow_ups))),
    ]
    seconds = sorted(one.seconds for one in to_topics)
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    everyone = [*topics, *acts]
    sure = [readings.sure(place) for place in range(len(everyone))]
    calibration = figures.bins(sure, [readings.first(place) in one.right for place, one in enumerate(everyone)])
    text = "\n".join(_lines(day, model, found, topics, to_topics, seconds, calibration)) + "\n"
    stored = {
        "date": day,
        "model": model,
        "calibration_error": round(figures.calibration_error(calibration), 4),
        **{one.name: {"asked": one.asked, "right": one.right, "floor": one.floor} for one in found},
    }
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / "understanding.json").write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    (REPORTS / "understanding.md").write_text(text, encoding="utf-8")
    (REPORTS / "understanding.svg").write_text(
        figures.reliability_plot([("topics and acts", "#1e8449", calibration)]), encoding="utf-8"
    )
    print(text, end="")
    return all(one.holds for one in found)


def topic_figures(topics: Sequence[Message], answers: Sequence[Answered]) -> list[Figures]:
    """Answered with a right topic and no other; and shown at all, as the answer or among what is offered."""
    right = [
        bool(answer.topics) and set(answer.topics) <= one.right for one, answer in zip(topics, answers, strict=True)
    ]
    shown = [bool(one.right & ({*answer.topics} | answer.offered)) for one, answer in zip(topics, answers, strict=True)]
    wrong = [bool(set(answer.topics) - one.right) for one, answer in zip(topics, answers, strict=True)]
    by_source = [
        Figures(f"topic, {source}", len(hits), sum(hits))
        for source in (lists.FIRST, lists.FRESH)
        for hits in [[hit for one, hit in zip(topics, right, strict=True) if one.source == source]]
    ]
    return [
        Figures("topic", len(right), sum(right), FLOORS["topic"]),
        *by_source,
        Figures("among the suggestions", len(shown), sum(shown), FLOORS["among the suggestions"]),
        Figures("answered with another topic (as well)", len(wrong), sum(wrong)),
    ]


def act_figures(acts: Sequence[Message], readings: Readings, start: int) -> Figures:
    """The decision of the model, with its rules about being sure enough."""
    hits = [readings.intents[start + place] in one.right for place, one in enumerate(acts)]
    return Figures("acts", len(hits), sum(hits), FLOORS["acts"])


def both_served(one: Pair, answer: Answered) -> bool:
    """Two topics: both answered. A topic and an act: the topic answered. Two acts: a button for one of them.

    A courtesy ("thanks", "bye") beside a topic has no button: the answer serves both.
    """
    known = set(lists.topic_names())
    wanted = [name for name in one.expect if name in known]
    if set(answer.topics) - set(wanted):
        return False
    if len(wanted) == len(one.expect):
        return set(wanted) <= {*answer.topics} or bool(set(wanted) & {*answer.topics} and set(wanted) & answer.offered)
    acts = [name for name in one.expect if name in ACTS_OFFERED]
    return set(wanted) <= {*answer.topics} and (not acts or any(ACTS_OFFERED[name] in answer.buttons for name in acts))


def followed(one: FollowUp, answer: Answered) -> bool:
    """Answered with the topic that was meant and no other."""
    return set(answer.topics) == {one.expect}


def _conversation(url: str, *texts: str) -> Answered:
    chat = Chat(url)
    try:
        return [chat.say(text) for text in texts][-1]
    finally:
        chat.close()


def _each[T](ask: Callable[[T], Answered], items: Iterable[T]) -> list[Answered]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, items))


def _lines(
    day: str,
    model: str,
    found: Sequence[Figures],
    topics: Sequence[Message],
    answers: Sequence[Answered],
    seconds: Sequence[float],
    calibration: Sequence[figures.Bin],
) -> list[str]:
    missed: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for one, answer in zip(topics, answers, strict=True):
        if not answer.topics or set(answer.topics) - one.right:
            missed[one.label] += 1
            pairs[one.label, ", ".join(sorted(set(answer.topics) - one.right)) or "asked back"] += 1
    total = Counter(one.label for one in topics)
    worst = sorted(missed, key=lambda name: (total[name] - missed[name]) / total[name])
    p50, p95 = seconds[len(seconds) // 2], seconds[int(0.95 * len(seconds))]
    return [
        "# Understanding",
        "",
        f"{day}, model {model}, held-out halves. How the data came about: `evaluation/understanding/README.md`. "
        "`./nmt evaluate understanding` makes this anew.",
        "",
        "| | asked | right | share | floor |",
        "|---|---:|---:|---:|---:|",
        *map(str, found),
        "",
        "Topics, suggestions, out of scope, two requests and follow-ups over the chat API; acts with the model that "
        "answers there. Out of scope, right means: answered by no topic. Two requests: both answered, or one answered "
        f"and the other offered as a button. A reply took {1000 * p50:.0f} ms (p50), {1000 * p95:.0f} ms (p95), with "
        f"{AT_ONCE} conversations at once.",
        "",
        f"Expected calibration error of topics and acts: {figures.calibration_error(calibration):.3f}.",
        "",
        "![How often guesses of a confidence are right](understanding.svg)",
        "",
        "## Topics that were not always answered",
        "",
        f"{len(total) - len(missed)} of {len(total)} topics were answered every time.",
        "",
        "| topic | right | instead |",
        "|---|---:|---|",
        *(
            f"| {name} | {total[name] - missed[name]} of {total[name]} | "
            f"{'; '.join(f'{other} ({count})' for (label, other), count in pairs.items() if label == name)} |"
            for name in worst
        ),
    ]
