"""Which messages a summary is made of: those of its time that all who read it may read at their source."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from bot.db.database import Database
from bot.db.summary_lines import LineRow
from bot.domain.audience import Person
from bot.domain.snowflake import snowflake_at
from bot.domain.summaries import Line, Source, Span
from bot.models import Channel, Watch
from bot.services.audience import AudienceService, KnownThread, Spot
from bot.services.guilds import GuildService
from bot.services.tickets.ports import OptedOut

MOST_LINES: Final = 50_000  # of a summary: some 30 MB; of a place with more, the newest
PAGE: Final = 250  # messages read at a time, so that the event loop gets its turn
CHUNK: Final = 500  # places in one query
ASKED_ABOUT: Final = 200  # threads that have been closed, of one summary

Reader = Spot | Person | tuple[Person, ...]  # several people read what all of them may
Votes = Callable[[Sequence[int]], Awaitable[Mapping[int, int]]]
IsPrivate = Callable[[int], Awaitable[bool | None]]


async def _no_votes(_message_ids: Sequence[int]) -> Mapping[int, int]:
    return {}


async def _nobody_knows(_thread_id: int) -> bool | None:
    return None


class Wanted(NamedTuple):
    """What is to be summarized, and for whom.

    Attributes:
        destination: where it is posted, or the one who reads it.
        places: channels and threads it is confined to; None for the whole guild.
        is_summary: False for what isn't kept from channels that are only excluded from summaries.
    """

    guild_id: int
    destination: Reader
    span: Span
    places: frozenset[int] | None = None
    is_summary: bool = True


@dataclass(frozen=True, slots=True)
class Collected:
    """The messages of a summary.

    Attributes:
        lines: oldest first.
        total: how many there are for its readers; more than `lines` where there are too many to read.
        edits: when each line was last changed.
        names: of the places, as people know them.
    """

    lines: tuple[Line, ...]
    total: int
    edits: Mapping[int, datetime | None]
    names: Mapping[int, str]

    @property
    def place_ids(self) -> frozenset[int]:
        """Where they were said."""
        return frozenset(line.place_id for line in self.lines)

    def within(self, message_ids: Collection[int], total: int) -> "Collected":
        """Return it with no other messages than these."""
        kept = tuple(line for line in self.lines if line.message_id in message_ids)
        return replace(self, lines=kept, total=total)


class Collecting:
    """Reads the messages of a summary anew each time: who may read what is asked at that moment.

    Attributes:
        opted_out: of whom nothing is shown.
        excluded: a server's channels and categories that its summaries leave out.
        votes: how many members reacted to messages.
        is_private: of a thread that Discord doesn't tell of, because it is archived; None where it is gone.
    """

    def __init__(self, database: Database, guilds: GuildService, audience: AudienceService) -> None:
        self._database = database
        self._guilds = guilds
        self._audience = audience
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False
        self.excluded: Callable[[int], Collection[int]] = lambda _guild_id: ()
        self.votes: Votes = _no_votes
        self.is_private: IsPrivate = _nobody_knows

    async def collect(self, wanted: Wanted) -> Collected:
        """Return the messages, without those of excluded channels, spam, and members who opted out."""
        first, end = snowflake_at(wanted.span.start), snowflake_at(wanted.span.end)
        async with self._database.reading() as tx:
            channels = {each.id: each for each in await tx.channels.list_of(wanted.guild_id)}
            excluded = self.excluded(wanted.guild_id) if wanted.is_summary else ()
            asked = [
                each
                for each in channels
                if (wanted.places is None or each in wanted.places)
                and not self._is_left_out(each, channels, excluded)
            ]
            counts: dict[int, int] = {}
            for start in range(0, len(asked), CHUNK):
                counts |= await tx.summary_lines.counts(asked[start : start + CHUNK], first, end)
        readable = await self._readable(wanted.destination, counts, channels)
        excess = max(0.0, 1 - MOST_LINES / max(1, sum(counts[each] for each in readable)))
        found: list[LineRow] = []
        total = 0
        for place_ids in _batches({each: counts[each] for each in sorted(readable)}, apart=excess > 0):
            left_out = int(counts[place_ids[0]] * excess)  # the oldest: they are only counted
            async for page in self._pages(place_ids, first, end):
                shown = [each for each in page if not self.opted_out(wanted.guild_id, each.author_id)]
                total += len(shown)
                found += shown[left_out:]
                left_out = max(0, left_out - len(shown))
        votes = await self.votes([row.message_id for row in found])
        names = {each: channels[each].name or "channel" for each in readable}
        return await asyncio.to_thread(_collected, found, votes, total, names)

    async def readable(self, guild_id: int, destination: Reader, place_ids: Collection[int]) -> set[int]:
        """Return those of some places of a guild whose messages may be shown at a destination now."""
        channels = {each.id: each for each in await self._guilds.channels(guild_id)}
        return await self._readable(destination, [each for each in place_ids if each in channels], channels)

    async def ignored(self, guild_id: int, place_ids: Collection[int]) -> set[int]:
        """Return those of some places that the bot isn't to watch."""
        channels = {each.id: each for each in await self._guilds.channels(guild_id)}
        return {each for each in place_ids if self._is_left_out(each, channels)}

    async def left_out(self, guild_id: int, place_ids: Collection[int]) -> set[int]:
        """Return those of some places that no summary tells of: ignored ones, and excluded ones."""
        channels = {each.id: each for each in await self._guilds.channels(guild_id)}
        excluded = self.excluded(guild_id)
        return {each for each in place_ids if self._is_left_out(each, channels, excluded)}

    def _is_left_out(
        self, place_id: int, channels: Mapping[int, Channel], excluded: Collection[int] = ()
    ) -> bool:
        """Whether a place is ignored: by its own choice, else its channel's, else its category's.

        Or excluded, which goes for all that is in a channel or category.
        """
        above: int | None = place_id
        watch = Watch.DEFAULT
        for _ in range(3):
            if above is None:
                break
            if above in excluded:
                return True
            watch = self._guilds.watch(above) if watch is Watch.DEFAULT else watch
            known = channels.get(above)
            above = known.parent_id if known is not None else None
        return watch is Watch.IGNORE

    async def _readable(
        self, destination: Reader, place_ids: Collection[int], channels: Mapping[int, Channel]
    ) -> set[int]:
        """Return the places whose readers include all of the destination's."""
        if isinstance(destination, tuple):
            left = set(place_ids if destination else ())
            for each in destination:
                left = await self._readable(each, left, channels)
            return left
        readable = self._audience.readable_sources(destination, place_ids)
        parents = {
            each: parent
            for each in set(place_ids) - readable
            if (parent := channels[each].parent_id) is not None
        }
        # What Discord tells of is decided. An archived thread that isn't private is read like its channel.
        open_ones = [KnownThread(each, parent, is_private=False) for each, parent in parents.items()]
        for thread_id in sorted(self._audience.readable_sources(destination, open_ones))[-ASKED_ABOUT:]:
            is_private = await self.is_private(thread_id)
            if is_private is None:
                continue
            spot = KnownThread(thread_id, parents[thread_id], is_private)
            readable |= self._audience.readable_sources(destination, [spot])
        return readable

    async def _pages(self, place_ids: list[int], first: int, end: int) -> AsyncIterator[list[LineRow]]:
        """Yield the messages of some places, oldest first; nothing is held open between two pages."""
        while True:
            async with self._database.reading() as tx:
                page = await tx.summary_lines.page(place_ids, first, end, PAGE)
            yield page
            if len(page) < PAGE:
                return
            first = page[-1].message_id + 1


