"""Conversations, messages and the buttons that were offered."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.clinical.model import Care, Emergency
from bot.reply import Reply
from bot.store.database import now
from bot.store.models import (
    Booking,
    BookingCell,
    Consent,
    Conversation,
    Feedback,
    HandOff,
    Incident,
    Message,
    Offer,
    Outbox,
    Screening,
    TelegramChat,
    TelegramKeyboard,
    TelegramLink,
    Unanswered,
)


def opens(session: Session, conversation_id: str, token: str, oldest: datetime) -> bool:
    """Whether a token is the one of this conversation, and was made after a moment: no key lasts for ever."""
    row = session.get(Conversation, conversation_id)
    fits = hmac.compare_digest(hashed(token), (row.token_hash if row is not None else None) or "")
    return fits and row is not None and row.created_at > oldest


def hashed(token: str) -> str:
    """How a secret rests in the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def create(session: Session, channel: str, locale: str, address: str | None = None) -> tuple[Conversation, str]:
    """A new conversation and its bearer token, which is not kept."""
    token = secrets.token_urlsafe(32)
    moment = now()
    conversation = Conversation(
        id=f"{channel}-{secrets.token_urlsafe(16)}",
        channel=channel,
        address=address,
        token_hash=hashed(token),
        locale=locale,
        state="bot",
        misses=0,
        context={},
        created_at=moment,
        last_at=moment,
    )
    session.add(conversation)
    session.flush()
    return conversation, token


def message_by_client_id(session: Session, conversation_id: str, client_message_id: str) -> Message | None:
    return session.scalar(
        select(Message).where(
            Message.conversation_id == conversation_id, Message.client_message_id == client_message_id
        )
    )


def message(session: Session, uid: str) -> Message | None:
    return session.scalar(select(Message).where(Message.uid == uid))


def add_client_message(
    session: Session, conversation_id: str, text: str, client_message_id: str | None, payload: Mapping[str, Any] | None
) -> Message:
    """Store what a client sent, before anything is done with it."""
    row = Message(
        uid=str(uuid.uuid4()),
        conversation_id=conversation_id,
        author="client",
        at=now(),
        text=text,
        payload=dict(payload) if payload else None,
        client_message_id=client_message_id,
        state="received",
        withheld=False,
    )
    session.add(row)
    session.flush()
    return row


def add_reply(
    session: Session, conversation_id: str, reply: Reply, author: str = "bot", in_reply_to: str | None = None
) -> Message:
    """Store what the client is told, and mint an opaque payload for each of its buttons."""
    row = Message(
        uid=str(uuid.uuid4()),
        conversation_id=conversation_id,
        author=author,
        at=now(),
        text=reply.text,
        in_reply_to=in_reply_to,
        state="done",
        withheld=False,
    )
    session.add(row)
    session.flush()
    tokens = []
    for button in reply.buttons:
        token = secrets.token_urlsafe(9)
        tokens.append(token)
        session.add(
            Offer(
                token=token,
                conversation_id=conversation_id,
                message_uid=row.uid,
                title=button.title,
                action=dict(button.do),
            )
        )
    row.reply = _public(reply, row.id, tokens)
    session.flush()
    return row


def _public(reply: Reply, event_id: int, tokens: Sequence[str]) -> dict[str, Any]:
    """The Reply of the chat API."""
    public: dict[str, Any] = {
        "event_id": event_id,
        "text": reply.text,
        "links": [{"title": link.title, "url": link.url} for link in reply.links],
        "buttons": [
            {"title": button.title, "payload": token} for button, token in zip(reply.buttons, tokens, strict=True)
        ],
        "checklist": dict(reply.checklist) if reply.checklist else None,
        "meta": {"kind": reply.kind.value, **reply.meta},
    }
    if reply.table:
        public["table"] = dict(reply.table)
    return public


def offer(session: Session, conversation_id: str, token: str) -> Offer | None:
    """The button behind a payload, if it was offered in this conversation."""
    row = session.get(Offer, token)
    return row if row is not None and row.conversation_id == conversation_id else None


def replies_to(session: Session, uid: str) -> list[Message]:
    return list(session.scalars(select(Message).where(Message.in_reply_to == uid).order_by(Message.id)))


def messages_after(session: Session, conversation_id: str, after: int, limit: int = 500) -> list[Message]:
    """Messages with a higher event id, oldest first."""
    return list(
        session.scalars(
            select(Message)
            .where(Message.conversation_id == conversation_id, Message.id > after)
            .order_by(Message.id)
            .limit(limit)
        )
    )


def last_bot_message(session: Session, conversation_id: str) -> Message | None:
    return session.scalar(
        select(Message)
        .where(Message.conversation_id == conversation_id, Message.author != "client")
        .order_by(Message.id.desc())
        .limit(1)
    )


def set_lock(session: Session, conversation: Conversation, emergency: Emergency, message_uid: str | None) -> None:
    """Hold the conversation for an emergency. A lock that is final never becomes a question again."""
    final = conversation.lock == "locked"
    more_urgent = conversation.lock_care is None or emergency.care.urgency >= Care(conversation.lock_care).urgency
    if not final or more_urgent:
        conversation.lock_condition = emergency.condition
        conversation.lock_care = emergency.care.value
        conversation.lock_at = now()
    conversation.lock = "locked" if final or not emergency.asking else "asking"
    note_incident(session, conversation, emergency, message_uid)


