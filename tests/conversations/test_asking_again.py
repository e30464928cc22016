"""Answers that are not plain: asked once more, never a third time, and never taken for a yes or a no."""

from __future__ import annotations

import pytest

from tests.stack import Client


def begin(client: Client, *steps: str) -> None:
    client.say("I'd like to do the health questions")
    client.press("I agree")
    for step in steps:
        client.answer(step)


def open_list(client: Client) -> str | None:
    """The list that is shown, if one is."""
    checklist = client.last["checklist"]
    return str(checklist["id"]) if checklist else None


def condition(client: Client) -> str | None:
    follow_up = client.meta["screening"]["follow_up"]
    return follow_up["condition"] if follow_up else None


@pytest.mark.parametrize("words", ["i agree, im 43", "aye captain, i agree"])
def test_agreeing_in_own_words(client: Client, words: str) -> None:
    client.say("start the health questions")
    client.say(words)
    assert client.meta["screening"]["step"] == "T2"


def test_a_list_that_is_not_understood_twice_is_asked_line_by_line(client: Client) -> None:
    begin(client)
    client.say("no none of those, but my calf felt odd on sunday")
    assert open_list(client) == "T2"
    client.say("sort of")
    assert open_list(client) is None
    for _ in range(8):
        assert client.meta["screening"]["step"] == "T2"
        assert [b["title"] for b in client.last["buttons"]] == ["Yes", "No", "Not sure"]
        client.say("no, nothing like that")
    assert open_list(client) == "T3"


def test_a_no_in_more_words_to_a_whole_list_is_confirmed_once(client: Client) -> None:
    begin(client)
    client.say("no, nothing from this")
    assert "Is that right?" in client.last["text"]
    client.say("yes")
    assert open_list(client) == "T3"


def test_going_back_shows_the_old_answer_and_takes_the_new_one(client: Client) -> None:
    begin(client, "T2")
    client.answer("T3", T3_5="yes")
    client.say("165/102")
    client.say("wait, go back")
    assert "165/102" in client.replies[0]["text"]
    client.say("sorry i read it wrong, it was 130/80")
    assert open_list(client) == "T4"


def test_a_reason_that_names_an_emergency_row_is_no_other_topic_under_a_hold(client: Client) -> None:
    client.say("my chest feels really tight right now")
    assert client.found("emergency") is not None
    client.say("its probably just stress, lets go on")
    assert [reply["meta"]["kind"] for reply in client.replies] == ["emergency"]


def test_what_a_daughter_says_of_her_mother_counts_for_the_mother(client: Client) -> None:
    client.say("hi, I'd like to book for my mother, she is 78")
    begin(client, "T2")
    client.say("she takes eliquis")
    assert condition(client) == "anticoagulants"
