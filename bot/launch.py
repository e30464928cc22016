"""From settings to running roles: which program each role is, what it may know, when it is ready, and `nmt run`."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from bot import releases
from bot.knowledge import KnowledgeError
from bot.settings import PREFIX, ROOT, Settings, key_of
from bot.supervisor import Probe, Role, Supervisor, held, holder

if TYPE_CHECKING:
    from bot.check import Fault

SECRET_HEADER = "X-NMT-Secret"
STOP_ORDER = ("web", "telegram", "actions", "engine")
ENGINE_PYTHON = ROOT / ".venv" / "engine" / "bin" / "python"
MODEL_STALE = 3
CHECKED_FILE = "knowledge.checked"

# The engine is the old runtime: it is told what it needs and nothing else.
_ENGINE_SETTINGS = (
    "data_dir",
    "log_level",
    "engine_port",
    "engine_secret",
    "engine_database_url",
    "actions_url",
    "actions_secret",
)

_PROGRAMS = {
    "engine": "bot.engine.server",
    "actions": "actions",
    "web": "bot.channels.web",
    "telegram": "bot.channels.telegram",
}


class LaunchError(Exception):
    """Something that keeps the service from starting, and what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}\n  {remedy}")


def role_names(settings: Settings) -> list[str]:
    """The roles this installation runs: telegram only with a bot to speak for and the channel that does it."""
    telegram = settings.telegram_token is not None and has_telegram()
    return [name for name in _PROGRAMS if name != "telegram" or telegram]


def has_telegram() -> bool:
    """Whether this version brings the Telegram channel."""
    return importlib.util.find_spec(_PROGRAMS["telegram"]) is not None


def python_of(role: str) -> Path:
    """The interpreter of a role's runtime."""
    return ENGINE_PYTHON if role == "engine" else Path(sys.executable)


def command_of(role: str) -> list[str]:
    """The program of a role, as a list of arguments."""
    return [str(python_of(role)), "-m", _PROGRAMS[role]]


def environment_of(role: str, settings: Settings) -> dict[str, str]:
    """The environment of a role: this one's, with the settings it may know instead of whatever NMT_* was set."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    known = settings.as_environment()
    if role == "engine":
        known = {key_of(name): known[key_of(name)] for name in _ENGINE_SETTINGS}
    # One thread for the small matrices of a turn: several only wait for each other when roles share the cores.
    threads = {} if role == "engine" else {"OPENBLAS_NUM_THREADS": "1"}
    return environment | known | threads | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def probe_of(role: str, settings: Settings) -> Probe | None:
    """How to ask a role whether it is ready."""
    engine = {SECRET_HEADER: settings.engine_secret.get_secret_value()}
    actions = {SECRET_HEADER: settings.actions_secret.get_secret_value()}
    return {
        "engine": http_probe(settings.engine_ready_url, engine),
        "actions": http_probe(settings.actions_health_url, actions),
        "web": http_probe(f"{settings.local_url}/healthz", {}),
        "telegram": telegram_probe(settings),
    }.get(role)


def http_probe(url: str, headers: Mapping[str, str]) -> Probe:
    """A question that is answered yes by status 200."""

    async def ask() -> bool:
        # A proxy of the environment has no business between two processes of one machine.
        async with httpx.AsyncClient(trust_env=False, timeout=2.0) as client:
            try:
                return (await client.get(url, headers=dict(headers))).status_code == httpx.codes.OK
            except httpx.HTTPError:
                return False

    return ask


def telegram_probe(settings: Settings) -> Probe:
    """Telegram's role listens to nobody: it is ready once it has said how it stands, whether or not it got through."""
    since = datetime.now(UTC)

    async def ask() -> bool:
        said = await asyncio.to_thread(_telegram_state, settings)
        return said is not None and said[1] >= since

    return ask


def _telegram_state(settings: Settings) -> tuple[Mapping[str, Any], datetime] | None:
    from bot.store import Database
    from bot.store.models import ChannelState

    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            row = session.get(ChannelState, "telegram")
            return (dict(row.state), row.at) if row is not None else None
    finally:
        database.close()


