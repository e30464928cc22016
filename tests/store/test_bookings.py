"""Bookings in the store: one time is given once, nothing flagged is confirmed by itself, and a move is one step.

Every test runs on SQLite, and on PostgreSQL too where NMT_TEST_POSTGRES_URL names a database.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.booking.contact import Contact
from bot.booking.slots import CELL, Slot, cells, free_slots
from bot.booking.states import Action, State, TransitionError
from bot.clinic import Clinic
from bot.store import bookings
from bot.store.bookings import NoSuchBooking, NotApproved, SlotTaken, WrongTime
from bot.store.database import Database, migrate
from bot.store.models import Booking, BookingCell, Conversation, Decision, Screening, StaffUser
from tests import databases
from tests.databases import STORES

CLINIC = Clinic.load(Path(__file__).parents[2] / "knowledge")
NMT, LONG = CLINIC.services[0], CLINIC.services[1]
NOW = datetime.datetime(2026, 11, 20, 16, 0, tzinfo=datetime.UTC)
HOLD = datetime.timedelta(hours=24)
HOUR = datetime.timedelta(hours=1)
START = datetime.datetime(2026, 11, 24, 15, 0, tzinfo=datetime.UTC)
SLOT = Slot(START, START + NMT.duration, "anna")
LATER = Slot(START + 3 * HOUR, START + 4 * HOUR, "anna")
SAM = Contact(phone="+12025550143")


@pytest.fixture(params=STORES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with databases.empty(request.param, tmp_path) as url:
        migrate(url)
        database = Database(url)
        with database.session() as session:
            session.add(StaffUser(id=1, email="anna@willowlane.example", role="therapist", created_at=NOW))
        yield database
        database.close()


def screened(session: Session, name: str = "a", tier: str | None = "NONE", **more: Any) -> str:
    """A conversation with a finished screening; returns the id of both."""
    if session.get(Conversation, name) is None:
        session.add(Conversation(id=name, channel="web", locale="en-US", created_at=NOW, last_at=NOW))
        session.flush()
    values = {"state": "new", "finished_at": NOW, "valid_until": NOW + datetime.timedelta(days=14)} | more
    identity = str(values.pop("id", name))
    session.add(
        Screening(
            id=identity, conversation_id=name, record={}, ruleset_version="1", tier=tier, started_at=NOW, **values
        )
    )
    session.flush()
    return identity


def ask(session: Session, name: str = "a", slot: Slot | None = SLOT, **more: Any) -> Booking:
    values: dict[str, Any] = {"service": NMT, "name": "Sam Lee", "contact": SAM, "now": NOW, "hold": HOLD} | more
    return bookings.request(session, conversation_id=name, screening_id=name, slot=slot, **values)


def decide(session: Session, screening: str, decision: str) -> None:
    session.add(Decision(screening_id=screening, staff_id=1, decision=decision, ruleset_version="1", at=NOW))
    session.flush()


def held(session: Session, reference: str) -> list[datetime.datetime]:
    query = select(BookingCell.cell_start).where(BookingCell.reference == reference).order_by(BookingCell.cell_start)
    return list(session.scalars(query))


# ------------------------------------------------------------------ asking


def test_a_request_holds_its_cells(database: Database) -> None:
    with database.session() as session:
        screened(session)
        booking = ask(session, note="A quiet room")
        reference = booking.reference
    with database.session() as session:
        booking = bookings.get(session, reference)
        assert (booking.state, booking.therapist, booking.start, booking.end) == ("requested", "anna", START, SLOT.end)
        assert (booking.name, booking.phone, booking.email) == ("Sam Lee", "+12025550143", None)
        assert booking.held_until == NOW + HOLD
        assert held(session, reference) == cells(SLOT, NMT)
        assert bookings.reference_in(f"it is {reference.lower().replace('-', ' ')}") == reference
        assert set(reference.removeprefix("NMT-")) <= set(bookings.ALPHABET)


def test_a_hold_does_not_outlast_the_visit(database: Database) -> None:
    with database.session() as session:
        screened(session)
        assert ask(session, now=START - HOUR).held_until == START


def test_a_provisional_request_holds_nothing(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CLEARANCE")
        booking = ask(session, slot=None, therapist="ben")
        assert (booking.state, booking.therapist, booking.start, booking.held_until) == (
            "provisional",
            "ben",
            None,
            None,
        )
        assert held(session, booking.reference) == []


def test_a_taken_time_is_refused_and_the_transaction_goes_on(database: Database) -> None:
    with database.session() as session:
        screened(session)
        screened(session, "b")
        ask(session)
        for shift in (0, 30, 75 - 15, -60):
            start = START + datetime.timedelta(minutes=shift)
            with pytest.raises(SlotTaken):
                ask(session, "b", Slot(start, start + NMT.duration, "anna"))
        ask(session, "b", Slot(SLOT.start, SLOT.end, "ben"))
        ask(session, "b", Slot(START + 5 * CELL, START + 9 * CELL, "anna"))
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 3


def test_fifty_requests_for_one_time_give_one_booking(database: Database) -> None:
    with database.session() as session:
        for number in range(50):
            screened(session, f"c{number}")
    start = threading.Barrier(50)

    def client(number: int) -> str:
        start.wait(timeout=60)
        try:
            with database.session() as session:
                return ask(session, f"c{number}").reference
        except SlotTaken:
            return "taken"

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(client, range(50)))
    assert results.count("taken") == 49
    with database.session() as session:
        (booking,) = session.scalars(select(Booking))
        assert booking.reference in results
        assert held(session, booking.reference) == cells(SLOT, NMT)


def test_two_who_exchange_their_times_do_not_wait_forever(database: Database) -> None:
    with database.session() as session:
        for name, slot in (("a", SLOT), ("b", LATER)):
            screened(session, name)
            ask(session, name, slot)
        references = {b.conversation_id: b.reference for b in session.scalars(select(Booking))}
    start = threading.Barrier(2)

    def move(name: str, slot: Slot) -> bool:
        start.wait(timeout=60)
        try:
            with database.session() as session:
                bookings.reschedule(session, references[name], slot=slot, service=NMT, now=NOW, hold=HOLD)
        except SlotTaken:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(move, ("a", "b"), (LATER, SLOT)))
    with database.session() as session:
        now_held = list(session.scalars(select(Booking).where(Booking.state == "requested")))
        assert {booking.conversation_id for booking in now_held} == {"a", "b"}
        assert all(held(session, booking.reference) for booking in now_held)


@pytest.mark.parametrize(
    ("tier", "decision", "with_slot", "provisional"),
    [
        ("NONE", None, True, True),
        ("CAUTION", None, True, True),
        ("CLEARANCE", None, False, True),
        ("STOP", None, False, False),
        ("EMERGENCY", None, False, False),
        (None, None, False, False),
        ("NONE", "decline", False, False),
        ("CAUTION", "refer", False, False),
        ("CAUTION", "needs_letter", False, True),
        ("CLEARANCE", "approve", True, True),
        ("CLEARANCE", "decline", False, False),
        ("STOP", "approve", True, True),
        ("EMERGENCY", "approve", True, True),
    ],
)
def test_what_a_screening_allows(
    database: Database, tier: str | None, decision: str | None, with_slot: bool, provisional: bool
) -> None:
    with database.session() as session:
        screened(session, tier=tier)
        if decision:
            decide(session, "a", decision)
        for slot, allowed in ((SLOT, with_slot), (None, provisional)):
            if allowed:
                ask(session, slot=slot)
            else:
                with pytest.raises(NotApproved):
                    ask(session, slot=slot)


@pytest.mark.parametrize(
    "change",
    [{"state": "open"}, {"state": "replaced"}, {"state": "expired"}, {"valid_until": NOW}],
    ids=["open", "replaced", "expired", "too old"],
)
def test_an_old_or_unfinished_screening_allows_nothing(database: Database, change: dict[str, Any]) -> None:
    with database.session() as session:
        screened(session, **change)
        for slot in (SLOT, None):
            with pytest.raises(NotApproved):
                ask(session, slot=slot)


def test_a_screening_of_somebody_else_allows_nothing(database: Database) -> None:
    with database.session() as session:
        screened(session)
        screened(session, "b", "CLEARANCE")
        with pytest.raises(NotApproved):
            bookings.request(
                session, conversation_id="b", screening_id="a", service=NMT, slot=SLOT,
                name="Sam", contact=SAM, now=NOW, hold=HOLD,
            )  # fmt: skip


@pytest.mark.parametrize("lock", ["asking", "locked"])
def test_a_conversation_on_hold_takes_no_booking(database: Database, lock: str) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        session.get_one(Conversation, "a").lock = lock
        with pytest.raises(NotApproved):
            ask(session, slot=LATER)
        with pytest.raises(NotApproved):
            bookings.confirm(session, reference, 1, NOW)
        bookings.cancel(session, reference, NOW)


def test_the_past_cannot_be_booked(database: Database) -> None:
    with database.session() as session:
        screened(session)
        with pytest.raises(WrongTime):
            ask(session, now=START)


# ------------------------------------------------------------------ confirming


def test_nothing_flagged_is_confirmed_without_an_approval(database: Database) -> None:
    for tier in ("CLEARANCE", "STOP", "EMERGENCY"):
        with database.session() as session:
            screened(session, tier, tier)
            decide(session, tier, "approve")
            reference = ask(session, tier, Slot(START, START + HOUR, f"t-{tier}")).reference
            decide(session, tier, "needs_letter")
            with pytest.raises(NotApproved):
                bookings.confirm(session, reference, 1, NOW)
            assert bookings.get(session, reference).state == "requested"
            decide(session, tier, "approve")
            assert bookings.confirm(session, reference, 1, NOW).state == "confirmed"


def test_the_database_refuses_what_the_code_would_let_through(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CLEARANCE")
        booking = ask(session, slot=None)
        booking.state = "confirmed"
        with pytest.raises(DBAPIError, match="approval"):
            session.flush()
        session.rollback()


def test_confirming_a_caution_is_the_decision(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CAUTION")
        reference = ask(session).reference
        booking = bookings.confirm(session, reference, 1, NOW)
        assert (booking.state, booking.held_until) == ("confirmed", None)
        assert held(session, reference) == cells(SLOT, NMT)
        (decision,) = session.scalars(select(Decision))
        assert (decision.decision, decision.staff_id, decision.screening_id) == ("approve", 1, "a")
        assert session.get_one(Screening, "a").state == "decided"


def test_confirming_no_finding_writes_no_decision(database: Database) -> None:
    with database.session() as session:
        screened(session)
        assert bookings.confirm(session, ask(session).reference, 1, NOW).state == "confirmed"
        assert session.scalar(select(func.count()).select_from(Decision)) == 0


def test_a_declined_caution_is_not_confirmed(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CAUTION")
        reference = ask(session).reference
        decide(session, "a", "decline")
        with pytest.raises(NotApproved):
            bookings.confirm(session, reference, 1, NOW)


def test_a_reopened_screening_is_not_confirmed(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        screening = session.get_one(Screening, "a")
        screening.state, screening.tier = "open", None
        with pytest.raises(NotApproved):
            bookings.confirm(session, reference, 1, NOW)


def test_confirming_needs_a_time_that_is_still_held_and_still_to_come(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        with pytest.raises(WrongTime):
            bookings.confirm(session, reference, 1, START)
        session.execute(text("DELETE FROM booking_cell"))
        with pytest.raises(SlotTaken):
            bookings.confirm(session, reference, 1, NOW)


def test_an_unknown_reference_is_said_to_be_unknown(database: Database) -> None:
    with database.session() as session, pytest.raises(NoSuchBooking):
        bookings.confirm(session, "NMT-22222", 1, NOW)


# ------------------------------------------------------------------ letting go, moving


def test_what_is_let_go_can_be_taken_by_others(database: Database) -> None:
    for action, state in (
        (Action.DECLINE, "declined"),
        (Action.CANCEL_CLIENT, "cancelled_by_client"),
        (Action.CANCEL_CLINIC, "cancelled_by_clinic"),
        (Action.EXPIRE, "expired"),
        (Action.AWAIT_LETTER, "provisional"),
    ):
        with database.session() as session:
            screened(session, state)
            reference = ask(session, state).reference
            booking = bookings.transition(session, reference, action, NOW)
            assert (booking.state, booking.held_until) == (state, None)
            assert held(session, reference) == []


def test_what_the_table_does_not_have_is_refused(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = bookings.cancel(session, ask(session).reference, NOW).reference
        with pytest.raises(TransitionError):
            bookings.confirm(session, reference, 1, NOW)
        with pytest.raises(TransitionError):
            bookings.cancel(session, reference, NOW)
        with pytest.raises(ValueError, match="member of staff"):
            bookings.transition(session, reference, Action.CONFIRM, NOW)


def test_a_visit_that_has_begun_is_not_cancelled_but_closed(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        bookings.confirm(session, reference, 1, NOW)
        with pytest.raises(WrongTime):
            bookings.cancel(session, reference, START)
        with pytest.raises(WrongTime):
            bookings.transition(session, reference, Action.NO_SHOW, NOW)
        assert bookings.complete_past(session, SLOT.end - HOUR) == []
        (done,) = bookings.complete_past(session, SLOT.end)
        assert (done.reference, done.state) == (reference, "completed")


def test_a_hold_expires_once(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        assert bookings.expire_holds(session, NOW + HOLD - HOUR) == []
        (expired,) = bookings.expire_holds(session, NOW + HOLD)
        assert (expired.reference, expired.state, expired.start) == (reference, "expired", START)
        assert held(session, reference) == []
        assert bookings.expire_holds(session, NOW + HOLD) == []


def test_an_expired_request_takes_another_time_under_its_reference(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        bookings.expire_holds(session, NOW + HOLD)
        again = bookings.reschedule(session, reference, slot=LATER, service=NMT, now=NOW + HOLD, hold=HOLD)
        assert (again.reference, again.state, again.start) == (reference, "requested", LATER.start)
        assert held(session, reference) == cells(LATER, NMT)


def test_a_moved_booking_takes_a_corrected_name_and_contact(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        changes: dict[str, Any] = {"name": "Kim Lee", "contact": Contact(email="kim@example.com")}
        moved = bookings.reschedule(session, reference, slot=LATER, service=NMT, now=NOW, hold=HOLD, **changes)
        assert (moved.name, moved.phone, moved.email) == ("Kim Lee", None, "kim@example.com")
        bookings.transition(session, moved.reference, Action.EXPIRE, NOW)
        again = bookings.reschedule(
            session, moved.reference, slot=SLOT, service=NMT, now=NOW, hold=HOLD, name="Sam Lee", contact=SAM
        )
        assert (again.reference, again.name, again.phone, again.email) == (moved.reference, "Sam Lee", SAM.phone, None)


def test_a_provisional_request_takes_a_time_once_it_is_approved(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CLEARANCE")
        reference = ask(session, slot=None).reference
        with pytest.raises(NotApproved):
            bookings.reschedule(session, reference, slot=SLOT, service=NMT, now=NOW, hold=HOLD)
        decide(session, "a", "approve")
        booking = bookings.reschedule(session, reference, slot=SLOT, service=NMT, now=NOW, hold=HOLD)
        assert (booking.reference, booking.state) == (reference, "requested")


def test_moving_is_one_step_and_keeps_the_link(database: Database) -> None:
    with database.session() as session:
        screened(session)
        old = ask(session).reference
        bookings.confirm(session, old, 1, NOW)
    with database.session() as session:
        overlapping = Slot(START + 2 * CELL, START + 2 * CELL + LONG.duration, "anna")
        new = bookings.reschedule(session, old, slot=overlapping, service=LONG, now=NOW, hold=HOLD)
        assert new.reference != old
        assert (new.state, new.service, new.name, new.phone) == ("requested", LONG.id, "Sam Lee", "+12025550143")
        assert bookings.moved_from(session, new.reference) == old
        assert bookings.moved_from(session, old) is None
        assert bookings.get(session, old).state == "cancelled_by_client"
        assert held(session, old) == []
        assert held(session, new.reference) == cells(overlapping, LONG)


def test_when_the_new_time_is_gone_the_old_one_stays(database: Database) -> None:
    with database.session() as session:
        for name, slot in (("a", SLOT), ("b", LATER)):
            screened(session, name)
            ask(session, name, slot)
        mine = bookings.latest_open(session, "a")
        assert mine is not None
        reference = mine.reference
        with pytest.raises(SlotTaken):
            bookings.reschedule(session, reference, slot=LATER, service=NMT, now=NOW, hold=HOLD)
    with database.session() as session:
        assert bookings.get(session, reference).state == "requested"
        assert held(session, reference) == cells(SLOT, NMT)


def test_a_proposal_is_held_and_accepted(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        booking = bookings.transition(session, reference, Action.PROPOSE, NOW, slot=LATER, service=NMT, hold=HOLD)
        assert (booking.state, booking.start) == ("proposed", LATER.start)
        assert held(session, reference) == cells(LATER, NMT)
        booking = bookings.transition(session, reference, Action.ACCEPT, NOW, hold=HOLD)
        assert (booking.state, booking.held_until) == ("requested", NOW + HOLD)
        with pytest.raises(ValueError, match="slot"):
            bookings.transition(session, reference, Action.PROPOSE, NOW)


@pytest.mark.parametrize(
    ("tier", "state", "keeps_time"),
    [("NONE", "confirmed", True), ("CAUTION", "requested", True), ("CLEARANCE", "provisional", False),
     ("STOP", "provisional", False), ("EMERGENCY", "provisional", False)],
)  # fmt: skip
def test_news_about_health_reach_a_confirmed_booking(
    database: Database, tier: str, state: str, keeps_time: bool
) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
        bookings.confirm(session, reference, 1, NOW)
        newer = screened(session, "a", tier, id="newer")
        booking = bookings.rescreen(session, reference, newer, NOW, HOLD)
        assert (booking.state, booking.screening_id) == (state, "newer")
        assert bool(held(session, reference)) is keeps_time
        if tier in ("STOP", "EMERGENCY", "CLEARANCE"):
            with pytest.raises(NotApproved):
                bookings.reschedule(session, reference, slot=SLOT, service=NMT, now=NOW, hold=HOLD)


# ------------------------------------------------------------------ reading


def test_busy_is_what_the_search_leaves_out(database: Database) -> None:
    with database.session() as session:
        screened(session)
        reference = ask(session).reference
    with database.session() as session:
        window = (NOW, NOW + datetime.timedelta(days=28))
        (span,) = bookings.busy(session, *window)
        assert (span.therapist, span.start, span.end) == ("anna", START, SLOT.end + NMT.buffer)
        assert SLOT not in free_slots(CLINIC, NMT, "anna", [span], NOW)
        assert SLOT in free_slots(CLINIC, NMT, "anna", bookings.busy(session, *window, without=reference), NOW)
        assert bookings.busy(session, SLOT.end + NMT.buffer, window[1]) == []
        assert bookings.busy(session, NOW, START - HOUR) == [span]  # a session from then on would run into it


def test_the_newest_booking_of_a_conversation(database: Database) -> None:
    with database.session() as session:
        screened(session)
        assert bookings.latest(session, "a") is None
        first = ask(session).reference
        second = ask(session, slot=LATER, now=NOW + HOUR).reference
        newest = bookings.latest_open(session, "a")
        assert newest is not None
        assert newest.reference == second
        bookings.cancel(session, second, NOW + HOUR)
        still_open, last = bookings.latest_open(session, "a"), bookings.latest(session, "a")
        assert still_open is not None
        assert last is not None
        assert (still_open.reference, last.reference) == (first, second)


def test_the_list_of_staff_is_filtered_and_in_order(database: Database) -> None:
    with database.session() as session:
        screened(session, tier="CLEARANCE")
        screened(session, "b")
        waiting = ask(session, slot=None).reference
        late = ask(session, "b", LATER).reference
        early = ask(session, "b").reference
        assert [b.reference for b in bookings.listing(session)] == [waiting, early, late]
        assert [b.reference for b in bookings.listing(session, states={State.PROVISIONAL})] == [waiting]
        assert [b.reference for b in bookings.listing(session, first=LATER.start)] == [late]
        assert [b.reference for b in bookings.listing(session, first=START, last=LATER.start)] == [early]
        assert [b.reference for b in bookings.listing(session, limit=1, offset=1)] == [early]


@pytest.mark.parametrize("typed", ["nmt-7k3qf", "NMT 7K3QF", "my number is nmt7k3qf.", "NMT - 7k3qf"])
def test_a_reference_is_read_however_it_is_typed(typed: str) -> None:
    assert bookings.reference_in(typed) == "NMT-7K3QF"


def test_no_reference_is_read_where_there_is_none() -> None:
    assert bookings.reference_in("is NMT good for me") is None
