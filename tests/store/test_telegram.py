"""Telegram's rows: each update once, everything said is sent once and in order, each button is taken once.

Every test runs on SQLite, and on PostgreSQL too where NMT_TEST_POSTGRES_URL names a database.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session
from telegram import User
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError

from bot.channels.telegram import api, links
from bot.channels.telegram import chats as chats_module
from bot.channels.telegram.app import TelegramRole
from bot.channels.telegram.chats import Chats, Pressed, Step
from bot.channels.telegram.inbox import MOST_ATTEMPTS, Inbox
from bot.channels.telegram.keyboards import key
from bot.channels.telegram.sender import Sender
from bot.context import Context
from bot.reply import Button, Reply, ReplyKind
from bot.settings import Settings
from bot.store import Database, conversations, exporting, migrate, now
from bot.store.models import (
    Booking,
    ChannelState,
    Consent,
    Conversation,
    Message,
    Outbox,
    Screening,
    TelegramChat,
    TelegramKeyboard,
    TelegramLink,
    TelegramUpdate,
)
from tests import databases
from tests.databases import STORES

BOT, CHAT = 700, 5
HOUR = datetime.timedelta(hours=1)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """What the clinic knows, read once."""
    return Context.load(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("known")))


@pytest.fixture(params=STORES)
def context(known: Context, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Context]:
    with databases.empty(request.param, tmp_path) as url:
        migrate(url)
        context = replace(known, database=Database(url))
        yield context
        context.database.close()


@pytest.fixture
def chats(context: Context) -> Chats:
    return Chats(context)


def update(number: int, words: str = "hi", chat_id: int = CHAT) -> dict[str, Any]:
    chat = {"id": chat_id, "type": "private"}
    return {"update_id": number, "message": {"message_id": number, "chat": chat, "from": {"id": 1}, "text": words}}


def opened(context: Context, chats: Chats, chat_id: int = CHAT, channel: str = "telegram") -> str:
    """A chat and its conversation."""
    with context.database.session() as session:
        conversation, _ = conversations.create(session, channel, "en-US", str(chat_id))
    chats.add(chat_id, conversation.id, "flyer", greeted=False, first="tg-1")
    return conversation.id


def say(context: Context, conversation_id: str, *replies: Reply, author: str = "bot", to: str | None = "tg-1") -> None:
    with context.database.session() as session:
        for reply in replies:
            conversations.add_reply(session, conversation_id, reply, author=author, in_reply_to=to)


def question(words: str = "Well?", **more: Any) -> Reply:
    return Reply(words, ReplyKind.QUESTION, (Button("Yes", {"do": "intent", "intent": "affirm"}),), **more)


def send_all(chats: Chats, chat_id: int = CHAT, first: int = 100) -> list[Step]:
    """Send as the sender does, with message numbers that rise."""
    steps: list[Step] = []
    step = chats.next_step(chat_id)
    while step is not None:
        steps.append(step)
        step = chats.next_step(chat_id, step, first + len(steps))
    return steps


# ------------------------------------------------------------------ the inbox


def test_an_update_is_kept_once_however_often_it_comes(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    assert inbox.store([update(1), update(2)]) == 2
    assert inbox.store([update(2), update(1), update(3)]) == 1
    assert Inbox(context.database, BOT + 1).store([update(1)]) == 1  # another bot counts for itself
    assert inbox.chats() == [CHAT]


def test_updates_of_a_chat_wait_in_their_order(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    inbox.store([update(3, "third"), update(9, "other", chat_id=6)])
    inbox.store([update(1, "first"), update(2, "second")])
    assert inbox.chats() == [CHAT, 6]
    said = []
    while (waiting := inbox.next(CHAT)) is not None:
        said.append(waiting.incoming.text)
        inbox.done(waiting)
    assert said == ["first", "second", "third"]
    assert inbox.chats() == [6]


def test_of_a_done_update_only_its_number_is_left(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    inbox.store([update(1, "my chest hurts")])
    waiting = inbox.next(CHAT)
    assert waiting is not None
    inbox.done(waiting)
    with context.database.session() as session:
        (row,) = session.scalars(select(TelegramUpdate))
        assert (row.content, row.chat_id, row.state) == (None, None, "done")
    assert inbox.store([update(1)]) == 0


def test_an_update_that_says_nothing_is_done_at_once(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    assert inbox.store([{"update_id": 4, "poll": {}}]) == 1
    assert inbox.chats() == []


def test_an_update_is_tried_a_few_times(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    inbox.store([update(1)])
    for attempt in range(1, MOST_ATTEMPTS + 1):
        waiting = inbox.next(CHAT)
        assert waiting is not None
        assert inbox.failed_once(waiting) is (attempt < MOST_ATTEMPTS)


def test_old_numbers_are_forgotten_but_nothing_that_waits(context: Context) -> None:
    inbox = Inbox(context.database, BOT)
    inbox.store([update(1), update(2)])
    waiting = inbox.next(CHAT)
    assert waiting is not None
    inbox.done(waiting)
    with context.database.session() as session:
        for row in session.scalars(select(TelegramUpdate)):
            row.received_at = now() - datetime.timedelta(days=8)
    inbox.tidy()
    with context.database.session() as session:
        assert [row.update_id for row in session.scalars(select(TelegramUpdate))] == [2]


def test_an_update_that_cannot_be_dealt_with_ends_with_an_apology(
    context: Context, chats: Chats, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings = context.settings.model_copy(update={"telegram_token": SecretStr(f"{BOT}:x")})
    conversation_id = opened(context, chats)
    inbox = Inbox(context.database, BOT)
    inbox.store([update(1, "my secret words")])

    async def fail(_: Any) -> None:
        raise ValueError("my secret words")

    async def take_all() -> list[bool]:
        role = TelegramRole(replace(context, settings=settings), settings, None)
        monkeypatch.setattr(role._turns, "take", fail)
        role._bot._bot_user = User(BOT, "Willow", True, username="willowbot")
        went_on = []
        while (waiting := inbox.next(CHAT)) is not None:
            went_on.append(await role._take(waiting))
        return went_on

    assert asyncio.run(take_all()) == [False, False, True]
    with context.database.session() as session:
        (apology,) = session.scalars(select(Message.text).where(Message.conversation_id == conversation_id))
        assert session.scalars(select(TelegramUpdate.state)).one() == "failed"
    assert apology.startswith("Something went wrong")
    assert "an update failed with ValueError in fail" in caplog.text
    assert "secret words" not in caplog.text


# ------------------------------------------------------------------ sending


def test_what_was_said_is_sent_once_and_in_order(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("one"), Reply("two"))
    assert chats.with_news() == [CHAT]
    assert [step.part.plain for step in send_all(chats)] == ["one", "two"]
    assert chats.with_news() == []
    assert chats.next_step(CHAT) is None


def test_after_a_crash_the_message_in_doubt_is_looked_for_first(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question("one"), Reply("two"))
    first = chats.next_step(CHAT)
    again = Chats(context).next_step(CHAT)  # the process was killed and is back
    assert first is not None
    assert again is not None
    assert (first.doubtful, again.doubtful) == (False, True)
    assert (first.part, first.token) == (again.part, again.token)
    second = chats.next_step(CHAT, again, 101)
    assert second is not None
    assert (second.part.plain, second.doubtful, second.last_message_id) == ("two", False, 101)
    Inbox(context.database, BOT).store([update(140), update(139)])
    third = chats.next_step(CHAT)
    assert third is not None
    assert (third.last_message_id, third.newest) == (101, 140)
    chats.nothing_begun(CHAT)
    third = chats.next_step(CHAT)
    assert third is not None
    assert not third.doubtful


def test_what_is_in_doubt_is_looked_for_from_the_newest_number_of_all_chats(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    chats.heard_from(CHAT, 50)
    other = CHAT + 1
    opened(context, chats, other)
    chats.heard_from(other, 900)
    say(context, conversation_id, Reply("one"))
    first = chats.next_step(CHAT)
    assert first is not None
    assert (first.last_message_id, first.newest) == (900, 900)
    chats.heard_from(CHAT, 905)  # the client saw it and wrote; the process is killed before it knows
    back = Chats(context)
    back.heard_from(CHAT, 907)
    again = back.next_step(CHAT)
    assert again is not None
    assert (again.doubtful, again.last_message_id, again.newest) == (True, 900, 907)


def test_a_message_in_doubt_knows_in_how_many_chats_there_is_another(context: Context, chats: Chats) -> None:
    for chat_id in (CHAT, CHAT + 1, CHAT + 2):
        say(context, opened(context, chats, chat_id), Reply("one"))
        chats.next_step(chat_id)
    chats.nothing_begun(CHAT + 2)
    again = Chats(context).next_step(CHAT)
    assert again is not None
    assert (again.doubtful, again.beside) == (True, 2)


def test_numbers_of_all_that_waits_are_known_but_not_those_of_groups(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("one"))
    inbox = Inbox(context.database, BOT)
    assert inbox.newest_number() == 0
    inbox.store([update(40, chat_id=CHAT + 1), update(41, chat_id=CHAT + 2)])
    in_group = {"chat": {"id": -5, "type": "supergroup"}, "message_id": 9_000, "text": "/start", "from": {"id": 1}}
    entity = {"type": "bot_command", "offset": 0, "length": 6}
    inbox.store([{"update_id": 43, "message": {**in_group, "entities": [entity]}}])
    assert inbox.chats() == [CHAT + 1, CHAT + 2, -5]
    assert inbox.newest_number() == 41
    first = chats.next_step(CHAT)
    assert first is not None
    assert first.last_message_id == 41
    chats.exists(60)
    chats.nothing_begun(CHAT)
    first = chats.next_step(CHAT)
    assert first is not None
    assert first.last_message_id == 60
    inbox.store([update(77, chat_id=CHAT + 2)])
    again = Chats(context).next_step(CHAT)
    assert again is not None
    assert (again.doubtful, again.last_message_id, again.newest) == (True, 60, 77)


class Bot:
    """Sends, and says of a message whether it is there, as long as nothing is wrong."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.wrong: TelegramError | None = None

    def _check(self) -> None:
        if self.wrong is not None:
            raise self.wrong

    async def send_message(self, _: int, text: str, **__: Any) -> Any:
        self._check()
        self.sent.append(text)
        return type("Sent", (), {"message_id": 100 + len(self.sent)})

    async def edit_message_text(self, text: str, chat_id: int, number: int, **_: Any) -> None:
        self._check()
        there = 0 < number - 100 <= len(self.sent)
        raise BadRequest("message is not modified" if there else "message to edit not found")


