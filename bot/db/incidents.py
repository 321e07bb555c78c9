"""Incidents and the messages that report them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.models import Guild, Incident, IncidentReport, IncidentStatus

_AT_ONCE = 500  # ids in one condition


class IncidentRepository:
    """The incidents seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, incident_id: int) -> Incident | None:
        """Return an incident."""
        return await self._session.get(Incident, incident_id, populate_existing=True)

    async def unsettled(self) -> Sequence[Incident]:
        """Return those whose alert may have to change, of servers the bot is in, oldest first."""
        present = select(Guild.id).where(col(Guild.left_at).is_(None))
        query = select(Incident).where(
            col(Incident.is_settled).is_(False), col(Incident.guild_id).in_(present)
        )
        return (await self._session.exec(query.order_by(col(Incident.id)))).all()

    async def resolved_since(self, guild_id: int, since: datetime) -> Sequence[Incident]:
        """Return a server's incidents that were resolved since then, the newest first."""
        query = select(Incident).where(
            Incident.guild_id == guild_id,
            Incident.status == IncidentStatus.RESOLVED.value,
            col(Incident.resolved_at) >= since,
        )
        return (await self._session.exec(query.order_by(col(Incident.id).desc()))).all()

    async def open(self, incident: Incident, reports: Sequence[IncidentReport]) -> Incident | None:
        """Insert an incident with its reports; None, and nothing is written, if one is in another's."""
        taken = await self.taken([each.message_id for each in reports])
        if taken:
            return None
        self._session.add(incident)
        await self._session.flush()
        await self.join(incident.id, reports)
        return incident

    async def join(self, incident_id: int, reports: Sequence[IncidentReport]) -> int:
        """Add reports that are in no incident; return how many were."""
        added = 0
        for each in reports:
            row = each.model_dump() | {"incident_id": incident_id}
            insert = insert_for(self._session, IncidentReport).values(**row).on_conflict_do_nothing()
            done = await self._session.exec(insert.returning(col(IncidentReport.message_id)))
            added += done.first() is not None
        return added

    async def taken(self, message_ids: Sequence[int]) -> set[int]:
        """Return which of these messages are in an incident."""
        found: set[int] = set()
        for start in range(0, len(message_ids), _AT_ONCE):
            part = message_ids[start : start + _AT_ONCE]
            query = select(IncidentReport.message_id).where(col(IncidentReport.message_id).in_(part))
            found |= set((await self._session.exec(query)).all())
        return found

    async def reports(self, incident_id: int) -> Sequence[IncidentReport]:
        """Return an incident's reports, oldest first."""
        query = select(IncidentReport).where(IncidentReport.incident_id == incident_id)
        return (await self._session.exec(query.order_by(col(IncidentReport.message_id)))).all()

    async def set(self, incident_id: int, values: dict[str, Any]) -> None:
        """Set columns of an incident."""
        await self._session.exec(update(Incident).where(col(Incident.id) == incident_id).values(**values))

    async def resolve(self, incident_id: int, user_id: int | None, now: datetime) -> bool:
        """Resolve an open incident; False if it is no longer open."""
        statement = (
            update(Incident)
            .where(col(Incident.id) == incident_id, col(Incident.status) == IncidentStatus.OPEN.value)
            .values(status=IncidentStatus.RESOLVED.value, resolved_at=now, resolved_by=user_id)
            .returning(col(Incident.id))
        )
        return (await self._session.exec(statement)).first() is not None

    async def drop(self, incident_id: int, message_ids: Collection[int]) -> None:
        """Take reports out of an incident: they are gone where they were said."""
        await self._session.exec(
            delete(IncidentReport).where(
                col(IncidentReport.incident_id) == incident_id,
                col(IncidentReport.message_id).in_(message_ids),
            )
        )

    async def purge(self, before: datetime) -> int:
        """Delete incidents that were opened before then and are settled."""
        old = (col(Incident.opened_at) < before, col(Incident.is_settled).is_(True))
        return (await self._session.exec(delete(Incident).where(*old))).rowcount or 0
