"""Make the picture of the README from the running service: `.venv/service/bin/python scripts/picture.py http://127.0.0.1:8080`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "client-page.png"


def main(url: str) -> None:
    """Ask one question on the client page and keep what a client sees."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 880, "height": 900}, color_scheme="light", reduced_motion="reduce")
        page.goto(url)
        box = page.get_by_role("textbox", name="Your message")
        box.fill("is it like deep tissue massage?")
        box.press("Enter")
        page.get_by_role("table").wait_for()
        page.get_by_text("That helped").last.wait_for()
        page.screenshot(path=str(TARGET))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
