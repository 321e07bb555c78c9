"""Which requests and reports nobody has answered, for whoever may read them where they were said."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.db.alerts import Asked
from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.summaries import Line, Source, Span
from bot.nlp.questions import OpenQuestion, is_closed_by, open_questions
from bot.services.alert_settings import AlertSettingsService
from bot.services.clock import Clock
from bot.services.computing import Computes, InThread, by_size
from bot.services.summaries.collecting import Collecting, Reader, Wanted
from bot.services.summaries.rendering import NBSP, Extra, link, plain
from bot.texts import text

LOOKS_BACK: Final = timedelta(days=3)
LEAD: Final = timedelta(hours=1)  # read before the first request, so that talks are told apart
MOST_ASKED: Final = 500  # requests, the newest
MOST_LINES: Final = 20_000  # messages, the newest: comparing them takes some 40 MB
MOST_QUOTE: Final = 160  # characters
MOST_IN_POST: Final = 8
MOST_QUOTE_IN_POST: Final = 100  # characters
FIND_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that nobody has answered."""

    message_id: int
    message_ids: tuple[int, ...]  # all in which its author asked
    place_id: int
    channel_id: int
    author_id: int
    text: str
    asked_at: datetime


class Unanswered:
    """Reads what was asked and what was said since, anew each time.

    Attributes:
        computing: what tells talks apart.
    """

    def __init__(
        self, database: Database, clock: Clock, settings: AlertSettingsService, collecting: Collecting
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._collecting = collecting
        self._turn = asyncio.Lock()  # it computes for seconds where much was said
        self.computing: Computes = InThread()

    async def find(
        self, guild_id: int, reader: Reader, span: Span | None = None, place_id: int | None = None
    ) -> list[Waiting]:
        """Return what has waited for longer than the server allows, the longest first.

        Args:
            guild_id: the server.
            reader: who is shown it: only what they may read at its source.
            span: of a post: what has waited too long since the one before; None for the last days.
            place_id: only what was asked there.

        Raises:
            UserFacingError: others ask for more than can be read in time.
        """
        try:
            async with asyncio.timeout(FIND_SECONDS), self._turn:
                return await self._find(guild_id, reader, span, place_id)
        except TimeoutError:
            raise UserFacingError(text("unanswered.busy")) from None

    async def _find(
        self, guild_id: int, reader: Reader, span: Span | None, place_id: int | None
    ) -> list[Waiting]:
        now = self._clock.now()
        wait = timedelta(hours=self._settings.of(guild_id).wait_hours)
        since, until = now - LOOKS_BACK, now - wait
        if (
            span is not None
        ):  # what was asked shortly before the post before had not waited long enough for it
            since, until = max(span.start - wait, span.end - LOOKS_BACK), min(until, span.end)
            now = min(now, span.end + LOOKS_BACK)
        asked = await self._asked(guild_id, since, until, place_id)
        if not asked:
            return []
        # A day's post leaves out what is excluded from summaries; whoever asks, and helpers, hear of it.
        lines = await self._lines(guild_id, reader, asked, now, is_summary=span is not None)
        found = await by_size(self.computing, len(lines)).run(open_questions, lines)
        open_ids = [id_ for each in found for id_ in each.message_ids]
        async with self._database.reading() as tx:
            answered = await tx.alerts.answered(open_ids)
        answered |= _answered_in_threads(found, lines)
        return [
            _waiting(each)
            for each in found
            if since <= each.asked_at < until and answered.isdisjoint(each.message_ids)
        ]

    async def section(self, guild_id: int, span: Span, reader: Reader) -> Sequence[Extra]:
        """Return the part of a day's post."""
        found = await self.find(guild_id, reader, span)
        shown = found[:MOST_IN_POST]
        lines = [
            f"• {plain(each.text, MOST_QUOTE_IN_POST)} <#{each.place_id}>"
            f"{NBSP}[→]({link(guild_id, each.place_id, each.message_id)})"
            for each in shown
        ]
        if len(found) > len(shown):
            lines.append(text("unanswered.more_in_post", count=len(found) - len(shown)))
        quoted = {
            id_: Source(each.place_id, each.channel_id, each.author_id)
            for each in shown
            for id_ in each.message_ids
        }
        return [Extra(text("unanswered.title"), lines, quoted)] if lines else []

    async def places_waiting(self, guild_id: int, reader: Reader) -> list[int]:
        """Return where something that `reader` may read was asked too long ago, the oldest first."""
        now = self._clock.now()
        until = now - timedelta(hours=self._settings.of(guild_id).wait_hours)
        asked = await self._asked(guild_id, now - LOOKS_BACK, until, None)
        places = list(dict.fromkeys(each.place_id for each in reversed(asked)))
        readable = await self._collecting.readable(guild_id, reader, places)
        return [each for each in places if each in readable]

    async def _asked(
        self, guild_id: int, since: datetime, until: datetime, place_id: int | None
    ) -> list[Asked]:
        """Return what was asked outside tickets, newest first."""
        async with self._database.reading() as tx:
            rows = await tx.alerts.asked(guild_id, since, until, MOST_ASKED)
            tickets = await tx.tickets.threads_among({each.place_id for each in rows})
        return [
            each
            for each in rows
            if each.place_id not in tickets and (place_id is None or each.place_id == place_id)
        ]

    async def _lines(
        self, guild_id: int, reader: Reader, asked: Sequence[Asked], now: datetime, *, is_summary: bool
    ) -> Sequence[Line]:
        """Return what was said where something was asked, and in the threads that were made of it."""
        places = {each.place_id for each in asked} | {each.message_id for each in asked}
        first = min(each.created_at for each in asked) - LEAD
        span = Span(first, now + timedelta(minutes=5))
        wanted = Wanted(guild_id, reader, span, frozenset(places), is_summary)
        collected = await self._collecting.collect(wanted)
        return collected.lines[-MOST_LINES:]


def quoted(guild_id: int, waiting: Waiting) -> str:
    """Return a line for somebody who may read it."""
    where = link(guild_id, waiting.place_id, waiting.message_id)
    stamp = f"<t:{int(waiting.asked_at.timestamp())}:R>"
    return text(
        "unanswered.line",
        place=waiting.place_id,
        when=stamp,
        words=plain(waiting.text, MOST_QUOTE),
        url=where,
    )


def _answered_in_threads(found: Collection[OpenQuestion], lines: Sequence[Line]) -> set[int]:
    """Return the questions that somebody answered, or their author settled, in the thread made of them."""
    author_of = {id_: each.author_id for each in found for id_ in each.message_ids}
    return {
        line.thread_id
        for line in lines
        if line.thread_id in author_of
        and (line.author_id != author_of[line.thread_id] or is_closed_by(line.text))
    }


def _waiting(question: OpenQuestion) -> Waiting:
    return Waiting(
        message_id=question.message_id,
        message_ids=question.message_ids,
        place_id=question.thread_id or question.channel_id,
        channel_id=question.channel_id,
        author_id=question.author_id,
        text=question.text,
        asked_at=question.asked_at,
    )
