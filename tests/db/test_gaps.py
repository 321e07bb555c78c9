from bot.db.database import Database
from bot.models import Gap
from tests.db.support import CHANNEL, GUILD, gap, later, see_guild, signal_row


async def open_gaps(database: Database, channel_id: int = CHANNEL) -> list[tuple[int, int]]:
    async with database.reading() as tx:
        assert await tx.gaps.count_open() == len(await tx.gaps.list_open())
        return [(row.from_id, row.to_id) for row in await tx.gaps.list_open() if row.channel_id == channel_id]


async def cursor(database: Database, channel_id: int = CHANNEL) -> int | None:
    async with database.reading() as tx:
        row = await tx.channels.get(channel_id)
    return row.cursor if row else None


async def open_gap(database: Database, from_id: int, to_id: int) -> Gap:
    async with database.transaction() as tx:
        return await tx.gaps.open(gap(from_id, to_id))


async def close(database: Database, row: Gap) -> None:
    async with database.transaction() as tx:
        await tx.gaps.close(row, later(1), "filled")


async def start(database: Database) -> None:
    """A channel that has been read up to 10."""
    await see_guild(database, CHANNEL, CHANNEL + 1)
    async with database.transaction() as tx:
        await tx.channels.advance_cursors([(CHANNEL, GUILD, None, 10)])


async def test_a_gap_that_touches_an_open_one_widens_it(database: Database) -> None:
    await start(database)
    first = await open_gap(database, 10, 20)
    again = await open_gap(database, 20, 30)
    inside = await open_gap(database, 12, 15)

    assert first.id == again.id == inside.id
    assert await open_gaps(database) == [(10, 30)]


async def test_gaps_apart_or_in_other_channels_stay_apart(database: Database) -> None:
    await start(database)
    await open_gap(database, 10, 20)
    await open_gap(database, 21, 30)
    async with database.transaction() as tx:
        await tx.gaps.open(gap(10, 20, CHANNEL + 1))

    assert await open_gaps(database) == [(10, 20), (21, 30)]
    assert await open_gaps(database, CHANNEL + 1) == [(10, 20)]


async def test_a_closed_gap_is_not_widened(database: Database) -> None:
    await start(database)
    first = await open_gap(database, 10, 20)
    await close(database, first)
    second = await open_gap(database, 20, 30)

    assert second.id != first.id
    assert await open_gaps(database) == [(20, 30)]


async def test_shrinking_notes_what_was_read_and_never_goes_back(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 10, 20)
    for from_id in (15, 12):
        async with database.transaction() as tx:
            await tx.gaps.shrink(row.id, from_id)

    assert await open_gaps(database) == [(15, 20)]
    assert await cursor(database) == 10


async def test_what_lies_below_a_gap_being_read_is_still_to_be_read(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 15, 20)
    await open_gap(database, 10, 17)
    async with database.transaction() as tx:
        await tx.gaps.shrink(row.id, 18)  # the reader began at 15
    await close(database, row)

    assert any(from_id <= 10 and to_id >= 15 for from_id, to_id in await open_gaps(database))
    assert await cursor(database) == 10


async def test_closing_the_only_gap_moves_the_cursor_to_its_end(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 10, 20)
    await close(database, row)

    assert await open_gaps(database) == []
    assert await cursor(database) == 20
    async with database.reading() as tx:
        [channel, _] = sorted(await tx.channels.list_of(GUILD), key=lambda channel: channel.id)
    assert channel.cursor == 20


async def test_closing_moves_the_cursor_only_with_the_last_gap(database: Database) -> None:
    await start(database)
    lower, upper = await open_gap(database, 10, 20), await open_gap(database, 25, 30)
    await close(database, upper)
    assert await cursor(database) == 10

    await close(database, lower)
    assert (await cursor(database) or 0) >= 20
    assert await open_gaps(database) == []


async def test_closing_never_moves_the_cursor_down(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 3, 8)
    await close(database, row)

    assert await cursor(database) == 10


async def test_a_gap_that_was_widened_while_it_was_read_stays_open(database: Database) -> None:
    await start(database)
    read = await open_gap(database, 10, 20)
    await open_gap(database, 18, 30)
    await close(database, read)  # what the reader knew of: up to 20

    [(from_id, to_id)] = await open_gaps(database)
    assert from_id <= 20
    assert to_id == 30
    assert await cursor(database) == 10


async def test_a_gap_shrunk_while_it_was_read_closes(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 10, 20)
    async with database.transaction() as tx:
        await tx.gaps.shrink(row.id, 15)
    await close(database, row)

    assert await open_gaps(database) == []


async def test_closing_again_keeps_the_first_outcome(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 10, 20)
    await close(database, row)
    async with database.transaction() as tx:
        await tx.gaps.close(row, later(9), "again")

    assert row.closed_at is None  # the caller's copy is left alone
    again = await open_gap(database, 10, 20)
    assert again.id != row.id


async def test_open_gaps_are_listed_oldest_first_up_to_the_limit(database: Database) -> None:
    await start(database)
    for from_id in (50, 10, 30):
        await open_gap(database, from_id, from_id + 5)

    async with database.reading() as tx:
        assert [row.from_id for row in await tx.gaps.list_open(limit=2)] == [50, 10]


async def test_closing_the_last_gap_takes_the_cursor_to_what_was_heard_meanwhile(database: Database) -> None:
    await start(database)
    row = await open_gap(database, 10, 20)
    async with database.transaction() as tx:
        await tx.signals.add_batch([signal_row(message_id=25)])
        await tx.channels.advance_cursors([(CHANNEL, GUILD, None, 25)])
    assert await cursor(database) == 10
    await close(database, row)

    assert await cursor(database) == 25
