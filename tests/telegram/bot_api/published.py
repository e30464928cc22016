"""What Telegram publishes of each method and object that this server has: name, type, whether required, and limits.

Taken down from the Bot API's documentation of version 9.3 (31 December 2025) and held against version 10.0, which
python-telegram-bot speaks: between the two only parameters were added, none that this server takes. Types are written
as in the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "9.3"


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter of a method, or a field of an object.

    Attributes:
        required: the documentation says Yes, or does not say Optional.
        least: the smallest number, or the fewest characters, bytes or entries.
        most: the largest or the most.
    """

    type: str
    required: bool = False
    least: float | None = None
    most: float | None = None


def _needed(kind: str, least: float | None = None, most: float | None = None) -> Field:
    return Field(kind, True, least, most)


_STRING, _FLAG, _INTEGER, _FLOAT = Field("String"), Field("Boolean"), Field("Integer"), Field("Float")
_CHAT = _needed("Integer or String")
_LANGUAGE = {"language_code": Field("String", least=2, most=2)}
_MARKUP = Field("InlineKeyboardMarkup or ReplyKeyboardMarkup or ReplyKeyboardRemove or ForceReply")

_SEND: Mapping[str, Field] = {
    "business_connection_id": _STRING,
    "chat_id": _CHAT,
    "message_thread_id": _INTEGER,
    "direct_messages_topic_id": _INTEGER,
    "disable_notification": _FLAG,
    "protect_content": _FLAG,
    "allow_paid_broadcast": _FLAG,
    "message_effect_id": _STRING,
    "suggested_post_parameters": Field("SuggestedPostParameters"),
    "reply_parameters": Field("ReplyParameters"),
    "reply_markup": _MARKUP,
}
_EDIT: Mapping[str, Field] = {
    "business_connection_id": _STRING,
    "chat_id": Field("Integer or String"),  # this and the next: required if inline_message_id is not specified
    "message_id": _INTEGER,
    "inline_message_id": _STRING,
    "reply_markup": Field("InlineKeyboardMarkup"),
}
_TEXT: Mapping[str, Field] = {
    "text": _needed("String", 1, 4096),
    "parse_mode": _STRING,
    "entities": Field("Array of MessageEntity"),
    "link_preview_options": Field("LinkPreviewOptions"),
}
_POINT: Mapping[str, Field] = {
    "latitude": _needed("Float", -90, 90),
    "longitude": _needed("Float", -180, 180),
}
_SCOPED: Mapping[str, Field] = {"scope": Field("BotCommandScope"), **_LANGUAGE}

METHODS: Mapping[str, Mapping[str, Field]] = {
    "getMe": {},
    "getUpdates": {
        "offset": _INTEGER,
        "limit": Field("Integer", least=1, most=100),
        "timeout": Field("Integer", least=0),
        "allowed_updates": Field("Array of String"),
    },
    "setWebhook": {
        "url": _needed("String"),
        "certificate": Field("InputFile"),
        "ip_address": _STRING,
        "max_connections": Field("Integer", least=1, most=100),
        "allowed_updates": Field("Array of String"),
        "drop_pending_updates": _FLAG,
        "secret_token": Field("String", least=1, most=256),
    },
    "deleteWebhook": {"drop_pending_updates": _FLAG},
    "getWebhookInfo": {},
    "sendMessage": {**_SEND, **_TEXT},
    "sendDocument": {
        **_SEND,
        "document": _needed("InputFile or String"),
        "thumbnail": Field("InputFile or String"),
        "caption": Field("String", least=0, most=1024),
        "parse_mode": _STRING,
        "caption_entities": Field("Array of MessageEntity"),
        "disable_content_type_detection": _FLAG,
    },
    "sendLocation": {
        **_SEND,
        **_POINT,
        "horizontal_accuracy": Field("Float", least=0, most=1500),
        "live_period": _INTEGER,
        "heading": Field("Integer", least=1, most=360),
        "proximity_alert_radius": Field("Integer", least=1, most=100_000),
    },
    "sendVenue": {
        **_SEND,
        **_POINT,
        "title": _needed("String"),
        "address": _needed("String"),
        "foursquare_id": _STRING,
        "foursquare_type": _STRING,
        "google_place_id": _STRING,
        "google_place_type": _STRING,
    },
    "editMessageText": {**_EDIT, **_TEXT},
    "editMessageReplyMarkup": {**_EDIT},
    "deleteMessage": {"chat_id": _CHAT, "message_id": _needed("Integer")},
    "answerCallbackQuery": {
        "callback_query_id": _needed("String"),
        "text": Field("String", least=0, most=200),
        "show_alert": _FLAG,
        "url": _STRING,
        "cache_time": _INTEGER,
    },
    "sendChatAction": {
        "business_connection_id": _STRING,
        "chat_id": _CHAT,
        "message_thread_id": _INTEGER,
        "action": _needed("String"),
    },
    "getChat": {"chat_id": _CHAT},
    "leaveChat": {"chat_id": _CHAT},
    "setMyCommands": {"commands": _needed("Array of BotCommand", 0, 100), **_SCOPED},
    "getMyCommands": _SCOPED,
    "deleteMyCommands": _SCOPED,
    "setMyName": {"name": Field("String", least=0, most=64), **_LANGUAGE},
    "getMyName": _LANGUAGE,
    "setMyDescription": {"description": Field("String", least=0, most=512), **_LANGUAGE},
    "getMyDescription": _LANGUAGE,
    "setMyShortDescription": {"short_description": Field("String", least=0, most=120), **_LANGUAGE},
    "getMyShortDescription": _LANGUAGE,
    "setChatMenuButton": {"chat_id": _INTEGER, "menu_button": Field("MenuButton")},
    "getChatMenuButton": {"chat_id": _INTEGER},
}

