"""HTTP: `/bot<token>/<method>` on loopback, in a thread of its own, with faults of the network on demand.

Facts ("Making requests", "getUpdates"): a token without the form of one gets 404, a wrong one 401; two getUpdates at a
time end with 409 for the first, a webhook and getUpdates exclude each other with 409; `limit` is 1-100; an offset
confirms everything below it, a negative one counts from the end and forgets the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tests.telegram.bot_api import fields
from tests.telegram.bot_api.errors import Refusal, bad, conflict
from tests.telegram.bot_api.fields import File
from tests.telegram.bot_api.limits import Flood
from tests.telegram.bot_api.methods import Methods
from tests.telegram.bot_api.webhook import Delivery
from tests.telegram.bot_api.world import Json, World

TOKEN = "7000000001:AAE-test_token_of_the_own_bot_api_svr"
_TOKEN_FORM = re.compile(r"\d{1,10}:[A-Za-z0-9_-]{24,}")

Fault = Literal["drop", "drop after", "502", "500"]
"""`drop`: the connection ends before anything is done; `drop after`: it is done, and the answer is lost."""


@dataclass
class Call:
    """One request, as it was answered."""

    method: str
    given: Json
    status: int = 0
    description: str = ""
    at: float = field(default_factory=time.monotonic)
    result: Any = None


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening()


class BotApi:
    """The server. Use it as a context manager; everything in `world` is shared with its thread, under its lock."""

    def __init__(
        self, port: int, *, token: str = TOKEN, routes: Mapping[str, str] | None = None, local: bool = False
    ) -> None:
        self.port = port
        self.token = token
        self.url = f"http://127.0.0.1:{port}"
        self.world = World(token)
        self.flood = Flood()
        self.routes: dict[str, str] = dict(routes or {})
        self.calls: list[Call] = []
        self.fault: Callable[[str], Fault | None] = lambda method: None
        self.refuse: Callable[[str, Json], Refusal | None] = lambda method, given: None
        """A refusal that a request gets although nothing is wrong with it."""
        self.before_answer: Callable[[Call], None] = lambda call: None
        """Called when a request is done and its answer is not yet on its way, in the server's thread."""
        self.webhook_retry_s = 1.0
        self._methods = Methods(self.world, self.flood, local=local)
        self.polls = 0
        """How often receiving was begun, by getUpdates or setWebhook."""
        self._receiver = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: asyncio.Event | None = None
        self.delivery: Delivery | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------ life

    def __enter__(self) -> BotApi:
        self.start()
        return self

    def __exit__(self, *of: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. After `stop()` it may be started again and knows what it knew."""
        app = Starlette(routes=[Route("/bot{token}/{method}", self._endpoint, methods=["GET", "POST"])])
        config = uvicorn.Config(
            app, host="127.0.0.1", port=self.port, log_config=None, access_log=False, lifespan="off", ws="none"
        )
        self._server = _Server(config, self._listening)
        logging.getLogger("uvicorn.error").disabled = True
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="bot api", daemon=True)
        self._thread.start()
        with self.world.lock:
            assert self.world.changed.wait_for(lambda: bool(self._server and self._server.started), 10)

    def stop(self) -> None:
        """Stop listening: connections end, new ones are refused."""
        assert self._server is not None
        assert self._thread is not None
        self._server.force_exit = self._server.should_exit = True
        self._tell_loop()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the Bot API server did not stop"

    async def _serve(self) -> None:
        assert self._server is not None
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.delivery = Delivery(self.world, self.routes, first_retry_s=self.webhook_retry_s)
        self.world.on_update = [self._tell_loop]
        delivering = asyncio.create_task(self.delivery.run())
        try:
            await self._server.serve()
        finally:
            delivering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await delivering
            self._loop = None

    def _listening(self) -> None:
        with self.world.lock:
            self.world.tell()
        self._wake()

    def _tell_loop(self) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        assert self._news is not None
        self._news.set()
        self._news = asyncio.Event()
        if self.delivery is not None:
            self.delivery.wake()

    # ------------------------------------------------------------ what tests ask

    def called(self, method: str) -> list[Call]:
        """The requests for a method, oldest first."""
        with self.world.lock:
            return [call for call in self.calls if call.method == method]

    def refused(self, *expected: str, since: int = 0) -> list[str]:
        """What Telegram refused for a fault of the caller, but for what is expected: descriptions, oldest first.

        Args:
            since: how many calls there were when the caller began to be watched.
        """
        with self.world.lock:
            faults = [f"{c.method}: {c.description}" for c in self.calls[since:] if c.status in (400, 401, 404, 413)]
        return [fault for fault in faults if not any(part in fault for part in expected)]

    # ------------------------------------------------------------ requests

    async def _endpoint(self, request: Request) -> Response:
        method = request.path_params["method"]
        fault = self.fault(method)
        if fault == "drop":
            return _Dropped()
        if fault in ("502", "500"):
            return Response("<html>Bad Gateway</html>", int(fault), media_type="text/html")
        call = Call(method, {})
        try:
            call.result = await self._answer(request, call)
            call.status = 200
            response = JSONResponse({"ok": True, "result": call.result})
        except Refusal as refusal:
            call.status, call.description = refusal.code, refusal.description
            wait = (refusal.parameters or {}).get("retry_after")
            response = JSONResponse(refusal.as_json(), refusal.code, {"Retry-After": str(wait)} if wait else None)
        with self.world.lock:
            self.calls.append(call)
            self.world.tell()
        self.before_answer(call)
        return _Dropped() if fault == "drop after" else response

    async def _answer(self, request: Request, call: Call) -> Any:
        token = request.path_params["token"]
        if not _TOKEN_FORM.fullmatch(token):
            raise Refusal(404, "Not Found")
        if token != self.token:
            raise Refusal(401, "Unauthorized")
        call.method = fields.method_named(call.method)
        call.given = fields.read(call.method, await _parameters(request))
        refusal = self.refuse(call.method, call.given)
        if refusal is not None:
            raise refusal
        if call.method == "getUpdates":
            return await self._get_updates(call.given)
        with self.world.lock:
            result = self._methods.call(call.method, call.given)
            if call.method in ("setWebhook", "deleteWebhook"):
                self._receiver += 1
                self.polls += call.method == "setWebhook"
                self.world.tell()
                self._wake()
            return result

    async def _get_updates(self, given: Json) -> list[Json]:
        limit, timeout, offset = given.get("limit", 100), given.get("timeout", 0), given.get("offset", 0)
        if not 1 <= limit <= 100:
            raise bad("limit must be from 1 to 100")
        if timeout < 0:
            raise bad("timeout must not be negative")
        world = self.world
        with world.lock:
            self._refuse_webhook()
            self._methods.allow(given)
            self.polls += 1
            self._receiver += 1
            mine = self._receiver
            if offset < 0:
                world.waiting = world.waiting[offset:]
            world.confirm(max(offset, 0))
        self._wake()  # an older getUpdates learns that this one took its place
        ends = time.monotonic() + min(timeout, 50)
        while True:
            with world.lock:
                if mine != self._receiver:
                    self._refuse_webhook("terminated by setWebhook request")
                    raise conflict(
                        "terminated by other getUpdates request; make sure that only one bot instance is running"
                    )
                found = [update.as_json() for update in world.waiting[:limit]]
                news = self._news
            left = ends - time.monotonic()
            if found or left <= 0 or news is None or (self._server and self._server.should_exit):
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), left)

    def _refuse_webhook(self, why: str | None = None) -> None:
        if self.world.webhook is not None:
            raise conflict(
                why
                or "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            )


async def _parameters(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "application/json":
        try:
            body = json.loads(await request.body() or b"{}")
        except ValueError:
            raise bad("can't parse JSON object") from None
        if not isinstance(body, dict):
            raise bad("JSON object expected")
        given |= body
    elif kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    content = await value.read()
                    given[name] = File(value.filename or name, content, value.content_type or "")
                else:
                    given[name] = value
        _attach(given)
    return given


def _attach(given: dict[str, Any]) -> None:
    """Put uploads where `attach://name` points to."""
    for name, value in list(given.items()):
        if isinstance(value, str) and value.startswith("attach://"):
            uploaded = given.pop(value.removeprefix("attach://"), None)
            if isinstance(uploaded, File):
                given[name] = uploaded


class _Dropped(Response):
    """No answer: the connection is cut after a piece of one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
