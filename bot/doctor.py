"""`nmt doctor`: looks at this installation and says what is wrong and what to do about it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import launch
from bot.settings import ROOT, Settings, SettingsError, key_of, load_settings
from bot.supervisor import Probe, holder, role_states

SERVICE_PYTHON = (3, 12)
ENGINE_PYTHON = (3, 10)
FREE_BYTES = 500_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. Without a remedy it is in order."""

    what: str
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done."""
        return not self.remedy


def examine() -> list[Finding]:
    """Look at everything, worst obstacles first: what cannot be looked at without the one before is left out."""
    findings = [*runtimes()]
    try:
        settings = load_settings()
    except SettingsError as error:
        return [*findings, *(Finding(f"{item.key}: {item.reason}", item.remedy) for item in error.problems)]
    findings += [Finding("settings are in order"), data_dir(settings), *knowledge(settings), model(settings)]
    findings.append(database(settings))
    running = holder(settings.run_dir) is not None
    findings += roles(settings) if running else [*ports(settings), Finding("the service is not running (./nmt run)")]
    return findings


def runtimes(
    engine: Path = launch.ENGINE_PYTHON, service_version: tuple[int, ...] = sys.version_info[:2]
) -> Iterable[Finding]:
    """Both Pythons and the packages in them."""
    yield python_version("service", service_version, lambda version: version >= SERVICE_PYTHON, "3.12 or newer")
    if not engine.exists():
        yield Finding("the engine's runtime is missing", "run: make setup")
        return
    printed = subprocess.run(
        [str(engine), "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
    ).stdout.split()
    version = tuple(int(part) for part in printed)
    yield python_version("engine", version, lambda found: found == ENGINE_PYTHON, "3.10")
    for name in ("engine", "service"):
        yield packages(name)


def python_version(
    runtime: str, version: tuple[int, ...], fits: Callable[[tuple[int, ...]], bool], wanted: str
) -> Finding:
    """Whether a runtime has the Python it was locked for."""
    shown = ".".join(str(part) for part in version) or "broken"
    if fits(version):
        return Finding(f"the {runtime} runs on Python {shown}")
    return Finding(
        f"the {runtime} runs on Python {shown}, not on {wanted}", f"delete .venv/{runtime}, then run: make setup"
    )


def packages(runtime: str, root: Path = ROOT) -> Finding:
    """Whether the packages of a runtime are those of its lock file, by the stamp that `make setup` leaves."""
    wanted = digest([root / "requirements" / f"{name}.txt" for name in _LOCKS[runtime]])
    stamp = root / ".venv" / runtime / ".locked"
    if stamp.is_file() and stamp.read_text(encoding="ascii").strip() == wanted:
        return Finding(f"the {runtime}'s packages are those of its lock file")
    return Finding(f"the {runtime}'s packages are not those of its lock file", "run: make setup")


_LOCKS = {"engine": ("engine", "encoder"), "service": ("service",)}


def digest(locks: Sequence[Path]) -> str:
    """The hash of lock files that scripts/setup.sh keeps in its stamps."""
    return hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()


def data_dir(settings: Settings) -> Finding:
    """Whether the data directory can be written to and has room."""
    path = settings.data_dir
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(f"{path} cannot be written to", f"give this user the folder, or set {key_of('data_dir')}")
    free = shutil.disk_usage(path).free
    if free < FREE_BYTES:
        return Finding(f"only {free // 1_000_000} MB are free at {path}", "free some space on that disk")
    return Finding(f"data is kept in {path}")


def knowledge(settings: Settings) -> Iterable[Finding]:
    """Whether everything the clinic knows can be read, and whether somebody answers for the clinical rules."""
    from bot.clinical.rules import Rules
    from bot.knowledge import KnowledgeError

    try:
        yield Finding(f"knowledge: {launch.check_knowledge(settings)}")
        ruleset = Rules.load(settings.knowledge_dir).ruleset
    except KnowledgeError as error:
        yield Finding(f"{error.file}: {error.key} {error.reason}", error.remedy)
        return
    if ruleset.signed:
        yield Finding(f"the clinical rules are signed by {ruleset.clinical_lead}")
    elif settings.production:
        yield Finding(
            f"nobody has signed the clinical rules {ruleset.version}",
            "have the clinical lead read what `./nmt rules --html` prints, then fill in knowledge/ruleset.yml",
        )
    else:
        yield Finding(f"the clinical rules {ruleset.version} are not signed; they must be before real clients come")


def model(settings: Settings) -> Finding:
    """Whether the trained model belongs to the present training data."""
    try:
        stale = launch.model_is_stale(settings)
    except launch.LaunchError as error:
        return Finding(error.what, error.remedy)
    if stale:
        return Finding("the model is missing or older than what it is trained from", "run: ./nmt train")
    return Finding("the model is up to date")


def database(settings: Settings) -> Finding:
    """Whether the database answers and has the newest tables. Changes nothing, and makes no file."""
    from sqlalchemy.exc import SQLAlchemyError

    from bot.store import Database

    url = settings.database_url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        return Finding("there is no database yet", "run: ./nmt migrate")
    store = Database(url)
    try:
        current = store.is_current()
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        return Finding(f"the database does not answer: {reason}", f"start it, or correct {key_of('database_url')}")
    finally:
        store.close()
    if not current:
        return Finding("the database is behind this version", "run: ./nmt migrate")
    return Finding("the database is up to date")


def ports(settings: Settings) -> Iterable[Finding]:
    """Whether each port is free to start on."""
    for name, host in launch.ports_of(settings):
        port = getattr(settings, name)
        if launch.port_is_taken(host, port):
            yield Finding(
                f"port {port} is used by another program", f"stop that program, or set {key_of(name)} to a free port"
            )
        else:
            yield Finding(f"port {port} is free")


def roles(settings: Settings) -> list[Finding]:
    """Whether each supervised role is up and answers."""
    return [role(name, state, settings) for name, state in role_states(settings.run_dir).items()]


def role(name: str, state: dict[str, object], settings: Settings) -> Finding:
    """One role: what the supervisor says of it, and whether it answers when asked."""
    log = settings.logs_dir / f"{name}.log"
    if state["state"] != "up":
        return Finding(f"{name} is {state['state']} ({state['restarts']} restarts)", f"look at the end of {log}")
    probe = launch.probe_of(name, settings)
    if probe is not None and not asyncio.run(answers(probe)):
        return Finding(
            f"{name} does not answer",
            f"look at the end of {log}; kill {state['pid']} makes the supervisor start it again",
        )
    return Finding(f"{name} is up and answers")


async def answers(probe: Probe) -> bool:
    """One question to a role."""
    return await probe()
