"""Accounts of the people who work at the clinic: passwords, sessions, API tokens, the link of the first start.

Keys and tokens are 256 random bits, shown once and stored as their SHA-256. Passwords are stored as argon2id.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any, cast

from email_validator import EmailNotValidError, validate_email
from pwdlib import PasswordHash
from sqlalchemy import CursorResult, Select, delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.store.database import Database, now
from bot.store.models import Audit, StaffSession, StaffToken, StaffUser

MIN_PASSWORD = 10
MAX_PASSWORD = 256
MAX_FAILURES = 8
LOCKED_FOR = timedelta(minutes=15)
SETUP_VALID = timedelta(hours=24)
SEEN_EVERY = timedelta(minutes=1)
"""A session's last click is written at most this often: reading a page is not worth a write each time."""

TOKEN_PREFIX = "nmt_"
COMMAND_LINE = "command line"

_HASHES = PasswordHash.recommended()
_CHECKS = BoundedSemaphore(2)
"""A password check takes 64 MiB and a processor: not more than two at a time, however many knock."""


class Role(StrEnum):
    """What kind of account it is; each route says which of them it lets in."""

    OWNER = "owner"
    THERAPIST = "therapist"
    RECEPTION = "reception"


CLINICAL = frozenset({Role.OWNER, Role.THERAPIST})
"""Who may read health answers and decide about them (guide 5.6)."""
EVERYONE = frozenset(Role)
OWNER_ONLY = frozenset({Role.OWNER})


class StaffError(Exception):
    """Something about an account cannot be done; the message is fit to show."""


class SignInRefused(StaffError):
    """Unknown address, wrong password, switched off or locked: one message for all, so that none can be told apart."""

    def __init__(self) -> None:
        super().__init__(
            "That e-mail and password do not fit together. "
            f"After {MAX_FAILURES} wrong tries an account rests for {LOCKED_FOR.seconds // 60} minutes."
        )


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who is signed in."""

    id: int
    email: str
    role: Role

    @property
    def clinical(self) -> bool:
        """Whether health answers may be shown to this person."""
        return self.role in CLINICAL

    @property
    def owner(self) -> bool:
        return self.role is Role.OWNER


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the list of staff shows it."""

    id: int
    email: str
    role: Role
    active: bool
    locked_until: datetime | None
    created_at: datetime
    tokens: int

    def __str__(self) -> str:
        state = "active" if self.active else "switched off"
        return f"{self.email}  {self.role.value}  {state}"


def digest(key: str) -> str:
    """How a key or token is stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def audit(session: Session, who: str, what: str, subject: str, moment: datetime, **detail: Any) -> None:
    """Add a row to the audit log, within the caller's transaction. Never a health word, never a secret."""
    session.add(Audit(at=moment, who=who, what=what, subject=subject, detail=detail))


# ------------------------------------------------------------------ accounts


def add(database: Database, email: str, role: str, password: str, *, by: str = COMMAND_LINE) -> Staff:
    """Make an account.

    Raises:
        StaffError: the address, role or password cannot be used, or the address has an account.
    """
    address, kind = _address(email), _role(role)
    hashed = _hashed(password, address)
    try:
        with database.session() as session:
            return _create(session, address, kind, hashed, by, now())
    except IntegrityError as error:
        raise StaffError(f"{address} has an account already.") from error


def set_password(database: Database, email: str, password: str, *, by: str = COMMAND_LINE) -> None:
    """Give an account a new password: unlocks it and ends its sessions."""
    address = _address(email)
    hashed = _hashed(password, address)
    moment = now()
    with database.session() as session:
        user = _user(session, address)
        user.password_hash, user.failures, user.locked_until = hashed, 0, None
        session.execute(delete(StaffSession).where(StaffSession.staff_id == user.id))
        audit(session, by, "staff.password", f"staff:{user.id}", moment)


def set_active(database: Database, staff_id: int, active: bool, *, by: Staff) -> None:
    """Switch an account on or off. Switching off ends its sessions and tokens; nobody can lock themselves out."""
    if staff_id == by.id:
        raise StaffError("You cannot switch off your own account.")
    moment = now()
    with database.session() as session:
        user = session.get(StaffUser, staff_id)
        if user is None:
            raise StaffError("There is no such account.")
        user.active = active
        if not active:
            session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))
            session.execute(delete(StaffToken).where(StaffToken.staff_id == staff_id))
        audit(session, by.email, "staff.on" if active else "staff.off", f"staff:{staff_id}", moment)