_TRUE = _needed("True")
_PLACEHOLDER = Field("String", least=1, most=64)

OBJECTS: Mapping[str, Mapping[str, Field]] = {
    "InlineKeyboardMarkup": {"inline_keyboard": _needed("Array of Array of InlineKeyboardButton")},
    "InlineKeyboardButton": {  # exactly one of what is optional
        "text": _needed("String", 1),
        "url": _STRING,
        "callback_data": Field("String", least=1, most=64),  # bytes
        "web_app": Field("WebAppInfo"),
        "login_url": Field("LoginUrl"),
        "switch_inline_query": _STRING,
        "switch_inline_query_current_chat": _STRING,
        "switch_inline_query_chosen_chat": Field("SwitchInlineQueryChosenChat"),
        "copy_text": Field("CopyTextButton"),
        "callback_game": Field("CallbackGame"),
        "pay": _FLAG,
        "style": _STRING,  # since 9.4
        "icon_custom_emoji_id": _STRING,  # since 9.4
    },
    "CopyTextButton": {"text": _needed("String", 1, 256)},
    "ReplyKeyboardMarkup": {
        "keyboard": _needed("Array of Array of KeyboardButton"),
        "is_persistent": _FLAG,
        "resize_keyboard": _FLAG,
        "one_time_keyboard": _FLAG,
        "input_field_placeholder": _PLACEHOLDER,
        "selective": _FLAG,
    },
    "KeyboardButton": {  # at most one of what is optional, in private chats only
        "text": _needed("String", 1),
        "request_users": Field("KeyboardButtonRequestUsers"),
        "request_chat": Field("KeyboardButtonRequestChat"),
        "request_contact": _FLAG,
        "request_location": _FLAG,
        "request_poll": Field("KeyboardButtonPollType"),
        "web_app": Field("WebAppInfo"),
        "style": _STRING,  # since 9.4
        "icon_custom_emoji_id": _STRING,  # since 9.4
    },
    "ReplyKeyboardRemove": {"remove_keyboard": _TRUE, "selective": _FLAG},
    "ForceReply": {"force_reply": _TRUE, "input_field_placeholder": _PLACEHOLDER, "selective": _FLAG},
    "LinkPreviewOptions": {
        "is_disabled": _FLAG,
        "url": _STRING,
        "prefer_small_media": _FLAG,
        "prefer_large_media": _FLAG,
        "show_above_text": _FLAG,
    },
    "ReplyParameters": {
        "message_id": _needed("Integer"),
        "chat_id": Field("Integer or String"),
        "allow_sending_without_reply": _FLAG,
        "quote": Field("String", least=0, most=1024),
        "quote_parse_mode": _STRING,
        "quote_entities": Field("Array of MessageEntity"),
        "quote_position": _INTEGER,
        "checklist_task_id": _INTEGER,
    },
    "BotCommand": {"command": _needed("String", 1, 32), "description": _needed("String", 1, 256)},
    "MenuButton": {"type": _needed("String")},
    "BotCommandScope": {"type": _needed("String")},
}
