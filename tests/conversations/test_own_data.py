"""What clients may see, take away and delete, and the stream of what happens."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx

from bot.clinic import Clinic
from bot.settings import ROOT
from bot.store import Database, now
from bot.store.models import Conversation
from tests.conversations.scenes import begin
from tests.stack import Client, Stack


def test_export_holds_everything_and_delete_removes_it(client: Client) -> None:
    client.screen(reason="my shoulders are stiff, I would like to relax")
    while client.found("screening") and client.meta["screening"]["step"] != "summary":
        client.say("no")
    client.press("Yes, that's right")
    export = client.http.get(f"{client.path}/export")
    assert export.status_code == 200
    data = export.json()
    assert data["screenings"][0]["reason_for_visit"].startswith("my shoulders")
    assert data["consents"]
    assert len(data["messages"]) == len(client.transcript())
    assert client.http.delete(client.path).status_code == 204
    assert client.http.get(f"{client.path}/messages").status_code == 401
    assert client.post(text="hello").status_code == 401


def test_answers_to_a_list_stand_in_the_transcript_in_words(client: Client) -> None:
    begin(client)
    client.answer("T2")
    assert client.transcript()[-2]["text"] == "No to all 8 lines"
    client.answer("T3", T3_4="yes", T3_5="unsure")
    said = client.transcript()[-2]["text"].split("\n")
    assert said == [
        "Yes: A heart condition, pacemaker or other heart device, or an aneurysm",
        "Not sure: High blood pressure",
        "No to the other 5.",
    ]


def test_no_key_lasts_for_ever(stack: Stack, client: Client) -> None:
    client.say("what is nmt")
    days = Clinic.load(ROOT / "knowledge").privacy.key_days
    with Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}").session() as session:
        row = session.get_one(Conversation, client.path.rsplit("/", 1)[1])
        row.created_at = now() - timedelta(days=days, minutes=-5)
    client.say("does it hurt")  # in use all the time
    with Database(f"sqlite:///{stack.data_dir / 'nmt.sqlite3'}").session() as session:
        row = session.get_one(Conversation, client.path.rsplit("/", 1)[1])
        row.created_at = now() - timedelta(days=days, minutes=1)
    assert client.post(text="hello").status_code == 401
    assert client.http.get(f"{client.path}/messages").status_code == 401


def test_delete_my_data_in_the_chat_asks_once(client: Client) -> None:
    client.say("what is nmt")
    client.say("delete my data")
    assert "can't be undone" in client.text
    client.press("Yes, delete")
    assert "deleted" in client.text
    texts = [m["text"] for m in client.transcript()]
    assert "what is nmt" not in texts
    client.say("does it hurt")
    assert client.meta["topic"] == "does_it_hurt"


def test_my_data_says_what_is_kept(client: Client) -> None:
    client.say("what do you know about me?")
    assert "messages in this chat" in client.text


def test_the_event_stream_replays_what_was_missed(stack: Stack, client: Client) -> None:
    client.say("what is nmt")
    with (
        httpx.Client(trust_env=False, timeout=10) as http,
        http.stream(
            "GET",
            f"{stack.url}/api/v1{client.path}/events?after=0",
            headers={"Authorization": f"Bearer {client.token}"},
        ) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = []
        for line in stream.iter_lines():
            if line.startswith("data:"):
                events.append(json.loads(line.removeprefix("data:")))
            if len(events) == 2:
                break
    assert [e["author"] for e in events] == ["bot", "bot"]
    assert events[0]["event_id"] < events[1]["event_id"]
    assert events[1]["reply"]["meta"]["topic"] == "what_is_nmt"


def test_nothing_about_health_is_stored_before_consent(client: Client, staff: httpx.Client) -> None:
    client.say("I take warfarin, can I book a massage?")
    listed = staff.get("/screenings", params={"conversation_id": client.id}).json()["screenings"]
    assert all(not screening["findings"] for screening in listed)


def test_logs_hold_no_word_of_clients(stack: Stack, client: Client) -> None:
    client.say("xylophone marmalade question about my zebra knee")
    client.say("start the health questions")
    client.press("I agree")
    client.say("xylophone marmalade")
    for log in (stack.data_dir / "logs").iterdir():
        assert "marmalade" not in log.read_text(errors="replace"), log
