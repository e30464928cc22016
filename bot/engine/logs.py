"""Logs without words of clients. Configured before Rasa is imported, which otherwise prints every message."""

from __future__ import annotations

import logging
import sys
import traceback
import warnings

import structlog

_OWN = "bot.engine"


class WordlessFormatter(logging.Formatter):
    """Our own messages as written; of all others only where they come from and what kind of error it was.

    Rasa and its libraries put messages, slots and request bodies into their error texts, so none of these texts is
    printed. File, line and the kinds of errors are enough to find the cause.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line, and for errors one line per frame."""
        own = record.name.startswith(_OWN)
        what = record.getMessage() if own else f"error reported at {record.module}:{record.lineno}"
        lines = [f"{self.formatTime(record)} {record.levelname} {record.name}: {what}"]
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            lines.append(f"  {type(error).__module__}.{type(error).__qualname__}")
            frames = traceback.extract_tb(error.__traceback__)
            lines += [f"    {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def configure_logs(level: int = logging.ERROR) -> None:
    """Send errors to the error stream and nothing else anywhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(WordlessFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    # Warnings of Rasa quote what could not be parsed, and libraries undo filters: nothing is shown at all.
    warnings.showwarning = _unseen
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _only_the_event],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _unseen(*_: object, **__: object) -> None:
    """Show no warning."""


def _only_the_event(_logger: object, _method: str, event: structlog.types.EventDict) -> str:
    """Rasa's structured entries have a name and data; the name is enough."""
    return str(event.get("event", ""))
