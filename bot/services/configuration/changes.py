"""Writes down every change of a server's settings, whichever road it came by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.db.database import Transaction
from bot.models import AlertSettings, Guild, SummarySettings, TicketSettings
from bot.services.configuration.actor import actor

GUILDS: Mapping[str, str] = {
    "timezone": "server.timezone",
    "watch_default": "server.watch",
    "admin_role_id": "server.admin_role",
    "staff_channel_id": "server.staff_channel",
    "warn_leaks": "server.leak_warnings",
    "auto_reply": "replies.mode",
    "suggest_channel_id": "replies.suggest_channel",
    "min_confidence": "replies.confidence",
    "fits": "replies.fit",
    "fitted_confidence": "replies.fitted_confidence",
    "quiet_hours": "replies.quiet_hours",
    "languages": "replies.languages",
    "ignored_role_ids": "replies.ignored_roles",
}
TICKETS: Mapping[str, str] = {
    "staff_role_id": "server.staff_role",
    "mode": "tickets.kind",
    "parent_id": "tickets.channel",
    "log_channel_id": "tickets.log_channel",
    "answer_mode": "tickets.answers",
    "threshold": "tickets.sure",
    "low_threshold": "tickets.near",
    "working_hours": "tickets.working_hours",
    "max_open": "tickets.max_open",
    "cooldown_seconds": "tickets.cooldown_seconds",
    "remind_hours": "tickets.remind_hours",
    "close_hours": "tickets.close_hours",
    "transcript_dm": "tickets.transcript_dm",
    "adopt_posts": "tickets.adopt_posts",
}
SUMMARIES: Mapping[str, str] = {
    "is_on": "summaries.on",
    "channel_id": "summaries.channel",
    "admin_ids": "summaries.admins",
    "at": "summaries.time",
    "weekdays": "summaries.days",
    "style": "summaries.style",
    "language": "summaries.language",
    "sections_off": "summaries.left_out",
    "excluded_ids": "summaries.excluded",
}
ALERTS: Mapping[str, str] = {
    "incidents_on": "alerts.incidents",
    "members": "alerts.members",
    "window_minutes": "alerts.minutes",
    "cooldown_minutes": "alerts.cooldown_minutes",
    "wait_hours": "alerts.unanswered_hours",
    "nudge_on": "alerts.nudge",
    "helper_role_id": "alerts.helper_role",
    "nudge_hours": "alerts.nudge_hours",
}
Row = Guild | TicketSettings | SummarySettings | AlertSettings
CATEGORIES, CATEGORY_ROLES = "tickets.categories", "tickets.category_roles"
OWN_FIGURES = "statistics.own"
CHANNELS = "channels."  # and a channel's id, and `.watch` or `.tip`
PLUGINS = "plugins."  # and a plugin's id: whether it is on; and `.` and a setting's name
_COUNTED = {"admin_ids"}  # who is on the list is nobody's business later: how many is told


async def note_row(
    tx: Transaction,
    names: Mapping[str, str],
    guild_id: int,
    before: Mapping[str, Any] | None,
    after: Row,
    now: datetime,
) -> None:
    """Write down what differs between a row of settings before and after, in the same transaction.

    Args:
        tx: the transaction that changes them.
        names: the settings' keys, by column.
        guild_id: whose settings.
        before: the row as it was, by column; None where there was none, so that everything was its default.
        after: the row as it is.
        now: when.
    """
    if before is None:
        assert not isinstance(after, Guild)  # a known server
        before = type(after)(guild_id=guild_id).model_dump()
    pairs = {
        key: (_plain(column, before[column]), _plain(column, getattr(after, column)))
        for column, key in names.items()
    }
    await note(tx, guild_id, pairs, now)


async def note(tx: Transaction, guild_id: int, pairs: Mapping[str, tuple[Any, Any]], now: datetime) -> None:
    """Write down settings given as key: (old, new), those that differ."""
    changed = {key: (old, new) for key, (old, new) in pairs.items() if old != new}
    await tx.setting_changes.add(guild_id, changed, actor(), now)


def _plain(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column in _COUNTED:
        return len(value)
    if column.endswith("_id"):
        return str(value)
    if column.endswith("_ids"):
        return [str(each) for each in value]
    return value
