"""Screenings: the open one of a conversation, finished ones, and what they allow."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.clinical.model import Tier
from bot.clinical.record import Record
from bot.clinical.rules import TAKEN_BACK, Rules
from bot.clinical.triage import VOIDING_ROW, Given, Outcome
from bot.store.database import now
from bot.store.models import Answer, Consent, Conversation, Decision, Finding, Letter, Message, Offer, Screening

FINISHED = ("new", "claimed", "decided")


class Gate(StrEnum):
    """What a conversation may ask for."""

    SCREEN = "screen"  # the health questions come first
    REQUEST = "request"
    PROVISIONAL = "provisional"
    NO_BOOKING = "no_booking"
    EMERGENCY = "emergency"


def begin(session: Session, conversation_id: str, rules: Rules, *, mode: str, origin: str) -> Screening:
    """Open a new screening; an unfinished older one is replaced."""
    session.execute(
        update(Screening)
        .where(Screening.conversation_id == conversation_id, Screening.state == "open")
        .values(state="replaced")
    )
    record = Record(mode=mode)
    if _takes_back(session, conversation_id, rules):
        record = record.with_flag(TAKEN_BACK)
    screening = Screening(
        id=f"s-{secrets.token_urlsafe(9)}",
        conversation_id=conversation_id,
        state="open",
        record=record.to_json(),
        ruleset_version=rules.version,
        complex_case=False,
        unclear=[],
        reason_for_visit="",
        client_was_told="",
        origin=origin,
        started_at=now(),
    )
    session.add(screening)
    session.flush()
    return screening


def _takes_back(session: Session, conversation_id: str, rules: Rules) -> bool:
    """True if the questions begin anew just after a result that restricts a booking and that nobody has decided about.

    What passes with time (a fever, a fresh injury) may be answered anew later; being drunk made the answers void.
    """
    before = latest_finished(session, conversation_id)
    if before is None or before.finished_at is None or before.tier is None:
        return False
    recent = before.finished_at > now() - timedelta(hours=rules.ruleset.taken_back_hours)
    undecided = last_decision(session, before.id) is None
    void = any(finding.current and finding.condition == VOIDING_ROW for finding in before.findings)
    return recent and undecided and not void and Tier[before.tier] >= Tier.CLEARANCE


def open_one(session: Session, conversation_id: str) -> Screening | None:
    """The screening that is being answered."""
    return session.scalar(
        select(Screening)
        .where(Screening.conversation_id == conversation_id, Screening.state == "open")
        .order_by(Screening.started_at.desc())
        .limit(1)
    )


def latest_finished(session: Session, conversation_id: str) -> Screening | None:
    """The newest screening that came to a result, whatever its age."""
    return session.scalar(
        select(Screening)
        .where(Screening.conversation_id == conversation_id, Screening.state.in_((*FINISHED, "expired")))
        .order_by(Screening.finished_at.desc())
        .limit(1)
    )


def last_activity(session: Session, screening: Screening) -> datetime:
    """When the client last answered a question of this screening."""
    last = session.scalar(
        select(Answer.at).where(Answer.screening_id == screening.id).order_by(Answer.id.desc()).limit(1)
    )
    return last or screening.started_at


def save_record(session: Session, screening: Screening, old: Record, new: Record, message_uid: str | None) -> None:
    """Keep the record, and every answer that is new in it as a row of its own."""
    moment = now()
    for question, value in new.answers.items():
        if old.answers.get(question) != value or old.words.get(question) != new.words.get(question):
            session.add(
                Answer(
                    screening_id=screening.id,
                    question=question,
                    value=value,
                    words=new.words.get(question, ""),
                    message_uid=message_uid,
                    at=moment,
                )
            )
    screening.record = new.to_json()


def messages_that_answered(session: Session, screening: Screening, items: Collection[str]) -> frozenset[str]:
    """The messages with an answer to these lines of the lists, or to "which of these?" after them."""
    questions = [name for item in items for name in (item, f"{item}/which")]
    rows = session.scalars(
        select(Answer.message_uid).where(Answer.screening_id == screening.id, Answer.question.in_(questions))
    )
    return frozenset(uid for uid in rows if uid is not None)


def give_consent(session: Session, conversation: Conversation, version: str) -> None:
    session.add(
        Consent(
            conversation_id=conversation.id,
            version=version,
            locale=conversation.locale,
            channel=conversation.channel,
            at=now(),
        )
    )


def letters(session: Session, conversation_id: str, rules: Rules, moment: datetime | None = None) -> list[Letter]:
    """The letters that staff have seen for this client and that still count, newest first."""
    since = (moment or now()) - timedelta(days=30.4 * rules.ruleset.letter_months)
    query = (
        select(Letter)
        .where(Letter.conversation_id == conversation_id, Letter.withdrawn_at.is_(None), Letter.at > since)
        .order_by(Letter.id.desc())
    )
    return list(session.scalars(query))


def rows_with_letter(session: Session, conversation_id: str, rules: Rules) -> frozenset[str]:
    """The rows for which a letter counts now, as `triage` takes them."""
    return frozenset(letter.condition for letter in letters(session, conversation_id, rules))


def finish(session: Session, screening: Screening, outcome: Outcome, told: str, valid_until: datetime | None) -> None:
    """Store what was decided, from what, by which rules. Findings of an earlier result stay, marked as not current."""
    moment = now()
    _keep_findings(session, screening, outcome, moment)
    record = Record.from_json(screening.record)
    screening.state = "new"
    screening.reason_for_visit = record.words.get("T6", "")
    screening.client_was_told = told
    screening.finished_at = moment
    screening.valid_until = valid_until
    screening.claimed_by = None
    session.flush()


def weigh_again(session: Session, screening: Screening, outcome: Outcome) -> None:
    """Store what a result comes to with a letter that staff have seen, or no longer count. Nobody is told."""
    _keep_findings(session, screening, outcome, now())
    session.flush()


def forget_health(session: Session, screening: Screening, kept: Record) -> None:
    """Remove what was said and answered about health: of a minor nothing is kept but that they are one.

    The words go from the transcript, too; that something was said there stays. Of what the bot said, what answers such
    words or asks about an illness is gone: it would tell them.
    """
    old = Record.from_json(screening.record)
    gone = session.scalars(
        select(Answer).where(Answer.screening_id == screening.id, Answer.question.not_in(list(kept.answers)))
    ).all()
    told = {answer.message_uid for answer in gone}
    told |= {said.message_id for said in old.said if said.condition not in {s.condition for s in kept.said}}
    for message in session.scalars(
        select(Message).where(Message.uid.in_(told), Message.conversation_id == screening.conversation_id)
    ):
        message.text, message.reading, message.withheld = "", None, True
        message.payload = {"do": "withheld"} if message.payload else None
    for message in session.scalars(
        select(Message).where(Message.conversation_id == screening.conversation_id, Message.author == "bot")
    ):
        if message.in_reply_to in told or _asks_about_a_row(message.reply or {}, kept):
            session.execute(delete(Offer).where(Offer.message_uid == message.uid))
            session.delete(message)
    for row in (*gone, *session.scalars(select(Finding).where(Finding.screening_id == screening.id))):
        session.delete(row)
    screening.record = kept.to_json()
    screening.reason_for_visit = ""
    session.flush()
    session.expire(screening, ["findings"])


def _asks_about_a_row(reply: Mapping[str, Any], kept: Record) -> bool:
    """True for a question that would not have been asked but for what was told about health."""
    asked = ((reply.get("meta") or {}).get("screening") or {}).get("follow_up") or {}
    about = asked.get("condition")
    return bool(asked) and about not in {question.split("/")[0] for question in kept.answers}


def _with_words(given: Given) -> str:
    """An answer as it counts, with the client's own words beside it where they were others."""
    own = given.words and given.words.strip().lower() != given.answer.lower()
    return f"{given.answer} (“{given.words}”)" if own else given.answer


