"""The client side of the chat API: a thin layer over the gateway."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from bot.channels.telegram import links
from bot.channels.web import schemas
from bot.channels.web.errors import ApiError
from bot.channels.web.events import Waker
from bot.channels.web.limits import Limits
from bot.context import Context
from bot.engine_client import EngineError
from bot.gateway import ClientMessage, Gateway
from bot.screening import ScreeningDesk
from bot.store import conversations, exporting, now
from bot.store.models import Conversation, Message

HEARTBEAT_S = 15
LOOK_AGAIN_S = 1.0  # another process may have written; its news are found at this pace
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.Error} for status in (400, 401, 404, 409, 413, 422, 429)
}


def router(context: Context, gateway: Gateway, waker: Waker, limits: Limits) -> APIRouter:
    """The routes under /api/v1."""
    routes = APIRouter(prefix="/api/v1", responses=_ERRORS, tags=["chat"])
    database = context.database
    key_lasts = timedelta(days=context.clinic.privacy.key_days)
    questions = ScreeningDesk(context)

    def owner(conversation_id: str, authorization: Annotated[str, Header()] = "") -> str:
        """The conversation of the bearer token, and of no other: a wrong id and a wrong token look alike."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
        with database.reading() as session:
            known = conversations.opens(session, conversation_id, token.strip(), now() - key_lasts)
        if not known:
            raise ApiError(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
        return conversation_id

    Owner = Annotated[str, Depends(owner)]

    @routes.get("/page")
    def page() -> schemas.Page:
        """What the client page shows of the clinic."""
        clinic = context.clinic.clinic
        return schemas.Page(
            clinic=clinic.name,
            phone=clinic.phone,
            email=clinic.email,
            locale=clinic.locale,
            emergency_number=str(context.locale["emergency_number"]),
            timezone=clinic.timezone,
            privacy_url=context.clinic.privacy.policy_url,
            privacy_contact=context.clinic.privacy.contact,
            retention=context.clinic.privacy.retention,
            telegram=context.settings.telegram_token is not None,
        )

    @routes.post("/conversations", status_code=201)
    def create(
        request: Request, body: Annotated[schemas.NewConversation | None, Body()] = None
    ) -> schemas.Conversation:
        """Begin a conversation; the greeting comes with it."""
        limits.check("conversations", _client(request))
        before = body.continues if body else None
        conversation_id, token, turn = gateway.open(
            "web", body.locale if body else None, continues=(before.id, before.token) if before else None
        )
        return schemas.Conversation.model_validate({"id": conversation_id, "token": token, "replies": turn.replies})

    @routes.post("/conversations/{conversation_id}/messages")
    def send(request: Request, conversation_id: Owner, body: schemas.NewMessage) -> schemas.Answered:
        """Send one message. The same `client_message_id` again returns the same replies."""
        limits.check("messages", conversation_id)
        limits.check("messages_by_address", _client(request))
        turn = gateway.handle(
            conversation_id, ClientMessage(body.client_message_id, body.text, body.payload, body.answers)
        )
        waker.wake(conversation_id)
        return schemas.Answered.model_validate({"message_id": turn.message_id, "replies": turn.replies})

    @routes.get("/conversations/{conversation_id}/messages")
    def transcript(conversation_id: Owner, after: Annotated[int, Query(ge=0)] = 0) -> schemas.Transcript:
        """The transcript, oldest first."""
        with database.reading() as session:
            rows = conversations.messages_after(session, conversation_id, after)
        return schemas.Transcript(messages=[_in_transcript(row) for row in rows])

    @routes.get("/conversations/{conversation_id}/checklists")
    def checklists(conversation_id: Owner) -> schemas.OpenChecklists:
        """The lists of the running health questions that are still open, for channels that show them on one page."""
        with database.reading() as session:
            return schemas.OpenChecklists.model_validate({"checklists": questions.open_lists(session, conversation_id)})

    @routes.get("/conversations/{conversation_id}/events")
    async def events(
        request: Request,
        conversation_id: Owner,
        after: Annotated[int | None, Query(ge=0)] = None,
        last_event_id: Annotated[str, Header()] = "",
    ) -> EventSourceResponse:
        """Every bot or staff message as it happens, after replaying what was missed."""
        start = int(last_event_id) if last_event_id.isdigit() else after or 0

        def news(seen: int) -> list[Message]:
            with database.reading() as session:
                if session.get(Conversation, conversation_id) is None:
                    raise ApiError(404, "not_found")
                return conversations.messages_after(session, conversation_id, seen)

        async def stream() -> AsyncIterator[ServerSentEvent]:
            seen = start
            with waker.listening(conversation_id) as woken:
                while not await request.is_disconnected():
                    woken.clear()
                    try:
                        rows = await run_in_threadpool(news, seen)
                    except ApiError:
                        return
                    for row in rows:
                        seen = row.id
                        if row.author != "client":
                            data = _in_transcript(row).model_dump(mode="json")
                            yield ServerSentEvent(json.dumps(data), event="message", id=str(row.id))
                    if waker.closing:
                        return
                    try:
                        await asyncio.wait_for(woken.wait(), LOOK_AGAIN_S)
                    except TimeoutError:
                        continue

        return EventSourceResponse(stream(), ping=HEARTBEAT_S, headers={"Cache-Control": "no-store"})

    @routes.get("/conversations/{conversation_id}/export")
    def export(conversation_id: Owner) -> Response:
        """Everything that is kept about this client."""
        with database.reading() as session:
            data = exporting.export(session, conversation_id)
        headers = {"Content-Disposition": 'attachment; filename="my-chat.json"', "Cache-Control": "no-store"}
        return Response(json.dumps(data, ensure_ascii=False, indent=2), media_type="application/json", headers=headers)

    @routes.post("/conversations/{conversation_id}/telegram", status_code=201)
    def telegram(conversation_id: Owner) -> schemas.TelegramLink:
        """A one-time link with which the client goes on with this conversation on Telegram."""
        made = links.make(database, conversation_id) if context.settings.telegram_token is not None else None
        if made is None:
            raise ApiError(404, "no_telegram", "This clinic's chat is not on Telegram.")
        return schemas.TelegramLink(url=made[0], expires_at=made[1])

    @routes.delete("/conversations/{conversation_id}", status_code=204)
    def erase(conversation_id: Owner) -> Response:
        """Erase the conversation everywhere."""
        try:
            gateway.erase(conversation_id)
        except EngineError:
            raise ApiError(503, "engine_down", "I can't delete everything right now. Please try again soon.") from None
        waker.wake(conversation_id)
        return Response(status_code=204)

    return routes


def _in_transcript(row: Message) -> schemas.TranscriptMessage:
    return schemas.TranscriptMessage.model_validate(
        {"event_id": row.id, "author": row.author, "at": row.at, "text": row.text, "reply": row.reply}
        | {"client_message_id": row.client_message_id}
    )


def _client(request: Request) -> str:
    return request.client.host if request.client else "?"
