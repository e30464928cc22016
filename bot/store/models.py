"""The tables of the service. Rasa's tracker lives in a database of its own.

Times are UTC. Health data stands only in `message`, `answer`, `finding`, `screening` and `decision`, and for the
moment of its way in `telegram_update` and `telegram_keyboard`; everything of a conversation hangs on its row, so that
erasing it erases the rest.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the database (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


class Conversation(Base):
    """One client on one channel."""

    __tablename__ = "conversation"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(64))
    token_hash: Mapped[str | None] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="bot")  # bot | waiting | staff
    lock: Mapped[str | None] = mapped_column(String(16))  # asking | locked
    lock_condition: Mapped[str | None] = mapped_column(String(40))
    lock_care: Mapped[str | None] = mapped_column(String(16))
    lock_at: Mapped[datetime | None]
    misses: Mapped[int] = mapped_column(Integer, default=0)
    context: Mapped[dict[str, Any]] = mapped_column(default=dict)  # last topic, open draft: nothing about health
    created_at: Mapped[datetime]
    last_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("channel", "address"),)


class Message(Base):
    """Something that was said. `id` is the rising event id of the chat API."""

    __tablename__ = "message"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    author: Mapped[str] = mapped_column(String(8))  # client | bot | staff
    at: Mapped[datetime]
    text: Mapped[str] = mapped_column(Text)
    reply: Mapped[dict[str, Any] | None]
    payload: Mapped[dict[str, Any] | None]  # what a button or a checklist sent
    reading: Mapped[dict[str, Any] | None]
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    in_reply_to: Mapped[str | None] = mapped_column(String(36), index=True)
    state: Mapped[str] = mapped_column(String(12), default="done")  # received | done | failed
    withheld: Mapped[bool] = mapped_column(
        Boolean, default=False
    )  # words of a crisis, or of a minor's health, are not kept

    __table_args__ = (
        UniqueConstraint("conversation_id", "client_message_id"),
        Index("ix_message_conversation", "conversation_id", "id"),
        {"sqlite_autoincrement": True},
    )


class Offer(Base):
    """A button that was shown: the opaque payload and what pressing it means."""

    __tablename__ = "offer"

    token: Mapped[str] = mapped_column(String(24), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    message_uid: Mapped[str] = mapped_column(String(36))
    title: Mapped[str] = mapped_column(Text)
    action: Mapped[dict[str, Any]]


class Consent(Base):
    """Which text a client agreed to, or withdrew from, and when."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    version: Mapped[str] = mapped_column(String(32))
    locale: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class Screening(Base):
    """One run through the health questions and what the rules made of it."""

    __tablename__ = "screening"

    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(12))  # open | new | claimed | decided | expired | replaced
    record: Mapped[dict[str, Any]]
    ruleset_version: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str | None] = mapped_column(String(12), index=True)
    care: Mapped[str | None] = mapped_column(String(12))
    complex_case: Mapped[bool] = mapped_column(Boolean, default=False)
    unclear: Mapped[list[Any]] = mapped_column(default=list)
    reason_for_visit: Mapped[str] = mapped_column(Text, default="")
    client_was_told: Mapped[str] = mapped_column(Text, default="")
    origin: Mapped[str] = mapped_column(String(16), default="")  # "booking": go back there afterwards
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    version: Mapped[int] = mapped_column(Integer, default=1)

    conversation: Mapped[Conversation] = relationship()
    findings: Mapped[list[Finding]] = relationship(
        order_by="Finding.id", cascade="all, delete-orphan", passive_deletes=True
    )
    decisions: Mapped[list[Decision]] = relationship(
        order_by="Decision.id", cascade="all, delete-orphan", passive_deletes=True
    )

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class Answer(Base):
    """One answer as it was given; a later answer to the same question is a further row."""

    __tablename__ = "answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(64))
    value: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text, default="")
    message_uid: Mapped[str | None] = mapped_column(String(36))
    at: Mapped[datetime]


