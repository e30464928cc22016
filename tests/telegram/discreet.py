"""Logs hold no token and nothing that anybody typed or was told."""

from __future__ import annotations

from tests.stack import Stack
from tests.telegram.bot_api.server import BotApi
from tests.telegram.bot_api.world import Chat

_LONG_ENOUGH = 12
"""Shorter texts, such as "book", may stand in a log for another reason."""


def assert_discreet(stack: Stack, api: BotApi, *others: str) -> None:
    """Look through every log of a service for the token, and for what was said in any chat."""
    logs = [path for path in (*stack.data_dir.glob("*.log"), *stack.data_dir.glob("logs/*")) if path.is_file()]
    assert any("telegram" in path.name for path in logs), logs
    with api.world.lock:
        private = {text for chat in api.world.chats.values() for text in _said_in(chat)}
    secrets = {api.token, api.token.partition(":")[2], *others}
    for path in logs:
        text = path.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, f"{path.name} holds the token or a secret"
        found = [line for line in private if line in text]
        assert not found, f"{path.name} holds what was said: {found[:3]}"


def _said_in(chat: Chat) -> list[str]:
    said = [message.text for message in chat.messages.values()]
    said += [version.get("text", "") for message in chat.messages.values() for version, _ in message.versions]
    said += [chat.person.phone_number] if chat.person else []
    return [text for text in said if len(text) >= _LONG_ENOUGH]
