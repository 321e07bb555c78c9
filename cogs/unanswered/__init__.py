"""`/unanswered`: questions that nobody has answered, for whoever may read them."""

import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import require_guild
from bot.core.client import Bot
from bot.core.places import person
from bot.core.ui import KeptButton
from bot.services.unanswered.finding import quoted
from bot.texts import counted, text
from bot.tools.summaries import COLOUR

PAGE = 8
PATTERN = r"unanswered:(?P<start>[0-9]{1,4})"
_EVERY = app_commands.checks.cooldown(3, 30.0, key=lambda i: (i.guild_id, i.user.id))


class MoreButton(KeptButton, template=PATTERN):
    """Shows the next page; it is asked for anew, so nobody sees what they may no longer read."""

    def __init__(self, start: int) -> None:
        self.start = start
        super().__init__(
            discord.ui.Button(label=text("unanswered.button_more"), custom_id=f"unanswered:{start}")
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["start"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page in the place of the one before."""
        require_guild(interaction)
        await interaction.response.defer()
        embed, view = await unanswered_page(interaction, self.start)
        await interaction.edit_original_response(embed=embed, view=view)


class UnansweredList(commands.Cog):
    """The command."""

    @app_commands.command()
    @app_commands.guild_only()
    @_EVERY
    async def unanswered(self, interaction: discord.Interaction) -> None:
        """List questions that nobody has answered yet, from channels you can read."""
        await interaction.response.defer(ephemeral=True)
        embed, view = await unanswered_page(interaction, 0)
        await interaction.followup.send(embed=embed, view=view, ephemeral=True)


async def unanswered_page(
    interaction: discord.Interaction[Any], start: int
) -> tuple[discord.Embed, discord.ui.View]:
    """Return the questions from the `start`th on that the caller may read, the longest waiting first."""
    assert interaction.guild_id is not None  # guild only
    assert isinstance(interaction.user, discord.Member)  # likewise
    alerts = interaction.client.services.summaries.alerts
    found = await alerts.unanswered.find(interaction.guild_id, person(interaction.user))
    lines = [quoted(interaction.guild_id, each) for each in found[start : start + PAGE]]
    hours = alerts.settings.of(interaction.guild_id).wait_hours
    embed = discord.Embed(
        title=text("unanswered.title"),
        description="\n".join(lines) or text("unanswered.none"),
        colour=COLOUR,
    )
    embed.set_footer(
        text=text(
            "unanswered.footer", questions=counted(len(found), "question"), hours=counted(hours, "hour")
        )
    )
    view = discord.ui.View(timeout=None)
    if len(found) > start + PAGE:
        view.add_item(MoreButton(start + PAGE))
    view.stop()  # the button is heard as a dynamic item; nothing needs to be remembered
    return embed, view


async def setup(bot: Bot) -> None:
    """Add the cog, and hear buttons that were posted before a restart (called by discord.py)."""
    bot.add_dynamic_items(MoreButton)
    await bot.add_cog(UnansweredList())
