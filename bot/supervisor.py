"""Keeps the roles of one machine running: starts them together, restarts those that die, stops them in order.

Each role is a child process in its own process group, so Ctrl-C reaches the supervisor alone and the stop order
is ours. The state of every role is in `<data_dir>/run/roles.json`, which `/readyz` reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bot.logs import RotatingFile, last_lines

State = Literal["starting", "up", "restarting", "failed"]
Probe = Callable[[], Awaitable[bool]]

ROLES_FILE = "roles.json"
LOCK_FILE = "nmt.lock"

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class AlreadyRunningError(Exception):
    """Another supervisor holds this data directory."""

    def __init__(self, pid: int | None) -> None:
        self.pid = pid
        super().__init__(f"already running (process {pid})" if pid else "already running")


@dataclass(frozen=True)
class Role:
    """A program to keep running. Without a probe it counts as up once it has lived for `settle_s`."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    probe: Probe | None = None
    settle_s: float = 2.0


@dataclass(frozen=True)
class Timing:
    """How patient the supervisor is; tests use smaller numbers."""

    backoff_first_s: float = 1.0
    backoff_most_s: float = 30.0
    backoff_reset_s: float = 60.0
    ready_within_s: float = 180.0
    probe_every_s: float = 0.2
    grace_s: float = 10.0
    failed_after: int = 5

    def backoff(self, failures: int) -> float:
        """Seconds to wait after so many deaths in a row."""
        return float(min(self.backoff_most_s, self.backoff_first_s * 2 ** max(0, failures - 1)))


@dataclass
class _Running:
    """What is known of one role now."""

    state: State = "starting"
    process: asyncio.subprocess.Process | None = None
    since: str = ""
    restarts: int = 0
    failures: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)


