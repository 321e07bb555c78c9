"""Settings: every source, what beats what, and what an owner reads when one is wrong."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import discord
import pytest
import yaml
from pydantic import SecretStr

from bot.domain.errors import StartupError
from bot.domain.invite import INTENT_BITS, PERMISSION_BITS, PERMISSIONS, application_id_of, invite_link
from bot.llm.types import Task
from bot.settings import SECRETS, DatabaseSettings, LlmSettings, Settings, load_settings
from bot.settings_sources import FLAT_NAMES

ROOT = Path(__file__).parents[2]
TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"  # noqa: S105 - made up


def load(tmp_path: Path, text: str = "", **env: str) -> Settings:
    (tmp_path / "settings.yaml").write_text(text)
    return load_settings(tmp_path, env, None)


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return value.as_posix() if isinstance(value, Path) else value


def test_settings_yaml_holds_every_setting_with_its_default() -> None:
    assert yaml.safe_load((ROOT / "config/settings.yaml").read_text("utf-8")) == plain(
        Settings().model_dump()
    )


def test_every_line_of_settings_yaml_is_what_the_program_would_use() -> None:
    assert load_settings(ROOT / "config", {}, None) == Settings() == load_settings(ROOT / "none", {}, None)


def test_env_example_names_only_settings_that_exist() -> None:
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    names = [line.lstrip("#").partition("=")[0] for line in lines if "=" in line and " " not in line]
    assert len(names) > 10
    assert [name for name in names if name not in FLAT_NAMES and not name.startswith("LOOKOUT_")] == []


@pytest.mark.parametrize(
    ("name", "text", "setting", "value"),
    [
        ("DISCORD_BOT_TOKEN", TOKEN, "discord.token", SecretStr(TOKEN)),
        ("DISCORD_TOKEN", f"Bot {TOKEN} ", "discord.token", SecretStr(TOKEN)),
        ("DISCORD_APP_ID", "42", "discord.app_id", 42),
        ("DISCORD_INTENTS", "33281", "discord.intents", ("guilds", "guild_messages", "message_content")),
        (
            "DISCORD_INTENTS",
            "GUILDS, guild_messages MESSAGE_CONTENT,DIRECT_MESSAGES",
            "discord.intents",
            ("guilds", "guild_messages", "message_content", "dm_messages"),
        ),
        ("DISCORD_API_URL", "http://127.0.0.1:1/api/v10/", "discord.api_url", "http://127.0.0.1:1/api/v10"),
        ("DISCORD_GATEWAY_URL", "ws://127.0.0.1:1", "discord.gateway_url", "ws://127.0.0.1:1"),
        ("DISCORD_CDN_URL", "https://cdn.example", "discord.cdn_url", "https://cdn.example"),
        ("LLM_PROVIDER", "ollama", "llm.provider", "ollama"),
        ("LLM_API_KEY", "key", "llm.api_key", SecretStr("key")),
        ("OLLAMA_HOST", "0.0.0.0", "llm.ollama_host", "http://127.0.0.1:11434"),
        ("OLLAMA_URL", "https://ollama.example/", "llm.ollama_host", "https://ollama.example"),
        ("OLLAMA_HOST", "box:1234", "llm.ollama_host", "http://box:1234"),
        ("OLLAMA_MODEL", "gemma3:4b", "llm.ollama_model", "gemma3:4b"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1/", "llm.openai_base_url", "http://127.0.0.1:8000/v1"),
        ("ANTHROPIC_API_KEY", " key ", "llm.anthropic_api_key", SecretStr("key")),
        ("LOOKOUT_LLM__CEILINGS__USD_PER_DAY", "0.5", "llm.ceilings.usd_per_day", 0.5),
        ("LOOKOUT_LLM__MODELS__REPLY", "gemma3:27b", "llm.models.reply", "gemma3:27b"),
        (
            "LOOKOUT_LLM__CHAINS__REPLY",
            "ollama/gemma3:27b, anthropic,openai/meta-llama/llama-3-8b",
            "llm.chains.reply",
            ("ollama/gemma3:27b", "anthropic", "openai/meta-llama/llama-3-8b"),
        ),
        ("LOOKOUT_LLM__CHAINS__REPLY", '["ollama", anthropic]', "llm.chains.reply", ("ollama", "anthropic")),
        ("LOOKOUT_LLM__CHAINS__REPLY", "[]", "llm.chains.reply", ()),
        ("DATABASE_URL", "sqlite:///x.db", "database.url", SecretStr("sqlite:///x.db")),
        ("DB_PATH", "else/where.db", "database.path", Path("else/where.db")),
        ("LOG_LEVEL", "debug", "log.level", "DEBUG"),
        ("ADMIN_TOKEN", "let-me-in", "api.admin_token", SecretStr("let-me-in")),
        ("ADMIN_PORT", "0", "api.port", 0),
        ("ADMIN_HOST", "::1", "api.host", "::1"),
        ("SIMILARITY_THRESHOLD", "0.5", "observer.similarity_threshold", 0.5),
        ("MAX_CONTEXT_LENGTH", "8192", "observer.max_context_length", 8192),
        ("RETENTION_DAYS", "7", "retention.messages_days", 7),
        ("MAINTENANCE_MODE", "on", "maintenance_mode", True),
        ("LOOKOUT_MAINTENANCE_MODE", "1", "maintenance_mode", True),
        ("LOOKOUT_ORCHESTRATOR__QUIET_HOURS", "22:00-07:00", "orchestrator.quiet_hours", "22:00-07:00"),
        ("lookout_api__enabled", "no", "api.enabled", False),
    ],
)
def test_environment_sets(tmp_path: Path, name: str, text: str, setting: str, value: object) -> None:
    found: Any = load(tmp_path, **{name: text})
    for part in setting.split("."):
        found = getattr(found, part)
    assert found == value


def test_environment_beats_env_file_beats_yaml_and_empty_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(
        "retention: {messages_days: 1}\nlog: {level: ERROR}\napi: {port: 1}\n"
    )
    env_file = tmp_path / ".env"
    env_file.write_text("RETENTION_DAYS=2\nLOG_LEVEL=DEBUG\nDISCORD_BOT_TOKEN=file\nEDITOR=vi\nADMIN_PORT=\n")
    settings = load_settings(
        tmp_path, {"RETENTION_DAYS": "3", "LOG_LEVEL": " ", "DISCORD_TOKEN": "env"}, env_file
    )
    assert settings.retention.messages_days == 3
    assert settings.log.level == "DEBUG"
    assert settings.api.port == 1
    assert settings.discord.token == SecretStr("env")


@pytest.mark.parametrize(
    ("text", "env", "message"),
    [
        (
            "observer:\n  similarity_treshold: 1\n",
            {},
            ":2: unknown setting observer.similarity_treshold; did you mean similarity_threshold?",
        ),
        ("\nobservers: {}\n", {}, "settings.yaml:2: unknown setting observers; did you mean observer?"),
        ("a: [\n", {}, "settings.yaml:2: not valid YAML"),
        ("api:\n\tport: 1\n", {}, "settings.yaml:2: not valid YAML"),
        ("- 1\n", {}, "settings.yaml:1: must hold sections"),
        ("api: 5\n", {}, "settings.yaml:1: api must be a section"),
        ("api:\n  port: 70000\n", {}, "settings.yaml:2: api.port must be less than or equal to 65535"),
        ("log: {level: LOUD}\n", {}, "settings.yaml:1: log.level must be 'TRACE', 'DEBUG', 'INFO'"),
        ("discord: {token: abc}\n", {}, "discord.token is a secret: put it into .env"),
        ("orchestrator: {quiet_hours: 22-7}\n", {}, 'quiet_hours must look like "22:00-07:00"'),
        ("orchestrator: {quiet_hours: '22:00-22:00'}\n", {}, "with two different times"),
        ("api: {host: 0.0.0.0}\n", {}, "ADMIN_TOKEN must be set too"),
        ("", {"ADMIN_HOST": "192.168.1.2"}, "ADMIN_HOST (environment): api.host is open to other machines"),
        (
            "",
            {"RETENTION_DAYS": "soon"},
            "RETENTION_DAYS (environment): retention.messages_days must be a valid",
        ),
        (
            "",
            {"LOOKOUT_LLM__PROVIDR": "x"},
            "LOOKOUT_LLM__PROVIDR (environment): unknown setting llm.providr; did",
        ),
        (
            "",
            {"LOOKOUT_LM__PROVIDER": "x"},
            "LOOKOUT_LM__PROVIDER (environment): unknown setting lm; did you mean",
        ),
        (
            "",
            {"DATABASE_URL": "mysql://u:pw@h/d"},
            "DATABASE_URL (environment): database.url must start with",
        ),
        ("", {"DATABASE_URL": "sqlite:///:memory:"}, "and a file"),
        (
            "",
            {"DISCORD_API_URL": "localhost:80"},
            "discord.api_url must be an address that starts with http://",
        ),
        ("", {"DISCORD_INTENTS": "guilds,guild_messages"}, "Discord removes the text of messages"),
        ("", {"DISCORD_CDN_URL": "http://[::1"}, "discord.cdn_url must be an address"),
        ("log: {level: 5}", {}, "log.level must be 'TRACE'"),
        (
            "retention:\n  messages_days:\n",
            {},
            "settings.yaml:2: retention.messages_days must be a valid integer",
        ),
        ("", {"DISCORD_INTENTS": "513"}, "Discord removes the text of messages"),
        ("", {"DISCORD_INTENTS": "guilds,mesages"}, "accepted: guilds, members"),
        ("", {"DISCORD_INTENTS": str(1 << 40)}, "a bit no intent uses"),
        ("", {"ADMIN_PORT": "x", "RETENTION_DAYS": "0"}, "(and 1 more)"),
        (
            "llm:\n  ceilings:\n    usd_per_day: -1\n",
            {},
            "settings.yaml:3: llm.ceilings.usd_per_day must be greater than or equal to 0",
        ),
        (
            "llm:\n  breaker:\n    failure: 3\n",
            {},
            "settings.yaml:3: unknown setting llm.breaker.failure; did you mean failures?",
        ),
        ("llm: {models: 5}\n", {}, "settings.yaml:1: llm.models must be a section"),
        ("llm: {chains: {reply: [olama]}}\n", {}, "llm.chains.reply must list providers, each alone or as"),
        ("llm: {chains: {reply: [embedded, ollama]}}\n", {}, "embedded is always last by itself"),
        ("llm: {chains: {reply: [5]}}\n", {}, "settings.yaml:1: llm.chains.reply must be a valid string"),
        (
            "",
            {"LOOKOUT_LLM__CHAINS__REPLY": "olama/x"},
            "LOOKOUT_LLM__CHAINS__REPLY (environment): llm.chains.reply must list providers",
        ),
        (
            "",
            {"LOOKOUT_LLM__DEADLINES__REPLY": "long"},
            "LOOKOUT_LLM__DEADLINES__REPLY (environment): llm.deadlines.reply must be a valid number",
        ),
        ("llm: {ollama_keep_alive: soon}\n", {}, "llm.ollama_keep_alive"),
        (
            "llm: {provider: transformers}\n",
            {},
            "settings.yaml:1: llm names transformers for the task classify and no model",
        ),
        ("llm: {anthropic_api_key: key}\n", {}, "llm.anthropic_api_key is a secret: put it into .env"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it_and_its_origin(
    tmp_path: Path, text: str, env: dict[str, str], message: str
) -> None:
    with pytest.raises(StartupError) as caught:
        load(tmp_path, text, **env)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not any(value in str(caught.value) for value in env.values() if len(value) > 3)


def test_an_unreadable_file_is_told_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_bytes(b"\xff\xfe\x00secret")
    with pytest.raises(StartupError, match=r"settings\.yaml: can't be read: it is not UTF-8"):
        load_settings(tmp_path, {}, None)
    (tmp_path / ".env").write_bytes(b"DISCORD_TOKEN=\xff\n")
    with pytest.raises(StartupError, match=r"\.env: can't be read"):
        load_settings(tmp_path / "none", {}, tmp_path / ".env")


def test_an_admin_token_opens_other_addresses(tmp_path: Path) -> None:
    assert load(tmp_path, ADMIN_HOST="0.0.0.0", ADMIN_TOKEN="long-enough").api.host == "0.0.0.0"
    assert load(tmp_path, "api: {enabled: false, host: 0.0.0.0}").api.host == "0.0.0.0"


def test_no_secret_shows_in_what_is_printed_or_dumped(tmp_path: Path) -> None:
    secrets = {
        "DISCORD_TOKEN": TOKEN,
        "LLM_API_KEY": "sk-llm-key",
        "ANTHROPIC_API_KEY": "sk-ant-key",
        "OPENAI_API_KEY": "sk-oai-key",
        "ADMIN_TOKEN": "admin-key",
        "DATABASE_URL": "postgresql://lookout:pass-word@db/lookout",
    }
    secrets["LOOKOUT_PLUGIN_KARMA_KEY"] = "karma-key"
    values = [TOKEN, "admin-key", "karma-key", "sk-llm-key", "sk-ant-key", "sk-oai-key", "pass-word"]
    settings = load(tmp_path, **secrets)
    shown = f"{settings} {settings!r} {settings.model_dump_json()} {settings.database.describe()}"
    assert not [secret for secret in values if secret in shown]
    assert settings.secrets() == values
    assert {FLAT_NAMES[name] for name in secrets if name in FLAT_NAMES} == set(SECRETS) - {"plugins.secrets"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, "sqlite+aiosqlite:///data/lookout.db"),
        ("sqlite:////var/x.db", "sqlite+aiosqlite:////var/x.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://h/d?sslmode=require", "postgresql+asyncpg://h/d?ssl=require"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_database_addresses_get_an_asynchronous_driver(url: str | None, expected: str) -> None:
    assert DatabaseSettings(url=SecretStr(url) if url else None).sqlalchemy_url == expected


def test_a_database_password_is_a_secret_in_every_form_and_place() -> None:
    url = SecretStr("postgresql://me:p%40ss%2Fword@h/d?sslmode=require&password=an%21other")
    known = Settings(database=DatabaseSettings(url=url)).secrets()
    assert known == ["p%40ss%2Fword", "p@ss/word", "an%21other", "an!other"]


def test_database_describes_itself_without_its_password() -> None:
    assert DatabaseSettings().sqlite_path == Path("data/lookout.db")
    assert DatabaseSettings(path=Path("/var/x.db")).sqlite_path == Path("/var/x.db")
    server = DatabaseSettings(url=SecretStr("postgres://u:p@h/d"))
    assert server.sqlite_path is None
    assert server.describe() == "PostgreSQL at h:5432/d"


def test_a_host_that_is_no_text_is_refused_by_pydantic() -> None:
    with pytest.raises(ValueError, match="valid string"):
        LlmSettings.model_validate({"ollama_host": 5})


def test_intents_and_permissions_are_discords() -> None:
    assert all(getattr(discord.Intents, name).flag == bit for name, bit in INTENT_BITS.items())
    assert sum(INTENT_BITS.values()) & ~discord.Intents.all().value == 0
    assert discord.Permissions(**dict.fromkeys(PERMISSION_BITS, True)).value == PERMISSIONS
    assert sum(INTENT_BITS[name] for name in Settings().gateway_intents) == 34305


def test_of_two_names_for_one_setting_the_first_counts(tmp_path: Path) -> None:
    settings = load(tmp_path, DISCORD_TOKEN="second", DISCORD_BOT_TOKEN="first")
    assert settings.discord.token == SecretStr("first")


def test_direct_messages_bring_their_intent(tmp_path: Path) -> None:
    settings = load(tmp_path, "ingest: {direct_messages: true}")
    assert settings.gateway_intents == (
        "guilds", "guild_messages", "guild_reactions", "message_content", "dm_messages"
    )  # fmt: skip
    assert discord.Intents(**dict.fromkeys(settings.gateway_intents, True)).dm_messages


def test_invite_link_asks_for_what_is_used() -> None:
    assert invite_link(42) == (
        "https://discord.com/oauth2/authorize?client_id=42&permissions=274877991936&scope=bot+applications.commands"
    )
    assert "client_id=YOUR_APPLICATION_ID" in invite_link(None)
    more = invite_link(42, ["moderate_members", "manage_messages"], 7)
    asked = discord.Permissions(int(parse_qs(urlsplit(more).query)["permissions"][0]))
    assert asked.moderate_members
    assert asked.manage_messages
    assert asked.value & PERMISSIONS == PERMISSIONS
    assert asked.value.bit_count() == PERMISSIONS.bit_count() + 2
    assert more.endswith("&guild_id=7&disable_guild_select=true")


def test_application_id_is_set_or_read_from_the_token(tmp_path: Path) -> None:
    assert load(tmp_path, DISCORD_TOKEN=TOKEN).discord.application_id == 123456789012345678
    assert load(tmp_path, DISCORD_TOKEN=TOKEN, DISCORD_APP_ID="7").discord.application_id == 7
    assert load(tmp_path).discord.application_id is None
    assert application_id_of("not base64!.x.y") is None
    assert application_id_of("_____.x.y") is None


def test_each_task_asks_its_chain_else_the_provider_with_the_tasks_model(tmp_path: Path) -> None:
    text = """
