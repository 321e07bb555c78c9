"""The forms of `/setup`: categories, and rules in numbers."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.core.checks import require_guild, require_manager
from bot.core.ui import TellingModal
from bot.domain.errors import UserFacingError
from bot.services.tickets.service import TicketService
from bot.texts import text

Refresh = Callable[[discord.Interaction[Any]], Awaitable[None]]
RULES = (
    ("max_open", True),
    ("cooldown_seconds", True),
    ("remind_hours", False),
    ("close_hours", False),
)


class CategoriesForm(TellingModal):
    """One category a line."""

    def __init__(self, tickets: TicketService, guild_id: int, refresh: Refresh) -> None:
        super().__init__(title=text("ticket_setup.form_categories_title"))
        self._tickets = tickets
        self._show_again = refresh
        lines = [
            f"{each.emoji} {each.name} | {each.description}".strip(" |")
            for each in tickets.settings.categories(guild_id)
        ]
        self.lines = discord.ui.TextInput[Any](
            style=discord.TextStyle.paragraph, required=False, default="\n".join(lines) or None,
            placeholder=text("ticket_setup.form_categories_example"),
        )  # fmt: skip
        self.add_item(
            discord.ui.Label(
                text=text("ticket_setup.form_categories_lines"),
                description=text("ticket_setup.form_categories_hint"),
                component=self.lines,
            )
        )

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Store them."""
        guild_id = require_guild(interaction)
        require_manager(interaction)
        await interaction.response.defer()
        await self._tickets.settings.set_categories(guild_id, self.lines.value)
        await self._show_again(interaction)


class RulesForm(TellingModal):
    """Working hours, limits and patience."""

    def __init__(self, tickets: TicketService, guild_id: int, refresh: Refresh) -> None:
        super().__init__(title=text("ticket_setup.form_rules_title"))
        self._tickets = tickets
        self._show_again = refresh
        settings = tickets.settings.of(guild_id)
        self.hours = discord.ui.TextInput[Any](
            required=False, default=settings.working_hours, placeholder="mon-fri 09:00-17:00", max_length=32
        )
        self.add_item(discord.ui.Label(text=text("ticket_setup.form_hours"), component=self.hours))
        self.numbers: dict[str, discord.ui.TextInput[Any]] = {}
        for name, required in RULES:
            value = getattr(settings, name)
            field = discord.ui.TextInput[Any](
                required=required, default=None if value is None else str(value), max_length=5
            )
            self.numbers[name] = field
            hint = None if required else text("ticket_setup.form_never")
            self.add_item(discord.ui.Label(text=_label(name), description=hint, component=field))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Store them."""
        guild_id = require_guild(interaction)
        require_manager(interaction)
        await interaction.response.defer()
        values: dict[str, Any] = {"working_hours": self.hours.value.strip().lower() or None}
        for name, required in RULES:
            values[name] = _whole(_label(name), self.numbers[name].value, required=required)
        await self._tickets.settings.change(guild_id, **values)
        await self._show_again(interaction)


def _label(name: str) -> str:
    return text(f"ticket_setup.rule_{name}")


def _whole(label: str, written: str, *, required: bool) -> int | None:
    if not written.strip() and not required:
        return None
    if not written.strip().isdecimal():
        raise UserFacingError(text("ticket_setup.not_whole", label=label))
    return int(written)
