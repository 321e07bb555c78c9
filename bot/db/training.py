"""What staff taught the bot: entries, each with its phrasings."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import func, insert, or_
from sqlalchemy import select as select_columns
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.ordered import insert_in_order
from bot.models import Guild, TrainingEntry, TrainingPhrasing

T = TypeVar("T")
CHUNK = 500  # ids in one query: SQLite has a limit


class Wanted(NamedTuple):
    """Which living entries of a guild are looked for."""

    category: str | None = None
    words: str = ""  # in an answer
    normal: str = ""  # the same in a normalised question


class TrainingRepository:
    """The training seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def hold(self, guild_id: int) -> None:
        """Have other transactions that change this guild's training wait until this one ends."""
        await self._session.exec(select(Guild.id).where(Guild.id == guild_id).with_for_update())

    async def add(self, rows: Sequence[dict[str, Any]]) -> Sequence[int]:
        """Insert entries, all with the same keys, and return their ids in their order."""
        defaults = {"used_count": 0, "helpful": 0, "unhelpful": 0}
        return await insert_in_order(self._session, TrainingEntry, [defaults | row for row in rows])

    async def add_phrasings(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert phrasings, all with the same keys."""
        if rows:
            await self._session.exec(insert(TrainingPhrasing), params=list(rows))

    async def change(self, entry_ids: Sequence[int], values: dict[str, Any]) -> None:
        """Set the named columns of some entries."""
        for part in chunks(entry_ids):
            statement = update(TrainingEntry).where(col(TrainingEntry.id).in_(part)).values(**values)
            await self._session.exec(statement)

    async def drop_phrasings(self, phrasing_ids: Sequence[int]) -> None:
        """Delete phrasings."""
        for part in chunks(phrasing_ids):
            await self._session.exec(delete(TrainingPhrasing).where(col(TrainingPhrasing.id).in_(part)))

    async def get(self, guild_id: int, entry_ids: Sequence[int]) -> dict[int, TrainingEntry]:
        """Return the guild's entries of these ids, removed ones too, by id; as they are now."""
        found: dict[int, TrainingEntry] = {}
        for part in chunks(entry_ids):
            query = select(TrainingEntry).where(
                TrainingEntry.guild_id == guild_id, col(TrainingEntry.id).in_(part)
            )
            rows = await self._session.exec(query.execution_options(populate_existing=True))
            found |= {entry.id: entry for entry in rows}
        return found

    async def phrasings(self, entry_ids: Sequence[int]) -> dict[int, list[TrainingPhrasing]]:
        """Return the phrasings of these entries by entry, oldest first, without their vectors."""
        found: dict[int, list[TrainingPhrasing]] = {entry_id: [] for entry_id in entry_ids}
        names = ("id", "entry_id", "guild_id", "text", "normal", "same_key")
        columns = [col(getattr(TrainingPhrasing, name)) for name in names]
        for part in chunks(entry_ids):
            query: Any = select_columns(*columns).where(col(TrainingPhrasing.entry_id).in_(part))
            for row in await self._session.exec(query.order_by(col(TrainingPhrasing.id))):
                found[row[1]].append(TrainingPhrasing(**dict(zip(names, row, strict=True))))
        return found

    async def count(self, guild_id: int, wanted: Wanted) -> int:
        """Return how many living entries there are of those wanted."""
        query = select(func.count(col(TrainingEntry.id))).where(*_living(guild_id, wanted))
        return (await self._session.exec(query)).one()

    async def page(
        self, guild_id: int, wanted: Wanted, limit: int, offset: int = 0
    ) -> Sequence[TrainingEntry]:
        """Return living entries of those wanted, newest first."""
        query = select(TrainingEntry).where(*_living(guild_id, wanted))
        query = query.order_by(col(TrainingEntry.id).desc()).limit(limit).offset(offset)
        return (await self._session.exec(query)).all()

    async def after(self, guild_id: int, entry_id: int, limit: int) -> Sequence[TrainingEntry]:
        """Return the living entries that follow one, in the order of their ids: all of them, in portions."""
        query = select(TrainingEntry).where(*_living(guild_id, Wanted()), col(TrainingEntry.id) > entry_id)
        return (await self._session.exec(query.order_by(col(TrainingEntry.id)).limit(limit))).all()

    async def asked_like(self, guild_id: int, normal: str, limit: int) -> Sequence[tuple[int, str]]:
        """Return (entry id, question) where a living entry's normalised question contains `normal`."""
        query = (
            select(TrainingPhrasing.entry_id, TrainingPhrasing.text)
            .join(TrainingEntry, col(TrainingEntry.id) == col(TrainingPhrasing.entry_id))
            .where(*_living(guild_id, Wanted()))
            .where(col(TrainingPhrasing.normal).contains(normal, autoescape=True))
            .order_by(col(TrainingPhrasing.entry_id).desc(), col(TrainingPhrasing.id))
            .limit(limit)
        )
        return (await self._session.exec(query)).all()

    async def same(self, guild_id: int, same_keys: Sequence[str]) -> dict[str, list[TrainingEntry]]:
        """Return the living entries that have one of these questions, by question."""
        found: dict[str, list[TrainingEntry]] = {}
        for part in chunks(same_keys):
            query = (
                select(TrainingPhrasing.same_key, TrainingEntry)
                .join(TrainingEntry, col(TrainingEntry.id) == col(TrainingPhrasing.entry_id))
                .where(*_living(guild_id, Wanted()))
                .where(TrainingPhrasing.guild_id == guild_id, col(TrainingPhrasing.same_key).in_(part))
                .order_by(col(TrainingEntry.id))
            )
            for key, entry in await self._session.exec(query):
                found.setdefault(key, []).append(entry)
        return found

    async def answered(self, guild_id: int, answers: Sequence[str]) -> Sequence[TrainingEntry]:
        """Return the living entries with one of these answers, oldest first."""
        found: list[TrainingEntry] = []
        for part in chunks(answers):
            query = select(TrainingEntry).where(
                *_living(guild_id, Wanted()), col(TrainingEntry.answer).in_(part)
            )
            found += await self._session.exec(query.order_by(col(TrainingEntry.id)))
        return found

    async def categories(self, guild_id: int) -> Sequence[tuple[str, int]]:
        """Return the categories of living entries with how many each has, in their order."""
        category = col(TrainingEntry.category)
        query = select(category, func.count()).where(*_living(guild_id, Wanted()), category != "")
        rows = (await self._session.exec(query.group_by(category))).all()
        return sorted((name, count) for name, count in rows)

    async def used(self, guild_id: int, entry_id: int, now: datetime) -> None:
        """Count that an entry answered."""
        values = {"used_count": col(TrainingEntry.used_count) + 1, "last_used_at": now}
        await self._session.exec(_of(guild_id, entry_id).values(**values))

    async def rated(self, guild_id: int, entry_id: int, *, helpful: int, unhelpful: int) -> None:
        """Add to what members say of an entry's answer; a verdict taken back is -1."""
        values = {
            "helpful": col(TrainingEntry.helpful) + helpful,
            "unhelpful": col(TrainingEntry.unhelpful) + unhelpful,
        }
        await self._session.exec(_of(guild_id, entry_id).values(**values))


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `values` in portions that one query takes."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _of(guild_id: int, entry_id: int) -> Any:
    return update(TrainingEntry).where(
        col(TrainingEntry.id) == entry_id, col(TrainingEntry.guild_id) == guild_id
    )


def _living(guild_id: int, wanted: Wanted) -> list[Any]:
    """Return the conditions for the living entries of those wanted."""
    conditions: list[Any] = [
        col(TrainingEntry.guild_id) == guild_id, col(TrainingEntry.deleted_at).is_(None)
    ]  # fmt: skip
    if wanted.category is not None:
        conditions.append(col(TrainingEntry.category) == wanted.category)
    if wanted.words:
        having = select(TrainingPhrasing.entry_id).where(
            TrainingPhrasing.guild_id == guild_id,
            col(TrainingPhrasing.normal).contains(wanted.normal, autoescape=True),
        )
        conditions.append(
            or_(
                col(TrainingEntry.answer).icontains(wanted.words, autoescape=True),
                col(TrainingEntry.id).in_(having),
            )
        )
    return conditions
