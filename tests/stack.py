"""The whole service as real processes on loopback, and a client of its chat API, for tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
SHARED_DATA = ROOT / ".nmt"
START_DEADLINE_S = 300
_clock = threading.Event()  # never set: waiting on it lets other processes work


def wait_until[T](look: Callable[[], T | None], what: str, deadline_s: float = 30, pace_s: float = 0.05) -> T:
    """Look again and again until there is something to see."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        _clock.wait(pace_s)
    raise AssertionError(f"waited {deadline_s} s for {what}")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@dataclass
class Stack:
    """A running service."""

    data_dir: Path
    env: dict[str, str]
    process: subprocess.Popen[bytes]
    url: str
    opened: list[httpx.Client] = field(default_factory=list)
    root: Path = ROOT

    def chat(self, **body: Any) -> Client:
        """A new conversation."""
        client = Client.begin(self.url, body)
        self.opened.append(client.http)
        return client

    def cli(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `./nmt` against this service's data."""
        return subprocess.run(
            [str(self.root / "nmt"), *arguments],
            env=self.env,
            cwd=self.root,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=400,
        )

    def staff(self, role: str = "owner") -> httpx.Client:
        """A client of the staff API, with an account and a token made by the command line."""
        email = f"{role}-{uuid.uuid4().hex[:8]}@willowlane.example"
        made = self.cli("staff", "add", email, "--role", role, "--password-stdin", stdin="a long pass phrase 7!")
        assert made.returncode == 0, made.stderr
        token = self.cli("staff", "token", email)
        assert token.returncode == 0, token.stderr
        return httpx.Client(
            base_url=f"{self.url}/api/v1/staff",
            headers={"Authorization": f"Bearer {token.stdout.strip().splitlines()[-1]}"},
            trust_env=False,
            timeout=30,
        )

    def pid_of(self, role: str) -> int:
        roles = json.loads((self.data_dir / "run" / "roles.json").read_text())
        return int(roles[role]["pid"])

    def ready(self, path: str = "/readyz") -> dict[str, Any]:
        """What /readyz says; empty while nobody answers."""
        try:
            answer = httpx.get(self.url + path, trust_env=False, timeout=5)
        except httpx.HTTPError:
            return {}
        return {"code": answer.status_code, **answer.json()}

    def stop(self) -> None:
        for http in self.opened:
            http.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=40)


