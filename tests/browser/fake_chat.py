"""A small stand-in for the chat API, to show the client page replies of every form and to fail on command."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.channels.web import embedding
from bot.channels.web.assets import build
from bot.channels.web.strings import load_strings
from bot.clinic import Clinic
from tests.serving import serving

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
STRINGS = load_strings(KNOWLEDGE)
PROFILE = Clinic.load(KNOWLEDGE).clinic
ASSETS = build(STRINGS, phone=PROFILE.phone, emergency="911", locale="en")

Script = Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def reply(text: str, kind: str = "answer", **more: Any) -> dict[str, Any]:
    """A Reply of the chat API; `buttons` may be given as titles."""
    meta = {"kind": kind, **more.pop("meta", {})}
    buttons = [
        {"title": title, "payload": f"payload of {title}"} if isinstance(title, str) else title
        for title in more.pop("buttons", ())
    ]
    return {"text": text, "links": [], "buttons": buttons, "checklist": None, "meta": meta, **more}


@dataclass
class Talk:
    """One conversation."""

    token: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    taken: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class FakeChat:
    """The server's side: what it was sent, and how it behaves."""

    def __init__(self, script: Script, greeting: list[dict[str, Any]]) -> None:
        self.script = script
        self.greeting = greeting
        self.talks: dict[str, Talk] = {}
        self.received: list[dict[str, Any]] = []
        self.authorization: list[str] = []
        self.posts_to_refuse = 0
        self.posts_to_lose_the_answer_of = 0
        self.lists: list[dict[str, Any]] = []
        self.origins: list[str] = []  # other origins that may show the widget
        self.loaded: list[str] = []  # files of the widget that were asked for
        self.has_telegram = False
        self.streams = True
        self.delay = 0.0
        self._events = 0
        self._guard = threading.Lock()

    def reset(self) -> None:
        """As new, but still running."""
        self.forget()
        for kept in (self.received, self.authorization, self.lists, self.origins, self.loaded):
            kept.clear()
        self.posts_to_refuse = self.posts_to_lose_the_answer_of = 0
        self.streams = True
        self.delay = 0.0
        self.has_telegram = False

    def say(self, message: dict[str, Any], author: str = "staff") -> int:
        """Put a message into every conversation, as a decision of the team does."""
        for talk in self.talks.values():
            self._add(talk, author, message["text"], message)
        return self._events

    def forget(self) -> None:
        """Erase every conversation, as another browser or the keeping times may do."""
        self.talks.clear()

    def _add(self, talk: Talk, author: str, text: str, message: dict[str, Any] | None) -> dict[str, Any]:
        with self._guard:
            self._events += 1
            number = self._events
            shown = {**message, "event_id": number} if message else None
            at = datetime.now(UTC).isoformat()
            talk.messages.append({"event_id": number, "author": author, "at": at, "text": text, "reply": shown})
        return shown or {}

    def app(self) -> Starlette:
        """The page and the API."""
        routes = [
            Route("/", self._index),
            Route("/chat", self._index),
            Route("/widget.js", self._asset),
            Route("/widget/{name}", self._asset),
            Route("/api/v1/page", self._page),
            Route("/api/v1/conversations", self._create, methods=["POST"]),
            Route("/api/v1/conversations/{id}", self._erase, methods=["DELETE"]),
            Route("/api/v1/conversations/{id}/messages", self._send, methods=["POST"]),
            Route("/api/v1/conversations/{id}/messages", self._transcript),
            Route("/api/v1/conversations/{id}/checklists", self._checklists),
            Route("/api/v1/conversations/{id}/telegram", self._telegram, methods=["POST"]),
            Route("/api/v1/conversations/{id}/events", self._stream),
            Route("/api/v1/conversations/{id}/export", self._export),
        ]
        origins = embedding.Origins(self.origins, "http://127.0.0.1")
        return Starlette(routes=routes, middleware=[Middleware(BaseHTTPMiddleware, dispatch=origins)])

    async def _index(self, _request: Request) -> Response:
        headers = {"Content-Security-Policy": embedding.policy(()), "Cache-Control": "no-store"}
        return HTMLResponse(embedding.page_html(ASSETS, STRINGS, PROFILE, "911"), headers=headers)

    async def _asset(self, request: Request) -> Response:
        self.loaded.append(request.url.path)
        return embedding.answered(request, ASSETS.files[request.url.path])

    async def _telegram(self, request: Request) -> Response:
        return _error(401, "") if self._talk(request) is None else JSONResponse({"url": "https://t.me/a?start=link-1"})

    async def _checklists(self, request: Request) -> Response:
        return _error(401, "") if self._talk(request) is None else JSONResponse({"checklists": self.lists})

    async def _page(self, _request: Request) -> Response:
        phone = "+1 202-555-0143"
        return JSONResponse(
            {"clinic": "Willow Lane Clinic", "phone": phone, "locale": "en-US", "emergency_number": "911"}
            | {"retention": "30 days", "privacy_contact": "privacy@willowlane.example", "privacy_url": None}
            | {"telegram": self.has_telegram}
        )

    async def _create(self, _request: Request) -> Response:
        talk = Talk(token=f"token-{len(self.talks)}")
        number = f"talk-{len(self.talks)}-{self._events}"
        self.talks[number] = talk
        replies = [self._add(talk, "bot", message["text"], message) for message in self.greeting]
        return JSONResponse({"id": number, "token": talk.token, "replies": replies}, status_code=201)

    def _talk(self, request: Request) -> Talk | None:
        authorization = request.headers.get("authorization", "")
        self.authorization.append(authorization)
        talk = self.talks.get(request.path_params["id"])
        return talk if talk is not None and authorization == f"Bearer {talk.token}" else None

    async def _send(self, request: Request) -> Response:
        talk = self._talk(request)
        if talk is None:
            return _error(401, "Please start the chat again.")
        if self.posts_to_refuse:
            self.posts_to_refuse -= 1
            return _error(503, "The service is not ready yet.")
        body = await request.json()
        self.received.append(body)
        await asyncio.sleep(self.delay)
        known = talk.taken.get(body["client_message_id"])
        if known is None:
            self._add(talk, "client", body.get("text") or body.get("payload") or "answers", None)
            if body.get("text") == "too much":
                return _error(422, "That message is too long for me.")
            known = [self._add(talk, "bot", message["text"], message) for message in self.script(body)]
            talk.taken[body["client_message_id"]] = known
        if self.posts_to_lose_the_answer_of:
            self.posts_to_lose_the_answer_of -= 1
            return _error(502, "")
        return JSONResponse({"message_id": body["client_message_id"], "replies": known})

    async def _transcript(self, request: Request) -> Response:
        talk = self._talk(request)
        if talk is None:
            return _error(401, "Please start the chat again.")
        after = int(request.query_params.get("after", "0"))
        return JSONResponse({"messages": [row for row in talk.messages if row["event_id"] > after]})

    async def _stream(self, request: Request) -> Response:
        talk = self._talk(request)
        if talk is None:
            return _error(401, "Please start the chat again.")
        if not self.streams:
            return _error(503, "")
        seen = int(request.query_params.get("after", "0"))

        async def lines() -> AsyncIterator[str]:
            nonlocal seen
            yield ": open\r\n\r\n"
            while self.streams and not await request.is_disconnected():
                for row in list(talk.messages):
                    if row["event_id"] > seen:
                        seen = row["event_id"]
                        if row["author"] != "client":
                            yield f"id: {seen}\r\nevent: message\r\ndata: {json.dumps(row)}\r\n\r\n"
                await asyncio.sleep(0.05)

        return StreamingResponse(lines(), media_type="text/event-stream")

    async def _export(self, request: Request) -> Response:
        talk = self._talk(request)
        return _error(401, "") if talk is None else JSONResponse({"messages": talk.messages})

    async def _erase(self, request: Request) -> Response:
        if self._talk(request) is None:
            return _error(401, "")
        del self.talks[request.path_params["id"]]
        return Response(status_code=204)


def _error(status: int, message: str) -> Response:
    return JSONResponse({"error": {"code": "fake", "message": message, "reference": "F1"}}, status_code=status)


@contextmanager
def served(chat: FakeChat, port: int = 0) -> Iterator[str]:
    """The base URL of a running fake."""
    with serving(chat.app(), port) as url:
        try:
            yield url
        finally:
            chat.streams = False
