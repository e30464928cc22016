"""The rows of the store as staff see them, and the queries that several use cases share."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Case, Select, case, func, select
from sqlalchemy.orm import Session, selectinload

from bot.cards import booking_facts
from bot.clinical.model import Tier
from bot.review.core import STATES, Invalid, Json, NotFound, iso
from bot.staff import Staff
from bot.store.models import (
    Booking,
    Decision,
    Finding,
    HandOff,
    Incident,
    Letter,
    Message,
    Screening,
    StaffUser,
    Unanswered,
)


def booking_json(booking: Booking, screening: Screening, staff: Staff) -> Json:
    """A booking as staff see it; the client's note is left to those who may read health answers."""
    return {
        **booking_facts(booking),
        "service": booking.service,
        "therapist": booking.therapist,
        "any_therapist": booking.any_therapist,
        "held_until": iso(booking.held_until),
        "name": booking.name,
        "phone": booking.phone,
        "email": booking.email,
        "note": booking.note if staff.clinical else "",
        "tier": screening.tier,
        "approval": approval(screening),
        "conversation_id": booking.conversation_id,
        "screening_id": booking.screening_id,
        "created_at": iso(booking.created_at),
        "changed_at": iso(booking.changed_at),
        "version": booking.version,
    }


def approval(screening: Screening) -> str:
    """Whether a time may be given: `not_needed`, `given`, `missing`, `by_confirming` (a therapist's yes is enough)."""
    decision = standing_decision(screening)
    if decision is not None:
        return "given" if decision["decision"] == "approve" else "missing"
    if screening.tier == Tier.NONE.name:
        return "not_needed"
    return "by_confirming" if screening.tier == Tier.CAUTION.name else "missing"


def finding_json(finding: Finding, withheld: set[str]) -> Json:
    return {
        "condition": finding.condition,
        "name": finding.name,
        "tier": finding.tier,
        "reason": finding.reason,
        "sources": list(finding.sources),
        "answers": [{"question": one["question"], "answer": one["answer"]} for one in finding.answers],
        "evidence": [
            {
                "message_id": one["message_id"],
                "text": "" if one["message_id"] in withheld else one["text"],
                "start": one["start"],
                "end": one["end"],
                "status": one["status"],
            }
            for one in finding.evidence
        ],
    }


def decision_json(decision: Decision) -> Json:
    return {
        "decision": decision.decision,
        "note": decision.note,
        "message_to_client": decision.message_to_client,
        "by": decision.staff.email,
        "at": iso(decision.at),
        "ruleset_version": decision.ruleset_version,
    }


def letter_json(letter: Letter) -> Json:
    return {"condition": letter.condition, "by": letter.staff.email, "at": iso(letter.at)}


def standing_decision(row: Screening) -> Json | None:
    """The decision about the present result; one about an earlier result says nothing about this one."""
    last = row.decisions[-1] if row.decisions else None
    if last is None or (row.finished_at is not None and last.at < row.finished_at):
        return None
    return decision_json(last)


def finished(session: Session, screening_id: str, *, lock: bool = False) -> Screening:
    query = whole(select(Screening).where(Screening.id == screening_id, Screening.state.in_(STATES)))
    row = session.scalar(query.with_for_update(of=Screening) if lock else query)
    if row is None:
        raise NotFound("There is no such screening.")
    return row


def whole(query: Select[Screening]) -> Select[Screening]:
    return query.options(
        selectinload(Screening.findings),
        selectinload(Screening.decisions).joinedload(Decision.staff),
        selectinload(Screening.conversation),
    ).execution_options(populate_existing=True)


def rank_of_tier() -> Case[int]:
    return case({tier.name: int(tier) for tier in Tier}, value=Screening.tier, else_=-1)


def cursor_of(row: Screening) -> str:
    rank = int(Tier[row.tier]) if row.tier else -1
    at = row.finished_at or row.started_at
    return base64.urlsafe_b64encode(json.dumps([rank, at.isoformat(), row.id]).encode()).decode()


def open_cursor(cursor: str) -> tuple[int, datetime, str]:
    try:
        rank, at, name = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if not isinstance(rank, int) or not isinstance(name, str) or moment.tzinfo is None:
            raise ValueError("not a cursor")
    except (ValueError, TypeError) as error:
        raise Invalid("That is not a cursor of this list.") from error
    return rank, moment, name


def bookings_of(session: Session, rows: Sequence[Screening]) -> dict[str, Booking]:
    """The latest booking of each screening."""
    found = session.scalars(
        select(Booking).where(Booking.screening_id.in_([row.id for row in rows])).order_by(Booking.created_at)
    )
    return {booking.screening_id: booking for booking in found}


def withheld_among(session: Session, rows: Sequence[Screening]) -> set[str]:
    """Which of the messages that findings rest on are not to be shown."""
    named = {one["message_id"] for row in rows for f in row.findings if f.current for one in f.evidence}
    if not named:
        return set()
    return set(session.scalars(select(Message.uid).where(Message.uid.in_(named), Message.withheld)))


def emails_of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return {row.id: row.email for row in session.scalars(select(StaffUser).where(StaffUser.id.in_(wanted)))}


def contacts_of(session: Session, conversations: Sequence[str]) -> dict[str, Json]:
    """How to reach the people of these conversations, as far as a booking says."""
    found = session.scalars(
        select(Booking).where(Booking.conversation_id.in_(conversations)).order_by(Booking.created_at)
    )
    return {
        row.conversation_id: {"name": row.name, "phone": row.phone, "email": row.email, "reference": row.reference}
        for row in found
    }


def last_words(session: Session, conversations: Sequence[str], count: int = 3) -> dict[str, list[str]]:
    """The last things each of these clients wrote, oldest first."""
    place = func.row_number().over(partition_by=Message.conversation_id, order_by=Message.id.desc()).label("place")
    ranked = (
        select(Message.conversation_id, Message.text, place)
        .where(Message.conversation_id.in_(conversations), Message.author == "client", ~Message.withheld)
        .subquery()
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in session.execute(select(ranked).where(ranked.c.place <= count).order_by(ranked.c.place.desc())):
        found[row.conversation_id].append(row.text)
    return found


def how_many(model: type[Screening | Booking | HandOff | Incident | Unanswered]) -> Select[int]:
    return select(func.count()).select_from(model)