async def in_thread(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


def unreachable() -> NetworkError:
    error = NetworkError("x")
    error.__cause__ = httpx.ConnectError("x")
    return error


@pytest.mark.parametrize("wrong", [unreachable(), RetryAfter(5), NetworkError("x")])
def test_what_is_in_doubt_stays_so_while_it_cannot_be_looked_for(
    context: Context, chats: Chats, wrong: TelegramError
) -> None:
    conversation_id = opened(context, chats)
    chats.heard_from(CHAT, 100)
    say(context, conversation_id, Reply("one"), Reply("two"))
    bot = Bot()
    begun = chats.next_step(CHAT)
    asyncio.run(bot.send_message(CHAT, "one"))  # it arrives, and the process is killed
    assert begun is not None
    back = Chats(context)
    sender = Sender(context, cast(api.Bot, bot), back, in_thread)
    bot.wrong = wrong
    for _ in range(2):
        asyncio.run(sender.follow(CHAT))
    bot.wrong = None
    asyncio.run(sender.follow(CHAT))
    assert bot.sent == ["one", "two"]


def test_what_never_left_is_sent_without_being_looked_for(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("one"))
    bot = Bot()
    sender = Sender(context, cast(api.Bot, bot), chats, in_thread)
    bot.wrong = unreachable()
    asyncio.run(sender.follow(CHAT))
    step = chats.next_step(CHAT)
    assert step is not None
    assert not step.doubtful


def test_the_keyboard_for_a_number_is_up_until_the_next_message_is_there(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("Which number?", ReplyKind.QUESTION, meta={"booking_step": "contact"}))
    say(context, conversation_id, Reply("Thank you"))
    (asked, thanks) = send_all(chats)
    assert (asked.part.contact, asked.drops_contact) == (True, False)
    assert (thanks.part.contact, thanks.drops_contact, thanks.doubtful) == (False, True, False)
    with context.database.session() as session:
        chat = session.get_one(TelegramChat, CHAT)
        assert (chat.contact_keyboard, chat.last_message_id) == (False, 102)


def test_a_long_reply_goes_on_where_it_was(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("\n\n".join("word " * 500 for _ in range(4))))
    first = chats.next_step(CHAT)
    assert first is not None
    second = chats.next_step(CHAT, first, 101)
    assert second is not None
    back = Chats(context).next_step(CHAT)
    assert back is not None
    assert (first.place, second.place, back.place) == (0, 1, 1)


def test_a_blocked_chat_is_left_alone_and_gets_what_waited_when_it_is_back(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    with context.database.session() as session:
        session.add(Outbox(key="k", conversation_id=conversation_id, author="staff", reply={"text": "x"}, due_at=now()))
    chats.set_blocked(CHAT, True)
    say(context, conversation_id, Reply("one"))
    assert chats.with_news() == []
    assert chats.next_step(CHAT) is None
    with context.database.session() as session:
        assert session.scalars(select(Outbox)).one().failed == "blocked"
    chats.heard_from(CHAT, 7)
    assert [step.part.plain for step in send_all(chats)] == ["one"]
    with context.database.session() as session:
        assert session.scalars(select(Outbox)).one().failed is None


def test_a_push_waits_for_the_morning_unless_the_client_is_awake(
    context: Context, chats: Chats, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, Reply("It can go ahead."), author="staff", to=None)
    with context.database.session() as session:
        uid = session.scalars(select(Message.uid)).one()
        session.add(
            Outbox(key="k", conversation_id=conversation_id, author="staff", reply={}, due_at=now(), message_uid=uid)
        )
        session.get_one(Conversation, conversation_id).last_at = now() - HOUR
    monkeypatch.setattr(chats_module, "is_quiet", lambda clinic, moment: True)
    assert chats.next_step(CHAT) is None
    with context.database.session() as session:
        session.get_one(Conversation, conversation_id).last_at = now()
    (sent,) = send_all(chats)
    assert sent.part.plain == "From the team:\n\nIt can go ahead."
    with context.database.session() as session:
        assert session.scalars(select(Outbox)).one().delivered_at is not None


def test_answers_come_at_night_too(context: Context, chats: Chats, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation_id = opened(context, chats)
    with context.database.session() as session:
        session.get_one(Conversation, conversation_id).last_at = now() - HOUR
    say(context, conversation_id, Reply("one"))
    monkeypatch.setattr(chats_module, "is_quiet", lambda clinic, moment: True)
    assert len(send_all(chats)) == 1


def screened(session: Session, conversation_id: str) -> Screening:
    """Finished health questions."""
    screening = Screening(
        id="s-1", conversation_id=conversation_id, state="decided", record={}, ruleset_version="1", tier="NONE",
        complex_case=False, unclear=[], started_at=now(), finished_at=now(),
    )  # fmt: skip
    session.add(screening)
    session.flush()
    return screening


@pytest.mark.parametrize(
    ("state", "moved", "starts_in", "sent"),
    [
        ("confirmed", 0 * HOUR, HOUR, True),
        ("confirmed", HOUR, HOUR, False),
        ("confirmed", 0 * HOUR, -HOUR, False),
        ("cancelled", 0 * HOUR, HOUR, False),
        (None, 0 * HOUR, HOUR, False),
    ],
)
def test_a_reminder_of_a_visit_is_sent_while_it_is_true(
    context: Context,
    chats: Chats,
    state: str | None,
    moved: datetime.timedelta,
    starts_in: datetime.timedelta,
    sent: bool,
) -> None:
    conversation_id = opened(context, chats)
    start = now() + starts_in
    if state is not None:
        with context.database.session() as session:
            session.add(
                Booking(
                    reference="NMT-7K3QF",
                    conversation_id=conversation_id,
                    state=state,
                    service="nmt-60",
                    screening_id=screened(session, conversation_id).id,
                    start=start + moved,
                    end=start + moved + HOUR,
                    name="Maria",
                    created_at=now(),
                    changed_at=now(),
                )
            )
    about = {"reference": "NMT-7K3QF", "start": start.isoformat()}
    say(context, conversation_id, Reply("Come", ReplyKind.BOOKING, meta={"reminder": about}), to=None)
    assert bool(send_all(chats)) is sent
    assert chats.with_news() == []


# ------------------------------------------------------------------ buttons


def test_a_button_is_taken_once_but_the_same_update_may_be_done_again(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question())
    (step,) = send_all(chats)
    data = key(step.token, 0)
    press = chats.press(CHAT, data, update_row=1)
    assert press.state is Pressed.TAKEN
    assert press.action == {"do": "intent", "intent": "affirm"}
    assert press.message_id == 101
    chats.close(step.token, 1, "Yes")
    assert chats.press(CHAT, data, update_row=1).state is Pressed.TAKEN
    assert chats.press(CHAT, data, update_row=2).state is Pressed.STALE
    (edit,) = chats.edits(CHAT)
    assert edit.plain == "Well?\n\nYou chose: Yes"
    chats.edited(step.token)
    assert chats.edits(CHAT) == []


def test_a_button_means_nothing_in_another_chat_or_after_its_time(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question())
    (step,) = send_all(chats)
    data = key(step.token, 0)
    assert chats.press(CHAT + 1, data, 1).state is Pressed.GONE
    assert chats.press(CHAT, key(step.token, 50), 1).state is Pressed.GONE
    assert chats.press(CHAT, key("A" * 12, 0), 1).state is Pressed.GONE
    assert chats.press(CHAT, "delete everything", 1).state is Pressed.GONE
    with context.database.session() as session:
        session.get_one(TelegramKeyboard, step.token).expires_at = now()
    assert chats.press(CHAT, data, 1).state is Pressed.GONE


def test_the_buttons_of_a_question_go_when_it_was_answered_in_words(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question("first"), Reply("Menu", ReplyKind.MENU, question().buttons))
    asked, menu = send_all(chats)
    say(context, conversation_id, question("second"), to="a message of the client")
    send_all(chats, first=200)
    assert chats.press(CHAT, key(asked.token, 0), 9).state is Pressed.STALE
    assert chats.press(CHAT, key(menu.token, 0), 9).state is Pressed.TAKEN
    assert [edit.message_id for edit in chats.edits(CHAT)] == [101]


def test_two_questions_of_one_turn_are_both_open(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question("Delete it all?"), question("Step 3"), to="a message of the client")
    for step in send_all(chats):
        assert chats.press(CHAT, key(step.token, 0), 9).state is Pressed.TAKEN


def test_what_the_channel_says_itself_is_said_once_for_an_update(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question("Which day?"))
    send_all(chats)
    for _ in range(2):
        chats.say(conversation_id, "tg-700-8", [Reply("I can only read text.")], ask_again=True)
    assert [step.part.plain for step in send_all(chats, first=200)] == ["I can only read text.", "Which day?"]


# ------------------------------------------------------------------ links from the website


@pytest.fixture
def link(context: Context) -> tuple[str, str]:
    """A conversation of the website, and what the link to it carries."""
    with context.database.session() as session:
        session.add(ChannelState(channel="telegram", state={"username": "willowbot"}, at=now()))
        conversation, _ = conversations.create(session, "web", "en-US")
    made = links.make(context.database, conversation.id)
    assert made is not None
    assert made[0].startswith("https://t.me/willowbot?start=link-")
    return conversation.id, made[0].partition("start=")[2]


def test_a_link_works_once_and_only_its_hash_is_kept(context: Context, chats: Chats, link: tuple[str, str]) -> None:
    conversation_id, payload = link
    own = opened(context, chats)
    assert len(payload) <= 64
    token_hash = links.read(context.database, payload)
    assert token_hash is not None
    assert payload.removeprefix("link-") not in token_hash
    assert links.use(context.database, token_hash, CHAT) == conversation_id
    assert links.linked(context.database, token_hash, CHAT) == conversation_id
    assert links.read(context.database, payload) is None
    assert links.use(context.database, token_hash, CHAT + 1) is None
    assert chats.known(CHAT) == conversation_id
    assert chats.own_conversation(CHAT) == own


def test_a_link_runs_out(context: Context, link: tuple[str, str]) -> None:
    with context.database.session() as session:
        session.scalars(select(TelegramLink)).one().expires_at = now()
    assert links.read(context.database, link[1]) is None
    assert links.read(context.database, "link-made-up") is None


def test_without_a_bot_there_is_no_link(context: Context) -> None:
    with context.database.session() as session:
        conversation, _ = conversations.create(session, "web", "en-US")
    assert links.make(context.database, conversation.id) is None


def test_a_conversation_is_open_in_one_chat_only(context: Context, chats: Chats, link: tuple[str, str]) -> None:
    conversation_id, payload = link
    opened(context, chats)
    opened(context, chats, CHAT + 1)
    for chat_id in (CHAT, CHAT + 1):
        made = links.make(context.database, conversation_id)
        assert made is not None
        token_hash = links.read(context.database, made[0].partition("start=")[2])
        assert token_hash is not None
        links.use(context.database, token_hash, chat_id)
    assert chats.known(CHAT) is None
    assert chats.known(CHAT + 1) == conversation_id
    assert payload


def test_a_held_conversation_is_not_left_by_a_link(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    assert links.may_leave(context.database, conversation_id)
    with context.database.session() as session:
        session.get_one(Conversation, conversation_id).lock = "locked"
    assert not links.may_leave(context.database, conversation_id)


@pytest.mark.parametrize("what", ["consent", "screening"])
def test_a_conversation_with_something_of_its_own_is_not_left_by_a_link(
    context: Context, chats: Chats, what: str
) -> None:
    conversation_id = opened(context, chats)
    with context.database.session() as session:
        if what == "consent":
            agreed = {"version": "1", "locale": "en-US", "channel": "telegram", "at": now()}
            session.add(Consent(conversation_id=conversation_id, **agreed))
        else:
            screened(session, conversation_id)
    assert not links.may_leave(context.database, conversation_id)


def test_of_a_linked_conversation_news_come_here_and_answers_go_where_they_were_asked(
    context: Context, chats: Chats
) -> None:
    conversation_id = opened(context, chats, channel="web")
    with context.database.session() as session:
        here = conversations.add_client_message(session, conversation_id, "here", "tg-700-1", None)
        there = conversations.add_client_message(session, conversation_id, "there", "uuid", None)
    say(context, conversation_id, Reply("to the website"), to=there.uid)
    say(context, conversation_id, Reply("to Telegram"), to=here.uid)
    say(context, conversation_id, Reply("news"), to=None)
    assert [step.part.plain for step in send_all(chats)] == ["to Telegram", "news"]


# ------------------------------------------------------------------ one's own data


def test_a_chat_is_in_what_a_client_may_take_away(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    with context.database.session() as session:
        (chat,) = exporting.export(session, conversation_id)["telegram"]
    assert (chat["chat"], chat["came_from"], chat["blocked"]) == (CHAT, "flyer", None)


def test_erasing_covers_what_telegram_left(context: Context, chats: Chats) -> None:
    conversation_id = opened(context, chats)
    say(context, conversation_id, question())
    (step,) = send_all(chats)
    chats.mark(step.token, {"0": "yes"})
    with context.database.session() as session:
        session.add(TelegramLink(token_hash="x", conversation_id=conversation_id, expires_at=now()))
    with context.database.session() as session:
        conversations.erase_contents(session, session.get_one(Conversation, conversation_id), keep_message=-1)
    with context.database.session() as session:
        assert session.scalars(select(TelegramKeyboard)).all() == []
        assert session.scalars(select(TelegramLink)).all() == []
        chat = session.get_one(TelegramChat, CHAT)
        assert (chat.campaign, chat.opened_by, chat.sent_parts) == (None, None, 0)
    with context.database.session() as session:
        conversations.erase(session, conversation_id)
    with context.database.session() as session:
        assert session.get(TelegramChat, CHAT) is None
