"""How things read on the console: times in the clinic's zone, tiers and states in words, the client's words marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.education import Source, human_time

TIERS: Mapping[str, str] = {
    "EMERGENCY": "Emergency",
    "STOP": "Stop",
    "CLEARANCE": "Written OK needed",
    "CAUTION": "Caution",
    "NONE": "Nothing reported",
}
TIER_HELP: Mapping[str, str] = {
    "EMERGENCY": "May need urgent care. The chat stays on hold until a person approves.",
    "STOP": "No booking until this is resolved or a doctor says so.",
    "CLEARANCE": "A written OK is needed. The request is provisional; no time is held.",
    "CAUTION": "Bookable; the therapist adapts the session.",
    "NONE": "Nothing relevant was reported. The usual talk before the session still happens.",
}
CARES: Mapping[str, str] = {
    "ambulance": "told to call the emergency number",
    "same_day": "told to be seen today",
    "crisis": "given the crisis line",
}
STATES: Mapping[str, str] = {
    "new": "New",
    "claimed": "Being looked at",
    "decided": "Decided",
    "expired": "No longer counts",
}
BOOKING_STATES: Mapping[str, str] = {
    "provisional": "Provisional, no time held",
    "requested": "Requested, waits for you",
    "proposed": "Proposed, waits for the client",
    "confirmed": "Confirmed",
    "declined": "Declined",
    "cancelled_by_client": "Cancelled by the client",
    "cancelled_by_clinic": "Cancelled by the clinic",
    "expired": "Expired, no time held",
    "completed": "Took place",
    "no_show": "Client did not come",
}
DECIDED: Mapping[str, str] = {
    "approve": "Approved",
    "needs_letter": "Letter asked for",
    "decline": "Declined",
    "refer": "Referred",
}
STATUSES: Mapping[str, str] = {
    "current": "says it is so now",
    "negated": "says it is not so",
    "past": "speaks of the past",
    "family": "speaks of somebody else",
    "hypothetical": "speaks of what could be",
    "uncertain": "is not sure",
    "question": "asks about it",
    "idiom": "a figure of speech",
}
KINDS: Mapping[str, str] = {
    "person": "Asked for a person",
    "call_back": "Asked for a call",
    "question": "Has a question for the team",
    "failed": "The bot could not answer",
}
OUT_OF_SCOPE: Mapping[str, str] = {
    "oos_diagnosis": "Asks what they have",
    "oos_medicine": "Asks about a medicine or a dose",
    "oos_other_business": "Something the clinic does not do",
    "oos_chitchat": "Small talk",
    "oos_abuse": "Abuse or sexual request",
    "oos_injection": "Tries to change the bot",
    "oos_language": "Another language",
    "oos_noise": "No meaning",
}
AUTHORS: Mapping[str, str] = {"client": "Client", "bot": "Bot", "staff": "Team"}
CHANNELS: Mapping[str, str] = {"web": "Website", "telegram": "Telegram"}


@dataclass(frozen=True, slots=True)
class Marked:
    """Words with a part of them marked."""

    before: str
    mark: str
    after: str


def local(moment: str | datetime, zone: ZoneInfo) -> datetime:
    """A moment of the store in the clinic's zone."""
    return (datetime.fromisoformat(moment) if isinstance(moment, str) else moment).astimezone(zone)


def when(moment: str | datetime | None, zone: ZoneInfo) -> str:
    """`Tuesday 24 November, 10:30 am`, in the clinic's zone."""
    if moment is None:
        return ""
    there = local(moment, zone)
    return f"{there:%A} {there.day} {there:%B}, {human_time(there.time().replace(second=0, microsecond=0))}"


def age(moment: str | datetime | None, now: datetime) -> str:
    """How long ago, in the two units that matter: `3 days 4 h ago`, `2 h 5 min ago`."""
    if moment is None:
        return ""
    since = now - (datetime.fromisoformat(moment) if isinstance(moment, str) else moment)
    minutes = max(since, timedelta()) // timedelta(minutes=1)
    days, hours, minutes = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if days:
        return f"{days} {'day' if days == 1 else 'days'}{f' {hours} h' if hours else ''} ago"
    if hours:
        return f"{hours} h{f' {minutes} min' if minutes else ''} ago"
    return f"{minutes} min ago" if minutes else "just now"


def marked(evidence: Mapping[str, Any], message: str | None) -> Marked | None:
    """The words that led to a finding, within the message where it is still there; None where they are withheld.

    `start` and `end` count in the message; `text` is the found words or the whole message, by who wrote the row.
    """
    text, start, end = str(evidence["text"]), int(evidence["start"]), int(evidence["end"])
    if not text:
        return None
    for whole in (message, text):
        if whole is not None and whole[start:end] and (whole[start:end] == text or whole == text):
            return Marked(whole[:start], whole[start:end], whole[end:])
    return Marked("", text, "")


def source_title(name: str, sources: Mapping[str, Source]) -> str:
    """What a source is called; its id where it is not listed."""
    source = sources.get(name)
    return source.title if source is not None else name


def words_of(name: str) -> str:
    """An id as words: `recent_surgery` is `recent surgery`."""
    return re.sub(r"[_:./]+", " ", name).strip()
