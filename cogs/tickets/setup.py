"""`/setup`: where tickets live, who works on them, and what the bot still lacks."""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import managers_only, require_manager
from bot.core.errors import tell
from bot.domain.errors import UserFacingError
from bot.domain.tickets import TicketMode
from bot.services.tickets.service import TicketService
from bot.services.tools import NotPermittedError, ToolError
from cogs.tickets.setup_embed import setup_embed
from cogs.tickets.setup_forms import CategoriesForm, RulesForm
from cogs.tickets.setup_more import CategoryRoleForm, StaffForm

FORUM_NAME = "support"
USABLE_SECONDS = 840.0  # Discord takes changes of an answer for 15 minutes


class TicketSetup(commands.Cog):
    """The server's choices."""

    def __init__(self, tickets: TicketService) -> None:
        self._tickets = tickets
        self._views = WeakSet["SetupView"]()

    async def cog_unload(self) -> None:
        """Stop waiting for choices."""
        for view in list(self._views):
            view.stop()

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    @managers_only()
    async def setup(self, interaction: discord.Interaction) -> None:
        """Set up tickets: their channel, staff, categories and rules."""
        assert interaction.guild is not None  # guild only
        await interaction.response.send_message(
            embed=setup_embed(self._tickets.settings, interaction.guild),
            view=SetupView(self._tickets, interaction.guild, self._views),
            ephemeral=True,
        )


class SetupView(discord.ui.View):
    """A select for each choice; each is stored at once, and the answer shows what came of it."""

    def __init__(self, tickets: TicketService, guild: discord.Guild, together: "WeakSet[SetupView]") -> None:
        super().__init__(timeout=USABLE_SECONDS)
        self._tickets = tickets
        self._together = together  # all that still wait
        together.add(self)
        self._place = place = discord.ui.ChannelSelect[Any](row=0)
        staff = discord.ui.RoleSelect[Any](placeholder="Staff role", row=1)
        log = discord.ui.ChannelSelect[Any](
            channel_types=[discord.ChannelType.text], placeholder="Log channel for staff", row=2
        )
        mode = discord.ui.Select[Any](placeholder="Who reads tickets", row=3, options=[
            discord.SelectOption(label="Whoever sees the forum", value=TicketMode.FORUM.value),
            discord.SelectOption(label="Only the member and staff", value=TicketMode.PRIVATE.value),
        ])  # fmt: skip
        self._hear(place, lambda: {"parent_id": place.values[0].id, "tags": None})
        self._hear(staff, lambda: self._role(guild, staff.values[0].id))
        self._hear(log, lambda: {"log_channel_id": log.values[0].id})
        self._hear(mode, lambda: self._mode(guild, mode.values[0]))
        self._create = self._button("Create a forum for me", self._create_forum)
        self._button("Categories", self._categories)
        self._button("Rules", self._rules)
        self._button("Category staff", self._category_role)
        self._button("Staff channel, transcripts, posts", self._more)
        self._fit(guild)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Return whether the member may change settings still; tell them if not."""
        try:
            require_manager(interaction)
        except UserFacingError as error:
            await tell(interaction, error)
            return False
        return True

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, _item: discord.ui.Item[Any], /
    ) -> None:
        """Tell the member."""
        await tell(interaction, error)

    def _hear(self, select: Any, values: Callable[[], dict[str, Any]]) -> None:
        async def chosen(interaction: discord.Interaction[Any]) -> None:
            assert interaction.guild is not None  # guild only
            await interaction.response.defer()
            changed = values()
            if changed:
                await self._tickets.settings.change(interaction.guild.id, **changed)
                self._tickets.adoption.offer(interaction.guild.id)
            await self.refresh(interaction)

        select.callback = chosen
        self.add_item(select)

    def _fit(self, guild: discord.Guild) -> None:
        """Offer what fits who reads tickets. The parts stay the same, so that quick presses are heard."""
        private = self._tickets.settings.of(guild.id).mode == TicketMode.PRIVATE
        self._place.channel_types = [discord.ChannelType.text if private else discord.ChannelType.forum]
        self._place.placeholder = "Channel for private tickets" if private else "Forum for tickets"
        self._create.disabled = private

    def _button(self, label: str, pressed: Any) -> discord.ui.Button[Any]:
        button = discord.ui.Button[Any](label=label, row=4)
        button.callback = pressed  # type: ignore[method-assign]  # discord.py takes it so
        self.add_item(button)
        return button

    def _role(self, guild: discord.Guild, role_id: int) -> dict[str, Any]:
        if role_id == guild.id:
            raise UserFacingError("Everyone has that role: choose one that only staff have.")
        return {"staff_role_id": role_id}

    def _mode(self, guild: discord.Guild, mode: str) -> dict[str, Any]:
        if mode == self._tickets.settings.of(guild.id).mode:
            return {}
        return {"mode": mode, "parent_id": None, "tags": None}  # the other needs a channel of another kind

    async def refresh(self, interaction: discord.Interaction[Any]) -> None:
        """Give the forum its tags and show the settings as they are now."""
        guild = interaction.guild
        assert guild is not None  # guild only
        problem = ""
        try:
            await self._tickets.set_tags(guild.id)
        except ToolError as error:
            problem = _words(error)
        embed = setup_embed(self._tickets.settings, guild, problem)
        self._fit(guild)
        await interaction.edit_original_response(embed=embed, view=self)

    async def _create_forum(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        await interaction.response.defer()
        try:
            await self._tickets.create_forum(interaction.guild_id, FORUM_NAME)
        except ToolError as error:
            raise UserFacingError(f"I can't create a forum: {_words(error)}.") from error
        await self.refresh(interaction)

    async def _categories(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        await interaction.response.send_modal(
            CategoriesForm(self._tickets, interaction.guild_id, self.refresh)
        )

    async def _rules(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        await interaction.response.send_modal(RulesForm(self._tickets, interaction.guild_id, self.refresh))

    async def _more(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild is not None  # guild only
        await interaction.response.send_modal(StaffForm(self._tickets, interaction.guild, self.refresh))

    async def _category_role(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        if not self._tickets.settings.categories(interaction.guild_id):
            raise UserFacingError("There are no categories yet.")
        form = CategoryRoleForm(self._tickets, interaction.guild_id, self.refresh)
        await interaction.response.send_modal(form)


def _words(error: ToolError) -> str:
    return f"I lack **{error.missing}**" if isinstance(error, NotPermittedError) else str(error)
