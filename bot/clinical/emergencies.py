"""Emergencies and crises in a message. Data: `knowledge/emergencies.yml`; rules: guide 2.1, 2.5 and 3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from typing import Any

from bot.clinical.assertion import Assertion, Clauses
from bot.clinical.model import Care, Emergency
from bot.clinical.phrases import Label, Match, PhraseBook
from bot.clinical.text import Token

CRISIS = "suicidal_crisis"
# Sightings of one group that are tried against the other groups; more only repeat themselves.
_TRIED = 6


@dataclass(frozen=True, slots=True)
class Sighting:
    """A row or a sign found in the message, with what is said about it."""

    name: str
    match: Match
    assertion: Assertion
    idiom: bool = False


@dataclass(frozen=True, slots=True)
class Alarm:
    """Emergency wording of a row. `general`: the row's own sentence does not fit, the general one is shown."""

    row: str
    care: Care
    general: bool = False


@dataclass(frozen=True, slots=True)
class Combination:
    """One sign or row out of each group makes `row` an emergency.

    `within`: they stand in one sentence, with at most so many words between one and the next.
    """

    row: str
    care: Care
    groups: tuple[frozenset[str], ...]
    lock: bool
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """A harmless cause that a client names, and the rows it explains. `proof`: it needs words of proof beside it."""

    rows: frozenset[str]
    proof: bool = False


@dataclass(frozen=True, slots=True)
class NetRules:
    """From which certainty the safety net speaks.

    `doubts`: below it, what a phrase would hold is asked first. `shows`: the number in one conditional sentence, before
    the answer; `shows_crisis`: the same for a crisis. `asks`: the number, and one question. `in_questions`: `shows`
    while a health question is open, whose answers name symptoms. `holds_crisis`: held like a crisis that a phrase
    names. `words`: messages with fewer different words are left to the phrases. `row`: what staff see it under.
    """

    words: int
    doubts: float
    shows: float
    shows_crisis: float
    asks: float
    in_questions: float
    holds_crisis: float
    row: str


@dataclass(frozen=True, slots=True)
class EmergencyRules:
    """`emergencies.yml`, checked."""

    rows: Mapping[str, Care]
    never_ask: frozenset[str]
    alarms: tuple[Alarm, ...]
    combinations: tuple[Combination, ...]
    long_ago_counts: frozenset[str]
    recent_makes: Mapping[str, str]
    net: NetRules
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True)
class Fired:
    """An emergency with the words that fired it."""

    emergency: Emergency
    start: int
    end: int


