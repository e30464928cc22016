"""How the engine calls the action server: one kept connection, a compiled check, and gates that fail closed."""

from __future__ import annotations

import asyncio
import json
import logging
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

import aiohttp
from jsonschema import Draft7Validator
from rasa.core.actions.action import RemoteAction
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

logger = logging.getLogger(__name__)

# Long enough for a slow database; the service gives a whole turn 20 seconds.
TIMEOUT = 10.0
# Below the idle time after which servers close a connection, so a call never meets one being closed.
_IDLE = 3.0
_REJECTED = 400

# Slots by which an action opens a form. Closed before the action speaks: a gate is open only if the action opened it
# in this turn, never because an earlier turn did or because the action failed.
GATES = {
    "action_screening_start": ("screening_gate", "closed"),
    "action_booking_start": ("booking_gate", "closed"),
    "action_reschedule": ("booking_gate", "closed"),
    "action_cancel_booking": ("booking_gate", "closed"),
    "action_screening_end": ("next_flow", "none"),
    "action_booking_end": ("next_flow", "none"),
    "action_affirm": ("next_flow", "none"),
    "action_start_again": ("next_flow", "none"),
    "action_resume": ("next_flow", "none"),
    "action_loose_answer": ("next_flow", "none"),
}
# Intents that leave every form without asking the form.
ALWAYS_INTERRUPT = frozenset({"hold"})


@dataclass
class Failures:
    """What went wrong in one turn."""

    actions: List[str] = field(default_factory=list)
    # Nobody answered. The rest of the turn does not try again: a client would wait for every single action.
    unreachable: bool = False


#: Of the turn at hand; set by the channel.
failures: ContextVar[Failures] = ContextVar("failures")

Json = Dict[str, Any]


class ActionServer(EndpointConfig):
    """The action server of the service."""

    def __init__(self, url: Optional[str] = None, headers: Optional[Dict[str, Any]] = None, **options: Any) -> None:
        super().__init__(url=url, headers=headers, **options)
        self._session: Optional[aiohttp.ClientSession] = None

    async def request(self, method: str = "post", subpath: Optional[str] = None, **options: Any) -> Json:
        """Run one action. A failure is noted for the channel and never opens a gate."""
        call: Json = options["json"]
        name = call["next_action"]
        if name.startswith("validate_") and not _is_to_be_judged(call["tracker"]):
            return {"events": [], "responses": []}
        if current_failures().unreachable:
            return self._failed(name, "not tried again")
        try:
            answer = await self._post(call)
        except ClientResponseError as error:
            if error.status == _REJECTED and _is_rejection(error.text):
                raise
            return self._failed(name, f"status {error.status}")
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as error:
            current_failures().unreachable = True
            return self._failed(name, type(error).__name__)
        except ValueError:
            return self._failed(name, "an answer of another form than agreed")
        events = answer.get("events", [])
        if name in GATES:
            events = [_slot(*GATES[name]), *events]
        elif name.startswith("validate_"):
            events = _with_the_form_slot(events, call["tracker"]["slots"]["requested_slot"])
        return {**answer, "events": events}

    async def close(self) -> None:
        """Close the kept connection."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, call: Json) -> Json:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self.headers,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT),
                connector=aiohttp.TCPConnector(keepalive_timeout=_IDLE),
            )
        async with self._session.post(self.url, json=call) as response:
            body = await response.read()
            if response.status >= _REJECTED:
                raise ClientResponseError(response.status, response.reason or "", body.decode("utf-8", "replace"))
        answer = json.loads(body)
        if not _VALID.is_valid(answer):
            raise ValueError("the answer has another form than agreed")
        return dict(answer)

    def _failed(self, name: str, reason: str) -> Json:
        logger.error("Action %s failed: %s", name, reason)
        current_failures().actions.append(name)
        if name.startswith("validate_"):
            # Nobody judged the message: it is neither an answer nor a reason to leave the form.
            raise ActionServerError(name)
        return {"events": [_slot(*GATES[name])] if name in GATES else [], "responses": []}


class ActionServerError(RuntimeError):
    """The action server did not do its work. Carries the name of the action and nothing of the conversation."""


def current_failures() -> Failures:
    """Where this turn notes its failures; outside a turn of the channel they are noted nowhere."""
    return failures.get(None) or Failures()


def _is_to_be_judged(tracker: Json) -> bool:
    """Whether a form's message is new to it.

    Rasa also calls the validation when a form opens and when it comes back after an interruption; the latest message
    is then the one that opened the form or was answered elsewhere, and must not be read as an answer.
    """
    if tracker["slots"].get("requested_slot") is None:
        return False
    if tracker["latest_message"]["intent"].get("name") in ALWAYS_INTERRUPT:
        return False
    for event in reversed(tracker["events"]):
        if event["event"] == "user":
            return True
        if event["event"] == "action_execution_rejected":
            return False
    return False


def _is_rejection(body: str) -> bool:
    try:
        return "action_name" in json.loads(body)
    except (ValueError, TypeError):
        return False


def _with_the_form_slot(events: List[Json], form_slot: str) -> List[Json]:
    """Rasa takes a validation that sets no slot but `requested_slot` for "not an answer" and would leave the form."""
    slots = {event.get("name") for event in events if event.get("event") == "slot"}
    return [*events, _slot(form_slot, None)] if slots == {"requested_slot"} else events


def _slot(name: str, value: Optional[str]) -> Json:
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


# Rasa builds and checks this schema anew for every call, which takes most of a turn.
_VALID = Draft7Validator(RemoteAction.action_response_format_spec())


def _already_checked(_action: RemoteAction, _result: Json) -> bool:
    return True


def check_answers_once() -> None:
    """Turn off Rasa's own check of action results: `ActionServer` has done it with the compiled schema."""
    RemoteAction._validate_action_result = _already_checked
