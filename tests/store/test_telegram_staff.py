"""The chat of the staff hears how much waits, once, and never what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from telegram.error import ChatMigrated, NetworkError

from bot.channels.telegram import api, staff
from bot.channels.telegram.staff import StaffAlerts
from bot.context import Context
from bot.settings import Settings
from bot.store import Database, conversations, migrate, now
from bot.store.models import HandOff, Screening


class Bot:
    """Keeps what it is given to send."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.fails = False
        self.moved: dict[int, int] = {}

    async def send_message(self, chat_id: int, text: str) -> None:
        if self.fails:
            raise NetworkError("x")
        if chat_id in self.moved:
            raise ChatMigrated(self.moved[chat_id])
        self.sent.append((chat_id, text))


async def at_once(function: Any, *arguments: Any, **named: Any) -> Any:
    return function(*arguments, **named)


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    settings = Settings(_env_file=None, data_dir=tmp_path, telegram_staff_chat=-77)
    migrate(settings.database_url)
    context = replace(Context.load(settings), database=Database(settings.database_url))
    yield context
    context.database.close()


def waiting(context: Context) -> None:
    """A screening to look at, and its client waits for a person."""
    with context.database.session() as session:
        conversation, _ = conversations.create(session, "web", "en-US")
        moment = now()
        session.add(
            Screening(
                id=conversation.id[-12:], conversation_id=conversation.id, state="new", record={},
                ruleset_version="1", tier="STOP", complex_case=False, unclear=[], started_at=moment,
                finished_at=moment,
            )
        )  # fmt: skip
        session.add(HandOff(conversation_id=conversation.id, kind="person", at=moment))


def test_staff_hear_once_how_much_waits(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "EVERY_S", 0.0)
    bot = Bot()
    alerts = StaffAlerts(context, cast(api.Bot, bot))
    asyncio.run(alerts.look(at_once))
    assert bot.sent == []
    waiting(context)
    bot.fails = True
    asyncio.run(alerts.look(at_once))
    bot.fails = False
    for _ in range(3):
        asyncio.run(alerts.look(at_once))
    ((chat, said),) = bot.sent
    assert chat == -77
    assert said.splitlines() == [
        "New screenings to review: 1",
        "Clients who wait for a person: 1",
        "http://127.0.0.1:8080/console",
    ]
    waiting(context)
    asyncio.run(alerts.look(at_once))
    assert len(bot.sent) == 2


def test_a_group_that_got_a_new_number_is_followed_there(context: Context) -> None:
    bot = Bot()
    alerts = StaffAlerts(context, cast(api.Bot, bot))
    asyncio.run(alerts.look(at_once))
    waiting(context)
    bot.moved[-77] = -100_77
    alerts = StaffAlerts(context, cast(api.Bot, bot))
    for _ in range(2):
        asyncio.run(alerts.look(at_once))
    assert [chat for chat, _ in bot.sent] == [-100_77]
    waiting(context)
    asyncio.run(StaffAlerts(context, cast(api.Bot, bot)).look(at_once))
    assert [chat for chat, _ in bot.sent] == [-100_77, -100_77]
    renamed = replace(context, settings=context.settings.model_copy(update={"telegram_staff_chat": -78}))
    waiting(context)
    asyncio.run(StaffAlerts(renamed, cast(api.Bot, bot)).look(at_once))
    assert bot.sent[-1][0] == -78


def test_without_a_chat_nobody_is_told(context: Context) -> None:
    quiet = replace(context, settings=context.settings.model_copy(update={"telegram_staff_chat": None}))
    waiting(context)
    bot = Bot()
    alerts = StaffAlerts(quiet, cast(api.Bot, bot))
    asyncio.run(alerts.look(at_once))
    assert bot.sent == []
