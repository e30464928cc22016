"""Lengths of time in words, and the days that a choice covers."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.clinical.durations import FOREVER, beside_range, days_in, is_only_a_range, range_of, span_in
from tests.unit.triage_cases import RULES


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("3 days", 3),
        ("three days ago", 3),
        ("2 weeks", 14),
        ("two weeks ago", 14),
        ("a week ago", 7),
        ("6 wks", 42),
        ("1 fortnight", 14),
        ("2 months", 60.8),
        ("half a year", 182.5),
        ("18 months ago", 547.2),
        ("a year ago", 365),
        ("10yrs", 3650),
        ("36 hours", 1.5),
        ("1.5 years", 547.5),
        ("20-week scan", 140),
    ],
)
def test_one_number(text: str, days: float) -> None:
    assert days_in(text) == pytest.approx(days)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2 weeks or 3 months",
        "yesterday, or 2 days ago",
        "last year",
        "a couple of weeks",
        "over a year",
        "in March",
        "about 6 weeks",
    ],
)
def test_not_one_number(text: str) -> None:
    assert days_in(text) is None


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("today", 0, 1),
        ("yesterday", 1, 2),
        ("last week", 2, 14),
        ("last month", 1, 62),
        ("last year", 1, 731),
        ("years ago", 730, FOREVER),
        ("a couple of weeks ago", 10.5, 21),
        ("a few months ago", 60.8, 182.4),
        ("more than a year ago", 365.01, FOREVER),
        ("less than 3 months ago", 0, 91.19),
        ("nearly 6 weeks", 0, 41.99),
        ("about 2 weeks ago", 11.9, 16.1),
        ("at least 6 months ago", 182.41, FOREVER),
        ("8 months plus", 243.2, FOREVER),
    ],
)
def test_a_vague_length_is_a_span(text: str, low: float, high: float) -> None:
    found = span_in(text)
    assert found is not None
    assert list(found[0]) == pytest.approx([low, high])


def test_the_rest_of_the_text_is_kept() -> None:
    found = span_in("it was 2 months ago, not improving")
    assert found is not None
    assert found[1].split() == ["it", "was", "ago,", "not", "improving"]


@pytest.mark.parametrize(
    ("choice", "low", "high", "alone", "beside"),
    [
        ("under 6 weeks", 0, 42, True, ""),
        ("6-12 weeks", 42, 84.01, True, ""),
        ("3-12 months, healed, no complications", 91.2, 364.81, False, "healed, no complications"),
        ("6 weeks to 6 months", 42, 182.41, True, ""),
        ("over 6 months, stable", 182.41, FOREVER + 1, False, "stable"),
        ("3 months or more", 91.2, FOREVER + 1, True, ""),
        ("under 72 hours, or not examined", 0, 3, True, "or not examined"),
        ("less than 3 months ago, or not told it has resolved", 0, 91.2, True, "ago, or not told it has resolved"),
        ("healed over a year ago", 365.01, FOREVER + 1, False, "healed   ago"),
    ],
)
def test_what_a_choice_covers(choice: str, low: float, high: float, alone: bool, beside: str) -> None:
    assert list(range_of(choice) or ()) == pytest.approx([low, high])
    assert is_only_a_range(choice) is alone
    assert beside_range(choice) == beside


def test_a_choice_without_a_length_of_time() -> None:
    assert range_of("mild or controlled") is None
    assert range_of("long-standing and stable (e.g. asthma, COPD), under a doctor") is None
    assert beside_range("mild or controlled") is None
    assert not is_only_a_range("mild or controlled")


def test_no_two_choices_of_a_question_share_a_time_alone() -> None:
    """Otherwise a length of time would be two answers at once."""
    for row in RULES.conditions.values():
        for follow_up in row.follow_up:
            bounds = [range_of(a.answer) for a in follow_up.answers if is_only_a_range(a.answer)]
            ranges = sorted(b for b in bounds if b is not None)
            for (_, end), (start, _) in pairwise(ranges):
                assert end <= start + 0.02 or "birth" in str(follow_up.choices), (row.id, follow_up.q)
