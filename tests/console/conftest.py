"""A real, migrated database with screenings, bookings and staff, and the application in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from bot import staff as accounts
from bot.booking.slots import Slot, cells
from bot.channels.web import errors
from bot.channels.web.staff_api import staff_router
from bot.clinic import Clinic, load_locale
from bot.clinical.record import Record
from bot.clinical.rules import Rules
from bot.console import console_routes
from bot.education import Topic, load_topics
from bot.review import Review
from bot.settings import ROOT, Settings
from bot.staff import Role, Staff
from bot.store.database import Database, migrate
from bot.store.models import (
    Booking,
    BookingCell,
    Conversation,
    Finding,
    HandOff,
    Incident,
    Message,
    Screening,
    Unanswered,
)
from bot.wording import Wording
from tests import databases

PASSWORD = "seven green chairs"
XSS = '<script>alert("x")</script><img src=x onerror=alert(1)>'
KNOWLEDGE = ROOT / "knowledge"
EMAILS = {role: f"{role.value}@clinic.example" for role in Role}


@dataclass(frozen=True)
class StaffSide:
    """What the staff side needs of the service, with the clinic's real knowledge."""

    database: Database
    settings: Settings
    rules: Rules
    clinic: Clinic
    wording: Wording
    topics: Mapping[str, Topic]


