"""What came in and is not answered yet. It is stored before Telegram is told, and kept until all was done with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ColumnElement

from bot.channels.telegram.updates import Incoming, reduce
from bot.store import Database, now
from bot.store.models import TelegramUpdate

KEEP = timedelta(days=7)
"""How long the number of an update is remembered. Telegram repeats none that is older than a day."""
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that waits for its turn."""

    id: int
    update_id: int
    incoming: Incoming
    attempts: int


class Inbox:
    """The updates of one bot. Safe to share between threads and processes."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    def store(self, updates: Iterable[Mapping[str, Any]]) -> int:
        """Keep updates, each once however often it comes. Returns how many were new."""
        rows = []
        for raw in updates:
            incoming = reduce(raw, self._bot_id)
            rows.append(
                {
                    "bot_id": self._bot_id,
                    "update_id": int(raw["update_id"]),
                    "chat_id": incoming.chat_id if incoming else None,
                    "content": incoming.to_json() if incoming else None,
                    "state": "waiting" if incoming else "done",
                    "attempts": 0,
                    "received_at": now(),
                }
            )
        if not rows:
            return 0
        insert = sqlite.insert if self._database.engine.dialect.name == "sqlite" else postgresql.insert
        with self._database.session() as session:
            added = session.execute(
                insert(TelegramUpdate).values(rows).on_conflict_do_nothing().returning(TelegramUpdate.id)
            )
            return len(added.all())

    def chats(self) -> list[int]:
        """Chats in which something waits, the longest wait first."""
        with self._database.reading() as session:
            found = session.scalars(
                select(TelegramUpdate.chat_id)
                .where(TelegramUpdate.bot_id == self._bot_id, TelegramUpdate.state == "waiting")
                .order_by(TelegramUpdate.update_id)
                .limit(2000)
            )
            return list(dict.fromkeys(chat for chat in found if chat is not None))

    def newest_number(self) -> int:
        """The highest number of a message among what waits in private chats, which share one row of numbers."""
        with self._database.reading() as session:
            return session.scalar(select(func.max(message_number())).where(*waits_in_private())) or 0

    def next(self, chat_id: int) -> Waiting | None:
        """The oldest update of a chat that waits."""
        with self._database.reading() as session:
            row = session.scalar(
                select(TelegramUpdate)
                .where(
                    TelegramUpdate.bot_id == self._bot_id,
                    TelegramUpdate.state == "waiting",
                    TelegramUpdate.chat_id == chat_id,
                )
                .order_by(TelegramUpdate.update_id)
                .limit(1)
            )
            if row is None or row.content is None:
                return None
            return Waiting(row.id, row.update_id, Incoming.from_json(row.content), row.attempts)

    def done(self, update: Waiting, *, failed: bool = False) -> None:
        """All was done with an update: what it held is removed, its number is remembered."""
        self._set(update, state="failed" if failed else "done", content=None, chat_id=None)

    def failed_once(self, update: Waiting) -> bool:
        """Note a failed attempt. Returns whether it is to be tried again."""
        self._set(update, attempts=update.attempts + 1)
        return update.attempts + 1 < MOST_ATTEMPTS

    def tidy(self) -> None:
        """Forget the numbers of old updates."""
        with self._database.session() as session:
            session.execute(
                delete(TelegramUpdate).where(
                    TelegramUpdate.state != "waiting", TelegramUpdate.received_at < now() - KEEP
                )
            )

    def _set(self, waiting: Waiting, **values: Any) -> None:
        with self._database.session() as session:
            session.execute(update(TelegramUpdate).where(TelegramUpdate.id == waiting.id).values(**values))


def message_number() -> ColumnElement[int]:
    """The number of the message that an update brought, or was about."""
    number: ColumnElement[int] = TelegramUpdate.content["message_id"].as_integer()
    return number


def waits_in_private() -> tuple[ColumnElement[bool], ...]:
    """Which updates wait in private chats. Those of groups have numbers of another row."""
    return TelegramUpdate.state == "waiting", TelegramUpdate.chat_id > 0


def parse(body: bytes) -> dict[str, Any] | None:
    """A webhook call's update; None when it is not one."""
    try:
        data = json.loads(body)
        int(data["update_id"])
    except (ValueError, KeyError, TypeError):
        return None
    return data if isinstance(data, dict) else None
