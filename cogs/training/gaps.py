"""`/train gaps`: what members ask in vain, and which entries to look at."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import support_only
from bot.core.places import person
from bot.core.ui import StaffView
from bot.services.guilds import GuildService
from bot.services.training.drafts import MAX_QUESTION, MAX_QUESTIONS, Draft
from bot.services.training.gaps import Gap, Missing, TrainingGaps
from bot.texts import text
from cogs.training.forms import MAX_FIELD, EntryForm, Target, fields_of
from cogs.training.gaps_embeds import contradictions_embed, gaps_embed, stale_embed

PER_PAGE = 5  # as many buttons as a row has
LIST_SECONDS = 900.0  # as long as Discord lets the answer be edited


class Kind(StrEnum):
    """What is listed."""

    GAPS = "not answered"
    STALE = "to look at"
    CONTRADICTIONS = "contradicting each other"


class GapsCommand(commands.Cog):
    """The command, for the cog whose group it belongs to."""

    _gaps: TrainingGaps
    _guilds: GuildService

    @app_commands.command()
    @support_only()
    async def gaps(self, interaction: discord.Interaction) -> None:
        """See what members ask in vain, and which entries no longer serve."""
        assert interaction.guild_id is not None  # guild only
        assert isinstance(interaction.user, discord.Member)
        await interaction.response.defer(ephemeral=True)
        missing = await self._gaps.find(interaction.guild_id, person(interaction.user))
        zone = ZoneInfo(self._guilds.policy(interaction.guild_id).timezone)
        view = MissingView(missing, zone)
        await interaction.followup.send(embed=view.embed(), view=view, ephemeral=True)


class MissingView(StaffView):
    """Chooses a list, turns its pages, and teaches what fills a gap."""

    def __init__(self, missing: Missing, zone: ZoneInfo) -> None:
        super().__init__(timeout=LIST_SECONDS)
        self._missing = missing
        self._zone = zone
        self._kind = Kind.GAPS
        self._page = 0
        self.back.label, self.forth.label = text("ui.back"), text("ui.next")
        self.choose.placeholder = text("training.gaps_choose")
        self.choose.options = [
            discord.SelectOption(label=text(f"training.gaps_list_{kind.name.lower()}"), value=kind)
            for kind in Kind
        ]
        self._teach = [_TeachButton(place) for place in range(PER_PAGE)]
        self._show()

    def embed(self) -> discord.Embed:
        """Build the page that is shown."""
        start = self._page * PER_PAGE
        page = slice(start, start + PER_PAGE)
        if self._kind is Kind.GAPS:
            embed = gaps_embed(self._missing.gaps[page], start)
        elif self._kind is Kind.STALE:
            embed = stale_embed(self._missing.stale[page])
        else:
            embed = contradictions_embed(self._missing.contradictions[page])
        place = {"page": self._page + 1, "pages": self._pages, "count": len(self._listed)}
        if self._missing.is_fallback:
            embed.set_footer(text=text("training.gaps_footer_words", **place))
        else:
            embed.set_footer(text=text("training.gaps_footer", **place))
        return embed

    def gap(self, place: int) -> Gap:
        """Return the gap at a place of the page."""
        return self._missing.gaps[self._page * PER_PAGE + place]

    async def teach(self, interaction: discord.Interaction[Any], gap: Gap) -> None:
        """Open the form of an entry with the ways in which it was asked."""
        draft = Draft(tuple(phrasings_of(gap)), "")
        await interaction.response.send_modal(EntryForm(Target(), fields_of(draft, self._zone), self._zone))

    @property
    def _listed(self) -> Sequence[Any]:
        lists = {
            Kind.GAPS: self._missing.gaps,
            Kind.STALE: self._missing.stale,
            Kind.CONTRADICTIONS: self._missing.contradictions,
        }
        return lists[self._kind]

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._listed) // PER_PAGE))

    def _show(self) -> None:
        """Make the buttons those of the page."""
        self.back.disabled = self._page <= 0
        self.forth.disabled = self._page + 1 >= self._pages
        on_page = len(self._listed) - self._page * PER_PAGE if self._kind is Kind.GAPS else 0
        for button in self._teach:
            self.remove_item(button)
            button.label = text("training.button_teach", number=self._page * PER_PAGE + button.place + 1)
            if button.place < on_page:
                self.add_item(button)
        for turn in (self.back, self.forth):
            self.remove_item(turn)
            if self._pages > 1:
                self.add_item(turn)
        for option in self.choose.options:
            option.default = option.value == self._kind

    async def _go(self, interaction: discord.Interaction[Any], kind: Kind, page: int) -> None:
        self._kind, self._page = kind, page
        self._show()
        await interaction.response.edit_message(embed=self.embed(), view=self)

    @discord.ui.select(
        cls=discord.ui.Select[Any], row=0, options=[discord.SelectOption(label=kind) for kind in Kind]
    )
    async def choose(self, interaction: discord.Interaction[Any], select: discord.ui.Select[Any]) -> None:
        """Show another list."""
        await self._go(interaction, Kind(select.values[0]), 0)

    @discord.ui.button(row=2)
    async def back(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page before."""
        await self._go(interaction, self._kind, self._page - 1)

    @discord.ui.button(row=2)
    async def forth(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page after."""
        await self._go(interaction, self._kind, self._page + 1)


class _TeachButton(discord.ui.Button[MissingView]):
    def __init__(self, place: int) -> None:
        super().__init__(style=discord.ButtonStyle.primary, row=1)
        self.place = place

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Open the form for the gap at this place of the page."""
        assert self.view is not None
        await self.view.teach(interaction, self.view.gap(self.place))


def phrasings_of(gap: Gap) -> list[str]:
    """Return the ways a gap was asked that fit into the form and one entry, a line each."""
    found: list[str] = []
    room = MAX_FIELD
    for asked in gap.texts:
        line = " ".join(asked.split())[:MAX_QUESTION]
        if len(line) < room and len(found) < MAX_QUESTIONS:
            found.append(line)
            room -= len(line) + 1
    return found
