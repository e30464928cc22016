"""The pre-screen as use cases: open it, take an answer, word the next question, give the result.

The store holds the truth; the engine only asks "what now?". Every function works inside the session it is given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import emergency
from bot.clinical import answers as understanding
from bot.clinical.interview import (
    CONFIRMING,
    MOST_TRIES,
    Kind,
    Question,
    back,
    next_question,
    open_lists,
    outcome,
    reopen,
    started,
)
from bot.clinical.model import Care, Emergency, Mention, Reading, Signal, Status, Tier
from bot.clinical.record import (
    BRINGS_UP,
    DECLINED,
    NO,
    UNCLEAR,
    UNSURE,
    YES,
    Record,
    Said,
)
from bot.clinical.rules import TAKEN_BACK, Rules
from bot.clinical.triage import FOR_ANOTHER, HEARD, MINOR_ROW, Outcome, bring_up, heard_groups, open_questions, triage
from bot.context import Context
from bot.reply import Button, Reply, ReplyKind
from bot.screening_replies import CONTINUE, ScreeningReplies
from bot.store import conversations, now, screenings
from bot.store.models import Conversation, Message, Screening
from bot.store.screenings import Gate

RESUME = "resume"  # the dialogue goes on after a hold
SURE = 0.65  # confidence (0-1) from which a message inside the questions counts as a question of the client
RETURNING_TIERS = ("NONE", "CAUTION")

_ASKS = re.compile(
    r"^((yes|yeah|yep|yup|no|nope|nah|ok|okay)[\s,.!;-]+((but|and|just|please|first)\s+)*)?"
    r"(what|why|how|when|where|who|which|is|are|can|could|do|does|did|will|would|should|may|am"
    r"|tell me|show me|explain)\b",
    re.IGNORECASE,
)
_ASKS_WHY = re.compile(
    r"\W*((but|and|so|ok|okay|hm+|sorry|yes|no)\W+)*(?:why\W+((is|line|number|no|nr|question|item)\W+)*\d+\b"
    r"|(why|what for|for what reason)\W+"
    r"(do|does|is|would|are|did|should|must)\W+"
    r"((you|u|ya|they|i)\b.*\b(ask|asking|know|need|want|tell|answer|say)\b"
    r"|.*\b(matter|matters|important|relevant|needed|necessary|asked)\b))",
    re.IGNORECASE | re.DOTALL,
)
_GOES_ON = re.compile(
    r"\W*((ok|okay|yes|right|fine|please|lets|let's)\W+)*(continue|go on|carry on|resume|keep going|proceed)"
    r"(\W+(please|then|now))*\W*",
    re.IGNORECASE,
)

_BEGINS_AN_ANSWER = re.compile(r"\s*(?:yes|yeah|yep|yup|no|nope|nah|none|nothing|not|never|only|just)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message inside the questions."""

    replies: tuple[Reply, ...] = ()
    done: bool = False  # the questions are over, finished or left
    interruption: bool = False  # not an answer: let the dialogue answer it, then ask again


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it reaches the questions."""

    message: Message
    intent: str
    confidence: float

    @property
    def do(self) -> Mapping[str, Any]:
        return self.message.payload or {}

    @property
    def is_question(self) -> bool:
        text = self.message.text.strip()
        return text.endswith("?") or _ASKS.match(text) is not None

    @property
    def is_other_business(self) -> bool:
        """True when the dialogue knows what is meant, and it is neither a small word (yes, thanks) nor an answer.

        Words that are nobody's business here ("green giraffes") and what begins with yes or no are an answer that was
        not understood, unless the client asks something.
        """
        if self.intent == "nlu_fallback" or self.confidence < SURE or self.intent in _SMALL_REPLIES:
            return False
        return self.is_question or not (self.intent in _NOBODYS_BUSINESS or _BEGINS_AN_ANSWER.match(self.message.text))


class ScreeningDesk:
    """The health questions of one clinic."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rules = context.rules
        self._say = context.wording.text
        self._replies = ScreeningReplies(context)

    # ------------------------------------------------------------ entering

    def start(
        self, session: Session, conversation: Conversation, origin: str, again: bool, rest: bool = False
    ) -> Taken:
        """Open the questions, go on with unfinished ones, or say why not. `done` means: nothing will be asked.

        Args:
            origin: "booking" to go back there afterwards.
            again: begin anew although an earlier result still counts.
            rest: after a STOP, answer what was left out, for the staff.
        """
        if conversation.lock is not None:
            return Taken((self.locked(conversation),), done=True)
        stopped = screenings.latest_finished(session, conversation.id) if rest else None
        if stopped is not None and stopped.tier == Tier.STOP.name and stopped.state == "new":
            record = _record(stopped)
            screenings.reopen(stopped)
            screenings.save_record(session, stopped, record, record.with_flag(CONTINUE), None)
            return Taken()
        late: tuple[Reply, ...] = ()
        unfinished = screenings.open_one(session, conversation.id)
        if unfinished is not None:
            hours = self._rules.ruleset.resume_hours
            if screenings.last_activity(session, unfinished) > now() - timedelta(hours=hours):
                unfinished.origin = origin or unfinished.origin
                told_late = _record(unfinished).flags & {"late_update"}
                return Taken(() if told_late else (Reply(self._say("screening.resumed")),))
            session.delete(unfinished)
            session.flush()
            late = (Reply(self._say("screening.expired"), ReplyKind.NOTICE),)
        gate, latest = screenings.gate(session, conversation)
        if gate in (Gate.REQUEST, Gate.PROVISIONAL) and not again and latest is not None:
            return Taken((self._already_valid(latest, origin),), done=True)
        screenings.begin(session, conversation.id, self._rules, mode=self._mode(latest), origin=origin)
        return Taken(late)

    def _mode(self, latest: Screening | None) -> str:
        """Short for a client who was asked everything within the year and nothing stood in the way (guide 4.6)."""
        if latest is None or latest.tier not in RETURNING_TIERS or latest.finished_at is None:
            return "full"
        since = now() - timedelta(days=30.4 * self._rules.ruleset.full_again_after_months)
        return "short" if latest.finished_at > since else "full"

    def _already_valid(self, latest: Screening, origin: str) -> Reply:
        assert latest.valid_until is not None
        buttons = (
            Button(self._say("button.book"), {"do": "intent", "intent": "book"}),
            Button(self._say("button.start_again"), {"do": "intent", "intent": "screen", "again": True}),
        )
        words = self._say("screening.already_valid", valid_until=self._replies.day(latest.valid_until))
        return Reply(words, ReplyKind.NOTICE, buttons)

    def locked(self, conversation: Conversation) -> Reply:
        """Why nothing goes on after an emergency."""
        care = Care(conversation.lock_care or Care.AMBULANCE)
        number = self._context.locale["urgent_line" if care is Care.SAME_DAY else "emergency_number"]
        return Reply(
            self._say("emergency.locked_booking", number=number),
            ReplyKind.EMERGENCY,
            (Button(self._say("button.call_me"), {"do": "intent", "intent": "person"}),),
            emergency.links(care, self._context.locale),
            meta={
                "emergency": {
                    "care": care.value,
                    "condition": conversation.lock_condition or "chest_pain",
                    "asking": conversation.lock == "asking",
                }
            },
        )

    # ------------------------------------------------------------ answering

    def take(self, session: Session, conversation: Conversation, heard: Heard) -> Taken:
        """Take a message as an answer to the open question, as a command, or leave it as an interruption."""
        screening = screenings.open_one(session, conversation.id)
        if conversation.lock is not None or screening is None:
            return Taken(done=True)
        record = _record(screening)
        question = next_question(record, self._rules)
        if question is None:
            return Taken(done=True)
        if heard.intent == RESUME:
            return Taken()  # the words were the answer to an emergency's question; this one is asked again
        result = self._take(session, conversation, screening, record, question, heard)
        if isinstance(result, Taken):
            return result
        new, replies = result
        new, noted = self._volunteered(new, question, heard)
        screenings.save_record(session, screening, record, new, heard.message.uid)
        if question.kind is Kind.CONSENT and started(new):
            screenings.give_consent(session, conversation, self._consent_version())
            before, new = new.flags, self._earlier_words(session, conversation, screening, new)
            if FOR_ANOTHER in new.flags - before:
                noted = (*noted, Reply(self._say("screening.for_another_adult")))
        return Taken((*replies, *noted), done=next_question(new, self._rules) is None)

    def _take(
        self,
        session: Session,
        conversation: Conversation,
        screening: Screening,
        record: Record,
        question: Question,
        heard: Heard,
    ) -> Taken | tuple[Record, tuple[Reply, ...]]:
        do = heard.do.get("do")
        if do == "answers" and not started(record):
            return record, ()  # nothing about health is kept before the client has agreed
        if do == "answers":
            return self._structured(record, heard.do["answers"]), ()
        if do == "answer":
            return self._pressed(session, screening, record, question, heard)
        command = self._command(record, question, heard)
        if command is not None:
            if command in ("stop", "goodbye"):
                return Taken((self._replies.paused(),), done=True)
            return self._obey(session, conversation, screening, record, question, command, heard)
        if do is not None:
            return Taken(interruption=True)
        return self._typed(session, conversation, screening, record, question, heard)

    def _command(self, record: Record, question: Question, heard: Heard) -> str | None:
        """back, stop, goodbye, start_again, repeat, why, book, screen, when meant for the questions themselves."""
        if heard.message.payload is None and _ASKS_WHY.match(heard.message.text):
            return "why"
        if heard.message.payload is None and goes_on(heard.message.text):
            return "repeat"
        if heard.intent not in ("back", "stop", "goodbye", "start_again", "repeat", "why", "book", "screen"):
            return None
        if heard.do.get("do") == "intent":
            return heard.intent
        few_words = len(heard.message.text.split()) <= (4 if question.kind in (Kind.OPEN, Kind.OTHER) else 9)
        if heard.confidence < SURE or not few_words:
            return None
        if question.kind is Kind.SUMMARY and self._replies.line_to_change(record, heard.message.text) is not None:
            return None
        answer = self._understood(question, heard.message.text, ())
        if answer is not None and question.kind not in (Kind.OPEN, Kind.OTHER):
            return None
        return heard.intent

    def _obey(
        self,
        session: Session,
        conversation: Conversation,
        screening: Screening,
        record: Record,
        question: Question,
        command: str,
        heard: Heard,
    ) -> Taken | tuple[Record, tuple[Reply, ...]]:
        if command == "back":
            older, last = back(record, self._rules)
            if last is None:
                return record, (Reply(self._say("screening.back_first")),)
            shown = self._replies.answer_in_words(record, last)
            older = self._taken_back(session, screening, record, older)
            return older, (Reply(self._say("screening.earlier_answer", answer=shown)),) if shown else ()
        if command == "start_again":
            kept = record.flags & {TAKEN_BACK}
            return Record(mode="full", flags=kept), (Reply(self._say("screening.start_again")),)
        if command == "why":
            return record, (Reply(self._replies.why(question, heard.message.text), ReplyKind.ANSWER),)
        if command == "book":
            screening.origin = "booking"
            waits = Reply(self._say("screening.book_waits"))
            if question.kind not in _CAN_STAY_UNCLEAR or heard.message.payload is not None:
                return record, (waits,)
            if record.tries.get(question.id, 0) + 1 < MOST_TRIES:
                return record.with_try(question.id), (waits,)
            return self._not_understood(session, conversation, record, question, heard.message.text)
        return record, ()  # repeat, screen: the same question is asked again

    def _pressed(
        self, session: Session, screening: Screening, record: Record, question: Question, heard: Heard
    ) -> Taken | tuple[Record, tuple[Reply, ...]]:
        value = str(heard.do["value"])
        if value.startswith("reopen:") and question.kind is Kind.SUMMARY:
            opened = reopen(record, self._rules, value.removeprefix("reopen:"))
            return self._taken_back(session, screening, record, opened), ()
        if heard.do["question"] != question.id:
            return record, (Reply(self._say("stale_button")),)
        if question.kind is Kind.CHECKLIST and value == YES:  # not a no to every line
            return self._some_fit(record, question)
        if question.kind is Kind.CHECKLIST:
            return replace_answers(record, {item.id: NO for item in question.items}), ()
        return self._answered(record, question, value, "")

    def _taken_back(self, session: Session, screening: Screening, before: Record, after: Record) -> Record:
        """The record without the words that had answered a list or "which of these?" that is open again.

        Else the row would stay up by those words, whatever is answered now. Words beside an answer stay.
        """
        opened = {question.split("/")[0] for question in before.answers if question not in after.answers}
        rows = {row for item in opened & set(self._rules.items) for row in self._rules.items[item].rows}
        return after.without_said(screenings.messages_that_answered(session, screening, opened), rows)

    def _structured(self, record: Record, given: Mapping[str, str]) -> Record:
        """Checklist answers in the order of the checklist, whatever order they came in. T6 may come along as text."""
        for item in self._rules.items.values():
            if item.id in given:
                if record.answers.get(item.id) != given[item.id]:
                    record = record.without(f"{item.id}/which", f"{item.id}/other", "summary")
                record = record.with_answer(item.id, given[item.id])
        return record

    def _typed(
        self,
        session: Session,
        conversation: Conversation,
        screening: Screening,
        record: Record,
        question: Question,
        heard: Heard,
    ) -> Taken | tuple[Record, tuple[Reply, ...]]:
        text = heard.message.text
        reading = self._context.reader.read(text)
        for_other = speaks_for_another(record, reading)
        named = {m.condition for m in reading.mentions if meant(m, for_other) in BRINGS_UP}
        ticked = {m.condition for m in reading.mentions if not m.mild}  # "asthma" is no yes to "trouble breathing now"
        answer = self._understood(question, text, named & ticked)
        if question.confirming:
            record = record.without_try(CONFIRMING + question.id)
        asks = is_question_of_client(heard)
        open_words = question.kind in (Kind.OPEN, Kind.OTHER)
        if open_words and asks and not named:
            return Taken(interruption=True)
        aside = heard.intent in ("person", "help", "my_data", "delete_data", "export_data") and heard.confidence >= SURE
        if open_words and aside and len(text.split()) <= 8:
            return Taken(interruption=True)
        if answer is not None and not (asks and question.kind is Kind.CHECKLIST):
            if answer.confirm_none:
                return record.with_try(CONFIRMING + question.id), ()
            if set(answer.values) == {question.item} and question.kind is Kind.WHICH:
                return self._line_again(record, question, answer.values), ()
            if question.kind in (Kind.SUMMARY, Kind.CHECKLIST) or len(answer.values) > 1:
                return replace_answers(record, answer.values), ()
            return self._answered(record, question, answer.values[question.id], text)
        if question.kind is Kind.SUMMARY:
            line = self._replies.line_to_change(record, text)
            if line is not None:
                return self._taken_back(session, screening, record, reopen(record, self._rules, line)), ()
            if self._context.phrases.means("no", text):
                return record, (Reply(self._say("screening.summary_which"), ReplyKind.FALLBACK),)
        if question.confirming and self._context.phrases.means("no", text):
            return self._some_fit(record, question)
        if started(record) and named - set(bring_up(record, self._rules)):
            return record, ()  # nothing for this question, but noted as volunteered
        # A statement beside a question with choices is an answer that was not understood, unless it asks for something.
        beside = question.kind not in _ASKS_FOR_ONE or heard.is_question or heard.intent in _REQUESTS
        if heard.is_other_business and beside and (heard.is_question or not named):
            return Taken(interruption=True)  # a row that is known already, named once more, is no other business
        return self._not_understood(session, conversation, record, question, text)

    def _line_again(self, record: Record, question: Question, given: Mapping[str, str]) -> Record:
        """A "no" to "which of these?": of a line that was left open it is the answer; a yes to it is asked about again.

        Who says yes and "none of these" once more leaves it unclear.
        """
        assert question.item is not None
        if question.left_open:
            return replace_answers(record, given)
        if record.tries.get(question.id, 0) + 1 >= MOST_TRIES:
            return record.with_answer(question.id, UNSURE)
        return record.without(question.item).with_try(question.id)

    def _some_fit(self, record: Record, question: Question) -> tuple[Record, tuple[Reply, ...]]:
        """A "no" to a whole list that was no "no" to each line: the list once more, then one line at a time."""
        tried = record.without_try(CONFIRMING + question.id).with_try(question.id)
        again = tried.tries[question.id] < MOST_TRIES
        return tried, (Reply(self._say("screening.some_fit" if again else "screening.line_by_line")),)

    def _understood(self, question: Question, text: str, named: Collection[str]) -> understanding.Answer | None:
        context = self._context
        return understanding.understand(question, text, named, self._rules, context.phrases, context.today())

    def _not_understood(
        self, session: Session, conversation: Conversation, record: Record, question: Question, text: str
    ) -> Taken | tuple[Record, tuple[Reply, ...]]:
        tried = record.with_try(question.id)
        phrases = self._context.phrases
        if question.kind is Kind.CHECKLIST and phrases.means("lost", text) and tried.tries[question.id] < MOST_TRIES:
            return tried.with_try(question.id), (Reply(self._say("screening.line_by_line"), ReplyKind.FALLBACK),)
        says_nothing = question.kind is Kind.CHECKLIST and phrases.means("unsure", text)
        if says_nothing and tried.tries[question.id] < MOST_TRIES:  # not a list at once: a line can be left out then
            words = self._say("screening.line_by_line_skip")
            return tried.with_try(question.id), (Reply(words, ReplyKind.FALLBACK),)
        if tried.tries[question.id] < MOST_TRIES:
            if question.kind is Kind.CHECKLIST:
                vague = self._context.phrases.means("vague", text) or self._context.phrases.hedges(text)
                words = self._say(
                    "screening.unclear_list_vague" if vague else "screening.unclear_checklist", missing=""
                )
            elif question.kind is Kind.CONSENT:
                return tried, ()  # it is asked again in one sentence
            elif question.kind is Kind.SUMMARY:
                words = self._say("screening.summary_which")
            elif question.warns:
                words = self._say("screening.unclear_urgent")
            elif self._context.phrases.means("vague", text) or self._context.phrases.hedges(text):
                words = self._say("screening.unclear_vague")
            else:
                words = self._say("screening.unclear_choice")
            return tried, (Reply(words, ReplyKind.FALLBACK),)
        if question.kind in _CAN_STAY_UNCLEAR and question.kind is not Kind.CHECKLIST:
            new, replies = self._answered(record, question, UNCLEAR if question.kind is Kind.CHOICE else UNSURE, "")
            return new, (*replies, Reply(self._say("screening.unclear_noted")))
        if question.kind is Kind.CHECKLIST:
            return tried, (Reply(self._say("screening.line_by_line"), ReplyKind.FALLBACK),)
        # Consent or the summary cannot be guessed: a person takes over, nothing is lost (guide 4.5, 12).
        conversations.hand_off(session, conversation.id, "person")
        screening = screenings.open_one(session, conversation.id)
        assert screening is not None
        screening.record = record.without().to_json()
        human_hours = self._context.clinic.clinic.human_hours
        words = self._say("person_out_of_hours" if not human_hours else "third_miss")
        return Taken((Reply(words, ReplyKind.NOTICE, self._replies.menu("button.person", "button.resume")),), done=True)

    def _answered(self, record: Record, question: Question, value: str, words: str) -> tuple[Record, tuple[Reply, ...]]:
        """One answer to one question, and what has to be said at once."""
        if question.kind is Kind.OTHER:
            named = {m.condition for m in self._context.reader.read(words).mentions if m.status in BRINGS_UP}
            return record.with_answer(question.id, "said" if named else UNCLEAR, words), ()
        if question.kind is Kind.OPEN:
            return record.with_answer(question.id, "said", words), ()
        new = record.with_answer(question.id, value, words)
        if question.condition is None or question.kind is not Kind.CHOICE or value not in (UNCLEAR, UNSURE):
            return new, ()
        row = self._rules.conditions[question.condition]
        follow_up = dict(open_questions(row, new)).get(question.id)
        if row.is_emergency or follow_up is None or not follow_up.reaches_emergency:
            return new, ()
        care = max((a.care for a in follow_up.answers if a.care), key=lambda c: c.urgency)
        conditional = Emergency(row.id, care, asking=True, conditional=True)
        return new, (emergency.reply(conditional, self._rules, self._context.locale),)

    # ------------------------------------------------------------ words beside the answers

    def _volunteered(self, record: Record, question: Question, heard: Heard) -> tuple[Record, tuple[Reply, ...]]:
        """Rows named in free words, beside the question: they are added, never removed (guide 4.5, 2)."""
        if not started(record) or heard.message.payload is not None or question.kind is Kind.CONSENT:
            return record, ()
        text = heard.message.text
        closed = question.kind in (Kind.CHOICE, Kind.WHICH, Kind.YES_NO) and question.id in record.answers
        if closed and (not record.words.get(question.id) or _is_label(question, text)):
            return record, ()
        before = set(bring_up(record, self._rules))
        new = with_reading(record, self._context.reader.read(text), heard.message.uid, self._rules)
        fresh = [name for name in bring_up(new, self._rules) if name not in before]
        replies: list[Reply] = []
        if fresh and question.kind not in (Kind.OPEN, Kind.OTHER):
            replies.append(Reply(self._say("screening.volunteered_noted", names=self._replies.names(fresh))))
        for flag, key in (
            ("unknown_medicine", "screening.unknown_medicine"),
            (FOR_ANOTHER, "screening.for_another_adult"),
        ):
            if flag in new.flags - record.flags:
                replies.append(Reply(self._say(key)))
        return new, tuple(replies)

    def _earlier_words(
        self, session: Session, conversation: Conversation, screening: Screening, record: Record
    ) -> Record:
        """What the client wrote before agreeing is kept and read now, not before (experience 5.1, 2)."""
        new = record
        typed = session.scalars(
            select(Message)
            .where(
                Message.conversation_id == conversation.id,
                Message.author == "client",
                Message.withheld.is_(False),
                Message.at > now() - timedelta(hours=self._rules.ruleset.resume_hours),
            )
            .order_by(Message.id)
        )
        for message in typed:
            if message.payload is None:  # asked here: a database may keep "no payload" as a JSON null
                new = with_reading(new, self._context.reader.read(message.text), message.uid, self._rules)
        if new != record:
            screenings.save_record(session, screening, record, new, None)
        return new

    def late_update(
        self, session: Session, conversation: Conversation, reading: Reading, message: Message
    ) -> tuple[str, ...]:
        """Something new told after the result ("actually I am pregnant"): the result is withdrawn and asked anew.

        Returns:
            The names of the new rows; empty when nothing changes.
        """
        screening = screenings.latest_finished(session, conversation.id)
        if screening is None or screening.state == "expired" or screenings.open_one(session, conversation.id):
            return ()
        record = _record(screening)
        if not started(record):
            return ()
        before = set(bring_up(record, self._rules))
        new = with_reading(record, reading, message.uid, self._rules)
        fresh = [name for name in bring_up(new, self._rules) if name not in before]
        if not fresh:
            return ()
        screenings.reopen(screening)
        screenings.save_record(session, screening, record, new.with_flag("late_update"), message.uid)
        return tuple(self._rules.conditions[name].choice_label for name in fresh)

    # ------------------------------------------------------------ asking

    def ask(self, session: Session, conversation: Conversation, interrupted: bool) -> tuple[Reply, ...]:
        """The open question, worded; with a lead when an interruption was answered just before."""
        screening = screenings.open_one(session, conversation.id)
        if conversation.lock is not None or screening is None:
            return ()
        record = _record(screening)
        question = next_question(record, self._rules)
        if question is None:
            return ()
        reply = self._replies.question(screening, record, question, again=interrupted)
        if interrupted and reply.kind is not ReplyKind.EMERGENCY:
            reply = replace(reply, text=f"{self._say('back_to_questions')}\n\n{reply.text}")
        return (reply,)

    def open_question(self, session: Session, conversation: Conversation) -> Question | None:
        """The question that is open, if the health questions are."""
        screening = screenings.open_one(session, conversation.id)
        return next_question(_record(screening), self._rules) if screening is not None else None

    def take_after_all(self, session: Session, conversation: Conversation, message_uid: str) -> None:
        """Take the words that were first held back as an emergency, now that it is none: nothing typed is lost."""
        screening = screenings.open_one(session, conversation.id)
        message = conversations.message(session, message_uid)
        if screening is None or message is None or message.withheld:
            return
        record = _record(screening)
        question = next_question(record, self._rules)
        if question is None or not started(record):
            return
        new = record
        if question.kind in (Kind.OPEN, Kind.OTHER):
            new, _ = self._answered(record, question, "said", message.text)
        new = with_reading(new, self._context.reader.read(message.text), message.uid, self._rules)
        screenings.save_record(session, screening, record, new, message.uid)

    def would_take(self, session: Session, conversation: Conversation, text: str, heard: Emergency) -> bool:
        """True if words that sound like an emergency are an answer to the open question.

        To an open one ("what brings you here?") anything is an answer, so what surely sounds like an ambulance or a
        crisis is asked about there before it is taken for a reason to come.
        """
        question = self.open_question(session, conversation)
        if question is None:
            return False
        if question.kind in (Kind.OPEN, Kind.OTHER):
            return heard.conditional or heard.care is Care.SAME_DAY or self._names_an_injury(text)
        return self._understood(question, text, ()) is not None

    def _names_an_injury(self, text: str) -> bool:
        """True where a row of injuries is named: its own first question asks for what would be an emergency."""
        named = (m.condition for m in self._context.reader.read(text).mentions if m.status in BRINGS_UP)
        return any(self._rules.conditions[row].category == "injury" for row in named)

    def open_lists(self, session: Session, conversation_id: str) -> list[dict[str, Any]]:
        """The lists that are left, for channels that can show them together; the first step holds the warning signs."""
        conversation = session.get(Conversation, conversation_id)
        screening = screenings.open_one(session, conversation_id)
        if conversation is None or conversation.lock is not None or screening is None:
            return []
        first = self._rules.steps[0].id
        lists = open_lists(_record(screening), self._rules)
        return [{**self._replies.lines(question), "urgent": question.step == first} for question in lists]

    # ------------------------------------------------------------ ending

    def end(self, session: Session, conversation: Conversation) -> tuple[tuple[Reply, ...], str]:
        """What is said when the questions are over, and where the dialogue goes next: "booking" or "none"."""
        screening = screenings.open_one(session, conversation.id)
        if screening is None:
            return (), "none"
        if conversation.lock is not None:
            return (), "none"
        record = _record(screening)
        if next_question(record, self._rules) is not None:
            return (), "none"  # left before the end: what was answered stays for a while
        if record.answers.get("T1") == DECLINED:
            session.delete(screening)
            conversations.hand_off(session, conversation.id, "call_back")
            return (self._replies.declined(),), "none"
        letters = screenings.rows_with_letter(session, conversation.id, self._rules)
        result = outcome(record, self._rules, letters)
        assert result is not None
        if result.minor and result.tier < Tier.EMERGENCY:
            record = without_health(record)
            screenings.forget_health(session, screening, record)
            result = triage(record, self._rules, letters)
        return self._conclude(session, conversation, screening, record, result)

    def _conclude(
        self,
        session: Session,
        conversation: Conversation,
        screening: Screening,
        record: Record,
        result: Outcome,
    ) -> tuple[tuple[Reply, ...], str]:
        origin = screening.origin
        valid_until = now() + timedelta(days=self._rules.ruleset.valid_days)
        reply = self._replies.result(screening.id, record, result, valid_until, origin)
        screenings.finish(session, screening, result, reply.text, valid_until)
        if result.minor:
            conversations.hand_off(session, conversation.id, "call_back")
        if result.tier is Tier.EMERGENCY:
            return (reply,), "none"
        bookable = result.tier < Tier.STOP and not result.minor
        return (reply,), "booking" if bookable and origin == "booking" else "none"

    # ------------------------------------------------------------ small helpers

    def _consent_version(self) -> str:
        return self._context.clinic.privacy.consent_version


