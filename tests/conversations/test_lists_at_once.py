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


def test_a_warning_sign_comes_before_everything_else(client: Client) -> None:
    begin(client)
    client.send(answers=answers(T5_5="yes", T2_2="yes"))
    assert client.found("emergency")["condition"] == "stroke_signs"
    assert client.found("emergency")["asking"]


def test_before_consent_nothing_is_taken(client: Client) -> None:
    client.say("I'd like to do the health questions")
    client.send(answers=answers(T3_5="yes"))
    assert client.meta["screening"]["step"] == "T1"
    client.press("I agree")
    assert client.last["checklist"]["id"] == "T2"
