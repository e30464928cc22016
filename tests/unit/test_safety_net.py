"""The safety net: what it hears, how it reads a message in pieces, and what its examples must look like."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import safety_net
from bot.clinical.model import Care, Emergency
from bot.clinical.reading import Reader
from bot.clinical.safety_net import CLASSES, Heard, SafetyNet, groups_of, scenes, split, words_of
from bot.engine.weights import WeightsError, read_verified
from bot.knowledge import KnowledgeError
from tests.stack import ROOT, SHARED_DATA

KNOWLEDGE = ROOT / "knowledge"

# Written for this test: in no list of examples, and not in the words of any phrase.
HEARD = [
    ("my granddad has slid off his chair and his words come out like porridge", Care.AMBULANCE),
    ("everyone would be lighter without me around", Care.CRISIS),
    ("he will hit me again when he gets home and i cant leave", Care.CRISIS),
]
NOT_HEARD = [
    "I'd like to book a massage for next friday",
    "my shoulder is killing me, can you help",
    "a bit of numbness in my hand when I type",
    "my calf was swollen last year after a flight but the scan was clear",
    "I feel so low since the divorce",
    "yes my doctor said it is fine",
]


@pytest.fixture(scope="module")
def net() -> SafetyNet:
    return safety_net.load(KNOWLEDGE, SHARED_DATA / "models")


@pytest.fixture(scope="module")
def reader(net: SafetyNet) -> Reader:
    return Reader.load(KNOWLEDGE, net.hear)


@pytest.mark.parametrize(("text", "care"), HEARD)
def test_what_no_phrase_names_is_heard(net: SafetyNet, reader: Reader, text: str, care: Care) -> None:
    assert Reader.load(KNOWLEDGE).read(text).emergency is None
    heard = net.hear(text)
    assert heard is not None
    assert heard.care is care
    found = reader.read(text).emergency
    assert found is not None
    assert found.care is care
    assert found.heard == heard.certainty


@pytest.mark.parametrize("text", NOT_HEARD)
def test_ordinary_complaints_stay_quiet(reader: Reader, text: str) -> None:
    assert reader.read(text).emergency is None


def test_a_clause_is_heard_in_a_long_story_without_punctuation(reader: Reader) -> None:
    story = (
        "hi so i have been coming to you for two years now with marie and it has always been great for my shoulders "
        "after the long shifts and i wanted to ask about friday or saturday whichever is free because since this "
        "morning the words come out wrong and one side of my mouth hangs down but otherwise all good and thanks again "
        "for the tea last time it was lovely and my sister wants to come too if there is a slot for her"
    )
    found = reader.read(story).emergency
    assert found is not None
    assert found.care is Care.AMBULANCE


def reading_with(care: Care, certainty: float, text: str = "one two three four") -> Emergency | None:
    return Reader.load(KNOWLEDGE, lambda _: Heard(care, certainty)).read(text).emergency


def test_the_net_asks_and_never_locks_what_is_no_crisis() -> None:
    found = reading_with(Care.AMBULANCE, 1.0)
    assert found == Emergency("undiagnosed_or_advised_against", Care.AMBULANCE, asking=True, general=True, heard=1.0)


@pytest.mark.parametrize(
    ("certainty", "asking", "faint"), [(0.9995, False, False), (0.93, True, False), (0.7, True, True)]
)
def test_only_a_clear_crisis_is_held(certainty: float, asking: bool, faint: bool) -> None:
    found = reading_with(Care.CRISIS, certainty)
    assert found == Emergency("suicidal_crisis", Care.CRISIS, asking=asking, conditional=faint, heard=certainty)


def test_what_is_heard_faintly_brings_the_number_in_one_sentence() -> None:
    found = reading_with(Care.AMBULANCE, 0.7)
    assert found is not None
    assert found.conditional


def test_below_its_threshold_and_for_single_words_it_is_silent() -> None:
    assert reading_with(Care.AMBULANCE, 0.45) is None
    assert reading_with(Care.AMBULANCE, 1.0, "blue banana") is None


def test_a_hint_of_a_crisis_is_enough_to_show_the_lines() -> None:
    found = reading_with(Care.CRISIS, 0.25)
    assert found is not None
    assert found.conditional
    assert reading_with(Care.SAME_DAY, 0.25) is None


def test_a_phrase_comes_before_the_net() -> None:
    found = reading_with(Care.CRISIS, 1.0, "I have crushing chest pain right now")
    assert found is not None
    assert found.condition == "chest_pain"
    assert not found.heard


def test_long_messages_are_read_in_overlapping_pieces() -> None:
    words = [f"w{number}" for number in range(50)]
    pieces = split(" ".join(words))
    assert all(len(piece.split()) <= 22 for piece in pieces)
    assert {word for piece in pieces for word in piece.split()} == set(words)
    assert split("Hello! Can't breathe.") == ["hello", "can't breathe"]
    assert scenes("Hello! Can't breathe.") == ["hello can't breathe"]
    assert {word for part in scenes(" ".join(words)) for word in part.split()} == set(words)
    assert split(" ?! ") == scenes(" ?! ") == []


def test_letter_groups_survive_a_misspelling() -> None:
    assert len(groups_of("breathing") & groups_of("breatihng")) >= 6
    assert "p cant breathe" in groups_of("cant breathe")


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    pieces = split(text)
    assert all(piece.strip() and piece == piece.lower() for piece in pieces)
    assert bool(pieces) == bool(words_of(text))


def test_a_tampered_file_of_the_encoder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    with pytest.raises(WeightsError, match="not the published one"):
        read_verified(tmp_path / "model.safetensors", "0" * 64)


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    shutil.copytree(KNOWLEDGE / safety_net.FOLDER, tmp_path / safety_net.FOLDER)
    return tmp_path


def test_every_class_has_its_examples_and_none_twice() -> None:
    found = safety_net.load_examples(KNOWLEDGE)
    assert tuple(found) == CLASSES
    assert all(len(sentences) >= safety_net.FEWEST for sentences in found.values())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- a list\n", "is not a list of groups"),
        ("thoughts:\n  - 17\n", "17 is not a sentence"),
    ],
)
def test_unusable_examples_are_refused(examples: Path, content: str, reason: str) -> None:
    (examples / safety_net.FOLDER / "crisis" / "own.yml").write_text(content, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=reason) as refused:
        safety_net.load_examples(examples)
    assert refused.value.file.endswith("crisis/own.yml")


def test_a_class_with_hardly_any_example_is_refused(examples: Path) -> None:
    folder = examples / safety_net.FOLDER / "crisis"
    for path in folder.glob("*.yml"):
        path.unlink()
    (folder / "own.yml").write_text("thoughts:\n  - I want to be gone\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match="has only 1 sentences"):
        safety_net.load_examples(examples)


def test_a_sentence_in_two_classes_is_refused(examples: Path) -> None:
    calm = safety_net.load_examples(KNOWLEDGE)["calm"][0]
    path = examples / safety_net.FOLDER / "crisis" / "own.yml"
    path.write_text(f"double:\n  - {calm!r}\n", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"calm/answers\.yml, too"):
        safety_net.load_examples(examples)


def test_a_changed_example_asks_for_a_new_net(examples: Path, tmp_path: Path) -> None:
    before = safety_net.path_of(examples, tmp_path)
    assert before == safety_net.path_of(examples, tmp_path)
    (examples / safety_net.FOLDER / "calm" / "own.yml").write_text("more:\n  - one more\n", encoding="utf-8")
    assert safety_net.path_of(examples, tmp_path) != before
