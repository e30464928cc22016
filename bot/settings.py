"""Everything that can be set, read from the environment and `.env`, checked before anything starts.

`load_settings()` is the way in: it gives a frozen `Settings` or raises a `SettingsError` that names every bad
key at once, with its reason and what to do. docs/settings.md describes each key.
"""

from __future__ import annotations

import difflib
import fcntl
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The root of the repository; relative paths in settings start here, whatever the working directory."""

PREFIX = "NMT_"
ENV_FILE = ROOT / ".env"
SECRETS_FILE = "secrets.json"

# Read by the test suite and by nothing else, so not settings.
TEST_PREFIX = "NMT_TEST_"

GENERATED_SECRETS = ("engine_secret", "actions_secret", "session_secret", "telegram_webhook_secret")
MIN_SECRET_LENGTH = 32

TELEGRAM_HOST = "api.telegram.org"
TELEGRAM_PATH = "/telegram"
"""Where the web server takes what comes from Telegram."""

_REMEDY = "remedy"


def _refuse(reason: str, remedy: str) -> PydanticCustomError:
    """An error that carries what to do next to what is wrong. Braces are doubled: pydantic formats the text."""
    return PydanticCustomError("nmt_setting", "{reason}", {"reason": reason, _REMEDY: remedy})


def _under_root(path: Path) -> Path:
    return (ROOT / path.expanduser()).resolve()


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _split_commas(value: Any) -> Any:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refuse("is not a web address", "write it like https://chat.example.com")
    if parts.query or parts.fragment:
        raise _refuse("has a query or a fragment", "keep only scheme, host, port and path")
    return value.rstrip("/")


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _refuse(
            "holds something that is not a web origin",
            "write origins like https://www.example.com, separated by commas, without a path",
        )
    return f"{parts.scheme}://{parts.netloc}"


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_SECRET_LENGTH:
        raise _refuse(
            f"is shorter than {MIN_SECRET_LENGTH} characters",
            "use a random value of 32 characters or more, or leave it out to have one made",
        )
    return value


def _header_secret(value: SecretStr) -> SecretStr:
    """Telegram takes 256 characters at most, and of these kinds only."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
        raise _refuse("holds something that Telegram does not take", "use letters, digits, _ and - only, 256 at most")
    return value


def _database_url(value: str, schemes: tuple[str, ...]) -> str:
    if value.split("://", 1)[0] not in schemes or "://" not in value:
        raise _refuse(
            "is not a database address this part can use",
            "start it with " + " or ".join(f"{scheme}://" for scheme in schemes),
        )
    if value.startswith("sqlite:") and (not value.startswith("sqlite:///") or value == "sqlite:///"):
        raise _refuse("names no file", "write sqlite:/// and the path of a file (four slashes for an absolute path)")
    if value.startswith("sqlite:///"):
        return f"sqlite:///{_under_root(Path(value.removeprefix('sqlite:///')))}"
    return value


def _service_database_url(value: str) -> str:
    return _database_url(value, ("sqlite", "postgresql+psycopg"))


def _engine_database_url(value: str) -> str:
    return _database_url(value, ("sqlite", "postgresql+psycopg2", "postgresql"))


