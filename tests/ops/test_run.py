"""`nmt run` from start to stop, with small web servers in the place of the roles."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bot.settings import ROOT
from bot.supervisor import role_states
from tests.ops.deadline import alive, wait_until

# Stands in for a role: answers everything with 200, but tells a caller without the secret of the role to go away.
ROLE = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
role = sys.argv[1]
port = {"web": "NMT_PORT", "engine": "NMT_ENGINE_PORT", "actions": "NMT_ACTIONS_PORT"}[role]
secret = {"engine": "NMT_ENGINE_SECRET", "actions": "NMT_ACTIONS_SECRET"}.get(role)
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        known = secret is None or self.headers["X-NMT-Secret"] == os.environ[secret]
        self.send_response(200 if known else 403)
        self.end_headers()
HTTPServer(("127.0.0.1", int(os.environ[port])), Answer).serve_forever()
"""

# What takes long or belongs to others is replaced; the order of the start, the link and the stop are the real ones.
RUN = """
import sys
from bot import launch
from bot.settings import load_settings
launch.check_knowledge = lambda settings: "in order"
launch.model_is_stale = lambda settings: False
launch._safety_net = lambda settings, say: "up to date"
launch.command_of = lambda role: [sys.executable, "-S", sys.argv[1], role]
launch.run(load_settings(env_file=None), lambda line: print(line, flush=True))
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]


def start(program: Path, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", RUN, str(program)], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT
        )


def test_a_run_from_start_to_stop(clean_environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ports = dict(zip(("NMT_PORT", "NMT_ENGINE_PORT", "NMT_ACTIONS_PORT"), free_ports(3), strict=True))
    for key, port in ports.items():
        monkeypatch.setenv(key, str(port))
    program, output = tmp_path / "role.py", tmp_path / "output.txt"
    program.write_text(ROLE)
    process = start(program, output)
    try:
        wait_until(lambda: "Ctrl-C stops everything" in output.read_text() or process.poll() is not None, "started", 60)
        said = output.read_text()
        states = role_states(clean_environment / "run")
        assert {name: state["state"] for name, state in states.items()} == dict.fromkeys(
            ("engine", "actions", "web"), "up"
        ), said
        web = f"http://127.0.0.1:{ports['NMT_PORT']}"
        assert httpx.get(f"{web}/readyz", trust_env=False).status_code == 200
        assert f"client page    {web}/\n" in said
        assert f"staff console  {web}/console\n" in said
        assert re.search(rf"first account  {web}/console/setup\?token=[\w-]{{40,}}\n", said)
        assert len(said.splitlines()) <= 24
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert not [state for state in states.values() if alive(int(str(state["pid"])))]
    assert role_states(clean_environment / "run") == {}
    assert output.read_text().endswith("  stopped\n")
    assert (clean_environment / "nmt.sqlite3").exists()
    # Nothing of this run may keep the next one from its ports.
    again = start(program, output)
    try:
        wait_until(lambda: "Ctrl-C stops everything" in output.read_text() or again.poll() is not None, "again", 60)
        again.send_signal(signal.SIGTERM)
        assert again.wait(30) == 0, output.read_text()
    finally:
        again.kill()
        again.wait()


def test_a_taken_port_stops_the_start_before_any_work(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setenv("NMT_ENGINE_PORT", str(port))
        monkeypatch.setenv("NMT_PORT", str(free_ports(1)[0]))
        done = subprocess.run(
            [str(ROOT / "nmt"), "run"], capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ)
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"port {port} is used by another program\n  stop that program, or set NMT_ENGINE_PORT to a free port\n"
    )
    assert not (clean_environment / "nmt.sqlite3").exists()
