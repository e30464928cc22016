"""Forms, interruptions, hand-overs and fallbacks, through the real engine."""

from __future__ import annotations

import pytest

from .conftest import Engine

# Training and starts are counted in a test's time; on a crowded machine they take minutes.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

ASK = "action_ask_screening_answer"
TOPIC = "action_answer_topic"


def start_screening(engine: Engine, conversation: str) -> None:
    """Open the health questions."""
    assert engine.say(conversation, "/screen", gate="open") == ["action_screening_start", ASK]


def test_each_answer_is_judged_once_and_leads_to_the_next_question(engine: Engine) -> None:
    start_screening(engine, "loop")
    for _ in range(4):
        assert engine.say("loop", "/answer") == ["validate_screening_form", ASK]


def test_the_message_that_opens_a_form_is_never_taken_for_an_answer(engine: Engine) -> None:
    # `affirm` would be consumed by the validation if it were asked
    said = engine.say("opening", "/affirm", gate="screening")
    assert said == ["action_affirm", ASK]


def test_five_interruptions_in_a_row_each_answered_and_followed_by_the_same_question(engine: Engine) -> None:
    start_screening(engine, "faq")
    for intent in ("what_is_nmt", "does_it_hurt", "price", "help", "greet"):
        said = engine.say("faq", f"/{intent}")
        assert len(said) == 2
        assert said[1] == ASK
    assert engine.say("faq", "/answer") == ["validate_screening_form", ASK]


def test_typed_questions_interrupt_a_form_too(engine: Engine) -> None:
    start_screening(engine, "typed")
    for _ in range(5):
        assert engine.say("typed", "What is neuromuscular therapy?") == [TOPIC, ASK]


@pytest.mark.parametrize("act", ["back", "stop", "repeat", "why", "affirm", "deny", "unsure", "start_again", "book"])
def test_acts_that_belong_to_the_form_reach_it(engine: Engine, act: str) -> None:
    conversation = f"act-{act}"
    start_screening(engine, conversation)
    assert engine.say(conversation, f"/{act}") == ["validate_screening_form", ASK]


def test_back_outside_a_form_is_our_own_action(engine: Engine) -> None:
    assert engine.say("back-outside", "/greet") == ["action_greet"]
    assert engine.say("back-outside", "/back") == ["action_back"]
    assert engine.say("back-outside", "/thanks") == ["action_thanks"]


def test_the_end_of_the_screening_hands_over_to_the_booking(engine: Engine) -> None:
    start_screening(engine, "handover")
    said = engine.say("handover", "/answer", end=True, gate="booking")
    assert said == ["validate_screening_form", "action_screening_end", "action_ask_booking_answer"]
    assert engine.say("handover", "/affirm") == ["validate_booking_form", "action_ask_booking_answer"]
    assert engine.say("handover", "/affirm", end=True) == ["validate_booking_form", "action_booking_end"]
    assert engine.say("handover", "/affirm") == ["action_affirm"]


def test_the_booking_asks_for_the_screening_and_back(engine: Engine) -> None:
    assert engine.say("needs", "/book", gate="screen") == ["action_booking_start", ASK]
    said = engine.say("needs", "/answer", end=True, gate="booking")
    assert said[-1] == "action_ask_booking_answer"
    said = engine.say("needs", "/answer", end=True, gate="screening")
    assert said == ["validate_booking_form", "action_booking_end", ASK]


@pytest.mark.parametrize(("intent", "gate"), [("screen", "closed"), ("book", "closed"), ("reschedule", "closed")])
def test_a_closed_gate_opens_no_form(engine: Engine, intent: str, gate: str) -> None:
    conversation = f"closed-{intent}"
    assert len(engine.say(conversation, f"/{intent}", gate=gate)) == 1
    assert engine.say(conversation, "/answer") == ["action_loose_answer"]


def test_an_open_gate_of_an_earlier_turn_counts_no_more(engine: Engine) -> None:
    start_screening(engine, "stale")
    engine.say("stale", "/answer", end=True)
    # this time the action sets no gate at all
    assert engine.say("stale", "/screen") == ["action_screening_start"]
    assert engine.say("stale", "/answer") == ["action_loose_answer"]


def test_moving_a_booking_opens_the_booking_form(engine: Engine) -> None:
    assert engine.say("move", "/reschedule", gate="open") == ["action_reschedule", "action_ask_booking_answer"]
    assert engine.say("cancel", "/cancel_booking") == ["action_cancel_booking"]


def test_hold_closes_the_form_and_resume_may_open_it_again(engine: Engine) -> None:
    start_screening(engine, "hold")
    assert engine.say("hold", "/hold") == ["action_hold"]
    assert engine.say("hold", "/answer") == ["action_loose_answer"]
    assert engine.say("hold", "/hold") == ["action_hold"]
    assert engine.say("hold", "/resume", gate="screening") == ["action_resume", ASK]
    assert engine.say("hold", "/answer") == ["validate_screening_form", ASK]


def test_hold_closes_the_form_even_when_the_action_server_fails(engine: Engine) -> None:
    start_screening(engine, "hold-broken")
    broken = engine.send("hold-broken", "/hold", fail="action_hold validate_screening_form")
    assert broken.status_code == 500
    assert engine.say("hold-broken", "/answer") == ["action_loose_answer"]


def test_what_is_not_understood_is_answered_in_and_out_of_a_form(engine: Engine) -> None:
    assert engine.say("fallback", "/nlu_fallback") == ["action_suggest"]
    start_screening(engine, "fallback")
    assert engine.say("fallback", "/nlu_fallback") == ["action_suggest", ASK]
    assert engine.say("fallback", "/answer") == ["validate_screening_form", ASK]


def test_out_of_scope_is_answered_in_and_out_of_a_form(engine: Engine) -> None:
    for kind in ("diagnosis", "medicine", "other_business", "chitchat", "abuse", "injection", "language", "noise"):
        assert engine.say("oos", f"/oos_{kind}") == ["action_out_of_scope"]
    start_screening(engine, "oos")
    assert engine.say("oos", "/oos_chitchat") == ["action_out_of_scope", ASK]


def test_a_conversation_of_many_turns_keeps_its_form(engine: Engine) -> None:
    start_screening(engine, "long")
    for turn in range(40):
        if turn % 3 == 0:
            assert engine.say("long", "/price") == [TOPIC, ASK]
        else:
            assert engine.say("long", "/answer") == ["validate_screening_form", ASK]
