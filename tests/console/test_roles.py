"""The deny path first: every route of console and API, for every role and for nobody."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from bot import staff as accounts
from bot.console import PAGES
from bot.console.app import Page
from bot.staff import CLINICAL, EVERYONE, OWNER_ONLY, Role, Staff
from bot.store.models import Screening
from tests.console import conftest as seed
from tests.console.conftest import NewBrowser, StaffSide, csrf, sign_in

pytestmark = pytest.mark.anyio

# What each route is meant to let in, written down here a second time: the table in the code has to agree.
CONSOLE = {
    ("GET", "/queue"): EVERYONE,
    ("GET", "/screenings/{id}"): EVERYONE,
    ("POST", "/screenings/{id}/claim"): CLINICAL,
    ("POST", "/screenings/{id}/decision"): CLINICAL,
    ("POST", "/screenings/{id}/letters"): CLINICAL,
    ("GET", "/conversations/{id}"): CLINICAL,
    ("POST", "/conversations/{id}/write"): CLINICAL,
    ("POST", "/conversations/{id}/join"): CLINICAL,
    ("POST", "/conversations/{id}/leave"): CLINICAL,
    ("GET", "/bookings"): EVERYONE,
    ("POST", "/bookings/{reference}/{action}"): EVERYONE,
    ("GET", "/waiting"): EVERYONE,
    ("POST", "/waiting/{id}/done"): EVERYONE,
    ("POST", "/incidents/{id}/release"): CLINICAL,
    ("GET", "/questions"): CLINICAL,
    ("POST", "/questions/mark"): CLINICAL,
    ("POST", "/questions/settle"): CLINICAL,
    ("POST", "/questions/{id}/unmark"): CLINICAL,
    ("POST", "/sign-out"): EVERYONE,
    ("GET", "/staff"): OWNER_ONLY,
    ("POST", "/staff"): OWNER_ONLY,
    ("POST", "/staff/{id}/active"): OWNER_ONLY,
    ("POST", "/staff/{id}/password"): OWNER_ONLY,
    ("POST", "/staff/{id}/token"): OWNER_ONLY,
    ("POST", "/staff/{id}/tokens/end"): OWNER_ONLY,
    ("GET", "/audit"): OWNER_ONLY,
}
API = {
    ("GET", "/api/v1/staff/screenings"): EVERYONE,
    ("GET", "/api/v1/staff/screenings/{id}"): EVERYONE,
    ("POST", "/api/v1/staff/screenings/{id}/claim"): CLINICAL,
    ("POST", "/api/v1/staff/screenings/{id}/decision"): CLINICAL,
    ("POST", "/api/v1/staff/screenings/{id}/letters"): CLINICAL,
    ("GET", "/api/v1/staff/bookings"): EVERYONE,
    ("POST", "/api/v1/staff/bookings/{reference}/confirm"): EVERYONE,
    ("POST", "/api/v1/staff/bookings/{reference}/decline"): EVERYONE,
    ("POST", "/api/v1/staff/bookings/{reference}/cancel"): EVERYONE,
    ("POST", "/api/v1/staff/bookings/{reference}/propose"): EVERYONE,
    ("GET", "/api/v1/staff/questions"): CLINICAL,
    ("POST", "/api/v1/staff/questions/mark"): CLINICAL,
}
BODIES: dict[str, dict[str, object]] = {
    "decision": {"decision": "approve"},
    "mark": {"ids": [1], "label": "price"},
    "letters": {"condition": "heart_disease"},
    "propose": {"start": "2030-01-07T15:00:00Z"},
}


def filled(path: str) -> str:
    return re.sub(r"{\w+}", "1", path.replace("{reference}", "NMT-22222").replace("{action}", "confirm"))


def body_of(method: str, path: str) -> dict[str, object] | None:
    return BODIES.get(path.rsplit("/", 1)[-1], {}) if method == "POST" else None


def test_the_tables_name_every_route(app: FastAPI) -> None:
    assert {(page.method, page.path): page.roles for page in PAGES} == CONSOLE
    routes = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/v1/staff")
    }
    assert routes == set(API)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
async def test_nobody_opens_a_page(new_browser: NewBrowser, page: Page) -> None:
    browser = new_browser()
    token = await csrf(browser)
    path = f"/console{filled(page.path)}"
    answer = await browser.request(page.method, path, data={"csrftoken": token} if page.method == "POST" else None)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=")


@pytest.mark.parametrize("role", Role)
async def test_a_page_opens_for_its_roles_only(new_browser: NewBrowser, team: dict[Role, Staff], role: Role) -> None:
    browser = new_browser()
    await sign_in(browser, role)
    token = await csrf(browser)
    for (method, path), roles in CONSOLE.items():
        if path == "/sign-out":
            continue
        data = {"csrftoken": token} if method == "POST" else None
        answer = await browser.request(method, f"/console{filled(path)}", data=data)
        if role in roles:
            assert answer.status_code not in (401, 403, 500), (role, method, path)
        else:
            assert answer.status_code == 403, (role, method, path)
            assert "does not open this page" in answer.text


async def bearer(context: StaffSide, role: Role) -> dict[str, str]:
    return {"authorization": f"Bearer {accounts.token(context.database, seed.EMAILS[role])}"}


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nmt_wrong"}, {"authorization": "Basic abc"}])
async def test_nobody_calls_the_api(new_browser: NewBrowser, headers: dict[str, str]) -> None:
    browser = new_browser()
    for method, path in API:
        answer = await browser.request(method, filled(path), headers=headers, json=body_of(method, path))
        assert answer.status_code == 401, (method, path)
        assert set(answer.json()["error"]) == {"code", "message", "reference"}
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", Role)
async def test_the_api_answers_its_roles_only(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff], role: Role
) -> None:
    browser, headers = new_browser(), await bearer(context, role)
    for (method, path), roles in API.items():
        answer = await browser.request(method, filled(path), headers=headers, json=body_of(method, path))
        if role in roles:
            assert answer.status_code in (200, 404), (role, method, path, answer.text)
        else:
            assert answer.status_code == 403, (role, method, path)
            assert answer.json()["error"]["code"] == "not_allowed"
            assert answer.json()["error"]["message"] == f"The role {role.value} may not do this."


HEALTH = (
    "High blood pressure",
    "hypertension",
    "sore from hypertension tablets",
    "The therapist reads",
    "A private note",
)


def reveals(text: str) -> list[str]:
    return [word for word in HEALTH if word.lower() in text.lower()]


async def test_reception_sees_tier_and_contact_but_no_health(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    name = seed.add_screening(context, words="sore from hypertension tablets", mark="hypertension")
    seed.add_booking(context, name, note="A private note")
    with context.database.session() as session:
        conversation = session.get_one(Screening, name).conversation_id
    seed.add_hand_off(context, conversation)
    seed.add_incident(context, conversation, "hypertension")
    seed.add_question(context, conversation, "sore from hypertension tablets")
    browser = new_browser()
    await sign_in(browser, Role.RECEPTION)
    shown = ""
    for path in ("/queue", f"/screenings/{name}", "/bookings", "/waiting"):
        page = await browser.get(f"/console{path}")
        assert page.status_code == 200
        assert not reveals(page.text), path
        shown += page.text
    for words in ("Tell a therapist", "Caution", "Maria Lopez", "+12025550143", "A therapist has to look"):
        assert words in shown
    headers = await bearer(context, Role.RECEPTION)
    for path in ("screenings", f"screenings/{name}", "bookings"):
        answer = await browser.get(f"/api/v1/staff/{path}", headers=headers)
        assert answer.status_code == 200
        assert not reveals(answer.text), path
    one = (await browser.get(f"/api/v1/staff/screenings/{name}", headers=headers)).json()
    assert one["tier"] == "CAUTION"
    assert one["booking"]["phone"] == "+12025550143"
    assert one["left_out"] == ["findings", "unclear", "reason_for_visit", "client_was_told", "care", "letters"]


async def test_a_therapist_sees_the_reasons(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    name = seed.add_screening(context, words="sore from hypertension tablets", mark="hypertension")
    browser = new_browser()
    await sign_in(browser, Role.THERAPIST)
    page = await browser.get(f"/console/screenings/{name}")
    assert "High blood pressure" in page.text
    assert "sore from <mark>hypertension</mark> tablets" in page.text
    assert "<code>hypertension</code>" in page.text


async def test_reception_confirms_what_needs_no_medical_yes(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser, headers = new_browser(), await bearer(context, Role.RECEPTION)
    plain = seed.add_booking(context, seed.add_screening(context, "s-none", tier="NONE"), "NMT-22222")
    caution = seed.add_booking(context, seed.add_screening(context, "s-caution"), "NMT-33333", therapist="ben")
    answer = await browser.post(f"/api/v1/staff/bookings/{plain}/confirm", headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    answer = await browser.post(f"/api/v1/staff/bookings/{caution}/confirm", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    answer = await browser.post(
        f"/api/v1/staff/bookings/{caution}/confirm", headers=await bearer(context, Role.THERAPIST)
    )
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")


async def test_unfinished_screenings_are_nobodys_business(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser, headers = new_browser(), await bearer(context, Role.OWNER)
    for state in ("open", "replaced"):
        name = seed.add_screening(context, f"s-{state}", state=state)
        assert (await browser.get(f"/api/v1/staff/screenings/{name}", headers=headers)).status_code == 404
    assert (await browser.get("/api/v1/staff/screenings", headers=headers)).json() == {"screenings": [], "next": None}


async def test_evidence_of_another_conversation_is_not_shown(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    other = seed.add_conversation(context, "web-other")
    said = "somebody else wrote a clot here"
    uid, start = seed.add_message(context, other, said), said.index("a clot")
    name = seed.add_screening(context)
    with context.database.session() as session:
        finding = session.get_one(Screening, name).findings[0]
        finding.evidence = [
            {"message_id": uid, "text": "a clot", "start": start, "end": start + 6, "status": "current"}
        ]
    browser = new_browser()
    await sign_in(browser, Role.THERAPIST)
    page = await browser.get(f"/console/screenings/{name}")
    assert "<mark>a clot</mark>" in page.text
    assert "somebody else" not in page.text


async def test_unknown_things_are_not_found(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    for path in ("/screenings/none", "/conversations/none", "/queue?tab=none", "/nothing", "/staff/9/nothing"):
        answer: httpx.Response = await browser.get(f"/console{path}")
        assert answer.status_code == 404, path
