"""Measures the widget: `python -m benchmarks.widget_cost`. The exit status is 1 where a limit of size is not kept.

With `--files-only` the stand-in of the browser tests serves the widget's files, and no message is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks.widget_cost import report
from benchmarks.widget_cost.before_click import Load, load, middle
from benchmarks.widget_cost.others import OTHERS, Fetched, fetch
from benchmarks.widget_cost.reply_time import MESSAGES, Talk, loaded_from, talk
from benchmarks.widget_cost.site import host_of, website_of
from tests import stack
from tests.browser.fake_chat import FakeChat, reply, served
from tests.browser.scripts import replies
from tests.serving import serving

Wait = Callable[[], object]

ROUNDS = 9
START_WITHIN_S = 300  # on a machine that does other work
LOADS_WITHIN_S = 240  # then the rounds that were made have to do

OUR_NAME = "nmt-guide"
PLAIN_NAME = "no-chat"


def main() -> None:
    """Runs everything and writes the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.widget_cost", description=__doc__)
    parser.add_argument("--files-only", action="store_true", help="sizes and the cost before the click alone")
    files_only = parser.parse_args().files_only
    print("fetching the other widgets, starting what serves ours", flush=True)
    with tempfile.TemporaryDirectory(prefix="widget-cost-") as folder:
        result = _measure(Path(folder), files_only)
    print(report.write(result), end="")
    sys.exit(0 if result.within_limits else 1)


def _measure(folder: Path, files_only: bool) -> report.Result:
    fetched = {other.name: fetch(other.package, folder / other.name) for other in OTHERS}
    packages = {name: one.folder for name, one in fetched.items() if one.folder}
    pages = {PLAIN_NAME: ""}
    ready = {PLAIN_NAME: "h1", OUR_NAME: "nmt-chat[data-state=closed]"}
    with serving(website_of(pages)) as site, serving(host_of(packages)) as host:
        for other in OTHERS:
            if other.name in packages:
                pages[other.name] = other.tags.format(files=f"{host}/{other.name}")
                ready[other.name] = other.ready
        with _files(site) if files_only else _service(folder / "service", site) as (url, wait):
            pages[OUR_NAME] = f'<script src="{url}/widget.js" defer></script>'
            with sync_playwright() as driver:
                browser = driver.chromium.launch(
                    executable_path=shutil.which("chromium"),
                    # Nothing but loopback is to be found, whatever a widget asks for.
                    args=["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
                )
                try:
                    return _with(browser, site, url, wait, ready, fetched)
                finally:
                    browser.close()


@contextmanager
def _service(data: Path, site: str) -> Iterator[tuple[str, Wait | None]]:
    """The whole service: its address, and how to wait until it answers messages; its files come before that."""
    data.mkdir()
    if (stack.SHARED_DATA / "models").exists():
        (data / "models").symlink_to(stack.SHARED_DATA / "models")
    service = stack.start(data, within_s=START_WITHIN_S, up="/healthz", NMT_EMBED_ORIGINS=site)
    try:
        yield (
            service.url,
            lambda: stack.wait_until(
                lambda: service.ready().get("code") == 200, "every part of the service", START_WITHIN_S, 1
            ),
        )
    finally:
        service.stop()


@contextmanager
def _files(site: str) -> Iterator[tuple[str, Wait | None]]:
    """The stand-in, which serves the same files."""
    chat = FakeChat(replies, [reply("Hello, I am a bot.", "menu")])
    with served(chat) as url:
        chat.origins.append(site)
        yield url, None


def _with(
    browser: Browser, site: str, url: str, wait: Wait | None, ready: dict[str, str], fetched: dict[str, Fetched]
) -> report.Result:
    load_before = os.getloadavg()
    loads: dict[str, list[Load]] = {name: [] for name in ready}
    end = time.monotonic() + LOADS_WITHIN_S
    for number in range(1, ROUNDS + 1):
        print(f"pages before the first click, round {number} of {ROUNDS}", flush=True)
        for name, selector in ready.items():  # by turns, so that a busy minute of the machine meets all of them
            loads[name].append(load(browser, f"{site}/{name}", selector))
        if time.monotonic() > end:
            break
    print("messages", flush=True)
    if wait:
        wait()
    said = talk(browser, f"{site}/{OUR_NAME}", f"{url}/widget", MESSAGES if wait else ())
    return report.Result(
        made=datetime.now(UTC).date().isoformat(),
        chromium=browser.version,
        machine=f"{os.cpu_count()} processors, {platform.system()}",
        load_before=load_before,
        load_after=os.getloadavg(),
        rounds=min(len(made) for made in loads.values()),
        embedded=_sizes(said.files),
        own_page=_sizes(_own_page(browser, url)),
        plain=middle(loads[PLAIN_NAME]),
        ours=middle(loads[OUR_NAME]),
        others={name: (fetched[name], middle(loads[name]) if name in loads else None) for name in fetched},
        replies=_talk_times(said) if said.replies else None,
    )


def _own_page(browser: Browser, service: str) -> Sequence[str]:
    context = browser.new_context()
    try:
        page = context.new_page()
        files = loaded_from(page, f"{service}/widget")
        page.goto(f"{service}/chat")
        page.get_by_role("log").get_by_role("listitem").first.wait_for()
        return [f"{service}/chat", *dict.fromkeys(files)]
    finally:
        context.close()


def _sizes(addresses: Sequence[str]) -> dict[str, int]:
    """Bytes that the service sends for each of its files to a browser that takes gzip, without the headers."""
    sizes = {}
    with httpx.Client(trust_env=False, timeout=20, headers={"Accept-Encoding": "gzip"}) as client:
        for address in addresses:
            with client.stream("GET", address) as answer:
                answer.raise_for_status()
                sizes[answer.url.path] = sum(len(part) for part in answer.iter_raw())
    return sizes


def _talk_times(said: Talk) -> report.Times:
    return report.Times.of([one.rendered for one in said.replies], [one.request for one in said.replies])


if __name__ == "__main__":
    main()
