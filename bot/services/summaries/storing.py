"""Stored summaries: kept once, read back as they stand now, shown to whom may read all they are of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from bot.db.database import Database, Transaction
from bot.db.summaries import Thumbs
from bot.domain.audience import Person
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.summaries import Coverage, Digest, Reading, Source, Topic, without
from bot.models import (
    NoteKind,
    Summary,
    SummaryFeedback,
    SummaryKind,
    SummaryNote,
    SummarySource,
    SummaryTopic,
)
from bot.models.summary import claims_of, topic_of
from bot.nlp.redaction import redact
from bot.services.clock import Clock
from bot.services.summaries.collecting import Collected, Collecting, Reader, Wanted
from bot.texts import text

MOST_NOTE: Final = 1_000  # characters of a report or a correction
_MOST_TITLE, _MOST_MODEL = 200, 300  # characters, as the columns have them
_PAGE: Final = 50  # summaries looked at to find some that may be shown
_PAGES: Final = 10


class Stored(NamedTuple):
    """A summary as it stands now.

    Attributes:
        removed: claims that were taken out because their messages were deleted or edited.
        corrections: what admins put right, oldest first.
    """

    summary: Summary
    digest: Digest
    removed: int
    corrections: tuple[str, ...] = ()


class SummaryStore:
    """Keeps summaries."""

    def __init__(self, database: Database, clock: Clock, collecting: Collecting) -> None:
        self._database = database
        self._clock = clock
        self._collecting = collecting
        self.opted_out: Callable[[int, int], bool] = lambda _guild_id, _user_id: False  # whose isn't kept

    async def keep(
        self,
        wanted: Wanted,
        digest: Digest,
        collected: Collected,
        reading: Reading,
        local_date: date | None = None,
    ) -> Stored | None:
        """Store a summary and return it as it is to be shown; None where that date has one already.

        What was deleted or edited since it was made is left out: whoever posts posts what is returned.

        Args:
            wanted: whose it is, and for whom.
            digest: what it says.
            collected: what it is of.
            reading: how much it says.
            local_date: of a scheduled one.
        """
        summary = _summary_of(wanted, digest, collected, reading, local_date, self._clock.now())
        async with self._database.transaction() as tx:
            known = await tx.summary_lines.standing(sorted(digest.sources))
            standing = {id_ for id_, edited_at in known.items() if edited_at == collected.edits.get(id_)}
            gone = digest.sources.keys() - standing
            topics = [left for each in digest.topics if (left := without(each, gone)).claims]
            kept = await tx.summaries.add(
                summary,
                [_topic_of(position, each) for position, each in enumerate(topics)],
                [
                    SummarySource(summary_id=0, message_id=id_, **_columns(source))
                    for id_, source in sorted(digest.sources.items())
                    if id_ in standing
                ],
            )
            return None if kept is None else await _stored(tx, kept)

    async def get(self, guild_id: int, summary_id: int) -> Stored:
        """Return a summary.

        Raises:
            NotFoundError: the guild has none with this id.
        """
        async with self._database.reading() as tx:
            return await _stored(tx, await _known(tx, guild_id, summary_id))

    async def readable(self, guild_id: int, reader: Reader, summary_id: int) -> Stored:
        """Return a summary that a reader may read.

        Raises:
            NotFoundError: the guild has none with this id, or not for this reader.
        """
        stored = await self.get(guild_id, summary_id)
        if not await self.is_for(reader, stored):
            raise NotFoundError(text("summaries.gone"))
        return stored

    async def guild_of(self, summary_id: int) -> int:
        """Return whose summary it is, for a button in direct messages.

        Raises:
            NotFoundError: there is none with this id.
        """
        async with self._database.reading() as tx:
            summary = await tx.summaries.get(summary_id)
        if summary is None:
            raise NotFoundError(text("summaries.gone"))
        return summary.guild_id

    async def of_date(self, guild_id: int, local_date: date) -> Stored | None:
        """Return the scheduled summary of a date, None where there is none."""
        async with self._database.reading() as tx:
            summary = await tx.summaries.of_date(guild_id, SummaryKind.DAILY, local_date)
            return None if summary is None else await _stored(tx, summary)

    async def history(
        self, guild_id: int, reader: Reader, limit: int, before_id: int | None = None
    ) -> list[Summary]:
        """Return the newest summaries, before `before_id`, of which a reader may read every source.

        One that was made for a single member is theirs alone.
        """
        found: list[Summary] = []
        reader_id = reader.user_id if isinstance(reader, Person) else None
        for _ in range(_PAGES):
            async with self._database.reading() as tx:
                page = await tx.summaries.newest(guild_id, before_id, _PAGE, reader_id)
            places = {int(each) for summary in page for each in summary.place_ids}
            readable = await self._collecting.readable(guild_id, reader, places)
            found += [each for each in page if _is_for(reader, each, readable)]
            if len(page) < _PAGE or len(found) >= limit:
                break
            before_id = page[-1].id
        return found[:limit]

    async def quote(self, summary_id: int, quoted: Mapping[int, Source]) -> bool:
        """Note messages that are quoted beside a summary's claims: their deletion comes to its post.

        False: one of them is gone already, so it must not be quoted.
        """
        async with self._database.transaction() as tx:
            if (await tx.summary_lines.standing(sorted(quoted))).keys() != quoted.keys():
                return False
            await tx.summaries.cite([
                SummarySource(summary_id=summary_id, message_id=id_, **_columns(source))
                for id_, source in sorted(quoted.items())
            ])  # fmt: skip
            return True

    async def is_for(self, reader: Reader, stored: Stored) -> bool:
        """Return whether a reader may be shown a summary: all it is of, and nobody else's alone."""
        places = {int(each) for each in stored.summary.place_ids}
        readable = await self._collecting.readable(stored.summary.guild_id, reader, places)
        return _is_for(reader, stored.summary, readable)

    async def leaves_out(self, guild_id: int, place_ids: Collection[int]) -> bool:
        """Return whether no summary tells of any of these places."""
        return len(await self._collecting.left_out(guild_id, place_ids)) == len(place_ids)

    async def discard(self, stored: Stored) -> None:
        """Drop a summary, so that its date's can be made anew."""
        async with self._database.transaction() as tx:
            await tx.summaries.discard(stored.summary.id)

    async def outdated(self, summary_id: int) -> None:
        """Note that what is posted for a summary has to be told anew."""
        async with self._database.transaction() as tx:
            await tx.summaries.mark_stale(summary_id)

    async def posted(self, summary_id: int, channel_id: int | None, message_id: int) -> None:
        """Note where a summary stands: once a message it quotes is deleted, it comes up in `stale`.

        None for a channel: in direct messages.
        """
        async with self._database.transaction() as tx:
            await tx.summaries.mark_posted(summary_id, channel_id, message_id, self._clock.now())

    async def posted_for_all(self, summary_id: int, channel_id: int, message_ids: Sequence[int]) -> None:
        """Note the messages in which one that was asked for was posted: they are mended like a day's post."""
        async with self._database.transaction() as tx:
            await tx.summaries.note_public(summary_id, channel_id, message_ids, self._clock.now())

    async def stale(self, limit: int = 20, after_id: int = 0) -> list[Stored]:
        """Return summaries whose post still says what was taken out, or lacks what was put right."""
        async with self._database.reading() as tx:
            return [await _stored(tx, each) for each in await tx.summaries.stale(limit, after_id)]

    async def refreshed(self, stored: Stored) -> bool:
        """Note that a post says what `stored` does; False where more has changed since."""
        async with self._database.transaction() as tx:
            summary = await tx.summaries.get(stored.summary.id)
            if summary is None or await _stored(tx, summary) != stored:
                return False
            await tx.summaries.mark_fresh(summary.id)
            return True

    async def rate(self, guild_id: int, summary_id: int, user_id: int, *, helpful: bool) -> Thumbs:
        """Note a member's thumb, in place of the one before; return what all think.

        Raises:
            NotFoundError: the guild has no such summary.
            UserFacingError: they opted out of being stored.
        """
        self._check_wanted(guild_id, user_id)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await _known(tx, guild_id, summary_id)
            await tx.summaries.rate(
                SummaryFeedback(summary_id=summary_id, user_id=user_id, helpful=helpful, created_at=now)
            )
            return await tx.summaries.thumbs(summary_id)

    async def report(self, guild_id: int, summary_id: int, user_id: int, text: str) -> str:
        """Note a mistake that a member reports; return it as staff may be shown it.

        Raises:
            NotFoundError: the guild has no such summary.
            UserFacingError: they opted out of being stored.
        """
        self._check_wanted(guild_id, user_id)
        return await self._note(guild_id, summary_id, user_id, text, NoteKind.REPORT)

    async def correct(self, guild_id: int, summary_id: int, user_id: int, text: str) -> str:
        """Note what an admin puts right; return it as it is shown with the summary from now on.

        Raises:
            NotFoundError: the guild has no such summary.
        """
        return await self._note(guild_id, summary_id, user_id, text, NoteKind.CORRECTION)

    async def forget_member(self, guild_id: int, user_id: int) -> None:
        """Take a member out of all summaries of a guild: what rests on their messages, and what they said."""
        async with self._database.transaction() as tx:
            await tx.summary_texts.forget_member(guild_id, user_id)

    def _check_wanted(self, guild_id: int, user_id: int) -> None:
        if self.opted_out(guild_id, user_id):
            raise UserFacingError(text("privacy.own_opted_out"))

    async def _note(self, guild_id: int, summary_id: int, user_id: int, text: str, kind: NoteKind) -> str:
        shown = redact(" ".join(text.split()))[:MOST_NOTE]
        async with self._database.transaction() as tx:
            await _known(tx, guild_id, summary_id)
            await tx.summaries.note(
                SummaryNote(
                    summary_id=summary_id,
                    kind=kind,
                    user_id=user_id,
                    text=shown,
                    created_at=self._clock.now(),
                )
            )
        return shown


