"""Makes a summary: collects its messages, has them noted and put together, and looks again at the end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from loguru import logger

from bot.domain.summaries import Coverage, Digest, Line, Reading, Topic, without
from bot.llm.types import Message, Prompt, Role
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.summaries.chunks import cut
from bot.services.summaries.citations import own_words
from bot.services.summaries.collecting import Collected, Collecting, Wanted, source_of
from bot.services.summaries.extracts import Extractor
from bot.services.summaries.merging import SIZES, fitted
from bot.services.summaries.partials import Partials
from bot.services.summaries.writing import MOST_CALLS, DigestWriting, Noted, Run, in_turns
from bot.services.writing import Writer

ROUNDS: Final = 3  # of writing, while messages are deleted or edited under it
RUN_SECONDS: Final = 1_800.0
_FOR_NOTES: Final = 0.85  # of a run's time; the rest is for putting them together
_MOST_MODELS: Final = 3  # named

Progress = Callable[[int, int], None]


class Manner(NamedTuple):
    """How a summary is made.

    Attributes:
        language: to write in, in plain words.
        seconds: for the models; what isn't read then is extracted, which takes some seconds more.
        is_background: whether nobody waits for it.
        progress: told how many messages of how many are read.
    """

    reading: Reading = Reading.SHORT
    language: str = "the language of the messages"
    seconds: float = RUN_SECONDS
    is_background: bool = True
    progress: Progress = lambda _read, _total: None


class SummaryMaker:
    """Makes summaries; what leaves here rests on messages that its readers may read, and that still stand."""

    def __init__(  # noqa: PLR0913  (where everything comes together)
        self,
        clock: Clock,
        guilds: GuildService,
        collecting: Collecting,
        writer: Writer,
        partials: Partials,
        extractor: Extractor,
        *,
        seconds: float,
    ) -> None:
        """Make it; a call of a model may take `seconds`."""
        self._clock = clock
        self._guilds = guilds
        self._collecting = collecting
        self._writer = writer
        self._partials = partials
        self._writing = DigestWriting(writer, partials, clock, seconds)
        self.extractor = extractor

    async def make(self, wanted: Wanted, manner: Manner | None = None) -> tuple[Digest, Collected]:
        """Return the summary of what its readers may read, and the messages it is of.

        Messages that are deleted, edited or closed off while it is written are taken out by writing it anew;
        what was made of the others is used again.
        """
        manner = manner or Manner()
        now = self._clock.monotonic()
        run = Run(
            guild_id=wanted.guild_id,
            language=manner.language,
            until=now + manner.seconds,
            notes_until=now + manner.seconds * _FOR_NOTES,
            background=manner.is_background,
            calls=MOST_CALLS,
        )
        collected = await self._collecting.collect(wanted)
        for _ in range(ROUNDS):
            digest = await self._write(run, collected, manner)
            collected, gone = await self._looked_again(wanted, collected)
            if not gone:
                return digest, collected
            await self._partials.forget(wanted.guild_id, gone)
        picked = await self._extracts(collected.lines, manner.reading)
        digest = _digest(run, collected, picked, (), read=len(collected.lines))
        collected, gone = await self._looked_again(wanted, collected)
        return _redacted(digest, collected, gone), collected

    async def _write(self, run: Run, collected: Collected, manner: Manner) -> Digest:
        room = await self._writing.room(run.language) if collected.lines else None
        if room is None:
            topics = await self._extracts(collected.lines, manner.reading)
            manner.progress(len(collected.lines), collected.total)
            return _digest(run, collected, topics, (), read=len(collected.lines))
        zone = ZoneInfo(self._guilds.policy(run.guild_id).timezone)
        chunks = await self._writer.aside(
            cut, collected.lines, room.notes, lambda line: line.at.astimezone(zone).date()
        )
        read = Counter[str]()

        async def note(chunk: tuple[Line, ...]) -> list[Noted]:
            noted = await self._writing.note(run, room, chunk, collected)
            read["messages"] += len(chunk)
            manner.progress(read["messages"], collected.total)
            return noted

        noted = [each for part in await in_turns([partial(note, each) for each in chunks]) for each in part]
        notes = [each.notes for each in noted if each.notes is not None]
        merged = await self._writing.merge(run, room, notes, manner.reading, collected.lines)
        topics = fitted(merged, manner.reading)
        if not any(topic.claims for topic in topics):  # it named nothing, or nothing that rests on a message
            picked = await self._extracts(collected.lines, manner.reading)
            if picked:
                return _digest(run, collected, picked, (), read=len(collected.lines))
        unread = [line for each in noted if each.notes is None for line in each.lines]
        if unread:
            log = logger.bind(guild_id=run.guild_id)
            log.warning("{} of {} messages are summarized by extracts", len(unread), len(collected.lines))
            topics = (*topics, *await self._extracts(unread, manner.reading))
        return _digest(run, collected, topics, noted, read=sum(len(each.lines) for each in noted))

    async def _extracts(self, lines: Sequence[Line], reading: Reading) -> tuple[Topic, ...]:
        """Return topics of lines as they were written."""
        if not lines:
            return ()
        found = (await self.extractor.topics(lines, reading))[: SIZES[reading].topics]
        material = "\n".join(claim.text for topic in found for claim in topic.claims)  # its links may stay
        prompt = Prompt((Message(Role.USER, material),))
        return await self._writer.aside(lambda: own_words(found, self._writer.examiner(prompt)))

    async def _looked_again(self, wanted: Wanted, before: Collected) -> tuple[Collected, set[int]]:
        """Return the messages as they are now, and those that are gone or changed; new ones don't count."""
        now = await self._collecting.collect(wanted)
        return await asyncio.to_thread(_compared, before, now)


