"""What staff do: read screenings, decide, answer, look after bookings. Each act is one transaction with its audit row.

Nothing is delivered here: what a client is to be told is put into the outbox, exactly as it will be shown.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol

from rapidfuzz import fuzz
from rapidfuzz import utils as fuzz_utils
from sqlalchemy import Case, ColumnElement, Select, and_, case, func, or_, select, update
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from bot.booking.slots import Slot
from bot.booking.states import OPEN, Action, State, TransitionError
from bot.clinic import Clinic, Service
from bot.clinical.model import Tier
from bot.clinical.record import OTHER, UNSURE, Record, chosen
from bot.clinical.rules import Rules
from bot.education import human_time
from bot.reply import Button, Reply, ReplyKind
from bot.settings import Settings
from bot.staff import Role, Staff, audit
from bot.store import bookings
from bot.store.conversations import clear_lock
from bot.store.database import Database, now
from bot.store.models import (
    Audit,
    Booking,
    Conversation,
    Decision,
    Finding,
    HandOff,
    Incident,
    Message,
    Outbox,
    Screening,
    StaffUser,
    Unanswered,
)

STATES = ("new", "claimed", "decided", "expired")
"""The states of a screening that staff see; one that is still being answered is the client's own business."""

DECISIONS = ("approve", "needs_letter", "decline", "refer")
HOLDS = frozenset({Tier.STOP.name, Tier.EMERGENCY.name})
"""The tiers that hold a conversation until a person approves."""

PAGE = 25
MAX_TEXT = 2000
SIMILAR = 82
"""From this likeness on (0 to 100, word order aside) two questions are shown as one."""

LIMITED = ("findings", "unclear", "reason_for_visit", "client_was_told")
"""What the front desk does not see of a screening (guide 5.6)."""

Order = Literal["urgent", "recent"]
Json = dict[str, Any]


class Wording(Protocol):
    """Fixed texts by id."""

    def text(self, key: str, /, **variables: object) -> str:
        """The text, filled."""
        ...


