"""The commands of the bot, what each does, and how the bot introduces itself on Telegram."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from telegram import BotCommand, BotCommandScopeAllPrivateChats, MenuButtonCommands

from bot.channels.telegram.api import Bot
from bot.wording import Wording

LISTED = ("start", "menu", "book", "screening", "mybooking", "cancel", "back", "help", "privacy", "human")
"""The commands that the menu shows, with a description each (`telegram.command_*` of the wording)."""

LANGUAGES = ("en",)
"""The languages that the wording is written in."""

INTENTS: Mapping[str, Mapping[str, Any]] = {
    "menu": {"do": "intent", "intent": "help"},
    "help": {"do": "intent", "intent": "help"},
    "book": {"do": "intent", "intent": "book"},
    "screening": {"do": "intent", "intent": "screen"},
    "mybooking": {"do": "intent", "intent": "my_booking"},
    "cancel": {"do": "intent", "intent": "cancel_booking"},
    "back": {"do": "intent", "intent": "back"},
    "stop": {"do": "intent", "intent": "stop"},
    "restart": {"do": "intent", "intent": "start_again"},
    "human": {"do": "intent", "intent": "person"},
    "privacy": {"do": "topic", "topic": "privacy_and_data"},
    "mydata": {"do": "intent", "intent": "my_data"},
    "download": {"do": "intent", "intent": "export_data"},
    "delete_my_data": {"do": "intent", "intent": "delete_data"},
    "start": {"do": "intent", "intent": "greet"},
    "repeat": {"do": "intent", "intent": "repeat"},
}
"""What the dialogue is told for a command."""

CONFIRMED = frozenset({"stop", "cancel", "restart"})
"""Commands that end what is under way: asked once while health questions or a booking are open."""


def read(text: str, username: str) -> tuple[str, str] | None:
    """A command and what follows it; None for ordinary text, names that are no commands here, and those of other bots.

    Names are read without regard to case, because a phone may write the first letter large.
    """
    if not text.startswith("/"):
        return None
    called, _, rest = text[1:].strip().partition(" ")
    name, _, addressed = called.partition("@")
    if addressed and addressed.lower() != username.lower():
        return None
    name = name.lower()
    return (name, rest.strip()) if name in INTENTS else None


def profile(wording: Wording) -> str:
    """A fingerprint of what the bot says about itself: Telegram is told only when it has changed."""
    texts = [wording.text(f"telegram.command_{name}") for name in LISTED]
    texts += [wording.text("telegram.description"), wording.text("telegram.short_description")]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


async def introduce(bot: Bot, wording: Wording) -> None:
    """Tell Telegram the commands, the descriptions and what the menu button does."""
    listed = [BotCommand(name, wording.text(f"telegram.command_{name}")) for name in LISTED]
    for language in (None, *LANGUAGES):
        await bot.set_my_commands(listed, BotCommandScopeAllPrivateChats(), language)
        await bot.set_my_description(wording.text("telegram.description"), language)
        await bot.set_my_short_description(wording.text("telegram.short_description"), language)
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