def load_rules(data: Mapping[str, Any], book: PhraseBook, rows: Iterable[str]) -> EmergencyRules:
    """Puts the phrases of `emergencies.yml` into the book and returns the rest."""
    known = frozenset(rows)
    base = {row: Care(care) for row, care in data["rows"].items()}
    alarms: list[Alarm] = []
    for index, entry in enumerate(data["alarms"]):
        alarms.append(Alarm(entry["row"], Care(entry["care"]), entry.get("general") == "true"))
        for phrase in entry["phrases"]:
            book.add(Label("alarm", str(index)), phrase, spellable=True)
    for sign, phrases in data["signs"].items():
        for phrase in phrases:
            book.add(Label("sign", sign), phrase, spellable=True)
    for row, phrases in data["mild"].items():
        for phrase in phrases:
            book.add(Label("mild", row), phrase)
    markers = {"sentence": data["now"]["sentence"], "linked": data["now"]["linked"], "not": data["now"]["not_now"],
               "whatever": data["now_whatever"]}  # fmt: skip
    for name, phrases in markers.items():
        for phrase in phrases:
            book.add(Label("now", name), phrase)
    for kind in ("education", "crisis_over", "lifelong", "crisis_long_ago", "crisis_again"):
        for phrase in data[kind]:
            book.add(Label("frame", kind), phrase)
    causes: list[Cause] = []
    for index, entry in enumerate(data["explained"]):
        causes.append(Cause(frozenset(entry["rows"]), "proof" in entry))
        for kind, phrases in (("by", entry["by"]), ("proof", entry.get("proof", ())), ("unless", entry["unless"])):
            for phrase in phrases:
                book.add(Label(kind, str(index)), phrase)
    for phrase in data["unexplained"]:
        book.add(Label("unless", "all"), phrase)
    for phrase in data["not_meant"]:
        book.add(Label("not_meant", ""), phrase)
    for phrase in data["idioms"]:
        book.add(Label("idiom", ""), phrase)
    combinations = tuple(
        Combination(
            row=entry["row"],
            care=Care(entry["care"]),
            groups=tuple(frozenset(group) for group in entry["all"]),
            lock=entry.get("lock") != "false",
            within=int(entry["within"]) if "within" in entry else None,
        )
        for entry in data["combinations"]
    )
    for combination in combinations:
        for name in frozenset().union(*combination.groups) - known - set(data["signs"]):
            raise ValueError(f"emergencies.yml: no row and no sign {name!r} (combination of {combination.row})")
    net = NetRules(
        words=int(data["net"]["words"]),
        doubts=float(data["net"]["doubts"]),
        shows=float(data["net"]["shows"]),
        asks=float(data["net"]["asks"]),
        shows_crisis=float(data["net"]["shows_crisis"]),
        in_questions=float(data["net"]["in_questions"]),
        holds_crisis=float(data["net"]["holds_crisis"]),
        row=data["net"]["row"],
    )
    if not 0 <= net.doubts <= 0.5 <= net.shows <= net.asks <= net.holds_crisis <= 1:
        raise ValueError("emergencies.yml: net: doubts <= 0.5 <= shows <= asks <= holds_crisis <= 1")
    if not net.doubts <= net.shows_crisis <= net.shows:
        raise ValueError("emergencies.yml: net: doubts <= shows_crisis <= shows")
    if not net.shows <= net.in_questions <= 1:
        raise ValueError("emergencies.yml: net: shows <= in_questions <= 1")
    for row in [
        net.row,
        *base,
        *(a.row for a in alarms),
        *(c.row for c in combinations),
        *data["long_ago_counts"],
        *data["recent_makes"].values(),
        *(row for cause in causes for row in cause.rows),
    ]:
        if row not in known:
            raise ValueError(f"emergencies.yml: no row {row!r}")
    return EmergencyRules(
        base,
        frozenset(data["never_ask"]),
        tuple(alarms),
        combinations,
        frozenset(data["long_ago_counts"]),
        dict(data["recent_makes"]),
        net,
        tuple(causes),
    )


class _Markers:
    """Where the message says "now", asks to learn, or looks back."""

    def __init__(self, tokens: Sequence[Token], matches: Iterable[Match]) -> None:
        spans: dict[str, list[Match]] = {}
        for match in matches:
            if match.label.kind in {"now", "frame"}:
                spans.setdefault(match.label.name, []).append(match)
        off = spans.get("not", [])
        self._sentences: dict[str, set[int]] = {
            name: {tokens[m.start].sentence for m in found if not any(o.start < m.end and m.start < o.end for o in off)}
            for name, found in spans.items()
            if name != "not"
        }
        self._whatever = {tokens[m.start].sentence for m in spans.get("whatever", ())}

    def now(self, sentence: int) -> bool:
        near = self._sentences.get("linked", set())
        return sentence in self._sentences.get("sentence", set()) or bool(near & {sentence - 1, sentence, sentence + 1})

    def whatever(self, sentence: int) -> bool:
        return sentence in self._whatever

    def education(self, sentence: int) -> bool:
        return sentence in self._sentences.get("education", set())

    def over(self, sentence: int) -> bool:
        return bool(self._sentences.get("crisis_over", set()) & {sentence, sentence + 1})


@dataclass(frozen=True, slots=True)
class Findings:
    """What the emergency rules make of a message."""

    fired: tuple[Fired, ...] = ()
    crisis_past: bool = False

    def first(self, rules: EmergencyRules) -> Emergency | None:
        """The one to show: a real one before a conditional one, the more urgent, the one that locks."""
        if not self.fired:
            return None
        ranked = sorted(
            (f.emergency for f in self.fired),
            key=lambda e: (
                e.conditional,
                -e.care.urgency,
                e.general,
                e.asking,
                e.condition not in rules.rows,
                e.condition,
            ),
        )
        top = ranked[0]
        real = [e for e in ranked if not e.conditional]
        if top.general and top.condition != CRISIS:  # "my calf is swollen, call an ambulance": the calf is what it is
            named = next((e for e in real if not e.general), None)
            if named is not None:
                top = replace(named, care=top.care, asking=False, general=True)
        if top.asking and not top.conditional and any(not e.asking for e in real):
            return replace(top, asking=False)
        return top


