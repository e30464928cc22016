"""Sentences that differ only in what they name are told as one."""

from __future__ import annotations

from bot.clinical.model import Tier
from bot.clinical.rules import Rules
from bot.frames import Frames
from bot.settings import ROOT

TEXTS = [row.client[tier] for row in Rules.load(ROOT / "knowledge").conditions.values() for tier in row.client]
FRAMES = Frames.of(TEXTS)


def of_rows(tier: Tier, *rows: str) -> list[str]:
    conditions = Rules.load(ROOT / "knowledge").conditions
    return [conditions[row].client[tier] for row in rows]


def test_rows_with_the_same_sentence_are_named_together() -> None:
    told = FRAMES.merged(of_rows(Tier.CAUTION, "diabetes", "allergies", "hypertension"))
    assert told == [
        "Thank you for telling us about diabetes, an allergy and high blood pressure. You can send a booking request; "
        "we'll flag it so the therapist can adapt the session."
    ]


def test_a_name_with_a_comma_keeps_its_words() -> None:
    (told,) = FRAMES.merged(of_rows(Tier.CLEARANCE, "stroke_signs", "diabetes"))
    assert told.startswith("Because you mentioned sudden face, arm, speech or vision changes and diabetes, we need ")


def test_a_sentence_of_its_own_stays_at_its_place() -> None:
    told = FRAMES.merged(of_rows(Tier.CLEARANCE, "heart_disease", "anticoagulants", "epilepsy"))
    assert len(told) == 2
    assert told[0].startswith("Because you mentioned a heart condition and seizures, we need")
    assert told[1] == of_rows(Tier.CLEARANCE, "anticoagulants")[0]


def test_one_sentence_alone_is_as_it_was_written_and_none_comes_twice() -> None:
    for text in TEXTS:
        assert FRAMES.merged([text, text]) == [text]
