"""The clinical rules as typed values, read from `knowledge/` and checked: a rule that is wrong stops the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.clinical.model import Care, Tier
from bot.knowledge import KnowledgeError, read_yaml

NEXT: Literal["NEXT"] = "NEXT"
LISTEN_ONLY = "listen-only"
ANSWERS_FOR_ANOTHER = "answers_by_another_person"  # guide 2.5, 5: a finding that is not a row
UNKNOWN_MEDICINE = "unknown_medicine"  # guide 4.5, 8: a finding that is not a row
TAKEN_BACK = (
    "answers_taken_back"  # guide 2.1, 4: given anew at once after a stricter result; a finding that is not a row
)


def _tier(value: Any) -> Any:
    return Tier[value] if isinstance(value, str) and value in Tier.__members__ else value


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FollowUpAnswer(_Data):
    """One choice of a follow-up question and what it means."""

    answer: str
    tier: Tier | Literal["NEXT"]
    care: Care | None = None
    fires: tuple[str, ...] = ()
    letter: Tier | None = None
    ask: FollowUp | None = None
    note: str | None = None
    says: tuple[str, ...] = ()
    days: tuple[float, float] | None = None

    _tiers = field_validator("tier", "letter", mode="before")(_tier)


class FollowUp(_Data):
    """A follow-up question of a row, with its choices in order."""

    q: str
    answers: tuple[FollowUpAnswer, ...] = Field(min_length=1)

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(answer.answer for answer in self.answers)

    @property
    def reaches_emergency(self) -> bool:
        return any(answer.tier == Tier.EMERGENCY for answer in self.answers)

    def choice(self, text: str) -> FollowUpAnswer | None:
        """The answer whose words are exactly `text`."""
        return next((answer for answer in self.answers if answer.answer == text), None)


class Condition(_Data):
    """A row: something that may weigh on a booking."""

    id: str
    name: str
    label: str | None = None
    category: str
    base_tier: Tier
    care: Care | None = None
    unclear_tier: Tier
    ask: str
    lay: tuple[str, ...]
    drug_names: tuple[str, ...] = ()
    follow_up: tuple[FollowUp, ...] = Field(min_length=1)
    staff_reason: str
    client: Mapping[Tier, str]
    note: str | None = None
    basis: Literal["guideline", "case-report", "consensus", "house-rule", "law"]
    sources: tuple[str, ...]

    _tiers = field_validator("base_tier", "unclear_tier", mode="before")(_tier)

    @field_validator("client", mode="before")
    @classmethod
    def _client_tiers(cls, value: Any) -> Any:
        return {_tier(key): text for key, text in value.items()} if isinstance(value, dict) else value

    @property
    def choice_label(self) -> str:
        """What the client reads where this row is one of several."""
        return self.label or self.name

    @property
    def is_emergency(self) -> bool:
        return self.base_tier is Tier.EMERGENCY

    @property
    def never_asked(self) -> bool:
        """A crisis has no question of its own: the numbers come at once (guide 2.1, rule 2)."""
        return self.care is Care.CRISIS

    def emergency_care(self) -> Care:
        """The kind of care of this row where an answer does not say otherwise."""
        if self.care is not None:
            return self.care
        cares = [a.care for f in self.follow_up for a in f.answers if a.care is not None]
        return max(cares, key=lambda care: care.urgency, default=Care.SAME_DAY)


class Item(_Data):
    """A line of a checklist."""

    id: str
    text: str
    rows: tuple[str, ...] = Field(min_length=1)


class Step(_Data):
    """A checklist: one turn of the pre-screen."""

    id: str
    name: str
    items: tuple[Item, ...] = Field(min_length=1)


class Combination(_Data):
    """Facts that together weigh more than each alone."""

    id: str
    when: tuple[tuple[str, ...], ...] = Field(min_length=1)
    tier: Tier
    care: Care | None = None
    shown: str
    reason: str
    client: str | None = None

    _tiers = field_validator("tier", mode="before")(_tier)


class Mimic(_Data):
    """The one question that a reason for the visit calls for."""

    id: str
    heard: tuple[str, ...]
    question: str | None
    rows: tuple[str, ...]
    tier: Tier | None = None
    care: Care | None = None

    _tiers = field_validator("tier", mode="before")(_tier)


class Mimics(_Data):
    questions: tuple[Mimic, ...]
    heard: Mapping[str, tuple[str, ...]]


class Ruleset(_Data):
    """Which rules these are and who answers for them."""

    version: str
    clinical_lead: str | None = None
    signed_on: date | None = None
    valid_days: int = Field(gt=0)
    full_again_after_months: int = Field(gt=0)
    resume_hours: int = Field(gt=0)
    letter_months: int = Field(gt=0)
    taken_back_hours: int = Field(gt=0)

    @property
    def signed(self) -> bool:
        return bool(self.clinical_lead and self.signed_on)


class CareTexts(_Data):
    text: str
    third_person: str
    conditional: str
    repeat: str


class CareWording(_Data):
    """What a client is told first when something may need urgent care."""

    heard_question: str

    ambulance: CareTexts
    same_day: CareTexts
    crisis: CareTexts
    closing: Mapping[Care, str]
    stroke_signs_addition: str
    worse_signs: Mapping[str, str]

    def texts(self, care: Care) -> CareTexts:
        return {Care.AMBULANCE: self.ambulance, Care.SAME_DAY: self.same_day, Care.CRISIS: self.crisis}[care]


class Rules(BaseModel):
    """All clinical rules, checked against each other."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    ruleset: Ruleset
    conditions: Mapping[str, Condition]
    steps: tuple[Step, ...]
    combinations: tuple[Combination, ...]
    mimics: Mimics
    care: CareWording

    @property
    def version(self) -> str:
        return self.ruleset.version

    @cached_property
    def items(self) -> Mapping[str, Item]:
        return {item.id: item for step in self.steps for item in step.items}

    def items_of(self, step: str) -> tuple[Item, ...]:
        return next(s.items for s in self.steps if s.id == step)

    @staticmethod
    def load(knowledge: Path) -> Rules:
        """Read and check the rules.

        Raises:
            KnowledgeError: a file is missing, malformed, or names something that does not exist.
        """
        rows = _parse(knowledge / "conditions.yml", _ConditionList).rows
        steps = _parse(knowledge / "questions.yml", _StepList).rows
        combinations = _parse(knowledge / "combinations.yml", _CombinationList).rows
        rules = Rules(
            ruleset=_parse(knowledge / "ruleset.yml", Ruleset),
            conditions={row.id: row for row in rows},
            steps=steps,
            combinations=combinations,
            mimics=_parse(knowledge / "mimics.yml", Mimics),
            care=_parse(knowledge / "care.yml", CareWording),
        )
        for file, key, reason, remedy in _faults(rules, len(rows)):
            raise KnowledgeError(knowledge / file, key, reason, remedy)
        return rules