@contextlib.contextmanager
def held(run_dir: Path) -> Iterator[None]:
    """Hold the data directory for one supervisor. The kernel lets go when the process ends, however it ends."""
    run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(run_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(_pid_in(descriptor)) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(run_dir: Path) -> int | None:
    """The process that supervises this data directory now, or None."""
    try:
        descriptor = os.open(run_dir / LOCK_FILE, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode("ascii", errors="replace").strip()
    return int(text) if text.isdigit() else None


def _die_with_parent() -> None:
    """In the child, before its program starts: a supervisor that is killed outright takes its children along."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


class Supervisor:
    """Runs roles until `stop()` is called or a stop signal arrives."""

    def __init__(
        self,
        roles: Sequence[Role],
        *,
        run_dir: Path,
        logs_dir: Path,
        cwd: Path,
        stop_order: Sequence[str] = (),
        timing: Timing | None = None,
        say: Callable[[str], None] = print,
        on_all_up: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._roles = {role.name: role for role in roles}
        self._running = {role.name: _Running() for role in roles}
        named = [name for name in stop_order if name in self._roles]
        self._stop_order = [*named, *(name for name in self._roles if name not in named)]
        self._run_dir = run_dir
        self._logs_dir = logs_dir
        self._cwd = cwd
        self._timing = timing or Timing()
        self._say = say
        self._on_all_up = on_all_up
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> None:
        """Start all roles at once and keep them running. Returns when everything has been stopped."""
        with held(self._run_dir), self._signals():
            self._write_state()
            keepers = {name: asyncio.create_task(self._keep(name), name=f"keep {name}") for name in self._roles}
            announcer = asyncio.create_task(self._announce())
            stopper = asyncio.create_task(self._stopping.wait())
            try:
                # A keeper ends only by a fault in the supervisor itself: then stop everything and let it be seen.
                await asyncio.wait([stopper, *keepers.values()], return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._stopping.set()
                stopper.cancel()
                announcer.cancel()
                await self._stop_all(keepers)
                (self._run_dir / ROLES_FILE).unlink(missing_ok=True)
            await asyncio.gather(*keepers.values())
            with contextlib.suppress(asyncio.CancelledError):
                await announcer

    def stop(self) -> None:
        """Stop cleanly; asked a second time, stop at once."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    async def _announce(self) -> None:
        for running in self._running.values():
            await running.up.wait()
        if self._on_all_up is not None:
            await self._on_all_up()

    async def _keep(self, name: str) -> None:
        """Start one role, again after each death, until the supervisor stops."""
        running = self._running[name]
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await self._live_once(name)
            if self._stopping.is_set():
                return
            reached_up = running.state == "up"
            if reached_up and time.monotonic() - began >= self._timing.backoff_reset_s:
                running.failures = 0
            running.failures += 1
            running.restarts += 1
            delay = self._timing.backoff(running.failures)
            self._set(name, "failed" if running.failures >= self._timing.failed_after else "restarting")
            self._tell_of_death(name, code, delay)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)

    async def _live_once(self, name: str) -> int:
        """One life of a role: start, wait until it is ready, wait until it ends. Returns its exit code."""
        role, running = self._roles[name], self._running[name]
        began = time.monotonic()
        with _log_of(self._logs_dir / f"{name}.log") as (log, output):
            try:
                process = await asyncio.create_subprocess_exec(
                    *role.command,
                    env=dict(role.environment),
                    cwd=self._cwd,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                    process_group=0,
                    preexec_fn=_die_with_parent,
                )
            except OSError as error:
                log.write(f"{name} cannot be started: {error}\n".encode())
                return 127
            try:
                running.process = process
                if running.state != "failed":  # stays visible until the role is really up again
                    self._set(name, "starting")
                ended = asyncio.create_task(process.wait())
                if await self._ready(role, ended):
                    running.up.set()
                    self._set(name, "up")
                    self._say(f"  {name:<10} ready after {time.monotonic() - began:.1f} s")
                elif not ended.done():
                    self._say(f"  {name:<10} not ready within {self._timing.ready_within_s:.0f} s")
                    await self._end(process)
                return await ended
            finally:
                # The program is gone; what it may have started is not to outlive it.
                _signal_group(process.pid, signal.SIGKILL)
                running.process = None

    async def _ready(self, role: Role, ended: asyncio.Task[int]) -> bool:
        """Whether the role became ready in time; False when it ended or the time is over."""
        deadline = time.monotonic() + self._timing.ready_within_s
        if role.probe is None:
            await asyncio.wait([ended], timeout=role.settle_s)
            return not ended.done()
        while not ended.done() and time.monotonic() < deadline:
            if await role.probe() and not ended.done():
                return True
            await asyncio.wait([ended], timeout=self._timing.probe_every_s)
        return False

    async def _stop_all(self, keepers: Mapping[str, asyncio.Task[None]]) -> None:
        for name in self._stop_order:
            # Asked again until its keeper ends: a role caught in the middle of starting has no process yet.
            while not keepers[name].done():
                process = self._running[name].process
                if process is not None:
                    await self._end(process)
                await asyncio.wait([keepers[name]], timeout=0.05)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ask the process group to end; after the grace time, or in a hurry, end it."""
        _signal_group(process.pid, signal.SIGTERM)
        waiting = asyncio.create_task(process.wait())
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait([waiting, hurry], timeout=self._timing.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not waiting.done():
            _signal_group(process.pid, signal.SIGKILL)
        await waiting

    def _tell_of_death(self, name: str, code: int, delay: float) -> None:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        log = self._logs_dir / f"{name}.log"
        self._say(f"  {name:<10} {how}; starting again in {delay:g} s (log: {log})")
        if not self._running[name].up.is_set():
            for line in last_lines(log, 3):
                self._say(f"    | {line[:160]}")

    def _set(self, name: str, state: State) -> None:
        running = self._running[name]
        if running.state != state or not running.since:
            running.since = datetime.now(UTC).isoformat(timespec="seconds")
        running.state = state
        self._write_state()

    def _write_state(self) -> None:
        state = {
            name: {
                "state": running.state,
                "pid": running.process.pid if running.process else None,
                "since": running.since,
                "restarts": running.restarts,
            }
            for name, running in self._running.items()
        }
        path = self._run_dir / ROLES_FILE
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
        part.replace(path)


@contextlib.contextmanager
def _log_of(path: Path) -> Iterator[tuple[RotatingFile, int]]:
    """A log, and a descriptor for a role to print to that is copied into it.

    The pipe is ours and not asyncio's, which would count a role as living while anything it started holds it open.
    """
    loop = asyncio.get_running_loop()
    log = RotatingFile(path)
    source, sink = os.pipe()
    os.set_blocking(source, False)

    def copy() -> bool:
        try:
            chunk = os.read(source, 65536)
        except BlockingIOError:
            return False
        log.write(chunk)
        return bool(chunk)

    loop.add_reader(source, copy)
    try:
        yield log, sink
    finally:
        loop.remove_reader(source)
        os.close(sink)
        while copy():
            pass
        os.close(source)
        log.close()


def role_states(run_dir: Path) -> dict[str, dict[str, object]]:
    """What the supervisor last wrote about its roles; empty when none runs."""
    try:
        found: dict[str, dict[str, object]] = json.loads((run_dir / ROLES_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