def find(
    tokens: Sequence[Token],
    matches: Sequence[Match],
    rows: Sequence[Sighting],
    clauses: Clauses,
    rules: EmergencyRules,
    hidden: Sequence[Match],
) -> Findings:
    """Every emergency of the message. `hidden` are figures of speech and words that mean something else."""
    markers = _Markers(tokens, matches)
    hidden = [*hidden, *(m for m in matches if m.label.kind == "not_meant")]
    explained = _explained(tokens, matches, clauses, rules)
    long_ago = [m for m in matches if m.label == Label("frame", "crisis_long_ago")]
    lifelong = [m for m in matches if m.label == Label("frame", "lifelong")]
    again = any(m.label == Label("frame", "crisis_again") for m in matches)
    fired: list[Fired] = []
    crisis_past = False

    def sentence(match: Match) -> int:
        return tokens[match.start].sentence

    def visible(match: Match) -> bool:
        return not swallowed(match, hidden)

    def judge(row: str, care: Care, match: Match, said: Assertion, lock: bool, general: bool = False) -> Fired:
        where = sentence(match)
        now = markers.now(where) or markers.whatever(where)
        conditional = said.conditional and not markers.whatever(where)
        if row in rules.never_ask:
            conditional = conditional and markers.education(where)
        asking = conditional or not (lock or now or row in rules.never_ask)
        return Fired(Emergency(row, care, asking, said.family, conditional, general), match.start, match.end)

    def over(row: str, match: Match, said: Assertion) -> bool:
        """Clearly denied, clearly past, there since birth, or explained by a harmless cause."""
        if row == CRISIS and again and not said.negated:  # an old crisis that may be back is one
            return False
        if said.negated or (said.distant and said.past):
            return True
        if row != CRISIS:
            always = any(clauses.joined(m, match.start, match.end) for m in lifelong)
            return (always and not markers.now(sentence(match))) or harmless(row, match)
        if said.recent:
            return False
        behind = any(clauses.joined(m, match.start, match.end) for m in long_ago)
        return behind or (said.past and markers.over(sentence(match)))

    def harmless(row: str, match: Match) -> bool:
        return (row, sentence(match)) in explained

    for seen in rows:
        care = rules.rows.get(seen.name)
        becomes = rules.recent_makes.get(seen.name)
        if seen.idiom:
            continue
        if becomes and seen.assertion.recent and not (seen.assertion.negated or seen.assertion.conditional):
            fired.append(judge(becomes, rules.rows[becomes], seen.match, seen.assertion, lock=False))
        if care is None:
            continue
        if over(seen.name, seen.match, seen.assertion):
            crisis_past = crisis_past or seen.name == CRISIS
            continue
        if mild(seen.name, seen.match, matches):
            continue
        fired.append(judge(seen.name, care, seen.match, seen.assertion, lock=False))

    sightings: dict[str, list[Sighting]] = {}
    for seen in rows:
        if not seen.idiom:
            sightings.setdefault(seen.name, []).append(seen)
    for match in matches:
        if match.label.kind == "sign" and visible(match):
            said = clauses.assess(match.start, match.end, match.gaps)
            sightings.setdefault(match.label.name, []).append(Sighting(match.label.name, match, said))
        if match.label.kind == "alarm" and visible(match):
            alarm = rules.alarms[int(match.label.name)]
            said = clauses.assess(match.start, match.end, match.gaps)
            recent_enough = not said.past or said.recent or alarm.row in rules.never_ask
            if not over(alarm.row, match, said) and recent_enough:
                hit = judge(alarm.row, alarm.care, match, said, True, alarm.general)
                fired = [f for f in fired if not _same_case(f, hit)] + [hit]  # the alarm knows the care better

    for combination in rules.combinations:
        groups = [
            [
                seen
                for name in sorted(group)
                for seen in sightings.get(name, ())
                if not seen.assertion.negated
                and (name in rules.long_ago_counts or not (seen.assertion.past and seen.assertion.distant))
            ]
            for group in combination.groups
        ]
        if not all(groups):
            continue
        for family in (False, True):
            of_one = [[s for s in group if s.assertion.family is family] for group in groups]
            chosen = _choose(of_one) if combination.within is None else _close(of_one, tokens, combination.within)
            if chosen is None or all(harmless(combination.row, s.match) for s in chosen):
                continue
            first = min(s.match.start for s in chosen)
            last = max(s.match.end for s in chosen)
            said = Assertion(
                family=family,
                question=any(s.assertion.question for s in chosen),
                hypothetical=any(s.assertion.hypothetical for s in chosen),
            )
            span = Match(chosen[0].match.label, first, last)
            lock = combination.lock or any(markers.now(sentence(s.match)) for s in chosen)
            fired.append(judge(combination.row, combination.care, span, said, lock))
    return Findings(tuple(fired), crisis_past)


