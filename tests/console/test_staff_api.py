"""The staff side of the chat API: the contract's shapes, filters, pages, conflicts, and sessions with CSRF."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import staff as accounts
from bot.staff import Role, Staff
from bot.store.database import now
from bot.store.models import Booking, Message
from tests.console import conftest as seed
from tests.console.conftest import NewBrowser, StaffSide, csrf, sign_in
from tests.databases import STORES

pytestmark = pytest.mark.anyio

BASE = "/api/v1/staff"
CONTRACT = {
    "id", "conversation_id", "channel", "state", "tier", "ruleset_version", "started_at", "finished_at", "findings",
    "unclear", "reason_for_visit", "client_was_told", "decision", "booking",
}  # fmt: skip


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """These tests run on every kind of database that is there."""
    return str(request.param)


@pytest.fixture
async def api(new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]) -> httpx.AsyncClient:
    client = new_browser()
    client.headers["authorization"] = f"Bearer {accounts.token(context.database, seed.EMAILS[Role.THERAPIST])}"
    return client


async def test_a_screening_has_the_contracts_form(api: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(context, words="I have high blood pressure", mark="high blood pressure")
    seed.add_booking(context, name)
    row = (await api.get(f"{BASE}/screenings/{name}")).json()
    assert set(row) >= CONTRACT
    (finding,) = row["findings"]
    assert set(finding) == {"condition", "name", "tier", "reason", "sources", "answers", "evidence"}
    assert set(finding["answers"][0]) == {"question", "answer"}
    (words,) = finding["evidence"]
    assert set(words) == {"message_id", "text", "start", "end", "status"}
    assert words["text"] == "high blood pressure"
    assert row["booking"]["reference"] == "NMT-7K3QF"
    assert set(row["booking"]["slot"]) == {"start", "end", "therapist", "service"}
    assert row["finished_at"].endswith("Z")
    listed = (await api.get(f"{BASE}/screenings")).json()
    assert listed == {"screenings": [row], "next": None}


async def test_withheld_words_stay_withheld(api: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(context, words="the words of a crisis", mark="words")
    with context.database.session() as session:
        session.query(Message).update({"withheld": True})
    row = (await api.get(f"{BASE}/screenings/{name}")).json()
    assert row["findings"][0]["evidence"][0]["text"] == ""


async def test_filters(api: httpx.AsyncClient, context: StaffSide, team: dict[Role, Staff]) -> None:
    for tier in ("NONE", "CAUTION", "STOP"):
        seed.add_screening(context, f"s-{tier}", tier=tier)
    await api.post(f"{BASE}/screenings/s-STOP/claim")

    async def ids(**query: str) -> list[str]:
        answer = await api.get(f"{BASE}/screenings", params=query)
        assert answer.status_code == 200, answer.text
        return sorted(row["id"] for row in answer.json()["screenings"])

    assert await ids(tier="STOP") == ["s-STOP"]
    assert await ids(state="new") == ["s-CAUTION", "s-NONE"]
    assert await ids(state="claimed", tier="STOP") == ["s-STOP"]
    assert await ids(conversation_id="web-s-NONE") == ["s-NONE"]
    assert await ids(state="", tier="") == ["s-CAUTION", "s-NONE", "s-STOP"]
    for query in ({"state": "open"}, {"tier": "BAD"}, {"cursor": "x"}, {"limit": "0"}, {"cursor": "WzEsMl0="}):
        answer = await api.get(f"{BASE}/screenings", params=query)
        assert answer.status_code == 422, query
        assert answer.json()["error"]["reference"]


async def test_pages_follow_each_other_without_gaps(api: httpx.AsyncClient, context: StaffSide) -> None:
    for number in range(7):
        seed.add_screening(context, f"s-{number}", minutes=number // 2)  # some finish in the same minute
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        query: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"{BASE}/screenings", params=query)).json()
        seen += [row["id"] for row in page["screenings"]]
        cursor = page["next"]
    assert cursor is None
    assert sorted(seen) == [f"s-{number}" for number in range(7)]


async def test_a_decision_over_the_api(api: httpx.AsyncClient, context: StaffSide) -> None:
    name = seed.add_screening(context)
    version = (await api.get(f"{BASE}/screenings/{name}")).json()["version"]
    assert (await api.post(f"{BASE}/screenings/{name}/claim")).status_code == 200
    sent = {"decision": "approve", "note": "", "message_to_client": "", "version": version}
    answer = await api.post(f"{BASE}/screenings/{name}/decision", json=sent)
    assert (answer.status_code, answer.json()["state"]) == (200, "decided")
    answer = await api.post(f"{BASE}/screenings/{name}/decision", json=sent | {"decision": "refer", "note": "x"})
    assert answer.status_code == 409
    assert answer.json()["decision"]["decision"] == "approve"
    assert answer.json()["error"]["code"] == "decided_already"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"decision": "maybe"},
        {"decision": "decline"},
        {"decision": "approve", "extra": 1},
        {"decision": "approve", "note": "x" * 2001},
        {"decision": "approve", "version": "new"},
    ],
)
async def test_a_malformed_decision_is_refused(
    api: httpx.AsyncClient, context: StaffSide, sent: dict[str, Any]
) -> None:
    name = seed.add_screening(context)
    answer = await api.post(f"{BASE}/screenings/{name}/decision", json=sent)
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"code", "message", "reference"}


async def test_bookings_by_state_and_day(api: httpx.AsyncClient, context: StaffSide) -> None:
    for number, state in enumerate(("requested", "provisional", "confirmed")):
        name = seed.add_screening(context, f"s-{number}", tier="NONE")
        seed.add_booking(context, name, f"NMT-2222{number}", state=state, days=10 + number)

    async def references(**query: str) -> list[str]:
        answer = await api.get(f"{BASE}/bookings", params=query)
        assert answer.status_code == 200, answer.text
        return [row["reference"] for row in answer.json()["bookings"]]

    assert await references() == ["NMT-22221", "NMT-22220", "NMT-22222"]
    assert await references(state="confirmed") == ["NMT-22222"]
    first = (now() + timedelta(days=10)).replace(hour=17, minute=0, second=0, microsecond=0)  # as the booking's start
    day = first.astimezone(context.clinic.zone).date()
    assert await references(**{"from": day.isoformat(), "to": day.isoformat()}) == ["NMT-22220"]
    assert await references(**{"from": (first + timedelta(days=1, hours=1)).isoformat()}) == ["NMT-22222"]
    for query in ({"state": "lost"}, {"from": "tomorrow"}, {"to": "2026-99-99"}):
        assert (await api.get(f"{BASE}/bookings", params=query)).status_code == 422


async def test_acts_on_bookings(api: httpx.AsyncClient, context: StaffSide) -> None:
    seed.add_booking(context, seed.add_screening(context, tier="NONE"))
    url = f"{BASE}/bookings/NMT-7K3QF"
    start = (now() + timedelta(days=12)).replace(hour=15, minute=0, second=0, microsecond=0).isoformat()
    answer = await api.post(f"{url}/propose", json={"start": start, "therapist": "ben"})
    assert (answer.status_code, answer.json()["state"]) == (200, "proposed")
    for sent in ({}, {"start": "2030-01-01T10:00:00"}, {"start": start, "more": 1}):
        assert (await api.post(f"{url}/propose", json=sent)).status_code == 422
    answer = await api.post(f"{url}/confirm", json={})
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    assert (await api.post(f"{url}/decline")).status_code == 409
    answer = await api.post(f"{url}/cancel", json={"message_to_client": "Anna is ill."})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled_by_clinic")
    with context.database.session() as session:
        assert session.get_one(Booking, "NMT-7K3QF").cells == []


async def test_questions_are_grouped(api: httpx.AsyncClient, context: StaffSide) -> None:
    conversation = seed.add_conversation(context)
    for text in ("do you do cupping?", "Do you do cupping"):
        seed.add_question(context, conversation, text)
    (group,) = (await api.get(f"{BASE}/questions")).json()["questions"]
    assert (group["count"], group["examples"]) == (2, ["Do you do cupping", "do you do cupping?"])


async def test_the_session_works_with_its_csrf_token_only(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    name, browser = seed.add_screening(context), new_browser()
    await sign_in(browser, Role.THERAPIST)
    assert (await browser.get(f"{BASE}/screenings/{name}")).status_code == 200
    url = f"{BASE}/screenings/{name}/claim"
    for headers in ({}, {"x-csrftoken": ""}, {"x-csrftoken": "wrong"}):
        answer = await browser.post(url, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")
    assert (await browser.post(url, headers={"x-csrftoken": await csrf(browser)})).status_code == 200


async def test_a_token_of_a_switched_off_account_ends(
    api: httpx.AsyncClient, context: StaffSide, team: dict[Role, Staff]
) -> None:
    assert (await api.get(f"{BASE}/bookings")).status_code == 200
    accounts.set_active(context.database, team[Role.THERAPIST].id, False, by=team[Role.OWNER])
    assert (await api.get(f"{BASE}/bookings")).status_code == 401