def note_incident(session: Session, conversation: Conversation, emergency: Emergency, message_uid: str | None) -> None:
    """Record that an emergency was answered: the event, never the words."""
    session.add(
        Incident(
            conversation_id=conversation.id,
            message_uid=message_uid,
            condition=emergency.condition,
            care=emergency.care.value,
            locked=not emergency.asking,
            channel=conversation.channel,
            at=now(),
        )
    )


def inherit_lock(session: Session, conversation: Conversation, before_id: str, before_token: str) -> bool:
    """Take over the hold of the client's conversation before this one. Returns whether there was one."""
    before = session.get(Conversation, before_id)
    if before is None or before.token_hash is None or not hmac.compare_digest(before.token_hash, hashed(before_token)):
        return False
    if before.lock is None or before.channel != conversation.channel:
        return False
    conversation.lock = "locked"
    conversation.lock_condition = before.lock_condition
    conversation.lock_care = before.lock_care
    conversation.lock_at = before.lock_at
    held = Emergency(before.lock_condition or "chest_pain", Care(before.lock_care or Care.AMBULANCE), asking=False)
    note_incident(session, conversation, held, None)
    return True


def clear_lock(conversation: Conversation) -> None:
    conversation.lock = None
    conversation.lock_condition = None
    conversation.lock_care = None
    conversation.lock_at = None


def set_context(conversation: Conversation, **values: Any) -> None:
    """Change what the dialogue remembers; None removes a key. JSON columns need a new value to be saved."""
    merged = {**conversation.context, **values}
    conversation.context = {key: value for key, value in merged.items() if value is not None}


def hand_off(session: Session, conversation_id: str, kind: str) -> HandOff:
    """Put a conversation on the list of people who wait for a person; once for each kind while it is open."""
    waiting = session.scalar(
        select(HandOff).where(
            HandOff.conversation_id == conversation_id, HandOff.kind == kind, HandOff.done_at.is_(None)
        )
    )
    if waiting is None:
        waiting = HandOff(conversation_id=conversation_id, kind=kind, at=now())
        session.add(waiting)
        session.flush()
    return waiting


def as_reply(session: Session, row: Message) -> Reply:
    """A stored reply as it was, with its buttons ready to be offered anew."""
    public = row.reply or {"text": row.text, "meta": {"kind": "notice"}}
    buttons = []
    for button in public.get("buttons", ()):
        offered = session.get(Offer, button["payload"])
        if offered is not None:
            buttons.append({"title": offered.title, "do": offered.action})
    meta = {key: value for key, value in public["meta"].items() if key not in ("kind", "emergency")}
    return Reply.from_json({**public, "kind": public["meta"]["kind"], "buttons": buttons, "meta": meta})


def comment(session: Session, conversation: Conversation, text: str) -> None:
    """Keep a comment on the chat."""
    session.add(
        Feedback(
            conversation_id=conversation.id,
            topic=conversation.context.get("topic"),
            helpful=None,
            text=text,
            at=now(),
        )
    )


def note_unhelpful(session: Session, conversation: Conversation, answer_uid: str, topic: str) -> None:
    """Keep the question whose answer did not help, once; what a button asked is no wording of the client's."""
    answer = message(session, answer_uid)
    asked = message(session, answer.in_reply_to) if answer is not None and answer.in_reply_to else None
    if asked is None or asked.conversation_id != conversation.id or asked.payload is not None or asked.withheld:
        return
    known = select(Unanswered.id).where(Unanswered.message_uid == asked.uid, Unanswered.kind == "unhelpful")
    if session.scalar(known) is None:
        session.add(
            Unanswered(
                conversation_id=conversation.id,
                kind="unhelpful",
                message_uid=asked.uid,
                text=asked.text,
                suggestions=[topic],
                at=now(),
            )
        )


def erase_contents(session: Session, conversation: Conversation, keep_message: int) -> None:
    """Remove all that was said and answered. The conversation stays open; a lock stays, staff alone release it."""
    references = select(Booking.reference).where(Booking.conversation_id == conversation.id)
    session.execute(delete(BookingCell).where(BookingCell.reference.in_(references)))
    for table in (Booking, Screening, Consent, Offer, Outbox, Feedback, Unanswered, HandOff, TelegramLink):
        session.execute(delete(table).where(table.conversation_id == conversation.id))
    # Of a chat on Telegram only its number is left: without it nobody could be told that all is deleted.
    chats = select(TelegramChat.chat_id).where(TelegramChat.conversation_id == conversation.id)
    session.execute(delete(TelegramKeyboard).where(TelegramKeyboard.chat_id.in_(chats)))
    session.execute(
        update(TelegramChat)
        .where(TelegramChat.conversation_id == conversation.id)
        .values(campaign=None, opened_by=None, sent_parts=0, sending=False)
    )
    session.execute(delete(Message).where(Message.conversation_id == conversation.id, Message.id != keep_message))
    conversation.context = {}
    conversation.misses = 0


def erase_idle(session: Session, before: datetime) -> int:
    """Remove conversations without a booking in which nothing was said since a moment. Returns how many.

    The engine forgets idle conversations by itself.
    """
    booked = select(Booking.conversation_id)
    idle = select(Conversation.id).where(Conversation.last_at < before, Conversation.id.not_in(booked))
    return len(session.execute(delete(Conversation).where(Conversation.id.in_(idle)).returning(Conversation.id)).all())


def erase(session: Session, conversation_id: str) -> None:
    """Remove a conversation and everything that hangs on it."""
    references = select(Booking.reference).where(Booking.conversation_id == conversation_id)
    session.execute(delete(BookingCell).where(BookingCell.reference.in_(references)))
    session.execute(delete(Conversation).where(Conversation.id == conversation_id))