class StaffContext(Protocol):
    """What the staff side needs of the service."""

    @property
    def database(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def clinic(self) -> Clinic: ...
    @property
    def wording(self) -> Wording: ...


class ReviewError(Exception):
    """Something cannot be done; the message is fit to show."""

    code = "refused"


class NotFound(ReviewError):
    """There is no such thing, or it is not this person's to see."""

    code = "not_found"


class NotAllowed(ReviewError):
    """This role may not do it."""

    code = "not_allowed"


class Invalid(ReviewError):
    """What was sent cannot be used."""

    code = "invalid"


class Conflict(ReviewError):
    """Somebody or something was first."""

    code = "conflict"


class VersionConflict(Conflict):
    """The screening has changed since it was read; `first` is the decision that was made meanwhile, if any."""

    code = "decided_already"

    def __init__(self, message: str, first: Json | None) -> None:
        super().__init__(message)
        self.first = first


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the next ones."""

    rows: list[Json]
    next: str | None


class Review:
    """The staff side's use cases. One object serves all threads."""

    def __init__(self, context: StaffContext) -> None:
        self._database = context.database
        self._wording = context.wording
        self._clinic = context.clinic
        self._rules = context.rules

    # -------------------------------------------------------------- screenings

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
        rank, at = _rank(), func.coalesce(Screening.finished_at, Screening.started_at)
        if cursor is not None:
            last_rank, last_at, last_id = _open_cursor(cursor)
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
            found = list(session.scalars(_whole(query).order_by(*sort).limit(limit + 1)))
            rows = self._screening_rows(session, found[:limit], staff)
        following = _cursor_of(found[limit - 1]) if len(found) > limit else None
        return Page(rows, following)

    def counts(self, staff: Staff) -> dict[str, int]:
        """How much there is to do, by tab."""
        flagged = Screening.tier != Tier.NONE.name
        held = and_(Incident.released_at.is_(None), Incident.locked)
        queries: dict[str, Select[int]] = {
            "new": _how_many(Screening).where(Screening.state == "new", flagged),
            "mine": _how_many(Screening).where(Screening.state == "claimed", Screening.claimed_by == staff.id),
            "bookings": _how_many(Booking).where(Booking.state == State.REQUESTED),
            "waiting": _how_many(HandOff).where(HandOff.done_at.is_(None)),
            "held": _how_many(Incident)
            .join(Conversation, Conversation.id == Incident.conversation_id)
            .where(held, Conversation.lock.is_not(None)),
        }
        if staff.clinical:
            queries["questions"] = _how_many(Unanswered).where(Unanswered.settled.is_(None))
        with self._database.session() as session:
            return {name: session.scalar(query) or 0 for name, query in queries.items()}

    def screening(self, screening_id: str, staff: Staff) -> Json:
        """One screening in the contract's form. That it was read is noted."""
        with self._database.session() as session:
            row = _finished(session, screening_id)
            audit(session, staff.email, "screening.read", f"screening:{row.id}", now())
            return self._screening_rows(session, [row], staff)[0]

    def claim(self, screening_id: str, staff: Staff, *, take_over: bool = False) -> Json:
        """Say that one looks after a screening. It does not lock it: who decides first, decides.

        Raises:
            Conflict: it is decided, or somebody else's and not taken over on purpose.
        """
        _clinical(staff)
        with self._database.session() as session:
            row = _finished(session, screening_id)
            if row.state not in ("new", "claimed"):
                raise VersionConflict("This screening is not waiting for a decision.", _last(row))
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
            return self._screening_rows(session, [_finished(session, screening_id)], staff)[0]

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
        _clinical(staff)
        note, message = _text(note, "note"), _text(message_to_client, "message to the client")
        if decision not in DECISIONS:
            raise Invalid(f"There is no decision {decision!r}. Use one of: {', '.join(DECISIONS)}.")
        if decision != "approve" and not note:
            raise Invalid("A note is needed, so that everybody knows why.")
        moment = now()
        try:
            with self._database.session() as session:
                row = _finished(session, screening_id, lock=True)
                current = _last(row)
                if row.version != version if version is not None else current is not None:
                    raise _overtaken(current)
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
                return self._screening_rows(session, [_finished(session, screening_id)], staff)[0]
        except StaleDataError as error:
            with self._database.session() as session:
                raise _overtaken(_last(_finished(session, screening_id))) from error

    def default_message(self, decision: str) -> str:
        """What a client is told where staff write nothing of their own."""
        return self._wording.text(f"decision.{decision}")

    def words(self, screening: Json, staff: Staff) -> dict[str, str]:
        """The messages that the findings of a screening rest on, by id: only of its own conversation, none withheld."""
        _clinical(staff)
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
        _clinical(staff)
        with self._database.session() as session:
            record = Record.from_json(_finished(session, screening_id).record)
        return [
            {
                "step": question.split("/")[0].split(".")[0] if question.startswith("T") else "",
                "question": _question(question, self._rules),
                "answer": _answer(value, self._rules),
                "words": record.words.get(question, ""),
            }
            for question, value in record.answers.items()
            if question != "summary"
        ]

    def history(self, screening_id: str, staff: Staff) -> list[Json]:
        """Every decision about a screening, also those of earlier results, oldest first."""
        _clinical(staff)
        with self._database.session() as session:
            return [_decision_json(one) for one in _finished(session, screening_id).decisions]

    def told(self, conversation_id: str, staff: Staff) -> list[Json]:
        """What staff have sent to a client: the text, and whether it has arrived."""
        _clinical(staff)
        with self._database.session() as session:
            rows = session.scalars(
                select(Outbox)
                .where(Outbox.conversation_id == conversation_id, Outbox.author == "staff")
                .order_by(Outbox.id)
            )
            return [
                {
                    "text": str(row.reply.get("text", "")),
                    "due_at": _iso(row.due_at),
                    "delivered_at": _iso(row.delivered_at),
                    "failed": row.failed,
                }
                for row in rows
            ]

    def transcript(self, conversation_id: str, staff: Staff) -> list[Json]:
        """Everything that was said in a conversation. Words of a crisis are never among it."""
        _clinical(staff)
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
                    "at": _iso(row.at),
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
                "lock_at": _iso(row.lock_at),
                "last_at": _iso(row.last_at),
            }

    # -------------------------------------------------------------- people who wait

    def hand_offs(self, staff: Staff) -> list[Json]:
        """Clients who wait for a person, the oldest first, with what the front desk needs to reach them."""
        with self._database.session() as session:
            rows = list(session.scalars(select(HandOff).where(HandOff.done_at.is_(None)).order_by(HandOff.at)))
            contacts = _contacts(session, [row.conversation_id for row in rows])
            last = _last_words(session, [row.conversation_id for row in rows]) if staff.clinical else {}
            return [
                {
                    "id": row.id,
                    "conversation_id": row.conversation_id,
                    "kind": row.kind,
                    "at": _iso(row.at),
                    "contact": contacts.get(row.conversation_id),
                    "last_words": last.get(row.conversation_id, []),
                }
                for row in rows
            ]

    def hand_off_done(self, hand_off_id: int, staff: Staff) -> None:
        """Take a client from the list of those who wait."""
        moment = now()
        with self._database.session() as session:
            row = session.get(HandOff, hand_off_id)
            if row is None:
                raise NotFound("There is no such request.")
            if row.done_at is not None:
                return
            row.done_at, row.done_by = moment, staff.id
            session.flush()
            waiting = session.scalar(
                select(func.count())
                .select_from(HandOff)
                .where(HandOff.conversation_id == row.conversation_id, HandOff.done_at.is_(None))
            )
            conversation = session.get_one(Conversation, row.conversation_id)
            if not waiting and conversation.state == "waiting":
                conversation.state = "bot"
            audit(session, staff.email, "hand_off.done", f"hand_off:{row.id}", moment, kind=row.kind)

    def write(self, conversation_id: str, staff: Staff, text: str) -> None:
        """Send a client a message in the words of a member of staff."""
        _clinical(staff)
        text = _text(text, "message")
        if not text:
            raise Invalid("The message is empty.")
        moment = now()
        with self._database.session() as session:
            if session.get(Conversation, conversation_id) is None:
                raise NotFound("There is no such conversation.")
            self._tell(session, f"staff:{secrets.token_hex(12)}", conversation_id, Reply(text), moment)
            audit(session, staff.email, "message.sent", f"conversation:{conversation_id}"[:64], moment)

    def incidents(self, *, limit: int = 100) -> list[Json]:
        """Emergencies and crises that were answered: held ones first, then the newest. Never the words."""
        held = and_(Incident.locked, Incident.released_at.is_(None), Conversation.lock.is_not(None))
        with self._database.session() as session:
            rows = session.execute(
                select(Incident, Conversation.lock, StaffUser.email)
                .outerjoin(Conversation, Conversation.id == Incident.conversation_id)
                .outerjoin(StaffUser, StaffUser.id == Incident.released_by)
                .order_by(case((held, 0), else_=1), Incident.id.desc())
                .limit(limit)
            )
            return [
                {
                    "id": row.id,
                    "conversation_id": row.conversation_id,
                    "condition": row.condition,
                    "care": row.care,
                    "channel": row.channel,
                    "at": _iso(row.at),
                    "held": row.locked and row.released_at is None and lock is not None,
                    "released_by": email,
                    "released_at": _iso(row.released_at),
                }
                for row, lock, email in rows
            ]

    def release(self, incident_id: int, staff: Staff, note: str) -> None:
        """Lift the hold of a conversation that has no screening to approve. A person answers for it, with a reason."""
        _clinical(staff)
        note = _text(note, "note")
        if not note:
            raise Invalid("A note is needed: what was found out, and from whom.")
        moment = now()
        with self._database.session() as session:
            row = session.get(Incident, incident_id)
            conversation = session.get(Conversation, row.conversation_id) if row and row.conversation_id else None
            if row is None or conversation is None:
                raise NotFound("There is no such conversation any more.")
            self._release(session, conversation, staff, moment)
            audit(session, staff.email, "incident.released", f"incident:{row.id}", moment, note=note)

    # -------------------------------------------------------------- writing in the chat oneself

    def join(self, conversation_id: str, staff: Staff) -> None:
        """Write in a chat oneself: the bot says so and stays quiet, except in an emergency."""
        self._take_over(conversation_id, staff, "staff", "staff_joined")

    def leave(self, conversation_id: str, staff: Staff) -> None:
        """Hand a chat back to the bot."""
        self._take_over(conversation_id, staff, "bot", "staff_left")

    def _take_over(self, conversation_id: str, staff: Staff, state: str, text: str) -> None:
        _clinical(staff)
        moment = now()
        with self._database.session() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                raise NotFound("There is no such conversation.")
            if conversation.state == state:
                return
            conversation.state = state
            reply = Reply(self._wording.text(text))
            self._tell(session, f"staff:{secrets.token_hex(12)}", conversation_id, reply, moment)
            audit(session, staff.email, f"chat.{state}", f"conversation:{conversation_id}"[:64], moment)

    def joined(self, staff: Staff) -> list[Json]:
        """Chats in which the bot is quiet because somebody of the team writes."""
        _clinical(staff)
        with self._database.session() as session:
            rows = session.scalars(
                select(Conversation).where(Conversation.state == "staff").order_by(Conversation.last_at)
            )
            return [{"id": row.id, "channel": row.channel, "last_at": _iso(row.last_at)} for row in rows]

    # -------------------------------------------------------------- bookings

    def bookings(
        self,
        staff: Staff,
        *,
        state: str | None = None,
        first: datetime | None = None,
        last: datetime | None = None,
        open_only: bool = False,
        offset: int = 0,
        limit: int = 200,
    ) -> list[Json]:
        """Bookings: those without a time first, then by time."""
        if state is not None and state not in set(State):
            raise Invalid(f"There is no state {state!r}. Use one of: {', '.join(State)}.")
        states = {State(state)} if state is not None else OPEN if open_only else None
        with self._database.session() as session:
            rows = bookings.listing(session, states=states, first=first, last=last, offset=offset, limit=limit)
            return [booking_json(row, row.screening.tier, staff) for row in rows]

    def act(
        self,
        reference: str,
        action: Action,
        staff: Staff,
        *,
        message_to_client: str = "",
        version: int | None = None,
        start: datetime | None = None,
        therapist: str | None = None,
    ) -> Json:
        """Confirm, decline, propose, cancel a booking, or note how the visit went; the client is told.

        Raises:
            NotAllowed: the confirmation would be a decision about health answers, and this role takes none.
            Conflict: the booking does not allow it now.
        """
        message = _text(message_to_client, "message to the client")
        moment = now()
        try:
            with self._database.session() as session:
                booking = bookings.get(session, reference)
                if version is not None and booking.version != version:
                    raise Conflict("The booking has changed since you opened it. Please look again.")
                before = booking.state
                if action is Action.CONFIRM:
                    self._may_confirm(booking, staff)
                    booking = bookings.confirm(session, reference, staff.id, moment)
                elif action is Action.PROPOSE:
                    slot, service = self._slot(booking, start, therapist)
                    hold = timedelta(hours=self._clinic.booking.hold_hours)
                    booking = bookings.transition(
                        session, reference, action, moment, slot=slot, service=service, hold=hold
                    )
                else:
                    booking = bookings.transition(session, reference, action, moment)
                session.flush()
                if action in _SAID:
                    reply = self._booking_reply(booking, _SAID[action], message)
                    key = f"booking:{reference}:{action}:{booking.version}"
                    self._tell(session, key, booking.conversation_id, reply, moment)
                audit(
                    session, staff.email, f"booking.{action}", f"booking:{reference}", moment, before=before,
                    after=str(booking.state),
                )  # fmt: skip
                return booking_json(booking, booking.screening.tier, staff)
        except bookings.NoSuchBooking as error:
            raise NotFound("There is no such booking.") from error
        except TransitionError as error:
            raise Conflict(f"That is not possible any more: the booking is {_plain(error.state)}.") from error
        except bookings.NotApproved as error:
            raise Conflict(f"That needs an approval of the health answers first ({error}).") from error
        except bookings.SlotTaken as error:
            raise Conflict(f"That time is not free: {error}.") from error
        except bookings.WrongTime as error:
            raise Conflict(f"That cannot be done now: {error}.") from error
        except StaleDataError as error:
            raise Conflict("Somebody else changed this booking just now. Please look again.") from error

    def _may_confirm(self, booking: Booking, staff: Staff) -> None:
        """To confirm what nobody has approved is a decision about health, so it is not the front desk's."""
        if staff.clinical or booking.screening.tier == Tier.NONE.name or _last(booking.screening) is not None:
            return
        raise NotAllowed("A therapist has to look at the health answers before this can be confirmed.")

    def _slot(self, booking: Booking, start: datetime | None, therapist: str | None) -> tuple[Slot, Service]:
        service = self._clinic.service(booking.service)
        if service is None:
            raise Conflict("The clinic does not offer this session any more.")
        if start is None or start.tzinfo is None:
            raise Invalid("Give the new time, with its zone.")
        name = therapist or booking.therapist
        person = self._clinic.therapist(name) if name else None
        if person is None or person not in self._clinic.therapists_for(service.id):
            raise Invalid("Choose a therapist who gives this session.")
        moment = start.astimezone(UTC).replace(second=0, microsecond=0)
        return Slot(moment, moment + service.duration, person.id), service

    def _booking_reply(self, booking: Booking, text: str, message: str) -> Reply:
        service = self._clinic.service(booking.service)
        words = message or self._wording.text(
            text,
            when=self.when(booking.start) if booking.start else "",
            service=service.name if service else booking.service,
            reference=booking.reference,
        )
        buttons: tuple[Button, ...] = ()
        if booking.state == State.PROPOSED:
            buttons = tuple(
                Button(
                    self._wording.text(title),
                    {"do": "intent", "intent": "my_booking", "proposal": answer, "reference": booking.reference},
                )
                for title, answer in (("button.accept_time", "accept"), ("button.other_time", "refuse"))
            )
        return Reply(words, ReplyKind.BOOKING, buttons=buttons, meta={"booking": slot_meta(booking)})

    def when(self, moment: datetime) -> str:
        """A time as clients read it, in the clinic's zone: `Tuesday 24 November, 10:30 am`."""
        there = moment.astimezone(self._clinic.zone)
        return f"{there:%A} {there.day} {there:%B}, {human_time(there.time())}"

    # -------------------------------------------------------------- questions

    def questions(self, staff: Staff, *, limit: int = 500) -> list[Json]:
        """What the bot could not answer, like ones together, the most asked first."""
        _clinical(staff)
        with self._database.session() as session:
            rows = list(
                session.scalars(
                    select(Unanswered).where(Unanswered.settled.is_(None)).order_by(Unanswered.id.desc()).limit(limit)
                )
            )
        groups = sorted(_alike(rows), key=lambda group: (-len(group), -group[0].id))
        return [
            {
                "ids": [row.id for row in group],
                "text": group[0].text,
                "count": len(group),
                "examples": list(dict.fromkeys(row.text for row in group))[:5],
                "suggestions": list(dict.fromkeys(topic for row in group for topic in row.suggestions))[:5],
                "first_at": _iso(group[-1].at),
                "last_at": _iso(group[0].at),
            }
            for group in groups
        ]

    def settle(self, ids: Sequence[int], staff: Staff, outcome: str) -> int:
        """Take questions from the list, with what was done about them. Returns how many there were."""
        _clinical(staff)
        outcome = _text(outcome, "outcome")[:64]
        if not outcome:
            raise Invalid("Say what was done about the question.")
        moment = now()
        with self._database.session() as session:
            rows = list(session.scalars(select(Unanswered).where(Unanswered.id.in_(ids), Unanswered.settled.is_(None))))
            for row in rows:
                row.settled = outcome
            if rows:
                audit(session, staff.email, "question.settled", f"unanswered:{rows[0].id}", moment, count=len(rows))
        return len(rows)

    # -------------------------------------------------------------- audit

    def audit_log(self, staff: Staff, *, before: int | None = None, limit: int = 100) -> Page:
        """Who did what, the newest first."""
        if staff.role is not Role.OWNER:
            raise NotAllowed("Only the owner reads the audit log.")
        query = select(Audit).order_by(Audit.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(Audit.id < before)
        with self._database.session() as session:
            found = list(session.scalars(query))
        rows = [
            {"at": _iso(row.at), "who": row.who, "what": row.what, "subject": row.subject, "detail": row.detail}
            for row in found[:limit]
        ]
        return Page(rows, str(found[limit - 1].id) if len(found) > limit else None)

    # -------------------------------------------------------------- parts

    def _decided(self, made: Decision, booking: Booking | None) -> Reply:
        """The message that tells the client of a decision. Where no time is held, the way to one is a button."""
        buttons: tuple[Button, ...] = ()
        if made.decision == "approve" and (booking is None or booking.start is None):
            buttons = (Button(self._wording.text("button.book"), {"do": "intent", "intent": "book"}),)
        meta = {"booking": slot_meta(booking)} if booking is not None else {}
        return Reply(made.message_to_client, ReplyKind.NOTICE, buttons=buttons, meta=meta)

    def _release(self, session: Session, conversation: Conversation, staff: Staff, moment: datetime) -> None:
        clear_lock(conversation)
        session.execute(
            update(Incident)
            .where(Incident.conversation_id == conversation.id, Incident.released_at.is_(None))
            .values(released_by=staff.id, released_at=moment)
        )

    def _tell(self, session: Session, key: str, conversation_id: str, reply: Reply, moment: datetime) -> None:
        session.add(
            Outbox(key=key, conversation_id=conversation_id, author="staff", reply=reply.to_json(), due_at=moment)
        )

    def _screening_rows(self, session: Session, rows: Sequence[Screening], staff: Staff) -> list[Json]:
        withheld = _withheld(session, rows)
        bookings = _bookings_of(session, rows)
        owners = _emails(session, (row.claimed_by for row in rows))
        return [
            self._screening_json(row, staff, bookings.get(row.id), withheld, owners.get(row.claimed_by or 0))
            for row in rows
        ]

    def _screening_json(
        self, row: Screening, staff: Staff, booking: Booking | None, withheld: set[str], claimed_by: str | None
    ) -> Json:
        decision = _last(row)
        shown: Json = {
            "id": row.id,
            "conversation_id": row.conversation_id,
            "channel": row.conversation.channel,
            "state": row.state,
            "tier": row.tier,
            "ruleset_version": row.ruleset_version,
            "started_at": _iso(row.started_at),
            "finished_at": _iso(row.finished_at),
            "findings": [_finding_json(f, withheld) for f in row.findings if f.current],
            "unclear": list(row.unclear),
            "reason_for_visit": row.reason_for_visit,
            "client_was_told": row.client_was_told,
            "decision": decision,
            "booking": booking_json(booking, row.tier, staff) if booking is not None else None,
            "valid_until": _iso(row.valid_until),
            "complex_case": row.complex_case,
            "care": row.care,
            "claimed_by": claimed_by,
            "version": row.version,
        }
        if staff.clinical:
            return shown
        # Empty would read as "nothing reported", so what is left out is named.
        shown |= {"findings": [], "unclear": [], "reason_for_visit": "", "client_was_told": ""}
        if decision is not None:
            shown["decision"] = {**decision, "note": "", "message_to_client": ""}
        return shown | {"left_out": list(LIMITED)}

    def _booking_after(
        self, session: Session, row: Screening, decision: str, staff: Staff, moment: datetime
    ) -> Booking | None:
        """The open booking of a screening, brought in line with a decision: no time is kept for what cannot happen."""
        booking = _bookings_of(session, [row]).get(row.id)
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


# What a client is told of an act on a booking, unless staff write their own words.
_SAID: dict[Action, str] = {
    Action.CONFIRM: "booking_confirmed",
    Action.DECLINE: "booking_declined",
    Action.PROPOSE: "booking_proposed",
    Action.CANCEL_CLINIC: "booking_cancelled_by_clinic",
}

# What a decision does to an open booking, by its state; None stands for every other state.
_FOLLOWS: dict[tuple[str, State | None], Action] = {
    ("decline", State.CONFIRMED): Action.CANCEL_CLINIC,
    ("decline", None): Action.DECLINE,
    ("refer", State.CONFIRMED): Action.CANCEL_CLINIC,
    ("refer", None): Action.DECLINE,
    ("needs_letter", None): Action.AWAIT_LETTER,
}


# ------------------------------------------------------------------ forms of rows


def booking_json(booking: Booking, tier: str | None, staff: Staff) -> Json:
    """A booking as staff see it; the client's note is left to those who may read health answers."""
    return {
        **slot_meta(booking),
        "service": booking.service,
        "therapist": booking.therapist,
        "any_therapist": booking.any_therapist,
        "held_until": _iso(booking.held_until),
        "name": booking.name,
        "phone": booking.phone,
        "email": booking.email,
        "note": booking.note if staff.clinical else "",
        "tier": tier,
        "conversation_id": booking.conversation_id,
        "screening_id": booking.screening_id,
        "created_at": _iso(booking.created_at),
        "changed_at": _iso(booking.changed_at),
        "version": booking.version,
    }


def slot_meta(booking: Booking) -> Json:
    """`meta.booking` of the chat API."""
    slot = None
    if booking.start is not None and booking.end is not None:
        slot = {
            "start": _iso(booking.start),
            "end": _iso(booking.end),
            "therapist": booking.therapist,
            "service": booking.service,
        }
    return {"reference": booking.reference, "state": booking.state, "slot": slot}


def _finding_json(finding: Finding, withheld: set[str]) -> Json:
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


def _decision_json(decision: Decision) -> Json:
    return {
        "decision": decision.decision,
        "note": decision.note,
        "message_to_client": decision.message_to_client,
        "by": decision.staff.email,
        "at": _iso(decision.at),
        "ruleset_version": decision.ruleset_version,
    }


def _last(row: Screening) -> Json | None:
    """The decision about the present result; one about an earlier result says nothing about this one."""
    last = row.decisions[-1] if row.decisions else None
    if last is None or (row.finished_at is not None and last.at < row.finished_at):
        return None
    return _decision_json(last)


def _overtaken(first: Json | None) -> VersionConflict:
    if first is None:
        return VersionConflict("The client has told us something new meanwhile. Please read the screening again.", None)
    return VersionConflict(f"{first['by']} has decided already: {first['decision']}.", first)


# ------------------------------------------------------------------ queries


def _finished(session: Session, screening_id: str, *, lock: bool = False) -> Screening:
    query = _whole(select(Screening).where(Screening.id == screening_id, Screening.state.in_(STATES)))
    row = session.scalar(query.with_for_update(of=Screening) if lock else query)
    if row is None:
        raise NotFound("There is no such screening.")
    return row


def _whole(query: Select[Screening]) -> Select[Screening]:
    return query.options(
        selectinload(Screening.findings),
        selectinload(Screening.decisions).joinedload(Decision.staff),
        selectinload(Screening.conversation),
    ).execution_options(populate_existing=True)


def _rank() -> Case[int]:
    return case({tier.name: int(tier) for tier in Tier}, value=Screening.tier, else_=-1)


def _cursor_of(row: Screening) -> str:
    rank = int(Tier[row.tier]) if row.tier else -1
    at = row.finished_at or row.started_at
    return base64.urlsafe_b64encode(json.dumps([rank, at.isoformat(), row.id]).encode()).decode()


def _open_cursor(cursor: str) -> tuple[int, datetime, str]:
    try:
        rank, at, name = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        moment = datetime.fromisoformat(at)
        if not isinstance(rank, int) or not isinstance(name, str) or moment.tzinfo is None:
            raise ValueError("not a cursor")
    except (ValueError, TypeError) as error:
        raise Invalid("That is not a cursor of this list.") from error
    return rank, moment, name


def _bookings_of(session: Session, rows: Sequence[Screening]) -> dict[str, Booking]:
    """The latest booking of each screening."""
    found = session.scalars(
        select(Booking).where(Booking.screening_id.in_([row.id for row in rows])).order_by(Booking.created_at)
    )
    return {booking.screening_id: booking for booking in found}


def _withheld(session: Session, rows: Sequence[Screening]) -> set[str]:
    """Which of the messages that findings rest on are not to be shown."""
    named = {one["message_id"] for row in rows for f in row.findings if f.current for one in f.evidence}
    if not named:
        return set()
    return set(session.scalars(select(Message.uid).where(Message.uid.in_(named), Message.withheld)))


def _emails(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    return {row.id: row.email for row in session.scalars(select(StaffUser).where(StaffUser.id.in_(wanted)))}


def _contacts(session: Session, conversations: Sequence[str]) -> dict[str, Json]:
    """How to reach the people of these conversations, as far as a booking says."""
    found = session.scalars(
        select(Booking).where(Booking.conversation_id.in_(conversations)).order_by(Booking.created_at)
    )
    return {
        row.conversation_id: {"name": row.name, "phone": row.phone, "email": row.email, "reference": row.reference}
        for row in found
    }


def _last_words(session: Session, conversations: Sequence[str], count: int = 3) -> dict[str, list[str]]:
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


def _how_many(model: type[Screening | Booking | HandOff | Incident | Unanswered]) -> Select[int]:
    return select(func.count()).select_from(model)


def _question(question: str, rules: Rules) -> str:
    """A question of a record in words; its id where the rules have changed since."""
    if question in _FIXED_QUESTIONS:
        return _FIXED_QUESTIONS[question]
    name, _, part = question.partition("/")
    if name == "mimic":
        return next((m.question for m in rules.mimics.questions if m.id == part and m.question), question)
    if name in rules.items:
        text = rules.items[name].text
        return {"": text, "which": f"Which of these: {text}", "other": f"In their own words: {text}"}.get(
            part, question
        )
    number, _, deeper = part.partition("/")
    row = rules.conditions.get(name)
    if row is None or not number.isdigit() or not 0 < int(number) <= len(row.follow_up):
        return question
    follow_up = row.follow_up[int(number) - 1]
    asked = [answer.ask.q for answer in follow_up.answers if answer.ask is not None]
    return f"{row.name}: {asked[0] if deeper and asked else follow_up.q}"


def _answer(value: str, rules: Rules) -> str:
    """An answer of a record in words: choices by their labels."""
    labels = {UNSURE: "not sure", OTHER: "something else"}
    parts = chosen(value) or (value,)
    return ", ".join(
        labels.get(part) or (rules.conditions[part].choice_label if part in rules.conditions else part)
        for part in parts
    )


_FIXED_QUESTIONS = {
    "T1": "Agreed that health answers are used, 18 or over",
    "T6": "What brings you in, allergies, strong medicines",
    "changed": "Has anything changed since the last time?",
}


def _alike(rows: Iterable[Unanswered]) -> list[list[Unanswered]]:
    """Questions in groups that say much the same; each group is measured against its first question."""
    groups: list[tuple[str, list[Unanswered]]] = []
    for row in rows:
        text = fuzz_utils.default_process(row.text)
        for leader, members in groups:
            if text == leader or fuzz.token_sort_ratio(text, leader) >= SIMILAR:
                members.append(row)
                break
        else:
            groups.append((text, [row]))
    return [members for _, members in groups]


# ------------------------------------------------------------------ small parts


def _clinical(staff: Staff) -> None:
    """The last line of the role check: the pages and the API have theirs before it."""
    if not staff.clinical:
        raise NotAllowed("This is for therapists and the owner.")


def _plain(state: str) -> str:
    return state.replace("_", " ")


def _text(value: str, name: str) -> str:
    text = value.strip()
    if len(text) > MAX_TEXT:
        raise Invalid(f"The {name} has more than {MAX_TEXT} characters.")
    return text


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
