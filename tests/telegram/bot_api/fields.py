"""Which methods this server has, what each parameter may be, and how a request is read.

Facts (Bot API 9.3 and 10.0, "Making requests"): GET and POST; parameters in the query string, as a form, as JSON (not
for uploads) or as multipart; method names in any case; lists and objects in a form are JSON texts.

Stricter than Telegram, so that mistakes are found: Telegram ignores parameters and fields it does not know, takes a
number for a text, any word for False, the nearest number that fits for one out of range, and reads what it can of a
list of updates. This server refuses all of that. What both refuse, both refuse in the words of the published server
(tdlib/telegram-bot-api).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.telegram.bot_api.errors import Refusal, bad

MAX_FILE = 50_000_000
"""Bytes a bot may upload by multipart ("Sending files")."""


@dataclass(frozen=True)
class File:
    """An uploaded file."""

    name: str
    content: bytes
    mime_type: str


def _integer(name: str, raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise bad(f'parameter "{name}" must be of type Integer')
    try:
        return int(raw)
    except ValueError:
        raise bad(f'parameter "{name}" must be of type Integer') from None


def _number(name: str, raw: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise bad(f'parameter "{name}" must be of type Float')
    try:
        return float(raw)
    except ValueError:
        raise bad(f'parameter "{name}" must be of type Float') from None


def _flag(name: str, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in ("true", "false", "1", "0", "yes", "no"):
        return raw.lower() in ("true", "1", "yes")
    raise bad(f'parameter "{name}" must be of type Boolean')


def _text(name: str, raw: Any) -> str:
    if not isinstance(raw, str):
        raise bad(f'parameter "{name}" must be of type String')
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise bad("strings must be encoded in UTF-8") from None
    return raw


def _chat(name: str, raw: Any) -> int:
    """A number; names of public chats (@name) are none of this bot's."""
    if raw == "":
        raise bad("chat_id is empty")
    try:
        return _integer(name, raw)
    except Refusal:
        raise bad("chat not found") from None


_CALLED = {
    "reply_markup": ("reply keyboard markup", "object expected as reply markup"),
    "reply_parameters": ("reply parameters", "object expected as reply parameters"),
    "link_preview_options": ("link preview options", "object expected as link preview options"),
    "scope": ("BotCommandScope", "can't parse BotCommandScope: BotCommandScope must be an Object"),
    "menu_button": ("menu button", "can't parse menu button: MenuButton must be an Object"),
    "commands": ("commands", "expected an Array of BotCommand"),
}
"""What Telegram calls an object that it cannot decode, and what it says when it is of another type."""


def _decoded(name: str, raw: Any, kind: type) -> Any:
    called, other = _CALLED.get(name, (name, f"{name} must be an {'Array' if kind is list else 'Object'}"))
    if isinstance(raw, str):
        try:
            raw = json.loads(raw)
        except ValueError:
            raise bad(f"can't parse {called} JSON object") from None
    if not isinstance(raw, kind):
        raise bad(other)
    return raw


def _array(name: str, raw: Any) -> list[Any]:
    found: list[Any] = _decoded(name, raw, list)
    return found


def _object(name: str, raw: Any) -> dict[str, Any]:
    found: dict[str, Any] = _decoded(name, raw, dict)
    return found


def _file(name: str, raw: Any) -> File | str:
    """An upload, or the id of a file Telegram has; an address to fetch from is refused here."""
    if isinstance(raw, File):
        if not raw.content:
            raise bad("file must be non-empty")
        if len(raw.content) > MAX_FILE:
            raise Refusal(413, "Request Entity Too Large")
        return raw
    return _text(name, raw)


Reader = Callable[[str, Any], Any]

# The parameters of every method that sends a message.
_SEND: dict[str, Reader] = {
    "chat_id": _chat,
    "disable_notification": _flag,
    "protect_content": _flag,
    "reply_parameters": _object,
    "reply_markup": _object,
}
_EDIT: dict[str, Reader] = {"chat_id": _chat, "message_id": _integer, "reply_markup": _object}
_OPTIONS: dict[str, Reader] = {"parse_mode": _text, "entities": _array, "link_preview_options": _object}

