"""What exporting and importing a server needs: the database, and what Discord calls channels and roles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from bot import __version__
from bot.db.database import Database
from bot.db.engine import create_engine
from bot.db.instance_lock import InstanceLock
from bot.db.schema import check_current, prepare_database
from bot.domain.errors import BackupError, StartupError
from bot.services.clock import Clock
from bot.services.portable.exporting import Known
from bot.settings import DatabaseSettings, DiscordSettings

DISCORD_API: Final = "https://discord.com/api/v10"
DEADLINE: Final = 10.0  # seconds


@asynccontextmanager
async def reading(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Open the database beside the bot, which may be running.

    Raises:
        StartupError: it can't be read, or has another schema than this version.
    """
    path = settings.sqlite_path
    if path is not None and not path.is_file():
        raise StartupError(f"There is no database at {path}. Fix: start the bot once, or set DB_PATH.")
    engine = create_engine(settings.sqlalchemy_url)
    try:
        await check_current(engine)
        yield Database(engine)
    finally:
        await engine.dispose()


@asynccontextmanager
async def alone(settings: DatabaseSettings, clock: Clock) -> AsyncIterator[Database]:
    """Open the database while the bot is off, upgraded if it has to be.

    Raises:
        BackupError: the bot is running.
        StartupError: it can't be opened.
    """
    engine = create_engine(settings.sqlalchemy_url)
    lock = InstanceLock(engine)
    try:
        await prepare_database(engine, clock.now())
        try:
            await lock.acquire()
        except StartupError:
            raise BackupError(
                "The bot is running on this database. Fix: stop it, import, and start it again."
            ) from None
        yield Database(engine)
    finally:
        await lock.release()
        await engine.dispose()


async def look_up(discord: DiscordSettings, guild_id: int) -> Known:
    """Return what a server's channels and roles are called; nothing where Discord doesn't tell."""
    if discord.token is None:
        return Known()
    headers = {
        "Authorization": f"Bot {discord.token.get_secret_value()}",
        "User-Agent": f"DiscordBot (lookout, {__version__})",
    }
    base = f"{discord.api_url or DISCORD_API}/guilds/{guild_id}"
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            channels = await _named(session, f"{base}/channels")
            roles = await _named(session, f"{base}/roles")
    except (aiohttp.ClientError, OSError, ValueError, KeyError, TypeError):
        return Known()
    return Known(channels, roles)


async def _named(session: aiohttp.ClientSession, url: str) -> dict[int, str]:
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=DEADLINE)) as response:
        if response.status != HTTPStatus.OK:
            return {}
        rows: list[dict[str, Any]] = await response.json()
        return {int(each["id"]): str(each["name"]) for each in rows}
