"""Rows of alerts; each call names only what its test is about."""

from typing import Any

from bot.models import Incident, IncidentReport, Nudge
from tests.db.support import CHANNEL, GUILD, MEMBER, MESSAGE, NOW


def incident(**values: Any) -> Incident:
    """An incident of which staff were not told yet."""
    known: dict[str, Any] = {"guild_id": GUILD, "opened_at": NOW, "last_at": NOW, "channel_id": CHANNEL}
    return Incident(**known | values)


def incident_report(number: int = 0, **values: Any) -> IncidentReport:
    """The `number`th message as a report."""
    known: dict[str, Any] = {
        "incident_id": 0,
        "message_id": MESSAGE + number,
        "place_id": CHANNEL,
        "author_id": MEMBER + number,
        "created_at": NOW,
    }
    return IncidentReport(**known | values)


def nudge(**values: Any) -> Nudge:
    """A call to helpers that is about to be posted."""
    known: dict[str, Any] = {
        "guild_id": GUILD,
        "place_id": CHANNEL,
        "message_ids": [str(MESSAGE)],
        "created_at": NOW,
    }
    return Nudge(**known | values)
