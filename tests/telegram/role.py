"""The Telegram role as a process of its own, next to a running service: it is started, killed and stopped by tests."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from bot.supervisor import _die_with_parent
from tests.stack import ROOT, Stack
from tests.telegram.bot_api.server import BotApi

UP_S = 90.0


class Role:
    """One `nmt telegram` at a time, polling a Bot API server."""

    def __init__(self, stack: Stack, api: BotApi, name: str = "telegram-alone", **settings: str) -> None:
        self.api = api
        self.log: Path = stack.data_dir / "logs" / f"{name}.log"
        self.env = stack.env | {"NMT_TELEGRAM_TOKEN": api.token, "NMT_TELEGRAM_BASE_URL": api.url, **settings}
        self._polls = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it asks for updates."""
        self.begin()
        self.wait_up()

    def begin(self) -> None:
        """Start, and do not wait."""
        assert self.process is None or self.process.poll() is not None
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._polls = self.api.polls
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "telegram"],
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_die_with_parent,
            )

    def wait_up(self) -> None:
        """Wait until it asks for updates, or has set its webhook."""
        with self.api.world.lock:
            up = self.api.world.changed.wait_for(self._asks, UP_S)
        assert up, self.said()

    def _asks(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the role ended with {self.process.returncode}: {self.said()}")
        return self.api.polls > self._polls

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
