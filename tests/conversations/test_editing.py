"""The walk through docs/editing-knowledge.md on a running service: no conversation is lost, a mistake is refused."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import stack as running
from tests.stack import Client, Stack, wait_until

# One start and two trainings; on a crowded machine they take minutes.
pytestmark = [pytest.mark.timeout(1500)]

WHAT_TO_WEAR = Path("knowledge") / "topics" / "what_to_wear.md"
SENTENCE = "If anything makes you feel uneasy, tell the therapist."
QUESTIONS = """
    - do you work with cups
    - what is cupping
    - do you offer cupping therapy
    - can i have cupping at your clinic
    - does the therapist use suction cups
    - i want those round cup marks
    - is cupping part of the massage
    - glass cups on the back, do you do that
    - do you do fire cupping
    - how about cupping
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service that runs from a copy of the project, for its files to be edited."""
    root = running.copy_of_the_project(tmp_path_factory.mktemp("project"))
    yield from running.running(running.start(root / ".nmt", root))


class Crowd(threading.Thread):
    """Somebody who goes on asking while others edit."""

    def __init__(self, client: Client) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._enough = threading.Event()
        self.asked = 0
        self.lost: list[str] = []

    def run(self) -> None:
        while not self._enough.wait(0.3):
            answer = self._client.post(text="what is neuromuscular therapy?")
            self.asked += 1
            topics = [r["meta"].get("topic") for r in answer.json()["replies"]] if answer.status_code == 200 else []
            if "what_is_nmt" not in topics:
                self.lost.append(answer.text)

    def end(self) -> None:
        self._enough.set()
        self.join(timeout=60)


def edit(stack: Stack, file: Path, old: str, new: str) -> None:
    path = stack.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_changed_answer_and_a_new_topic_go_live_while_people_chat(own: Stack) -> None:
    in_the_middle = own.chat()
    in_the_middle.say("start the health questions")
    in_the_middle.press("I agree")
    somebody = own.chat()
    somebody.say("what should I wear?")
    assert SENTENCE in somebody.text
    crowd = Crowd(own.chat())
    crowd.start()
    try:
        made = own.cli("knowledge", "new", "cupping", "--title", "Cupping", "--group", "practical")
        assert made.returncode == 0, made.stderr
        with (own.root / "knowledge" / "topics" / "cupping.md").open("a", encoding="utf-8") as answer:
            answer.write("No, we do not offer cupping. Your therapist works with hands only.\n")
        with (own.root / "data" / "nlu" / "education" / "practical.yml").open("a", encoding="utf-8") as examples:
            examples.write(QUESTIONS.lstrip("\n"))
        edit(own, WHAT_TO_WEAR, SENTENCE, "Tell the therapist if anything makes you feel uneasy.")
        somebody.say("what should I wear?")
        assert SENTENCE in somebody.text  # not before it is taken live
        trained = own.cli("train")
    finally:
        crowd.end()
    assert trained.returncode == 0, trained.stdout + trained.stderr
    for line in ("actions    uses the new texts", "web        uses the new texts", "engine     uses the new model"):
        assert line in trained.stdout
    assert crowd.asked > 0
    assert crowd.lost == []
    somebody.say("what is cupping therapy?")
    assert somebody.found("topic") == "cupping"
    assert "hands only" in somebody.text
    somebody.say("what should I wear?")
    assert "Tell the therapist if anything makes you feel uneasy." in somebody.text
    in_the_middle.say("what is cupping?")
    assert in_the_middle.replies[0]["meta"]["topic"] == "cupping"
    in_the_middle.answer("T2")
    assert in_the_middle.last["checklist"]["id"] == "T3"


def test_a_mistake_is_refused_and_everything_stays_even_over_a_restart(own: Stack) -> None:
    edit(own, WHAT_TO_WEAR, "title: What to wear", "titel: What to wear")
    edit(own, Path("data") / "nlu" / "education" / "practical.yml", "    - what is cupping\n", "    what is cupping\n")
    client = own.chat()
    client.say("what should I wear?")
    assert client.found("topic") == "what_to_wear"
    trained = own.cli("train")
    assert trained.returncode == 1
    line = 1 + (own.root / WHAT_TO_WEAR).read_text(encoding="utf-8").splitlines().index(
        "titel: What to wear and how you are covered"
    )
    assert f"what_to_wear.md, line {line}: titel: is not a key of a topic. Use one of:" in trained.stderr
    assert "is no example. Begin the line with `- `." in trained.stderr
    assert "Nothing was changed" in trained.stderr
    for role in ("actions", "engine"):
        before = own.pid_of(role)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda role=role, before=before: _new(own, role, before), f"{role} to start again", 180, 0.2)  # type: ignore[misc]
    wait_until(lambda: own.ready().get("code") == 200, "the service to be ready again", 180, 0.2)
    client.say("what should I wear?")
    assert client.found("topic") == "what_to_wear"
    client.say("what is cupping therapy?")
    assert client.found("topic") == "cupping"


def _new(stack: Stack, role: str, before: int) -> bool:
    try:
        return stack.pid_of(role) != before
    except (TypeError, KeyError):
        return False
