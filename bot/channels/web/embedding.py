"""The widget and the page of its own: what is served, to whom, and which other sites may talk to the chat API."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import jinja2
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import HTMLResponse

from bot.channels.web import errors
from bot.channels.web.assets import SOURCE, YEAR_S, Asset, Assets, build
from bot.channels.web.strings import FIRST, load_strings
from bot.clinic import Profile
from bot.context import Context

CLIENT_API = re.compile(r"^/api/v1/(?:page|conversations)(?:/|$)")
"""What a client's browser asks for. The staff side is not for other origins."""

CORS_MINUTES = 10


def policy(origins: Sequence[str]) -> str:
    """The Content-Security-Policy of the page of its own; these origins may show it in a frame."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action 'none'; frame-ancestors {' '.join(origins) or "'none'"}; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def routes(app: FastAPI, context: Context) -> None:
    """Serve `/widget.js`, the files behind it, and the chat as a page: at `/chat`, and at `/`.

    Raises:
        KnowledgeError: a language of the widget is not complete.
    """
    profile = context.clinic.clinic
    strings = load_strings(context.settings.knowledge_dir)
    locale = profile.locale.split("-")[0]
    emergency = str(context.locale["emergency_number"])
    assets = build(strings, phone=profile.phone, emergency=emergency, locale=locale if locale in strings else FIRST)
    page = page_html(assets, strings, profile, emergency)
    headers = {"Content-Security-Policy": policy(context.settings.embed_origins), "Cache-Control": "no-cache"}

    @app.get("/", include_in_schema=False)
    @app.get("/chat", include_in_schema=False)
    def index() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)

    @app.get("/favicon.ico", include_in_schema=False)
    def favicon(request: Request) -> Response:
        return answered(request, assets.files["/widget/favicon.svg"])

    @app.get("/widget.js", include_in_schema=False)
    @app.get("/widget/{name}", include_in_schema=False)
    def file(request: Request) -> Response:
        asset = assets.files.get(request.url.path)
        if asset is None:
            raise errors.ApiError(404, "not_found")
        return answered(request, asset)


def answered(request: Request, asset: Asset) -> Response:
    """A file in the form that the browser takes. Its content is the same for everybody, so any site may load it."""
    headers = {
        "Cache-Control": f"public, max-age={YEAR_S}, immutable" if asset.lasting else "public, max-age=300",
        "ETag": f'"{asset.tag}"',
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"], body = "gzip", asset.compressed
    return Response(body, media_type=asset.media_type, headers=headers)


def page_html(assets: Assets, strings: Mapping[str, Mapping[str, str]], profile: Profile, number: str) -> str:
    """The page of its own. Without JavaScript it gives the ways to reach the clinic, in every language.

    Args:
        number: the emergency number of the clinic's country.
    """
    first = strings[FIRST]
    template = jinja2.Environment(autoescape=True).from_string((SOURCE / "page.html").read_text("utf-8"))
    return template.render(
        title=first["page.title_of"].format(clinic=profile.name),
        clinic=profile.name,
        style=assets.page_style,
        script=assets.page_script,
        app=assets.app,
        noscript=[{"lang": tag, "dir": table["dir"], "text": table["page.noscript"]} for tag, table in strings.items()],
        phone=profile.phone,
        phone_target=re.sub(r"[^\d+]", "", profile.phone or ""),
        email=profile.email,
        urgent=first["page.emergency"].format(number=number),
    )


class Origins:
    """Lets the pages of the allowed origins talk to the chat API, and refuses all others."""

    def __init__(self, allowed: Sequence[str], public_url: str) -> None:
        self._allowed = allowed
        parts = urlsplit(public_url)
        self._own = f"{parts.scheme}://{parts.netloc}"

    async def __call__(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        origin = request.headers.get("origin")
        if origin is None or not CLIENT_API.match(request.url.path) or self._is_own(request, origin):
            return await call_next(request)
        if origin not in self._allowed:
            return errors.response(403, "origin_not_allowed", "This website may not show the chat.")
        if request.method == "OPTIONS":
            response = Response(status_code=204)
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Last-Event-ID"
            response.headers["Access-Control-Max-Age"] = str(CORS_MINUTES * 60)
        else:
            response = await call_next(request)
            response.headers["Access-Control-Expose-Headers"] = "Retry-After"
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers.add_vary_header("Origin")
        return response

    def _is_own(self, request: Request, origin: str) -> bool:
        return origin == self._own or urlsplit(origin).netloc == request.headers.get("host")
