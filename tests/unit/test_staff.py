"""Accounts: passwords, lockout, sessions, tokens and the link of the first start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from bot import staff
from bot.staff import Role, SignInRefused, StaffError
from bot.store.database import Database, migrate
from bot.store.models import Audit, StaffSession, StaffToken, StaffUser

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "seven green chairs"
IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)


class CountingHash:
    """The real hashing at a small cost, with a count of the checks."""

    def __init__(self) -> None:
        self._real = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
        self.checked: list[str] = []

    def hash(self, password: str) -> str:
        return self._real.hash(password)

    def verify_and_update(self, password: str, stored: str) -> tuple[bool, str | None]:
        self.checked.append(stored)
        return self._real.verify_and_update(password, stored)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> CountingHash:
    counting = CountingHash()
    monkeypatch.setattr(staff, "_HASHES", counting)
    staff._nobodys_hash.cache_clear()
    return counting


@pytest.fixture
def database(tmp_path: Path, hashes: CountingHash) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'nmt.sqlite3'}"
    migrate(url)
    database = Database(url)
    yield database
    database.close()


def session_of(database: Database, key: str, moment: datetime) -> staff.Staff | None:
    return staff.by_session(database, key, moment, idle=IDLE, absolute=ABSOLUTE)


def audited(database: Database) -> list[str]:
    with database.session() as session:
        return list(session.scalars(select(Audit.what).order_by(Audit.id)))


def test_an_account_signs_in_with_its_password(database: Database) -> None:
    made = staff.add(database, " Anna@Clinic.example ", "therapist", PASSWORD)
    key = staff.sign_in(database, "ANNA@clinic.example", PASSWORD, NOON)
    assert session_of(database, key, NOON) == made == staff.Staff(made.id, "anna@clinic.example", Role.THERAPIST)
    assert audited(database) == ["staff.added", "sign_in"]


@pytest.mark.parametrize(
    ("email", "role", "password"),
    [
        ("no address", "owner", PASSWORD),
        ("a@clinic.example", "boss", PASSWORD),
        ("a@clinic.example", "owner", "short"),
        ("a@clinic.example", "owner", "x" * 300),
        ("a@clinic.example", "owner", "aaaaaaaaaaaa"),
        ("long.name@clinic.example", "owner", "Long.Name@clinic.example"),
    ],
)
def test_what_cannot_be_an_account_is_refused(database: Database, email: str, role: str, password: str) -> None:
    with pytest.raises(StaffError):
        staff.add(database, email, role, password)
    assert staff.listing(database) == []


def test_an_address_has_one_account(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    with pytest.raises(StaffError, match="has an account already"):
        staff.add(database, "A@clinic.example", "therapist", PASSWORD)


def test_keys_and_passwords_are_stored_only_as_digests(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    key = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    made = staff.token(database, "a@clinic.example")
    with database.session() as session:
        user = session.scalars(select(StaffUser)).one()
        stored = [user.password_hash or "", session.scalars(select(StaffSession.key_hash)).one()]
        stored.append(session.scalars(select(StaffToken.token_hash)).one())
    assert stored[0].startswith("$argon2id$")
    assert not any(secret in text for secret in (PASSWORD, key, made) for text in stored)


def test_every_refusal_costs_one_check_and_says_the_same(database: Database, hashes: CountingHash) -> None:
    owner = staff.add(database, "owner@clinic.example", "owner", PASSWORD)
    off = staff.add(database, "off@clinic.example", "therapist", PASSWORD)
    staff.set_active(database, off.id, False, by=owner)
    staff._nobodys_hash()
    said = set()
    for email, password in [
        ("owner@clinic.example", "not the password"),
        ("nobody@clinic.example", PASSWORD),
        ("off@clinic.example", PASSWORD),
        ("not even an address", ""),
    ]:
        hashes.checked.clear()
        with pytest.raises(SignInRefused) as refused:
            staff.sign_in(database, email, password, NOON)
        said.add(str(refused.value))
        assert len(hashes.checked) == 1
        assert hashes.checked[0].split("$")[:4] == staff._nobodys_hash().split("$")[:4]
    assert len(said) == 1


def test_an_account_rests_after_too_many_failures(database: Database, hashes: CountingHash) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    for _ in range(staff.MAX_FAILURES):
        with pytest.raises(SignInRefused):
            staff.sign_in(database, "a@clinic.example", "wrong password", NOON)
    hashes.checked.clear()
    with pytest.raises(SignInRefused):
        staff.sign_in(database, "a@clinic.example", PASSWORD, NOON + staff.LOCKED_FOR - timedelta(seconds=1))
    assert len(hashes.checked) == 1
    assert staff.sign_in(database, "a@clinic.example", PASSWORD, NOON + staff.LOCKED_FOR)
    assert "staff.locked" in audited(database)


def test_a_right_password_forgets_the_failures(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    for _ in range(2):
        for _ in range(staff.MAX_FAILURES - 1):
            with pytest.raises(SignInRefused):
                staff.sign_in(database, "a@clinic.example", "wrong password", NOON)
        staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)


def test_signing_in_ends_the_session_the_browser_had(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    first = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    second = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON, replaces=first)
    assert first != second
    assert session_of(database, first, NOON) is None
    assert session_of(database, second, NOON) is not None


def test_a_key_that_was_planted_opens_nothing(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    key = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON, replaces="planted")
    assert key != "planted"
    assert session_of(database, "planted", NOON) is None


def test_a_session_ends_idle_and_absolutely(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    key = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    moment = NOON
    while moment - NOON < ABSOLUTE - timedelta(minutes=20):
        moment += timedelta(minutes=20)
        assert session_of(database, key, moment) is not None
    assert session_of(database, key, NOON + ABSOLUTE + timedelta(seconds=1)) is None
    other = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    assert session_of(database, other, NOON + IDLE + timedelta(seconds=1)) is None
    assert session_of(database, other, NOON) is None


def test_a_new_password_ends_sessions_and_the_rest(database: Database) -> None:
    staff.add(database, "a@clinic.example", "owner", PASSWORD)
    key = staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    staff.set_password(database, "a@clinic.example", "another good phrase")
    assert session_of(database, key, NOON) is None
    with pytest.raises(SignInRefused):
        staff.sign_in(database, "a@clinic.example", PASSWORD, NOON)
    assert staff.sign_in(database, "a@clinic.example", "another good phrase", NOON)


def test_switching_off_ends_sessions_and_tokens(database: Database) -> None:
    owner = staff.add(database, "owner@clinic.example", "owner", PASSWORD)
    anna = staff.add(database, "anna@clinic.example", "therapist", PASSWORD)
    key, made = staff.sign_in(database, anna.email, PASSWORD, NOON), staff.token(database, anna.email)
    assert staff.by_token(database, made) == anna
    staff.set_active(database, anna.id, False, by=owner)
    assert session_of(database, key, NOON) is None
    assert staff.by_token(database, made) is None
    with pytest.raises(StaffError, match="switched off"):
        staff.token(database, anna.email)
    with pytest.raises(StaffError, match="your own"):
        staff.set_active(database, owner.id, False, by=owner)


def test_tokens_are_ended_together(database: Database) -> None:
    owner = staff.add(database, "owner@clinic.example", "owner", PASSWORD)
    made = [staff.token(database, owner.email) for _ in range(2)]
    assert len(set(made)) == 2
    assert [account.tokens for account in staff.listing(database)] == [2]
    assert staff.revoke_tokens(database, owner.id, by=owner) == 2
    assert [staff.by_token(database, one) for one in made] == [None, None]
    with pytest.raises(StaffError, match="has no account"):
        staff.token(database, "nobody@clinic.example")


def test_the_setup_link_works_once_and_only_the_last_one(database: Database) -> None:
    first, second = staff.setup_token(database), staff.setup_token(database)
    assert first is not None
    assert second is not None
    assert not staff.setup_open(database, first, datetime.now(UTC))
    assert staff.setup_open(database, second, datetime.now(UTC))
    owner = staff.set_up(database, second, "owner@clinic.example", PASSWORD, datetime.now(UTC))
    assert owner.role is Role.OWNER
    with pytest.raises(StaffError, match="has been used"):
        staff.set_up(database, second, "thief@clinic.example", PASSWORD, datetime.now(UTC))
    assert staff.setup_token(database) is None


def test_the_setup_link_ends_after_a_day(database: Database) -> None:
    key = staff.setup_token(database)
    assert key is not None
    with pytest.raises(StaffError):
        staff.set_up(
            database, key, "a@clinic.example", PASSWORD, datetime.now(UTC) + staff.SETUP_VALID + timedelta(minutes=1)
        )
    assert staff.listing(database) == []


def test_a_setup_key_is_no_api_token(database: Database) -> None:
    key = staff.setup_token(database)
    assert key is not None
    assert staff.by_token(database, key) is None
