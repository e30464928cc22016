"""What holds for every text, and how fast a message is read."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clinical.model import Care, Status
from bot.clinical.reading import Reader, reading_to_json

READER = Reader.load(Path(__file__).parents[2] / "knowledge")

PIECES = [
    "chest pain",
    "no",
    "not",
    "never",
    "I",
    "my",
    "my husband",
    "had",
    "stroke",
    "in 2015",
    "can I",
    "?",
    ".",
    ",",
    "but",
    "and",
    "or",
    "warfarin",
    "right now",
    "want to die",
    "pregnant",
    "bleeding",
    "swollen",
    "leg",
    "if",
    "maybe",
    "killing me",
    "😀",
    "can’t breathe",
    "\u200b",
    "\n",
    "diabetes",
    "PE",
    "as",
    "I'm 16",
    "150/95",
    "T.I.A.",
    "İstanbul",
    "ﬁbro",
    "Å",
    "don't have",
    "blood thinners",
    "ruled out",
    "for years",
    "!!!",
    "...",
    "hit my head",
    "flu shot",
]

quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
chat = st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)
anything = st.text(max_size=300) | chat


@quick
@given(anything)
def test_offsets_are_the_clients_own_words(text: str) -> None:
    for mention in READER.read(text).mentions:
        assert 0 <= mention.start < mention.end <= len(text)
        assert text[mention.start : mention.end] == mention.text


@quick
@given(anything)
def test_reading_is_pure_and_travels_as_json(text: str) -> None:
    reading = READER.read(text)
    assert READER.read(text) == reading
    told = reading_to_json(reading)
    assert set(told) == {"text", "findings", "emergency"}
    assert json.loads(json.dumps(told)) == told
    for finding in told["findings"]:
        assert set(finding) == {"condition", "text", "start", "end", "status"}
        assert finding["status"] in {status.value for status in Status}
    if told["emergency"] is not None:
        assert set(told["emergency"]) == {"condition", "care", "asking"}


@quick
@given(chat)
def test_an_emergency_always_names_its_words(text: str) -> None:
    reading = READER.read(text)
    if reading.emergency is not None:
        assert reading.emergency.condition in {mention.condition for mention in reading.mentions}
        assert not (reading.emergency.conditional and not reading.emergency.asking)
        assert reading.emergency.care in Care


@quick
@given(chat)
def test_a_crisis_is_never_hidden_by_what_stands_before_it(text: str) -> None:
    reading = READER.read(f"{text}\nI want to kill myself right now")
    assert reading.emergency is not None
    assert reading.emergency.care in {Care.CRISIS, Care.AMBULANCE}
    assert not reading.emergency.asking


@quick
@given(st.sampled_from(["chest pain", "diabetes", "epilepsy", "a rash"]), chat)
def test_a_statement_of_its_own_is_never_denied(condition: str, before: str) -> None:
    text = f"{before}. I have {condition}"
    own = [m for m in READER.read(text).mentions if m.start >= len(before) + 2]
    assert own
    assert all(mention.status is Status.CURRENT for mention in own)


@pytest.mark.parametrize(
    "text",
    [
        "I CAN'T BREATHE",
        "I can\u2019t breathe",
        "i cant breathe",
        "I can`t br\u00e9athe",
        "I can't\u00a0breathe \U0001f62d\U0001f62d",
        "I can't br\u200beathe",
        "I\tcan't\x07breathe",
        "\uff29 \uff43\uff41\uff4e\uff07\uff54 breathe",
        "I can't breatheee",
    ],
)
def test_any_way_of_typing(text: str) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert found.condition == "breathing_difficulty"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n\n",
        "\x00",
        "?",
        "\U0001f600" * 3000,
        "a" * 10_000,
        "no " * 3_300,
        "chest pain " * 900,
        "\u0301" * 10_000,
    ],
)
def test_odd_and_long_texts(text: str) -> None:
    reading = READER.read(text)
    assert reading.text == text


def test_a_message_takes_less_than_five_milliseconds() -> None:
    messages = [
        "Hi, I'd like to book a massage for my lower back. I have sciatica and I take blood pressure tablets.",
        "No chest pain, no numbness, but I had a stroke in 2019 and I'm on apixaban. Is that a problem?",
        "my husband has chest pain right now",
        "what are the signs of a stroke?",
    ]
    for message in messages:
        READER.read(message)
    times = []
    for _ in range(10):
        for message in messages:
            begun = time.process_time()
            READER.read(message)
            times.append(time.process_time() - begun)
    assert statistics.median(times) < 0.005
