"""Booking requests in the store: asked for, held, confirmed, moved, let go.

Each function is part of the caller's transaction. That no therapist is given away twice is kept by the key of
`booking_cell`, on every database; what may follow what is in bot/booking/states.py.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, joinedload

from bot.booking.contact import Contact
from bot.booking.slots import CELL, Busy, Slot, cells
from bot.booking.states import HOLDS_TIME, OPEN, WAITS, Action, State, TransitionError, after
from bot.clinic import Service
from bot.clinical.model import Tier
from bot.store import screenings
from bot.store.models import Audit, Booking, BookingCell, Conversation, Decision, Outbox, Screening

ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
"""Letters of a reference: none that can be misread on the phone, and no vowels, so that no word comes about."""

APPROVE = "approve"
FINISHED = frozenset({"new", "claimed", "decided"})
"""States of a screening that has a result which still stands."""

_REFERENCE = re.compile(rf"NMT[\s-]*([{ALPHABET}]{{5}})", re.IGNORECASE)
_MOVED = "booking.moved"
_OVERLAP = timedelta(days=1)
_DEADLOCK = "40P01"  # PostgreSQL: two requests wanted each other's time


class BookingError(Exception):
    """Something about a booking cannot be done."""


class NoSuchBooking(BookingError):
    """There is no booking with this reference."""


class SlotTaken(BookingError):
    """Somebody else has the time."""


class NotApproved(BookingError):
    """The health questions do not allow this before a person has approved it."""


class WrongTime(BookingError):
    """It is too late or too early for this: the visit has begun, or has not yet."""


def request(
    session: Session,
    *,
    conversation_id: str,
    screening_id: str,
    service: Service,
    slot: Slot | None,
    name: str,
    contact: Contact,
    now: datetime,
    hold: timedelta,
    therapist: str | None = None,
    any_therapist: bool = False,
    note: str = "",
) -> Booking:
    """Write a request and take its time, in one step.

    Args:
        slot: the time to hold; None for a provisional request.
        hold: how long the time is kept while staff look at it.
        therapist: who is wished for, where there is no slot.
        any_therapist: the client did not mind who.

    Raises:
        NotApproved: the screening does not allow it.
        SlotTaken: somebody was faster; the transaction can go on.
        WrongTime: the slot has begun.
    """
    screening = session.get(Screening, screening_id)
    if screening is None or screening.conversation_id != conversation_id:
        raise NotApproved("the health questions of this conversation are missing")
    _require_fresh(screening, now)
    if slot is not None:
        _require_holdable(session, screening)
        _require_future(slot.start, now)
    else:
        _require_askable(session, screening)
    booking = Booking(
        reference=_new_reference(session),
        conversation_id=conversation_id,
        screening_id=screening_id,
        state=State.REQUESTED if slot else State.PROVISIONAL,
        service=service.id,
        therapist=slot.therapist if slot else therapist,
        any_therapist=any_therapist,
        name=name,
        phone=contact.phone,
        email=contact.email,
        note=note,
        created_at=now,
        changed_at=now,
    )
    with _all_or_nothing(session):
        session.add(booking)
        session.flush()
        if slot is not None:
            _take(session, booking, slot, service, now + hold)
    return booking


def busy(session: Session, first: datetime, last: datetime, *, without: str | None = None) -> list[Busy]:
    """What is taken between two moments; `without` leaves out a booking that is to be moved.

    A session that starts before `last` ends after it, so what is taken within a day of `last` is given as well.
    """
    start, end = func.min(BookingCell.cell_start), func.max(BookingCell.cell_start)
    query = (
        select(BookingCell.therapist, start, end)
        .where(BookingCell.cell_start > first - CELL, BookingCell.cell_start < last + _OVERLAP)
        .group_by(BookingCell.therapist, BookingCell.reference)
    )
    if without is not None:
        query = query.where(BookingCell.reference != without)
    return [Busy(therapist, begin, finish + CELL) for therapist, begin, finish in session.execute(query)]


def transition(
    session: Session,
    reference: str,
    action: Action,
    now: datetime,
    *,
    slot: Slot | None = None,
    service: Service | None = None,
    hold: timedelta | None = None,
) -> Booking:
    """Take a booking to its next state, with what that means for its time. `confirm` has a function of its own.

    Args:
        slot: the new time, for `choose` and `propose`, with `service` and `hold`.
        hold: how long the time is kept; `accept` and `review` need it too.

    Raises:
        NoSuchBooking, TransitionError, SlotTaken, NotApproved, WrongTime.
    """
    if action is Action.CONFIRM:
        raise ValueError("a booking is confirmed by a member of staff: see confirm()")
    booking = get(session, reference)
    state = after(State(booking.state), action)
    if action in (Action.CHOOSE, Action.PROPOSE):
        if slot is None or service is None or hold is None:
            raise ValueError(f"{action} needs a slot, its service and how long it is held")
        _require_holdable(session, booking.screening)
        _require_future(slot.start, now)
        with _all_or_nothing(session):
            _release(session, booking)
            booking.service = service.id
            _take(session, booking, slot, service, now + hold)
            _enter(session, booking, state, now)
        return booking
    if action in (Action.ACCEPT, Action.REVIEW):
        if hold is None:
            raise ValueError(f"{action} needs how long the time is held")
        if action is Action.ACCEPT:
            _require_holdable(session, booking.screening)
        _require_future(booking.start, now)
        booking.held_until = _until(booking.start, now + hold)
    elif action in (Action.CANCEL_CLIENT, Action.CANCEL_CLINIC):
        if State(booking.state) in HOLDS_TIME:
            _require_future(booking.start, now)
    elif action in (Action.COMPLETE, Action.NO_SHOW) and (booking.start is None or booking.start > now):
        raise WrongTime("the visit has not begun yet")
    if action is Action.AWAIT_LETTER:
        booking.start = booking.end = None
        if booking.any_therapist:
            booking.therapist = None
    if state not in HOLDS_TIME:
        _release(session, booking)
    _enter(session, booking, state, now)
    return booking


def confirm(session: Session, reference: str, staff_id: int, now: datetime) -> Booking:
    """Confirm a booking: screening and time are looked at once more.

    For a CAUTION without a decision the confirmation is the human decision, and is written as one.

    Raises:
        NoSuchBooking, TransitionError, NotApproved, SlotTaken, WrongTime.
    """
    booking = get(session, reference)
    state = after(State(booking.state), Action.CONFIRM)
    screening = booking.screening
    _require_holdable(session, screening)
    _require_future(booking.start, now)
    held = session.scalar(select(func.count()).where(BookingCell.reference == booking.reference))
    if not held:
        raise SlotTaken("the time is not held any more")
    if screening.tier == Tier.CAUTION.name and _decision(session, screening.id) is None:
        session.add(
            Decision(
                screening_id=screening.id,
                staff_id=staff_id,
                decision=APPROVE,
                ruleset_version=screening.ruleset_version,
                at=now,
            )
        )
        screening.state = "decided"
        session.flush()  # the database asks for the decision before the booking may change
    _enter(session, booking, state, now)
    return booking


def cancel(session: Session, reference: str, now: datetime, *, by_client: bool = True) -> Booking:
    """Let a booking go, and its time with it.

    Raises:
        NoSuchBooking, TransitionError, WrongTime.
    """
    return transition(session, reference, Action.CANCEL_CLIENT if by_client else Action.CANCEL_CLINIC, now)


def reschedule(
    session: Session,
    reference: str,
    *,
    slot: Slot,
    service: Service,
    now: datetime,
    hold: timedelta,
    any_therapist: bool = False,
    screening_id: str | None = None,
    name: str | None = None,
    contact: Contact | None = None,
) -> Booking:
    """Ask for another time; `screening_id`, `name` and `contact` are given where they are no longer the same.

    A booking that holds a time is cancelled and a new one, linked to it (`moved_from`), takes its place in the same
    step: if the new time is gone, the old one stays. A request without a time keeps its reference.

    Raises:
        NoSuchBooking, TransitionError, SlotTaken, NotApproved, WrongTime.
    """
    old = get(session, reference)
    if State(old.state) not in HOLDS_TIME:
        old.any_therapist = any_therapist
        old.screening_id = screening_id or old.screening_id
        old.name = name or old.name
        if contact is not None:
            old.phone, old.email = contact.phone, contact.email
        session.flush()
        session.expire(old, ["screening"])
        return transition(session, reference, Action.CHOOSE, now, slot=slot, service=service, hold=hold)
    with _all_or_nothing(session):
        transition(session, reference, Action.CANCEL_CLIENT, now)
        session.flush()
        new = request(
            session,
            conversation_id=old.conversation_id,
            screening_id=screening_id or old.screening_id,
            service=service,
            slot=slot,
            name=name or old.name,
            contact=contact or Contact(old.phone, old.email),
            note=old.note,
            now=now,
            hold=hold,
            any_therapist=any_therapist,
        )
        session.add(
            Audit(at=now, who="client", what=_MOVED, subject=_subject(new.reference), detail={"from": reference})
        )
        session.flush()
    return new


def moved_from(session: Session, reference: str) -> str | None:
    """The booking that this one replaced."""
    detail = session.scalar(select(Audit.detail).where(Audit.what == _MOVED, Audit.subject == _subject(reference)))
    return str(detail["from"]) if detail else None


def rescreen(session: Session, reference: str, screening_id: str, now: datetime, hold: timedelta) -> Booking:
    """Put an open booking under a newer screening, because the client reported something new.

    NONE changes nothing else; with CAUTION staff have to look again; with more, no time is held before they approve.

    Raises:
        NoSuchBooking, NotApproved.
    """
    booking = get(session, reference)
    screening = session.get(Screening, screening_id)
    if screening is None or screening.conversation_id != booking.conversation_id:
        raise NotApproved("the health questions of this conversation are missing")
    state = State(booking.state)
    if screening.tier != Tier.NONE.name and state is not State.PROVISIONAL:
        holdable = screening.tier == Tier.CAUTION.name and state in HOLDS_TIME
        action = Action.REVIEW if holdable else Action.AWAIT_LETTER
        transition(session, reference, action, now, hold=hold)
        session.flush()  # no longer confirmed before the flagged screening is attached
    booking.screening = screening
    booking.changed_at = now
    session.flush()
    return booking


def expire_holds(session: Session, now: datetime) -> list[Booking]:
    """Let go of the times whose hold has run out. Returns the bookings whose clients are to be told."""
    lapsed = session.scalars(
        select(Booking)
        .where(Booking.state.in_(WAITS), Booking.held_until <= now)
        .order_by(Booking.held_until)
        .with_for_update(skip_locked=True)
    ).all()
    return [transition(session, booking.reference, Action.EXPIRE, now) for booking in lapsed]


def complete_past(session: Session, before: datetime) -> list[Booking]:
    """Mark the confirmed visits that ended before a moment as having taken place."""
    over = session.scalars(
        select(Booking)
        .where(Booking.state == State.CONFIRMED, Booking.end <= before)
        .order_by(Booking.end)
        .with_for_update(skip_locked=True)
    ).all()
    return [transition(session, booking.reference, Action.COMPLETE, before) for booking in over]


def get(session: Session, reference: str) -> Booking:
    """The booking with this reference.

    Raises:
        NoSuchBooking: there is none.
    """
    booking = session.get(Booking, reference)
    if booking is None:
        raise NoSuchBooking(reference)
    return booking


def latest_open(session: Session, conversation_id: str) -> Booking | None:
    """The newest booking of a conversation in which something can still happen."""
    return _latest(session, conversation_id, OPEN)


def latest(session: Session, conversation_id: str) -> Booking | None:
    """The newest booking of a conversation, however it stands."""
    return _latest(session, conversation_id, frozenset(State))


def listing(
    session: Session,
    *,
    states: Collection[State] | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    limit: int = 200,
    offset: int = 0,
) -> Sequence[Booking]:
    """Bookings for staff, with their screenings: those without a time first, then by time.

    Args:
        states: only these.
        first: only visits from this moment on.
        last: only visits before this moment.
    """
    where: list[ColumnElement[bool]] = []
    if states is not None:
        where.append(Booking.state.in_(states))
    if first is not None:
        where.append(Booking.start >= first)
    if last is not None:
        where.append(Booking.start < last)
    return session.scalars(
        select(Booking)
        .options(joinedload(Booking.screening))
        .where(*where)
        .order_by(Booking.start.is_not(None), Booking.start, Booking.reference)
        .limit(limit)
        .offset(offset)
    ).all()


def reference_in(text: str) -> str | None:
    """The reference that somebody typed, in whatever way: "nmt 7k3qf"."""
    found = _REFERENCE.search(text)
    return f"NMT-{found[1].upper()}" if found else None


# ------------------------------------------------------------------ what a screening allows


def _decision(session: Session, screening_id: str) -> str | None:
    """The last decision about the present result of a screening."""
    decision = screenings.last_decision(session, screening_id)
    return decision.decision if decision is not None else None


def _require_holdable(session: Session, screening: Screening) -> None:
    """A therapist's time is held for a screening that a person approved, or that nobody has to look at first."""
    _require_standing(session, screening)
    decision = _decision(session, screening.id)
    if decision != APPROVE and (decision is not None or screening.tier not in (Tier.NONE.name, Tier.CAUTION.name)):
        raise NotApproved("no approval")


