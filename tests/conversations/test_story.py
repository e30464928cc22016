"""What a client lives through from the first question to the confirmed visit."""

from __future__ import annotations

import httpx

from tests.stack import Client


def test_a_healthy_client_from_question_to_confirmed_visit(client: Client, staff: httpx.Client) -> None:
    assert client.meta["kind"] == "menu"

    client.say("is it like deep tissue?")
    assert client.meta["topic"] == "nmt_vs_deep_tissue"
    assert client.meta["sources"]
    assert client.meta["reviewed_on"]
    follow_up = next(b["title"] for b in client.last["buttons"] if "aim" in b["title"].lower())
    client.press(follow_up)
    assert client.meta["topic"] == "nmt_vs_deep_tissue_goals"

    client.say("I want to book a session")
    turns = []
    assert client.meta["screening"]["step"] == "T1", client.text
    turns.append(client.meta["screening"]["index"])
    client.press("I agree")
    for step in ("T2", "T3", "T4", "T5"):
        turns.append(client.meta["screening"]["index"])
        client.answer(step)
    turns.append(client.meta["screening"]["index"])
    client.say("I just want to relax, no allergies, no medicines")
    assert turns == [1, 2, 3, 4, 5, 6]
    assert client.meta["screening"]["step"] == "summary"
    client.press("Yes, that's right")
    assert client.found("result")["outcome"] == "request"

    # The booking goes on by itself: service, therapist, day, time, name, contact, summary.
    reference = book(client)

    bookings = staff.get("/bookings", params={"state": "requested"}).json()["bookings"]
    assert reference in {b["reference"] for b in bookings}
    last = client.transcript()[-1]["event_id"]
    confirmed = staff.post(f"/bookings/{reference}/confirm", json={})
    assert confirmed.status_code == 200, confirmed.text
    message = client.wait_for("staff", after=last)
    assert message["reply"]["meta"]["booking"]["state"] == "confirmed"
    assert reference in message["text"]


def book(client: Client, *, name: str = "Maria Lopez", contact: str = "202 555 0171") -> str:
    """Answer every question of the booking with its first choice, and give the reference of the request."""
    for _ in range(12):
        booking = client.found("booking")
        if booking and booking["reference"]:
            return str(booking["reference"])
        text = client.last["text"].lower()
        if "your name" in text or "name should" in text or "what is your name" in text:
            client.say(name)
        elif "phone" in text and "e-mail" in text and not client.last["buttons"]:
            client.say(contact)
        else:
            assert client.last["buttons"], client.text
            client.send(payload=client.last["buttons"][0]["payload"])
    raise AssertionError(f"the booking came to no end: {client.text}")
