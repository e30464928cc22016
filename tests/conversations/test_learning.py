"""What was not understood or did not help reaches the people who keep the knowledge, and nothing else does."""

from __future__ import annotations

import uuid
from typing import Any

import httpx

from tests.stack import Stack


def listed(staff: httpx.Client) -> dict[str, dict[str, Any]]:
    answer = staff.get("/questions")
    assert answer.status_code == 200
    return {text: group for group in answer.json()["questions"] for text in group["examples"]}


def test_a_thumb_down_and_a_miss_become_examples_and_answers_about_health_do_not(
    stack: Stack, staff: httpx.Client
) -> None:
    mark = uuid.uuid4().hex[:6]
    miss = f"zorblax {mark} wibble quandle"
    client = stack.chat()
    client.say("what should I wear to my session?")
    assert client.found("topic") == "what_to_wear"
    client.press("That didn't help")
    client.say(miss)
    health = f"flarbo {mark} since tuesday"
    client.say("start the health questions")
    client.press("I agree")
    client.say(health)
    client.say("my chest hurts badly and I cannot breathe")
    found = listed(staff)
    assert found["what should I wear to my session?"]["kinds"] == ["unhelpful"]
    assert found["what should I wear to my session?"]["suggestions"] == ["what_to_wear"]
    assert found[miss]["kinds"] == ["missed"]
    assert not [text for text in found if health in text or "chest" in text]
    ids = found[miss]["ids"]
    assert staff.post("/questions/mark", json={"ids": ids, "label": "oos_noise"}).json() == {"marked": len(ids)}
    assert miss not in listed(staff)
    exported = stack.cli("knowledge", "export")
    assert exported.returncode == 0, exported.stderr
    (file,) = (stack.data_dir / "exports").glob("*.yml")
    assert f"- {miss}\n" in file.read_text(encoding="utf-8")