def _explained(
    tokens: Sequence[Token], matches: Sequence[Match], clauses: Clauses, rules: EmergencyRules
) -> frozenset[tuple[str, int]]:
    """Rows that a sentence gives a harmless cause for, with that sentence.

    A cause that is denied is none; one word of doubt anywhere in the message, and nothing is explained.
    """
    if not any(m.label.kind == "by" for m in matches):
        return frozenset()

    def stated(kind: str) -> list[Match]:
        found = (m for m in matches if m.label.kind == kind)
        return [m for m in found if not clauses.assess(m.start, m.end, m.gaps).negated]

    doubted = {m.label.name for m in stated("unless")}
    if "all" in doubted:
        return frozenset()
    proven = {m.label.name for m in stated("proof")}
    return frozenset(
        (row, tokens[m.start].sentence)
        for m in stated("by")
        if m.label.name not in doubted
        for cause in (rules.causes[int(m.label.name)],)
        if not cause.proof or m.label.name in proven
        for row in cause.rows
    )


def _choose(groups: Sequence[Sequence[Sighting]]) -> list[Sighting] | None:
    """One sighting of each group, no two of the very same words; statements before questions."""
    chosen: list[Sighting] = []
    for group in groups:
        free = [s for s in group if all((s.match.start, s.match.end) != (c.match.start, c.match.end) for c in chosen)]
        if not free:
            return None
        chosen.append(min(free, key=lambda s: (s.assertion.conditional, s.match.start)))
    return chosen


def _close(groups: Sequence[Sequence[Sighting]], tokens: Sequence[Token], within: int) -> list[Sighting] | None:
    """One sighting of each group, in one sentence and near each other; statements before questions."""
    found: list[list[Sighting]] = []
    for chosen in product(*(group[:_TRIED] for group in groups)):
        in_order = sorted((s.match for s in chosen), key=lambda m: (m.start, m.end))
        if all(
            0 <= right.start - left.end <= within and tokens[left.start].sentence == tokens[right.start].sentence
            for left, right in pairwise(in_order)
        ):
            found.append(list(chosen))
    return min(
        found,
        key=lambda chosen: (any(s.assertion.conditional for s in chosen), min(s.match.start for s in chosen)),
        default=None,
    )


def _same_case(one: Fired, other: Fired) -> bool:
    """An earlier, milder reading of the same row: its alarm takes its place."""
    milder = one.emergency.asking or one.emergency.condition == CRISIS
    return one.emergency.condition == other.emergency.condition and milder and not other.emergency.asking


def mild(row: str, match: Match, matches: Iterable[Match]) -> bool:
    """Whether a mention is too weak to start an emergency by itself: an old, known illness or an ordinary ache."""
    return any(m.label == Label("mild", row) and m.start <= match.start and match.end <= m.end for m in matches)


def swallowed(match: Match, hidden: Iterable[Match]) -> bool:
    """A figure of speech holds the words, or at least their end ("want to [die of embarrassment]")."""
    return any(
        (h.start <= match.start and match.end <= h.end)
        or (h.label.kind == "idiom" and match.start < h.start < match.end < h.end)
        for h in hidden
    )
