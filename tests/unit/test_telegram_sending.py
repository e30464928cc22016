"""The way out: whose turn it is, what an error means, and whether a message in doubt has arrived."""

from __future__ import annotations

import asyncio
import datetime
import logging
from collections.abc import Coroutine
from typing import Any, cast

import httpx
import pytest
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram import api
from bot.channels.telegram.chats import Chats, Step
from bot.channels.telegram.pace import ChatPace
from bot.channels.telegram.render import Part, PartKind
from bot.channels.telegram.sender import Sender
from bot.context import Context

TOKEN = "12:very-secret"
SOON = datetime.timedelta(milliseconds=1)


class Telegram:
    """Notes what is asked of it; refuses the first `refusals` requests of chat 1."""

    def __init__(self, refusals: int = 0) -> None:
        self.left = refusals
        self.refused = asyncio.Event()
        self.asked: list[tuple[int, str]] = []

    async def post(self, chat_id: int, endpoint: str) -> str:
        self.asked.append((chat_id, endpoint))
        if chat_id == 1 and self.left:
            self.left -= 1
            self.refused.set()
            raise RetryAfter(SOON)
        return "done"


def request(
    pace: ChatPace, telegram: Telegram, chat_id: int, endpoint: str = "sendMessage"
) -> Coroutine[Any, Any, Any]:
    return pace.process_request(telegram.post, (chat_id, endpoint), {}, endpoint, {"chat_id": chat_id}, None)


def test_a_chat_that_has_to_wait_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both() -> None:
        over = asyncio.Event()

        async def sleep(_: float) -> None:
            await over.wait()

        monkeypatch.setattr(asyncio, "sleep", sleep)
        waits = asyncio.create_task(request(pace, telegram, 1))
        await telegram.refused.wait()
        await asyncio.wait_for(request(pace, telegram, 2), 5)
        over.set()
        await waits

    pace, telegram = ChatPace(), Telegram(refusals=2)
    asyncio.run(both())
    assert telegram.asked == [(1, "sendMessage"), (2, "sendMessage"), (1, "sendMessage"), (1, "sendMessage")]


def test_what_is_asked_to_wait_too_often_is_put_off() -> None:
    telegram = Telegram(refusals=3)
    with pytest.raises(RetryAfter):
        asyncio.run(request(ChatPace(tries=3), telegram, 1))
    assert len(telegram.asked) == 3


def test_typing_is_never_held_up() -> None:
    telegram = Telegram(refusals=1)
    with pytest.raises(RetryAfter):
        asyncio.run(request(ChatPace(), telegram, 1, "sendChatAction"))
    assert telegram.asked == [(1, "sendChatAction")]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InvalidToken(f"The token `{TOKEN}` was rejected by the server."), "BotFather"),
        (Conflict(TOKEN), "another program"),
        (TimedOut(TOKEN), "in time"),
        (NetworkError(TOKEN), "cannot be reached"),
        (RetryAfter(5), "wait"),
        (BadRequest(TOKEN), "refused: BadRequest"),
        (Forbidden(TOKEN), "refused: Forbidden"),
    ],
)
def test_the_reason_is_clear_and_never_holds_what_was_sent(error: TelegramError, words: str) -> None:
    assert words in api.reason(error)
    assert TOKEN not in api.reason(error)


def test_which_errors_leave_a_message_in_doubt() -> None:
    refused = NetworkError("x")
    refused.__cause__ = httpx.ConnectError("x")
    lost = NetworkError("x")
    lost.__cause__ = httpx.ReadError("x")
    doubt = [
        api.may_have_arrived(e) for e in (refused, lost, TimedOut(), BadRequest("x"), RetryAfter(1), Forbidden("x"))
    ]
    assert doubt == [False, True, True, False, False, False]
    passing = [api.is_passing(e) for e in (refused, lost, RetryAfter(1), BadRequest("x"), Forbidden("x"))]
    assert passing == [True, True, True, False, False]


def test_who_cannot_be_written_to() -> None:
    assert api.is_blocked(Forbidden("bot was blocked by the user"))
    assert api.is_blocked(BadRequest("Chat not found"))
    assert not api.is_blocked(BadRequest("message is too long"))


