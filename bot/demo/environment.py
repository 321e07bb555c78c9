"""The environment of the demo's bot: the owner's own, except for where it connects and where it writes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.demo.errors import DemoError
from bot.demo.language import Words, environment_of
from bot.domain.errors import StartupError
from bot.settings_sources import FLAT_NAMES, PREFIX, SEPARATOR, read_environment

# What the demo decides itself; anything else set by the owner counts here too.
OWN_SECTIONS = ("discord", "database", "log", "api", "plugins")
PLUGIN_SECRETS = "LOOKOUT_PLUGIN_"  # keys of the real services are none of the demo's
SET_UP = "LOOKOUT_IN_VENV"  # tells run.py that nothing needs installing: the demo runs there already


def bot_environment(
    ready: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str] | None = None,
    language: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment in which `python run.py` connects to the sandbox and writes into `folder`.

    Args:
        ready: the line the sandbox printed.
        folder: for database and logs.
        env: what to start from; None: the process's.
        language: which language model is asked; None: none.
    """
    base = dict(os.environ if env is None else env)
    for name in list(base):
        if _setting(name).partition(".")[0] in OWN_SECTIONS or name.upper().startswith(PLUGIN_SECRETS):
            del base[name]
    return (
        base
        | {
            "DISCORD_BOT_TOKEN": ready["token"],
            "DISCORD_APP_ID": str(ready["application_id"]),
            "DISCORD_API_URL": ready["api_url"],
            "DISCORD_GATEWAY_URL": ready["gateway_url"],
            "DISCORD_CDN_URL": ready["cdn_url"],
            "DISCORD_INTENTS": "guilds,guild_messages,guild_reactions,message_content",
            # Both, because .env may name a database by URL, which goes before a path.
            "DB_PATH": str(folder / "lookout.db"),
            "DATABASE_URL": f"sqlite:///{(folder / 'lookout.db').as_posix()}",
            "LOG_LEVEL": "INFO",
            "LOOKOUT_LOG__JSON_LINES": "false",
            # Nothing of the demo's bot belongs among the real one's data.
            "LOOKOUT_LOG__FOLDER": str(folder / "logs"),
            "LOOKOUT_API__ENABLED": "true",
            "LOOKOUT_DISCORD__WELCOME": "false",  # its desk is set up already
            "ADMIN_HOST": "127.0.0.1",
            "ADMIN_PORT": "0",
            "PYTHONUNBUFFERED": "1",
            SET_UP: "1",
        }
        | _plugins(ready["services"], folder)
        | (environment_of(Words.NONE) if language is None else language)
        | _admin_token(env)
    )


def admin_token(env: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> str | None:
    """Return the token the owner has set for the admin API: an empty one can't be passed on.

    Raises:
        DemoError: `env_file` can't be read.
    """
    try:
        found = read_environment(os.environ if env is None else env, env_file).get("api.admin_token")
    except StartupError as error:
        raise DemoError(str(error)) from None
    return found.text if found else None


def _admin_token(env: Mapping[str, str] | None) -> dict[str, str]:
    token = admin_token(env)
    return {"ADMIN_TOKEN": token} if token else {}


def _plugins(services: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return what has the bundled plugins ask the stand-ins, whatever the owner has set in files."""
    github, pictures = services["github"], services["pictures"]
    section = "LOOKOUT_PLUGINS__"
    requests, images = f"{section}OPTIONS__FEATURE_REQUESTS__", f"{section}OPTIONS__IMAGE_GENERATION__"
    return {
        f"{section}ENABLED": "true",
        f"{section}FOLDER": "plugins",
        f"{section}FILES_FOLDER": str(folder / "plugins"),
        f"{section}HOSTS__FEATURE_REQUESTS": github["address"],
        f"{section}HOSTS__IMAGE_GENERATION": pictures["address"],
        f"{requests}API_URL": github["url"],
        f"{requests}REPOSITORIES": github["repository"],
        f"{images}SERVICE": "openai",
        f"{images}MODEL": "gpt-image-1",
        f"{images}BASE_URL": pictures["url"],
        f"{PLUGIN_SECRETS}FEATURE_REQUESTS_TOKEN": github["token"],
        f"{PLUGIN_SECRETS}IMAGE_GENERATION_KEY": pictures["key"],
    }


def _setting(name: str) -> str:
    if name.upper().startswith(PREFIX):
        return name.upper().removeprefix(PREFIX).lower().replace(SEPARATOR, ".")
    return FLAT_NAMES.get(name, "")
