"""The staff side of the chat API: bearer token, or the console's session with its CSRF token; a role for each route."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from bot import staff as accounts
from bot.booking.states import Action
from bot.channels.web.errors import ApiError, response
from bot.console.security import CSRF_HEADER, csrf_header_fits, session_cookie
from bot.review import (
    MAX_TEXT,
    Conflict,
    Invalid,
    Json,
    NotAllowed,
    NotFound,
    Review,
    ReviewError,
    StaffContext,
    VersionConflict,
)
from bot.staff import CLINICAL, EVERYONE, Role, Staff
from bot.store.database import now

_STATUS: dict[type[ReviewError], int] = {NotFound: 404, NotAllowed: 403, Invalid: 422, Conflict: 409}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

TierName = Literal["NONE", "CAUTION", "CLEARANCE", "STOP", "EMERGENCY"]
StatusName = Literal["current", "negated", "past", "family", "hypothetical", "uncertain", "question", "idiom"]


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    """A question and the answer to it."""

    question: str
    answer: str


class Evidence(BaseModel):
    """Words of the client; `text` is empty where the words are withheld."""

    message_id: str
    text: str
    start: int
    end: int
    status: StatusName


class Finding(BaseModel):
    """What weighed on the result."""

    condition: str
    name: str
    tier: TierName
    reason: str
    sources: list[str]
    answers: list[Given]
    evidence: list[Evidence]


class Decision(BaseModel):
    """What a person decided."""

    decision: Literal["approve", "needs_letter", "decline", "refer"]
    note: str
    message_to_client: str
    by: str
    at: str
    ruleset_version: str


class Slot(BaseModel):
    """A time with a therapist."""

    start: str
    end: str
    therapist: str | None
    service: str


class Booking(BaseModel):
    """A request for a visit."""

    reference: str
    state: str
    slot: Slot | None
    service: str
    therapist: str | None
    any_therapist: bool
    held_until: str | None
    name: str
    phone: str | None
    email: str | None
    note: str
    tier: TierName | None
    approval: Literal["not_needed", "given", "by_confirming", "missing"]
    conversation_id: str
    screening_id: str
    created_at: str
    changed_at: str
    version: int


class Letter(BaseModel):
    """A doctor's written OK about one row that staff have seen, for any screening of this client."""

    condition: str
    by: str
    at: str


class Screening(BaseModel):
    """One run through the health questions. `left_out` names what the role of the caller does not see."""

    id: str
    conversation_id: str
    channel: str
    state: Literal["new", "claimed", "decided", "expired"]
    tier: TierName
    ruleset_version: str
    started_at: str
    finished_at: str | None
    findings: list[Finding]
    unclear: list[str]
    reason_for_visit: str
    client_was_told: str
    decision: Decision | None
    booking: Booking | None
    valid_until: str | None
    complex_case: bool
    care: Literal["ambulance", "same_day", "crisis"] | None
    claimed_by: str | None
    version: int
    letters: list[Letter]
    left_out: list[str] = Field(default_factory=list)


class Screenings(BaseModel):
    """A page of screenings, the newest first; `next` is the cursor of the following page."""

    screenings: list[Screening]
    next: str | None


class Bookings(BaseModel):
    """Bookings: those without a time first, then by time."""

    bookings: list[Booking]


class Question(BaseModel):
    """What the bot could not answer, or answered without helping; questions that mean much the same are one."""

    ids: list[int]
    text: str
    count: int
    examples: list[str]
    suggestions: list[str]
    kinds: list[Literal["missed", "unhelpful"]]
    first_at: str
    last_at: str


class Questions(BaseModel):
    """The most asked first."""

    questions: list[Question]


class MarkSent(_Sent):
    """What questions mean: the id of a topic, or a kind that is out of scope (`oos_...`)."""

    ids: list[int] = Field(min_length=1, max_length=500)
    label: str = Field(max_length=64)


class Marked(BaseModel):
    """How many questions were marked; those that were settled already are left as they are."""

    marked: int


