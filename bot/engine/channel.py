"""The one way into the engine: authenticated, typed, and silent about what people write."""

from __future__ import annotations

import asyncio
import hmac
import logging
import re
from typing import Any, Awaitable, Callable, Dict, FrozenSet, Optional

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.core.constants import DEFAULT_INTENTS, USER_INTENT_BACK
from rasa.shared.core.domain import Domain
from sanic import Blueprint, Sanic
from sanic.exceptions import InvalidUsage, PayloadTooLarge, SanicException
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.engine.action_endpoint import Failures, failures
from bot.engine.encoder import shared_encoder
from bot.engine.freetext import as_free_text
from bot.engine.reload import CannotReload
from bot.engine.tracker_store import ConversationStore
from bot.engine.turns import Turns

logger = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
TEXT_LIMIT = 10_000
EMBED_LIMIT = 64
_CONVERSATION_ID = re.compile(r"[A-Za-z0-9:_.-]{1,128}")
_BUTTON = re.compile(r"/([a-z_]+)")
_HOUR = 60 * 60

Handler = Callable[[UserMessage], Awaitable[Any]]
Json = Dict[str, Any]


class BadRequest(Exception):
    """The request has another form than agreed. The message names the field, never its content."""


class TurnOutput(CollectingOutputChannel):
    """Keeps what the bot says in one turn, in order, with text and data of a message together."""

    @classmethod
    def name(cls) -> str:
        """The name of the channel these messages answer."""
        return ServiceInput.name()

    async def send_response(self, recipient_id: str, message: Json) -> None:
        """Keep a message."""
        kept = {key: message[key] for key in ("text", "custom", "buttons") if message.get(key)}
        if kept:
            self.messages.append(kept)


