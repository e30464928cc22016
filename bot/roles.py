"""What every role does before it works: read the settings and the knowledge that was released last."""

from __future__ import annotations

import sys

from bot import releases
from bot.context import Context
from bot.knowledge import KnowledgeError
from bot.settings import Settings, SettingsError, load_settings


def begin() -> tuple[Settings, str | None, Context]:
    """The settings, the name of the release in force, and what stands in it.

    Raises:
        SystemExit: something in them is wrong; the reason and the remedy are on stderr.
    """
    try:
        settings = load_settings()
        release = releases.current(settings)
        return settings, release, Context.load(releases.released(settings, release))
    except (SettingsError, KnowledgeError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from error
