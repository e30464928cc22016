"""The one way in, for every channel.

Order of a turn (guide 3.2): store, read, emergency, then the engine. The engine may be down; an emergency is answered
all the same, nothing that was typed is lost, and the client is told.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.exc import IntegrityError

from bot import emergency
from bot.bookings import BookingDesk
from bot.clinical.answers import choice_value, tries_to_answer
from bot.clinical.interview import Question, started
from bot.clinical.model import Care, Emergency, Reading, Signal, Status, Tier
from bot.clinical.reading import reading_to_json
from bot.clinical.record import NO, UNSURE, Record
from bot.clinical.triage import MINOR_ROW, open_questions, row_state
from bot.context import Context
from bot.engine_client import EngineClient, EngineError
from bot.reply import Button, Link, Reply, ReplyKind
from bot.screening import ScreeningDesk, goes_on
from bot.store import conversations, now, screenings
from bot.store.models import Conversation, Feedback, Message

logger = logging.getLogger(__name__)

TEXT_LIMIT = 2_000
GONE = "conversation_gone"
"""The code of the error that says: there is no such conversation any more."""
_LOCKS_KEPT = 4_096


class GatewayError(Exception):
    """A message that cannot be taken. `message` is fit to show."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """What a channel received: exactly one of text, payload, answers and command.

    Attributes:
        command: an intent that the channel itself knows by name, such as a command of Telegram. `text` then says what
            the transcript shows for it.
    """

    client_message_id: str | None
    text: str | None = None
    payload: str | None = None
    answers: Mapping[str, str] | None = None
    command: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """The replies to one message, in the form of the chat API."""

    message_id: str
    replies: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is said before the engine, and what the engine is asked then."""

    replies: tuple[Reply, ...] = ()
    forward: str | None = None  # text for the engine; None: it is not asked for an answer
    pending: Emergency | None = None  # has to be among the first things said, by the engine or without it


