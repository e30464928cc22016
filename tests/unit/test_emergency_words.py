"""Which words an emergency is answered with: the row's own, or the general ones of the kind of care."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import emergency
from bot.clinical.model import Care, Emergency
from bot.clinical.reading import Reader
from bot.clinical.rules import NEXT, Rules

KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
RULES = Rules.load(KNOWLEDGE)
READER = Reader.load(KNOWLEDGE)


@pytest.fixture(scope="module")
def locale() -> dict[str, Any]:
    locales: dict[str, Any] = yaml.safe_load((KNOWLEDGE / "locales.yml").read_text(encoding="utf-8"))
    return dict(locales["en-US"])


def words(text: str, locale: dict[str, Any]) -> str:
    """The answer to a message that fires an emergency."""
    found = READER.read(text).emergency
    assert found is not None
    return emergency.sentence(RULES.conditions[found.condition], found.care, RULES, locale, found)


@pytest.mark.parametrize(
    "text",
    ["call an ambulance", "please call 911", "help me I'm dying", "this is an emergency", "someone has collapsed"],
)
def test_a_call_for_help_gets_the_general_words(text: str, locale: dict[str, Any]) -> None:
    found = READER.read(text).emergency
    assert found is not None
    assert found.general
    assert found.care is Care.AMBULANCE
    assert not found.asking
    assert found.condition != "suicidal_crisis"
    texts = RULES.care.texts(Care.AMBULANCE)
    general = texts.third_person if found.third_person else texts.text
    assert words(text, locale) == general.format_map(locale)


def test_a_symptom_beside_a_call_for_help_is_the_row() -> None:
    found = READER.read("my calf is swollen and hot, call an ambulance").emergency
    assert found == Emergency("dvt_pe_signs", Care.AMBULANCE, asking=False, general=True)


@pytest.mark.parametrize("text", ["I took an overdose", "I've swallowed a bottle of pills", "I have slit my wrists"])
def test_after_harm_the_ambulance_comes_first_and_the_crisis_line_after_it(text: str, locale: dict[str, Any]) -> None:
    answer = words(text, locale)
    assert answer.startswith(RULES.care.texts(Care.AMBULANCE).text.format_map(locale))
    assert answer.endswith(RULES.care.texts(Care.CRISIS).repeat.format_map(locale))
    targets = [link.url for link in emergency.links(Care.AMBULANCE, locale, "suicidal_crisis")]
    assert targets[0] == "tel:911"
    assert set(locale["crisis_links"]) <= set(targets)


def test_a_row_keeps_its_own_words(locale: dict[str, Any]) -> None:
    own = RULES.conditions["chest_pain"].client
    assert words("I have crushing chest pain right now", locale) in {text.format_map(locale) for text in own.values()}


def test_each_question_of_an_emergency_row_can_be_asked_on_the_spot() -> None:
    rows = [row for row in RULES.conditions.values() if row.is_emergency and row.id != "suicidal_crisis"]
    assert len(rows) == 9
    for row in rows:
        for number, follow_up in enumerate(row.follow_up, start=1):
            name = f"{row.id}/{number}"
            question = emergency.own_question(row, RULES, emergency.given_before(row, name))
            assert question is not None
            assert (question.id, question.number, question.text) == (name, number, follow_up.q)
            if number < len(row.follow_up):
                # Which question is open says what was answered before it: there is one answer that only leads on.
                assert [a.tier for a in follow_up.answers].count(NEXT) == 1
