"""The website of another origin that shows the widget, as the tests see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.fake_chat import FakeChat

# The shadow root is closed; the driver and the examiner need it open.
OPENED = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (init) { return attach.call(this, { ...init, mode: "open" }); };
"""


@dataclass(frozen=True)
class Places:
    """The stand-in for the service, its address, and that of the website."""

    chat: FakeChat
    service: str
    site: str


def until(page: Page, look: Callable[[], object]) -> None:
    """Look until it is so, for what the driver itself cannot wait for; the page goes on meanwhile."""
    for _ in range(150):
        if look():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to that")
