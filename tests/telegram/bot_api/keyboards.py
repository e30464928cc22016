"""Reply markup: what Telegram takes as a keyboard.

Facts (Bot API 9.3 and 10.0, InlineKeyboardMarkup to ForceReply; wording: tdlib/telegram-bot-api, tdlib/td):

- an inline button has a text and exactly one action; `callback_data` has 1 to 64 bytes, `url` is http(s) or tg; an
  action that is empty is none;
- a reply keyboard's button is a text or an object; `request_contact` only in private chats;
- `input_field_placeholder` has 1 to 64 characters;
- at most 8 buttons in a row and 100 in all (what is more, Telegram's server refuses or its apps do not show).

Stricter than Telegram, which leaves out a button without a text, takes the first of two actions, and takes a keyboard
without buttons for none: all of that is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.telegram.bot_api.errors import bad
from tests.telegram.bot_api.fields import only
from tests.telegram.bot_api.formatting import is_blank

CALLBACK_DATA = 64
ROW = 8
BUTTONS = 100
PLACEHOLDER = 64
_STYLES = ("danger", "success", "primary")

_ACTIONS: Mapping[str, type] = {"callback_data": str, "url": str, "copy_text": dict}
_INLINE: Mapping[str, type] = {"text": str, "style": str, **_ACTIONS}
_REPLY: Mapping[str, type] = {"text": str, "style": str, "request_contact": bool, "request_location": bool}
_KINDS: Mapping[str, Mapping[str, type]] = {
    "inline_keyboard": {"inline_keyboard": list},
    "keyboard": {
        "keyboard": list,
        "is_persistent": bool,
        "resize_keyboard": bool,
        "one_time_keyboard": bool,
        "input_field_placeholder": str,
        "selective": bool,
    },
    "remove_keyboard": {"remove_keyboard": bool, "selective": bool},
    "force_reply": {"force_reply": bool, "input_field_placeholder": str, "selective": bool},
}
_URL = re.compile(r"(?:https?://[^\s/?#]+\S*|tg://\S+)", re.IGNORECASE)


def check(markup: dict[str, Any] | None, *, private: bool, inline_only: bool = False) -> dict[str, Any] | None:
    """The markup as it is kept with the message; None for an empty one.

    Raises:
        Refusal: Telegram would not take it.
    """
    if not markup:
        return None
    kind = next((name for name in _KINDS if name in markup), None)
    if kind is None:
        raise bad("reply markup is of no known kind")
    if inline_only and kind != "inline_keyboard":
        raise bad("inline keyboard expected")
    only("reply markup", markup, _KINDS[kind])
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not 1 <= len(placeholder) <= PLACEHOLDER:
        raise bad("input field placeholder must be from 1 to 64 characters long")
    if kind in ("remove_keyboard", "force_reply"):
        if markup[kind] is not True:
            raise bad(f'field "{kind}" must be True')
        return markup
    rows = _rows(markup[kind], kind)
    for button in (button for row in rows for button in row):
        _inline(button) if kind == "inline_keyboard" else _reply(button, private)
    if kind == "inline_keyboard" and not rows:
        return None
    return {**markup, kind: rows}


def _rows(given: list[Any], kind: str) -> list[list[dict[str, Any]]]:
    if any(not isinstance(row, list) for row in given):
        of = " of the InlineKeyboardMarkup" if kind == "inline_keyboard" else ""
        raise bad(f'field "{kind}"{of} must be an Array of Arrays')
    rows = [[{"text": b} if isinstance(b, str) and kind == "keyboard" else b for b in row] for row in given if row]
    if any(not isinstance(button, dict) for row in rows for button in row):
        raise bad(
            "can't parse inline keyboard button: InlineKeyboardButton must be an Object"
            if kind == "inline_keyboard"
            else "can't parse keyboard button: KeyboardButton must be a String or an Object"
        )
    if kind == "keyboard" and not rows:
        raise bad("reply keyboard must have a button")
    if any(len(row) > ROW for row in rows) or sum(len(row) for row in rows) > BUTTONS:
        raise bad("reply markup is too long")
    return rows


def _text(button: dict[str, Any], what: str) -> None:
    if "text" not in button:
        raise bad(f"can't parse {what}: Can't find field \"text\"")
    if not isinstance(button["text"], str):
        raise bad(f'can\'t parse {what}: Field "text" must be of type String')
    if is_blank(button["text"]):
        raise bad(f"{what} text must be non-empty")
    if "style" in button and button["style"] not in _STYLES:
        raise bad(f"{what} style is unknown")


def _inline(button: dict[str, Any]) -> None:
    _text(button, "inline keyboard button")
    only("inline keyboard button", button, _INLINE)
    actions = [name for name in _ACTIONS if button.get(name)]
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad("can't parse inline keyboard button: exactly one action must be given")
    if len(button.get("callback_data", "").encode()) > CALLBACK_DATA:
        raise bad("BUTTON_DATA_INVALID")
    if button.get("url") and not _URL.fullmatch(button["url"]):
        raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Unsupported URL protocol")
    if button.get("copy_text") and not 1 <= len(str(button["copy_text"].get("text", ""))) <= 256:
        raise bad("BUTTON_COPY_TEXT_INVALID")


def _reply(button: dict[str, Any], private: bool) -> None:
    _text(button, "keyboard button")
    only("keyboard button", button, _REPLY)
    if button.get("request_contact") and not private:
        raise bad("phone number can be requested in private chats only")
    if button.get("request_location") and not private:
        raise bad("location can be requested in private chats only")
    if button.get("request_contact") and button.get("request_location"):
        raise bad("can't parse keyboard button: exactly one request must be given")
