"""The clinical rules as they are loaded: complete, and refused with a reason where they are wrong."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from bot.clinical.model import Care, Tier
from bot.clinical.rules import LISTEN_ONLY, Rules, reachable_tiers
from bot.knowledge import KnowledgeError
from tests.unit.triage_cases import KNOWLEDGE, RULES

FILES = ("care", "combinations", "conditions", "mimics", "questions", "ruleset")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(KNOWLEDGE / f"{name}.yml", tmp_path)
    return tmp_path


def test_the_rules_are_complete() -> None:
    assert len(RULES.conditions) == 50
    assert [(step.id, len(step.items)) for step in RULES.steps] == [("T2", 8), ("T3", 7), ("T4", 7), ("T5", 8)]
    assert sum(row.is_emergency for row in RULES.conditions.values()) == 10
    assert Counter(row.ask for row in RULES.conditions.values())[LISTEN_ONLY] == 2
    assert RULES.items_of("T3")[4].id == "T3.5"
    assert RULES.version == RULES.ruleset.version


def test_nobody_has_signed_the_rules_yet() -> None:
    """As long as this holds, staff see them as unsigned. Whoever signs changes this test with the file."""
    assert not RULES.ruleset.signed


def test_every_row_that_is_asked_has_its_line() -> None:
    asked = {row for item in RULES.items.values() for row in item.rows}
    unasked = {name for name in RULES.conditions if name not in asked}
    assert unasked == {"suicidal_crisis", "intoxication", "allergies", "pain_masking_meds", "minor"}


@pytest.mark.parametrize("row", RULES.conditions.values(), ids=lambda row: row.id)
def test_every_tier_that_can_be_reached_has_its_sentence(row: object) -> None:
    from bot.clinical.rules import Condition

    assert isinstance(row, Condition)
    assert reachable_tiers(row) - {Tier.NONE} <= set(row.client)
    assert "," not in row.choice_label or row.label is None
    assert row.staff_reason
    assert len(row.sources) >= 1


def test_the_kind_of_care_of_a_row() -> None:
    assert RULES.conditions["dvt_pe_signs"].emergency_care() is Care.SAME_DAY
    assert RULES.conditions["heart_disease"].emergency_care() is Care.AMBULANCE
    assert RULES.conditions["suicidal_crisis"].emergency_care() is Care.CRISIS
    assert RULES.conditions["allergies"].care is None
    assert RULES.conditions["suicidal_crisis"].never_asked
    assert not RULES.conditions["chest_pain"].never_asked
    assert [care.urgency for care in (Care.CRISIS, Care.AMBULANCE, Care.SAME_DAY)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("conditions", "- id: stroke_signs", "- id: chest_pain", "two rows have the same id"),
        ("conditions", "category: cardiac\n", "category: cardiac\n  colour: red\n", "colour"),
        ("conditions", "tier: EMERGENCY, says", "tier: DANGER, says", "follow_up"),
        ("conditions", "basis: guideline", "basis: hearsay", "basis"),
        ("conditions", ", care: same_day}\n    - {answer: \"older", "}\n    - {answer: \"older", "has no care"),
        ("conditions", "unclear_tier: CLEARANCE", "unclear_tier: NONE", "counts as nothing"),
        ("conditions", "ask: T3.5", "ask: T9.9", None),
        ("questions", "rows: [hypertension]", "rows: [hypertensions]", "no row hypertensions"),
        ("questions", "rows: [hypertension]", "rows: [epilepsy]", "no item brings this row up"),
        ("questions", "rows: [hypertension]", "rows: []", "rows"),
        ("combinations", "tier: EMERGENCY\n  care: ambulance", "tier: EMERGENCY", "needs a care"),
        ("combinations", "row:diabetes\"", "row:diabetis\"", "can never hold"),
        ("combinations", "row:nerve_symptoms>=CLEARANCE", "row:nerve_symptoms>=HIGH", "can never hold"),
        ("combinations", "recent_surgery:under 6 weeks", "recent_surgery:under 7 weeks", "can never hold"),
        ("combinations", "mimic:low_back", "mimic:back", "can never hold"),
        ("mimics", "rows: [head_neck_trauma]", "rows: [whiplash]", "no row whiplash"),
        ("ruleset", "resume_hours: 24", "resume_hours: -1", "resume_hours"),
        ("care", "  repeat: \"I'm still here", "  again: \"I'm still here", "repeat"),
    ],
)  # fmt: skip
def test_wrong_rules_are_refused(folder: Path, file: str, old: str, new: str, words: str | None) -> None:
    path = folder / f"{file}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    if words is None:
        Rules.load(folder)  # where a row is asked is decided by questions.yml alone
        return
    with pytest.raises(KnowledgeError) as refused:
        Rules.load(folder)
    assert words in str(refused.value)
    assert f"{file}.yml" in str(refused.value) or file == "questions"
