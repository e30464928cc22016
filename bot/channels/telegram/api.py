"""The Bot API through python-telegram-bot: how it is reached, and what its errors mean."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
from telegram import WebhookInfo
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.channels.telegram.pace import ChatPace
from bot.settings import Settings, key_of

os.environ.setdefault("PTB_TIMEDELTA", "true")  # times as timedelta: PTB warns about its older form otherwise

POLL_S = 25
"""How long Telegram may keep a question for news open; the time to read the answer comes on top."""

Bot = ExtBot[int]

Threads = Callable[..., Awaitable[Any]]
"""Runs blocking work beside the loop: `await threads(function, *arguments)`."""

_FRESH = timedelta(minutes=2)
"""How long Telegram's last failure to call the webhook counts: longer than our look at it is apart."""

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def connect(settings: Settings) -> Bot:
    """The bot of this installation. Nothing is asked of Telegram yet."""
    # PTB's own lines hold what Telegram answered, the token or a client's words among it. Ours say what went wrong.
    logging.getLogger("telegram").setLevel(logging.CRITICAL + 1)
    assert settings.telegram_token is not None
    loopback = urlsplit(settings.telegram_base_url).hostname in ("127.0.0.1", "::1", "localhost")
    options = {"trust_env": not loopback}
    return ExtBot(
        token=settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_base_url}/bot",
        base_file_url=f"{settings.telegram_base_url}/file/bot",
        request=HTTPXRequest(
            connection_pool_size=64, read_timeout=15, write_timeout=15, pool_timeout=30, httpx_kwargs=options
        ),
        get_updates_request=HTTPXRequest(connection_pool_size=2, read_timeout=10, httpx_kwargs=options),
        rate_limiter=ChatPace(paced=settings.rate_limits == "on"),
    )


def bot_id(settings: Settings) -> int:
    """The bot's own number, which begins its token."""
    assert settings.telegram_token is not None
    return int(settings.telegram_token.get_secret_value().partition(":")[0])


def is_blocked(error: TelegramError) -> bool:
    """Whether this chat cannot be written to until the client comes back."""
    return isinstance(error, Forbidden) or (isinstance(error, BadRequest) and "chat not found" in error.message.lower())


def may_have_arrived(error: TelegramError) -> bool:
    """Whether a message that ended with this error may have been sent all the same."""
    return _is_network(error) and not isinstance(error.__cause__, _NEVER_LEFT)


def is_passing(error: TelegramError) -> bool:
    """Whether the same may work a little later."""
    return isinstance(error, RetryAfter) or _is_network(error)


def is_answer(error: TelegramError) -> bool:
    """Whether Telegram itself said this, of a bot that it knows: it can be reached, and written to."""
    return not isinstance(error, InvalidToken) and not _is_network(error)


def webhook_fault(info: WebhookInfo, moment: datetime) -> str:
    """What is wrong with the webhook; empty when nothing waits, or the last failure is long past."""
    failed = info.last_error_date is not None and moment - info.last_error_date < _FRESH
    return "Telegram cannot call the webhook address" if failed and info.pending_update_count else ""


def _is_network(error: TelegramError) -> bool:
    return isinstance(error, NetworkError) and not isinstance(error, BadRequest)


def reason(error: TelegramError) -> str:
    """What went wrong, for the log and `/readyz`: without the token and without anything that was sent."""
    if isinstance(error, InvalidToken):
        token = key_of("telegram_token")
        return f"Telegram does not know the token: copy it again from @BotFather into {token}"
    if isinstance(error, Conflict):
        return "another program asks Telegram for this bot's messages: stop it, or give it a bot of its own"
    if isinstance(error, TimedOut):
        return "Telegram does not answer in time: is there a network?"
    if isinstance(error, RetryAfter):
        return "Telegram asks to wait"
    if is_passing(error):
        return "Telegram cannot be reached: is there a network?"
    return f"Telegram refused: {type(error).__name__}"