def _address(host: str, port: int) -> str:
    """The address a browser on this machine can open for a server bound to `host`."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


Port = Annotated[int, Field(ge=1, le=65535)]
Url = Annotated[str, AfterValidator(_http_url)]
Origin = Annotated[str, AfterValidator(_origin)]
Secret = Annotated[SecretStr, AfterValidator(_long_enough)]
LowerCase = BeforeValidator(_lower)


class Settings(BaseSettings):
    """The settings of one installation. Order is the order of `nmt settings` and of docs/settings.md."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ENV_FILE,
        env_ignore_empty=True,
        extra="ignore",  # of a shared .env only NMT_* keys are ours; `unknown_keys` looks after those
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    environment: Annotated[Literal["development", "production"], LowerCase] = Field(
        default="development", description="production refuses settings that are not fit for real clients"
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="address the web server listens on")
    port: Port = Field(default=8080, description="port the web server listens on")
    public_url: Url = Field(
        default_factory=lambda data: _address(data["host"], data["port"]),
        description="address clients and staff open; https in production",
    )
    data_dir: Annotated[Path, AfterValidator(_under_root)] = Field(
        default=Path(".nmt"), description="folder for the database, trained models, logs and secrets"
    )
    knowledge_dir: Annotated[Path, AfterValidator(_under_root)] = Field(
        default=Path("knowledge"), description="folder with what the clinic knows"
    )
    database_url: Annotated[str, AfterValidator(_service_database_url)] = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'nmt.sqlite3'}",
        description="database of the service: sqlite:/// or postgresql+psycopg://",
        repr=False,  # may hold a password
    )
    engine_port: Port = Field(default=8081, description="port of the engine; loopback only")
    engine_url: Url = Field(
        default_factory=lambda data: f"http://127.0.0.1:{data['engine_port']}",
        description="where the other roles find the engine, if it runs on another machine",
    )
    engine_database_url: Annotated[str, AfterValidator(_engine_database_url)] = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'engine.sqlite3'}",
        description="database of the engine: sqlite:/// or postgresql+psycopg2://",
        repr=False,  # may hold a password
    )
    engine_timeout_s: float = Field(default=20, gt=0, le=300, description="seconds to wait for the engine in one turn")
    actions_port: Port = Field(default=8082, description="port of the action server; loopback only")
    actions_url: Url = Field(
        default_factory=lambda data: f"http://127.0.0.1:{data['actions_port']}/webhook",
        description="address the engine posts actions to, if the action server runs on another machine",
    )
    rate_limits: Annotated[Literal["on", "off"], LowerCase] = Field(
        default="on", description="off lifts the rate limits on a closed test host; refused in production"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], LowerCase] = Field(
        default="info", description="least serious kind of line written to the logs"
    )
    embed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_split_commas)] = Field(
        default=(), description="web origins that may show the chat widget, separated by commas"
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=24 * 60, description="minutes without a click after which staff sign in again"
    )
    session_absolute_hours: int = Field(
        default=12, ge=1, le=7 * 24, description="hours after which staff sign in again in any case"
    )
    telegram_token: SecretStr | None = Field(
        default=None, description="token of the Telegram bot; without one the telegram role is not started"
    )
    telegram_base_url: Url = Field(default=f"https://{TELEGRAM_HOST}", description="address of the Telegram Bot API")
    telegram_mode: Annotated[Literal["polling", "webhook"], LowerCase] = Field(
        default="polling", description="polling asks Telegram for news; webhook lets Telegram call the web server"
    )
    telegram_webhook_url: Url = Field(
        default_factory=lambda data: f"{data['public_url']}{TELEGRAM_PATH}/webhook",
        description="address that Telegram calls; its path begins with /telegram/",
    )
    telegram_webhook_secret: Annotated[Secret, AfterValidator(_header_secret)] = Field(
        description="secret that Telegram sends with each webhook call"
    )
    telegram_staff_chat: int | None = Field(
        default=None, description="number of the Telegram chat in which staff hear that something waits for them"
    )
    engine_secret: Secret = Field(description="shared secret in front of the engine")
    actions_secret: Secret = Field(description="shared secret in front of the action server")
    session_secret: Secret = Field(description="key that signs staff sessions and forms")

    @field_validator("telegram_token")
    @classmethod
    def _token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            number, _, key = value.get_secret_value().partition(":")
            if not number.isdigit() or not key:
                raise _refuse(
                    "is not a bot token", "copy the whole token that @BotFather gave, number and colon included"
                )
        return value

    @model_validator(mode="after")
    def _fit_together(self) -> Settings:
        ports = {"port": self.port, "engine_port": self.engine_port, "actions_port": self.actions_port}
        by_port: dict[int, str] = {}
        for name, port in ports.items():
            if port in by_port:
                raise _refuse(
                    f"{key_of(name)} and {key_of(by_port[port])} are both {port}", "give each server its own port"
                )
            by_port[port] = name
        if self.telegram_token is not None and self.telegram_mode == "webhook":
            self._check_webhook()
        if self.environment == "production":
            if not self.public_url.startswith("https://"):
                raise _refuse(
                    f"{key_of('public_url')} is not an https address, which {key_of('environment')}=production needs",
                    f"set {key_of('public_url')} to the https address that clients open",
                )
            if self.rate_limits == "off":
                raise _refuse(
                    f"{key_of('rate_limits')}=off is refused with {key_of('environment')}=production",
                    f"remove {key_of('rate_limits')}",
                )
        return self

    def _check_webhook(self) -> None:
        """What Telegram asks of a webhook. A Bot API server of one's own also calls plain http addresses."""
        parts = urlsplit(self.telegram_webhook_url)
        if parts.scheme != "https" and urlsplit(self.telegram_base_url).hostname == TELEGRAM_HOST:
            raise _refuse(
                f"{key_of('telegram_webhook_url')} is not https, and Telegram calls https addresses only",
                f"set {key_of('public_url')} to the https address of this service, or poll",
            )
        if not parts.path.startswith(f"{TELEGRAM_PATH}/"):
            raise _refuse(
                f"{key_of('telegram_webhook_url')} has the path {parts.path or '/'}",
                f"let its path begin with {TELEGRAM_PATH}/: the web server takes Telegram's calls there",
            )
        if self.telegram_token is not None and self.telegram_token.get_secret_value() in self.telegram_webhook_url:
            raise _refuse(f"{key_of('telegram_webhook_url')} holds the bot's token", "leave the token out of it")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `.env`, then the secrets made for this data directory."""
        return init_settings, env_settings, dotenv_settings, _GeneratedSecrets(settings_cls)

    @property
    def logs_dir(self) -> Path:
        """Where each role's log is written."""
        return self.data_dir / "logs"

    @property
    def models_dir(self) -> Path:
        """Where the engine's models and the safety net are kept."""
        return self.data_dir / "models"

    @property
    def run_dir(self) -> Path:
        """Where the supervisor keeps its lock and the state of the roles."""
        return self.data_dir / "run"

    @property
    def engine_ready_url(self) -> str:
        """Where the engine says that its model is loaded; asked with its secret."""
        return f"{self.engine_url}/webhooks/service/ready"

    @property
    def actions_health_url(self) -> str:
        """Where the action server says that it is up, next to the address of its actions; asked with its secret."""
        return urljoin(self.actions_url, "health")

    @property
    def local_url(self) -> str:
        """The address of the web role for a program on this machine."""
        return _address(self.host, self.port)

    @property
    def production(self) -> bool:
        """Whether real clients use this installation."""
        return self.environment == "production"

    def as_environment(self) -> dict[str, str]:
        """Every setting as the environment variable that gives the same value, secrets included."""
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                found[key_of(name)] = value.get_secret_value()
            elif isinstance(value, tuple):
                found[key_of(name)] = ",".join(value)
            elif value is not None:
                found[key_of(name)] = str(value)
        return found


