"""Erases a member: from the database, from memory, and from what the bot has posted."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from loguru import logger

from bot.db.database import Database
from bot.db.privacy.scope import Whose
from bot.db.privacy.tickets import LEAST_QUOTE
from bot.nlp.retrieval.normalise import normalise
from bot.services.clock import Clock
from bot.services.tidying import tidy
from bot.services.training.drafts import MAX_QUESTION, same_key

T = TypeVar("T")
CHUNK: Final = 250  # rows in one transaction, so that writers wait only briefly
TEXTS: Final = 100  # texts whose questions are compared before the loop gets its turn
HOOK_SECONDS: Final = 30.0  # for each of those who keep something of their own


@dataclass(slots=True)
class Parts:
    """What others keep, and how it is forgotten; each takes a server, None for everywhere, and a user.

    Attributes:
        settled: returns once everything heard so far is stored.
        figures: takes a member of one server out of its figures.
        summaries: takes a member of one server out of its summaries.
        taught: has searches see changed entries of a server as they are now.
        forget: empties what is in memory.
        show: has the platform show tickets as they are now.
        hooks: of others who keep something of their own.
    """

    settled: Callable[[], Awaitable[None]]
    figures: Callable[[int, int], Awaitable[None]]
    summaries: Callable[[int, int], Awaitable[None]]
    taught: Callable[[int, Sequence[int]], Awaitable[None]]
    forget: Callable[[int | None, int], None]
    show: Callable[[Sequence[int]], None]
    hooks: list[Callable[[int | None, int], Awaitable[None]]] = field(default_factory=list)


class Eraser:
    """Erases members, one after another; erasing again does nothing more."""

    def __init__(self, database: Database, clock: Clock, parts: Parts) -> None:
        self._database = database
        self._clock = clock
        self._parts = parts

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        """Erase a member of a server, or somebody everywhere."""
        whose = Whose(user_id, guild_id)
        await self._parts.settled()
        homes = await self._homes(whose)
        quotes, keys = await self._texts(whose)
        await self._training(whose, keys)
        tickets = await self._tickets(whose, quotes)
        count = await self._messages(whose)
        for home in homes:
            await self._parts.summaries(home, user_id)
            await self._parts.figures(home, user_id)
        await self._traces(whose)
        self._parts.forget(guild_id, user_id)
        for hook in self._parts.hooks:
            await self._call(hook, guild_id, user_id)
        await tidy(self._database)
        self._parts.show(tickets)
        logger.bind(guild_id=guild_id).info("Erased a member: {} messages, {} tickets", count, len(tickets))

    async def _texts(self, whose: Whose) -> tuple[list[str], set[str]]:
        """Return what they said in tickets, longest first, and the digests of their words as questions."""
        quotes, keys = set[str](), set[str]()
        async with self._database.reading() as tx:
            erasing = tx.erasing.tickets
            for opened in _parts(await erasing.opened(whose)):
                quotes.update(await erasing.texts(opened, []))
            for said in _parts(await erasing.spoken_in(whose)):
                quotes.update(await erasing.texts([], [message_id for _, message_id in said]))
            ids = await tx.erasing.messages.ids(whose)
        await _note_keys(list(quotes), keys)
        for part in _parts(ids):
            async with self._database.reading() as tx:
                texts = await tx.erasing.messages.texts(part)
            await _note_keys(texts, keys)
        return sorted((each for each in quotes if len(each) >= LEAST_QUOTE), key=len, reverse=True), keys

    async def _tickets(self, whose: Whose, quotes: Sequence[str]) -> Sequence[int]:
        """Erase what they said in tickets of others, and their own; return these."""
        now = self._clock.now()
        async with self._database.reading() as tx:
            erasing = tx.erasing.tickets
            opened, spoken = await erasing.opened(whose), await erasing.spoken_in(whose)
        for said in _parts(spoken):
            async with self._database.transaction() as tx:
                await tx.erasing.tickets.erase_said(said, quotes, now)
        for ticket_id in opened:
            async with self._database.transaction() as tx:
                await tx.erasing.tickets.erase_opened(ticket_id, quotes, now)
        return opened

    async def _messages(self, whose: Whose) -> int:
        count = 0
        while True:
            async with self._database.reading() as tx:
                ids = await tx.erasing.messages.ids(whose)
            for part in _parts(ids):
                async with self._database.transaction() as tx:
                    await tx.erasing.messages.erase(part, self._clock.now())
            count += len(ids)
            if not ids:
                return count

    async def _training(self, whose: Whose, keys: set[str]) -> None:
        """Take their words out of what others taught: before their messages, by which these are known."""
        changed: dict[int, set[int]] = {}
        async with self._database.reading() as tx:
            made = await tx.erasing.training.made_of(whose)
            asked = [
                each
                for part in _parts(sorted(keys))
                for each in await tx.erasing.training.asked_as(whose, part)
            ]
        for guild_id, entry_id in [*made, *(each[:2] for each in asked)]:
            changed.setdefault(guild_id, set()).add(entry_id)
        for entries in _parts(made):
            async with self._database.transaction() as tx:
                await tx.erasing.training.drop([entry_id for _, entry_id in entries], [])
        for phrasings in _parts(asked):
            async with self._database.transaction() as tx:
                await tx.erasing.training.drop([], [phrasing_id for *_, phrasing_id in phrasings])
        for guild_id, entry_ids in changed.items():
            await self._parts.taught(guild_id, sorted(entry_ids))

    async def _homes(self, whose: Whose) -> Sequence[int]:
        if whose.guild_id is not None:
            return [whose.guild_id]
        async with self._database.reading() as tx:
            return await tx.erasing.traces.guilds_of(whose.user_id)

    async def _traces(self, whose: Whose) -> None:
        async with self._database.transaction() as tx:
            await tx.erasing.traces.erase_rows(whose)
            await tx.erasing.traces.blank_ids(whose)
        async with self._database.reading() as tx:
            found = await tx.erasing.traces.mentions(whose)
        for part in _parts(found):
            async with self._database.transaction() as tx:
                await tx.erasing.traces.unname(part, whose.user_id)

    async def _call(
        self, hook: Callable[[int | None, int], Awaitable[None]], guild_id: int | None, user_id: int
    ) -> None:
        try:
            async with asyncio.timeout(HOOK_SECONDS):
                await hook(guild_id, user_id)
        except Exception as error:  # noqa: BLE001  (somebody else's fault must not keep the rest)
            log = logger.bind(guild_id=guild_id)
            log.opt(exception=error).error("Something that keeps data could not forget a member")


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


async def _note_keys(texts: Sequence[str], keys: set[str]) -> None:
    """Add what questions of these words are known by: the whole text, as the menu takes it, and its lines."""
    for start in range(0, len(texts), TEXTS):
        some = texts[start : start + TEXTS]
        keys |= await asyncio.to_thread(_keys, some)


def _keys(texts: Sequence[str]) -> set[str]:
    asked: set[str] = set()
    for text in texts:
        asked.update((text, " ".join(text.split())[:MAX_QUESTION], *text.split("\n")))
    return {same_key(normal) for each in asked if (normal := normalise(each))}
