"""Many people at once: each says the next thing as soon as the last was answered."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.record import Record, assert_faithful

QUESTIONS = (
    "what is nmt",
    "does it hurt",
    "how long does a session take",
    "is it like deep tissue?",
    "what should i wear",
    "how much does it cost",
)

SEED = 20261120

Crowd = Sequence[tuple[Phone, list[str]]]
"""People, and what each says."""


def crowd_of(api: BotApi, people: int, questions: int = 4) -> Crowd:
    """People with their questions, each in an order of their own."""
    dice = random.Random(SEED)
    return [(Phone(api, f"Person {n}"), ["/start", *dice.sample(QUESTIONS, questions)]) for n in range(people)]


def say_all(crowd: Crowd) -> None:
    """Everybody sends everything, without waiting for an answer."""
    for place in range(len(crowd[0][1])):
        for phone, lines in crowd:
            phone.start() if lines[place] == "/start" else phone.say(lines[place])


def check(stored: Record, crowd: Crowd) -> None:
    """Everybody has been answered: everything once, and in its order."""
    for phone, lines in crowd:
        stored.wait_settled(phone, len(lines) - 1, 120)
    for phone, lines in crowd:
        assert_faithful(stored, phone, lines[1:])


@dataclass
class Talker:
    """One person, what is left to say, and how long each answer took."""

    phone: Phone
    lines: list[str]
    asked: float = 0.0
    waits: list[float] = field(default_factory=list)
    seen: int = -1

    def go_on(self) -> bool:
        """Say the next thing if the last was answered. Returns whether there is more to come."""
        happened = len(self.phone.chat.timeline)
        if self.asked and (happened == self.seen or not self.phone.news):
            self.seen = happened
            return True
        if self.asked:
            self.waits.append(self.phone.news[0].at - self.asked)
            self.asked = 0.0
        if not self.lines:
            return False
        self.asked = time.monotonic()
        line = self.lines.pop(0)
        self.phone.start() if line == "/start" else self.phone.say(line)
        return True


@dataclass(frozen=True)
class Figures:
    """How fast a crowd was answered."""

    people: int
    messages: int
    seconds: float
    p50: float
    p95: float

    def __str__(self) -> str:
        return (
            f"{self.people} chats, {self.messages} messages in {self.seconds:.1f} s: "
            f"{self.messages / self.seconds:.1f} messages/s, first answer p50 {self.p50:.2f} s, p95 {self.p95:.2f} s"
        )


def talk(api: BotApi, talkers: Sequence[Talker], within_s: float) -> Figures:
    """Let everybody talk until all is said and answered."""
    began = time.monotonic()
    open_ = list(talkers)
    with api.world.lock:
        while open_:
            open_ = [talker for talker in open_ if talker.go_on()]
            left = within_s - (time.monotonic() - began)
            assert left > 0, f"{len(open_)} of {len(talkers)} are still waiting: {open_[0].phone.transcript()}"
            if open_:
                api.world.changed.wait(left)
    waits = sorted(wait for talker in talkers for wait in talker.waits)
    p95 = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0]
    return Figures(len(talkers), len(waits), time.monotonic() - began, statistics.median(waits), p95)
