"""A real rasa-sdk action server whose answers are fixed, so that only the engine is under test.

A message says in its metadata what the server shall do with it:
`gate` the value a gate gets, `end` the form is over, `fail` names of actions that break.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

# Older engine, newer SDK: known and measured to work.
warnings.filterwarnings("ignore", message="Your versions of rasa and rasa_sdk")

from rasa_sdk import Action, Tracker  # noqa: E402
from rasa_sdk.endpoint import create_app  # noqa: E402
from rasa_sdk.events import SlotSet  # noqa: E402
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher  # noqa: E402

CONSUMED = frozenset(
    ["answer", "answers", "back", "stop", "repeat", "why", "affirm", "deny", "unsure", "start_again", "book", "screen"]
)
GATES = {
    "action_screening_start": "screening_gate",
    "action_booking_start": "booking_gate",
    "action_reschedule": "booking_gate",
    "action_cancel_booking": "booking_gate",
    "action_screening_end": "next_flow",
    "action_booking_end": "next_flow",
    "action_resume": "next_flow",
    "action_affirm": "next_flow",
}
PLAIN = [
    "action_answer_topic",
    "action_answer_more",
    "action_greet",
    "action_goodbye",
    "action_thanks",
    "action_help",
    "action_person",
    "action_repeat",
    "action_why",
    "action_back",
    "action_stop",
    "action_start_again",
    "action_feedback",
    "action_my_data",
    "action_export_data",
    "action_delete_data",
    "action_deny",
    "action_unsure",
    "action_out_of_scope",
    "action_suggest",
    "action_hold",
    "action_my_booking",
    "action_loose_answer",
    "action_ask_screening_answer",
    "action_ask_booking_answer",
]


class Scripted(Action):
    """Says its own name and does what the message asks for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        wish = tracker.latest_message.get("metadata") or {}
        if self._name in str(wish.get("fail", "")).split():
            raise RuntimeError("broken on purpose")
        intent = tracker.latest_message["intent"]["name"]
        text = str(tracker.latest_message.get("text"))
        if self._name.startswith("validate_"):
            return self._validate(dispatcher, intent, wish)
        dispatcher.utter_message(text=self._name, json_message={"action": self._name, "intent": intent, "text": text})
        if self._name in GATES and "gate" in wish:
            return [SlotSet(GATES[self._name], wish["gate"])]
        return []

    def _validate(self, dispatcher: CollectingDispatcher, intent: str, wish: dict[str, Any]) -> list[dict[str, Any]]:
        if intent not in CONSUMED:
            return []
        slot = "screening_answer" if "screening" in self._name else "booking_answer"
        dispatcher.utter_message(text=self._name, json_message={"action": self._name, "intent": intent})
        return [SlotSet("requested_slot", None)] if wish.get("end") else [SlotSet(slot, None)]


def main(port: int, secret: str) -> None:
    """Serve on loopback."""
    executor = ActionExecutor()
    for name in [*PLAIN, *GATES, "validate_screening_form", "validate_booking_form"]:
        executor.register_action(Scripted(name))
    app = create_app(executor, cors_origins=[])

    @app.on_request
    async def only_the_engine(request: Any) -> Any:
        from sanic.response import text

        return None if request.headers.get("X-NMT-Secret") == secret else text("", status=401)

    app.run(host="127.0.0.1", port=port, single_process=True, access_log=False, motd=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
