"""Reminders of confirmed visits, and the hours in which clients are left in peace.

The times are pure functions. The rows are made with the booking, in its transaction, and wait in the outbox; that they
go when the visit is cancelled or moved is seen to where a booking changes its state (bot/store/bookings.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from bot.booking.when import say_when
from bot.clinic import Clinic
from bot.reply import Button, Reply, ReplyKind
from bot.store.bookings import reminder_key
from bot.store.models import Booking, Outbox
from bot.wording import Wording

AWAKE = timedelta(minutes=30)
"""Who has written this recently is not asleep."""
_LEAST_NOTICE = timedelta(minutes=30)
_DAY = timedelta(days=1)


def is_quiet(clinic: Clinic, moment: datetime) -> bool:
    """Whether clients are to be left in peace now."""
    quiet = clinic.reminders.quiet_hours
    return quiet is not None and quiet.hold(moment.astimezone(clinic.zone).time())


def due_times(start: datetime, clinic: Clinic, now: datetime) -> Iterator[tuple[int, datetime]]:
    """When to remind of a visit: (hours before, moment), each outside the quiet hours and still to come.

    What falls into the quiet hours comes when they end, if that is early enough, and before they begin otherwise.
    """
    for hours in sorted(set(clinic.reminders.hours_before), reverse=True):
        due = _in_daytime(start - timedelta(hours=hours), start, clinic)
        if now < due < start:
            yield hours, due


def _in_daytime(due: datetime, start: datetime, clinic: Clinic) -> datetime:
    quiet = clinic.reminders.quiet_hours
    if quiet is None or not is_quiet(clinic, due):
        return due
    local = due.astimezone(clinic.zone)
    over = datetime.combine(local.date(), quiet.ends, clinic.zone)
    if over <= local:
        over = datetime.combine(local.date() + _DAY, quiet.ends, clinic.zone)
    if over.astimezone(UTC) <= start - _LEAST_NOTICE:
        return over.astimezone(UTC)
    began = datetime.combine(local.date(), quiet.starts, clinic.zone)
    if began > local:
        began = datetime.combine(local.date() - _DAY, quiet.starts, clinic.zone)
    return began.astimezone(UTC) - _LEAST_NOTICE


def schedule(session: Session, booking: Booking, clinic: Clinic, wording: Wording, now: datetime) -> None:
    """Put the reminders of a confirmed visit into the outbox."""
    if booking.start is None:
        return
    buttons = tuple(
        Button(wording.text(f"button.{name}"), {"do": "intent", "intent": intent})
        for name, intent in (("my_booking", "my_booking"), ("cancel_booking", "cancel_booking"))
    )
    text = wording.text("reminder.visit", when=say_when(booking.start, clinic.zone))
    about = {"reference": booking.reference, "start": booking.start.astimezone(UTC).isoformat()}
    for hours, due in due_times(booking.start, clinic, now):
        session.add(
            Outbox(
                key=reminder_key(booking.reference, f"{hours}:{booking.version}"),
                conversation_id=booking.conversation_id,
                author="bot",
                reply=Reply(text, ReplyKind.BOOKING, buttons, meta={"reminder": about}).to_json(),
                due_at=due,
                attempts=0,
            )
        )
