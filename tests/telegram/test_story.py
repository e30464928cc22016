"""The whole story, by polling."""

from __future__ import annotations

import httpx
import pytest

from tests.stack import Stack
from tests.telegram import story
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import BotApi
from tests.telegram.discreet import assert_discreet
from tests.telegram.role import Role


@pytest.mark.timeout(180)
def test_from_the_first_question_to_the_visit_in_the_calendar(
    stack: Stack, bot_api: BotApi, role: Role, phone: Phone, staff: httpx.Client
) -> None:
    before = len(bot_api.calls)
    story.play(phone, staff)
    assert bot_api.refused("not modified", "message to edit not found", since=before) == []
    assert_discreet(stack, bot_api)
    for message in phone.shown:
        assert "safe" not in message.text.lower() or not message.by_bot
