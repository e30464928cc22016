"""The calendar file: one entry for each reference, in the clinic's zone, without a word about health."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from icalendar import Calendar, Event

from bot.booking.calendar import Visit, calendar_file
from bot.clinic import Clinic, load_locale
from bot.clinical.rules import Rules
from bot.wording import Wording

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
CLINIC = Clinic.load(KNOWLEDGE)
WORDING = Wording.load(KNOWLEDGE, CLINIC.tree, load_locale(KNOWLEDGE, CLINIC.clinic.locale))
NOW = datetime.datetime(2026, 11, 20, 16, 0, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
TITLE, NOTE = WORDING.text("booking.calendar_title"), WORDING.text("booking.calendar_note", reference="NMT-7K3QF")


def made(
    revision: int = 0, *, start: datetime.datetime = START, cancelled: bool = False
) -> tuple[Calendar, Event, str]:
    visit = Visit("NMT-7K3QF", start, start + datetime.timedelta(hours=1), revision, cancelled)
    content = calendar_file(visit, CLINIC, TITLE, NOTE, NOW)
    calendar = Calendar.from_ical(content)
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, Event)
    return calendar, event, content.decode()


def test_the_entry_of_a_visit() -> None:
    calendar, event, text = made()
    assert calendar["method"] == "PUBLISH"
    assert event["status"] == "CONFIRMED"
    assert event.start == START
    assert event.end == START + datetime.timedelta(hours=1)
    assert event["summary"] == "Visit at Willow Lane Clinic"
    assert event["location"] == "Willow Lane Clinic, 12 Willow Lane, Springfield"
    assert event.stamp == NOW
    assert "DTSTART;TZID=America/New_York:20261124T103000" in text
    assert "TRIGGER:-PT2H" in text
    assert text.endswith("END:VCALENDAR\r\n")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_a_change_is_the_same_entry_in_a_newer_revision() -> None:
    (_, first, _), (_, second, _) = made(0), made(1, start=START + datetime.timedelta(days=1))
    assert first["uid"] == second["uid"] == "NMT-7K3QF@nmt-guide"
    assert (first["sequence"], second["sequence"]) == (0, 1)


def test_a_cancelled_visit_leaves_the_calendar() -> None:
    calendar, event, text = made(3, cancelled=True)
    assert (calendar["method"], event["status"], event["sequence"]) == ("CANCEL", "CANCELLED", 3)
    assert event["uid"] == made()[1]["uid"]
    assert "VALARM" not in text


@pytest.mark.parametrize("month", [1, 7])
def test_the_zone_is_in_the_file_with_its_offsets(month: int) -> None:
    start = datetime.datetime(2026, month, 14, 15, 30, tzinfo=datetime.UTC)
    calendar, event, _ = made(start=start)
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["tzid"] == "America/New_York"
    assert {part.decoded("tzoffsetto") for part in zone.subcomponents} == {
        datetime.timedelta(hours=-5), datetime.timedelta(hours=-4),
    }  # fmt: skip
    assert event.start == start


def test_the_file_stays_small() -> None:
    assert len(made()[2]) < 1500


def test_nothing_in_it_is_about_health() -> None:
    text = made()[2].replace("\r\n ", "").lower()
    names = {row.name.lower() for row in Rules.load(KNOWLEDGE).conditions.values()}
    words = {"massage", "nmt session", "pain", "health", "therapy", "condition", "screening", *names}
    assert not [word for word in words if re.search(rf"\b{re.escape(word)}\b", text)]
