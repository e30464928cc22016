"""The health questions in the dialogue."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet

from actions._turn import Done, Turn, TurnAction, answered, context
from bot.screening import ScreeningDesk

SLOT = "screening_answer"


def desk() -> ScreeningDesk:
    return ScreeningDesk(context())


class ScreeningStart(TurnAction):
    """Open the health questions, or say why they are not opened."""

    points_on = True

    def name(self) -> str:
        return "action_screening_start"

    def act(self, turn: Turn) -> Done:
        origin = "booking" if turn.intent in ("book", "reschedule") or turn.also == "book" else ""
        taken = desk().start(
            turn.session, turn.conversation, origin, bool(turn.do.get("again")), bool(turn.do.get("rest"))
        )
        return Done(taken.replies, (SlotSet("screening_gate", "closed" if taken.done else "open"),))

    def failed(self) -> list[EventType]:
        return [SlotSet("screening_gate", "closed")]


class ScreeningAnswer(TurnAction):
    """Take a message inside the health questions; the name is Rasa's for "validate the form"."""

    def name(self) -> str:
        return "validate_screening_form"

    def act(self, turn: Turn) -> Done:
        return answered(desk().take(turn.session, turn.conversation, turn.heard), SLOT)

    def failed(self) -> list[EventType]:
        return [SlotSet(SLOT, None)]


class ScreeningAsk(TurnAction):
    """Ask the open question."""

    def name(self) -> str:
        return "action_ask_screening_answer"

    def act(self, turn: Turn) -> Done:
        return Done(desk().ask(turn.session, turn.conversation, turn.interrupted))


class ScreeningEnd(TurnAction):
    """Say the result and where the dialogue goes next."""

    def name(self) -> str:
        return "action_screening_end"

    def act(self, turn: Turn) -> Done:
        replies, flow = desk().end(turn.session, turn.conversation)
        return Done(replies, (SlotSet("next_flow", flow),))

    def failed(self) -> list[EventType]:
        return [SlotSet("next_flow", "none")]