class ServiceInput(InputChannel):
    """HTTP for the service on the same machine or private network."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    @classmethod
    def name(cls) -> str:
        """Part of every address: /webhooks/service/..."""
        return "service"

    @classmethod
    def from_credentials(cls, credentials: Optional[Json]) -> ServiceInput:
        """Build the channel from credentials.yml; without a secret there is no channel."""
        secret = (credentials or {}).get("secret")
        if not secret:
            raise ValueError("credentials.yml gives no secret for the engine's channel; set NMT_ENGINE_SECRET.")
        return cls(str(secret))

    def blueprint(self, on_new_message: Handler) -> Blueprint:
        """The routes."""
        routes = Blueprint("service")
        turns: Turns[HTTPResponse] = Turns()

        @routes.middleware("request")
        async def only_the_service(request: Request) -> Optional[HTTPResponse]:
            given = request.headers.get("X-NMT-Secret", "").encode()
            if not hmac.compare_digest(given, self._secret):
                return _error(401, "unauthorized")
            if int(request.headers.get("content-length") or 0) > BODY_LIMIT:
                return _error(413, "body_too_large")
            return None

        @routes.exception(Exception)
        async def explain(_request: Request, error: Exception) -> HTTPResponse:
            return explain_error(error)

        @routes.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            return json({"model": _agent(request).fingerprint})

        @routes.post("/messages")
        async def messages(request: Request) -> HTTPResponse:
            message = _message(_body(request), buttons(_agent(request).domain))
            if message.metadata.get("message_id") is None:
                return await asyncio.shield(asyncio.ensure_future(_turn(message, on_new_message)))
            key = (message.sender_id, message.message_id, hash(message.text))
            answer = await turns.once(key, lambda: _turn(message, on_new_message))
            return HTTPResponse(answer.body, answer.status, content_type=answer.content_type)

        @routes.post("/parse")
        async def parse(request: Request) -> HTTPResponse:
            text = _text(_body(request), "text")
            parsed = await _agent(request).parse_message(as_free_text(text))
            return json({"intent": parsed["intent"], "intent_ranking": parsed.get("intent_ranking", [])})

        @routes.post("/embed")
        async def embed(request: Request) -> HTTPResponse:
            texts = _body(request).get("texts")
            if not isinstance(texts, list) or not 0 < len(texts) <= EMBED_LIMIT:
                raise BadRequest("texts")
            if not all(isinstance(text, str) and text.strip() for text in texts):
                raise BadRequest("texts")
            return json({"vectors": shared_encoder().encode(texts).tolist()})

        @routes.post("/reload")
        async def reload(request: Request) -> HTTPResponse:
            try:
                return json({"model": await request.app.ctx.reloader.run()})
            except CannotReload as refusal:
                return _error(409, str(refusal))

        @routes.delete("/conversations/<conversation_id:str>")
        async def erase(request: Request, conversation_id: str) -> HTTPResponse:
            agent = _agent(request)
            async with agent.lock_store.lock(_conversation_id(conversation_id)):
                erased = await _store(agent).erase(conversation_id)
            turns.forget(conversation_id)
            return json({"erased": erased})

        @routes.listener("after_server_start")
        async def start_forgetting(app: Sanic, _loop: Any) -> None:
            app.ctx.forgetting = asyncio.ensure_future(_forget_every_hour(app.ctx.agent))

        @routes.listener("before_server_stop")
        async def stop_forgetting(app: Sanic, _loop: Any) -> None:
            app.ctx.forgetting.cancel()

        return routes


def explain_error(error: Exception) -> HTTPResponse:
    """Any failure as a code of ours. Only its kind is logged."""
    if isinstance(error, BadRequest):
        return json({"error": "bad_request", "field": str(error)}, status=400)
    if isinstance(error, PayloadTooLarge):
        return _error(413, "body_too_large")
    if isinstance(error, InvalidUsage):
        return json({"error": "bad_request", "field": "body"}, status=400)
    if isinstance(error, SanicException) and error.status_code < 500:
        return _error(error.status_code, "not_found" if error.status_code == 404 else "refused")
    logger.error("A request failed.", exc_info=error)
    return _error(500, "engine_failed")


def buttons(domain: Domain) -> FrozenSet[str]:
    """Intents a payload may name: those of our own domain, not those Rasa adds to every domain."""
    return frozenset(domain.intents) - frozenset(DEFAULT_INTENTS) | {USER_INTENT_BACK, DEFAULT_NLU_FALLBACK_INTENT_NAME}


def as_understood(text: str, allowed: FrozenSet[str]) -> str:
    """A bare button payload as it is, everything else as free text.

    No payload carries entities or confidence, so no slot can be filled from outside.
    """
    button = _BUTTON.fullmatch(text.strip())
    return text.strip() if button and button[1] in allowed else as_free_text(text)


async def _turn(message: UserMessage, on_new_message: Handler) -> HTTPResponse:
    failed = Failures()
    failures.set(failed)
    try:
        await on_new_message(message)
    except Exception as error:  # the client must hear something whatever went wrong
        return explain_error(error)
    said = message.output_channel.messages
    if failed.actions:
        return json({"error": "action_failed", "actions": failed.actions, "messages": said}, status=500)
    return json({"messages": said})


async def _forget_every_hour(agent: Agent) -> None:
    while True:
        try:
            await _store(agent).forget_idle()
        except Exception as error:  # tried again in an hour; turns report a broken database themselves
            logger.error("Old conversations could not be removed.", exc_info=error)
        await asyncio.sleep(_HOUR)


def _message(body: Json, allowed: FrozenSet[str]) -> UserMessage:
    conversation_id = _conversation_id(body.get("conversation_id"))
    metadata = body.get("metadata", {})
    if not isinstance(metadata, dict) or not all(
        value is None or isinstance(value, (str, int, float)) for value in metadata.values()
    ):
        raise BadRequest("metadata")
    message_id = metadata.get("message_id")
    return UserMessage(
        text=as_understood(_text(body, "text"), allowed),
        output_channel=TurnOutput(),
        sender_id=conversation_id,
        input_channel=ServiceInput.name(),
        message_id=None if message_id is None else str(message_id),
        metadata=metadata,
    )


def _body(request: Request) -> Json:
    body = request.json
    if not isinstance(body, dict):
        raise BadRequest("body")
    return body


def _text(body: Json, field: str) -> str:
    text = body.get(field)
    if not isinstance(text, str) or not text.strip() or len(text) > TEXT_LIMIT:
        raise BadRequest(field)
    return text


def _conversation_id(value: Any) -> str:
    if not isinstance(value, str) or not _CONVERSATION_ID.fullmatch(value):
        raise BadRequest("conversation_id")
    return value


def _agent(request: Request) -> Agent:
    return request.app.ctx.agent


def _store(agent: Agent) -> ConversationStore:
    store = agent.tracker_store
    assert isinstance(store, ConversationStore)
    return store


def _error(status: int, code: str) -> HTTPResponse:
    return json({"error": code}, status=status)
