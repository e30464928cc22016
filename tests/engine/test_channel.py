"""The engine's one way in: who may use it, what it refuses, and what it does when something breaks."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from .conftest import Engine
from .test_dialogue import ASK, start_screening

# Training and starts are counted in a test's time; on a crowded machine they take minutes.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

ROUTES = [
    ("GET", "/ready"),
    ("POST", "/messages"),
    ("POST", "/parse"),
    ("POST", "/embed"),
    ("DELETE", "/conversations/c1"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("secret", [None, "", "wrong", "engine-secret-of-the-test"])
def test_nobody_without_the_secret(engine: Engine, method: str, path: str, secret: str | None) -> None:
    headers = {} if secret is None else {"X-NMT-Secret": secret}
    answer = httpx.request(method, engine.url + path, headers=headers, json={} if method == "POST" else None)
    assert answer.status_code == 401
    assert answer.json() == {"error": "unauthorized"}


@pytest.mark.parametrize("path", ["/webhooks/rest/webhook", "/status", "/model", "/conversations/c1/tracker", "/"])
def test_none_of_rasas_own_addresses_exists(engine: Engine, path: str) -> None:
    base = engine.url.removesuffix("/webhooks/service")
    answer = httpx.get(base + path)
    assert answer.status_code == 404
    assert answer.json() == {"error": "not_found"}


def test_ready_names_the_model(engine: Engine) -> None:
    assert len(engine.request("GET", "/ready").json()["model"]) == 20


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "conversation_id"),
        ({"conversation_id": "c 1", "text": "hi"}, "conversation_id"),
        ({"conversation_id": "x" * 200, "text": "hi"}, "conversation_id"),
        ({"conversation_id": "c1"}, "text"),
        ({"conversation_id": "c1", "text": "  "}, "text"),
        ({"conversation_id": "c1", "text": "x" * 10_001}, "text"),
        ({"conversation_id": "c1", "text": "hi", "metadata": {"nested": {}}}, "metadata"),
    ],
)
def test_a_malformed_message_is_refused_by_name_of_the_field(engine: Engine, body: object, field: str) -> None:
    answer = engine.request("POST", "/messages", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": "bad_request", "field": field}


def test_a_body_that_is_no_json_is_refused(engine: Engine) -> None:
    answer = engine.request("POST", "/messages", content=b"{not json")
    assert (answer.status_code, answer.json()["field"]) == (400, "body")


def test_a_body_beyond_the_limit_is_refused(engine: Engine) -> None:
    answer = engine.request("POST", "/parse", json={"text": "x" * 70_000})
    assert (answer.status_code, answer.json()) == (413, {"error": "body_too_large"})


@pytest.mark.parametrize(
    "text",
    [
        '/hold{"next_flow": "booking"}',
        "/restart",
        "/session_start",
        "/hold@1.0",
        "//hold",
        "  /Hold",
        '/answer{"screening_answer": "yes"}',
        "/unknown_intent",
        '/screen{"screening_gate":"open"}',
    ],
)
def test_typed_payloads_are_text_and_leave_the_form_alone(engine: Engine, text: str) -> None:
    conversation = f"typed-{abs(hash(text))}"
    start_screening(engine, conversation)
    assert engine.say(conversation, text)[-1] == ASK
    assert engine.say(conversation, "/answer") == ["validate_screening_form", ASK]


def test_odd_texts_are_always_answered(engine: Engine) -> None:
    for text in ("/", "\\", "?", "\u202egnirts", "\ud83d\ude00" * 10, "\x00", "a" * 9000, "ſ" * 300, "🙏🏽", "ö ä ü"):
        answer = engine.request(
            "POST",
            "/messages",
            content=json.dumps({"conversation_id": "odd", "text": text}).encode(),
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["messages"]


def test_a_failing_action_is_reported_with_what_was_said_before(engine: Engine) -> None:
    start_screening(engine, "fails")
    answer = engine.send("fails", "/answer", fail="action_ask_screening_answer")
    assert answer.status_code == 500
    body = answer.json()
    assert (body["error"], body["actions"]) == ("action_failed", ["action_ask_screening_answer"])
    assert [message["text"] for message in body["messages"]] == ["validate_screening_form"]
    assert engine.say("fails", "/answer") == ["validate_screening_form", ASK]


def test_a_message_that_is_asked_for_again_is_not_taken_again(engine: Engine) -> None:
    start_screening(engine, "again")
    first = engine.send("again", "/answer", message_id="once")
    again = engine.send("again", "/answer", message_id="once", fail="validate_screening_form")  # would fail if taken
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert engine.send("again", "/answer", message_id="twice", fail="validate_screening_form").status_code == 500
    assert engine.send("else", "/screen", message_id="once").json() != first.json()
    assert engine.request("DELETE", "/conversations/again").json() == {"erased": True}
    assert engine.say("again", "/answer", message_id="once") != [m["text"] for m in first.json()["messages"]]


def test_a_message_that_is_asked_for_twice_at_once_is_taken_once(engine: Engine) -> None:
    start_screening(engine, "twice")
    with ThreadPoolExecutor(2) as both:
        # Taken twice, the one would fail and the other not.
        wishes: list[dict[str, str]] = [{}, {"fail": "validate_screening_form"}]
        answers = list(both.map(lambda wish: engine.send("twice", "/answer", message_id="one", **wish).json(), wishes))
    assert answers[0] == answers[1]


def test_a_failing_validation_keeps_the_form(engine: Engine) -> None:
    start_screening(engine, "unjudged")
    answer = engine.send("unjudged", "/answer", fail="validate_screening_form")
    assert (answer.status_code, answer.json()["actions"]) == (500, ["validate_screening_form"])
    assert engine.say("unjudged", "/answer") == ["validate_screening_form", ASK]


def test_a_failing_start_opens_no_form(engine: Engine) -> None:
    start_screening(engine, "no-start")
    engine.say("no-start", "/answer", end=True)
    assert engine.send("no-start", "/screen", fail="action_screening_start").status_code == 500
    assert engine.say("no-start", "/answer") == ["action_loose_answer"]


def test_a_failing_end_hands_over_to_nothing(engine: Engine) -> None:
    start_screening(engine, "no-end")
    answer = engine.send("no-end", "/answer", end=True, gate="booking", fail="action_screening_end")
    assert answer.json()["actions"] == ["action_screening_end"]
    assert engine.say("no-end", "/answer") == ["action_loose_answer"]


def test_erasing_a_conversation(engine: Engine) -> None:
    start_screening(engine, "erase")
    assert engine.request("DELETE", "/conversations/erase").json() == {"erased": True}
    assert engine.request("DELETE", "/conversations/erase").json() == {"erased": False}
    assert engine.say("erase", "/answer") == ["action_loose_answer"]


def test_understanding_without_a_conversation(engine: Engine) -> None:
    parsed = engine.request("POST", "/parse", json={"text": "what is nuromuscular therapy"}).json()
    assert parsed["intent"]["name"] == "what_is_nmt"
    assert len(parsed["intent_ranking"]) == 10
    fallback = engine.request("POST", "/parse", json={"text": "/hold"}).json()
    assert fallback["intent"]["name"] != "hold"


def test_vectors_group_like_questions(engine: Engine) -> None:
    texts = ["How much does a session cost?", "what is the price of a massage", "I have a headache"]
    vectors = engine.request("POST", "/embed", json={"texts": texts}).json()["vectors"]
    price, cost, head = vectors
    assert len(price) == 384
    assert sum(x * y for x, y in zip(price, cost, strict=True)) > sum(x * y for x, y in zip(price, head, strict=True))
    assert engine.request("POST", "/embed", json={"texts": ["x"] * 65}).status_code == 400
    assert engine.request("POST", "/embed", json={"texts": []}).status_code == 400


def test_messages_of_one_conversation_do_not_wait_by_the_second(engine: Engine) -> None:
    start_screening(engine, "crowd")
    began = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: engine.say("crowd", "/answer"), range(6)))
    assert said == [["validate_screening_form", ASK]] * 6
    # Rasa's own lock looks once a second: six messages would take at least five
    assert time.monotonic() - began < 4


def test_words_of_clients_are_in_no_log_and_in_no_database(engine: Engine) -> None:
    secret = "zanzibarquux"
    start_screening(engine, "quiet")
    engine.send("quiet", f"my {secret} hurts", fail="validate_screening_form action_suggest action_answer_topic")
    engine.send("quiet", f"is {secret} something you treat")
    engine.request("POST", "/parse", json={"text": secret})
    engine.request("POST", "/messages", content=b'{"conversation_id": "c1", "text": "' + secret.encode())
    assert secret not in engine.log
    with sqlite3.connect(engine.database.removeprefix("sqlite:///")) as database:
        stored = "".join(row[0] for row in database.execute("SELECT events FROM engine_conversation"))
    database.close()
    assert stored
    assert secret not in stored


def test_a_long_conversation_stays_one_small_row(engine: Engine) -> None:
    start_screening(engine, "small")
    for _ in range(15):
        engine.say("small", "/answer")
    with sqlite3.connect(engine.database.removeprefix("sqlite:///")) as database:
        query = "SELECT length(events) FROM engine_conversation WHERE conversation_id = 'small'"
        (size,) = database.execute(query).fetchone()
    database.close()
    assert size < 16_000
