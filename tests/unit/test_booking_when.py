"""Days and times as people type them. The present day is Friday 20 November 2026."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.booking.when import When, read_when, say_when

TODAY = datetime.date(2026, 11, 20)


def day(text: str) -> datetime.date:
    month, number = text.split("-")
    return datetime.date(2026, int(month), int(number))


def read(text: str, *, strict: bool = True) -> When | None:
    return read_when(text, TODAY, month_first=True, strict=strict)


DAYS = {
    "monday": "11-23", "Tuesday": "11-24", "tues": "11-24", "wendsday": "11-25", "teusday": "11-24", "mondays": "11-23",
    "next tuesday": "11-24", "next friday": "11-27", "next sunday": "11-29", "this friday": "11-20", "friday": "11-27",
    "this coming wednesday": "11-25", "friday week": "12-4", "a week on monday": "11-30", "monday after next": "11-30",
    "next week tuesday": "11-24", "tuesday next week": "11-24", "sat": "11-21", "sun 22": "11-22",
    "how about wednesday?": "11-25", "could we make it thursday please": "11-26", "Thursday works best for me": "11-26",
    "today": "11-20", "tomorrow": "11-21", "tomorow": "11-21", "tommorrow": "11-21", "tmrw": "11-21",
    "the day after tomorrow": "11-22", "yesterday": "11-19",
    "the 25th": "11-25", "25": "11-25", "on the 25th please": "11-25", "the 3rd": "12-3", "31st": "12-31",
    "24 november": "11-24", "nov 24": "11-24", "24 nov": "11-24", "24th of november": "11-24", "novmber 24": "11-24",
    "tuesday 24 november": "11-24", "Tuesday, November 24th": "11-24", "monday the 23rd": "11-23",
    "next tuesday the 24th": "11-24",
    "11/24": "11-24", "24/11": "11-24", "24.11.": "11-24", "12/3": "12-3", "2026-12-01": "12-1", "11/24/2026": "11-24",
    "in two weeks": "12-4", "in 3 days": "11-23", "a week from now": "11-27", "in a week": "11-27",
}  # fmt: skip


@pytest.mark.parametrize("text", DAYS)
def test_a_day(text: str) -> None:
    assert read(text) == When(day=day(DAYS[text]))


def test_the_order_of_day_and_month_is_that_of_the_country() -> None:
    found = read_when("3/12", TODAY, month_first=False)
    assert found is not None
    assert found.day == day("12-3")


@pytest.mark.parametrize(
    ("text", "first"),
    [("next week", "11-23"), ("some time next week", "11-23"), ("the week after next", "11-30"), ("this week", "11-20"),
     ("the weekend", "11-21"), ("next weekend", "11-28")],
)  # fmt: skip
def test_a_stretch_of_days_begins_on_its_first(text: str, first: str) -> None:
    assert read(text) == When(first=day(first))


MORNING, AFTERNOON, EVENING = ("00:00", "12:00"), ("12:00", "17:00"), ("17:00", "24:00")
WINDOWS = {
    "afternoon": AFTERNOON, "in the afternoon": AFTERNOON, "mornings only": MORNING, "evenings are best": EVENING,
    "after 5": EVENING, "after 5pm": EVENING, "5 or later": EVENING, "after work": EVENING, "before noon": MORNING,
    "before 11": ("00:00", "11:00"), "after 7": ("19:00", "24:00"), "after 8": ("08:00", "24:00"),
    "before 7": ("00:00", "07:00"),

    "after half past ten": ("10:30", "24:00"), "from 9 on": ("09:00", "24:00"),
    "between 2 and 4": ("14:00", "16:00"), "2-4pm": ("14:00", "16:00"), "from 9 to 12": ("09:00", "12:00"),
    "11 to 1 pm": ("11:00", "13:00"), "lunchtime": ("12:00", "14:00"), "late afternoon": ("15:00", "18:00"),
    "first thing": MORNING, "afternoon after 3": ("15:00", "17:00"),
}  # fmt: skip


@pytest.mark.parametrize("text", WINDOWS)
def test_a_part_of_the_day(text: str) -> None:
    assert read(text) == When(window=WINDOWS[text])


CLOCKS = {
    "10:30": ("10:30", "22:30"), "10.30": ("10:30", "22:30"), "half past ten": ("10:30", "22:30"),
    "half ten": ("10:30", "22:30"), "quarter to 3": ("02:45", "14:45"), "a quarter past nine": ("09:15", "21:15"),
    "ten thirty": ("10:30", "22:30"), "10 am": ("10:00",), "10am": ("10:00",), "3 p.m.": ("15:00",),
    "at 2": ("02:00", "14:00"),
    "14:00": ("14:00",), "14h30": ("14:30",), "09:00": ("09:00",), "noon": ("12:00",), "12pm": ("12:00",),
    "12 am": ("00:00",),
    "half past 2 pm": ("14:30",), "ten o'clock": ("10:00", "22:00"), "at 10 in the morning": ("10:00",),
}  # fmt: skip


@pytest.mark.parametrize("text", CLOCKS)
def test_a_time_of_day(text: str) -> None:
    assert read(text) == When(clocks=CLOCKS[text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("next tuesday after 5", When(day=day("11-24"), window=EVENING)),
        ("tomorrow afternoon", When(day=day("11-21"), window=AFTERNOON)),
        ("tonight", When(day=day("11-20"), window=EVENING)),
        ("saturday 10:30", When(day=day("11-21"), clocks=("10:30", "22:30"))),
        ("tomorrow at 3pm", When(day=day("11-21"), clocks=("15:00",))),
        ("tomorrow 5", When(day=day("11-21"), clocks=("05:00", "17:00"))),
        ("monday morning at 10", When(day=day("11-23"), clocks=("10:00",))),
        ("december 1st at 3pm", When(day=day("12-1"), clocks=("15:00",))),
        ("Tuesday 24 November, 10:30 am", When(day=day("11-24"), clocks=("10:30",))),
        ("mon 23rd 9.30am", When(day=day("11-23"), clocks=("09:30",))),
        ("from 9 to 12 on friday", When(day=day("11-27"), window=("09:00", "12:00"))),
        ("any day after 5", When(window=EVENING, any=True)),
        ("any time on friday", When(day=day("11-27"), any=True)),
        ("next week in the morning", When(first=day("11-23"), window=MORNING)),
    ],
)
def test_a_day_with_a_time(text: str, expected: When) -> None:
    assert read(text) == expected


@pytest.mark.parametrize("text", ["whenever", "any", "any day", "earliest", "asap", "i don't mind", "no preference"])
def test_anything_will_do(text: str) -> None:
    assert read(text) == When(any=True)


@pytest.mark.parametrize(
    "text",
    [
        "monday or tuesday", "not monday", "any day but monday", "morning or afternoon", "monday at 9 or 10",
        "tuesday 25 november", "next tuesday the 25th", "24 or 25 november", "friday evening at 10 am", "25:00",
        "13 pm", "tomorrow the 25th",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_not_taken(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    "text",
    ["", "?", "does it hurt", "i have back pain on monday", "may", "the first one is nice", "my neck is stiff", "2",
     "ten", "february 31"],
)  # fmt: skip
def test_what_is_no_time_is_none(text: str) -> None:
    assert read(text) is None


def test_words_around_a_time_are_passed_over_where_that_is_asked_for() -> None:
    assert read("i want to see anna on tuesday afternoon", strict=False) == When(day=day("11-24"), window=AFTERNOON)
    assert read("a session on monday or on tuesday", strict=False) is None


def test_on_a_monday_next_tuesday_is_not_tomorrow() -> None:
    found = read_when("next tuesday", datetime.date(2026, 11, 23), month_first=True)
    assert found is not None
    assert found.day == day("12-1")


def test_a_visit_is_said_in_the_zone_of_the_clinic() -> None:
    start = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
    assert say_when(start, ZoneInfo("America/New_York")) == "Tuesday 24 November, 10:30 am"
    assert say_when(start, ZoneInfo("Pacific/Auckland")) == "Wednesday 25 November, 4:30 am"


def test_two_parts_of_the_day_are_not_one() -> None:
    assert read("a session on monday morning or in the afternoon", strict=False) is None


WORDS = st.sampled_from(
    ["monday", "next", "this", "week", "at", "half", "past", "to", "ten", "10", "0", "31", "99", "10:30", "25:61", "am",
     "pm", "24.11.", "2/30", "the", "st", "th", "31st", "february", "may", "in", "days", "weeks", "after", "before",
     "between", "and", "-", "tomorrow", "noon", "morning", "evening", "not", "any", "from", "now", "2026-13-45", ":"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(words=st.lists(WORDS, max_size=8), month_first=st.booleans(), strict=st.booleans())
def test_no_mixture_of_words_breaks_the_reading(words: list[str], month_first: bool, strict: bool) -> None:
    found = read_when(" ".join(words), TODAY, month_first=month_first, strict=strict)
    if found is None:
        return
    assert found.day is None or found.first is None
    assert found.window is None or "00:00" <= found.window[0] < found.window[1] <= "24:00"
    assert len(found.clocks) <= 2
    for clock in found.clocks:
        assert datetime.time.fromisoformat(clock).isoformat("minutes") == clock
