"""`python -m bot.channels.telegram`: run the Telegram role until stopped."""

from __future__ import annotations

import asyncio
import sys

from bot import logs, releases
from bot.channels.telegram.app import TelegramRole
from bot.context import Context
from bot.knowledge import KnowledgeError
from bot.settings import SettingsError, key_of, load_settings


def main() -> int:
    """Work until SIGINT or SIGTERM."""
    try:
        settings = load_settings()
        release = releases.current(settings)
        context = Context.load(releases.released(settings, release))
    except (SettingsError, KnowledgeError) as error:
        print(error, file=sys.stderr)
        return 1
    if settings.telegram_token is None:
        print(f"There is no Telegram bot to run: set {key_of('telegram_token')}.", file=sys.stderr)
        return 1
    logs.configure(settings.log_level, hide=(settings.telegram_token.get_secret_value(),))
    asyncio.run(TelegramRole(context, settings, release).run())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
