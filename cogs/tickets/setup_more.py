"""The forms of `/setup` for staff: where and who is called; transcripts, and members' own posts."""

from typing import Any

import discord

from bot.core.checks import require_manager
from bot.core.ui import TellingModal
from bot.services.tickets.service import TicketService
from bot.texts import text
from cogs.tickets.setup_forms import Refresh

SENT, KEPT = "yes", "no"
ADOPTED, LEFT = "tickets", "posts"


class StaffForm(TellingModal):
    """Where staff are called, whether members get transcripts, and whether their posts become tickets."""

    def __init__(self, tickets: TicketService, guild: discord.Guild, refresh: Refresh) -> None:
        super().__init__(title=text("ticket_setup.form_staff_title"))
        self._tickets = tickets
        self._show_again = refresh
        staff_id = tickets.settings.staff_channel(guild.id)
        known = guild.get_channel(staff_id) if staff_id is not None else None
        self.channel = discord.ui.ChannelSelect[Any](
            channel_types=[discord.ChannelType.text], min_values=0, required=False,
            default_values=[known] if known is not None else [],
        )  # fmt: skip
        sent = tickets.settings.of(guild.id).transcript_dm
        self.transcript = discord.ui.Select[Any](options=[
            discord.SelectOption(label=text("ticket_setup.form_sent"), value=SENT, default=sent),
            discord.SelectOption(label=text("ticket_setup.form_not_sent"), value=KEPT, default=not sent),
        ])  # fmt: skip
        adopts = tickets.settings.of(guild.id).adopt_posts
        self.posts = discord.ui.Select[Any](options=[
            discord.SelectOption(label=text("ticket_setup.form_adopted"), value=ADOPTED, default=adopts),
            discord.SelectOption(label=text("ticket_setup.form_left"), value=LEFT, default=not adopts),
        ])  # fmt: skip
        label = discord.ui.Label
        self.add_item(
            label(
                text=text("ticket_setup.form_staff_channel"),
                description=text("ticket_setup.form_staff_channel_hint"),
                component=self.channel,
            )
        )
        self.add_item(label(text=text("ticket_setup.form_transcript"), component=self.transcript))
        self.add_item(
            label(
                text=text("ticket_setup.form_posts"),
                description=text("ticket_setup.form_posts_hint"),
                component=self.posts,
            )
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Store them."""
        assert interaction.guild_id is not None  # guild only
        require_manager(interaction)
        await interaction.response.defer()
        channel_id = self.channel.values[0].id if self.channel.values else None
        settings = self._tickets.settings
        await settings.choose_staff_channel(interaction.guild_id, channel_id)
        adopts = self.posts.values[0] == ADOPTED
        values: dict[str, Any] = {"transcript_dm": self.transcript.values[0] == SENT}
        if adopts != settings.of(interaction.guild_id).adopt_posts:
            values["adopt_posts"] = adopts
        await settings.change(interaction.guild_id, **values)
        self._tickets.adoption.offer(interaction.guild_id)
        await self._show_again(interaction)


class CategoryRoleForm(TellingModal):
    """The role that is called for tickets of one category."""

    def __init__(self, tickets: TicketService, guild_id: int, refresh: Refresh) -> None:
        super().__init__(title=text("ticket_setup.form_category_role_title"))
        self._tickets = tickets
        self._show_again = refresh
        self.category = discord.ui.Select[Any](
            options=[
                discord.SelectOption(label=each.name, value=str(each.id))
                for each in tickets.settings.categories(guild_id)
            ]
        )
        self.role = discord.ui.RoleSelect[Any](min_values=0, required=False)
        hint = text("ticket_setup.form_role_hint")
        self.add_item(discord.ui.Label(text=text("ticket_setup.form_category"), component=self.category))
        self.add_item(
            discord.ui.Label(text=text("ticket_setup.form_role"), description=hint, component=self.role)
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Store it."""
        assert interaction.guild_id is not None  # guild only
        require_manager(interaction)
        await interaction.response.defer()
        role_id = self.role.values[0].id if self.role.values else None
        await self._tickets.settings.set_category_role(
            interaction.guild_id, int(self.category.values[0]), role_id
        )
        await self._show_again(interaction)
