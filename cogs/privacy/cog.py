"""`/privacy`: show, export, delete, opt-out, opt-in. About a server in it, about everything in messages."""

import io
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.client import Bot
from bot.domain.errors import UserFacingError
from bot.services.clock import SystemClock
from bot.services.privacy.export import ExportFile
from bot.services.tasks import Worker
from bot.texts import text
from cogs.privacy.buttons import DELETE, OPT_OUT, choice_view
from cogs.privacy.embeds import overview_embed, place_of

SILENT = discord.AllowedMentions.none()


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
class Privacy(commands.GroupCog, group_name="privacy"):
    """Your data: see, take along, delete it."""

    def __init__(self, bot: Bot) -> None:
        self._privacy = bot.services.privacy
        clock = SystemClock()
        self._workers = [
            Worker("erasing", self._privacy.run, clock),
            Worker("warnings of leaks", self._privacy.leaks.run, clock),
        ]

    async def cog_load(self) -> None:
        """Start what sees to erasures and warns of leaks."""
        for worker in self._workers:
            worker.start()

    async def cog_unload(self) -> None:
        """Stop; what isn't done is found in the database, and in the record of erasures."""
        for worker in self._workers:
            await worker.stop()

    @app_commands.command()
    @app_commands.checks.cooldown(3, 30)
    async def show(self, interaction: discord.Interaction) -> None:
        """See what I store of you, where, and for how long."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        privacy = self._privacy
        overview = await privacy.overview(interaction.guild_id, interaction.user.id)
        about = privacy.about
        embed = overview_embed(overview, interaction.guild_id, about.retention, about.log, about.providers)
        await interaction.followup.send(embed=embed, ephemeral=True)

    @app_commands.command()
    @app_commands.checks.cooldown(2, 120)
    async def export(self, interaction: discord.Interaction) -> None:
        """Get everything I store of you as a file, by direct message."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        place, names = place_of(interaction.guild_id), list[str]()
        by_message = True
        async for file in self._privacy.export(interaction.guild_id, interaction.user.id):
            about = text("privacy.export_message", place=place, part=len(names) + 1)
            names.append(file.name)
            if by_message and not await _send(interaction.user, file, about):
                by_message = False
                await interaction.followup.send(text("privacy.export_here"), ephemeral=True)
            if not by_message:
                await interaction.followup.send(about, file=_upload(file), ephemeral=True)
        if by_message:
            await interaction.followup.send(
                text("privacy.export_sent", files=", ".join(names)), ephemeral=True, allowed_mentions=SILENT
            )

    @app_commands.command()
    async def delete(self, interaction: discord.Interaction) -> None:
        """Have everything I store of you deleted."""
        guild_id = interaction.guild_id
        await interaction.response.send_message(
            text("privacy.delete_ask", place=place_of(guild_id)),
            view=choice_view(DELETE, guild_id, interaction.user.id),
            ephemeral=True,
        )

    @app_commands.command(name="opt-out")
    async def opt_out(self, interaction: discord.Interaction) -> None:
        """Have me store nothing of you any more, and not answer you."""
        guild_id = interaction.guild_id
        if self._privacy.is_out(guild_id, interaction.user.id):
            raise UserFacingError(text("privacy.already_out", place=place_of(guild_id)))
        await interaction.response.send_message(
            text("privacy.opt_out_ask", place=place_of(guild_id)),
            view=choice_view(OPT_OUT, guild_id, interaction.user.id),
            ephemeral=True,
        )

    @app_commands.command(name="opt-in")
    async def opt_in(self, interaction: discord.Interaction) -> None:
        """Take your opt-out back."""
        guild_id, user_id = interaction.guild_id, interaction.user.id
        if not self._privacy.is_out(guild_id, user_id):
            if guild_id is not None and self._privacy.opted_out(guild_id, user_id):
                raise UserFacingError(text("privacy.opted_in_still"))
            raise UserFacingError(text("privacy.already_in", place=place_of(guild_id)))
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._privacy.opt_in(guild_id, user_id)
        told = text("privacy.opted_in", place=place_of(guild_id))
        if self._privacy.opted_out(guild_id, user_id):
            told = text("privacy.opted_in_still")
        await interaction.followup.send(told, ephemeral=True)


async def _send(user: discord.abc.Messageable, file: ExportFile, about: str) -> bool:
    """Send a file to somebody; False where they take no direct messages."""
    try:
        await user.send(about, file=_upload(file), allowed_mentions=SILENT)
    except discord.Forbidden:
        return False
    return True


def _upload(file: ExportFile) -> Any:
    return discord.File(io.BytesIO(file.content), file.name)
