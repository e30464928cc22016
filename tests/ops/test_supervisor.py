"""The supervisor with small real programs: they start, die, come back, and none is left when it stops."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from bot.logs import RotatingFile, last_lines
from bot.settings import ROOT
from bot.supervisor import AlreadyRunningError, Role, Supervisor, Timing, held, holder, role_states
from tests.ops.conftest import MakeRole
from tests.ops.deadline import alive, until, wait_until

QUICK = Timing(
    backoff_first_s=0.05, backoff_most_s=0.2, backoff_reset_s=60, ready_within_s=20, probe_every_s=0.02, grace_s=5
)

Notes = Callable[[str], list[list[str]]]


class Watched:
    """A supervisor under test, with what it said and what it wrote."""

    def __init__(self, folder: Path, roles: Sequence[Role], timing: Timing = QUICK, order: Sequence[str] = ()) -> None:
        self.run_dir = folder / "run"
        self.logs_dir = folder / "logs"
        self.said: list[str] = []
        self.all_up = False
        self.supervisor = Supervisor(
            roles,
            run_dir=self.run_dir,
            logs_dir=self.logs_dir,
            cwd=folder,
            stop_order=order,
            timing=timing,
            say=self.said.append,
            on_all_up=self._all_up,
        )

    async def _all_up(self) -> None:
        self.all_up = True

    def state(self, name: str) -> str:
        return str(role_states(self.run_dir).get(name, {}).get("state"))

    def restarted_more_than(self, name: str, count: int) -> bool:
        return int(str(role_states(self.run_dir).get(name, {}).get("restarts", 0))) > count

    def pid(self, name: str) -> int:
        return int(str(role_states(self.run_dir)[name]["pid"]))

    def watch(self, scenario: Callable[[], Awaitable[None]]) -> None:
        """Run the supervisor, run the scenario beside it, stop, and wait for the end."""

        async def both() -> None:
            running = asyncio.create_task(self.supervisor.run())
            try:
                await scenario()
            finally:
                self.supervisor.stop()
                await running

        asyncio.run(both())


def test_roles_start_together_and_are_reported(tmp_path: Path, make_role: MakeRole) -> None:
    watched = Watched(tmp_path, [make_role("engine", "steady"), make_role("web", "steady")])

    async def scenario() -> None:
        await until(lambda: watched.all_up, "all roles up")
        states = role_states(watched.run_dir)
        assert {name: state["state"] for name, state in states.items()} == {"engine": "up", "web": "up"}
        assert all(alive(watched.pid(name)) for name in states)
        assert all(state["restarts"] == 0 and state["since"] for state in states.values())

    watched.watch(scenario)
    assert sum("ready after" in line for line in watched.said) == 2
    assert last_lines(watched.logs_dir / "engine.log", 1) == ["hello from engine"]


def test_a_role_is_up_only_when_it_answers(tmp_path: Path, make_role: MakeRole) -> None:
    answers: list[bool] = []

    async def not_yet() -> bool:
        answers.append(len(answers) >= 3)
        return answers[-1]

    watched = Watched(tmp_path, [make_role("web", "steady", probe=not_yet)])

    async def scenario() -> None:
        await until(lambda: watched.state("web") == "starting", "starting")
        await until(lambda: watched.all_up, "up")

    watched.watch(scenario)
    assert answers == [False, False, False, True]


def test_a_role_that_dies_is_restarted_with_backoff(tmp_path: Path, make_role: MakeRole, notes: Notes) -> None:
    watched = Watched(tmp_path, [make_role("actions", "steady"), make_role("web", "dying", probe=_never)])

    async def scenario() -> None:
        await until(lambda: watched.state("web") == "restarting", "restarting")
        await until(lambda: watched.state("web") == "failed", "given up hope, but not trying")
        await until(lambda: len([n for n in notes("started") if n[0] == "web"]) >= 6, "six lives")
        assert watched.state("actions") == "up"
        assert watched.restarted_more_than("web", 4)

    watched.watch(scenario)
    times = [float(what) for name, what in notes("started") if name == "web"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    wanted = [QUICK.backoff(failures) for failures in range(1, len(gaps) + 1)]
    assert all(gap >= pause * 0.9 for gap, pause in zip(gaps, wanted, strict=True)), (gaps, wanted)
    assert any("ended with code 7" in line for line in watched.said)
    assert any("cannot go on" in line for line in watched.said)
    assert not watched.all_up


def test_backoff_doubles_up_to_its_limit() -> None:
    assert [Timing().backoff(failures) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


def test_a_role_that_was_up_long_enough_starts_over_with_the_shortest_pause(
    tmp_path: Path, make_role: MakeRole
) -> None:
    timing = Timing(backoff_first_s=0.05, backoff_reset_s=0.0, probe_every_s=0.02, failed_after=2)
    watched = Watched(tmp_path, [make_role("web", "steady")], timing)

    async def scenario() -> None:
        for death in range(3):
            await until(lambda: watched.state("web") == "up", "up")
            os.kill(watched.pid("web"), signal.SIGKILL)
            await until(partial(watched.restarted_more_than, "web", death), "noticed")
        await until(lambda: watched.state("web") == "up", "up again")

    watched.watch(scenario)
    assert sum("signal 9; starting again in 0.05 s" in line for line in watched.said) == 3


def test_stop_follows_the_order_and_leaves_nothing(tmp_path: Path, make_role: MakeRole, notes: Notes) -> None:
    roles = [make_role("engine", "steady"), make_role("parent", "parent"), make_role("web", "steady")]
    watched = Watched(tmp_path, roles, order=("web", "telegram", "engine"))
    pids: list[int] = []

    async def scenario() -> None:
        await until(lambda: watched.all_up, "all roles up")
        pids.extend(watched.pid(role.name) for role in roles)
        pids.extend(int(what) for _, what in notes("grandchild"))

    watched.watch(scenario)
    assert [what for _, what in notes("stopped")] == ["web", "engine"]
    assert len(pids) == 4
    wait_until(lambda: not [pid for pid in pids if alive(pid)], "none of them to be left")
    assert role_states(watched.run_dir) == {}
    assert holder(watched.run_dir) is None


def test_a_role_that_will_not_stop_is_ended(tmp_path: Path, make_role: MakeRole, notes: Notes) -> None:
    timing = Timing(probe_every_s=0.02, grace_s=0.1)
    watched = Watched(tmp_path, [make_role("web", "stubborn")], timing)

    async def scenario() -> None:
        await until(lambda: watched.all_up, "up")

    watched.watch(scenario)
    assert not alive(int(notes("started")[0][1]))


def test_asked_twice_to_stop_it_does_not_wait(tmp_path: Path, make_role: MakeRole, notes: Notes) -> None:
    timing = Timing(probe_every_s=0.02, grace_s=600)
    watched = Watched(tmp_path, [make_role("web", "stubborn")], timing)

    async def scenario() -> None:
        await until(lambda: watched.all_up, "up")
        watched.supervisor.stop()

    watched.watch(scenario)
    assert not alive(int(notes("started")[0][1]))


def test_a_program_that_is_missing_is_reported(tmp_path: Path) -> None:
    watched = Watched(tmp_path, [Role("engine", [str(tmp_path / "missing")], {})])

    async def scenario() -> None:
        await until(lambda: watched.state("engine") == "restarting", "restarting")

    watched.watch(scenario)
    assert any("cannot be started" in line for line in watched.said)


def test_a_second_start_is_refused(tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    assert holder(run_dir) is None
    with held(run_dir):
        assert holder(run_dir) == os.getpid()
        with pytest.raises(AlreadyRunningError, match=str(os.getpid())), held(run_dir):
            pass
    assert holder(run_dir) is None
    with held(run_dir):
        assert holder(run_dir) == os.getpid()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_however_it_is_ended_nothing_is_left(
    tmp_path: Path, make_role: MakeRole, notes: Notes, number: signal.Signals
) -> None:
    roles = [make_role("engine", "steady"), make_role("web", "steady")]
    program = (
        "import asyncio, json, sys\n"
        "from pathlib import Path\n"
        "from bot.supervisor import Role, Supervisor, Timing\n"
        "folder = Path(sys.argv[1])\n"
        "roles = [Role(n, c, {}, settle_s=0.1) for n, c in json.loads(sys.argv[2])]\n"
        "asyncio.run(Supervisor(roles, run_dir=folder / 'run', logs_dir=folder / 'logs', cwd=folder).run())\n"
    )
    commands = json.dumps([[role.name, list(role.command)] for role in roles])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), commands],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(notes("started")) == 2, "both roles started")
        wait_until(lambda: holder(tmp_path / "run") == process.pid, "locked")
        process.send_signal(number)
        assert process.wait(20) == (-number if number == signal.SIGKILL else 0)
    finally:
        process.kill()
        process.wait()
    pids = [int(what) for _, what in notes("started")]
    wait_until(lambda: not any(alive(pid) for pid in pids), "no role left")
    assert holder(tmp_path / "run") is None


def test_logs_are_rotated_and_the_oldest_dropped(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "logs" / "web.log", max_bytes=10, kept=2)
    for number in range(5):
        log.write(f"line {number}\n".encode())
    log.close()
    found = {path.name: path.read_text() for path in (tmp_path / "logs").iterdir()}
    assert found == {"web.log": "line 4\n", "web.log.1": "line 3\n", "web.log.2": "line 2\n"}


async def _never() -> bool:
    return False
