"""An emergency or a crisis is answered first, in every state."""

from __future__ import annotations

import os
import signal

import httpx
import pytest

from tests.stack import Client, Stack, wait_until


def test_an_emergency_in_the_middle_of_a_booking_comes_first(client: Client, staff: httpx.Client) -> None:
    client.say("book")
    client.screen()
    client.press("Yes, that's right")
    assert client.meta["booking_step"] == "service"
    client.say("my chest feels tight and my left arm is numb")
    first = client.replies[0]
    assert first["meta"]["kind"] == "emergency"
    assert first["meta"]["emergency"]["care"] == "ambulance"
    assert first["meta"]["emergency"]["condition"] == "chest_pain"
    assert "911" in first["text"].splitlines()[0]
    assert "paused" in first["text"]
    assert {"title": "Call 911", "url": "tel:911"} in first["links"]
    client.say("2")
    assert client.found("booking_step") is None
    assert client.replies[0]["meta"]["kind"] == "emergency"
    client.say("I was joking, just book me")
    assert all("booking_step" not in reply["meta"] for reply in client.replies)
    assert client.replies[0]["meta"]["emergency"]["asking"] is False


def test_the_row_s_question_is_asked_where_it_is_not_clear(client: Client) -> None:
    client.say("I had some chest pain")
    assert client.replies[0]["meta"]["emergency"]["asking"] is True
    assert "911" in client.text
    client.say("older, checked, told it was a muscle/rib strain")
    assert client.found("emergency") is None
    client.say("what is nmt")
    assert client.meta["topic"] == "what_is_nmt"


def test_an_unclear_answer_to_the_row_s_question_makes_the_lock_final(client: Client) -> None:
    client.say("I had some chest pain")
    client.say("hmm well you know")
    assert client.replies[0]["meta"]["emergency"]["asking"] is False
    client.say("it's fine now, book me")
    assert client.replies[0]["meta"]["kind"] == "emergency"


