"""Every setting, typed and with its default; built once at the start and passed down."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.domain.errors import StartupError, UserFacingError
from bot.domain.invite import INTENTS, application_id_of, parse_intents
from bot.domain.quiet_hours import QuietHours
from bot.settings_database import DatabaseSettings
from bot.settings_errors import describe
from bot.settings_llm import LlmSettings
from bot.settings_plugins import PluginSettings
from bot.settings_sources import read_environment, read_plugin_secrets, read_yaml
from bot.settings_types import HttpUrl, Section, WebSocketUrl

__all__ = [
    "SECRETS",
    "SETTINGS_FILE",
    "ApiSettings",
    "BackupSettings",
    "DatabaseSettings",
    "DiscordSettings",
    "ErrorSettings",
    "IngestSettings",
    "LlmSettings",
    "LogSettings",
    "NlpSettings",
    "ObserverSettings",
    "OrchestratorSettings",
    "PluginSettings",
    "RetentionSettings",
    "Section",
    "Settings",
    "ShutdownSettings",
    "WorkerSettings",
    "load_settings",
]

SETTINGS_FILE = "settings.yaml"


Intents = Annotated[tuple[str, ...], BeforeValidator(parse_intents)]


class DiscordSettings(Section):
    """How the bot reaches Discord; a URL of None means the real one."""

    token: SecretStr | None = None
    app_id: int | None = Field(None, gt=0)
    welcome: bool = True  # whether servers that the bot joins are greeted
    language: str = Field("en", pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")  # a folder of config/messages
    intents: Intents = INTENTS
    api_url: HttpUrl = None  # with the version: https://discord.com/api/v10
    gateway_url: WebSocketUrl = None
    cdn_url: HttpUrl = None

    @field_validator("token")
    @classmethod
    def _strip_token(cls, token: SecretStr | None) -> SecretStr | None:
        text = token.get_secret_value().strip().removeprefix("Bot ").strip() if token else ""
        return SecretStr(text) if text else None

    @property
    def application_id(self) -> int | None:
        """The id in the invite link: as set, else as the token tells."""
        if self.app_id or self.token is None:
            return self.app_id
        return application_id_of(self.token.get_secret_value())


class LogSettings(Section):
    """What is logged, and where to."""

    level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    json_lines: bool = False
    folder: Path = Path("data/logs")
    keep_days: int = Field(7, ge=1, le=365)
    max_megabytes: int = Field(50, ge=1, le=10_000)  # of each file

    @field_validator("level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value


class ApiSettings(Section):
    """The admin API."""

    enabled: bool = True
    admin_token: SecretStr | None = None  # before host, whose check needs it
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65_535)  # 0: any free one

    @field_validator("host")
    @classmethod
    def _guarded(cls, host: str, info: ValidationInfo) -> str:
        guarded = info.data.get("admin_token") or not info.data.get("enabled", True)
        if not guarded and not _is_loopback(host):
            raise ValueError("is open to other machines, so ADMIN_TOKEN must be set too; or use 127.0.0.1")
        return host


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class IngestSettings(Section):
    """How messages come in."""

    batch_size: int = Field(1_000, ge=1, le=5_000)
    queue_size: int = Field(20_000, ge=100)
    direct_messages: bool = False
    max_backfill_messages: int = Field(10_000, ge=0)  # per gap
    max_backfill_days: int = Field(7, ge=0, le=365)
    backfill_answer_age_minutes: int = Field(15, ge=0)


class NlpSettings(Section):
    """The encoder, which turns texts into vectors."""

    encoder: Literal["auto", "minilm", "hashed", "off"] = "auto"
    model_folder: Path | None = None
    models_folder: Path = Path("data/models")
    allow_download: bool = False
    threads: int = Field(0, ge=0, le=64)  # 0: the machine's cores, 4 at the most
    batch_size: int = Field(32, ge=1, le=256)  # texts
    gather_ms: float = Field(5, ge=0, le=1_000)
    queue_size: int = Field(1_000, ge=1)  # texts
    cache_size: int = Field(4_096, ge=0)  # texts
    deadline_seconds: float = Field(30, gt=0, le=600)
    idle_minutes: float = Field(0, ge=0)  # 0: never
    refine_seconds: float = Field(3, gt=0, le=60)


class ObserverSettings(Section):
    """How messages are understood."""

    similarity_threshold: float | None = Field(None, ge=0, le=1)  # None: what was measured
    max_context_length: int = Field(40_960, ge=2_048)  # tokens


def _quiet_hours(value: str | None) -> str | None:
    if value:
        try:
            QuietHours.parse(value)
        except UserFacingError:
            raise ValueError('must look like "22:00-07:00", with two different times') from None
    return value or None


class OrchestratorSettings(Section):
    """What a server starts with; its admins change it there."""

    auto_reply: bool = True
    min_confidence: float = Field(0.6, ge=0, le=1)
    channel_throttle_seconds: int = Field(20, ge=0)
    user_cooldown_seconds: int = Field(60, ge=0)
    followup_window_minutes: int = Field(60, ge=0)
    repeat_window_minutes: int = Field(60, ge=0)
    repeat_count: int = Field(3, ge=2)
    quiet_hours: Annotated[str | None, AfterValidator(_quiet_hours)] = None


class RetentionSettings(Section):
    """How long things are kept."""

    messages_days: int = Field(30, ge=1, le=3_650)
    actions_days: int = Field(90, ge=1, le=3_650)
    conversations_days: int = Field(90, ge=1, le=3_650)
    intents_days: int = Field(30, ge=1, le=3_650)
    sessions_days: int = Field(7, ge=1, le=3_650)
    llm_calls_days: int = Field(90, ge=1, le=3_650)
    summaries_days: int | None = Field(None, ge=1, le=3_650)
    backups_days: int = Field(30, ge=1, le=3_650)


class PrivacySettings(Section):
    """Where the key of the opt-outs and the record of erasures are kept: never in the database."""

    folder: Path | None = None


class BackupSettings(Section):
    """The copies of everything."""

    automatic: bool | None = None  # None: with SQLite
    folder: Path | None = None  # None: `backups` beside the SQLite file, data/backups with PostgreSQL
    keep: int = Field(7, ge=1, le=365)  # of the daily ones


class ShutdownSettings(Section):
    """How the bot stops."""

    drain_seconds: float = Field(10, ge=0, le=300)


class ErrorSettings(Section):
    """How whoever runs the bot is told of errors, by direct message."""

    critical: bool = True  # at once
    digest: bool = True  # once a day, where there were any
    digest_at: str = Field("08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")  # UTC


class WorkerSettings(Section):
    """How the workers share the signals."""

    lease_seconds: int = Field(60, ge=5)
    sweep_seconds: int = Field(15, ge=1)
    tick_seconds: float = Field(60.0, ge=0.1, le=60)


class Settings(BaseSettings):
    """All of them. Build it with `load_settings`; in a test, by keyword."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    discord: DiscordSettings = DiscordSettings()
    llm: LlmSettings = LlmSettings()
    database: DatabaseSettings = DatabaseSettings()
    log: LogSettings = LogSettings()
    api: ApiSettings = ApiSettings()
    ingest: IngestSettings = IngestSettings()
    nlp: NlpSettings = NlpSettings()
    observer: ObserverSettings = ObserverSettings()
    orchestrator: OrchestratorSettings = OrchestratorSettings()
    retention: RetentionSettings = RetentionSettings()
    privacy: PrivacySettings = PrivacySettings()
    plugins: PluginSettings = PluginSettings()
    backup: BackupSettings = BackupSettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    workers: WorkerSettings = WorkerSettings()
    errors: ErrorSettings = ErrorSettings()
    maintenance_mode: bool = False

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed in: `load_settings` reads the sources itself, to tell their names."""
        return (init_settings,)

    @property
    def gateway_intents(self) -> tuple[str, ...]:
        """The names of the intents to identify with: those set, and what other settings need."""
        extra = ("dm_messages",) if self.ingest.direct_messages else ()
        return tuple(dict.fromkeys((*self.discord.intents, *extra)))

    @property
    def backups_folder(self) -> Path:
        """Where backups lie."""
        path = self.database.sqlite_path
        return self.backup.folder or (path.parent if path else Path("data")) / "backups"

    @property
    def backs_up_by_itself(self) -> bool:
        """Whether there is a backup each day."""
        wanted = self.backup.automatic
        return self.database.sqlite_path is not None if wanted is None else wanted

    def secrets(self) -> list[str]:
        """Return every secret set, for the log to mask."""
        found = [self.discord.token, self.api.admin_token]
        found += (self.plugins.secrets or {}).values()
        texts = [secret.get_secret_value() for secret in found if secret]
        return texts + self.llm.secrets() + self.database.secrets()


# Never written into settings.yaml, which people share and commit.
SECRETS = (
    "discord.token",
    "llm.api_key",
    "llm.anthropic_api_key",
    "llm.openai_api_key",
    "database.url",
    "api.admin_token",
    "plugins.secrets",
)


def load_settings(
    config_folder: Path = Path("config"),
    env: Mapping[str, str] | None = None,
    env_file: Path | None = Path(".env"),
) -> Settings:
    """Return the settings: defaults < settings.yaml < `env_file` < `env` (None: the process's).

    Raises:
        StartupError: one is unreadable, unknown or out of range; the text names it and its origin.
    """
    path = config_folder / SETTINGS_FILE
    merged = read_yaml(path)
    for name in SECRETS:
        section, _, key = name.partition(".")
        if isinstance(merged.get(section), dict) and merged[section].get(key) is not None:
            raise StartupError(f"{path}: {name} is a secret: put it into .env, see .env.example")
    values = read_environment(os.environ if env is None else env, env_file)
    for name, value in values.items():
        _put(merged, name, value.text)
    secrets = read_plugin_secrets(os.environ if env is None else env, env_file)
    of_plugins: Any = merged.get("plugins") or {}
    if secrets and isinstance(of_plugins, dict):
        merged["plugins"] = of_plugins | {"secrets": secrets}
    try:
        return Settings(**merged)
    except ValidationError as error:
        raise StartupError(describe(error, Settings, path, values)) from None


def _put(merged: dict[str, Any], name: str, text: str) -> None:
    """Set what `name` (dotted) calls in the nested `merged`; what isn't a section is told of later."""
    *sections, key = name.split(".")
    if not sections and key not in Settings.model_fields:
        return  # LOOKOUT_ begins names of other things too
    inner: Any = merged
    for section in sections:
        if inner.get(section) is None:
            inner[section] = {}
        inner = inner[section]
        if not isinstance(inner, dict):
            return
    inner[key] = text