def _keep_findings(session: Session, screening: Screening, outcome: Outcome, moment: datetime) -> None:
    session.execute(update(Finding).where(Finding.screening_id == screening.id).values(current=False))
    for finding in outcome.findings:
        session.add(
            Finding(
                screening_id=screening.id,
                condition=finding.condition,
                name=finding.name,
                tier=finding.tier.name,
                care=finding.care.value if finding.care else None,
                reason=finding.reason,
                sources=list(finding.sources),
                answers=[{"question": given.question, "answer": _with_words(given)} for given in finding.given],
                evidence=[
                    {
                        "message_id": said.message_id,
                        "text": said.text,
                        "start": said.start,
                        "end": said.end,
                        "status": said.status.value,
                    }
                    for said in finding.said
                ],
                ruleset_version=outcome.ruleset_version,
                current=True,
                at=moment,
            )
        )
    screening.tier = outcome.tier.name
    screening.care = outcome.care.value if outcome.care else None
    screening.complex_case = outcome.complex_case
    screening.unclear = list(outcome.unclear)
    screening.ruleset_version = outcome.ruleset_version


def reopen(screening: Screening) -> None:
    """Withdraw a result: the client told something new."""
    screening.state = "open"
    screening.tier = None
    screening.care = None
    screening.valid_until = None


