"""Every answer says what clients need to hear: each fact of each topic, one by one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.coverage import Coverage, load
from bot.education import load_topics
from bot.knowledge import read_yaml

ROOT = Path(__file__).parents[2]
KNOWLEDGE = ROOT / "knowledge"
SPECIFICATION = ROOT.parent / "shared" / "spec" / "topics.yml"
TOPICS = load_topics(KNOWLEDGE)
ASKED = load(KNOWLEDGE, TOPICS)
FACTS = [(name, fact) for name, asked in ASKED.items() for fact in asked.says]


def test_every_topic_has_facts_to_say() -> None:
    assert set(ASKED) == set(TOPICS)
    assert all(asked.says for asked in ASKED.values())


@pytest.mark.parametrize(("name", "fact"), FACTS)
def test_a_fact_is_said_and_missed_without_its_words(name: str, fact: str) -> None:
    answer = TOPICS[name].answer
    assert fact not in dict(ASKED[name].missing(answer))
    flat = " ".join(answer.replace("’", "'").split())
    for pattern in ASKED[name].says[fact]:
        assert fact in dict(ASKED[name].missing(pattern.sub(" ", flat)))


def test_words_count_whatever_the_case_the_quotes_and_the_line_breaks() -> None:
    asked = Coverage({"fact": (re.compile("you can't feel", re.IGNORECASE),)}, ())
    assert list(asked.missing("You can’t\nfeel it.")) == []
    assert list(asked.missing("You cannot feel it.")) == [("fact", "you can't feel")]


@pytest.mark.skipif(not SPECIFICATION.exists(), reason="the topic specification is not beside this repository")
def test_no_fact_and_no_ban_of_the_specification_is_left_out() -> None:
    specified = {row["id"]: row for row in read_yaml(SPECIFICATION)}
    for name, row in specified.items():
        assert len(ASKED[name].says) >= len(row["must_cover"]), name
        banned = {pattern.pattern for pattern in ASKED[name].never}
        assert set(row["must_not_say"]) <= banned, name
