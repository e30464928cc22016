"""Coming in, staying in, going out: sign-in, lockout, rotation, CSRF, the link of the first start, headers."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from bot import staff as accounts
from bot.console.security import MAX_BODY
from bot.settings import Settings
from bot.staff import Role, Staff
from bot.store.database import now
from bot.store.models import StaffSession, StaffUser
from tests.console.conftest import EMAILS, KNOWLEDGE, PASSWORD, XSS, NewBrowser, StaffSide, csrf, post, sign_in

pytestmark = pytest.mark.anyio

COOKIE = "nmt_staff"


async def test_signing_in_opens_the_queue(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    answer = await sign_in(browser, Role.OWNER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/queue")
    page = await browser.get("/console/queue")
    assert page.status_code == 200
    assert EMAILS[Role.OWNER] in page.text
    assert (await browser.get("/console")).headers["location"] == "/console/queue"
    assert (await browser.get("/console/")).headers["location"] == "/console/queue"


async def test_the_cookie_is_opaque_and_kept_from_scripts(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    answer = await sign_in(new_browser(), Role.OWNER)
    (cookie,) = [value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE)]
    key = cookie.split(";")[0].partition("=")[2]
    assert len(key) == 43  # 256 bits
    for attribute in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in cookie


async def test_every_refusal_reads_the_same(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser, said = new_browser(), set()
    for email, password in [(EMAILS[Role.OWNER], "wrong"), ("nobody@clinic.example", PASSWORD)]:
        answer = await post(browser, "/console/sign-in", email=email, password=password)
        assert answer.status_code == 403
        assert COOKIE not in browser.cookies
        said.add(answer.text.replace(email, ""))
    assert len(said) == 1


async def test_an_account_rests_after_eight_failures(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser = new_browser()
    for _ in range(accounts.MAX_FAILURES):
        assert (await sign_in(browser, Role.OWNER, "wrong password")).status_code == 403
    assert (await sign_in(browser, Role.OWNER)).status_code == 403
    with context.database.session() as session:
        session.execute(update(StaffUser).values(locked_until=now() - timedelta(seconds=1)))
    assert (await sign_in(browser, Role.OWNER)).status_code == 303


async def test_an_address_that_tries_too_often_waits(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    for number in range(20):
        await post(browser, "/console/sign-in", email=f"guess{number}@clinic.example", password="x")
    answer = await sign_in(browser, Role.OWNER)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "300"


async def test_a_planted_session_is_worth_nothing(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser = new_browser()
    browser.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/")
    await sign_in(browser, Role.OWNER)
    first = browser.cookies[COOKIE]
    assert first != "planted"
    await sign_in(browser, Role.OWNER)
    assert browser.cookies[COOKIE] != first
    with context.database.session() as session:
        hashes = list(session.scalars(select(StaffSession.key_hash)))
    assert accounts.digest(first) not in hashes
    assert len(hashes) == 1


async def test_sessions_end_idle_and_absolutely(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    for column, ago in (("last_at", timedelta(minutes=31)), ("created_at", timedelta(hours=12, minutes=1))):
        browser = new_browser()
        await sign_in(browser, Role.OWNER)
        with context.database.session() as session:
            session.execute(update(StaffSession).values({column: now() - ago}))
        answer = await browser.get("/console/bookings")
        assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fbookings"


async def test_looking_for_news_does_not_keep_a_session_open(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser, then = new_browser(), now() - timedelta(minutes=20)
    await sign_in(browser, Role.OWNER)
    with context.database.session() as session:
        session.execute(update(StaffSession).values(last_at=then))
    assert (await browser.get("/console/queue", headers={"x-console-refresh": "1"})).status_code == 200
    with context.database.session() as session:
        assert session.scalar(select(StaffSession.last_at)) == then
    await browser.get("/console/queue")
    with context.database.session() as session:
        assert (session.scalar(select(StaffSession.last_at)) or then) > then


async def test_signing_out_ends_the_session(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    key = browser.cookies[COOKIE]
    assert (await post(browser, "/console/sign-out")).headers["location"] == "/console/sign-in"
    browser.cookies.set(COOKIE, key)
    assert (await browser.get("/console/queue")).status_code == 303


@pytest.mark.parametrize(
    ("target", "led_to"),
    [
        ("/console/bookings", "/console/bookings"),
        ("https://evil.example/", "/console/queue"),
        ("//evil.example/console/", "/console/queue"),
        ("/console//evil.example", "/console/queue"),
        ("/console/\\evil.example", "/console/queue"),
        ("/console/a\nSet-Cookie: x=y", "/console/queue"),
        ("javascript:alert(1)", "/console/queue"),
    ],
)
async def test_signing_in_leads_inside_only(
    new_browser: NewBrowser, team: dict[Role, Staff], target: str, led_to: str
) -> None:
    answer = await post(new_browser(), "/console/sign-in", email=EMAILS[Role.OWNER], password=PASSWORD, next=target)
    assert answer.headers["location"] == led_to


# ------------------------------------------------------------------ CSRF


FORMS = ("/console/sign-in", "/console/setup", "/console/sign-out", "/console/staff", "/console/screenings/s/decision")


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", [None, "", "wrong", "ü", "a.b"])
async def test_a_form_without_its_token_is_refused(
    new_browser: NewBrowser, team: dict[Role, Staff], path: str, token: str | None
) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    data = {"email": "new@clinic.example", "role": "owner", "password": PASSWORD}
    answer = await browser.post(path, data=data if token is None else data | {"csrftoken": token})
    assert answer.status_code in (400, 403)
    assert "staff.added" not in (await browser.get("/console/audit")).text


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_any_cookie_is_refused(new_browser: NewBrowser, path: str) -> None:
    answer = await new_browser().post(path, data={"email": "a@clinic.example", "password": PASSWORD})
    assert answer.status_code == 403


async def test_a_bearer_header_does_not_switch_the_check_off(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    answer = await browser.post("/console/sign-out", data={"x": "y"}, headers={"authorization": "Bearer x"})
    assert answer.status_code == 403


async def test_a_token_that_the_service_did_not_sign_is_refused(
    new_browser: NewBrowser, team: dict[Role, Staff]
) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    browser.cookies.delete("nmt_csrf")
    browser.cookies.set("nmt_csrf", "planted")
    answer = await browser.post("/console/sign-out", data={"csrftoken": "planted"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 400),
        ("multipart/form-data", b"x", 400),
        ("application/x-www-form-urlencoded", b"csrftoken=%ff", 400),
        ("application/x-www-form-urlencoded", "csrftoken=ü".encode(), 400),
        ("application/x-www-form-urlencoded", b"a=" + b"x" * MAX_BODY, 413),
    ],
)
async def test_what_is_no_small_plain_form_is_turned_away(
    new_browser: NewBrowser, kind: str, body: bytes, status: int
) -> None:
    browser = new_browser()
    await csrf(browser)
    answer = await browser.post("/console/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]


# ------------------------------------------------------------------ the first account


async def test_the_first_link_makes_the_owner_once(new_browser: NewBrowser, context: StaffSide) -> None:
    key = accounts.setup_token(context.database)
    link = f"/console/setup?token={key}"
    browser = new_browser()
    assert "Make the first account" in (await browser.get(link)).text
    fields = {"token": key, "email": "boss@clinic.example", "password": PASSWORD, "again": PASSWORD}
    answer = await post(browser, "/console/setup", **fields | {"again": "something else"})
    assert (answer.status_code, "The two passwords differ." in answer.text) == (422, True)
    answer = await post(browser, "/console/setup", **fields)
    assert answer.headers["location"] == "/console/queue"
    assert "boss@clinic.example" in (await browser.get("/console/staff")).text
    second = new_browser()
    assert (await second.get(link)).status_code == 404
    await csrf(second)
    assert (await post(second, "/console/setup", **fields | {"email": "thief@clinic.example"})).status_code == 404
    assert [account.email for account in accounts.listing(context.database)] == ["boss@clinic.example"]


async def test_an_old_or_wrong_link_opens_nothing(new_browser: NewBrowser, context: StaffSide) -> None:
    accounts.setup_token(context.database)
    for query in ("", "?token=", "?token=wrong"):
        assert (await new_browser().get(f"/console/setup{query}")).status_code == 404


# ------------------------------------------------------------------ accounts


async def test_the_owner_makes_and_switches_accounts(
    new_browser: NewBrowser, context: StaffSide, team: dict[Role, Staff]
) -> None:
    browser, other = new_browser(), new_browser()
    await sign_in(browser, Role.OWNER)
    fields = {"email": "new@clinic.example", "role": "therapist", "password": PASSWORD}
    assert (await post(browser, "/console/staff", **fields)).status_code == 303
    assert "has an account already" in (await post(browser, "/console/staff", **fields)).text
    await sign_in(other, Role.THERAPIST)
    therapist = team[Role.THERAPIST]
    shown = await post(browser, f"/console/staff/{therapist.id}/token")
    token = re.search(r"nmt_[\w-]{43}", shown.text)
    assert token is not None
    assert accounts.by_token(context.database, token[0]) == therapist
    await post(browser, f"/console/staff/{therapist.id}/active", active="no")
    assert (await other.get("/console/queue")).status_code == 303
    assert accounts.by_token(context.database, token[0]) is None
    answer = await post(browser, f"/console/staff/{team[Role.OWNER].id}/active", active="no")
    assert "You cannot switch off your own account." in answer.text
    await post(browser, f"/console/staff/{therapist.id}/active", active="yes")
    await post(browser, f"/console/staff/{therapist.id}/password", password="a new phrase here")
    assert (await sign_in(new_browser(), Role.THERAPIST, "a new phrase here")).status_code == 303
    log = (await browser.get("/console/audit")).text
    for entry in ("staff added", "token made", "staff off", "staff on", "staff password", "sign in"):
        assert entry in log
    assert PASSWORD not in log
    assert token[0] not in log


# ------------------------------------------------------------------ headers


async def test_every_answer_carries_the_headers(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    for path in ("/console/queue", "/console/sign-in", "/console/nothing", "/console/static/console.css"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store" or "static" in path


async def test_no_page_needs_inline_script_or_style(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    for path in ("queue", "bookings", "waiting", "questions", "staff", "audit"):
        page = (await browser.get(f"/console/{path}")).text
        assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|\sstyle=|javascript:|https?://", page), path


async def test_over_https_cookies_are_bound_to_the_host(context: StaffSide, team: dict[Role, Staff]) -> None:
    from bot.console import console_routes

    settings = Settings(
        _env_file=None,
        data_dir=context.settings.data_dir,
        knowledge_dir=KNOWLEDGE,
        public_url="https://chat.clinic.example",
    )
    secure = StaffSide(context.database, settings, context.rules, context.clinic, context.wording, context.topics)
    app = FastAPI(routes=list(console_routes(secure)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://chat.clinic.example") as browser:
        page = await browser.get("/console/sign-in")
        assert page.headers["strict-transport-security"]
        token = browser.cookies["__Host-nmt_csrf"]
        data = {"csrftoken": token, "email": EMAILS[Role.OWNER], "password": PASSWORD}
        answer = await browser.post("/console/sign-in", data=data)
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("__Host-nmt_staff="))
    assert "Secure" in cookie


async def test_what_the_address_says_is_escaped(new_browser: NewBrowser, team: dict[Role, Staff]) -> None:
    browser = new_browser()
    await sign_in(browser, Role.OWNER)
    page = await browser.get("/console/queue", params={"said": XSS, "tier": XSS})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
