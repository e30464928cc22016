"""Two hundred chats at once: each in its own order, nobody waits for somebody else's answer to end."""

from __future__ import annotations

import random

import pytest

from tests.telegram import crowd
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.crowd import QUESTIONS, SEED, Talker
from tests.telegram.record import Record
from tests.telegram.role import Role

PEOPLE = 200


@pytest.mark.timeout(300)
def test_two_hundred_chats_in_parallel(
    bot_api: BotApi, role: Role, stored: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everybody waits for two answers, and sends two more questions at once."""
    early = bot_api.flood.early
    dice = random.Random(SEED)
    people = [(Phone(bot_api, f"Person {n}"), ["/start", *dice.sample(QUESTIONS, 3)]) for n in range(PEOPLE)]
    figures = crowd.talk(bot_api, [Talker(phone, lines[:2]) for phone, lines in people], within_s=240)
    with capsys.disabled():
        print(f"\n{figures}")
    crowd.say_all([(phone, lines[2:]) for phone, lines in people])
    crowd.check(stored, people)
    assert bot_api.flood.early == early
