"""What comes from Telegram, reduced to what is needed: the form in which it is stored before it is acknowledged.

Pictures, voices, places and files never get past this point. Works on the JSON of the Bot API, without its library,
because the web role takes webhook calls too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
"""The kinds of updates that Telegram is asked for."""

# Telegram tells these by itself; nobody said anything.
_SERVICE = frozenset(
    {
        "message_auto_delete_timer_changed",
        "pinned_message",
        "write_access_allowed",
        "chat_background_set",
        "connected_website",
        "successful_payment",
        "refunded_payment",
        "users_shared",
        "chat_shared",
        "boost_added",
        "giveaway_created",
        "giveaway_completed",
        "proximity_alert_triggered",
        "web_app_data",
    }
)
_ALBUM = 24  # characters; Telegram's have fewer
_PLACES = frozenset({"location", "venue"})


class Kind(StrEnum):
    """What an update is to the dialogue."""

    TEXT = "text"
    PRESS = "press"
    CONTACT = "contact"
    MEDIA = "media"
    PLACE = "place"
    EDITED = "edited"
    FORWARDED = "forwarded"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update. In a group nothing of what was written is kept, only by which name the bot was called.

    Attributes:
        text: what was typed; of a picture or file its caption; of a contact the phone number.
        own: of a contact: it is the sender's own.
        key: of a press: what the button carried.
        query: of a press: the id by which it is answered.
        album: several pictures that were sent together have the same; they are answered once.
    """

    kind: Kind
    chat_id: int
    message_id: int | None = None
    text: str = ""
    own: bool = False
    key: str = ""
    query: str = ""
    album: str = ""

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None, False)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Incoming:
        """Rebuild what `to_json` gave."""
        return Incoming(**{**data, "kind": Kind(data["kind"])})


def reduce(update: Mapping[str, Any], bot_id: int) -> Incoming | None:
    """What an update says; None when nobody has to be answered.

    Args:
        update: the JSON of the Bot API.
        bot_id: the bot's own number, to know what is addressed to it.
    """
    if query := update.get("callback_query"):
        return _press(query)
    if member := update.get("my_chat_member"):
        return _member(member)
    edited = update.get("edited_message")
    message = edited or update.get("message")
    if not isinstance(message, Mapping) or "chat" not in message:
        return None
    if (message.get("from") or {}).get("is_bot"):
        return None
    if message["chat"].get("type") != "private":
        return None if edited else _in_group(message, bot_id)
    return _private(message, edited=bool(edited))


def _private(message: Mapping[str, Any], *, edited: bool) -> Incoming | None:
    chat_id, number = int(message["chat"]["id"]), int(message["message_id"])
    text = str(message.get("text") or message.get("caption") or "")
    if edited:
        return Incoming(Kind.EDITED, chat_id, number, text)
    if contact := message.get("contact"):
        own = contact.get("user_id") is not None and contact.get("user_id") == (message.get("from") or {}).get("id")
        phone = str(contact.get("phone_number") or "") if own else ""
        return Incoming(Kind.CONTACT, chat_id, number, phone, own=own)
    if any(key in message for key in ("forward_origin", "forward_date")):
        return Incoming(Kind.FORWARDED, chat_id, number, text)
    if "text" in message:
        return Incoming(Kind.TEXT, chat_id, number, text)
    if _PLACES & message.keys():
        return Incoming(Kind.PLACE, chat_id, number)
    if _SERVICE & message.keys():
        return None
    return Incoming(Kind.MEDIA, chat_id, number, text, album=str(message.get("media_group_id") or "")[:_ALBUM])


def _press(query: Mapping[str, Any]) -> Incoming | None:
    message = query.get("message") or {}
    chat = message.get("chat") or {}
    if chat.get("type") not in (None, "private"):
        return None
    chat_id = chat.get("id") or (query.get("from") or {}).get("id")
    if chat_id is None:
        return None
    return Incoming(
        Kind.PRESS,
        int(chat_id),
        message.get("message_id"),
        key=str(query.get("data") or ""),
        query=str(query["id"]),
    )


def _member(member: Mapping[str, Any]) -> Incoming | None:
    chat = member["chat"]
    before = (member.get("old_chat_member") or {}).get("status")
    after = (member.get("new_chat_member") or {}).get("status")
    gone = after in ("kicked", "left")
    if chat.get("type") == "private":
        return Incoming(Kind.BLOCKED if gone else Kind.UNBLOCKED, int(chat["id"]))
    if gone or chat.get("type") == "channel" or before not in (None, "kicked", "left"):
        return None
    return Incoming(Kind.GROUP, int(chat["id"]), text="added")


def _in_group(message: Mapping[str, Any], bot_id: int) -> Incoming | None:
    """Only the names and commands in it are kept: whether the bot is meant is seen when its own name is known."""
    if message["chat"].get("type") == "channel":
        return None
    chat_id, number = int(message["chat"]["id"]), int(message["message_id"])
    answered = (message.get("reply_to_message") or {}).get("from") or {}
    if answered.get("id") == bot_id:
        return Incoming(Kind.GROUP, chat_id, number, "added")
    called = []
    for text_key, entity_key in (("text", "entities"), ("caption", "caption_entities")):
        text = str(message.get(text_key) or "").encode("utf-16-le")
        for entity in message.get(entity_key) or ():
            if entity.get("type") in ("mention", "bot_command"):
                start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
                called.append(text[start:end].decode("utf-16-le", errors="ignore"))
    return Incoming(Kind.GROUP, chat_id, number, " ".join(called)) if called else None


def calls_bot(called: str, username: str) -> bool:
    """Whether what was called in a group is this bot: its name, one of its commands, or an answer to it."""
    name = f"@{username}".lower()
    for word in called.lower().split():
        if word in ("added", name) or (word.startswith("/") and ("@" not in word or word.endswith(name))):
            return True
    return False
