"""Refusals in Telegram's form: `{"ok": false, "error_code", "description", "parameters"?}`."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A request Telegram refuses; the HTTP status is the error code."""

    def __init__(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        self.code = code
        self.description = description
        self.parameters = parameters
        super().__init__(description)

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(what: str) -> Refusal:
    """400, with the prefix Telegram puts in front."""
    return Refusal(400, f"Bad Request: {what}")


def forbidden(what: str) -> Refusal:
    """403: the person or the group does not want the bot."""
    return Refusal(403, f"Forbidden: {what}")


def conflict(what: str) -> Refusal:
    """409: two ways of receiving updates at once."""
    return Refusal(409, f"Conflict: {what}")


def too_many(seconds: int) -> Refusal:
    """429 with `parameters.retry_after` (ResponseParameters)."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
