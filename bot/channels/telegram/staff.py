"""Tells staff in a chat of theirs that something waits: how much, and where to look. Never what, never who."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from telegram.error import ChatMigrated, TelegramError

from bot.channels.telegram import api
from bot.context import Context
from bot.store import now
from bot.store.models import ChannelState, HandOff, Incident, Screening

logger = logging.getLogger(__name__)

STATE = "telegram_staff"
EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class _News:
    """What has come up to a moment, and the chat that hears of it."""

    counts: dict[str, int]
    until: datetime
    chat: int


class StaffAlerts:
    """One message for whatever has come since the last one."""

    def __init__(self, context: Context, bot: api.Bot) -> None:
        self._context = context
        self._bot = bot
        self._chat = context.settings.telegram_staff_chat
        self._looked = -EVERY_S

    def use(self, context: Context) -> None:
        """Go on with new knowledge."""
        self._context = context

    async def look(self, threads: api.Threads) -> None:
        """Look for what is new and tell it. A message that could not be sent is tried again."""
        if self._chat is None or time.monotonic() - self._looked < EVERY_S:
            return
        self._looked = time.monotonic()
        news: _News = await threads(self._news)
        if not any(news.counts.values()):
            return
        say = self._context.wording.text
        lines = [say(f"telegram.staff_{name}", count=count) for name, count in news.counts.items() if count]
        link = f"{self._context.settings.public_url}/console"
        try:
            await self._bot.send_message(news.chat, "\n".join([*lines, link]))
        except ChatMigrated as error:  # a group that grew is another chat, with another number
            logger.warning("The chat of the staff has a new number: %s", error.new_chat_id)
            await threads(self._keep, moved_to=error.new_chat_id)
            self._looked = -EVERY_S
            return
        except TelegramError as error:
            logger.warning("The chat of the staff was not told: %s", api.reason(error))
            return
        await threads(self._keep, until=news.until)

    def _news(self) -> _News:
        assert self._chat is not None
        moment = now()
        with self._context.database.session() as session:
            kept = session.get(ChannelState, STATE)
            if kept is None:  # what was there before the chat was named is in the console
                session.add(ChannelState(channel=STATE, state={}, at=moment))
                return _News({}, moment, self._chat)
            since = kept.at
            moved = kept.state.get("moved_to") if kept.state.get("moved_from") == self._chat else None
            new = {
                "screenings": (Screening, Screening.finished_at, Screening.state == "new"),
                "waiting": (HandOff, HandOff.at, HandOff.done_at.is_(None)),
                "incidents": (Incident, Incident.at, Incident.locked),
            }
            counts = {
                name: session.scalar(select(func.count()).select_from(table).where(at > since, at <= moment, which))
                or 0
                for name, (table, at, which) in new.items()
            }
            return _News(counts, moment, moved or self._chat)

    def _keep(self, *, until: datetime | None = None, moved_to: int | None = None) -> None:
        with self._context.database.session() as session:
            kept = session.get_one(ChannelState, STATE)
            if until is not None:
                kept.at = until
            if moved_to is not None:
                kept.state = {"moved_from": self._chat, "moved_to": moved_to}