def listing(database: Database) -> list[Account]:
    """All accounts, by address."""
    tokens = (
        select(func.count())
        .select_from(StaffToken)
        .where(StaffToken.staff_id == StaffUser.id, StaffToken.purpose == "api")
        .scalar_subquery()
    )
    with database.session() as session:
        rows = session.execute(select(StaffUser, tokens).order_by(StaffUser.email)).all()
    return [
        Account(user.id, user.email, Role(user.role), user.active, user.locked_until, user.created_at, count)
        for user, count in rows
    ]


# ------------------------------------------------------------------ API tokens


def token(database: Database, email: str, *, by: str = COMMAND_LINE) -> str:
    """Make an API token for an account. Only its digest is kept, so it cannot be shown again."""
    made, moment = TOKEN_PREFIX + secrets.token_urlsafe(32), now()
    with database.session() as session:
        user = _user(session, _address(email))
        if not user.active:
            raise StaffError(f"The account {user.email} is switched off.")
        session.add(StaffToken(token_hash=digest(made), staff_id=user.id, purpose="api", created_at=moment))
        audit(session, by, "token.made", f"staff:{user.id}", moment)
    return made


def revoke_tokens(database: Database, staff_id: int, *, by: Staff) -> int:
    """End all API tokens of an account. Returns how many there were."""
    moment = now()
    with database.session() as session:
        ended = _count(session, delete(StaffToken).where(StaffToken.staff_id == staff_id, StaffToken.purpose == "api"))
        if ended:
            audit(session, by.email, "token.ended", f"staff:{staff_id}", moment, count=ended)
    return ended


def by_token(database: Database, key: str) -> Staff | None:
    """Whose API token this is, or None."""
    with database.session() as session:
        return _staff(
            session.scalar(
                _active_users()
                .join(StaffToken, StaffToken.staff_id == StaffUser.id)
                .where(StaffToken.token_hash == digest(key), StaffToken.purpose == "api")
            )
        )


# ------------------------------------------------------------------ the first account


def setup_token(database: Database) -> str | None:
    """The key of the one-time link that makes the first account, or None where there are accounts.

    A new key ends the earlier one, so that only the link printed last works.
    """
    made, moment = secrets.token_urlsafe(32), now()
    with database.session() as session:
        if session.scalar(select(exists().select_from(StaffUser))):
            return None
        session.execute(delete(StaffToken).where(StaffToken.purpose == "setup"))
        session.add(
            StaffToken(token_hash=digest(made), purpose="setup", created_at=moment, expires_at=moment + SETUP_VALID)
        )
    return made


def setup_open(database: Database, key: str, moment: datetime) -> bool:
    """Whether this key may still make the first account."""
    with database.session() as session:
        return session.scalar(_setup(key, moment)) is not None


def set_up(database: Database, key: str, email: str, password: str, moment: datetime) -> Staff:
    """Make the owner's account with the key of the first start, which is used up by it."""
    address = _address(email)
    hashed = _hashed(password, address)
    with database.session() as session:
        row = session.scalar(_setup(key, moment))
        # The row is removed first: of two requests with the same key only one removes it.
        used = row is not None and _count(session, delete(StaffToken).where(StaffToken.token_hash == row.token_hash))
        if not used:
            raise StaffError("This link has been used or is too old. Start the service again for a new one.")
        return _create(session, address, Role.OWNER, hashed, "setup link", moment)


# ------------------------------------------------------------------ sessions


def sign_in(database: Database, email: str, password: str, moment: datetime, *, replaces: str | None = None) -> str:
    """Check a password and open a session. Returns its key, for the cookie.

    Every try costs one password check, also for an address nobody has, so that the time it takes tells nothing.
    `replaces` is the key the browser had before: it ends, so that a planted one gains nothing.

    Raises:
        SignInRefused: whatever the reason.
    """
    address = email.strip().lower()
    with database.session() as session:
        known = session.execute(
            select(StaffUser.id, StaffUser.password_hash).where(StaffUser.email == address)
        ).one_or_none()
    stored = known.password_hash if known else None
    # Outside of any transaction: a check takes a tenth of a second and must not hold up writers.
    with _CHECKS:
        fits, renewed = _HASHES.verify_and_update(password[:MAX_PASSWORD], stored or _nobodys_hash())
    if known is None or len(password) > MAX_PASSWORD:
        raise SignInRefused
    with database.session() as session:
        user = session.get_one(StaffUser, known.id, with_for_update=True)
        locked = user.locked_until is not None and user.locked_until > moment
        key = None
        if stored and fits and user.active and not locked:
            key = _open_session(session, user, moment, replaces)
            if renewed:
                user.password_hash = renewed
        elif not locked:
            _count_failure(session, user, moment)
    if key is None:
        raise SignInRefused
    return key


