"""The clinical files as people use them: labels, synonyms, reasons and short replies keep out of each other's way."""

from __future__ import annotations

import re

import pytest

from bot.clinical.answers import Phrases, plain
from bot.clinical.interview import SOMETHING_ELSE
from bot.clinical.model import Care, Tier
from bot.clinical.rules import Condition, FollowUp
from tests.unit.triage_cases import KNOWLEDGE, RULES

PHRASES = Phrases.load(KNOWLEDGE)
ROWS = list(RULES.conditions.values())
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def follow_ups(row: Condition) -> list[FollowUp]:
    inner = [a.ask for f in row.follow_up for a in f.answers if a.ask is not None]
    return [*row.follow_up, *inner]


@each_row
def test_choices_can_be_told_apart(row: Condition) -> None:
    for follow_up in follow_ups(row):
        plainly = [plain(choice) for choice in follow_up.choices]
        assert len(set(plainly)) == len(plainly)
        assert "not sure" not in plainly


@each_row
def test_a_synonym_is_one_choice_and_no_reply_of_another_kind(row: Condition) -> None:
    for follow_up in follow_ups(row):
        says = [say for answer in follow_up.answers for say in answer.says]
        assert len(says) == len(set(says))
        for say in says:
            assert not PHRASES.means("unsure", say), f"{say!r} would always be read as not sure"
            assert say not in map(plain, follow_up.choices)


@each_row
def test_no_synonym_makes_an_unclear_word_an_answer(row: Condition) -> None:
    for follow_up in follow_ups(row):
        for answer in follow_up.answers:
            for say in answer.says:
                assert "?" not in say
                assert not re.search(r"\b(?:maybe|probably|used to|not really|kind of(?! headache)|sort of)\b", say)


@each_row
def test_days_fit_together(row: Condition) -> None:
    for follow_up in follow_ups(row):
        for answer in follow_up.answers:
            if answer.days is not None:
                assert 0 <= answer.days[0] < answer.days[1]
                assert answer.tier in (Tier.STOP, Tier.CLEARANCE), "a length of time alone may not make it milder"


def test_labels_of_an_item_can_be_told_apart() -> None:
    for item in RULES.items.values():
        labels = [plain(RULES.conditions[row].choice_label) for row in item.rows]
        assert len(set(labels)) == len(labels)
        assert SOMETHING_ELSE not in labels


@pytest.mark.parametrize("group", sorted(PHRASES.groups))
def test_short_replies_are_found_as_written(group: str) -> None:
    for phrase in PHRASES.groups[group]:
        assert phrase == plain(phrase)
        assert phrase


def test_words_around_an_answer_change_nothing() -> None:
    denials = {"no", "not", "never", "none", "without", "but", "except", "or", "if", "maybe", "only", "just"}
    assert not PHRASES.groups["around"] & denials
    assert not PHRASES.groups["filler"] & (denials - {"just"})
    assert all(" " not in word for word in PHRASES.groups["around"] | PHRASES.groups["about"])


def test_every_kind_of_care_has_every_text() -> None:
    for care in Care:
        texts = RULES.care.texts(care)
        assert all(texts.model_dump().values())
        assert RULES.care.closing[care]
    assert set(RULES.care.worse_signs) - {"default"} <= set(RULES.conditions)


def test_what_is_heard_is_whole_words_in_lower_case() -> None:
    for group, words in RULES.mimics.heard.items():
        assert words
        assert all(word == word.lower() == word.strip() for word in words), group
    used = {group for mimic in RULES.mimics.questions for group in mimic.heard}
    used |= {f.removeprefix("heard:") for c in RULES.combinations for line in c.when for f in line if f[:6] == "heard:"}
    assert used == set(RULES.mimics.heard), "a group that nothing listens for"
