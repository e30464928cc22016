"""The service's side of the engine's channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from bot.settings import Settings

RELOAD_TIMEOUT_S = 60.0
EMBED_LIMIT = 64


class EngineError(Exception):
    """The engine did not answer, or could not. Its message carries no client text.

    `said` is what the bot had said in this turn before it failed.
    """

    def __init__(self, reason: str, said: Sequence[dict[str, Any]] = ()) -> None:
        self.said = tuple(said)
        super().__init__(reason)


class EngineClient:
    """Talks to the private engine over HTTP. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._client = httpx.Client(
            base_url=f"{settings.engine_url}/webhooks/service",
            headers={"X-NMT-Secret": settings.engine_secret.get_secret_value()},
            timeout=httpx.Timeout(settings.engine_timeout_s, connect=2.0),
            trust_env=False,  # a proxy of the environment has no business between two processes of one machine
        )

    def message(
        self, conversation_id: str, text: str, message_id: str, leans_on: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """One turn: what the bot says to this text, in order.

        Args:
            leans_on: what was answered just before: `about`, the title of its topic, and `next`, the ids of the topics
                that people ask about afterwards, with commas. "And how long does that last?" is read in its light.

        Raises:
            EngineError: no answer, or the turn failed before anything was said.
        """
        metadata = {**(leans_on or {}), "message_id": message_id}
        body = {"conversation_id": conversation_id, "text": text, "metadata": metadata}
        response = self._call("POST", "/messages", body)
        said: list[dict[str, Any]] = response.get("messages") or []
        return said

    def ready(self) -> str:
        """The fingerprint of the loaded model."""
        return str(self._call("GET", "/ready")["model"])

    def erase(self, conversation_id: str) -> None:
        """Forget the dialogue state of a conversation."""
        self._call("DELETE", f"/conversations/{conversation_id}")

    def embed(self, texts: Sequence[str], timeout_s: float | None = None) -> list[list[float]]:
        """Sentence vectors of up to `EMBED_LIMIT` texts, to group them by meaning."""
        answer = self._call("POST", "/embed", {"texts": list(texts)}, timeout_s=timeout_s)
        vectors: list[list[float]] = answer["vectors"]
        return vectors

    def reload(self) -> str:
        """Have the engine take the newest model. Returns the fingerprint of the model it uses then.

        Raises:
            EngineError: it does not answer, or says why the old model stays (`restart_needed`, `no_model`,
                `model_unusable`).
        """
        return str(self._call("POST", "/reload", {}, timeout_s=RELOAD_TIMEOUT_S)["model"])

    def close(self) -> None:
        self._client.close()

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float | None = None
    ) -> dict[str, Any]:
        timeout = httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s
        try:
            response = self._client.request(method, path, json=body, timeout=timeout)
        except httpx.HTTPError as error:
            raise EngineError(type(error).__name__) from error
        if response.status_code == httpx.codes.CONFLICT:
            raise EngineError(str(response.json().get("error")))
        if response.status_code != 200:
            raise EngineError(f"status {response.status_code}", _said_before(response))
        data: dict[str, Any] = response.json()
        return data


def _said_before(response: httpx.Response) -> Sequence[dict[str, Any]]:
    """What stands beside the error of a turn that failed half-way."""
    try:
        body = response.json()
    except ValueError:
        return ()
    said = body.get("messages") if isinstance(body, dict) else None
    return said if isinstance(said, list) else ()
