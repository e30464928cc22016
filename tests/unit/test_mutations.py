"""Every number of the clinical files that decides something, made milder by one step, must be noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from bot.clinical.model import Care, Tier
from bot.clinical.rules import Condition, FollowUp, FollowUpAnswer, Rules
from bot.knowledge import read_yaml
from tests.unit.triage_cases import COMBINATIONS, GOLDEN, RULES, combined, mimicked, table

WRITTEN: dict[str, list[Any]] = read_yaml(GOLDEN)
TIERS = 300  # tiers in conditions.yml that can be lowered; a new answer changes this number
CARES = 27  # kinds of care in conditions.yml that can be made less urgent


def milder(model: Any) -> Iterator[tuple[str, Any]]:
    """Copies of a part of the rules, each with one tier, or one kind of care, one step milder."""
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, Tier) and value > Tier.NONE:
            yield f"{field} {value.name}", model.model_copy(update={field: Tier(value - 1)})
        elif value is Care.AMBULANCE:
            yield f"{field} {value}", model.model_copy(update={field: Care.SAME_DAY})
        elif isinstance(value, FollowUp | FollowUpAnswer):
            for name, copy in milder(value):
                yield f"{field}: {name}", model.model_copy(update={field: copy})
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            for place, part in enumerate(value):
                for name, copy in milder(part):
                    parts = (*value[:place], copy, *value[place + 1 :])
                    yield f"{field} {place + 1}: {name}", model.model_copy(update={field: parts})


MUTANTS = {name: list(milder(row)) for name, row in RULES.conditions.items()}


def test_no_number_of_the_rows_is_left_out() -> None:
    names = [name for mutants in MUTANTS.values() for name, _ in mutants]
    assert len([name for name in names if "care" not in name]) == TIERS
    assert len([name for name in names if "care" in name]) == CARES


@pytest.mark.parametrize("row", MUTANTS)
def test_a_milder_row_is_noticed(row: str) -> None:
    assert table(RULES.conditions[row]) == WRITTEN[row]
    assert opens_as_mild(RULES.conditions[row])
    for name, mutant in MUTANTS[row]:
        assert isinstance(mutant, Condition)
        noticed = table(mutant) != WRITTEN[row] or not opens_as_mild(mutant)
        assert noticed, f"{row}: nobody notices a milder {name}"


def opens_as_mild(row: Condition) -> bool:
    """An answer that opens a question weighs as much as that question's mildest choice: either alone would hide."""
    opening = [a for f in row.follow_up for a in f.answers if a.ask is not None]
    return all(a.tier is _mildest(a) for a in opening)


def _mildest(answer: FollowUpAnswer) -> Tier:
    assert answer.ask is not None
    return min(inner.tier for inner in answer.ask.answers if isinstance(inner.tier, Tier))


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_milder_combination_is_noticed(name: str) -> None:
    place, combination = next((n, c) for n, c in enumerate(RULES.combinations) if c.id == name)
    mutants = list(milder(combination))
    assert mutants
    for _, mutant in mutants:
        rest = (*RULES.combinations[:place], mutant, *RULES.combinations[place + 1 :])
        assert combined(name, _with(combinations=rest)) != [COMBINATIONS[name].tier, COMBINATIONS[name].care]
    without = (*RULES.combinations[:place], *RULES.combinations[place + 1 :])
    assert combined(name, _with(combinations=without)) == [None]


def test_a_milder_mimic_is_noticed() -> None:
    before = mimicked("cold_limb", "yes")
    assert (before.tier, before.care) == (Tier.EMERGENCY, Care.AMBULANCE)
    place, mimic = next((n, m) for n, m in enumerate(RULES.mimics.questions) if m.id == "cold_limb")
    for name, mutant in milder(mimic):
        questions = (*RULES.mimics.questions[:place], mutant, *RULES.mimics.questions[place + 1 :])
        after = mimicked("cold_limb", "yes", _with(mimics=RULES.mimics.model_copy(update={"questions": questions})))
        assert [f for f in after.findings if f.condition == "mimic:cold_limb"] != [
            f for f in before.findings if f.condition == "mimic:cold_limb"
        ], name


def _with(**parts: Any) -> Rules:
    return RULES.model_copy(update=parts)