def become(role: str, settings: Settings) -> None:
    """Replace this process by a role, in the foreground."""
    if role == "telegram" and settings.telegram_token is None:
        raise LaunchError("there is no Telegram bot to run", f"set {key_of('telegram_token')} to the bot's token")
    if role == "telegram" and not has_telegram():
        raise LaunchError("this version has no Telegram channel", f"remove {key_of('telegram_token')}")
    command = command_of(role)
    _require(Path(command[0]))
    if role != "engine" and holder(settings.run_dir) is None:
        _knowledge(settings, lambda line: print(line, file=sys.stderr))  # under `nmt run` it is released already
    os.chdir(ROOT)
    os.execve(command[0], command, environment_of(role, settings))


def _require(python: Path) -> None:
    if not python.exists():
        raise LaunchError(f"the runtime {python} is missing", "run: make setup")


def check_knowledge(settings: Settings) -> str:
    """Check everything the clinic knows. Returns one line; raises `KnowledgeError`.

    What was found in order is not checked again before a file of it, or of the code that checks it, changes.
    """
    checked = settings.run_dir / CHECKED_FILE
    print_ = _knowledge_print(settings)
    if checked.exists():
        known, _, line = checked.read_text(encoding="utf-8").partition("\n")
        if known == print_:
            return line
    from bot import check

    for fault in check.run(settings.knowledge_dir):
        if not fault.warning:
            raise fault.as_error()
    line = knowledge_in_one_line(settings)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    checked.write_text(f"{print_}\n{line}", encoding="utf-8")
    return line


