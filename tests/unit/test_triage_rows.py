"""Every way through every row, against the rules of the guide stated a second time, and against the written table."""

from __future__ import annotations

from typing import Any

import pytest

from bot.clinical.model import Tier
from bot.clinical.rules import Condition
from bot.clinical.triage import triage
from bot.knowledge import read_yaml
from tests.unit.triage_cases import DOUBT, GOLDEN, KNOWLEDGE, OPEN, RULES, WHICH, mention, outcome_of, record_of, ways
from tests.unit.triage_cases import Step as Way

RAW: dict[str, dict[str, Any]] = {row["id"]: row for row in read_yaml(KNOWLEDGE / "conditions.yml")}
TABLE: dict[str, list[Any]] = read_yaml(GOLDEN)
ORDER = ["NONE", "CAUTION", "CLEARANCE", "STOP", "EMERGENCY"]
URGENCY = ["same_day", "ambulance", "crisis"]
ROWS = list(RULES.conditions.values())


def row_id(row: Condition) -> str:
    return row.id


def expected(row: dict[str, Any], way: tuple[Way, ...], letter: bool) -> list[str]:
    """The guide's rules 2.1 (2, 3) and 2.5 (2), over the file as it is, without the code under test."""
    cares = [a["care"] for f in row["follow_up"] for a in f["answers"] if "care" in a]
    own = row.get("care") or max(cares, key=URGENCY.index, default="same_day")
    if way[0][1] == WHICH:
        return _out(row["unclear_tier"], own)
    weights: list[tuple[str, str]] = []
    for question, value in way:
        asked = _question(row, question)
        if value == OPEN:
            weights.append((row["base_tier"], own))
        elif value == DOUBT:
            if row["base_tier"] == "EMERGENCY":
                weights.append(("EMERGENCY", own))
            elif any(a["tier"] == "EMERGENCY" for a in asked):
                weights.append((max("STOP", row["unclear_tier"], key=ORDER.index), own))
            else:
                weights.append((row["unclear_tier"], own))
        else:
            answer = next(a for a in asked if a["answer"] == value)
            if answer["tier"] != "NEXT":
                tier = answer["tier"]
                if "letter" in answer and not letter:
                    tier = max(tier, answer["letter"], key=ORDER.index)
                weights.append((tier, answer.get("care", own)))
    top = max((tier for tier, _ in weights), key=ORDER.index)
    return _out(top, max((care for tier, care in weights if tier == top), key=URGENCY.index))


def _question(row: dict[str, Any], question: str) -> list[dict[str, Any]]:
    number, *inner = question.split("/")[1:]
    answers: list[dict[str, Any]] = row["follow_up"][int(number) - 1]["answers"]
    return next(a["ask"]["answers"] for a in answers if "ask" in a) if inner else answers


def _out(tier: str, care: str) -> list[str]:
    return [tier, care] if tier == "EMERGENCY" else [tier]


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_every_way_follows_the_rules_of_the_guide(row: Condition) -> None:
    for way in ways(row):
        for letters in (frozenset[str](), frozenset({row.id})):
            assert outcome_of(row, way, letters) == expected(RAW[row.id], way, bool(letters)), way


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_every_way_comes_to_what_the_table_says(row: Condition) -> None:
    found = {}
    for way in ways(row):
        found[tuple(value for _, value in way)] = (
            outcome_of(row, way),
            outcome_of(row, way, frozenset({row.id})),
        )
    written = {tuple(line[0]): (line[1], line[-1]) for line in TABLE[row.id]}
    assert found == written


def test_the_table_has_every_row_and_no_other() -> None:
    assert list(TABLE) == list(RULES.conditions)
    assert len(TABLE) == 50


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_row_weighs_on_the_booking_as_much_as_its_answers(row: Condition) -> None:
    """The whole decision, not only the row's part of it: nothing else may make it weigh less."""
    for way in ways(row):
        if way[0][1] == WHICH:
            continue
        result = triage(record_of(way).with_said(mention(row.id)), RULES)
        tier = Tier[outcome_of(row, way)[0]]
        findings = [f for f in result.findings if f.condition == row.id]
        assert [f.tier for f in findings] == ([] if tier is Tier.NONE else [tier]), way
        assert result.tier >= tier
        if result.tier is Tier.EMERGENCY:
            assert result.care is not None


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_an_unclear_answer_is_never_nothing(row: Condition) -> None:
    for way in ways(row):
        if any(value in (DOUBT, WHICH) for _, value in way):
            assert Tier[outcome_of(row, way)[0]] > Tier.NONE, way


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_a_letter_counts_only_when_staff_have_recorded_it(row: Condition) -> None:
    for way in ways(row):
        alone = Tier[outcome_of(row, way)[0]]
        other_letter = Tier[outcome_of(row, way, frozenset({"another_row"}))[0]]
        with_letter = Tier[outcome_of(row, way, frozenset({row.id}))[0]]
        assert alone == other_letter
        assert with_letter <= alone
        if with_letter < alone:
            answer = next(a for f in row.follow_up for a in f.answers if a.answer == way[-1][1])
            assert alone is Tier.CLEARANCE
            assert with_letter is answer.tier


def test_another_row_that_an_answer_brings_up_is_asked_about() -> None:
    """Every `fires` of the file adds its row, with its own weight."""
    count = 0
    for row in ROWS:
        for way in ways(row):
            asked = _question(RAW[row.id], way[-1][0]) if way[-1][0] else []
            for other in next((a.get("fires", []) for a in asked if a["answer"] == way[-1][1]), []):
                result = triage(record_of(way).with_said(mention(row.id)), RULES)
                assert other in {f.condition for f in result.findings}, way
                assert result.tier >= RULES.conditions[other].base_tier
                count += 1
    assert count >= 5