def _compared(before: Collected, now: Collected) -> tuple[Collected, set[int]]:
    """Return what is left of some messages, and those that are gone or changed."""
    texts = {line.message_id: line.text for line in now.lines}
    gone = {
        line.message_id
        for line in before.lines
        if texts.get(line.message_id) != line.text
        or now.edits[line.message_id] != before.edits[line.message_id]
    }
    lost = len(before.edits.keys() - now.edits.keys())
    return now.within(before.edits.keys(), before.total - lost), gone


def _digest(
    run: Run, collected: Collected, topics: Sequence[Topic], noted: Sequence[Noted], *, read: int
) -> Digest:
    """Return the summary; a claim that rests on anything but the messages it is of is none."""
    lines = {line.message_id: line for line in collected.lines}
    cited = {id_ for topic in topics for id_ in (*topic.message_ids, *_cited(topic))}
    unknown = cited - lines.keys()
    kept = tuple(left for topic in topics if (left := without(topic, unknown)).claims)
    models = Counter[str]()
    for each in noted:
        if each.notes is not None:
            models[each.notes.model] += len(each.lines)
    written = sum(models.values())
    coverage = Coverage(
        read=read,
        total=collected.total,
        channels=len({line.channel_id for line in collected.lines}),
        extracted=read - written,
    )
    return Digest(
        topics=kept,
        coverage=coverage,
        model=", ".join(name for name, _ in models.most_common(_MOST_MODELS)) or None,
        cost=run.cost,
        sources={id_: source_of(lines[id_]) for topic in kept for id_ in _cited(topic)},
    )


def _redacted(digest: Digest, collected: Collected, gone: Collection[int]) -> Digest:
    """Return extracts without what is gone."""
    topics = tuple(left for topic in digest.topics if (left := without(topic, gone)).claims)
    sources = {id_: source for id_, source in digest.sources.items() if id_ not in gone}
    coverage = replace(digest.coverage, read=len(collected.lines), total=collected.total)
    extracted = replace(coverage, extracted=coverage.read)
    return replace(digest, topics=topics, sources=sources, coverage=extracted)


def _cited(topic: Topic) -> set[int]:
    return {*topic.title_ids, *(id_ for claim in topic.claims for id_ in claim.message_ids)}
