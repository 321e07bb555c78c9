"""The tickets' step of `/setup`: where they live, who works on them, and what the bot still lacks."""

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import discord

from bot.core.checks import require_manager
from bot.core.ui import AnswerView
from bot.domain.errors import UserFacingError
from bot.domain.tickets import TicketMode
from bot.services.tickets.service import TicketService
from bot.services.tools import NotPermittedError, ToolError
from bot.texts import text
from cogs.tickets.setup_embed import setup_embed
from cogs.tickets.setup_forms import CategoriesForm, RulesForm
from cogs.tickets.setup_more import CategoryRoleForm, StaffForm

FORUM_NAME = "support"
USABLE_SECONDS = 840.0  # Discord takes changes of an answer for 15 minutes


class SetupView(AnswerView):
    """A select for each choice; each is stored at once, and the answer shows what came of it."""

    def __init__(self, tickets: TicketService, guild: discord.Guild, together: "WeakSet[SetupView]") -> None:
        super().__init__(timeout=USABLE_SECONDS)
        self._tickets = tickets
        self._together = together  # all that still wait
        together.add(self)
        self._place = place = discord.ui.ChannelSelect[Any](row=0)
        staff = discord.ui.RoleSelect[Any](placeholder=text("ticket_setup.choose_staff_role"), row=1)
        log = discord.ui.ChannelSelect[Any](
            channel_types=[discord.ChannelType.text], placeholder=text("ticket_setup.choose_log"), row=2
        )
        mode = discord.ui.Select[Any](placeholder=text("ticket_setup.choose_mode"), row=3, options=[
            discord.SelectOption(label=text("ticket_setup.mode_forum"), value=TicketMode.FORUM.value),
            discord.SelectOption(label=text("ticket_setup.mode_private"), value=TicketMode.PRIVATE.value),
        ])  # fmt: skip
        self._hear(place, lambda: {"parent_id": place.values[0].id, "tags": None})
        self._hear(staff, lambda: {"staff_role_id": staff.values[0].id})
        self._hear(log, lambda: {"log_channel_id": log.values[0].id})
        self._hear(mode, lambda: self._mode(guild, mode.values[0]))
        self._create = self._button(text("ticket_setup.button_forum"), self._create_forum)
        self._button(text("ticket_setup.button_categories"), self._categories)
        self._button(text("ticket_setup.button_rules"), self._rules)
        self._button(text("ticket_setup.button_category_staff"), self._category_role)
        self._button(text("ticket_setup.button_more"), self._more)
        self._fit(guild)

    def require(self, interaction: discord.Interaction[Any]) -> None:
        """Check that the member may change settings still."""
        require_manager(interaction)

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
        self._place.placeholder = (
            text("ticket_setup.choose_channel") if private else text("ticket_setup.choose_forum")
        )
        self._create.disabled = private

    def _button(self, label: str, pressed: Any) -> discord.ui.Button[Any]:
        button = discord.ui.Button[Any](label=label, row=4)
        button.callback = pressed  # type: ignore[method-assign]  # discord.py takes it so
        self.add_item(button)
        return button

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
            raise UserFacingError(text("ticket_setup.no_forum", reason=_words(error))) from error
        await self.refresh(interaction)

    async def _categories(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        form = CategoriesForm(self._tickets, interaction.guild_id, self.refresh)
        await interaction.response.send_modal(form)

    async def _rules(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        await interaction.response.send_modal(RulesForm(self._tickets, interaction.guild_id, self.refresh))

    async def _more(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild is not None  # guild only
        await interaction.response.send_modal(StaffForm(self._tickets, interaction.guild, self.refresh))

    async def _category_role(self, interaction: discord.Interaction[Any]) -> None:
        assert interaction.guild_id is not None  # guild only
        if not self._tickets.settings.categories(interaction.guild_id):
            raise UserFacingError(text("ticket_setup.no_categories"))
        form = CategoryRoleForm(self._tickets, interaction.guild_id, self.refresh)
        await interaction.response.send_modal(form)


def _words(error: ToolError) -> str:
    if isinstance(error, NotPermittedError):
        return text("ticket_setup.lacking", missing=error.missing)
    return str(error)
