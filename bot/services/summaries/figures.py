"""What the daily post says in figures: how people felt, who took part, and the picture."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.db.activity import Days, Said
from bot.db.database import Database
from bot.domain.statistics import Driver, Figures
from bot.domain.summaries import Source, Span
from bot.services.audience import AudienceService
from bot.services.computing import Computes, InThread
from bot.services.guilds import GuildService
from bot.services.statistics.activity import each_day
from bot.services.statistics.chart import describe_sentiment, draw_sentiment, why_no_picture
from bot.services.statistics.moods import Mood, MoodService
from bot.services.summaries.collecting import Reader
from bot.services.summaries.composing import Picture
from bot.services.summaries.rendering import Extra, link, plain
from bot.texts import counted, text

FEWEST: Final = 5  # messages, for a mood to be told
DRAWN: Final = 3  # days with messages, for a picture
MONTH: Final = timedelta(days=29)  # before the last day, in the picture
QUOTED: Final = 120  # characters
NAMED: Final = 5
STEADY: Final = 0.02  # a change of the average that is none

Ignored = Callable[[int, Collection[int]], Awaitable[set[int]]]


class SummaryFigures:
    """Tells figures of the channels that a summary's readers may read; nobody is named for bad feelings.

    Attributes:
        computing: what draws.
    """

    def __init__(
        self,
        database: Database,
        guilds: GuildService,
        audience: AudienceService,
        moods: MoodService,
        ignored: Ignored,
    ) -> None:
        """Prepare; `ignored` returns those of some places that are left out of summaries."""
        self._database = database
        self._guilds = guilds
        self._audience = audience
        self._moods = moods
        self._ignored = ignored
        self._drawing = asyncio.Lock()  # matplotlib is for one at a time
        self.computing: Computes = InThread()

    async def mood(self, guild_id: int, span: Span, reader: Reader) -> Sequence[Extra]:
        """Return how people felt, against the week before, and what they liked most."""
        mood = await self._mood(guild_id, span, reader)
        if mood.total.messages < FEWEST:
            return []
        lines = [_shares(mood.total)]
        if mood.change is not None:
            lines.append(_change(mood.change, mood.driver))
        if mood.appreciated:
            lines.append(text("summaries.mood_appreciated"))
            lines += [f"• {_said(guild_id, each)}" for each in mood.appreciated[:3]]
        return [Extra(text("summaries.mood_title"), lines, _quoted(mood.appreciated[:3]))]

    async def people(self, guild_id: int, span: Span, reader: Reader) -> Sequence[Extra]:
        """Return who wrote most, who helped and who is new."""
        mood = await self._mood(guild_id, span, reader)
        lines = []
        if mood.contributors:
            shown = [f"<@{user}> ({figures.messages:,})" for user, figures in mood.contributors[:NAMED]]
            lines.append(text("summaries.people_active", members=", ".join(shown)))
        helpers = [(user, figures.helped) for user, figures in mood.helpers if figures.helped]
        if helpers:
            shown = [f"<@{user}> ({counted(helped, 'answer')})" for user, helped in helpers[:NAMED]]
            lines.append(text("summaries.people_helped", members=", ".join(shown)))
        if mood.newcomers:
            shown = [f"<@{user}>" for user in mood.newcomers[:NAMED]]
            more, members = len(mood.newcomers) - len(shown), ", ".join(shown)
            if more:
                lines.append(text("summaries.people_new_more", members=members, count=f"{more:,}"))
            else:
                lines.append(text("summaries.people_new", members=members))
        return [Extra(text("summaries.people_title"), lines)] if lines else []

    async def picture(self, guild_id: int, span: Span, reader: Reader) -> Picture | None:
        """Return the picture of 7 and 30 days of sentiment; None where none can be drawn."""
        if why_no_picture():
            return None
        days = self._days(guild_id, span)
        month = Days(days.last - MONTH, days.last)
        async with self._database.reading() as tx:
            found = await tx.activity.by_day(guild_id, month, await self._channels(guild_id, reader))
        by_day = [(day, found.get(day, Figures())) for day in each_day(month)]
        if len([day for day, figures in by_day if figures.messages]) < DRAWN:  # a dot tells nothing
            return None
        async with self._drawing:
            content = await self.computing.run(draw_sentiment, by_day)
        return Picture("sentiment.png", content, describe_sentiment(by_day))

    async def alarm(self, guild_id: int, span: Span, staff_channel_id: int) -> Extra | None:
        """Return what staff are told when feelings fell suddenly, of what all who read there may read."""
        channels = await self._channels(guild_id, staff_channel_id)
        found = await self._moods.for_staff(guild_id, self._days(guild_id, span), span, channels, channels)
        if found.drop is None:
            return None
        lines = [text("summaries.alarm_fell")]
        if found.driver is not None:
            lines.append(text("summaries.alarm_channel", channel=found.driver.key))
        lines += [f"• {_said(guild_id, each)}" for each in found.examples[:NAMED]]
        return Extra("Sentiment", lines, _quoted(found.examples[:NAMED]))

    async def _mood(self, guild_id: int, span: Span, reader: Reader) -> Mood:
        channels = await self._channels(guild_id, reader)
        return await self._moods.of(guild_id, self._days(guild_id, span), span, channels, channels)

    async def _channels(self, guild_id: int, reader: Reader) -> set[int]:
        known = {each.id for each in await self._guilds.channels(guild_id)}
        known -= await self._ignored(guild_id, known)
        for each in reader if isinstance(reader, tuple) else (reader,):
            known = self._audience.readable_sources(each, known)
        return known

    def _days(self, guild_id: int, span: Span) -> Days:
        zone = ZoneInfo(self._guilds.policy(guild_id).timezone)
        last = span.end - timedelta(microseconds=1)
        return Days(span.start.astimezone(zone).date(), last.astimezone(zone).date())


def _shares(total: Figures) -> str:
    return text(
        "summaries.mood_shares",
        positive=f"{total.positive / total.messages:.0%}",
        neutral=f"{total.neutral / total.messages:.0%}",
        negative=f"{total.negative / total.messages:.0%}",
        messages=counted(total.messages, "message"),
    )


def _change(change: float, driver: Driver[int] | None) -> str:
    if abs(change) < STEADY:
        return text("summaries.mood_same")
    way, points = "better" if change > 0 else "worse", f"{abs(change):.2f}"
    if driver is not None:
        return text(f"summaries.mood_in_{way}", points=points, channel=driver.key)
    return text(f"summaries.mood_all_{way}", points=points)


def _quoted(said: Sequence[Said]) -> dict[int, Source]:
    return {each.message_id: Source(each.place_id, each.channel_id, each.author_id) for each in said}


def _said(guild_id: int, said: Said) -> str:
    return f"{plain(said.content, QUOTED)} [→]({link(guild_id, said.place_id, said.message_id)})"
