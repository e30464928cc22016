"""Start the engine: `python -m bot.engine.server`.

Not `rasa run`: no HTTP API, no other channel, no telemetry, loopback only, and half the start time.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from bot.engine.logs import configure_logs
from bot.engine.paths import ROOT, model_fingerprint, model_path, remember, remembered

logger = logging.getLogger("bot.engine.server")
_REQUIRED = ("NMT_ENGINE_PORT", "NMT_ENGINE_SECRET", "NMT_ACTIONS_URL", "NMT_ACTIONS_SECRET")
EXIT_SETTINGS = 2
EXIT_NO_MODEL = 3


def prepare_process() -> None:
    """Settings that only work before Rasa and TensorFlow are imported."""
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    # TensorFlow Lite imports jax if it can, 1.7 s of the start for a converter nobody uses here.
    sys.modules["jax"] = None  # type: ignore[assignment]
    configure_logs()


def load_agent(model: Path, fingerprint: str) -> Any:
    """The agent with our stores and our way to call actions."""
    from rasa.core.agent import Agent
    from rasa.core.lock_store import LockStore
    from rasa.core.tracker_store import TrackerStore
    from rasa.core.utils import AvailableEndpoints

    from bot.engine.action_endpoint import ActionServer, check_answers_once

    check_answers_once()
    endpoints = AvailableEndpoints.read_endpoints(str(ROOT / "endpoints.yml"))
    action = endpoints.action
    agent = Agent(
        lock_store=LockStore.create(endpoints.lock_store),
        action_endpoint=ActionServer(url=action.url, headers=action.headers),
    )
    # Rasa wraps every store so that a broken database is answered with a fresh conversation. Here it is an error:
    # a client in the middle of a form must not silently start over.
    agent.tracker_store = TrackerStore.create(endpoints.tracker_store)
    agent.load_model(model, fingerprint)
    agent.processor.on_circuit_break = _listen_again
    return agent


def _listen_again(tracker: Any, _output: Any, _texts: Any) -> None:
    """End a turn that ran in circles; left alone, Rasa would not answer this conversation any more."""
    from rasa.shared.core.constants import ACTION_LISTEN_NAME
    from rasa.shared.core.events import ActionExecuted

    from bot.engine.action_endpoint import current_failures

    logger.error("A turn was ended after too many actions.")
    tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
    current_failures().actions.append("too_many_actions")


def create_app(model: Path, fingerprint: str) -> Any:
    """The web server with the one channel."""
    from rasa.core.channels.channel import register
    from rasa.core.run import create_http_input_channels
    from sanic import Sanic

    from bot.engine.channel import BODY_LIMIT, explain_error

    app = Sanic("nmt_engine", configure_logging=False)
    app.config.FALLBACK_ERROR_FORMAT = "json"
    app.config.REQUEST_MAX_SIZE = BODY_LIMIT
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 5.0

    async def load(app: Any, _loop: Any) -> None:
        from bot.engine.reload import Reloader

        app.ctx.agent = load_agent(model, fingerprint)
        app.ctx.reloader = Reloader(app.ctx.agent, _listen_again)
        remember(fingerprint)

    async def close(app: Any, _loop: Any) -> None:
        await app.ctx.agent.action_endpoint.close()
        app.ctx.agent.tracker_store.close()

    app.register_listener(load, "before_server_start")
    app.register_listener(close, "after_server_stop")
    app.error_handler.add(Exception, lambda _request, error: explain_error(error))
    register(create_http_input_channels(None, str(ROOT / "credentials.yml")), app, route="/webhooks/")
    return app


def main() -> int:
    """Serve until told to stop."""
    missing = [name for name in _REQUIRED if not os.environ.get(name)]
    if missing:
        print(f"The engine cannot start: {', '.join(missing)} not set.", file=sys.stderr)
        return EXIT_SETTINGS
    fingerprint = model_fingerprint()
    model = model_path(fingerprint)
    before = remembered()
    if not model.exists() and before is not None:
        # Somebody is editing the examples. Clients are answered with what worked until then.
        print("The model is older than its files: run ./nmt train. Using the one before.", file=sys.stderr)
        fingerprint, model = before, model_path(before)
    if not model.exists():
        print("The engine cannot start: its model is missing or old. Run python -m bot.engine.train.", file=sys.stderr)
        return EXIT_NO_MODEL
    prepare_process()
    app = create_app(model, fingerprint)
    app.run(host="127.0.0.1", port=int(os.environ["NMT_ENGINE_PORT"]), workers=1, access_log=False, motd=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
