"""Logging in and staying connected, with every known failure in the owner's words."""

import asyncio
from contextlib import suppress

import aiohttp
import discord
from loguru import logger

from bot.core.client import Bot
from bot.domain.errors import StartupError
from bot.services.clock import Clock

HANG_UP_SECONDS = 5.0


async def log_in(bot: Bot, token: str) -> None:
    """Check the token with Discord and load the cogs.

    Raises:
        StartupError: the token is wrong, or Discord can't be reached.
    """
    try:
        await bot.login(token)
    except discord.LoginFailure:
        raise StartupError(
            "Discord refuses the token. Fix: copy it again from the Bot page at "
            "https://discord.com/developers/applications (Reset Token) into DISCORD_BOT_TOKEN."
        ) from None
    except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
        raise StartupError(
            f"Can't reach Discord at {discord.http.Route.BASE}: {str(error) or type(error).__name__}. "
            "Fix: check the network, a proxy or firewall, and https://discordstatus.com."
        ) from None


async def connect(bot: Bot, clock: Clock, pause_seconds: float) -> None:
    """Stay connected until the bot is closed; an error in an event costs a reconnect, not the bot.

    Raises:
        StartupError: Discord refuses the connection for good.
    """
    while not bot.is_closed():
        try:
            await bot.connect(reconnect=True)
        except discord.PrivilegedIntentsRequired:
            raise StartupError(
                "Discord refuses the connection (4014): a privileged intent is not enabled. Fix: switch on "
                "Message Content Intent on the Bot page at https://discord.com/developers/applications."
            ) from None
        except discord.ConnectionClosed as error:
            raise StartupError(
                f"Discord closed the connection for good (code {error.code}). Fix: check the token and "
                "DISCORD_INTENTS; the code is explained at "
                "https://discord.com/developers/docs/topics/opcodes-and-status-codes."
            ) from None
        except Exception as error:  # noqa: BLE001  (one odd event must not take the bot down)
            logger.opt(exception=error).error("The gateway connection failed; connecting anew")
            await _hang_up(bot)
            await clock.sleep(pause_seconds)


async def _hang_up(bot: Bot) -> None:
    """Close what is left of a failed connection: its heartbeat thread would keep it alive."""
    socket: discord.gateway.DiscordWebSocket | None = bot.ws
    if socket is None:
        return
    with suppress(TimeoutError, OSError, aiohttp.ClientError, RuntimeError):
        async with asyncio.timeout(HANG_UP_SECONDS):
            await socket.close()