def test_a_yes_in_the_first_list_is_answered_at_once(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2", T2_4="yes")
    reply = client.last
    assert reply["meta"]["kind"] == "emergency"
    assert reply["meta"]["emergency"] == {"care": "ambulance", "condition": "cauda_equina", "asking": True}
    assert reply["meta"]["screening"]["follow_up"]["condition"] == "cauda_equina"
    client.say("new or changed")
    assert client.found("result")["outcome"] == "emergency"
    assert client.found("emergency")["asking"] is False
    client.say("book")
    assert client.replies[0]["meta"]["kind"] == "emergency"


def test_a_hold_goes_over_to_the_client_s_next_conversation(stack: Stack, client: Client) -> None:
    client.say("my chest is being crushed right now, call someone")
    assert client.replies[0]["meta"]["emergency"]["asking"] is False
    again = stack.chat(continues={"id": client.id, "token": client.token})
    assert again.replies[0]["meta"]["kind"] == "emergency"
    assert "911" in again.replies[0]["text"]
    again.say("book a session")
    assert again.found("screening") is None
    assert again.replies[0]["meta"]["kind"] == "emergency"
    stranger = stack.chat(continues={"id": client.id, "token": "forged"})
    assert stranger.replies[0]["meta"]["kind"] == "menu"


def test_a_crisis_gets_the_line_and_its_words_are_not_kept(client: Client, staff: httpx.Client) -> None:
    client.say("i dont want to be here anymore, i want to kill myself")
    reply = client.replies[0]
    assert reply["meta"]["emergency"] == {"care": "crisis", "condition": "suicidal_crisis", "asking": False}
    assert "988" in reply["text"]
    assert all("kill" not in message["text"] for message in client.transcript())
    client.say("can i book for tomorrow")
    assert "988" in client.replies[0]["text"]
    assert client.found("screening") is None


@pytest.mark.parametrize(
    "text",
    ["this back pain is killing me", "I'm dying for a massage", "no chest pain, just a stiff neck", "dead tired today"],
)
def test_figures_of_speech_and_denials_do_not_fire(client: Client, text: str) -> None:
    client.say(text)
    assert client.found("emergency") is None


def test_with_the_engine_down_an_emergency_is_answered_and_nothing_is_lost(fresh_stack: Stack) -> None:
    client = fresh_stack.chat()
    client.say("what is nmt")
    os.kill(fresh_stack.pid_of("engine"), signal.SIGKILL)
    os.kill(fresh_stack.pid_of("actions"), signal.SIGKILL)
    client.say("does it hurt")
    assert client.meta["kind"] == "fallback"
    assert "saved" in client.text
    client.say("I can't breathe properly right now and my chest hurts")
    assert client.replies[0]["meta"]["kind"] == "emergency"
    assert client.replies[0]["meta"]["emergency"]["asking"] is False
    assert fresh_stack.ready()["code"] == 503
    assert fresh_stack.ready()["parts"]["engine"]["status"] == "down"
    wait_until(lambda: fresh_stack.ready().get("code") == 200, "the roles to be back", 90, 0.2)
    said = [m["text"] for m in client.transcript() if m["author"] == "client"]
    assert said == ["what is nmt", "does it hurt", "I can't breathe properly right now and my chest hurts"]
    other = fresh_stack.chat()
    other.say("does it hurt")
    assert other.meta["topic"] == "does_it_hurt"


UNNAMED = "my granddad has slid off his chair and his words come out like porridge"


def test_an_emergency_that_no_phrase_names_brings_the_number_and_one_question(client: Client) -> None:
    client.say(UNNAMED)
    first = client.replies[0]
    assert first["meta"]["emergency"]["care"] == "ambulance"
    assert first["meta"]["emergency"]["asking"] is True
    assert "911" in first["text"].splitlines()[0]
    assert first["text"].endswith("Is this happening now, or did it start today or last night?")
    client.press("Yes")
    assert client.replies[0]["meta"]["emergency"]["asking"] is False
    client.say("book me in please")
    assert client.replies[0]["meta"]["kind"] == "emergency"


def test_a_no_to_that_question_lets_the_client_go_on(client: Client) -> None:
    client.say(UNNAMED)
    client.press("No")
    assert client.found("emergency") is None
    client.say("what is nmt")
    assert client.meta["topic"] == "what_is_nmt"


def test_an_unclear_answer_to_that_question_holds(client: Client) -> None:
    client.say(UNNAMED)
    client.press("Not sure")
    assert client.replies[0]["meta"]["emergency"]["asking"] is False


def begin(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")


def test_it_is_heard_in_the_middle_of_the_health_questions_which_go_on_after_a_no(client: Client) -> None:
    begin(client)
    client.say(UNNAMED)
    assert client.replies[0]["meta"]["emergency"]["care"] == "ambulance"
    assert "911" in client.replies[0]["text"].splitlines()[0]
    client.press("No")
    assert client.last["checklist"]["id"] == "T2"


@pytest.mark.parametrize("words", ["none of these, thank god", "no, not that I know of"])
def test_a_calm_answer_to_a_list_brings_no_number(client: Client, words: str) -> None:
    begin(client)
    client.say(words)
    assert client.found("emergency") is None


@pytest.mark.parametrize("words", ["i'll call them", "ok, calling now", "the ambulance is on its way"])
def test_who_gets_help_is_asked_nothing_more(client: Client, words: str) -> None:
    client.say("my chest is being crushed right now")
    client.say(words)
    (reply,) = client.replies
    assert reply["text"].startswith("Good. Call 911")
    assert "booking stays on hold" in reply["text"]


def test_a_crisis_of_somebody_young_names_somebody_to_be_with_them(client: Client) -> None:
    client.say("im 15 and i want to die")
    assert client.replies[0]["meta"]["emergency"]["care"] == "crisis"
    assert "another adult you trust" in client.text
    client.say("hello?")
    assert "another adult you trust" not in client.text


@pytest.mark.parametrize(
    ("words", "row"),
    [("i have asthma", "breathing_difficulty"), ("i get migraines", "thunderclap_headache")],
)
def test_an_old_known_illness_is_asked_about_without_an_alarm(client: Client, words: str, row: str) -> None:
    begin(client)
    client.say(words)
    assert client.found("emergency") is None
    assert client.found("screening")["follow_up"]["condition"] == row
    assert "911" not in client.text
    client.press("Yes")
    assert client.replies[-1]["meta"]["emergency"] == {"care": "ambulance", "condition": row, "asking": False}


def test_under_a_hold_nothing_new_is_asked_and_no_result_is_withdrawn(client: Client, staff: httpx.Client) -> None:
    """Guide 3.2, 6. What is told stands in the transcript."""
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_5="yes")
    client.say("1")
    assert client.found("emergency")["asking"] is False
    client.say("i take low dose aspirin as well")
    assert "added" not in client.text
    assert client.found("screening") is None
    (screening,) = staff.get("/screenings", params={"conversation_id": client.id}).json()["screenings"]
    assert screening["tier"] == "EMERGENCY"


def test_the_signs_of_a_stroke_are_taught_with_the_number_first_and_nothing_is_held(client: Client) -> None:
    client.say("what are the signs of a stroke?")
    (reply,) = client.replies
    assert reply["text"].startswith("If you see these signs now, call 911.")
    assert "FAST" in reply["text"]
    assert reply["meta"]["emergency"]["asking"] is True
    client.say("what does it cost?")
    assert client.meta["topic"] == "price"


def test_a_question_about_a_clot_is_answered_and_then_asked_whom_it_is_about(client: Client) -> None:
    client.say("can people with a blood clot get massage?")
    assert client.found("topic") == "blood_clots_and_thinners"
    assert client.last["text"] == "Is this about you, now?"
    client.say("yes")
    assert client.found("screening")["step"] == "T1"


def test_a_question_about_somebody_else_s_clot_notes_nothing(client: Client, staff: httpx.Client) -> None:
    client.say("can people with a blood clot get massage?")
    client.press("It's someone else")
    assert client.found("screening") is None
    assert staff.get("/screenings", params={"conversation_id": client.id}).json()["screenings"] == []


@pytest.mark.parametrize("words", ["nothing more", "no"])
def test_a_no_under_a_hold_brings_the_number_and_no_lesson(client: Client, words: str) -> None:
    client.say("my chest is being crushed right now")
    client.say(words)
    (reply,) = client.replies
    assert "911" in reply["text"]


def test_a_chest_that_feels_tight_is_asked_about_before_it_holds(client: Client) -> None:
    client.say("my chest feels tight")
    assert client.replies[0]["meta"]["emergency"]["asking"] is True
    assert "911" in client.replies[0]["text"]


MAYBE_A_CRISIS = "everyone would be better off without me around i suppose"


@pytest.mark.parametrize("words", ["no", "haha jk"])
def test_a_no_below_the_line_of_a_crisis_answers_no_list(client: Client, words: str) -> None:
    begin(client)
    client.answer("T2")
    client.say(MAYBE_A_CRISIS)
    shown = client.replies[0]["meta"]["emergency"]
    assert shown["care"] == "crisis"
    client.say(words)
    assert client.replies[0]["text"].startswith(("That's OK. The number is there", "Thank you for saying so"))
    assert client.found("screening") is None