class _ConditionList(_Data):
    rows: tuple[Condition, ...]


class _StepList(_Data):
    rows: tuple[Step, ...]


class _CombinationList(_Data):
    rows: tuple[Combination, ...]


def _parse[M: BaseModel](path: Path, model: type[M]) -> M:
    data = read_yaml(path)
    try:
        return model.model_validate({"rows": data} if isinstance(data, list) else data)
    except ValidationError as error:
        first = error.errors()[0]
        place = list(first["loc"])[1 if isinstance(data, list) else 0 :]
        if isinstance(data, list) and place and isinstance(place[0], int):
            entry = data[place[0]]
            place[0] = entry.get("id", place[0]) if isinstance(entry, dict) else place[0]
        raise KnowledgeError(
            path, ".".join(str(part) for part in place), first["msg"], "correct this value or remove it"
        ) from error


def _faults(rules: Rules, row_count: int) -> Iterator[tuple[str, str, str, str]]:
    known = rules.conditions
    if len(known) != row_count:
        yield "conditions.yml", "id", "two rows have the same id", "give each row an id of its own"
    for step in rules.steps:
        for item in step.items:
            for name in item.rows:
                if name not in known:
                    yield "questions.yml", item.id, f"there is no row {name}", "name an existing row"
    asked = {row for step in rules.steps for item in step.items for row in item.rows}
    for row in known.values():
        where = f"{row.id}"
        if row.ask != LISTEN_ONLY and not row.ask.startswith(("T1", "T6")) and row.id not in asked:
            yield "questions.yml", where, "no item brings this row up", f"add {row.id} to the rows of item {row.ask}"
        if row.unclear_tier is Tier.NONE:
            yield "conditions.yml", f"{where}.unclear_tier", "an unclear answer counts as nothing", "choose a tier"
        for tier in reachable_tiers(row) - {Tier.NONE}:
            if tier not in row.client:
                yield (
                    "conditions.yml",
                    f"{where}.client.{tier.name}",
                    "this tier can be reached but the client has no sentence for it",
                    f"write the sentence under client: {tier.name}",
                )
        for follow_up in row.follow_up:
            for answer in _all_answers(follow_up):
                for fired in answer.fires:
                    if fired not in known:
                        yield "conditions.yml", f"{where}.fires", f"there is no row {fired}", "name an existing row"
                if answer.tier == Tier.EMERGENCY and answer.care is None:
                    yield (
                        "conditions.yml",
                        f"{where}.follow_up",
                        f"the emergency answer {answer.answer!r} has no care",
                        "add care: ambulance, same_day or crisis",
                    )
    for mimic in rules.mimics.questions:
        for name in mimic.rows:
            if name not in known:
                yield "mimics.yml", mimic.id, f"there is no row {name}", "name an existing row"
        for group in mimic.heard:
            if group not in rules.mimics.heard:
                yield "mimics.yml", mimic.id, f"there is no group {group} under heard", "add the group"
    for combination in rules.combinations:
        if combination.shown not in known:
            yield "combinations.yml", combination.id, f"there is no row {combination.shown}", "name an existing row"
        if combination.tier is Tier.EMERGENCY and combination.care is None:
            yield "combinations.yml", combination.id, "an emergency needs a care", "add care"
        for fact in (fact for line in combination.when for fact in line):
            if not _fact_exists(fact, rules):
                yield (
                    "combinations.yml",
                    combination.id,
                    f"the fact {fact!r} can never hold",
                    "name an existing row, answer, mimic or heard group",
                )


