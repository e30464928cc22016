"""How fast Telegram is served: many chats at once, against the Bot API server of the tests.

    .venv/service/bin/python -m benchmarks.telegram [chats]

Starts a service of its own in a temporary folder, lets each chat say three things one after the other, and prints
messages a second and the time to the first answer. Flood limits of Telegram are out of the way, so that the service
is what is measured.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from tests import stack as running
from tests.telegram import crowd
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.crowd import QUESTIONS, Figures, Talker


def measure(chats: int) -> Figures:
    """Start everything, let the chats talk, stop everything."""
    dice = random.Random(20261120)
    with BotApi(running.free_ports(1)[0]) as api, tempfile.TemporaryDirectory() as folder:
        api.flood.set(chat_burst=10_000.0, overall_rate=10_000.0, overall_burst=10_000.0)
        service = running.start(Path(folder) / "data", NMT_TELEGRAM_TOKEN=api.token, NMT_TELEGRAM_BASE_URL=api.url)
        try:
            people = [Phone(api, f"Person {n}") for n in range(chats)]
            talkers = [Talker(phone, ["/start", *dice.sample(QUESTIONS, 2)]) for phone in people]
            return crowd.talk(api, talkers, within_s=600)
        finally:
            service.stop()


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