def _require_askable(session: Session, screening: Screening) -> None:
    """A provisional request is taken unless the answer is no for now."""
    _require_standing(session, screening)
    decision = _decision(session, screening.id)
    refused = decision in ("decline", "refer")
    if refused or (decision != APPROVE and screening.tier in (Tier.STOP.name, Tier.EMERGENCY.name)):
        raise NotApproved("no approval")


def _require_standing(session: Session, screening: Screening) -> None:
    conversation = session.get(Conversation, screening.conversation_id)
    if conversation is None or conversation.lock is not None:
        raise NotApproved("the conversation is on hold")
    if screening.tier is None or screening.state in ("open", "replaced"):
        raise NotApproved("the health questions have no result that stands")


def _require_fresh(screening: Screening, now: datetime) -> None:
    if screening.tier in (Tier.STOP.name, Tier.EMERGENCY.name):
        return  # a person decides, whatever its age
    if screening.state not in FINISHED or (screening.valid_until is not None and screening.valid_until <= now):
        raise NotApproved("the health questions were answered too long ago")


def _require_future(start: datetime | None, now: datetime) -> None:
    if start is None or start <= now:
        raise WrongTime("the time has passed")


# ------------------------------------------------------------------ rows


def _latest(session: Session, conversation_id: str, states: Collection[State]) -> Booking | None:
    return session.scalar(
        select(Booking)
        .where(Booking.conversation_id == conversation_id, Booking.state.in_(states))
        .order_by(Booking.created_at.desc(), Booking.changed_at.desc())
        .limit(1)
    )


