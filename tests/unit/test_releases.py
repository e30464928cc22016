"""Roles use what was released, hear of the next release, and keep what they have when it cannot be used."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from bot import releases
from bot.knowledge import KnowledgeError
from bot.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data directory, and knowledge with one file."""
    knowledge = tmp_path / "knowledge"
    (knowledge / "topics").mkdir(parents=True)
    (knowledge / "topics" / "one.md").write_text("first", encoding="utf-8")
    return Settings(_env_file=None, data_dir=tmp_path / "data", knowledge_dir=knowledge)


def edit(settings: Settings, text: str) -> None:
    (settings.knowledge_dir / "topics" / "one.md").write_text(text, encoding="utf-8")


def said(settings: Settings) -> str:
    """What a role that starts now would say."""
    used = releases.released(settings, releases.current(settings))
    return (used.knowledge_dir / "topics" / "one.md").read_text(encoding="utf-8")


def state(settings: Settings, role: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((settings.run_dir / f"knowledge.{role}.json").read_text())
    return found


def test_without_a_release_the_folder_itself_is_used(settings: Settings) -> None:
    assert releases.current(settings) is None
    assert said(settings) == "first"


def test_an_edit_is_not_used_before_it_is_released(settings: Settings) -> None:
    releases.release(settings)
    edit(settings, "second")
    assert said(settings) == "first"
    releases.release(settings)
    assert said(settings) == "second"


def test_the_same_knowledge_has_the_same_name(settings: Settings) -> None:
    first = releases.release(settings)
    edit(settings, "second")
    assert releases.release(settings) != first
    edit(settings, "first")
    assert releases.release(settings) == first
    assert said(settings) == "first"


def test_a_release_that_is_gone_counts_as_none(settings: Settings) -> None:
    (settings.data_dir / "released").mkdir(parents=True)
    (settings.data_dir / "released" / "current").write_text("nowhere")
    assert releases.current(settings) is None


def test_old_releases_are_forgotten(settings: Settings) -> None:
    for number in range(releases.KEPT + 3):
        edit(settings, f"text {number}")
        releases.release(settings)
    folders = [path for path in (settings.data_dir / "released").iterdir() if path.is_dir()]
    assert len(folders) == releases.KEPT
    assert said(settings) == f"text {releases.KEPT + 2}"


def test_a_role_takes_each_release_once(settings: Settings) -> None:
    taken: list[str] = []
    first = releases.release(settings)
    watcher = releases.Watcher(
        "web", settings, first, lambda new: taken.append((new.knowledge_dir / "topics" / "one.md").read_text())
    )
    assert not watcher.look()
    edit(settings, "second")
    releases.release(settings)
    assert watcher.look()
    assert not watcher.look()
    assert taken == ["second"]
    assert state(settings, "web")["error"] is None


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            KnowledgeError("one.md", "title", "is missing", "Add it", line=3),
            "one.md, line 3: title: is missing. Add it",
        ),
        (RuntimeError("with words of a client"), "RuntimeError"),
    ],
)
def test_a_release_that_cannot_be_used_leaves_the_old(settings: Settings, error: Exception, told: str) -> None:
    def refuse(_new: Settings) -> None:
        raise error

    watcher = releases.Watcher("web", settings, releases.release(settings), refuse)
    edit(settings, "second")
    name = releases.release(settings)
    assert watcher.look()
    assert not watcher.look()  # not tried again and again
    assert state(settings, "web")["error"] == told
    assert [(one.role, one.error) for one in releases.wait_for_roles(settings, name, within_s=0)] == [("web", told)]


def test_running_roles_are_heard(settings: Settings) -> None:
    took = threading.Event()
    first = releases.release(settings)
    watcher = releases.Watcher("actions", settings, first, lambda _new: took.set())
    watcher.start()
    try:
        edit(settings, "second")
        name = releases.release(settings)
        assert took.wait(20)
        heard = releases.wait_for_roles(settings, name)
        assert [(one.role, one.error) for one in heard] == [("actions", None)]
    finally:
        watcher.stop()
    assert releases.wait_for_roles(settings, name) == []


def test_a_role_that_does_not_answer_is_named_and_a_dead_one_is_not(settings: Settings) -> None:
    first = releases.release(settings)
    releases.Watcher("web", settings, first, lambda _new: None)._tell(None)
    settings.run_dir.joinpath("knowledge.actions.json").write_text(
        json.dumps({"pid": 2**22 - 1, "release": first, "error": None})
    )
    edit(settings, "second")
    heard = releases.wait_for_roles(settings, releases.release(settings), within_s=0)
    assert [(one.role, one.error) for one in heard] == [("web", "does not answer")]
