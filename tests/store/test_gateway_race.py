"""Two processes at one conversation: nothing is stored or answered twice, and no error without a meaning is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, select

from bot.channels.telegram.inbox import Waiting
from bot.channels.telegram.turns import Turns, _Turn
from bot.channels.telegram.updates import Incoming, Kind
from bot.context import Context
from bot.gateway import GONE, ClientMessage, Gateway, GatewayError, Turn
from bot.reply import Reply
from bot.settings import Settings
from bot.store import Database, conversations, migrate
from bot.store.models import Message

WORDS = ClientMessage("m-1", "does it hurt")


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    migrate(settings.database_url)
    context = replace(Context.load(settings), database=Database(settings.database_url))
    yield context
    context.database.close()


@pytest.fixture
def conversation(context: Context) -> str:
    with context.database.session() as session:
        return conversations.create(session, "web", "en-US")[0].id


class Late(Gateway):
    """Looks whether a message is known just before another process does something; and must answer nothing itself."""

    def before(self, act: Any) -> Late:
        self._act = act
        return self

    def _known(self, conversation_id: str, client_message_id: str | None) -> Message | None:
        known = super()._known(conversation_id, client_message_id)
        act, self._act = self._act, None
        if act is not None:
            act()
        return known

    def _answer(self, *_: Any) -> Turn:
        raise AssertionError("answered by two")


def test_a_message_that_another_process_took_meanwhile_has_the_answer_given_there(
    context: Context, conversation: str
) -> None:
    def other() -> None:
        with context.database.session() as session:
            taken = conversations.add_client_message(session, conversation, WORDS.text or "", "m-1", None)
            taken.state = "done"
            conversations.add_reply(session, conversation, Reply("It can be sore."), in_reply_to=taken.uid)

    turn = Late(context, cast(Any, None)).before(other).handle(conversation, WORDS)
    assert [reply["text"] for reply in turn.replies] == ["It can be sore."]
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 2


def test_a_message_to_a_conversation_that_is_removed_meanwhile_says_so(context: Context, conversation: str) -> None:
    def other() -> None:
        with context.database.session() as session:
            conversations.erase(session, conversation)

    with pytest.raises(GatewayError) as refused:
        Late(context, cast(Any, None)).before(other).handle(conversation, WORDS)
    assert refused.value.code == GONE
    assert "deleted" in refused.value.message
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 0


@pytest.mark.parametrize(("code", "raised", "said"), [(GONE, True, 0), ("too_long_message", False, 1)])
def test_on_telegram_such_a_message_is_taken_again_from_the_start(
    context: Context, code: str, raised: bool, said: int
) -> None:
    told: list[Any] = []

    async def at_once(function: Any, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    def refuse(*_: Any) -> Turn:
        raise GatewayError(code, "no")

    class Bot:
        id = 12

        async def send_chat_action(self, *_: Any) -> None:
            return

    chats = SimpleNamespace(say=lambda *arguments, **_: told.append(arguments))
    gateway = SimpleNamespace(handle=refuse)
    turns = Turns(context, *cast(Any, (Bot(), gateway, chats, None, at_once)))
    turn = _Turn(turns, Waiting(1, 1, Incoming(Kind.TEXT, 5, 1, "does it hurt"), 0))
    try:
        asyncio.run(turn._ask(text="does it hurt"))
        again = False
    except GatewayError:
        again = True
    assert (again, len(told)) == (raised, said)
