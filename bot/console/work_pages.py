"""The daily work: the queue, one screening, the transcript, bookings, people who wait, questions."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.responses import Response

from bot.booking.states import TRANSITIONS, Action, State
from bot.console import view
from bot.console.app import HOME, Page, Visit, said
from bot.console.forms import (
    DECISION_NAMES,
    BookingForm,
    DecisionForm,
    MessageForm,
    NoteForm,
    ProposeForm,
    SettleForm,
)
from bot.review import DECISIONS, Invalid, Json, NotFound, VersionConflict
from bot.staff import CLINICAL, EVERYONE, Staff
from bot.store.database import now

TABS = {"new": "New", "mine": "Mine", "decided": "Decided"}

# How the acts on a booking are called in an address, and what each means.
ACTIONS = {
    "confirm": Action.CONFIRM,
    "decline": Action.DECLINE,
    "propose": Action.PROPOSE,
    "cancel": Action.CANCEL_CLINIC,
    "complete": Action.COMPLETE,
    "no-show": Action.NO_SHOW,
}
_DONE = {
    Action.CONFIRM: "Confirmed. The client is told.",
    Action.DECLINE: "Declined. The client is told.",
    Action.PROPOSE: "The other time is held and the client is asked.",
    Action.CANCEL_CLINIC: "Cancelled. The client is told.",
    Action.COMPLETE: "Noted: the visit took place.",
    Action.NO_SHOW: "Noted: the client did not come.",
}


def queue(visit: Visit) -> Response:
    """Screenings: what is new and flagged, what I look after, what is decided."""
    tab = visit.query("tab") or "new"
    if tab not in TABS:
        raise NotFound("There is no such list.")
    tier = visit.query("tier")
    if tier is not None and tier not in view.TIERS:
        tier = None
    page = visit.review.screenings(
        visit.staff,
        state={"new": "new", "mine": "claimed", "decided": "decided"}[tab],
        mine=tab == "mine",
        tier=tier,
        flagged=tab == "new" and tier is None,
        cursor=visit.query("cursor"),
        order="recent" if tab == "decided" else "urgent",
    )
    return visit.page("queue.html", tab=tab, tabs=TABS, tier=tier, page=page, paged=visit.query("cursor") is not None)


def screening(visit: Visit) -> Response:
    """One screening, with everything that a decision needs."""
    return _screening(visit, visit.review.screening(visit.path("id"), visit.staff))


def _screening(visit: Visit, row: Json, form: DecisionForm | None = None, status: int = 200) -> Response:
    conversation = visit.review.conversation(row["conversation_id"])
    values: Json = {"row": row, "conversation": conversation, "booking_actions": _actions(row["booking"], visit.staff)}
    if visit.staff.clinical:
        words = visit.review.words(row, visit.staff)
        values |= {
            "form": form or DecisionForm(data={"version": row["version"]}),
            "decisions": [(value, DECISION_NAMES[value], visit.review.default_message(value)) for value in DECISIONS],
            "quotes": {
                finding["condition"]: [
                    (view.marked(one, words.get(one["message_id"])), one["status"]) for one in finding["evidence"]
                ]
                for finding in row["findings"]
            },
            "answers": visit.review.answers(row["id"], visit.staff),
            "history": visit.review.history(row["id"], visit.staff),
            "told": visit.review.told(row["conversation_id"], visit.staff),
            "letters": {one["condition"]: one for one in row["letters"]},
        }
    return visit.page("screening.html", status, **values, **_booking_forms(visit))


def claim(visit: Visit) -> Response:
    """Look after a screening."""
    row = visit.review.claim(visit.path("id"), visit.staff, take_over=visit.form.get("take_over") == "yes")
    return said(f"{HOME}/screenings/{row['id']}", "This one is yours now.")


def decide(visit: Visit) -> Response:
    """Decide about a screening; the client is told."""
    form = DecisionForm(visit.form)
    if not form.validate():
        return _screening(visit, visit.review.screening(visit.path("id"), visit.staff), form, 422)
    try:
        row = visit.review.decide(
            visit.path("id"),
            visit.staff,
            form.decision.data,
            note=form.note.data or "",
            message_to_client=form.message_to_client.data or "",
            version=form.version.data,
        )
    except VersionConflict as error:
        return visit.page(
            "error.html",
            409,
            title="Somebody was first" if error.first else "The screening has changed",
            message=str(error),
            first=error.first,
            again=f"{HOME}/screenings/{visit.path('id')}",
            kept={"Your note": form.note.data, "Your words to the client": form.message_to_client.data},
        )
    return said(f"{HOME}/screenings/{row['id']}", f"{view.DECIDED[form.decision.data]}. The client is told.")


def letter(visit: Visit) -> Response:
    """Note that a doctor's letter about one row was seen, or take it back."""
    seen = visit.form.get("seen") != "no"
    row = visit.review.letter(visit.path("id"), visit.staff, str(visit.form.get("condition", "")), seen=seen)
    words = "Noted: the letter was seen." if seen else "Noted: that letter does not count."
    return said(f"{HOME}/screenings/{row['id']}", words)


