"""The booking request as use cases: open it behind its gate, take an answer, ask the next question, send it.

What a client may ask for is decided by the stored screening, never by the dialogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.booking import draft as drafting
from bot.booking.contact import Contact
from bot.booking.draft import Draft, Phrase, Step
from bot.booking.replies import misread, prefill, understand
from bot.booking.states import Action, State
from bot.booking.when import say_day, say_time, say_when
from bot.cards import booking_card
from bot.clinical.record import Record
from bot.clinical.triage import bring_up
from bot.context import Context
from bot.reply import Button, Reply, ReplyKind
from bot.screening import RESUME, SURE, Heard, ScreeningDesk, Taken, is_question_of_client
from bot.store import bookings, conversations, now, screenings
from bot.store.bookings import NotApproved, SlotTaken, WrongTime
from bot.store.models import Booking, Conversation
from bot.store.screenings import Gate

MOST_TRIES = 2
_COMMANDS = ("back", "stop", "start_again", "repeat", "why", "book", "reschedule")


class BookingDesk:
    """The booking requests of one clinic."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._say = context.wording.text
        self._screening = ScreeningDesk(context)

    # ------------------------------------------------------------ entering

    def start(
        self, session: Session, conversation: Conversation, moves: bool = False, said: str = ""
    ) -> tuple[tuple[Reply, ...], str]:
        """Open a request, or say what comes first.

        Args:
            said: the message that began it; what it names already is not asked again.
            moves: the client wants another time for a request that exists.

        Returns:
            What to say, and the gate: "open", "screen" (health questions first) or "closed".
        """
        if conversation.lock is not None:
            return (self._screening.locked(conversation),), "closed"
        existing = bookings.latest_open(session, conversation.id)
        if moves and existing is None:
            return (
                Reply(self._say("booking.reschedule_none"), ReplyKind.BOOKING, self._menu("button.book")),
            ), "closed"
        gate, screening = screenings.gate(session, conversation)
        if gate is Gate.SCREEN:
            taken = self._screening.start(session, conversation, "booking", again=False)
            lead = Reply(self._say("booking.needs_screening_first"), ReplyKind.NOTICE)
            return (lead, *taken.replies), "closed" if taken.done else "screen"
        if gate is Gate.NO_BOOKING:
            return (Reply(self._say("booking.refused_stop"), ReplyKind.BOOKING, self._menu("button.person")),), "closed"
        if gate is Gate.EMERGENCY:
            words = self._say("booking.refused_emergency")
            return (Reply(words, ReplyKind.BOOKING, self._menu("button.call_me")),), "closed"
        assert screening is not None
        if existing is not None and gate is Gate.REQUEST and (moves or existing.start is None):
            return self._choose_again(conversation, existing, moves), "open"
        if existing is not None:
            keys = ("button.my_booking", "button.reschedule", "button.cancel_booking")
            return (Reply(self._say("booking.already_open"), ReplyKind.BOOKING, self._menu(*keys)),), "closed"
        unfinished = conversation.context.get("draft")
        draft = Draft(provisional=gate is Gate.PROVISIONAL)
        if unfinished and Draft.from_json(unfinished).provisional == draft.provisional:
            draft = Draft.from_json(unfinished)
            self._keep(conversation, draft)
            return (Reply(self._say("booking.resumed")),), "open"
        if said:
            draft = prefill(draft, said, self._context.clinic, now())
        self._keep(conversation, draft)
        key = "booking.start_provisional" if draft.provisional else "booking.start"
        return (Reply(self._say(key)),), "open"

    def _choose_again(self, conversation: Conversation, booking: Booking, moves: bool) -> tuple[Reply, ...]:
        """Only the time is open: everything else is known from the request that exists."""
        contact = Contact(booking.phone, booking.email)
        draft = Draft(
            service=booking.service,
            therapist=booking.therapist if not booking.any_therapist else drafting.ANY,
            name=booking.name,
            contact=contact.value,
            moves=booking.reference,
            given=("service", "therapist", "name", "contact"),
        )
        self._keep(conversation, draft)
        if booking.start is None:
            return (Reply(self._say("booking.start")),)
        return (Reply(self._say("booking.reschedule_start", **self._variables(booking))),)

    # ------------------------------------------------------------ answering

    def take(self, session: Session, conversation: Conversation, heard: Heard) -> Taken:
        """Take a message as an answer to the open question of the request, as a command, or leave it alone."""
        draft = self._draft(session, conversation)
        if conversation.lock is not None or draft is None:
            return Taken(done=True)
        gate, _ = screenings.gate(session, conversation)
        if gate is not (Gate.PROVISIONAL if draft.provisional else Gate.REQUEST):
            conversations.set_context(conversation, draft=None)
            return Taken((Reply(self._say("booking.paused_update")),), done=True)
        moment = now()
        step = self._next(session, draft, moment)
        if step is None:
            return self._send(session, conversation, draft)
        if heard.intent == RESUME:
            return Taken()  # the words were the answer to an emergency's question; this one is asked again
        value: str | None = None
        do = heard.do.get("do")
        if do == "answer":
            if heard.do["question"] != f"booking/{step.id}" and not str(heard.do["value"]).startswith(drafting.CHANGE):
                return Taken((Reply(self._say("stale_button")),))
            value = str(heard.do["value"])
        elif do == "answers":
            return Taken((Reply(self._say("stale_button")),))
        else:
            command = self._command(heard, step)
            if command is not None:
                return self._obey(session, conversation, draft, step, command, heard)
            if do is not None:
                return Taken(interruption=True)
            asks = is_question_of_client(heard)
            value = _numbered(step, heard.message.text)
            if value is None and not asks:
                value = understand(step, heard.message.text, self._context.clinic, moment, self._context.phrases)
            if value is None and (asks or heard.is_other_business):
                return Taken(interruption=True)
        if value is None:
            return self._missed(session, conversation, draft, step, heard.message.text)
        draft = drafting.apply(draft, step.id, value, self._context.clinic)
        self._keep(conversation, draft)
        if self._next(session, draft, moment) is None:
            return self._send(session, conversation, draft)
        return Taken()

    def _command(self, heard: Heard, step: Step) -> str | None:
        if heard.intent not in (*_COMMANDS, "screen"):
            return None
        if heard.do.get("do") == "intent":
            return heard.intent
        short = len(heard.message.text.split()) <= 6
        return heard.intent if heard.confidence >= SURE and short and heard.intent != "book" else None

    def _obey(
        self, session: Session, conversation: Conversation, draft: Draft, step: Step, command: str, heard: Heard
    ) -> Taken:
        if command == "stop":
            conversations.set_context(conversation, draft=None)
            return Taken(
                (Reply(self._say("booking.stopped"), buttons=self._menu("button.book", "button.person")),), True
            )
        if command == "back":
            older, opened = drafting.back(draft)
            self._keep(conversation, older)
            return Taken() if opened else Taken((Reply(self._say("booking.back_first")),))
        if command == "start_again":
            self._keep(conversation, Draft(provisional=draft.provisional))
            return Taken((Reply(self._say("booking.start")),))
        if command == "why":
            return Taken((Reply(self._say("why.booking"), ReplyKind.ANSWER),))
        if command == "screen":
            return Taken((Reply(self._say("booking.back_later")),), done=True)
        return Taken()

    def _missed(self, session: Session, conversation: Conversation, draft: Draft, step: Step, text: str) -> Taken:
        draft = drafting.missed(draft)
        if draft.tries > MOST_TRIES:
            conversations.set_context(conversation, draft=None)
            conversations.hand_off(session, conversation.id, "person")
            buttons = self._menu("button.book", "button.person")
            return Taken((Reply(self._say("third_miss"), ReplyKind.FALLBACK, buttons),), done=True)
        self._keep(conversation, draft)
        hint = misread(step, text, self._context.clinic)
        return Taken((Reply(self._say(hint), ReplyKind.FALLBACK),))

    # ------------------------------------------------------------ asking

    def ask(self, session: Session, conversation: Conversation, interrupted: bool) -> tuple[Reply, ...]:
        """The open question of the request."""
        draft = self._draft(session, conversation)
        step = self._next(session, draft, now()) if draft is not None else None
        if step is None or conversation.lock is not None:
            return ()
        if draft is not None and draft.tries and not step.choices and not interrupted:
            return ()  # the hint that was just given ends with the question
        text = self._text(step.wording, step.variables)
        if draft is not None and draft.tries and not interrupted:
            text = ""  # the hint that was just given is the question; its choices follow
        if interrupted:
            text = f"{self._say('back_to_booking')}\n\n{text}"
        buttons = tuple(
            Button(self._words(choice.title), {"do": "answer", "question": f"booking/{step.id}", "value": choice.value})
            for choice in step.choices
        )
        if step.id != "summary" and buttons:
            lines = "\n".join(f"{place}. {button.title}" for place, button in enumerate(buttons, start=1))
            text = f"{text}\n\n{lines}".strip()
        kind = ReplyKind.CONFIRM if step.id == "summary" else ReplyKind.QUESTION
        meta: dict[str, Any] = {"booking_step": step.id}
        if step.times:
            meta["slots"] = {"days": [self._free_day(day, starts) for day, starts in step.times.items()]}
        return (Reply(text, kind, buttons, meta=meta),)

    def _free_day(self, day: str, starts: Iterable[datetime]) -> dict[str, Any]:
        """A day and its free times, for channels that can show them together."""
        zone = self._context.clinic.zone
        times = [{"start": _iso(start), "title": say_time(start.astimezone(zone).time())} for start in starts]
        return {"date": day, "title": say_day(date.fromisoformat(day)), "times": times}

    # ------------------------------------------------------------ sending

    def _send(self, session: Session, conversation: Conversation, draft: Draft) -> Taken:
        """Write the request. When the time is gone meanwhile, only the time is asked again."""
        moment = now()
        clinic = self._context.clinic
        found = drafting.ready(draft, clinic, self._slots(session, draft, moment))
        _, screening = screenings.gate(session, conversation)
        if found is None or screening is None:
            return self._time_gone(conversation, draft)
        try:
            if draft.moves is not None:
                assert found.slot is not None
                booking = bookings.reschedule(
                    session,
                    draft.moves,
                    slot=found.slot,
                    service=found.service,
                    now=moment,
                    hold=clinic.booking.hold,
                    any_therapist=found.any_therapist,
                    screening_id=screening.id,
                    name=found.name,
                    contact=found.contact,
                )
            else:
                booking = bookings.request(
                    session,
                    conversation_id=conversation.id,
                    screening_id=screening.id,
                    service=found.service,
                    slot=found.slot,
                    name=found.name,
                    contact=found.contact,
                    now=moment,
                    hold=clinic.booking.hold,
                    therapist=found.therapist,
                    any_therapist=found.any_therapist,
                )
        except (SlotTaken, WrongTime):
            return self._time_gone(conversation, draft)
        except NotApproved:
            conversations.set_context(conversation, draft=None)
            return Taken((Reply(self._say("booking.refused_stop"), buttons=self._menu("button.person")),), done=True)
        conversations.set_context(conversation, draft=None)
        return Taken((self._sent(booking),), done=True)

    def _time_gone(self, conversation: Conversation, draft: Draft) -> Taken:
        self._keep(conversation, replace(draft, start=None, confirmed=False))
        return Taken((Reply(self._say("booking.slot_taken")),))

    def _sent(self, booking: Booking) -> Reply:
        buttons = self._menu("button.my_booking")
        if booking.start is None:
            text = self._say("booking.provisional_requested", reference=booking.reference)
        else:
            hours = self._context.clinic.booking.hold_hours
            text = self._say(
                "booking.requested", reference=booking.reference, when=self.when(booking.start), hold_hours=hours
            )
        return Reply(text, ReplyKind.BOOKING, buttons, meta={"booking": booking_card(booking, self._context.clinic)})

    # ------------------------------------------------------------ an existing request

    def status(self, session: Session, conversation: Conversation) -> Reply:
        """How the newest request stands, with what can be done about it."""
        booking = bookings.latest(session, conversation.id)
        if booking is None:
            return Reply(self._say("booking.status_none"), ReplyKind.BOOKING, self._menu("button.book"))
        state = State(booking.state)
        key = {
            State.PROVISIONAL: "provisional",
            State.REQUESTED: "requested",
            State.PROPOSED: "proposed",
            State.CONFIRMED: "confirmed",
            State.DECLINED: "declined",
            State.EXPIRED: "expired",
            State.COMPLETED: "completed",
            State.NO_SHOW: "completed",
        }.get(state, "cancelled")
        text = self._say(f"booking.status_{key}", **self._variables(booking))
        buttons: tuple[Button, ...] = self._menu("button.book")
        if state is State.PROPOSED:
            buttons = self._proposal_buttons()
        elif state in (State.REQUESTED, State.CONFIRMED):
            buttons = self._menu("button.reschedule", "button.cancel_booking")
        elif state is State.PROVISIONAL:
            gate, _ = screenings.gate(session, conversation)
            keys = ("button.book", "button.cancel_booking") if gate is Gate.REQUEST else ("button.cancel_booking",)
            buttons = self._menu(*keys)
        return Reply(text, ReplyKind.BOOKING, buttons, meta={"booking": booking_card(booking, self._context.clinic)})

    def ask_cancel(self, session: Session, conversation: Conversation) -> Reply:
        """Ask once before a request is cancelled, with what the clinic's policy says."""
        booking = bookings.latest_open(session, conversation.id)
        if booking is None:
            return Reply(self._say("booking.cancel_none"), ReplyKind.BOOKING, self._menu("button.book"))
        conversations.set_context(conversation, pending="cancel_booking")
        policy = self._context.clinic.policies.cancellation
        text = self._say(
            "booking.cancel_confirm",
            **self._variables(booking),
            notice_hours=policy.notice_hours or "",
            fee=policy.fee or "",
        )
        buttons = (
            Button(self._say("button.cancel_yes"), {"do": "intent", "intent": "affirm"}),
            Button(self._say("button.cancel_no"), {"do": "intent", "intent": "deny"}),
        )
        return Reply(text, ReplyKind.CONFIRM, buttons, meta={"booking": booking_card(booking, self._context.clinic)})

    def cancel(self, session: Session, conversation: Conversation) -> Reply:
        """Cancel the open request."""
        booking = bookings.latest_open(session, conversation.id)
        if booking is None:
            return Reply(self._say("booking.cancel_none"), ReplyKind.BOOKING, self._menu("button.book"))
        variables = self._variables(booking)
        booking = bookings.cancel(session, booking.reference, now())
        text = self._say("booking.cancelled", **variables)
        return Reply(
            text,
            ReplyKind.BOOKING,
            self._menu("button.book"),
            meta={"booking": booking_card(booking, self._context.clinic)},
        )

    def answer_proposal(self, session: Session, conversation: Conversation, accepts: bool) -> Reply:
        """The client's word on a time that staff proposed."""
        booking = bookings.latest_open(session, conversation.id)
        if booking is None or booking.state != State.PROPOSED:
            return Reply(self._say("stale_button"), ReplyKind.BOOKING, self._menu("button.my_booking"))
        variables = self._variables(booking)
        action = Action.ACCEPT if accepts else Action.REFUSE
        hold = self._context.clinic.booking.hold
        booking = bookings.transition(session, booking.reference, action, now(), hold=hold)
        text = self._say(f"booking_proposal_{'accepted' if accepts else 'refused'}", **variables)
        buttons = () if accepts else self._menu("button.book")
        return Reply(text, ReplyKind.BOOKING, buttons, meta={"booking": booking_card(booking, self._context.clinic)})

    def withdraw(self, session: Session, conversation: Conversation) -> bool:
        """Let a held or confirmed time go because the health answers changed; the request stays, without a time."""
        booking = bookings.latest_open(session, conversation.id)
        if booking is None or State(booking.state) not in (State.REQUESTED, State.PROPOSED, State.CONFIRMED):
            return False
        bookings.transition(session, booking.reference, Action.AWAIT_LETTER, now())
        return True

    def _proposal_buttons(self) -> tuple[Button, ...]:
        """Yes and no to a proposed time."""
        return (
            Button(self._say("button.accept_time"), {"do": "intent", "intent": "my_booking", "proposal": True}),
            Button(self._say("button.other_time"), {"do": "intent", "intent": "my_booking", "proposal": False}),
        )

    # ------------------------------------------------------------ small helpers

    def _draft(self, session: Session, conversation: Conversation) -> Draft | None:
        kept = conversation.context.get("draft")
        if not kept:
            return None
        return replace(Draft.from_json(kept), prenatal=self._prenatal(session, conversation))

    def _keep(self, conversation: Conversation, draft: Draft) -> None:
        """Keep a draft with the conversation, without what it knows about health."""
        conversations.set_context(conversation, draft=replace(draft, prenatal=False).to_json())

    def _prenatal(self, session: Session, conversation: Conversation) -> bool:
        _, screening = screenings.gate(session, conversation)
        if screening is None:
            return False
        return "pregnancy" in bring_up(Record.from_json(screening.record), self._context.rules)

    def _slots(self, session: Session, draft: Draft, moment: datetime) -> drafting.SlotsFn:
        clinic = self._context.clinic
        busy = bookings.busy(session, moment, moment + clinic.booking.horizon, without=draft.moves)
        return drafting.slots_for(clinic, busy, moment)

    def _next(self, session: Session, draft: Draft, moment: datetime) -> Step | None:
        return drafting.next_step(draft, self._context.clinic, self._slots(session, draft, moment), moment)

    def _text(self, key: str, variables: Mapping[str, Any]) -> str:
        return self._say(key, **{name: self._words(value) for name, value in variables.items()})

    def _words(self, value: str | Phrase) -> str:
        return self._say(value.id) if isinstance(value, Phrase) else value

    def when(self, moment: datetime) -> str:
        """A time in the clinic's zone, in words."""
        return say_when(moment, self._context.clinic.zone)

    def _variables(self, booking: Booking) -> dict[str, str]:
        clinic = self._context.clinic
        service = clinic.service(booking.service)
        therapist = clinic.therapist(booking.therapist) if booking.therapist else None
        return {
            "reference": booking.reference,
            "when": self.when(booking.start) if booking.start else self._say("booking.no_time_yet"),
            "service": service.name if service else booking.service,
            "therapist": therapist.name if therapist else self._say("booking.any_therapist"),
        }

    def _menu(self, *keys: str) -> tuple[Button, ...]:
        return tuple(Button(self._say(key), {"do": "intent", "intent": _INTENT_OF[key]}) for key in keys)


_INTENT_OF = {
    "button.person": "person",
    "button.call_me": "person",
    "button.book": "book",
    "button.my_booking": "my_booking",
    "button.reschedule": "reschedule",
    "button.cancel_booking": "cancel_booking",
}


def _numbered(step: Step, text: str) -> str | None:
    """A bare number is the choice at that place: the list was shown with numbers."""
    number = text.strip().rstrip(".)")
    if step.id == "summary" or not number.isdigit() or not 1 <= int(number) <= len(step.choices):
        return None
    return step.choices[int(number) - 1].value


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
