"""All checklists answered in one request, as the web page may do."""

from __future__ import annotations

from bot.clinical.rules import Rules
from bot.settings import ROOT
from tests.stack import Client

ITEMS = tuple(Rules.load(ROOT / "knowledge").items)


def begin(client: Client) -> None:
    client.say("I'd like to do the health questions")
    client.press("I agree")


def answers(**marked: str) -> dict[str, str]:
    return dict.fromkeys(ITEMS, "no") | {key.replace("_", "."): value for key, value in marked.items()}


def test_no_to_everything_leads_to_the_last_step(client: Client) -> None:
    begin(client)
    client.send(answers=answers())
    assert client.meta["screening"]["step"] == "T6"


def test_what_was_marked_is_asked_about_in_the_order_of_the_lists(client: Client) -> None:
    begin(client)
    client.send(answers=answers(T5_5="yes", T3_5="yes"))
    assert client.meta["screening"]["follow_up"]["condition"] == "hypertension"
    client.say("120/80")
    assert client.meta["screening"]["step"] == "T5"
    assert client.meta["screening"]["follow_up"]["multiple"]
    client.say("diabetes")
    client.say("no")
    client.press("Well controlled")
    assert client.meta["screening"]["step"] == "T6"


def test_a_warning_sign_comes_before_everything_else(client: Client) -> None:
    begin(client)
    client.send(answers=answers(T5_5="yes", T2_2="yes"))
    assert client.found("emergency")["condition"] == "stroke_signs"
    assert client.found("emergency")["asking"]


def test_not_sure_about_a_line_of_several_rows_is_asked_which(client: Client) -> None:
    begin(client)
    client.send(answers=answers(T3_4="unsure"))
    assert client.meta["screening"]["follow_up"]["multiple"]
    assert client.meta["screening"]["follow_up"]["item"] == "T3.4"


def test_lines_that_are_missing_are_asked_for(client: Client) -> None:
    begin(client)
    some = {key: "no" for key in ITEMS if not key.startswith("T4") or key == "T4.1"}
    client.send(answers=some)
    assert client.last["checklist"]["id"] == "T4"
    assert [item["id"] for item in client.last["checklist"]["items"]] == [f"T4.{n}" for n in range(2, 8)]


def test_what_is_no_answer_is_refused_and_changes_nothing(client: Client) -> None:
    begin(client)
    for wrong in ({"T2.1": "perhaps"}, {"T9.9": "no"}, {}, {"T2.1": ""}, {"T6": "no"}):
        assert client.post(answers=wrong).status_code == 422
    assert client.send(text="repeat that please")[-1]["checklist"]["id"] == "T2"


def test_before_consent_nothing_is_taken(client: Client) -> None:
    client.say("I'd like to do the health questions")
    client.send(answers=answers(T3_5="yes"))
    assert client.meta["screening"]["step"] == "T1"
    client.press("I agree")
    assert client.last["checklist"]["id"] == "T2"


def test_the_same_request_again_is_one_answer(client: Client) -> None:
    begin(client)
    body = {"client_message_id": "00000000-0000-4000-8000-000000000001", "answers": answers(T3_5="yes")}
    assert client.post(**body).json() == client.post(**body).json()
