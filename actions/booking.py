"""The booking request in the dialogue."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet

from actions._turn import Done, Turn, TurnAction, answered, context
from bot.bookings import BookingDesk
from bot.reply import Reply
from bot.store import screenings

SLOT = "booking_answer"


def desk() -> BookingDesk:
    return BookingDesk(context())


class BookingStart(TurnAction):
    """Open a request, send the client to the health questions first, or say why not."""

    points_on = True

    def name(self) -> str:
        return "action_booking_start"

    def act(self, turn: Turn) -> Done:
        said = "" if turn.do else turn.message.text
        replies, gate = desk().start(turn.session, turn.conversation, said=said)
        return Done(replies, (SlotSet("booking_gate", gate),))

    def failed(self) -> list[EventType]:
        return [SlotSet("booking_gate", "closed")]


class Reschedule(TurnAction):
    """Look for another time for the open request."""

    points_on = True

    def name(self) -> str:
        return "action_reschedule"

    def act(self, turn: Turn) -> Done:
        replies, gate = desk().start(turn.session, turn.conversation, moves=True)
        return Done(replies, (SlotSet("booking_gate", gate),))

    def failed(self) -> list[EventType]:
        return [SlotSet("booking_gate", "closed")]


class BookingAnswer(TurnAction):
    """Take a message inside the request; the name is Rasa's for "validate the form"."""

    def name(self) -> str:
        return "validate_booking_form"

    def act(self, turn: Turn) -> Done:
        return answered(desk().take(turn.session, turn.conversation, turn.heard), SLOT)

    def failed(self) -> list[EventType]:
        return [SlotSet(SLOT, None)]


class BookingAsk(TurnAction):
    """Ask the open question of the request, after the result where the health questions just ended."""

    def name(self) -> str:
        return "action_ask_booking_answer"

    def act(self, turn: Turn) -> Done:
        lead: tuple[Reply, ...] = ()
        if not turn.conversation.context.get("draft"):
            lead, gate = desk().start(turn.session, turn.conversation)
            if gate != "open":
                return Done(lead)
        return Done((*lead, *desk().ask(turn.session, turn.conversation, turn.interrupted)))


class BookingEnd(TurnAction):
    """Where the dialogue goes after a request; its outcome was said when it was sent."""

    def name(self) -> str:
        return "action_booking_end"

    def act(self, turn: Turn) -> Done:
        wants = turn.intent == "screen" and turn.conversation.lock is None
        if wants:
            screenings.begin(turn.session, turn.conversation.id, context().rules, mode="full", origin="booking")
        return Done((), (SlotSet("next_flow", "screening" if wants else "none"),))

    def failed(self) -> list[EventType]:
        return [SlotSet("next_flow", "none")]


class MyBooking(TurnAction):
    """How the newest request stands; also the client's word on a proposed time."""

    points_on = True

    def name(self) -> str:
        return "action_my_booking"

    def act(self, turn: Turn) -> Done:
        if "proposal" in turn.do:
            return Done((desk().answer_proposal(turn.session, turn.conversation, bool(turn.do["proposal"])),))
        return Done((desk().status(turn.session, turn.conversation),))


class CancelBooking(TurnAction):
    """Ask before cancelling."""

    points_on = True

    def name(self) -> str:
        return "action_cancel_booking"

    def act(self, turn: Turn) -> Done:
        return Done((desk().ask_cancel(turn.session, turn.conversation),), (SlotSet("booking_gate", "closed"),))

    def failed(self) -> list[EventType]:
        return [SlotSet("booking_gate", "closed")]
