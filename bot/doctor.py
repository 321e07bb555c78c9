"""`python run.py doctor`: is everything there that the bot needs, and if not, what to do."""

import asyncio
import importlib.util
import os
import platform
import shutil
import socket
import sqlite3
import sys
import tempfile
import zoneinfo
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from bot import __version__
from bot.abilities import describe_abilities
from bot.domain.errors import StartupError
from bot.domain.invite import PRIVILEGED, invite_link
from bot.llm.build import build_providers
from bot.llm.provider import LLMProvider
from bot.llm.types import Health
from bot.logs import Masker
from bot.settings import DatabaseSettings, DiscordSettings, LlmSettings, NlpSettings, Settings, load_settings

DEADLINE = 5.0  # seconds, for each answer from elsewhere
MODEL_DEADLINE = 20.0  # the same, where a library of some size is imported first
PRICES = Path(__file__).resolve().parent.parent / "config" / "prices.yaml"
DISCORD_API = "https://discord.com/api/v10"
MAX_CLOCK_SKEW = 30.0  # seconds
MIN_FREE_BYTES = 200_000_000
PORTAL = "https://discord.com/developers/applications"
# Application flags: the intent is switched on (for a bot in 100 servers or more, for a smaller one).
# https://discord.com/developers/docs/resources/application#application-object-application-flags
INTENT_FLAGS = {
    "presences": 1 << 12 | 1 << 13,
    "members": 1 << 14 | 1 << 15,
    "message_content": 1 << 18 | 1 << 19,
}
NEEDED_MODULES = ("discord", "sqlmodel", "greenlet", "aiosqlite", "alembic", "fastapi", "uvicorn", "ollama")


class State(StrEnum):
    """How a check went; only FAIL keeps the bot from starting."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


class Check(NamedTuple):
    """One line of the table."""

    name: str
    state: State
    detail: str
    fix: str = ""
    below: str = ""  # a line under the table, too long for a cell


def check_python() -> Check:
    """Tell which Python runs this, and whether it is new enough."""
    detail = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info < (3, 11):  # noqa: UP036 - a bot started without run.py
        return Check("Python", State.FAIL, detail, "install Python 3.11 or newer")
    return Check("Python", State.OK, detail)


def check_packages() -> Check:
    """Tell what is missing, and which abilities are off."""
    missing = [name for name in NEEDED_MODULES if importlib.util.find_spec(name) is None]
    if missing:
        return Check("Packages", State.FAIL, f"missing: {', '.join(missing)}", "python run.py setup")
    return Check("Packages", State.OK, describe_abilities())


def check_judges(nlp: NlpSettings) -> Check:
    """Tell who judges messages."""
    from bot.nlp.choice import choose_encoder, choose_judges

    choice = choose_encoder(nlp)
    state = State.WARN if choice.degraded else State.OK
    return Check("Judges", state, choose_judges(choice).reason)


def check_time_zones() -> Check:
    """Tell whether the guilds' zones can be looked up."""
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
    except zoneinfo.ZoneInfoNotFoundError:
        return Check("Time zones", State.FAIL, "no time zone data", "pip install tzdata")
    return Check("Time zones", State.OK, f"now {datetime.now(UTC):%Y-%m-%d %H:%M} UTC")


def check_folder(name: str, folder: Path) -> Check:
    """Tell whether files can be made in `folder`, or it can be made."""
    place = next((parent for parent in (folder, *folder.parents) if parent.exists()), Path())
    fix = "change its owner, free some space, or choose another in config/settings.yaml"
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Check(name, State.FAIL, f"{folder}: {error.strerror}", fix)
    if free < MIN_FREE_BYTES:
        return Check(name, State.WARN, f"{folder}: {free // 1_000_000} MB left", "free some space")
    return Check(name, State.OK, str(folder))


