"""Waking the event streams of a conversation from any thread."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Waker:
    """Lets a stream sleep until something was said in its conversation."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sleepers: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(set)
        self.closing = False

    @contextmanager
    def listening(self, conversation_id: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever the conversation has news. For use inside a running loop."""
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        with self._guard:
            self._sleepers[conversation_id].add(sleeper)
        try:
            yield sleeper[1]
        finally:
            with self._guard:
                self._sleepers[conversation_id].discard(sleeper)
                if not self._sleepers[conversation_id]:
                    del self._sleepers[conversation_id]

    def wake(self, conversation_id: str) -> None:
        """Wake the streams of a conversation."""
        with self._guard:
            sleepers = list(self._sleepers.get(conversation_id, ()))
        for loop, event in sleepers:
            loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """Let every stream end, so that the server can stop."""
        self.closing = True
        with self._guard:
            sleepers = [sleeper for group in self._sleepers.values() for sleeper in group]
        for loop, event in sleepers:
            loop.call_soon_threadsafe(event.set)
