"""The slot search: nothing outside hours, nothing over something else, in any zone and over every change of clocks."""

from __future__ import annotations

import copy
import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.booking.slots import CELL, Busy, Slot, cells, days_with_slots, free_slots, in_range, to_utc
from bot.clinic import WEEKDAYS, Clinic
from bot.knowledge import read_yaml

TREE: dict[str, Any] = read_yaml(Path(__file__).parents[2] / "knowledge" / "clinic.yml")
ZONES = ("America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana", "UTC")
# Days around which clocks change in one of the zones.
CHANGES = ("2026-03-08", "2026-03-29", "2026-10-04", "2026-10-25", "2026-11-01", "2026-04-05", "2026-06-15")
NOW = datetime.datetime(2026, 11, 20, 16, 7, tzinfo=datetime.UTC)


def clinic_with(**parts: Any) -> Clinic:
    tree = copy.deepcopy(TREE)
    for part, value in parts.items():
        if isinstance(value, dict):
            tree[part].update(value)
        else:
            tree[part] = value
    return Clinic.of(tree)


CLINIC = clinic_with()
NMT = CLINIC.services[0]


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


@st.composite
def clinics(draw: st.DrawFn) -> Clinic:
    hours = []
    for weekday in WEEKDAYS:
        edges = sorted(draw(st.sets(st.integers(0, 287).map(lambda n: n * 5), min_size=0, max_size=4)))
        for opens, closes in zip(edges[::2], edges[1::2], strict=False):
            hours.append({"weekday": weekday, "from": clock(opens), "to": clock(closes)})
    hours = hours or [{"weekday": "sunday", "from": "00:30", "to": "05:00"}]
    first = datetime.date.fromisoformat(draw(st.sampled_from(CHANGES)))
    away = datetime.datetime.combine(first, datetime.time()) + datetime.timedelta(
        minutes=draw(st.integers(-2000, 2000))
    )
    return clinic_with(
        clinic={"timezone": draw(st.sampled_from(ZONES))},
        hours=hours,
        holidays={"public": False, "closed": draw(st.sampled_from([[], [first]]))},
        time_off=[
            {
                "therapist": "anna",
                "from": away.isoformat(),
                "to": (away + datetime.timedelta(minutes=draw(st.integers(1, 900)))).isoformat(),
            }
        ],
        services=[
            {
                **TREE["services"][0],
                "duration_min": draw(st.sampled_from([30, 50, 60, 75, 90])),
                "buffer_min": draw(st.sampled_from([0, 5, 15, 30])),
            },
            *TREE["services"][1:],
        ],
        booking={
            "minimum_notice_hours": draw(st.sampled_from([0, 2, 24])),
            "horizon_days": draw(st.integers(1, 6)),
            "slot_step_min": draw(st.sampled_from([10, 15, 30, 60])),
        },
    )


@settings(max_examples=120, deadline=None)
@given(clinic=clinics(), change=st.sampled_from(CHANGES), data=st.data())
def test_every_slot_keeps_every_rule(clinic: Clinic, change: str, data: st.DataObject) -> None:
    zone, service = clinic.zone, clinic.services[0]
    noon = datetime.datetime.fromisoformat(f"{change}T12:00").replace(tzinfo=datetime.UTC)
    now = noon - datetime.timedelta(minutes=data.draw(st.integers(0, 4000)))
    taken = [
        Busy(who, noon + datetime.timedelta(minutes=begin), noon + datetime.timedelta(minutes=begin + length))
        for who, begin, length in data.draw(
            st.lists(
                st.tuples(st.sampled_from(["anna", "ben"]), st.integers(-3000, 3000), st.integers(1, 300)), max_size=6
            )
        )
    ]
    therapist = data.draw(st.sampled_from([None, "anna", "ben"]))
    slots = free_slots(clinic, service, therapist, taken, now)
    assert [slot.start for slot in slots] == sorted({slot.start for slot in slots})
    for slot in slots:
        assert slot.start.utcoffset() == datetime.timedelta(0)
        assert slot.end - slot.start == service.duration
        assert therapist in (None, slot.therapist)
        assert now + clinic.booking.minimum_notice <= slot.start <= now + clinic.booking.horizon
        begins, ends = (moment.astimezone(zone).replace(tzinfo=None) for moment in (slot.start, slot.end))
        day = begins.date()
        assert day not in clinic.holidays.closed
        assert in_range(clinic, day, now)
        assert any(
            hours.weekday == WEEKDAYS[day.weekday()]
            and datetime.datetime.combine(day, hours.opens) <= begins
            and ends <= datetime.datetime.combine(day, hours.closes)
            for hours in clinic.hours
        )
        for entry in clinic.time_off:
            if entry.therapist == slot.therapist:
                assert ends <= entry.starts or begins >= entry.ends
        for span in taken:
            if span.therapist == slot.therapist:
                assert slot.end + service.buffer <= span.start or slot.start >= span.end
    one_day = noon.astimezone(zone).date()
    assert [s for s in slots if s.start.astimezone(zone).date() == one_day] == free_slots(
        clinic, service, therapist, taken, now, one_day
    )


