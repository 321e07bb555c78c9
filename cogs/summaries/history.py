"""The pages of `/summary history`; each is asked for anew, so nobody sees what they may no longer read."""

import re
from typing import Any, Self

import discord

from bot.core.places import person
from bot.core.ui import KeptButton
from bot.domain.counted import counted
from bot.domain.summaries import Span
from bot.models import Summary
from bot.services.summaries.collecting import Reader
from bot.services.summaries.rendering import title_of
from bot.tools.summaries import COLOUR

PAGE = 10
PATTERN = r"summary-history:(?P<before>[0-9]{1,18})"


class OlderButton(KeptButton, template=PATTERN):
    """Shows what came before."""

    def __init__(self, before_id: int) -> None:
        self.before_id = before_id
        super().__init__(discord.ui.Button(label="Older", custom_id=f"summary-history:{before_id}"))

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["before"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        assert isinstance(interaction.user, discord.Member)  # guild only
        embed, view = await history_page(interaction, person(interaction.user), self.before_id)
        await interaction.response.edit_message(embed=embed, view=view)


async def history_page(
    interaction: discord.Interaction[Any], reader: Reader, before_id: int | None
) -> tuple[discord.Embed, discord.ui.View]:
    """Return the newest summaries before `before_id` that a reader may read, and the button to older ones."""
    assert interaction.guild_id is not None  # guild only
    services = interaction.client.services
    found = await services.summaries.store.history(interaction.guild_id, reader, PAGE + 1, before_id)
    zone = services.guilds.policy(interaction.guild_id).timezone
    lines = [_line(each, zone) for each in found[:PAGE]]
    embed = discord.Embed(
        title="Summaries", description="\n".join(lines) or "There is none that you may read.", colour=COLOUR
    )
    if lines:
        embed.set_footer(text="Show one with /summary history number")
    view = discord.ui.View(timeout=None)
    if len(found) > PAGE:
        view.add_item(OlderButton(found[PAGE - 1].id))
    view.stop()  # the button is heard as a dynamic item; nothing needs to be remembered
    return embed, view


def _line(summary: Summary, zone: str) -> str:
    title = title_of(Span(summary.starts_at, summary.ends_at), zone)
    kind = (
        "daily"
        if summary.local_date is not None
        else f"asked for <t:{int(summary.created_at.timestamp())}:R>"
    )
    places = summary.place_ids
    where = f" of <#{places[0]}>" if len(places) == 1 else ""
    return f"`{summary.id}` **{title}**{where} · {kind} · {counted(summary.messages_read, 'message')}"
