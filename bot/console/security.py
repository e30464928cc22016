"""What stands in front of every console page: cookies, the CSRF check, headers, a limit on what is sent.

The staff API accepts the console's session too and uses the same cookies and the same CSRF token (as a header).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from asgi_csrf import asgi_csrf_decorator  # type: ignore[import-untyped]
from itsdangerous import BadSignature
from itsdangerous.url_safe import URLSafeSerializer
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.settings import Settings

CSRF_FIELD = "csrftoken"
CSRF_HEADER = "x-csrftoken"
_NAMESPACE = "csrftoken"  # asgi-csrf signs its tokens under this name

MAX_BODY = 64 * 1024
"""No form of the console is larger."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",  # the link of the first start carries a key
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def is_https(settings: Settings) -> bool:
    """Whether browsers reach this installation over https, and cookies may insist on it."""
    return settings.public_url.startswith("https://")


def session_cookie(settings: Settings) -> str:
    """The name of the session's cookie. `__Host-` keeps other hosts of the domain from planting one."""
    return "__Host-nmt_staff" if is_https(settings) else "nmt_staff"


def csrf_cookie(settings: Settings) -> str:
    """The name of the cookie with the CSRF token."""
    return "__Host-nmt_csrf" if is_https(settings) else "nmt_csrf"


def csrf_header_fits(settings: Settings, cookies: Mapping[str, str], header: str | None) -> bool:
    """Whether a request sends the CSRF token of its cookie as a header, and the token is one of ours."""
    cookie = cookies.get(csrf_cookie(settings), "")
    if not cookie or not header or not hmac.compare_digest(cookie.encode(), header.encode()):
        return False
    try:
        URLSafeSerializer(settings.session_secret.get_secret_value()).loads(cookie, _NAMESPACE)
    except BadSignature:
        return False
    return True


class _EveryPath:
    """asgi-csrf lets requests without cookies pass unless their path is listed: here all are."""

    def __contains__(self, path: object) -> bool:
        return True


def protected(app: ASGIApp, settings: Settings, refused: ASGIApp) -> ASGIApp:
    """Put the CSRF check, the size limit and the headers in front of an application.

    Args:
        app: the pages.
        settings: for the secret and the cookies.
        refused: what answers a form whose token is missing or wrong.
    """

    async def on_failure(scope: Scope, send: Send, message_id: object) -> None:
        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await refused(scope, nothing, send)

    checked: ASGIApp = asgi_csrf_decorator(
        cookie_name=csrf_cookie(settings),
        form_input=CSRF_FIELD,
        http_header=CSRF_HEADER,
        signing_secret=settings.session_secret.get_secret_value(),
        always_protect=_EveryPath(),
        cookie_secure=is_https(settings),
        send_csrf_failed=on_failure,
    )(app)
    return _Guard(checked, https=is_https(settings))


class _Guard:
    """Only small, plain forms get in; every answer goes out with the headers."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # The addresses of static files change with their content.
                headers.setdefault("Cache-Control", "max-age=86400" if "/static/" in scope["path"] else "no-store")
            await send(message)

        scope = {**scope, "headers": [pair for pair in scope["headers"] if _is_passed_on(*pair)]}
        if scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send_with_headers)
            return
        # asgi-csrf reads bodies of any size and trips over what is not text, so both are settled before it.
        body = await _read(receive, MAX_BODY)
        if body is None:
            await PlainTextResponse("Too much was sent.", 413)(scope, receive, send_with_headers)
            return
        if not _is_plain_form(scope, body):
            await PlainTextResponse("This is not a form of the console.", 400)(scope, receive, send_with_headers)
            return
        sent = False

        async def replay() -> Message:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send_with_headers)


def _is_passed_on(name: bytes, value: bytes) -> bool:
    """Forms carry their token as a field. A bearer token, which belongs to the API, would switch the check off."""
    return name not in (b"authorization", CSRF_HEADER.encode()) and (name != b"cookie" or value.isascii())


async def _read(receive: Receive, limit: int) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body
        body += bytes(message.get("body", b""))
        if len(body) > limit:
            return None
        if not message.get("more_body", False):
            return body


def _is_plain_form(scope: Scope, body: bytes) -> bool:
    kind = dict(scope["headers"]).get(b"content-type", b"").split(b";")[0].strip().lower()
    if kind != b"application/x-www-form-urlencoded":
        return False
    try:
        fields = dict(parse_qsl(body.decode("ascii"), errors="strict"))
    except ValueError:
        return False
    return fields.get(CSRF_FIELD, "").isascii()