def _new_reference(session: Session) -> str:
    while True:
        reference = "NMT-" + "".join(secrets.choice(ALPHABET) for _ in range(5))
        if session.get(Booking, reference) is None:
            return reference


def _subject(reference: str) -> str:
    return f"booking:{reference}"


@contextmanager
def _all_or_nothing(session: Session) -> Iterator[None]:
    """A step inside the caller's transaction: when a time turns out to be taken, only the step is undone."""
    session.flush()
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        raise SlotTaken("somebody else has the time") from error
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _DEADLOCK:
            raise
        raise SlotTaken("somebody else wants the time") from error


def _take(session: Session, booking: Booking, slot: Slot, service: Service, until: datetime) -> None:
    """Give the slot to a booking."""
    booking.therapist, booking.start, booking.end = slot.therapist, slot.start, slot.end
    booking.held_until = _until(slot.start, until)
    session.flush()
    session.add_all(
        BookingCell(therapist=slot.therapist, cell_start=start, reference=booking.reference)
        for start in cells(slot, service)
    )
    session.flush()


def _until(start: datetime | None, until: datetime) -> datetime:
    """A hold never lasts beyond the visit."""
    return until if start is None else min(start, until)


def _release(session: Session, booking: Booking) -> None:
    """Give a booking's cells back."""
    session.flush()
    session.execute(delete(BookingCell).where(BookingCell.reference == booking.reference))
    session.expire(booking, ["cells"])


def reminder_key(reference: str, which: str) -> str:
    """The key of a reminder in the outbox."""
    return f"reminder:{reference}:{which}"


def _enter(session: Session, booking: Booking, state: State, now: datetime) -> None:
    # Whatever the booking becomes, reminders of what it was are wrong now.
    session.execute(
        delete(Outbox).where(
            Outbox.key.startswith(reminder_key(booking.reference, ""), autoescape=True), Outbox.delivered_at.is_(None)
        )
    )
    booking.state = state
    booking.changed_at = now
    if state not in WAITS:
        booking.held_until = None
    session.flush()


__all__ = [
    "BookingError",
    "NoSuchBooking",
    "NotApproved",
    "SlotTaken",
    "TransitionError",
    "WrongTime",
    "busy",
    "cancel",
    "complete_past",
    "confirm",
    "expire_holds",
    "get",
    "latest",
    "latest_open",
    "listing",
    "moved_from",
    "reference_in",
    "reminder_key",
    "request",
    "reschedule",
    "rescreen",
    "transition",
]
