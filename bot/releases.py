"""What the running roles know: a copy of `knowledge/` that was found in order, and how they hear of the next one.

A file that is being edited is no business of a running role, nor of one that starts again after a fault: every role
reads the copy that was released last. `nmt run` and `nmt train` release, after they have checked everything.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot.knowledge import KnowledgeError
from bot.settings import Settings

logger = logging.getLogger(__name__)

PACE_S = 0.5
KEPT = 3
_CURRENT = "current"


def release(settings: Settings) -> str:
    """Make the present knowledge what the roles use. Check it first. Returns the name of the release."""
    name = _print_of(settings.knowledge_dir)
    folder = _folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).exists():
        partial = folder / f".{name}-{os.getpid()}"
        shutil.copytree(settings.knowledge_dir, partial)
        try:
            partial.rename(folder / name)
        except OSError:  # somebody else released the same a moment ago
            shutil.rmtree(partial, ignore_errors=True)
    (folder / name).touch()
    _write(folder / _CURRENT, name)
    _forget_old(folder, name)
    return name


def current(settings: Settings) -> str | None:
    """The name of the release in force; None where nothing was ever released."""
    try:
        name = (_folder(settings) / _CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return name if (_folder(settings) / name).is_dir() else None


def released(settings: Settings, name: str | None) -> Settings:
    """The settings with the knowledge of a release; without one, of the folder itself."""
    if name is None:
        return settings
    return settings.model_copy(update={"knowledge_dir": _folder(settings) / name})


class Watcher:
    """Has a role take every new release, in a thread of its own. A release that cannot be taken leaves the old one."""

    def __init__(self, role: str, settings: Settings, name: str | None, take: Callable[[Settings], None]) -> None:
        self._role = role
        self._settings = settings
        self._name = name
        self._take = take
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="knowledge", daemon=True)

    def start(self) -> None:
        self._tell(None)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)
        _state_file(self._settings, self._role).unlink(missing_ok=True)

    def look(self) -> bool:
        """Take a release that is new. Returns whether there was one."""
        name = current(self._settings)
        if name is None or name == self._name:
            return False
        self._name = name
        try:
            self._take(released(self._settings, name))
        except KnowledgeError as error:
            self._tell(str(error))
            logger.error("Release %s cannot be used, the one before stays: %s", name, error)
        except Exception as error:  # the role goes on with what it has
            self._tell(type(error).__name__)
            logger.error("Release %s cannot be used, the one before stays.", name, exc_info=error)
        else:
            self._tell(None)
            logger.info("Release %s is in use.", name)
        return True

    def _run(self) -> None:
        while not self._stop.wait(PACE_S):
            try:
                self.look()
            except OSError as error:
                logger.error("The released knowledge cannot be read: %s", type(error).__name__)

    def _tell(self, error: str | None) -> None:
        state = {"pid": os.getpid(), "release": self._name, "error": error}
        path = _state_file(self._settings, self._role)
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(state))


@dataclass(frozen=True, slots=True)
class Heard:
    """What a running role made of a release: `error` is None where it uses it."""

    role: str
    error: str | None


def wait_for_roles(settings: Settings, name: str, within_s: float = 30.0) -> list[Heard]:
    """What every running role made of a release, as soon as all have said; those that do not say in time say so."""
    deadline = time.monotonic() + within_s
    while True:
        states = _states(settings)
        late = [role for role, state in states.items() if state["release"] != name]
        if not late or time.monotonic() > deadline:
            return [
                Heard(role, "does not answer" if role in late else _text(state["error"]))
                for role, state in sorted(states.items())
            ]
        time.sleep(0.1)


def _states(settings: Settings) -> dict[str, dict[str, object]]:
    found = {}
    for path in settings.run_dir.glob("knowledge.*.json"):
        state = json.loads(path.read_text(encoding="utf-8"))
        if _is_alive(int(state["pid"])):
            found[path.name.split(".")[1]] = state
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _folder(settings: Settings) -> Path:
    return settings.data_dir / "released"


def _state_file(settings: Settings, role: str) -> Path:
    return settings.run_dir / f"knowledge.{role}.json"


def _print_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:20]


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}-{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _forget_old(folder: Path, newest: str) -> None:
    others = [path for path in folder.iterdir() if path.is_dir() and path.name != newest and path.name[0] != "."]
    for path in sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


__all__ = ["Heard", "Watcher", "current", "release", "released", "wait_for_roles"]
