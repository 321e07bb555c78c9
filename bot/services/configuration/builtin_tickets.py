"""The settings of tickets, written through the service that owns them."""

from collections.abc import Mapping
from typing import Any

from bot.domain.errors import UserFacingError
from bot.domain.tickets import TicketMode
from bot.models import TicketSettings
from bot.services.configuration import changes
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Setting, Write
from bot.services.tickets.service import TicketService
from bot.services.tickets.settings import ANSWER_MODES, BOUNDS
from bot.services.tools import ToolError
from bot.texts import text


def add_ticket_settings(configuration: Configuration, tickets: TicketService) -> None:
    """Add where tickets live, and their rules."""
    roads = _Roads(tickets)
    configuration.add([*_place(roads), *_rules(roads)], roads.read)


class _Roads:
    """How the settings are read and written."""

    def __init__(self, tickets: TicketService) -> None:
        self._tickets = tickets
        self._settings = tickets.settings

    async def read(self, guild_id: int) -> Mapping[str, Any]:
        """Return the values by key."""
        row = self._settings.of(guild_id)
        values = {key: getattr(row, column) for column, key in changes.TICKETS.items()}
        values[changes.CATEGORIES] = self._settings.as_lines(guild_id)
        values[changes.CATEGORY_ROLES] = self._settings.called(guild_id) or None
        return values

    def channel_types(self, guild_id: int) -> tuple[str]:
        """Return where tickets can live."""
        return ("text",) if self._settings.of(guild_id).mode == TicketMode.PRIVATE else ("forum",)

    def column(self, name: str) -> Write:
        """Return what writes one column."""

        async def write(guild_id: int, value: Any) -> None:
            await self._settings.change(guild_id, **{name: value})

        return write

    async def kind(self, guild_id: int, value: str) -> None:
        """Choose who reads tickets; the other kind needs a channel of another kind."""
        if value != self._settings.of(guild_id).mode:
            await self._settings.change(guild_id, mode=value, parent_id=None, tags=None)

    async def channel(self, guild_id: int, value: int | None) -> None:
        """Choose where tickets live."""
        await self._settings.change(guild_id, parent_id=value, tags=None)
        await self._show(guild_id)

    async def categories(self, guild_id: int, value: str | None) -> None:
        """Choose what tickets may be about."""
        await self._settings.set_categories(guild_id, value or "")
        await self._show(guild_id)

    async def adopt(self, guild_id: int, value: bool) -> None:
        """Choose whether members' posts become tickets."""
        if value != self._settings.of(guild_id).adopt_posts:
            await self._settings.change(guild_id, adopt_posts=value)
            self._tickets.adoption.offer(guild_id)

    async def _show(self, guild_id: int) -> None:
        self._tickets.adoption.offer(guild_id)
        try:
            await self._tickets.set_tags(guild_id)
        except ToolError as error:
            raise UserFacingError(text("config.no_tags", problem=str(error))) from error


def _place(roads: _Roads) -> list[Setting]:
    plain = TicketSettings(guild_id=0)
    return [
        Setting(
            key="tickets.kind",
            kind=Kind.CHOICE,
            write=roads.kind,
            default=plain.mode,
            choices=[each.value for each in TicketMode],
        ),
        Setting(
            key="tickets.channel",
            kind=Kind.CHANNEL,
            write=roads.channel,
            none=text("config.none.tickets"),
            channel_types=roads.channel_types,
            cleans=True,
        ),
        Setting(
            key="tickets.log_channel",
            kind=Kind.CHANNEL,
            write=roads.column("log_channel_id"),
            none=text("config.none.log_channel"),
            cleans=True,
        ),
        Setting(
            key=changes.CATEGORIES,
            kind=Kind.LINES,
            write=roads.categories,
            none=text("config.none.categories"),
        ),
        Setting(
            key=changes.CATEGORY_ROLES,
            kind=Kind.LINES,
            write=None,
            none=text("config.none.categories"),
            elsewhere="/setup",
        ),
        Setting(
            key="tickets.answers",
            kind=Kind.CHOICE,
            write=roads.column("answer_mode"),
            default=plain.answer_mode,
            choices=ANSWER_MODES,
        ),
    ]


def _rules(roads: _Roads) -> list[Setting]:
    plain = TicketSettings(guild_id=0)

    def number(name: str, none: str = "", kind: Kind = Kind.WHOLE) -> Setting:
        key, default = changes.TICKETS[name], getattr(plain, name)
        write, bounds = roads.column(name), BOUNDS[name]
        return Setting(key=key, kind=kind, write=write, default=default, bounds=bounds, none=none)

    measured, never = text("config.none.measured"), text("config.none.never")
    hours = text("config.none.working_hours")
    write_hours, transcripts = roads.column("working_hours"), roads.column("transcript_dm")
    return [
        number("threshold", measured, Kind.SHARE),
        number("low_threshold", measured, Kind.SHARE),
        Setting(key="tickets.working_hours", kind=Kind.HOURS, write=write_hours, none=hours),
        number("max_open"),
        number("cooldown_seconds"),
        number("remind_hours", never),
        number("close_hours", never),
        Setting(key="tickets.transcript_dm", kind=Kind.BOOL, write=transcripts, default=True),
        Setting(key="tickets.adopt_posts", kind=Kind.BOOL, write=roads.adopt, default=True),
    ]
