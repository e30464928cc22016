"""What every action shares: the turn it acts in, and a way to answer that never fails silently."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict
from sqlalchemy.orm import Session

from bot.context import Context
from bot.education import Topic
from bot.gateway import reference
from bot.reply import Button, Reply, ReplyKind
from bot.screening import Heard, Taken
from bot.store import conversations
from bot.store.models import Conversation, Message

logger = logging.getLogger(__name__)

#: Acts with a button of their own, which may be offered beside an answer.
ACT_BUTTONS = {
    "book": "button.book",
    "cancel_booking": "button.cancel_booking",
    "delete_data": "button.delete",
    "export_data": "button.download",
    "my_booking": "button.my_booking",
    "my_data": "button.my_data",
    "person": "button.person",
    "reschedule": "button.reschedule",
    "screen": "button.screen",
}

# From this share on, a topic may have been meant beside what was understood (docs/decisions/0010-understanding.md).
MAY_BE_MEANT = 0.02
#: The same beside a refusal, which says so little that a topic near it costs nothing.
MAY_BE_OUR_FIELD = 0.005
NEIGHBOURS = 2

_context: Context | None = None
_of_this_turn: ContextVar[Context] = ContextVar("_of_this_turn")


def use(context: Context) -> None:
    """Set the knowledge and the database that all actions work with from the next turn on."""
    global _context
    _context = context


def context() -> Context:
    """The knowledge and the database of this server; a turn keeps what it began with."""
    return _of_this_turn.get(None) or _newest()


def _newest() -> Context:
    if _context is None:
        raise RuntimeError("the action server was started without its context")
    return _context


@dataclass(frozen=True)
class Turn:
    """One message on its way through an action."""

    session: Session
    conversation: Conversation
    message: Message
    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    interrupted: bool
    in_form: bool
    also: str | None = None  # the second request of a message that holds two
    perhaps: str | None = None  # a second request that it may hold

    @property
    def heard(self) -> Heard:
        return Heard(self.message, self.intent, self.confidence)

    @property
    def do(self) -> dict[str, Any]:
        return self.message.payload or {}


@dataclass(frozen=True)
class Done:
    """What an action says and what Rasa has to remember."""

    replies: tuple[Reply, ...] = ()
    events: tuple[EventType, ...] = ()


class TurnAction(Action, ABC):
    """An action that answers a turn inside one database transaction.

    Whatever goes wrong, the client gets a kind message with a reference, and the next step of the dialogue does not
    run as if all were well: `failed` gives the events for that.
    """

    #: Whether this action, having answered the first request of a message, points to the second.
    points_on = False

    @abstractmethod
    def name(self) -> str:
        """The action's name in the domain."""

    @abstractmethod
    def act(self, turn: Turn) -> Done:
        """Answer the turn. Runs in a worker thread."""

    def failed(self) -> list[EventType]:
        """What Rasa has to remember when `act` could not do its work."""
        return []

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        turn = _of_this_turn.set(_newest())
        try:
            done = await asyncio.to_thread(self._in_transaction, tracker)
        except Exception as error:  # the client must hear something, and no text may reach the log
            number = reference()
            logger.error("Action %s failed, reference %s: %s", self.name(), number, _shape(error))
            say(dispatcher, [Reply(context().wording.text("action_failed", reference=number), ReplyKind.FALLBACK)])
            return self.failed()
        finally:  # the engine keeps its connection open: the next turn on it takes the newest knowledge
            _of_this_turn.reset(turn)
        say(dispatcher, done.replies)
        return list(done.events)

    def _in_transaction(self, tracker: Tracker) -> Done:
        latest = tracker.latest_message
        uid = (latest.get("metadata") or {}).get("message_id")
        with context().database.session() as session:
            message = conversations.message(session, uid) if uid else None
            if message is None or message.conversation_id != tracker.sender_id:
                raise LookupError("the turn has no stored message")
            conversation = session.get_one(Conversation, message.conversation_id)
            intent = latest.get("intent") or {}
            turn = Turn(
                session,
                conversation,
                message,
                str(intent.get("name") or "nlu_fallback"),
                float(intent.get("confidence") or 0.0),
                tuple((str(i["name"]), float(i["confidence"])) for i in latest.get("intent_ranking") or ()),
                _interrupted(tracker),
                in_form=bool((tracker.active_loop or {}).get("name")),
                also=latest.get("also"),
                perhaps=latest.get("perhaps"),
            )
            if _was_understood(turn):
                conversation.misses = 0
            done = self.act(turn)
            return Done((*done.replies, *second_request(turn)), done.events) if self.points_on else done


