"""The record of wishes, and applying again what an older database doesn't know of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from loguru import logger

from bot.db.database import Database
from bot.services.clock import Clock
from bot.services.privacy.erased import Erased
from bot.services.privacy.opt_outs import OptOuts
from bot.services.privacy.records import EVERYWHERE, MemberKey, Record, RecordFile, Wish

SCOPE, APPLIED = (
    "privacy",
    "applied",
)  # of the key-value pair: up to which record the database has been brought
Erase = Callable[[int | None, int], Awaitable[None]]


class ErasureLog:
    """Writes each wish down before it is granted, and knows which ones the database lacks.

    Whatever is restored, or was interrupted, is brought up to date by `reapply`; call it before anything is
    heard, since it takes all that is there for older than the wish.

    Attributes:
        erased: which messages aren't to be read from history again.
    """

    def __init__(
        self, database: Database, clock: Clock, key: MemberKey, opt_outs: OptOuts, folder: Path
    ) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._opt_outs = opt_outs
        self._file = RecordFile(folder)
        self.erased = Erased(key)
        self._last = 0
        self._behind: list[tuple[Record, Sequence[tuple[int | None, int]]]] = []  # written, not granted yet
        self._turn = asyncio.Lock()  # wishes are granted one after another: their numbers have no gap

    async def grant(self, guild_id: int | None, user_id: int, wishes: Sequence[Wish], erase: Erase) -> None:
        """Write wishes of a member down and grant them; what fails is tried again, a crash ends at the start.

        Raises:
            Exception: it couldn't be done now.
        """
        home = guild_id or EVERYWHERE
        member = self._key.hash(home, user_id)
        async with self._turn:
            now = self._clock.now()
            numbers = range(self._last + 1, self._last + 1 + len(wishes))
            records = [
                Record(number, wish, home, member, now) for number, wish in zip(numbers, wishes, strict=True)
            ]
            await asyncio.to_thread(self._file.append, records)
            self._last = records[-1].number
            self._note(records)
            self._behind += [(record, [(guild_id, user_id)]) for record in records]
            await self._catch_up(erase)

    async def finish(self, erase: Erase) -> None:
        """Try again what could not be done.

        Raises:
            Exception: it still can't.
        """
        async with self._turn:
            await self._catch_up(erase)

    async def reapply(self, erase: Erase) -> int:
        """Grant again what the database doesn't know of; return how many wishes that were.

        Raises:
            StartupError: the record can't be read.
        """
        async with self._turn:
            records = await asyncio.to_thread(self._file.read)
            self._note(records)
            async with self._database.reading() as tx:
                known = (await tx.kv.get(SCOPE, APPLIED) or {}).get("number", 0)
            self._last = max(records[-1].number if records else 0, known)
            missing = [each for each in records if each.number > known]
            if not missing:
                return 0
            people = await self._people({each.member for each in missing if each.wish is Wish.ERASE})
            self._behind += [(record, people.get(record.member, [])) for record in missing]
            await self._catch_up(erase)
        logger.info("Applied {} wishes of members again that the database didn't know of", len(missing))
        return len(missing)

    def _note(self, records: Sequence[Record]) -> None:
        for each in records:
            self.erased.note(each)

    async def _catch_up(self, erase: Erase) -> None:
        while self._behind:
            await self._apply(*self._behind[0], erase)
            self._behind.pop(0)

    async def _apply(self, record: Record, people: Sequence[tuple[int | None, int]], erase: Erase) -> None:
        if record.wish is Wish.ERASE:
            for guild_id, user_id in people:
                await erase(guild_id, user_id)
        else:
            async with self._database.transaction() as tx:
                out = record.wish is Wish.OPT_OUT
                await self._opt_outs.put(tx, record.guild_id, record.member, out=out)
            await self._opt_outs.load()
        async with self._database.transaction() as tx:
            await tx.kv.put(SCOPE, APPLIED, {"number": record.number})

    async def _people(self, wanted: set[str]) -> dict[str, list[tuple[int | None, int]]]:
        """Return whom these hashes are of, as far as anything is kept of them."""
        found: dict[str, list[tuple[int | None, int]]] = {}
        if not wanted:
            return found
        async with self._database.reading() as tx:
            people = await tx.erasing.traces.people()
        for user_id in {user_id for _, user_id in people}:
            member = self._key.hash(EVERYWHERE, user_id)
            if member in wanted:
                found.setdefault(member, []).append((None, user_id))
        for guild_id, user_id in people:
            member = self._key.hash(guild_id, user_id)
            if guild_id and member in wanted:
                found.setdefault(member, []).append((guild_id, user_id))
        return found
