"""A visit as a calendar file (RFC 5545). Calendars are shared and shown on lock screens: nothing about health in it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from icalendar import Alarm, Calendar, Event, vDuration

from bot.clinic import Clinic

PRODUCT = "-//NMT Guide//Booking//EN"
REMIND_BEFORE = datetime.timedelta(hours=2)
_YEAR = datetime.timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Visit:
    """What a calendar has to know.

    Attributes:
        reference: of the booking; the same reference is the same entry, whenever the file is made.
        start, end: UTC.
        revision: grows with every change of the booking, so that calendars take the newer file.
        cancelled: the entry is to be taken off the calendar.
    """

    reference: str
    start: datetime.datetime
    end: datetime.datetime
    revision: int
    cancelled: bool = False


def calendar_file(visit: Visit, clinic: Clinic, title: str, note: str, now: datetime.datetime) -> bytes:
    """The `.ics` file of a visit.

    Args:
        visit: the booking.
        clinic: its zone and address.
        title: what the entry is called; shown to anybody who sees the calendar.
        note: what stands below it.
        now: when the file is made.
    """
    zone = clinic.zone
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if visit.cancelled else "PUBLISH")
    event = Event()
    event.add("uid", f"{visit.reference}@nmt-guide")
    event.add("sequence", visit.revision)
    event.add("dtstamp", now.astimezone(datetime.UTC))
    event.add("dtstart", visit.start.astimezone(zone))
    event.add("dtend", visit.end.astimezone(zone))
    event.add("status", "CANCELLED" if visit.cancelled else "CONFIRMED")
    event.add("summary", title)
    event.add("description", note)
    event.add("class", "PRIVATE")
    if clinic.clinic.address is not None:
        event.add("location", f"{clinic.clinic.name}, {clinic.clinic.address}")
    if not visit.cancelled:
        event.add_component(_reminder(title))
    calendar.add_component(event)
    # Only the changes of clocks around the visit: the full history would be most of the file.
    calendar.add_missing_timezones((visit.start - _YEAR).date(), (visit.end + _YEAR).date())
    content: bytes = calendar.to_ical()
    return content


def _reminder(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm["trigger"] = vDuration(-REMIND_BEFORE)
    return alarm
