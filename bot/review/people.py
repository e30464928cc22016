"""People: those who wait for a person, those held by an emergency, chats that staff write in themselves."""

from __future__ import annotations

import secrets

from sqlalchemy import and_, case, func, select

from bot.reply import Reply
from bot.review.core import Desk, Invalid, Json, NotFound, checked, iso, require_clinical
from bot.review.rows import contacts_of, last_words
from bot.staff import Staff, audit
from bot.store.database import now
from bot.store.models import Conversation, HandOff, Incident, StaffUser


class People(Desk):
    """What staff do for clients who need a person."""

    def hand_offs(self, staff: Staff) -> list[Json]:
        """Clients who wait for a person, the oldest first, with what the front desk needs to reach them."""
        with self._database.session() as session:
            rows = list(session.scalars(select(HandOff).where(HandOff.done_at.is_(None)).order_by(HandOff.at)))
            contacts = contacts_of(session, [row.conversation_id for row in rows])
            last = last_words(session, [row.conversation_id for row in rows]) if staff.clinical else {}
            return [
                {
                    "id": row.id,
                    "conversation_id": row.conversation_id,
                    "kind": row.kind,
                    "at": iso(row.at),
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
        require_clinical(staff)
        text = checked(text, "message")
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
                    "at": iso(row.at),
                    "held": row.locked and row.released_at is None and lock is not None,
                    "released_by": email,
                    "released_at": iso(row.released_at),
                }
                for row, lock, email in rows
            ]

    def release(self, incident_id: int, staff: Staff, note: str) -> None:
        """Lift the hold of a conversation that has no screening to approve. A person answers for it, with a reason."""
        require_clinical(staff)
        note = checked(note, "note")
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

    def join(self, conversation_id: str, staff: Staff) -> None:
        """Write in a chat oneself: the bot says so and stays quiet, except in an emergency."""
        self._take_over(conversation_id, staff, "staff", "staff_joined")

    def leave(self, conversation_id: str, staff: Staff) -> None:
        """Hand a chat back to the bot."""
        self._take_over(conversation_id, staff, "bot", "staff_left")

    def _take_over(self, conversation_id: str, staff: Staff, state: str, text: str) -> None:
        require_clinical(staff)
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
        require_clinical(staff)
        with self._database.session() as session:
            rows = session.scalars(
                select(Conversation).where(Conversation.state == "staff").order_by(Conversation.last_at)
            )
            return [{"id": row.id, "channel": row.channel, "last_at": iso(row.last_at)} for row in rows]