METHODS: Mapping[str, Mapping[str, Reader]] = {
    "getMe": {},
    "getUpdates": {"offset": _integer, "limit": _integer, "timeout": _integer, "allowed_updates": _array},
    "setWebhook": {
        "url": _text,
        "ip_address": _text,
        "max_connections": _integer,
        "allowed_updates": _array,
        "drop_pending_updates": _flag,
        "secret_token": _text,
    },
    "deleteWebhook": {"drop_pending_updates": _flag},
    "getWebhookInfo": {},
    "sendMessage": _SEND | _OPTIONS | {"text": _text},
    "sendDocument": _SEND
    | {
        "document": _file,
        "caption": _text,
        "parse_mode": _text,
        "caption_entities": _array,
        "disable_content_type_detection": _flag,
    },
    "sendLocation": _SEND | {"latitude": _number, "longitude": _number, "horizontal_accuracy": _number},
    "sendVenue": _SEND | {"latitude": _number, "longitude": _number, "title": _text, "address": _text},
    "editMessageText": _EDIT | _OPTIONS | {"text": _text},
    "editMessageReplyMarkup": _EDIT,
    "deleteMessage": {"chat_id": _chat, "message_id": _integer},
    "answerCallbackQuery": {
        "callback_query_id": _text,
        "text": _text,
        "show_alert": _flag,
        "url": _text,
        "cache_time": _integer,
    },
    "sendChatAction": {"chat_id": _chat, "action": _text},
    "getChat": {"chat_id": _chat},
    "leaveChat": {"chat_id": _chat},
    "setMyCommands": {"commands": _array, "scope": _object, "language_code": _text},
    "getMyCommands": {"scope": _object, "language_code": _text},
    "deleteMyCommands": {"scope": _object, "language_code": _text},
    "getMyName": {"language_code": _text},
    "getMyDescription": {"language_code": _text},
    "getMyShortDescription": {"language_code": _text},
    "getChatMenuButton": {"chat_id": _chat},
    "setMyName": {"name": _text, "language_code": _text},
    "setMyDescription": {"description": _text, "language_code": _text},
    "setMyShortDescription": {"short_description": _text, "language_code": _text},
    "setChatMenuButton": {"chat_id": _chat, "menu_button": _object},
}

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "setWebhook": (),  # an empty or missing address removes the webhook
    "sendMessage": ("chat_id", "text"),
    "sendDocument": ("chat_id", "document"),
    "sendLocation": ("chat_id", "latitude", "longitude"),
    "sendVenue": ("chat_id", "latitude", "longitude", "title", "address"),
    "editMessageText": ("chat_id", "message_id", "text"),
    "editMessageReplyMarkup": ("chat_id", "message_id"),
    "deleteMessage": ("chat_id", "message_id"),
    "answerCallbackQuery": ("callback_query_id",),
    "sendChatAction": ("chat_id", "action"),
    "getChat": ("chat_id",),
    "leaveChat": ("chat_id",),
    "setMyCommands": ("commands",),
}

_MISSING: Mapping[str | tuple[str, str], str] = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "document": "there is no document in the request",
    "message_id": "message to edit not found",
    "latitude": "latitude is empty",
    "longitude": "longitude is empty",
    "action": "wrong parameter action in request",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
    ("deleteMessage", "chat_id"): "chat identifier is not specified",
    ("deleteMessage", "message_id"): "message identifier is not specified",
}

_BY_LOWER = {name.lower(): name for name in METHODS}


def method_named(name: str) -> str:
    """The method, whatever case it was asked for in.

    Raises:
        Refusal: 404, there is none of this name.
    """
    found = _BY_LOWER.get(name.lower())
    if found is None:
        raise Refusal(404, "Not Found: method not found")
    return found


def read(method: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a request, each of its type.

    Raises:
        Refusal: one is unknown, missing or of another type.
    """
    known = METHODS[method]
    for name in raw:
        if name not in known:
            raise bad(f'unknown parameter "{name}" of {method}')
    if method.startswith("editMessage") and not any(raw.get(name) for name in ("chat_id", "message_id")):
        raise bad("message identifier is not specified")
    for name in REQUIRED.get(method, ()):
        if raw.get(name, "") == "":
            raise bad(_MISSING.get((method, name)) or _MISSING.get(name, f'parameter "{name}" is required'))
    return {name: known[name](name, value) for name, value in raw.items()}


_KINDS = {str: "String", bool: "Boolean", int: "Number", list: "Array", dict: "Object"}


def only(what: str, given: Mapping[str, Any], known: Mapping[str, type]) -> None:
    """Refuse an object with a field that is unknown or of another type."""
    for name, value in given.items():
        if name not in known:
            raise bad(f'unknown field "{name}" of {what}')
        kind = known[name]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise bad(f'can\'t parse {what}: Field "{name}" must be of type {_KINDS[kind]}')
