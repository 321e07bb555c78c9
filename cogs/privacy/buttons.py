"""The buttons that confirm: they work after a restart, and ask anew who may."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_own
from bot.core.ui import KeptButton
from bot.domain.errors import UserFacingError
from bot.services.privacy.service import PrivacyService
from bot.texts import text
from cogs.privacy.embeds import place_of

DELETE, OPT_OUT, KEEP = "delete", "opt_out", "keep"
_STYLES = {KEEP: discord.ButtonStyle.secondary}


class ChoiceButton(
    KeptButton,
    template=rf"privacy:(?P<what>{DELETE}|{OPT_OUT}|{KEEP}):(?P<guild_id>[0-9]{{1,19}}):(?P<user_id>[0-9]{{1,19}})",
):
    """Does what it says to the member it was made for, and for nobody else."""

    def __init__(self, what: str, guild_id: int | None, user_id: int) -> None:
        super().__init__(
            discord.ui.Button(
                label=text(f"privacy.button_{what}"),
                style=_STYLES.get(what, discord.ButtonStyle.danger),
                custom_id=f"privacy:{what}:{guild_id or 0}:{user_id}",
            )
        )
        self.what = what
        self.guild_id = guild_id
        self.user_id = user_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(match["what"], int(match["guild_id"]) or None, int(match["user_id"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Do it."""
        require_own(interaction, self.user_id, text("privacy.not_yours"))
        if self.guild_id != interaction.guild_id:  # made up: what is asked here is about here
            raise UserFacingError(text("privacy.not_yours"))
        if self.what == KEEP:
            await interaction.response.edit_message(content=text("privacy.kept"), view=None)
            return
        await interaction.response.edit_message(content=text("privacy.working"), view=None)
        privacy: PrivacyService = interaction.client.services.privacy
        place = place_of(self.guild_id)
        if self.what == OPT_OUT:
            await privacy.opt_out(self.guild_id, interaction.user.id)
            told = text("privacy.opted_out", place=place)
        else:
            await privacy.erase(self.guild_id, interaction.user.id)
            told = text("privacy.deleted", place=place)
        await interaction.edit_original_response(content=told)


def choice_view(what: str, guild_id: int | None, user_id: int) -> discord.ui.View:
    """Build the question's buttons; presses are heard by the cog's dynamic item, not by this view."""
    view = discord.ui.View(timeout=None)
    view.add_item(ChoiceButton(what, guild_id, user_id))
    view.add_item(ChoiceButton(KEEP, guild_id, user_id))
    view.stop()
    return view
