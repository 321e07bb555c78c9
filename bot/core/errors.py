"""The one place where a failed command turns into an answer."""

import math
from typing import Any

import aiohttp
import discord
from discord import app_commands
from loguru import logger

from bot.domain.errors import UserFacingError


async def on_app_command_error(interaction: discord.Interaction, error: app_commands.AppCommandError) -> None:
    """Tell the member what went wrong; log it with a reference when it is our fault."""
    await tell(interaction, error.__cause__ if isinstance(error.__cause__, Exception) else error)


async def tell(interaction: discord.Interaction[Any], cause: Exception) -> None:
    """Tell the member what went wrong in a command, button or form; log it when it is our fault."""
    if isinstance(cause, UserFacingError):
        await _reply(interaction, str(cause))
    elif isinstance(cause, app_commands.TransformerError):  # a channel I don't see, or of another server
        named = getattr(cause.value, "mention", None) or "that"
        await _reply(interaction, f"I can't see {named} here. Let my role view it, then try again.")
    elif isinstance(cause, app_commands.CommandOnCooldown):
        await _reply(interaction, f"Too often. Try again in {math.ceil(cause.retry_after)} seconds.")
    elif isinstance(cause, app_commands.CheckFailure):
        await _reply(interaction, "You may not use this command here.")
    elif interaction.client.is_closed():
        logger.warning("Stopped while answering interaction {}", interaction.id)
    else:
        logger.opt(exception=cause).error("Command failed (interaction {})", interaction.id)
        await _reply(interaction, f"Something went wrong on my side. Reference: `{interaction.id}`")


async def _reply(interaction: discord.Interaction[Any], text: str) -> None:
    try:
        if interaction.response.is_done():
            await interaction.followup.send(text, ephemeral=True)
        else:
            await interaction.response.send_message(text, ephemeral=True)
    except (discord.HTTPException, aiohttp.ClientError) as error:
        # Too late, or Discord is failing: nobody is left to tell.
        logger.warning("Could not answer interaction {}: {}", interaction.id, error)