class Chat:
    """A chat on Telegram's side: the numbers of the bot's messages, and of the client's."""

    def __init__(self, own: set[int], others: set[int], broken_at: int = 0) -> None:
        self.own, self.others, self.broken_at = own, others, broken_at
        self.tried: list[int] = []

    async def edit_message_text(self, text: str, chat_id: int, message_id: int, **_: Any) -> None:
        self._refuse(message_id)

    async def edit_message_reply_markup(self, chat_id: int, message_id: int, **_: Any) -> None:
        self._refuse(message_id)

    def _refuse(self, message_id: int) -> None:
        if message_id == self.broken_at:
            self.broken_at = 0
            raise RetryAfter(SOON)
        self.tried.append(message_id)
        if message_id in self.own:
            raise BadRequest("Message is not modified: specified new message content ...")
        raise BadRequest("Message can't be edited" if message_id in self.others else "Message to edit not found")


def sender_to(chat: Chat) -> Sender:
    silent = cast(Context, type("Known", (), {"wording": type("W", (), {"text": staticmethod(str)})}))
    return Sender(silent, cast(api.Bot, chat), cast(Chats, None), cast(api.Threads, None))


def in_doubt(*, newest: int, beside: int = 1, place: int = 0, kind: PartKind = PartKind.TEXT) -> Step:
    """A step that was begun when 10 was the highest number."""
    return Step(5, 40, place, Part(kind, "<b>x</b>", "x"), "", True, 10, False, None, newest, beside)


@pytest.mark.parametrize("kind", [PartKind.TEXT, PartKind.CALENDAR, PartKind.PLACE])
@pytest.mark.parametrize(("own", "others", "found"), [({13}, {11, 12}, 13), (set(), {11}, None), ({90}, set(), None)])
def test_a_message_in_doubt_is_found_by_its_number(
    kind: PartKind, own: set[int], others: set[int], found: int | None
) -> None:
    chat = Chat(own, others)
    assert asyncio.run(sender_to(chat)._find(in_doubt(newest=10, kind=kind))) == found
    assert chat.tried[:3] == [11, 12, 13]


def test_what_the_client_wrote_meanwhile_does_not_hide_a_message() -> None:
    chat = Chat({45}, set(range(11, 45)))
    assert asyncio.run(sender_to(chat)._find(in_doubt(newest=44))) == 45


@pytest.mark.parametrize(
    ("newest", "beside", "asked"),
    [
        (10, 1, 5),  # nobody else was answered in that moment
        (10, 6, 10),
        (10, 24, 24),  # as many as are worked on at once
        (10, 500, 24),
        (13, 1, 8),
        (500, 24, 84),  # the most
        (0, 1, 5),
    ],
)
def test_so_many_questions_are_asked_for_a_message_that_did_not_arrive(newest: int, beside: int, asked: int) -> None:
    chat = Chat(set(), set())
    assert asyncio.run(sender_to(chat)._find(in_doubt(newest=newest, beside=beside))) is None
    assert chat.tried == list(range(11, 11 + asked))


def test_a_search_that_is_broken_off_goes_on_where_it_was() -> None:
    chat = Chat({15}, set(), broken_at=13)
    sender = sender_to(chat)
    with pytest.raises(RetryAfter):
        asyncio.run(sender._find(in_doubt(newest=10)))
    # Numbers that came up since are higher than that of a message which was sent before.
    assert asyncio.run(sender._find(in_doubt(newest=60, beside=9))) == 15
    assert chat.tried == [11, 12, 13, 14, 15]


def test_a_search_for_another_message_begins_anew() -> None:
    chat = Chat(set(), set(), broken_at=12)
    sender = sender_to(chat)
    with pytest.raises(RetryAfter):
        asyncio.run(sender._find(in_doubt(newest=10)))
    assert asyncio.run(sender._find(in_doubt(newest=10, place=1))) is None
    assert chat.tried == [11, *range(11, 16)]
    chat.tried.clear()
    assert asyncio.run(sender._find(in_doubt(newest=10))) is None
    assert chat.tried == list(range(11, 16))


def test_a_line_of_the_log_never_holds_the_token(capsys: pytest.CaptureFixture[str]) -> None:
    from bot import logs

    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        logs.configure("info", hide=(TOKEN,))
        try:
            raise ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")
        except ValueError as error:
            logging.getLogger("any").error("It failed: %s", error, exc_info=error)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    said = capsys.readouterr().err
    assert "It failed: https://api.telegram.org/bot***/getMe" in said
    assert TOKEN not in said
