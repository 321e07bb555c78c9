"""/ticket_answers: how the bot answers in tickets where training doesn't, and how sure it must be."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only
from bot.services.tickets.settings import TicketSettingsService
from bot.texts import text
from cogs.tickets.forms import SILENT

Share = app_commands.Range[float, 0.0, 1.0]


class AnswerSettings(commands.Cog):
    """Shows and changes a server's choices."""

    def __init__(self, settings: TicketSettingsService) -> None:
        self._settings = settings

    @app_commands.command(name="ticket_answers")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.describe(
        mode="What I do where nothing trained answers",
        sure="From which score a trained answer is given as written",
        near="From which score a language model puts an answer together from entries",
        as_measured="Forget both scores: take what was measured",
    )
    @managers_only()
    async def ticket_answers(
        self,
        interaction: discord.Interaction,
        mode: Literal["grounded", "open", "trained_only"] | None = None,
        sure: Share | None = None,
        near: Share | None = None,
        as_measured: bool = False,
    ) -> None:
        """Show or choose how I answer in tickets."""
        assert interaction.guild_id is not None  # guild only
        values: dict[str, Any] = {"threshold": None, "low_threshold": None} if as_measured else {}
        given = {"answer_mode": mode, "threshold": sure, "low_threshold": near}
        values |= {name: value for name, value in given.items() if value is not None}
        await interaction.response.defer(ephemeral=True)
        if values:
            await self._settings.change(interaction.guild_id, **values)
        chosen = self._settings.of(interaction.guild_id)
        told = text(
            "ticket_answers.settings",
            mode=text(f"ticket_answers.mode_{chosen.answer_mode}"),
            sure=_score(chosen.threshold),
            near=_score(chosen.low_threshold),
        )
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)


def _score(value: float | None) -> str:
    if value is None:
        return text("ticket_answers.score_measured")
    return text("ticket_answers.score_from", score=f"{value:.2f}")
