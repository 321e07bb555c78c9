"""The pages of `/summary history`; each is asked for anew, so nobody sees what they may no longer read."""

import re
from typing import Any, Self

import discord

from bot.core.checks import require_guild
from bot.core.places import person
from bot.core.ui import KeptButton
from bot.domain.summaries import Span
from bot.models import Summary
from bot.services.summaries.collecting import Reader
from bot.services.summaries.rendering import title_of
from bot.texts import counted, text
from bot.tools.summaries import COLOUR

PAGE = 10
PATTERN = r"summary-history:(?P<before>[0-9]{1,18})"


class OlderButton(KeptButton, template=PATTERN):
    """Shows what came before."""

    def __init__(self, before_id: int) -> None:
        self.before_id = before_id
        super().__init__(
            discord.ui.Button(label=text("summaries.button_older"), custom_id=f"summary-history:{before_id}")
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        return cls(int(match["before"]))

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        require_guild(interaction)
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
        title=text("summaries.history_title"),
        description="\n".join(lines) or text("summaries.history_none"),
        colour=COLOUR,
    )
    if lines:
        embed.set_footer(text=text("summaries.history_footer"))
    view = discord.ui.View(timeout=None)
    if len(found) > PAGE:
        view.add_item(OlderButton(found[PAGE - 1].id))
    view.stop()  # the button is heard as a dynamic item; nothing needs to be remembered
    return embed, view


def _line(summary: Summary, zone: str) -> str:
    title = title_of(Span(summary.starts_at, summary.ends_at), zone, exact=summary.local_date is None)
    kind = (
        text("summaries.history_daily")
        if summary.local_date is not None
        else text("summaries.history_asked", when=int(summary.created_at.timestamp()))
    )
    places = summary.place_ids
    messages = counted(summary.messages_read, "message")
    values = {"number": summary.id, "title": title, "kind": kind, "messages": messages}
    if len(places) == 1:
        return text("summaries.history_line_place", **values, place=places[0])
    return text("summaries.history_line", **values)
