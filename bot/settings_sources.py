"""Where settings come from: config/settings.yaml, `.env` and the environment, each value with its origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dotenv import dotenv_values

from bot.domain.errors import StartupError
from bot.domain.yaml_text import load_yaml

PREFIX = "LOOKOUT_"
PLUGIN_PREFIX = "LOOKOUT_PLUGIN_"
SEPARATOR = "__"

# The names people know; of several for one setting, the first that is set counts.
FLAT_NAMES = {
    "DISCORD_BOT_TOKEN": "discord.token",
    "DISCORD_TOKEN": "discord.token",
    "DISCORD_APP_ID": "discord.app_id",
    "DISCORD_INTENTS": "discord.intents",
    "DISCORD_API_URL": "discord.api_url",
    "DISCORD_GATEWAY_URL": "discord.gateway_url",
    "DISCORD_CDN_URL": "discord.cdn_url",
    "LLM_PROVIDER": "llm.provider",
    "LLM_API_KEY": "llm.api_key",
    "ANTHROPIC_API_KEY": "llm.anthropic_api_key",
    "OPENAI_API_KEY": "llm.openai_api_key",
    "OPENAI_BASE_URL": "llm.openai_base_url",
    "OLLAMA_HOST": "llm.ollama_host",
    "OLLAMA_URL": "llm.ollama_host",
    "OLLAMA_MODEL": "llm.ollama_model",
    "DATABASE_URL": "database.url",
    "DB_PATH": "database.path",
    "LOG_LEVEL": "log.level",
    "ADMIN_TOKEN": "api.admin_token",
    "ADMIN_HOST": "api.host",
    "ADMIN_PORT": "api.port",
    "SIMILARITY_THRESHOLD": "observer.similarity_threshold",
    "MAX_CONTEXT_LENGTH": "observer.max_context_length",
    "RETENTION_DAYS": "retention.messages_days",
    "MAINTENANCE_MODE": "maintenance_mode",
}


class Value(NamedTuple):
    """A text from the environment, and the name and place it was found under."""

    text: str
    origin: str


def read_environment(env: Mapping[str, str], env_file: Path | None) -> dict[str, Value]:
    """Return the values set in `env_file` and, over them, in `env`, by dotted setting name.

    Empty values count as not set.

    Raises:
        StartupError: `env_file` can't be read.
    """
    values = _by_setting(_read_env_file(env_file), f" ({env_file})") if env_file else {}
    return values | _by_setting(env, " (environment)")


def read_plugin_secrets(env: Mapping[str, str], env_file: Path | None) -> dict[str, str]:
    """Return the secrets of plugins in `env_file` and, over them, in `env`, by "<ID>_<NAME>".

    Raises:
        StartupError: `env_file` can't be read.
    """
    found: dict[str, str] = {}
    for layer in (_read_env_file(env_file) if env_file else {}, env):
        for name, text in layer.items():
            upper = name.upper()
            if upper.startswith(PLUGIN_PREFIX) and text.strip():
                found[upper.removeprefix(PLUGIN_PREFIX)] = text.strip()
    return found


def _read_env_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        found = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"{path}: can't be read: {_reason(error)}") from None
    return {name: text for name, text in found.items() if text is not None}


def _by_setting(layer: Mapping[str, str], place: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, setting in FLAT_NAMES.items():
        if text := layer.get(name, "").strip():
            values.setdefault(setting, Value(text, name + place))
    for name, text in layer.items():
        upper = name.upper()  # Windows has no case in these names
        if upper.startswith(PREFIX) and text.strip():
            setting = upper.removeprefix(PREFIX).lower().replace(SEPARATOR, ".")
            values[setting] = Value(text.strip(), name + place)
    return values


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the sections of a settings file, {} when there is no file.

    Raises:
        StartupError: it isn't readable YAML of the right shape; the text names file and line.
    """
    try:
        text = path.read_text("utf-8")
        content = load_yaml(text)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(f"{path}: can't be read: {_reason(error)}") from None
    except yaml.YAMLError as error:
        raise StartupError(f"{_place(path, error)}: not valid YAML: {_problem(error)}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise StartupError(f"{path}:1: must hold sections such as `discord:`, see the file that came with it")
    # A section with every line commented out reads as null.
    return {str(name): {} if section is None else section for name, section in content.items()}


def line_of(path: Path, names: tuple[str, ...]) -> int:
    """Return the line (from 1) of a setting in a YAML file, of its section when it isn't found; else 1."""
    node = yaml.compose(path.read_text("utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for name in names:
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == name:
                line, node = key.start_mark.line + 1, value
                break
        else:
            break
    return line


def _reason(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8"


def _place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark else str(path)


def _problem(error: yaml.YAMLError) -> str:
    # Not str(error): that quotes the line, which may hold something private.
    return str(getattr(error, "problem", None) or "unreadable characters")
