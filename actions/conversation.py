"""The acts of a conversation: greeting, menu, a person, repeating, one's own data."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet
from sqlalchemy import func, select

from actions._turn import Done, Turn, TurnAction, context, main_menu, menu
from bot.bookings import BookingDesk
from bot.clinical.record import Record
from bot.reply import Button, Link, Reply, ReplyKind
from bot.screening import ScreeningDesk
from bot.screening_replies import ScreeningReplies
from bot.store import bookings, conversations, screenings
from bot.store.models import Booking, Consent, Message

NOWHERE = SlotSet("next_flow", "none")


def text(key: str, **variables: object) -> str:
    return context().wording.text(key, **variables)


def phone_links() -> tuple[Link, ...]:
    """The clinic's phone to tap, where it is set."""
    phone = context().clinic.clinic.phone
    return (Link(f"Call {phone}", f"tel:{phone.replace(' ', '')}"),) if phone else ()


class _Says(TurnAction):
    """An act that has one text."""

    wording = ""
    kind = ReplyKind.NOTICE
    with_menu = True

    def act(self, turn: Turn) -> Done:
        buttons = main_menu() if self.with_menu and not turn.in_form else ()
        return Done((Reply(text(self.wording), self.kind, buttons),))


class Greet(TurnAction):
    """Greet; a returning client is told how things stand."""

    def name(self) -> str:
        return "action_greet"

    def act(self, turn: Turn) -> Done:
        if turn.in_form:
            return Done()
        open_request = bookings.latest_open(turn.session, turn.conversation.id)
        unfinished = ScreeningDesk(context()).open_question(turn.session, turn.conversation)
        buttons = main_menu()
        state = ""
        if open_request is not None:
            state = text("state_request", reference=open_request.reference)
            buttons = (*menu(("button.my_booking", "my_booking")), *buttons)
        elif unfinished is not None:
            state = text("state_unfinished")
            buttons = (*menu(("button.resume", "screen")), *buttons)
        words = text("greeting_back", state=state) if state else text("greeting_again")
        return Done((Reply(words, ReplyKind.MENU, buttons),))


class Help(_Says):
    """Show what the bot can do."""

    points_on = True
    wording = "help"
    kind = ReplyKind.MENU

    def name(self) -> str:
        return "action_help"


class Goodbye(_Says):
    """Say goodbye."""

    wording = "goodbye"
    with_menu = False

    def name(self) -> str:
        return "action_goodbye"


class Thanks(_Says):
    """Accept thanks."""

    wording = "thanks"

    def name(self) -> str:
        return "action_thanks"


class Unsure(_Says):
    """ "Not sure" when nothing was asked."""

    wording = "unsure_nothing_asked"

    def name(self) -> str:
        return "action_unsure"


class Back(_Says):
    """Back, when there is nothing to go back to, or the questions are over."""

    wording = "back_none"

    def name(self) -> str:
        return "action_back"

    def act(self, turn: Turn) -> Done:
        if screenings.latest_finished(turn.session, turn.conversation.id) is None:
            return super().act(turn)
        again = Button(text("button.start_again"), {"do": "intent", "intent": "screen", "again": True})
        return Done((Reply(text("back_finished"), ReplyKind.MENU, (again, *menu(("button.person", "person")))),))


class Stop(_Says):
    """Stop, when there is nothing to stop."""

    wording = "stop_none"

    def name(self) -> str:
        return "action_stop"


class Why(_Says):
    """Why, when nothing was asked."""

    wording = "why_none"

    def name(self) -> str:
        return "action_why"


class Person(TurnAction):
    """Pass the conversation on to a person."""

    points_on = True

    def name(self) -> str:
        return "action_person"

    def act(self, turn: Turn) -> Done:
        conversations.hand_off(turn.session, turn.conversation.id, "person")
        hours = context().clinic.clinic.human_hours
        return Done((Reply(text("person_asked", human_hours=hours), ReplyKind.NOTICE, links=phone_links()),))


class Repeat(TurnAction):
    """Say the last thing again."""

    def name(self) -> str:
        return "action_repeat"

    def act(self, turn: Turn) -> Done:
        last = conversations.last_bot_message(turn.session, turn.conversation.id)
        if last is None:
            return Done((Reply(text("repeat_none"), buttons=main_menu()),))
        said = conversations.replies_to(turn.session, last.in_reply_to) if last.in_reply_to else [last]
        return Done(tuple(conversations.as_reply(turn.session, row) for row in said))


class GiveFeedback(TurnAction):
    """Take a comment on the chat."""

    def name(self) -> str:
        return "action_feedback"

    def act(self, turn: Turn) -> Done:
        conversations.comment(turn.session, turn.conversation, turn.message.text)
        return Done((Reply(text("feedback_thanks"), ReplyKind.NOTICE),))


class MyData(TurnAction):
    """Show a client what is kept about them, in plain words."""

    points_on = True

    def name(self) -> str:
        return "action_my_data"

    def act(self, turn: Turn) -> Done:
        session, conversation = turn.session, turn.conversation
        count = session.scalar(select(func.count()).where(Message.conversation_id == conversation.id))
        consent = session.scalar(
            select(Consent).where(Consent.conversation_id == conversation.id).order_by(Consent.id.desc()).limit(1)
        )
        screening = screenings.open_one(session, conversation.id) or screenings.latest_finished(
            session, conversation.id
        )
        replies = ScreeningReplies(context())
        lines = replies.in_words(Record.from_json(screening.record)) if screening is not None else []
        requests = [
            text("my_data_request", reference=reference)
            for reference in session.scalars(
                select(Booking.reference).where(Booking.conversation_id == conversation.id)
            )
        ]
        words = text(
            "my_data",
            messages=count,
            answers=lines,
            bookings=requests,
            consent_on=replies.day(consent.at) if consent is not None else "",
        )
        buttons = menu(("button.download", "export_data"), ("button.delete", "delete_data"))
        return Done((Reply(words, ReplyKind.NOTICE, buttons),))


