"""Rate limits of the chat API: generous for people, tight for loops."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.channels.web.errors import ApiError

RULES = {
    "conversations": "30/10 minutes",  # for one address
    "messages": "40/minute",  # for one conversation
    "messages_by_address": "240/minute",
}


class Limits:
    """Counts in memory: the web role is one process."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rules: dict[str, RateLimitItem] = {name: parse(rule) for name, rule in RULES.items()}

    def check(self, name: str, who: str) -> None:
        """Count one use.

        Raises:
            ApiError: 429 with Retry-After in seconds.
        """
        if not self._enabled or self._limiter.hit(self._rules[name], name, who):
            return
        reset = self._limiter.get_window_stats(self._rules[name], name, who).reset_time
        wait = max(1, int(reset - time.time()) + 1)
        raise ApiError(429, "too_fast", headers={"Retry-After": str(wait)})
