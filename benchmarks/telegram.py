"""How fast Telegram is served, and what is left of a crowd when the role is killed again and again.

    .venv/service/bin/python -m benchmarks.telegram [chats]

Starts a service of its own in a temporary folder, next to the Bot API server of the tests. First each chat says three
things, one after the other: messages a second, and the time to the first answer. Then a smaller crowd sends everything
at once, and the role is killed inside random requests: how much was lost, came twice or out of order. Telegram's flood
limits are out of the way, so that the service is what is measured. Writes benchmarks/reports/telegram.md.
"""

from __future__ import annotations

import os
import platform
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests import stack as running
from tests.telegram import crowd, record
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.crowd import QUESTIONS, SEED, Crowd, Figures, Talker
from tests.telegram.killer import Killer
from tests.telegram.record import Record
from tests.telegram.role import Role

REPORT = Path(__file__).parent / "reports" / "telegram.md"
KILLED_CHATS = 40
KILLS = 20


@dataclass(frozen=True)
class Damage:
    """What the kills did to a crowd."""

    kills: list[str]
    messages: int
    answers: int
    lost: int
    doubled: int
    disordered: int
    looked_for: int
    """Requests by which messages in doubt were looked for."""

    def __str__(self) -> str:
        harm = f"lost {self.lost}, doubled {self.doubled}, out of order {self.disordered}"
        return f"{len(self.kills)} kills, {self.messages} messages, {self.answers} answers: {harm}"


def in_parallel(api: BotApi, chats: int) -> Figures:
    """Everybody says the next thing as soon as the last was answered."""
    dice = random.Random(SEED)
    people = [Phone(api, f"Person {n}") for n in range(chats)]
    return crowd.talk(api, [Talker(phone, ["/start", *dice.sample(QUESTIONS, 2)]) for phone in people], within_s=600)


def killed(api: BotApi, role: Role, stored: Record) -> Damage:
    """Everybody sends everything at once; the role is killed at random points."""
    dice = random.Random(SEED)
    people = crowd.crowd_of(api, KILLED_CHATS)
    killer = Killer(api, role)
    before = len(api.calls)
    crowd.say_all(people)
    for _ in range(KILLS):
        killer.revive(killer.at(count=dice.randrange(2, 24), before=dice.random() < 0.3))
    for phone, lines in people:
        stored.wait_settled(phone, len(lines) - 1, 300)
    looked_for = [call for call in api.calls[before:] if call.method.startswith("editMessage") and call.status == 400]
    return _damage(stored, people, killer.struck, len(looked_for))


def _damage(stored: Record, people: Crowd, kills: list[str], looked_for: int) -> Damage:
    messages = answers = lost = doubled = disordered = 0
    for phone, lines in people:
        said, replies = stored.said(phone), [record.first_words(line.text) for line in stored.replies(phone)]
        shown = [" ".join(text.split()) for text in record.texts(phone)]
        found = [next((n for n, reply in enumerate(replies) if reply in text), -1) for text in shown]
        messages += len(lines)
        answers += len(shown)
        lost += len(set(lines[1:]) - set(said)) + len(set(range(len(replies))) - set(found))
        doubled += len(said) - len(set(said)) + len(found) - len(set(found))
        disordered += said != lines[1:] or found != sorted(found)
    return Damage(kills, messages, answers, lost, doubled, disordered, looked_for)


def main(chats: int) -> None:
    """Measure, print, and write the report."""
    with BotApi(running.free_ports(1)[0]) as api, tempfile.TemporaryDirectory() as folder:
        api.flood.set(chat_burst=10_000.0, overall_rate=10_000.0, overall_burst=10_000.0)
        service = running.start(Path(folder) / "data")
        role = Role(service, api)
        try:
            role.start()
            figures = in_parallel(api, chats)
            print(figures)
            with record.opened(service) as stored:
                damage = killed(api, role, stored)
            print(damage)
        finally:
            role.stop()
            service.stop()
    REPORT.write_text(_report(figures, damage), encoding="utf-8")


def _report(figures: Figures, damage: Damage) -> str:
    points = "\n".join(f"- {point}: {damage.kills.count(point)}" for point in sorted(set(damage.kills)))
    rate = figures.messages / figures.seconds
    took = f"{figures.seconds:.1f} | {rate:.1f} | {figures.p50:.2f} s | {figures.p95:.2f} s"
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite"
    return f"""# Telegram, measured

`.venv/service/bin/python -m benchmarks.telegram {figures.people}`, on {machine},
everything on one machine, the Bot API server and its people among it.

## In parallel

| chats | messages | seconds | messages a second | first answer p50 | p95 |
| --- | --- | --- | --- | --- | --- |
| {figures.people} | {figures.messages} | {took} |

## Killed

{KILLED_CHATS} chats send {damage.messages} messages without waiting for an answer; `kill -9` of the role inside
{len(damage.kills)} random requests, and each time a new start:

| messages | answers | lost | doubled | chats out of order |
| --- | --- | --- | --- | --- |
| {damage.messages} | {damage.answers} | {damage.lost} | {damage.doubled} | {damage.disordered} |

Where it was struck ("begun": before Telegram had done it; "done": Telegram had done it, and the answer was not read):

{points}

Messages in doubt after a start were looked for with {damage.looked_for} requests,
{damage.looked_for / len(damage.kills):.0f} for each start.
"""


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
