"""One-time links that bring a conversation of the website to Telegram: `https://t.me/<bot>?start=link-<secret>`."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from bot.store import Database, conversations, now
from bot.store.models import (
    Booking,
    ChannelState,
    Consent,
    Conversation,
    Message,
    Screening,
    TelegramChat,
    TelegramLink,
)

PREFIX = "link-"
VALID = timedelta(minutes=10)
_CAMPAIGN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def campaign(payload: str) -> str | None:
    """Where a client came from, as a link with `?start=` says it."""
    is_link = payload.startswith(PREFIX)
    return payload if not is_link and _CAMPAIGN.fullmatch(payload) else None


def make(database: Database, conversation_id: str) -> tuple[str, datetime] | None:
    """A new link for a conversation and when it runs out; None while no bot is there to link to."""
    secret = secrets.token_urlsafe(24)
    expires = now() + VALID
    with database.session() as session:
        state = session.get(ChannelState, "telegram")
        username = (state.state if state is not None else {}).get("username")
        if not username:
            return None
        session.execute(delete(TelegramLink).where(TelegramLink.expires_at < now()))
        session.add(
            TelegramLink(token_hash=conversations.hashed(secret), conversation_id=conversation_id, expires_at=expires)
        )
    return f"https://t.me/{username}?start={PREFIX}{secret}", expires


def read(database: Database, payload: str) -> str | None:
    """The hash of a link that can still be used."""
    token_hash = conversations.hashed(payload.removeprefix(PREFIX))
    with database.reading() as session:
        row = session.get(TelegramLink, token_hash)
        usable = row is not None and row.used_at is None and row.expires_at > now()
    return token_hash if usable else None


def may_leave(database: Database, conversation_id: str) -> bool:
    """Whether a chat may turn to another conversation: nothing was answered, asked for or held in this one."""
    with database.reading() as session:
        if session.get_one(Conversation, conversation_id).lock is not None:
            return False
        for table in (Screening, Booking, Consent):
            if session.scalar(select(func.count()).where(table.conversation_id == conversation_id)):
                return False
    return True


def use(database: Database, token_hash: str, chat_id: int) -> str | None:
    """Turn a chat to the conversation of a link. A conversation is open in one chat only.

    Returns:
        The conversation; None when the link has run out or was used.
    """
    with database.session() as session:
        row = session.get(TelegramLink, token_hash)
        if row is None or row.used_at is not None or row.expires_at <= now():
            return None
        row.used_at = now()
        session.execute(
            delete(TelegramChat).where(
                TelegramChat.conversation_id == row.conversation_id, TelegramChat.chat_id != chat_id
            )
        )
        last = session.scalar(select(func.max(Message.id)).where(Message.conversation_id == row.conversation_id)) or 0
        session.execute(
            update(TelegramChat)
            .where(TelegramChat.chat_id == chat_id)
            .values(conversation_id=row.conversation_id, sent_event=last, sent_parts=0, sending=False)
        )
        return row.conversation_id


def linked(database: Database, token_hash: str, chat_id: int) -> str | None:
    """The conversation of a used link, if this chat is open in it already."""
    with database.reading() as session:
        return session.scalar(
            select(TelegramLink.conversation_id)
            .join(TelegramChat, TelegramChat.conversation_id == TelegramLink.conversation_id)
            .where(TelegramLink.token_hash == token_hash, TelegramChat.chat_id == chat_id)
        )
