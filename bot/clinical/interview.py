"""What is asked next: a pure walk over the record. The guide's sequence T1 to T6 (4.3), its follow-ups and its ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.clinical.model import Tier
from bot.clinical.record import AGREED, CONFIRMED, DECLINED, MINOR, NO, OTHER, UNSURE, YES, Record, chosen
from bot.clinical.rules import LISTEN_ONLY, Condition, Item, Rules
from bot.clinical.triage import (
    MINOR_ROW,
    VOIDING_ROW,
    Fired,
    Outcome,
    bring_up,
    facts,
    holds,
    mimics_heard,
    open_questions,
    row_state,
    triage,
)

TOTAL_STEPS = 6
NOT_SURE = "not sure"
SOMETHING_ELSE = "something else"
CONFIRMING = "confirming:"
MOST_TRIES = 2  # a reply that is not understood is asked about once more, then counts as unclear (guide 4.5, 4)


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
    left_open: bool = False  # "which of these?" about a line that was neither a yes nor a no
    rest: bool = False  # of a list some lines have been answered already

    @property
    def index(self) -> int:
        """Which of the six turns this belongs to."""
        return TOTAL_STEPS if self.step == "summary" else int(self.step[1:])

    @property
    def multiple(self) -> bool:
        return self.kind is Kind.WHICH


def next_question(record: Record, rules: Rules, letters: Collection[str] = frozenset()) -> Question | None:
    """The next question of the screening, or None when it has come to its end.

    The order: consent, then rows that may be an emergency, then the age, then the steps. An emergency that is certain
    ends everything; a STOP ends the questions after the step in which it was found (guide 2.5, 4).
    """
    consent = record.answers.get("T1")
    if consent == DECLINED:
        return None
    if consent not in (AGREED, MINOR):
        return _consent()
    result = triage(record, rules, letters)
    if result.certain_emergency:
        return None
    fired = bring_up(record, rules)
    if consent == AGREED:
        # A yes to this one is an emergency by itself: it comes before the questions of the rows it may lead to.
        question = _mimic_question(record, rules, fired, decisive=True)
        if question is not None:
            return question
        question = _follow_up(record, rules, fired, _urgent(result, rules))
        if question is not None:
            return question
        if result.void:
            return None
    if MINOR_ROW in fired:
        row = rules.conditions[MINOR_ROW]
        state = row_state(row, record, letters, fired[MINOR_ROW])
        if not state.complete:
            return _row_question(row, f"{MINOR_ROW}/1", record, "T1", "T1")
        if state.tier is not Tier.NONE:
            return None  # no health questions to a minor, or about one
        if consent == MINOR:  # of age after all: asked for consent once more, not for ever
            order = list(record.answers)
            return _consent() if order.index("T1") < order.index(f"{MINOR_ROW}/1") else None
    if record.mode == "short" and "changed" not in record.answers:
        return Question("changed", Kind.CHANGED, "T1", values=(YES, NO, UNSURE))
    halted = result.certain_stop and "continue_after_stop" not in record.flags
    for step in rules.steps:
        if _left_out(step.id, record):
            continue
        missing = tuple(item for item in step.items if item.id not in record.answers)
        if missing:
            # The warning signs are always asked, and a list that was begun is finished.
            if halted and step is not rules.steps[0] and len(missing) == len(step.items):
                return None
            # The list as a whole did not work, or one line of it is left: one line at a time.
            if record.tries.get(step.id, 0) >= MOST_TRIES or len(missing) == 1 < len(step.items):
                return _line_question(missing[0], step.id)
            confirming = CONFIRMING + step.id in record.tries
            rest = len(missing) < len(step.items)
            return Question(step.id, Kind.CHECKLIST, step.id, step.name, missing, confirming=confirming, rest=rest)
        for item in step.items:
            question = _which_question(item, step.id, record, rules)
            if question is not None:
                return question
        question = _follow_up(record, rules, fired, fired)
        if question is not None:
            return question
    if not _left_out("T6", record):
        if "T6" not in record.answers:
            return None if halted else Question("T6", Kind.OPEN, "T6")
        question = _mimic_question(record, rules, fired)
        if question is not None:
            return question
        question = _follow_up(record, rules, fired, fired)
        if question is not None:
            return question
    if not halted and record.answers.get("summary") != CONFIRMED:
        return Question("summary", Kind.SUMMARY, "summary", values=(CONFIRMED,))
    return None


def open_lists(record: Record, rules: Rules, letters: Collection[str] = frozenset()) -> tuple[Question, ...]:
    """The list that is open and those that follow it as things stand; none while something else is asked."""
    current = next_question(record, rules, letters)
    if current is None or current.kind is not Kind.CHECKLIST:
        return ()
    if triage(record, rules, letters).certain_stop and "continue_after_stop" not in record.flags:
        return (current,)
    later = [
        Question(step.id, Kind.CHECKLIST, step.id, step.name, items=missing)
        for step in rules.steps
        if step.id != current.step and not _left_out(step.id, record)
        if (missing := tuple(item for item in step.items if item.id not in record.answers))
    ]
    return (current, *later)


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
    """Open one question again, with what depends on it: a checklist as a whole, a row from that question on."""
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


def _consent() -> Question:
    return Question("T1", Kind.CONSENT, "T1", values=(AGREED, MINOR, DECLINED))


def _urgent(result: Outcome, rules: Rules) -> frozenset[str]:
    """Rows whose questions cannot wait: emergency rows, what a combination needs to be certain of an emergency, and
    what makes every other answer void."""
    waiting = {row for f in result.findings if f.tier is Tier.EMERGENCY for row in f.waits_for}
    return frozenset(waiting | {VOIDING_ROW} | {name for name, row in rules.conditions.items() if row.is_emergency})


def _line_question(item: Item, step: str) -> Question:
    """One line of a list as a question of its own."""
    choices, values = (YES, NO, NOT_SURE), (YES, NO, UNSURE)
    return Question(item.id, Kind.YES_NO, step, item.text, (item,), choices, values, item=item.id)


def _which_question(item: Item, step: str, record: Record, rules: Rules) -> Question | None:
    if len(item.rows) == 1 or not holds(record.answers.get(item.id)):
        return None
    which = record.answers.get(f"{item.id}/which")
    if not which:
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
            left_open=record.answers[item.id] != YES,
        )
    if OTHER in chosen(which) and f"{item.id}/other" not in record.answers:
        return Question(f"{item.id}/other", Kind.OTHER, step, item.text, item=item.id, number=2)
    return None


def _follow_up(record: Record, rules: Rules, fired: Mapping[str, Fired], among: Collection[str]) -> Question | None:
    """The next open question of these rows, in the order in which they came up."""
    for name in fired:
        row = rules.conditions[name]
        if name not in among or name == MINOR_ROW or row_state(row, record, frozenset(), fired[name]).complete:
            continue
        question = next(q for q, _ in open_questions(row, record) if q not in record.answers)
        via = next((v for v in fired[name].via if v in rules.items), None)
        step = via.split(".")[0] if via else _step_at_hand(record, rules)
        asked_at = via or ("T6" if row.ask != LISTEN_ONLY else None)
        return _row_question(row, question, record, step, asked_at, warns=not _only_mild(fired[name]))
    return None


def _step_at_hand(record: Record, rules: Rules) -> str:
    """The step that a row which was only told, not ticked, belongs to: the one that is open."""
    open_steps = (s.id for s in rules.steps if any(item.id not in record.answers for item in s.items))
    return next((step for step in open_steps if not _left_out(step, record)), "T6")


def _mimic_question(
    record: Record, rules: Rules, fired: Mapping[str, Fired], decisive: bool = False
) -> Question | None:
    """The one question that the reason for the visit calls for, unless the rows it leads to are up already.

    Where only its answer is missing for a combination, it is asked all the same: the rows' own questions do not tell.
    """
    for mimic in mimics_heard(record, rules):
        if mimic.question is None or f"mimic/{mimic.id}" in record.answers or (decisive and mimic.tier is None):
            continue
        known = mimic.tier is None and all(row in fired for row in mimic.rows)
        if known and not _completes_combination(f"mimic:{mimic.id}", record, rules, fired):
            continue
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
    return None


def _completes_combination(fact: str, record: Record, rules: Rules, fired: Mapping[str, Fired]) -> bool:
    """True if everything else that some combination needs beside this fact is there."""
    states = {name: row_state(rules.conditions[name], record, frozenset(), source) for name, source in fired.items()}
    there = facts(record, rules, states)
    return any(
        any(fact in line for line in combination.when)
        and all(fact in line or any(other in there for other in line) for line in combination.when)
        for combination in rules.combinations
    )


def _only_mild(fired: Fired) -> bool:
    """Whether nothing but an old, known illness or an ordinary ache brought a row up: "asthma", "tension headaches".

    Its question is asked all the same, without the words of an emergency in front of it.
    """
    return fired.via == ("said",) and all(said.mild for said in fired.said)


def _row_question(
    row: Condition, question: str, record: Record, step: str, item: str | None, warns: bool = True
) -> Question:
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
        warns=warns and row.is_emergency and number == 1,
    )


__all__ = ["Kind", "Question", "back", "next_question", "outcome", "reopen", "started"]
