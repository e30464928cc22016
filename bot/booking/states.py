"""The states of a booking request and the one table of what may follow what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a request stands."""

    PROVISIONAL = "provisional"  # waits for a written OK; no time is held
    REQUESTED = "requested"  # a time is held until `held_until`; staff have yet to confirm
    PROPOSED = "proposed"  # staff hold another time and wait for the client's word
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED_BY_CLIENT = "cancelled_by_client"
    CANCELLED_BY_CLINIC = "cancelled_by_clinic"
    EXPIRED = "expired"  # its time is no longer held; the client may choose another
    COMPLETED = "completed"
    NO_SHOW = "no_show"


class Action(StrEnum):
    """What can happen to a request."""

    CHOOSE = "choose"  # the client picks a time for a request that holds none
    CONFIRM = "confirm"
    DECLINE = "decline"
    PROPOSE = "propose"
    ACCEPT = "accept"  # the client takes the proposed time
    REFUSE = "refuse"  # the client does not
    EXPIRE = "expire"
    AWAIT_LETTER = "await_letter"  # staff need a written OK first
    REVIEW = "review"  # the client reported something new: staff have to look again
    CANCEL_CLIENT = "cancel_client"
    CANCEL_CLINIC = "cancel_clinic"
    COMPLETE = "complete"
    NO_SHOW = "no_show"


class TransitionError(Exception):
    """This cannot happen to a request in this state."""

    def __init__(self, state: State, action: Action) -> None:
        self.state = state
        self.action = action
        super().__init__(f"{action} is not possible for a request that is {state}")


TRANSITIONS: Mapping[State, Mapping[Action, State]] = {
    State.PROVISIONAL: {
        Action.CHOOSE: State.REQUESTED,
        Action.PROPOSE: State.PROPOSED,
        Action.DECLINE: State.DECLINED,
        Action.CANCEL_CLIENT: State.CANCELLED_BY_CLIENT,
        Action.CANCEL_CLINIC: State.CANCELLED_BY_CLINIC,
    },
    State.REQUESTED: {
        Action.CONFIRM: State.CONFIRMED,
        Action.PROPOSE: State.PROPOSED,
        Action.DECLINE: State.DECLINED,
        Action.EXPIRE: State.EXPIRED,
        Action.AWAIT_LETTER: State.PROVISIONAL,
        Action.REVIEW: State.REQUESTED,
        Action.CANCEL_CLIENT: State.CANCELLED_BY_CLIENT,
        Action.CANCEL_CLINIC: State.CANCELLED_BY_CLINIC,
    },
    State.PROPOSED: {
        Action.ACCEPT: State.REQUESTED,
        Action.REFUSE: State.EXPIRED,
        Action.CONFIRM: State.CONFIRMED,
        Action.PROPOSE: State.PROPOSED,
        Action.DECLINE: State.DECLINED,
        Action.EXPIRE: State.EXPIRED,
        Action.AWAIT_LETTER: State.PROVISIONAL,
        Action.REVIEW: State.REQUESTED,
        Action.CANCEL_CLIENT: State.CANCELLED_BY_CLIENT,
        Action.CANCEL_CLINIC: State.CANCELLED_BY_CLINIC,
    },
    State.CONFIRMED: {
        Action.PROPOSE: State.PROPOSED,
        Action.AWAIT_LETTER: State.PROVISIONAL,
        Action.REVIEW: State.REQUESTED,
        Action.CANCEL_CLIENT: State.CANCELLED_BY_CLIENT,
        Action.CANCEL_CLINIC: State.CANCELLED_BY_CLINIC,
        Action.COMPLETE: State.COMPLETED,
        Action.NO_SHOW: State.NO_SHOW,
    },
    State.EXPIRED: {
        Action.CHOOSE: State.REQUESTED,
        Action.PROPOSE: State.PROPOSED,
        Action.DECLINE: State.DECLINED,
        Action.AWAIT_LETTER: State.PROVISIONAL,
        Action.CANCEL_CLIENT: State.CANCELLED_BY_CLIENT,
        Action.CANCEL_CLINIC: State.CANCELLED_BY_CLINIC,
    },
    State.DECLINED: {},
    State.CANCELLED_BY_CLIENT: {},
    State.CANCELLED_BY_CLINIC: {},
    State.COMPLETED: {},
    State.NO_SHOW: {},
}

HOLDS_TIME = frozenset({State.REQUESTED, State.PROPOSED, State.CONFIRMED})
"""States in which the therapist's time is taken."""

WAITS = frozenset({State.REQUESTED, State.PROPOSED})
"""States whose time is only held for a while."""

OPEN = frozenset(state for state, actions in TRANSITIONS.items() if actions)
"""States in which something can still happen."""


def after(state: State, action: Action) -> State:
    """The state that follows.

    Raises:
        TransitionError: the table does not have it.
    """
    follower = TRANSITIONS[state].get(action)
    if follower is None:
        raise TransitionError(state, action)
    return follower
