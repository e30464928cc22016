"""Answers that are neither yes nor no: asked once more with buttons, then counted as unclear, never a third time."""

from __future__ import annotations

import httpx
import pytest

from tests.conversations.scenes import answer_lists, begin, condition, follow_up, outcome, step, titles
from tests.stack import Client


@pytest.mark.parametrize("hedge", ["not really", "kind of", "a bit", "sometimes", "used to", "it comes and goes"])
def test_a_hedge_is_asked_about_once_more_with_buttons_and_then_stands_as_not_sure(client: Client, hedge: str) -> None:
    begin(client)
    answer_lists(client, T3_2="yes")
    client.say("daily aspirin or similar")
    assert condition(client) == "antiplatelets"
    client.say(hedge)
    assert condition(client) == "antiplatelets"
    assert titles(client)[-1] == "Not sure"
    assert len(titles(client)) == 4
    client.say(hedge)
    assert "not sure" in client.text
    assert step(client) == "T6"


def test_unclear_where_it_may_be_an_emergency_shows_the_number_and_stops_the_booking(
    client: Client, staff: httpx.Client
) -> None:
    begin(client)
    answer_lists(client, T3_4="yes")
    client.say("an aneurysm")
    client.say("kind of")
    assert (condition(client), follow_up(client)["number"]) == ("aneurysm", 1)
    client.say("sort of, on and off")
    assert client.found("emergency") == {"care": "ambulance", "condition": "aneurysm", "asking": True}
    assert "911" in client.text
    client.say("repaired over 6 months ago, discharged")
    assert outcome(client) == "no_booking"
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "STOP"
    assert any("tearing pain" in point for point in screening["unclear"])


def test_just_book_it_is_no_answer(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    assert condition(client) == "hypertension"
    client.say("just book it")
    assert condition(client) == "hypertension"
    client.say("just book it please")
    assert client.found("emergency")["asking"] is True
    assert outcome(client) == "no_booking"
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["unclear"]


def test_an_answer_that_only_names_the_row_again_is_asked_about_once_and_never_a_third_time(client: Client) -> None:
    begin(client)
    answer_lists(client, T4_5="yes")
    client.say("no")
    client.say("no")
    assert (condition(client), follow_up(client)["number"]) == ("nerve_symptoms", 3)
    client.say("its my carpal tunnel thing")
    assert (condition(client), follow_up(client)["number"]) == ("nerve_symptoms", 3)
    assert "fits best" in client.text
    client.say("well, carpal tunnel as i said")
    assert "not sure" in client.text
    assert step(client) == "T6"


def test_prefer_not_to_say_is_taken_and_counts_as_not_sure(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T5_8="yes")
    for _ in range(2):
        assert condition(client) == "pain_sensitivity"
        client.say("I'd rather not say")
    assert step(client) == "T6"
    client.say("I would like to relax")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "CAUTION"
    assert len(screening["unclear"]) == 2


def test_not_sure_to_a_line_is_followed_up_like_a_yes(client: Client) -> None:
    begin(client)
    answer_lists(client, T5_6="unsure")
    assert condition(client) == "epilepsy"


def test_a_vague_answer_to_an_emergency_row_s_question_keeps_the_emergency(client: Client) -> None:
    begin(client)
    client.answer("T2", T2_4="yes")
    assert client.found("emergency")["asking"] is True
    client.say("sort of")
    assert client.found("emergency") == {"care": "ambulance", "condition": "cauda_equina", "asking": True}
    assert titles(client)[-1] == "Not sure"
    client.say("kind of, hard to explain")
    assert client.found("emergency")["asking"] is False
    assert outcome(client) == "emergency"


def test_used_to_is_asked_about_and_not_taken_for_a_no(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3")
    client.answer("T4")
    client.say("I used to have seizures")
    assert condition(client) == "epilepsy"


def test_what_only_stayed_open_is_said_to_be_open_and_not_to_be_so(client: Client) -> None:
    begin(client)
    answer_lists(client, T3_4="yes")
    client.say("heart condition")
    client.say("not sure")
    client.say("over 6 months, stable")
    assert outcome(client) == "no_booking"
    assert "this is still open: a heart condition" in client.text
    assert "recent or changing" not in client.text


def test_the_summary_shows_what_own_words_were_taken_for(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    client.say("128 ovr 80 wiv tablits")
    client.say("I would like to relax")
    assert '"128 ovr 80 wiv tablits". I took this as: below 160/100' in client.text
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    (finding,) = screening["findings"]
    answer = finding["answers"][-1]["answer"]
    assert answer.startswith("below 160/100"), "staff see what the answer counts as ..."
    assert "128 ovr 80 wiv tablits" in answer, "... and the words it was read from"


def test_the_summary_names_only_the_part_of_a_line_that_was_meant(client: Client) -> None:
    begin(client)
    answer_lists(client, T5_5="yes")
    client.say("diabetes")
    client.say("no")
    client.say("well controlled, none of these")
    client.say("I would like to relax")
    assert "Yes: Diabetes\n" in client.text


def test_several_findings_are_told_in_one_sentence(client: Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes", T5_5="yes")
    client.say("128/80, my doctor is happy")
    client.say("diabetes")
    client.say("no")
    client.say("well controlled, none of these")
    client.say("I would like to relax")
    client.press("Yes, that's right")
    assert "telling us about high blood pressure and diabetes. You can" in client.text
    assert client.text.count("we'll flag it") == 1


def test_the_long_text_of_the_consent_is_not_read_out_twice(client: Client) -> None:
    client.say("health questions please")
    assert "privacy@" in client.text
    client.say("what is nmt?")
    assert client.found("screening")["step"] == "T1"
    assert "privacy@" not in client.text
