"""Answers from the clinic's knowledge, and honest suggestions where none fits."""

from __future__ import annotations

from collections.abc import Sequence

from actions._turn import (
    ACT_BUTTONS,
    MAY_BE_OUR_FIELD,
    Done,
    Turn,
    TurnAction,
    context,
    main_menu,
    menu,
    neighbours,
    topic_buttons,
)
from bot.education import Topic
from bot.reply import Button, Reply, ReplyKind
from bot.store import conversations, now
from bot.store.models import Unanswered

SUGGESTIONS = 3
FOLLOW_UPS = 3
MISSES_BEFORE_A_PERSON = 3
#: What the clinic can say next to a question that it does not answer.
NEXT_TO_OUTSIDE = {"oos_medicine": "medications_and_massage", "oos_diagnosis": "how_nmt_works"}


class AnswerTopic(TurnAction):
    """Answer a question about a topic, or about two where a message asks for both."""

    points_on = True

    def name(self) -> str:
        return "action_answer_topic"

    def act(self, turn: Turn) -> Done:
        topics = context().topics
        topic, second = topics.get(str(turn.do.get("topic") or turn.intent)), topics.get(turn.also or "")
        if topic is None:  # a topic that was taken away since the button was shown or the model was trained
            return Suggest().act(turn)
        conversations.set_context(turn.conversation, topic=(second or topic).id, pending=None)
        if second is not None:
            return Done((answer(topic, plain=True), answer(second, plain=turn.in_form)))
        return Done((answer(topic, plain=turn.in_form, beside=neighbours(turn)),))


class AnswerMore(TurnAction):
    """Say more about the topic that was answered last."""

    def name(self) -> str:
        return "action_answer_more"

    def act(self, turn: Turn) -> Done:
        wanted = turn.do.get("topic") or turn.conversation.context.get("topic")
        topic = context().topics.get(str(wanted))
        more = context().renderer.more(topic) if topic is not None else None
        if topic is None or more is None:
            return Done((Reply(context().wording.text("more_none"), buttons=() if turn.in_form else main_menu()),))
        buttons = () if turn.in_form else follow_ups(topic)
        return Done((Reply(more, ReplyKind.ANSWER, buttons, meta=facts(topic)),))


class Suggest(TurnAction):
    """Offer the closest topics when a message was not understood; the third time in a row, a person."""

    def name(self) -> str:
        return "action_suggest"

    def act(self, turn: Turn) -> Done:
        say = context().wording.text
        near = [name for name, _ in turn.ranking if name in context().topics][:SUGGESTIONS]
        turn.conversation.misses += 1
        note_unanswered(turn, near)
        topics = topic_buttons(context().topics[name] for name in near)
        act = turn.ranking[0][0] if turn.ranking else ""
        if act in ACT_BUTTONS and act != "person":  # a person is offered below in any case
            topics = (*menu((ACT_BUTTONS[act], act)), *topics)
        if turn.conversation.misses >= MISSES_BEFORE_A_PERSON:
            return Done((offer_a_person(turn, near),))
        key = "suggest_none" if not near else "second_miss" if turn.conversation.misses == 2 else "suggest"
        buttons = (*topics, *menu(("button.person", "person"))) if near else main_menu()
        return Done((Reply(say(key), ReplyKind.FALLBACK, buttons, meta={"suggestions": near}),))


