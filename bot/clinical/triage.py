"""The tier of a screening: a pure, total function of the record, the rules and the letters that staff recorded.

The rules of combination are those of the clinical guide, 2.1 and 2.5: the highest tier wins, unknown is never "no",
an unclear answer never counts as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.clinical.model import Care, Tier
from bot.clinical.record import BRINGS_UP, MINOR, NO, OTHER, UNCLEAR, UNSURE, YES, Record, Said, chosen
from bot.clinical.rules import (
    ANSWERS_FOR_ANOTHER,
    NEXT,
    UNKNOWN_MEDICINE,
    Combination,
    Condition,
    FollowUp,
    FollowUpAnswer,
    Mimic,
    Rules,
)

UNPLACED_ROW = "undiagnosed_or_advised_against"


@dataclass(frozen=True, slots=True)
class Given:
    """A question that was asked and the answer that was given."""

    question: str
    answer: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row (or combination) that weighs on the booking, with everything that led to it."""

    condition: str
    name: str
    tier: Tier
    care: Care | None
    reason: str
    sources: tuple[str, ...]
    given: tuple[Given, ...] = ()
    said: tuple[Said, ...] = ()
    unclear: bool = False
    complete: bool = True
    shown: str | None = None  # the row whose emergency sentence is read, where it is not this one
    client: str | None = None  # a sentence of its own


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was decided, from what, by which rules."""

    tier: Tier
    care: Care | None
    findings: tuple[Finding, ...]
    unclear: tuple[str, ...]
    complex_case: bool
    ruleset_version: str

    @property
    def decisive(self) -> Finding | None:
        """The finding that set the tier: the most urgent one where several did."""
        top = [f for f in self.findings if f.tier is self.tier]
        return max(top, key=lambda f: f.care.urgency if f.care else 0, default=None)


@dataclass(frozen=True, slots=True)
class Fired:
    """A row that was brought up, by what, and whether it was brought up as unclear (no follow-ups)."""

    via: tuple[str, ...]
    said: tuple[Said, ...] = ()
    unclear: bool = False


@dataclass(frozen=True, slots=True)
class RowState:
    """What the follow-ups of a row have given so far."""

    tier: Tier
    care: Care | None
    complete: bool
    unclear: tuple[str, ...]
    given: tuple[Given, ...]
    fires: tuple[str, ...]


def bring_up(record: Record, rules: Rules) -> dict[str, Fired]:
    """Every row that the record brings up, in the order in which it came up."""
    fired: dict[str, Fired] = {}

    def add(row: str, via: str, said: tuple[Said, ...] = (), unclear: bool = False) -> None:
        old = fired.get(row)
        if old is None:
            fired[row] = Fired((via,), said, unclear)
        else:
            fired[row] = Fired(
                (*old.via, via) if via not in old.via else old.via, old.said + said, old.unclear and unclear
            )

    if record.answers.get("T1") == MINOR:
        add("minor", "T1")
    for item in rules.items.values():
        if record.answers.get(item.id) not in (YES, UNSURE):
            continue
        if len(item.rows) == 1:
            add(item.rows[0], item.id)
            continue
        which = record.answers.get(f"{item.id}/which")
        if which is None:
            continue
        for choice in chosen(which):
            if choice == UNSURE:
                for row in item.rows:
                    add(row, item.id, unclear=True)
            elif choice == OTHER:
                if f"{item.id}/other" in record.answers and record.answers[f"{item.id}/other"] == UNCLEAR:
                    add(UNPLACED_ROW, item.id)
            else:
                add(choice, item.id)
    for said in record.said:
        if said.status in BRINGS_UP and said.condition in rules.conditions:
            add(said.condition, "said", (said,))
    if "unplaced_red_flag" in record.flags:
        add(UNPLACED_ROW, "said")
    for mimic in mimics_heard(record, rules):
        if mimic.question is None or record.answers.get(f"mimic/{mimic.id}") in (YES, UNSURE):
            for row in mimic.rows:
                add(row, f"mimic:{mimic.id}")
    queue = list(fired)
    while queue:
        row = queue.pop(0)
        for more in row_state(rules.conditions[row], record, frozenset(), fired[row]).fires:
            known = more in fired
            add(more, f"after:{row}")
            if not known:
                queue.append(more)
    return fired


def row_state(
    row: Condition, record: Record, letters: Collection[str] = frozenset(), fired: Fired | None = None
) -> RowState:
    """The state of one row: guide 2.1, rules 2 and 3, and 2.5, rule 2."""
    tiers: list[tuple[Tier, Care | None]] = []
    unclear: list[str] = []
    given: list[Given] = []
    fires: list[str] = []
    complete = False
    if fired is not None and fired.unclear and f"{row.id}/1" not in record.answers:
        return RowState(row.unclear_tier, _care(row, row.unclear_tier), True, (row.choice_label,), (), ())
    for question, follow_up in open_questions(row, record):
        value = record.answers.get(question)
        if value is None:
            break
        given.append(Given(follow_up.q, value, record.words.get(question, "")))
        answer = follow_up.choice(value)
        if answer is None:  # unclear, skipped, or an answer that the rules no longer know
            unclear.append(follow_up.q)
            tiers.append(_unclear(row, follow_up))
            if row.is_emergency:
                complete = True
                break
            continue
        fires.extend(answer.fires)
        if answer.tier == NEXT:
            continue
        tiers.append(_weigh(row, answer, letters))
        if answer.tier == Tier.EMERGENCY:
            complete = True
            break
    else:
        complete = True
    if not complete and not tiers:
        tier, care = row.base_tier, _care(row, row.base_tier)
    elif not complete:
        tier, care = max([*tiers, (row.base_tier, _care(row, row.base_tier))], key=_rank)
    elif tiers:
        tier, care = max(tiers, key=_rank)
    else:
        tier, care = row.unclear_tier, _care(row, row.unclear_tier)
    return RowState(tier, care, complete, tuple(unclear), tuple(given), tuple(fires))


def open_questions(row: Condition, record: Record) -> Iterator[tuple[str, FollowUp]]:
    """The questions of a row that its answers so far call for, in order: asked ones first, then the next one."""
    for number, follow_up in enumerate(row.follow_up, start=1):
        question = f"{row.id}/{number}"
        yield question, follow_up
        value = record.answers.get(question)
        if value is None:
            return
        answer = follow_up.choice(value)
        if answer is None:
            if row.is_emergency:
                return
            continue
        if answer.ask is not None:
            yield f"{question}/ask", answer.ask
        if answer.tier != NEXT:
            return


def triage(record: Record, rules: Rules, letters: Collection[str] = frozenset()) -> Outcome:
    """Decide the tier of a screening.

    Args:
        record: what was answered and said.
        rules: the rules to decide by.
        letters: rows for which staff have recorded a doctor's written OK.

    Returns:
        The outcome, with one finding for each row or combination that weighs on the booking.
    """
    findings: list[Finding] = []
    fired = bring_up(record, rules)
    states: dict[str, RowState] = {}
    for name, source in fired.items():
        row = rules.conditions[name]
        state = states[name] = row_state(row, record, letters, source)
        if state.tier is Tier.NONE:
            continue
        given = tuple(Given(rules.items[via].text, record.answers[via]) for via in source.via if via in rules.items)
        findings.append(
            Finding(
                name,
                row.name,
                state.tier,
                state.care,
                row.staff_reason,
                row.sources,
                given + state.given,
                source.said,
                unclear=bool(state.unclear),
                complete=state.complete,
            )
        )
    for item in rules.items.values():
        if record.answers.get(item.id) in (YES, UNSURE) and len(item.rows) > 1 and not _which_placed(item.id, record):
            findings.append(_unplaced(item.rows, item.id, item.text, record, rules))
    findings.extend(_mimic_findings(record, rules))
    findings.extend(_combined(record, rules, fired, states))
    findings.extend(_other_findings(record))
    top = max((f.tier for f in findings), default=Tier.NONE)
    if record.answers.get("T1") == MINOR and "minor/1" in record.answers:
        top = max(top, states["minor"].tier)
    urgent = [f.care for f in findings if f.tier is Tier.EMERGENCY and f.care is not None]
    return Outcome(
        tier=top,
        care=max(urgent, key=lambda care: care.urgency, default=None) if top is Tier.EMERGENCY else None,
        findings=tuple(sorted(findings, key=lambda f: -f.tier)),
        unclear=tuple(dict.fromkeys(_unclear_points(record, rules, states))),
        complex_case=sum(f.tier is Tier.CLEARANCE for f in findings) >= 2,
        ruleset_version=rules.version,
    )


def mimics_heard(record: Record, rules: Rules) -> tuple[Mimic, ...]:
    """The mimics that the reason for the visit names (guide 2.4)."""
    text = record.words.get("T6", "")
    return tuple(m for m in rules.mimics.questions if any(_hears(rules.mimics.heard[group], text) for group in m.heard))


def facts(record: Record, rules: Rules, states: Mapping[str, RowState]) -> set[str]:
    """Everything that a combination may name, in the form `combinations.yml` explains."""
    known: set[str] = set()
    for name, state in states.items():
        if state.tier is Tier.NONE:
            continue
        known.add(f"row:{name}")
        known.update(f"row:{name}>={tier.name}" for tier in Tier if tier <= state.tier)
    for question, value in record.answers.items():
        name, _, number = question.partition("/")
        if name in states and number:
            known.add(f"answer:{name}:{value}")
        if name == "mimic" and value in (YES, UNSURE):
            known.add(question.replace("/", ":"))
    text = " . ".join([record.words.get("T6", ""), *(said.text for said in record.said if said.status in BRINGS_UP)])
    known.update(f"heard:{group}" for group, words in rules.mimics.heard.items() if _hears(words, text))
    return known


def _combined(
    record: Record, rules: Rules, fired: Mapping[str, Fired], states: Mapping[str, RowState]
) -> Iterator[Finding]:
    known = facts(record, rules, states)
    for combination in rules.combinations:
        if all(any(fact in known for fact in line) for line in combination.when):
            yield _combination_finding(combination, rules, fired)


def _combination_finding(combination: Combination, rules: Rules, fired: Mapping[str, Fired]) -> Finding:
    rows = {
        f.split(":")[1].split(">=")[0] for line in combination.when for f in line if f.startswith(("row:", "answer:"))
    }
    present = [rules.conditions[name] for name in fired if name in rows]
    return Finding(
        f"combination:{combination.id}",
        combination.reason,
        combination.tier,
        combination.care,
        combination.reason,
        tuple(dict.fromkeys(source for row in present for source in row.sources)),
        shown=combination.shown,
        client=combination.client,
    )


def _mimic_findings(record: Record, rules: Rules) -> Iterator[Finding]:
    for mimic in mimics_heard(record, rules):
        answer = record.answers.get(f"mimic/{mimic.id}")
        if mimic.tier is not None and mimic.question is not None and answer in (YES, UNSURE):
            row = rules.conditions[mimic.rows[0]]
            yield Finding(
                f"mimic:{mimic.id}",
                row.name,
                mimic.tier,
                mimic.care,
                row.staff_reason,
                row.sources,
                (Given(mimic.question, answer, record.words.get(f"mimic/{mimic.id}", "")),),
                unclear=answer == UNSURE,
                shown=row.id,
            )


def _other_findings(record: Record) -> Iterator[Finding]:
    if "for_another_adult" in record.flags:
        yield Finding(
            ANSWERS_FOR_ANOTHER,
            "Answers given by another person",
            Tier.CAUTION,
            None,
            "Somebody answered for another adult: confirm every answer with that person.",
            ("HOUSE",),
        )
    if "unknown_medicine" in record.flags:
        yield Finding(
            UNKNOWN_MEDICINE,
            "A medicine that could not be placed",
            Tier.CAUTION,
            None,
            "The client named a medicine that the rules do not know: ask what it is and what it is for.",
            ("HOUSE",),
        )


def _unplaced(rows: tuple[str, ...], item: str, text: str, record: Record, rules: Rules) -> Finding:
    """An item that was not answered "no" and whose rows are not known (yet): the gravest of them, unclear."""
    row = max((rules.conditions[name] for name in rows), key=lambda r: r.unclear_tier)
    return Finding(
        row.id,
        row.name,
        row.unclear_tier,
        _care(row, row.unclear_tier),
        row.staff_reason,
        row.sources,
        (Given(text, record.answers[item]),),
        unclear=True,
        complete=False,
    )


def _which_placed(item: str, record: Record) -> bool:
    which = record.answers.get(f"{item}/which")
    if not which:
        return False
    return OTHER not in chosen(which) or f"{item}/other" in record.answers


def _unclear_points(record: Record, rules: Rules, states: Mapping[str, RowState]) -> Iterator[str]:
    for item in rules.items.values():
        if record.answers.get(item.id) == UNSURE:
            yield item.text
    for state in states.values():
        yield from state.unclear
    for mimic in rules.mimics.questions:
        if mimic.question and record.answers.get(f"mimic/{mimic.id}") == UNSURE:
            yield mimic.question


def _unclear(row: Condition, follow_up: FollowUp) -> tuple[Tier, Care | None]:
    if row.is_emergency:
        return Tier.EMERGENCY, row.emergency_care()
    if follow_up.reaches_emergency:
        return max(Tier.STOP, row.unclear_tier), None
    return row.unclear_tier, None


def _weigh(row: Condition, answer: FollowUpAnswer, letters: Collection[str]) -> tuple[Tier, Care | None]:
    tier = answer.tier
    assert isinstance(tier, Tier)
    if answer.letter is not None and row.id not in letters:
        tier = max(tier, answer.letter)
    return tier, answer.care if tier is Tier.EMERGENCY else None


def _care(row: Condition, tier: Tier) -> Care | None:
    return row.emergency_care() if tier is Tier.EMERGENCY else None


def _rank(pair: tuple[Tier, Care | None]) -> tuple[int, int]:
    return pair[0], pair[1].urgency if pair[1] else 0


def _hears(words: tuple[str, ...], text: str) -> bool:
    return bool(text) and _pattern(words).search(text.lower().replace("’", "'")) is not None


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(re.escape(word) for word in words) + r")\b")


__all__ = [
    "NO",
    "Finding",
    "Fired",
    "Given",
    "Outcome",
    "RowState",
    "bring_up",
    "facts",
    "mimics_heard",
    "open_questions",
    "row_state",
    "triage",
]