def check_port(settings: Settings) -> Check:
    """Tell whether the admin API's address is free."""
    api = settings.api
    if not api.enabled:
        return Check("Admin API", State.SKIP, "switched off")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(api.host, api.port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as listener:
            if os.name != "nt":  # there it would let two programs share the port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        fix = "stop the other program (another Lookout?) or set ADMIN_PORT"
        return Check("Admin API", State.FAIL, f"{api.host}:{api.port}: {error.strerror}", fix)
    return Check("Admin API", State.OK, f"{api.host}:{api.port} is free")


async def check_database(database: DatabaseSettings) -> Check:
    """Tell whether the database can be written to; creates nothing."""
    if database.sqlite_path:
        return await asyncio.to_thread(_check_sqlite, database.sqlite_path)
    return await _check_postgres(database)


def _check_sqlite(path: Path) -> Check:
    if not path.exists():
        folder = check_folder("Database", path.parent)
        detail = f"{path}: will be made at the first start"
        return folder if folder.state is State.FAIL else Check("Database", State.OK, detail)
    try:
        address = f"{path.resolve().as_uri()}?mode=rw"
        with closing(
            sqlite3.connect(address, uri=True, timeout=DEADLINE, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        fix = "change the file's owner, or set DB_PATH to another"
        if "locked" in str(error):
            fix = "stop the program that holds it"
        return Check("Database", State.FAIL, f"{path}: {error}", fix)
    return Check("Database", State.OK, f"SQLite file {path}")


async def _check_postgres(database: DatabaseSettings) -> Check:
    if importlib.util.find_spec("asyncpg") is None:
        fix = f"{sys.executable} -m pip install -r requirements-postgres.txt"
        return Check("Database", State.FAIL, "the driver for PostgreSQL is missing", fix)
    import asyncpg  # type: ignore[import-untyped]

    address = database.sqlalchemy_url.replace("+asyncpg", "", 1).replace("ssl=", "sslmode=")
    try:
        async with asyncio.timeout(DEADLINE):
            connection = await asyncpg.connect(address, timeout=DEADLINE)
            try:
                read_only = await connection.fetchval("SHOW transaction_read_only")
            finally:
                await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        detail = f"{database.describe()}: {error or 'no answer'}"
        return Check("Database", State.FAIL, detail, "start the server, or correct DATABASE_URL")
    if read_only == "on":
        return Check("Database", State.FAIL, f"{database.describe()} is read-only", "use the primary server")
    return Check("Database", State.OK, database.describe())


async def check_discord(discord: DiscordSettings, intents: tuple[str, ...]) -> list[Check]:
    """Ask Discord whether the token is good and the privileged intents are switched on."""
    if discord.token is None:
        fix = f"set DISCORD_BOT_TOKEN in .env; make one at {PORTAL}"
        return [Check("Token", State.FAIL, "not set", fix)]
    base = discord.api_url or DISCORD_API
    headers = {
        "Authorization": f"Bot {discord.token.get_secret_value()}",
        "User-Agent": f"DiscordBot (lookout, {__version__})",
    }
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            status, me, answer_headers = await _get(session, f"{base}/users/@me")
            if status != HTTPStatus.OK:
                return [_refused(status, base)]
            about, application, _ = await _get(session, f"{base}/applications/@me")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        reason = type(error).__name__
        return [
            Check("Token", State.FAIL, f"no answer from {base} ({reason})", "check the connection and proxy")
        ]
    link = invite_link(discord.application_id or _number(me.get("id")))
    return [
        Check("Token", State.OK, f"belongs to {me.get('username')}", below=f"Invite it with {link}"),
        check_intents(intents, _number(application.get("flags")) if about == HTTPStatus.OK else None),
        *check_clock(answer_headers, datetime.now(UTC)),
    ]


def _refused(status: int, base: str) -> Check:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fix = f"Reset Token at {PORTAL} > Bot, and put the new one into .env"
        return Check("Token", State.FAIL, "Discord refuses it", fix)
    return Check("Token", State.FAIL, f"{base} answered {status}", "try again later")


def check_intents(intents: tuple[str, ...], flags: int | None) -> Check:
    """Tell whether the privileged intents among `intents` are on in `flags` (None: unknown)."""
    if flags is None:
        detail = "could not be checked: Discord did not show the application"
        return Check("Intents", State.WARN, detail, "try again later")
    off = [PRIVILEGED[name] for name in intents if name in INTENT_FLAGS and not flags & INTENT_FLAGS[name]]
    if off:
        fix = f"switch it on at {PORTAL} > Bot > Privileged Gateway Intents"
        return Check("Intents", State.FAIL, f"{' and '.join(off)} is off", fix)
    if "guild_reactions" not in intents:
        detail = "without guild_reactions no thumbs up or down under an answer is heard"
        return Check("Intents", State.WARN, detail, "add it to DISCORD_INTENTS or discord.intents")
    return Check("Intents", State.OK, ", ".join(intents))


def check_clock(headers: Mapping[str, str], now: datetime) -> list[Check]:
    """Compare this machine's clock with an answer's Date header; nothing where there is none."""
    try:
        there = parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return []
    skew = abs((now - there).total_seconds())
    if skew > MAX_CLOCK_SKEW:
        return [Check("Clock", State.WARN, f"{skew:.0f} seconds off", "switch on time synchronisation")]
    return [Check("Clock", State.OK, "agrees with Discord's")]


async def check_models(llm: LlmSettings, nlp: NlpSettings) -> list[Check]:
    """Tell whether each provider that a chain names answers, takes the key and has the models.

    Never a failure: without a language model the bot works in embedded mode.
    """
    wanted = llm.wanted()
    if not wanted:
        return [Check("Language model", State.OK, "none: embedded mode")]
    try:
        providers = build_providers(llm, nlp, PRICES).providers
    except StartupError as error:
        return [Check("Language model", State.FAIL, str(error), "correct it there")]
    return await asyncio.gather(
        *(_check_model(provider, wanted[name]) for name, provider in providers.items())
    )


async def _check_model(provider: LLMProvider, wanted: tuple[str, ...]) -> Check:
    name = f"Language model: {provider.name}"
    try:
        async with asyncio.timeout(MODEL_DEADLINE):
            health = await provider.health(wanted)
    except TimeoutError:
        health = Health(ok=False, detail=f"no answer within {MODEL_DEADLINE:g} s")
    finally:
        await provider.close()
    if health.ok:
        return Check(name, State.OK, f"{health.detail}; wanted: {', '.join(wanted)}")
    if health.missing and provider.name == "ollama":
        fix = f"ollama pull {health.missing[0]}" if len(health.missing) == 1 else "python run.py pull"
        return Check(name, State.WARN, f"{health.detail.partition(': run ')[0]}", fix)
    return Check(name, State.WARN, health.detail, "the bot works in embedded mode meanwhile")


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Return status, JSON object ({} when it is none) and headers of an answer, within DEADLINE."""
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=DEADLINE)) as response:
        body = await response.json(content_type=None)
        return response.status, body if isinstance(body, dict) else {}, response.headers


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else 0


async def run_checks(settings: Settings) -> list[Check]:
    """Return every check that needs the settings, each within its deadline."""
    discord, models, database = await asyncio.gather(
        check_discord(settings.discord, settings.gateway_intents),
        check_models(settings.llm, settings.nlp),
        check_database(settings.database),
    )
    return [
        *discord,
        database,
        await asyncio.to_thread(check_judges, settings.nlp),
        check_folder("Log folder", settings.log.folder),
        check_port(settings),
        *models,
    ]


def run_doctor() -> int:
    """Check everything, print the table and return the exit code: 1 when a check failed."""
    checks = [check_python(), check_packages(), check_time_zones()]
    mask = Masker()
    try:
        settings = load_settings()
    except StartupError as error:
        checks.append(Check("Settings", State.FAIL, str(error), "correct it there"))
    else:
        mask = Masker(settings.secrets())
        checks.append(Check("Settings", State.OK, "config/settings.yaml, .env and the environment are valid"))
        checks += asyncio.run(run_checks(settings))
    _print_table(checks, mask)
    return int(any(check.state is State.FAIL for check in checks))


def _print_table(checks: list[Check], mask: Masker) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red", State.SKIP: "dim"}
    table = Table()
    for title in ("Check", "", "Found", "What to do"):
        table.add_column(title, overflow="fold")  # cut off, an address or a path is worth nothing
    for check in checks:
        cells = [check.name, check.state.value, mask(check.detail), mask(check.fix)]
        table.add_row(
            *(Text(cell, styles[check.state] if cell == check.state.value else "") for cell in cells)
        )
    # Without a terminal rich assumes 80 columns and would break the addresses.
    console = Console()
    console.width = console.width if console.is_terminal else 200
    console.print(table)
    for check in checks:
        if check.below:
            console.print(Text(mask(check.below)), soft_wrap=True)
