"""Shares, calibration and the lists behind the reports."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from actions._turn import ACT_BUTTONS
from evaluation.understanding import figures, lists
from evaluation.understanding.report import ACTS_OFFERED, Answered, both_served, topic_figures
from tests.stack import ROOT

_GUESSES = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50)


def answered(*topics: str, offered: tuple[str, ...] = (), buttons: tuple[str, ...] = ()) -> Answered:
    return Answered(topics, frozenset(offered), frozenset(buttons), 0.01)


def test_perfect_confidence_has_no_error() -> None:
    found = figures.bins([1.0, 1.0, 0.0], [True, True, False])
    assert figures.calibration_error(found) == 0
    assert [one.count for one in found] == [1, 2]


def test_overconfidence_shows() -> None:
    assert figures.calibration_error(figures.bins([0.9, 0.9], [True, False])) == pytest.approx(0.4)


@given(_GUESSES)
@settings(deadline=None)
def test_bins_hold_every_guess_once(guesses: list[tuple[float, bool]]) -> None:
    found = figures.bins([sure for sure, _ in guesses], [right for _, right in guesses])
    assert sum(one.count for one in found) == len(guesses)
    assert 0 <= figures.calibration_error(found) <= 1


@given(_GUESSES)
@settings(deadline=None)
def test_the_plot_is_wellformed(guesses: list[tuple[float, bool]]) -> None:
    found = figures.bins([sure for sure, _ in guesses], [right for _, right in guesses])
    ElementTree.fromstring(figures.reliability_plot([("one", "#123456", found)]))


def test_every_list_has_its_size() -> None:
    topics, acts = lists.topics(), lists.acts()
    assert len({one.label for one in topics}) == 83
    assert min(sum(1 for one in acts if one.label == act) for act in {one.label for one in acts}) >= 8
    assert len(lists.out_of_scope()) >= 100
    assert len(lists.doubles()) >= 20
    assert len(lists.follow_ups()) >= 30


def test_a_message_that_is_an_example_word_for_word_is_not_scored() -> None:
    asked = [*lists.topics(), *lists.acts(), *lists.out_of_scope()]
    assert not [one for one in asked if lists._is_example(one.text)]
    assert lists._is_example("Can a bot like you diagnose people?")


def test_a_topic_counts_as_shown_where_it_is_answered_or_offered() -> None:
    asked = [lists.Message(text, "price", frozenset({"price"}), lists.FIRST) for text in ("a", "b", "c")]
    answers = [answered("price"), answered("insurance", offered=("price",)), answered()]
    found = {one.name: one.right for one in topic_figures(asked, answers)}
    assert found["topic"] == 1
    assert found["among the suggestions"] == 2
    assert found["answered with another topic (as well)"] == 1


def test_two_requests_count_when_both_are_answered_or_one_offered() -> None:
    both = lists.Pair("?", ("price", "session_length"))
    assert both_served(both, answered("price", "session_length"))
    assert both_served(both, answered("price", offered=("session_length",)))
    assert not both_served(both, answered("price"))
    assert not both_served(both, answered("price", "session_length", "insurance"))
    with_act = lists.Pair("?", ("price", "book"))
    assert both_served(with_act, answered("price", buttons=(ACTS_OFFERED["book"],)))
    assert not both_served(with_act, answered("price"))


def test_the_names_of_offered_acts_are_those_on_the_buttons() -> None:
    wording = yaml.safe_load((ROOT / "knowledge" / "wording.yml").read_text(encoding="utf-8"))
    assert {act: wording[key] for act, key in ACT_BUTTONS.items()} == ACTS_OFFERED
