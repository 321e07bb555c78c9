"""The forms of tickets: what to open, and why to close."""

import re
from dataclasses import dataclass
from typing import Any, Self

import discord

from bot.core.checks import require_guild, require_support_or
from bot.core.forms import KeptForm, Written, seal
from bot.domain.tickets import MAX_ENVIRONMENT, MAX_QUESTION, MAX_REASON, MAX_TITLE
from bot.models import Ticket
from bot.services.tickets.opening import Wish
from bot.services.tickets.service import TicketService
from bot.texts import text
from cogs.tickets.similar import offer_similar, open_ticket

SILENT = discord.AllowedMentions.none()
TITLE, QUESTION, ENVIRONMENT, REASON = "title", "question", "environment", "reason"  # fields
FORM_ID = "ticket-form"
_ID = "[0-9]{0,19}"
FORM_PATTERN = (
    rf"{FORM_ID}:(?P<about>(?P<opener_id>[0-9]{{1,19}}):(?P<category_id>[0-9]{{0,18}})"
    rf":(?P<channel_id>{_ID}):(?P<message_id>{_ID})):(?P<seal>[0-9a-f]{{8}})"
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a ticket before its form is filled in."""

    opener_id: int
    opener_name: str
    category_id: int | None = None
    question: str = ""
    source_channel_id: int | None = None
    source_message_id: int | None = None


class OpenForm(KeptForm, template=FORM_PATTERN):
    """Asks what the ticket is about, then opens it."""

    def __init__(self, custom_id: str, begun: Begun) -> None:
        super().__init__(custom_id, text("tickets.form_open_title"))
        self._begun = begun
        what = discord.ui.TextInput[Any](
            max_length=MAX_TITLE, placeholder=text("tickets.form_title_hint"), custom_id=TITLE
        )
        details = discord.ui.TextInput[Any](
            style=discord.TextStyle.paragraph,
            max_length=MAX_QUESTION,
            default=begun.question[:MAX_QUESTION] or None,
            placeholder=text("tickets.form_question_hint"),
            custom_id=QUESTION,
        )
        where = discord.ui.TextInput[Any](
            max_length=MAX_ENVIRONMENT, required=False, placeholder=text("tickets.form_environment_hint"),
            custom_id=ENVIRONMENT,
        )  # fmt: skip
        self.add_item(discord.ui.Label(text=text("tickets.form_title"), component=what))
        self.add_item(discord.ui.Label(text=text("tickets.form_question"), component=details))
        self.add_item(discord.ui.Label(text=text("tickets.form_environment"), component=where))

    @classmethod
    def begin(cls, interaction: discord.Interaction[Any], begun: Begun) -> Self:
        """Return a new form for who uses it here."""
        ids = (begun.opener_id, begun.category_id, begun.source_channel_id, begun.source_message_id)
        about = ":".join("" if each is None else str(each) for each in ids)
        return cls(f"{FORM_ID}:{about}:{seal(interaction, about)}", begun)

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent; one that wasn't given to its sender is of their own words alone."""
        user = interaction.user
        if match["seal"] != seal(interaction, match["about"]):
            return cls(match[0], Begun(user.id, user.display_name))
        opener_id = int(match["opener_id"])
        category_id, channel_id, message_id = (
            int(match[name]) if match[name] else None for name in ("category_id", "channel_id", "message_id")
        )
        name = user.display_name if opener_id == user.id else ""  # looked up once that was answered
        return cls(match[0], Begun(opener_id, name, category_id, "", channel_id, message_id))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Open the ticket and point to it."""
        require_guild(interaction)
        assert interaction.guild is not None  # checked
        begun, tickets = self._begun, interaction.client.services.tickets
        if begun.opener_id != interaction.user.id:
            require_support_or(interaction, begun.opener_id)  # a role may have been taken meanwhile
        await interaction.response.defer(ephemeral=True, thinking=True)
        message_id = begun.source_message_id
        category = tickets.settings.category(interaction.guild.id, begun.category_id)
        wish = Wish(
            key=f"message:{message_id}" if message_id is not None else f"form:{interaction.id}",
            guild_id=interaction.guild.id,
            opener_id=begun.opener_id,
            opener_name=begun.opener_name or await _name_of(interaction.guild, begun.opener_id),
            title=written.get(TITLE, ""),
            question=written.get(QUESTION, ""),
            environment=written.get(ENVIRONMENT, ""),
            category_id=category.id if category else None,  # it may be gone by now
            source_channel_id=begun.source_channel_id,
            source_message_id=message_id,
            actor_id=interaction.user.id,
        )
        if begun.opener_id == interaction.user.id and await offer_similar(interaction, tickets, wish):
            return
        told = await open_ticket(interaction, tickets, wish)
        await interaction.followup.send(told, ephemeral=True, allowed_mentions=SILENT)


class CloseForm(KeptForm, template=r"ticket-close:(?P<ticket_id>[0-9]{1,18})"):
    """Asks why, then closes."""

    def __init__(self, ticket: Ticket) -> None:
        super().__init__(f"ticket-close:{ticket.id}", text("tickets.form_close_title"))
        self._ticket = ticket
        reason = discord.ui.TextInput[Any](max_length=MAX_REASON, required=False, custom_id=REASON)
        self.add_item(discord.ui.Label(text=text("tickets.form_reason"), component=reason))

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        life = interaction.client.services.tickets.life
        return cls(await life.get(require_guild(interaction), int(match["ticket_id"])))

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Close the ticket."""
        require_support_or(interaction, self._ticket.opener_id)
        tickets = interaction.client.services.tickets
        await close_ticket(interaction, tickets, self._ticket, written.get(REASON, ""))


async def _name_of(guild: discord.Guild, user_id: int) -> str:
    try:
        return (await guild.fetch_member(user_id)).display_name
    except discord.HTTPException:  # has left, or Discord doesn't answer: a name isn't worth the ticket
        return text("tickets.user", user=user_id)


async def close_ticket(
    interaction: discord.Interaction[Any], tickets: TicketService, ticket: Ticket, reason: str
) -> None:
    """Close a ticket and say so; in private where its thread is archived the moment it closes."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    closed = await tickets.life.close(ticket, interaction.user.id, reason)
    await interaction.followup.send(
        text("tickets.closed", number=f"{closed.number:04}"), ephemeral=True, allowed_mentions=SILENT
    )
