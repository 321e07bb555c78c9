"""Rows of servers and channels as the rest of the bot speaks of them. Pure functions."""

from dataclasses import dataclass
from typing import Any

from bot.domain.policy import GuildPolicy
from bot.domain.quiet_hours import QuietHours
from bot.models import AutoReply, Channel, Guild, Watch, WatchDefault
from bot.services.configuration.changes import CHANNELS
from bot.settings import OrchestratorSettings


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel or thread as the platform tells of it."""

    id: int
    parent_id: int | None
    name: str


def policy_of(guild: Guild | None, defaults: OrchestratorSettings) -> GuildPolicy:
    """Return how the bot answers in a server; None stands for one that chose nothing."""
    quiet = (guild.quiet_hours if guild else None) or defaults.quiet_hours
    confidence = guild.min_confidence if guild else None
    if guild is not None and confidence is None and guild.fits is not False:
        confidence = guild.fitted_confidence
    return GuildPolicy(
        auto_reply=defaults.auto_reply and (guild is None or guild.auto_reply != AutoReply.OFF),
        suggests=guild is not None and guild.auto_reply == AutoReply.SUGGEST,
        suggest_channel_id=(guild.suggest_channel_id or guild.staff_channel_id) if guild else None,
        watches_public=guild is None or guild.watch_default == WatchDefault.PUBLIC,
        min_confidence=defaults.min_confidence if confidence is None else confidence,
        timezone=guild.timezone if guild else "UTC",
        quiet_hours=QuietHours.parse(quiet) if quiet and quiet != "none" else None,
        staff_channel_id=guild.staff_channel_id if guild else None,
        ignored_role_ids=frozenset((guild.ignored_role_ids if guild else None) or ()),
        languages=frozenset((guild.languages if guild else None) or ()),
        warn_leaks=guild is None or guild.warn_leaks is not False,
    )


def chosen_of(channel: Channel) -> tuple[str | None, str | None]:
    """Return the choices for a channel; None for those that weren't made."""
    return channel.watch if channel.watch != Watch.DEFAULT else None, channel.tip


def changes_of(
    channel_id: int, was: tuple[str | None, str | None], now: tuple[str | None, str | None]
) -> dict[str, tuple[str | None, str | None]]:
    """Return what changed in a channel's choices, by the name that the history knows."""
    return {
        f"{CHANNELS}{channel_id}.{name}": each
        for name, each in zip(("watch", "tip"), zip(was, now, strict=True), strict=True)
    }


def row_of(guild_id: int, channel: ChannelSeen) -> dict[str, Any]:
    """Return a channel as a row of its table."""
    return {
        "id": channel.id,
        "guild_id": guild_id,
        "parent_id": channel.parent_id,
        "name": channel.name[:100],
    }
