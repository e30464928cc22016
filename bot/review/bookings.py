"""Bookings: list, confirm, decline, propose, cancel, and tell the client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm.exc import StaleDataError

from bot import reminders
from bot.booking.slots import Slot
from bot.booking.states import OPEN, Action, State, TransitionError
from bot.booking.when import say_when
from bot.cards import booking_card
from bot.clinic import Service
from bot.reply import Button, Reply, ReplyKind
from bot.review.core import Conflict, Desk, Invalid, Json, NotAllowed, NotFound, checked
from bot.review.rows import approval, booking_json
from bot.staff import Staff, audit
from bot.store import bookings
from bot.store.database import now
from bot.store.models import Booking


class Bookings(Desk):
    """What staff do with bookings."""

    def bookings(
        self,
        staff: Staff,
        *,
        state: str | None = None,
        first: datetime | None = None,
        last: datetime | None = None,
        open_only: bool = False,
        offset: int = 0,
        limit: int = 200,
    ) -> list[Json]:
        """Bookings: those without a time first, then by time."""
        if state is not None and state not in set(State):
            raise Invalid(f"There is no state {state!r}. Use one of: {', '.join(State)}.")
        states = {State(state)} if state is not None else OPEN if open_only else None
        with self._database.session() as session:
            rows = bookings.listing(session, states=states, first=first, last=last, offset=offset, limit=limit)
            return [booking_json(row, row.screening, staff) for row in rows]

    def act(
        self,
        reference: str,
        action: Action,
        staff: Staff,
        *,
        message_to_client: str = "",
        version: int | None = None,
        start: datetime | None = None,
        therapist: str | None = None,
    ) -> Json:
        """Confirm, decline, propose, cancel a booking, or note how the visit went; the client is told.

        Raises:
            NotAllowed: the confirmation would be a decision about health answers, and this role takes none.
            Conflict: the booking does not allow it now.
        """
        message = checked(message_to_client, "message to the client")
        moment = now()
        try:
            with self._database.session() as session:
                booking = bookings.get(session, reference)
                if version is not None and booking.version != version:
                    raise Conflict("The booking has changed since you opened it. Please look again.")
                before = booking.state
                if action in (Action.CONFIRM, Action.PROPOSE) and approval(booking.screening) == "missing":
                    raise bookings.NotApproved("nobody has approved the present result")
                if action is Action.CONFIRM:
                    self._may_confirm(booking, staff)
                    booking = bookings.confirm(session, reference, staff.id, moment)
                    reminders.schedule(session, booking, self._clinic, self._wording, moment)
                elif action is Action.PROPOSE:
                    slot, service = self._slot(booking, start, therapist)
                    hold = timedelta(hours=self._clinic.booking.hold_hours)
                    booking = bookings.transition(
                        session, reference, action, moment, slot=slot, service=service, hold=hold
                    )
                else:
                    booking = bookings.transition(session, reference, action, moment)
                session.flush()
                if action in _SAID:
                    reply = self._booking_reply(booking, _SAID[action], message)
                    key = f"booking:{reference}:{action}:{booking.version}"
                    self._tell(session, key, booking.conversation_id, reply, moment)
                audit(
                    session, staff.email, f"booking.{action}", f"booking:{reference}", moment, before=before,
                    after=str(booking.state),
                )  # fmt: skip
                return booking_json(booking, booking.screening, staff)
        except bookings.NoSuchBooking as error:
            raise NotFound("There is no such booking.") from error
        except TransitionError as error:
            raise Conflict(f"That is not possible any more: the booking is {_plain(error.state)}.") from error
        except bookings.NotApproved as error:
            raise Conflict(f"That needs an approval of the health answers first ({error}).") from error
        except bookings.SlotTaken as error:
            raise Conflict(f"That time is not free: {error}.") from error
        except bookings.WrongTime as error:
            raise Conflict(f"That cannot be done now: {error}.") from error
        except StaleDataError as error:
            raise Conflict("Somebody else changed this booking just now. Please look again.") from error

    def _may_confirm(self, booking: Booking, staff: Staff) -> None:
        """To confirm what nobody has approved is a decision about health, so it is not the front desk's."""
        if staff.clinical or approval(booking.screening) in ("given", "not_needed"):
            return
        raise NotAllowed("A therapist has to look at the health answers before this can be confirmed.")

    def _slot(self, booking: Booking, start: datetime | None, therapist: str | None) -> tuple[Slot, Service]:
        service = self._clinic.service(booking.service)
        if service is None:
            raise Conflict("The clinic does not offer this session any more.")
        if start is None or start.tzinfo is None:
            raise Invalid("Give the new time, with its zone.")
        name = therapist or booking.therapist
        person = self._clinic.therapist(name) if name else None
        if person is None or person not in self._clinic.therapists_for(service.id):
            raise Invalid("Choose a therapist who gives this session.")
        moment = start.astimezone(UTC).replace(second=0, microsecond=0)
        return Slot(moment, moment + service.duration, person.id), service

    def _booking_reply(self, booking: Booking, text: str, message: str) -> Reply:
        service = self._clinic.service(booking.service)
        if booking.start is None:
            text = "booking.status_declined"  # there is no time to speak of
        words = message or self._wording.text(
            text,
            when=say_when(booking.start, self._clinic.zone) if booking.start else "",
            service=service.name if service else booking.service,
            reference=booking.reference,
        )
        buttons: tuple[Button, ...] = ()
        if booking.state == State.PROPOSED:
            buttons = tuple(
                Button(
                    self._wording.text(title),
                    {"do": "intent", "intent": "my_booking", "proposal": accepts},
                )
                for title, accepts in (("button.accept_time", True), ("button.other_time", False))
            )
        return Reply(words, ReplyKind.BOOKING, buttons=buttons, meta={"booking": booking_card(booking, self._clinic)})


# What a client is told of an act on a booking, unless staff write their own words.
_SAID: dict[Action, str] = {
    Action.CONFIRM: "booking_confirmed",
    Action.DECLINE: "booking_declined",
    Action.PROPOSE: "booking_proposed",
    Action.CANCEL_CLINIC: "booking_cancelled_by_clinic",
}


def _plain(state: str) -> str:
    return state.replace("_", " ")
