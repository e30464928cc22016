"""Field by field: the Bot API server refuses what Telegram's published documentation and server refuse.

The first part goes through `published.py`, the documentation in a table. The second holds the words in which Telegram's
own server, whose source is published (tdlib/telegram-bot-api and its library tdlib/td), says what is wrong: python-
telegram-bot and this project decide by some of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.stack import free_ports
from tests.telegram.bot_api import fields, keyboards, methods
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.published import METHODS, OBJECTS, Field
from tests.telegram.bot_api.server import TOKEN, BotApi
from tests.telegram.bot_api.world import Query, World

Given = dict[str, Any]

_TYPES: dict[Any, tuple[str, ...]] = {
    fields._integer: ("Integer",),
    fields._number: ("Float",),
    fields._flag: ("Boolean",),
    fields._text: ("String",),
    fields._chat: ("Integer or String", "Integer"),
    fields._file: ("InputFile or String",),
}
"""How the types are called of what each reader reads; the others read arrays and objects."""

_ONE_OF_TWO = {("editMessageText", "chat_id"), ("editMessageText", "message_id")} | {
    ("editMessageReplyMarkup", "chat_id"),
    ("editMessageReplyMarkup", "message_id"),
}
"""Required because messages of the inline mode are none of this server's."""


@pytest.fixture(scope="module")
def running() -> Iterator[BotApi]:
    with BotApi(free_ports(1)[0]) as api:
        api.flood.set(chat_burst=1e6, overall_burst=1e6, group_burst=1e6)
        api.flood.webhook_every = 0.0
        yield api


@pytest.fixture
def api(running: BotApi) -> Iterator[BotApi]:
    running.world.webhook = None
    running.world.allowed = World(TOKEN).allowed
    yield running
    running.world.webhook = None


@pytest.fixture
def phone(api: BotApi) -> Phone:
    phone = Phone(api, "Maria")
    phone.start()
    return phone


def ask(api: BotApi, method: str, given: Any) -> tuple[int, Given]:
    """One request, as JSON."""
    headers = {"content-type": "application/json"}
    url = f"{api.url}/bot{TOKEN}/{method}"
    answer = httpx.post(url, content=json.dumps(given), headers=headers, trust_env=False, timeout=10)
    return answer.status_code, answer.json()


def fit(phone: Phone, method: str) -> Given:
    """A request that is taken, with what is required and no more."""
    chat = {"chat_id": phone.chat.id}
    place = {"latitude": 38.9, "longitude": -77.0}

    def question() -> int:
        status, body = ask(phone.api, "sendMessage", {**chat, "text": "Which?", "reply_markup": inline("Yes")})
        assert status == 200, body
        number: int = body["result"]["message_id"]
        return number

    def query() -> str:
        question()
        pressed = phone.press("Yes")
        assert isinstance(pressed, Query)
        return pressed.id

    def group() -> int:
        with phone.world.lock:
            number = -5000 - len(phone.world.chats)
            phone.world.group(number, "Friends")
        return number

    match method:
        case "sendMessage":
            return {**chat, "text": "x"}
        case "sendDocument":
            phone.world.files["BQAC-visit"] = ("visit.ics", b"BEGIN:VCALENDAR")
            return {**chat, "document": "BQAC-visit"}
        case "sendLocation":
            return {**chat, **place}
        case "sendVenue":
            return {**chat, **place, "title": "Willow Lane", "address": "12 Willow Lane"}
        case "editMessageText":
            return {**chat, "message_id": question(), "text": "Other"}
        case "editMessageReplyMarkup":
            return {**chat, "message_id": question()}
        case "deleteMessage":
            return {**chat, "message_id": question()}
        case "answerCallbackQuery":
            return {"callback_query_id": query()}
        case "sendChatAction":
            return {**chat, "action": "typing"}
        case "getChat":
            return chat
        case "leaveChat":
            return {"chat_id": group()}
        case "setMyCommands":
            return {"commands": [{"command": "start", "description": "Begin"}]}
        case "setWebhook":
            return {"url": "https://clinic.example/tg"}
        case _:
            return {}


