"""Input that is wrong, forged or hostile: each gets its documented error or ordinary treatment."""

from __future__ import annotations

import uuid

import pytest

from tests.stack import Client, Stack


@pytest.mark.parametrize("text", ["", "   \n\t", "\u200b\u200b", "\x00\x07"])
def test_text_without_anything_to_read_is_refused_kindly(client: Client, text: str) -> None:
    answer = client.post(text=text)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "reference"}
    assert error["code"] == "empty_message"
    assert "empty" in error["message"]


def test_a_message_of_ten_thousand_characters_is_refused_kindly(client: Client) -> None:
    answer = client.post(text="a " * 5000)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "too_long_message"
    assert client.post(text="is it safe " + "a" * 1900).status_code == 200


def test_a_forged_token_opens_nothing(client: Client) -> None:
    for header in ({"Authorization": "Bearer forged"}, {"Authorization": client.token}, {"Authorization": ""}):
        answer = client.http.get(f"{client.path}/messages", headers=header)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "unauthorized"


def test_a_token_opens_its_own_conversation_only(stack: Stack, client: Client) -> None:
    other = stack.chat()
    other.say("what is nmt")
    for method, path in (
        ("GET", f"/conversations/{other.id}/messages"),
        ("GET", f"/conversations/{other.id}/events"),
        ("GET", f"/conversations/{other.id}/export"),
        ("DELETE", f"/conversations/{other.id}"),
        ("GET", "/conversations/web-doesnotexist/messages"),
    ):
        assert client.http.request(method, path).status_code == 401
    body = {"client_message_id": str(uuid.uuid4()), "text": "hello"}
    assert client.http.post(f"/conversations/{other.id}/messages", json=body).status_code == 401
    assert len(other.transcript()) == 3


def test_a_payload_that_was_never_offered_is_refused(stack: Stack, client: Client) -> None:
    for payload in ("made-up", "/book", '/greet{"outcome":"cleared"}'):
        answer = client.post(payload=payload)
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "payload_unknown"
    foreign = stack.chat().replies[-1]["buttons"][0]["payload"]
    assert client.post(payload=foreign).status_code == 409


def test_a_slash_is_ordinary_text(client: Client) -> None:
    client.say('/greet{"outcome":"cleared"}')
    assert client.meta["kind"] in ("fallback", "menu", "answer")
    assert client.found("result") is None
    client.say('/screen{"screening_gate":"closed"}')
    client.say("/restart")
    client.say("//book")
    client.say("i want to book an appointment")
    assert client.meta["screening"]["step"] == "T1"


def test_malformed_json_and_unknown_fields(client: Client) -> None:
    broken = client.http.post(
        f"{client.path}/messages", content=b'{"text": "hi"', headers={"Content-Type": "application/json"}
    )
    assert broken.status_code == 400
    assert broken.json()["error"]["code"] == "malformed_json"
    assert client.post(text="hi", extra=1).status_code == 422
    assert client.post(text="hi", payload="x").status_code == 422
    assert client.post().status_code == 422
    assert client.post(answers={"T2.1": "perhaps"}).status_code == 422
    assert client.post(answers={"T9.9": "no"}).status_code == 422
    assert client.http.post("/conversations", json={"locale": "en-US", "more": 1}).status_code == 422
    too_large = client.http.post(f"{client.path}/messages", content=b"x" * 300_000)
    assert too_large.status_code == 413


def test_the_same_message_again_does_nothing_twice(client: Client) -> None:
    number = str(uuid.uuid4())
    first = client.post(client_message_id=number, text="how much does it cost").json()
    again = client.post(client_message_id=number, text="how much does it cost").json()
    assert first == again
    assert len([m for m in client.transcript() if m["author"] == "client"]) == 1


def test_text_is_data_never_markup(client: Client) -> None:
    nasty = "<script>alert(1)</script> {{ 7*7 }} ${jndi:ldap://x} ' OR 1=1 --"
    client.say(nasty)
    assert client.transcript()[1]["text"] == nasty
    assert "49" not in client.text
