"""`python -m bot.channels.web`: serve the web role until stopped."""

from __future__ import annotations

import gc
from types import FrameType

import uvicorn

from bot import logs, roles
from bot.channels.web.app import WebRole


class _Server(uvicorn.Server):
    """Lets open event streams end when it is told to stop: they would hold it up otherwise."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = self.config.loaded_app
        while not isinstance(app, WebRole) and hasattr(app, "app"):
            app = app.app
        if isinstance(app, WebRole):
            app.waker.close()
        super().handle_exit(sig, frame)


def main() -> int:
    """Serve until SIGINT or SIGTERM."""
    settings, release, context = roles.begin()
    logs.configure(settings.log_level)
    config = uvicorn.Config(
        WebRole(context, settings, release),
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
