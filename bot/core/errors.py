"""The one place where a failed command turns into an answer."""

import math
from typing import Any

import aiohttp
import discord
from discord import app_commands
from loguru import logger

from bot.domain.errors import UserFacingError
from bot.texts import text


async def on_app_command_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Tell the member what went wrong; log it with a reference when it is our fault."""
    await tell(interaction, error.__cause__ if isinstance(error.__cause__, Exception) else error)


async def tell(interaction: discord.Interaction[Any], cause: Exception) -> None:
    """Tell the member what went wrong in a command, button or form; log it when it is our fault."""
    if isinstance(cause, UserFacingError):
        await _reply(interaction, str(cause))
    elif isinstance(cause, app_commands.TransformerError):  # a channel I don't see, or of another server
        named = getattr(cause.value, "mention", None) or text("checks.unnamed")
        await _reply(interaction, text("checks.unseen", place=named))
    elif isinstance(cause, app_commands.CommandOnCooldown):
        await _reply(interaction, text("checks.cooldown", seconds=math.ceil(cause.retry_after)))
    elif isinstance(cause, app_commands.CheckFailure):
        await _reply(interaction, text("checks.here"))
    elif interaction.client.is_closed():
        logger.warning("Stopped while answering interaction {}", interaction.id)
    else:
        place = _place_of(interaction)
        reference = interaction.client.services.errors.note(cause, place, interaction.guild_id)
        log = logger.bind(reference=reference, guild_id=interaction.guild_id).opt(exception=cause)
        log.error("{} failed (interaction {})", place, interaction.id)
        await _reply(interaction, text("errors.apology", reference=reference))


def _place_of(interaction: discord.Interaction[Any]) -> str:
    """Return what was used: a command's name, else the kind of thing that was pressed or sent."""
    if isinstance(interaction.command, app_commands.Command):
        return f"/{interaction.command.qualified_name}"
    if interaction.command is not None:
        return f"menu {interaction.command.name}"
    return f"{interaction.type.name.replace('_', ' ')} of a message"


async def _reply(interaction: discord.Interaction[Any], words: str) -> None:
    try:
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True)
        else:
            await interaction.response.send_message(words, ephemeral=True)
    except (discord.HTTPException, aiohttp.ClientError) as error:
        # Too late, or Discord is failing: nobody is left to tell.
        logger.warning("Could not answer interaction {}: {}", interaction.id, error)
