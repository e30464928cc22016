"""Whether every part is up, and why not."""

from __future__ import annotations

import httpx
from sqlalchemy.exc import SQLAlchemyError

from bot.context import Context
from bot.engine_client import EngineClient, EngineError
from bot.store.models import ChannelState
from bot.supervisor import role_states

UP = {"status": "up"}


class Readiness:
    """Asks each part anew, so that the answer is never older than the question."""

    def __init__(self, context: Context, engine: EngineClient) -> None:
        self._context = context
        self._engine = engine

    def parts(self) -> dict[str, dict[str, str]]:
        """The state of each part: `up`, or `down` with the reason."""
        parts = {"database": self._database(), **self._engine_and_model(), "actions": self._actions()}
        for role, state in role_states(self._context.settings.run_dir).items():
            # What the supervisor knows explains why a part does not answer.
            if role in parts and parts[role]["status"] == "down":
                parts[role]["reason"] += f" (supervisor: {state['state']}, restarts: {state['restarts']})"
            elif role not in parts and role != "web":
                up = state["state"] == "up"
                parts[role] = UP if up else _down(f"supervisor: {state['state']}, restarts: {state['restarts']}")
        if self._context.settings.telegram_token is not None and parts.get("telegram", UP)["status"] == "up":
            parts["telegram"] = self._telegram()
        return parts

    def _telegram(self) -> dict[str, str]:
        """What the role last said about its connection."""
        try:
            with self._context.database.reading() as session:
                row = session.get(ChannelState, "telegram")
                said = dict(row.state) if row is not None else {}
        except SQLAlchemyError as error:
            return _down(f"unknown while the database does not answer: {type(error).__name__}")
        if said.get("up"):
            return {**UP, "bot": f"@{said['username']}", "mode": str(said["mode"])}
        return _down(str(said.get("reason") or "has not connected yet"))

    def _database(self) -> dict[str, str]:
        try:
            current = self._context.database.is_current()
        except SQLAlchemyError as error:
            return _down(f"does not answer: {type(error).__name__}")
        return UP if current else _down("migrations are missing: run `nmt migrate`")

    def _engine_and_model(self) -> dict[str, dict[str, str]]:
        try:
            model = self._engine.ready()
        except EngineError as error:
            reason = _down(f"does not answer: {error}")
            return {"engine": reason, "model": _down("unknown while the engine does not answer")}
        return {"engine": UP, "model": {**UP, "fingerprint": model} if model else _down("no model is loaded")}

    def _actions(self) -> dict[str, str]:
        settings = self._context.settings
        headers = {"X-NMT-Secret": settings.actions_secret.get_secret_value()}
        try:
            answer = httpx.get(settings.actions_health_url, headers=headers, timeout=2, trust_env=False)
        except httpx.HTTPError as error:
            return _down(f"does not answer: {type(error).__name__}")
        return UP if answer.status_code == 200 else _down(f"answers with status {answer.status_code}")


def _down(reason: str) -> dict[str, str]:
    return {"status": "down", "reason": reason}
