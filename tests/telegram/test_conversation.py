"""What a person on a phone meets, one convention of the channel after the other (T1 to T28 of the specification)."""

from __future__ import annotations

import re
import time

import pytest

from tests.stack import wait_until
from tests.telegram.bot_api.errors import bad
from tests.telegram.bot_api.phone import Phone, titles
from tests.telegram.bot_api.room import Room
from tests.telegram.bot_api.server import BotApi
from tests.telegram.bot_api.world import Person, Query
from tests.telegram.record import Record, assert_faithful
from tests.telegram.role import Role
from tests.telegram.ways import in_questions, opened

COMMANDS = ["start", "menu", "book", "screening", "mybooking", "cancel", "back", "help", "privacy", "human"]


# ---------------------------------------------------------------- T1 to T3: commands and keyboards


def test_t1_the_bot_introduces_itself(bot_api: BotApi, role: Role) -> None:
    wait_until(lambda: bot_api.world.menu_button == {"type": "commands"}, "the bot to introduce itself")
    introduced = [commands for (_, language), commands in bot_api.world.commands.items() if language == ""]
    assert [command["command"] for command in introduced[0]] == COMMANDS
    assert "en" in {language for _, language in bot_api.world.commands}
    assert "not a doctor" in bot_api.world.profile["description", ""]
    assert bot_api.world.profile["short_description", ""]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("/menu", "what you can do"),
        ("/help", "what you can do"),
        ("/book", "about your health"),
        ("/screening", "Do you agree"),
        ("/privacy", "Telegram stores them"),
        ("/human", "person|team"),
        ("/mybooking", "booking|request"),
        ("/back", "go back|earlier question"),
        ("/Menu", "what you can do"),
        ("/menu@willow_lane_bot", "what you can do"),
    ],
)
def test_t1_each_command_does_what_its_description_says(phone: Phone, command: str, answer: str) -> None:
    opened(phone).say(command)
    phone.hear(answer)


def test_t2_and_t3_keyboards_are_easy_to_hit(bot_api: BotApi, phone: Phone) -> None:
    in_questions(phone)
    for message in phone.heard:
        for row in message.inline:
            assert len(row) == 1 or all(len(button["text"]) <= 20 for button in row), titles(message)
    last_row = [button["text"] for button in phone.heard[-1].inline[-1]]
    assert last_row[0].lower().startswith("back")
    assert any(title.lower().startswith("stop") for title in last_row)
    kinds = {kind for call in bot_api.called("sendMessage") for kind in call.given.get("reply_markup", {})}
    assert "force_reply" not in kinds


# ---------------------------------------------------------------- T4 to T6: presses


def test_t4_every_press_is_answered_before_anything_else(bot_api: BotApi, phone: Phone) -> None:
    opened(phone)
    before = len(bot_api.calls)
    query = phone.press("What neuromuscular")
    assert isinstance(query, Query)
    phone.hear("hands-on massage")
    assert query.answered is not None
    after = [
        call.method
        for call in bot_api.calls[before:]
        if call.given.get("chat_id") == phone.chat.id or call.given.get("callback_query_id") == query.id
    ]
    assert after[0] == "answerCallbackQuery", after


def test_t5_the_choice_is_shown_and_its_buttons_go(phone: Phone) -> None:
    opened(phone)
    phone.say("start the health questions")
    consent = phone.asked("I agree")
    agree = next(title for title in titles(consent) if title.startswith("I agree"))
    phone.press("I agree")
    phone.asked("None of these")
    phone.wait_for(lambda: not consent.inline, "the buttons to go")
    assert consent.text.endswith(f"You chose: {agree}")


def test_t5_and_t6_a_press_that_comes_late_or_twice_is_answered_kindly_and_does_nothing(
    phone: Phone, stored: Record
) -> None:
    opened(phone)
    phone.say("start the health questions")
    consent = phone.asked("I agree")
    data = next(b["callback_data"] for row in consent.inline for b in row if b["text"].startswith("I agree"))
    first = phone.tap(consent, data)
    second = phone.tap(consent, data)
    phone.asked("None of these")
    phone.wait_for(lambda: first.answered and second.answered, "both presses to be answered")
    late = phone.tap(consent, data)
    phone.wait_for(lambda: late.answered, "the late press to be answered")
    assert late.answered is not None
    assert "already answered" in late.answered["text"]
    assert "/back" in late.answered["text"]
    assert len(stored.said(phone)) == 2
    stored.wait_settled(phone, 2)
    assert sum("None of these" in titles(message) for message in phone.heard) == 1


