"""How fast Telegram may be written to: its limits for the bot, for a group and for a chat, and waits that it asks for.

PTB's own limiter knows the first two, and halts every chat when one has to wait. Here a chat waits for itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiolimiter import AsyncLimiter
from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter

logger = logging.getLogger(__name__)

_SENDS = frozenset({"sendMessage", "sendDocument", "sendVenue"})
_BURST = 3
_CHATS_KEPT = 1024
_MARGIN_S = 0.1


class ChatPace(AIORateLimiter):
    """Thirty messages a second in all, one a second in a chat beyond a short burst, and no faster than asked."""

    def __init__(self, tries: int = 3, *, paced: bool = True) -> None:
        """Without `paced` nothing waits by itself; what Telegram asks for is obeyed all the same."""
        super().__init__(max_retries=0) if paced else super().__init__(0, 0, 0, 0, max_retries=0)
        self._tries = tries
        self._paced = paced
        self._chats: dict[int, AsyncLimiter] = {}
        self._until: dict[int, float] = {}

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> Any:
        """Wait for the chat's turn, then ask; after a RetryAfter wait as long as it says and ask again.

        Raises:
            RetryAfter: it was asked to wait once too often.
        """
        chat = data.get("chat_id")
        chat_id = chat if isinstance(chat, int) else 0
        if endpoint == "sendChatAction":  # shows for a moment, is no message, and must not hold one up
            return await callback(*args, **kwargs)
        for left in reversed(range(self._tries)):
            await self._turn_of(chat_id, endpoint)
            try:
                return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
            except RetryAfter as error:
                wait = error._retry_after.total_seconds() + _MARGIN_S
                self._until[chat_id] = time.monotonic() + wait
                logger.warning("Telegram asks to wait %.1f s before %s", wait, endpoint)
                if not left:
                    raise
        raise AssertionError("every try returns or raises")

    async def _turn_of(self, chat_id: int, endpoint: str) -> None:
        wait = self._until.get(chat_id, 0.0) - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        else:
            self._until.pop(chat_id, None)
        if self._paced and endpoint in _SENDS and chat_id > 0:
            await self._limiter(chat_id).acquire()

    def _limiter(self, chat_id: int) -> AsyncLimiter:
        if len(self._chats) > _CHATS_KEPT:
            self._chats = {chat: one for chat, one in self._chats.items() if not one.has_capacity(_BURST)}
        return self._chats.setdefault(chat_id, AsyncLimiter(_BURST, _BURST))