def _summary_of(
    wanted: Wanted,
    digest: Digest,
    collected: Collected,
    reading: Reading,
    local_date: date | None,
    now: datetime,
) -> Summary:
    return Summary(
        guild_id=wanted.guild_id,
        kind=SummaryKind.ASKED if local_date is None else SummaryKind.DAILY,
        local_date=local_date,
        reader_id=wanted.destination.user_id if isinstance(wanted.destination, Person) else None,
        reading=reading,
        starts_at=wanted.span.start,
        ends_at=wanted.span.end,
        place_ids=[str(each) for each in sorted(collected.place_ids)],
        model=digest.model[:_MOST_MODEL] if digest.model else None,
        cost=digest.cost,
        messages_read=digest.coverage.read,
        messages_total=digest.coverage.total,
        messages_extracted=digest.coverage.extracted,
        channels=digest.coverage.channels,
        created_at=now,
    )


def _topic_of(position: int, topic: Topic) -> SummaryTopic:
    return SummaryTopic(
        summary_id=0,
        position=position,
        title=topic.title[:_MOST_TITLE],
        claims=claims_of(topic),
        message_ids=[str(id_) for id_ in topic.message_ids],
        is_extract=topic.is_extract,
    )


async def _known(tx: Transaction, guild_id: int, summary_id: int) -> Summary:
    summary = await tx.summaries.get(summary_id)
    if summary is None or summary.guild_id != guild_id:
        raise NotFoundError(text("summaries.gone"))
    return summary


