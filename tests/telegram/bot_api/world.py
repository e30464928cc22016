"""People, chats, messages and the queue of updates, behind one lock: the server's thread and the tests share them.

Facts (Bot API 10.0):

- "Getting updates": updates wait until they are received, at most 24 hours; one is confirmed by a `getUpdates` with a
  higher offset; `update_id` rises one by one, from anywhere; without `allowed_updates` all kinds but chat_member,
  message_reaction and message_reaction_count are given; the list is kept until another is given and counts for later
  updates only;
- "Message": ids are unique within a chat and rise; those of private chats and groups of one bot come from one row of
  numbers, those of a supergroup or channel from its own;
- "CallbackQuery": it has to be answered in time, and once.
"""

from __future__ import annotations

import itertools
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.telegram.bot_api.formatting import utf16

UPDATE_KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "guest_message",
)
NOT_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")
_COMMAND = re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w+)?")

Json = dict[str, Any]


@dataclass
class Person:
    """Somebody with the app."""

    id: int
    first_name: str
    language: str = "en"
    phone_number: str = ""
    deactivated: bool = False

    def as_json(self) -> Json:
        return {"id": self.id, "is_bot": False, "first_name": self.first_name, "language_code": self.language}


@dataclass
class Message:
    """A message as it now stands in a chat, with what it was before each edit."""

    chat_id: int
    id: int
    date: int
    by_bot: bool
    content: Json
    markup: Json | None = None
    protected: bool = False
    silent: bool = False
    preview: bool = True
    versions: list[tuple[Json, Json | None]] = field(default_factory=list)
    at: float = field(default_factory=time.monotonic)
    order: int = 0
    """Place among everything that happened in all chats."""

    @property
    def text(self) -> str:
        return str(self.content.get("text") or self.content.get("caption") or "")

    @property
    def inline(self) -> list[list[Json]]:
        return list((self.markup or {}).get("inline_keyboard", []))


@dataclass
class Chat:
    """A private chat, a group or a channel, and whether the bot may write there."""

    id: int
    type: Literal["private", "group", "supergroup", "channel"]
    title: str = ""
    person: Person | None = None
    started: bool = False
    blocked: bool = False
    member: bool = True
    moved_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    reply_keyboard: Json | None = None
    actions: list[tuple[float, str]] = field(default_factory=list)
    timeline: list[tuple[str, Any]] = field(default_factory=list)
    """What happened, in order: ("message", id), ("press", title), ("notice", what a tap brought up)."""

    def as_json(self) -> Json:
        if self.person is not None:
            return {"id": self.id, "type": self.type, "first_name": self.person.first_name}
        return {"id": self.id, "type": self.type, "title": self.title}


@dataclass
class Query:
    """A button that was pressed."""

    id: str
    chat_id: int
    message_id: int
    at: float
    answered: Json | None = None


@dataclass
class Webhook:
    """What was set by setWebhook."""

    url: str
    secret: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_date: int = 0


@dataclass
class Waiting:
    """An update that was not confirmed yet. `queue`: the updates Telegram's webhook keeps in order with it."""

    id: int
    kind: str
    body: Json
    queue: tuple[str, int]

    def as_json(self) -> Json:
        return {"update_id": self.id, self.kind: self.body}


class World:
    """Everything the server knows. Use it with `lock` held; `changed` tells everybody who waits."""

    def __init__(self, token: str, username: str = "willow_lane_bot") -> None:
        self.token = token
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Willow Lane",
            "username": username,
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
            "can_manage_bots": False,
        }
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.chats: dict[int, Chat] = {}
        self.waiting: list[Waiting] = []
        self.queries: dict[str, Query] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.webhook: Webhook | None = None
        self.allowed: tuple[str, ...] = tuple(kind for kind in UPDATE_KINDS if kind not in NOT_BY_DEFAULT)
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.profile: dict[tuple[str, str], str] = {}
        self.menu_button: Json = {"type": "default"}
        self.query_life_s = 60.0
        self.on_update: list[Callable[[], None]] = []
        self.wall: Callable[[], float] = time.time
        self._update_ids = itertools.count(random.randrange(1, 1_000_000_000))
        self._query_ids = itertools.count(4_000_000_000_001)
        self._numbers = itertools.count(1)
        self._order = itertools.count(1)

    # ------------------------------------------------------------ chats

    def private(self, person: Person) -> Chat:
        """The chat of a person with the bot."""
        return self.chats.setdefault(person.id, Chat(person.id, "private", person=person, numbers=self._numbers))

    def group(self, chat_id: int, title: str, kind: Literal["group", "supergroup", "channel"] = "group") -> Chat:
        """A chat of several people that the bot is in."""
        chat = self.chats.setdefault(chat_id, Chat(chat_id, kind, title))
        if kind == "group":
            chat.numbers = self._numbers
        return chat

    def tell(self) -> None:
        """Something happened."""
        with self.lock:
            self.changed.notify_all()

    # ------------------------------------------------------------ messages

    def post(self, chat: Chat, content: Json, *, by_bot: bool, markup: Json | None = None) -> Message:
        """Put a message into a chat."""
        message = Message(chat.id, next(chat.numbers), int(self.wall()), by_bot, content, markup)
        message.order = next(self._order)
        chat.messages[message.id] = message
        chat.timeline.append(("message", message.id))
        self.tell()
        return message

    def edit(self, message: Message, content: Json, markup: Json | None) -> None:
        """Change a message; what it was stays in `versions`."""
        message.versions.append((message.content, message.markup))
        message.content, message.markup = content, markup
        self.tell()

    def message_json(self, message: Message, sender: Person | None = None) -> Json:
        """A Message object."""
        chat = self.chats[message.chat_id]
        body: Json = {"message_id": message.id, "date": message.date, "chat": chat.as_json(), **message.content}
        if chat.type == "channel":
            body["sender_chat"] = chat.as_json()
        elif message.by_bot:
            body["from"] = {key: self.bot[key] for key in ("id", "is_bot", "first_name", "username")}
        else:
            body["from"] = (sender or chat.person or Person(777000, "Telegram")).as_json()
        if message.inline:
            body["reply_markup"] = message.markup
        if message.protected:
            body["has_protected_content"] = True
        if message.versions:
            body["edit_date"] = int(self.wall())
        return body

    # ------------------------------------------------------------ updates

    def update(self, kind: str, body: Json, queue: tuple[str, int]) -> Waiting | None:
        """Put an update into the queue, if the bot wants its kind."""
        if kind not in self.allowed:
            return None
        waiting = Waiting(next(self._update_ids), kind, body, queue)
        self.waiting.append(waiting)
        self.tell()
        for call in self.on_update:
            call()
        return waiting

    def confirm(self, below: int) -> None:
        """Forget the updates with a lower id."""
        self.waiting = [update for update in self.waiting if update.id >= below]
        self.tell()

    def press(self, message: Message, data: str, person: Person) -> Query:
        """Somebody pressed a button with callback data."""
        query = Query(str(next(self._query_ids)), message.chat_id, message.id, time.monotonic())
        self.queries[query.id] = query
        body = {
            "id": query.id,
            "from": person.as_json(),
            "message": self.message_json(message),
            "chat_instance": str(message.chat_id * 7919),
            "data": data,
        }
        self.update("callback_query", body, ("callback_query", person.id))
        return query


def commands_in(text: str) -> list[Json]:
    """The `bot_command` entities Telegram's apps see in a text."""
    return [
        {"type": "bot_command", "offset": utf16(text[: found.start()]), "length": utf16(found.group())}
        for found in _COMMAND.finditer(text)
    ]
