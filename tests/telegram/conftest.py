"""One Bot API server and one Telegram role, next to the running service, for all tests that need no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import Stack, free_ports
from tests.telegram import record
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.record import Record
from tests.telegram.role import Role


@pytest.fixture(scope="session")
def bot_api() -> Iterator[BotApi]:
    """The server that the shared role talks to. Its flood limits are out of the way; tests of them set their own."""
    with BotApi(free_ports(1)[0]) as api:
        api.flood.set(chat_burst=10_000.0, overall_rate=10_000.0, overall_burst=10_000.0)
        yield api


@pytest.fixture(scope="session")
def role(stack: Stack, bot_api: BotApi) -> Iterator[Role]:
    """The Telegram role, polling; it logs all it can, so that what must not be in a log has every chance to be."""
    role = Role(stack, bot_api, NMT_LOG_LEVEL="debug")
    role.start()
    yield role
    assert role.stop() == 0, role.said()


@pytest.fixture
def phone(role: Role, bot_api: BotApi) -> Phone:
    """A person who has not opened the bot yet."""
    return Phone(bot_api, "Maria")


@pytest.fixture(scope="session")
def stored(stack: Stack) -> Iterator[Record]:
    """What the service stored."""
    with record.opened(stack) as found:
        yield found
