"""Chats of several people.

Facts ("Privacy mode" in Bot features; Bot API 10.0): a bot with privacy mode on gets from a group only commands for it,
replies to it and service messages; as an administrator it gets everything. A channel's posts are `channel_post`. Being
added or removed is `my_chat_member`. A group that grows becomes a supergroup with another id.
"""

from __future__ import annotations

import itertools
from typing import Literal

from tests.telegram.bot_api.server import BotApi
from tests.telegram.bot_api.world import Json, Message, Person, commands_in

_ids = itertools.count(4_100_000_001)


class Room:
    """A group or channel that the bot is in."""

    def __init__(
        self,
        api: BotApi,
        title: str,
        kind: Literal["group", "supergroup", "channel"] = "group",
        *,
        administrator: bool = False,
    ) -> None:
        self.api = api
        self.world = api.world
        self.administrator = administrator
        with self.world.lock:
            self.chat = self.world.group(-next(_ids), title, kind)

    def add_bot(self, by: Person) -> None:
        """Somebody puts the bot into the room."""
        self._member(by, "left", "administrator" if self.administrator else "member")

    def remove_bot(self, by: Person) -> None:
        """Somebody takes it out."""
        with self.world.lock:
            self.chat.member = False
        self._member(by, "administrator" if self.administrator else "member", "kicked")

    def _member(self, by: Person, before: str, after: str) -> None:
        bot = {key: self.world.bot[key] for key in ("id", "is_bot", "first_name", "username")}
        rights = dict.fromkeys(
            (
                "can_be_edited",
                "is_anonymous",
                "can_manage_chat",
                "can_delete_messages",
                "can_manage_video_chats",
                "can_restrict_members",
                "can_promote_members",
                "can_change_info",
                "can_invite_users",
                "can_post_stories",
                "can_edit_stories",
                "can_delete_stories",
            ),
            False,
        )

        def status(what: str) -> Json:
            more: dict[str, Json] = {"kicked": {"until_date": 0}, "administrator": dict(rights)}
            return {"user": bot, "status": what, **more.get(what, {})}

        with self.world.lock:
            body = {
                "chat": self.chat.as_json(),
                "from": by.as_json(),
                "date": int(self.world.wall()),
                "old_chat_member": status(before),
                "new_chat_member": status(after),
            }
            self.world.update("my_chat_member", body, ("my_chat_member", self.chat.id))

    def say(self, by: Person, text: str, *, to: Message | None = None) -> Message:
        """Somebody writes; the bot hears it if Telegram lets it."""
        entities = commands_in(text)
        with self.world.lock:
            content: Json = {"text": text, **({"entities": entities} if entities else {})}
            message = self.world.post(self.chat, content, by_bot=False)
            body = self.world.message_json(message, by)
            if to is not None:
                body["reply_to_message"] = self.world.message_json(to)
            if self.chat.type == "channel":
                self.world.update("channel_post", body, ("channel_post", self.chat.id))
            elif self.administrator or entities or (to is not None and to.by_bot):
                self.world.update("message", body, ("message", self.chat.id))
            return message

    @property
    def heard(self) -> list[Message]:
        """What the bot said here."""
        with self.world.lock:
            return [message for message in self.chat.messages.values() if message.by_bot]
