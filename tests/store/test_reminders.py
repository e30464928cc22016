"""Reminders: when they are due, that they wait with a confirmed visit, and that they go when it is no longer true.

Every test of the store runs on SQLite, and on PostgreSQL too where NMT_TEST_POSTGRES_URL names a database.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot import delivery, reminders
from bot.booking.contact import Contact
from bot.booking.slots import Slot
from bot.booking.states import Action
from bot.clinic import Clinic, QuietHours, Reminders
from bot.context import Context
from bot.settings import ROOT, Settings
from bot.store import Database, bookings, conversations, migrate
from bot.store.models import Message, Outbox, Screening, StaffUser
from tests import databases
from tests.databases import STORES

CLINIC = Clinic.load(ROOT / "knowledge")
ZONE = ZoneInfo("America/New_York")
HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime(2026, 11, 20, 16, 0, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 11, 24, 15, 0, tzinfo=datetime.UTC)  # 10 in the morning
QUIET = QuietHours.model_validate({"from": "21:00", "to": "08:00"})


def clinic(*hours: int, quiet: QuietHours | None = QUIET) -> Clinic:
    return CLINIC.model_copy(update={"reminders": Reminders(hours_before=hours, quiet_hours=quiet)})


def due(start: datetime.datetime, *hours: int, now: datetime.datetime = NOW) -> list[str]:
    """When it would be, in the clinic's time."""
    return [f"{when.astimezone(ZONE):%d %H:%M}" for _, when in reminders.due_times(start, clinic(*hours), now)]


# ------------------------------------------------------------------ pure


def test_reminders_come_so_many_hours_before() -> None:
    assert due(START, 2, 48) == ["22 10:00", "24 08:00"]


def test_nobody_is_woken() -> None:
    early = START - 2 * HOUR  # 8 in the morning: two hours before is quiet, and there is no time after it
    assert due(early, 2) == ["23 20:30"]
    assert due(START - HOUR, 2) == ["24 08:00"]  # quiet until an hour before
    assert due(START, 13) == ["24 08:00"]
    assert due(START, 24 + 12) == ["23 08:00"]


def test_what_has_passed_is_not_made_up_for() -> None:
    assert due(START, 2, 48, now=START - 47 * HOUR) == ["24 08:00"]
    assert due(START, 2, 48, now=START - HOUR) == []


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    siesta = QuietHours.model_validate({"from": "13:00", "to": "15:00"})
    noon = datetime.datetime(2026, 11, 24, 18, 30, tzinfo=datetime.UTC)  # 13:30
    assert reminders.is_quiet(clinic(quiet=siesta), noon)
    assert not reminders.is_quiet(clinic(quiet=siesta), noon + 2 * HOUR)
    assert not reminders.is_quiet(clinic(quiet=None), noon)
    (found,) = reminders.due_times(noon + 2 * HOUR, clinic(2, quiet=siesta), NOW)
    assert found[1] == noon + 1.5 * HOUR


@settings(max_examples=200, deadline=None)
@given(st.integers(min_value=0, max_value=60 * 24 * 200), st.integers(min_value=1, max_value=72))
def test_every_reminder_is_in_daytime_before_the_visit(minutes: int, hours: int) -> None:
    start = NOW + datetime.timedelta(minutes=minutes)
    for _, when in reminders.due_times(start, clinic(hours), NOW):
        assert NOW < when < start
        assert not reminders.is_quiet(clinic(hours), when)


# ------------------------------------------------------------------ in the store


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """What the clinic knows, read once."""
    return Context.load(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("known")))


