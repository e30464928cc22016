"""Waiting for something that happens in another process: ask again until it is so, or fail when the time is over."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

WITHIN_S = 20.0
_EVERY_S = 0.02


async def until(happened: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
    """Return as soon as `happened()` is true."""
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        await asyncio.sleep(_EVERY_S)


def wait_until(happened: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
    """The same for a test without an event loop."""
    asyncio.run(until(happened, what, within_s))


def alive(pid: int) -> bool:
    """Whether a process runs. One that ended and waits for its parent to notice does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
