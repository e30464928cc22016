"""The whole story in a real browser: a client in the widget or on the page, staff in the console, one service."""

from __future__ import annotations

import os
import re
import signal
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from bot.channels.web.demo import demo_app
from tests.browser.site import OPENED
from tests.serving import serving
from tests.stack import Stack, wait_until

pytestmark = pytest.mark.browser

WAIT_MS = 20_000
PASSWORD = "a long pass phrase 7!"


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[str]:
    """A website of another origin that may show the widget, under the strictest policy."""
    origin = stack.env["NMT_EMBED_ORIGINS"]
    with serving(demo_app(stack.url), int(origin.rsplit(":", 1)[1])):
        yield f"{origin}/strict"


class Visitor:
    """A client at the page, or in the widget of a website."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.set_default_timeout(WAIT_MS)
        page.add_init_script(OPENED)
        page.goto(url)
        self.log = page.get_by_role("log")
        self.begin()

    def begin(self) -> None:
        if self.page.locator("nmt-chat").count():
            self.page.get_by_role("button", name="Chat with us").click()
        self.sees("automated assistant of Willow Lane Clinic")

    def say(self, text: str) -> None:
        box = self.page.get_by_role("textbox", name="Your message")
        box.fill(text)
        box.press("Enter")

    def press(self, name: str) -> None:
        self.log.get_by_role("button", name=name).last.click()

    def sees(self, text: str) -> None:
        expect(self.log.get_by_text(text).last).to_be_visible(timeout=WAIT_MS)

    def none_of_these(self, step: int) -> None:
        self.sees(f"Step {step} of 6")
        form = self.log.get_by_role("form").last
        none = form.get_by_role("button", name="None of these")
        none.scroll_into_view_if_needed()
        expect(none).to_have_attribute("aria-disabled", "false", timeout=WAIT_MS)
        none.click()
        form.get_by_role("button", name="Send").click()


@pytest.mark.parametrize(
    ("embedded", "width", "height"),
    [(True, 1280, 900), (True, 390, 844), (False, 1280, 900)],
    ids=["widget", "widget on a phone", "page"],
)
def test_a_client_is_educated_screened_and_booked_and_hears_the_decision(
    browser: Browser, stack: Stack, site: str, embedded: bool, width: int, height: int
) -> None:
    client = browser.new_context(viewport={"width": width, "height": height})
    visitor = Visitor(client.new_page(), site if embedded else stack.url)

    visitor.say("is it like deep tissue?")
    visitor.sees("They are similar, but not the same.")
    expect(visitor.log.get_by_role("table")).to_be_visible()
    visitor.press("Different aims of NMT and deep tissue")
    visitor.sees("Neither can promise a cure")

    visitor.say("I'd like to book")
    visitor.press("I agree, I'm 18 or over")
    for step in (2, 3, 4, 5):
        visitor.none_of_these(step)
    visitor.sees("Step 6 of 6")
    visitor.say("I want to relax after a hard month, no allergies, no medicines")
    visitor.press("Yes, that's right")
    visitor.sees("Nothing you told me stops a booking request")

    visitor.press("NMT session, 60 min")
    visitor.press("Anyone who is free")
    days = visitor.log.get_by_role("group", name="Days with free times")
    days.get_by_role("button", name="Monday").first.click()
    visitor.log.get_by_role("group", name="Monday").get_by_role("button").first.click()
    visitor.sees("What name should I put on the request?")
    visitor.say("Maria Lopez")
    visitor.sees("one way to reach you")
    visitor.say("maria@gmail.com")
    visitor.press("Send the request")
    visitor.sees("Your request is sent.")
    reference = visitor.log.get_by_text("Its number is NMT-").last.inner_text().split("NMT-")[1][:5]

    staff = console(browser, stack)
    staff.goto(f"{stack.url}/console/bookings")
    staff.get_by_role("button", name=re.compile(f"Confirm this time.*NMT-{reference}")).click()

    visitor.sees("is confirmed for")  # the page is open: no reload
    expect(visitor.log.get_by_text("Team").last).to_be_visible()

    visitor.page.reload()
    visitor.begin()
    visitor.sees("is confirmed for")
    visitor.say("my booking")
    visitor.sees("is confirmed for")
    client.close()


def test_an_emergency_in_the_middle_of_a_booking_stays_in_sight(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    visitor = Visitor(context.new_page(), site)
    visitor.say("book a session")
    visitor.sees("Do you agree that we use your health answers")
    visitor.say("my chest feels tight and my left arm is numb")
    alert = visitor.page.get_by_role("alert")
    expect(alert).to_contain_text("911", timeout=WAIT_MS)
    expect(alert.get_by_role("link", name="Call 911")).to_have_attribute("href", "tel:911")
    visitor.say("what does it cost?")
    visitor.sees("$95")
    expect(alert).to_be_visible()
    context.close()


def test_all_health_questions_at_once(browser: Browser, site: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visitor = Visitor(context.new_page(), site)
    visitor.say("health questions")
    visitor.press("I agree, I'm 18 or over")
    visitor.sees("Step 2 of 6")
    visitor.press("Show all health questions on one page")
    rows = visitor.log.get_by_role("radiogroup")
    expect(rows).to_have_count(30)
    for row in rows.all():
        row.get_by_label("No", exact=True).check()
    visitor.press("Send answers")
    visitor.sees("Step 6 of 6")
    visitor.say("I want to relax after a hard month, no allergies, no medicines")
    visitor.press("Yes, that's right")
    visitor.sees("Nothing you told me stops a booking request")
    context.close()


@pytest.mark.timeout(300)
def test_a_server_killed_in_the_middle_of_an_answer_loses_and_doubles_nothing(
    browser: Browser, stack: Stack, site: str
) -> None:
    context = browser.new_context()
    visitor = Visitor(context.new_page(), site)
    with visitor.page.expect_request("**/messages"):
        visitor.say("what does a session cost?")
    os.kill(stack.pid_of("web"), signal.SIGKILL)
    visitor.say("is it like deep tissue?")
    wait_until(lambda: stack.ready().get("code") == 200, "the service to be ready", 120, 0.2)
    answer = visitor.log.get_by_text("They are similar, but not the same.")
    expect(answer).to_be_visible(timeout=60_000)  # tries come at most 30 seconds apart
    expect(visitor.log.get_by_text("$95")).to_have_count(1)
    expect(answer).to_have_count(1)
    for words in ("what does a session cost?", "is it like deep tissue?"):
        expect(visitor.log.locator(".client").get_by_text(words)).to_have_count(1)
    context.close()


def console(browser: Browser, stack: Stack) -> Page:
    """A member of staff who has signed in to the console."""
    email = f"owner-{uuid.uuid4().hex[:8]}@willowlane.example"
    made = stack.cli("staff", "add", email, "--role", "owner", "--password-stdin", stdin=PASSWORD)
    assert made.returncode == 0, made.stderr
    page = browser.new_context().new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{stack.url}/console")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/queue")
    return page
