"""The tier of a screening: a pure, total function of the record, the rules and the letters that staff recorded.

The rules of combination are those of the clinical guide, 2.1 and 2.5: the highest tier wins, unknown is never "no",
an unclear answer never counts as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.clinical.model import Care, Tier
from bot.clinical.record import BRINGS_UP, MINOR, NO, OTHER, UNCLEAR, UNSURE, Record, Said, chosen
from bot.clinical.rules import (
    ANSWERS_FOR_ANOTHER,
    NEXT,
    TAKEN_BACK,
    UNKNOWN_MEDICINE,
    Combination,
    Condition,
    FollowUp,
    FollowUpAnswer,
    Mimic,
    Rules,
)

UNPLACED_ROW = "undiagnosed_or_advised_against"
MINOR_ROW = "minor"
VOIDING_ROW = "intoxication"  # its STOP says: answers given now do not count, come back sober
FOR_ANOTHER = "for_another_adult"  # flag: the client answers for another adult
HEARD = "heard:"  # a fact from the client's own words, for combinations


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
    waits_for: tuple[str, ...] = ()  # rows whose open questions can still change a combination
    left_open: bool = False  # nothing that was told reaches this tier: only an unclear answer does


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

    @property
    def certain_emergency(self) -> bool:
        """True when no open question can take the emergency back: nothing more is asked."""
        return any(f.tier is Tier.EMERGENCY and f.complete for f in self.findings)

    @property
    def certain_stop(self) -> bool:
        """True when a finding that stops a booking has all its answers."""
        return any(f.tier >= Tier.STOP and f.complete for f in self.findings)

    @property
    def void(self) -> bool:
        """True when no answer given now counts: nothing more is asked, and the questions begin anew another day."""
        return any(f.condition == VOIDING_ROW and f.tier is Tier.STOP and f.complete for f in self.findings)

    @property
    def minor(self) -> bool:
        """True when the massage is for somebody under 18, or may be."""
        return any(f.condition == MINOR_ROW for f in self.findings)


@dataclass(frozen=True, slots=True)
class Fired:
    """A row that was brought up, and by what.

    `unclear` and `plain` can both hold: "not sure which" to an item names the row as unclear (no follow-ups), and
    the client's words name it plainly (its follow-ups are asked, and their answers decide).
    """

    via: tuple[str, ...]
    said: tuple[Said, ...] = ()
    unclear: bool = False
    plain: bool = True


@dataclass(frozen=True, slots=True)
class RowState:
    """What the follow-ups of a row have given so far."""

    tier: Tier
    care: Care | None
    complete: bool
    unclear: tuple[str, ...]
    given: tuple[Given, ...]
    fires: tuple[str, ...]
    left_open: bool = False


def holds(value: str | None) -> bool:
    """True for every answer that is not a plain "no": unknown is never "no"."""
    return value is not None and value != NO


def bring_up(record: Record, rules: Rules) -> dict[str, Fired]:
    """Every row that the record brings up, in the order in which it came up."""
    fired: dict[str, Fired] = {}

    def add(row: str, via: str, said: tuple[Said, ...] = (), unclear: bool = False) -> None:
        old = fired.get(row, Fired((), plain=False))
        fired[row] = Fired(
            old.via if via in old.via else (*old.via, via),
            old.said + said,
            old.unclear or unclear,
            old.plain or not unclear,
        )

    heard = tuple(said for said in record.said if said.status in BRINGS_UP and said.condition in rules.conditions)
    if record.answers.get("T1") == MINOR:
        add(MINOR_ROW, "T1")
    for item in rules.items.values():
        if not holds(record.answers.get(item.id)):
            continue
        if len(item.rows) == 1:
            add(item.rows[0], item.id)
            continue
        for choice in chosen(record.answers.get(f"{item.id}/which", "")):
            if choice in item.rows:
                add(choice, item.id)
            elif choice == OTHER:
                other = record.answers.get(f"{item.id}/other")
                if other is not None and (other == UNCLEAR or not heard):
                    add(UNPLACED_ROW, item.id)
            else:  # "not sure", skipped, or a row that the rules no longer know
                for row in item.rows:
                    add(row, item.id, unclear=True)
    for said in heard:
        add(said.condition, "said", (said,))
    if "unplaced_red_flag" in record.flags:
        add(UNPLACED_ROW, "said")
    for mimic in mimics_heard(record, rules):
        if mimic.question is None or holds(record.answers.get(f"mimic/{mimic.id}")):
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
    in_doubt: list[tuple[Tier, Care | None]] = []
    unclear: list[str] = []
    given: list[Given] = []
    fires: list[str] = []
    complete = False
    least = row.base_tier  # guide 2.1, rule 2: what the row counts as before its answers
    if f"{row.id}/1" not in record.answers:
        if fired is not None and fired.unclear and not fired.plain:
            return RowState(row.unclear_tier, _care(row, row.unclear_tier), True, (row.choice_label,), (), (), True)
        if fired is not None and fired.unclear:
            least = max(least, row.unclear_tier)
        if row.never_asked:
            return RowState(least, _care(row, least), True, (), (), ())
    for question, follow_up in open_questions(row, record):
        value = record.answers.get(question)
        if value is None:
            break
        given.append(Given(follow_up.q, value, record.words.get(question, "")))
        answer = follow_up.choice(value)
        if answer is None:  # unclear, skipped, or an answer that the rules no longer know
            unclear.append(follow_up.q)
            in_doubt.append(_unclear(row, follow_up))
            if row.is_emergency:
                complete = True
                break
            continue
        fires.extend(answer.fires)
        if answer.tier == NEXT:
            continue
        tiers.append(_weigh(row, answer, letters))
    else:
        complete = True
    if not complete:
        tiers.append((least, _care(row, least)))
    elif not tiers and not in_doubt:
        tiers.append((row.unclear_tier, _care(row, row.unclear_tier)))
    tier, care = max(tiers + in_doubt, key=_rank)
    left_open = all(told < tier for told, _ in tiers)
    return RowState(tier, care, complete, tuple(unclear), tuple(given), tuple(fires), left_open)


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
        state = row_state(row, record, letters, source)
        if name == MINOR_ROW and state.tier is Tier.NONE and record.answers.get("T1") == MINOR:
            # "Under 18" and "18 or over" contradict each other: unclear until consent is answered again.
            state = replace(state, tier=row.unclear_tier, unclear=(row.follow_up[0].q,))
        states[name] = state
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
                left_open=state.left_open,
            )
        )
    for item in rules.items.values():
        if holds(record.answers.get(item.id)) and len(item.rows) > 1 and not _which_placed(item.id, record):
            findings.append(_unplaced(item.rows, item.id, item.text, record, rules))
    findings.extend(_mimic_findings(record, rules))
    findings.extend(_combined(record, rules, fired, states))
    findings.extend(_other_findings(record))
    top = max((f.tier for f in findings), default=Tier.NONE)
    urgent = [f.care for f in findings if f.tier is Tier.EMERGENCY and f.care is not None]
    return Outcome(
        tier=top,
        care=max(urgent, key=lambda care: care.urgency, default=None) if top is Tier.EMERGENCY else None,
        findings=tuple(sorted(findings, key=lambda f: -f.tier)),
        unclear=tuple(dict.fromkeys(_unclear_points(record, rules, states))),
        complex_case=len({f.condition for f in findings if f.tier is Tier.CLEARANCE}) >= 2,
        ruleset_version=rules.version,
    )


def mimics_heard(record: Record, rules: Rules) -> tuple[Mimic, ...]:
    """The mimics that the reason for the visit names (guide 2.4)."""
    text, heard, for_other = record.words.get("T6", ""), rules.mimics.heard, FOR_ANOTHER in record.flags
    return tuple(m for m in rules.mimics.questions if any(_hears(heard[group], text, for_other) for group in m.heard))


def facts(record: Record, rules: Rules, states: Mapping[str, RowState]) -> dict[str, str | None]:
    """Everything that a combination may name, in the form `combinations.yml` explains, and the row it comes from.

    An unclear answer may be any of its choices, so each of them counts as a fact.
    """
    known: dict[str, str | None] = {}
    for name, state in states.items():
        if state.tier is not Tier.NONE:
            known[f"row:{name}"] = name
            known.update({f"row:{name}>={tier.name}": name for tier in Tier if tier <= state.tier})
        for question, follow_up in open_questions(rules.conditions[name], record):
            value = record.answers.get(question)
            if value is not None:
                possible = (value,) if follow_up.choice(value) else follow_up.choices
                known.update({f"answer:{name}:{choice}": name for choice in possible})
    for mimic in mimics_heard(record, rules):
        if holds(record.answers.get(f"mimic/{mimic.id}")):
            known[f"mimic:{mimic.id}"] = None
    text = " . ".join(
        [
            record.words.get("T6", ""),
            *(words for question, words in record.words.items() if question.endswith("/other")),
            *(said.text for said in record.said if said.status in BRINGS_UP),
        ]
    )
    known.update({HEARD + group: None for group in heard_groups(text, rules, FOR_ANOTHER in record.flags)})
    known.update({flag: None for flag in record.flags if flag.startswith(HEARD)})  # told in passing, before or between
    return known


def heard_groups(text: str, rules: Rules, for_other: bool = False) -> tuple[str, ...]:
    """The groups of words (mimics.yml, `heard`) that combinations ask about and this text holds."""
    asked = {fact.removeprefix(HEARD) for c in rules.combinations for line in c.when for fact in line}
    heard = rules.mimics.heard.items()
    return tuple(group for group, words in heard if group in asked and _hears(words, text, for_other))


def _combined(
    record: Record, rules: Rules, fired: Mapping[str, Fired], states: Mapping[str, RowState]
) -> Iterator[Finding]:
    known = facts(record, rules, states)
    for combination in rules.combinations:
        lines = [[known[fact] for fact in line if fact in known] for line in combination.when]
        if all(lines):
            # A line is certain if one of its facts is: words, or a row that has all its answers.
            waits = [line for line in lines if all(row is not None and not states[row].complete for row in line)]
            open_rows = tuple(dict.fromkeys(row for line in waits for row in line if row is not None))
            yield _combination_finding(combination, rules, fired, open_rows)


def _combination_finding(
    combination: Combination, rules: Rules, fired: Mapping[str, Fired], open_rows: tuple[str, ...]
) -> Finding:
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
        complete=not open_rows,
        shown=combination.shown,
        client=combination.client,
        waits_for=open_rows,
    )


def _mimic_findings(record: Record, rules: Rules) -> Iterator[Finding]:
    for mimic in mimics_heard(record, rules):
        answer = record.answers.get(f"mimic/{mimic.id}")
        if mimic.tier is not None and mimic.question is not None and answer is not None and holds(answer):
            row = rules.conditions[mimic.rows[0]]
            yield Finding(
                f"mimic:{mimic.id}",
                row.name,
                mimic.tier,
                mimic.care,
                row.staff_reason,
                row.sources,
                (Given(mimic.question, answer, record.words.get(f"mimic/{mimic.id}", "")),),
                unclear=answer in (UNSURE, UNCLEAR),
                shown=row.id,
            )


def _other_findings(record: Record) -> Iterator[Finding]:
    if FOR_ANOTHER in record.flags:
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

    if TAKEN_BACK in record.flags:
        yield Finding(
            TAKEN_BACK,
            "Answers given anew after a stricter result",
            Tier.CLEARANCE,
            None,
            "Shortly before, the same client gave answers that came to a stricter result, and nobody has decided about "
            "it: compare the two and ask.",
            ("HOUSE",),
        )


def _unplaced(rows: tuple[str, ...], item: str, text: str, record: Record, rules: Rules) -> Finding:
    """An item that was not answered "no" and whose rows are not known (yet): the gravest of them, unclear."""
    row = max((rules.conditions[name] for name in rows), key=lambda r: max(r.base_tier, r.unclear_tier))
    tier = max(row.base_tier, row.unclear_tier)
    return Finding(
        row.id,
        row.name,
        tier,
        _care(row, tier),
        row.staff_reason,
        row.sources,
        (Given(text, record.answers[item]),),
        unclear=True,
        complete=False,
    )


def _which_placed(item: str, record: Record) -> bool:
    which = chosen(record.answers.get(f"{item}/which", ""))
    return bool(which) and (OTHER not in which or f"{item}/other" in record.answers)


def _unclear_points(record: Record, rules: Rules, states: Mapping[str, RowState]) -> Iterator[str]:
    for item in rules.items.values():
        if record.answers.get(item.id) in (UNSURE, UNCLEAR):
            yield item.text
    for state in states.values():
        yield from state.unclear
    for mimic in rules.mimics.questions:
        if mimic.question and record.answers.get(f"mimic/{mimic.id}") in (UNSURE, UNCLEAR):
            yield mimic.question


def _unclear(row: Condition, follow_up: FollowUp) -> tuple[Tier, Care | None]:
    if row.is_emergency:
        return Tier.EMERGENCY, row.emergency_care()
    if follow_up.reaches_emergency:
        return max(Tier.STOP, row.unclear_tier), None
    return row.unclear_tier, None


def _weigh(row: Condition, answer: FollowUpAnswer, letters: Collection[str]) -> tuple[Tier, Care | None]:
    if not isinstance(answer.tier, Tier):  # NEXT weighs nothing
        return Tier.NONE, None
    tier: Tier = answer.tier
    if answer.letter is not None and row.id not in letters:
        tier = max(answer.tier, answer.letter)
    return tier, answer.care if tier is Tier.EMERGENCY else None


def _care(row: Condition, tier: Tier) -> Care | None:
    return row.emergency_care() if tier is Tier.EMERGENCY else None


def _rank(pair: tuple[Tier, Care | None]) -> tuple[int, int]:
    return pair[0], pair[1].urgency if pair[1] else 0


# Words before a group that take it away from the client, within the same part of a sentence.
_DENIED = r"no|not|never|without|isn't|don't|didn't|haven't"
_THEIRS = (
    r"(?:his|her|their|my (?:husband|wife|partner|mother|mum|mom|father|dad|son|daughter|brother|sister|friend))(?:'s)?"
)
_WITHIN = r"\b[^.,;!?\n]{0,30}$"
_NOT_SO = re.compile(rf"\b(?:{_DENIED}){_WITHIN}")
_NOT_MINE = re.compile(rf"\b(?:{_DENIED}|{_THEIRS}){_WITHIN}")


def _hears(words: tuple[str, ...], text: str, for_other: bool) -> bool:
    """True where the words name one of these, unless they say that it is not so, or not that of the one who comes.

    `for_other`: the client answers for another adult, so "her shoulders" are the ones that it is about.
    """
    lowered, away = text.lower().replace("’", "'"), _NOT_SO if for_other else _NOT_MINE
    return any(not away.search(lowered[: match.start()]) for match in _pattern(words).finditer(lowered))


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    alone = [re.escape(word[1:]) for word in words if word.startswith("=")]
    within = "|".join(re.escape(word) for word in words if not word.startswith("="))
    found = rf"\b(?:{within})\b" if within else r"(?!)"
    return re.compile(rf"{found}|\A\W*(?:{'|'.join(alone)})\W*\Z" if alone else found)


__all__ = [
    "Finding",
    "Fired",
    "Given",
    "Outcome",
    "RowState",
    "bring_up",
    "facts",
    "holds",
    "mimics_heard",
    "open_questions",
    "row_state",
    "triage",
]
