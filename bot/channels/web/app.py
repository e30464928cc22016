"""The web application: everything that the web role serves, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.responses import JSONResponse

from bot import __doc__ as about
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

BODY_LIMIT = 256 * 1024  # bytes

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def create_app(context: Context) -> FastAPI:
    """Build the application of the web role."""
    engine = EngineClient(context.settings)
    waker = Waker()
    gateway = Gateway(context, engine)
    delivery = DeliveryLoop(context, waker.wake)
    readiness = Readiness(context, engine)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # The reading is loaded before the first message, not by it.
        await run_in_threadpool(lambda: context.reader.read("hello"))
        delivery.start()
        yield
        waker.close()
        await run_in_threadpool(delivery.stop)
        engine.close()
        context.database.close()

    app = FastAPI(
        title="NMT Guide chat API",
        version="1",
        description=about or "",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.waker = waker
    errors.install(app)
    limits = Limits(context.settings.rate_limits == "on")
    app.include_router(chat_api.router(context, gateway, waker, limits))
    app.include_router(staff_router(context))
    _service_routes(app, readiness)
    embedding.routes(app, context)
    app.router.routes.extend(console_routes(context))
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


def _service_routes(app: FastAPI, readiness: Readiness) -> None:
    registry = CollectorRegistry()
    requests = Counter("nmt_requests", "Requests by route and status", ["route", "status"], registry=registry)
    seconds = Histogram("nmt_request_seconds", "Time to answer by route, seconds", ["route"], registry=registry)

    @app.middleware("http")
    async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
        with seconds.labels(_route(request)).time():
            response = await call_next(request)
        requests.labels(_route(request), str(response.status_code)).inc()
        return response

    @app.get("/healthz", tags=["service"])
    def healthz() -> dict[str, str]:
        """The process is up."""
        return {"status": "up"}

    @app.get("/readyz", tags=["service"])
    def readyz() -> JSONResponse:
        """Every part is up: 200; otherwise 503 with the reason for each part that is not."""
        parts = readiness.parts()
        ready = all(part["status"] == "up" for part in parts.values())
        body = {"status": "up" if ready else "down", "parts": parts}
        return JSONResponse(body, status_code=200 if ready else 503, headers={"Cache-Control": "no-store"})

    @app.get("/metrics", tags=["service"])
    def metrics() -> Response:
        """Counts and times for Prometheus."""
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return getattr(route, "path", "other")