async def _stored(tx: Transaction, summary: Summary) -> Stored:
    """Return a summary with its texts."""
    rows = await tx.summaries.topics(summary.id)
    topics = (
        topic_of(each.title, each.claims, each.message_ids, is_extract=each.is_extract) for each in rows
    )
    sources = await tx.summaries.sources(summary.id)
    corrections = await tx.summaries.notes(summary.id, NoteKind.CORRECTION)
    digest = Digest(
        topics=tuple(each for each in topics if each.claims),
        coverage=Coverage(
            summary.messages_read, summary.messages_total, summary.channels, summary.messages_extracted
        ),
        model=summary.model,
        cost=summary.cost,
        sources={each.message_id: Source(each.place_id, each.channel_id, each.author_id) for each in sources},
    )
    removed = sum(each.removed for each in rows)
    return Stored(summary, digest, removed, tuple(each.text for each in corrections))


def _columns(source: Source) -> dict[str, int]:
    return {
        "place_id": source.place_id,
        "channel_id": source.channel_id,
        "author_id": source.author_id,
    }


def _is_for(reader: Reader, summary: Summary, readable: Collection[int]) -> bool:
    if summary.reader_id is not None and not (
        isinstance(reader, Person) and reader.user_id == summary.reader_id
    ):
        return False
    return all(int(each) in readable for each in summary.place_ids)
