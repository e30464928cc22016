"""`python -m actions`: the private action server, on loopback, behind a shared secret."""

from __future__ import annotations

import hmac
import logging
from typing import Any

from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor
from sanic import Request, Sanic
from sanic.response import HTTPResponse, json

from actions import _turn
from bot import logs, releases, roles
from bot.context import Context
from bot.settings import Settings


def application(context: Context) -> Sanic[Any, Any]:
    """The action server's application."""
    _turn.use(context)
    executor = ActionExecutor()
    executor.register_package("actions")
    app: Sanic[Any, Any] = create_app(executor, cors_origins=[])
    secret = context.settings.actions_secret.get_secret_value().encode()

    @app.on_request
    async def only_the_engine(request: Request) -> HTTPResponse | None:
        given = request.headers.get("X-NMT-Secret", "").encode()
        return None if hmac.compare_digest(given, secret) else json({"error": "unauthorized"}, status=401)

    @app.on_response
    async def nothing_leaks(_request: Request, response: HTTPResponse) -> HTTPResponse | None:
        # The SDK's error body repeats the whole request, and with it what the client wrote.
        return json({"error": "action_failed"}, status=response.status) if response.status >= 500 else None

    return app


def _ready(settings: Settings, before: Context) -> Context:
    """The context of a new release, with everything loaded that a turn needs."""
    context = Context.load(settings, before.database)
    context.reader.read("hello")
    return context


def main() -> int:
    """Serve until stopped."""
    settings, release, context = roles.begin()
    logs.configure(settings.log_level)
    logging.getLogger("sanic.access").setLevel(logging.WARNING)
    app = application(context)
    watcher = releases.Watcher("actions", settings, release, lambda new: _turn.use(_ready(new, context)))
    app.register_listener(lambda _app: watcher.start(), "after_server_start")
    app.register_listener(lambda _app: watcher.stop(), "before_server_stop")
    app.run(
        host="127.0.0.1",
        port=settings.actions_port,
        single_process=True,
        motd=False,
        access_log=False,
        debug=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
