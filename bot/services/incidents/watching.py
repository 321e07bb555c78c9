"""Finds reports of one fault, tells staff once, and keeps what they were told up to date."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from loguru import logger

from bot.db.alerts import Asked
from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.signal import Intent
from bot.models import AlertSettings, Incident, IncidentReport, IncidentStatus
from bot.nlp.encoder import Vectors
from bot.nlp.faults import MODEL_BAR, WORDS_BAR, Faults
from bot.services.actions import nonce_for
from bot.services.alert_settings import AlertSettingsService
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.guilds import GuildService
from bot.services.incidents.rendering import Alert, alert_of
from bot.services.meaning import WORDS_LIKENESS, Meaning
from bot.services.summaries.collecting import Collecting
from bot.services.tools import TargetGoneError, ToolError
from bot.texts import text

MOST_REPORTS: Final = 300  # of one window, the newest
MOST_EARLIER: Final = 100  # messages that tell how a server's people write
EARLIER: Final = timedelta(days=14)
GOES_QUIET: Final = timedelta(days=1)  # without a report, then it counts as resolved
MOST_OPEN: Final = 10  # alerts of a server at a time, lest somebody floods staff with them
ENCODE_SECONDS: Final = 20.0
SEND_SECONDS: Final = 30.0


class AlertDesk(Protocol):
    """What alerts need of Discord. Every method raises a `ToolError` where it can't."""

    async def post(self, channel_id: int, alert: Alert, nonce: str) -> int:
        """Post an alert; return the message's id."""
        ...

    async def find(self, channel_id: int, incident_id: int, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        ...

    async def edit(self, channel_id: int, message_id: int, alert: Alert) -> None:
        """Have a message say what `alert` does."""
        ...


@dataclass(frozen=True, slots=True)
class _Known:
    """An incident with the words that still stand of it."""

    incident: Incident
    texts: list[str]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look at a server found."""

    joins: dict[int, list[Asked]]  # by incident
    opens: list[tuple[list[Asked], int | None]]  # with the incident that was the same fault before


class IncidentWatch:
    """Looks at what the database has of each server; nothing of it happens where messages are taken in."""

    def __init__(  # noqa: PLR0913  (where everything comes together)
        self,
        database: Database,
        clock: Clock,
        *,
        guilds: GuildService,
        settings: AlertSettingsService,
        collecting: Collecting,
        meaning: Meaning,
        desk: AlertDesk,
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings = settings
        self._collecting = collecting
        self._meaning = meaning
        self._desk = desk
        self._seen: dict[int, tuple[Any, ...]] = {}  # by guild: what was compared
        self._begun: set[int] = set()  # incidents whose first post is not tried yet
        self._showing = asyncio.Lock()
        self._warned: dict[int, str] = {}  # by incident: why it can't be shown, told once

    async def look(self) -> None:
        """Compare what is new, then show what changed; one server's trouble is no other's."""
        for guild_id in sorted(self._guilds.present()):
            settings = self._settings.of(guild_id)
            channel_id = self._guilds.policy(guild_id).staff_channel_id
            if not settings.incidents_on or channel_id is None:
                continue
            try:
                await self._compare(settings, channel_id)
            except Exception:  # noqa: BLE001  (it is looked at again at the next tick)
                logger.bind(guild_id=guild_id).exception("Problem reports of {} can't be compared", guild_id)
        async with self._database.reading() as tx:
            unsettled = await tx.incidents.unsettled()
        for incident in unsettled:
            await self._show_safely(incident)

    async def resolve(self, guild_id: int, incident_id: int, user_id: int) -> None:
        """Resolve an incident for staff, and show it.

        Raises:
            UserFacingError: there is no such incident here, or it is resolved already.
        """
        async with self._database.transaction() as tx:
            incident = await tx.incidents.get(incident_id)
            if incident is None or incident.guild_id != guild_id:
                raise UserFacingError(text("incidents.not_kept"))
            if not await tx.incidents.resolve(incident_id, user_id, self._clock.now()):
                raise UserFacingError(text("incidents.resolved_already"))
            incident = await tx.incidents.get(incident_id)
        assert incident is not None  # just resolved
        await self._show_safely(incident)

    async def _compare(self, settings: AlertSettings, channel_id: int) -> None:
        guild_id, now = settings.guild_id, self._clock.now()
        since = now - timedelta(minutes=settings.window_minutes)
        async with self._database.reading() as tx:
            rows = await tx.alerts.asked(guild_id, since, now + timedelta(minutes=5), MOST_REPORTS)
            taken = await tx.incidents.taken([each.message_id for each in rows])
            resolved = await tx.incidents.resolved_since(guild_id, now - GOES_QUIET)
        fresh = [each for each in rows if each.message_id not in taken and each.content.strip()]
        cooldown = timedelta(minutes=settings.cooldown_minutes)
        key = (
            frozenset((each.message_id, each.edited_at, each.intent) for each in fresh),
            frozenset(each.id for each in resolved if now >= (each.resolved_at or now) + cooldown),
            settings.members,
        )
        if not fresh or self._seen.get(guild_id) == key:
            return
        fresh = await self._shown_to(guild_id, channel_id, fresh)
        found = await self._find(settings, fresh, since)
        if found.joins or found.opens:
            await self._keep(guild_id, channel_id, found)
        self._seen[guild_id] = key

    async def _keep(self, guild_id: int, channel_id: int, found: _Found) -> None:
        now, opened = self._clock.now(), []
        async with self._database.transaction() as tx:
            for incident_id, joining in found.joins.items():
                await tx.incidents.join(incident_id, [_report(each) for each in joining])
                known = await tx.incidents.get(incident_id)
                newest = max(each.created_at for each in joining)
                if known is not None and newest > known.last_at:
                    await tx.incidents.set(incident_id, {"last_at": newest})
            for group, before_id in found.opens:
                incident = Incident(
                    guild_id=guild_id,
                    opened_at=now,
                    last_at=max(each.created_at for each in group),
                    before_id=before_id,
                    channel_id=channel_id,
                )
                opened.append(await tx.incidents.open(incident, [_report(each) for each in group]))
        self._begun |= {each.id for each in opened if each is not None}
        if opened:
            fail_point("incident.after_open")

    async def _shown_to(self, guild_id: int, channel_id: int, asked: Sequence[Asked]) -> list[Asked]:
        """Return what the readers of a channel may read, and of nobody who opted out."""
        places = {each.place_id for each in asked}
        async with self._database.reading() as tx:
            tickets = await tx.tickets.threads_among(places)
        readable = await self._collecting.readable(guild_id, channel_id, places - tickets)
        ignored = await self._collecting.ignored(guild_id, readable)
        return [
            each
            for each in asked
            if each.place_id in readable - ignored
            and not self._collecting.opted_out(guild_id, each.author_id)
        ]

    async def _find(self, settings: AlertSettings, fresh: Sequence[Asked], since: datetime) -> _Found:
        guild_id, now = settings.guild_id, self._clock.now()
        async with self._database.reading() as tx:
            unsettled = [each for each in await tx.incidents.unsettled() if each.guild_id == guild_id]
            resolved = await tx.incidents.resolved_since(guild_id, now - GOES_QUIET)
            known = []
            for incident in {each.id: each for each in [*unsettled, *resolved]}.values():
                ids = [each.message_id for each in await tx.incidents.reports(incident.id)][-MOST_EARLIER:]
                standing = await tx.alerts.standing(ids)
                known.append(_Known(incident, [each.content for each in standing.values()]))
            earlier = await tx.alerts.asked(guild_id, now - EARLIER, since, MOST_EARLIER)
        parts = [
            [each.content for each in fresh],
            [each.content for each in earlier],
            *(each.texts for each in known),
        ]
        compared = await self._meaning.vectors([text for part in parts for text in part], ENCODE_SECONDS)
        bar = WORDS_BAR if compared.likeness is WORDS_LIKENESS else MODEL_BAR
        of_fresh, of_earlier, *of_known = _cut(compared.vectors, [len(part) for part in parts])

        nearest, groups = await asyncio.to_thread(
            _placed, Faults(of_earlier, bar), of_fresh, of_known, [each.incident for each in known]
        )
        return _sorted(settings, fresh, [each.incident for each in known], nearest, groups, now)

    async def _show_safely(self, incident: Incident) -> None:
        try:
            async with self._showing, asyncio.timeout(SEND_SECONDS):
                await self._show(incident)
        except TargetGoneError:  # staff deleted the alert or its channel: they want no more of it
            async with self._database.transaction() as tx:
                await tx.incidents.resolve(incident.id, None, self._clock.now())
                await tx.incidents.set(incident.id, {"is_settled": True})
        except (ToolError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            if self._warned.get(incident.id) != why:
                self._warned[incident.id] = why
                log = logger.bind(guild_id=incident.guild_id)
                log.warning("The alert of incident {} can't be shown: {}", incident.id, why)
        else:
            self._warned.pop(incident.id, None)

    async def _show(self, incident: Incident) -> None:
        now = self._clock.now()
        if incident.status == IncidentStatus.OPEN.value and now - incident.last_at > GOES_QUIET:
            async with self._database.transaction() as tx:
                await tx.incidents.resolve(incident.id, None, now)
        async with self._database.reading() as tx:  # most looks change nothing: no writer waits for them
            current = await tx.incidents.get(incident.id)
            if current is None or current.is_settled:
                return
            reports = await tx.incidents.reports(current.id)
            said = await tx.alerts.standing([each.message_id for each in reports])
            before = await tx.incidents.get(current.before_id) if current.before_id else None
        shown = {each.message_id for each in await self._shown_to(
            current.guild_id, current.channel_id, list(said.values())
        )}  # fmt: skip
        reports = [each for each in reports if each.message_id in shown or each.message_id not in said]
        alert = alert_of(current, reports, said, before)
        message_id = await self._bring(current, alert)
        values = {
            "message_id": message_id,
            "shown": alert.digest,
            "is_settled": current.status == IncidentStatus.RESOLVED.value,
        }
        if any(getattr(current, name) != value for name, value in values.items()):
            async with self._database.transaction() as tx:
                await tx.incidents.set(current.id, values)

    async def _bring(self, incident: Incident, alert: Alert) -> int | None:
        """Post or edit the alert where it says something else; return its message."""
        if incident.message_id is not None:
            if incident.shown != alert.digest:
                await self._desk.edit(incident.channel_id, incident.message_id, alert)
                fail_point("incident.after_edit")
            return incident.message_id
        is_first = incident.id in self._begun
        self._begun.discard(incident.id)
        found = None
        if not is_first:
            found = await self._desk.find(incident.channel_id, incident.id, incident.opened_at)
        if found is not None:
            await self._desk.edit(incident.channel_id, found, alert)
            return found
        if not alert.is_open:  # it was over before anybody could be told
            return None
        message_id = await self._desk.post(incident.channel_id, alert, nonce_of(incident))
        fail_point("incident.after_post")
        return message_id


def _placed(
    faults: Faults, fresh: Vectors, known: Sequence[Vectors], incidents: Sequence[Incident]
) -> tuple[list[int | None], list[list[int]]]:
    """Return for each row the incident it belongs to, an open one first, and the groups of all rows."""
    places: dict[bool, list[int]] = {True: [], False: []}
    for place, incident in enumerate(incidents):
        places[incident.status == IncidentStatus.OPEN.value].append(place)
    nearest: list[int | None] = [None] * len(fresh)
    for is_open in (False, True):
        for row, found in enumerate(faults.nearest(fresh, [known[at] for at in places[is_open]])):
            nearest[row] = nearest[row] if found is None else places[is_open][found]
    return nearest, faults.groups(fresh)


def _sorted(
    settings: AlertSettings,
    fresh: Sequence[Asked],
    known: Sequence[Incident],
    nearest: Sequence[int | None],
    groups: Sequence[Collection[int]],
    now: datetime,
) -> _Found:
    """Return what joins which incident, and which groups are new ones."""
    cooldown = timedelta(minutes=settings.cooldown_minutes)
    found = _Found({}, [])
    left: dict[int, int | None] = {}  # rows that are in no incident, with the one that is over
    for row, place in enumerate(nearest):
        incident = known[place] if place is not None else None
        if incident is None:
            left[row] = None
        elif incident.status == IncidentStatus.OPEN.value:
            found.joins.setdefault(incident.id, []).append(fresh[row])
        elif (
            incident.resolved_at is not None
            and fresh[row].created_at >= incident.resolved_at
            and now >= incident.resolved_at + cooldown
        ):
            left[row] = incident.id
        # What was reported before it was resolved, or while it cools down, is nothing new.
    for rows in groups:
        group = [fresh[row] for row in rows if row in left]
        reports = [each for each in group if each.intent == Intent.PROBLEM_REPORT.value]
        enough = len({each.author_id for each in group}) >= settings.members
        if enough and 2 * len(reports) >= len(group):
            before = [each for row in rows if (each := left.get(row)) is not None]
            found.opens.append((group, max(before, default=None)))
    room = MOST_OPEN - sum(each.status == IncidentStatus.OPEN.value for each in known)
    del found.opens[max(0, room) :]  # the smaller ones; they are compared again at the next report
    return found


def nonce_of(incident: Incident) -> str:
    """Return the nonce of an incident's alert."""
    return nonce_for(f"incident/{incident.id}")


def _report(asked: Asked) -> IncidentReport:
    return IncidentReport(
        incident_id=0,  # set when it is stored
        message_id=asked.message_id,
        place_id=asked.place_id,
        author_id=asked.author_id,
        created_at=asked.created_at,
    )


def _cut(vectors: Vectors, lengths: Sequence[int]) -> list[Vectors]:
    parts, at = [], 0
    for length in lengths:
        parts.append(vectors[at : at + length])
        at += length
    return parts
