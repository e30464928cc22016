"""The network fails, others interfere: nothing lost, doubled or out of order."""

from __future__ import annotations

import random
from collections.abc import Iterator

import httpx
import pytest

from tests.stack import wait_until
from tests.telegram.bot_api.errors import too_many
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi, Fault
from tests.telegram.crowd import SEED, check, crowd_of, say_all
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role
from tests.telegram.ways import opened


@pytest.fixture(autouse=True)
def calm(bot_api: BotApi) -> Iterator[None]:
    """The server without faults afterwards."""
    yield
    bot_api.fault = lambda method: None
    bot_api.refuse = lambda method, given: None


@pytest.mark.timeout(300)
def test_a_network_that_comes_and_goes_loses_and_doubles_nothing(bot_api: BotApi, role: Role, stored: Record) -> None:
    dice = random.Random(SEED)
    faults: list[Fault] = ["drop", "drop after", "502", "500"]
    happened: list[Fault] = []

    def flap(method: str) -> Fault | None:
        if len(happened) < 60 and dice.random() < 0.4:
            happened.append(dice.choice(faults))
            return happened[-1]
        return None

    crowd = crowd_of(bot_api, 6)
    bot_api.fault = flap
    say_all(crowd)
    check(stored, crowd)
    assert len(happened) >= 20


def test_a_server_that_goes_away_and_comes_back(bot_api: BotApi, role: Role, stored: Record, phone: Phone) -> None:
    opened(phone)
    bot_api.stop()
    phone.say("does it hurt")
    bot_api.start()
    phone.hear("pain|hurt|sore")
    stored.wait_settled(phone, 1)
    assert_faithful(stored, phone, ["does it hurt"])


def test_what_is_in_doubt_stays_in_doubt_while_the_server_is_away(
    bot_api: BotApi, role: Role, stored: Record, phone: Phone
) -> None:
    """An answer arrives, the role does not hear of it, and then finds no server to ask."""
    opened(phone)
    lost: list[str] = []

    def lose(method: str) -> Fault | None:
        if method == "sendMessage" and not lost:
            lost.append(method)
            return "drop after"
        return "drop" if lost else None

    def tries() -> int:
        return role.log.read_text().count("A message waits")

    bot_api.fault = lose
    phone.say("does it hurt")
    phone.hear("pain|hurt|sore")
    bot_api.stop()
    before = tries()
    wait_until(lambda: tries() > before, "the role to look for its answer", 60)
    bot_api.fault = lambda method: None
    bot_api.start()
    phone.say("what is nmt")
    stored.wait_settled(phone, 2)
    assert_faithful(stored, phone, ["does it hurt", "what is nmt"])


def test_another_program_that_polls_takes_nothing_away(bot_api: BotApi, role: Role, stored: Record) -> None:
    phone = Phone(bot_api, "Maria")
    before = len([call for call in bot_api.called("getUpdates") if call.status == 409])

    def conflicts() -> bool:
        return len([call for call in bot_api.called("getUpdates") if call.status == 409]) > before

    url = f"{bot_api.url}/bot{bot_api.token}/getUpdates"
    with httpx.Client(trust_env=False, timeout=20) as other:
        for _ in range(20):
            other.get(url)
            if conflicts():
                break
    assert conflicts()
    opened(phone).say("what is nmt")
    stored.wait_settled(phone, 1)
    assert_faithful(stored, phone, ["what is nmt"])
    assert role.process is not None
    assert role.process.poll() is None


def test_an_introduction_that_telegram_puts_off_keeps_nobody_waiting(
    bot_api: BotApi, role: Role, stored: Record, phone: Phone
) -> None:
    assert role.stop() == 0
    stored.forget_introduction()
    bot_api.refuse = lambda method, given: too_many(600) if method == "setMyDescription" else None
    role.start()
    opened(phone)
    wait_until(lambda: any(c.status == 429 for c in bot_api.called("setMyDescription")), "the refusal")
    phone.say("what is nmt")
    phone.hear("NMT")
    assert role.stop() == 0
    bot_api.refuse = lambda method, given: None
    role.start()
