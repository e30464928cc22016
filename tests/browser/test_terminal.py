"""The terminal chat against the same stand-in for the chat API."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bot.channels.terminal import chat as talk
from tests.browser.fake_chat import FakeChat, reply, served

CHECKLIST = {
    "id": "T2",
    "prompt": "Any of these?",
    "items": [{"id": f"T2.{number}", "text": f"Sign {number}"} for number in (2, 5)],
    "choices": ["yes", "no", "unsure"],
}


def answer(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    if body.get("text") == "list":
        return [reply("Any of these?\n1. Sign 2\n2. Sign 5", "question", buttons=["Why?"], checklist=CHECKLIST)]
    if body.get("text") == "which":
        follow_up = {"condition": None, "item": "T2.5", "number": 1, "choices": ["Lupus", "Gout"], "multiple": True}
        return [reply("Which?", "question", buttons=["Lupus", "Gout"], meta={"screening": {"follow_up": follow_up}})]
    if body.get("text") == "step":
        place = {"screening": {"index": 3, "total": 6, "follow_up": {"choices": ["mild", "not sure"]}}}
        text = "Step 3 of 6\n\nHow is it?\n\n1. mild\n2. not sure"
        return [reply(text, "question", buttons=["Mild", "Not sure"], meta=place)]
    if body.get("text") == "pain":
        return [reply("Call 911 now.", "emergency", links=[{"title": "Call 911", "url": "tel:911"}])]
    return [reply(f"I heard \x1b[2J{body.get('text')}")]


@pytest.fixture
def fake() -> FakeChat:
    return FakeChat(answer, [reply("Hello.", "menu", buttons=["About NMT", "Health questions"])])


@pytest.fixture
def url(fake: FakeChat) -> Iterator[str]:
    with served(fake) as base:
        yield base


def run(url: str, *lines: str) -> str:
    output = io.StringIO()
    assert talk(url, input=io.StringIO("".join(f"{line}\n" for line in lines)), output=output) == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "listener"]
    return output.getvalue()


def bodies(fake: FakeChat) -> list[dict[str, Any]]:
    return [{key: value for key, value in body.items() if key != "client_message_id"} for body in fake.received]


def test_numbers_press_buttons_and_words_are_words(url: str, fake: FakeChat) -> None:
    shown = run(url, "2", "2", "hello", "/quit", "never read")
    assert bodies(fake) == [{"payload": "payload of Health questions"}, {"text": "2"}, {"text": "hello"}]
    assert "[2] Health questions" in shown
    assert shown.count("I heard") == 3


def test_lines_are_answered_one_by_one(url: str, fake: FakeChat) -> None:
    shown = run(url, "list", "1 no, 2 not sure", "list", "2", "list", "3", "list", "none")
    assert bodies(fake)[1::2] == [
        {"answers": {"T2.2": "no", "T2.5": "unsure"}},
        {"text": "2"},
        {"payload": "payload of Why?"},
        {"text": "none"},
    ]
    assert "  2. Sign 5" in shown


def test_nothing_is_written_twice(url: str) -> None:
    shown = run(url, "step")
    assert shown.count("Step 3 of 6") == 1
    assert shown.lower().count("mild") == shown.lower().count("not sure") == 1


def test_several_numbers_where_several_may_fit(url: str, fake: FakeChat) -> None:
    run(url, "which", "1, 2")
    assert bodies(fake)[1] == {"text": "Lupus, Gout"}


def test_an_emergency_stands_out_without_colours_in_a_pipe(url: str) -> None:
    shown = run(url, "pain", "hello")
    assert "!! Call 911 now." in shown
    assert "!! Call 911: 911" in shown
    assert "\x1b" not in shown


def test_colours_only_on_a_terminal_that_wants_them(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured = Terminal()
    talk(url, input=io.StringIO("pain\n"), output=coloured)
    assert "\x1b[1;31m" in coloured.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    talk(url, input=io.StringIO("pain\n"), output=plain)
    assert "\x1b" not in plain.getvalue()


def test_the_team_appears_while_nobody_types(url: str, fake: FakeChat) -> None:
    output = io.StringIO()

    def read(_prompt: str, /) -> str:
        fake.say(reply("It can go ahead.", "notice"))
        for _ in range(100):
            if "It can go ahead." in output.getvalue():
                break
            threading.Event().wait(0.05)
        raise EOFError

    assert talk(url, input=read, output=output) == 0
    assert output.getvalue().count("It can go ahead.") == 1
    assert "Team:" in output.getvalue()


def test_a_lost_answer_is_asked_for_again_with_the_same_id(url: str, fake: FakeChat) -> None:
    fake.posts_to_lose_the_answer_of = 1
    shown = run(url, "hello")
    assert len(fake.received) == 2
    assert fake.received[0] == fake.received[1]
    assert shown.count("I heard") == 1


def test_what_is_refused_says_why_and_the_talk_goes_on(url: str, fake: FakeChat) -> None:
    shown = run(url, "too much", "1")
    assert "Not sent: That message is too long for me." in shown
    assert bodies(fake)[1] == {"payload": "payload of About NMT"}


def test_no_service_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.terminal.time.sleep", lambda _seconds: None)
    output = io.StringIO()
    assert talk("http://127.0.0.1:9", input=io.StringIO(""), output=output) == 1
    assert "Is the service running?" in output.getvalue()
