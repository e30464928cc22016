"""Screenings: read them, look after them, decide about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from bot.booking.states import OPEN, Action, State
from bot.cards import booking_card
from bot.clinical.model import Tier
from bot.clinical.record import Record
from bot.clinical.triage import triage
from bot.reply import Button, Reply, ReplyKind
from bot.review.answers import answer_in_words, question_in_words
from bot.review.core import (
    DECISIONS,
    HOLDS,
    LIMITED,
    PAGE,
    STATES,
    Conflict,
    Desk,
    Invalid,
    Json,
    NotFound,
    Order,
    Page,
    VersionConflict,
    checked,
    iso,
    require_clinical,
)
from bot.review.learning import open_questions
from bot.review.rows import (
    booking_json,
    bookings_of,
    cursor_of,
    decision_json,
    emails_of,
    finding_json,
    finished,
    how_many,
    letter_json,
    open_cursor,
    rank_of_tier,
    standing_decision,
    whole,
    withheld_among,
)
from bot.staff import Staff, audit
from bot.store import bookings
from bot.store import screenings as stored
from bot.store.database import now
from bot.store.models import (
    Booking,
    Conversation,
    Decision,
    HandOff,
    Incident,
    Letter,
    Message,
    Outbox,
    Screening,
    StaffUser,
    Unanswered,
)


class Screenings(Desk):
    """What staff do with screenings."""

    def screenings(
        self,
        staff: Staff,
        *,
        state: str | None = None,
        tier: str | None = None,
        flagged: bool = False,
        mine: bool = False,
        conversation_id: str | None = None,
        cursor: str | None = None,
        order: Order = "recent",
        limit: int = PAGE,
    ) -> Page:
        """Finished screenings, a page at a time: the newest first, or the gravest and oldest first."""
        if state is not None and state not in STATES:
            raise Invalid(f"There is no state {state!r}. Use one of: {', '.join(STATES)}.")
        if tier is not None and tier not in Tier.__members__:
            raise Invalid(f"There is no tier {tier!r}. Use one of: {', '.join(Tier.__members__)}.")
        query = select(Screening).where(Screening.state.in_((state,) if state else STATES))
        if tier is not None:
            query = query.where(Screening.tier == tier)
        if flagged:
            query = query.where(Screening.tier != Tier.NONE.name)
        if mine:
            query = query.where(Screening.claimed_by == staff.id)
        if conversation_id is not None:
            query = query.where(Screening.conversation_id == conversation_id)
        rank, at = rank_of_tier(), func.coalesce(Screening.finished_at, Screening.started_at)
        if cursor is not None:
            last_rank, last_at, last_id = open_cursor(cursor)
            after: ColumnElement[bool]
            if order == "urgent":
                after = or_(
                    rank < last_rank,
                    and_(rank == last_rank, or_(at > last_at, and_(at == last_at, Screening.id > last_id))),
                )
            else:
                after = or_(at < last_at, and_(at == last_at, Screening.id < last_id))
            query = query.where(after)
        sort = (rank.desc(), at, Screening.id) if order == "urgent" else (at.desc(), Screening.id.desc())
        with self._database.session() as session:
            found = list(session.scalars(whole(query).order_by(*sort).limit(limit + 1)))
            rows = self._screening_rows(session, found[:limit], staff)
        following = cursor_of(found[limit - 1]) if len(found) > limit else None
        return Page(rows, following)

    def counts(self, staff: Staff) -> dict[str, int]:
        """How much there is to do, by tab."""
        flagged = Screening.tier != Tier.NONE.name
        held = and_(Incident.released_at.is_(None), Incident.locked)
        queries: dict[str, Select[int]] = {
            "new": how_many(Screening).where(Screening.state == "new", flagged),
            "mine": how_many(Screening).where(Screening.state == "claimed", Screening.claimed_by == staff.id),
            "bookings": how_many(Booking).where(Booking.state == State.REQUESTED),
            "waiting": how_many(HandOff).where(HandOff.done_at.is_(None)),
            "held": how_many(Incident)
            .join(Conversation, Conversation.id == Incident.conversation_id)
            .where(held, Conversation.lock.is_not(None)),
        }
        if staff.clinical:
            queries["questions"] = how_many(Unanswered).where(open_questions())
        with self._database.session() as session:
            return {name: session.scalar(query) or 0 for name, query in queries.items()}

    def screening(self, screening_id: str, staff: Staff) -> Json:
        """One screening in the contract's form. That it was read is noted."""
        with self._database.session() as session:
            row = finished(session, screening_id)
            audit(session, staff.email, "screening.read", f"screening:{row.id}", now())
            return self._screening_rows(session, [row], staff)[0]

    def claim(self, screening_id: str, staff: Staff, *, take_over: bool = False) -> Json:
        """Say that one looks after a screening. It does not lock it: who decides first, decides.

        Raises:
            Conflict: it is decided, or somebody else's and not taken over on purpose.
        """
        require_clinical(staff)
        with self._database.session() as session:
            row = finished(session, screening_id)
            if row.state not in ("new", "claimed"):
                raise VersionConflict("This screening is not waiting for a decision.", standing_decision(row))
            if row.claimed_by not in (None, staff.id) and not take_over:
                owner = session.get_one(StaffUser, row.claimed_by)
                raise Conflict(f"{owner.email} is looking after this one.")
            # Not through the object: `version` counts what a decision is based on, and a claim changes none of it.
            session.execute(
                update(Screening)
                .where(Screening.id == row.id)
                .values(state="claimed", claimed_by=staff.id)
                .execution_options(synchronize_session=False)
            )
            session.expire(row)
            audit(session, staff.email, "screening.claimed", f"screening:{row.id}", now())
            return self._screening_rows(session, [finished(session, screening_id)], staff)[0]

    def decide(
        self,
        screening_id: str,
        staff: Staff,
        decision: str,
        *,
        note: str = "",
        message_to_client: str = "",
        version: int | None = None,
    ) -> Json:
        """Decide about a screening and tell the client.

        Raises:
            VersionConflict: somebody decided first, or the client has said something new since `version`.
        """
        require_clinical(staff)
        note, message = checked(note, "note"), checked(message_to_client, "message to the client")
        if decision not in DECISIONS:
            raise Invalid(f"There is no decision {decision!r}. Use one of: {', '.join(DECISIONS)}.")
        if decision != "approve" and not note:
            raise Invalid("A note is needed, so that everybody knows why.")
        moment = now()
        try:
            with self._database.session() as session:
                row = finished(session, screening_id, lock=True)
                current = standing_decision(row)
                if row.version != version if version is not None else current is not None:
                    raise overtaken(current)
                made = Decision(
                    screening_id=row.id,
                    staff_id=staff.id,
                    decision=decision,
                    note=note,
                    message_to_client=message or self.default_message(decision),
                    ruleset_version=row.ruleset_version,
                    at=moment,
                )
                # The booking first: the database refuses any change of a confirmed one once it is no longer approved.
                booking = self._booking_after(session, row, decision, staff, moment)
                row.decisions.append(made)
                row.state, row.claimed_by = "decided", row.claimed_by or staff.id
                flag_modified(row, "state")  # a second decision changes no column, but has to raise the version
                session.flush()
                if decision == "approve" and row.tier in HOLDS:
                    self._release(session, row.conversation, staff, moment)
                self._tell(session, f"decision:{made.id}", row.conversation_id, self._decided(made, booking), moment)
                audit(
                    session,
                    staff.email,
                    f"screening.{decision}",
                    f"screening:{row.id}",
                    moment,
                    tier=row.tier,
                    before=current["decision"] if current else None,
                    ruleset_version=row.ruleset_version,
                )
                session.flush()
                session.expire(row)
                return self._screening_rows(session, [finished(session, screening_id)], staff)[0]
        except StaleDataError as error:
            with self._database.session() as session:
                raise overtaken(standing_decision(finished(session, screening_id))) from error

    def letter(self, screening_id: str, staff: Staff, condition: str, *, seen: bool = True) -> Json:
        """Note that a doctor's letter about one row was seen, or take that back.

        It counts in this client's screenings from now on. A result that nobody has decided about is weighed again.

        Raises:
            Invalid: there is no such row, or it is no reason for a letter.
        """
        require_clinical(staff)
        row_of = self._rules.conditions.get(condition)
        if row_of is None or row_of.never_asked:
            raise Invalid(f"There is no letter for {condition!r}. Name the rule of a finding, such as heart_disease.")
        moment = now()
        with self._database.session() as session:
            row = finished(session, screening_id, lock=True)
            standing = [x for x in self._letters(session, row.conversation_id) if x.condition == condition]
            if seen == bool(standing):
                return self._screening_rows(session, [row], staff)[0]
            if seen:
                session.add(
                    Letter(conversation_id=row.conversation_id, condition=condition, staff_id=staff.id, at=moment)
                )
            for one in standing:
                one.withdrawn_at = moment
            session.flush()
            before = row.tier
            if row.state in ("new", "claimed") and standing_decision(row) is None:
                have = frozenset(x.condition for x in self._letters(session, row.conversation_id))
                stored.weigh_again(session, row, triage(Record.from_json(row.record), self._rules, have))
            audit(
                session,
                staff.email,
                "letter.seen" if seen else "letter.withdrawn",
                f"screening:{row.id}",
                moment,
                condition=condition,
                before=before,
                tier=row.tier,
            )
            session.flush()
            session.expire(row)
            return self._screening_rows(session, [finished(session, screening_id)], staff)[0]

    def _letters(self, session: Session, conversation_id: str) -> list[Letter]:
        return stored.letters(session, conversation_id, self._rules)

    def default_message(self, decision: str) -> str:
        """What a client is told where staff write nothing of their own."""
        return self._wording.text(f"decision.{decision}")

    def words(self, screening: Json, staff: Staff) -> dict[str, str]:
        """The messages that the findings of a screening rest on, by id: only of its own conversation, none withheld."""
        require_clinical(staff)
        named = {one["message_id"] for finding in screening["findings"] for one in finding["evidence"]}
        with self._database.session() as session:
            rows = session.scalars(
                select(Message).where(
                    Message.uid.in_(named),
                    Message.conversation_id == screening["conversation_id"],
                    ~Message.withheld,
                )
            )
            return {row.uid: row.text for row in rows}

    def answers(self, screening_id: str, staff: Staff) -> list[Json]:
        """Every question that was asked and what was answered, in order, worded as the rules word them."""
        require_clinical(staff)
        with self._database.session() as session:
            record = Record.from_json(finished(session, screening_id).record)
        return [
            {
                "step": question.split("/")[0].split(".")[0] if question.startswith("T") else "",
                "question": question_in_words(question, self._rules),
                "answer": answer_in_words(value, self._rules),
                "words": record.words.get(question, ""),
            }
            for question, value in record.answers.items()
            if question != "summary"
        ]

    def history(self, screening_id: str, staff: Staff) -> list[Json]:
        """Every decision about a screening, also those of earlier results, oldest first."""
        require_clinical(staff)
        with self._database.session() as session:
            return [decision_json(one) for one in finished(session, screening_id).decisions]

    def told(self, conversation_id: str, staff: Staff) -> list[Json]:
        """What staff have sent to a client: the text, and whether it has arrived."""
        require_clinical(staff)
        with self._database.session() as session:
            rows = session.scalars(
                select(Outbox)
                .where(Outbox.conversation_id == conversation_id, Outbox.author == "staff")
                .order_by(Outbox.id)
            )
            return [
                {
                    "text": str(row.reply.get("text", "")),
                    "due_at": iso(row.due_at),
                    "delivered_at": iso(row.delivered_at),
                    "failed": row.failed,
                }
                for row in rows
            ]

    def transcript(self, conversation_id: str, staff: Staff) -> list[Json]:
        """Everything that was said in a conversation. Words of a crisis are never among it."""
        require_clinical(staff)
        with self._database.session() as session:
            if session.get(Conversation, conversation_id) is None:
                raise NotFound("There is no such conversation.")
            audit(session, staff.email, "transcript.read", f"conversation:{conversation_id}"[:64], now())
            rows = session.scalars(
                select(Message).where(Message.conversation_id == conversation_id).order_by(Message.id)
            )
            return [
                {
                    "message_id": row.uid,
                    "author": row.author,
                    "at": iso(row.at),
                    "text": "" if row.withheld else row.text,
                    "withheld": row.withheld,
                    "failed": row.state == "failed",
                }
                for row in rows
            ]

    def conversation(self, conversation_id: str) -> Json:
        """How a conversation stands: its channel and whether it is on hold. Nothing that was said."""
        with self._database.session() as session:
            row = session.get(Conversation, conversation_id)
            if row is None:
                raise NotFound("There is no such conversation.")
            return {
                "id": row.id,
                "channel": row.channel,
                "state": row.state,
                "lock": row.lock,
                "lock_condition": row.lock_condition,
                "lock_care": row.lock_care,
                "lock_at": iso(row.lock_at),
                "last_at": iso(row.last_at),
            }

    def _decided(self, made: Decision, booking: Booking | None) -> Reply:
        """The message that tells the client of a decision. Where no time is held, the way to one is a button."""
        buttons: tuple[Button, ...] = ()
        if made.decision == "approve" and (booking is None or booking.start is None):
            buttons = (Button(self._wording.text("button.book"), {"do": "intent", "intent": "book"}),)
        meta = {"booking": booking_card(booking, self._clinic)} if booking is not None else {}
        return Reply(made.message_to_client, ReplyKind.NOTICE, buttons=buttons, meta=meta)

    def _screening_rows(self, session: Session, rows: Sequence[Screening], staff: Staff) -> list[Json]:
        withheld = withheld_among(session, rows)
        bookings = bookings_of(session, rows)
        letters = {row.conversation_id: self._letters(session, row.conversation_id) for row in rows}
        owners = emails_of(session, (row.claimed_by for row in rows))
        return [
            self._screening_json(
                row,
                staff,
                bookings.get(row.id),
                withheld,
                owners.get(row.claimed_by or 0),
                [letter_json(letter) for letter in letters[row.conversation_id]],
            )
            for row in rows
        ]

    def _screening_json(
        self,
        row: Screening,
        staff: Staff,
        booking: Booking | None,
        withheld: set[str],
        claimed_by: str | None,
        letters: list[Json],
    ) -> Json:
        decision = standing_decision(row)
        shown: Json = {
            "id": row.id,
            "conversation_id": row.conversation_id,
            "channel": row.conversation.channel,
            "state": row.state,
            "tier": row.tier,
            "ruleset_version": row.ruleset_version,
            "started_at": iso(row.started_at),
            "finished_at": iso(row.finished_at),
            "findings": [finding_json(f, withheld) for f in row.findings if f.current],
            "unclear": list(row.unclear),
            "reason_for_visit": row.reason_for_visit,
            "client_was_told": row.client_was_told,
            "decision": decision,
            "booking": booking_json(booking, row, staff) if booking is not None else None,
            "valid_until": iso(row.valid_until),
            "complex_case": row.complex_case,
            "care": row.care,
            "claimed_by": claimed_by,
            "version": row.version,
            "letters": letters,
        }
        if staff.clinical:
            return shown
        # Empty would read as "nothing reported", so what is left out is named.
        shown |= {
            "findings": [],
            "unclear": [],
            "reason_for_visit": "",
            "client_was_told": "",
            "care": None,
            "letters": [],
        }
        if decision is not None:
            shown["decision"] = {**decision, "note": "", "message_to_client": ""}
        return shown | {"left_out": list(LIMITED)}

    def _booking_after(
        self, session: Session, row: Screening, decision: str, staff: Staff, moment: datetime
    ) -> Booking | None:
        """The open booking of a screening, brought in line with a decision: no time is kept for what cannot happen."""
        booking = bookings_of(session, [row]).get(row.id)
        if booking is None or booking.state not in OPEN:
            return None
        action = _FOLLOWS.get((decision, State(booking.state)), _FOLLOWS.get((decision, None)))
        if action is None or (action is Action.AWAIT_LETTER and booking.state == State.PROVISIONAL):
            return booking
        before = booking.state
        try:
            booking = bookings.transition(session, booking.reference, action, moment)
        except bookings.WrongTime:
            return None  # the visit has begun: there is nothing left to let go
        audit(session, staff.email, f"booking.{action}", f"booking:{booking.reference}", moment, before=before)
        return booking


# What a decision does to an open booking, by its state; None stands for every other state.
_FOLLOWS: dict[tuple[str, State | None], Action] = {
    ("decline", State.CONFIRMED): Action.CANCEL_CLINIC,
    ("decline", None): Action.DECLINE,
    ("refer", State.CONFIRMED): Action.CANCEL_CLINIC,
    ("refer", None): Action.DECLINE,
    ("needs_letter", None): Action.AWAIT_LETTER,
}


def overtaken(first: Json | None) -> VersionConflict:
    if first is None:
        return VersionConflict("The client has told us something new meanwhile. Please read the screening again.", None)
    return VersionConflict(f"{first['by']} has decided already: {first['decision']}.", first)
