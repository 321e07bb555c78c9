"""The button below an alert: staff say that the problem is over."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_support
from bot.core.ui import KeptButton
from bot.texts import text
from bot.tools.alerts import BUTTON_ID, BUTTON_PATTERN


class ResolveButton(KeptButton, template=BUTTON_PATTERN):
    """It carries the incident's id, so it works after a restart."""

    def __init__(self, incident_id: int) -> None:
        self.incident_id = incident_id
        custom_id = BUTTON_ID.format(incident_id=incident_id)
        super().__init__(discord.ui.Button(label=text("incidents.button_resolved"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["incident_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Resolve it, for staff."""
        require_support(interaction)
        assert interaction.guild_id is not None  # support staff are staff of a server
        await interaction.response.defer(ephemeral=True)
        incidents = interaction.client.services.summaries.alerts.incidents
        await incidents.resolve(interaction.guild_id, self.incident_id, interaction.user.id)
        await interaction.followup.send(text("incidents.resolved"), ephemeral=True)
