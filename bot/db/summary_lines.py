"""The stored messages as a summary reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.domain.signal import Purpose, signal_id
from bot.models import SignalRecord

_TABLE = SignalRecord.__table__  # type: ignore[attr-defined]
_SOURCE = "discord"
_COLUMNS = (
    "message_id", "channel_id", "thread_id", "author_id", "author_name", "content", "attachments",
    "created_at", "edited_at", "reply_to_id", "intent", "sentiment", "sentiment_score",
)  # fmt: skip


class LineRow(NamedTuple):
    """A message with what a summary needs of it."""

    message_id: int
    channel_id: int
    thread_id: int | None
    author_id: int
    author_name: str
    content: str
    attachments: list[dict[str, Any]] | None
    created_at: datetime
    edited_at: datetime | None
    reply_to_id: int | None
    intent: str
    sentiment: str
    sentiment_score: float


class SummaryLineRepository:
    """The messages seen by one open session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def counts(self, place_ids: Sequence[int], from_id: int, before_id: int) -> dict[int, int]:
        """Return how many messages fit for a summary these places have from one id until before another."""
        there = _TABLE.c.place_id.in_(place_ids) & _fit(from_id, before_id)
        query = select(_TABLE.c.place_id, func.count()).where(there).group_by(_TABLE.c.place_id)
        rows = (await (await self._session.connection()).execute(query)).all()
        return {place_id: int(count) for place_id, count in rows}

    async def page(self, place_ids: Sequence[int], from_id: int, before_id: int, limit: int) -> list[LineRow]:
        """Return the oldest messages of some places that are fit for a summary: not erased, no spam."""
        query = (
            select(*(_TABLE.c[name] for name in _COLUMNS))
            .where(_TABLE.c.place_id.in_(place_ids), _fit(from_id, before_id))
            .order_by(_TABLE.c.message_id)
            .limit(limit)
        )
        rows = (await (await self._session.connection()).execute(query)).all()
        return [LineRow(*row) for row in rows]

    async def standing(self, message_ids: Sequence[int]) -> dict[int, datetime | None]:
        """Return when those of some messages that aren't erased were last changed.

        They stay so until the transaction ends.
        """
        ids = [signal_id(_SOURCE, each) for each in message_ids]
        columns = (_TABLE.c.message_id, _TABLE.c.edited_at)
        query = select(*columns).where(_TABLE.c.id.in_(ids), _TABLE.c.deleted_at.is_(None))
        rows = await (await self._session.connection()).execute(query.with_for_update(read=True))
        return {row.message_id: row.edited_at for row in rows}


def _fit(from_id: int, before_id: int) -> ColumnElement[bool]:
    return and_(
        _TABLE.c.message_id >= from_id,
        _TABLE.c.message_id < before_id,
        _TABLE.c.deleted_at.is_(None),
        _TABLE.c.purpose != Purpose.SPAM.value,
    )
