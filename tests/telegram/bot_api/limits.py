"""Flood control.

Facts (Bots FAQ, "My bot is hitting limits"): not more than about one message a second in one chat, short bursts are
let through; not more than about 30 messages a second over all chats; not more than 20 messages a minute in one group.
What is too much gets 429 with `retry_after` in whole seconds. Until that time is over the chat is refused again. And of
the published server (tdlib/telegram-bot-api): a webhook is set at most once a second.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.telegram.bot_api.errors import Refusal, too_many


@dataclass
class Bucket:
    """So many a second, with a burst; tells how long to wait when it is empty."""

    rate: float
    burst: float
    level: float = field(default=math.nan)
    at: float = 0.0

    def take(self, now: float) -> float:
        """Zero, or the seconds after which there is room again."""
        if math.isnan(self.level):
            self.level = self.burst
        else:
            self.level = min(self.burst, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level >= 1:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.rate


@dataclass
class Flood:
    """The limits of one bot. Tests change the numbers to see them reached, or to have them out of the way."""

    chat_rate: float = 1.0
    chat_burst: float = 20.0
    group_rate: float = 20 / 60
    group_burst: float = 20.0
    overall_rate: float = 30.0
    overall_burst: float = 30.0
    clock: Callable[[], float] = time.monotonic
    closed_until: dict[int, float] = field(default_factory=dict)
    refused: int = 0
    webhook_every: float = 1.0
    """Seconds between two webhooks that are set; set too early, the second is refused for a second."""
    webhook_at: float = -math.inf
    early: int = 0
    """Requests that came before the `retry_after` they had been given was over."""
    _chats: dict[int, Bucket] = field(default_factory=dict)
    _overall: Bucket | None = None

    def take(self, chat_id: int) -> None:
        """Count one message to a chat.

        Raises:
            Refusal: 429, with the seconds to wait.
        """
        now = self.clock()
        until = self.closed_until.get(chat_id, 0.0)
        if now < until:
            self.early += 1
            raise self._refuse(chat_id, until - now)
        rate, burst = (self.group_rate, self.group_burst) if chat_id < 0 else (self.chat_rate, self.chat_burst)
        bucket = self._chats.setdefault(chat_id, Bucket(rate, burst))
        self._overall = self._overall or Bucket(self.overall_rate, self.overall_burst)
        wait = max(bucket.take(now), self._overall.take(now))
        if wait:
            raise self._refuse(chat_id, wait)

    def take_webhook(self) -> None:
        """Count one webhook.

        Raises:
            Refusal: 429, the one before is too fresh.
        """
        now = self.clock()
        if now < self.webhook_at + self.webhook_every:
            raise too_many(1)
        self.webhook_at = now

    def close(self, chat_id: int, seconds: float) -> None:
        """Refuse this chat for a while."""
        self.closed_until[chat_id] = self.clock() + seconds

    def set(self, **numbers: float) -> None:
        """Other numbers from now on."""
        for name, value in numbers.items():
            setattr(self, name, value)
        self._chats.clear()
        self._overall = None

    def _refuse(self, chat_id: int, wait: float) -> Refusal:
        self.refused += 1
        seconds = max(1, math.ceil(wait))
        self.closed_until[chat_id] = max(self.closed_until.get(chat_id, 0.0), self.clock() + seconds)
        return too_many(seconds)
