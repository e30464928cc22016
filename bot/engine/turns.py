"""Turns that were taken lately: one that is asked for again is answered as it was, and not taken a second time.

The service asks again when its process ended before it could keep the answer. A form would take the same words for the
answer to its next question, which nobody has seen.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Awaitable, Callable, Generic, Tuple, TypeVar

KEPT = 512

Key = Tuple[str, str, int]
"""The conversation, the message and what is asked of the engine for it, which is not kept itself."""

_Answer = TypeVar("_Answer")


class Turns(Generic[_Answer]):
    """The answers of the last turns, and the turns that are under way. Belongs to one loop."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._turns: OrderedDict[Key, asyncio.Future[_Answer]] = OrderedDict()

    async def once(self, key: Key, take: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Take a turn, or wait for the answer of the one that was begun.

        A turn that has begun is finished even if the service stops waiting: its actions have taken effect.
        """
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = asyncio.ensure_future(take())
            while len(self._turns) > self._kept:
                self._turns.popitem(last=False)
        return await asyncio.shield(turn)

    def forget(self, conversation_id: str) -> None:
        """Keep nothing of a conversation."""
        for key in [key for key in self._turns if key[0] == conversation_id]:
            del self._turns[key]
