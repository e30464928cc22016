"""The ways into the health questions that the conversation tests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.clinical.rules import Rules
from bot.settings import ROOT
from tests.stack import Client

RULES = Rules.load(ROOT / "knowledge")


def begin(client: Client) -> None:
    """Agree, and stand before the first list."""
    client.say("I'd like to do the health questions")
    client.press("I agree")


def answer_lists(client: Client, **marked: str) -> None:
    """Answer every list at once: no to all but the lines that are given as T3_2="yes"."""
    answers = dict.fromkeys(RULES.items, "no") | {key.replace("_", "."): value for key, value in marked.items()}
    client.send(answers=answers)


def reason(client: Client, words: str) -> None:
    """A client without anything to report, up to the reason for the visit."""
    begin(client)
    answer_lists(client)
    client.say(words)


def follow_up(client: Client) -> dict[str, Any]:
    """The follow-up question that is open; empty where none is."""
    screening = client.found("screening") or {}
    return dict(screening.get("follow_up") or {})


def condition(client: Client) -> str | None:
    """The row that is asked about."""
    row: str | None = follow_up(client).get("condition")
    return row


def step(client: Client) -> str | None:
    """Where the health questions stand; None where none is open."""
    screening = client.found("screening")
    return str(screening["step"]) if screening else None


def titles(client: Client) -> list[str]:
    """What the newest reply offers to press."""
    return [button["title"] for button in client.last["buttons"]]


def outcome(client: Client) -> str | None:
    """The result that was just given."""
    result = client.found("result")
    return str(result["outcome"]) if result else None


def play(client: Client, card: Mapping[str, str], most: int = 30) -> None:
    """Answer whatever is asked as the card says, up to the result.

    The card holds a row and the number of its question ("diabetes/2"), the item of "which of these?" ("T5.5"), the
    question for a reason ("mimic") and the reason itself ("T6"). What it does not hold is answered with no.
    """
    for _ in range(most):
        if client.found("result"):
            return
        question = follow_up(client)
        if step(client) == "summary":
            client.press("Yes, that's right")
        elif question.get("multiple"):
            client.say(card[question["item"]])
        elif question.get("number") == 0:
            client.say(card.get("mimic", "no"))
        elif question:
            client.say(card.get(f"{question['condition']}/{question['number']}", "no"))
        else:
            assert step(client) == "T6", client.text
            client.say(card.get("T6", "I would like to relax"))
    raise AssertionError(f"the questions came to no end: {client.text}")
