"""Erasing a member's words from what staff taught."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, exists, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from bot.db.privacy.scope import Whose, table_of

_ENTRIES, _PHRASINGS, _CHANGES = (
    table_of("training_entries"),
    table_of("training_phrasings"),
    table_of("training_changes"),
)


class TrainingErasing:
    """The training seen by one open session; flushes, never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def made_of(self, whose: Whose) -> Sequence[tuple[int, int]]:
        """Return (server, entry) of what others made of their words. What they taught themselves stays."""
        entry = _ENTRIES.c
        query = select(entry.guild_id, entry.id).where(
            *whose.owns(entry.source_author_id), entry.created_by != whose.user_id
        )
        return [(row[0], row[1]) for row in await (await self._session.connection()).execute(query)]

    async def asked_as(self, whose: Whose, same_keys: Collection[str]) -> Sequence[tuple[int, int, int]]:
        """Return (server, entry, phrasing) of questions that are word for word theirs, by digests."""
        phrasing = _PHRASINGS.c
        query = (
            select(phrasing.guild_id, phrasing.entry_id, phrasing.id)
            .join(_ENTRIES, _ENTRIES.c.id == phrasing.entry_id)
            .where(phrasing.same_key.in_(list(same_keys)), *whose.within(_PHRASINGS))
            .where(_ENTRIES.c.created_by != whose.user_id)
        )
        return [(row[0], row[1], row[2]) for row in await (await self._session.connection()).execute(query)]

    async def drop(
        self, guild_ids: Collection[int], entry_ids: Sequence[int], phrasing_ids: Sequence[int]
    ) -> None:
        """Delete entries and phrasings of some servers for good, and what the history quotes of them.

        An entry that nothing is left to ask for goes, too.
        """
        connection = await self._session.connection()
        touched = set(entry_ids)
        if phrasing_ids:
            of = select(_PHRASINGS.c.entry_id).where(_PHRASINGS.c.id.in_(phrasing_ids))
            touched.update((await connection.execute(of)).scalars())
            await connection.execute(delete(_PHRASINGS).where(_PHRASINGS.c.id.in_(phrasing_ids)))
        asked = exists().where(_PHRASINGS.c.entry_id == _ENTRIES.c.id)
        gone = or_(_ENTRIES.c.id.in_(entry_ids), _ENTRIES.c.id.in_(touched) & ~asked)
        await connection.execute(delete(_ENTRIES).where(gone))
        history = update(_CHANGES).where(_CHANGES.c.guild_id.in_(guild_ids), _CHANGES.c.entry_id.in_(touched))
        await connection.execute(history.values(before=None, after=None))
