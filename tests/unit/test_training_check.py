"""Mistakes in the examples are named before training, with file, line and what to do; a new topic needs words only."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import pytest

from bot.check import Fault
from bot.editing import new_topic
from bot.knowledge import KnowledgeError
from bot.training_check import ENOUGH, FEWEST, read_examples, run

ROOT = Path(__file__).parents[2]
TODAY = datetime.date(2026, 11, 20)
AFTERCARE = "data/nlu/education/aftercare.yml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what a model is made of, to spoil."""
    for folder in ("data/nlu", "data/stories", "domain", "knowledge"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def faults(root: Path, *, warnings: bool = False) -> list[Fault]:
    return [fault for fault in run(root, root / "knowledge") if fault.warning == warnings]


def spoil(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(root: Path, file: str, words: str) -> int:
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if words in line)


def test_this_repository_is_in_order() -> None:
    assert [str(fault) for fault in run(ROOT, ROOT / "knowledge")] == []


def test_every_example_has_its_line() -> None:
    path = ROOT / AFTERCARE
    lines = path.read_text(encoding="utf-8").splitlines()
    examples = read_examples(path)
    assert len(examples) > 100
    assert [lines[example.line - 1].strip().removeprefix("- ") for example in examples] == [e.text for e in examples]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("    - aftercare\n", "    aftercare\n", "is no example"),
        ("    - aftercare\n", "   - aftercare\n", "cannot be read as YAML"),
        ("- intent: aftercare\n", "- intent: after_care\n", "no intent 'after_care'"),
        ("    - aftercare\n", "    - aftercare tips\n", "is an example of aftercare already"),
        ("    - aftercare\n", "    - How much does NMT cost?\n", "already"),
        ("    - aftercare\n", "    - [aftercare](topic) please\n", "signs that mean something"),
        ("    - aftercare\n", "    - /restart\n", "signs that mean something"),
        ("  examples: |\n", "  examples:\n", "has no examples"),
        ("nlu:\n", "nlu: none\n", ""),
    ],
)
def test_a_mistake_in_the_examples_is_named(root: Path, old: str, new: str, what: str) -> None:
    if what.startswith("is an example of aftercare"):
        spoil(root, AFTERCARE, "    - aftercare\n", "    - aftercare tips\n    - aftercare\n")
    spoil(root, AFTERCARE, old, new)
    found = faults(root)
    assert found
    assert {Path(fault.file).name for fault in found} & {"aftercare.yml", "practical.yml"}
    assert any(what in fault.what for fault in found), found
    assert all(fault.line and fault.remedy for fault in found)


def test_the_line_of_a_mistake_is_the_line_of_the_example(root: Path) -> None:
    spoil(root, AFTERCARE, "    - aftercare\n", "    - [aftercare](topic) please\n")
    assert [fault.line for fault in faults(root)] == [line_of(root, AFTERCARE, "[aftercare]")]


def test_personal_data_in_an_example_is_a_warning(root: Path) -> None:
    spoil(root, AFTERCARE, "    - aftercare\n", "    - call me on 020 7946 0958 after the massage\n")
    assert faults(root) == []
    assert [fault.what for fault in faults(root, warnings=True)] == ["seems to hold a phone number"]


@pytest.mark.parametrize(
    ("file", "line", "what"),
    [
        ("domain/education.yml", "- aftercare\n", "is not in domain/education.yml"),
        ("data/stories/education.yml", "    - intent: aftercare\n", "is not in data/stories/education.yml"),
    ],
)
def test_a_topic_that_is_named_in_one_place_only_is_told(root: Path, file: str, line: str, what: str) -> None:
    spoil(root, file, line, "")
    topics = [fault for fault in faults(root) if fault.key == "id"]
    assert [(Path(fault.file).name, fault.line, fault.what) for fault in topics] == [("aftercare.md", 2, what)]


def test_a_name_without_a_topic_is_told(root: Path) -> None:
    (root / "knowledge" / "topics" / "aftercare.md").unlink()
    found = faults(root)
    assert [(Path(fault.file).name, fault.line, fault.key) for fault in found] == [
        ("education.yml", line_of(root, "domain/education.yml", "- aftercare"), "aftercare")
    ]


def test_a_list_of_topics_that_is_gone_is_told(root: Path) -> None:
    (root / "data" / "stories" / "education.yml").write_text("rules: []\n", encoding="utf-8")
    assert [fault.key for fault in faults(root)] == ["rules"]


def test_a_new_topic_needs_its_words_only(root: Path) -> None:
    answer, examples = new_topic(root, root / "knowledge", "hot_stones", 'Hot "stones"', "practical", TODAY)
    assert {fault.key for fault in faults(root)} == {"id"}
    assert [f"{FEWEST} are the least" in fault.what for fault in faults(root)] == [True]
    with examples.file.open("a", encoding="utf-8") as file:
        file.write("".join(f"    - do you put {number} hot stones on my back\n" for number in range(FEWEST)))
    lines = examples.file.read_text(encoding="utf-8").splitlines()
    assert lines[examples.line - 1] == "    - do you put 0 hot stones on my back"
    assert faults(root) == []
    assert [f"aim at {ENOUGH}" in fault.what for fault in faults(root, warnings=True)] == [True]
    with answer.file.open("a", encoding="utf-8") as file:
        file.write("No, we do not work with hot stones.\n")
    assert answer.file.read_text(encoding="utf-8").splitlines()[answer.line - 1].startswith("No, we do")
    from bot.education import load_topics

    topic = load_topics(root / "knowledge")["hot_stones"]
    assert (topic.title, topic.answer, topic.reviewed_on) == (
        'Hot "stones"',
        "No, we do not work with hot stones.",
        TODAY,
    )


@pytest.mark.parametrize(
    ("name", "title", "group", "key"),
    [
        ("Hot Stones", "Hot stones", "practical", "id"),
        ("../stones", "Hot stones", "practical", "id"),
        ("price", "Prices", "practical", "id"),
        ("hot_stones", "Hot stones", "stones", "group"),
        ("hot_stones", " ", "practical", "title"),
    ],
)
def test_a_new_topic_is_refused_before_anything_is_written(
    root: Path, name: str, title: str, group: str, key: str
) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(KnowledgeError) as caught:
        new_topic(root, root / "knowledge", name, title, group, TODAY)
    assert caught.value.key == key
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
