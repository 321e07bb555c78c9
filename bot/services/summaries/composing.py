"""What a day's post says: its pages, its picture and what staff are told, with what each of them quotes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loguru import logger

from bot.domain.summaries import Source, Span
from bot.services.guilds import GuildService
from bot.services.summaries.collecting import Reader
from bot.services.summaries.rendering import Extra, Page, pages, plain, title_of
from bot.services.summaries.settings import Section, SummarySettingsService
from bot.services.summaries.storing import Stored, SummaryStore

MAX_NAME: Final = 100  # characters of a channel's name in a title
ROUNDS: Final = 3  # of telling it anew, while what it quotes is deleted


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG; `about` is read out to who can't see it."""

    name: str
    content: bytes
    about: str


Extras = Callable[[int, Span, Reader], Awaitable[Sequence[Extra]]]
Pictures = Callable[[int, Span, Reader], Awaitable[Picture | None]]
Alarms = Callable[[int, Span, int], Awaitable[Extra | None]]


class Composer:
    """Puts a stored summary and the figures of its day together.

    Whatever is quoted here is noted as a source of the summary before it is returned, so that a deletion
    comes to all of it.

    Attributes:
        extras: by section, what stands below the topics.
        draw: what draws the day; None where nothing can.
        warn: what staff are told of a day, in their channel.
    """

    def __init__(self, guilds: GuildService, settings: SummarySettingsService, store: SummaryStore) -> None:
        self._guilds = guilds
        self._settings = settings
        self._store = store
        self.extras: dict[Section, Extras] = {}
        self.draw: Pictures | None = None
        self.warn: Alarms | None = None

    async def pages(self, stored: Stored, reader: Reader) -> list[Page]:
        """Return the pages, one at least; a part that can't be made is left out."""
        summary = stored.summary
        sections = self._settings.sections(summary.guild_id)
        title = self._title(stored)
        for _ in range(ROUNDS):
            extras = [
                each
                for section, source in self.extras.items()
                if section in sections
                for each in await self._extra(source, stored, reader)
            ]
            if await self._stands(stored, extras):
                return pages(title, summary.guild_id, stored, sections, extras)
        return pages(title, summary.guild_id, stored, sections)

    async def asked(self, stored: Stored) -> list[Page]:
        """Return the pages of a summary that somebody asked for: what it says, without the day's figures."""
        summary = stored.summary
        title = self._title(stored)
        if len(summary.place_ids) == 1:
            named = {str(each.id): each.name for each in await self._guilds.channels(summary.guild_id)}
            name = plain(named.get(summary.place_ids[0], ""), MAX_NAME)
            title = f"#{name}: {title}" if name else title
        return pages(title, summary.guild_id, stored, self._settings.sections(summary.guild_id))

    async def picture(self, stored: Stored, reader: Reader) -> Picture | None:
        """Return the picture, None where there is none or it can't be drawn."""
        guild_id = stored.summary.guild_id
        if self.draw is None or Section.PICTURE not in self._settings.sections(guild_id):
            return None
        try:
            return await self.draw(guild_id, _span(stored), reader)
        except Exception:  # noqa: BLE001  (a post without its picture is better than none)
            logger.bind(guild_id=guild_id).exception("The picture of a summary can't be drawn")
            return None

    async def alarm(self, stored: Stored, channel_id: int) -> Page | None:
        """Return what staff are told of the day in their channel, None where all is well."""
        if self.warn is None:
            return None
        for _ in range(ROUNDS):
            found = await self.warn(stored.summary.guild_id, _span(stored), channel_id)
            if found is None:
                return None
            if await self._stands(stored, [found]):
                return Page(f"{found.title}: {self._title(stored)}", "\n".join(found.lines))
        return None

    async def _extra(self, source: Extras, stored: Stored, reader: Reader) -> Sequence[Extra]:
        guild_id = stored.summary.guild_id
        try:
            return await source(guild_id, _span(stored), reader)
        except Exception:  # noqa: BLE001  (a post without one of its parts is better than none)
            logger.bind(guild_id=guild_id).exception("A part of a summary can't be told")
            return ()

    async def _stands(self, stored: Stored, extras: Sequence[Extra]) -> bool:
        quoted: Mapping[int, Source] = {id_: of for each in extras for id_, of in each.quoted.items()}
        return not quoted or await self._store.quote(stored.summary.id, quoted)

    def _title(self, stored: Stored) -> str:
        zone = self._guilds.policy(stored.summary.guild_id).timezone
        return title_of(_span(stored), zone, exact=stored.summary.local_date is None)


def _span(stored: Stored) -> Span:
    return Span(stored.summary.starts_at, stored.summary.ends_at)
