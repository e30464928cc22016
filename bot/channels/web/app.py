"""The web application: everything that the web role serves, put together."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from bot import __doc__ as about
from bot.channels.telegram.webhook import webhook_routes
from bot.channels.web import chat_api, embedding, errors
from bot.channels.web.events import Waker
from bot.channels.web.limits import Limits
from bot.channels.web.readiness import Readiness
from bot.channels.web.staff_api import staff_router
from bot.console import console_routes
from bot.context import Context
from bot.delivery import DeliveryLoop
from bot.engine_client import EngineClient
from bot.gateway import Gateway
from bot.releases import Watcher
from bot.settings import Settings

BODY_LIMIT = 256 * 1024  # bytes

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class WebRole:
    """The web role as one ASGI application. New knowledge takes effect without a pause.

    Everything that is built from knowledge is built anew and put in the place of the old; a request, and an event
    stream, keeps the application that it began with. Connections, locks, counters and the delivery are shared.
    """

    def __init__(self, context: Context, settings: Settings, release: str | None) -> None:
        self.waker = Waker()
        self._context = context
        self._engine = EngineClient(settings)
        self._gateway = Gateway(context, self._engine)
        self._delivery = DeliveryLoop(context, self.waker.wake)
        self._limits = Limits(settings.rate_limits == "on")
        self._metrics = _Metrics()
        self._watcher = Watcher("web", settings, release, self._take)
        self._first = self._current = self._application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        application = self._first if scope["type"] == "lifespan" else self._current
        await application(scope, receive, send)

    def _take(self, settings: Settings) -> None:
        context = Context.load(settings, self._context.database)
        context.reader.read("hello")  # the reading is loaded before the first message, not by it
        self._context = context
        self._gateway = self._gateway.renewed(context)
        self._current = self._application()
        self._delivery.use(context)
        gc.collect()
        gc.freeze()

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(lambda: self._context.reader.read("hello"))
        self._delivery.start()
        self._watcher.start()
        yield
        self.waker.close()
        await run_in_threadpool(self._watcher.stop)
        await run_in_threadpool(self._delivery.stop)
        self._engine.close()
        self._context.database.close()

    def _application(self) -> FastAPI:
        context = self._context
        app = FastAPI(
            title="NMT Guide chat API",
            version="1",
            description=about or "",
            openapi_url="/api/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            lifespan=self._lifespan,
        )
        errors.install(app)
        app.include_router(chat_api.router(context, self._gateway, self.waker, self._limits))
        app.include_router(staff_router(context))
        _service_routes(app, Readiness(context, self._engine), self._metrics)
        embedding.routes(app, context)
        app.router.routes.extend(console_routes(context))
        app.router.routes.extend(webhook_routes(context))
        origins = embedding.Origins(context.settings.embed_origins, context.settings.public_url)
        app.add_middleware(BaseHTTPMiddleware, dispatch=origins)
        app.add_middleware(_Guard)
        return app


class _Guard(BaseHTTPMiddleware):
    """Headers for every answer, and an end to bodies that are too large."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > BODY_LIMIT:
            return errors.response(413, "too_large", "That message is too long for me.")
        try:
            response = await call_next(request)
        except Exception as error:  # the server would print it with whatever its message holds
            response = errors.failed(error)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.url.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class _Metrics:
    """What is counted, for as long as the process lives."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "nmt_requests", "Requests by route and status", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "nmt_request_seconds", "Time to answer by route, seconds", ["route"], registry=self.registry
        )


def _service_routes(app: FastAPI, readiness: Readiness, metrics_: _Metrics) -> None:
    @app.middleware("http")
    async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
        with metrics_.seconds.labels(_route(request)).time():
            response = await call_next(request)
        metrics_.requests.labels(_route(request), str(response.status_code)).inc()
        return response

    @app.get("/healthz", tags=["service"])
    def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "up"}

    @app.get("/readyz", tags=["service"])
    def readyz() -> JSONResponse:
        """Every part is up: 200; otherwise 503 with the reason for each part that is not.

        Telegram is shown and not counted: while it cannot be reached, the website goes on.
        """
        parts = readiness.parts()
        ready = all(part["status"] == "up" for name, part in parts.items() if name != "telegram")
        body = {"status": "up" if ready else "down", "parts": parts}
        return JSONResponse(body, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})

    @app.get("/metrics", tags=["service"])
    def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(generate_latest(metrics_.registry), media_type="text/plain; version=0.0.4")


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", "other")
