"""kill -9 of the role at a chosen request."""

from __future__ import annotations

import os
import signal
import threading

from tests.telegram.bot_api.server import BotApi, Call, Fault
from tests.telegram.role import Role


class Killer:
    """Kills the role inside a request, before Telegram has done it, or when it is done and not answered yet."""

    def __init__(self, api: BotApi, role: Role) -> None:
        self._api, self._role = api, role
        self.struck: list[str] = []

    def at(self, method: str = "", count: int = 1, *, before: bool = False) -> threading.Event:
        """Strike at the count-th request for a method from now on, or for any method."""
        seen, done = 0, threading.Event()

        def is_it(name: str) -> bool:
            nonlocal seen
            seen += name == method or not method
            if seen != count or done.is_set() or self._role.process is None:
                return False
            os.kill(self._role.process.pid, signal.SIGKILL)
            self.struck.append(f"{name} {'begun' if before else 'done'}")
            done.set()
            return True

        def fault(name: str) -> Fault | None:
            return "drop" if is_it(name) else None

        def answered(call: Call) -> None:
            is_it(call.method)

        self.spare()
        if before:
            self._api.fault = fault
        else:
            self._api.before_answer = answered
        return done

    def spare(self) -> None:
        """Strike no more."""
        self._api.fault = lambda method: None
        self._api.before_answer = lambda call: None

    def revive(self, done: threading.Event) -> None:
        """Wait for the strike, and start the role again."""
        assert done.wait(60), f"only {self.struck} so far; {self._role.said()}"
        self.spare()
        self._role.kill()
        self._role.start()
