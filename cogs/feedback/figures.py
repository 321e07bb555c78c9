"""`/feedback`: how answers did, by what they were made of, and the life of what learns from it."""

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.core.checks import managers_only
from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.models import Guild
from bot.services.compose import MODEL
from bot.texts import text

MOST = 25  # lines


class FeedbackFigures(WorkerCog):
    """The command, and the worker that fits thresholds."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        super().__init__(bot, "thresholds", bot.services.fitting.run)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @managers_only()
    async def feedback(self, interaction: discord.Interaction) -> None:
        """Show how my answers did, and what I learnt from it."""
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer(ephemeral=True)
        services = self._bot.services
        figures = await services.feedback.figures(interaction.guild_id)
        guild = await services.guilds.find(interaction.guild_id)
        confidence = services.guilds.policy(interaction.guild_id).min_confidence
        await interaction.followup.send(embed=figures_embed(figures, guild, confidence), ephemeral=True)


def figures_embed(
    figures: Mapping[str, Mapping[str, int]], guild: Guild | None, confidence: float
) -> discord.Embed:
    """Build the answer to `/feedback`: what was shown most first."""
    ranked = sorted(figures.items(), key=lambda each: (-each[1].get("shown", 0), each[0]))
    lines = [_line(source, counts) for source, counts in ranked[:MOST]]
    embed = discord.Embed(
        title=text("feedback.title"), description="\n".join(lines) or text("feedback.nothing")
    )
    value = f"{confidence:.2f}"
    told = text("feedback.threshold_default", value=value)
    if guild is not None and guild.min_confidence is not None:
        told = text("feedback.threshold_chosen", value=value)
    elif guild is not None and guild.fitted_confidence is not None and guild.fits is not False:
        told = text("feedback.threshold_fitted", value=value)
    embed.add_field(name=text("feedback.threshold"), value=told, inline=False)
    return embed


def _line(source: str, counts: Mapping[str, int]) -> str:
    name = {"": text("feedback.unnamed"), MODEL: text("feedback.model")}.get(source, source.replace("_", " "))
    return text(
        "feedback.line",
        source=name,
        shown=counts.get("shown", 0),
        right=counts.get("right", 0),
        wrong=counts.get("wrong", 0),
        edited=counts.get("edited", 0),
        dismissed=counts.get("dismissed", 0),
    )