llm:
  provider: ollama
  models: {reply: gemma3:27b}
  chains:
    summarize: [ollama/gemma3:4b, openai/meta-llama/llama-3-8b, anthropic]
    route: []
    chat: [anthropic, ollama, embedded]
  breaker:
"""
    llm = load(tmp_path, text).llm
    assert llm.links("classify") == (("ollama", "llama3.2:3b"),)
    assert llm.links("reply") == (("ollama", "gemma3:27b"),)
    assert llm.links("summarize") == (
        ("ollama", "gemma3:4b"), ("openai", "meta-llama/llama-3-8b"), ("anthropic", llm.anthropic_model)
    )  # fmt: skip
    assert llm.links("route") == ()
    assert llm.links("chat") == (("anthropic", llm.anthropic_model), ("ollama", "llama3.2:3b"))
    assert llm.breaker == LlmSettings().breaker


def test_without_a_provider_every_task_is_embedded() -> None:
    assert [LlmSettings().links(task) for task in Task] == [()] * len(Task)


def test_the_one_key_belongs_to_the_provider_alone(tmp_path: Path) -> None:
    llm = load(tmp_path, LLM_PROVIDER="anthropic", LLM_API_KEY="one", OPENAI_API_KEY="two").llm
    assert llm.key_of("anthropic") == SecretStr("one")
    assert llm.key_of("openai") == SecretStr("two")
    assert llm.key_of("ollama") is None
    assert load(tmp_path, LLM_PROVIDER="anthropic", LLM_API_KEY="one").llm.key_of("openai") is None
