"""A service and a website of another origin that shows its widget, for the browser tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.channels.web.demo import demo_app
from tests.browser.fake_chat import FakeChat, reply, served
from tests.browser.scripts import replies
from tests.browser.site import OPENED, Places
from tests.serving import serving

expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    chat = FakeChat(replies, [reply("Hello, I am a bot.", "menu", buttons=["About NMT", "Health questions"])])
    with served(chat) as service, serving(demo_app(service)) as site:
        yield Places(chat, service, site)


@pytest.fixture
def chat(places: Places) -> FakeChat:
    """The stand-in as new, with the website let in."""
    places.chat.reset()
    places.chat.origins.append(places.site)
    return places.chat


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages of browsers of their own; at the end nothing may have broken a policy or thrown."""
    troubles: list[str] = []
    contexts = []

    def made(closed: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        if not closed:
            context.add_init_script(OPENED)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Security Policy" in line.text else None)
        return page

    yield made
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def visit(new_page: Callable[..., Page], places: Places, chat: FakeChat) -> Callable[..., Page]:
    """Opens the website under the strictest policy; the chat is not open yet."""

    def opened(query: str = "", path: str = "/strict", **options: Any) -> Page:
        page = new_page(**options)
        page.goto(f"{places.site}{path}{query}")
        return page

    return opened
