"""Two hundred chats at once: each in its own order, nobody waits for somebody else's answer to end."""

from __future__ import annotations

import random

import pytest

from tests.telegram import crowd
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.crowd import QUESTIONS, Talker
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role

PEOPLE = 200


@pytest.mark.timeout(300)
def test_two_hundred_chats_in_parallel(
    bot_api: BotApi, role: Role, stored: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(20261120)
    lines = [dice.sample(QUESTIONS, 2) for _ in range(PEOPLE)]
    talkers = [Talker(Phone(bot_api, f"Person {n}"), ["/start", *said]) for n, said in enumerate(lines)]
    figures = crowd.talk(bot_api, talkers, within_s=240)
    with capsys.disabled():
        print(f"\n{figures}")
    for talker, said in zip(talkers, lines, strict=True):
        stored.wait_settled(talker.phone, len(said))
        assert_faithful(stored, talker.phone, said)
    assert bot_api.flood.early == 0
