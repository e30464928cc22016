"""Changing one's mind: back, another line of the summary, something told late, start again, stop and go on."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from bot.store import Database, now
from bot.store.models import Answer, BookingCell, Conversation, Screening
from tests.conversations.scenes import answer_lists, begin, condition, follow_up, outcome, reason, step, titles
from tests.conversations.test_story import book
from tests.stack import Client, Stack

CONTROLLED = "below 160/100, or treated and my doctor is happy with it"


def database(stack: Stack) -> Database:
    return Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}")


def finished(client: Client) -> None:
    reason(client, "I would like to relax")
    client.press("Yes, that's right")
    assert outcome(client) == "request"


# ------------------------------------------------------------------ back


def test_back_goes_to_any_earlier_question_each_with_its_old_answer(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_4="yes")
    client.say("pacemaker")
    client.say("no")
    assert follow_up(client)["number"] == 2
    client.say("back")
    assert (condition(client), follow_up(client)["number"]) == ("pacemaker_icd", 1)
    assert "Your answer so far: no" in client.text
    client.say("back")
    assert follow_up(client)["multiple"] is True
    assert "pacemaker" in client.replies[0]["text"].lower()
    client.say("back")
    assert client.last["checklist"]["id"] == "T3"
    assert "(yes)" in client.replies[0]["text"]
    client.say("back")
    assert step(client) == "T2"
    client.say("back")
    assert step(client) == "T1"
    client.say("back")
    assert "first question" in client.text


def test_back_takes_the_words_of_that_answer_with_it(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("I have high blood pressure")
    assert condition(client) == "hypertension"
    client.say("back")
    assert client.last["checklist"]["id"] == "T3"
    client.say("none of these")
    client.say("none of these")
    client.say("none of these")
    client.say("I would like to relax")
    assert step(client) == "summary"
    assert "blood pressure" not in client.text


def test_back_from_the_summary_opens_the_reason_again(client: Client) -> None:
    reason(client, "I would like to relax")
    assert step(client) == "summary"
    client.say("go back")
    assert step(client) == "T6"
    assert "I would like to relax" in client.replies[0]["text"]
    client.say("I would like to sleep better")
    assert step(client) == "summary"
    assert "sleep better" in client.text
    assert "relax" not in client.text


def test_back_after_the_result_changes_nothing_and_shows_the_ways_on(client: Client) -> None:
    finished(client)
    client.say("back")
    assert client.found("screening") is None
    assert any("again" in title.lower() for title in titles(client))
    client.press("Start again")
    assert step(client) == "T1"
    client.press("I agree")
    assert client.found("result") is None


# ------------------------------------------------------------------ the summary


@pytest.mark.parametrize("words", ["change 2", "number 2 is wrong", "blood, heart and vessels is wrong"])
def test_a_line_of_the_summary_is_changed_by_its_number_or_its_name(client: Client, words: str) -> None:
    reason(client, "I would like to relax")
    client.say(words)
    assert step(client) == "T3"
    client.answer("T3", T3_5="yes")
    client.say(CONTROLLED)
    assert step(client) == "summary"
    assert "High blood pressure" in client.text
    assert outcome(client) is None
    client.press("Yes, that's right")
    assert outcome(client) == "request"


def test_a_line_can_be_taken_back_before_the_result(client: Client, staff: httpx.Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    client.say(CONTROLLED)
    client.say("I would like to relax")
    client.press("Change: Blood")
    client.answer("T3")
    assert "High blood pressure" not in client.text
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert (screening["tier"], screening["findings"]) == ("NONE", [])


def test_a_follow_up_can_be_changed_from_the_summary(client: Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    client.say(CONTROLLED)
    client.say("I would like to relax")
    client.press("Change: High blood pressure")
    assert condition(client) == "hypertension"
    client.say("180/110 or more without symptoms")
    assert outcome(client) == "no_booking"


def test_a_no_to_the_summary_asks_which_line_is_wrong(client: Client) -> None:
    reason(client, "I would like to relax")
    client.say("no")
    assert "number of the line" in client.text
    assert step(client) == "summary"
    client.say("4")
    assert step(client) == "T5"


# ------------------------------------------------------------------ late


def test_something_told_late_withdraws_the_result_and_the_time_that_was_held(
    stack: Stack, client: Client, staff: httpx.Client
) -> None:
    client.say("I would like to book")
    client.press("I agree")
    answer_lists(client)
    client.say("I would like to relax")
    client.press("Yes, that's right")
    reference = book(client)
    assert client.found("booking")["state"] == "requested"
    client.say("actually I am pregnant")
    assert "added" in client.text
    assert "no longer counts" in client.text
    assert "its time is free again" in client.text
    assert all("topic" not in reply["meta"] for reply in client.replies), "it tells something, it asks for no lesson"
    assert condition(client) == "pregnancy"
    (booking,) = [b for b in staff.get("/bookings").json()["bookings"] if b["reference"] == reference]
    assert (booking["state"], booking["slot"]) == ("provisional", None)
    store = database(stack)
    with store.session() as session:
        assert session.query(BookingCell).filter(BookingCell.reference == reference).count() == 0
    store.close()
    client.say("no")
    client.say("up to 13 weeks, or not sure")
    client.press("Yes, that's right") if step(client) == "summary" else None
    assert outcome(client) == "provisional"
    refused = staff.post(f"/bookings/{reference}/confirm", json={})
    assert refused.status_code == 409


def test_something_told_in_the_middle_of_the_booking_closes_it(client: Client) -> None:
    client.say("I would like to book")
    client.press("I agree")
    answer_lists(client)
    client.say("I would like to relax")
    client.press("Yes, that's right")
    assert client.found("booking_step") == "service"
    client.say("oh, I forgot: I take warfarin")
    assert condition(client) == "anticoagulants"
    assert client.found("booking_step") is None


def test_a_denial_or_a_question_afterwards_changes_nothing(client: Client) -> None:
    finished(client)
    for words in ("I'm not pregnant by the way", "can pregnant women have this?", "my sister has epilepsy"):
        client.say(words)
        assert client.found("screening") is None, words
    client.say("book")
    assert client.found("booking_step") == "service"


def test_taking_back_after_a_stop_changes_nothing(client: Client) -> None:
    begin(client)
    answer_lists(client, T4_1="yes")
    client.say("no")
    client.say("under 6 weeks")
    assert outcome(client) == "no_booking"
    client.say("ok I lied, I had no operation")
    assert client.found("screening") is None
    client.say("book")
    assert client.found("booking_step") is None
    assert client.found("booking") is None
    assert any("person" in title.lower() for title in titles(client))


def test_other_answers_right_after_a_stop_are_for_a_person_to_compare(
    stack: Stack, client: Client, staff: httpx.Client
) -> None:
    begin(client)
    answer_lists(client, T4_1="yes")
    client.say("no")
    client.say("under 6 weeks")
    assert outcome(client) == "no_booking"
    stopped = client.found("result")["screening_id"]
    for hours, expected in ((0, "provisional"), (72, "request")):
        store = database(stack)
        with store.session() as session:
            for screening in session.query(Screening).filter(Screening.conversation_id == client.id):
                assert screening.finished_at is not None
                screening.finished_at -= timedelta(hours=hours)
        store.close()
        client.say("start the health questions again")
        client.press("Start again") if step(client) is None else None
        client.say("start again")
        client.press("I agree")
        answer_lists(client)
        client.say("I would like to relax")
        client.press("Yes, that's right")
        assert outcome(client) == expected
    latest = staff.get("/screenings", params={"conversation_id": client.id}).json()["screenings"]
    by_id = {screening["id"]: screening for screening in latest}
    assert by_id[stopped]["tier"] == "STOP", "nothing is taken from the staff"
    assert ["answers_taken_back"] in [[f["condition"] for f in screening["findings"]] for screening in latest]


# ------------------------------------------------------------------ start again, stop, go on


def test_start_again_in_the_middle_forgets_every_answer(client: Client) -> None:
    begin(client)
    answer_lists(client, T3_5="yes")
    client.say("start again")
    assert step(client) == "T1"
    client.press("I agree")
    assert client.last["checklist"]["id"] == "T2"
    assert len(client.last["checklist"]["items"]) == 8
    answer_lists(client)
    client.say("I would like to relax")
    assert "High blood pressure" not in client.text


def test_stop_in_a_follow_up_goes_on_at_the_very_question(client: Client) -> None:
    begin(client)
    answer_lists(client, T5_5="yes")
    client.say("diabetes")
    client.say("no")
    before = follow_up(client)
    assert before["number"] == 2
    client.say("stop")
    assert client.found("screening") is None
    client.say("does it hurt?")
    assert client.meta["topic"] == "does_it_hurt"
    client.press("Go on")
    assert "where you stopped" in client.text
    assert follow_up(client) == before


def test_a_goodbye_puts_the_questions_on_hold_and_go_on_asks_the_same_one(client: Client) -> None:
    begin(client)
    client.answer("T2")
    client.say("i need to go, bye")
    assert "on hold" in client.text
    assert step(client) is None
    client.press("Go on")
    assert client.last["checklist"]["id"] == "T3"
    client.say("ok, continue")
    assert client.last["checklist"]["id"] == "T3"
    assert len(client.replies) == 1, "no answer yet, and none that was not understood"


def test_a_pause_of_less_than_a_day_keeps_the_answers(stack: Stack, client: Client) -> None:
    begin(client)
    client.answer("T2")
    screening_id = client.meta["screening"]["id"]
    client.say("stop")
    store = database(stack)
    with store.session() as session:
        session.query(Answer).filter(Answer.screening_id == screening_id).delete()
        session.get_one(Screening, screening_id).started_at = now() - timedelta(hours=23)
    store.close()
    client.say("go on with the health questions")
    assert step(client) == "T3"


def test_a_hold_that_staff_released_lets_the_client_go_on(stack: Stack, client: Client) -> None:
    client.say("my chest is being crushed right now")
    assert client.found("emergency")["asking"] is False
    client.say("I'd like to do the health questions")
    assert step(client) is None
    store = database(stack)
    with store.session() as session:  # as the console does (tests/console/test_decisions.py)
        conversation = session.get_one(Conversation, client.id)
        conversation.lock = conversation.lock_condition = conversation.lock_care = conversation.lock_at = None
    store.close()
    client.say("I'd like to do the health questions")
    assert step(client) == "T1"
    client.press("I agree")
    assert condition(client) == "chest_pain", "what was told is asked about"
