"""`nmt doctor`: each thing that can be wrong is named, with what to do about it."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import doctor, launch
from bot.doctor import Finding
from bot.settings import ROOT, Settings, load_settings
from bot.store import migrate
from bot.supervisor import ROLES_FILE


@pytest.fixture
def settings(clean_environment: Path) -> Settings:
    return load_settings(env_file=None)


def fake_python(path: Path, says: str, code: int = 0) -> Path:
    """A program in the place of the engine's Python."""
    path.write_text(f"#!{sys.executable}\nprint({says!r})\nraise SystemExit({code})\n")
    path.chmod(0o755)
    return path


def wrong(findings: Iterator[Finding] | list[Finding]) -> dict[str, str]:
    return {finding.what: finding.remedy for finding in findings if not finding.ok}


def test_a_wrong_python_is_named(tmp_path: Path) -> None:
    engine = fake_python(tmp_path / "python", "3 11")
    found = wrong(list(doctor.runtimes(engine, (3, 11))))
    assert (
        found["the service runs on Python 3.11, not on 3.12 or newer"] == "delete .venv/service, then run: make setup"
    )
    assert found["the engine runs on Python 3.11, not on 3.10"] == "delete .venv/engine, then run: make setup"


def test_the_right_pythons_are_in_order(tmp_path: Path) -> None:
    found = list(doctor.runtimes(fake_python(tmp_path / "python", "3 10"), (3, 13)))
    assert [finding.ok for finding in found[:2]] == [True, True]


def test_a_missing_engine_runtime_is_named(tmp_path: Path) -> None:
    assert wrong(list(doctor.runtimes(tmp_path / "python"))) == {"the engine's runtime is missing": "run: make setup"}


def test_packages_that_left_their_lock_are_named(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    stamp = tmp_path / ".venv" / "service" / ".locked"
    stamp.parent.mkdir(parents=True)
    lock = tmp_path / "requirements" / "service.txt"
    lock.write_text("click==8\n")
    stamp.write_text("3c3b9a4e0cbd2b5d7ec7b5e8f3f27d0d1a9e6d2f4b6c8a0e1d3f5a7b9c1d3e5f\n")
    assert doctor.packages("service", tmp_path).remedy == "run: make setup"
    stamp.write_text(doctor.digest([lock]) + "\n")
    assert doctor.packages("service", tmp_path).ok


def test_a_taken_port_is_named(settings: Settings) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        busy = settings.model_copy(update={"port": port})
        found = wrong(list(doctor.ports(busy)))
        assert found[f"port {port} is used by another program"] == "stop that program, or set NMT_PORT to a free port"
        with pytest.raises(launch.LaunchError, match=f"port {port} is used"):
            launch.refuse_taken_ports(busy)
    assert f"port {port} is used by another program" not in wrong(list(doctor.ports(busy)))


@pytest.mark.parametrize(
    ("code", "remedy"), [(0, ""), (launch.MODEL_STALE, "run: ./nmt train"), (1, "run: ./nmt train --force")]
)
def test_a_stale_model_is_named(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    monkeypatch.setattr(launch, "ENGINE_PYTHON", fake_python(tmp_path / "python", "", code))
    assert doctor.model(settings).remedy == remedy


def test_a_database_behind_is_named(settings: Settings, clean_environment: Path) -> None:
    file = clean_environment / "nmt.sqlite3"
    assert doctor.database(settings).remedy == "run: ./nmt migrate"
    assert not file.exists()
    migrate(settings.database_url)
    assert doctor.database(settings).ok
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM alembic_version")
    connection.close()
    assert doctor.database(settings) == Finding("the database is behind this version", "run: ./nmt migrate")


def test_a_database_that_does_not_answer_is_named(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        silent = settings.model_copy(
            update={"database_url": f"postgresql+psycopg://clinic:hush@127.0.0.1:{port}/nmt?connect_timeout=2"}
        )
        found = doctor.database(silent)
    assert "does not answer" in found.what
    assert "NMT_DATABASE_URL" in found.remedy
    assert "hush" not in found.what


def test_an_engine_that_does_not_answer_is_named(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = settings.model_copy(update={"engine_url": f"http://127.0.0.1:{closed.getsockname()[1]}"})
        settings.run_dir.mkdir(parents=True)
        (settings.run_dir / ROLES_FILE).write_text(
            json.dumps(
                {
                    "engine": {"state": "up", "pid": 12, "since": "", "restarts": 0},
                    "web": {"state": "restarting", "pid": None, "since": "", "restarts": 3},
                }
            )
        )
        found = wrong(doctor.roles(settings))
    assert found == {
        "engine does not answer": f"look at the end of {settings.logs_dir}/engine.log; "
        "kill 12 makes the supervisor start it again",
        "web is restarting (3 restarts)": f"look at the end of {settings.logs_dir}/web.log",
    }


def test_bad_settings_are_named_before_anything_that_needs_them(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NMT_PORT", "none")
    assert any(what.startswith("NMT_PORT") for what in wrong(doctor.examine()))


def test_broken_knowledge_is_named(settings: Settings, tmp_path: Path) -> None:
    broken = settings.model_copy(update={"knowledge_dir": tmp_path})
    found = wrong(list(doctor.knowledge(broken)))
    assert [str(tmp_path) in what for what in found] == [True]


def test_unsigned_rules_are_named_where_real_clients_come(settings: Settings) -> None:
    assert wrong(list(doctor.knowledge(settings))) == {}
    production = settings.model_copy(update={"environment": "production"})
    found = wrong(list(doctor.knowledge(production)))
    assert [what.startswith("nobody has signed the clinical rules") for what in found] == [True]


def test_a_data_directory_without_rights_is_named(settings: Settings, tmp_path: Path) -> None:
    missing = settings.model_copy(update={"data_dir": tmp_path / "missing"})
    assert "NMT_DATA_DIR" in doctor.data_dir(missing).remedy
    assert doctor.data_dir(settings).ok


def test_the_engine_is_told_only_what_it_needs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMT_TELEGRAM_TOKEN", "12:token")
    told = {key for key in launch.environment_of("engine", settings) if key.startswith("NMT_")}
    assert told == {
        "NMT_DATA_DIR",
        "NMT_LOG_LEVEL",
        "NMT_ENGINE_PORT",
        "NMT_ENGINE_SECRET",
        "NMT_ENGINE_DATABASE_URL",
        "NMT_ACTIONS_URL",
        "NMT_ACTIONS_SECRET",
    }
    assert launch.environment_of("web", settings)["PYTHONPATH"] == str(ROOT)


def test_telegram_runs_only_with_a_bot(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.role_names(settings) == ["engine", "actions", "web"]
    with pytest.raises(launch.LaunchError, match="NMT_TELEGRAM_TOKEN"):
        launch.become("telegram", settings)
    monkeypatch.setenv("NMT_TELEGRAM_TOKEN", "12:token")
    with_bot = load_settings(env_file=None)
    # The channel is not part of this version yet: a token alone starts nothing that cannot run.
    assert launch.role_names(with_bot) == ["engine", "actions", "web", *(["telegram"] if launch.has_telegram() else [])]