def _knowledge_print(settings: Settings) -> str:
    """A hash over the knowledge and the code that reads it."""
    digest = hashlib.sha256()
    code = [path for path in (ROOT / "bot").rglob("*.py") if "engine" not in path.parts]
    for path in sorted([*settings.knowledge_dir.rglob("*"), *code]):
        if path.is_file():
            digest.update(f"{path.name}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def knowledge_in_one_line(settings: Settings) -> str:
    """What there is, once it has been checked."""
    from bot.clinical.rules import Rules
    from bot.education import load_topics

    rules = Rules.load(settings.knowledge_dir)
    topics = load_topics(settings.knowledge_dir)
    return f"{len(topics)} topics, {len(rules.conditions)} conditions, rules {rules.version}"


def model_is_stale(settings: Settings) -> bool:
    """Whether what the model is trained from has changed since the last training."""
    _require(ENGINE_PYTHON)
    done = _engine_python(settings, "-m", "bot.engine.train", "--check")
    if done.returncode not in (0, MODEL_STALE):
        raise LaunchError(f"the model cannot be checked: {done.stderr.strip()[-500:]}", "run: ./nmt train --force")
    return done.returncode == MODEL_STALE


def _engine_python(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run something short on the engine's Python."""
    return subprocess.run(
        [str(ENGINE_PYTHON), *arguments],
        cwd=ROOT,
        env=environment_of("engine", settings),
        capture_output=True,
        text=True,
        check=False,
    )


def train(settings: Settings, *, force: bool = False) -> None:
    """Train the model and, beside it, the safety net unless they are there already; progress goes to the terminal.

    Raises:
        KnowledgeError: an example or a topic is wrong; nothing was changed.
        LaunchError: training failed; the old model stays.
    """
    from bot import safety_net

    with ThreadPoolExecutor(1) as beside:
        net = beside.submit(safety_net.load, settings.knowledge_dir, settings.models_dir)
        train_model(settings, force=force)
        net.result()


def train_model(settings: Settings, *, force: bool = False) -> None:
    """Train the engine's model unless it is there already.

    Raises:
        KnowledgeError: an example is wrong; nothing was changed.
        LaunchError: training failed; the old model stays.
    """
    for fault in training_faults(settings):
        raise fault.as_error()
    _require(ENGINE_PYTHON)
    command = [str(ENGINE_PYTHON), "-m", "bot.engine.train", *(["--force"] if force else [])]
    done = subprocess.run(command, cwd=ROOT, env=environment_of("engine", settings), check=False)
    if done.returncode != 0:
        raise LaunchError("training failed", "the lines above say why; nothing of the old model was changed")


def checked(settings: Settings) -> list[Fault]:
    """All that is wrong with knowledge and examples, the errors first."""
    from bot import check, training_check

    found = [*check.run(settings.knowledge_dir), *training_check.run(ROOT, settings.knowledge_dir)]
    return sorted(found, key=lambda fault: (fault.warning, fault.file, fault.line, fault.key))


def training_faults(settings: Settings) -> list[Fault]:
    """What keeps the model from being trained."""
    from bot import training_check

    return [fault for fault in training_check.run(ROOT, settings.knowledge_dir) if not fault.warning]


def go_live(settings: Settings, say: Callable[[str], None]) -> bool:
    """Have the running service take the present knowledge and the newest model. Returns whether all of it did.

    The texts go first: a new topic must be there before the engine sends clients to it.
    """
    name = releases.release(settings)
    heard = releases.wait_for_roles(settings, name)
    for one in heard:
        say(f"  {one.role:<10} {one.error or 'uses the new texts'}")
    engine = _engine_takes_the_model(settings)
    if engine is not None:
        say(f"  {'engine':<10} {engine or 'uses the new model'}")
    if not heard and engine is None:
        say("The service does not run here; it uses this from its next start on.")
    return not engine and not any(one.error for one in heard)


_WHY_NOT = {
    "restart_needed": "keeps its model: its program has changed. Stop nmt and start it again",
    "no_model": "keeps its model: there is none of these files yet. Run ./nmt train",
    "model_unusable": "keeps its model: the new one does not work (its log says why)",
}


def _engine_takes_the_model(settings: Settings) -> str | None:
    """An empty text, or why the engine keeps its model; None where no engine answers."""
    from bot.engine_client import EngineClient, EngineError

    client = EngineClient(settings)
    try:
        client.ready()
    except EngineError:
        return None
    try:
        client.reload()
    except EngineError as error:
        return _WHY_NOT.get(str(error), f"keeps its model: {error}")
    finally:
        client.close()
    return ""


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """`nmt run`: check, train if needed, migrate, start every role, and stay until stopped."""
    with held(settings.run_dir):
        pass  # refuse a second start before any work is done; the supervisor holds the lock from here on
    refuse_taken_ports(settings)
    _step(say, "knowledge", lambda: _knowledge(settings, say))
    with ThreadPoolExecutor(1) as beside:
        # Learned beside the model: each of the two leaves one core idle most of the time.
        net = beside.submit(_safety_net, settings, say)
        _step(say, "model", lambda: _fresh_model(settings, say))
        _step(say, "safety net", net.result)
    _step(say, "database", lambda: _migrated(settings))
    roles = [
        Role(name, command_of(name), environment_of(name, settings), probe_of(name, settings))
        for name in role_names(settings)
    ]
    if settings.telegram_token is not None and not has_telegram():
        say(f"  {'telegram':<10} not part of this version; {key_of('telegram_token')} is not used")
    say(f"  {'starting':<10} {', '.join(role.name for role in roles)}")
    began = time.monotonic()

    async def welcome() -> None:
        await _welcome(settings, say, began)

    supervisor = Supervisor(
        roles,
        run_dir=settings.run_dir,
        logs_dir=settings.logs_dir,
        cwd=ROOT,
        stop_order=STOP_ORDER,
        say=say,
        on_all_up=welcome,
    )
    asyncio.run(supervisor.run())
    say("  stopped")


def _step(say: Callable[[str], None], name: str, work: Callable[[], str]) -> None:
    began = time.monotonic()
    say(f"  {name:<10} {work()} ({time.monotonic() - began:.1f} s)")


def _knowledge(settings: Settings, say: Callable[[str], None]) -> str:
    """Check and release what the clinic knows. A mistake in it keeps nobody from an answer who could have had one."""
    try:
        line = check_knowledge(settings)
    except KnowledgeError as error:
        if releases.current(settings) is None:
            raise
        say(f"  WRONG: {error}")
        return "as it was before this mistake; put it right and run ./nmt train"
    releases.release(settings)
    return line


def _fresh_model(settings: Settings, say: Callable[[str], None]) -> str:
    if not model_is_stale(settings):
        return "up to date"
    say(f"  {'model':<10} training, because its data changed")
    try:
        train_model(settings)
    except (KnowledgeError, LaunchError) as error:
        if not has_model_of_before(settings):
            raise
        say(f"  WRONG: {error}")
        return "as it was before this mistake; put it right and run ./nmt train"
    return "trained"


def _safety_net(settings: Settings, say: Callable[[str], None]) -> str:
    from bot import safety_net

    path = safety_net.path_of(settings.knowledge_dir, settings.models_dir)
    if path.exists():
        return "up to date"
    say(f"  {'safety net':<10} learning, because its examples changed")
    safety_net.load(settings.knowledge_dir, settings.models_dir)
    return "learned"


def has_model_of_before(settings: Settings) -> bool:
    """Whether the engine can start with a model that worked, though it is older than its files."""
    program = "import sys; from bot.engine.paths import remembered; sys.exit(remembered() is None)"
    return _engine_python(settings, "-c", program).returncode == 0


def _migrated(settings: Settings) -> str:
    from bot.store import migrate

    migrate(settings.database_url)
    return "up to date"


def refuse_taken_ports(settings: Settings) -> None:
    """Say which port is taken, before a role fails over it."""
    for name, host in ports_of(settings):
        port = getattr(settings, name)
        if port_is_taken(host, port):
            raise LaunchError(
                f"port {port} is used by another program", f"stop that program, or set {key_of(name)} to a free port"
            )


def port_is_taken(host: str, port: int) -> bool:
    """Whether another program listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def ports_of(settings: Settings) -> list[tuple[str, str]]:
    """Each port this installation listens on, as setting name and address."""
    return [("port", settings.host), ("engine_port", "127.0.0.1"), ("actions_port", "127.0.0.1")]


async def _welcome(settings: Settings, say: Callable[[str], None], began: float) -> None:
    """Every role answers: say whether the whole does, and where to go."""
    waiting = await _until_ready(settings)
    if waiting:
        say(f"  not ready: {waiting}. Run ./nmt doctor")
    else:
        say(f"  ready after {time.monotonic() - began:.1f} s")
    say("")
    say(f"  client page    {settings.public_url}/")
    say(f"  staff console  {settings.public_url}/console")
    if settings.telegram_token is not None and has_telegram():
        said, _ = await asyncio.to_thread(_telegram_state, settings) or ({}, None)
        up = f"https://t.me/{said['username']}" if said.get("up") else f"down: {said.get('reason', 'not connected')}"
        say(f"  telegram       {up}")
    link = await asyncio.to_thread(_first_account_link, settings)
    if link:
        say(f"  first account  {link}")
        say("                 opens once; make the owner's account there")
    say(f"  logs           {settings.logs_dir}")
    say("  Ctrl-C stops everything.")


async def _until_ready(settings: Settings, within_s: float = 30.0) -> str:
    """Wait until `/readyz` says yes. Returns what it still says when the time is over, or nothing."""
    deadline = time.monotonic() + within_s
    said = "no answer from /readyz"
    async with httpx.AsyncClient(trust_env=False, timeout=10.0) as client:
        while time.monotonic() < deadline:
            try:
                answer = await client.get(f"{settings.local_url}/readyz")
                if answer.status_code == httpx.codes.OK:
                    return ""
                said = answer.text[:300]
            except httpx.HTTPError as error:
                said = f"no answer from /readyz ({type(error).__name__})"
            await asyncio.sleep(0.2)
    return said


def _first_account_link(settings: Settings) -> str | None:
    from bot import staff
    from bot.store import Database

    database = Database(settings.database_url)
    try:
        token = staff.setup_token(database)
    finally:
        database.close()
    return f"{settings.public_url}/console/setup?token={token}" if token else None
