"""Observed messages: stored in batches, edited, erased, looked up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.upsert import insert_for
from bot.domain.signal import Intent, Stage, Status
from bot.models import SignalRecord

# What an erased message no longer has. The row stays, so that a late create can't bring the text back.
ERASED: dict[str, Any] = {
    "content": "",
    "author_name": "",
    "attachments": None,
    "embeds": None,
    "mentions": None,
    "rationale": "",
}

# A deleted message is done, unless actions are under way: who carries them out finishes it.
_NO_ACTIONS_YET = col(SignalRecord.stage).in_((Stage.OBSERVE, Stage.PLAN))
_TABLE = SignalRecord.__table__  # type: ignore[attr-defined]
_SKIP_KNOWN = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}


class SignalRepository:
    """The signals seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_batch(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows (all with the same keys: columns of `signals`); known ids are left as they are."""
        if not rows:
            return
        connection = await self._session.connection()
        await connection.execute(_SKIP_KNOWN[connection.dialect.name], rows)

    async def edit_batch(self, rows: Sequence[dict[str, Any]]) -> None:
        """Update known signals with newer text; keys are `key` (the id), `edited_at` and columns to set."""
        if not rows:
            return
        columns = [name for name in rows[0] if name != "key"]
        statement = (
            update(_TABLE)
            .where(_TABLE.c.id == bindparam("key"), _TABLE.c.deleted_at.is_(None))
            .where(or_(_TABLE.c.edited_at.is_(None), _TABLE.c.edited_at <= bindparam("edited_at")))
            .values({name: bindparam(name) for name in columns})
        )
        await (await self._session.connection()).execute(statement, list(rows))

    async def erase_batch(self, tombstones: Sequence[dict[str, Any]], now: datetime) -> None:
        """Erase the text of these signals; unknown ones are inserted without text, as tombstones.

        Args:
            tombstones: rows with the keys and places of the deleted messages, all with the same keys.
            now: aware UTC.
        """
        if not tombstones:
            return
        insert = insert_for(self._session, SignalRecord).values(deleted_at=now)
        statement = insert.on_conflict_do_update(
            index_elements=["id"],
            set_={**{name: insert.excluded[name] for name in ERASED}, "deleted_at": now},
        )
        await (await self._session.connection()).execute(
            statement, [{**row, **ERASED, "deleted_at": now} for row in tombstones]
        )
        ids = [row["id"] for row in tombstones]
        await self._session.exec(
            update(SignalRecord)
            .where(col(SignalRecord.id).in_(ids), _NO_ACTIONS_YET)
            .values(stage=Stage.DONE, status=Status.SKIPPED, reason="message deleted", finished_at=now)
        )

    async def erase_place(self, place_id: int, now: datetime) -> None:
        """Erase everything in a deleted channel (its threads included) or thread."""
        there = or_(col(SignalRecord.place_id) == place_id, col(SignalRecord.channel_id) == place_id)
        finished = {
            "stage": Stage.DONE,
            "status": Status.SKIPPED,
            "reason": "message deleted",
            "finished_at": now,
        }
        await self._session.exec(update(SignalRecord).where(there, _NO_ACTIONS_YET).values(**finished))
        await self._session.exec(
            update(SignalRecord)
            .where(there, col(SignalRecord.deleted_at).is_(None))
            .values(**ERASED, deleted_at=now)
        )

    async def ids_between(self, place_id: int, after_id: int, to_id: int) -> Sequence[int]:
        """Return the stored messages of a place after `after_id`, up to and including `to_id`, not erased."""
        query = (
            select(SignalRecord.message_id)
            .where(SignalRecord.place_id == place_id, col(SignalRecord.deleted_at).is_(None))
            .where(SignalRecord.message_id > after_id, SignalRecord.message_id <= to_id)
        )
        return (await self._session.exec(query)).all()

    async def first_between(self, place_id: int, after_id: int, to_id: int) -> int | None:
        """Return the oldest stored message of a place after `after_id`, up to and including `to_id`."""
        query = (
            select(func.min(SignalRecord.message_id))
            .where(SignalRecord.place_id == place_id)
            .where(SignalRecord.message_id > after_id, SignalRecord.message_id <= to_id)
        )
        return (await self._session.exec(query)).one()

    async def get(self, signal_id: str) -> SignalRecord | None:
        """Return the signal, None when there is none."""
        return await self._session.get(SignalRecord, signal_id, populate_existing=True)

    async def count(self) -> int:
        """Return how many signals are stored, tombstones included."""
        return (await self._session.exec(select(func.count()).select_from(SignalRecord))).one()

    async def flagged_by(
        self, author_ids: Sequence[int], since: datetime, limit: int = 2_000
    ) -> Sequence[SignalRecord]:
        """Return what these members asked or reported since `since`, newest first."""
        query = (
            select(SignalRecord)
            .where(SignalRecord.intent != Intent.OTHER, col(SignalRecord.author_id).in_(author_ids))
            .where(col(SignalRecord.created_at) >= since, col(SignalRecord.deleted_at).is_(None))
            .order_by(col(SignalRecord.created_at).desc())
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def others_wrote(self, place_id: int, author_id: int, after_id: int, before_id: int) -> bool:
        """Whether anyone but `author_id` wrote in the place between two messages (both excluded)."""
        query = (
            select(SignalRecord.id)
            .where(SignalRecord.place_id == place_id, col(SignalRecord.deleted_at).is_(None))
            .where(SignalRecord.message_id > after_id, SignalRecord.message_id < before_id)
            .where(SignalRecord.author_id != author_id)
            .limit(1)
        )
        return (await self._session.exec(query)).first() is not None

    async def author_of(self, source: str, message_id: int) -> int | None:
        """Return who wrote a stored message, None when it isn't stored."""
        query = select(SignalRecord.author_id).where(SignalRecord.id == f"{source}:{message_id}")
        return (await self._session.exec(query)).first()

    async def newest_in(self, place_id: int, limit: int) -> Sequence[SignalRecord]:
        """Return the place's newest stored messages that aren't erased, newest first."""
        query = (
            select(SignalRecord)
            .where(SignalRecord.place_id == place_id, col(SignalRecord.deleted_at).is_(None))
            .order_by(col(SignalRecord.message_id).desc())
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def purge(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` finished signals written before `before`, oldest first; return how many."""
        oldest = (
            select(SignalRecord.id)
            .where(col(SignalRecord.created_at) < before, SignalRecord.stage == Stage.DONE)
            .order_by(col(SignalRecord.id))
            .limit(limit)
        )
        statement = delete(SignalRecord).where(col(SignalRecord.id).in_(oldest))
        return (await self._session.exec(statement)).rowcount or 0