def last_decision(session: Session, screening_id: str) -> Decision | None:
    """The decision about the present result; one about an earlier result of the same screening no longer counts."""
    return session.scalar(
        select(Decision)
        .join(Screening, Screening.id == Decision.screening_id)
        .where(Decision.screening_id == screening_id, Decision.at >= Screening.finished_at)
        .order_by(Decision.id.desc())
        .limit(1)
    )


def gate(session: Session, conversation: Conversation, moment: datetime | None = None) -> tuple[Gate, Screening | None]:
    """What this conversation may ask for now, and the screening that says so.

    A lock closes everything. A decision of staff comes before the tier. Without a valid result the questions come
    first.
    """
    moment = moment or now()
    screening = latest_finished(session, conversation.id)
    if conversation.lock is not None:
        return Gate.EMERGENCY, screening
    if open_one(session, conversation.id) is not None or screening is None or screening.tier is None:
        return Gate.SCREEN, screening
    decision = last_decision(session, screening.id)
    valid = screening.state != "expired" and screening.valid_until is not None and screening.valid_until > moment
    if decision is not None and decision.decision in ("decline", "refer"):
        return Gate.NO_BOOKING, screening
    tier = Tier[screening.tier]
    if not valid and tier < Tier.STOP:
        return Gate.SCREEN, screening
    if decision is not None and decision.decision == "approve":
        return Gate.REQUEST, screening
    return {
        Tier.NONE: Gate.REQUEST,
        Tier.CAUTION: Gate.REQUEST,
        Tier.CLEARANCE: Gate.PROVISIONAL,
        Tier.STOP: Gate.NO_BOOKING,
        Tier.EMERGENCY: Gate.EMERGENCY,
    }[tier], screening


def expire(session: Session, rules: Rules, moment: datetime) -> Collection[str]:
    """Delete unfinished screenings after their time, and mark results that no longer count.

    Returns:
        The ids of the conversations whose unfinished answers were deleted.
    """
    limit = moment - timedelta(hours=rules.ruleset.resume_hours)
    gone: list[str] = []
    for screening in session.scalars(select(Screening).where(Screening.state.in_(("open", "replaced")))):
        if screening.finished_at is None and last_activity(session, screening) < limit:
            gone.append(screening.conversation_id)
            session.delete(screening)
    session.execute(
        update(Screening)
        .where(Screening.state == "new", Screening.tier == "NONE", Screening.valid_until < moment)
        .values(state="expired")
    )
    return gone
