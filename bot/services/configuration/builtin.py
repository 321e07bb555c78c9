"""The settings of the bot's own features, each written through the service that owns it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.domain.summaries import Reading
from bot.models import AlertSettings, AutoReply, SummarySettings, WatchDefault
from bot.services.alert_settings import BOUNDS as ALERT_BOUNDS
from bot.services.alert_settings import AlertSettingsService
from bot.services.configuration import changes
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Setting
from bot.services.guilds import GuildService
from bot.services.statistics.activity import ActivityService
from bot.services.summaries.settings import Section, SummarySettingsService
from bot.services.tickets.service import TicketService
from bot.texts import text

_DEFAULT_MODE = AutoReply.ON.value


def add_guild_settings(configuration: Configuration, guilds: GuildService, tickets: TicketService) -> None:
    """Add who is who in a server, and how messages are answered."""

    async def read(guild_id: int) -> Mapping[str, Any]:
        row = await guilds.find(guild_id)
        return {key: getattr(row, column) for column, key in changes.GUILDS.items()} if row else {}

    configuration.add([*_server(guilds, tickets), *_replies(guilds)], read)


def _server(guilds: GuildService, tickets: TicketService) -> list[Setting]:
    async def watch(guild_id: int, value: str) -> None:
        await guilds.set_watch_default(guild_id, WatchDefault(value))

    async def role(guild_id: int, value: int | None) -> None:
        await tickets.settings.change(guild_id, staff_role_id=value)

    return [
        Setting(key="server.timezone", kind=Kind.ZONE, write=guilds.set_timezone, default="UTC"),
        Setting(
            key="server.watch",
            kind=Kind.CHOICE,
            write=watch,
            default=WatchDefault.PUBLIC.value,
            choices=[each.value for each in WatchDefault],
        ),
        Setting(
            key="server.admin_role",
            kind=Kind.ROLE,
            write=guilds.set_admin_role,
            none=text("config.none.admin_role"),
            discord_only=True,
        ),
        Setting(
            key="server.staff_role",
            kind=Kind.ROLE,
            write=role,
            none=text("config.none.staff_role"),
            cleans=True,
        ),
        Setting(
            key="server.staff_channel",
            kind=Kind.CHANNEL,
            write=guilds.set_staff_channel,
            none=text("config.none.staff_channel"),
            gone=partial(guilds.lose_staff_channel, column="staff_channel_id"),
        ),
        Setting(key="server.leak_warnings", kind=Kind.BOOL, write=guilds.set_leak_warnings, default=True),
    ]


def _replies(guilds: GuildService) -> list[Setting]:
    async def mode(guild_id: int, value: str) -> None:
        await guilds.set_auto_reply(guild_id, AutoReply(value))

    def quiet(guild_id: int) -> str | None:
        hours = guilds.policy(guild_id).quiet_hours
        return f"{hours.start:%H:%M}-{hours.end:%H:%M}" if hours else None

    async def ignored(guild_id: int, value: set[int] | None) -> None:
        await guilds.set_ignored_roles(guild_id, value or set())

    return [
        Setting(
            key="replies.mode",
            kind=Kind.CHOICE,
            write=mode,
            default=_DEFAULT_MODE,
            choices=[each.value for each in AutoReply],
        ),
        Setting(
            key="replies.suggest_channel",
            kind=Kind.CHANNEL,
            write=guilds.set_suggest_channel,
            none=text("config.none.suggest_channel"),
            gone=partial(guilds.lose_staff_channel, column="suggest_channel_id"),
        ),
        Setting(
            key="replies.confidence",
            kind=Kind.SHARE,
            write=guilds.set_min_confidence,
            bounds=(0, 1),
            none=text("config.none.confidence"),
            unset=lambda guild_id: guilds.policy(guild_id).min_confidence,
        ),
        Setting(key="replies.fit", kind=Kind.BOOL, write=guilds.set_fits, default=True),
        Setting(
            key="replies.fitted_confidence",
            kind=Kind.SHARE,
            write=None,
            reset=guilds.reset_fitted,
            none=text("config.none.fitted"),
            elsewhere="/config reset",
        ),
        Setting(
            key="replies.quiet_hours",
            kind=Kind.HOURS,
            write=guilds.set_quiet_hours,
            reset=guilds.reset_quiet_hours,
            unset=quiet,
            none=text("config.none.quiet_hours"),
        ),
        Setting(
            key="replies.languages",
            kind=Kind.LANGUAGES,
            write=guilds.set_languages,
            none=text("config.none.languages"),
        ),
        Setting(
            key="replies.ignored_roles",
            kind=Kind.ROLES,
            write=ignored,
            none=text("config.none.ignored_roles"),
        ),
    ]


def add_summary_settings(configuration: Configuration, settings: SummarySettingsService) -> None:
    """Add the daily summary."""
    plain = SummarySettings(guild_id=0)

    async def read(guild_id: int) -> Mapping[str, Any]:
        row = settings.of(guild_id)
        return {key: getattr(row, column) for column, key in changes.SUMMARIES.items()}

    async def channel(guild_id: int, value: int | None) -> None:
        if value is None:
            await settings.change(guild_id, channel_id=None, is_on=bool(settings.of(guild_id).admin_ids))
        else:
            await settings.change(guild_id, channel_id=value, admin_ids=None)

    def setting(column: str, kind: Kind, **values: Any) -> Setting:
        async def write(guild_id: int, value: Any) -> None:
            await settings.change(guild_id, **{column: value})

        values.setdefault("write", write)
        values.setdefault("default", getattr(plain, column))
        return Setting(key=changes.SUMMARIES[column], kind=kind, **values)

    sections, styles = [each.value for each in Section], [each.value for each in Reading]
    configuration.add(
        [
            setting("is_on", Kind.BOOL),
            setting("channel_id", Kind.CHANNEL, write=channel, none=text("config.none.summaries")),
            setting(
                "admin_ids",
                Kind.TEXT,
                write=None,
                none=text("config.none.helpers"),
                elsewhere="/setsummary direct",
            ),
            setting("at", Kind.TIME),
            setting("weekdays", Kind.DAYS, none=text("config.none.days")),
            setting("style", Kind.CHOICE, choices=styles),
            setting("language", Kind.TEXT, none=text("config.none.language")),
            setting("sections_off", Kind.CHOICES, choices=sections, none=text("config.none.left_out")),
            setting("excluded_ids", Kind.CHANNELS, none=text("config.none.excluded")),
        ],
        read,
    )


def add_alert_settings(configuration: Configuration, settings: AlertSettingsService) -> None:
    """Add what staff and helpers are told."""
    plain = AlertSettings(guild_id=0)

    async def read(guild_id: int) -> Mapping[str, Any]:
        row = settings.of(guild_id)
        return {key: getattr(row, column) for column, key in changes.ALERTS.items()}

    async def helpers(guild_id: int, value: int | None) -> None:
        off = {"nudge_on": False} if value is None else {}  # else nobody would be called
        await settings.change(guild_id, helper_role_id=value, **off)

    def setting(column: str, kind: Kind, **values: Any) -> Setting:
        async def write(guild_id: int, value: Any) -> None:
            await settings.change(guild_id, **{column: value})

        values.setdefault("write", write)
        key, default = changes.ALERTS[column], getattr(plain, column)
        return Setting(key=key, kind=kind, default=default, bounds=ALERT_BOUNDS.get(column), **values)

    configuration.add(
        [
            setting("incidents_on", Kind.BOOL),
            setting("members", Kind.WHOLE),
            setting("window_minutes", Kind.WHOLE),
            setting("cooldown_minutes", Kind.WHOLE),
            setting("wait_hours", Kind.WHOLE),
            setting("nudge_on", Kind.BOOL),
            setting("helper_role_id", Kind.ROLE, write=helpers, none=text("config.none.helpers")),
            setting("nudge_hours", Kind.WHOLE),
        ],
        read,
    )


def add_statistics_settings(configuration: Configuration, activity: ActivityService) -> None:
    """Add who sees figures."""

    async def read(guild_id: int) -> Mapping[str, Any]:
        return {changes.OWN_FIGURES: await activity.is_mine_allowed(guild_id)}

    async def write(guild_id: int, value: bool) -> None:
        await activity.allow_mine(guild_id, allowed=value)

    configuration.add([Setting(key=changes.OWN_FIGURES, kind=Kind.BOOL, write=write, default=True)], read)
