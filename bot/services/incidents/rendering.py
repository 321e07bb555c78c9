"""What an alert says: pure, so that the same facts give the same words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from bot.db.alerts import Asked
from bot.models import Incident, IncidentReport, IncidentStatus
from bot.services.summaries.rendering import link, plain
from bot.texts import counted, text

QUARTER: Final = timedelta(minutes=15)
MOST_QUARTERS: Final = 8  # the newest
MOST_QUOTED: Final = 10  # the first report and the newest ones
MOST_QUOTE: Final = 200  # characters
MOST_BARS: Final = 20


@dataclass(frozen=True, slots=True)
class Alert:
    """What staff are shown of an incident."""

    incident_id: int
    title: str
    text: str
    is_open: bool

    @property
    def digest(self) -> str:
        """What tells it from what was shown before."""
        said = f"{self.title}\0{self.text}\0{self.is_open}"
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def alert_of(
    incident: Incident,
    reports: Sequence[IncidentReport],
    said: Mapping[int, Asked],
    before: Incident | None = None,
) -> Alert:
    """Return what staff are shown.

    Args:
        incident: what it is about.
        reports: those whose place the alert's readers may read, oldest first.
        said: by message id, those of them that still stand; nobody's words are shown once it is resolved.
        before: the same fault's last incident.
    """
    is_open = incident.status == IncidentStatus.OPEN.value
    members = len({each.author_id for each in reports})
    first = _stamp(reports[0].created_at if reports else incident.opened_at)
    newest = _stamp(reports[-1].created_at if reports else incident.last_at)
    lines = [
        text(
            "incidents.alert_reports",
            reports=counted(len(reports), "report"),
            members=counted(members, "member"),
            first=first,
            newest=newest,
        )
    ]
    if before is not None and before.message_id is not None:
        lines.append(
            text("incidents.alert_before", link=link(before.guild_id, before.channel_id, before.message_id))
        )
    if not is_open:
        when = _stamp(incident.resolved_at or incident.last_at)
        lines.append(
            text("incidents.alert_resolved_by", member=incident.resolved_by, when=when)
            if incident.resolved_by
            else text("incidents.alert_resolved", when=when)
        )
    lines += ["", *_growth(reports), "", *_quotes(incident, reports, said, is_open=is_open)]
    title = text("incidents.alert_title") if is_open else text("incidents.alert_title_resolved")
    return Alert(incident.id, title, "\n".join(lines), is_open)


def _growth(reports: Sequence[IncidentReport]) -> list[str]:
    """Return how many reports there were in each quarter of an hour."""
    counts = Counter(_quarter(each.created_at) for each in reports)
    if not counts:
        return []
    newest = max(counts)
    first = max(min(counts), newest - QUARTER * (MOST_QUARTERS - 1))
    lines = [text("incidents.alert_growth")]
    while first <= newest:
        count = counts[first]
        lines.append(f"<t:{int(first.timestamp())}:t> {'▇' * min(count, MOST_BARS)} {count}")
        first += QUARTER
    return lines


def _quotes(
    incident: Incident, reports: Sequence[IncidentReport], said: Mapping[int, Asked], *, is_open: bool
) -> list[str]:
    standing = [each for each in reports if each.message_id in said]
    shown = standing if len(standing) <= MOST_QUOTED else [standing[0], *standing[-MOST_QUOTED + 1 :]]
    lines = []
    for each in shown:
        words = f": {plain(said[each.message_id].content, MOST_QUOTE)}" if is_open else ""
        url = link(incident.guild_id, each.place_id, each.message_id)
        lines.append(
            text("incidents.alert_quote", time=int(each.created_at.timestamp()), url=url, words=words)
        )
    if len(standing) > len(shown):
        lines.append(text("incidents.alert_more", reports=counted(len(standing) - len(shown), "more_report")))
    if len(reports) > len(standing):
        lines.append(text("incidents.alert_deleted", reports=counted(len(reports) - len(standing), "report")))
    return lines


def _quarter(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _stamp(moment: datetime) -> str:
    return f"<t:{int(moment.timestamp())}:f>"
