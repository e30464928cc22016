"""What a client says before agreeing to the health questions counts in them."""

from __future__ import annotations

import httpx

from tests.stack import Client


def test_a_condition_named_before_consent_is_asked_about(client: Client) -> None:
    client.say("I'm on chemo, would a massage be possible?")
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    follow_up = client.meta["screening"]["follow_up"]
    assert follow_up["condition"] == "cancer_active"


def test_back_pain_told_in_passing_weighs_together_with_a_fever(client: Client, staff: httpx.Client) -> None:
    client.say("can massage help my lower back pain")
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2", T2_6="yes")
    client.say("Fever or an infection")
    client.say("no")
    client.say("yes")
    result = client.found("result")
    assert result["outcome"] == "emergency"
    assert client.found("emergency")["care"] == "same_day"
    assert staff.get(f"/screenings/{result['screening_id']}").json()["tier"] == "EMERGENCY"


def test_consent_can_be_given_in_two_breaths(client: Client) -> None:
    client.say("start the health questions")
    client.say("I agree, and I'm over 18")
    assert client.meta["screening"]["step"] == "T2"
