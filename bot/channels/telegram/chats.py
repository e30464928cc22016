"""Chats and their buttons in the store: what has been sent, what is sent next, what a press means.

Each function is one transaction. Sending goes by the transcript: what stands in it and was not sent yet is sent, in its
order, so replies, words of staff and reminders take one way, and a process that ends leaves nothing behind.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from bot.channels.telegram import keyboards
from bot.channels.telegram.inbox import message_number, waits_in_private
from bot.channels.telegram.keyboards import Choice
from bot.channels.telegram.render import Part, PartKind, closed, parts
from bot.context import Context
from bot.reminders import AWAKE, is_quiet
from bot.reply import Reply
from bot.store import conversations, now
from bot.store.models import (
    Booking,
    Conversation,
    Message,
    Offer,
    Outbox,
    Screening,
    TelegramChat,
    TelegramKeyboard,
)

CHANNEL = "telegram"
MINE = "tg-"
"""What the ids of messages begin with that came by Telegram."""
KEYBOARDS_LAST = timedelta(days=14)
_QUESTIONS = ("question", "confirm")


@dataclass(frozen=True, slots=True)
class Step:
    """One message to send now.

    Attributes:
        doubtful: it was begun before and may have arrived.
        last_message_id: the highest number of a message, in any chat, when it was first begun.
        drop_contact: the keyboard for sharing a contact is still up and has to go.
        newest: the highest number, in any chat, that is known now.
        beside: how many chats have a message in doubt now, this one among them.
    """

    chat_id: int
    event_id: int
    place: int
    part: Part
    token: str
    doubtful: bool
    last_message_id: int
    drop_contact: bool
    reference: str | None
    newest: int = 0
    beside: int = 1

    @property
    def drops_contact(self) -> bool:
        """Whether the keyboard for sharing a contact goes with this message itself."""
        return self.drop_contact and self.part.kind is PartKind.TEXT and not self.part.keyboard


@dataclass(frozen=True, slots=True)
class Edit:
    """A message whose buttons are to be taken away; with `html`, the choice is written below it."""

    token: str
    message_id: int
    html: str | None
    plain: str


class Pressed(StrEnum):
    """What a press comes to."""

    TAKEN = "taken"
    STALE = "stale"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Press:
    """A press and what it was on."""

    state: Pressed
    token: str = ""
    message_id: int | None = None
    event_id: int = 0
    reply: Mapping[str, Any] | None = None
    marks: Mapping[str, Any] | None = None
    choice: Choice | None = None
    action: Mapping[str, Any] | None = None


class Chats:
    """The chats of one bot."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._database = context.database
        self._say = context.wording.text
        self._newest: int | None = None

    def use(self, context: Context) -> None:
        """Go on with new knowledge."""
        self._context = context
        self._say = context.wording.text

    # ------------------------------------------------------------ chats

    def known(self, chat_id: int) -> str | None:
        """The conversation of a chat."""
        with self._database.reading() as session:
            chat = session.get(TelegramChat, chat_id)
            return chat.conversation_id if chat is not None else None

    def own_conversation(self, chat_id: int) -> str | None:
        """The conversation that was begun in this chat."""
        with self._database.reading() as session:
            return session.scalar(
                select(Conversation.id).where(Conversation.channel == CHANNEL, Conversation.address == str(chat_id))
            )

    def add(self, chat_id: int, conversation_id: str, campaign: str | None, greeted: bool, first: str | None) -> None:
        """A chat of a conversation that was just opened.

        Args:
            greeted: the greeting is not sent, because something more urgent comes first.
            first: the id of the update that opened it, if that was no more than "hello": the greeting answers it.
        """
        with self._database.session() as session:
            last = session.scalar(select(func.max(Message.id)).where(Message.conversation_id == conversation_id))
            session.add(
                TelegramChat(
                    chat_id=chat_id,
                    conversation_id=conversation_id,
                    sent_event=(last or 0) if greeted else 0,
                    opened_by=first,
                    campaign=campaign,
                    created_at=now(),
                )
            )

    def was_opened_by(self, chat_id: int, key: str) -> bool:
        """Whether the greeting is all that this update asks for."""
        with self._database.reading() as session:
            chat = session.get(TelegramChat, chat_id)
            return chat is not None and chat.opened_by == key

    def set_blocked(self, chat_id: int, blocked: bool) -> None:
        """The client blocked the bot, or let it in again. What waits for a blocked chat is marked for staff."""
        with self._database.session() as session:
            chat = session.get(TelegramChat, chat_id)
            if chat is None or (chat.blocked_at is not None) == blocked:
                return
            chat.blocked_at = now() if blocked else None
            waiting = update(Outbox).where(
                Outbox.conversation_id == chat.conversation_id, Outbox.delivered_at.is_(None)
            )
            if blocked:
                session.execute(waiting.where(Outbox.due_at <= now()).values(failed="blocked"))
            else:
                session.execute(waiting.where(Outbox.failed == "blocked").values(failed=None))

    def heard_from(self, chat_id: int, message_id: int | None) -> None:
        """A client who writes has not blocked the bot, and messages up to this number exist."""
        self.set_blocked(chat_id, False)
        if message_id is not None:
            with self._database.session() as session:
                self._newest = max(self._newest_number(session), message_id)
                session.execute(
                    update(TelegramChat)
                    .where(
                        TelegramChat.chat_id == chat_id,
                        TelegramChat.last_message_id < message_id,
                        TelegramChat.sending.is_(False),  # what is in doubt was sent before this
                    )
                    .values(last_message_id=message_id)
                )

    def exists(self, message_id: int) -> None:
        """A message with this number is there, in some private chat: what is sent from now on has a higher one."""
        if self._newest is not None:  # otherwise it is found in the store, when it is needed
            self._newest = max(self._newest, message_id)

    def with_news(self) -> list[int]:
        """Chats to which something has to be sent, or in which a message has to be changed."""
        unsent = exists().where(
            Message.conversation_id == TelegramChat.conversation_id,
            Message.id > TelegramChat.sent_event,
            Message.author != "client",
        )
        unedited = exists().where(
            TelegramKeyboard.chat_id == TelegramChat.chat_id,
            TelegramKeyboard.closed_at.is_not(None),
            TelegramKeyboard.shown.is_(False),
        )
        with self._database.reading() as session:
            return list(
                session.scalars(
                    select(TelegramChat.chat_id).where(TelegramChat.blocked_at.is_(None), or_(unsent, unedited))
                )
            )

    # ------------------------------------------------------------ sending

    def next_step(self, chat_id: int, sent: Step | None = None, message_id: int | None = None) -> Step | None:
        """Note that a step is done, and give the next one, which counts as begun from now on."""
        with self._database.session() as session:
            chat = session.get(TelegramChat, chat_id)
            if chat is None:
                return None
            if sent is not None:
                self._note_sent(session, chat, sent, message_id)
            while chat.blocked_at is None:
                row = session.scalar(
                    select(Message)
                    .where(
                        Message.conversation_id == chat.conversation_id,
                        Message.id > chat.sent_event,
                        Message.author != "client",
                    )
                    .order_by(Message.id)
                    .limit(1)
                )
                if row is None:
                    return None
                push = session.scalar(select(Outbox).where(Outbox.message_uid == row.uid))
                if push is not None and not chat.sending and self._is_resting(session, chat):
                    return None
                found = self._parts(session, chat, row)
                if chat.sent_parts < len(found):
                    return self._begin(session, chat, row, found)
                chat.sent_event, chat.sent_parts, chat.sending = row.id, 0, False
                if push is not None and push.delivered_at is None:
                    push.delivered_at = now()
            return None

    def nothing_begun(self, chat_id: int) -> None:
        """The step that was begun did not reach Telegram."""
        with self._database.session() as session:
            session.execute(update(TelegramChat).where(TelegramChat.chat_id == chat_id).values(sending=False))

    def contact_keyboard(self, chat_id: int, up: bool) -> None:
        """Whether the keyboard for sharing a contact is up."""
        with self._database.session() as session:
            session.execute(update(TelegramChat).where(TelegramChat.chat_id == chat_id).values(contact_keyboard=up))

    def _note_sent(self, session: Session, chat: TelegramChat, sent: Step, message_id: int | None) -> None:
        if chat.sent_event >= sent.event_id:
            return  # the conversation of the chat has changed meanwhile
        chat.sending = False
        chat.sent_parts = sent.place + 1
        if message_id is None:
            return
        chat.last_message_id = max(chat.last_message_id, message_id)
        self._newest = max(self._newest_number(session), message_id)
        # Noted with the message: were it noted before, a message in doubt would be looked for above its own number.
        if sent.part.contact or sent.drops_contact:
            chat.contact_keyboard = sent.part.contact
        if sent.token:
            keyboard = session.get(TelegramKeyboard, sent.token)
            if keyboard is not None:
                keyboard.message_id = message_id

    def _parts(self, session: Session, chat: TelegramChat, row: Message) -> list[Part]:
        if not self._is_for(session, chat, row):
            return []
        reply = _reply(row)
        if (about := reply["meta"].get("reminder")) and not self._still_true(session, about):
            return []
        clinic = self._context.clinic.clinic
        return parts(reply, row.author, self._say, has_place=clinic.latitude is not None)

    def _is_for(self, session: Session, chat: TelegramChat, row: Message) -> bool:
        """Of a conversation that is also open on the website, answers to what was typed there stay there."""
        if row.in_reply_to is None or row.in_reply_to.startswith(MINE):
            return True
        asked = session.scalar(select(Message.client_message_id).where(Message.uid == row.in_reply_to))
        if asked is None:
            return chat.conversation_id.startswith(f"{CHANNEL}-")
        return asked.startswith(MINE)

    def _still_true(self, session: Session, about: Mapping[str, Any]) -> bool:
        booking = session.get(Booking, about["reference"])
        if booking is None or booking.start is None or booking.state != "confirmed":
            return False
        return booking.start == datetime.fromisoformat(about["start"]) and booking.start > now()

    def _is_resting(self, session: Session, chat: TelegramChat) -> bool:
        """Quiet hours, unless the client is awake: somebody who has just written is answered."""
        if not is_quiet(self._context.clinic, now()):
            return False
        return session.get_one(Conversation, chat.conversation_id).last_at < now() - AWAKE

    def _begin(self, session: Session, chat: TelegramChat, row: Message, found: Sequence[Part]) -> Step:
        part, doubtful = found[chat.sent_parts], chat.sending
        newest, beside = self._newest_number(session), 1
        if doubtful:
            newest = max(newest, self._highest_stored(session))
            begun = select(func.count()).select_from(TelegramChat).where(TelegramChat.sending)
            beside = session.scalar(begun) or 1
        else:
            chat.last_message_id = max(chat.last_message_id, newest)
        chat.sending = True
        if chat.sent_parts == 0 and row.in_reply_to is not None and not row.in_reply_to.startswith(MINE):
            self._close_questions(session, chat.chat_id, row)
        token = ""
        if part.keyboard:
            keyboard = session.scalar(
                select(TelegramKeyboard).where(
                    TelegramKeyboard.chat_id == chat.chat_id, TelegramKeyboard.event_id == row.id
                )
            )
            if keyboard is None:
                keyboard = TelegramKeyboard(
                    token=secrets.token_urlsafe(9),
                    chat_id=chat.chat_id,
                    event_id=row.id,
                    marks={},
                    expires_at=now() + KEYBOARDS_LAST,
                )
                session.add(keyboard)
            token = keyboard.token
        booking = _reply(row)["meta"].get("booking") or {}
        return Step(
            chat.chat_id, row.id, chat.sent_parts, part, token, doubtful, chat.last_message_id,
            chat.contact_keyboard and not part.contact, booking.get("reference"), newest, beside,
        )  # fmt: skip

    def _newest_number(self, session: Session) -> int:
        """The highest number of a message so far. Private chats of a bot share one row of numbers."""
        if self._newest is None:
            self._newest = self._highest_stored(session)
        return self._newest

    def _highest_stored(self, session: Session) -> int:
        """The highest number that was noted: what was sent, and what clients wrote and is not answered yet."""
        sent = session.scalar(select(func.max(TelegramChat.last_message_id))) or 0
        return max(sent, session.scalar(select(func.max(message_number())).where(*waits_in_private())) or 0)

    def _close_questions(self, session: Session, chat_id: int, answer: Message) -> None:
        """The dialogue went on, by a typed answer: the buttons of the questions before are of no use any more.

        What was asked in the same turn stands: whether to delete everything, and below it the open question again.
        """
        still_open = session.scalars(
            select(TelegramKeyboard).where(
                TelegramKeyboard.chat_id == chat_id,
                TelegramKeyboard.event_id < answer.id,
                TelegramKeyboard.closed_at.is_(None),
            )
        )
        for keyboard in still_open:
            row = session.get(Message, keyboard.event_id)
            if row is not None and row.in_reply_to == answer.in_reply_to:
                continue
            if row is None or _reply(row)["meta"]["kind"] in _QUESTIONS:
                keyboard.closed_at = now()
                keyboard.marks = {}
                keyboard.shown = keyboard.message_id is None

    # ------------------------------------------------------------ edits

    def edits(self, chat_id: int) -> list[Edit]:
        """Messages whose buttons are still to be taken away."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(TelegramKeyboard)
                .where(
                    TelegramKeyboard.chat_id == chat_id,
                    TelegramKeyboard.closed_at.is_not(None),
                    TelegramKeyboard.shown.is_(False),
                )
                .order_by(TelegramKeyboard.event_id)
            ).all()
            found = []
            for row in rows:
                if row.message_id is None:
                    continue
                message = session.get(Message, row.event_id)
                if row.chosen and message is not None:
                    html, plain = closed(_reply(message), message.author, self._say, row.chosen)
                    found.append(Edit(row.token, row.message_id, html, plain))
                else:
                    found.append(Edit(row.token, row.message_id, None, ""))
            return found

    def edited(self, token: str) -> None:
        """The buttons are gone; what was chosen is in the transcript and needs no second place."""
        with self._database.session() as session:
            session.execute(
                update(TelegramKeyboard).where(TelegramKeyboard.token == token).values(shown=True, chosen=None)
            )

    # ------------------------------------------------------------ presses

    def press(self, chat_id: int, key: str, update_row: int) -> Press:
        """What a press means. Each keyboard is answered once; the update that did it may be done again."""
        read = keyboards.read_key(key)
        if read is None:
            return Press(Pressed.GONE)
        token, place = read
        with self._database.reading() as session:
            keyboard = session.get(TelegramKeyboard, token)
            if keyboard is None or keyboard.chat_id != chat_id or keyboard.expires_at <= now():
                return Press(Pressed.GONE)
            if keyboard.closed_at is not None and keyboard.closed_by != update_row:
                return Press(Pressed.STALE, token)
            row = session.get(Message, keyboard.event_id)
            if row is None:
                return Press(Pressed.GONE)
            reply = _reply(row)
            choice = keyboards.find(reply, self._say, keyboard.marks, place)
            if choice is None:
                return Press(Pressed.GONE)
            offer = session.get(Offer, choice.payload) if choice.payload else None
            return Press(
                Pressed.TAKEN, token, keyboard.message_id, keyboard.event_id, reply, dict(keyboard.marks), choice,
                dict(offer.action) if offer is not None else None,
            )  # fmt: skip

    def mark(self, token: str, marks: Mapping[str, Any]) -> None:
        """Keep what has been marked so far."""
        with self._database.session() as session:
            session.execute(update(TelegramKeyboard).where(TelegramKeyboard.token == token).values(marks=dict(marks)))

    def close(self, token: str, update_row: int, chosen: str) -> None:
        """A keyboard is answered."""
        with self._database.session() as session:
            session.execute(
                update(TelegramKeyboard)
                .where(TelegramKeyboard.token == token, TelegramKeyboard.closed_at.is_(None))
                .values(closed_at=now(), closed_by=update_row, chosen=chosen)
            )

    def feedback_places(self, reply: Mapping[str, Any]) -> list[int]:
        """Where the thumbs are."""
        payloads = [button["payload"] for button in reply.get("buttons") or ()]
        with self._database.reading() as session:
            offers = {offer.token: offer for offer in session.scalars(select(Offer).where(Offer.token.in_(payloads)))}
        return [
            place
            for place, payload in enumerate(payloads)
            if payload in offers and offers[payload].action.get("do") == "feedback"
        ]

    # ------------------------------------------------------------ the dialogue's state

    def say(self, conversation_id: str, key: str, replies: Sequence[Reply], *, ask_again: bool = False) -> None:
        """Write replies of the channel itself into the transcript, once for each update.

        Args:
            key: the update that they answer.
            ask_again: the open question follows.
        """
        with self._database.session() as session:
            if conversations.replies_to(session, key):
                return
            said = list(replies)
            if ask_again:
                said += self._open_question(session, conversation_id)
            for reply in said:
                conversations.add_reply(session, conversation_id, reply, in_reply_to=key)

    def _open_question(self, session: Session, conversation_id: str) -> list[Reply]:
        last = conversations.last_bot_message(session, conversation_id)
        if last is None or not _asks(_reply(last)):
            return []
        for keyboard in session.scalars(
            select(TelegramKeyboard).where(TelegramKeyboard.event_id == last.id, TelegramKeyboard.closed_at.is_(None))
        ):
            keyboard.closed_at, keyboard.marks = now(), {}
        return [conversations.as_reply(session, last)]

    def newest(self, conversation_id: str) -> Mapping[str, Any] | None:
        """What the client was told last."""
        with self._database.reading() as session:
            row = conversations.last_bot_message(session, conversation_id)
            return _reply(row) if row is not None else None

    def has_open_form(self, conversation_id: str) -> bool:
        """Whether the health questions or a booking request are under way."""
        with self._database.reading() as session:
            conversation = session.get_one(Conversation, conversation_id)
            questions = select(Screening.id).where(
                Screening.conversation_id == conversation_id, Screening.state == "open"
            )
            return bool(conversation.context.get("draft")) or session.scalar(questions.limit(1)) is not None

    def lock(self, conversation_id: str) -> str | None:
        """Whether an emergency holds the conversation, or asks its one question."""
        with self._database.reading() as session:
            return session.get_one(Conversation, conversation_id).lock

    def tidy(self) -> None:
        """Remove keyboards that have run out."""
        with self._database.session() as session:
            session.execute(
                delete(TelegramKeyboard).where(
                    and_(
                        TelegramKeyboard.expires_at < now(),
                        or_(TelegramKeyboard.closed_at.is_(None), TelegramKeyboard.shown),
                    )
                )
            )


def _reply(row: Message) -> dict[str, Any]:
    return row.reply or {"event_id": row.id, "text": row.text, "links": [], "buttons": [], "meta": {"kind": "notice"}}


def _asks(reply: Mapping[str, Any]) -> bool:
    meta = reply["meta"]
    return meta["kind"] in _QUESTIONS or bool((meta.get("emergency") or {}).get("asking"))
