"""How servers want their daily summary, kept at hand."""

import asyncio
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from bot.db.database import Database
from bot.domain.errors import UserFacingError
from bot.domain.markdown import escape_markdown
from bot.domain.schedules import EVERY_DAY, Last, Schedule, next_run
from bot.models import SummarySettings
from bot.services.clock import Clock
from bot.services.configuration.changes import SUMMARIES, note_row
from bot.services.guilds import GuildService
from bot.texts import text

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MIN_LANGUAGE, MAX_LANGUAGE = 2, 32  # characters
MOST_EXCLUDED = 100  # channels and categories of a server
_TWELVES = {"am": (12, *range(1, 12)), "pm": (*[-1] * 12, 12, *range(1, 12))}  # by the hour of the day
_WHEN = {"is_on", "at", "weekdays", "channel_id", "admin_ids"}  # what was due before such a change isn't


class Section(StrEnum):
    """A part of the post that can be switched off."""

    TOPICS = "topics"
    DECISIONS = "decisions"
    ACTIONS = "action items"
    QUESTIONS = "open questions"
    MOOD = "sentiment"
    PEOPLE = "people"
    UNANSWERED = "unanswered"
    PICTURE = "picture"


class SummarySettingsService:
    """Knows every server's choices and changes them."""

    def __init__(self, database: Database, clock: Clock, guilds: GuildService) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._settings: dict[int, SummarySettings] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Read everything once, at the start."""
        async with self._database.reading() as tx:
            self._settings = {each.guild_id: each for each in await tx.summary_runs.settings()}

    def of(self, guild_id: int) -> SummarySettings:
        """Return a server's settings; the defaults where nothing was chosen."""
        return self._settings.get(guild_id) or SummarySettings(guild_id=guild_id)

    def switched_on(self) -> list[SummarySettings]:
        """Return the settings of every server that wants a daily summary and has somewhere to put it."""
        return [
            each for each in self._settings.values() if each.is_on and (each.channel_id or each.admin_ids)
        ]

    def schedule(self, guild_id: int) -> Schedule:
        """Return when a server wants it."""
        settings = self.of(guild_id)
        return Schedule(
            time.fromisoformat(settings.at),
            str(self._guilds.policy(guild_id).timezone),
            settings.changed_at or datetime.min.replace(tzinfo=UTC),
            EVERY_DAY if settings.weekdays is None else frozenset(settings.weekdays),
        )

    def sections(self, guild_id: int) -> set[Section]:
        """Return the parts that a server's post has."""
        off = self.of(guild_id).sections_off or ()
        return {each for each in Section if each.value not in off}

    def excluded(self, guild_id: int) -> set[int]:
        """Return the channels and categories that a server's summaries leave out."""
        return {int(each) for each in self.of(guild_id).excluded_ids or ()}

    async def exclude(self, guild_id: int, channel_id: int) -> None:
        """Leave a channel, or all of a category, out of summaries.

        Raises:
            UserFacingError: there are many already.
        """
        chosen = self.excluded(guild_id) | {channel_id}
        await self.change(guild_id, excluded_ids=[str(each) for each in sorted(chosen)])

    async def include(self, guild_id: int, channel_id: int) -> None:
        """Take a channel or category back in.

        Raises:
            UserFacingError: it isn't left out.
        """
        chosen = self.excluded(guild_id)
        if channel_id not in chosen:
            raise UserFacingError(text("summaries.not_excluded"))
        left = [str(each) for each in sorted(chosen - {channel_id})]
        await self.change(guild_id, excluded_ids=left or None)

    async def next_run(self, guild_id: int) -> datetime | None:
        """Return when the next post is due, None where none is."""
        if not self.of(guild_id).is_on:
            return None
        async with self._database.reading() as tx:
            run = await tx.summary_runs.last(guild_id)
        last = Last(run.local_date, run.ends_at) if run else None
        return next_run(self.schedule(guild_id), last, self._clock.now())

    async def change(self, guild_id: int, **values: Any) -> SummarySettings:
        """Change a server's settings.

        Raises:
            UserFacingError: a time or language is written wrongly, or there is nowhere to post.
        """
        if "at" in values:
            values["at"] = parse_time(values["at"]).isoformat("minutes")
        before = self.of(guild_id)
        _check(before, values)
        if any(key in _WHEN and getattr(before, key) != value for key, value in values.items()):
            values["changed_at"] = self._clock.now()
        async with self._changing:
            async with self._database.transaction() as tx:
                await tx.guilds.ensure(guild_id, self._clock.now())
                stored = await tx.summary_runs.settings_of(guild_id)
                was = stored.model_dump() if stored else None
                settings = await tx.summary_runs.change(guild_id, values)
                await note_row(tx, SUMMARIES, guild_id, was, settings, self._clock.now())
            self._settings[guild_id] = settings
        return settings

    async def reload(self, guild_id: int) -> None:
        """Read a server's settings anew, because another process has changed them."""
        async with self._changing:
            async with self._database.reading() as tx:
                settings = await tx.summary_runs.settings_of(guild_id)
            if settings is not None:
                self._settings[guild_id] = settings

    async def channel_gone(self, guild_id: int, channel_id: int) -> bool:
        """Switch the post off where its channel is deleted; return whether it was that one."""
        if self.of(guild_id).channel_id != channel_id:
            return False
        await self.change(guild_id, channel_id=None, is_on=False)
        return True

    def forget(self, guild_id: int) -> None:
        """Drop what is known of a server that was deleted."""
        self._settings.pop(guild_id, None)


