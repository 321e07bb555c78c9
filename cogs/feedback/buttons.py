"""The thumbs below an answer: who asked and staff say whether it helped, also after a restart."""

import re
from typing import Any, Self

import discord

from bot.core.checks import is_support, require_guild
from bot.core.ui import KeptButton
from bot.models import Verdict
from bot.texts import text
from bot.tools.responder import VERDICT_EMOJI, VERDICT_ID, VERDICT_PATTERN


class VerdictButton(KeptButton, template=VERDICT_PATTERN):
    """It carries the verdict; the message it hangs on says which answer."""

    def __init__(self, what: str) -> None:
        self.verdict = Verdict(what)
        super().__init__(discord.ui.Button(emoji=VERDICT_EMOJI[what], custom_id=VERDICT_ID.format(what=what)))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["what"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Note it."""
        guild_id = require_guild(interaction)
        assert interaction.message is not None  # it hangs on one
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.client.services.feedback.press(
            guild_id,
            interaction.message.id,
            interaction.user.id,
            self.verdict,
            is_staff=is_support(interaction),
        )
        right = self.verdict is Verdict.RIGHT
        noted = text("feedback.noted_right") if right else text("feedback.noted_wrong")
        await interaction.followup.send(noted, ephemeral=True)