def answered(taken: Taken, slot: str) -> Done:
    """What a form does with a message: ask on, end, or leave it to the rules as an interruption.

    Rasa counts a message as an answer when the form's slot is set, even to nothing, and ends the form when nothing is
    requested any more.
    """
    if taken.interruption:
        return Done()
    ended = (SlotSet("requested_slot", None),) if taken.done else ()
    return Done(taken.replies, (SlotSet(slot, None), *ended))


def say(dispatcher: CollectingDispatcher, replies: Iterable[Reply]) -> None:
    """Hand replies to Rasa in the form that the gateway reads back."""
    for reply in replies:
        dispatcher.utter_message(json_message=reply.to_json())


def second_request(turn: Turn) -> tuple[Reply, ...]:
    """What was or may have been asked for beside the first request, to be pressed.

    Acts are begun one at a time; topics beside an answer stand among its own buttons.
    """
    act = turn.also or turn.perhaps or ""
    say = context().wording.text("also_asked")
    if act in ACT_BUTTONS and {turn.intent, act} != {"book", "screen"}:  # the one leads to the other by itself
        return (Reply(say, ReplyKind.NOTICE, menu((ACT_BUTTONS[act], act))),)
    near = () if turn.in_form or turn.intent in context().topics else neighbours(turn)
    meta = {"suggestions": [topic.id for topic in near]}
    return (Reply(say, ReplyKind.NOTICE, topic_buttons(near), meta=meta),) if near else ()


def neighbours(turn: Turn, least: float = MAY_BE_MEANT) -> tuple[Topic, ...]:
    """Topics that may have been meant instead of what was understood, or as well. None where a button was pressed."""
    if turn.do:
        return ()
    likely = [turn.also or "", turn.perhaps or "", *(name for name, share in turn.ranking if share >= least)]
    names = dict.fromkeys(name for name in likely if name in context().topics and name != turn.intent)
    return tuple(context().topics[name] for name in names)[:NEIGHBOURS]


def topic_buttons(topics: Iterable[Topic]) -> tuple[Button, ...]:
    """Topics to be pressed."""
    return tuple(Button(topic.title, {"do": "topic", "topic": topic.id}) for topic in topics)


def _was_understood(turn: Turn) -> bool:
    return turn.intent not in ("nlu_fallback", "oos_noise")


def menu(*pairs: tuple[str, str]) -> tuple[Button, ...]:
    """Buttons from (wording id, intent) pairs."""
    return tuple(Button(context().wording.text(key), {"do": "intent", "intent": intent}) for key, intent in pairs)


def main_menu() -> tuple[Button, ...]:
    """What the bot can do, as buttons."""
    return (
        *topic_buttons((context().topics["what_is_nmt"],)),
        *menu(("button.screen", "screen"), ("button.book", "book"), ("button.person", "person")),
    )


def _interrupted(tracker: Tracker) -> bool:
    """True when another action has already answered this message inside a form."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action":
            name = str(event.get("name") or "")
            if name.startswith("action_") and not name.startswith(
                (
                    "action_ask_",
                    "action_listen",
                    "action_extract",
                    "action_session",
                    "action_screening",
                    "action_booking",
                )
            ):
                return name not in ("action_resume", "action_start_again", "action_loose_answer", "action_reschedule")
    return False


def _shape(error: Exception) -> str:
    """The kind and place of an error, without its message: that may hold client text."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "?"
    return f"{type(error).__name__} in {where}"
