"""What each method does, and when it refuses.

Facts, with the method's section of Bot API 9.3 (the same in 10.0): text 1-4096 characters after entities are parsed
(sendMessage, editMessageText); caption 0-1024 (sendDocument); latitude within 90 and longitude within 180 degrees
(Location); answer to a button 0-200 characters (answerCallbackQuery); at most 100 commands, names of 1-32 characters of
a-z, 0-9 and underscore, descriptions of 1-256 (BotCommand); description 0-512, short description 0-120, name 0-64;
webhook addresses https on port 443, 80, 88 or 8443 with a secret of 1-256 characters of A-Z a-z 0-9 _ - (setWebhook);
a bot edits only its own messages, deletes in a private chat any message younger than 48 hours. Facts of the published
server, besides its words: a webhook is set at most once a second, and not on an address that is reserved or IPv6 only.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.telegram.bot_api import formatting, keyboards
from tests.telegram.bot_api.errors import bad, forbidden
from tests.telegram.bot_api.fields import File, only
from tests.telegram.bot_api.limits import Flood
from tests.telegram.bot_api.world import UPDATE_KINDS, Chat, Json, Message, Webhook, World

TEXT = 4096
CAPTION = 1024
ANSWER = 200
DELETABLE_S = 48 * 3600
WEBHOOK_PORTS = (443, 80, 88, 8443)
ACTIONS = (
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
)
SCOPES: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_PREVIEW: Mapping[str, type] = {
    "is_disabled": bool,
    "url": str,
    "prefer_small_media": bool,
    "prefer_large_media": bool,
    "show_above_text": bool,
}
_REPLY_PARAMETERS: Mapping[str, type] = {"message_id": int, "allow_sending_without_reply": bool}


class Methods:
    """The methods of one bot. Call with the world's lock held; getUpdates is the server's."""

    def __init__(self, world: World, flood: Flood, *, local: bool = False) -> None:
        self._world = world
        self._flood = flood
        self._local = local
        self._table: dict[str, Callable[[Json], Any]] = {
            "getMe": lambda given: world.bot,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
            "sendMessage": self._send_message,
            "sendDocument": self._send_document,
            "sendLocation": self._send_location,
            "sendVenue": self._send_venue,
            "editMessageText": self._edit_text,
            "editMessageReplyMarkup": self._edit_markup,
            "deleteMessage": self._delete,
            "answerCallbackQuery": self._answer_query,
            "sendChatAction": self._chat_action,
            "getChat": self._get_chat,
            "leaveChat": self._leave,
            "setMyCommands": self._set_commands,
            "getMyCommands": lambda given: world.commands.get(self._scope(given), []),
            "deleteMyCommands": lambda given: world.commands.pop(self._scope(given), None) is None or True,
            "getMyName": lambda given: self._profiled(given, "name"),
            "getMyDescription": lambda given: self._profiled(given, "description"),
            "getMyShortDescription": lambda given: self._profiled(given, "short_description"),
            "getChatMenuButton": lambda given: world.menu_button,
            "setMyName": lambda given: self._profile(given, "name", 64),
            "setMyDescription": lambda given: self._profile(given, "description", 512),
            "setMyShortDescription": lambda given: self._profile(given, "short_description", 120),
            "setChatMenuButton": self._menu_button,
        }

    def call(self, method: str, given: Json) -> Any:
        """The result of a method.

        Raises:
            Refusal: Telegram would refuse it.
        """
        return self._table[method](given)

    # ------------------------------------------------------------ sending

    def _send_message(self, given: Json) -> Json:
        chat = self._writable(given)
        content = self._formatted(given, "text", TEXT)
        only("link preview options", given.get("link_preview_options", {}), _PREVIEW)
        message = self._sent(chat, given, content)
        message.preview = not given.get("link_preview_options", {}).get("is_disabled", False)
        return self._world.message_json(message)

    def _send_document(self, given: Json) -> Json:
        chat = self._writable(given)
        content = self._formatted(given, "caption", CAPTION) if given.get("caption") else {}
        document = given["document"]
        if isinstance(document, File):
            number = len(self._world.files) + 1
            file_id = f"BQAC{number:020d}"
            self._world.files[file_id] = (document.name, document.content)
        elif document in self._world.files:
            file_id = document
        else:
            raise bad("wrong remote file identifier specified: Wrong string length")
        name, data = self._world.files[file_id]
        content["document"] = {
            "file_id": file_id,
            "file_unique_id": file_id[-12:],
            "file_name": name,
            "mime_type": document.mime_type if isinstance(document, File) else "application/octet-stream",
            "file_size": len(data),
        }
        return self._world.message_json(self._sent(chat, given, content))

    def _send_location(self, given: Json) -> Json:
        chat = self._writable(given)
        return self._world.message_json(self._sent(chat, given, {"location": _location(given, "location")}))

    def _send_venue(self, given: Json) -> Json:
        chat = self._writable(given)
        if formatting.is_blank(given["title"]) or formatting.is_blank(given["address"]):
            raise bad("venue title and address must be non-empty")
        venue = {"location": _location(given, "venue location"), "title": given["title"], "address": given["address"]}
        content = {"venue": venue, "location": venue["location"]}
        return self._world.message_json(self._sent(chat, given, content))

    def _sent(self, chat: Chat, given: Json, content: Json) -> Message:
        markup = keyboards.check(given.get("reply_markup"), private=chat.type == "private")
        replies_to = given.get("reply_parameters")
        if replies_to is not None:
            only("reply parameters", replies_to, _REPLY_PARAMETERS)
            if "message_id" not in replies_to:
                raise bad('can\'t find field "message_id"')
            found = replies_to.get("message_id") in chat.messages
            if not found and not replies_to.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
        self._flood.take(chat.id)
        message = self._world.post(chat, content, by_bot=True, markup=markup)
        message.protected = bool(given.get("protect_content"))
        message.silent = bool(given.get("disable_notification"))
        if markup and "keyboard" in markup:
            chat.reply_keyboard = markup
        elif markup and "remove_keyboard" in markup:
            chat.reply_keyboard = None
        chat.actions.clear()
        return message

    def _formatted(self, given: Json, field: str, limit: int, too_long: str = "message is too long") -> Json:
        if given.get("entities") or given.get("caption_entities"):
            raise bad("this server checks parse_mode, not lists of entities")
        text, entities = formatting.cleaned(*formatting.parse(given[field], given.get("parse_mode", "")))
        if formatting.is_blank(text):
            raise bad("text must be non-empty")
        if formatting.utf16(text) > limit:
            raise bad(too_long if field == "text" else "message caption is too long")
        return {field: text, **({f"{'' if field == 'text' else 'caption_'}entities": entities} if entities else {})}

    def _chat(self, given: Json) -> Chat:
        chat = self._world.chats.get(given["chat_id"])
        if chat is None:
            raise bad("chat not found")
        if chat.moved_to is not None:
            refusal = bad("group chat was upgraded to a supergroup chat")
            refusal.parameters = {"migrate_to_chat_id": chat.moved_to}
            raise refusal
        return chat

    def _writable(self, given: Json) -> Chat:
        chat = self._chat(given)
        if chat.type == "private":
            if chat.person is not None and chat.person.deactivated:
                raise forbidden("user is deactivated")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
        elif not chat.member:
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        return chat

    # ------------------------------------------------------------ editing

    def _own(self, given: Json, what: str) -> Message:
        chat = self._writable(given)
        message = chat.messages.get(given["message_id"])
        if message is None:
            raise bad(f"message to {what} not found")
        return message

    def _editable(self, given: Json) -> Message:
        message = self._own(given, "edit")
        if not message.by_bot or (message.markup and "inline_keyboard" not in message.markup):
            raise bad("message can't be edited")
        return message

    def _edit_text(self, given: Json) -> Json:
        message = self._editable(given)
        content = self._formatted(given, "text", TEXT, "MESSAGE_TOO_LONG")
        only("link preview options", given.get("link_preview_options", {}), _PREVIEW)
        if "text" not in message.content:
            raise bad("there is no text in the message to edit")
        return self._edited(message, content, given)

    def _edit_markup(self, given: Json) -> Json:
        return self._edited(message := self._editable(given), message.content, given)

    def _edited(self, message: Message, content: Json, given: Json) -> Json:
        private = self._world.chats[message.chat_id].type == "private"
        markup = keyboards.check(given.get("reply_markup"), private=private, inline_only=True)
        if content == message.content and markup == message.markup:
            raise bad(
                "message is not modified: specified new message content and reply markup are exactly the same as a "
                "current content and reply markup of the message"
            )
        self._flood.take(message.chat_id)
        self._world.edit(message, content, markup)
        return self._world.message_json(message)

    def _delete(self, given: Json) -> bool:
        message = self._own(given, "delete")
        if self._world.wall() - message.date > DELETABLE_S:
            raise bad("message can't be deleted")
        del self._world.chats[message.chat_id].messages[message.id]
        self._world.tell()
        return True

    def _answer_query(self, given: Json) -> bool:
        query = self._world.queries.get(given["callback_query_id"])
        late = query is not None and time.monotonic() - query.at > self._world.query_life_s
        if query is None or query.answered is not None or late:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        if formatting.utf16(given.get("text", "")) > ANSWER:
            raise bad("MESSAGE_TOO_LONG")
        if given.get("url"):
            raise bad("URL_INVALID")
        query.answered = {"text": given.get("text", ""), "alert": given.get("show_alert", False)}
        if given.get("text"):
            self._world.chats[query.chat_id].timeline.append(("notice", given["text"]))
        self._world.tell()
        return True

    def _chat_action(self, given: Json) -> bool:
        if given["action"] not in ACTIONS:
            raise bad("wrong parameter action in request")
        self._writable(given).actions.append((time.monotonic(), given["action"]))
        self._world.tell()
        return True

    # ------------------------------------------------------------ the bot itself

    def _get_chat(self, given: Json) -> Json:
        chat = self._chat(given)
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), True
        )
        return {**chat.as_json(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}

    def _leave(self, given: Json) -> bool:
        chat = self._chat(given)
        if chat.type == "private":
            raise bad("chat member status can't be changed in private chats")
        if not chat.member:
            raise forbidden(f"bot is not a member of the {chat.type} chat")
        chat.member = False
        self._world.tell()
        return True

    def _set_commands(self, given: Json) -> bool:
        if len(given["commands"]) > 100:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for command in given["commands"]:
            if not isinstance(command, dict):
                raise bad("can't parse BotCommand: expected an Object")
            only("BotCommand", command, {"command": str, "description": str})
            _found("BotCommand", command, "command", "description")
            name, description = (command[key].strip(" \n") for key in ("command", "description"))
            if not name.removeprefix("/"):
                raise bad("command must be non-empty")
            if len(name.removeprefix("/")) > 32:
                raise bad("command length must not exceed 32")
            if not description:
                raise bad("command description must be non-empty")
            if len(description) > 256:
                raise bad("command description length must not exceed 256")
            if not _COMMAND.fullmatch(name):
                raise bad("BOT_COMMAND_INVALID")
        self._world.commands[self._scope(given)] = given["commands"]
        return True

    def _scope(self, given: Json) -> tuple[str, str]:
        scope = given.get("scope", {"type": "default"})
        _found("BotCommandScope", scope, "type")
        if scope["type"] not in SCOPES:
            raise bad("can't parse BotCommandScope: Unsupported type specified")
        _found("BotCommandScope", scope, *SCOPES[scope["type"]])
        if set(scope) != {"type", *SCOPES[scope["type"]]}:
            raise bad("unknown field of BotCommandScope")
        if "chat_id" in scope:
            self._chat({"chat_id": scope["chat_id"]})
        return json.dumps(scope, sort_keys=True), _language(given)

    def _profile(self, given: Json, field: str, limit: int) -> bool:
        text = given.get(field, "")
        if len(text) > limit:
            raise bad(f"{field.replace('_', ' ')} is too long")
        self._world.profile[field, _language(given)] = text
        return True

    def _profiled(self, given: Json, field: str) -> Json:
        """In a language without a text of its own, the one for all languages is shown."""
        texts = self._world.profile
        return {field: texts.get((field, _language(given))) or texts.get((field, ""), "")}

    def _menu_button(self, given: Json) -> bool:
        button = given.get("menu_button", {"type": "default"})
        _found("menu button", button, "type")
        if button["type"] not in ("default", "commands"):
            raise bad("can't parse menu button: MenuButton has unsupported type")
        only("menu button", button, {"type": str})
        if "chat_id" in given:
            self._chat(given)
        self._world.menu_button = button
        return True

    # ------------------------------------------------------------ webhook

    def _set_webhook(self, given: Json) -> bool:
        url = given.get("url", "")
        if not url:
            return self._delete_webhook({key: given[key] for key in ("drop_pending_updates",) if key in given})
        self._flood.take_webhook()
        if not 1 <= given.get("max_connections", 40) <= 100:
            raise bad("max_connections must be from 1 to 100")
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in ("http", "https"):
            raise bad("invalid webhook URL specified")
        if len(given.get("secret_token", "x")) > 256:
            raise bad("secret token is too long")
        if "secret_token" in given and not _SECRET.fullmatch(given["secret_token"]):
            raise bad("secret token contains unallowed characters")
        if not self._local:
            if parts.scheme != "https":
                raise bad("bad webhook: An HTTPS URL must be provided for webhook")
            if (parts.port or 443) not in WEBHOOK_PORTS:
                raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
            _check_address(given.get("ip_address") or parts.hostname, fixed="ip_address" in given)
        self.allow(given)
        if given.get("drop_pending_updates"):
            self._world.waiting.clear()
        secret, most = given.get("secret_token", ""), given.get("max_connections", 40)
        self._world.webhook = Webhook(url, secret, most)
        self._world.tell()
        for call in self._world.on_update:
            call()
        return True

    def _delete_webhook(self, given: Json) -> bool:
        self._world.webhook = None
        if given.get("drop_pending_updates"):
            self._world.waiting.clear()
        self._world.tell()
        for call in self._world.on_update:
            call()
        return True

    def _webhook_info(self, given: Json) -> Json:
        hook = self._world.webhook
        info: Json = {
            "url": hook.url if hook else "",
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.waiting),
        }
        if hook:
            info |= {"max_connections": hook.max_connections, "allowed_updates": list(self._world.allowed)}
            if hook.last_error:
                info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
        return info

    def allow(self, given: Json) -> None:
        """Keep the list of wanted updates, if one was given.

        Raises:
            Refusal: a kind there is none of.
        """
        wanted = given.get("allowed_updates")
        if wanted is None:
            return
        unknown = [kind for kind in wanted if kind not in UPDATE_KINDS]
        if unknown:
            raise bad(f"unknown update kind {unknown[0]!r} in allowed_updates")
        self._world.allowed = tuple(wanted) or World(self._world.token).allowed


def _found(what: str, given: Json, *names: str) -> None:
    """The fields that an object has to have."""
    for name in names:
        if name not in given:
            raise bad(f"can't parse {what}: Can't find field \"{name}\"")


def _check_address(host: str, *, fixed: bool) -> None:
    """An address of a webhook that is given in numbers; names are not resolved here."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if fixed:
            raise bad("bad webhook: Invalid IP address specified") from None
        return
    if address.version != 4:
        raise bad("bad webhook: IPv6-only addresses are not allowed")
    if not address.is_global:
        raise bad(f"bad webhook: IP address {host} is reserved")


def _location(given: Json, what: str) -> Json:
    if not -90 <= given["latitude"] <= 90 or not -180 <= given["longitude"] <= 180:
        raise bad(f"wrong {what} specified")
    if not 0 <= given.get("horizontal_accuracy", 0) <= 1500:
        raise bad("horizontal accuracy must be from 0 to 1500 meters")
    return {"latitude": given["latitude"], "longitude": given["longitude"]}


def _language(given: Json) -> str:
    code = str(given.get("language_code", ""))
    if code and not _LANGUAGE.fullmatch(code):
        raise bad("invalid language code specified")
    return code
