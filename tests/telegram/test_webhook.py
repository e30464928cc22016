"""`nmt run` with a webhook, at night: first without a network, then with a token that Telegram does not know, then with
the right one; at last without engine.

The public address is https, as Telegram wants it; the Bot API server leads it to the web role, as the reverse proxy in
front of a real installation does.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml

from tests import stack as running
from tests.stack import ROOT, Stack, free_ports, wait_until
from tests.telegram import record, story
from tests.telegram.bot_api.phone import Phone
from tests.telegram.bot_api.room import Room
from tests.telegram.bot_api.server import TOKEN, BotApi
from tests.telegram.bot_api.world import Webhook
from tests.telegram.discreet import assert_discreet
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role
from tests.telegram.ways import opened

PUBLIC = "https://clinic.example"
HOOK = f"{PUBLIC}/telegram/webhook"
SECRET = "a-secret_that-Telegram_sends-with-each-call"
OTHER_TOKEN = "7000000001:AAE-the_token_before_it_was_revoked"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the clinic knows; its quiet hours are now."""
    folder = tmp_path_factory.mktemp("night") / "knowledge"
    shutil.copytree(ROOT / "knowledge", folder)
    text = (folder / "clinic.yml").read_text(encoding="utf-8")
    now = datetime.datetime.now(ZoneInfo(yaml.safe_load(text)["clinic"]["timezone"]))
    starts, ends = (now + datetime.timedelta(hours=hours) for hours in (-3, 6))
    night = f'quiet_hours: {{from: "{starts:%H:%M}", to: "{ends:%H:%M}"}}'
    text, found = re.subn(r"quiet_hours: \{.*?\}", night, text)
    assert found == 1
    (folder / "clinic.yml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def api() -> BotApi:
    """A server that is not there yet, and will know another token than the one that is set."""
    api = BotApi(free_ports(1)[0], token=OTHER_TOKEN)
    api.flood.set(chat_burst=10_000.0, overall_rate=10_000.0, overall_burst=10_000.0)
    return api


@pytest.fixture(scope="module")
def staff_room(api: BotApi) -> Room:
    """A group of the staff that the bot is in."""
    return Room(api, "Front desk")


@pytest.fixture(scope="module")
def early(api: BotApi) -> Phone:
    """A person who wrote before the bot could be reached."""
    return Phone(api, "Eve")


@pytest.fixture(scope="module")
def service(
    api: BotApi, knowledge: Path, staff_room: Room, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The whole service with the webhook set, started while there is no network."""
    service = running.start(
        tmp_path_factory.mktemp("webhook") / "data",
        NMT_TELEGRAM_TOKEN=TOKEN,
        NMT_TELEGRAM_BASE_URL=api.url,
        NMT_TELEGRAM_MODE="webhook",
        NMT_TELEGRAM_WEBHOOK_URL=HOOK,
        NMT_TELEGRAM_WEBHOOK_SECRET=SECRET,
        NMT_TELEGRAM_STAFF_CHAT=str(staff_room.chat.id),
        NMT_KNOWLEDGE_DIR=str(knowledge),
    )
    api.routes[PUBLIC] = service.url
    yield from running.running(service)


@pytest.fixture(scope="module")
def served(service: Stack, reached: BotApi, early: Phone) -> Stack:
    """The same service once the token is right."""
    world = reached.world
    with world.lock:
        reached.token = world.token = TOKEN
    early.start()
    again(service)
    with world.lock:
        assert world.changed.wait_for(lambda: world.webhook is not None, 90), _log(service)
    return service


@pytest.fixture(scope="module")
def reached(service: Stack, api: BotApi) -> Iterator[BotApi]:
    """The network is there."""
    with api:
        yield api


@pytest.fixture(scope="module")
def kept(service: Stack) -> Iterator[Record]:
    with record.opened(service) as found:
        yield found


def again(service: Stack) -> None:
    """End the role; the supervisor starts it anew, so that it does not wait for its next attempt."""
    os.kill(service.pid_of("telegram"), signal.SIGTERM)


def reason(service: Stack) -> str:
    """Why Telegram is down, as /readyz says it, while the service as a whole is up."""
    ready = service.ready()
    assert ready["code"] == 200, ready
    return str(ready["parts"]["telegram"].get("reason", ""))


def _log(service: Stack) -> str:
    return (service.data_dir / "logs" / "telegram.log").read_text()


def _webhook_of(api: BotApi) -> Webhook | None:
    return api.world.webhook


def post(service: Stack, body: bytes, secret: str | None = SECRET) -> int:
    """Call the webhook as somebody who found its address."""
    headers = {b"Content-Type": b"application/json"}
    if secret is not None:
        headers[b"X-Telegram-Bot-Api-Secret-Token"] = secret.encode()
    answer = httpx.post(f"{service.url}/telegram/webhook", content=body, headers=headers, trust_env=False, timeout=20)
    return answer.status_code


def test_without_a_network_it_says_so_and_the_rest_runs(service: Stack) -> None:
    wait_until(lambda: "is there a network?" in reason(service), "/readyz to say what is wrong")
    assert "Telegram cannot be reached: is there a network?" in _log(service)
    client = service.chat()
    client.say("does it hurt")
    assert client.meta["topic"] == "does_it_hurt"


def test_a_wrong_token_is_named_and_stops_nothing_else(service: Stack, reached: BotApi) -> None:
    again(service)
    wait_until(lambda: "@BotFather" in reason(service), "/readyz to say what is wrong", 60)
    assert "NMT_TELEGRAM_TOKEN" in reason(service)
    assert "copy it again from @BotFather into NMT_TELEGRAM_TOKEN" in _log(service)
    client = service.chat()
    client.say("does it hurt")
    assert client.meta["topic"] == "does_it_hurt"
    assert _webhook_of(reached) is None


def test_the_webhook_is_set_as_telegram_wants_it(served: Stack, api: BotApi) -> None:
    hook = api.world.webhook
    assert hook is not None
    assert (hook.url, hook.secret) == (HOOK, SECRET)
    assert set(api.world.allowed) == {"message", "edited_message", "callback_query", "my_chat_member"}
    assert TOKEN.partition(":")[2] not in hook.url


def test_what_waited_at_telegram_comes_by_the_webhook(served: Stack, early: Phone) -> None:
    early.hear("automated assistant")


def test_only_telegram_gets_through(served: Stack, api: BotApi, kept: Record) -> None:
    update = json.dumps({"update_id": 1, "message": {"message_id": 1, "date": 1, "text": "zebrafish"}}).encode()
    assert post(served, update, secret=None) in (401, 403)
    assert post(served, update, secret="") in (401, 403)
    assert post(served, update, secret=SECRET + "x") in (401, 403)
    assert post(served, update, secret="é") in (401, 403)
    assert post(served, b"x" * 2_000_000) == 413
    assert 400 <= post(served, b"no json") < 500 or post(served, b"no json") == 200
    assert kept.holds("zebrafish") == []


def test_the_whole_story(served: Stack, api: BotApi) -> None:
    phone = Phone(api, "Maria")
    with served.staff("owner") as staff:
        story.play(phone, staff)
    assert api.refused("not modified", "message to edit not found", "Unauthorized") == []


def test_t13_a_conversation_of_the_website_goes_on_here_by_a_link_that_works_once(served: Stack, api: BotApi) -> None:
    client = served.chat()
    client.say("does it hurt")
    made = client.http.post(f"{client.path}/telegram")
    assert made.status_code == 201, made.text
    payload = made.json()["url"].partition("?start=")[2]
    phone, other = Phone(api, "Maria"), Phone(api, "Ann")
    phone.start(payload)
    asked = phone.asked("Yes")
    assert asked.text.rstrip().endswith(("?", "too."))
    phone.press("Yes")
    phone.hear("same now")
    phone.say("how much does it cost")
    phone.hear("USD")
    assert "how much does it cost" in [message["text"] for message in client.transcript()]
    other.start(payload)
    other.hear("has been used|time is up")


def test_t13_a_link_from_the_website_runs_out_and_no_means_no(served: Stack, api: BotApi, kept: Record) -> None:
    client = served.chat()
    links = [client.http.post(f"{client.path}/telegram").json()["url"] for _ in range(2)]
    phone = Phone(api, "Maria")
    phone.start(links[0].partition("?start=")[2])
    phone.asked("No")
    phone.press("No")
    phone.hear("nothing was linked")
    kept.let_links_run_out()
    phone.start(links[1].partition("?start=")[2])
    phone.hear("time is up")
    assert client.id not in {kept.conversation(phone).id}


def test_t25_at_night_news_rest_until_the_client_is_awake(served: Stack, api: BotApi, kept: Record) -> None:
    asleep, awake = opened(Phone(api, "Maria")), opened(Phone(api, "Ann"))
    kept.let_pass(asleep, datetime.timedelta(hours=1))
    kept.push(asleep, "Your visit can go ahead.")
    kept.push(awake, "Your visit can go ahead.")
    awake.see(lambda message: "can go ahead" in message.text, "the news")
    assert kept.undelivered(asleep) == 1
    assert not any("can go ahead" in message.text for message in asleep.heard)
    asleep.say("does it hurt")
    asleep.hear("pain|hurt|sore")
    asleep.hear("can go ahead")
    wait_until(lambda: not kept.undelivered(asleep), "the news to be noted as delivered")


def test_an_update_that_comes_twice_counts_once(served: Stack, api: BotApi, kept: Record) -> None:
    phone = Phone(api, "Maria")
    phone.start()
    phone.hear("automated assistant")
    with api.world.lock:
        message = api.world.post(phone.chat, {"text": "does it hurt"}, by_bot=False)
        update = {"update_id": 5, "message": api.world.message_json(message)}
        phone._mark = message.order
    body = json.dumps(update).encode()
    assert [post(served, body) for _ in range(3)] == [200, 200, 200]
    phone.hear("pain|hurt|sore")
    phone.say("what is nmt")
    kept.wait_settled(phone, 2)
    assert_faithful(kept, phone, ["does it hurt", "what is nmt"])


def test_updates_come_again_when_the_web_role_was_killed(served: Stack, api: BotApi, kept: Record) -> None:
    phone = Phone(api, "Maria")
    phone.start()
    phone.hear("automated assistant")
    os.kill(served.pid_of("web"), signal.SIGKILL)
    lines = ["does it hurt", "what is nmt", "how much does it cost"]
    for line in lines:
        phone.say(line)
    kept.wait_settled(phone, len(lines), 90)
    assert_faithful(kept, phone, lines)


def test_switching_to_polling_takes_the_webhook_away_and_loses_nothing(
    role: Role, bot_api: BotApi, stored: Record
) -> None:
    assert role.stop() == 0
    with bot_api.world.lock:
        bot_api.world.webhook = Webhook("https://old.example/telegram/webhook")
    phone = Phone(bot_api, "Maria")
    phone.start()
    phone.say("does it hurt")
    role.start()
    phone.hear("pain|hurt|sore")
    assert _webhook_of(bot_api) is None
    stored.wait_settled(phone, 1)
    assert_faithful(stored, phone, ["does it hurt"])


def test_t28_staff_hear_how_much_waits_and_nothing_more(served: Stack, api: BotApi, staff_room: Room) -> None:
    story.screen_with_a_blood_thinner(opened(Phone(api, "Maria")))
    wait_until(lambda: staff_room.heard, "a word in the group of the staff", 60)
    lines = "\n".join(message.text for message in staff_room.heard).splitlines()
    kinds = "New screenings to review|Clients who wait for a person|Chats on hold after an emergency"
    counts = [line for line in lines if re.fullmatch(rf"({kinds}): \d+", line)]
    assert any(line.startswith("New screenings") for line in counts)
    assert set(lines) - set(counts) == {f"{served.url}/console"}


def test_an_emergency_is_answered_with_the_engine_down(served: Stack, api: BotApi, kept: Record) -> None:
    phone = Phone(api, "Maria")
    phone.start()
    phone.hear("automated assistant")
    for name in ("engine", "actions"):
        os.kill(served.pid_of(name), signal.SIGKILL)
    phone.say("does it hurt")
    assert "saved" in phone.hear("911|saved").text
    phone.say("my chest feels crushed and I can't breathe right now")
    answer = phone.hear("911")
    assert "911" in answer.text.splitlines()[0]
    bold = [entity for entity in answer.content["entities"] if entity["type"] == "bold"]
    assert bold[0]["offset"] == 0
    assert served.ready()["parts"]["engine"]["status"] == "down", "the engine was back before the answer"
    kept.wait_settled(phone, 2)
    assert kept.conversation(phone).lock == "locked"


def test_no_log_holds_the_token_or_anything_that_was_said(served: Stack, api: BotApi) -> None:
    assert_discreet(served, api, SECRET)
    assert Path(served.data_dir / "logs" / "telegram.log").stat().st_size > 0