@settings(max_examples=60, deadline=None)
@given(clinic=clinics(), change=st.sampled_from(CHANGES), picks=st.lists(st.integers(0, 10_000), max_size=5))
def test_times_that_were_taken_never_share_a_cell(clinic: Clinic, change: str, picks: list[int]) -> None:
    service = clinic.services[0]
    now = datetime.datetime.fromisoformat(f"{change}T00:00").replace(tzinfo=datetime.UTC)
    busy: list[Busy] = []
    seen: set[tuple[str, datetime.datetime]] = set()
    for pick in picks:
        slots = free_slots(clinic, service, None, busy, now)
        if not slots:
            break
        slot = slots[pick % len(slots)]
        for cell in cells(slot, service):
            assert (slot.therapist, cell) not in seen
            seen.add((slot.therapist, cell))
            busy.append(Busy(slot.therapist, cell, cell + CELL))


def test_cells_cover_the_session_and_its_buffer_in_whole_quarters() -> None:
    start = datetime.datetime(2026, 11, 24, 15, 10, tzinfo=ZoneInfo("America/New_York"))
    slot = Slot(start, start + NMT.duration, "anna")
    taken = cells(slot, NMT)
    assert taken[0] == datetime.datetime(2026, 11, 24, 20, 0, tzinfo=datetime.UTC)
    assert taken[-1] + CELL == datetime.datetime(2026, 11, 24, 21, 30, tzinfo=datetime.UTC)
    assert len(taken) == 6
    assert all(cell.utcoffset() == datetime.timedelta(0) for cell in taken)


def test_a_day_of_the_example_clinic() -> None:
    day = datetime.date(2026, 11, 23)
    local = [s.start.astimezone(CLINIC.zone).strftime("%H:%M") for s in free_slots(CLINIC, NMT, "ben", [], NOW, day)]
    assert local == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30",
        "13:30", "14:00", "14:30", "15:00", "15:30", "16:00", "16:30", "17:00",
    ]  # fmt: skip


def test_anyone_gives_each_time_once_and_shares_the_work() -> None:
    day = datetime.date(2026, 11, 23)
    morning = to_utc(day, datetime.time(9), CLINIC.zone)
    assert morning is not None
    busy = [Busy("anna", morning, morning + 5 * CELL)]
    slots = free_slots(CLINIC, NMT, None, busy, NOW, day)
    assert len({slot.start for slot in slots}) == len(slots) == 14
    assert {slot.therapist for slot in slots} == {"ben"}
    assert {slot.therapist for slot in free_slots(CLINIC, NMT, None, busy, NOW, day, among={"anna"})} == {"anna"}
    assert free_slots(CLINIC, NMT, None, busy, NOW, day, among=()) == []


def test_who_does_not_give_a_service_has_no_times() -> None:
    assert free_slots(CLINIC, CLINIC.services[2], "ben", [], NOW) == []


def test_days_with_slots_are_local_days() -> None:
    zone = ZoneInfo("Pacific/Auckland")
    start = datetime.datetime(2026, 11, 23, 20, 0, tzinfo=datetime.UTC)
    assert days_with_slots([Slot(start, start, "anna")], zone) == [datetime.date(2026, 11, 24)]


@pytest.mark.parametrize(
    ("clock_time", "expected"), [(datetime.time(2, 30), None), (datetime.time(3, 30), "2026-03-08T07:30:00+00:00")]
)
def test_a_time_that_clocks_leap_over_does_not_exist(clock_time: datetime.time, expected: str | None) -> None:
    moment = to_utc(datetime.date(2026, 3, 8), clock_time, CLINIC.zone)
    assert (moment and moment.isoformat()) == expected


def test_a_public_holiday_has_no_times() -> None:
    assert free_slots(CLINIC, NMT, None, [], NOW, datetime.date(2026, 11, 26)) == []


def local_starts(clinic: Clinic, day: str, now: str) -> list[str]:
    moment = datetime.datetime.fromisoformat(now).replace(tzinfo=datetime.UTC)
    slots = free_slots(clinic, clinic.services[0], "ben", [], moment, datetime.date.fromisoformat(day))
    return [slot.start.astimezone(clinic.zone).strftime("%H:%M") for slot in slots]


@pytest.mark.parametrize(
    ("day", "opens", "closes", "expected"),
    [
        ("2026-03-08", "00:30", "02:30", ["00:30"]),  # from 01:30 an hour ends at 03:30
        ("2026-03-08", "01:00", "04:30", ["01:00", "01:30", "03:00", "03:30"]),  # 02:00 and 02:30 do not exist
        ("2026-11-01", "00:00", "01:30", ["00:00", "00:30"]),  # closing time comes twice: the first one counts
    ],
)
def test_the_night_on_which_clocks_change(day: str, opens: str, closes: str, expected: list[str]) -> None:
    clinic = clinic_with(hours=[{"weekday": "sunday", "from": opens, "to": closes}])
    before = datetime.date.fromisoformat(day) - datetime.timedelta(days=4)
    assert local_starts(clinic, day, f"{before}T12:00") == expected


def test_time_off_takes_every_session_that_it_touches() -> None:
    away = {"therapist": "ben", "from": "2026-11-23T10:30", "to": "2026-11-23T14:15"}
    assert local_starts(clinic_with(time_off=[away]), "2026-11-23", "2026-11-20T12:00") == [
        "09:00", "09:30", "14:30", "15:00", "15:30", "16:00", "16:30", "17:00",
    ]  # fmt: skip