@pytest.fixture
def anyio_backend() -> str:
    """The tests of this folder run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("store") / "empty.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def store() -> str:
    """Which kind of database the tests run on; a module that runs on all of them says so with `STORES`."""
    return "sqlite"


@pytest.fixture
def store_url(store: str, tmp_path: Path, migrated: Path) -> Iterator[str]:
    """An empty, migrated database: a copied file, or a schema of its own that is gone afterwards."""
    if store == "sqlite":
        path = tmp_path / "nmt.sqlite3"
        path.write_bytes(migrated.read_bytes())
        yield f"sqlite:///{path}"
        return
    with databases.empty(store, tmp_path) as url:
        migrate(url)
        yield url


@dataclass(frozen=True)
class Knowledge:
    """What the clinic knows, read once for all tests."""

    rules: Rules
    clinic: Clinic
    wording: Wording
    topics: Mapping[str, Topic]


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    clinic = Clinic.load(KNOWLEDGE)
    wording = Wording.load(KNOWLEDGE, clinic.tree, load_locale(KNOWLEDGE, clinic.clinic.locale))
    return Knowledge(Rules.load(KNOWLEDGE), clinic, wording, load_topics(KNOWLEDGE))


@pytest.fixture
def context(
    tmp_path: Path, store_url: str, knowledge: Knowledge, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StaffSide]:
    """The service's parts over a database of their own, with cheap password hashes."""
    monkeypatch.setattr(accounts, "_HASHES", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    accounts._nobodys_hash.cache_clear()
    settings = Settings(_env_file=None, data_dir=tmp_path, knowledge_dir=KNOWLEDGE)
    database = Database(store_url)
    yield StaffSide(database, settings, knowledge.rules, knowledge.clinic, knowledge.wording, knowledge.topics)
    database.close()
    accounts._nobodys_hash.cache_clear()


@pytest.fixture
def review(context: StaffSide) -> Review:
    return Review(context)


@pytest.fixture
def team(context: StaffSide) -> dict[Role, Staff]:
    """One account for each role."""
    return {role: accounts.add(context.database, EMAILS[role], role, PASSWORD) for role in Role}


@pytest.fixture
def app(context: StaffSide) -> FastAPI:
    app = FastAPI()
    errors.install(app)
    app.include_router(staff_router(context))
    app.router.routes.extend(console_routes(context))
    return app


NewBrowser = Callable[[], httpx.AsyncClient]


@pytest.fixture
async def new_browser(app: FastAPI) -> AsyncIterator[NewBrowser]:
    """Makes clients that keep their own cookies."""
    opened: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080")
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


async def csrf(browser: httpx.AsyncClient, path: str = "/console/sign-in") -> str:
    """The CSRF token of a browser: as its cookie has it, after a page with a form."""
    if "nmt_csrf" not in browser.cookies:
        await browser.get(path)
    return browser.cookies["nmt_csrf"]


async def post(browser: httpx.AsyncClient, path: str, **fields: Any) -> httpx.Response:
    """Send a form of the console, with its token."""
    return await browser.post(path, data={"csrftoken": await csrf(browser), **fields})


async def sign_in(browser: httpx.AsyncClient, role: Role, password: str = PASSWORD) -> httpx.Response:
    """Come in as the account of a role."""
    return await post(browser, "/console/sign-in", email=EMAILS[role], password=password)


# ------------------------------------------------------------------ rows


def now() -> datetime:
    return datetime.now(UTC)


def add_conversation(context: StaffSide, name: str = "web-1", **values: Any) -> str:
    with context.database.session() as session:
        session.add(
            Conversation(
                **{
                    "id": name,
                    "channel": "web",
                    "locale": "en-US",
                    "state": "bot",
                    "misses": 0,
                    "context": {},
                    "created_at": now(),
                    "last_at": now(),
                }
                | values
            )
        )
    return name


def add_message(
    context: StaffSide,
    conversation: str,
    text: str,
    *,
    author: str = "client",
    withheld: bool = False,
    payload: dict[str, Any] | None = None,
) -> str:
    with context.database.session() as session:
        uid = f"m-{conversation}-{len(text)}-{author}-{now().timestamp()}"[:36]
        session.add(
            Message(
                uid=uid, conversation_id=conversation, author=author, at=now(), text=text, state="done",
                withheld=withheld, payload=payload,
            )
        )  # fmt: skip
    return uid


def add_screening(
    context: StaffSide,
    name: str = "s-1",
    *,
    conversation: str | None = None,
    tier: str = "CAUTION",
    condition: str = "hypertension",
    words: str = "",
    mark: str = "",
    minutes: int = 30,
    **values: Any,
) -> str:
    """A finished screening of a new conversation, with one finding unless nothing was reported."""
    if conversation is None:
        conversation = add_conversation(context, f"web-{name}")
    row = context.rules.conditions[condition]
    evidence = []
    if words:
        uid = add_message(context, conversation, words)
        start = words.index(mark)
        evidence = [{"message_id": uid, "text": mark, "start": start, "end": start + len(mark), "status": "current"}]
    at = now() - timedelta(minutes=minutes)
    answers = {"T1": "agreed", "T3.5": "yes", "hypertension/1": row.follow_up[0].choices[0], "T6": "given"}
    record = Record(answers=answers, words={"T6": words or "my shoulders"})
    with context.database.session() as session:
        screening = Screening(
            **{
                "id": name,
                "conversation_id": conversation,
                "state": "new",
                "record": record.to_json(),
                "ruleset_version": context.rules.version,
                "tier": tier,
                "unclear": [],
                "reason_for_visit": words or "my shoulders",
                "client_was_told": "The therapist reads your answers first.",
                "origin": "",
                "started_at": at - timedelta(minutes=4),
                "finished_at": at,
                "valid_until": at + timedelta(days=14),
            }
            | values
        )
        if tier != "NONE":
            screening.findings.append(
                Finding(
                    condition=condition,
                    name=row.name,
                    tier=tier,
                    reason=row.staff_reason,
                    sources=list(row.sources),
                    answers=[{"question": row.follow_up[0].q, "answer": row.follow_up[0].choices[0]}],
                    evidence=evidence,
                    ruleset_version=context.rules.version,
                    current=True,
                    at=at,
                )
            )
        session.add(screening)
    return name


def add_booking(
    context: StaffSide,
    screening: str,
    reference: str = "NMT-7K3QF",
    *,
    state: str = "requested",
    therapist: str = "anna",
    days: int = 10,
    **values: Any,
) -> str:
    """A booking of a screening, in some days at five in the evening UTC, with its cells where it holds a time."""
    service = context.clinic.service("nmt_60")
    assert service is not None
    start = (now() + timedelta(days=days)).replace(hour=17, minute=0, second=0, microsecond=0)
    with context.database.session() as session:
        conversation = session.get_one(Screening, screening).conversation_id
        timed = state in ("requested", "proposed", "confirmed")
        session.add(
            Booking(
                **{
                    "reference": reference,
                    "conversation_id": conversation,
                    "screening_id": screening,
                    "state": state,
                    "service": "nmt_60",
                    "therapist": therapist,
                    "start": start if timed else None,
                    "end": start + service.duration if timed else None,
                    "held_until": now() + timedelta(hours=20) if state in ("requested", "proposed") else None,
                    "name": "Maria Lopez",
                    "phone": "+12025550143",
                    "email": None,
                    "created_at": now() - timedelta(hours=2),
                    "changed_at": now() - timedelta(hours=2),
                }
                | values
            )
        )
        session.flush()
        if timed:
            for cell in cells(Slot(start, start + service.duration, therapist), service):
                session.add(BookingCell(therapist=therapist, cell_start=cell, reference=reference))
    return reference


def add_hand_off(context: StaffSide, conversation: str, kind: str = "person") -> int:
    with context.database.session() as session:
        row = HandOff(conversation_id=conversation, kind=kind, at=now() - timedelta(minutes=12))
        session.add(row)
        session.flush()
        return row.id


def add_incident(
    context: StaffSide,
    conversation: str,
    condition: str = "chest_pain",
    care: str = "ambulance",
    message: str | None = None,
) -> int:
    """An emergency that holds its conversation."""
    with context.database.session() as session:
        row = Incident(
            conversation_id=conversation,
            message_uid=message,
            condition=condition,
            care=care,
            locked=True,
            channel="web",
            at=now(),
        )
        session.add(row)
        held = session.get_one(Conversation, conversation)
        held.lock, held.lock_condition, held.lock_care, held.lock_at = "locked", condition, care, now()
        session.flush()
        return row.id


def add_question(
    context: StaffSide,
    conversation: str,
    text: str,
    *suggestions: str,
    kind: str = "missed",
    message: str | None = None,
) -> int:
    with context.database.session() as session:
        row = Unanswered(
            conversation_id=conversation,
            kind=kind,
            message_uid=message,
            text=text,
            suggestions=list(suggestions),
            at=now(),
        )
        session.add(row)
        session.flush()
        return row.id
