"""Who answers: somebody who refuses, a minor, a parent, another adult; and what may not be kept of them."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.conversations.scenes import answer_lists, begin, condition, outcome, step, titles
from tests.stack import Client

UNDER_18 = "no, and I am under 18"
PARENT = "no, and I am the parent or guardian"


def listed(staff: httpx.Client, client: Client) -> list[dict[str, Any]]:
    """The screenings of this client, as staff see them."""
    answer = staff.get("/screenings", params={"conversation_id": client.id})
    return list(answer.json()["screenings"])


# ------------------------------------------------------------------ consent


@pytest.mark.parametrize("words", ["no", "no thanks, call me instead", "I don't agree"])
def test_refusing_consent_asks_nothing_keeps_nothing_and_offers_a_call(
    client: Client, staff: httpx.Client, words: str
) -> None:
    client.say("health questions please")
    client.say(words)
    assert step(client) is None
    assert "won't ask about your health" in client.text
    assert any("person" in title.lower() for title in titles(client))
    assert listed(staff, client) == []
    export = client.http.get(f"{client.path}/export").json()
    assert (export["screenings"], export["consents"]) == ([], [])
    client.say("what should I wear?")
    assert client.meta["topic"] == "what_to_wear"
    client.say("book")
    assert step(client) == "T1", "a booking still needs the questions"


def test_an_unclear_answer_to_the_consent_is_no_consent(client: Client) -> None:
    client.say("health questions please")
    client.say("hmm, maybe later perhaps")
    assert step(client) == "T1"
    answer_lists(client, T3_5="yes")
    assert step(client) == "T1"
    export = client.http.get(f"{client.path}/export").json()
    assert export["consents"] == []
    assert all(not screening["answers"] for screening in export["screenings"])


# ------------------------------------------------------------------ minors


def test_under_18_ends_with_a_call_for_the_parent_and_no_booking(client: Client, staff: httpx.Client) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    client.say(UNDER_18)
    assert outcome(client) == "no_booking"
    assert "parent or guardian" in client.text
    client.say("book")
    assert client.found("booking_step") is None
    (screening,) = listed(staff, client)
    assert screening["tier"] == "STOP"


def test_a_guardian_is_told_about_the_form_and_is_asked_nothing_about_the_child(
    client: Client, staff: httpx.Client
) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    client.say(PARENT)
    assert "sign our consent form" in client.text
    assert step(client) is None
    (screening,) = listed(staff, client)
    assert screening["tier"] == "CLEARANCE"
    assert [f["condition"] for f in screening["findings"]] == ["minor"]


def test_of_age_after_all_is_asked_for_consent_and_goes_on(client: Client) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    client.say("yes")
    assert step(client) == "T1"
    client.press("I agree")
    assert step(client) == "T2"


def test_not_sure_about_the_age_ends_without_health_questions(client: Client) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    client.say("I'd rather not say")
    assert step(client) is None
    assert outcome(client) == "no_booking"


@pytest.mark.parametrize(
    ("told", "answer", "tier"),
    [("oh and I'm 16 by the way", UNDER_18, "STOP"), ("it is for my daughter, she is 14", PARENT, "CLEARANCE")],
)
def test_a_minor_who_is_told_late_leaves_no_health_information(
    client: Client, staff: httpx.Client, told: str, answer: str, tier: str
) -> None:
    begin(client)
    client.answer("T2")
    client.answer("T3", T3_5="yes")
    client.say("below 160/100, but my grandma's cuff is wobbly")
    client.say(told)
    assert condition(client) == "minor"
    client.say(answer)
    assert step(client) is None
    (screening,) = listed(staff, client)
    assert screening["tier"] == tier
    assert [f["condition"] for f in screening["findings"]] == ["minor"]
    export = client.http.get(f"{client.path}/export").json()
    kept = [a["question"] for s in export["screenings"] for a in s["answers"]]
    assert set(kept) <= {"T1", "minor/1"}
    assert "wobbly" not in json.dumps(export)
    assert "T3.5" not in json.dumps(export)
    transcript = client.transcript()
    assert all("wobbly" not in message["text"] for message in transcript)
    assert all("latest reading" not in message["text"] for message in transcript), "the question would tell it"
    assert any("18 or over" in message["text"] for message in transcript)


def test_an_age_beside_other_words_is_understood(client: Client) -> None:
    client.say("health questions please")
    client.press("For someone under 18")
    client.say("im 16 btw my mum said its ok")
    assert "not sure" not in client.text
    assert outcome(client) == "no_booking"


def test_an_emergency_of_a_minor_comes_before_the_age(client: Client) -> None:
    begin(client)
    client.say("I'm 15 and my chest is being crushed right now")
    assert client.replies[0]["meta"]["kind"] == "emergency"
    assert client.replies[0]["meta"]["emergency"]["asking"] is False


# ------------------------------------------------------------------ another adult


def test_answers_for_another_adult_are_said_to_be_confirmed_and_flagged(client: Client, staff: httpx.Client) -> None:
    client.say("I want to book for my husband, he is 52")
    client.press("I agree")
    assert "answer for someone else" in client.text
    client.answer("T2")
    client.answer("T3")
    client.answer("T4")
    client.say("he has epilepsy")
    assert condition(client) == "epilepsy"
    client.say("no")
    client.say("over 6 months, stable")
    while step(client) == "T5":
        client.answer("T5") if client.last["checklist"] else client.say("no")
    client.say("he would like to relax")
    client.press("Yes, that's right")
    (screening,) = listed(staff, client)
    conditions = {f["condition"] for f in screening["findings"]}
    assert {"answers_by_another_person", "epilepsy"} <= conditions


def test_what_was_told_of_the_mother_before_the_consent_counts_for_her(client: Client) -> None:
    client.say("my mum wants a massage, shes 80 and on warfarin")
    client.say("book")
    client.press("I agree")
    assert "answer for someone else" in client.text
    client.answer("T2")
    assert condition(client) == "anticoagulants"


def test_she_wants_a_massage_is_about_her(client: Client) -> None:
    client.say("my wife has MS and she wants a massage, im asking for her")
    client.say("health questions")
    client.press("I agree")
    assert "answer for someone else" in client.text
    client.answer("T2")
    assert condition(client) == "nerve_symptoms"


def test_what_brings_the_mother_in_is_asked_about_like_one_s_own(client: Client) -> None:
    client.say("my mum wants a massage, shes 71")
    client.say("book")
    client.press("I agree")
    answer_lists(client)
    client.say("her shoulders are stiff")
    assert "what brings you in" in client.text
    assert "chest tightness" in client.text


# ------------------------------------------------------------------ medicines nobody can place


@pytest.mark.parametrize(
    "words",
    [
        "I take zorbitrax daily and would like to relax",
        "I'm on lots of pills, a stiff back",
        "i take a little white pill for something, to relax",
    ],
)
def test_a_medicine_that_cannot_be_placed_is_said_and_flagged(client: Client, staff: httpx.Client, words: str) -> None:
    begin(client)
    answer_lists(client)
    client.say(words)
    assert "don't know that medicine" in client.text
    while step(client) != "summary":
        client.say("no")
    client.press("Yes, that's right")
    assert outcome(client) == "request"
    (screening,) = listed(staff, client)
    assert screening["tier"] == "CAUTION"
    assert "unknown_medicine" in {finding["condition"] for finding in screening["findings"]}


def test_a_blood_thinner_known_only_by_its_ending_gets_its_questions(client: Client) -> None:
    begin(client)
    answer_lists(client)
    client.say("I take quintoxaban and would like to relax")
    assert condition(client) == "anticoagulants"
