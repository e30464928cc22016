"""Lengths of time in words, and the days that a choice covers."""

from __future__ import annotations

import calendar
import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinical.durations import FOREVER, Today, beside_range, days_in, is_only_a_range, range_of, span_in
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


TODAY = Today(datetime.date(2026, 3, 20))  # a Friday


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("it started an hour ago", 1 / 24, 1 / 24),
        ("about 10 days", 8.5, 11.5),
        ("a year and a half ago", 547.5, 547.5),
        ("one and a half years", 547.5, 547.5),
        ("2 1/2 years ago", 912.5, 912.5),
        ("1½ years", 547.5, 547.5),
        ("two or three weeks", 14, 21),
        ("6-8 weeks", 42, 56),
        ("2 years and 3 months", 821.2, 821.2),
        ("a day or two", 1, 2),
        ("a month or so", 25.84, 34.96),
        ("twenty-five years", 9125, 9125),
        ("before two weeks", 14, 14),
        ("two week before", 14, 14),
        ("since three days", 3, 3),
        ("the last couple of months", 0, 91.19),
        ("the week before last", 7.5, 21),
        ("last night, for about ten minutes", 0.2, 1),
        ("ages", 182.5, FOREVER),
        ("since I was a kid", 3650, FOREVER),
        ("in March", 0, 19.99),
        ("in January", 47, 78.99),
        ("in May", 292, 323.99),
        ("last January", 47, 443.99),
        ("last May", 292, 323.99),
        ("early February 2026", 37, 47.99),
        ("in early February", 37, 47.99),
        ("March 2024", 718, 749.99),
        ("end of 2024", 443, 565.99),
        ("on the 3rd", 16, 17.99),
        ("on the 25th", 22, 23.99),
        ("the 5th of January", 73, 74.99),
        ("March 3rd 2025", 381, 382.99),
        ("since Tuesday", 2, 3.99),
        ("on Friday", 0, 7.99),
        ("last Tuesday", 2, 10.99),
        ("at the weekend", 4, 6.99),
        ("last summer", 200, 292.99),
        ("last winter", 19, 109.99),
        ("the summer of 2022", 1296, 1388.99),
        ("at Christmas", 74, 90.99),
        ("2019", 2270, 2635.99),
        ("since 2015", 3731, 4096.99),
        ("13/02/2026", 34, 35.99),
        ("6/5/25", 287, 318.99),
        ("2025-12-24", 85, 86.99),
        ("03/2024", 718, 749.99),
    ],
)
def test_when_it_was(text: str, low: float, high: float) -> None:
    found = span_in(text, TODAY)
    assert found is not None
    assert list(found[0]) == pytest.approx([low, high], abs=0.01)


@pytest.mark.parametrize(
    "text",
    [
        "I fell off my bike",
        "it may get better",
        "135/85",
        "on the first",
        "2000 mg a day",
        "tramadol twice a day",
        "in March or in June",
        "31/31/2020",
        "the second one",
    ],
)
def test_no_one_time(text: str) -> None:
    assert span_in(text, TODAY) is None


def test_dates_need_today() -> None:
    assert span_in("in March") is None
    assert span_in("on Tuesday") is None


def test_summer_is_in_january_in_the_south() -> None:
    found = span_in("last summer", Today(datetime.date(2026, 7, 1), southern=True))
    assert found is not None
    assert found[0] == pytest.approx((122, 212.99))


DAYS = st.dates(datetime.date(2021, 1, 1), datetime.date(2031, 1, 1))


@given(today=DAYS, ago=st.integers(0, 330), form=st.sampled_from(range(6)))
def test_a_date_however_written_holds_its_day(today: datetime.date, ago: int, form: int) -> None:
    day = today - datetime.timedelta(days=ago)
    month, ordinal = calendar.month_name[day.month], f"{day.day}th"
    text = (
        f"{day.day} {month} {day.year}",
        f"{month} {ordinal}, {day.year}",
        f"{day.day}/{day.month}/{day.year}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day.year}-{day.month:02}-{day.day:02}",
        f"in {month} {day.year}",
    )[form]
    found = span_in(text, Today(today))
    assert found is not None
    assert found[0][0] <= ago <= found[0][1]


@given(today=DAYS, number=st.integers(1, 60), unit=st.sampled_from(["day", "week", "month", "year"]))
def test_more_and_less_keep_off_the_number(today: datetime.date, number: int, unit: str) -> None:
    def span(text: str) -> tuple[float, float]:
        found = span_in(text, Today(today))
        assert found is not None
        return found[0]

    low, high = span(f"{number} {unit}s ago")
    assert low == high
    assert span(f"less than {number} {unit}s")[1] < low < span(f"more than {number} {unit}s")[0]
    assert span(f"about {number} {unit}s ago")[0] < low < span(f"about {number} {unit}s ago")[1]


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    found = span_in(text, TODAY)
    assert found is None or found[0][0] <= found[0][1]


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
