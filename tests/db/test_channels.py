import asyncio
from typing import Any

from bot.db.database import Database
from bot.models import Channel, Watch
from tests.db.support import CHANNEL, GUILD, MEMBER, NOW, gap, later, see_guild

THREAD = CHANNEL + 50


async def channel(database: Database, channel_id: int = CHANNEL) -> Channel:
    async with database.reading() as tx:
        row = await tx.channels.get(channel_id)
    assert row is not None
    return row


async def advance(database: Database, message_id: int, channel_id: int = CHANNEL) -> int | None:
    """Move the cursor and return where it is then."""
    async with database.transaction() as tx:
        await tx.channels.advance_cursors([(channel_id, GUILD, None, message_id)])
    return (await channel(database, channel_id)).cursor


async def test_seeing_a_channel_again_renames_it_and_keeps_the_owners_choices(database: Database) -> None:
    await see_guild(database, CHANNEL, CHANNEL + 1)
    chosen: dict[str, Any] = {"watch": Watch.IGNORE, "tip": "Read #faq", "cursor": 5}
    async with database.transaction() as tx:
        await tx.channels.change(CHANNEL, chosen)
        await tx.channels.see([])
        await tx.channels.see([{"id": CHANNEL, "guild_id": GUILD, "parent_id": 9, "name": "new"}])

    row = await channel(database)
    assert (row.name, row.parent_id) == ("new", 9)
    assert {name: getattr(row, name) for name in chosen} == chosen
    assert (await channel(database, CHANNEL + 1)).watch == Watch.DEFAULT


async def test_a_channel_never_seen_is_none(database: Database) -> None:
    async with database.reading() as tx:
        assert await tx.channels.get(CHANNEL) is None


async def test_the_cursor_only_moves_up(database: Database) -> None:
    await see_guild(database, CHANNEL)

    assert [await advance(database, id_) for id_ in (2**60 + 5, 2**60 + 4, 2**60 + 6)] == [
        2**60 + 5,
        2**60 + 5,
        2**60 + 6,
    ]


async def test_the_cursor_of_an_unseen_thread_starts_with_its_first_message(database: Database) -> None:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        await tx.channels.advance_cursors([(THREAD, GUILD, CHANNEL, 7), (THREAD, GUILD, CHANNEL, 9)])

    row = await channel(database, THREAD)
    assert (row.cursor, row.parent_id, row.guild_id) == (9, CHANNEL, GUILD)


async def test_the_cursor_never_moves_past_an_open_gap(database: Database) -> None:
    await see_guild(database, CHANNEL, CHANNEL + 1)
    await advance(database, 10)
    async with database.transaction() as tx:
        await tx.gaps.open(gap(10, 20))

    assert await advance(database, 30) == 10
    assert await advance(database, 30, CHANNEL + 1) == 30


async def test_the_cursor_of_an_unseen_thread_does_not_start_past_an_open_gap(database: Database) -> None:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        await tx.gaps.open(gap(10, 20, THREAD))

    assert await advance(database, 30, THREAD) is None


async def reserve(database: Database, now: float, until: float, channel_id: int = CHANNEL) -> bool:
    async with database.transaction() as tx:
        return await tx.channels.reserve_reply(channel_id, later(now), later(until))


async def test_a_channels_turn_is_taken_until_its_time(database: Database) -> None:
    await see_guild(database, CHANNEL, CHANNEL + 1)

    assert await reserve(database, 0, 30)
    assert not await reserve(database, 29, 60)
    assert await reserve(database, 29, 60, CHANNEL + 1)
    assert await reserve(database, 30, 60)


async def test_of_concurrent_reservations_exactly_one_gets_the_turn(database: Database) -> None:
    await see_guild(database, CHANNEL)

    for turn in range(12):
        times = (turn * 30, turn * 30 + 30)
        assert (await asyncio.gather(*(reserve(database, *times) for _ in range(4)))).count(True) == 1


async def test_the_owner_is_told_once_per_channel(database: Database) -> None:
    await see_guild(database, CHANNEL, CHANNEL + 1)

    async def claim(channel_id: int) -> bool:
        async with database.transaction() as tx:
            return await tx.channels.claim_telling_owner(channel_id, NOW)

    assert (await asyncio.gather(*(claim(CHANNEL) for _ in range(4)))).count(True) == 1
    assert await claim(CHANNEL + 1)
    assert not await claim(CHANNEL)
    assert (await channel(database)).owner_told_at == NOW


async def test_seeing_a_member_again_renames_them_and_keeps_the_rest(database: Database) -> None:
    await see_guild(database)
    row = {"guild_id": GUILD, "user_id": MEMBER, "name": "Ada", "first_seen_at": NOW}
    async with database.transaction() as tx:
        await tx.members.see([])
        await tx.members.see([row, row | {"user_id": MEMBER + 1}])
        assert await tx.members.reserve_reply(GUILD, MEMBER, NOW, later(60))
        await tx.members.see([row | {"name": "Ada L.", "first_seen_at": later(9)}])
        member = await tx.members.get(GUILD, MEMBER)

    assert member is not None
    assert (member.name, member.first_seen_at, member.next_reply_at) == ("Ada L.", NOW, later(60))


async def test_of_concurrent_reservations_of_a_member_exactly_one_wins(database: Database) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        await tx.members.see([{"guild_id": GUILD, "user_id": MEMBER, "name": "Ada", "first_seen_at": NOW}])

    async def take(turn: int) -> bool:
        async with database.transaction() as tx:
            return await tx.members.reserve_reply(GUILD, MEMBER, later(turn * 30), later(turn * 30 + 30))

    for turn in range(12):
        assert (await asyncio.gather(*(take(turn) for _ in range(4)))).count(True) == 1
    async with database.transaction() as tx:
        assert await tx.members.reserve_reply(GUILD, MEMBER + 1, NOW, later(1))  # never seen, so free
        assert not await tx.members.reserve_reply(GUILD, MEMBER + 1, NOW, later(1))


async def test_a_channel_nobody_told_of_can_be_claimed_once(database: Database) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        assert await tx.channels.reserve_reply(CHANNEL, NOW, later(60), GUILD)
        assert not await tx.channels.reserve_reply(CHANNEL, NOW, later(60), GUILD)
        assert await tx.channels.claim_telling_owner(CHANNEL, NOW, GUILD)
        assert not await tx.channels.claim_telling_owner(CHANNEL, NOW, GUILD)
        assert await tx.channels.claim_telling_owner(CHANNEL + 1, NOW, GUILD)
