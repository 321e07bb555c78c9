"""The pages of `/config history`; each is asked for anew, and who may is checked anew."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_manager
from bot.core.ui import KeptButton
from bot.texts import text
from cogs.admin.settings_embeds import history_embed

PAGE = 10
PATTERN = r"config-history:(?P<before>[0-9]{1,18}):(?P<key>[a-z0-9_.]{0,80})"


class OlderChangesButton(KeptButton, template=PATTERN):
    """Shows what was changed before."""

    def __init__(self, before_id: int, key: str) -> None:
        self.before_id, self.key = before_id, key
        custom_id = f"config-history:{before_id}:{key}"
        super().__init__(discord.ui.Button(label=text("config.older"), custom_id=custom_id))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["before"]), match["key"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        require_manager(interaction)
        embed, view = await history_page(interaction, self.key, self.before_id)
        await interaction.response.edit_message(embed=embed, view=view)


async def history_page(
    interaction: discord.Interaction[Any], key: str, before_id: int | None
) -> tuple[discord.Embed, discord.ui.View]:
    """Return a page of changes, newest first, of one setting or ("") all, and the button to older ones."""
    assert interaction.guild is not None  # guild only
    configuration = interaction.client.services.configuration
    found = await configuration.history(interaction.guild.id, key or None, before_id, PAGE + 1)
    view = discord.ui.View(timeout=None)
    if len(found) > PAGE:
        view.add_item(OlderChangesButton(found[PAGE - 1].id, key))
    view.stop()  # the button is heard as a dynamic item; nothing needs to be remembered
    return history_embed(configuration, found[:PAGE], interaction.guild), view