def _check(before: SummarySettings, values: dict[str, Any]) -> None:
    after = {name: values.get(name, getattr(before, name)) for name in ("is_on", "channel_id", "admin_ids")}
    if values.get("is_on") and not (after["channel_id"] or after["admin_ids"]):
        raise UserFacingError(text("summaries.no_place"))
    if len(values.get("excluded_ids") or ()) > MOST_EXCLUDED:
        raise UserFacingError(text("summaries.excluded_many", most=MOST_EXCLUDED))
    language = values.get("language")
    if language is not None and not MIN_LANGUAGE <= len(language) <= MAX_LANGUAGE:
        raise UserFacingError(text("summaries.language_length", least=MIN_LANGUAGE, most=MAX_LANGUAGE))


def parse_time(written: str) -> time:
    """Return a time of day given as people write it: 9, 9:30, 09:30, 9 pm.

    Raises:
        UserFacingError: it is none.
    """
    plain = written.strip().casefold().replace(".", ":").replace(" ", "")
    half = plain[-2:] if plain.endswith(("am", "pm")) else ""
    hours, _, minutes = plain.removesuffix(half).partition(":")
    try:
        hour, minute = int(hours), int(minutes or 0)
        return time(_TWELVES[half].index(hour) if half else hour, minute)
    except (ValueError, OverflowError):
        shown = escape_markdown(repr(written.strip()[:20]))
        raise UserFacingError(text("summaries.time_wrong", written=shown)) from None


def parse_days(written: str) -> list[int] | None:
    """Return weekdays given by their names ("Mon, Wed-Fri", "weekdays", "daily"); None for every day.

    Raises:
        UserFacingError: one is none.
    """
    plain = written.strip().casefold()
    if plain in ("", "daily", "every day", "all"):
        return None
    plain = {"weekdays": "mon-fri", "weekend": "sat-sun", "weekends": "sat-sun"}.get(plain, plain)
    found: set[int] = set()
    for part in plain.replace(";", ",").replace("–", "-").split(","):  # noqa: RUF001  (an en dash)
        first, to, last = (each.strip() for each in part.partition("-"))
        begin = _day(first)
        end = _day(last) if to else begin
        found |= {(begin + ahead) % 7 for ahead in range((end - begin) % 7 + 1)}
    return sorted(found)


def describe_days(weekdays: list[int] | None) -> str:
    """Return weekdays in words."""
    return text("summaries.every_day") if weekdays is None else ", ".join(DAYS[each] for each in weekdays)


def _day(name: str) -> int:
    for number, day in enumerate(DAYS):
        if len(name) >= len(day) and name.startswith(day.casefold()):
            return number
    raise UserFacingError(text("summaries.weekday_wrong", written=f"{name!r}"))
