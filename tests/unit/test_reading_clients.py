"""Messages as clients write them: the rows that come up, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.clinical.reading import Reader
from bot.clinical.record import BRINGS_UP

HERE = Path(__file__).resolve().parent
READER = Reader.load(HERE.parents[1] / "knowledge")
MESSAGES = yaml.safe_load((HERE / "data" / "client_sentences.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message["text"][:60])
def test_a_message_brings_up_its_rows_and_no_others(message: dict[str, object]) -> None:
    found = READER.read(str(message["text"])).mentions
    up = {mention.condition for mention in found if mention.status in BRINGS_UP}
    named = {mention.condition for mention in found} - up
    assert (sorted(up), sorted(named)) == (message["up"], message["named"])


@pytest.mark.parametrize(
    "text",
    [
        "I can't stand deep pressure, it hurts too easily",
        "don't think I've ever had a clot",
        "my foot goes numb when I sit",
        "my blood pressure is a bit high",
        "tested positive for covid on Monday",
        "I've had fever blisters",
    ],
)
def test_an_ordinary_sentence_starts_no_emergency(text: str) -> None:
    assert READER.read(text).emergency is None


@pytest.mark.parametrize(
    "text",
    [
        "I fell and can't stand on my leg",
        "10 years a smoker, I am short of breath",
        "for 2 years my arm hurts and today my chest is tight",
        "for 20 years I drive a truck and my chest feels tight",
        "lately I have trouble holding my pee",
        "numb between my legs when I sit",
    ],
)
def test_the_near_sentence_that_is_one_still_starts_it(text: str) -> None:
    assert READER.read(text).emergency is not None


def test_years_beside_the_symptom_itself_still_need_somebody_who_looked_at_it() -> None:
    assert READER.read("one eyelid has drooped since birth").emergency is None
    assert READER.read("one eyelid has drooped for 3 years").emergency is not None


def test_the_words_that_are_shown_are_those_that_name_the_row() -> None:
    """Staff see them marked: an "and" ends them where the shorter words say it already."""
    for text in ("I had a clot and my neck is stiff", "had a blood clot in 2012 and my neck is sore"):
        (words,) = {m.text for m in READER.read(text).mentions if m.condition == "blood_clot_past"}
        assert "neck" not in words
        assert "clot" in words
    assert READER.read("headache and a stiff neck and a fever").emergency is not None


@pytest.mark.parametrize(
    "text",
    [
        "hang on my chest feels really tight and my left arm is going numb",
        "my chest feels tight right now",
        "I feel a squeezing in my chest",
        "feels like somebody is standing on my chest",
        "my face feels numb since this morning",
    ],
)
def test_what_happens_now_holds_at_once(text: str) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert not found.asking


def test_a_feeling_alone_is_asked_about_first() -> None:
    """Guide 2.1, rule 2: only a word of now skips the question. "Its" and "feels" are no such words."""
    for text in ("my chest feels tight", "its my chest, it hurts"):
        found = READER.read(text).emergency
        assert found is not None
        assert found.asking
