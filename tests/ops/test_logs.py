"""Log lines of the roles: one form, and no addresses of requests."""

from __future__ import annotations

import re
import subprocess
import sys

from bot.settings import ROOT

PROGRAM = """
import logging
from bot import logs
logs.configure("info")
logging.getLogger("bot.gateway").info("turn %s done", 7)
logging.getLogger("bot.gateway").debug("not wanted")
logging.getLogger("httpx").info("HTTP Request: POST https://api.telegram.org/bot12:token/getUpdates")
logging.getLogger("httpx").warning("slow")
"""


def test_lines_have_one_form_and_requests_are_not_logged() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    first, second = done.stderr.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO    bot\.gateway: turn 7 done", first)
    assert second.endswith("WARNING httpx: slow")
    assert done.stdout == ""
