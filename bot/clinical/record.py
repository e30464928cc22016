"""What a client has answered so far: a plain value that can be stored and replayed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bot.clinical.model import Status

YES, NO, UNSURE = "yes", "no", "unsure"
UNCLEAR = "unclear"
OTHER = "other"
AGREED, MINOR, DECLINED = "agreed", "minor", "declined"
CONFIRMED = "confirmed"
SEPARATOR = "\x1f"

# Statuses with which a mention brings its row up: only a clear "not me, not now, never" leaves it alone.
BRINGS_UP = frozenset({Status.CURRENT, Status.PAST, Status.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Said:
    """Words of the client that name a row; `text[start:end]` of the message are the words. `mild`: see `Mention`."""

    condition: str
    message_id: str
    text: str
    start: int
    end: int
    status: Status
    mild: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """The answers of one screening.

    `answers` maps a question id to its value, in the order in which they were given:
    `T1` consent, `T2.1` an item, `T2.1/which` chosen rows, `T2.1/other` free words, `anticoagulants/1` a
    follow-up (the words of the choice, or `unclear`), `anticoagulants/2/ask` a question opened by an
    answer, `T6` the reason, `mimic/calf`, `changed` (short form), `summary`.
    """

    mode: str = "full"
    answers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tries: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    said: tuple[Said, ...] = ()
    flags: frozenset[str] = frozenset()

    def with_answer(self, question: str, value: str, words: str = "") -> Record:
        """The record with one more answer; an older answer to the same question is replaced and moves to the end."""
        answers = {key: old for key, old in self.answers.items() if key != question} | {question: value}
        spoken = {key: old for key, old in self.words.items() if key != question}
        if words:
            spoken[question] = words
        tries = {key: n for key, n in self.tries.items() if key != question}
        return replace(self, answers=answers, words=spoken, tries=tries)

    def without(self, *questions: str) -> Record:
        """The record with these questions open again."""
        gone = set(questions)
        return replace(
            self,
            answers={key: value for key, value in self.answers.items() if key not in gone},
            words={key: value for key, value in self.words.items() if key not in gone},
            tries={key: n for key, n in self.tries.items() if key not in gone},
        )

    def with_try(self, question: str) -> Record:
        """The record after one more reply that could not be understood."""
        return replace(self, tries=dict(self.tries) | {question: self.tries.get(question, 0) + 1})

    def without_try(self, question: str) -> Record:
        """The record with the count of misunderstood replies to this question cleared."""
        return replace(self, tries={key: n for key, n in self.tries.items() if key != question})

    def with_said(self, *said: Said) -> Record:
        """The record with these words added; the same words of the same message count once."""
        new = tuple(one for one in said if one not in self.said)
        return replace(self, said=self.said + new) if new else self

    def without_said(self, messages: Collection[str], conditions: Collection[str]) -> Record:
        """The record without what these messages say of these rows."""
        kept = tuple(one for one in self.said if one.message_id not in messages or one.condition not in conditions)
        return replace(self, said=kept)

    def with_flag(self, flag: str) -> Record:
        return replace(self, flags=self.flags | {flag})

    def to_json(self) -> dict[str, Any]:
        """A JSON value from which `from_json` rebuilds the record."""
        return {
            "mode": self.mode,
            "answers": dict(self.answers),
            "words": dict(self.words),
            "tries": dict(self.tries),
            "said": [[s.condition, s.message_id, s.text, s.start, s.end, s.status.value, s.mild] for s in self.said],
            "flags": sorted(self.flags),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Record:
        """Rebuild a record from `to_json`."""
        return Record(
            mode=data["mode"],
            answers=dict(data["answers"]),
            words=dict(data["words"]),
            tries=dict(data["tries"]),
            said=tuple(Said(c, m, t, s, e, Status(status), *mild) for c, m, t, s, e, status, *mild in data["said"]),
            flags=frozenset(data["flags"]),
        )


def chosen(value: str) -> tuple[str, ...]:
    """The parts of an answer that holds several choices."""
    return tuple(part for part in value.split(SEPARATOR) if part)
