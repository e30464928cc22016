"""The role is killed, stopped and started again and again: nothing lost, doubled or out of order."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Iterator

import pytest

from tests.stack import Stack, wait_until
from tests.telegram.bot_api.phone import Phone, titles
from tests.telegram.bot_api.server import BotApi, Call
from tests.telegram.crowd import SEED, check, crowd_of, say_all
from tests.telegram.discreet import assert_discreet
from tests.telegram.engine_proxy import EngineProxy
from tests.telegram.killer import Killer
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role
from tests.telegram.ways import in_questions, opened

PEOPLE = 12
KILLS = 5
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def killer(bot_api: BotApi, role: Role) -> Iterator[Killer]:
    killer = Killer(bot_api, role)
    yield killer
    killer.spare()


def test_killed_at_random_points_nothing_is_lost_doubled_or_out_of_order(
    stack: Stack, bot_api: BotApi, killer: Killer, stored: Record, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(SEED)
    crowd = crowd_of(bot_api, PEOPLE)
    say_all(crowd)
    for _ in range(KILLS):
        killer.revive(killer.at(count=dice.randrange(2, 24), before=dice.random() < 0.3))
    check(stored, crowd)
    assert_discreet(stack, bot_api)
    with capsys.disabled():
        print(f"\nkilled {KILLS} times within {', '.join(killer.struck)}: {PEOPLE} chats whole and in order")


def test_answers_that_all_arrived_and_none_of_which_was_noted_come_once(
    bot_api: BotApi, killer: Killer, stored: Record
) -> None:
    """The numbers of the lost answers lie above all that is known, with those of the other chats in between."""
    crowd = crowd_of(bot_api, PEOPLE)
    struck = killer.at("sendMessage", PEOPLE)
    bot_api.fault = lambda method: "drop after" if method == "sendMessage" else None
    say_all(crowd)
    killer.revive(struck)
    check(stored, crowd)


def test_what_telegram_was_told_has_arrived_is_stored(
    bot_api: BotApi, role: Role, killer: Killer, phone: Phone, stored: Record
) -> None:
    """Killed in the request that tells Telegram of a message: from then on Telegram does not bring it again."""
    opened(phone)
    other = opened(Phone(bot_api, "Ann"))
    struck = threading.Event()
    with bot_api.world.lock:
        phone.say("does it hurt")
        number = bot_api.world.waiting[-1].id

        def strike(call: Call) -> None:
            if call.method == "getUpdates" and call.given.get("offset", 0) > number and not struck.is_set():
                assert role.process is not None
                os.kill(role.process.pid, signal.SIGKILL)
                struck.set()

        bot_api.before_answer = strike
    phone.wait_for(lambda: all(update.id > number for update in bot_api.world.waiting), "Telegram to be told")
    other.say("what is nmt")  # ends the request, if it waits for news
    killer.revive(struck)
    for one, words in ((phone, "does it hurt"), (other, "what is nmt")):
        stored.wait_settled(one, 1)
        assert_faithful(stored, one, [words])


def test_a_line_of_a_list_turns_once_and_the_list_is_answered_once(
    bot_api: BotApi, killer: Killer, phone: Phone, stored: Record
) -> None:
    question = in_questions(phone)
    struck = killer.at("editMessageReplyMarkup")
    phone.press("1.", within=question)
    killer.revive(struck)
    wait_until(lambda: not stored.waits(phone), "the tap to be done")
    assert any("Yes: 1." in title for title in titles(question)), titles(question)
    phone.press("Yes: 1.", within=question)
    phone.press("Not sure: 1.", within=phone.see(lambda m: any("Not sure" in t for t in titles(m)), "the second tap"))
    phone.see(lambda message: message is question and "None of these" in titles(message), "line 1 free again")
    struck = killer.at("editMessageText")
    phone.press("None of these", within=question)
    killer.revive(struck)
    phone.hear("Step 3 of 6")
    wait_until(lambda: not stored.waits(phone), "the answer to be done")
    assert question.text.count("You chose") == 1
    assert [message.text for message in phone.news if "Step" in message.text] == [phone.news[-1].text]


def test_words_count_once_when_only_the_engine_knows_of_them(
    stack: Stack, bot_api: BotApi, role: Role, phone: Phone, stored: Record
) -> None:
    """Killed when the engine has taken an answer and the role has not kept it: the next list is still a question."""
    assert role.stop() == 0
    with EngineProxy(stack) as engine:
        other = Role(stack, bot_api, "telegram-by-proxy", NMT_ENGINE_URL=engine.url)
        other.start()
        try:
            in_questions(phone)
            struck = threading.Event()

            def strike(path: str) -> None:
                if path.endswith("/messages") and not struck.is_set() and other.process is not None:
                    os.kill(other.process.pid, signal.SIGKILL)
                    struck.set()

            engine.before_answer = strike
            phone.say("none")
            assert struck.wait(60), other.said()
            other.kill()
            other.start()
            stored.wait_settled(phone, 3)
            assert "Step 3 of 6" in phone.news[-1].text, phone.transcript()
            assert len(phone.news) == 1, phone.transcript()
        finally:
            assert other.stop() == 0
            role.start()


def test_a_second_role_on_the_same_data_waits_and_takes_over(
    stack: Stack, bot_api: BotApi, role: Role, stored: Record
) -> None:
    second = Role(stack, bot_api, "telegram-second")
    second.begin()
    try:
        wait_until(lambda: "waiting until it ends" in second.said(), "the second role to wait", 90)
        phone = opened(Phone(bot_api, "Maria"))
        phone.say("what is nmt")
        stored.wait_settled(phone, 1)
        role.kill()
        phone.say("does it hurt")
        stored.wait_settled(phone, 2)
        assert_faithful(stored, phone, ["what is nmt", "does it hurt"])
    finally:
        assert second.stop() == 0
        role.start()


def test_t21_stopped_in_the_middle_it_ends_well_and_goes_on_later(bot_api: BotApi, role: Role, stored: Record) -> None:
    crowd = crowd_of(bot_api, 6)
    say_all(crowd)
    crowd[0][0].wait_for(lambda: crowd[0][0].heard, "a first answer")
    assert role.stop() == 0, role.said()
    assert "stopped" in role.said().splitlines()[-1]
    role.start()
    check(stored, crowd)