_CAN_STAY_UNCLEAR = frozenset({Kind.CHECKLIST, Kind.CHOICE, Kind.YES_NO, Kind.WHICH, Kind.CHANGED})
_ASKS_FOR_ONE = frozenset({Kind.CHOICE, Kind.WHICH, Kind.YES_NO})
_REQUESTS = frozenset({
    "person", "help", "my_booking", "cancel_booking", "reschedule", "delete_data", "export_data", "my_data",
})  # fmt: skip
_NOBODYS_BUSINESS = frozenset({"oos_noise", "oos_other_business"})
_SMALL_REPLIES = frozenset({"affirm", "deny", "unsure", "greet", "thanks", "goodbye", "answer", "answers"})
_ACTS = frozenset({
    "greet", "goodbye", "thanks", "affirm", "deny", "unsure", "help", "person", "book", "my_booking", "cancel_booking",
    "reschedule", "screen", "back", "start_again", "stop", "feedback", "repeat", "why", "more", "delete_data",
    "export_data", "my_data", "nlu_fallback", "answer", "answers",
})  # fmt: skip


def goes_on(text: str) -> bool:
    """True for "go on", "continue" and the like."""
    return _GOES_ON.fullmatch(text) is not None


def is_question_of_client(heard: Heard) -> bool:
    """True for a question about something else: it is answered, then the open question comes back."""
    return heard.is_question and not _is_act(heard.intent) and heard.confidence >= SURE