class Finding(Base):
    """A row that weighed on the result, with the answers and words that led to it. Rows of older results stay."""

    __tablename__ = "finding"

    id: Mapped[int] = mapped_column(primary_key=True)
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id", ondelete="CASCADE"), index=True)
    condition: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    tier: Mapped[str] = mapped_column(String(12))
    care: Mapped[str | None] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(Text)
    sources: Mapped[list[Any]]
    answers: Mapped[list[Any]]
    evidence: Mapped[list[Any]]
    ruleset_version: Mapped[str] = mapped_column(String(32))
    current: Mapped[bool] = mapped_column(Boolean, default=True)
    at: Mapped[datetime]


class Decision(Base):
    """What a member of staff decided about a screening."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    decision: Mapped[str] = mapped_column(String(16))  # approve | needs_letter | decline | refer
    note: Mapped[str] = mapped_column(Text, default="")
    message_to_client: Mapped[str] = mapped_column(Text, default="")
    ruleset_version: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]

    staff: Mapped[StaffUser] = relationship()

    __table_args__ = (
        CheckConstraint("decision IN ('approve', 'needs_letter', 'decline', 'refer')", name="ck_decision_kind"),
    )


class Letter(Base):
    """That staff have seen a doctor's written OK about one row. The paper itself is not kept here."""

    __tablename__ = "letter"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    condition: Mapped[str] = mapped_column(String(40))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    staff: Mapped[StaffUser] = relationship()


class Booking(Base):
    """A request for a session. Its states and their transitions are in bot/booking/states.py."""

    __tablename__ = "booking"

    reference: Mapped[str] = mapped_column(String(16), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    screening_id: Mapped[str] = mapped_column(ForeignKey("screening.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(24), index=True)
    service: Mapped[str] = mapped_column(String(40))
    therapist: Mapped[str | None] = mapped_column(String(40))
    any_therapist: Mapped[bool] = mapped_column(Boolean, default=False)
    start: Mapped[datetime | None]
    end: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    name: Mapped[str] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(String(32))
    email: Mapped[str | None] = mapped_column(String(254))
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    screening: Mapped[Screening] = relationship()
    cells: Mapped[list[BookingCell]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class BookingCell(Base):
    """A quarter of an hour of a therapist that a booking takes: the key makes double booking impossible."""

    __tablename__ = "booking_cell"

    therapist: Mapped[str] = mapped_column(String(40), primary_key=True)
    cell_start: Mapped[datetime] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(ForeignKey("booking.reference", ondelete="CASCADE"), index=True)


class Outbox(Base):
    """Something that a client has yet to be told, on whichever channel."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    author: Mapped[str] = mapped_column(String(8))
    reply: Mapped[dict[str, Any]]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    delivered_at: Mapped[datetime | None]
    failed: Mapped[str | None] = mapped_column(String(80))
    message_uid: Mapped[str | None] = mapped_column(String(36))  # where it stands in the transcript


class Incident(Base):
    """An emergency or crisis that was answered: which rule, what was shown. Never the words of a crisis."""

    __tablename__ = "incident"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"), index=True)
    message_uid: Mapped[str | None] = mapped_column(String(36))
    condition: Mapped[str] = mapped_column(String(40))
    care: Mapped[str] = mapped_column(String(16))
    locked: Mapped[bool] = mapped_column(Boolean)
    channel: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    released_by: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    released_at: Mapped[datetime | None]


class HandOff(Base):
    """A client who asked for a person."""

    __tablename__ = "hand_off"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # person | call_back | question | failed
    at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))


class Feedback(Base):
    """A thumb, or words, about an answer."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    message_uid: Mapped[str | None] = mapped_column(String(36))
    topic: Mapped[str | None] = mapped_column(String(64))
    helpful: Mapped[bool | None]
    text: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class Unanswered(Base):
    """A question that the bot could not place, or whose answer did not help, for the people who keep the knowledge."""

    __tablename__ = "unanswered"

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12), default="missed", server_default="missed")  # missed | unhelpful
    message_uid: Mapped[str | None] = mapped_column(String(36))
    text: Mapped[str] = mapped_column(Text)
    suggestions: Mapped[list[Any]]
    at: Mapped[datetime]
    settled: Mapped[str | None] = mapped_column(String(64))  # what was done about it
    label: Mapped[str | None] = mapped_column(String(64))  # the intent that staff say it has
    exported_at: Mapped[datetime | None]


class StaffUser(Base):
    """Somebody who works at the clinic and may sign in."""

    __tablename__ = "staff_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    role: Mapped[str] = mapped_column(String(16))  # owner | therapist | reception
    password_hash: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(Integer, default=0)
    locked_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("role IN ('owner', 'therapist', 'reception')", name="ck_staff_role"),)


class StaffSession(Base):
    """A signed-in browser: the cookie holds the key, this row only its hash."""

    __tablename__ = "staff_session"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_at: Mapped[datetime]

    staff: Mapped[StaffUser] = relationship()


class StaffToken(Base):
    """A token for the staff API, or the one-time link of the first start; stored hashed."""

    __tablename__ = "staff_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(8))  # api | setup
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]

    staff: Mapped[StaffUser | None] = relationship()