def test_t6_callback_data_is_opaque_and_short(bot_api: BotApi, phone: Phone) -> None:
    message = in_questions(phone)
    data = [b["callback_data"] for heard in [message, *phone.heard] for row in heard.inline for b in row]
    assert data
    assert all(re.fullmatch(r"q:[A-Za-z0-9_-]{12}:\d{1,3}", one) for one in data)
    forged = phone.tap(message, "q:AAAAAAAAAAAA:0")
    strange = phone.tap(message, "/delete_my_data")
    phone.wait_for(lambda: forged.answered and strange.answered, "both to be answered")


def test_t6_a_button_of_another_chat_means_nothing_here(bot_api: BotApi, phone: Phone, stored: Record) -> None:
    opened(phone)
    other = opened(Phone(bot_api, "Ann"))
    data = other.heard[0].inline[0][0]["callback_data"]
    query = phone.tap(phone.heard[0], data)
    phone.wait_for(lambda: query.answered, "an answer")
    assert query.answered is not None
    assert query.answered["text"]
    assert stored.said(phone) == []


def test_a_list_is_marked_in_place(phone: Phone, stored: Record) -> None:
    question = in_questions(phone)
    heard = len(phone.heard)
    phone.press("1.", within=question)
    phone.see(lambda message: any("Yes: 1." in title for title in titles(message)), "line 1 marked")
    phone.press("Yes: 1.", within=question)
    phone.see(lambda message: any("Not sure: 1." in title for title in titles(message)), "line 1 not sure")
    phone.press("Not sure: 1.", within=question)
    phone.see(lambda message: message is question and "None of these" in titles(message), "line 1 free again")
    assert len(phone.heard) == heard
    phone.press("None of these", within=question)
    phone.hear("Step 3 of 6")
    assert stored.said(phone)[-1].lower().startswith(("no", "none"))


@pytest.mark.parametrize("words", ["none", "no to all", "NONE"])
def test_a_list_takes_words_too(phone: Phone, words: str) -> None:
    question = in_questions(phone)
    phone.say(words)
    phone.hear("Step 3 of 6|Is that right")
    phone.wait_for(lambda: not question.inline, "the buttons of the list to go")


def test_a_list_takes_numbers_too(phone: Phone) -> None:
    in_questions(phone)
    phone.say("4")
    phone.hear("ambulance|911|emergency|Step|which")


# ---------------------------------------------------------------- T7 to T9: how answers look


def test_t7_typing_is_shown_before_an_answer(bot_api: BotApi, phone: Phone) -> None:
    opened(phone)
    before = len(bot_api.calls)
    phone.say("does it hurt")
    phone.hear("pain|hurt|sore")
    mine = [call for call in bot_api.calls[before:] if call.given.get("chat_id") == phone.chat.id]
    assert (mine[0].method, mine[0].given["action"]) == ("sendChatAction", "typing")


def test_t8_what_a_person_types_is_never_markup(phone: Phone) -> None:
    opened(phone)
    phone.say("<b>does it hurt</b> & <script>alert(1)</script> if pain < 5?")
    phone.wait_for(lambda: phone.news, "an answer")
    assert not any("<b>" in message.text or "&lt;" in message.text for message in phone.heard)


def test_t8_a_text_that_telegram_cannot_read_comes_plain(bot_api: BotApi, phone: Phone) -> None:
    opened(phone)
    bot_api.refuse = lambda method, given: (
        bad("can't parse entities: Unsupported start tag") if given.get("parse_mode") else None
    )
    try:
        phone.say("does it hurt")
        answer = phone.hear("pain|hurt|sore")
    finally:
        bot_api.refuse = lambda method, given: None
    assert "entities" not in answer.content
    assert "<" not in answer.text


