"""Observed messages: stored in batches, edited, erased, looked up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, String, bindparam, case, delete, func, literal, or_, union_all
from sqlalchemy import select as sa_select
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.bulk import insert_many
from bot.db.summary_texts import SummaryTextRepository
from bot.db.upsert import insert_for
from bot.domain.signal import (
    Intent,
    PlanKind,
    Purpose,
    Sentiment,
    Signal,
    Stage,
    Status,
    Urgency,
    signal_id,
)
from bot.models import Feedback, SignalRecord

# What an erased message no longer has. The row stays, so that a late create can't bring the text back.
ERASED: dict[str, Any] = {
    "content": "",
    "author_name": "",
    "attachments": None,
    "embeds": None,
    "mentions": None,
    "rationale": "",
}

# What a message has of which nothing is thought any more.
UNJUDGED: dict[str, Any] = {
    "purpose": Purpose.UNKNOWN.value, "sentiment": Sentiment.NEUTRAL.value, "sentiment_score": 0.0,
    "urgency": Urgency.LOW.value, "toxicity": 0.0, "intent": Intent.OTHER.value, "confidence": 0.0,
    "rationale": "", "judge": None, "light_intent": None, "light_confidence": None,
}  # fmt: skip

_TABLE = SignalRecord.__table__  # type: ignore[attr-defined]
_REQUIRED = {column.name for column in _TABLE.columns if not column.nullable}

# Whose deletion ends the road. What is being acted on ends by itself: its action must get an outcome.
_UNDECIDED = col(SignalRecord.stage).in_((Stage.OBSERVE.value, Stage.PLAN.value))


# What an edit that changes these leaves as it is, when the text stays the same: how the text was judged.
_NOT_JUDGED = frozenset(("content", "attachments", "embeds", "mentions", "edited_at"))


class Said(NamedTuple):
    """A line of a conversation."""

    message_id: int
    author_name: str
    content: str


class Flagged(NamedTuple):
    """As much of a flagged signal as decisions about its author's next ones need."""

    id: str
    guild_id: int | None
    place_id: int
    message_id: int
    author_id: int
    created_at: datetime
    intent: str
    stage: str
    status: str
    plan: str | None