class OutOfScope(TurnAction):
    """Say honestly what the bot does not do, each kind in its own words."""

    def name(self) -> str:
        return "action_out_of_scope"

    def act(self, turn: Turn) -> Done:
        say = context().wording.text
        if turn.intent in ("oos_noise", "oos_other_business"):  # it may be a question that the clinic wants answered
            note_unanswered(turn, ())
        if turn.intent == "oos_noise":
            turn.conversation.misses += 1
            if turn.conversation.misses >= MISSES_BEFORE_A_PERSON:
                return Done((offer_a_person(turn, ()),))
        if turn.intent == "oos_abuse":
            again = bool(turn.conversation.context.get("abuse"))
            conversations.set_context(turn.conversation, abuse=True)
            conversations.hand_off(turn.session, turn.conversation.id, "abuse")
            return Done((Reply(say("oos_abuse_again" if again else "oos_abuse"), ReplyKind.FALLBACK),))
        if turn.in_form:
            return Done((Reply(say(turn.intent), ReplyKind.FALLBACK),))
        near = () if turn.intent in ("oos_injection", "oos_noise") else neighbours(turn, MAY_BE_OUR_FIELD)
        offered = topic_buttons(near)
        if turn.intent in NEXT_TO_OUTSIDE:
            always = topic_buttons((context().topics[NEXT_TO_OUTSIDE[turn.intent]],))
            menu_below = (*always, *menu(("button.person", "person")))
        else:
            menu_below = main_menu()
        buttons = (*offered, *(button for button in menu_below if button not in offered))
        meta = {"suggestions": [topic.id for topic in near]} if near else {}
        return Done((Reply(say(turn.intent), ReplyKind.FALLBACK, buttons, meta=meta),))


def note_unanswered(turn: Turn, near: Sequence[str]) -> None:
    """Keep what got no answer for the people who look after the knowledge; answers about health are not kept."""
    if turn.in_form or turn.do:
        return
    turn.session.add(
        Unanswered(
            conversation_id=turn.conversation.id,
            message_uid=turn.message.uid,
            text=turn.message.text,
            suggestions=list(near),
            at=now(),
        )
    )


def offer_a_person(turn: Turn, near: Sequence[str]) -> Reply:
    """What is said the third time in a row that nothing was understood."""
    turn.conversation.misses = 0
    buttons = (*menu(("button.person", "person")), *main_menu()[:-1])
    return Reply(context().wording.text("third_miss"), ReplyKind.FALLBACK, buttons, meta={"suggestions": list(near)})


def answer(topic: Topic, *, plain: bool, beside: Sequence[Topic] = ()) -> Reply:
    """A topic as a reply. `plain` leaves out the buttons: inside a form the open question follows.

    `beside` are topics that may have been meant as well; they come before those that people ask about next.
    """
    renderer = context().renderer
    table = renderer.table(topic)
    buttons: tuple[Button, ...] = ()
    thumbs: tuple[Button, ...] = ()
    if not plain:
        say = context().wording.text
        more = (Button(say("button.more"), {"do": "intent", "intent": "more", "topic": topic.id}),)
        thumbs = tuple(
            Button(say(key), {"do": "feedback", "helpful": helpful, "topic": topic.id})
            for key, helpful in (("button.helpful", True), ("button.not_helpful", False))
        )
        screen = menu(("button.screen", "screen")) if topic.needs_screen else ()
        likely = topic_buttons(beside)
        next_ones = tuple(button for button in follow_ups(topic) if button not in likely)
        buttons = (*(more if topic.more else ()), *likely, *next_ones[: FOLLOW_UPS - len(likely)], *screen, *thumbs)
    return Reply(
        renderer.answer(topic),
        ReplyKind.ANSWER,
        buttons,
        table=None if table is None else {"columns": list(table.columns), "rows": [list(row) for row in table.rows]},
        meta=facts(topic)
        | ({"feedback": [button.title for button in thumbs]} if thumbs else {})
        | ({"suggestions": [other.id for other in beside]} if beside else {}),
    )


def facts(topic: Topic) -> dict[str, object]:
    """What stands behind an answer: its id, its sources and when it was reviewed."""
    return {
        "topic": topic.id,
        "sources": [source.public() for source in topic.sources],
        "reviewed_on": topic.reviewed_on.isoformat(),
        "evidence": topic.evidence,
    }


def follow_ups(topic: Topic) -> tuple[Button, ...]:
    """The topics that people ask about next, as buttons."""
    topics = context().topics
    return tuple(Button(topics[name].title, {"do": "topic", "topic": name}) for name in topic.follow_ups)
