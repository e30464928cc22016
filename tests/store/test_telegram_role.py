"""The role tells staff whenever Telegram can be written to, also while Telegram cannot call the webhook."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from telegram import Update, WebhookInfo
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.channels.telegram import api
from bot.channels.telegram.app import TelegramRole
from bot.context import Context
from bot.settings import Settings
from bot.store import Database, migrate, now

HOOK = "https://clinic.example/telegram/webhook"


class Bot:
    """Knows itself; what it says of its webhook is set by the test, and so is whether it can be reached."""

    id, username, _bot_user = 12, "willow_lane_bot", object()

    def __init__(self, role: TelegramRole, infos: list[WebhookInfo], error: TelegramError | None = None) -> None:
        self._role, self._infos, self._error = role, infos, error
        self.asked: list[tuple[int | None, int, bool]] = []

    async def initialize(self) -> None:
        if self._error is not None:
            self._role._stopping.set()
            raise self._error

    async def shutdown(self) -> None:
        return

    async def set_webhook(self, *_: Any, **__: Any) -> None:
        return

    async def delete_webhook(self, **_: Any) -> None:
        return

    async def get_updates(self, offset: int | None, **given: Any) -> list[Update]:
        wait_s = given["timeout"]
        self.asked.append((offset, wait_s, self._role._known.is_set()))
        if wait_s:
            self._role._stopping.set()
            return []
        waiting = [number for number in range(1, 251) if number >= (offset or 0)][:100]
        return [Update(number) for number in waiting]

    async def get_webhook_info(self) -> WebhookInfo:
        if len(self._infos) == 1:
            self._role._stopping.set()
        return self._infos.pop(0)


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TelegramRole]:
    settings = Settings(
        _env_file=None, data_dir=tmp_path, telegram_token="12:" + "a" * 35, telegram_mode="webhook",
        telegram_webhook_url=HOOK,
    )  # fmt: skip
    migrate(settings.database_url)
    context = replace(Context.load(settings), database=Database(settings.database_url))
    role = TelegramRole(context, settings, None)

    pauses = iter(range(5))

    async def at_once(_seconds: float) -> None:
        if next(pauses) == 4:
            role._stopping.set()

    async def introduced() -> None:
        return

    monkeypatch.setattr(role, "_pause", at_once)
    monkeypatch.setattr(role, "_introduce", introduced)
    yield role
    role._pool.shutdown()
    context.database.close()


def info(failed_before: timedelta | None, waiting: int) -> WebhookInfo:
    """What Telegram says of the webhook."""
    at = now() - failed_before if failed_before is not None else None
    return WebhookInfo(HOOK, False, waiting, last_error_date=at)


@pytest.mark.parametrize(
    ("failed_before", "waiting", "faulty"),
    [
        (None, 0, False),
        (None, 3, False),
        (timedelta(seconds=61), 3, True),
        (timedelta(seconds=61), 0, False),  # it was brought since
        (timedelta(seconds=121), 3, False),
    ],
)
def test_a_webhook_is_at_fault_while_something_waits_that_could_not_be_brought(
    failed_before: timedelta | None, waiting: int, faulty: bool
) -> None:
    assert bool(api.webhook_fault(info(failed_before, waiting), now())) is faulty


def test_a_webhook_that_cannot_be_called_is_reported_and_telegram_is_written_to_all_the_same(
    role: TelegramRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    report = role._report

    async def reporting(*, up: bool, why: str = "") -> None:
        said.append((up, why))
        await report(up=up, why=why)

    monkeypatch.setattr(role, "_report", reporting)
    role._bot = cast(Any, Bot(role, [info(None, 0), info(timedelta(seconds=5), 2)]))
    asyncio.run(role._receive())
    assert [up for up, _ in said] == [True, True, False]
    assert "cannot call the webhook" in said[-1][1]
    assert role._reached


@pytest.mark.parametrize(
    ("error", "reached"),
    [
        (TimedOut(), False),
        (NetworkError("x"), False),
        (InvalidToken("x"), False),
        (Conflict("x"), True),
        (RetryAfter(5), True),
    ],
)
def test_whether_telegram_is_reached_is_told_by_what_it_says(
    role: TelegramRole, error: TelegramError, reached: bool
) -> None:
    role._bot = cast(Any, Bot(role, [], error))
    asyncio.run(role._receive())
    assert role._reached is reached


def test_all_that_waits_is_taken_before_anything_is_sent(role: TelegramRole) -> None:
    role._settings = role._settings.model_copy(update={"telegram_mode": "polling"})
    bot = Bot(role, [])
    role._bot = cast(Any, bot)
    asyncio.run(role._receive())
    assert bot.asked == [
        (None, 0, False), (101, 0, False), (201, 0, False), (251, 0, False), (251, api.POLL_S, True),
    ]  # fmt: skip
    assert role._inbox.store([{"update_id": 250}]) == 0


def test_staff_are_told_whenever_telegram_is_reached(role: TelegramRole) -> None:
    looked = []

    class Staff:
        async def look(self, _threads: Any) -> None:
            looked.append(role._reached)
            role._stopping.set()

    async def pushing(reached: bool) -> None:
        role._staff = cast(Any, Staff())
        role._reached, role._said = reached, {"up": False}
        role._known.set()
        await role._push()

    asyncio.run(pushing(True))
    assert looked == [True]


def test_what_is_under_way_comes_to_its_end_when_the_role_stops(role: TelegramRole) -> None:
    ended = []

    async def answering() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        ended.append("answer")

    async def receiving() -> None:
        await asyncio.Event().wait()
        ended.append("news")

    async def stopping() -> None:
        role._bot = cast(Any, Bot(role, []))
        role._watcher.start()
        role._busy[5] = asyncio.create_task(answering())
        await role._drain([asyncio.create_task(receiving()) for _ in range(3)])

    asyncio.run(stopping())
    assert ended == ["answer"]
