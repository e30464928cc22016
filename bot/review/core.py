"""What all use cases of staff share: the errors they end with, the checks before them, the way to the client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.clinic import Clinic
from bot.clinical.model import Tier
from bot.clinical.rules import Rules
from bot.education import Topic
from bot.reply import Reply
from bot.settings import Settings
from bot.staff import Staff
from bot.store.conversations import clear_lock
from bot.store.database import Database
from bot.store.models import Conversation, Incident, Outbox
from bot.wording import Wording

STATES = ("new", "claimed", "decided", "expired")
"""The states of a screening that staff see; one that is still being answered is the client's own business."""

DECISIONS = ("approve", "needs_letter", "decline", "refer")
HOLDS = frozenset({Tier.STOP.name, Tier.EMERGENCY.name})
"""The tiers that hold a conversation until a person approves."""

PAGE = 25
MAX_TEXT = 2000
LIMITED = ("findings", "unclear", "reason_for_visit", "client_was_told", "care", "letters")
"""What the front desk does not see of a screening (guide 5.6)."""

Order = Literal["urgent", "recent"]
Json = dict[str, Any]


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
    @property
    def topics(self) -> Mapping[str, Topic]: ...


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


class Desk:
    """A group of use cases. One object serves all threads."""

    def __init__(self, context: StaffContext) -> None:
        self._database = context.database
        self._wording = context.wording
        self._clinic = context.clinic
        self._rules = context.rules

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


def require_clinical(staff: Staff) -> None:
    """The last line of the role check: the pages and the API have theirs before it."""
    if not staff.clinical:
        raise NotAllowed("This is for therapists and the owner.")


def checked(value: str, name: str) -> str:
    text = value.strip()
    if len(text) > MAX_TEXT:
        raise Invalid(f"The {name} has more than {MAX_TEXT} characters.")
    return text


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