class ExportData(TurnAction):
    """Tell a client how to download what is kept."""

    points_on = True

    def name(self) -> str:
        return "action_export_data"

    def act(self, turn: Turn) -> Done:
        return Done((Reply(text("export_where"), ReplyKind.NOTICE, meta={"export": True}),))


class DeleteData(TurnAction):
    """Ask once, then have everything deleted (the gateway does it: the engine's part goes too)."""

    points_on = True

    def name(self) -> str:
        return "action_delete_data"

    def act(self, turn: Turn) -> Done:
        conversations.set_context(turn.conversation, pending="erase")
        buttons = (
            Button(text("button.delete_yes"), {"do": "erase"}),
            Button(text("button.delete_no"), {"do": "intent", "intent": "deny"}),
        )
        return Done((Reply(text("delete_confirm"), ReplyKind.CONFIRM, buttons),))


class StartAgain(TurnAction):
    """Clear unfinished questions and begin anew, after asking once."""

    def name(self) -> str:
        return "action_start_again"

    def act(self, turn: Turn) -> Done:
        if turn.do.get("sure"):
            return start_again(turn)
        conversations.set_context(turn.conversation, pending="start_again")
        buttons = (
            Button(text("button.start_again_yes"), {"do": "intent", "intent": "start_again", "sure": True}),
            Button(text("button.start_again_no"), {"do": "intent", "intent": "deny"}),
        )
        return Done((Reply(text("start_again_confirm"), ReplyKind.CONFIRM, buttons),), (NOWHERE,))

    def failed(self) -> list[EventType]:
        return [NOWHERE]


class Affirm(TurnAction):
    """A yes outside a form: to what was just asked, if anything was."""

    def name(self) -> str:
        return "action_affirm"

    def act(self, turn: Turn) -> Done:
        pending = turn.conversation.context.get("pending")
        conversations.set_context(turn.conversation, pending=None)
        if pending == "erase":
            conversations.set_context(turn.conversation, erase=True)
            return Done((), (NOWHERE,))
        if pending == "start_again":
            return start_again(turn)
        if pending == "cancel_booking":
            return Done((BookingDesk(context()).cancel(turn.session, turn.conversation),), (NOWHERE,))
        return Done((Reply(text("affirm_nothing_asked"), ReplyKind.MENU, main_menu()),), (NOWHERE,))

    def failed(self) -> list[EventType]:
        return [NOWHERE]


class Deny(TurnAction):
    """A no outside a form: to what was just asked, if anything was."""

    def name(self) -> str:
        return "action_deny"

    def act(self, turn: Turn) -> Done:
        pending = turn.conversation.context.get("pending")
        conversations.set_context(turn.conversation, pending=None)
        key = {"erase": "delete_not", "start_again": "start_again_not", "cancel_booking": "booking.cancel_not"}
        return Done((Reply(text(key.get(str(pending), "deny_nothing_asked")), ReplyKind.NOTICE, main_menu()),))


class Hold(TurnAction):
    """An emergency closed the open form; the emergency message says everything."""

    def name(self) -> str:
        return "action_hold"

    def act(self, turn: Turn) -> Done:
        return Done()


class Resume(TurnAction):
    """Go on where the dialogue was before it was put on hold."""

    def name(self) -> str:
        return "action_resume"

    def act(self, turn: Turn) -> Done:
        return Done((), (SlotSet("next_flow", open_flow(turn)),))

    def failed(self) -> list[EventType]:
        return [NOWHERE]


class LooseAnswer(TurnAction):
    """An answer to a question that is no longer open: go on with what is, or say that it was answered."""

    def name(self) -> str:
        return "action_loose_answer"

    def act(self, turn: Turn) -> Done:
        flow = open_flow(turn)
        if turn.do.get("do") == "answers" and flow == "screening":
            taken = ScreeningDesk(context()).take(turn.session, turn.conversation, turn.heard)
            return Done(taken.replies, (SlotSet("next_flow", flow),))
        replies = (Reply(text("stale_button"), ReplyKind.NOTICE, main_menu() if flow == "none" else ()),)
        return Done(replies, (SlotSet("next_flow", flow),))

    def failed(self) -> list[EventType]:
        return [NOWHERE]


def open_flow(turn: Turn) -> str:
    """Which form has something left to ask."""
    if turn.conversation.lock is not None:
        return "none"
    if screenings.open_one(turn.session, turn.conversation.id) is not None:
        return "screening"
    return "booking" if turn.conversation.context.get("draft") else "none"


def start_again(turn: Turn) -> Done:
    """Unfinished questions and drafts are cleared; results and requests stay."""
    unfinished = screenings.open_one(turn.session, turn.conversation.id)
    if unfinished is not None and unfinished.finished_at is None:
        turn.session.delete(unfinished)
    conversations.set_context(turn.conversation, draft=None, pending=None, topic=None)
    return Done((Reply(text("start_again_done"), ReplyKind.MENU, main_menu()),), (NOWHERE,))
