"""`meta.booking`: a booking as programs read it, and as clients know it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.booking.when import say_when
from bot.clinic import Clinic
from bot.store.models import Booking


def booking_facts(booking: Booking) -> dict[str, Any]:
    """`meta.booking` of the chat API."""
    slot = None
    if booking.start is not None and booking.end is not None:
        slot = {
            "start": _iso(booking.start),
            "end": _iso(booking.end),
            "therapist": booking.therapist,
            "service": booking.service,
        }
    return {"reference": booking.reference, "state": str(booking.state), "slot": slot}


def booking_card(booking: Booking, clinic: Clinic) -> dict[str, Any]:
    """The facts, and in `names` the session, the person and the time in words: the same words as in the text."""
    service = clinic.service(booking.service)
    person = clinic.therapist(booking.therapist) if booking.therapist else None
    names = {
        "service": service.name if service else None,
        "therapist": person.name if person else None,
        "when": say_when(booking.start, clinic.zone) if booking.start else None,
    }
    return booking_facts(booking) | {"names": names}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
