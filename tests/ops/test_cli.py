"""The command line as a person types it, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from markupsafe import escape

from bot.clinical.rules import Rules
from bot.settings import ROOT, Settings, key_of
from bot.supervisor import held

pytestmark = pytest.mark.usefixtures("clean_environment")

HEAVY = ("alembic", "fastapi", "httpx", "pydantic", "rasa", "rasa_sdk", "spacy", "sqlalchemy", "telegram")


def nmt(*arguments: str, cwd: Path = ROOT, program: Path = ROOT / "nmt") -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(program), *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def test_importing_the_command_line_is_light() -> None:
    program = f"import sys, bot.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_is_listed() -> None:
    commands = nmt("--help").stdout.partition("Commands:")[2].split("\n")
    assert {line.split()[0] for line in commands if line.strip()} == {
        *("run", "engine", "actions", "web", "telegram", "settings", "doctor", "check"),
        *("train", "knowledge", "migrate", "rules", "staff", "chat", "read", "evaluate", "demo"),
    }


def test_settings_are_listed_from_any_folder_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / "__init__.py").write_text("raise SystemExit('the wrong bot')")
    link = tmp_path / "bin" / "nmt"
    link.parent.mkdir()
    link.symlink_to(Path("..") / "second")
    (tmp_path / "second").symlink_to(ROOT / "nmt")
    done = nmt("settings", cwd=tmp_path, program=link)
    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [key_of(name) for name in Settings.model_fields]


def test_settings_as_json(clean_environment: Path) -> None:
    rows = {row["key"]: row for row in json.loads(nmt("settings", "--json").stdout)}
    assert rows["NMT_DATA_DIR"] == {
        "key": "NMT_DATA_DIR",
        "value": str(clean_environment),
        "origin": "environment",
        "description": "folder for the database, trained models, logs and secrets",
    }
    assert rows["NMT_ENGINE_SECRET"]["value"] == "43 characters, hidden"


def test_a_bad_setting_is_a_message_and_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMT_PROT", "9000")
    for command in ("run", "settings", "web"):
        done = nmt(command)
        assert done.returncode == 2
        assert "did you mean NMT_PORT?" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_second_start_is_refused(clean_environment: Path) -> None:
    with held(clean_environment / "run"):
        done = nmt("run")
    assert done.returncode == 2
    assert f"already running (process {os.getpid()})" in done.stderr


def test_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NMT_PORT", "none")
    done = nmt("doctor")
    assert done.returncode == 1
    assert "WRONG NMT_PORT" in done.stdout
    assert "->" in done.stdout


def test_a_copy_that_is_not_set_up_says_how(tmp_path: Path) -> None:
    program = tmp_path / "nmt"
    program.write_bytes((ROOT / "nmt").read_bytes())
    program.chmod(0o755)
    done = nmt("settings", program=program)
    assert done.returncode == 1
    assert "setup" in done.stderr


def test_accounts_and_tokens_without_a_browser() -> None:
    def staff(*arguments: str, password: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "nmt"), "staff", *arguments]
        return subprocess.run(command, input=password, capture_output=True, text=True, check=False, timeout=60)

    added = staff("add", "Owner@Example.com", "--role", "owner", "--password-stdin", password="four calm words here\n")
    assert added.stdout == "owner@example.com has an account as owner.\n", added.stderr
    assert staff("list").stdout == "owner@example.com  owner  active\n"
    assert staff("token", "owner@example.com").stdout.startswith("nmt_")
    refused = staff("token", "nobody@example.com")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "nobody@example.com has no account.\n"


def test_the_rules_are_a_page_that_can_be_signed() -> None:
    rules = Rules.load(ROOT / "knowledge")
    page = nmt("rules", "--html").stdout
    assert f"version {rules.version}" in page
    for row in rules.conditions.values():
        assert f'id="{row.id}"' in page
        assert str(escape(row.staff_reason)) in page
    for follow_up in (follow_up for row in rules.conditions.values() for follow_up in row.follow_up):
        assert str(escape(follow_up.q)) in page
    assert "<script" not in page
    assert "src=" not in page
