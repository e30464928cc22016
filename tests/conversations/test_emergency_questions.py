"""The question of an emergency row outside the health questions, and what a hold lets through."""

from __future__ import annotations

import pytest

from tests.conversations.scenes import answer_lists, begin, condition, step, titles
from tests.stack import Client

LEG = "my left leg is a bit swollen"
CRAMPS = "cramps only, no swelling/heat/colour change"


def asking(client: Client) -> bool | None:
    emergency = client.found("emergency")
    return None if emergency is None else bool(emergency["asking"])


def test_a_row_with_two_questions_asks_the_second_after_a_no_to_the_first(client: Client) -> None:
    client.say(LEG)
    assert client.found("emergency") == {"care": "same_day", "condition": "dvt_pe_signs", "asking": True}
    assert "chest pain, breathlessness" in client.last["text"]
    client.say("no")
    assert client.found("emergency") == {"care": "same_day", "condition": "dvt_pe_signs", "asking": True}
    assert "Which fits best" in client.last["text"]
    assert "911" in client.text
    client.press("Cramps only")
    assert client.found("emergency") is None
    client.say("what is nmt")
    assert client.meta["topic"] == "what_is_nmt"


@pytest.mark.parametrize(
    ("first", "second", "care"),
    [
        ("yes", None, "ambulance"),
        ("no", "one leg or arm", "same_day"),
        ("no", "not sure", "same_day"),
        ("not sure", None, "same_day"),
    ],
)
def test_an_answer_of_either_question_that_is_no_all_clear_holds(
    client: Client, first: str, second: str | None, care: str
) -> None:
    client.say(LEG)
    client.say(first)
    if second is not None:
        assert asking(client) is True
        client.say(second)
    assert client.found("emergency") == {"care": care, "condition": "dvt_pe_signs", "asking": False}
    client.say("book")
    assert client.replies[0]["meta"]["kind"] == "emergency"
    assert step(client) is None


def test_a_vague_answer_is_asked_about_once_at_each_question_and_then_holds(client: Client) -> None:
    client.say(LEG)
    client.say("a bit")
    assert asking(client) is True
    client.say("no")
    client.say("sort of")
    assert asking(client) is True
    assert "Which fits best" in client.last["text"]
    assert titles(client)[-1] == "Not sure"
    client.say("kind of")
    assert asking(client) is False


def test_both_questions_answered_outside_are_not_asked_again_inside(client: Client) -> None:
    begin(client)
    client.say("stop")
    client.say(LEG)
    while asking(client):
        client.say(CRAMPS if "Which fits best" in client.last["text"] else "no")
    assert client.found("emergency") is None
    if step(client) is None:
        client.say("go on with the health questions")
    answer_lists(client)
    assert step(client) == "T6"
    assert condition(client) is None


def test_an_answer_that_is_no_emergency_but_stops_the_booking_is_kept_for_the_questions(client: Client) -> None:
    client.say(LEG)
    client.say("no")
    client.say("both legs, new")
    assert client.found("emergency") is None
    begin(client)
    assert condition(client) == "dvt_pe_signs", "told before the consent: it is asked again with it"


def test_words_that_were_no_emergency_after_all_are_taken_as_the_answer_they_were(client: Client) -> None:
    begin(client)
    answer_lists(client)
    words = "my granddad has slid off his chair and his words come out like porridge"
    client.say(words)
    assert asking(client) is True
    client.press("No")
    assert client.found("emergency") is None
    assert step(client) == "summary"
    assert words in client.text, "nothing that was typed is lost"


def test_an_emergency_of_somebody_else_is_worded_for_them(client: Client) -> None:
    client.say("my husband has crushing chest pain right now")
    first = client.replies[0]
    assert first["meta"]["kind"] == "emergency"
    assert "for them" in first["text"]


def test_a_question_about_signs_gets_the_number_and_no_hold(client: Client) -> None:
    client.say("what are the signs of a stroke?")
    assert asking(client) is True
    assert "911" in client.replies[0]["text"].splitlines()[0]
    client.say("book")
    assert step(client) == "T1"


@pytest.mark.parametrize("words", ["i was joking lol", "it's fine now, it went away", "ok I lied, no chest pain"])
def test_a_final_hold_is_not_talked_away(client: Client, words: str) -> None:
    client.say("my chest is being crushed right now")
    client.say(words)
    assert asking(client) is False
    assert any("call" in title.lower() for title in titles(client)) or "call" in client.text
    client.say("just book me")
    assert step(client) is None
    assert client.replies[0]["meta"]["kind"] == "emergency"


@pytest.mark.parametrize("words", ["no", "it was years ago", "thanks"])
def test_under_a_hold_nothing_is_offered_but_help(client: Client, words: str) -> None:
    client.say("my chest is being crushed right now")
    client.say(words)
    assert client.replies[0]["meta"]["kind"] == "emergency"
    offered = [button["title"] for reply in client.replies for button in reply["buttons"]]
    assert not any(word in title for title in offered for word in ("booking", "Health questions"))


def test_under_a_hold_a_question_about_the_clinic_is_answered_after_the_number(client: Client) -> None:
    client.say("my chest is being crushed right now")
    client.say("what are your opening hours?")
    assert client.replies[0]["meta"]["kind"] == "emergency"
    assert any(reply["meta"].get("topic") for reply in client.replies[1:])
