"""What a message asks for, judged from probabilities: cuts, two requests, leaning on the answer before."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.parts import (
    MOST_CUTS,
    Context,
    Probabilities,
    Rules,
    cuts,
    is_topic,
    is_understood,
    leaning,
    two_requests,
)
from tests.stack import ROOT

_CLASSIFIER = next(
    part
    for part in yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    if part["name"].endswith("IntentsOfSentences")
)
RULES = Rules(**{name: float(_CLASSIFIER[name]) for name in Rules._fields})
SURE, NAMED = RULES.sure_of_a_part, RULES.named_in_the_whole


def shares(**given: float) -> dict[str, float]:
    """Probabilities; what is not given is spread over three intents that nobody asked for."""
    rest = (1 - sum(given.values())) / 3
    return {"aftercare": rest, "oos_chitchat": rest, "thanks": rest, **given}


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("how much is it and how long does it take", ("how much is it", "how long does it take")),
        ("Where are you? Are you open on Monday?", ("Where are you", "Are you open on Monday?")),
        ("is it safe, does it hurt", ("is it safe", "does it hurt")),
        ("what do you charge plus can i park", ("what do you charge", "can i park")),
    ],
)
def test_a_message_is_cut_where_a_second_request_may_begin(text: str, cut: tuple[str, str]) -> None:
    assert cut in cuts(text)


@given(st.text(alphabet="ab ,.?!\n&-", max_size=120) | st.text(max_size=120))
@settings(deadline=None)
def test_halves_are_never_empty_and_never_invent_words(text: str) -> None:
    found = cuts(text)
    assert len(found) <= MOST_CUTS
    assert len(set(found)) == len(found)
    for left, right in found:
        assert text.startswith(left.strip()) or left in text
        assert right in text
        assert any(c.isalnum() or c == "_" for c in left)
        assert any(c.isalnum() or c == "_" for c in right)


def test_one_word_of_a_pair_is_no_second_message() -> None:
    assert cuts("headache") == []


def test_two_sure_halves_that_differ_are_two_requests() -> None:
    whole = shares(price=0.6, session_length=0.3)
    halves = [(shares(price=0.98), shares(session_length=0.97))]
    assert two_requests(whole, halves, SURE, NAMED) == ("price", "session_length")


@pytest.mark.parametrize(
    ("whole", "left", "right"),
    [
        (shares(price=0.9), shares(price=0.98), shares(price=0.98)),  # the same thing twice
        (shares(price=0.9), shares(price=0.98), shares(session_length=0.6)),  # the second half is a guess
        (shares(price=0.9), shares(greet=0.99), shares(price=0.98)),  # a greeting is no request
        (shares(price=0.9), shares(price=0.98), shares(oos_chitchat=0.99)),  # nothing that could be answered
        # the whole message says nothing of what its half would ask by itself
        ({**shares(price=0.9), "what_is_nmt": 0.0}, shares(price=0.98), shares(what_is_nmt=0.99)),
    ],
)
def test_other_halves_are_one_request(whole: Probabilities, left: Probabilities, right: Probabilities) -> None:
    assert two_requests({"session_length": 0.0, "greet": 0.0, **whole}, [(left, right)], SURE, NAMED) == ()


def test_the_clearest_cut_counts() -> None:
    whole = shares(price=0.4, insurance=0.3, opening_hours=0.2)
    halves = [
        (shares(price=0.92), shares(insurance=0.93)),
        (shares(price=0.99), shares(opening_hours=0.99)),
    ]
    assert two_requests(whole, halves, SURE, NAMED) == ("price", "opening_hours")


def test_a_sure_guess_is_acted_on_and_a_weak_one_asked_back() -> None:
    assert is_understood(shares(price=0.8), RULES)
    assert not is_understood({"stop": 0.3, "cancel_booking": 0.3, "price": 0.2, "oos_noise": 0.2}, RULES)


def test_a_topic_among_topics_needs_less() -> None:
    among_topics = {"does_it_hurt": 0.35, "is_it_safe": 0.33, "side_effects": 0.3, "oos_noise": 0.02}
    assert is_understood(among_topics, RULES)
    assert not is_understood({**among_topics, "is_it_safe": 0.2, "stop": 0.13}, RULES)


def test_what_may_be_out_of_the_field_needs_more() -> None:
    assert not is_understood({"headache_and_migraine": 0.6, "oos_medicine": 0.3, "side_effects": 0.1}, RULES)
    assert is_understood({"oos_medicine": 0.6, "headache_and_migraine": 0.4}, RULES)


@given(
    st.dictionaries(st.sampled_from(["price", "aftercare", "oos_noise", "stop"]), st.floats(0.01, 1.0), min_size=2),
    st.floats(0.0, 0.5),
)
@settings(deadline=None)
def test_more_weight_on_the_first_guess_never_makes_it_less_understood(raw: dict[str, float], more: float) -> None:
    total = sum(raw.values())
    said = {intent: value / total for intent, value in raw.items()}
    first = max(said, key=lambda intent: said[intent])
    surer = {intent: (value + (more if intent == first else 0)) / (1 + more) for intent, value in said.items()}
    if is_understood(said, RULES):
        assert is_understood(surer, RULES)


def test_a_message_that_says_too_little_leans_on_the_answer_before() -> None:
    alone = {"goodbye": 0.4, "soreness_after": 0.2, "reschedule": 0.4}
    after = {"goodbye": 0.05, "soreness_after": 0.9, "reschedule": 0.05}
    context = Context("Does it hurt", frozenset({"soreness_after"}))
    blended = leaning(alone, after, context, RULES)
    assert max(blended, key=lambda intent: blended[intent]) == "soreness_after"
    assert sum(blended.values()) == pytest.approx(1)


def test_a_message_that_stands_alone_does_not_lean() -> None:
    alone = {"price": 0.98, "session_length": 0.02}
    after = {"price": 0.1, "session_length": 0.9}
    assert leaning(alone, after, Context("How long", frozenset({"session_length"})), RULES) == alone
    assert leaning({"a": 0.5, "b": 0.5}, None, None, RULES) == {"a": 0.5, "b": 0.5}


def test_the_intents_of_the_domain_are_told_apart() -> None:
    def intents(name: str) -> list[str]:
        found: list[str] = yaml.safe_load((ROOT / "domain" / f"{name}.yml").read_text(encoding="utf-8"))["intents"]
        return found

    by_button = {"topic", "answer", "answers", "hold", "resume", "nlu_fallback"}
    assert all(is_topic(intent) for intent in intents("education") if intent not in by_button)
    others = [*intents("conversation"), *intents("booking"), *intents("screening")]
    assert not [intent for intent in others if is_topic(intent) and intent not in by_button]
