"""Tells staff in a chat of theirs that something waits: how much, and where to look. Never what, never who."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from sqlalchemy import func, select
from telegram.error import TelegramError

from bot.channels.telegram import api
from bot.context import Context
from bot.store import now
from bot.store.models import ChannelState, HandOff, Incident, Screening

logger = logging.getLogger(__name__)

STATE = "telegram_staff"
EVERY_S = 20.0


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
        counts, until = await threads(self._news)
        if not any(counts.values()):
            return
        lines = [
            self._context.wording.text(f"telegram.staff_{name}", count=count) for name, count in counts.items() if count
        ]
        link = f"{self._context.settings.public_url}/console"
        try:
            await self._bot.send_message(self._chat, "\n".join([*lines, link]))
        except TelegramError as error:
            logger.warning("The chat of the staff was not told: %s", api.reason(error))
            return
        await threads(self._keep, until)

    def _news(self) -> tuple[dict[str, int], datetime]:
        moment = now()
        with self._context.database.session() as session:
            kept = session.get(ChannelState, STATE)
            if kept is None:  # what was there before the chat was named is in the console
                session.add(ChannelState(channel=STATE, state={}, at=moment))
                return {}, moment
            since = kept.at
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
            return counts, moment

    def _keep(self, until: datetime) -> None:
        with self._context.database.session() as session:
            session.merge(ChannelState(channel=STATE, state={}, at=until))
