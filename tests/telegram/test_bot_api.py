"""The Bot API server refuses what Telegram refuses, with Telegram's words, and python-telegram-bot gets on with it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import Application

from tests.stack import free_ports
from tests.telegram.bot_api import fields, formatting
from tests.telegram.bot_api.errors import Refusal
from tests.telegram.bot_api.limits import Flood
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.server import TOKEN, BotApi, Fault
from tests.telegram.bot_api.webhook import Delivery
from tests.telegram.bot_api.world import Webhook, World


@pytest.fixture(scope="module")
def running() -> Iterator[BotApi]:
    with BotApi(free_ports(1)[0], routes={}) as api:
        yield api


@pytest.fixture
def api(running: BotApi) -> BotApi:
    """The server, with its limits, faults and queue as they were at first."""
    running.fault = lambda method: None
    running.flood.set(chat_burst=1000.0, overall_burst=1000.0, overall_rate=30.0, webhook_every=0.0)
    running.flood.closed_until.clear()
    running.world.webhook = None
    running.world.waiting.clear()
    running.world.allowed = World(TOKEN).allowed
    running.world.wall = time.time
    return running


@pytest.fixture
def phone(api: BotApi) -> Phone:
    phone = Phone(api, "Maria")
    phone.start()
    return phone


def ask(api: BotApi, method: str, token: str = TOKEN, **given: Any) -> tuple[int, dict[str, Any]]:
    """One request, as JSON."""
    url, headers = f"{api.url}/bot{token}/{method}", {"content-type": "application/json"}
    answer = httpx.post(url, content=json.dumps(given), headers=headers, trust_env=False, timeout=10)
    return answer.status_code, answer.json()


def sent(api: BotApi, phone: Phone, text: str = "hello", **more: Any) -> dict[str, Any]:
    status, body = ask(api, "sendMessage", chat_id=phone.chat.id, text=text, **more)
    assert status == 200, body
    result: dict[str, Any] = body["result"]
    return result


def inline(**button: Any) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": "Yes", **button}]]}


def keyboard(button: Any, **more: Any) -> dict[str, Any]:
    return {"keyboard": [[button]], **more}


STRICTER: list[tuple[str, dict[str, Any], str]] = [
    # What Telegram leaves out, or reads in a way of its own, is a mistake here.
    ("sendMessage", {"text": "x", "txet": "y"}, 'unknown parameter "txet"'),
    ("sendMessage", {"text": "x", "disable_web_page_preview": True}, "unknown parameter"),
    ("getMe", {}, 'unknown parameter "chat_id" of getMe'),
    ("sendMessage", {"text": 5}, 'parameter "text" must be of type String'),
    ("sendMessage", {"text": "x", "chat_id": True}, "chat not found"),
    ("editMessageText", {"text": "x", "message_id": "first"}, 'parameter "message_id" must be of type Integer'),
    ("editMessageText", {"text": "x", "message_id": 1.5}, 'parameter "message_id" must be of type Integer'),
    ("sendLocation", {"latitude": True, "longitude": 0}, "must be of type Float"),
    ("sendMessage", {"text": "x", "protect_content": "perhaps"}, "must be of type Boolean"),
    ("sendMessage", {"text": "x", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
    ("sendMessage", {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 1}]}, "not lists of entities"),
    ("sendMessage", {"text": "x", "link_preview_options": {"disabled": True}}, 'unknown field "disabled"'),
    ("sendMessage", {"text": "x", "link_preview_options": {"is_disabled": "yes"}}, "of type Boolean"),
    ("sendMessage", {"text": "x", "reply_markup": inline(callback_data="a", url="https://a.b")}, "exactly one action"),
    ("sendMessage", {"text": "x", "reply_markup": inline(callback_data="a", payload="b")}, 'unknown field "payload"'),
    ("sendMessage", {"text": "x", "reply_markup": inline(callback_data="a", style="blue")}, "style is unknown"),
    ("sendMessage", {"text": "x", "reply_markup": inline(url="mailto:a@b.c")}, "Unsupported URL protocol"),
    (
        "sendMessage",
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": " ", "callback_data": "a"}]]}},
        "text must be non-empty",
    ),
    (
        "sendMessage",
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "a"}] * 9]}},
        "reply markup is too long",
    ),
    (
        "sendMessage",
        {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]] * 101}},
        "reply markup is too long",
    ),
    ("sendMessage", {"text": "x", "reply_markup": {"buttons": []}}, "of no known kind"),
    ("sendMessage", {"text": "x", "reply_markup": {"keyboard": []}}, "must have a button"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard("")}, "text must be non-empty"),
    ("sendMessage", {"text": "x", "reply_markup": keyboard({"text": "a", "callback_data": "a"})}, "unknown field"),
    (
        "sendMessage",
        {"text": "x", "reply_markup": keyboard({"text": "a", "request_contact": True, "request_location": True})},
        "exactly one request",
    ),
    ("sendMessage", {"text": "x", "reply_markup": {"remove_keyboard": False}}, "must be True"),
    ("sendDocument", {"document": "https://example.com/a.ics"}, "wrong remote file identifier"),
    ("sendVenue", {"latitude": 1, "longitude": 1, "title": " ", "address": "x"}, "must be non-empty"),
    ("setMyCommands", {"commands": [{"command": "my-booking", "description": "b"}]}, "BOT_COMMAND_INVALID"),
    ("setWebhook", {"url": "clinic.example"}, "invalid webhook URL"),
    ("setWebhook", {"url": "https://clinic.example", "secret_token": ""}, "unallowed characters"),
    ("setWebhook", {"url": "https://clinic.example", "max_connections": 101}, "from 1 to 100"),
    ("setWebhook", {"url": "https://clinic.example", "allowed_updates": ["messages"]}, "unknown update kind"),
    ("getUpdates", {"limit": 0}, "limit must be from 1 to 100"),
    ("getUpdates", {"timeout": -1}, "timeout must not be negative"),
    ("getUpdates", {"allowed_updates": ["mesage"]}, "unknown update kind"),
]


@pytest.mark.parametrize(("method", "given", "why"), STRICTER)
def test_mistakes_that_telegram_overlooks_are_refused(
    api: BotApi, phone: Phone, method: str, given: dict[str, Any], why: str
) -> None:
    before = len(phone.shown)
    here = {"chat_id": phone.chat.id} if "chat_id" in fields.METHODS[method] or not given else {}
    status, body = ask(api, method, **{**here, **given})
    assert (status, body["ok"], body["error_code"]) == (400, False, 400)
    assert body["description"].startswith("Bad Request: ")
    assert why in body["description"]
    assert len(phone.shown) == before


def test_markup_becomes_entities() -> None:
    text, entities = formatting.parse(
        '👍 <b>a <i>b</i></b> &lt;3 &#39;x&#39; &nbsp; <a href="https://a.b/?x=1&amp;y">l</a> <a href="tel:911">c</a>',
        "HTML",
    )
    assert text == "👍 a b <3 'x' &nbsp; l c"
    assert entities == [
        {"offset": 3, "length": 3, "type": "bold"},
        {"offset": 5, "length": 1, "type": "italic"},
        {"offset": 21, "length": 1, "type": "text_link", "url": "https://a.b/?x=1&y"},
    ]


def test_what_telegram_takes_at_its_limits_is_taken(api: BotApi, phone: Phone) -> None:
    assert sent(api, phone, "x" * 4096)["message_id"] > phone.shown[0].id
    assert sent(api, phone, "<b>" + "&lt;" * 4096 + "</b>", parse_mode="HTML")["text"] == "<" * 4096
    assert sent(api, phone, reply_markup=inline(callback_data="ж" * 32))["reply_markup"]
    assert sent(api, phone, reply_markup=keyboard({"text": "My number", "request_contact": True}))
    assert "[My number]" in phone.transcript()
    assert sent(api, phone, reply_markup={"remove_keyboard": True})
    assert "[My number]" not in phone.transcript()
    commands = [{"command": "a" * 32, "description": "b" * 256}] * 100
    assert ask(api, "setMyCommands", commands=commands, language_code="es")[0] == 200
    assert ask(api, "getMyCommands", language_code="es")[1]["result"] == commands
    assert ask(api, "setMyDescription", description="d" * 512)[0] == 200
    assert ask(api, "getMyDescription", language_code="de")[1]["result"] == {"description": "d" * 512}
    assert ask(api, "setChatMenuButton", menu_button={"type": "commands"})[0] == 200
    assert ask(api, "getChatMenuButton")[1]["result"] == {"type": "commands"}
    assert ask(api, "sendLocation", chat_id=phone.chat.id, latitude=-90, longitude=180)[0] == 200


def test_an_unknown_method_and_unfit_tokens_are_refused(api: BotApi) -> None:
    assert ask(api, "sendMesage")[1] == {
        "ok": False,
        "error_code": 404,
        "description": "Not Found: method not found",
    }
    assert ask(api, "getme")[0] == 200
    assert ask(api, "getMe", token="7000000001:AAE-another_token_of_the_right_form") == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    assert ask(api, "getMe", token="nonsense")[0] == 404


def test_who_may_be_written_to(api: BotApi, phone: Phone) -> None:
    stranger = Phone(api, "Ann")
    assert ask(api, "sendMessage", chat_id=stranger.chat.id, text="hi") == (
        403,
        {"ok": False, "error_code": 403, "description": "Forbidden: bot can't initiate conversation with a user"},
    )
    phone.block()
    status, body = ask(api, "sendMessage", chat_id=phone.chat.id, text="hi")
    assert (status, body["description"]) == (403, "Forbidden: bot was blocked by the user")
    assert ask(api, "sendChatAction", chat_id=phone.chat.id, action="typing")[0] == 403
    phone.unblock()
    sent(api, phone)
    phone.person.deactivated = True
    assert ask(api, "sendMessage", chat_id=phone.chat.id, text="hi")[1]["description"] == (
        "Forbidden: user is deactivated"
    )


def test_groups_have_rules_of_their_own(api: BotApi) -> None:
    with api.world.lock:
        group = api.world.group(-4001, "Friends")
        moved = api.world.group(-4002, "Old")
        moved.moved_to = -100_4002
    ask_place = keyboard({"text": "Here", "request_location": True})
    assert ask(api, "sendMessage", chat_id=group.id, text="x", reply_markup=ask_place)[0] == 400
    ask_contact = keyboard({"text": "My number", "request_contact": True})
    status, body = ask(api, "sendMessage", chat_id=group.id, text="x", reply_markup=ask_contact)
    assert (status, body["description"]) == (400, "Bad Request: phone number can be requested in private chats only")
    status, body = ask(api, "sendMessage", chat_id=moved.id, text="x")
    assert (status, body["parameters"]) == (400, {"migrate_to_chat_id": -100_4002})
    assert ask(api, "leaveChat", chat_id=group.id)[0] == 200
    assert ask(api, "leaveChat", chat_id=group.id)[0] == 403
    status, body = ask(api, "sendMessage", chat_id=group.id, text="x")
    assert (status, body["description"]) == (403, "Forbidden: bot was kicked from the group chat")


def test_only_fit_messages_can_be_edited(api: BotApi, phone: Phone) -> None:
    first = sent(api, phone, "Which?", reply_markup=inline(callback_data="a"))
    where = {"chat_id": phone.chat.id, "message_id": first["message_id"]}
    same = ask(api, "editMessageText", **where, text="Which?", reply_markup=inline(callback_data="a"))
    assert same[0] == 400
    assert "message is not modified" in same[1]["description"]
    assert ask(api, "editMessageReplyMarkup", **where, reply_markup=keyboard("a"))[0] == 400
    theirs = ask(api, "editMessageText", chat_id=phone.chat.id, message_id=phone.shown[0].id, text="x")
    assert theirs[1]["description"] == "Bad Request: message can't be edited"
    edited = ask(api, "editMessageText", **where, text="Which? You chose: Yes")[1]["result"]
    assert "edit_date" in edited
    assert "reply_markup" not in edited
    assert ask(api, "editMessageReplyMarkup", **where)[1]["description"].startswith(
        "Bad Request: message is not modified"
    )
    with_keyboard = sent(api, phone, reply_markup=keyboard("a"))
    status, body = ask(
        api, "editMessageText", chat_id=phone.chat.id, message_id=with_keyboard["message_id"], text="other"
    )
    assert (status, body["description"]) == (400, "Bad Request: message can't be edited")
    place = ask(api, "sendLocation", chat_id=phone.chat.id, latitude=1, longitude=2)[1]["result"]
    status, body = ask(api, "editMessageText", chat_id=phone.chat.id, message_id=place["message_id"], text="x")
    assert (status, body["description"]) == (400, "Bad Request: there is no text in the message to edit")
    api.world.wall = lambda: first["date"] + 49 * 3600.0
    status, body = ask(api, "deleteMessage", **where)
    api.world.wall = time.time
    assert (status, body["description"]) == (400, "Bad Request: message can't be deleted")
    assert ask(api, "deleteMessage", **where)[0] == 200


def test_a_press_is_answered_once_and_in_time(api: BotApi, phone: Phone) -> None:
    sent(api, phone, "Which?", reply_markup=inline(callback_data="a"))
    query = phone.press("Yes")
    status, body = ask(api, "answerCallbackQuery", callback_query_id=query.id, text="x" * 201)
    assert (status, body["description"]) == (400, "Bad Request: MESSAGE_TOO_LONG")
    assert ask(api, "answerCallbackQuery", callback_query_id=query.id, url="https://a.b")[0] == 400
    assert ask(api, "answerCallbackQuery", callback_query_id=query.id, text="x" * 200)[0] == 200
    assert ask(api, "answerCallbackQuery", callback_query_id=query.id)[0] == 400
    late = phone.press("Yes")
    api.world.query_life_s = 0.0
    try:
        assert ask(api, "answerCallbackQuery", callback_query_id=late.id)[0] == 400
    finally:
        api.world.query_life_s = 60.0


def test_documents_come_as_uploads(api: BotApi, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def upload(content: bytes, **fields: str) -> httpx.Response:
        files = {"file0": ("visit.ics", content, "text/calendar")}
        data = {"chat_id": str(phone.chat.id), "document": "attach://file0", **fields}
        return httpx.post(f"{api.url}/bot{TOKEN}/sendDocument", data=data, files=files, trust_env=False)

    assert upload(b"").json()["description"] == "Bad Request: file must be non-empty"
    assert upload(b"x", caption="y" * 1025).json()["description"] == "Bad Request: message caption is too long"
    taken = upload(b"BEGIN:VCALENDAR", caption="y" * 1024).json()["result"]["document"]
    assert (taken["file_name"], taken["mime_type"]) == ("visit.ics", "text/calendar")
    assert api.world.files[taken["file_id"]] == ("visit.ics", b"BEGIN:VCALENDAR")
    monkeypatch.setattr(fields, "MAX_FILE", 10)
    assert upload(b"0123456789").status_code == 200
    assert upload(b"0123456789a").status_code == 413
    again = ask(api, "sendDocument", chat_id=phone.chat.id, document=taken["file_id"])
    assert again[1]["result"]["document"]["file_id"] == taken["file_id"]


def test_flood_is_refused_until_its_time_is_over() -> None:
    now = [100.0]
    flood = Flood(chat_burst=2, overall_burst=100, clock=lambda: now[0])

    def refused(chat: int) -> dict[str, Any]:
        try:
            flood.take(chat)
        except Refusal as refusal:
            return refusal.as_json()
        return {}

    assert not refused(1)
    assert not refused(1)
    too_much = refused(1)
    assert (too_much["error_code"], too_much["parameters"]) == (429, {"retry_after": 1})
    assert not refused(2)
    assert flood.early == 0
    now[0] += 0.5
    assert refused(1)
    assert flood.early == 1
    now[0] += 1.1
    assert not refused(1)
    slow = Flood(chat_burst=100, overall_burst=30, clock=lambda: now[0])
    for chat in range(30):
        slow.take(chat)
    with pytest.raises(Refusal, match="Too Many Requests: retry after 1"):
        slow.take(31)


def test_updates_wait_until_they_are_confirmed(api: BotApi, phone: Phone) -> None:
    api.world.waiting.clear()
    for text in ("one", "two", "three"):
        phone.say(text)
    first = ask(api, "getUpdates", limit=2)[1]["result"]
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert first[1]["update_id"] == first[0]["update_id"] + 1
    assert ask(api, "getUpdates", limit=2)[1]["result"] == first
    rest = ask(api, "getUpdates", offset=first[1]["update_id"] + 1)[1]["result"]
    assert [update["message"]["text"] for update in rest] == ["three"]
    assert ask(api, "getUpdates", offset=rest[0]["update_id"] + 1)[1]["result"] == []
    for text in ("four", "five"):
        phone.say(text)
    newest = ask(api, "getUpdates", offset=-1)[1]["result"]
    assert [update["message"]["text"] for update in newest] == ["five"]
    assert ask(api, "deleteWebhook", drop_pending_updates=True)[0] == 200
    assert ask(api, "getUpdates")[1]["result"] == []


def test_only_wanted_updates_are_kept(api: BotApi, phone: Phone) -> None:
    assert ask(api, "getUpdates", allowed_updates=json.dumps(["callback_query"]))[0] == 200
    api.world.waiting.clear()
    phone.say("not wanted")
    assert ask(api, "getUpdates")[1]["result"] == []
    assert ask(api, "getUpdates", allowed_updates=[])[0] == 200
    message = phone.say("wanted")
    phone.edit(message, "wanted, edited")
    phone.block()
    kinds = [set(update) - {"update_id"} for update in ask(api, "getUpdates")[1]["result"]]
    assert kinds == [{"message"}, {"edited_message"}, {"my_chat_member"}]


def test_two_ways_of_receiving_exclude_each_other(api: BotApi) -> None:
    outcome: list[tuple[int, dict[str, Any]]] = []
    before = api.polls
    first = threading.Thread(target=lambda: outcome.append(ask(api, "getUpdates", timeout=9)))
    second = threading.Thread(target=lambda: ask(api, "getUpdates", timeout=9))
    first.start()
    with api.world.lock:
        assert api.world.changed.wait_for(lambda: api.polls > before, 10)
    second.start()
    first.join(10)
    assert outcome[0][0] == 409
    assert "terminated by other getUpdates request" in outcome[0][1]["description"]
    assert ask(api, "setWebhook", url="https://clinic.example/tg")[0] == 200
    second.join(10)
    assert not second.is_alive()
    status, body = ask(api, "getUpdates")
    assert status == 409
    assert "can't use getUpdates method while webhook is active" in body["description"]
    assert ask(api, "getWebhookInfo")[1]["result"]["url"] == "https://clinic.example/tg"
    assert ask(api, "setWebhook", url="")[0] == 200
    assert ask(api, "getUpdates")[0] == 200


def test_python_telegram_bot_understands_each_refusal(
    api: BotApi, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")

    async def talk() -> None:
        async with Bot(TOKEN, base_url=f"{api.url}/bot") as bot:
            assert bot.username == api.world.bot["username"]
            keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="q:1")]])
            message = await bot.send_message(phone.chat.id, "<b>Which?</b>", "HTML", reply_markup=keyboard)
            assert message.reply_markup == keyboard
            await bot.send_document(phone.chat.id, b"BEGIN:VCALENDAR", filename="visit.ics", caption="Your visit")
            await bot.set_my_commands([("start", "Begin")], language_code="es")
            with pytest.raises(BadRequest, match="Can't parse entities"):
                await bot.send_message(phone.chat.id, "pain < 5", "HTML")
            too_long = InlineKeyboardMarkup([[InlineKeyboardButton("Yes", callback_data="x" * 65)]])
            with pytest.raises(BadRequest, match="Button_data_invalid"):
                await bot.send_message(phone.chat.id, "x", reply_markup=too_long)
            api.flood.close(phone.chat.id, 7)
            with pytest.raises(RetryAfter) as flood:
                await bot.send_message(phone.chat.id, "x")
            assert flood.value.retry_after == timedelta(seconds=7)
            api.flood.closed_until.clear()
            faults: tuple[Fault, ...] = ("drop", "drop after", "502")
            for fault in faults:
                api.fault = lambda method, now=fault: now  # type: ignore[misc]
                with pytest.raises(NetworkError):
                    await bot.send_message(phone.chat.id, fault)
            api.fault = lambda method: None
            phone.block()
            with pytest.raises(Forbidden, match="blocked"):
                await bot.send_message(phone.chat.id, "x")
            await bot.set_webhook("https://clinic.example/tg", secret_token="abc")
            with pytest.raises(Conflict):
                await bot.get_updates()
        stranger = Bot("7000000001:AAE-another_token_of_the_right_form", base_url=f"{api.url}/bot")
        with pytest.raises(InvalidToken):
            await stranger.initialize()
        await stranger.shutdown()

    asyncio.run(talk())
    texts = [message.text for message in phone.heard]
    assert texts == ["Which?", "Your visit", "drop after"]


def test_python_telegram_bot_reads_every_kind_of_update(api: BotApi, phone: Phone) -> None:
    api.world.waiting.clear()
    phone.say("hello")
    sent(api, phone, "Which?", reply_markup=inline(callback_data="q:1"))
    phone.press("Yes")
    for act in (
        phone.voice,
        phone.photo,
        phone.sticker,
        phone.document,
        phone.video_note,
        phone.location,
        phone.poll,
        phone.contact,
    ):
        act()
    phone.forward("read this")
    phone.edit(phone.say("one"), "two")
    phone.block()
    phone.unblock()
    found = ask(api, "getUpdates")[1]["result"]

    async def talk() -> list[Update]:
        async with Application.builder().token(TOKEN).base_url(f"{api.url}/bot").build() as application:
            return [Update.de_json(one, application.bot) for one in found]

    updates = asyncio.run(talk())
    assert len(updates) == 15
    messages = [update.message for update in updates if update.message]
    for kind in ("voice", "photo", "sticker", "document", "video_note", "location", "poll", "contact"):
        assert any(getattr(message, kind) for message in messages), kind
    assert any(message.forward_origin for message in messages)
    assert [update.callback_query.data for update in updates if update.callback_query] == ["q:1"]
    assert [u.my_chat_member.new_chat_member.status for u in updates if u.my_chat_member] == ["kicked", "member"]


def none_left(world: World) -> None:
    with world.lock:
        assert world.changed.wait_for(lambda: not world.waiting, 10)


def test_a_webhook_gets_updates_in_order_with_its_secret_and_again_after_a_failure() -> None:
    async def deliver() -> tuple[list[tuple[str | None, int]], list[tuple[int, int]]]:
        world = World(TOKEN)
        got: list[tuple[str | None, int]] = []

        async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.split("content-length:")[1].split("\r\n")[0])
            update = json.loads(await reader.readexactly(length))
            fails = not got
            secret = head.split("x-telegram-bot-api-secret-token:")[1].split("\r\n")[0].strip()
            got.append((secret, update["update_id"]))
            status = "500 Internal Server Error" if fails else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            writer.close()

        service = await asyncio.start_server(receive, "127.0.0.1", 0)
        port = service.sockets[0].getsockname()[1]
        world.webhook = Webhook("https://clinic.example/tg", "s3cret")
        delivery = Delivery(world, {"https://clinic.example": f"http://127.0.0.1:{port}"}, first_retry_s=0.01)
        running = asyncio.create_task(delivery.run())
        for _ in range(3):
            world.update("message", {}, ("message", 1))
        delivery.wake()
        await asyncio.to_thread(none_left, world)
        running.cancel()
        service.close()
        return got, delivery.attempts

    got, attempts = asyncio.run(deliver())
    ids = [update_id for _, update_id in got]
    assert {secret for secret, _ in got} == {"s3cret"}
    assert ids == [ids[0], ids[0], ids[0] + 1, ids[0] + 2]
    assert [status for _, status in attempts] == [500, 200, 200, 200]
