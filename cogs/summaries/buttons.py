"""What readers say of a summary: a thumb, or what is wrong in it."""

import re
from typing import Any, Self

import discord

from bot.core.ui import KeptButton, TellingModal
from bot.services.summaries.service import Summaries
from bot.services.summaries.storing import MOST_NOTE
from bot.texts import text
from bot.tools.summaries import BUTTON_ID, BUTTON_PATTERN, MISTAKE, UP, show_report
from cogs.summaries.reading import check_reads


class SummaryButton(KeptButton, template=BUTTON_PATTERN):
    """A thumb, or the way to the form; it carries the summary's id, so it works after a restart."""

    def __init__(self, action: str, summary_id: int) -> None:
        self.action = action
        self.summary_id = summary_id
        custom_id = BUTTON_ID.format(action=action, summary_id=summary_id)
        super().__init__(discord.ui.Button(label=action, custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["action"], int(match["summary_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Note the thumb, or open the form."""
        summaries: Summaries = interaction.client.services.summaries
        guild_id = await check_reads(interaction, self.summary_id)
        if self.action == MISTAKE:
            await interaction.response.send_modal(MistakeForm(summaries, self.summary_id))
            return
        thumbs = await summaries.store.rate(
            guild_id, self.summary_id, interaction.user.id, helpful=self.action == UP
        )
        told = text("summaries.thanks_thumb", up=thumbs.up, down=thumbs.down)
        await interaction.response.send_message(told, ephemeral=True)


class MistakeForm(TellingModal):
    """Asks what is wrong; staff read it."""

    def __init__(self, summaries: Summaries, summary_id: int) -> None:
        super().__init__(title=text("summaries.mistake_title"))
        self._summaries = summaries
        self._summary_id = summary_id
        self.text = discord.ui.TextInput[Any](max_length=MOST_NOTE, style=discord.TextStyle.paragraph)
        self.add_item(discord.ui.Label(text=text("summaries.mistake_label"), component=self.text))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Keep it and show it to staff."""
        await interaction.response.defer(ephemeral=True)
        guild_id = await check_reads(interaction, self._summary_id)
        shown = await self._summaries.store.report(
            guild_id, self._summary_id, interaction.user.id, self.text.value
        )
        channel_id = interaction.client.services.guilds.policy(guild_id).staff_channel_id
        told = await show_report(interaction, channel_id, self._summary_id, shown)
        await interaction.followup.send(
            text("summaries.thanks_staff") if told else text("summaries.thanks_kept"),
            ephemeral=True,
        )
