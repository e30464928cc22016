"""The numbers and names of the Bot API server are Telegram's, as python-telegram-bot lists them for its version."""

from __future__ import annotations

import inspect
import re

import telegram
from telegram import constants

from tests.telegram.bot_api import fields, keyboards, limits, methods, world


def test_the_version_is_the_one_the_docstrings_speak_of() -> None:
    assert constants.BOT_API_VERSION == "10.0"


def test_limits_are_telegram_s() -> None:
    assert methods.TEXT == constants.MessageLimit.MAX_TEXT_LENGTH
    assert methods.CAPTION == constants.MessageLimit.CAPTION_LENGTH
    assert methods.ANSWER == constants.CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH
    assert keyboards.CALLBACK_DATA == constants.InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
    assert keyboards.ROW == constants.InlineKeyboardMarkupLimit.BUTTONS_PER_ROW
    assert keyboards.BUTTONS == constants.InlineKeyboardMarkupLimit.TOTAL_BUTTON_NUMBER
    assert keyboards.PLACEHOLDER == constants.ReplyLimit.MAX_INPUT_FIELD_PLACEHOLDER
    assert set(methods.WEBHOOK_PORTS) == set(constants.SUPPORTED_WEBHOOK_PORTS)
    assert fields.MAX_FILE == constants.FileSizeLimit.FILESIZE_UPLOAD
    flood = limits.Flood()
    assert flood.chat_rate == constants.FloodLimit.MESSAGES_PER_SECOND_PER_CHAT
    assert flood.overall_rate == constants.FloodLimit.MESSAGES_PER_SECOND
    assert flood.group_rate * 60 == constants.FloodLimit.MESSAGES_PER_MINUTE_PER_GROUP


def test_lists_of_values_are_telegram_s() -> None:
    assert set(methods.ACTIONS) == {action.value for action in constants.ChatAction}
    assert set(world.UPDATE_KINDS) == {kind.value for kind in constants.UpdateType}
    assert set(methods.SCOPES) == {scope.value for scope in constants.BotCommandScopeType}
    assert set(keyboards._STYLES) == {style.value for style in constants.KeyboardButtonStyle}


def test_every_parameter_that_is_taken_is_one_of_the_method_s() -> None:
    for method, parameters in fields.METHODS.items():
        snake = re.sub(r"([A-Z])", lambda found: f"_{found.group().lower()}", method)
        known = set(inspect.signature(getattr(telegram.Bot, snake)).parameters)
        assert set(parameters) <= known, f"{method}: {set(parameters) - known}"
        assert set(fields.REQUIRED.get(method, ())) <= set(parameters), method


def test_every_field_of_an_object_that_is_taken_is_one_of_the_object_s() -> None:
    objects: list[tuple[type, set[str]]] = [
        (telegram.InlineKeyboardButton, set(keyboards._INLINE)),
        (telegram.KeyboardButton, set(keyboards._REPLY)),
        (telegram.InlineKeyboardMarkup, set(keyboards._KINDS["inline_keyboard"])),
        (telegram.ReplyKeyboardMarkup, set(keyboards._KINDS["keyboard"])),
        (telegram.ReplyKeyboardRemove, set(keyboards._KINDS["remove_keyboard"])),
        (telegram.ForceReply, set(keyboards._KINDS["force_reply"])),
        (telegram.LinkPreviewOptions, set(methods._PREVIEW)),
        (telegram.ReplyParameters, set(methods._REPLY_PARAMETERS)),
    ]
    for kind, taken in objects:
        known = set(inspect.signature(kind).parameters) | {"remove_keyboard", "force_reply"}
        assert taken <= known, f"{kind.__name__}: {taken - known}"