class _GeneratedSecrets(PydanticBaseSettingsSource):
    """Secrets nobody set: made once per data directory and kept there, readable by its owner only."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The stored secret for one field."""
        data_dir = self.current_state.get("data_dir", Settings.model_fields["data_dir"].default)
        return ensure_secrets(_under_root(Path(data_dir)))[field_name], field_name, False

    def __call__(self) -> dict[str, Any]:
        """The secrets that neither the environment nor `.env` gives."""
        return {
            name: self.get_field_value(Settings.model_fields[name], name)[0]
            for name in GENERATED_SECRETS
            if name not in self.current_state
        }


@dataclass(frozen=True)
class Problem:
    """One setting that cannot be used."""

    key: str
    shape: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        value = f" ({self.shape})" if self.shape else ""
        return f"{self.key}{value}: {self.reason}\n    {self.remedy}"


class SettingsError(Exception):
    """Settings that cannot be used: all of them, with reasons and remedies, and never a secret."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"The settings cannot be used:\n{lines}\n  docs/settings.md describes every setting.")


def key_of(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def ensure_secrets(data_dir: Path) -> dict[str, str]:
    """The generated secrets of a data directory; makes the ones that are missing."""
    path = data_dir / SECRETS_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Roles may start at the same moment on a new directory: one of them makes the secrets, all read the same.
        lock = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SettingsError([_data_dir_problem(data_dir, error)]) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stored = _read_secrets(path)
        missing = [name for name in GENERATED_SECRETS if name not in stored]
        if missing:
            stored |= {name: secrets.token_urlsafe(MIN_SECRET_LENGTH) for name in missing}
            _write_private(path, json.dumps(stored, indent=2) + "\n")
        return stored
    except OSError as error:
        raise SettingsError([_data_dir_problem(data_dir, error)]) from error
    finally:
        os.close(lock)


def _data_dir_problem(data_dir: Path, error: OSError) -> Problem:
    return Problem(
        key_of("data_dir"),
        str(data_dir),
        f"cannot be used: {error.strerror or error}",
        "name a folder that this user may write to",
    )


def _read_secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            [Problem(str(path), "secrets", "can be read by other users of this machine", f"run: chmod 600 {path}")]
        )
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict) or not all(isinstance(value, str) for value in stored.values()):
            raise ValueError("not a mapping of names to texts")
    except ValueError as error:
        raise SettingsError(
            [
                Problem(
                    str(path),
                    "secrets",
                    "is damaged",
                    "restore it from a backup, or delete it to have new secrets made; staff must then sign in again",
                )
            ]
        ) from error
    return stored


def _write_private(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def unknown_keys(keys: list[str]) -> list[Problem]:
    """A problem for every NMT_* key that is not a setting, with the setting that was probably meant."""
    known = [key_of(name) for name in Settings.model_fields]
    problems = []
    for key in sorted(keys):
        if not key.startswith(PREFIX) or key.startswith(TEST_PREFIX) or key in known:
            continue
        close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        remedy = f"did you mean {close[0]}?" if close else "remove it; `nmt settings` lists the settings there are"
        problems.append(Problem(key, "", "there is no such setting", remedy))
    return problems


def raw_values(env_file: Path | None = ENV_FILE) -> dict[str, tuple[str, str]]:
    """Every NMT_* value that is set, with where it comes from: `environment` or `.env`. The environment wins."""
    file_values = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    found: dict[str, tuple[str, str]] = {}
    sources: tuple[tuple[str, Mapping[str, str | None]], ...] = ((".env", file_values), ("environment", os.environ))
    for origin, values in sources:
        for key, value in values.items():
            if key.upper().startswith(PREFIX) and value:
                found[key.upper()] = (value, origin)
    return found


def load_settings(env_file: Path | None = ENV_FILE, **overrides: Any) -> Settings:
    """Read and check all settings. Raises `SettingsError` with every problem found."""
    raw = raw_values(env_file)
    problems = unknown_keys(list(raw))
    try:
        settings = Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        problems += _problems_of(error, raw)
    if problems:
        raise SettingsError(problems)
    return settings


def _problems_of(error: ValidationError, raw: Mapping[str, tuple[str, str]]) -> list[Problem]:
    problems = []
    for item in error.errors(include_url=False, include_input=False):
        if item["type"] == "default_factory_not_called":
            continue  # only a consequence: the setting this default is made of is bad and is listed itself
        context = item.get("ctx", {})
        remedy = str(context.get(_REMEDY, ""))
        if not item["loc"]:
            problems.append(Problem("settings", "", item["msg"], remedy))
            continue
        name = str(item["loc"][0])
        key = key_of(name)
        value = raw.get(key, ("", ""))[0]
        reason = item["msg"] if item["type"] == "nmt_setting" else _plain(item["msg"])
        remedy = remedy or f"it is the {Settings.model_fields[name].description}"
        problems.append(Problem(key, shape_of(name, value), reason, remedy))
    return problems


def _plain(message: str) -> str:
    return message[:1].lower() + message[1:]


def is_secret(name: str) -> bool:
    """Whether a setting must never be shown."""
    return "SecretStr" in str(Settings.model_fields[name].annotation)


def shape_of(name: str, value: str) -> str:
    """A value as it may be shown: secrets by length only, database addresses without the password."""
    if not value:
        return ""
    if is_secret(name):
        return f"{len(value)} characters, hidden"
    if "://" in value:
        value = _without_password(value)
    return value if len(value) <= 80 else value[:79] + "…"


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return url.split("://", 1)[0] + "://…"
    return urlunsplit(parts._replace(netloc=f"{parts.username}:***@{parts.netloc.rpartition('@')[2]}"))


@dataclass(frozen=True)
class Row:
    """One line of `nmt settings`."""

    key: str
    value: str
    origin: str
    description: str


def describe(settings: Settings, env_file: Path | None = ENV_FILE) -> list[Row]:
    """What `nmt settings` shows: each setting, its value (secrets hidden), where it comes from, what it does."""
    raw = raw_values(env_file)
    values = settings.as_environment()
    rows = []
    for name, field in type(settings).model_fields.items():
        key = key_of(name)
        if key in raw:
            origin = raw[key][1]
        elif name in GENERATED_SECRETS:
            origin = SECRETS_FILE
        else:
            origin = "default"
        rows.append(Row(key, shape_of(name, values.get(key, "")) or "-", origin, field.description or ""))
    return rows
