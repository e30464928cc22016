"""One update: every press is answered, whatever becomes of it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.exc import OperationalError
from telegram.error import BadRequest, TimedOut

from bot.channels.telegram.chats import Press, Pressed
from bot.channels.telegram.inbox import Waiting
from bot.channels.telegram.keyboards import Choice
from bot.channels.telegram.turns import Turns, _Turn
from bot.channels.telegram.updates import Incoming, Kind

CHECKLIST = {"checklist": {"id": "T2", "items": []}, "meta": {"kind": "question"}}
SEVERAL = {"buttons": [{"title": "x", "payload": "p"}], "meta": {"kind": "question"}}
DONE = Choice("Done", 200, done=True)


class Bot:
    """Notes the answers to presses; refuses them if it is told to."""

    id = 12

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.answers: list[tuple[str, str | None, bool]] = []

    async def answer_callback_query(self, query: str, *, text: str | None, show_alert: bool) -> None:
        self.answers.append((query, text, show_alert))
        if self.error is not None:
            raise self.error


async def at_once(function: Any, *arguments: Any, **named: Any) -> Any:
    return function(*arguments, **named)


def turn(bot: Bot, **chats: Any) -> _Turn:
    context = SimpleNamespace(wording=SimpleNamespace(text=lambda name, **_: name))
    turns = Turns(*cast(Any, (context, bot, None, SimpleNamespace(**chats), None, at_once)))
    return _Turn(turns, Waiting(1, 1, Incoming(Kind.PRESS, 5, 7, key="q:abc", query="4711"), 0))


def test_a_press_that_cannot_be_looked_up_is_answered_and_tried_again() -> None:
    def fail(*_: Any) -> Press:
        raise OperationalError("SELECT", {}, Exception("locked"))

    bot = Bot()
    with pytest.raises(OperationalError):
        asyncio.run(turn(bot, press=fail).take())
    assert bot.answers == [("4711", None, False)]


@pytest.mark.parametrize(
    ("press", "said"),
    [
        (Press(Pressed.TAKEN), None),
        (Press(Pressed.STALE), "telegram.stale"),
        (Press(Pressed.GONE), "telegram.gone"),
        (Press(Pressed.TAKEN, reply=CHECKLIST, choice=DONE), None),
        (Press(Pressed.TAKEN, reply=SEVERAL, choice=DONE), "telegram.none_chosen"),
        (Press(Pressed.TAKEN, reply=SEVERAL, choice=DONE, marks={"0": "yes"}), None),
    ],
)
def test_what_a_press_is_answered_with(press: Press, said: str | None) -> None:
    bot = Bot()
    asyncio.run(turn(bot)._answer_query(press))
    assert bot.answers == [("4711", said, said is not None)]


@pytest.mark.parametrize("error", [BadRequest("query is too old"), TimedOut()])
def test_an_answer_that_telegram_does_not_take_stops_nothing(error: Exception) -> None:
    bot = Bot(error)
    asyncio.run(turn(bot)._answer_query(Press(Pressed.TAKEN)))
    assert len(bot.answers) == 1