class Gateway:
    """Takes messages, keeps their order within a conversation, and answers each exactly once."""

    def __init__(self, context: Context, engine: EngineClient) -> None:
        self._context = context
        self._engine = engine
        self._desk = ScreeningDesk(context)
        self._bookings = BookingDesk(context)
        self._say = context.wording.text
        self._locks: OrderedDict[str, threading.Lock] = OrderedDict()
        self._locks_guard = threading.Lock()

    def renewed(self, context: Context) -> Gateway:
        """A gateway with new knowledge that keeps the order of messages together with this one."""
        gateway = Gateway(context, self._engine)
        gateway._locks, gateway._locks_guard = self._locks, self._locks_guard
        return gateway

    # ------------------------------------------------------------ the life of a conversation

    def open(
        self,
        channel: str,
        locale: str | None = None,
        address: str | None = None,
        continues: tuple[str, str] | None = None,
    ) -> tuple[str, str, Turn]:
        """Begin a conversation.

        Args:
            continues: id and token of the client's conversation before this one. A hold for an emergency goes over to
                the new one: only staff release it. A pair that does not fit is ignored.

        Returns:
            Its id, its bearer token (shown once, kept hashed) and the greeting.
        """
        with self._context.database.session() as session:
            wanted = locale or self._context.clinic.clinic.locale
            conversation, token = conversations.create(session, channel, wanted, address)
            greeting = [self._greeting()]
            if continues is not None and conversations.inherit_lock(session, conversation, *continues):
                care = Care(conversation.lock_care or Care.AMBULANCE)
                condition = conversation.lock_condition or "chest_pain"
                greeting.insert(0, emergency.repeat(care, condition, self._context.rules, self._context.locale))
            rows = [conversations.add_reply(session, conversation.id, reply) for reply in greeting]
            return conversation.id, token, Turn("", [_public(row) for row in rows])

    def erase(self, conversation_id: str) -> None:
        """Remove a conversation everywhere: store and engine.

        Raises:
            EngineError: the engine's part could not be removed; nothing was removed.
        """
        with self._turn_of(conversation_id):
            self._engine.erase(conversation_id)
            with self._context.database.session() as session:
                conversations.erase(session, conversation_id)

    def _greeting(self) -> Reply:
        return Reply(
            self._say("greeting"),
            ReplyKind.MENU,
            (
                Button(self._context.topics["what_is_nmt"].title, {"do": "topic", "topic": "what_is_nmt"}),
                Button(self._say("button.screen"), {"do": "intent", "intent": "screen"}),
                Button(self._say("button.book"), {"do": "intent", "intent": "book"}),
                Button(self._say("button.person"), {"do": "intent", "intent": "person"}),
            ),
        )

    # ------------------------------------------------------------ one message

    def handle(self, conversation_id: str, incoming: ClientMessage) -> Turn:
        """Answer one message. The same `client_message_id` again gives the same replies and does nothing.

        Raises:
            GatewayError: the text is empty or too long, the payload was never offered, an answer is not one, or the
                conversation was removed in this moment.
        """
        with self._turn_of(conversation_id):
            known = self._known(conversation_id, incoming.client_message_id)
            if known is not None and known.state != "received":
                return self._stored_turn(known)
            if known is None:
                try:
                    message, text = self._store(conversation_id, incoming)
                except IntegrityError as error:
                    return self._meanwhile(conversation_id, incoming, error)
            else:  # it was stored, but the process ended before it was answered
                message, text = known, known.text
            return self._answer(conversation_id, message, text)

    def _known(self, conversation_id: str, client_message_id: str | None) -> Message | None:
        if client_message_id is None:
            return None
        with self._context.database.session() as session:
            return conversations.message_by_client_id(session, conversation_id, client_message_id)

    def _stored_turn(self, message: Message) -> Turn:
        with self._context.database.session() as session:
            return Turn(message.uid, [_public(row) for row in conversations.replies_to(session, message.uid)])

    def _store(self, conversation_id: str, incoming: ClientMessage) -> tuple[Message, str]:
        with self._context.database.session() as session:
            text, do = self._read_input(session, conversation_id, incoming)
            return conversations.add_client_message(
                session, conversation_id, text, incoming.client_message_id, do
            ), text

    def _meanwhile(self, conversation_id: str, incoming: ClientMessage, error: IntegrityError) -> Turn:
        """Another process was faster: it took this very message and answers it, or the conversation is no more.

        Raises:
            GatewayError: there is no such conversation any more. Nothing was stored.
        """
        taken = self._known(conversation_id, incoming.client_message_id)
        if taken is None:
            raise GatewayError(GONE, self._say("conversation_gone")) from error
        return self._stored_turn(taken)

    def _read_input(
        self, session: Any, conversation_id: str, incoming: ClientMessage
    ) -> tuple[str, dict[str, Any] | None]:
        if incoming.command is not None:
            return incoming.text or "", dict(incoming.command)
        if incoming.payload is not None:
            offer = conversations.offer(session, conversation_id, incoming.payload)
            if offer is None:
                raise GatewayError("payload_unknown", self._say("payload_unknown"))
            answer = {"message": offer.message_uid} if offer.action.get("do") == "feedback" else {}
            return offer.title, {**offer.action, **answer}
        if incoming.answers is not None:
            unknown = [key for key in incoming.answers if key not in self._context.rules.items]
            if unknown or not incoming.answers:
                raise GatewayError("answers_unknown", self._say("screening.unclear_checklist", missing=""))
            return self._answers_as_text(incoming.answers), {"do": "answers", "answers": dict(incoming.answers)}
        text = incoming.text or ""
        if not _visible(text):
            raise GatewayError("empty_message", self._say("empty_message"))
        if len(text) > TEXT_LIMIT:
            raise GatewayError("too_long_message", self._say("too_long_message"))
        return text, None

    def _answer(self, conversation_id: str, message: Message, text: str) -> Turn:
        """Read, answer and store. What was typed is in the store already."""
        reading = self._context.reader.read(text) if message.payload is None else Reading(text)
        late: tuple[str, ...] = ()
        withdrawn = False
        with self._context.database.session() as session:
            conversation = session.get_one(Conversation, conversation_id)
            stored = session.get_one(Message, message.id)
            conversation.last_at = now()
            staffed = conversation.state == "staff"
            locked_before = conversation.lock == "locked"
            verdict = self._own_buttons(session, conversation, stored) or self._safety(
                session, conversation, stored, reading
            )
            locked_now = conversation.lock == "locked" and not locked_before
            if verdict.forward is not None and message.payload is None:
                self._note_reading(session, conversation, stored, reading)
            # Under a hold nothing is asked and no result is withdrawn: the words stand in the transcript for the staff.
            if verdict.forward is not None and message.payload is None and conversation.lock is None:
                late = self._desk.late_update(session, conversation, reading, stored)
                if late:
                    withdrawn = self._bookings.withdraw(session, conversation)
        if locked_now:
            self._hold_dialogue(conversation_id, message)
        replies, state = list(verdict.replies), "done"
        if verdict.forward is not None and not staffed:
            try:
                said = self._engine_turn(conversation_id, message, verdict.forward, late, withdrawn)
                replies += [r for r in said if not locked_before or _fits_a_hold(r, text)]
            except EngineError as error:
                state = "failed"
                logger.error("The engine did not answer message %s: %s", message.uid, error)
                replies += [*_as_replies(error.said), *self._without_engine(message)]
        if verdict.pending is not None and not any(r.kind is ReplyKind.EMERGENCY for r in replies):
            replies.insert(0, self._urgent_after_all(conversation_id, message, verdict.pending))
        if verdict.forward is not None and not staffed and message.payload is None:
            replies += self._about_you(conversation_id, reading, replies)
        if not staffed:
            replies += [*self._for_the_young(reading, replies), *self._kind_words(reading, replies)]
        return self._finish(conversation_id, message, replies, state)

    def _urgent_after_all(self, conversation_id: str, message: Message, found: Emergency) -> Reply:
        """The engine did not show the emergency, whatever the reason: it is shown without it."""
        with self._context.database.session() as session:
            conversation = session.get_one(Conversation, conversation_id)
            return self._urgent(session, conversation, session.get_one(Message, message.id), found)

    def _engine_turn(
        self, conversation_id: str, message: Message, forward: str, late: tuple[str, ...], withdrawn: bool
    ) -> list[Reply]:
        said = self._run(conversation_id, forward, message.uid, self._answered_before(conversation_id))
        if late:
            told = _A_QUESTION.search(message.text) is None  # it tells something: no lesson about it, its questions
            left_out = (ReplyKind.FALLBACK, ReplyKind.ANSWER) if told else (ReplyKind.FALLBACK,)
            said = [reply for reply in said if reply.kind not in left_out]
            noted = self._say("screening.late_update_noted", names=", ".join(late))
            if withdrawn:
                noted = f"{noted} {self._say('screening.late_update_paused')}"
            said.append(Reply(noted))
            said += self._run(conversation_id, "/screen", message.uid)
        return said

    def _hold_dialogue(self, conversation_id: str, message: Message) -> None:
        """Close whatever form is open. The lock in the store counts even when the engine cannot be told."""
        try:
            self._engine.message(conversation_id, "/hold", message.uid)
        except EngineError as error:
            logger.error("The engine was not told of the hold after message %s: %s", message.uid, error)

    def _own_buttons(self, session: Any, conversation: Conversation, message: Message) -> _Verdict | None:
        """Buttons that need no dialogue: a thumb on an answer, a call from the clinic."""
        do = message.payload or {}
        if do.get("do") == "feedback":
            return _Verdict((self._feedback(session, conversation, do),))
        if do.get("do") == "erase":
            conversations.set_context(conversation, erase=True, pending=None)
            return _Verdict()
        if do.get("do") == "call_back":
            return _Verdict(tuple(self._call_back(session, conversation)))
        return None

    def _call_back(self, session: Any, conversation: Conversation) -> list[Reply]:
        conversations.hand_off(session, conversation.id, "call_back")
        hours = self._context.clinic.clinic.human_hours
        taken = Reply(self._say("person_call_taken", human_hours=hours))
        if conversation.lock is None:
            return [taken]
        care = Care(conversation.lock_care or Care.AMBULANCE)
        condition = conversation.lock_condition or "chest_pain"
        return [emergency.repeat(care, condition, self._context.rules, self._context.locale), taken]

    def _run(
        self, conversation_id: str, engine_text: str, message_uid: str, leans_on: Mapping[str, str] | None = None
    ) -> list[Reply]:
        return _as_replies(self._engine.message(conversation_id, engine_text, message_uid, leans_on))

    def _answered_before(self, conversation_id: str) -> dict[str, str]:
        """The topic of the turn before, if that turn answered one; an older one is not what a client leans on."""
        with self._context.database.session() as session:
            last = conversations.last_bot_message(session, conversation_id)
            if last is None or last.in_reply_to is None:
                return {}
            replies = [row.reply or {} for row in conversations.replies_to(session, last.in_reply_to)]
        named = [str(reply["meta"]["topic"]) for reply in replies if "topic" in (reply.get("meta") or {})]
        topic = self._context.topics.get(named[-1]) if named else None
        return {} if topic is None else {"about": topic.title, "next": ",".join(topic.follow_ups)}

    def _finish(self, conversation_id: str, message: Message, replies: Sequence[Reply], state: str) -> Turn:
        with self._context.database.session() as session:
            conversation = session.get_one(Conversation, conversation_id)
            stored = session.get_one(Message, message.id)
            stored.state = state
            if conversation.context.get("erase"):
                replies = self._erased(session, conversation, stored)
            if state == "failed":
                conversations.hand_off(session, conversation_id, "failed")
            rows = []
            for reply in replies:
                self._hold_for(session, conversation, stored, reply)
                rows.append(conversations.add_reply(session, conversation_id, reply, in_reply_to=stored.uid))
            return Turn(message.uid, [_public(row) for row in rows])

    def _erased(self, session: Any, conversation: Conversation, message: Message) -> list[Reply]:
        """Delete what the client asked to have deleted, the engine's part first: without it nothing is claimed."""
        try:
            self._engine.erase(conversation.id)
        except EngineError as error:
            logger.error("The engine could not erase a conversation at message %s: %s", message.uid, error)
            return self._without_engine(message)
        conversations.erase_contents(session, conversation, message.id)
        return [Reply(self._say("delete_done", kept=""), ReplyKind.NOTICE, meta={"erased": True})]

    def _hold_for(self, session: Any, conversation: Conversation, message: Message, reply: Reply) -> None:
        """An emergency that the health questions found holds the conversation like any other."""
        found = reply.meta.get("emergency")
        if not found or conversation.lock == "locked":
            return
        urgent = Emergency(found["condition"], Care(found["care"]), asking=found["asking"])
        if urgent.asking:
            conversations.note_incident(session, conversation, urgent, message.uid)
        else:
            conversations.set_lock(session, conversation, urgent, message.uid)

    # ------------------------------------------------------------ emergencies and crises

    def _safety(self, session: Any, conversation: Conversation, message: Message, reading: Reading) -> _Verdict:
        """What has to be said first, and whether the engine is asked at all."""
        found = reading.emergency
        if found is not None and found.heard:
            found = self._beside_a_question(session, conversation, message, found)
        if found is not None:
            if found.care is Care.CRISIS and not found.conditional:
                _withhold(message)
            return self._emergency(session, conversation, message, found)
        if conversation.lock == "asking":
            return self._own_question(session, conversation, message)
        if conversation.lock == "locked":
            return self._while_locked(session, conversation, message, reading)
        answered = self._after_crisis(session, conversation, message, reading)
        if answered is not None:
            return answered
        about_you = conversation.context.get("about_you")
        if about_you:
            conversations.set_context(conversation, about_you=None)
            if message.payload is None and self._context.phrases.means("yes", message.text):
                return _Verdict((), "/screen")
        if message.payload is None and goes_on(message.text) and screenings.open_one(session, conversation.id):
            return _Verdict((), "/screen")  # the health questions wait, whatever was talked about since
        return _Verdict((), self._engine_text(message))

    def _beside_a_question(
        self, session: Any, conversation: Conversation, message: Message, found: Emergency
    ) -> Emergency | None:
        """What the safety net hears, beside what is open already.

        A hold that stands says more than something heard faintly. An answer to a health question stays that answer
        ("started suddenly this morning"): the number is shown in one sentence, and the questions take the rest.
        """
        if conversation.lock is not None:
            return None if found.conditional else found
        if self._open_record(session, conversation) is None:
            return found
        if found.heard < self._context.reader.in_questions:
            return None
        held = found.care is Care.CRISIS and not found.asking
        answers = not held and self._desk.would_take(session, conversation, message.text, found)
        return replace(found, conditional=True) if answers else found

    def _engine_text(self, message: Message) -> str:
        """What the engine is given. It reads no emoji, so a thumb goes to it as the word that it stands for."""
        if message.payload is None and not any(c.isalnum() for c in message.text):
            for word in ("yes", "no"):
                if self._context.phrases.means(word, message.text):
                    return word
        return _for_engine(message.text, message.payload)

    def _emergency(self, session: Any, conversation: Conversation, message: Message, found: Emergency) -> _Verdict:
        rules, locale = self._context.rules, self._context.locale
        in_doubt = found.asking and not found.conditional
        if in_doubt and found.care is Care.CRISIS and conversation.lock != "locked":
            # A crisis has no question: its words and the lines are shown, nothing is held, the client may go on.
            conversations.note_incident(session, conversation, found, message.uid)
            conversations.set_context(conversation, crisis_shown=True)
            call = Button(self._say("button.call_me"), {"do": "call_back"})
            return _Verdict((emergency.reply(found, rules, locale, buttons=(call,)),))
        if conversation.lock == "asking" and in_doubt:
            # The answer to the row's question names the symptom again: read it as that answer.
            return self._own_question(session, conversation, message)
        if found.conditional:
            if not found.heard:
                conversations.note_incident(session, conversation, found, message.uid)
            forward = _for_engine(message.text, message.payload) if conversation.lock is None else None
            lesson = self._lesson(message.text, found)
            if lesson is not None and screenings.open_one(session, conversation.id) is None:
                forward = None  # that is the whole answer
            return _Verdict((emergency.reply(found, rules, locale, text=lesson),), forward)
        if conversation.lock == "locked":
            conversations.set_lock(session, conversation, found, message.uid)
            care = Care(conversation.lock_care or found.care)
            condition = conversation.lock_condition or found.condition
            return _Verdict((emergency.repeat(care, condition, rules, locale),))
        record = self._open_record(session, conversation)
        if found.asking and record is not None and rules.conditions[found.condition].is_emergency:
            # The health questions are open: they show the row's sentence and ask its question themselves, so that
            # nothing typed beside it is lost. What was asked and answered there is not asked anew.
            asked = f"{found.condition}/1" in record.answers
            return _Verdict((), self._engine_text(message), None if asked else found)
        return _Verdict((self._urgent(session, conversation, message, found),))

    def _lesson(self, text: str, found: Emergency) -> str | None:
        """The answer to "what are the signs of a stroke?": it begins with the number (guide 3.5)."""
        key = f"educational_{found.condition}"
        if found.heard or not _ASKS_FOR_SIGNS.search(text) or not self._context.wording.has(key):
            return None
        return self._say(key, number=self._context.locale["emergency_number"])

    def _urgent(self, session: Any, conversation: Conversation, message: Message, found: Emergency) -> Reply:
        """The emergency message, and the hold that goes with it."""
        rules = self._context.rules
        question = emergency.own_question(rules.conditions[found.condition], rules) if found.asking else None
        if question is None:
            found = replace(found, asking=False)
        asked_about = message.uid if question is not None and not found.third_person else None
        conversations.set_context(conversation, own_question=None, asked_about=asked_about)
        conversations.set_lock(session, conversation, found, message.uid)
        buttons = () if question else (Button(self._say("button.call_me"), {"do": "call_back"}),)
        return emergency.reply(found, rules, self._context.locale, question=question, buttons=buttons)

    def _open_record(self, session: Any, conversation: Conversation) -> Record | None:
        """The record of the health questions that are being answered, once the client has agreed to them."""
        screening = screenings.open_one(session, conversation.id)
        record = Record.from_json(screening.record) if screening is not None else None
        return record if record is not None and started(record) else None

    def _own_question(self, session: Any, conversation: Conversation, message: Message) -> _Verdict:
        """The answer to a question of an emergency row (guide 2.1, rule 2): unclear means the lock is final."""
        rules, locale = self._context.rules, self._context.locale
        row = rules.conditions[conversation.lock_condition or ""]
        # Which question is open is all that is kept: the answers before it can only have led on to it.
        given = emergency.given_before(row, str(conversation.context.get("own_question")))
        question = emergency.own_question(row, rules, given)
        assert question is not None
        heard = question.id == emergency.HEARD_QUESTION
        do = message.payload or {}
        if do.get("do") == "answer" and do.get("question") == question.id:
            value: str | None = str(do["value"])
        elif do:
            value = None
        else:
            context = self._context
            value = choice_value(question, message.text, rules, context.phrases, context.today())
            if value is None and self._asks_again(conversation, question, message.text):
                return self._asks(conversation, row.id, question, general=heard)
        new = given.with_answer(question.id, value or UNSURE, "" if do else message.text)
        answer = None if heard else dict(open_questions(row, given))[question.id].choice(value or "")
        following = None if heard or answer is None else emergency.own_question(row, rules, new)
        if following is not None:
            conversations.set_context(conversation, own_question=following.id)
            return self._asks(conversation, row.id, following)
        if (heard and value == NO) or (answer is not None and answer.tier not in (Tier.EMERGENCY, "NEXT")):
            conversations.clear_lock(conversation)
            asked_about = conversation.context.get("asked_about")
            conversations.set_context(conversation, own_question=None, asked_about=None)
            if asked_about is not None:
                self._desk.take_after_all(session, conversation, asked_about)
            if not heard:
                self._keep_answers(session, conversation, message, row.id, new)
            number = locale["emergency_number"]
            return _Verdict((Reply(self._say("emergency.released", number=number)),), "/resume")
        care = answer.care if answer is not None and answer.care else None
        if care is None:  # what was said before the question may have called for more than the row does
            care = max(row.emergency_care(), Care(conversation.lock_care or Care.SAME_DAY), key=lambda c: c.urgency)
        final = Emergency(row.id, care, asking=False, general=heard)
        conversations.set_lock(session, conversation, final, message.uid)
        call = Button(self._say("button.call_me"), {"do": "call_back"})
        return _Verdict((emergency.reply(final, rules, locale, buttons=(call,)),))

    def _asks(self, conversation: Conversation, row: str, question: Question, general: bool = False) -> _Verdict:
        """A question of an emergency row once more, or its next one, with the number again."""
        rules, locale = self._context.rules, self._context.locale
        care = Care(conversation.lock_care or rules.conditions[row].emergency_care())
        found = Emergency(row, care, asking=True, general=general)
        first = general or question.number == 1
        text = None if first else rules.care.texts(care).repeat.format_map(locale)
        return _Verdict((emergency.reply(found, rules, locale, question=question, text=text),))

    def _asks_again(self, conversation: Conversation, question: Question, text: str) -> bool:
        """True, once, for an answer that is not plain ("a bit"): what is no answer at all makes the lock final."""
        if conversation.context.get("asked_again") == question.id:
            return False
        if not tries_to_answer(question, text, self._context.phrases, self._context.today()):
            return False
        conversations.set_context(conversation, asked_again=question.id)
        return True

    def _keep_answers(
        self, session: Any, conversation: Conversation, message: Message, row: str, given: Record
    ) -> None:
        """Answers given before the engine saw them belong to the open screening, if there is one."""
        screening = screenings.open_one(session, conversation.id)
        if screening is None:
            return
        record = Record.from_json(screening.record)
        new = record
        for question, value in given.answers.items():
            new = new.with_answer(question, value, given.words.get(question, ""))
        if row_state(self._context.rules.conditions[row], new).complete:
            screenings.save_record(session, screening, record, new, message.uid)

    def _while_locked(self, session: Any, conversation: Conversation, message: Message, reading: Reading) -> _Verdict:
        """After a final lock: the number again, a person on request, and other questions still answered."""
        rules, locale, phrases = self._context.rules, self._context.locale, self._context.phrases
        care = Care(conversation.lock_care or Care.AMBULANCE)
        condition = conversation.lock_condition or "chest_pain"
        typed = message.payload is None
        if typed and phrases.means("yes", message.text):
            return _Verdict(tuple(self._call_back(session, conversation)))
        call = (Button(self._say("button.call_me"), {"do": "call_back"}),)
        takes_back = Signal.TAKES_BACK in reading.signals
        gets_help = typed and phrases.means("calls_help", message.text)
        if care is Care.CRISIS:
            refuses = typed and phrases.means("no", message.text)
            key = "takes_back" if takes_back else "calls_help" if gets_help else "angry" if refuses else "repeat"
            return _Verdict((self._held(self._say(f"crisis.{key}"), care, condition, call),))
        number = locale["urgent_line" if care is Care.SAME_DAY else "emergency_number"]
        if gets_help:
            return _Verdict((self._held(self._say("calls_help", number=number), care, condition, call),))
        if takes_back:
            return _Verdict((self._held(self._say("takes_back", number=number), care, condition, call),))
        again = emergency.repeat(care, condition, rules, locale)
        if typed and phrases.means("no", message.text):  # "nothing more" asks for nothing
            return _Verdict((again,))
        return _Verdict((again,), _for_engine(message.text, message.payload))

    def _after_crisis(
        self, session: Any, conversation: Conversation, message: Message, reading: Reading
    ) -> _Verdict | None:
        """The answer to the offer of a call below what may have been a crisis. A "no" to it answers nothing else."""
        if not conversation.context.get("crisis_shown"):
            return None
        conversations.set_context(conversation, crisis_shown=None)
        phrases = self._context.phrases
        if message.payload is not None:
            return None
        if phrases.means("yes", message.text):
            return _Verdict(tuple(self._call_back(session, conversation)))
        if phrases.means("no", message.text) or Signal.TAKES_BACK in reading.signals:
            links = emergency.links(Care.CRISIS, self._context.locale)
            return _Verdict((Reply(self._say("crisis.angry"), ReplyKind.NOTICE, links=links),))
        return None

    def _held(self, text: str, care: Care, condition: str, buttons: tuple[Button, ...]) -> Reply:
        return Reply(
            text,
            ReplyKind.EMERGENCY,
            buttons,
            emergency.links(care, self._context.locale),
            meta={"emergency": {"care": care.value, "condition": condition, "asking": False}},
        )

    def _without_engine(self, message: Message) -> list[Reply]:
        """The engine is down: say so, and say first what an answered checklist calls for."""
        replies = []
        answers = (message.payload or {}).get("answers", {})
        rules = self._context.rules
        rows = [
            rules.conditions[row]
            for item, value in answers.items()
            if value != "no"
            for row in rules.items[item].rows
            if rules.conditions[row].is_emergency
        ]
        if rows:
            row = max(rows, key=lambda r: r.emergency_care().urgency)
            found = Emergency(row.id, row.emergency_care(), asking=True, conditional=True)
            replies.append(emergency.reply(found, rules, self._context.locale))
        number = self._context.clinic.clinic.phone or ""
        links = (Link(f"Call {number}", f"tel:{number.replace(' ', '')}"),) if number else ()
        return [*replies, Reply(self._say("engine_down"), ReplyKind.FALLBACK, links=links)]

    def _about_you(self, conversation_id: str, reading: Reading, replies: Sequence[Reply]) -> list[Reply]:
        """Whom a question about a danger in the vessels is about (guide 3.5): a yes opens the health questions."""
        rules = self._context.rules.conditions
        asked = {m.condition for m in reading.mentions if m.status is Status.QUESTION}
        dangerous = any(rules[row].category == "vascular" and rules[row].base_tier is Tier.STOP for row in asked)
        answered = any(reply.kind is ReplyKind.ANSWER for reply in replies)
        if not (dangerous and answered) or any(reply.kind is ReplyKind.EMERGENCY for reply in replies):
            return []
        with self._context.database.session() as session:
            conversation = session.get_one(Conversation, conversation_id)
            if conversation.lock is not None or screenings.open_one(session, conversation_id) is not None:
                return []
            conversations.set_context(conversation, about_you=True)
        yes = Button(self._say("button.about_me"), {"do": "intent", "intent": "screen"})
        other = Button(self._say("button.about_other"), {"do": "intent", "intent": "deny"})
        return [Reply(self._say("screening.about_you_now"), ReplyKind.QUESTION, (yes, other))]

    def _for_the_young(self, reading: Reading, replies: Sequence[Reply]) -> list[Reply]:
        """What a crisis message adds for somebody who says that they are under 18 (guide 3.4 C)."""
        crisis = any((reply.meta.get("emergency") or {}).get("care") == Care.CRISIS for reply in replies)
        young = any(m.condition == MINOR_ROW and m.status is Status.CURRENT for m in reading.mentions)
        return [Reply(self._say("crisis.youth"))] if crisis and young else []

    def _kind_words(self, reading: Reading, replies: Sequence[Reply]) -> list[Reply]:
        """One sentence for what a message shows beside its question: never a lock, never stored as a flag."""
        if any(reply.kind is ReplyKind.EMERGENCY for reply in replies):
            return []
        links = emergency.links(Care.CRISIS, self._context.locale)
        if Signal.ABUSE_DISCLOSED in reading.signals:
            return [Reply(self._say("abuse_disclosed"))]
        if Signal.CRISIS_PAST in reading.signals:
            return [Reply(self._say("crisis.past"), links=links)]
        if Signal.LOW_MOOD in reading.signals and not any(
            reply.meta.get("topic") == "low_mood_and_anxiety" for reply in replies
        ):
            return [Reply(self._say("crisis.low_mood"), links=links)]
        if Signal.SENSITIVE in reading.signals:
            return [Reply(self._say("sensitive_not_needed"))]
        return []

    # ------------------------------------------------------------ small parts

    def _answers_as_text(self, answers: Mapping[str, str]) -> str:
        """What the transcript shows for an answered checklist: in words, as the client saw the lines."""
        lines = [
            self._say(f"screening.summary_line_{value}", item=self._context.rules.items[item].text)
            for item, value in answers.items()
            if value != "no"
        ]
        if not lines:
            return self._say("screening.sent_all_no", count=len(answers))
        noes = len(answers) - len(lines)
        return "\n".join([*lines, *([self._say("screening.sent_rest_no", count=noes)] if noes else [])])

    def _note_reading(self, session: Any, conversation: Conversation, message: Message, reading: Reading) -> None:
        """Findings are stored only after the client has agreed to the health questions (guide 5.2)."""
        screening = screenings.open_one(session, conversation.id)
        if screening is not None and screening.record["answers"].get("T1") == "agreed" and reading.mentions:
            message.reading = reading_to_json(reading)

    def _feedback(self, session: Any, conversation: Conversation, do: Mapping[str, Any]) -> Reply:
        session.add(
            Feedback(
                conversation_id=conversation.id,
                message_uid=do.get("message"),
                topic=do.get("topic"),
                helpful=bool(do["helpful"]),
                text="",
                at=now(),
            )
        )
        if not do["helpful"]:
            conversations.note_unhelpful(session, conversation, str(do.get("message")), str(do.get("topic")))
        return Reply(self._say("feedback_thanks" if do["helpful"] else "feedback_not_helpful"))

    @contextmanager
    def _turn_of(self, conversation_id: str) -> Iterator[None]:
        """One message of a conversation at a time, in the order in which they arrive."""
        with self._locks_guard:
            lock = self._locks.setdefault(conversation_id, threading.Lock())
            self._locks.move_to_end(conversation_id)
            while len(self._locks) > _LOCKS_KEPT:
                oldest = next(iter(self._locks))
                if self._locks[oldest].locked():
                    break
                del self._locks[oldest]
        with lock:
            yield


