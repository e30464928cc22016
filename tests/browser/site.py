"""A website of another origin that shows the widget."""

from __future__ import annotations

from dataclasses import dataclass

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
