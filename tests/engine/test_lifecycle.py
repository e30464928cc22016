"""Training, validation, start and restart."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .conftest import ROOT, Engine, run_engine_python
from .test_dialogue import ASK, start_screening

# Training and starts are counted in a test's time; on a crowded machine they take minutes.
pytestmark = [pytest.mark.engine, pytest.mark.timeout(400)]

CHECKS = Path(__file__).with_name("python310")


def test_a_restart_in_the_middle_of_a_form_goes_on(model: str, actions_url: str, tmp_path: Path) -> None:
    engine = Engine(tmp_path, actions_url)
    engine.start()
    start_screening(engine, "restart")
    assert engine.say("restart", "/answer") == ["validate_screening_form", ASK]
    assert engine.stop() == 0
    engine.start()
    assert engine.say("restart", "/what_is_nmt") == ["action_answer_topic", ASK]
    assert engine.say("restart", "/answer") == ["validate_screening_form", ASK]
    assert engine.stop() == 0


def test_an_unreachable_action_server_is_reported_and_starts_nothing(model: str, tmp_path: Path) -> None:
    engine = Engine(tmp_path, "http://127.0.0.1:9/webhook")
    engine.start()
    answer = engine.send("alone", "/screen")
    assert (answer.status_code, answer.json()["actions"]) == (500, ["action_screening_start"])
    engine.stop()


def test_an_up_to_date_model_is_recognised_at_once_and_without_rasa(model: str) -> None:
    began = time.monotonic()
    checked = run_engine_python(
        "-c",
        "import sys; from bot.engine import train; code = train.main(['--check']);"
        "assert not {'rasa', 'tensorflow', 'numpy'} & set(sys.modules); sys.exit(code)",
    )
    assert checked.returncode == 0, checked.stderr
    assert time.monotonic() - began < 5


def test_a_missing_model_is_told_by_the_exit_code(tmp_path: Path) -> None:
    checked = run_engine_python("-m", "bot.engine.train", "--check", NMT_DATA_DIR=str(tmp_path))
    assert checked.returncode == 3
    started = run_engine_python(
        "-m",
        "bot.engine.server",
        NMT_DATA_DIR=str(tmp_path),
        NMT_ENGINE_PORT="1",
        NMT_ENGINE_SECRET="s",
        NMT_ACTIONS_URL="http://127.0.0.1:1",
        NMT_ACTIONS_SECRET="s",
    )
    assert started.returncode == 3
    assert "python -m bot.engine.train" in started.stderr


def test_missing_settings_are_named(tmp_path: Path) -> None:
    started = run_engine_python("-m", "bot.engine.server", NMT_ENGINE_PORT="", NMT_ENGINE_SECRET="")
    assert started.returncode == 2
    assert "NMT_ENGINE_SECRET" in started.stderr


def test_domain_rules_and_examples_fit_together() -> None:
    checked = run_engine_python("-m", "bot.engine.validate")
    assert checked.returncode == 0, checked.stderr


def test_only_the_engine_imports_rasa() -> None:
    others = [path for path in (ROOT / "bot").rglob("*.py") if "engine" not in path.relative_to(ROOT / "bot").parts[:1]]
    others += list((ROOT / "actions").rglob("*.py"))
    guilty = [
        path
        for path in others
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("import rasa.", "import rasa\n", "from rasa ", "from rasa.", "import tensorflow"))
    ]
    assert guilty == []


def test_the_engine_imports_nothing_of_the_service() -> None:
    for path in (ROOT / "bot" / "engine").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.lstrip().startswith(("from bot", "import bot")):
                assert line.lstrip().startswith("from bot.engine"), f"{path.name}: {line}"


@pytest.mark.parametrize("script", sorted(CHECKS.glob("check_*.py")), ids=lambda script: script.stem)
def test_parts_that_need_the_engines_python(model: str, script: Path) -> None:
    checked = run_engine_python(str(script), PYTHONPATH=str(ROOT), TF_CPP_MIN_LOG_LEVEL="3")
    assert checked.returncode == 0, checked.stdout + checked.stderr
