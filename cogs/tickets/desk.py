"""What is done with tickets by command: /claim, /transfer, /priority, /note, /close, /reopen, /tickets."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_support_member, require_support_or, support_only
from bot.domain.errors import UserFacingError
from bot.domain.tickets import MAX_REASON, Priority, TicketState
from bot.models import Ticket
from bot.services.tickets.life import MAX_NOTE
from bot.services.tickets.service import TicketService
from bot.texts import text
from cogs.tickets.embeds import noted_text, notes_embed
from cogs.tickets.forms import SILENT, close_ticket
from cogs.tickets.lists import Wanted, list_page

Number = app_commands.Range[int, 1, 1_000_000_000]


class Tickets(commands.Cog):
    """Work on tickets; without a number, on the one in whose thread the command is used."""

    def __init__(self, tickets: TicketService) -> None:
        self._tickets = tickets
        self._life = tickets.life

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(number="Which ticket; empty for this one")
    @support_only()
    async def claim(self, interaction: discord.Interaction, number: Number | None = None) -> None:
        """Take a ticket that nobody has."""
        ticket = await self._find(interaction, number)
        await interaction.response.defer(ephemeral=True)
        await self._life.claim(ticket, interaction.user.id)
        await _say(interaction, text("tickets.claimed", number=f"{ticket.number:04}"))

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(
        member="Who takes it over; empty: whoever claims it next", number="Which ticket; empty for this one"
    )
    @support_only()
    async def transfer(
        self,
        interaction: discord.Interaction,
        member: discord.Member | None = None,
        number: Number | None = None,
    ) -> None:
        """Hand a ticket to another member of staff."""
        ticket = await self._find(interaction, number)
        if member is not None and (member.bot or not self._is_staff(interaction, member)):
            raise UserFacingError(text("tickets.no_staff", member=member.mention))
        await interaction.response.defer(ephemeral=True)
        await self._life.transfer(ticket, interaction.user.id, member.id if member else None)
        shown = f"{ticket.number:04}"
        told = text("tickets.free", number=shown)
        if member is not None:
            told = text("tickets.handed", number=shown, member=member.mention)
        await _say(interaction, told)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(priority="How soon staff should look", number="Which ticket; empty for this one")
    @support_only()
    async def priority(
        self, interaction: discord.Interaction, priority: Priority, number: Number | None = None
    ) -> None:
        """Say how urgent a ticket is."""
        ticket = await self._find(interaction, number)
        await interaction.response.defer(ephemeral=True)
        await self._life.set_priority(ticket, interaction.user.id, priority)
        told = text(
            "tickets.prioritized", number=f"{ticket.number:04}", priority=text(f"tickets.priority_{priority}")
        )
        await _say(interaction, told)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(text="Empty to read the notes", number="Which ticket; empty for this one")
    @support_only()
    async def note(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, MAX_NOTE] | None = None,
        number: Number | None = None,
    ) -> None:
        """Keep a note on a ticket that only staff can read, or read the notes."""
        ticket = await self._find(interaction, number)
        await interaction.response.defer(ephemeral=True)
        if text is None:
            closing = interaction.client.services.ticket_closing  # type: ignore[attr-defined]  # it is our bot
            said = [*await self._life.notes(ticket), *await closing.ratings.comments(ticket)]
            said.sort(key=lambda each: each.id)
            await interaction.followup.send(embed=notes_embed(ticket, said), ephemeral=True)
            return
        await self._life.note(ticket, interaction.user.id, text)
        await _say(interaction, noted_text(ticket))

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(reason="Shown to its member", number="Which ticket; empty for this one")
    async def close(
        self,
        interaction: discord.Interaction,
        reason: app_commands.Range[str, 1, MAX_REASON] | None = None,
        number: Number | None = None,
    ) -> None:
        """Close a ticket: your own, or as staff any."""
        ticket = await self._find(interaction, number)
        require_support_or(interaction, ticket.opener_id)
        await close_ticket(interaction, self._tickets, ticket, reason or "")

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(number="Which ticket; empty for this one")
    async def reopen(self, interaction: discord.Interaction, number: Number | None = None) -> None:
        """Open a closed ticket again: your own, or as staff any."""
        ticket = await self._find(interaction, number)
        require_support_or(interaction, ticket.opener_id)
        await interaction.response.defer(ephemeral=True)
        await self._life.reopen(ticket, interaction.user.id, limited=True)
        await _say(interaction, text("tickets.reopened", number=f"{ticket.number:04}"))

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(
        state="Empty for all that aren't closed", claimed_by="Who has them", opened_by="Whose they are",
        category="What they are about",
    )  # fmt: skip
    async def tickets(
        self,
        interaction: discord.Interaction,
        state: TicketState | None = None,
        claimed_by: discord.User | None = None,
        opened_by: discord.User | None = None,
        category: str | None = None,
    ) -> None:
        """List tickets: as staff all, else your own."""
        assert interaction.guild_id is not None  # guild only
        known = self._tickets.settings.categories(interaction.guild_id)
        category_id = next((each.id for each in known if category in (each.name, str(each.id))), None)
        if category is not None and category_id is None:
            raise UserFacingError(text("tickets.no_category"))
        wanted = Wanted(
            state.value if state else None,
            claimed_by.id if claimed_by else None,
            category_id,
            opened_by.id if opened_by else None,
        )
        await interaction.response.defer(ephemeral=True)
        embed, view = await list_page(interaction, self._tickets, wanted, 0)
        await interaction.followup.send(embed=embed, view=view, ephemeral=True)

    @tickets.autocomplete("category")
    async def _categories(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        known = self._tickets.settings.categories(interaction.guild_id or 0)
        wanted = current.casefold()
        return [
            app_commands.Choice(name=each.name, value=str(each.id))
            for each in known
            if wanted in each.name.casefold()
        ]

    async def _find(self, interaction: discord.Interaction, number: int | None) -> Ticket:
        """Return the ticket a command is about; whether the caller may is checked by the command."""
        assert interaction.guild_id is not None  # guild only
        return await self._life.find(interaction.guild_id, interaction.channel_id or 0, number)

    @staticmethod
    def _is_staff(interaction: discord.Interaction, member: discord.Member) -> bool:
        role_ids = [role.id for role in member.roles]
        roles = interaction.client.services.support_roles  # type: ignore[attr-defined]  # it is our bot
        return is_support_member(roles, member.guild, member.id, role_ids)


async def _say(interaction: discord.Interaction, told: str) -> None:
    await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)
