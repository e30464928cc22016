"""Questions, commands and changes of mind in the middle of the health questions."""

from __future__ import annotations

import os
import signal

import pytest

from tests.stack import Client, Stack, wait_until


def begin(client: Client) -> None:
    client.say("I'd like to do the health questions")
    client.press("I agree")


def test_a_question_is_answered_and_the_same_question_returns_five_times_in_a_row(client: Client) -> None:
    begin(client)
    before = client.meta["screening"]
    for text, topic in (
        ("does it hurt?", "does_it_hurt"),
        ("how much does it cost?", "price"),
        ("what is a trigger point?", "trigger_points"),
        ("where are you located?", "location_and_parking"),
        ("what should I wear?", "what_to_wear"),
    ):
        client.say(text)
        assert client.replies[0]["meta"]["topic"] == topic
        assert client.meta["screening"] == before
        assert "Back to your health questions" in client.last["text"]


def test_why_is_answered_for_the_very_question(client: Client) -> None:
    begin(client)
    client.say("why do you ask?")
    first = client.replies[0]["text"]
    client.answer("T2")
    client.say("why do you need to know that")
    assert client.replies[0]["text"] != first
    assert client.meta["screening"]["step"] == "T3"


def test_back_asks_the_question_before_with_the_old_answer(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_5="yes")
    assert client.meta["screening"]["follow_up"]["condition"] == "hypertension"
    client.say("back")
    assert client.meta["screening"]["step"] == "T3"
    assert "High blood pressure (yes)" in client.text
    client.answer("T3")
    assert client.meta["screening"]["step"] == "T4"
    client.say("back")
    client.say("back")
    assert client.meta["screening"]["step"] == "T2"


def test_lists_can_be_answered_in_words(client: Client) -> None:
    begin(client)
    client.say("none of these")
    assert client.meta["screening"]["step"] == "T3"
    client.say("no")
    assert "Is that right" in client.text
    client.say("yes")
    assert client.meta["screening"]["step"] == "T4"
    client.say("5")
    assert client.meta["screening"]["follow_up"]["condition"] == "nerve_symptoms"


def test_an_unclear_reply_is_asked_about_once_more_and_then_counts_as_unclear(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_5="yes")
    client.say("purple elephants on tuesday")
    assert client.meta["screening"]["follow_up"]["number"] == 1
    client.say("green giraffes on friday")
    # The question can be answered with an emergency, so unclear means: a person looks first (guide 2.1, rule 3).
    assert client.replies[0]["meta"]["emergency"]["asking"] is True
    assert "911" in client.text
    assert client.found("result")["outcome"] == "no_booking"


def test_an_unclear_reply_to_a_milder_question_goes_on(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_2="yes")
    client.say("daily aspirin or similar")
    assert client.meta["screening"]["follow_up"]["condition"] == "antiplatelets"
    client.say("purple elephants on tuesday")
    client.say("green giraffes on friday")
    assert client.meta["screening"]["step"] == "T4"


def test_stop_keeps_the_answers_and_the_questions_go_on_later(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("stop")
    assert "hold" in client.text
    client.say("what is nmt")
    assert client.found("screening") is None
    client.say("go on with the health questions")
    assert client.meta["screening"]["step"] == "T3"


def test_everything_at_once(client: Client) -> None:
    begin(client)
    lists = ((2, 8), (3, 7), (4, 7), (5, 8))
    items = {f"T{step}.{item}": "no" for step, count in lists for item in range(1, count + 1)}
    client.send(answers=items)
    assert client.meta["screening"]["step"] == "T6"


def test_a_line_of_the_summary_can_be_changed(client: Client) -> None:
    client.screen()
    assert client.meta["screening"]["step"] == "summary"
    client.press("Change: Blood")
    assert client.meta["screening"]["step"] == "T3"
    client.answer("T3", T3_5="yes")
    client.say("below 160/100, or treated and my doctor is happy with it")
    assert client.meta["screening"]["step"] == "summary"
    assert "High blood pressure" in client.text
    client.press("Yes, that's right")
    assert client.found("result")["outcome"] == "request"


def test_something_told_after_the_result_withdraws_it(client: Client) -> None:
    client.screen()
    client.press("Yes, that's right")
    assert client.found("result")["outcome"] == "request"
    client.say("actually I am pregnant")
    assert "added" in client.text
    assert client.meta["screening"]["follow_up"]["condition"] == "pregnancy"
    client.say("no")
    client.say("up to 13 weeks, or not sure")
    assert client.found("result")["outcome"] == "provisional"


def test_declining_leaves_education_open(client: Client) -> None:
    client.say("health questions please")
    client.press("No, call me")
    assert client.found("screening") is None
    client.say("does it hurt?")
    assert client.meta["topic"] == "does_it_hurt"


def test_under_eighteen_ends_without_health_questions(client: Client) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    assert client.meta["screening"]["follow_up"]["condition"] == "minor"
    client.say("no, and I am under 18")
    assert client.found("result")["outcome"] == "no_booking"


@pytest.mark.parametrize("role", ["engine", "actions"])
def test_a_role_that_dies_in_the_middle_loses_nothing(stack: Stack, role: str) -> None:
    client = stack.chat()
    begin(client)
    client.answer("T2")
    os.kill(stack.pid_of(role), signal.SIGKILL)
    wait_until(lambda: stack.ready().get("code") == 503, f"{role} to be missed", 10)
    wait_until(lambda: stack.ready().get("code") == 200, f"{role} to be back", 90, 0.2)
    client.answer("T3") if client.last["checklist"] else client.say("none")
    assert client.meta["screening"]["step"] == "T4"


def test_go_on_resumes_the_questions_whatever_was_talked_about_since(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    client.say("stop")
    client.say("what does it cost?")
    client.say("go on")
    assert client.meta["screening"]["step"] == "T3"


def test_a_statement_beside_a_question_with_choices_brings_no_lesson(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    client.answer("T3", T3_5="yes")
    client.say("my posture is really bad from the desk")
    assert all("topic" not in reply["meta"] for reply in client.replies)
    assert client.found("screening")["follow_up"]["condition"] == "hypertension"
    client.say("what does it cost?")
    assert client.replies[0]["meta"]["topic"] == "price"


def test_who_is_lost_in_a_list_is_asked_one_line_at_a_time(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.say("i dont understand")
    assert "one line at a time" in client.text
    assert client.found("screening")["follow_up"]["item"] == "T2.1"
