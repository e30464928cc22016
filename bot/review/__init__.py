"""What staff do: read screenings, decide, answer, look after bookings. Each act is one transaction with its audit row.

Nothing is delivered here: what a client is to be told is put into the outbox, exactly as it will be shown.
"""

from __future__ import annotations

from bot.review.bookings import Bookings
from bot.review.core import (
    DECISIONS,
    MAX_TEXT,
    Conflict,
    Invalid,
    Json,
    NotAllowed,
    NotFound,
    Page,
    ReviewError,
    StaffContext,
    VersionConflict,
)
from bot.review.learning import OUT_OF_SCOPE, Learning
from bot.review.people import People
from bot.review.records import Records
from bot.review.screenings import Screenings


class Review(Screenings, Bookings, People, Learning, Records):
    """All use cases of the staff side."""


__all__ = [
    "DECISIONS",
    "MAX_TEXT",
    "OUT_OF_SCOPE",
    "Conflict",
    "Invalid",
    "Json",
    "NotAllowed",
    "NotFound",
    "Page",
    "Review",
    "ReviewError",
    "StaffContext",
    "VersionConflict",
]
