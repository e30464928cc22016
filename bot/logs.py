"""Log lines of the service's roles, and the rotated files the supervisor writes them to.

What a client typed is never part of a log line: log ids and counts. Times are UTC.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 5

_FORMAT = "%(asctime)sZ %(levelname)-7s %(name)s: %(message)s"
_TIME = "%Y-%m-%dT%H:%M:%S"

# These report each request with its address, which for the Telegram Bot API holds the token.
_QUIET = ("httpx", "httpcore", "apscheduler", "sanic.access", "uvicorn.access")


class _Formatter(logging.Formatter):
    """Lines in which certain words are never written out, traces of errors included."""

    def __init__(self, hide: Sequence[str]) -> None:
        super().__init__(_FORMAT, _TIME)
        self._hide = hide

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for word in self._hide:
            line = line.replace(word, "***")
        return line


def configure(level: str, *, hide: Sequence[str] = ()) -> None:
    """Send this process's log lines to its standard error, one form for all roles.

    Args:
        hide: secrets that other people's code might put into a line.
    """
    formatter = _Formatter(hide)
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class RotatingFile:
    """A log file written in chunks, rotated by size: `engine.log`, `engine.log.1`, ... the oldest is dropped."""

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, kept: int = KEPT_FILES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._kept = kept
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = path.open("ab")

    def write(self, chunk: bytes) -> None:
        """Append, starting a new file first when this one would grow past its size."""
        if self._file.tell() and self._file.tell() + len(chunk) > self._max_bytes:
            self._rotate()
        self._file.write(chunk)
        self._file.flush()

    def close(self) -> None:
        """Close the file; nothing is buffered."""
        self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._kept - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self.path.replace(self._numbered(1))
        self._file = self.path.open("ab")

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log, for a person who is told that a role failed."""
    if not path.is_file():
        return []
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 8192))
        text = file.read().decode("utf-8", errors="replace")
    return [line for line in text.splitlines() if line.strip()][-count:]