def inline(title: str) -> Given:
    return {"inline_keyboard": [[{"text": title, "callback_data": "a"}]]}


def of_size(field: str, size: int) -> Any:
    """A value with so many characters, entries, or of this number."""
    if field == "commands":
        return [{"command": "a", "description": "b"}] * size
    return "a" * size


# ------------------------------------------------------------ the documentation


def test_each_parameter_that_is_taken_is_published_and_of_the_published_type() -> None:
    assert set(fields.METHODS) == set(METHODS)
    for method, parameters in fields.METHODS.items():
        for name, reader in parameters.items():
            published = METHODS[method][name].type
            if reader is fields._array:
                assert published.startswith("Array of "), (method, name, published)
            elif reader is fields._object:
                assert published[0].isupper(), (method, name, published)
                assert published not in ("Integer", "String", "Boolean", "Float"), (method, name, published)
            else:
                assert published in _TYPES[reader], (method, name, published)


def test_what_is_required_is_what_is_published_as_required() -> None:
    for method, parameters in METHODS.items():
        published = {name for name, field in parameters.items() if field.required}
        required = {name for name in fields.REQUIRED.get(method, ()) if (method, name) not in _ONE_OF_TWO}
        # Telegram's server takes a webhook without an address for one that is taken away, and so does this one.
        assert required == published - ({"url"} if method == "setWebhook" else set()), method


def test_each_field_of_an_object_that_is_taken_is_published_and_of_the_published_type() -> None:
    types = {"String": str, "Boolean": bool, "True": bool, "Integer": int}
    kinds = keyboards._KINDS
    taken = {
        "InlineKeyboardMarkup": kinds["inline_keyboard"],
        "InlineKeyboardButton": keyboards._INLINE,
        "ReplyKeyboardMarkup": kinds["keyboard"],
        "KeyboardButton": keyboards._REPLY,
        "ReplyKeyboardRemove": kinds["remove_keyboard"],
        "ForceReply": kinds["force_reply"],
        "LinkPreviewOptions": methods._PREVIEW,
        "ReplyParameters": methods._REPLY_PARAMETERS,
    }
    for what, known in taken.items():
        for name, kind in known.items():
            published = OBJECTS[what][name].type
            wanted = list if published.startswith("Array") else types.get(published, dict)
            assert kind is wanted, (what, name, published)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_request_with_all_that_is_required_is_taken_and_without_any_of_it_refused(phone: Phone, method: str) -> None:
    good = fit(phone, method)
    for name in good:
        if METHODS[method][name].required and (method, name) != ("setWebhook", "url"):
            lacking = {key: value for key, value in good.items() if key != name}
            status, body = ask(phone.api, method, lacking)
            assert (status, body["error_code"]) == (400, 400), (method, name, body)
            assert body["description"].startswith("Bad Request: ")
    status, body = ask(phone.api, method, good)
    assert (status, body["ok"]) == (200, True), body


_OTHER: dict[str, tuple[Any, ...]] = {
    "Integer": ("many", 1.5, True, [1]),
    "Float": ("far", True, [1.0]),
    "Boolean": ("perhaps", 3, []),
    "String": (5, True, ["a"], {"a": "b"}),
    "Integer or String": ("no number", True, [1]),
    "InputFile or String": (5, ["a"]),
}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_parameter_of_another_type_is_refused(phone: Phone, method: str) -> None:
    for name in fields.METHODS[method]:
        kind = METHODS[method][name].type
        if kind.startswith("Array of "):
            others: tuple[Any, ...] = ("no list", 5, {"a": 1}, [5] if kind != "Array of MessageEntity" else 5)
        else:
            others = _OTHER.get(kind, ("no object", 5, ["a"]))
        for other in others:
            status, body = ask(phone.api, method, {**fit(phone, method), name: other})
            assert status == 400, (method, name, other, body)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_published_parameter_that_is_not_looked_at_is_refused_and_not_left_out(phone: Phone, method: str) -> None:
    for name in METHODS[method].keys() - fields.METHODS[method].keys():
        status, body = ask(phone.api, method, {**fit(phone, method), name: "x"})
        assert (status, body["description"]) == (400, f'Bad Request: unknown parameter "{name}" of {method}')


