"""The console's frame: who may open which page, what a visit knows, how a page is drawn.

Every page stands in one table with the roles that it lets in; nothing is reached past that table.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from bot import staff as accounts
from bot.console import view
from bot.console.security import CSRF_FIELD, is_https, protected, session_cookie
from bot.education import load_sources
from bot.review import Conflict, Invalid, NotAllowed, NotFound, Review, ReviewError, StaffContext, VersionConflict
from bot.staff import Role, Staff, StaffError
from bot.store.database import now

HOME = "/console"
SIGN_IN = f"{HOME}/sign-in"
REFRESH_HEADER = "x-console-refresh"
"""The page's own look for news: it is no click of a person, so it does not keep the session open."""

_HERE = Path(__file__).parent
_STATUS = {NotFound: 404, NotAllowed: 403, Invalid: 422, Conflict: 409, VersionConflict: 409}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a member of staff."""

    console: Console
    request: Request
    staff: Staff
    form: FormData

    @property
    def review(self) -> Review:
        return self.console.review

    def path(self, name: str) -> str:
        """A part of the address, by its name in the route."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """A value behind the question mark; an empty one counts as none."""
        return self.request.query_params.get(name) or None

    def page(self, template: str, /, status: int = 200, **values: Any) -> Response:
        """Draw a page."""
        return self.console.draw(self.request, template, status, staff=self.staff, **values)


Handler = Callable[[Visit], Response]
PublicHandler = Callable[["Console", Request, FormData], Response]


@dataclass(frozen=True, slots=True)
class Page:
    """An address of the console, and whom it lets in."""

    method: str
    path: str
    roles: frozenset[Role]
    handler: Handler


@dataclass(frozen=True, slots=True)
class PublicPage:
    """An address that needs no account."""

    method: str
    path: str
    handler: PublicHandler


class Console:
    """What all pages share."""

    def __init__(self, context: StaffContext) -> None:
        self.context = context
        self.settings = context.settings
        self.database = context.database
        self.review = Review(context)
        self.sources = load_sources(context.settings.knowledge_dir)
        self.zone = context.clinic.zone
        self.cookie = session_cookie(context.settings)
        self.idle = timedelta(minutes=context.settings.session_idle_minutes)
        self.absolute = timedelta(hours=context.settings.session_absolute_hours)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._tries = RateLimitItemPerMinute(20, 5)
        self._templates = self._environment()

    def too_many_tries(self, request: Request) -> bool:
        """Whether this address has tried passwords too often."""
        if self.settings.rate_limits == "off":
            return False
        address = request.client.host if request.client else "unknown"
        return not self._limiter.hit(self._tries, "console sign-in", address)

    def visitor(self, request: Request) -> Staff | None:
        """Who is signed in."""
        key = request.cookies.get(self.cookie)
        if not key:
            return None
        return accounts.by_session(
            self.database,
            key,
            now(),
            idle=self.idle,
            absolute=self.absolute,
            touch=REFRESH_HEADER not in request.headers,
        )

    def draw(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Draw a page."""
        staff = values.get("staff")
        counts: Mapping[str, int] = self.review.counts(staff) if isinstance(staff, Staff) else {}
        html = self._templates.get_template(template).render(
            {
                "staff": None,
                "csrf_field": CSRF_FIELD,
                "csrf": request.scope["csrftoken"](),
                "path": request.url.path,
                "counts": counts,
                "moment": now(),
                "said": request.query_params.get("said", ""),
                **values,
            }
        )
        return HTMLResponse(html, status)

    def enter(self, key: str, target: str) -> Response:
        """Send a browser on with a new session."""
        answer = see(target)
        answer.set_cookie(
            self.cookie,
            key,
            max_age=int(self.absolute.total_seconds()),
            path="/",
            secure=is_https(self.settings),
            httponly=True,
            samesite="lax",
        )
        return answer

    def leave(self) -> Response:
        """Send a browser to the sign-in page without a session."""
        answer = see(SIGN_IN)
        answer.delete_cookie(self.cookie, path="/", secure=is_https(self.settings), httponly=True, samesite="lax")
        return answer

    def application(self, pages: Sequence[Page], public: Sequence[PublicPage]) -> ASGIApp:
        """The pages as one application, to be mounted at /console."""
        routes: list[Route | Mount] = [Route("/", self._home)]
        routes += [Route(page.path, self._inside(page), methods=[page.method]) for page in pages]
        routes += [Route(page.path, self._outside(page), methods=[page.method]) for page in public]
        routes.append(Mount("/static", StaticFiles(directory=_HERE / "static")))

        async def missing(request: Request, _error: Exception) -> Response:
            return await run_in_threadpool(self._refuse, request, NotFound("There is no such page."))

        async def wrong_method(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            return Response("This page cannot be used like that.", error.status_code, error.headers)

        inner = Starlette(routes=routes, exception_handlers={404: missing, 405: wrong_method})
        return protected(inner, self.settings, self._stale_form)

    async def _home(self, _request: Request) -> Response:
        return see(f"{HOME}/queue")

    async def _stale_form(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        page = await run_in_threadpool(
            self.draw,
            request,
            "error.html",
            403,
            title="This form is no longer valid",
            message="It was open for too long, or cookies are switched off. Go back, load the page again and resend.",
            first=None,
        )
        await page(scope, receive, send)

    def _inside(self, page: Page) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            form = await request.form() if page.method == "POST" else FormData()
            return await run_in_threadpool(self._visit, page, request, form)

        return endpoint

    def _outside(self, page: PublicPage) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            form = await request.form() if page.method == "POST" else FormData()
            return await run_in_threadpool(self._guarded, request, lambda: page.handler(self, request, form))

        return endpoint

    def _visit(self, page: Page, request: Request, form: FormData) -> Response:
        def answer() -> Response:
            staff = self.visitor(request)
            if staff is None:
                back = request.url.path if request.method == "GET" else f"{HOME}/queue"
                return see(f"{SIGN_IN}?{urlencode({'next': back})}")
            if staff.role not in page.roles:
                raise NotAllowed(f"Your role, {staff.role.value}, does not open this page.")
            return page.handler(Visit(self, request, staff, form))

        return self._guarded(request, answer)

    def _guarded(self, request: Request, answer: Callable[[], Response]) -> Response:
        try:
            return answer()
        except (ReviewError, StaffError) as error:
            return self._refuse(request, error)
        except Exception as error:
            # The message of an exception may hold what a client wrote; its kind and place do not.
            reference = secrets.token_hex(4)
            places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
            _log.error("Failed with %s in %s, reference %s", type(error).__name__, " > ".join(places[-6:]), reference)
            return self.draw(
                request,
                "error.html",
                500,
                title="Something went wrong on our side",
                message=f"If it happens again, name {reference} to whoever looks after the service.",
                first=None,
            )

    def _refuse(self, request: Request, error: ReviewError | StaffError) -> Response:
        status = _STATUS.get(type(error), 400)
        titles = {403: "Not for this role", 404: "Not found", 409: "Somebody was first"}
        return self.draw(
            request,
            "error.html",
            status,
            staff=self.visitor(request),
            title=titles.get(status, "That did not work"),
            message=str(error),
            first=error.first if isinstance(error, VersionConflict) else None,
        )

    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        clinic = self.context.clinic
        environment.globals.update(
            clinic=clinic.clinic.name,
            zone=clinic.clinic.timezone,
            unsigned=not self.context.rules.ruleset.signed,
            ruleset=self.context.rules.version,
            home=HOME,
            versions={path.name: _fingerprint(path) for path in (_HERE / "static").iterdir()},
            view=view,
            sources=self.sources,
            services={service.id: service.name for service in clinic.services},
            therapists={therapist.id: therapist.name for therapist in clinic.therapists},
            names={name: row.name for name, row in self.context.rules.conditions.items()},
        )
        environment.filters.update(
            when=lambda moment: view.when(moment, self.zone),
            iso=lambda moment: view.local(moment, UTC).isoformat() if moment else "",  # type: ignore[arg-type]
            words=view.words_of,
        )
        return environment


def see(target: str) -> RedirectResponse:
    """Send the browser on, after a form too."""
    return RedirectResponse(target, 303)


def said(target: str, message: str) -> RedirectResponse:
    """Send the browser on and have the next page say that something was done."""
    return see(f"{target}{'&' if '?' in target else '?'}said={quote(message)}")


def inside(target: str | None) -> str:
    """An address of the console, whatever was asked for: never another site."""
    if target and target.startswith(f"{HOME}/") and "//" not in target and "\\" not in target and target.isprintable():
        return target
    return f"{HOME}/queue"


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


__all__ = ["Console", "Page", "PublicPage", "Visit", "inside", "said", "see"]