def reference() -> str:
    """A short id that stands in the log and in what the client is told."""
    return secrets.token_hex(4).upper()


_FEW_WORDS = 3  # "opening hours" asks without a question word; a longer remark does not
_ASKS_FOR_SIGNS = re.compile(r"\b(?:signs?|symptoms?|recogni[sz]e|spot)\b", re.IGNORECASE)
_A_QUESTION = re.compile(
    r"\?|^\s*(?:what|why|how|when|where|who|which|is|are|can|could|do|does|will|would|should|may)\b", re.IGNORECASE
)


def _fits_a_hold(reply: Reply, text: str) -> bool:
    """Under a lock only answers to real questions follow the number: no menus, no guesses at what was meant."""
    if reply.kind is ReplyKind.ANSWER:
        return _A_QUESTION.search(text) is not None or len(text.split()) <= _FEW_WORDS
    offers_to_go_on = any(button.do.get("intent") in ("book", "screen") for button in reply.buttons)
    return reply.kind not in (ReplyKind.MENU, ReplyKind.FALLBACK) and not offers_to_go_on


def _public(row: Message) -> dict[str, Any]:
    assert row.reply is not None
    return row.reply


def _for_engine(text: str, do: Mapping[str, Any] | None) -> str:
    """Text for the engine: buttons as their intent; typed text never begins with a slash."""
    if do is None:
        plain = "".join(c for c in text if c.isprintable() or c in "\n\t").strip()
        return plain.lstrip("/").strip() or "?"
    kind = do["do"]
    return f"/{do['intent']}" if kind == "intent" else f"/{kind}"


def _as_replies(said: Sequence[Mapping[str, Any]]) -> list[Reply]:
    return [Reply.from_json(item["custom"]) if "custom" in item else Reply(item.get("text", "")) for item in said]


def _visible(text: str) -> bool:
    return any(not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn") for c in text)


def _withhold(message: Message) -> None:
    """Keep the event, not the words (guide 3.2, 6: the words of a crisis are not logged)."""
    message.text = ""
    message.withheld = True
    message.reading = None
