"""The real engine as a process, a scripted action server beside it, and a client for both."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGINE_PYTHON = Path(os.environ.get("NMT_ENGINE_PYTHON", ROOT / ".venv" / "engine" / "bin" / "python"))
ENGINE_SECRET = "engine-secret-of-the-tests"
ACTIONS_SECRET = "actions-secret-of-the-tests"
READY_WITHIN = 180.0


def free_port() -> int:
    """A loopback port nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_engine_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run something in the engine's own Python."""
    return subprocess.run(
        [str(ENGINE_PYTHON), *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class Engine:
    """A running engine."""

    def __init__(self, folder: Path, actions_url: str) -> None:
        self.database = f"sqlite:///{folder / 'engine.sqlite3'}"
        self._log = folder / "engine.log"
        self._actions_url = actions_url
        self._process: subprocess.Popen[bytes] | None = None
        self.client: httpx.Client
        self.url = ""
        self.seconds_to_ready = 0.0
        self._numbers = itertools.count(1)

    def start(self) -> None:
        """Start and wait until it answers."""
        self.client = httpx.Client(timeout=30)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/webhooks/service"
        environment = {
            **os.environ,
            "NMT_ENGINE_PORT": str(port),
            "NMT_ENGINE_SECRET": ENGINE_SECRET,
            "NMT_ACTIONS_URL": self._actions_url,
            "NMT_ACTIONS_SECRET": ACTIONS_SECRET,
            "NMT_ENGINE_DATABASE_URL": self.database,
        }
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(ENGINE_PYTHON), "-m", "bot.engine.server"], cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        while time.monotonic() - began < READY_WITHIN:
            if self._process.poll() is not None:
                raise AssertionError(f"the engine ended with {self._process.returncode}:\n{self.log}")
            try:
                if self.request("GET", "/ready").status_code == 200:
                    self.seconds_to_ready = time.monotonic() - began
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the engine was not ready within {READY_WITHIN} s:\n{self.log}")

    def stop(self) -> int:
        """Ask it to end as a supervisor does; returns its exit code."""
        self.client.close()
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(timeout=30)

    @property
    def log(self) -> str:
        """Everything it printed."""
        return self._log.read_text(errors="replace")

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request with the right secret."""
        headers = {"X-NMT-Secret": ENGINE_SECRET, **options.pop("headers", {})}
        return self.client.request(method, self.url + path, headers=headers, **options)

    def send(self, conversation: str, text: str, **wish: Any) -> httpx.Response:
        """One message of a client, with a number of its own."""
        number = f"m{next(self._numbers)}"
        body = {"conversation_id": conversation, "text": text, "metadata": {"message_id": number, **wish}}
        return self.request("POST", "/messages", json=body)

    def say(self, conversation: str, text: str, **wish: Any) -> list[str]:
        """Names of the actions that spoke."""
        answer = self.send(conversation, text, **wish)
        assert answer.status_code == 200, answer.text
        return [message["text"] for message in answer.json()["messages"]]


@pytest.fixture(scope="session")
def model() -> str:
    """An up-to-date model; training takes under a minute and only happens after a change."""
    assert ENGINE_PYTHON.exists(), f"The engine's Python is missing at {ENGINE_PYTHON}."
    trained = run_engine_python("-m", "bot.engine.train")
    assert trained.returncode == 0, trained.stdout + trained.stderr
    return trained.stdout


@pytest.fixture(scope="session")
def actions_url() -> Iterator[str]:
    """The scripted action server."""
    port = free_port()
    script = Path(__file__).with_name("action_server.py")
    process = subprocess.Popen([sys.executable, str(script), str(port), ACTIONS_SECRET])
    try:
        for _ in range(300):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def engine(model: str, actions_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for all tests; every test uses a conversation of its own."""
    running = Engine(tmp_path_factory.mktemp("engine"), actions_url)
    running.start()
    try:
        yield running
    finally:
        assert running.stop() == 0, running.log