def test_t9_a_long_text_comes_in_pieces_that_end_with_a_paragraph(phone: Phone, stored: Record) -> None:
    opened(phone)
    paragraph = "Please bring the letter & a <list> of what you take, 3 > 2. " * 12
    said = "\n\n".join(f"{number}. {paragraph.strip()} 😀" for number in range(1, 13))
    stored.push(phone, said)
    phone.see(lambda message: "12. Please" in message.text, "the last piece")
    first, *rest = [message.text for message in phone.heard if "Please bring" in message.text]
    assert len(rest) == 2
    assert "\n\n".join([first.partition("\n\n")[2], *rest]) == said
    assert all(len(text.encode("utf-16-le")) // 2 <= 4096 and text.endswith("😀") for text in [first, *rest])
    assert first.startswith("From the team")


def test_t9_short_paragraphs_stay_in_one_message(phone: Phone, stored: Record) -> None:
    opened(phone)
    before = len(phone.heard)
    stored.push(phone, "We have your letter.\n\nYou can choose a time.\n\nSee you soon.")
    assert "See you soon" in phone.see(lambda message: "your letter" in message.text, "the words of the team").text
    assert len(phone.heard) == before + 1


def test_t19_what_cannot_be_taken_ends_with_a_word_and_a_reference_and_the_next_is_answered(
    phone: Phone, stored: Record, role: Role
) -> None:
    opened(phone)
    with stored.refusing("zebrafish"):
        phone.say("my zebrafish hurts")
        apology = phone.hear("Something went wrong")
    reference = re.search(r"and name (\w{4,})", apology.text)
    assert reference is not None, apology.text
    log = role.log.read_text()
    assert reference[1] in log
    assert "zebrafish" not in log
    phone.say("does it hurt")
    phone.hear("pain|hurt|sore")


def test_t26_links_have_no_preview(bot_api: BotApi, phone: Phone) -> None:
    opened(phone).say("what is nmt")
    answer = phone.hear("Sources")
    assert answer.preview is False
    assert all(not message.preview for message in phone.heard)


def test_t27_what_is_asked_about_health_cannot_be_passed_on(phone: Phone) -> None:
    in_questions(phone)
    for _ in range(4):
        phone.press("None of these")
        found = phone.hear(r"Step \d of 6|right")
        if "Step 6" in found.text:
            break
    phone.say("I would like to relax")
    summary = phone.hear("right")
    assert summary.protected


# ---------------------------------------------------------------- T10, T11: what is no text


@pytest.mark.parametrize("kind", ["voice", "photo", "sticker", "document", "video_note", "poll"])
def test_t10_what_is_no_text_gets_a_word_and_the_question_again(
    bot_api: BotApi, phone: Phone, stored: Record, kind: str
) -> None:
    in_questions(phone)
    said = stored.said(phone)
    getattr(phone, kind)()
    phone.hear("only read text")
    again = phone.asked("None of these")
    assert "Step 2 of 6" in again.text
    assert stored.said(phone) == said
    assert not any(file in line.text for line in stored.lines(phone) for file in ("AwAC", "letter.pdf"))
    assert not bot_api.called("getFile")


def test_t10_a_place_is_not_kept(phone: Phone, stored: Record) -> None:
    opened(phone).location()
    phone.hear("don't need to know where you are")
    assert stored.said(phone) == []


def test_t10_words_with_a_picture_are_read(phone: Phone) -> None:
    opened(phone).photo("does it hurt")
    phone.hear("can't see the picture")
    phone.hear("pain|hurt|sore")


def test_t10_an_emergency_in_the_words_of_a_picture_is_answered(phone: Phone) -> None:
    opened(phone).photo("my chest feels crushed and my arm is numb right now")
    assert "911" in phone.hear("911").text


def test_t10_only_one_s_own_contact_is_taken(phone: Phone, stored: Record) -> None:
    opened(phone)
    phone.contact(of=Person(99, "Ann", phone_number="+12025550199"))
    phone.wait_for(lambda: phone.news, "an answer")
    assert "2025550199" not in str(stored.lines(phone))


def test_t11_a_changed_message_is_no_new_answer(phone: Phone, stored: Record) -> None:
    opened(phone)
    message = phone.say("does it hurt")
    phone.hear("pain|hurt|sore")
    phone.edit(message, "what is nmt")
    phone.hear("changed a message")
    assert stored.said(phone) == ["does it hurt"]


def test_t11_an_emergency_in_a_changed_message_is_answered(phone: Phone) -> None:
    opened(phone)
    message = phone.say("does it hurt")
    phone.hear("pain|hurt|sore")
    phone.edit(message, "I can't breathe and my chest hurts right now")
    assert "911" in phone.hear("911").text


def test_a_forwarded_message_is_no_answer(phone: Phone) -> None:
    in_questions(phone)
    phone.forward("none")
    phone.hear("forwarded")
    phone.asked("None of these")


def test_an_emergency_in_a_forwarded_message_is_answered(phone: Phone) -> None:
    opened(phone).forward("I can't breathe and my chest hurts right now")
    assert "911" in phone.hear("911").text


# ---------------------------------------------------------------- T12: groups and channels


def test_t12_nothing_about_health_is_said_in_a_group(bot_api: BotApi, role: Role, phone: Phone) -> None:
    opened(phone)
    room = Room(bot_api, "Friends", administrator=True)
    room.add_bot(phone.person)
    room.say(phone.person, "my chest hurts, is a massage fine?")
    room.say(phone.person, "/book@willow_lane_bot")
    phone.wait_for(lambda: room.heard, "a word in the group")
    phone.say("what is nmt")
    phone.hear("NMT")
    for message in room.heard:
        assert "private chat" in message.text
        links = [button.get("url", "") for row in message.inline for button in row]
        assert all(link.startswith("https://t.me/willow_lane_bot") for link in links)


def test_t12_what_is_said_in_a_group_or_channel_is_kept_nowhere(
    bot_api: BotApi, role: Role, phone: Phone, stored: Record
) -> None:
    opened(phone)
    rooms = [Room(bot_api, "Friends", administrator=True), Room(bot_api, "News", "channel", administrator=True)]
    for room in rooms:
        room.say(phone.person, "Zebrafish has an aneurysm")
    phone.say("what is nmt")
    phone.hear("NMT")
    assert stored.holds("zebrafish") == []


# ---------------------------------------------------------------- T13, T23: links, commands that are confirmed


def test_t13_a_campaign_link_opens_the_bot_as_ever_and_is_remembered(phone: Phone, stored: Record) -> None:
    phone.start("spring-2026")
    phone.hear("automated assistant")
    assert stored.chat(phone).campaign == "spring-2026"


def test_t13_a_link_that_is_none_does_no_harm(phone: Phone) -> None:
    phone.start("A" * 64)
    phone.hear("automated assistant|time is up")


def test_t23_start_twice_is_harmless(phone: Phone, stored: Record) -> None:
    in_questions(phone)
    phone.start()
    phone.wait_for(lambda: phone.news, "an answer")
    phone.say("none")
    phone.hear("Step 3 of 6|Is that right")


@pytest.mark.parametrize("command", ["/stop", "/cancel", "/restart", "/delete_my_data"])
def test_t23_what_ends_something_is_confirmed(phone: Phone, command: str) -> None:
    in_questions(phone)
    phone.say(command)
    asked = phone.asked()
    assert asked.text.rstrip().endswith("?")
    assert any(title.startswith("No") or "keep" in title.lower() for title in titles(asked)), titles(asked)


# ---------------------------------------------------------------- T24: blocked


def test_t24_a_person_who_blocks_the_bot_is_left_alone_and_may_come_back(
    bot_api: BotApi, phone: Phone, stored: Record
) -> None:
    opened(phone)
    phone.say("does it hurt")
    phone.hear("pain|hurt|sore")
    phone.block()
    phone.wait_for(lambda: not any(u.kind == "my_chat_member" for u in bot_api.world.waiting), "the news to be taken")
    wait_until(lambda: not stored.waits(phone), "the news to be dealt with")
    tried = len([c for c in bot_api.calls if c.given.get("chat_id") == phone.chat.id])
    stored.push(phone, "Your therapist has a question.")
    other = opened(Phone(bot_api, "Ann"))
    for words in ("has an answer", "has another"):  # two rounds, in which the other push was looked at too
        stored.push(other, f"Your therapist {words}.")
        other.hear(words)
    assert len([c for c in bot_api.calls if c.given.get("chat_id") == phone.chat.id]) == tried
    phone.unblock()
    phone.hear("has a question")
    phone.say("what is nmt")
    phone.hear("NMT")
    assert_faithful(stored, phone, ["does it hurt", "what is nmt"])


# ---------------------------------------------------------------- T16 to T18: order, limits


def test_t17_one_chat_keeps_its_order_and_does_not_hold_up_another(
    bot_api: BotApi, phone: Phone, stored: Record
) -> None:
    opened(phone)
    lines = ["what is nmt", "does it hurt", "is it like deep tissue?", "what should i wear", "how much does it cost"]
    for line in lines:
        phone.say(line)
    stored.wait_settled(phone, len(lines))
    assert_faithful(stored, phone, lines)


def test_t18_a_retry_after_is_obeyed_and_holds_up_nobody_else(bot_api: BotApi, phone: Phone, stored: Record) -> None:
    opened(phone)
    other = opened(Phone(bot_api, "Ann"))
    bot_api.flood.close(phone.chat.id, 3)
    early = bot_api.flood.early
    phone.say("does it hurt")
    phone.wait_for(lambda: any(c.status == 429 for c in bot_api.calls[-50:]), "the first refusal")
    refused_at = time.monotonic()
    other.say("what is nmt")
    assert other.hear("NMT").at < bot_api.flood.closed_until[phone.chat.id]
    answer = phone.hear("pain|hurt|sore")
    assert answer.at > bot_api.flood.closed_until[phone.chat.id]
    assert bot_api.flood.early - early <= 1, refused_at  # the first one could not know
    assert_faithful(stored, phone, ["does it hurt"])


def test_every_request_of_the_role_was_one_that_telegram_takes(bot_api: BotApi, phone: Phone) -> None:
    opened(phone)
    assert bot_api.refused("can't parse entities", "not modified", "message to edit not found") == []