def _batches(counts: Mapping[int, int], *, apart: bool) -> list[list[int]]:
    """Return the places that are read together: as many as fit into a page; each by itself if so wanted."""
    batches: list[list[int]] = []
    room = 0
    for place_id, count in counts.items():
        if batches and count <= room and not apart and len(batches[-1]) < CHUNK:
            batches[-1].append(place_id)
            room -= count
        else:
            batches.append([place_id])
            room = PAGE - count
    return batches


def _collected(
    rows: list[LineRow], votes: Mapping[int, int], total: int, names: Mapping[int, str]
) -> Collected:
    """Return what was read; of thousands of messages that takes too long for the event loop."""
    rows.sort()
    lines = tuple(_line(row, votes.get(row.message_id, 0)) for row in rows)
    return Collected(lines, total, {row.message_id: row.edited_at for row in rows}, names)


def source_of(line: Line) -> Source:
    """Return where a message was said."""
    return Source(line.place_id, line.channel_id, line.author_id)


def _line(row: LineRow, votes: int) -> Line:
    return Line(
        message_id=row.message_id,
        channel_id=row.channel_id,
        thread_id=row.thread_id,
        author_id=row.author_id,
        author_name=row.author_name,
        text=row.content or _attached(row.attachments or ()),
        at=row.created_at,
        reply_to_id=row.reply_to_id,
        intent=row.intent,
        sentiment=row.sentiment,
        sentiment_score=row.sentiment_score,
        votes=votes,
    )


def _attached(attachments: Sequence[Mapping[str, Any]]) -> str:
    """Return the names of files, for a message without words; "" for one without files too, as a sticker."""
    names = ", ".join(str(each.get("filename", "file")) for each in attachments)
    return f"({names})" if names else ""
