"""Arrivals in, rows out: what the tests of ingest look at."""

import asyncio

from bot.db.database import Database
from bot.domain.arrival import Arrival
from bot.models import Channel, Gap, SignalRecord
from bot.services.ingest import IngestService
from tests.services.support import (
    CHANNEL,
    GUILD,
    NOW,
    key,
    message_id,
    running,
)

HELP = "How do I set up the welcome message?"


async def written(ingest: IngestService, *arrivals: Arrival) -> None:
    """Have the service take and commit `arrivals`."""
    for each in arrivals:
        ingest.offer(each)
    async with running(ingest.run), asyncio.timeout(20):
        await ingest.flushed()


async def row(database: Database, number: int) -> SignalRecord | None:
    async with database.reading() as tx:
        return await tx.signals.get(key(number))


async def channel(database: Database, channel_id: int = CHANNEL) -> Channel | None:
    async with database.reading() as tx:
        return await tx.channels.get(channel_id)


async def open_gaps(database: Database) -> list[tuple[int, int, int]]:
    async with database.reading() as tx:
        return [(gap.channel_id, gap.from_id, gap.to_id) for gap in await tx.gaps.list_open()]


def gap(from_number: int, to_number: int, channel_id: int = CHANNEL) -> Gap:
    return Gap(
        guild_id=GUILD,
        channel_id=channel_id,
        from_id=message_id(from_number),
        to_id=message_id(to_number),
        reason="missed",
        created_at=NOW,
    )