def copy_of_the_project(folder: Path) -> Path:
    """A copy to edit and run: the files of this one, its runtimes, and in `.nmt` its newest model."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    train()
    for part in ("models", "cache"):
        shutil.copytree(SHARED_DATA / part, folder / ".nmt" / part)
    return folder


def start(
    data_dir: Path, root: Path = ROOT, within_s: float = START_DEADLINE_S, up: str = "/readyz", **settings: str
) -> Stack:
    """Start the service as `nmt run` does and wait until every part is up; with /healthz, until the web answers."""
    data_dir.mkdir(parents=True, exist_ok=True)
    models = data_dir / "models"
    if not models.exists():
        train()
        models.symlink_to(SHARED_DATA / "models")
    web, engine, actions = free_ports(3)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("NMT_")}
    env = kept | {
        "NMT_PORT": str(web),
        "NMT_ENGINE_PORT": str(engine),
        "NMT_ACTIONS_PORT": str(actions),
        "NMT_DATA_DIR": str(data_dir),
        "NMT_RATE_LIMITS": "off",
        **settings,
    }
    with (data_dir / "run.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "run"],
            cwd=root,
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    stack = Stack(data_dir, env, process, f"http://127.0.0.1:{web}", root=root)

    def is_up() -> bool:
        assert process.poll() is None, (data_dir / "run.log").read_text()
        return stack.ready(up).get("code") == 200

    try:
        wait_until(is_up, "the service to be ready", within_s, 0.2)
    except BaseException:
        stack.stop()
        raise
    return stack


def train() -> None:
    """Have the model ready in the shared data directory; nothing happens when it is."""
    env = {**os.environ, "NMT_DATA_DIR": str(SHARED_DATA)}
    done = subprocess.run([str(ROOT / "nmt"), "train"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass
class Client:
    """A person at the chat API: says things, presses buttons, answers lists, and sees the replies."""

    http: httpx.Client
    id: str
    token: str
    replies: list[dict[str, Any]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)

    @staticmethod
    def begin(url: str, body: Mapping[str, Any] | None = None) -> Client:
        http = httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=60)
        made = http.post("/conversations", json=dict(body or {}))
        assert made.status_code == 201, made.text
        data = made.json()
        http.headers["Authorization"] = f"Bearer {data['token']}"
        return Client(http, data["id"], data["token"], data["replies"], list(data["replies"]))

    @property
    def path(self) -> str:
        return f"/conversations/{self.id}"

    def post(self, **body: Any) -> httpx.Response:
        """One request as it is; `client_message_id` is added where it is missing."""
        return self.http.post(f"{self.path}/messages", json={"client_message_id": str(uuid.uuid4()), **body})

    def send(self, **body: Any) -> list[dict[str, Any]]:
        answer = self.post(**body)
        assert answer.status_code == 200, answer.text
        self.replies = answer.json()["replies"]
        self.heard += self.replies
        return self.replies

    def say(self, text: str) -> list[dict[str, Any]]:
        return self.send(text=text)

    def press(self, title: str) -> list[dict[str, Any]]:
        """Press the newest button whose title is, or begins with, these words."""
        for reply in reversed(self.heard):
            for button in reply["buttons"]:
                if button["title"].lower().startswith(title.lower()):
                    return self.send(payload=button["payload"])
        raise AssertionError(f"no button {title!r} was offered")

    def answer(self, step: str, **other: str) -> list[dict[str, Any]]:
        """Answer the open checklist with no, but for the items given as T2_1="yes"."""
        checklist = self.last["checklist"]
        assert checklist, self.last
        assert checklist["id"] == step
        answers = {item["id"]: "no" for item in checklist["items"]}
        answers |= {key.replace("_", "."): value for key, value in other.items()}
        return self.send(answers=answers)

    @property
    def last(self) -> dict[str, Any]:
        return self.replies[-1]

    @property
    def meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self.last["meta"]
        return meta

    @property
    def text(self) -> str:
        """All replies of the turn, as one text."""
        return "\n".join(reply["text"] for reply in self.replies)

    def found(self, key: str) -> Any:
        """A `meta` key of the newest reply of this turn that has it."""
        return next((reply["meta"][key] for reply in reversed(self.replies) if key in reply["meta"]), None)

    def transcript(self, after: int = 0) -> list[dict[str, Any]]:
        answer = self.http.get(f"{self.path}/messages", params={"after": after})
        assert answer.status_code == 200, answer.text
        messages: list[dict[str, Any]] = answer.json()["messages"]
        return messages

    def wait_for(self, author: str, after: int = 0) -> dict[str, Any]:
        """The first message of this author after an event id, as soon as it is there."""
        return wait_until(
            lambda: next((m for m in self.transcript(after) if m["author"] == author), None), f"a message of {author}"
        )

    def screen(self, reason: str = "I would like to relax", **items: str) -> list[dict[str, Any]]:
        """Go through the health questions; items as T3_2="yes" leave the follow-ups to the caller."""
        if "screening" not in self.meta:
            self.say("start the health questions")
        self.press("I agree")
        for step in ("T2", "T3", "T4", "T5"):
            if not self.last["checklist"] or self.last["checklist"]["id"] != step:
                return self.replies
            self.answer(step, **{key: value for key, value in items.items() if key.startswith(step)})
        self.say(reason)
        return self.replies


def running(stack: Stack) -> Iterator[Stack]:
    """A stack for a fixture: it is stopped whatever happens."""
    try:
        yield stack
    finally:
        stack.stop()