def transcript(visit: Visit) -> Response:
    """Everything that was said in a conversation."""
    name = visit.path("id")
    return visit.page(
        "transcript.html",
        messages=visit.review.transcript(name, visit.staff),
        conversation=visit.review.conversation(name),
        screenings=visit.review.screenings(visit.staff, conversation_id=name).rows,
        form=MessageForm(),
    )


def write(visit: Visit) -> Response:
    """Send a client a message of one's own."""
    form, name = MessageForm(visit.form), visit.path("id")
    if not form.validate():
        raise Invalid("The message is empty or too long.")
    visit.review.write(name, visit.staff, form.text.data)
    return said(f"{HOME}/conversations/{name}", "Sent. It appears here as soon as it is delivered.")


def join(visit: Visit) -> Response:
    """Write in a chat oneself, with the bot quiet."""
    visit.review.join(visit.path("id"), visit.staff)
    return said(f"{HOME}/conversations/{visit.path('id')}", "The bot is quiet now. Hand the chat back afterwards.")


def leave(visit: Visit) -> Response:
    """Hand a chat back to the bot."""
    visit.review.leave(visit.path("id"), visit.staff)
    return said(f"{HOME}/conversations/{visit.path('id')}", "The bot answers again.")


def bookings(visit: Visit) -> Response:
    """Bookings that need something, or those of one state."""
    state = visit.query("state")
    if state is not None and state not in view.BOOKING_STATES:
        state = None
    start = _page_number(visit.query("start"))
    size = 25
    rows = visit.review.bookings(visit.staff, state=state, open_only=state is None, offset=start, limit=size + 1)
    return visit.page(
        "bookings.html",
        rows=rows[:size],
        actions={row["reference"]: _actions(row, visit.staff) for row in rows},
        state=state,
        start=start,
        following=start + size if len(rows) > size else None,
        **_booking_forms(visit),
    )


def booking_act(visit: Visit) -> Response:
    """Confirm, decline, propose, cancel, or note how a visit went."""
    action = ACTIONS.get(visit.path("action"))
    if action is None:
        raise NotFound("There is no such page.")
    start, therapist = None, None
    if action is Action.PROPOSE:
        form = _propose_form(visit)
        if not form.validate():
            raise Invalid(" ".join(error for errors in form.errors.values() for error in errors))
        start, therapist = form.start.data.replace(tzinfo=visit.console.zone), form.therapist.data
    else:
        form = BookingForm(visit.form)
        if not form.validate():
            raise Invalid("The message is too long.")
    row = visit.review.act(
        visit.path("reference"),
        action,
        visit.staff,
        message_to_client=form.message_to_client.data or "",
        version=form.version.data,
        start=start,
        therapist=therapist,
    )
    target = f"{HOME}/screenings/{row['screening_id']}" if visit.form.get("from") == "screening" else f"{HOME}/bookings"
    return said(target, f"{row['reference']}: {_DONE[action]}")


def waiting(visit: Visit) -> Response:
    """People who asked for a person, emergencies that hold a chat, chats that somebody of the team has taken."""
    return visit.page(
        "waiting.html",
        hand_offs=visit.review.hand_offs(visit.staff),
        incidents=visit.review.incidents() if visit.staff.clinical else [],
        joined=visit.review.joined(visit.staff) if visit.staff.clinical else [],
        form=NoteForm(),
    )


def hand_off_done(visit: Visit) -> Response:
    """Take somebody from the list of those who wait."""
    visit.review.hand_off_done(_row_number(visit.path("id")), visit.staff)
    return said(f"{HOME}/waiting", "Taken from the list.")


def release(visit: Visit) -> Response:
    """Lift the hold of a chat."""
    form = NoteForm(visit.form)
    if not form.validate():
        raise Invalid("Add a note: what was found out, and from whom.")
    visit.review.release(_row_number(visit.path("id")), visit.staff, form.note.data)
    return said(f"{HOME}/waiting", "The hold is lifted.")


