"""What no single answer shows: facts that weigh together, reasons that hide something, rows only listened for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import pytest

from tests.conversations.scenes import (
    RULES,
    answer_lists,
    begin,
    condition,
    follow_up,
    outcome,
    play,
    reason,
    step,
    titles,
)
from tests.stack import Client
from tests.unit.triage_cases import REASONS

CRAMPS = "cramps only, no swelling/heat/colour change"


@dataclass(frozen=True, slots=True)
class Story:
    """Lines that are marked, the answers that follow, and what they come to together."""

    marked: Mapping[str, str]
    card: Mapping[str, str]
    outcome: str
    care: str | None = None
    before: str = ""  # told before the questions began


TOGETHER = {
    "pregnancy_one_leg": Story(
        {"T5_1": "yes"},
        {"pregnancy/2": "14-36 weeks, uncomplicated", "T6": "a cramp in my left calf", "mimic": "yes"},
        "emergency",
        "same_day",
    ),
    "cancer_back_pain_legs": Story(
        {"T4_5": "yes", "T5_2": "yes"},
        {"T5.2": "Cancer in the past", "nerve_symptoms/3": "new, not assessed", "T6": "my lower back hurts"},
        "emergency",
        "same_day",
    ),
    "bleeding_risk_head_injury": Story(
        {"T3_2": "yes", "T4_2": "yes"},
        {
            "T3.2": "Blood thinners",
            "anticoagulants/2": "other reason, no letter yet",
            "T4.2": "A head or neck injury or whiplash",
            "head_neck_trauma/2": "3 days to 6 weeks, examined, no fracture",
        },
        "emergency",
        "ambulance",
    ),
    "bleeding_risk_heavy_fall": Story(
        {"T3_3": "yes"},
        {"bleeding_disorder/1": "mild or controlled", "T6": "stiff since I took a fall on Sunday"},
        "emergency",
        "same_day",
    ),
    "fragile_bone_back_pain": Story(
        {"T5_3": "yes"},
        {
            "T5.3": "Osteoporosis or fragile bones",
            "osteoporosis/2": "osteopenia only",
            "T6": "to relax, and I have back pain since yesterday",
        },
        "no_booking",
    ),
    "immune_suppressed_fever": Story(
        {"T5_3": "yes", "T2_6": "yes"},
        {
            "T2.6": "Fever or an infection",
            "fever_infection/2": "yes",
            "T5.3": "Steroid or immune-suppressing medicine",
            "longterm_steroids/1": "tablets for 3 months or more, or repeated courses",
        },
        "emergency",
        "same_day",
    ),
    "diabetes_foot_wound": Story(
        {"T5_5": "yes"},
        {
            "T5.5": "Diabetes",
            "diabetes/2": "well controlled, none of these",
            "T6": "I would like to relax, and there is a cut on my foot",
        },
        "no_booking",
    ),
    "fever_back_pain": Story(
        {"T2_6": "yes"},
        {"T2.6": "Fever or an infection", "fever_infection/2": "yes"},
        "emergency",
        "same_day",
        before="can massage help my lower back pain",
    ),
    "clot_risk_calf": Story(
        {},
        {"T6": "a tight calf", "mimic": "not sure", "dvt_pe_signs/2": CRAMPS},
        "emergency",
        "same_day",
        before="can I come if I'm on the pill?",
    ),
}


def test_every_combination_has_its_conversation() -> None:
    assert set(TOGETHER) == {combination.id for combination in RULES.combinations}


@pytest.mark.parametrize("name", TOGETHER)
def test_facts_that_weigh_together(client: Client, staff: httpx.Client, name: str) -> None:
    story = TOGETHER[name]
    if story.before:
        client.say(story.before)
    begin(client)
    answer_lists(client, **story.marked)
    play(client, story.card)
    assert outcome(client) == story.outcome
    if story.care:
        assert client.found("emergency")["care"] == story.care
        assert client.found("emergency")["asking"] is False
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert f"combination:{name}" in {finding["condition"] for finding in screening["findings"]}


# ------------------------------------------------------------------ the reason for the visit


@pytest.mark.parametrize("name", REASONS)
def test_a_reason_that_can_hide_something_gets_its_own_question(client: Client, name: str) -> None:
    mimic = next(m for m in RULES.mimics.questions if m.id == name)
    reason(client, REASONS[name])
    while condition(client) not in mimic.rows:  # a row that the words name by themselves may come before it
        client.say(follow_up(client)["choices"][-2])
    if follow_up(client)["number"] == 1:
        return  # the words bring up the row, and its own questions are asked
    assert follow_up(client)["item"] == "T6"
    assert mimic.question is not None
    assert mimic.question in client.text
    client.say("yes")
    if mimic.tier is not None:
        assert outcome(client) == "emergency"
        assert client.found("emergency")["care"] == mimic.care
    else:
        assert condition(client) in mimic.rows
        assert follow_up(client)["number"] == 1


def test_no_to_the_question_of_a_reason_ends_the_matter(client: Client) -> None:
    reason(client, "a stiff neck from my desk")
    assert condition(client) == "cervical_artery_dissection"
    client.say("no")
    assert step(client) == "summary"
    client.press("Yes, that's right")
    assert outcome(client) == "request"


def test_not_sure_at_the_question_of_a_reason_is_no_no(client: Client) -> None:
    reason(client, "my lower back")
    client.say("not sure")
    assert client.found("emergency")["condition"] == "cauda_equina"


def test_low_mood_as_the_reason_gets_a_kind_line_and_no_question(client: Client) -> None:
    reason(client, "I'm so stressed and depressed lately")
    assert "988" in client.text
    assert client.found("emergency") is None
    assert step(client) == "summary"


# ------------------------------------------------------------------ rows that are only listened for


def test_what_is_only_listened_for_is_never_asked(client: Client) -> None:
    client.screen()
    client.press("Yes, that's right")
    assert outcome(client) == "request"
    said = " ".join(reply["text"].lower() for reply in client.heard)
    for word in ("drunk", "alcohol", "suicid", "self-harm", "dying"):
        assert word not in said


def test_a_client_who_says_they_are_drunk_is_asked_about_it_and_may_come_back_sober(
    client: Client, staff: httpx.Client
) -> None:
    begin(client)
    client.say("haha im so drunk right now")
    assert condition(client) == "intoxication"
    client.say("no")
    client.say("now")
    assert outcome(client) == "no_booking"
    assert "sober" in client.text
    assert not any("rest" in title.lower() for title in titles(client)), "answers given now do not count"
    screening = staff.get(f"/screenings/{client.found('result')['screening_id']}").json()
    assert screening["tier"] == "STOP"
    client.say("start the health questions")
    assert step(client) == "T1"


def test_a_question_about_a_glass_of_wine_is_no_finding(client: Client, staff: httpx.Client) -> None:
    reason(client, "I would like to relax")
    client.say("can I drink a glass of wine before my massage?")
    assert condition(client) is None
    client.press("Yes, that's right")
    assert outcome(client) == "request"


@pytest.mark.parametrize("where", ["list", "follow-up", "reason"])
def test_a_crisis_is_heard_wherever_the_questions_stand(client: Client, where: str) -> None:
    begin(client)
    if where != "list":
        answer_lists(client, **({"T3_5": "yes"} if where == "follow-up" else {}))
    client.say("honestly i want to kill myself")
    assert client.replies[0]["meta"]["emergency"] == {
        "care": "crisis",
        "condition": "suicidal_crisis",
        "asking": False,
    }
    assert client.found("screening") is None
    client.say("none of these")
    assert client.found("screening") is None
    assert "988" in client.text
