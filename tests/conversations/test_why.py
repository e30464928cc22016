""" "Why do you ask?": each thing that is asked has a reason of its own."""

from __future__ import annotations

import pytest

from tests.conversations.scenes import RULES, answer_lists, begin, condition, reason, step
from tests.stack import Client

ITEMS = list(RULES.items)


def why(client: Client, words: str = "why do you ask?") -> str:
    """The reason that is given; the same question comes back."""
    before = client.found("screening")
    client.say(words)
    assert client.replies[0]["meta"]["kind"] == "answer"
    assert client.found("screening") == before
    return str(client.replies[0]["text"])


@pytest.mark.parametrize("name", [step.id for step in RULES.steps])
def test_each_line_of_a_list_has_its_own_reason(client: Client, name: str) -> None:
    begin(client)
    for earlier in RULES.steps:
        if earlier.id == name:
            break
        client.answer(earlier.id)
    items = RULES.items_of(name)
    reasons = [why(client, f"why do you ask about number {place}?") for place in range(1, len(items) + 1)]
    assert len(set(reasons)) == len(items)
    assert why(client) not in reasons


@pytest.mark.parametrize("name", ITEMS)
def test_the_questions_after_a_line_give_the_reason_of_the_line(client: Client, name: str) -> None:
    begin(client)
    step_id = name.split(".")[0]
    for earlier in RULES.steps:
        if earlier.id == step_id:
            break
        client.answer(earlier.id)
    place = 1 + [item.id for item in RULES.items_of(step_id)].index(name)
    of_the_line = why(client, f"why do you ask about number {place}?")
    client.answer(step_id, **{name.replace(".", "_"): "yes"})
    assert why(client) == of_the_line


@pytest.mark.parametrize("words", ["why number 4?", "why 4", "ok but why line 4"])
def test_a_line_may_be_asked_about_by_its_bare_number(client: Client, words: str) -> None:
    begin(client)
    client.answer("T2")
    assert why(client, words) == why(client, "why do you ask about number 4?")


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("why do you want to know about blood thinners?", 2),
        ("why do you need to know whether I have high blood pressure?", 5),
        ("why do you ask about pacemakers?", 4),
        ("why does blood pressure matter?", 5),
        ("why are you asking about my heart?", 4),
    ],
)
def test_a_line_may_be_asked_about_by_its_name(client: Client, words: str, number: int) -> None:
    begin(client)
    client.answer("T2")
    assert why(client, words) == why(client, f"why do you ask about number {number}?")
    client.answer("T3")
    assert step(client) == "T4", "asking about it is not having it"


def test_consent_reason_summary_and_change_have_reasons_of_their_own(client: Client) -> None:
    client.say("health questions please")
    reasons = [why(client)]
    client.press("I agree")
    answer_lists(client)
    reasons.append(why(client))
    client.say("a stiff neck")
    reasons.append(why(client))
    client.say("no")
    reasons.append(why(client))
    assert len(set(reasons)) == 4


def test_a_row_that_was_told_in_words_gives_its_own_reason(client: Client) -> None:
    reason(client, "I have epilepsy and would like to relax")
    assert condition(client) == "epilepsy"
    told = why(client)
    assert "triggers" in told