def _all_answers(follow_up: FollowUp) -> Iterator[FollowUpAnswer]:
    for answer in follow_up.answers:
        yield answer
        if answer.ask is not None:
            yield from _all_answers(answer.ask)


def _fact_exists(fact: str, rules: Rules) -> bool:
    kind, _, rest = fact.partition(":")
    if kind == "row":
        name, _, tier = rest.partition(">=")
        return name in rules.conditions and (not tier or tier in Tier.__members__)
    if kind == "answer":
        name, _, text = rest.partition(":")
        row = rules.conditions.get(name)
        return row is not None and any(f.choice(text) for f in row.follow_up)
    if kind == "mimic":
        return any(mimic.id == rest for mimic in rules.mimics.questions)
    return kind == "heard" and rest in rules.mimics.heard


def reachable_tiers(row: Condition) -> set[Tier]:
    """Every tier that the answers to this row can give, clear or unclear."""
    tiers = {row.base_tier, row.unclear_tier}
    for follow_up in row.follow_up:
        if follow_up.reaches_emergency and not row.is_emergency and Tier.STOP in row.client:
            tiers.add(Tier.STOP)  # guide 2.5, 2
        for answer in _all_answers(follow_up):
            if isinstance(answer.tier, Tier):
                tiers.add(answer.tier)
            if answer.letter is not None:
                tiers.add(answer.letter)
    return tiers
