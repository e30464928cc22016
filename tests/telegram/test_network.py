"""The network fails again and again: nothing lost, doubled or out of order."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi, Fault
from tests.telegram.crowd import QUESTIONS
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role

SEED = 20261120


@pytest.fixture(autouse=True)
def calm(bot_api: BotApi) -> Iterator[None]:
    """The server without faults, before and after."""
    yield
    bot_api.fault = lambda method: None
    bot_api.before_answer = lambda call: None


def crowd_of(api: BotApi, people: int) -> list[tuple[Phone, list[str]]]:
    """People with their questions, each in an order of their own."""
    dice = random.Random(SEED)
    return [(Phone(api, f"Person {n}"), ["/start", *dice.sample(QUESTIONS, 4)]) for n in range(people)]


def say_all(crowd: list[tuple[Phone, list[str]]]) -> None:
    """Everybody sends everything, without waiting for an answer."""
    for place in range(len(crowd[0][1])):
        for phone, lines in crowd:
            phone.start() if lines[place] == "/start" else phone.say(lines[place])


def check(stored: Record, crowd: list[tuple[Phone, list[str]]]) -> None:
    for phone, lines in crowd:
        stored.wait_settled(phone, len(lines) - 1, 120)
    for phone, lines in crowd:
        assert_faithful(stored, phone, lines[1:])


@pytest.mark.timeout(600)
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