def questions(visit: Visit) -> Response:
    """What the bot could not answer."""
    return visit.page(
        "questions.html",
        groups=visit.review.questions(visit.staff),
        marked=visit.review.marked(visit.staff),
        topics={name: topic.title for name, topic in visit.console.context.topics.items()},
    )


def mark(visit: Visit) -> Response:
    """Say what questions mean."""
    label = str(visit.form.get("label") or "")
    if not label:
        raise Invalid("Choose what the question means.")
    marked = visit.review.mark(_ids(visit), visit.staff, label)
    return said(f"{HOME}/questions", f"{marked} marked as examples.")


def unmark(visit: Visit) -> Response:
    """Put a marked question back on the list."""
    visit.review.unmark(_row_number(visit.path("id")), visit.staff)
    return said(f"{HOME}/questions", "Back on the list.")


def settle(visit: Visit) -> Response:
    """Take questions from the list."""
    form = SettleForm(visit.form)
    if not form.validate():
        raise Invalid("Say what was done about the question.")
    settled = visit.review.settle(_ids(visit), visit.staff, form.outcome.data)
    return said(f"{HOME}/questions", f"{settled} taken from the list.")


# ------------------------------------------------------------------ parts


def _actions(booking: Json | None, staff: Staff) -> list[str]:
    """What may be done to a booking now, by the names of the addresses; or what has to happen first."""
    if booking is None:
        return []
    allowed = set(TRANSITIONS[State(booking["state"])])
    begun = booking["slot"] is not None and datetime.fromisoformat(booking["slot"]["start"]) <= now()
    allowed &= {Action.COMPLETE, Action.NO_SHOW} if begun else set(Action) - {Action.COMPLETE, Action.NO_SHOW}
    hints = []
    if booking["approval"] == "missing" and allowed & {Action.CONFIRM, Action.PROPOSE}:
        allowed -= {Action.CONFIRM, Action.PROPOSE}
        hints = ["approval-first"]
    elif booking["approval"] == "by_confirming" and Action.CONFIRM in allowed and not staff.clinical:
        allowed -= {Action.CONFIRM}
        hints = ["therapist-first"]
    return hints + [name for name, action in ACTIONS.items() if action in allowed]


def _booking_forms(visit: Visit) -> Json:
    return {"booking_form": BookingForm(), "propose_form": _propose_form(visit)}


def _propose_form(visit: Visit) -> ProposeForm:
    form = ProposeForm(visit.form if "start" in visit.form else None)
    clinic = visit.console.context.clinic
    form.therapist.choices = {one.id: one.name for one in clinic.therapists if one.active}
    tomorrow = view.local(now(), visit.console.zone) + timedelta(days=1)
    form.start.render_kw = {"min": tomorrow.strftime("%Y-%m-%dT00:00"), "step": 900}
    return form


def _ids(visit: Visit) -> list[int]:
    return [_row_number(part) for value in visit.form.getlist("id") for part in str(value).split(",")]


def _row_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise NotFound("There is no such thing.")
    return int(text)


def _page_number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0


PAGES = (
    Page("GET", "/queue", EVERYONE, queue),
    Page("GET", "/screenings/{id}", EVERYONE, screening),
    Page("POST", "/screenings/{id}/claim", CLINICAL, claim),
    Page("POST", "/screenings/{id}/decision", CLINICAL, decide),
    Page("POST", "/screenings/{id}/letters", CLINICAL, letter),
    Page("GET", "/conversations/{id}", CLINICAL, transcript),
    Page("POST", "/conversations/{id}/write", CLINICAL, write),
    Page("POST", "/conversations/{id}/join", CLINICAL, join),
    Page("POST", "/conversations/{id}/leave", CLINICAL, leave),
    Page("GET", "/bookings", EVERYONE, bookings),
    Page("POST", "/bookings/{reference}/{action}", EVERYONE, booking_act),
    Page("GET", "/waiting", EVERYONE, waiting),
    Page("POST", "/waiting/{id}/done", EVERYONE, hand_off_done),
    Page("POST", "/incidents/{id}/release", CLINICAL, release),
    Page("GET", "/questions", CLINICAL, questions),
    Page("POST", "/questions/mark", CLINICAL, mark),
    Page("POST", "/questions/settle", CLINICAL, settle),
    Page("POST", "/questions/{id}/unmark", CLINICAL, unmark),
)