@pytest.fixture(params=STORES)
def context(
    known: Context, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    monkeypatch.setattr(delivery, "now", lambda: NOW)
    with databases.empty(request.param, tmp_path) as url:
        migrate(url)
        context = replace(known, database=Database(url))
        with context.database.session() as session:
            session.add(StaffUser(id=1, email="anna@willowlane.example", role="therapist", created_at=NOW))
        yield context
        context.database.close()


def confirmed(context: Context, start: datetime.datetime = START, channel: str = "web") -> tuple[str, str]:
    """A visit that staff have confirmed: its reference and its conversation."""
    service = context.clinic.services[0]
    with context.database.session() as session:
        conversation, _ = conversations.create(session, channel, "en-US")
        screening = Screening(
            id=secrets.token_hex(8), conversation_id=conversation.id, state="new", record={}, ruleset_version="1",
            tier="NONE", complex_case=False, unclear=[], started_at=NOW, finished_at=NOW,
        )  # fmt: skip
        session.add(screening)
        session.flush()
        booking = bookings.request(
            session, conversation_id=conversation.id, screening_id=screening.id, service=service,
            slot=Slot(start, start + service.duration, "anna"), name="Sam", contact=Contact(phone="+12025550143"),
            now=NOW, hold=24 * HOUR,
        )  # fmt: skip
        bookings.confirm(session, booking.reference, 1, NOW)
        reminders.schedule(session, booking, context.clinic, context.wording, NOW)
        return booking.reference, conversation.id


def waiting(context: Context) -> list[Outbox]:
    with context.database.session() as session:
        return list(session.scalars(select(Outbox).order_by(Outbox.due_at)))


def test_a_confirmed_visit_has_its_reminders(context: Context) -> None:
    reference, conversation_id = confirmed(context)
    rows = waiting(context)
    assert [row.due_at for row in rows] == [START - 48 * HOUR, START - 2 * HOUR]
    assert all(row.key.startswith(f"reminder:{reference}:") for row in rows)
    assert {row.conversation_id for row in rows} == {conversation_id}
    assert "Tuesday 24 November, 10 am" in rows[0].reply["text"]
    assert [button["do"]["intent"] for button in rows[0].reply["buttons"]] == ["my_booking", "cancel_booking"]


@pytest.mark.parametrize("action", [Action.CANCEL_CLIENT, Action.CANCEL_CLINIC, Action.AWAIT_LETTER, Action.REVIEW])
def test_reminders_go_with_the_visit(context: Context, action: Action) -> None:
    reference, _ = confirmed(context)
    other, _ = confirmed(context, START + 3 * HOUR)
    with context.database.session() as session:
        bookings.transition(session, reference, action, NOW, hold=24 * HOUR)
    assert {row.key.split(":")[1] for row in waiting(context)} == {other}


def test_a_visit_that_moves_takes_its_reminders_along(context: Context) -> None:
    reference, _ = confirmed(context)
    service = context.clinic.services[0]
    later = START + 24 * HOUR
    with context.database.session() as session:
        moved = bookings.reschedule(
            session, reference, slot=Slot(later, later + service.duration, "anna"), service=service, now=NOW,
            hold=24 * HOUR,
        )  # fmt: skip
        session.flush()
        bookings.confirm(session, moved.reference, 1, NOW)
        reminders.schedule(session, moved, context.clinic, context.wording, NOW)
        assert moved.reference != reference
    assert [row.due_at for row in waiting(context)] == [later - 48 * HOUR, later - 2 * HOUR]


def test_a_reminder_that_is_due_comes_to_the_chat_once(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    _, conversation_id = confirmed(context)
    assert delivery.deliver(context, "web") == []
    monkeypatch.setattr(delivery, "now", lambda: START - 48 * HOUR)
    assert delivery.deliver(context, "telegram") == []
    assert delivery.deliver(context, "web") == [conversation_id]
    assert delivery.deliver(context, "web") == []
    with context.database.session() as session:
        (said,) = session.scalars(select(Message).where(Message.conversation_id == conversation_id))
    assert said.text.startswith("A reminder from Willow Lane Clinic")
    assert [row.delivered_at is not None for row in waiting(context)] == [True, False]


def test_a_reminder_is_not_sent_after_the_visit(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(context)
    monkeypatch.setattr(delivery, "now", lambda: START + HOUR)
    assert delivery.deliver(context, "web") == []
    assert {row.failed for row in waiting(context)} == {"too late"}


def test_on_a_channel_that_sends_a_message_is_delivered_when_it_was_sent(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, conversation_id = confirmed(context, channel="telegram")
    monkeypatch.setattr(delivery, "now", lambda: START - 48 * HOUR)
    assert delivery.deliver(context, "telegram") == [conversation_id]
    assert delivery.deliver(context, "telegram") == []
    first, _ = waiting(context)
    assert first.message_uid is not None
    assert first.delivered_at is None