LIMITED = [
    (method, name)
    for method, parameters in METHODS.items()
    for name, field in parameters.items()
    if name in fields.METHODS[method] and (field.least is not None or field.most is not None)
]


@pytest.mark.parametrize(("method", "name"), LIMITED)
def test_limits_are_where_they_are_published(phone: Phone, method: str, name: str) -> None:
    field = METHODS[method][name]

    def tried(size: float) -> int:
        number = field.type in ("Integer", "Float")
        value = size if field.type == "Float" else int(size) if number else of_size(name, int(size))
        return ask(phone.api, method, {**fit(phone, method), name: value})[0]

    step = 0.001 if field.type == "Float" else 1
    if field.least is not None:
        assert tried(field.least) == 200, (method, name, field.least)
        if field.type in ("Integer", "Float") or field.least > 1 or (field.least == 1 and field.required):
            assert tried(field.least - step) == 400, (method, name, field.least - step)
    if field.most is not None:
        assert tried(field.most) == 200, (method, name, field.most)
        assert tried(field.most + step) == 400, (method, name, field.most + step)


def button(what: str, **more: Any) -> Given:
    """A message with one button of a keyboard."""
    if what == "InlineKeyboardButton":
        return {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "Yes", **more}]]}}
    return {"text": "x", "reply_markup": {"keyboard": [[{"text": "Yes", **more}]]}}


_WITHIN: dict[str, Any] = {
    "InlineKeyboardButton": lambda given: button("InlineKeyboardButton", **{"callback_data": "a", **given}),
    "KeyboardButton": lambda given: button("KeyboardButton", **given),
    "CopyTextButton": lambda given: button("InlineKeyboardButton", copy_text={"text": "x", **given}),
    "ReplyKeyboardMarkup": lambda given: {"text": "x", "reply_markup": {"keyboard": [["Yes"]], **given}},
    "ForceReply": lambda given: {"text": "x", "reply_markup": {"force_reply": True, **given}},
}


@pytest.mark.parametrize(
    ("what", "name"),
    [
        (what, name)
        for what in _WITHIN
        for name, field in OBJECTS[what].items()
        if field.least is not None or field.most is not None
    ],
)
def test_limits_within_keyboards_are_where_they_are_published(phone: Phone, what: str, name: str) -> None:
    field: Field = OBJECTS[what][name]

    def tried(size: int) -> int:
        given = {**_WITHIN[what]({name: "a" * size}), "chat_id": phone.chat.id}
        return ask(phone.api, "sendMessage", given)[0]

    assert field.least is not None
    assert (tried(int(field.least)), tried(int(field.least) - 1)) == (200, 400)
    if field.most is not None:
        assert (tried(int(field.most)), tried(int(field.most) + 1)) == (200, 400)


def test_characters_beyond_ascii_count_as_telegram_counts_them(phone: Phone) -> None:
    chat = {"chat_id": phone.chat.id}
    assert ask(phone.api, "sendMessage", {**chat, "text": "ж" * 4096})[0] == 200
    assert ask(phone.api, "sendMessage", {**chat, "text": "👍" * 2049})[0] == 400
    assert ask(phone.api, "sendMessage", {**chat, **button("InlineKeyboardButton", callback_data="ж" * 32)})[0] == 200
    assert ask(phone.api, "sendMessage", {**chat, **button("InlineKeyboardButton", callback_data="ж" * 33)})[0] == 400