def with_reading(record: Record, reading: Reading, message_uid: str, rules: Rules) -> Record:
    """The record with what a reading found: rows that were named, and what the message shows beside them."""
    for_other = speaks_for_another(record, reading)
    for group in heard_groups(reading.text, rules, for_other):
        record = record.with_flag(HEARD + group)
    record = record.with_said(
        *(
            Said(m.condition, message_uid, reading.text, m.start, m.end, meant(m, for_other), m.mild)
            for m in reading.mentions
            if m.condition not in ("suicidal_crisis",)
        )
    )
    for signal, flag in (
        (Signal.FOR_ANOTHER_ADULT, FOR_ANOTHER),
        (Signal.UNKNOWN_MEDICINE, "unknown_medicine"),
        (Signal.UNPLACED_RED_FLAG, "unplaced_red_flag"),
    ):
        if signal in reading.signals:
            record = record.with_flag(flag)
    return record


def speaks_for_another(record: Record, reading: Reading) -> bool:
    """True where the client answers for another adult: "she takes ..." then is about the person who comes."""
    return FOR_ANOTHER in record.flags or Signal.FOR_ANOTHER_ADULT in reading.signals


def meant(mention: Mention, for_other: bool) -> Status:
    """The status of a mention for the person who comes: an adult, so that her age is no matter."""
    theirs = for_other and mention.status is Status.FAMILY and mention.condition != MINOR_ROW
    return Status.CURRENT if theirs else mention.status


def without_health(record: Record) -> Record:
    """What is kept of a minor: the consent, the age and the words that told it; nothing about health (row `minor`)."""
    kept = [key for key in record.answers if key == "T1" or key.split("/")[0] == MINOR_ROW]
    return Record(
        answers={key: record.answers[key] for key in kept},
        words={key: record.words[key] for key in kept if key in record.words},
        said=tuple(
            replace(said, text=said.text[said.start : said.end], start=0, end=said.end - said.start)
            for said in record.said
            if said.condition == MINOR_ROW
        ),
    )


def replace_answers(record: Record, values: Mapping[str, str]) -> Record:
    """The record with several answers at once."""
    for question, value in values.items():
        record = record.with_answer(question, value)
    return record


def _record(screening: Screening) -> Record:
    return Record.from_json(screening.record)


def _is_act(intent: str) -> bool:
    return intent in _ACTS


def _is_label(question: Question, text: str) -> bool:
    said = understanding.plain(text)
    return any(understanding.plain(choice) in said for choice in question.choices)
