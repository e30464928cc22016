"""`python -m bot.channels.web`: serve the web role until stopped."""

from __future__ import annotations

import gc
import sys
from types import FrameType

import uvicorn

from bot import logs
from bot.channels.web.app import create_app
from bot.context import Context
from bot.knowledge import KnowledgeError
from bot.settings import SettingsError, load_settings


class _Server(uvicorn.Server):
    """Lets open event streams end when it is told to stop: they would hold it up otherwise."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = self.config.loaded_app
        while not hasattr(app, "state") and hasattr(app, "app"):
            app = app.app
        waker = getattr(getattr(app, "state", None), "waker", None)
        if waker is not None:
            waker.close()
        super().handle_exit(sig, frame)


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    try:
        settings = load_settings()
        context = Context.load(settings)
    except (SettingsError, KnowledgeError) as error:
        print(error, file=sys.stderr)
        return 1
    logs.configure(settings.log_level)
    config = uvicorn.Config(
        create_app(context),
        host=settings.host,
        port=settings.port,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=5,
        proxy_headers=settings.production,
        server_header=False,
    )
    # What was loaded stays for good. Without this every full collection walks it all and halts the answers for 75 ms.
    gc.collect()
    gc.freeze()
    _Server(config).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
