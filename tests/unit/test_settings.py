"""Settings: what is refused and how it is said, where values come from, and that every setting is described."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import (
    GENERATED_SECRETS,
    PREFIX,
    ROOT,
    SECRETS_FILE,
    Settings,
    SettingsError,
    describe,
    key_of,
    load_settings,
)

KEYS = [key_of(name) for name in Settings.model_fields]


@pytest.fixture(autouse=True)
def own_data_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for key in list(os.environ):
        if key.startswith(PREFIX):
            monkeypatch.delenv(key)
    monkeypatch.setenv("NMT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def refused(**values: str) -> str:
    """What is said about settings that are refused."""
    with pytest.raises(SettingsError) as caught:
        accepted(**values)
    return str(caught.value)


def accepted(**values: str) -> Settings:
    with pytest.MonkeyPatch.context() as patch:
        for key, value in values.items():
            patch.setenv(key, value)
        return load_settings(env_file=None)


def test_the_defaults_serve_one_machine(own_data_dir: Path) -> None:
    settings = accepted()
    assert (settings.host, settings.port, settings.environment) == ("127.0.0.1", 8080, "development")
    assert settings.public_url == settings.local_url == "http://127.0.0.1:8080"
    assert settings.database_url == f"sqlite:///{own_data_dir}/nmt.sqlite3"
    assert settings.engine_database_url == f"sqlite:///{own_data_dir}/engine.sqlite3"
    assert settings.engine_ready_url == "http://127.0.0.1:8081/webhooks/service/ready"
    assert settings.actions_health_url == "http://127.0.0.1:8082/health"
    assert settings.rate_limits == "on"
    assert settings.telegram_token is None


def test_defaults_follow_the_settings_they_are_made_of(tmp_path: Path) -> None:
    settings = accepted(NMT_HOST="0.0.0.0", NMT_PORT="9000", NMT_ENGINE_PORT="9001", NMT_ACTIONS_PORT="9002")
    assert settings.public_url == "http://127.0.0.1:9000"
    assert settings.engine_url == "http://127.0.0.1:9001"
    assert settings.actions_url == "http://127.0.0.1:9002/webhook"
    assert accepted(NMT_HOST="::1").local_url == "http://[::1]:8080"


def test_relative_paths_start_at_the_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = accepted(NMT_KNOWLEDGE_DIR="knowledge", NMT_DATABASE_URL="sqlite:///clinic.sqlite3")
    assert settings.knowledge_dir == ROOT / "knowledge"
    assert settings.database_url == f"sqlite:///{ROOT}/clinic.sqlite3"


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        accepted().port = 1  # type: ignore[misc]


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".env"
    file.write_text("NMT_PORT=9000\nNMT_ENGINE_PORT=9001\nNMT_HOST=\nOTHER=1\n")
    monkeypatch.setenv("NMT_PORT", "9500")
    settings = load_settings(env_file=file)
    origins = {row.key: row.origin for row in describe(settings, env_file=file)}
    assert (settings.port, settings.engine_port, settings.host) == (9500, 9001, "127.0.0.1")
    assert origins["NMT_PORT"] == "environment"
    assert origins["NMT_ENGINE_PORT"] == ".env"
    assert origins["NMT_HOST"] == "default"
    assert origins["NMT_SESSION_SECRET"] == SECRETS_FILE


def test_an_unknown_setting_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    assert "did you mean NMT_RATE_LIMITS?" in refused(NMT_RATELIMIT="on")
    assert "there is no such setting" in refused(NMT_ZZZZZZ="1")
    file = tmp_path / ".env"
    file.write_text("NMT_PROT=9000\n")
    with pytest.raises(SettingsError, match=r"did you mean NMT_PORT\?"):
        load_settings(env_file=file)


def test_variables_of_the_tests_are_not_settings() -> None:
    assert accepted(NMT_TEST_ANYTHING="1").port == 8080


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("NMT_PORT", "eighty", "NMT_PORT (eighty)"),
        ("NMT_PORT", "0", "NMT_PORT (0)"),
        ("NMT_PORT", "70000", "NMT_PORT (70000)"),
        ("NMT_ENVIRONMENT", "live", "'development' or 'production'"),
        ("NMT_RATE_LIMITS", "maybe", "'on' or 'off'"),
        ("NMT_LOG_LEVEL", "loud", "NMT_LOG_LEVEL (loud)"),
        ("NMT_PUBLIC_URL", "chat.example.com", "is not a web address"),
        ("NMT_PUBLIC_URL", "https://chat.example.com/?a=1", "query"),
        ("NMT_EMBED_ORIGINS", "https://www.example.com/page", "not a web origin"),
        ("NMT_DATABASE_URL", "postgresql://localhost/nmt", "postgresql+psycopg://"),
        ("NMT_DATABASE_URL", "sqlite:///", "names no file"),
        ("NMT_DATABASE_URL", "nmt.sqlite3", "is not a database address"),
        ("NMT_ENGINE_DATABASE_URL", "postgresql+psycopg://localhost/nmt", "postgresql+psycopg2://"),
        ("NMT_ENGINE_TIMEOUT_S", "0", "NMT_ENGINE_TIMEOUT_S (0)"),
        ("NMT_TELEGRAM_TOKEN", "abcdef", "@BotFather"),
        ("NMT_TELEGRAM_WEBHOOK_SECRET", "a secret with spaces, long enough, but no", "does not take"),
        ("NMT_TELEGRAM_MODE", "pulling", "'polling' or 'webhook'"),
        ("NMT_SESSION_IDLE_MINUTES", "-1", "NMT_SESSION_IDLE_MINUTES (-1)"),
        ("NMT_ENGINE_PORT", "8080", "are both 8080"),
        ("NMT_ENGINE_SECRET", "short", "shorter than 32"),
    ],
)
def test_a_bad_value_is_named_with_its_reason(key: str, value: str, expected: str) -> None:
    said = refused(**{key: value})
    assert expected in said
    assert key in said


def test_every_problem_is_named_at_once() -> None:
    said = refused(NMT_PORT="x", NMT_HOTS="1", NMT_LOG_LEVEL="loud")
    assert all(key in said for key in ("NMT_PORT", "NMT_HOTS", "NMT_LOG_LEVEL"))


def test_a_secret_is_never_shown() -> None:
    said = refused(
        NMT_SESSION_SECRET="hush-hush", NMT_DATABASE_URL="mysql://clinic:hush-hush@host/nmt", NMT_TELEGRAM_TOKEN="hush"
    )
    assert "hush" not in said
    assert "9 characters, hidden" in said
    assert "mysql://clinic:***@host/nmt" in said
    secret = "x" * 40
    settings = accepted(NMT_ENGINE_SECRET=secret, NMT_TELEGRAM_TOKEN=f"12:{secret}")
    assert secret not in repr(settings) + repr(describe(settings))


@pytest.mark.parametrize(
    ("webhook", "expected"),
    [
        ({"NMT_TELEGRAM_WEBHOOK_URL": "http://bot.example.com/telegram/hook"}, "is not https"),
        ({}, "is not https"),
        ({"NMT_TELEGRAM_WEBHOOK_URL": "https://bot.example.com/hook"}, "has the path /hook"),
        ({"NMT_TELEGRAM_WEBHOOK_URL": "https://bot.example.com/telegram/12:abc"}, "holds the bot's token"),
    ],
)
def test_a_webhook_that_telegram_would_not_call_is_refused(webhook: dict[str, str], expected: str) -> None:
    said = refused(NMT_TELEGRAM_TOKEN="12:abc", NMT_TELEGRAM_MODE="webhook", **webhook)
    assert expected in said


def test_a_webhook_follows_the_public_address_and_may_be_plain_for_a_server_of_ones_own() -> None:
    on = {"NMT_TELEGRAM_TOKEN": "12:abc", "NMT_TELEGRAM_MODE": "webhook"}
    public = accepted(NMT_PUBLIC_URL="https://chat.example.com", **on)
    assert public.telegram_webhook_url == "https://chat.example.com/telegram/webhook"
    own = accepted(NMT_TELEGRAM_BASE_URL="http://127.0.0.1:8999", **on)
    assert own.telegram_webhook_url == "http://127.0.0.1:8080/telegram/webhook"


@pytest.mark.parametrize("broken", [{"NMT_PUBLIC_URL": "http://chat.example.com"}, {"NMT_RATE_LIMITS": "off"}])
def test_production_refuses_what_is_not_fit_for_clients(broken: dict[str, str]) -> None:
    fit = {"NMT_ENVIRONMENT": "production", "NMT_PUBLIC_URL": "https://chat.example.com"}
    assert accepted(**fit).production
    assert next(iter(broken)) in refused(**(fit | broken))


def test_secrets_are_made_once_and_kept_private(own_data_dir: Path) -> None:
    first, second = accepted(), accepted()
    for name in GENERATED_SECRETS:
        assert len(getattr(first, name).get_secret_value()) >= 32
        assert getattr(first, name) == getattr(second, name)
    assert len({getattr(first, name).get_secret_value() for name in GENERATED_SECRETS}) == len(GENERATED_SECRETS)
    assert stat.S_IMODE((own_data_dir / SECRETS_FILE).stat().st_mode) == 0o600


def test_a_secret_added_by_a_newer_version_leaves_the_others(own_data_dir: Path) -> None:
    kept = "k" * 40
    own_data_dir.mkdir()
    file = own_data_dir / SECRETS_FILE
    file.write_text(json.dumps({"session_secret": kept}))
    file.chmod(0o600)
    assert accepted().session_secret.get_secret_value() == kept
    assert set(json.loads(file.read_text())) == set(GENERATED_SECRETS)


@pytest.mark.parametrize(
    ("content", "mode", "expected"), [("{}", 0o644, "chmod 600"), ("{", 0o600, "is damaged"), ("[1]", 0o600, "damaged")]
)
def test_a_secrets_file_that_cannot_be_trusted_is_refused(
    own_data_dir: Path, content: str, mode: int, expected: str
) -> None:
    own_data_dir.mkdir()
    file = own_data_dir / SECRETS_FILE
    file.write_text(content)
    file.chmod(mode)
    assert expected in refused()


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "NMT_DATA_DIR" in refused(NMT_DATA_DIR=str(tmp_path / "file" / "data"))


def test_the_environment_for_the_roles_gives_the_same_settings() -> None:
    settings = accepted(
        NMT_EMBED_ORIGINS="https://www.example.com, https://shop.example.com:8443/", NMT_TELEGRAM_TOKEN="12:abc"
    )
    assert settings.embed_origins == ("https://www.example.com", "https://shop.example.com:8443")
    assert accepted(**settings.as_environment()) == settings


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert re.findall(r"^\| `(NMT_[A-Z_]+)` \|", page, flags=re.MULTILINE) == KEYS


def test_every_setting_is_in_the_example_file() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    examples = [match.group(1) for line in lines if (match := re.match(r"#(NMT_[A-Z_]+)=", line))]
    assert sorted(examples) == sorted(KEYS)


def test_the_example_file_shows_the_defaults(own_data_dir: Path) -> None:
    defaults = accepted().as_environment()
    for line in (ROOT / ".env.example").read_text().splitlines():
        match = re.match(r"#(NMT_[A-Z_]+)=(.+)$", line)
        if match and match.group(1) != "NMT_EMBED_ORIGINS":
            key, value = match.group(1), match.group(2).replace(".nmt", str(own_data_dir))
            assert accepted(**{key: value}).as_environment()[key] == defaults[key]
