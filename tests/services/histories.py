"""A history that keeps Discord's rules, and what the tests of recovery look at."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from sqlmodel import col, select

from bot.db.database import Database
from bot.domain.arrival import Arrival
from bot.models import Gap
from bot.services.ingest import IngestService
from bot.services.recovery import UnreachableError, UnreadableError
from tests.services.support import (
    CHANNEL,
    FIRST,
    GUILD,
    NOW,
    arrival,
    eventually,
    message_id,
)

BOT = -1  # stands in a history for a message that no member wrote


class FakeHistory:
    """Channels' histories as Discord tells them: pages of any author's messages, as they are now."""

    def __init__(self) -> None:
        self.channels: dict[int, dict[int, Arrival | int]] = {}
        self.unreadable: set[int] = set()
        self.broken: set[int] = set()
        self.unreachable = 0  # calls that get no answer
        self.calls: list[tuple[int, int]] = []
        self.before_page: Callable[[], None] = lambda: None

    def say(self, *numbers: int, channel_id: int = CHANNEL, text: str = "hello", **values: Any) -> None:
        for number in numbers:
            self.channels.setdefault(channel_id, {})[message_id(number)] = arrival(
                number, text, channel_id=channel_id, backfilled=True, **values
            )

    async def after(self, place_id: int, message_id: int, limit: int) -> tuple[Sequence[Arrival], int | None]:
        self.calls.append((place_id, message_id))
        await asyncio.sleep(0)
        if self.unreachable:
            self.unreachable -= 1
            raise UnreachableError("no answer")
        if place_id in self.unreadable:
            raise UnreadableError("not readable: Missing Access")
        if place_id in self.broken:
            raise RuntimeError("a bug")
        self.before_page()
        messages = self.channels.get(place_id, {})
        page = sorted(each for each in messages if each > message_id)[:limit]
        said = [messages[each] for each in page]
        return [each for each in said if isinstance(each, Arrival)], page[-1] if len(page) == limit else None


async def gaps(database: Database) -> list[Gap]:
    async with database.reading() as tx:
        return list(await tx.gaps.list_open())


async def all_closed(database: Database) -> None:
    """Wait until a gap has been opened and none is open any more."""

    async def closed() -> bool:
        return bool(await told_of(database)) and await gaps(database) == []

    await eventually(closed)


async def numbers(database: Database, channel_id: int = CHANNEL) -> list[int]:
    async with database.reading() as tx:
        return sorted(each - FIRST for each in await tx.signals.ids_between(channel_id, 0, 2**62))


async def cursor(database: Database, channel_id: int = CHANNEL) -> int | None:
    async with database.reading() as tx:
        channel = await tx.channels.get(channel_id)
    return channel.cursor if channel else None


async def wait_for_gap(database: Database, count: int = 1) -> None:
    async def there() -> bool:
        return len(await gaps(database)) == count

    await eventually(there)


def gap_of(from_number: int, to_number: int, channel_id: int = CHANNEL) -> Gap:
    return Gap(
        guild_id=GUILD,
        channel_id=channel_id,
        from_id=message_id(from_number),
        to_id=message_id(to_number),
        reason="missed",
        created_at=NOW,
    )


async def read_up_to(ingest: IngestService, database: Database, number: int) -> None:
    """Have the channel's cursor stand at the `number`th message."""
    ingest.note_cursor(GUILD, CHANNEL, message_id(number))

    async def there() -> bool:
        return await cursor(database) == message_id(number)

    await eventually(there)


async def open_gap(database: Database, from_number: int, to_number: int, channel_id: int = CHANNEL) -> None:
    """Have a gap open from the start, as one that a restart left."""
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
        await tx.channels.advance_cursors([(channel_id, GUILD, None, message_id(from_number))])
        await tx.gaps.open(gap_of(from_number, to_number, channel_id))


async def told_of(database: Database) -> list[str]:
    """Return the outcomes of the closed gaps."""
    async with database.reading() as tx:
        session = tx.gaps._session
        return list((await session.exec(select(Gap.outcome).where(col(Gap.closed_at).is_not(None)))).all())
