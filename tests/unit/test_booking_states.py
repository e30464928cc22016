"""The table of transitions: what it has is possible, everything else is refused."""

from __future__ import annotations

import itertools

import pytest

from bot.booking.states import HOLDS_TIME, OPEN, TRANSITIONS, WAITS, Action, State, TransitionError, after

EVERY = list(itertools.product(State, Action))


def test_every_state_has_its_row() -> None:
    assert set(TRANSITIONS) == set(State)


@pytest.mark.parametrize(("state", "action"), EVERY)
def test_the_table_is_the_whole_truth(state: State, action: Action) -> None:
    if action in TRANSITIONS[state]:
        assert after(state, action) is TRANSITIONS[state][action]
    else:
        with pytest.raises(TransitionError) as caught:
            after(state, action)
        assert (caught.value.state, caught.value.action) == (state, action)


def test_what_is_over_stays_over() -> None:
    over = {
        State.DECLINED, State.CANCELLED_BY_CLIENT, State.CANCELLED_BY_CLINIC, State.COMPLETED, State.NO_SHOW,
    }  # fmt: skip
    assert set(State) - over == OPEN
    assert not over & HOLDS_TIME


def test_only_a_request_with_a_time_can_be_confirmed() -> None:
    assert {state for state in State if Action.CONFIRM in TRANSITIONS[state]} == WAITS
    assert WAITS < HOLDS_TIME
    reached = {state for state, action in EVERY if TRANSITIONS[state].get(action) is State.CONFIRMED}
    assert reached == WAITS


def test_an_open_request_can_always_be_cancelled_by_the_client() -> None:
    for state in OPEN:
        assert after(state, Action.CANCEL_CLIENT) is State.CANCELLED_BY_CLIENT


def test_only_a_confirmed_visit_can_have_taken_place() -> None:
    for action in (Action.COMPLETE, Action.NO_SHOW):
        assert {state for state in State if action in TRANSITIONS[state]} == {State.CONFIRMED}
