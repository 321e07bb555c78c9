"""The buttons under answers in tickets, /resume_ai, and the worker that finishes interrupted answers."""

import re
from typing import Any, Self

import discord
from discord import app_commands

from bot.core.checks import require_guild, require_own, require_support_or, support_only
from bot.core.client import Bot, Services
from bot.core.ui import KeptButton
from bot.core.worker_cog import WorkerCog
from bot.services.tickets.answer_ports import Press
from bot.texts import text
from bot.tools.ticket_answer_parts import PRESS_ID, PRESS_PATTERN
from cogs.tickets.forms import SILENT


class AnswerButton(KeptButton, template=PRESS_PATTERN):
    """One of the buttons under an answer; it carries the question's id, so it works after a restart."""

    def __init__(self, press: Press, question_id: int) -> None:
        self.press = press
        self.question_id = question_id
        custom_id = PRESS_ID.format(press=press, question_id=question_id)
        super().__init__(discord.ui.Button(label=text(f"ticket_answers.button_{press}"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(Press(match["press"]), int(match["question_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do what it says."""
        services: Services = interaction.client.services
        verdicts, user = services.answers.verdicts, interaction.user
        question, ticket = await verdicts.find(require_guild(interaction), self.question_id)
        if self.press in (Press.YES, Press.NO):
            require_own(interaction, ticket.opener_id)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await verdicts.rate(question, helpful=self.press is Press.YES)
            told, then = text("ticket_answers.missing"), Press.PERSON
            if self.press is Press.YES:
                told, then = text("ticket_answers.settled"), Press.SOLVED
            view = discord.ui.View(timeout=None).add_item(AnswerButton(then, self.question_id))
            view.stop()  # presses are heard by the cog's dynamic items
            await interaction.followup.send(told, view=view, ephemeral=True, allowed_mentions=SILENT)
            return
        if self.press is Press.PERSON:
            require_support_or(interaction, ticket.opener_id)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await services.answers.handover.by_member(ticket, user.id)
            told = text("ticket_answers.team_told")
        else:
            require_support_or(interaction, ticket.opener_id)
            await interaction.response.defer(ephemeral=True, thinking=True)
            await services.tickets.life.resolve(ticket, user.id)
            told = text("ticket_answers.resolved", number=f"{ticket.number:04}")
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)


class TicketAnswers(WorkerCog):
    """Answers in tickets."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._tickets = bot.services.tickets
        self._answers = bot.services.answers
        super().__init__(bot, "answers in tickets", self._answers.answering.run)

    async def cog_load(self) -> None:
        """Start answering."""
        self._tickets.answer_with(self._answers.answering)
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Stop; what isn't finished is taken up by the next start."""
        await super().cog_unload()
        await self._answers.answering.close()

    @app_commands.command(name="resume_ai")
    @app_commands.guild_only()
    @app_commands.describe(number="Which ticket; empty for this one")
    @support_only()
    async def resume_ai(
        self,
        interaction: discord.Interaction,
        number: app_commands.Range[int, 1, 1_000_000_000] | None = None,
    ) -> None:
        """Have me answer again in a ticket that staff took over."""
        assert interaction.guild_id is not None  # guild only
        ticket = await self._tickets.life.find(interaction.guild_id, interaction.channel_id or 0, number)
        await interaction.response.defer(ephemeral=True)
        await self._answers.handover.resume(ticket, interaction.user.id)
        told = text("ticket_answers.resumed", number=f"{ticket.number:04}")
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)