class SignalRepository:
    """The signals seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_batch(self, rows: Sequence[dict[str, Any]]) -> int:
        """Insert rows (all with the same keys: columns of `signals`); known ids are left as they are.

        Returns how many were new.
        """
        if not rows:
            return 0
        connection = await self._session.connection()
        if connection.dialect.name == "sqlite" and rows[0].keys() >= _REQUIRED:
            return await insert_many(connection, _TABLE, rows)
        insert = insert_for(self._session, _TABLE).on_conflict_do_nothing().returning(_TABLE.c.id)
        return len((await connection.execute(insert, list(rows))).all())

    async def edit_batch(self, rows: Sequence[dict[str, Any]]) -> None:
        """Update known signals with newer text; keys are `key` (the id), `edited_at` and columns to set.

        Where the text is the same, as when an edit is read again, it stays judged as it was. Where it isn't,
        what summaries say of the old one is taken out of them.
        """
        if not rows:
            return
        changed = await self._reworded(rows) if "content" in rows[0] else []
        changes: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "key"}
        if "content" in changes:
            same = _TABLE.c.content == bindparam("content")
            for name in changes.keys() - _NOT_JUDGED:
                column = _TABLE.c[name]
                changes[name] = case((same, column), else_=bindparam(name, type_=column.type))
        statement = (
            update(_TABLE)
            .where(_TABLE.c.id == bindparam("key"), _TABLE.c.deleted_at.is_(None))
            .where(or_(_TABLE.c.edited_at.is_(None), _TABLE.c.edited_at <= bindparam("edited_at")))
            .values(changes)
        )
        await (await self._session.connection()).execute(statement, list(rows))
        await SummaryTextRepository(self._session).forget_messages(changed)

    async def _reworded(self, rows: Sequence[dict[str, Any]]) -> list[tuple[int | None, int]]:
        """Return guild and id of the messages that these edits give another text, and hold them."""
        new: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            new.setdefault(row["key"], []).append(row)
        columns = (_TABLE.c[name] for name in ("id", "guild_id", "message_id", "content", "edited_at"))
        known = sa_select(*columns).where(_TABLE.c.id.in_(sorted(new)), _TABLE.c.deleted_at.is_(None))
        found = await (await self._session.connection()).execute(
            known.order_by(_TABLE.c.id).with_for_update()
        )
        return [
            (each.guild_id, each.message_id)
            for each in found
            if any(
                edit["content"] != each.content
                and (each.edited_at is None or (edit["edited_at"] and each.edited_at <= edit["edited_at"]))
                for edit in new[each.id]
            )
        ]

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
        said_of = or_(
            col(Feedback.signal_id).in_(ids),
            col(Feedback.message_id).in_([row["message_id"] for row in tombstones]),  # answers of ours
        )
        await self._session.exec(delete(Feedback).where(said_of))
        await self._session.exec(
            update(SignalRecord)
            .where(col(SignalRecord.id).in_(ids), _UNDECIDED)
            .values(stage=Stage.DONE, status=Status.SKIPPED, reason="message deleted", finished_at=now)
        )
        gone = [(row["guild_id"], row["message_id"]) for row in tombstones]
        await SummaryTextRepository(self._session).forget_messages(gone)

    async def erase_place(self, place_id: int, now: datetime) -> None:
        """Erase everything in a deleted channel (its threads included) or thread."""
        there = or_(col(SignalRecord.place_id) == place_id, col(SignalRecord.channel_id) == place_id)
        finished = {
            "stage": Stage.DONE,
            "status": Status.SKIPPED,
            "reason": "message deleted",
            "finished_at": now,
        }
        await self._session.exec(update(SignalRecord).where(there, _UNDECIDED).values(**finished))
        await self._session.exec(
            update(SignalRecord)
            .where(there, col(SignalRecord.deleted_at).is_(None))
            .values(**ERASED, deleted_at=now)
        )
        erased = select(SignalRecord.id).where(there)  # last: what is said of them meanwhile holds them
        await self._session.exec(delete(Feedback).where(col(Feedback.signal_id).in_(erased)))
        await SummaryTextRepository(self._session).forget_place(place_id)

    async def ids_between(self, place_id: int, after_id: int, to_id: int) -> Sequence[int]:
        """Return the stored messages of a place after `after_id`, up to and including `to_id`, not erased."""
        query = (
            select(SignalRecord.message_id)
            .where(SignalRecord.place_id == place_id, col(SignalRecord.deleted_at).is_(None))
            .where(SignalRecord.message_id > after_id, SignalRecord.message_id <= to_id)
        )
        return (await self._session.exec(query)).all()

    async def channels_at(self, place_ids: Sequence[int]) -> set[int]:
        """Return the channels (a thread's parent) that these places have messages of, erased ones aside."""
        there = _TABLE.c.place_id.in_(place_ids) & _TABLE.c.deleted_at.is_(None)
        query = sa_select(_TABLE.c.channel_id).where(there).distinct()
        return set((await (await self._session.connection()).execute(query)).scalars())

    async def first_between(self, place_id: int, after_id: int, to_id: int) -> int | None:
        """Return the oldest stored message of a place after `after_id`, up to and including `to_id`."""
        query = (
            select(func.min(SignalRecord.message_id))
            .where(SignalRecord.place_id == place_id)
            .where(SignalRecord.message_id > after_id, SignalRecord.message_id <= to_id)
        )
        return (await self._session.exec(query)).one()

    async def get(self, signal_id: str, *, hold: bool = False) -> SignalRecord | None:
        """Return the signal, None when there is none; with `hold`, it stays as it is until the end."""
        lock = {"read": True} if hold else None  # PostgreSQL; on SQLite nobody writes beside a transaction
        return await self._session.get(SignalRecord, signal_id, populate_existing=True, with_for_update=lock)

    async def count(self) -> int:
        """Return how many signals are stored, tombstones included."""
        return (await self._session.exec(select(func.count()).select_from(SignalRecord))).one()

    async def get_many(self, ids: Sequence[str]) -> Sequence[SignalRecord]:
        """Return these signals, oldest first; unknown ones are left out."""
        query = select(SignalRecord).where(col(SignalRecord.id).in_(ids)).order_by(col(SignalRecord.id))
        return (await self._session.exec(query)).all()

    async def decided(
        self, guild_id: int, limit: int, plan: PlanKind | None = None, place_id: int | None = None
    ) -> Sequence[SignalRecord]:
        """Return what was asked or reported in a guild and decided about, newest first."""
        query = (
            select(SignalRecord)
            .where(SignalRecord.guild_id == guild_id, SignalRecord.intent != Intent.OTHER.value)
            .where(col(SignalRecord.decided_at).is_not(None), col(SignalRecord.deleted_at).is_(None))
        )
        if plan is not None:
            query = query.where(SignalRecord.plan == plan.value)
        if place_id is not None:
            query = query.where(
                or_(col(SignalRecord.place_id) == place_id, col(SignalRecord.channel_id) == place_id)
            )
        newest = query.order_by(col(SignalRecord.created_at).desc(), col(SignalRecord.id).desc())
        return (await self._session.exec(newest.limit(limit))).all()

    async def flagged_by(
        self, author_ids: Sequence[int], since: datetime, limit: int = 2_000
    ) -> list["Flagged"]:
        """Return what these members asked or reported since `since`, in any guild, newest first."""
        table = _TABLE.c
        query = (
            sa_select(
                table.id, table.guild_id, table.place_id, table.message_id, table.author_id,
                table.created_at, table.intent, table.stage, table.status, table.plan,
            )
            .where(table.intent != Intent.OTHER.value, table.author_id.in_(author_ids))
            .where(table.created_at >= since, table.deleted_at.is_(None))
            .order_by(table.created_at.desc())
            .limit(limit)
        )  # fmt: skip
        rows = (await (await self._session.connection()).execute(query)).all()
        return [Flagged._make(row) for row in rows]

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

    async def answered_by_others(self, place_id: int, message_id: int, author_id: int) -> bool:
        """Whether anyone but `author_id` replied to a message."""
        query = (
            select(SignalRecord.id)
            .where(SignalRecord.place_id == place_id, SignalRecord.message_id > message_id)
            .where(SignalRecord.reply_to_id == message_id, SignalRecord.author_id != author_id)
            .where(col(SignalRecord.deleted_at).is_(None))
            .limit(1)
        )
        return (await self._session.exec(query)).first() is not None

    async def said_before(self, signals: Sequence[Signal], limit: int) -> dict[str, list[Said]]:
        """Return, by the signals' ids, up to `limit` messages before each in its place, oldest first.

        The message that a thread was started from counts as its first one. Erased ones are left out. One
        query, so for some dozens of signals at most: SQLite takes 500 parts.
        """
        if not signals:
            return {}
        parts = []
        for signal in signals:
            message = signal.message
            there = _TABLE.c.place_id == message.place_id
            earlier = there & (_TABLE.c.message_id < message.message_id)
            parts.append(_said(signal.id, earlier, limit))
            if message.thread_id is not None:
                starter = _TABLE.c.id == signal_id(signal.source, message.thread_id)
                parts.append(_said(signal.id, starter & (_TABLE.c.place_id == message.channel_id), 1))
        found: dict[str, list[Said]] = {signal.id: [] for signal in signals}
        for asked, *line in await (await self._session.connection()).execute(union_all(*parts)):
            found[asked].append(Said(*line))
        return {asked: sorted(lines)[-limit:] for asked, lines in found.items()}

    async def authors_of(self, ids: Sequence[str]) -> dict[str, int]:
        """Return who wrote these stored signals, by id."""
        if not ids:
            return {}
        query = sa_select(_TABLE.c.id, _TABLE.c.author_id).where(_TABLE.c.id.in_(ids))
        rows = (await (await self._session.connection()).execute(query)).all()
        return {row.id: row.author_id for row in rows}

    async def newest_in(self, place_id: int, limit: int) -> Sequence[SignalRecord]:
        """Return the place's newest stored messages that aren't erased, newest first."""
        query = (
            select(SignalRecord)
            .where(SignalRecord.place_id == place_id, col(SignalRecord.deleted_at).is_(None))
            .order_by(col(SignalRecord.message_id).desc())
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def forget_judgements(self, before: datetime, limit: int) -> int:
        """Take back what was thought of up to `limit` finished signals written before; return how many."""
        judged = or_(
            _TABLE.c.intent != Intent.OTHER.value, _TABLE.c.purpose != Purpose.UNKNOWN.value,
            _TABLE.c.rationale != "",
        )  # fmt: skip
        old = (
            sa_select(_TABLE.c.id)
            .where(_TABLE.c.created_at < before, _TABLE.c.stage == Stage.DONE.value, judged)
            .limit(limit)
        )
        statement = update(_TABLE).where(_TABLE.c.id.in_(old)).values(**UNJUDGED)
        return (await (await self._session.connection()).execute(statement)).rowcount or 0

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

    async def ids_of_guilds(self, guild_ids: Sequence[int]) -> Sequence[str]:
        """Return the ids of everything stored of these guilds."""
        query = select(SignalRecord.id).where(col(SignalRecord.guild_id).in_(guild_ids))
        return (await self._session.exec(query)).all()

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete these signals, wherever on the road they are."""
        await self._session.exec(delete(SignalRecord).where(col(SignalRecord.id).in_(ids)))


def _said(asked: str, which: ColumnElement[bool], limit: int) -> Select[Any]:
    """Return a query for the newest messages that hold for `which`, with the id of the signal that asks."""
    table = _TABLE.c
    newest = (
        sa_select(literal(asked, String).label("asked"), table.message_id, table.author_name, table.content)
        .where(which, table.deleted_at.is_(None))
        .order_by(table.message_id.desc())
        .limit(limit)
        .subquery()
    )
    return sa_select(newest)
