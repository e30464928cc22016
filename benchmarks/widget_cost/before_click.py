"""What a page costs until the visitor presses anything: requests, bytes, time of the main thread."""

from __future__ import annotations

from dataclasses import dataclass, fields
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser

SLOWED = 4  # a phone's processor, as Lighthouse reckons: what is measured, times this
QUIET_MS = 2500
READY_WITHIN_MS = 40_000


@dataclass(frozen=True)
class Load:
    """One load of a page. The page itself is not among the requests.

    Times are milliseconds of processor time of the main thread, so that other work of the machine is not in them.
    """

    requests: float
    elsewhere: float  # requests to another host: refused, so without bytes
    bytes: float
    script: float
    layout: float  # with the calculation of styles
    task: float


def middle(loads: list[Load]) -> Load:
    """The median of each figure."""
    return Load(*(median(getattr(load, field.name) for load in loads) for field in fields(Load)))


def load(browser: Browser, url: str, ready: str) -> Load:
    """Open a page in a new profile and wait until it is quiet.

    Args:
        ready: a selector that has to be there in the end; without it the widget would not have been measured.
    """
    context = browser.new_context(viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        asked: dict[str, str] = {}
        received: dict[str, float] = {}

        def begun(event: dict[str, Any]) -> None:
            if event["type"] != "Document" and event["request"]["url"].startswith("http"):
                asked[event["requestId"]] = event["request"]["url"]

        def ended(event: dict[str, Any]) -> None:
            received[event["requestId"]] = event["encodedDataLength"]

        cdp.on("Network.requestWillBeSent", begun)
        cdp.on("Network.loadingFinished", ended)
        cdp.send("Network.enable")
        cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url, wait_until="load", timeout=READY_WITHIN_MS)
        page.wait_for_selector(ready, state="attached", timeout=READY_WITHIN_MS)
        page.wait_for_load_state("networkidle", timeout=READY_WITHIN_MS)
        page.wait_for_timeout(QUIET_MS)  # for what a widget does later by itself
        metrics = cdp.send("Performance.getMetrics")["metrics"]
        took = {one["name"]: one["value"] * 1000 * SLOWED for one in metrics}
        return Load(
            requests=len(asked),
            elsewhere=sum(urlsplit(address).hostname != "127.0.0.1" for address in asked.values()),
            bytes=sum(size for request, size in received.items() if request in asked),
            script=took["ScriptDuration"],
            layout=took["LayoutDuration"] + took["RecalcStyleDuration"],
            task=took["TaskDuration"],
        )
    finally:
        context.close()
