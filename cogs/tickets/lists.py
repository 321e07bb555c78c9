"""The pages of `/tickets`; a button carries what is listed, and who presses it is checked anew."""

import re
from typing import Any, NamedTuple, Self

import discord

from bot.core.checks import is_support, require_guild
from bot.core.ui import KeptButton
from bot.domain.tickets import TicketState
from bot.services.tickets.service import TicketService
from bot.texts import text
from cogs.tickets.embeds import tickets_embed

_STATES = "|".join(TicketState)
PATTERN = (
    rf"tickets:(?P<page>[0-9]{{1,6}}):(?P<state>{_STATES}|):(?P<claimed_by>[0-9]{{0,19}})"
    r":(?P<category_id>[0-9]{0,18}):(?P<opener_id>[0-9]{0,19}):(?P<way>[bf])"
)


class Wanted(NamedTuple):
    """What is listed; None for all."""

    state: str | None = None
    claimed_by: int | None = None
    category_id: int | None = None
    opener_id: int | None = None


class PageButton(KeptButton, template=PATTERN):
    """Back or forward."""

    def __init__(self, wanted: Wanted, page: int, *, way: str, usable: bool = True) -> None:
        self.wanted = wanted
        self.page = page
        parts = ":".join("" if each is None else str(each) for each in wanted)
        super().__init__(
            discord.ui.Button(
                label=text("tickets.list_back") if way == "b" else text("tickets.list_next"),
                custom_id=f"tickets:{page}:{parts}:{way}",
                disabled=not usable,
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], _item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Return the button that was pressed."""
        ids = [int(match[name]) if match[name] else None for name in Wanted._fields[1:]]
        return cls(Wanted(match["state"] or None, *ids), int(match["page"]), way=match["way"])

    async def act(self, interaction: discord.Interaction[Any]) -> None:
        """Show the page."""
        require_guild(interaction)
        tickets = interaction.client.services.tickets
        embed, view = await list_page(interaction, tickets, self.wanted, self.page)
        await interaction.response.edit_message(embed=embed, view=view)


async def list_page(
    interaction: discord.Interaction[Any], tickets: TicketService, wanted: Wanted, number: int
) -> tuple[discord.Embed, discord.ui.View]:
    """Return a page of what the caller may see: staff all, a member their own."""
    assert interaction.guild_id is not None  # guild only
    if not is_support(interaction):
        wanted = wanted._replace(opener_id=interaction.user.id)
    page = await tickets.life.list_tickets(interaction.guild_id, number, **wanted._asdict())
    view = discord.ui.View(timeout=None)
    if page.pages > 1:
        view.add_item(PageButton(wanted, max(0, page.number - 1), way="b", usable=page.number > 0))
        view.add_item(PageButton(wanted, page.number + 1, way="f", usable=page.number + 1 < page.pages))
    view.stop()  # the buttons are heard as dynamic items; nothing needs to be remembered
    return tickets_embed(page), view
