"""Small real programs that stand in for the roles."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import PREFIX, ROOT
from bot.supervisor import Probe, Role

MakeRole = Callable[..., Role]

# What each program does is in its name; `note` is a file it leaves a trace in.
PROGRAMS = {
    "steady": """
        note("started", os.getpid())
        signal.signal(signal.SIGTERM, lambda *_: (note("stopped", name), sys.exit(0)))
        print("hello from", name, flush=True)
        while True: signal.pause()
    """,
    "dying": """
        note("started", time.monotonic())
        print("cannot go on", flush=True)
        sys.exit(7)
    """,
    "stubborn": """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note("started", os.getpid())
        while True: signal.pause()
    """,
    "parent": """
        child = subprocess.Popen([sys.executable, "-c",
            "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"],
            stdout=subprocess.PIPE)
        child.stdout.readline()
        note("grandchild", child.pid)
        note("started", os.getpid())
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True: signal.pause()
    """,
}

_HEAD = """
import os, signal, subprocess, sys, time
name, folder = sys.argv[1:]
def note(kind, what):
    with open(os.path.join(folder, kind), "a") as file:
        file.write(f"{name} {what}\\n")
"""


@pytest.fixture
def notes(tmp_path: Path) -> Callable[[str], list[list[str]]]:
    """The traces the programs left, as [name, value] in order."""
    folder = tmp_path / "notes"
    folder.mkdir()

    def read(kind: str) -> list[list[str]]:
        path = folder / kind
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []

    return read


@pytest.fixture
def make_role(tmp_path: Path, notes: object) -> MakeRole:
    """Makes a role that runs one of the programs. It is up once it has left its first trace, if it is probed."""
    folder = tmp_path / "notes"

    def make(name: str, program: str, *, probe: Probe | None = None) -> Role:
        lines = [line.removeprefix("        ") for line in PROGRAMS[program].splitlines()]
        path = tmp_path / f"{program}.py"
        path.write_text(_HEAD + "\n".join(lines))

        async def has_started() -> bool:
            started = folder / "started"
            return started.exists() and any(line.startswith(f"{name} ") for line in started.read_text().splitlines())

        command = [sys.executable, "-S", str(path), name, str(folder)]
        return Role(name, command, dict(os.environ), probe or has_started)

    return make


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No NMT_* variable but a data directory of this test's own, which is returned."""
    for key in list(os.environ):
        if key.startswith(PREFIX):
            monkeypatch.delenv(key)
    data_dir = tmp_path / "data"
    monkeypatch.setenv("NMT_DATA_DIR", str(data_dir))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return data_dir