def by_session(
    database: Database, key: str, moment: datetime, *, idle: timedelta, absolute: timedelta, touch: bool = True
) -> Staff | None:
    """Whose session this is, or None where it has ended. A click (`touch`) keeps it open."""
    with database.session() as session:
        row = session.get(StaffSession, digest(key))
        if row is None:
            return None
        if moment - row.last_at > idle or moment - row.created_at > absolute:
            session.delete(row)
            return None
        if touch and moment - row.last_at >= SEEN_EVERY:
            row.last_at = moment
        return _staff(row.staff if row.staff.active else None)


def sign_out(database: Database, key: str, moment: datetime) -> None:
    """End a session."""
    with database.session() as session:
        row = session.get(StaffSession, digest(key))
        if row is not None:
            audit(session, row.staff.email, "sign_out", f"staff:{row.staff_id}", moment)
            session.delete(row)


def _open_session(session: Session, user: StaffUser, moment: datetime, replaces: str | None) -> str:
    key = secrets.token_urlsafe(32)
    if replaces is not None:
        session.execute(delete(StaffSession).where(StaffSession.key_hash == digest(replaces)))
    user.failures, user.locked_until = 0, None
    session.add(StaffSession(key_hash=digest(key), staff_id=user.id, created_at=moment, last_at=moment))
    audit(session, user.email, "sign_in", f"staff:{user.id}", moment)
    return key


def _count_failure(session: Session, user: StaffUser, moment: datetime) -> None:
    user.failures += 1
    audit(session, user.email, "sign_in.refused", f"staff:{user.id}", moment, failures=user.failures)
    if user.failures >= MAX_FAILURES:
        user.failures, user.locked_until = 0, moment + LOCKED_FOR
        audit(session, user.email, "staff.locked", f"staff:{user.id}", moment)


# ------------------------------------------------------------------ parts


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """A hash that no password fits, with the cost of a real one."""
    return _HASHES.hash(secrets.token_urlsafe(32))


def _address(email: str) -> str:
    try:
        # Nothing is sent to this address: it is a name to sign in with, and need not be reachable.
        found = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise StaffError(f"That is not an e-mail address: {error}") from error
    return found.normalized.lower()


def _role(role: str) -> Role:
    try:
        return Role(role.strip().lower())
    except ValueError as error:
        raise StaffError(f"There is no role {role!r}. Use one of: {', '.join(Role)}.") from error


def _hashed(password: str, address: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise StaffError(f"A password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    if len(set(password)) < 5 or password.lower() in (address, address.partition("@")[0]):
        raise StaffError("That password is too easy to guess. A few words in a row make a good one.")
    return _HASHES.hash(password)


def _create(session: Session, address: str, role: Role, hashed: str, by: str, moment: datetime) -> Staff:
    user = StaffUser(email=address, role=role.value, password_hash=hashed, created_at=moment)
    session.add(user)
    session.flush()
    audit(session, by, "staff.added", f"staff:{user.id}", moment, role=role.value)
    return Staff(user.id, user.email, role)


def _user(session: Session, address: str) -> StaffUser:
    user = session.scalar(select(StaffUser).where(StaffUser.email == address))
    if user is None:
        raise StaffError(f"{address} has no account.")
    return user


def _active_users() -> Select[StaffUser]:
    return select(StaffUser).where(StaffUser.active)


def _staff(user: StaffUser | None) -> Staff | None:
    return None if user is None else Staff(user.id, user.email, Role(user.role))


def _setup(key: str, moment: datetime) -> Select[StaffToken]:
    return select(StaffToken).where(
        StaffToken.token_hash == digest(key), StaffToken.purpose == "setup", StaffToken.expires_at > moment
    )


def _count(session: Session, statement: Any) -> int:
    """Run a delete or update and say how many rows it met."""
    return cast("CursorResult[Any]", session.execute(statement)).rowcount
