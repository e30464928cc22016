"""Two requests, near misses and misses, from what the engine understood to what is said."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from rasa_sdk import Tracker

from actions import _turn
from actions._turn import Done, TurnAction
from actions.booking import CancelBooking
from actions.conversation import MyData, Thanks
from actions.education import AnswerTopic, OutOfScope, Suggest
from bot.context import Context
from bot.settings import Settings
from bot.store import Database, conversations
from bot.store.models import Conversation


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return Context.load(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("known")))


@pytest.fixture
def context(known: Context, database: Database, monkeypatch: pytest.MonkeyPatch) -> Context:
    made = replace(known, database=database)
    monkeypatch.setattr(_turn, "_context", made)
    return made


@pytest.fixture
def conversation(context: Context, database: Database) -> str:
    with database.session() as session:
        made, _ = conversations.create(session, "web", "en-GB")
        return made.id


def turn(
    context: Context, conversation: str, action: TurnAction, intent: str, text: str = "a question", **heard: Any
) -> Done:
    """One turn as the engine hands it over; `heard` is what it understood beside the intent."""
    with context.database.session() as session:
        uid = conversations.add_client_message(session, conversation, text, str(uuid.uuid4()), None).uid
    latest = {"intent": {"name": intent, "confidence": 0.8}, "metadata": {"message_id": uid}, **heard}
    loop = {"name": "screening_form"} if heard.get("in_form") else {}
    tracker = Tracker(conversation, {}, latest, [], False, None, loop, "action_listen")
    return action._in_transaction(tracker)


def ranking(**shares: float) -> list[dict[str, Any]]:
    return [{"name": name, "confidence": share} for name, share in shares.items()]


def answered(done: Done) -> list[str]:
    return [str(reply.meta["topic"]) for reply in done.replies if "topic" in reply.meta]


def titles(done: Done) -> list[str]:
    return [button.title for reply in done.replies for button in reply.buttons]


def test_two_topics_are_both_answered_and_the_last_one_is_remembered(context: Context, conversation: str) -> None:
    done = turn(context, conversation, AnswerTopic(), "price", also="session_length")
    assert answered(done) == ["price", "session_length"]
    assert not done.replies[0].buttons
    assert done.replies[1].buttons
    with context.database.session() as session:
        assert session.get_one(Conversation, conversation).context["topic"] == "session_length"


def test_an_act_beside_a_topic_is_offered_as_a_button(context: Context, conversation: str) -> None:
    done = turn(context, conversation, AnswerTopic(), "does_it_hurt", also="cancel_booking")
    assert answered(done) == ["does_it_hurt"]
    assert dict(done.replies[-1].buttons[0].do) == {"do": "intent", "intent": "cancel_booking"}


def test_the_second_of_two_acts_is_offered(context: Context, conversation: str) -> None:
    done = turn(context, conversation, CancelBooking(), "cancel_booking", also="delete_data")
    assert done.replies[-1].buttons[0].do["intent"] == "delete_data"


def test_booking_and_health_questions_lead_to_each_other_by_themselves(context: Context, conversation: str) -> None:
    with context.database.session() as session:
        message = conversations.add_client_message(session, conversation, "both", None, None)
        row = session.get_one(Conversation, conversation)
        both = _turn.Turn(session, row, message, "screen", 0.9, (), False, False, also="book")
        assert _turn.second_request(both) == ()
        assert _turn.second_request(replace(both, intent="price"))


def test_what_may_have_been_meant_comes_first_among_the_buttons(context: Context, conversation: str) -> None:
    near = ranking(is_it_safe=0.5, side_effects=0.4, price=0.01)
    done = turn(context, conversation, AnswerTopic(), "is_it_safe", intent_ranking=near)
    assert done.replies[0].meta["suggestions"] == ["side_effects"]
    assert context.topics["side_effects"].title in titles(done)
    assert context.topics["price"].title not in titles(done)


def test_a_topic_that_may_have_been_meant_stands_below_an_act(context: Context, conversation: str) -> None:
    near = ranking(my_data=0.6, privacy_and_data=0.25, export_data=0.1)
    done = turn(context, conversation, MyData(), "my_data", intent_ranking=near)
    assert done.replies[-1].meta["suggestions"] == ["privacy_and_data"]
    assert dict(done.replies[-1].buttons[0].do) == {"do": "topic", "topic": "privacy_and_data"}
    sure = turn(context, conversation, MyData(), "my_data", intent_ranking=ranking(my_data=0.99, price=0.001))
    assert all("suggestions" not in reply.meta for reply in sure.replies)


def test_what_is_not_our_field_may_be_near_it(context: Context, conversation: str) -> None:
    near = ranking(oos_medicine=0.6, instead_of_painkillers=0.3, medications_and_massage=0.1)
    done = turn(context, conversation, OutOfScope(), "oos_medicine", intent_ranking=near)
    wanted = ["instead_of_painkillers", "medications_and_massage"]
    assert titles(done)[:2] == [context.topics[name].title for name in wanted]
    assert len(titles(done)) == len(set(titles(done)))
    injected = ranking(oos_injection=0.6, price=0.3)
    refused = turn(context, conversation, OutOfScope(), "oos_injection", intent_ranking=injected)
    assert context.topics["price"].title not in titles(refused)


def test_a_second_topic_that_may_be_meant_is_offered_first(context: Context, conversation: str) -> None:
    near = ranking(is_it_safe=0.9, side_effects=0.1)
    done = turn(context, conversation, AnswerTopic(), "is_it_safe", intent_ranking=near, perhaps="price")
    assert done.replies[0].meta["suggestions"] == ["price", "side_effects"]


def test_a_sure_answer_suggests_nothing_else(context: Context, conversation: str) -> None:
    done = turn(context, conversation, AnswerTopic(), "price", intent_ranking=ranking(price=0.99, insurance=0.01))
    assert "suggestions" not in done.replies[0].meta


def test_a_miss_offers_the_nearest_topics_and_the_nearest_act(context: Context, conversation: str) -> None:
    near = ranking(cancel_booking=0.4, cancellation_policy=0.3, price=0.1, insurance=0.05, aftercare=0.01)
    done = turn(context, conversation, Suggest(), "nlu_fallback", intent_ranking=near)
    assert done.replies[0].meta["suggestions"] == ["cancellation_policy", "price", "insurance"]
    assert "Cancel the visit" in titles(done)
    assert "Talk to a person" in titles(done)


def test_the_third_miss_in_a_row_offers_a_person(context: Context, conversation: str) -> None:
    turn(context, conversation, Suggest(), "nlu_fallback")
    turn(context, conversation, OutOfScope(), "oos_noise")
    done = turn(context, conversation, Suggest(), "nlu_fallback")
    assert done.replies[0].text == context.wording.text("third_miss")
    again = turn(context, conversation, Suggest(), "nlu_fallback")
    assert again.replies[0].text != context.wording.text("third_miss")


def test_the_third_noise_in_a_row_offers_a_person(context: Context, conversation: str) -> None:
    for _ in range(2):
        turn(context, conversation, OutOfScope(), "oos_noise")
    done = turn(context, conversation, OutOfScope(), "oos_noise")
    assert done.replies[0].text == context.wording.text("third_miss")


@pytest.mark.parametrize("intent", ["thanks", "oos_chitchat"])
def test_an_understood_message_ends_the_row_of_misses(context: Context, conversation: str, intent: str) -> None:
    for _ in range(2):
        turn(context, conversation, Suggest(), "nlu_fallback")
    turn(context, conversation, OutOfScope() if intent.startswith("oos") else Thanks(), intent)
    done = turn(context, conversation, Suggest(), "nlu_fallback")
    assert done.replies[0].text != context.wording.text("third_miss")