@pytest.mark.parametrize("name", [name for name in OBJECTS["InlineKeyboardButton"] if name not in ("text", "style")])
def test_an_inline_button_does_exactly_one_thing(phone: Phone, name: str) -> None:
    value: Any = {"url": "https://a.example", "copy_text": {"text": "x"}, "callback_data": "a"}.get(name, "x")
    taken = name in keyboards._INLINE
    alone = ask(phone.api, "sendMessage", {"chat_id": phone.chat.id, **button("InlineKeyboardButton", **{name: value})})
    assert (alone[0] == 200) == taken, alone
    other = {"url": "https://b.example"} if name == "callback_data" else {"callback_data": "b"}
    given = {"chat_id": phone.chat.id, **button("InlineKeyboardButton", **{name: value}, **other)}
    assert ask(phone.api, "sendMessage", given)[0] == 400
    assert ask(phone.api, "sendMessage", {"chat_id": phone.chat.id, **button("InlineKeyboardButton")})[0] == 400


@pytest.mark.parametrize("name", ["request_contact", "request_location"])
def test_requests_are_for_private_chats(phone: Phone, name: str) -> None:
    given = button("KeyboardButton", **{name: True})
    assert ask(phone.api, "sendMessage", {"chat_id": phone.chat.id, **given})[0] == 200
    with phone.world.lock:
        phone.world.group(-4711, "Friends")
    what = {"request_contact": "phone number", "request_location": "location"}[name]
    status, body = ask(phone.api, "sendMessage", {"chat_id": -4711, **given})
    assert (status, body["description"]) == (400, f"Bad Request: {what} can be requested in private chats only")


# ------------------------------------------------------------ the words of the published server

CHAT = object()  # stands for the number of the phone's chat


def markup(value: Any) -> Given:
    return {"chat_id": CHAT, "text": "x", "reply_markup": value}


def commands(**command: Any) -> Given:
    return {"commands": [command]}


