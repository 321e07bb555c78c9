"""`/ticket_panel`, its button or select, and the menu that opens a ticket from a message."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_support, require_guild, support_only
from bot.core.client import Bot
from bot.core.errors import tell
from bot.domain.errors import UserFacingError
from bot.services.tickets.service import TicketService
from bot.texts import text
from cogs.tickets.forms import Begun, OpenForm

PANEL_BUTTON, PANEL_SELECT = "ticket:open", "ticket:open:category"
MAX_TEXT = 1_000  # characters


class TicketPanel(commands.Cog):
    """Where tickets begin."""

    def __init__(self, bot: Bot, tickets: TicketService) -> None:
        self._bot = bot
        self._tickets = tickets
        self._menu = app_commands.ContextMenu(
            name="Open ticket from this message", callback=self._from_message
        )
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        """Add the menu: cogs can't hold one."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu away."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command()
    @app_commands.guild_only()
    @app_commands.describe(text="What the panel says; empty for the usual words")
    @support_only()
    async def ticket_panel(
        self, interaction: discord.Interaction, text: app_commands.Range[str, 1, MAX_TEXT] | None = None
    ) -> None:
        """Post a panel here that members open tickets with."""
        assert interaction.guild_id is not None  # guild only
        self._tickets.opening.check_ready(interaction.guild_id)
        channel = interaction.channel
        if not isinstance(channel, discord.TextChannel):
            raise _wrong_place()
        have = channel.permissions_for(channel.guild.me)
        if not (have.view_channel and have.send_messages and have.embed_links):
            raise _lacking()
        options = [
            discord.SelectOption(
                label=each.name, value=str(each.id), description=each.description or None,
                emoji=each.emoji or None,
            )
            for each in self._tickets.settings.categories(interaction.guild_id)
        ]  # fmt: skip
        await interaction.response.defer(ephemeral=True, thinking=True)
        await channel.send(
            embed=_panel_embed(text),
            view=panel_view(options),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        await _say_posted(interaction)

    async def _from_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show the form, with the message's text where its author, or all who will read it, may see that."""
        assert interaction.guild_id is not None  # guild only
        author = message.author
        own = author.id == interaction.user.id
        if author.bot:
            raise UserFacingError(text("tickets.panel_bot_message"))
        if not own and not is_support(interaction):
            raise UserFacingError(text("checks.own_message"))
        opening = self._tickets.opening
        await opening.check_may_open(interaction.guild_id, author.id, interaction.user.id)
        parent_id = opening.check_ready(interaction.guild_id).parent_id
        may_show = own or (parent_id is not None and self._tickets.may_carry(message.channel.id, parent_id))
        begun = Begun(
            author.id, author.display_name, None, message.content if may_show else "",
            message.channel.id, message.id,
        )  # fmt: skip
        await interaction.response.send_modal(OpenForm.begin(interaction, begun))


def _panel_embed(words: str | None) -> discord.Embed:
    """Build what the panel says: these words, or the usual ones."""
    return discord.Embed(
        title=text("tickets.panel_title"),
        description=words or text("tickets.panel_text"),
        colour=discord.Colour.blurple(),
    )


async def _say_posted(interaction: discord.Interaction) -> None:
    await interaction.followup.send(text("tickets.panel_posted"), ephemeral=True)


def _wrong_place() -> UserFacingError:
    return UserFacingError(text("tickets.panel_wrong_place"))


def _lacking() -> UserFacingError:
    return UserFacingError(text("tickets.panel_lacking"))


def panel_view(options: Sequence[discord.SelectOption]) -> discord.ui.View:
    """Build the panel's button, or its select where there are categories. It never times out."""
    view = _PanelView()
    view.add_item(_CategorySelect(list(options)) if options else _OpenButton())
    return view


class _PanelView(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    async def on_error(
        self, interaction: discord.Interaction[Any], error: Exception, _item: discord.ui.Item[Any], /
    ) -> None:
        await tell(interaction, error)


class _OpenButton(discord.ui.Button[Any]):
    def __init__(self) -> None:
        super().__init__(
            label=text("tickets.panel_button"), style=discord.ButtonStyle.primary, custom_id=PANEL_BUTTON
        )

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await _begin(interaction, None)


class _CategorySelect(discord.ui.Select[Any]):
    def __init__(self, options: list[discord.SelectOption]) -> None:
        super().__init__(placeholder=text("tickets.panel_select"), custom_id=PANEL_SELECT, options=options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        chosen = self.values[0] if self.values else ""
        await _begin(interaction, int(chosen) if chosen.isdecimal() else None)


async def _begin(interaction: discord.Interaction[Any], category_id: int | None) -> None:
    """Show the form to a member who may open a ticket."""
    guild_id = require_guild(interaction)
    tickets: TicketService = interaction.client.services.tickets
    await tickets.opening.check_may_open(guild_id, interaction.user.id)
    known = tickets.settings.category(guild_id, category_id)
    begun = Begun(interaction.user.id, interaction.user.display_name, known.id if known else None)
    await interaction.response.send_modal(OpenForm.begin(interaction, begun))
