"""What the service stored of a chat, to hold against what the phone shows."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, inspect, select

from bot.channels.telegram.app import PROFILE
from bot.reply import Reply
from bot.store import Database, now
from bot.store.models import ChannelState, Conversation, Message, Outbox, TelegramChat, TelegramLink, TelegramUpdate
from tests.stack import Stack, wait_until
from tests.telegram.bot_api.phone import Phone

START = "/start"


@dataclass(frozen=True)
class Line:
    """One stored message of a conversation."""

    author: str
    text: str
    state: str
    kind: str


class Record:
    """The database of a service: to look at, and to let happen in it what takes long or is rare otherwise."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lines(self, phone: Phone) -> list[Line]:
        """Everything stored of a person's chat, oldest first."""
        with self._database.reading() as session:
            found = session.scalars(
                select(Message)
                .join(TelegramChat, TelegramChat.conversation_id == Message.conversation_id)
                .where(TelegramChat.chat_id == phone.chat.id)
                .order_by(Message.id)
            )
            return [Line(m.author, m.text, m.state, ((m.reply or {}).get("meta") or {}).get("kind", "")) for m in found]

    def conversation(self, phone: Phone) -> Conversation:
        """The conversation of a person's chat."""
        with self._database.reading() as session:
            return session.scalars(
                select(Conversation)
                .join(TelegramChat, TelegramChat.conversation_id == Conversation.id)
                .where(TelegramChat.chat_id == phone.chat.id)
            ).one()

    def holds(self, word: str) -> list[str]:
        """Tables in which a word stands anywhere."""
        found = []
        with self._database.engine.connect() as connection:
            for table in inspect(connection).get_table_names():
                rows = connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
                found += [table for row in rows if word.lower() in str(row).lower()]
        return found

    def waits(self, phone: Phone) -> bool:
        """Whether something that came from a chat is not dealt with yet."""
        with self._database.reading() as session:
            waiting = select(TelegramUpdate.id).where(
                TelegramUpdate.chat_id == phone.chat.id, TelegramUpdate.state == "waiting"
            )
            return session.scalar(waiting.limit(1)) is not None

    def chat(self, phone: Phone) -> TelegramChat:
        """What is kept of a person's chat."""
        with self._database.reading() as session:
            return session.get_one(TelegramChat, phone.chat.id)

    def push(self, phone: Phone, text: str, author: str = "staff") -> None:
        """Something that a person has to be told, and does not wait for."""
        conversation = self.conversation(phone)
        with self._database.session() as session:
            session.add(
                Outbox(
                    key=f"test:{secrets.token_hex(8)}",
                    conversation_id=conversation.id,
                    author=author,
                    reply=Reply(text).to_json(),
                    due_at=now(),
                    attempts=0,
                )
            )

    def undelivered(self, phone: Phone) -> int:
        """How much of what was pushed has not arrived."""
        conversation = self.conversation(phone)
        with self._database.reading() as session:
            waiting = select(func.count()).where(
                Outbox.conversation_id == conversation.id, Outbox.delivered_at.is_(None)
            )
            return session.scalar(waiting) or 0

    def let_pass(self, phone: Phone, time: timedelta) -> None:
        """So long ago this person wrote last."""
        conversation = self.conversation(phone)
        with self._database.session() as session:
            session.get_one(Conversation, conversation.id).last_at -= time

    def forget_introduction(self) -> None:
        """The bot has not told Telegram of itself."""
        with self._database.session() as session:
            session.execute(delete(ChannelState).where(ChannelState.channel == PROFILE))

    def let_links_run_out(self) -> None:
        """The time of every link from the website is up."""
        with self._database.session() as session:
            for link in session.scalars(select(TelegramLink)):
                link.expires_at = now()

    @contextmanager
    def refusing(self, word: str) -> Iterator[None]:
        """The database does not take messages of clients in which a word stands."""
        assert word.isalpha()
        refuse = f"""CREATE TRIGGER refuse_{word} BEFORE INSERT ON message
            WHEN NEW.author = 'client' AND NEW.text LIKE '%{word}%'
            BEGIN SELECT json(NEW.text); END"""
        with self._database.engine.begin() as connection:
            connection.exec_driver_sql(refuse)
        try:
            yield
        finally:
            with self._database.engine.begin() as connection:
                connection.exec_driver_sql(f"DROP TRIGGER refuse_{word}")

    def said(self, phone: Phone) -> list[str]:
        """What the client said after opening the bot, as it was stored."""
        return [line.text for line in self.lines(phone) if line.author == "client" and line.text != START]

    def replies(self, phone: Phone) -> list[Line]:
        """What bot and staff said, as it was stored."""
        return [line for line in self.lines(phone) if line.author != "client"]

    def wait_settled(self, phone: Phone, said: int, within_s: float = 60) -> None:
        """Wait until so many messages are answered, and the phone shows as many as were stored."""

        def settled() -> bool:
            lines = self.lines(phone)
            mine = [line for line in lines if line.author == "client"]
            answered = len([line for line in mine if line.text != START]) >= said and all(
                line.state != "received" for line in mine
            )
            return answered and len(texts(phone)) >= len(lines) - len(mine)

        try:
            wait_until(settled, "the chat to settle", within_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\nstored: {self.lines(phone)}\nphone:\n{phone.transcript()}") from None


def texts(phone: Phone) -> list[str]:
    """The bot's texts on the phone; files and maps are left out."""
    return [message.text for message in phone.heard if "text" in message.content]


def first_words(text: str) -> str:
    """The beginning of a text, to know it by where it was rendered for another channel."""
    return " ".join(text.split())[:40]


@contextmanager
def opened(stack: Stack) -> Iterator[Record]:
    """The record of a running service."""
    database = Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}")
    try:
        yield Record(database)
    finally:
        database.close()


def assert_faithful(record: Record, phone: Phone, said: list[str]) -> None:
    """What was said is stored in its order, once; what was answered is on the phone in its order, once."""
    assert record.said(phone) == said, phone.transcript()
    replies = [first_words(line.text) for line in record.replies(phone)]
    shown = [" ".join(text.split()) for text in texts(phone)]
    calls = [
        f"{call.method} {call.given.get('message_id', '')} {call.status} {call.description}"
        for call in phone.api.calls
        if call.given.get("chat_id") == phone.chat.id and call.method != "sendChatAction"
    ]
    assert len(shown) == len(replies), f"stored: {replies}\nasked: {calls}\nphone:\n{phone.transcript()}"
    for reply, text in zip(replies, shown, strict=True):
        assert reply in text, f"stored: {replies}\nphone:\n{phone.transcript()}"
