"""How well free words are understood as answers to the follow-up questions, measured on `answers.yml`.

Right, asked again, or wrong: a wrong value is the one thing that must not happen, being asked again only costs a turn.
Items at even positions are for development, those at odd positions are held out and only counted; see README.md.

    python -m evaluation.safety.answers_report [--development-misses]
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.clinical.answers import Phrases, understand
from bot.clinical.durations import Today
from bot.clinical.interview import NOT_SURE, Kind, Question
from bot.clinical.reading import Reader
from bot.clinical.record import BRINGS_UP, NO, UNCLEAR, UNSURE, YES
from bot.clinical.rules import FollowUp, Rules

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REPLIES = HERE / "answers.yml"
TODAY = Today(datetime.date(2026, 3, 20))
AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: the question, the words, and the values that are right (`again`: no plain answer)."""

    question: Question
    text: str
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """How a half did, and what was not right in it."""

    right: int
    again: int
    wrong: int
    missed: tuple[tuple[Reply, str | None], ...]

    @property
    def whole(self) -> int:
        return self.right + self.again + self.wrong


def load(path: Path, rules: Rules) -> list[Reply]:
    """The replies of the list, each with its question as a client would see it.

    Raises:
        ValueError: an entry names no question or no choice of the rules.
    """
    found = []
    for entry in yaml.safe_load(path.read_text("utf-8")):
        question = question_of(entry["q"], rules)
        given = entry["is"] if isinstance(entry["is"], list) else [entry["is"]]
        found.append(Reply(question, str(entry["text"]), tuple(_value(question, value) for value in given)))
    return found


def question_of(name: str, rules: Rules) -> Question:
    """The question with this id, as it is asked."""
    if name.startswith("mimic/"):
        mimic = next(m for m in rules.mimics.questions if m.id == name.removeprefix("mimic/"))
        values = (YES, NO, UNSURE)
        return Question(name, Kind.YES_NO, "T6", mimic.question or "", choices=(YES, NO, NOT_SURE), values=values)
    row, number, *ask = name.split("/")
    follow_up: FollowUp = rules.conditions[row].follow_up[int(number) - 1]
    if ask:
        follow_up = next(answer.ask for answer in follow_up.answers if answer.ask is not None)
    return Question(
        name,
        Kind.CHOICE,
        "T6",
        follow_up.q,
        choices=(*follow_up.choices, NOT_SURE),
        values=(*follow_up.choices, UNSURE),
        condition=row,
        number=int(number),
    )


def _value(question: Question, given: int | str) -> str:
    if isinstance(given, int):
        if not 1 <= given < len(question.values):
            raise ValueError(f"{question.id} has no choice {given}")
        return question.values[given - 1]
    if given not in (AGAIN, UNSURE, YES, NO):
        raise ValueError(f"{question.id}: {given} is no answer")
    return given


def read(reply: Reply, reader: Reader, rules: Rules, phrases: Phrases) -> str | None:
    """What the service makes of a reply."""
    named = {m.condition for m in reader.read(reply.text).mentions if m.status in BRINGS_UP}
    answer = understand(reply.question, reply.text, named, rules, phrases, TODAY)
    return None if answer is None else answer.values[reply.question.id]


def judge(reply: Reply, value: str | None) -> str:
    """ "right", "again" or "wrong"."""
    held = AGAIN if value is None else UNSURE if value == UNCLEAR else value
    if held in reply.right:
        return "right"
    return "again" if held in (AGAIN, UNSURE) else "wrong"


def measure(replies: Sequence[Reply], reader: Reader, rules: Rules, phrases: Phrases) -> Figures:
    """Read every reply and count."""
    counts = dict.fromkeys(("right", "again", "wrong"), 0)
    missed = []
    for reply in replies:
        value = read(reply, reader, rules, phrases)
        verdict = judge(reply, value)
        counts[verdict] += 1
        if verdict != "right":
            missed.append((reply, value))
    return Figures(counts["right"], counts["again"], counts["wrong"], tuple(missed))


def halves(knowledge: Path) -> Mapping[str, Figures]:
    """Both halves of the list, measured with the knowledge of this folder."""
    rules, phrases, reader = Rules.load(knowledge), Phrases.load(knowledge), Reader.load(knowledge)
    replies = load(REPLIES, rules)
    return {
        name: measure(replies[start::2], reader, rules, phrases)
        for name, start in (("development", 0), ("held out", 1))
    }


def table(found: Mapping[str, Figures]) -> list[str]:
    """The figures as lines of Markdown."""
    lines = ["| free answers to follow-ups | " + " | ".join(found) + " |", "|---|" + "---|" * len(found)]
    for name in ("right", "again", "wrong"):
        cells = [f"{getattr(f, name)} of {f.whole} ({getattr(f, name) / f.whole:.1%})" for f in found.values()]
        label = {"right": "understood", "again": "asked again", "wrong": "taken for another answer"}[name]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    """Print the figures, and on request what was missed in the development half."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--development-misses", action="store_true")
    options = parser.parse_args()
    found = halves(ROOT / "knowledge")
    print("\n".join(table(found)))
    if options.development_misses:
        for reply, value in found["development"].missed:
            print(f"- {judge(reply, value):6} {reply.question.id}: {reply.text!r} read as {value!r}")


if __name__ == "__main__":
    main()
