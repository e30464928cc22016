"""What is asked next: a pure walk over the record. The guide's sequence T1 to T6 (4.3), its follow-ups and its ends."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.clinical.model import Tier
from bot.clinical.record import AGREED, CONFIRMED, DECLINED, MINOR, NO, OTHER, UNSURE, YES, Record, chosen
from bot.clinical.rules import LISTEN_ONLY, Condition, Item, Rules
from bot.clinical.triage import Outcome, bring_up, mimics_heard, open_questions, row_state, triage

TOTAL_STEPS = 6
NOT_SURE = "not sure"
SOMETHING_ELSE = "something else"
CONFIRMING = "confirming:"


class Kind(StrEnum):
    """What form of answer a question takes."""

    CONSENT = "consent"
    CHECKLIST = "checklist"
    WHICH = "which"
    OTHER = "other"
    CHOICE = "choice"
    YES_NO = "yes_no"
    OPEN = "open"
    CHANGED = "changed"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the pre-screen, ready to be worded and shown."""

    id: str
    kind: Kind
    step: str
    text: str = ""
    items: tuple[Item, ...] = ()
    choices: tuple[str, ...] = ()
    values: tuple[str, ...] = ()  # what each choice stands for, in the same order
    condition: str | None = None
    item: str | None = None
    number: int | None = None
    confirming: bool = False  # a bare "no" was given to a whole list: ask once whether it means every line
    warns: bool = False  # show the row's emergency sentence with the question (guide 2.1, rule 2)

    @property
    def index(self) -> int:
        """Which of the six turns this belongs to."""
        return TOTAL_STEPS if self.step == "summary" else int(self.step[1:])

    @property
    def multiple(self) -> bool:
        return self.kind is Kind.WHICH


def next_question(record: Record, rules: Rules, letters: Collection[str] = frozenset()) -> Question | None:
    """The next question of the screening, or None when it has come to its end."""
    consent = record.answers.get("T1")
    if consent is None:
        return Question("T1", Kind.CONSENT, "T1", values=(AGREED, MINOR, DECLINED))
    if consent == DECLINED:
        return None
    if consent == MINOR:
        if "minor/1" in record.answers:
            return None
        return _row_question(rules.conditions["minor"], "minor/1", record, "T1", "T1")
    if record.mode == "short" and "changed" not in record.answers:
        return Question("changed", Kind.CHANGED, "T1", values=(YES, NO, UNSURE))
    for step in rules.steps:
        if _left_out(step.id, record):
            continue
        missing = tuple(item for item in step.items if item.id not in record.answers)
        if missing:
            urgent = _follow_up(record, rules, step.id, emergencies_only=True)
            if urgent is not None or _halted(record, rules, letters):
                return None if _halted(record, rules, letters) else urgent
            confirming = CONFIRMING + step.id in record.tries
            return Question(step.id, Kind.CHECKLIST, step.id, step.name, items=missing, confirming=confirming)
        for item in step.items:
            question = _which_question(item, step.id, record, rules)
            if question is not None:
                return question
        if _emergency(record, rules, letters):
            return None
        question = _follow_up(record, rules, step.id)
        if question is not None:
            return question
        if _emergency(record, rules, letters):
            return None
    if _halted(record, rules, letters):
        return None
    if not _left_out("T6", record):
        if "T6" not in record.answers:
            return Question("T6", Kind.OPEN, "T6")
        for mimic in mimics_heard(record, rules):
            if (
                mimic.question is not None
                and f"mimic/{mimic.id}" not in record.answers
                and not _asked(mimic.rows, record)
            ):
                return Question(
                    f"mimic/{mimic.id}",
                    Kind.YES_NO,
                    "T6",
                    mimic.question,
                    choices=(YES, NO, NOT_SURE),
                    values=(YES, NO, UNSURE),
                    condition=mimic.rows[0],
                    item="T6",
                    number=0,
                )
    question = _follow_up(record, rules, "T6")
    if question is not None:
        return question
    if _halted(record, rules, letters):
        return None
    if record.answers.get("summary") != CONFIRMED:
        return Question("summary", Kind.SUMMARY, "summary", values=(CONFIRMED,))
    return None


def outcome(record: Record, rules: Rules, letters: Collection[str] = frozenset()) -> Outcome | None:
    """The outcome once nothing is left to ask; None while the screening is open or was declined."""
    if record.answers.get("T1") in (None, DECLINED) or next_question(record, rules, letters) is not None:
        return None
    return triage(record, rules, letters)


