"""Clients who come back, answer for others, or name what nobody can place."""

from __future__ import annotations

from datetime import timedelta

import httpx

from bot.store import Database, now
from bot.store.models import Answer, Screening
from tests.conversations.scenes import answer_lists, begin
from tests.stack import Client, Stack


def finished(client: Client) -> str:
    client.screen()
    client.press("Yes, that's right")
    return str(client.found("result")["screening_id"])


def let_days_pass(stack: Stack, screening_id: str, days: float) -> None:
    """Move a stored screening into the past."""
    database = Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}")
    with database.session() as session:
        screening = session.get_one(Screening, screening_id)
        gone = timedelta(days=days)
        screening.started_at -= gone
        if screening.finished_at and screening.valid_until:
            screening.finished_at -= gone
            screening.valid_until -= gone
    database.close()


def test_a_result_counts_for_fourteen_days(stack: Stack, client: Client) -> None:
    screening_id = finished(client)
    client.say("start the health questions")
    assert "they count until" in client.text
    let_days_pass(stack, screening_id, 13)
    client.say("book")
    assert client.meta["booking_step"] == "service"
    client.say("stop")
    let_days_pass(stack, screening_id, 2)
    client.say("book")
    assert client.meta["screening"]["step"] == "T1"


def test_a_returning_client_is_asked_what_changed_and_the_first_list(stack: Stack, client: Client) -> None:
    let_days_pass(stack, finished(client), 30)
    client.say("start the health questions")
    client.press("I agree")
    assert "Has anything changed" in client.text
    client.say("no")
    client.answer("T2")
    assert client.meta["screening"]["step"] == "summary"
    client.press("Yes, that's right")
    assert client.found("result")["outcome"] == "request"


def test_not_sure_whether_something_changed_brings_all_questions_back(stack: Stack, client: Client) -> None:
    let_days_pass(stack, finished(client), 30)
    client.say("start the health questions")
    client.press("I agree")
    client.say("not sure")
    client.answer("T2")
    assert client.meta["screening"]["step"] == "T3"


def test_after_a_result_that_needed_an_ok_everything_is_asked(stack: Stack, client: Client) -> None:
    begin(client)
    answer_lists(client, T5_6="yes")
    client.say("no")
    client.say("within 6 months, or medicine changing")
    client.say("I would like to relax")
    client.press("Yes, that's right")
    assert client.found("result")["outcome"] == "provisional"
    let_days_pass(stack, client.found("result")["screening_id"], 30)
    client.say("start the health questions")
    client.press("I agree")
    assert client.meta["screening"]["step"] == "T2"


def test_a_change_brings_all_questions_back(stack: Stack, client: Client) -> None:
    let_days_pass(stack, finished(client), 30)
    client.say("start the health questions")
    client.press("I agree")
    client.say("yes")
    client.answer("T2")
    assert client.meta["screening"]["step"] == "T3"


def test_after_a_year_everything_is_asked(stack: Stack, client: Client) -> None:
    let_days_pass(stack, finished(client), 400)
    client.say("start the health questions")
    client.press("I agree")
    assert client.meta["screening"]["step"] == "T2"


def test_unfinished_answers_are_not_taken_up_after_a_day(stack: Stack, client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    screening_id = client.meta["screening"]["id"]
    client.say("stop")
    database = Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}")
    with database.session() as session:
        # Answers are never changed, so the old ones are replaced by older ones.
        session.query(Answer).filter(Answer.screening_id == screening_id).delete()
        session.get_one(Screening, screening_id).started_at = now() - timedelta(hours=30)
    database.close()
    client.say("start the health questions")
    assert "deleted your unfinished answers" in client.text
    assert client.meta["screening"]["step"] == "T1"
    assert client.meta["screening"]["id"] != screening_id


def test_answers_for_another_adult_are_flagged(client: Client, staff: httpx.Client) -> None:
    client.screen(reason="I'm answering for my mother, she would like to relax")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "CAUTION"
    assert "answers_by_another_person" in {f["condition"] for f in screening["findings"]}


def test_a_medicine_that_nobody_can_place_is_flagged(client: Client, staff: httpx.Client) -> None:
    client.screen(reason="I want to relax. I take zorbitrax every day")
    client.press("Yes, that's right")
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "CAUTION"
    assert "unknown_medicine" in {f["condition"] for f in screening["findings"]}


def test_a_reason_that_can_hide_something_gets_its_question(client: Client) -> None:
    client.screen(reason="my shoulders are stiff from my desk")
    follow_up = client.meta["screening"]["follow_up"]
    assert follow_up["condition"] == "chest_pain"
    assert follow_up["item"] == "T6"
    client.say("no")
    assert client.meta["screening"]["step"] == "summary"


def test_a_symptom_named_as_the_reason_is_asked_about_once_and_the_reason_is_kept(client: Client) -> None:
    client.screen(reason="my left calf gets sore sometimes, otherwise I want to relax")
    assert client.meta["screening"]["follow_up"]["condition"] == "dvt_pe_signs"
    for _ in range(3):  # the question for the reason, then the row's own two
        if client.meta["screening"]["step"] == "summary":
            break
        choices = client.meta["screening"]["follow_up"]["choices"]
        cramps = next((c for c in choices if c.startswith("cramps only")), "no")
        client.say("yes" if client.meta["screening"]["follow_up"]["number"] == 0 else cramps)
    assert client.meta["screening"]["step"] == "summary"
    assert "my left calf gets sore" in client.text


def test_start_again_clears_the_answers(client: Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    client.say("start again")
    assert client.meta["screening"]["step"] == "T1"
