"""The selects and buttons of a page of the wizard."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.texts import text
from cogs.onboarding.choices import Page
from cogs.onboarding.visit import Visit

MOST = 25  # options of a select, and channels it can have chosen
ORDER = list(Page)
WATCHABLE = [
    discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum,
    discord.ChannelType.voice, discord.ChannelType.category,
]  # fmt: skip


class PageView(discord.ui.View):
    """Selects and buttons whose ids say what they are for: the wizard hears them, after a restart, too."""

    def __init__(self, visit: Visit) -> None:
        super().__init__(timeout=None)
        self._visit = visit
        self.is_cut = False  # whether a select lacks some of what the server has
        self.stop()  # else discord.py would keep each of them for ever, and answer for it

    def choose(self, row: int, id_: str, options: Sequence[discord.SelectOption], placeholder: str) -> None:
        """Add a select of fixed options, of which one is chosen."""
        select = discord.ui.Select[Any](
            custom_id=self._visit.prefix + id_, options=list(options), placeholder=placeholder, row=row
        )
        self.add_item(select)

    def channel(
        self, row: int, id_: str, placeholder: str, chosen: Sequence[int], *, several: bool = False
    ) -> None:
        """Add a select of channels, which may have none."""
        if self._visit.is_direct:
            kinds = WATCHABLE if several else [discord.ChannelType.text]
            there = [each for each in self._visit.guild.channels if each.type in kinds]
            self._listed(row, id_, placeholder, chosen, there, several=several)
            return
        kind = discord.SelectDefaultValueType.channel
        self.add_item(
            discord.ui.ChannelSelect[Any](
                custom_id=self._visit.prefix + id_,
                channel_types=WATCHABLE if several else [discord.ChannelType.text],
                placeholder=placeholder,
                min_values=0,
                max_values=MOST if several else 1,
                default_values=[discord.SelectDefaultValue(id=each, type=kind) for each in chosen[:MOST]],
                row=row,
            )
        )

    def role(self, row: int, id_: str, placeholder: str, chosen: int | None) -> None:
        """Add a select of one role, which may have none."""
        if self._visit.is_direct:
            self._listed(row, id_, placeholder, [chosen] if chosen else [], self._visit.roles)
            return
        kind = discord.SelectDefaultValueType.role
        self.add_item(
            discord.ui.RoleSelect[Any](
                custom_id=self._visit.prefix + id_,
                placeholder=placeholder,
                min_values=0,
                default_values=[discord.SelectDefaultValue(id=chosen, type=kind)] if chosen else [],
                row=row,
            )
        )

    def _listed(
        self,
        row: int,
        id_: str,
        placeholder: str,
        chosen: Sequence[int],
        there: Sequence[discord.abc.GuildChannel | discord.Role],
        *,
        several: bool = False,
    ) -> None:
        """Add a select of what the server has, by name: what is chosen first; none where there is nothing."""
        wanted = set(chosen)
        options = [
            discord.SelectOption(label=_label(each), value=str(each.id), default=each.id in wanted)
            for each in sorted(there, key=lambda each: each.id not in wanted)
        ][:MOST]
        self.is_cut |= len(there) > MOST
        if options:
            self.add_item(
                discord.ui.Select[Any](
                    custom_id=self._visit.prefix + id_,
                    options=options,
                    placeholder=placeholder,
                    min_values=0,
                    max_values=len(options) if several else 1,
                    row=row,
                )
            )

    def button(
        self, row: int, id_: str, label: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
    ) -> None:
        """Add a button."""
        custom_id = self._visit.prefix + id_
        self.add_item(discord.ui.Button[Any](custom_id=custom_id, label=label, style=style, row=row))

    def go(self, page: Page, row: int) -> None:
        """Add the way back and forth."""
        place = ORDER.index(page)
        if place > 0:
            self.button(row, f"go/{page}/{ORDER[place - 1]}", text("onboarding.button.back"))
        self.button(
            row, f"go/{page}/{ORDER[place + 1]}", text("onboarding.button.next"), discord.ButtonStyle.primary
        )


def _label(thing: discord.abc.GuildChannel | discord.Role) -> str:
    """Return how something is named in a select; a category as what it holds."""
    if isinstance(thing, discord.CategoryChannel):
        return text("onboarding.category", name=thing.name)[:100]
    mark = "@" if isinstance(thing, discord.Role) else "#"
    return f"{mark}{thing.name}"[:100]