def started(record: Record) -> bool:
    """True once the client has agreed to the health questions: before that nothing about health is stored."""
    return record.answers.get("T1") == AGREED


def back(record: Record, rules: Rules) -> tuple[Record, str | None]:
    """Open the question that was answered last.

    Returns:
        The record without that answer, and the old answer in plain words (None at the very first question).
    """
    if not record.answers:
        return record, None
    last = list(record.answers)[-1]
    return reopen(record, rules, last), last


def reopen(record: Record, rules: Rules, question: str) -> Record:
    """Open one question again, with everything that depends on it: a checklist as a whole, a row from that question on."""
    step = next((s for s in rules.steps if question == s.id or any(question == item.id for item in s.items)), None)
    if step is not None:
        gone = [key for item in step.items for key in (item.id, f"{item.id}/which", f"{item.id}/other")]
    elif question.endswith("/which"):
        gone = [question, question.removesuffix("which") + "other"]
    elif question == "T6":
        gone = [key for key in record.answers if key == "T6" or key.startswith("mimic/")]
    else:
        row = question.split("/")[0]
        keys = [key for key in record.answers if key.split("/")[0] == row and row in rules.conditions]
        gone = keys[keys.index(question) :] if question in keys else [question]
    return record.without(*gone, "summary")


def _left_out(step: str, record: Record) -> bool:
    """In the short form for returning clients only T2 is asked again, unless something has changed (guide 4.6)."""
    return record.mode == "short" and step != "T2" and record.answers.get("changed") == NO


def _halted(record: Record, rules: Rules, letters: Collection[str]) -> bool:
    """True when the later questions are left out: after a STOP (guide 2.5, 4), unless the client goes on for the staff."""
    tier = max((f.tier for f in triage(record, rules, letters).findings if f.complete), default=Tier.NONE)
    return tier is Tier.EMERGENCY or (tier is Tier.STOP and "continue_after_stop" not in record.flags)


def _emergency(record: Record, rules: Rules, letters: Collection[str]) -> bool:
    """True when an emergency is certain: nothing more is asked. A row whose own question is open is not certain yet."""
    return any(
        finding.tier is Tier.EMERGENCY and finding.complete for finding in triage(record, rules, letters).findings
    )


def _which_question(item: Item, step: str, record: Record, rules: Rules) -> Question | None:
    if len(item.rows) == 1 or record.answers.get(item.id) not in (YES, UNSURE):
        return None
    which = record.answers.get(f"{item.id}/which")
    if which is None:
        labels = tuple(rules.conditions[row].choice_label for row in item.rows)
        return Question(
            f"{item.id}/which",
            Kind.WHICH,
            step,
            item.text,
            choices=(*labels, SOMETHING_ELSE, NOT_SURE),
            values=(*item.rows, OTHER, UNSURE),
            item=item.id,
            number=1,
        )
    if OTHER in chosen(which) and f"{item.id}/other" not in record.answers:
        return Question(f"{item.id}/other", Kind.OTHER, step, item.text, item=item.id, number=2)
    return None


def _follow_up(record: Record, rules: Rules, step: str, emergencies_only: bool = False) -> Question | None:
    """The next open question of the rows brought up so far: rows that may be an emergency first."""
    fired = bring_up(record, rules)
    for name in sorted(fired, key=lambda n: not rules.conditions[n].is_emergency):
        row = rules.conditions[name]
        if name in ("suicidal_crisis", "minor") or (emergencies_only and not row.is_emergency):
            continue
        if row_state(row, record, frozenset(), fired[name]).complete:
            continue
        for question, _ in open_questions(row, record):
            if question not in record.answers:
                via = next((v for v in fired[name].via if v in rules.items), "T6" if row.ask != LISTEN_ONLY else None)
                return _row_question(row, question, record, step, via)
    return None


def _row_question(row: Condition, question: str, record: Record, step: str, item: str | None) -> Question:
    follow_up = next(f for q, f in open_questions(row, record) if q == question)
    number = 1 + [q for q, _ in open_questions(row, record)].index(question)
    return Question(
        question,
        Kind.CHOICE,
        step,
        follow_up.q,
        choices=(*follow_up.choices, NOT_SURE),
        values=(*follow_up.choices, UNSURE),
        condition=row.id,
        item=item,
        number=number,
        warns=row.is_emergency and number == 1,
    )


def _asked(rows: tuple[str, ...], record: Record) -> bool:
    """True when every row that a mimic could bring up has been asked about already."""
    return all(f"{row}/1" in record.answers for row in rows)


__all__ = ["Kind", "Question", "back", "next_question", "outcome", "reopen", "started"]
