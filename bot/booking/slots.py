"""Which times are free: a pure search over hours, closures, time off and what is taken.

The search walks over the clinic's local days and gives UTC. A session has to fit between opening and closing; the
buffer after it may reach into a break, time off or the evening, but never into another session.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.clinic import Clinic, Service, Therapist

CELL = datetime.timedelta(minutes=15)
"""What the store keeps of a therapist's day: `cells` rounds a session and its buffer outwards to these."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that one therapist can give; UTC, without the buffer."""

    start: datetime.datetime
    end: datetime.datetime
    therapist: str


@dataclass(frozen=True, slots=True)
class Busy:
    """A time that a therapist has given away, with its buffer; UTC."""

    therapist: str
    start: datetime.datetime
    end: datetime.datetime


def free_slots(
    clinic: Clinic,
    service: Service,
    therapist: str | None,
    busy: Iterable[Busy],
    now: datetime.datetime,
    day: datetime.date | None = None,
    *,
    among: Collection[str] | None = None,
) -> list[Slot]:
    """The times that can be asked for, earliest first.

    Args:
        clinic: hours, closures, time off and booking rules.
        service: what is asked for.
        therapist: whose times; None for anyone, which gives each time once, with the least busy therapist of that day.
        busy: what is taken, from the store.
        now: the present moment, aware.
        day: only this day of the clinic's calendar.
        among: with anyone, only these therapists.
    """
    people = [
        person
        for person in clinic.therapists_for(service.id)
        if (person.id == therapist if therapist is not None else among is None or person.id in among)
    ]
    earliest = now + clinic.booking.minimum_notice
    latest = now + clinic.booking.horizon
    zone = clinic.zone
    days = _days(earliest.astimezone(zone).date(), latest.astimezone(zone).date()) if day is None else [day]
    taken = _by_therapist(busy)
    found: list[Slot] = []
    for date in days:
        spans = [
            (start, end) for start, end in _spans(clinic, service, date, zone) if earliest <= start and start <= latest
        ]
        for start, end in spans:
            free = [p for p in people if _is_free(clinic, service, p, start, end, taken.get(p.id, ()), zone)]
            if free:
                chosen = min(free, key=lambda p: _load(taken.get(p.id, ()), date, zone))
                found.append(Slot(start, end, chosen.id))
    return found


def days_with_slots(slots: Iterable[Slot], zone: ZoneInfo) -> list[datetime.date]:
    """The local days on which there is at least one of these slots."""
    return sorted({slot.start.astimezone(zone).date() for slot in slots})


def cells(slot: Slot, service: Service) -> list[datetime.datetime]:
    """The quarters of an hour that a session and its buffer take: the start of each, UTC."""
    first, last = _rounded(slot.start, slot.end + service.buffer)
    return [first + number * CELL for number in range((last - first) // CELL)]


def in_range(clinic: Clinic, day: datetime.date, now: datetime.datetime) -> bool:
    """True when notice and horizon leave any moment of this local day."""
    first = (now + clinic.booking.minimum_notice).astimezone(clinic.zone).date()
    last = (now + clinic.booking.horizon).astimezone(clinic.zone).date()
    return first <= day <= last


def to_utc(day: datetime.date, clock: datetime.time, zone: ZoneInfo) -> datetime.datetime | None:
    """A local time as UTC; None when clocks leap over it. A time that comes twice is taken the first time."""
    local = datetime.datetime.combine(day, clock, zone)
    moment = local.astimezone(datetime.UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None) else None


def _days(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    for number in range((last - first).days + 1):
        yield first + datetime.timedelta(days=number)


def _spans(
    clinic: Clinic, service: Service, day: datetime.date, zone: ZoneInfo
) -> Iterator[tuple[datetime.datetime, datetime.datetime]]:
    """Every start and end that the hours of one day allow."""
    for hours in clinic.hours_on(day):
        closes = _earliest_utc(day, hours.closes, zone)
        clock = datetime.datetime.combine(day, hours.opens)
        while clock.date() == day and clock.time() < hours.closes:
            start = to_utc(day, clock.time(), zone)
            if start is not None and start + service.duration <= closes:
                yield start, start + service.duration
            clock += datetime.timedelta(minutes=clinic.booking.slot_step_min)


def _earliest_utc(day: datetime.date, clock: datetime.time, zone: ZoneInfo) -> datetime.datetime:
    """The earlier reading of a local time that comes twice or never: a session must not outlast any of them."""
    local = datetime.datetime.combine(day, clock, zone)
    return min(local.replace(fold=fold).astimezone(datetime.UTC) for fold in (0, 1))


def _latest_utc(local: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC) for fold in (0, 1))


def _is_free(
    clinic: Clinic,
    service: Service,
    therapist: Therapist,
    start: datetime.datetime,
    end: datetime.datetime,
    taken: Sequence[Busy],
    zone: ZoneInfo,
) -> bool:
    for entry in clinic.time_off:
        if entry.therapist == therapist.id:
            away = _earliest_utc(entry.starts.date(), entry.starts.time(), zone)
            if start < _latest_utc(entry.ends, zone) and away < end:
                return False
    first, last = _rounded(start, end + service.buffer)
    return not any(first < span.end and span.start < last for span in taken)


def _rounded(start: datetime.datetime, end: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime]:
    """Outwards to whole cells."""
    first = start.astimezone(datetime.UTC) - (start - _EPOCH) % CELL
    last = end.astimezone(datetime.UTC) + (_EPOCH - end) % CELL
    return first, last


def _by_therapist(busy: Iterable[Busy]) -> Mapping[str, Sequence[Busy]]:
    spans: defaultdict[str, list[Busy]] = defaultdict(list)
    for span in busy:
        first, last = _rounded(span.start, span.end)
        spans[span.therapist].append(Busy(span.therapist, first, last))
    return spans


def _load(taken: Sequence[Busy], day: datetime.date, zone: ZoneInfo) -> datetime.timedelta:
    """How much of a day is given away, so that work is shared."""
    spans = (span.end - span.start for span in taken if span.start.astimezone(zone).date() == day)
    return sum(spans, datetime.timedelta())