class Audit(Base):
    """Who did what, to what, when. Rows are never changed or removed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str] = mapped_column(String(254))
    what: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class TelegramUpdate(Base):
    """Something that came from Telegram, stored before Telegram is told so. Once it is done, its content is removed."""

    __tablename__ = "telegram_update"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    bot_id: Mapped[int] = mapped_column(BigInteger)
    update_id: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    content: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(String(8), default="waiting")  # waiting | done | failed
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    received_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("bot_id", "update_id"),
        Index("ix_telegram_update_waiting", "state", "chat_id", "update_id"),
    )


class TelegramChat(Base):
    """A private chat on Telegram, the conversation it belongs to, and how much of it has been sent there."""

    __tablename__ = "telegram_chat"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    sent_event: Mapped[int] = mapped_column(Integer, default=0)  # all up to this event id has been sent ...
    sent_parts: Mapped[int] = mapped_column(Integer, default=0)  # ... and so many parts of the next one
    sending: Mapped[bool] = mapped_column(Boolean, default=False)  # a part was begun: it may have arrived
    last_message_id: Mapped[int] = mapped_column(BigInteger, default=0)
    contact_keyboard: Mapped[bool] = mapped_column(Boolean, default=False)
    opened_by: Mapped[str | None] = mapped_column(String(40))  # the update whose answer the greeting was
    campaign: Mapped[str | None] = mapped_column(String(64))
    blocked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class TelegramKeyboard(Base):
    """Buttons that were shown in a chat: what a press means is looked up here, and each is taken once."""

    __tablename__ = "telegram_keyboard"

    token: Mapped[str] = mapped_column(String(16), primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("telegram_chat.chat_id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(Integer)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    marks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    chosen: Mapped[str | None] = mapped_column(Text)  # shown below the message until the edit has been made
    closed_by: Mapped[int | None] = mapped_column(Integer)  # the update that was the answer
    closed_at: Mapped[datetime | None]
    shown: Mapped[bool] = mapped_column(Boolean, default=False)  # the edit that takes the buttons away is made
    expires_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("chat_id", "event_id"),)


class TelegramLink(Base):
    """A one-time link that brings a web conversation to Telegram; only its hash is kept."""

    __tablename__ = "telegram_link"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ChannelState(Base):
    """What a channel last said about itself: the name of its bot, whether it can reach the other side, and why not."""

    __tablename__ = "channel_state"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    state: Mapped[dict[str, Any]]
    at: Mapped[datetime]
