"""The widget in a real browser, on a website of another origin under the strictest policy."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from starlette.applications import Starlette

from bot.channels.web.demo import demo_app
from tests.browser.fake_chat import ASSETS, FakeChat, reply, served
from tests.browser.test_page import replies

pytestmark = pytest.mark.browser

# The shadow root is closed; the driver and the examiner need it open.
OPENED = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) { return attach.call(this, { ...init, mode: "open" }); };
"""


@contextmanager
def website(app: Starlette) -> Iterator[str]:
    """The base URL of a running website."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            threading.Event().wait(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[FakeChat, str, str]]:
    """The service, its address, and that of the website."""
    chat = FakeChat(replies, [reply("Hello, I am a bot.", "menu", buttons=["About NMT", "Health questions"])])
    with served(chat) as service, website(demo_app(service)) as site:
        chat.origins.append(site)
        yield chat, service, site


@pytest.fixture
def chat(places: tuple[FakeChat, str, str]) -> FakeChat:
    chat, _, site = places
    chat.forget()
    chat.received.clear()
    chat.loaded.clear()
    chat.lists = []
    chat.posts_to_refuse = chat.posts_to_lose_the_answer_of = 0
    chat.delay = 0.0
    chat.streams = True
    chat.origins[:] = [site]
    return chat


@pytest.fixture
def visit(browser: Browser, places: tuple[FakeChat, str, str], chat: FakeChat) -> Iterator[Callable[..., Page]]:
    """Opens the website; at the end nothing may have broken its policy or thrown."""
    troubles: list[str] = []
    contexts = []

    def opened(query: str = "", path: str = "/strict", closed: bool = False, **options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        if not closed:
            context.add_init_script(OPENED)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if "Security Policy" in line.text else None)
        page.goto(f"{places[2]}{path}{query}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []


def launcher(page: Page) -> Locator:
    return page.locator("nmt-chat > button, nmt-chat button").first


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Chat with us").click()
    expect(page.locator(".message.bot").first).to_be_visible()


def say(page: Page, text: str) -> None:
    page.locator("#composer-text").fill(text)
    page.keyboard.press("Enter")


# ---------------------------------------------------------------- what is loaded, and when


def test_before_the_first_press_there_is_only_the_button(visit: Callable[..., Page], chat: FakeChat) -> None:
    page = visit()
    expect(page.get_by_role("button", name="Chat with us")).to_have_attribute("aria-expanded", "false")
    assert chat.loaded == ["/widget.js"]
    assert chat.authorization == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.context.cookies() == []
    open_chat(page)
    assert sorted(path.split(".")[0] for path in chat.loaded[1:]) == ["/widget/app", "/widget/en"]


def test_it_is_small() -> None:
    sizes = {path: len(asset.compressed) for path, asset in ASSETS.files.items()}
    loader = sizes["/widget.js"]
    languages = [size for path, size in sizes.items() if path.endswith(".json")]
    assert loader <= 3 * 1024
    assert loader + sizes[ASSETS.app] + max(languages) <= 30 * 1024
