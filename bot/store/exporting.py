"""What a client may take away: everything that is kept about them, as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import (
    Answer,
    Booking,
    Consent,
    Conversation,
    Decision,
    Feedback,
    Finding,
    Message,
    Screening,
    TelegramChat,
)


def export(session: Session, conversation_id: str) -> dict[str, Any]:
    """The client's data by kind, oldest first. Staff notes are the clinic's and are not part of it."""
    conversation = session.get_one(Conversation, conversation_id)

    def rows(model: Any, *order: Any) -> list[Any]:
        return list(session.scalars(select(model).where(model.conversation_id == conversation_id).order_by(*order)))

    screenings = rows(Screening, Screening.started_at)
    return {
        "conversation": {
            "id": conversation.id,
            "channel": conversation.channel,
            "locale": conversation.locale,
            "created_at": _at(conversation.created_at),
        },
        "consents": [
            {"text_version": c.version, "at": _at(c.at), "withdrawn_at": _at(c.withdrawn_at)}
            for c in rows(Consent, Consent.id)
        ],
        "messages": [
            {"at": _at(m.at), "author": m.author, "text": m.text, **({"words_not_kept": True} if m.withheld else {})}
            for m in rows(Message, Message.id)
        ],
        "screenings": [_screening(session, screening) for screening in screenings],
        "bookings": [
            {
                "reference": b.reference,
                "state": b.state,
                "service": b.service,
                "therapist": b.therapist,
                "start": _at(b.start),
                "end": _at(b.end),
                "name": b.name,
                "phone": b.phone,
                "email": b.email,
                "created_at": _at(b.created_at),
            }
            for b in rows(Booking, Booking.created_at)
        ],
        "telegram": [
            {"chat": t.chat_id, "since": _at(t.created_at), "came_from": t.campaign, "blocked": _at(t.blocked_at)}
            for t in rows(TelegramChat, TelegramChat.created_at)
        ],
        "feedback": [
            {"at": _at(f.at), "topic": f.topic, "helpful": f.helpful, "text": f.text}
            for f in rows(Feedback, Feedback.id)
        ],
    }


def _screening(session: Session, screening: Screening) -> dict[str, Any]:
    answers = session.scalars(select(Answer).where(Answer.screening_id == screening.id).order_by(Answer.id))
    findings = session.scalars(select(Finding).where(Finding.screening_id == screening.id).order_by(Finding.id))
    decisions = session.scalars(select(Decision).where(Decision.screening_id == screening.id).order_by(Decision.id))
    return {
        "id": screening.id,
        "started_at": _at(screening.started_at),
        "finished_at": _at(screening.finished_at),
        "valid_until": _at(screening.valid_until),
        "rules": screening.ruleset_version,
        "reason_for_visit": screening.reason_for_visit,
        "you_were_told": screening.client_was_told,
        "answers": [{"question": a.question, "answer": a.words or a.value, "at": _at(a.at)} for a in answers],
        "noted": [{"condition": f.name, "answers": f.answers} for f in findings if f.current],
        "decisions": [{"at": _at(d.at), "decision": d.decision, "message": d.message_to_client} for d in decisions],
    }


def _at(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