WORDS: list[tuple[str, Any, str]] = [
    # Texts.
    ("sendMessage", {"chat_id": CHAT}, "message text is empty"),
    ("sendMessage", {"chat_id": CHAT, "text": ""}, "message text is empty"),
    ("sendMessage", {"chat_id": CHAT, "text": " \n\t\r "}, "text must be non-empty"),
    ("sendMessage", {"chat_id": CHAT, "text": "\u200b"}, "text must be non-empty"),
    ("sendMessage", {"chat_id": CHAT, "text": "\u202e\u2028"}, "text must be non-empty"),
    ("sendMessage", {"chat_id": CHAT, "text": "<b></b>", "parse_mode": "HTML"}, "text must be non-empty"),
    ("sendMessage", {"chat_id": CHAT, "text": "x" * 4097}, "message is too long"),
    ("sendMessage", {"chat_id": CHAT, "text": "x" * 32769}, "text is too long"),
    ("sendMessage", {"chat_id": CHAT, "text": "<b>" + "ж" * 16400 + "</b>", "parse_mode": "HTML"}, "text is too long"),
    ("sendMessage", {"chat_id": CHAT, "text": "\ud800"}, "strings must be encoded in UTF-8"),
    ("sendMessage", {"chat_id": CHAT, "text": "x", "parse_mode": "RTF"}, "unsupported parse_mode"),
    ("editMessageText", {"chat_id": CHAT, "message_id": "own", "text": "x" * 4097}, "MESSAGE_TOO_LONG"),
    ("editMessageText", {"chat_id": CHAT, "message_id": "own", "text": " "}, "text must be non-empty"),
    # Chats and messages.
    ("sendMessage", {"text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": "", "text": "x"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 4711, "text": "x"}, "chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "x"}, "chat not found"),
    ("editMessageText", {"text": "x"}, "message identifier is not specified"),
    ("editMessageReplyMarkup", {}, "message identifier is not specified"),
    ("editMessageText", {"chat_id": CHAT, "text": "x"}, "message to edit not found"),
    ("editMessageText", {"chat_id": CHAT, "message_id": 999_999, "text": "x"}, "message to edit not found"),
    ("editMessageText", {"chat_id": CHAT, "message_id": "theirs", "text": "x"}, "message can't be edited"),
    ("editMessageReplyMarkup", {"chat_id": CHAT, "message_id": "theirs"}, "message can't be edited"),
    (
        "editMessageText",
        {"chat_id": CHAT, "message_id": "own", "text": "Which?"},
        "message is not modified: specified new message content and reply markup are exactly the same as a current "
        "content and reply markup of the message",
    ),
    (
        "editMessageReplyMarkup",
        {"chat_id": CHAT, "message_id": "own"},
        "message is not modified: specified new message content and reply markup are exactly the same as a current "
        "content and reply markup of the message",
    ),
    (
        "editMessageReplyMarkup",
        {"chat_id": CHAT, "message_id": "own", "reply_markup": {"keyboard": [["a"]]}},
        "inline keyboard expected",
    ),
    ("deleteMessage", {"message_id": 5}, "chat identifier is not specified"),
    ("deleteMessage", {"chat_id": CHAT}, "message identifier is not specified"),
    ("deleteMessage", {"chat_id": CHAT, "message_id": 999_999}, "message to delete not found"),
    (
        "sendMessage",
        {"chat_id": CHAT, "text": "x", "reply_parameters": {"message_id": 999_999}},
        "message to be replied not found",
    ),
    ("leaveChat", {"chat_id": CHAT}, "chat member status can't be changed in private chats"),
    # Markup that cannot be read.
    ("sendMessage", markup("no json"), "can't parse reply keyboard markup JSON object"),
    ("sendMessage", markup([]), "object expected as reply markup"),
    ("sendMessage", markup({"keyboard": ["a"]}), 'field "keyboard" must be an Array of Arrays'),
    (
        "sendMessage",
        markup({"inline_keyboard": [{"text": "a"}]}),
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    (
        "sendMessage",
        markup({"inline_keyboard": [["a"]]}),
        "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
    ),
    (
        "sendMessage",
        markup({"keyboard": [[5]]}),
        "can't parse keyboard button: KeyboardButton must be a String or an Object",
    ),
    (
        "sendMessage",
        markup({"inline_keyboard": [[{"callback_data": "a"}]]}),
        "can't parse inline keyboard button: Can't find field \"text\"",
    ),
    ("sendMessage", markup({"keyboard": [[{}]]}), "can't parse keyboard button: Can't find field \"text\""),
    (
        "sendMessage",
        markup({"inline_keyboard": [[{"text": "a"}]]}),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    (
        "sendMessage",
        markup({"inline_keyboard": [[{"text": "a", "callback_data": ""}]]}),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    ("sendMessage", markup({"inline_keyboard": [[{"text": "a", "callback_data": "x" * 65}]]}), "BUTTON_DATA_INVALID"),
    (
        "sendMessage",
        markup({"inline_keyboard": [[{"text": "a", "url": "tel:911"}]]}),
        "inline keyboard button URL 'tel:911' is invalid: Unsupported URL protocol",
    ),
    (
        "sendMessage",
        {"chat_id": CHAT, "text": "x", "link_preview_options": "no json"},
        "can't parse link preview options JSON object",
    ),
    (
        "sendMessage",
        {"chat_id": CHAT, "text": "x", "link_preview_options": []},
        "object expected as link preview options",
    ),
    (
        "sendMessage",
        {"chat_id": CHAT, "text": "x", "reply_parameters": "no json"},
        "can't parse reply parameters JSON object",
    ),
    ("sendMessage", {"chat_id": CHAT, "text": "x", "reply_parameters": []}, "object expected as reply parameters"),
    (
        "sendMessage",
        {"chat_id": CHAT, "text": "x", "reply_parameters": {"allow_sending_without_reply": True}},
        'can\'t find field "message_id"',
    ),
    # Files, places, actions, presses.
    ("sendDocument", {"chat_id": CHAT}, "there is no document in the request"),
    (
        "sendDocument",
        {"chat_id": CHAT, "document": "x"},
        "wrong remote file identifier specified: Wrong string length",
    ),
    ("sendLocation", {"chat_id": CHAT, "longitude": 1}, "latitude is empty"),
    ("sendLocation", {"chat_id": CHAT, "latitude": 1}, "longitude is empty"),
    ("sendLocation", {"chat_id": CHAT, "latitude": 91, "longitude": 1}, "wrong location specified"),
    (
        "sendVenue",
        {"chat_id": CHAT, "latitude": 91, "longitude": 1, "title": "a", "address": "b"},
        "wrong venue location specified",
    ),
    ("sendChatAction", {"chat_id": CHAT}, "wrong parameter action in request"),
    ("sendChatAction", {"chat_id": CHAT, "action": "thinking"}, "wrong parameter action in request"),
    ("answerCallbackQuery", {}, "query is too old and response timeout expired or query ID is invalid"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "5"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
    ("answerCallbackQuery", {"callback_query_id": "new", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
    # What the bot says of itself.
    ("setMyCommands", {"commands": "no json"}, "can't parse commands JSON object"),
    ("setMyCommands", {"commands": {}}, "expected an Array of BotCommand"),
    ("setMyCommands", {"commands": ["start"]}, "can't parse BotCommand: expected an Object"),
    ("setMyCommands", commands(description="b"), "can't parse BotCommand: Can't find field \"command\""),
    ("setMyCommands", commands(command="a"), "can't parse BotCommand: Can't find field \"description\""),
    ("setMyCommands", commands(command=" ", description="b"), "command must be non-empty"),
    ("setMyCommands", commands(command="/", description="b"), "command must be non-empty"),
    ("setMyCommands", commands(command="a" * 33, description="b"), "command length must not exceed 32"),
    ("setMyCommands", commands(command="a", description=" "), "command description must be non-empty"),
    ("setMyCommands", commands(command="a", description="b" * 257), "command description length must not exceed 256"),
    ("setMyCommands", commands(command="Start", description="b"), "BOT_COMMAND_INVALID"),
    (
        "setMyCommands",
        {**commands(command="a", description="b"), "scope": {}},
        "can't parse BotCommandScope: Can't find field \"type\"",
    ),
    (
        "setMyCommands",
        {**commands(command="a", description="b"), "scope": {"type": "all"}},
        "can't parse BotCommandScope: Unsupported type specified",
    ),
    (
        "setMyCommands",
        {**commands(command="a", description="b"), "scope": {"type": "chat"}},
        "can't parse BotCommandScope: Can't find field \"chat_id\"",
    ),
    (
        "setMyCommands",
        {**commands(command="a", description="b"), "scope": {"type": "chat", "chat_id": 4711}},
        "chat not found",
    ),
    (
        "setMyCommands",
        {**commands(command="a", description="b"), "scope": "no json"},
        "can't parse BotCommandScope JSON object",
    ),
    ("setMyDescription", {"description": "a", "language_code": "en-US"}, "invalid language code specified"),
    ("setMyShortDescription", {"language_code": "EN"}, "invalid language code specified"),
    ("getMyCommands", {"language_code": "e"}, "invalid language code specified"),
    ("setChatMenuButton", {"menu_button": "no json"}, "can't parse menu button JSON object"),
    ("setChatMenuButton", {"menu_button": []}, "can't parse menu button: MenuButton must be an Object"),
    ("setChatMenuButton", {"menu_button": {}}, "can't parse menu button: Can't find field \"type\""),
    (
        "setChatMenuButton",
        {"menu_button": {"type": "help"}},
        "can't parse menu button: MenuButton has unsupported type",
    ),
    # The webhook.
    ("setWebhook", {"url": "https:///tg"}, "invalid webhook URL specified"),
    ("setWebhook", {"url": "http://clinic.example/tg"}, "bad webhook: An HTTPS URL must be provided for webhook"),
    (
        "setWebhook",
        {"url": "https://clinic.example:8080/tg"},
        "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
    ),
    ("setWebhook", {"url": "https://127.0.0.1/tg"}, "bad webhook: IP address 127.0.0.1 is reserved"),
    ("setWebhook", {"url": "https://10.0.0.7/tg"}, "bad webhook: IP address 10.0.0.7 is reserved"),
    ("setWebhook", {"url": "https://[2600::1]/tg"}, "bad webhook: IPv6-only addresses are not allowed"),
    (
        "setWebhook",
        {"url": "https://clinic.example/tg", "ip_address": "here"},
        "bad webhook: Invalid IP address specified",
    ),
    (
        "setWebhook",
        {"url": "https://clinic.example", "secret_token": "a b"},
        "secret token contains unallowed characters",
    ),
    (
        "setWebhook",
        {"url": "https://clinic.example", "secret_token": "é"},
        "secret token contains unallowed characters",
    ),
    ("setWebhook", {"url": "https://clinic.example", "secret_token": "x" * 257}, "secret token is too long"),
    # The request itself.
    ("sendMessage", [], "JSON object expected"),
]


@pytest.mark.parametrize(("method", "given", "words"), WORDS)
def test_what_is_refused_is_refused_in_the_words_of_the_published_server(
    phone: Phone, method: str, given: Any, words: str
) -> None:
    own = ask(phone.api, "sendMessage", {"chat_id": phone.chat.id, "text": "Which?"})[1]["result"]["message_id"]
    stands = {"own": own, "theirs": phone.shown[0].id, "new": None}
    if isinstance(given, dict):
        given = {name: phone.chat.id if value is CHAT else value for name, value in given.items()}
        if given.get("callback_query_id") == "new":
            stands["new"] = fit(phone, method)["callback_query_id"]
        given = {n: stands[v] if n.endswith("_id") and v in stands else v for n, v in given.items()}
    assert ask(phone.api, method, given) == (
        400,
        {"ok": False, "error_code": 400, "description": f"Bad Request: {words}"},
    )


MARKUP: list[tuple[str, str]] = [
    ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
    ("é<x>", 'Unsupported start tag "x" at byte offset 2'),
    ("pain < 5", 'Unsupported start tag "" at byte offset 5'),
    ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
    ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
    ("x</b>", "Unexpected end tag at byte offset 1"),
    ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
    ("<b>x</ b>", "Unclosed end tag at byte offset 4"),
    ("<b", "Unclosed start tag at byte offset 0"),
    ("<b>x</b", "Unclosed end tag at byte offset 4"),
    ("<b =x>y</b>", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<b/>y", 'Unsupported start tag "b/" at byte offset 0'),
    ("<b />y", 'Empty attribute name in the tag "b" at byte offset 0'),
    ("<b class", 'Unclosed start tag "b" at byte offset 0'),
    ("<a href=", 'Unclosed start tag "a" at byte offset 0'),
    ("<a href=https://a.example>x</a>", "Unexpected end of name token at byte offset 8"),
    ('<a href="https://a.example>x</a>', "Unclosed start tag at byte offset 0"),
    ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    (
        "&#xd800;x",
        "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code "
        "units",
    ),
]


@pytest.mark.parametrize(("text", "why"), MARKUP)
def test_markup_that_cannot_be_read_is_refused_in_the_words_of_the_published_server(
    phone: Phone, text: str, why: str
) -> None:
    given = {"chat_id": phone.chat.id, "text": text, "parse_mode": "HTML"}
    status, body = ask(phone.api, "sendMessage", given)
    assert (status, body["description"]) == (400, f"Bad Request: can't parse entities: {why}")


def link(at: int, length: int, url: str) -> Given:
    return {"offset": at, "length": length, "type": "text_link", "url": url}


READ: list[tuple[str, str, list[Given]]] = [
    ("AT&T &lt3 &copy; &#39;x&#x27; &#0;", "AT&T <3 &copy; 'x' &#0;", []),
    ("a &amp b", "a & b", []),
    ('<a href="https://a.example/?x=1&amp;y=2>3">l</a>', "l", [link(0, 1, "https://a.example/?x=1&y=2>3")]),
    ("<a href='https://a.example'>l</a>", "l", [link(0, 1, "https://a.example")]),
    ("<a>https://a.example</a>", "https://a.example", [link(0, 17, "https://a.example")]),
    ('<a href="tel:911">call</a>', "call", []),
    ("<B >👍</B\n>", "👍", [{"offset": 0, "length": 2, "type": "bold"}]),
    ("<blockquote expandable>q</blockquote>", "q", [{"offset": 0, "length": 1, "type": "expandable_blockquote"}]),
    (" \r\n <b>x\ty</b> \u202e", "x y", [{"offset": 0, "length": 3, "type": "bold"}]),
    ("a\rb<i>c\u2028d</i>", "abcd", [{"offset": 2, "length": 2, "type": "italic"}]),
    ("<b>  x  </b>", "x", [{"offset": 0, "length": 1, "type": "bold"}]),
]


@pytest.mark.parametrize(("text", "shown", "entities"), READ)
def test_markup_is_read_as_telegram_reads_it(phone: Phone, text: str, shown: str, entities: list[Given]) -> None:
    given = {"chat_id": phone.chat.id, "text": text, "parse_mode": "HTML"}
    status, body = ask(phone.api, "sendMessage", given)
    assert status == 200, body
    assert (body["result"]["text"], body["result"].get("entities", [])) == (shown, entities)


def test_a_webhook_is_set_at_most_once_a_second(api: BotApi) -> None:
    now = [100.0]
    api.flood.clock, before = (lambda: now[0]), api.flood.clock
    api.flood.webhook_every, api.flood.webhook_at = 1.0, 0.0
    try:
        assert ask(api, "setWebhook", {"url": "https://clinic.example/a"})[0] == 200
        status, body = ask(api, "setWebhook", {"url": "https://clinic.example/b"})
        assert (status, body["description"]) == (429, "Too Many Requests: retry after 1")
        assert body["parameters"] == {"retry_after": 1}
        assert ask(api, "deleteWebhook", {})[0] == 200
        now[0] += 1.0
        assert ask(api, "setWebhook", {"url": "https://clinic.example/b"})[0] == 200
    finally:
        api.flood.clock, api.flood.webhook_every, api.flood.webhook_at = before, 0.0, -1e9


def test_who_may_not_be_written_to_is_refused_by_403(phone: Phone) -> None:
    def refused(method: str, **given: Any) -> tuple[int, str]:
        status, body = ask(phone.api, method, given)
        assert body["error_code"] == status
        return status, body["description"]

    stranger = Phone(phone.api, "Ann").chat.id
    never = (403, "Forbidden: bot can't initiate conversation with a user")
    assert refused("sendMessage", chat_id=stranger, text="x") == never
    own = ask(phone.api, "sendMessage", {"chat_id": phone.chat.id, "text": "x"})[1]["result"]["message_id"]
    blocked = (403, "Forbidden: bot was blocked by the user")
    phone.block()
    assert refused("sendMessage", chat_id=phone.chat.id, text="x") == blocked
    assert refused("sendChatAction", chat_id=phone.chat.id, action="typing") == blocked
    assert refused("editMessageText", chat_id=phone.chat.id, message_id=own, text="y") == blocked
    phone.unblock()
    phone.person.deactivated = True
    assert refused("sendMessage", chat_id=phone.chat.id, text="x") == (403, "Forbidden: user is deactivated")
    with phone.world.lock:
        group, super_group = phone.world.group(-81, "A"), phone.world.group(-1008, "B", "supergroup")
        group.member = super_group.member = False
    assert refused("sendMessage", chat_id=-81, text="x") == (403, "Forbidden: bot was kicked from the group chat")
    kicked = (403, "Forbidden: bot was kicked from the supergroup chat")
    assert refused("sendMessage", chat_id=-1008, text="x") == kicked
