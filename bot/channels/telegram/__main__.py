"""`python -m bot.channels.telegram`: run the Telegram role until stopped."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot import logs, roles
from bot.channels.telegram.app import TelegramRole
from bot.settings import key_of

logger = logging.getLogger(__name__)

LOCK_FILE = "only-one-telegram.lock"


def main() -> int:
    """Work until SIGINT or SIGTERM."""
    settings, release, context = roles.begin()
    if settings.telegram_token is None:
        print(f"There is no Telegram bot to run: set {key_of('telegram_token')}.", file=sys.stderr)
        return 1
    logs.configure(settings.log_level, hide=(settings.telegram_token.get_secret_value(),))
    with _alone(settings.run_dir):
        asyncio.run(TelegramRole(context, settings, release).run())
    return 0


@contextmanager
def _alone(run_dir: Path) -> Iterator[None]:
    """One role at a time works on this data: a second one would answer everything twice. It waits to take over.

    The kernel lets go of the lock when a process ends, however it ends.
    """
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (run_dir / LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            logger.warning("Telegram: another process serves Telegram with this data; waiting until it ends")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    raise SystemExit(main())
