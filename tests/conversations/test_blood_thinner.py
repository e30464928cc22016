"""A client on a blood thinner: a written OK first, a request without a held time, and staff who see why."""

from __future__ import annotations

import httpx

from tests.conversations.test_story import book
from tests.stack import Client


def test_a_blood_thinner_ends_as_a_provisional_request(client: Client, staff: httpx.Client) -> None:
    client.say("book a massage please")
    client.screen(T3_2="yes")
    follow_up = client.meta["screening"]["follow_up"]
    assert follow_up["condition"] is None
    assert follow_up["item"] == "T3.2"
    assert follow_up["multiple"] is True
    client.say(follow_up["choices"][0])
    assert client.meta["screening"]["follow_up"]["condition"] == "anticoagulants"
    assert client.meta["screening"]["follow_up"]["number"] == 1
    client.say("no")
    assert client.meta["screening"]["follow_up"]["number"] == 2
    client.say("other reason, no letter yet")
    assert client.meta["screening"]["step"] == "T4"
    client.answer("T4")
    client.answer("T5")
    client.say("I take Eliquis and would like to relax")
    while client.meta["screening"]["step"] != "summary":  # what was told brings its own questions
        client.say("no")
    client.press("Yes, that's right")
    result = client.found("result")
    assert result["outcome"] == "provisional"
    assert "written OK" in client.text
    assert "safe" not in client.text.lower()

    reference = book(client)
    assert client.found("booking")["state"] == "provisional"
    assert client.found("booking")["slot"] is None

    screening = staff.get(f"/screenings/{result['screening_id']}").json()
    assert screening["tier"] == "CLEARANCE"
    assert screening["state"] == "new"
    assert screening["ruleset_version"]
    finding = next(f for f in screening["findings"] if f["condition"] == "anticoagulants")
    assert finding["tier"] == "CLEARANCE"
    assert "NCCIH-S" in str(finding["sources"])
    assert {"other reason, no letter yet"} <= {a["answer"] for a in finding["answers"]}
    words = [e for e in finding["evidence"] if "eliquis" in e["text"][e["start"] : e["end"]].lower()]
    assert [e["status"] for e in words] == ["current"]
    assert screening["booking"]["reference"] == reference
    assert screening["client_was_told"]

    refused = staff.post(f"/bookings/{reference}/confirm", json={})
    assert refused.status_code == 409, refused.text

    last = client.transcript()[-1]["event_id"]
    decided = staff.post(
        f"/screenings/{result['screening_id']}/decision",
        json={
            "decision": "approve",
            "note": "letter from the cardiologist is here",
            "message_to_client": "We have your letter. Please choose a time.",
            "version": screening.get("version", 1),
        },
    )
    assert decided.status_code == 200, decided.text
    message = client.wait_for("staff", after=last)
    assert message["text"] == "We have your letter. Please choose a time."
    client.heard.append(message["reply"])
    client.say("book")
    reference_again = book(client)
    assert reference_again == reference
    assert client.found("booking")["state"] == "requested"
    assert client.found("booking")["slot"]


def test_a_stop_is_refused_with_the_reason_and_the_next_step(client: Client) -> None:
    client.say("I want to book")
    client.screen(T4_1="yes")
    assert client.meta["screening"]["follow_up"]["condition"] == "recent_surgery"
    client.say("no")
    client.say("under 6 weeks")
    assert client.found("result")["outcome"] == "no_booking"
    assert "surgeon" in client.text
    client.say("book me anyway")
    assert client.found("booking") is None
    assert "person" in client.text.lower()


def test_after_a_stop_the_rest_may_be_answered_for_the_staff(client: Client, staff: httpx.Client) -> None:
    client.say("start the health questions")
    client.press("I agree")
    client.answer("T2")
    client.answer("T3", T3_4="yes")
    client.say("an aneurysm")
    client.say("no")
    client.say("no, being watched")
    assert client.found("result")["outcome"] == "no_booking"
    client.press("Answer the rest")
    assert client.meta["screening"]["step"] == "T4"
    client.answer("T4")
    client.answer("T5", T5_5="yes")
    client.say("diabetes")
    client.say("no")
    client.say("well controlled, none of these")
    client.say("I would like to relax")
    client.press("Yes, that's right")
    result = client.found("result")
    assert result["outcome"] == "no_booking"
    screening = staff.get(f"/screenings/{result['screening_id']}").json()
    assert {"aneurysm", "diabetes"} <= {f["condition"] for f in screening["findings"]}
