"""What the daily post says in figures: how people felt, who took part, and the picture."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.db.activity import Days, Said
from bot.db.database import Database
from bot.domain.counted import counted
from bot.domain.statistics import Driver, Figures
from bot.domain.summaries import Span
from bot.services.audience import AudienceService
from bot.services.guilds import GuildService
from bot.services.statistics.activity import each_day
from bot.services.statistics.chart import describe_sentiment, draw_sentiment, why_no_picture
from bot.services.statistics.moods import Mood, MoodService
from bot.services.summaries.collecting import Reader
from bot.services.summaries.posting import Picture
from bot.services.summaries.rendering import Extra, link, plain

FEWEST: Final = 5  # messages, for a mood to be told
DRAWN: Final = 3  # days with messages, for a picture
MONTH: Final = timedelta(days=29)  # before the last day, in the picture
QUOTED: Final = 120  # characters
NAMED: Final = 5
STEADY: Final = 0.02  # a change of the average that is none


class SummaryFigures:
    """Tells figures of the channels that a summary's readers may read; nobody is named for bad feelings."""

    def __init__(
        self, database: Database, guilds: GuildService, audience: AudienceService, moods: MoodService
    ) -> None:
        self._database = database
        self._guilds = guilds
        self._audience = audience
        self._moods = moods
        self._drawing = asyncio.Lock()  # matplotlib is for one at a time

    async def mood(self, guild_id: int, span: Span, reader: Reader) -> Sequence[Extra]:
        """Return how people felt, against the week before, and what they liked most."""
        mood = await self._mood(guild_id, span, reader)
        if mood.total.messages < FEWEST:
            return []
        lines = [_shares(mood.total)]
        if mood.change is not None:
            lines.append(_change(mood.change, mood.driver))
        if mood.appreciated:
            lines.append("Most appreciated:")
            lines += [f"• {_said(guild_id, each)}" for each in mood.appreciated[:3]]
        return [Extra("How it felt", lines)]

    async def people(self, guild_id: int, span: Span, reader: Reader) -> Sequence[Extra]:
        """Return who wrote most, who helped and who is new."""
        mood = await self._mood(guild_id, span, reader)
        lines = []
        if mood.contributors:
            shown = [f"<@{user}> ({figures.messages:,})" for user, figures in mood.contributors[:NAMED]]
            lines.append(f"Most active: {', '.join(shown)}")
        helpers = [(user, figures.helped) for user, figures in mood.helpers if figures.helped]
        if helpers:
            shown = [f"<@{user}> ({counted(helped, 'answer')})" for user, helped in helpers[:NAMED]]
            lines.append(f"Helped: {', '.join(shown)}")
        if mood.newcomers:
            shown = [f"<@{user}>" for user in mood.newcomers[:NAMED]]
            more = len(mood.newcomers) - len(shown)
            lines.append(f"New here: {', '.join(shown)}{f' and {more:,} more' if more else ''}")
        return [Extra("People", lines)] if lines else []

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
            content = await asyncio.to_thread(draw_sentiment, by_day)
        return Picture("sentiment.png", content, describe_sentiment(by_day))

    async def alarm(self, guild_id: int, span: Span, staff_channel_id: int) -> Extra | None:
        """Return what staff are told when feelings fell suddenly, of what all who read there may read."""
        channels = await self._channels(guild_id, staff_channel_id)
        found = await self._moods.for_staff(guild_id, self._days(guild_id, span), span, channels, channels)
        if found.drop is None:
            return None
        lines = ["The mood fell suddenly, against the seven days before."]
        if found.driver is not None:
            lines.append(f"Most in <#{found.driver.key}>.")
        lines += [f"• {_said(guild_id, each)}" for each in found.examples[:NAMED]]
        return Extra("Sentiment", lines)

    async def _mood(self, guild_id: int, span: Span, reader: Reader) -> Mood:
        channels = await self._channels(guild_id, reader)
        return await self._moods.of(guild_id, self._days(guild_id, span), span, channels, channels)

    async def _channels(self, guild_id: int, reader: Reader) -> set[int]:
        known = {each.id for each in await self._guilds.channels(guild_id)}
        for each in reader if isinstance(reader, tuple) else (reader,):
            known = self._audience.readable_sources(each, known)
        return known

    def _days(self, guild_id: int, span: Span) -> Days:
        zone = ZoneInfo(self._guilds.policy(guild_id).timezone)
        last = span.end - timedelta(microseconds=1)
        return Days(span.start.astimezone(zone).date(), last.astimezone(zone).date())


def _shares(total: Figures) -> str:
    parts = (("positive", total.positive), ("neutral", total.neutral), ("negative", total.negative))
    shares = " · ".join(f"{count / total.messages:.0%} {name}" for name, count in parts)
    return f"{shares} of {counted(total.messages, 'message')}"


def _change(change: float, driver: Driver[int] | None) -> str:
    if abs(change) < STEADY:
        return "About as in the seven days before."
    way = "better" if change > 0 else "worse"
    where = f", most in <#{driver.key}>" if driver is not None else ""
    return f"{abs(change):.2f} {way} than in the seven days before{where} (the scale is -1 to 1)."


def _said(guild_id: int, said: Said) -> str:
    return f"{plain(said.content, QUOTED)} [→]({link(guild_id, said.place_id, said.message_id)})"