class DecisionSent(_Sent):
    """A decision. `version` is the screening's at the time it was read; without it, only a first decision is taken."""

    decision: Literal["approve", "needs_letter", "decline", "refer"]
    note: str = Field(default="", max_length=MAX_TEXT)
    message_to_client: str = Field(default="", max_length=MAX_TEXT)
    version: int | None = None


class LetterSent(_Sent):
    """That a letter about this row was seen; `seen: false` takes it back."""

    condition: str = Field(max_length=40)
    seen: bool = True


class ActSent(_Sent):
    """An act on a booking. Without words of their own the client gets the clinic's usual ones."""

    message_to_client: str = Field(default="", max_length=MAX_TEXT)
    version: int | None = None


class ProposalSent(ActSent):
    """Another time; without a therapist it is the booking's."""

    start: AwareDatetime
    therapist: str | None = None


class _Route(APIRoute):
    """Gives what the use cases refuse the form of every other error of the API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except VersionConflict as error:
                return _with_first(response(409, error.code, str(error)), error.first)
            except ReviewError as error:
                return response(_STATUS.get(type(error), 400), error.code, str(error))

        return handled


def _with_first(answer: JSONResponse, first: Json | None) -> Response:
    """An error with the decision that stands, beside it."""
    body = bytes(answer.body).decode().removesuffix("}")
    decision = bytes(JSONResponse(first).body).decode()
    return Response(f'{body},"decision":{decision}}}', 409, media_type="application/json")


def staff_router(context: StaffContext) -> APIRouter:
    """The routes under /api/v1/staff, for the web application to include."""
    router = APIRouter(prefix="/api/v1/staff", tags=["staff"], route_class=_Route)
    review = Review(context)
    zone = context.clinic.zone

    def signed_in(request: Request) -> Staff:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer":
            found = accounts.by_token(context.database, key.strip())
        elif cookie := request.cookies.get(session_cookie(context.settings)):
            if request.method not in _SAFE and not csrf_header_fits(
                context.settings, request.cookies, request.headers.get(CSRF_HEADER)
            ):
                raise ApiError(403, "csrf", f"Send the CSRF token of the cookie as the header {CSRF_HEADER}.")
            found = accounts.by_session(
                context.database,
                cookie,
                now(),
                idle=timedelta(minutes=context.settings.session_idle_minutes),
                absolute=timedelta(hours=context.settings.session_absolute_hours),
            )
        if found is None:
            raise ApiError(401, "unauthorized", "Sign in, or send a staff token.", {"WWW-Authenticate": "Bearer"})
        return found

    known = Depends(signed_in)

    def member(roles: frozenset[Role]) -> Any:
        def allowed(staff: Staff = known) -> Staff:
            if staff.role not in roles:
                raise ApiError(403, "not_allowed", f"The role {staff.role.value} may not do this.")
            return staff

        return Depends(allowed)

    anyone, clinical = member(EVERYONE), member(CLINICAL)

    def moment(value: str | None, *, end: bool = False) -> datetime.datetime | None:
        """A time with a zone, or a day of the clinic's calendar: as an end, the whole day counts."""
        if value is None:
            return None
        try:
            if len(value) == len("2026-11-24"):
                day = datetime.date.fromisoformat(value) + timedelta(days=1 if end else 0)
                return datetime.datetime.combine(day, datetime.time(), zone)
            found = datetime.datetime.fromisoformat(value)
        except ValueError as error:
            raise Invalid(f"{value!r} is not a day or a time. Write 2026-11-24 or 2026-11-24T15:00:00Z.") from error
        return found if found.tzinfo is not None else found.replace(tzinfo=zone)

    @router.get("/screenings", response_model=Screenings, response_model_exclude_unset=True)
    def screenings(
        staff: Staff = anyone,
        state: str | None = None,
        tier: str | None = None,
        conversation_id: str | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> Json:
        """Finished screenings, the newest first."""
        page = review.screenings(
            staff,
            state=state or None,
            tier=tier or None,
            conversation_id=conversation_id or None,
            cursor=cursor or None,
            limit=limit,
        )
        return {"screenings": page.rows, "next": page.next}

    @router.get("/screenings/{id}", response_model=Screening, response_model_exclude_unset=True)
    def screening(id: Annotated[str, Path(max_length=64)], staff: Staff = anyone) -> Json:  # noqa: A002
        """One screening."""
        return review.screening(id, staff)

    @router.post("/screenings/{id}/claim", response_model=Screening, response_model_exclude_unset=True)
    def claim(id: Annotated[str, Path(max_length=64)], staff: Staff = clinical) -> Json:  # noqa: A002
        """Look after a screening."""
        return review.claim(id, staff)

    @router.post("/screenings/{id}/decision", response_model=Screening, response_model_exclude_unset=True)
    def decide(id: Annotated[str, Path(max_length=64)], sent: DecisionSent, staff: Staff = clinical) -> Json:  # noqa: A002
        """Decide; the client is told in the same chat. 409 with the first decision where somebody was first."""
        return review.decide(
            id,
            staff,
            sent.decision,
            note=sent.note,
            message_to_client=sent.message_to_client,
            version=sent.version,
        )

    @router.post("/screenings/{id}/letters", response_model=Screening, response_model_exclude_unset=True)
    def letter(id: Annotated[str, Path(max_length=64)], sent: LetterSent, staff: Staff = clinical) -> Json:  # noqa: A002
        """Note that a doctor's letter was seen. The same again changes nothing."""
        return review.letter(id, staff, sent.condition, seen=sent.seen)

    @router.get("/bookings", response_model=Bookings)
    def bookings(
        staff: Staff = anyone,
        state: str | None = None,
        first: Annotated[str | None, Query(alias="from")] = None,
        last: Annotated[str | None, Query(alias="to")] = None,
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 200,
    ) -> Json:
        """Bookings by state and by the time of the visit."""
        rows = review.bookings(
            staff,
            state=state or None,
            first=moment(first or None),
            last=moment(last or None, end=True),
            offset=offset,
            limit=limit,
        )
        return {"bookings": rows}

    def act(reference: str, action: Action, staff: Staff, sent: ActSent | None) -> Json:
        given = sent or ActSent()
        return review.act(reference, action, staff, message_to_client=given.message_to_client, version=given.version)

    @router.post("/bookings/{reference}/confirm", response_model=Booking)
    def confirm(reference: str, staff: Staff = anyone, sent: ActSent | None = None) -> Json:
        """Confirm the time that is held."""
        return act(reference, Action.CONFIRM, staff, sent)

    @router.post("/bookings/{reference}/decline", response_model=Booking)
    def decline(reference: str, staff: Staff = anyone, sent: ActSent | None = None) -> Json:
        """Decline a request."""
        return act(reference, Action.DECLINE, staff, sent)

    @router.post("/bookings/{reference}/cancel", response_model=Booking)
    def cancel(reference: str, staff: Staff = anyone, sent: ActSent | None = None) -> Json:
        """Cancel a booking on the clinic's side."""
        return act(reference, Action.CANCEL_CLINIC, staff, sent)

    @router.post("/bookings/{reference}/propose", response_model=Booking)
    def propose(reference: str, sent: ProposalSent, staff: Staff = anyone) -> Json:
        """Hold another time and ask the client."""
        return review.act(
            reference,
            Action.PROPOSE,
            staff,
            message_to_client=sent.message_to_client,
            version=sent.version,
            start=sent.start,
            therapist=sent.therapist,
        )

    @router.get("/questions", response_model=Questions)
    def questions(staff: Staff = clinical) -> Json:
        """What the bot could not answer or answered badly, grouped by meaning, for those who keep the knowledge."""
        return {"questions": review.questions(staff)}

    @router.post("/questions/mark", response_model=Marked)
    def mark(sent: MarkSent, staff: Staff = clinical) -> Json:
        """Use questions as examples of a topic, or of what is out of scope, in the next training."""
        return {"marked": review.mark(sent.ids, staff, sent.label)}

    return router
