"""A server whose messages are counted, and the same figures counted from scratch in plain Python and SQL."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.domain.arrival import Change
from bot.domain.audience import GuildRoles, Place, PlaceKind, Role
from bot.domain.snowflake import snowflake_at, snowflake_time
from bot.services.guilds import GuildService
from bot.services.statistics.counting import CountingService
from bot.services.statistics.marking import mark_changed
from bot.settings import OrchestratorSettings
from tests.db.support import signal_row, tombstone
from tests.fakes import FakeClock

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday
GUILD = 1_400_000_000_000_000_001
GENERAL, HELP, SECRET = (1_400_000_000_000_000_100 + number for number in range(1, 4))
ADA, BOB, CAT = 1, 2, 3
FIGURES = ("messages", "replies", "questions", "helped", "mood", "positive", "negative")
THANKS = ("thank you, that worked!", "solved, thanks")  # and nothing else of what the tests say


def message_id(number: int, days_ago: float = 0.0) -> int:
    """The id of a message written some days ago, `number` seconds later."""
    return snowflake_at(NOW - timedelta(days=days_ago) + timedelta(seconds=number))


def row(which: int, **values: Any) -> dict[str, Any]:
    """The row of the message with this id, as ingest makes it."""
    known: dict[str, Any] = {
        "message_id": which,
        "place_id": GENERAL,
        "author_id": ADA,
        "guild_id": GUILD,
        "created_at": snowflake_time(which),
        "purpose": "chatter",
        "sentiment": "neu",
        "sentiment_score": 0.0,
    }
    return signal_row(**known | values)


async def write(database: Database, change: Change, *rows: dict[str, Any]) -> None:
    """Do to the database what ingest does."""
    async with database.transaction() as tx:
        if change is Change.DELETE:
            named = [tombstone(message_id=each["message_id"], place_id=each["place_id"]) for each in rows]
            await tx.signals.erase_batch([{**each, "guild_id": GUILD} for each in named], NOW)
        elif change is Change.CLEAR:
            for each in rows:
                await tx.signals.erase_place(each["place_id"], NOW)
        else:
            await tx.signals.add_batch(rows)
        if change is Change.EDIT:
            edits = ("content", "edited_at", "purpose", "sentiment", "sentiment_score", "intent")
            await tx.signals.edit_batch(
                [{"key": each["id"], **{name: each[name] for name in edits}} for each in rows]
            )
        await mark_changed(tx, [(change, list(rows))])


async def counter(database: Database, clock: FakeClock | None = None) -> tuple[CountingService, GuildService]:
    """Return what counts, and the server's settings; days are those of UTC until a test says otherwise."""
    clock = clock or FakeClock(NOW)
    guilds = GuildService(database, clock, OrchestratorSettings())
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "Guild", NOW)
    await guilds.load()
    return CountingService(database, clock, guilds, messages_days=30), guilds


async def from_scratch(engine: AsyncEngine, zone: str = "UTC") -> dict[str, Counter[tuple[Any, ...]]]:
    """Count everything that is stored, knowing nothing of how the bot does it."""
    async with engine.connect() as connection:
        query = (
            "SELECT message_id, author_id, channel_id, reply_to_id, content, sentiment, sentiment_score, "
            "intent FROM signals WHERE deleted_at IS NULL AND purpose <> 'spam' AND guild_id IS NOT NULL"
        )
        messages = (await connection.execute(text(query))).all()
        checked = {
            each[0] for each in await connection.execute(
                text("SELECT message_id FROM message_reactions WHERE kind = 'check'")
            )
        }  # fmt: skip
    authors = {each.message_id: each.author_id for each in messages}
    thanked = {
        each.reply_to_id
        for each in messages
        if each.content in THANKS and authors.get(each.reply_to_id, each.author_id) != each.author_id
    }
    found: dict[str, Counter[tuple[Any, ...]]] = {
        name: Counter() for name in ("user_days", "user_months", "channel_days", "channel_hours")
    }
    for each in messages:
        here = snowflake_time(each.message_id).astimezone(ZoneInfo(zone))
        values = {
            "messages": 1,
            "replies": int(each.reply_to_id is not None),
            "questions": int(each.intent != "other"),
            "helped": int(each.message_id in thanked | checked),
            "mood": round(each.sentiment_score * 1_000),
            "positive": int(each.sentiment == "pos"),
            "negative": int(each.sentiment == "neg"),
        }
        day, month = str(here.date()), str(here.date().replace(day=1))
        for name, value in values.items():
            for channel in (each.channel_id, 0):
                found["user_days"][channel, day, each.author_id, name] += value
                found["channel_days"][channel, day, name] += value
            found["user_months"][month, each.author_id, name] += value
        for channel in (each.channel_id, 0):
            found["channel_hours"][channel, day, here.hour] += 1
    return found


async def kept(engine: AsyncEngine) -> dict[str, Counter[tuple[Any, ...]]]:
    """Read the sums as they stand, by the same keys."""
    found: dict[str, Counter[tuple[Any, ...]]] = {
        name: Counter() for name in ("user_days", "user_months", "channel_days", "channel_hours")
    }
    async with engine.connect() as connection:
        for each in await connection.execute(text("SELECT * FROM daily_user_statistics")):
            for name in FIGURES:
                key = (each.channel_id, str(each.date), each.user_id, name)
                found["user_days"][key] = getattr(each, name)
        for each in await connection.execute(text("SELECT * FROM monthly_user_statistics")):
            for name in FIGURES:
                found["user_months"][str(each.month), each.user_id, name] = getattr(each, name)
        for each in await connection.execute(text("SELECT * FROM daily_channel_statistics")):
            for name in FIGURES:
                found["channel_days"][each.channel_id, str(each.date), name] = getattr(each, name)
        for each in await connection.execute(text("SELECT * FROM hourly_channel_statistics")):
            found["channel_hours"][each.channel_id, str(each.date), each.hour] = each.messages
    return found


class Places:
    """The channels of the server, of which everyone reads all but one."""

    def place(self, channel_id: int) -> Place | None:
        if channel_id not in (GENERAL, HELP, SECRET):
            return None
        from bot.domain.audience import VIEW_CHANNEL, Overwrite

        hidden = {GUILD: Overwrite(deny=VIEW_CHANNEL)} if channel_id == SECRET else {}
        return Place(channel_id, GUILD, PlaceKind.TEXT, hidden)

    def roles(self, guild_id: int) -> GuildRoles | None:
        from bot.domain.audience import READ_MESSAGE_HISTORY, VIEW_CHANNEL

        everyone = Role(VIEW_CHANNEL | READ_MESSAGE_HISTORY)
        return GuildRoles(GUILD, 99, {GUILD: everyone}) if guild_id == GUILD else None
