"""The console in a real browser: accessibility by axe, the keyboard, and news without a click."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright

from bot.staff import Role, Staff
from tests.console import conftest as seed
from tests.console.conftest import EMAILS, PASSWORD, StaffSide

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="needs Chromium"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The console, served on a free port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{port}/console"
        server.should_exit = True
        thread.join()


def signed_in(browser: Browser, address: str, **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_label("E-mail").fill(EMAILS[Role.OWNER])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/queue", wait_until="load")
    return page


@pytest.fixture
def rows(context: StaffSide, team: dict[Role, Staff]) -> None:
    seed.add_screening(context, "s-1", tier="EMERGENCY", condition="chest_pain", words="chest pain now", mark="chest")
    seed.add_incident(context, "web-s-1")
    seed.add_booking(context, seed.add_screening(context, "s-2"))
    seed.add_hand_off(context, "web-s-2")
    seed.add_question(context, "web-s-2", "do you do cupping?")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_breaks_a_rule_of_accessibility(
    chromium: Browser, address: str, rows: None, width: int, scheme: str
) -> None:
    page = signed_in(chromium, address, viewport={"width": width, "height": 900}, color_scheme=scheme)
    found = []
    paths = ("queue", "screenings/s-1", "screenings/s-2", "conversations/web-s-1", "bookings", "waiting", "questions",
             "staff", "audit", "nothing")  # fmt: skip
    for path in paths:
        page.goto(f"{address}/{path}")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        broken = Axe().run(page, options={"runOnly": RULES}).response["violations"]
        found += [(path, one["id"], one["nodes"][0]["html"]) for one in broken]
        wider = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found += [(path, "wider than the screen", "")] if wider else []
    assert found == []


def test_the_list_is_walked_by_keyboard(chromium: Browser, address: str, rows: None) -> None:
    page = signed_in(chromium, address)
    page.keyboard.press("?")
    help_text = page.get_by_role("dialog", name="Keyboard shortcuts")
    help_text.wait_for()
    page.keyboard.press("Escape")
    # The browser gives the focus back to the page only some time after it has hidden the dialog.
    page.wait_for_function("document.activeElement === document.body")
    for key, href in (("j", "s-1"), ("j", "s-2"), ("k", "s-1")):
        page.keyboard.press(key)
        page.locator(f'a[href="/console/screenings/{href}"]:focus').wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/screenings/s-1")


def test_shortcuts_can_be_switched_off(chromium: Browser, address: str, rows: None) -> None:
    page = signed_in(chromium, address)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_label("Use these keys on this device").uncheck()
    page.reload()
    page.keyboard.press("?")
    assert not page.get_by_role("dialog").is_visible()


def test_news_appears_without_a_click(chromium: Browser, address: str, rows: None, context: StaffSide) -> None:
    page = signed_in(chromium, address)
    page.clock.install()
    page.reload()
    seed.add_screening(context, "s-3", tier="STOP", condition="recent_surgery")
    page.clock.fast_forward(31_000)
    page.locator('a[href="/console/screenings/s-3"]').wait_for()
    assert page.locator("[data-news]").text_content() == "1 new entry"


def test_everything_works_without_scripts(chromium: Browser, address: str, rows: None) -> None:
    page = signed_in(chromium, address, java_script_enabled=False)
    page.locator('a[href="/console/screenings/s-2"]').click()
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Decide and tell the client").click()
    assert page.get_by_text("Approved. The client is told.").is_visible()
