"""Two servers with the same texts, names and people: what is asked of one never tells of the other."""

from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.signal import Intent, Stage
from bot.models import AutoReply, Watch
from tests.db.support import NOW, action, gap, later, signal_row, tombstone

A, B = 1_400_000_000_000_000_001, 1_400_000_000_000_000_002
GUILDS = (A, B)
FIRST_MESSAGE = 1_500_000_000_000_000_000
MEMBER, OTHER_MEMBER = 77, 78  # the same people in both


def place(guild_id: int) -> int:
    return guild_id + 1_000


def message(guild_id: int, number: int) -> int:
    """The id of the guild's `number`th message; those of the two guilds alternate."""
    return FIRST_MESSAGE + number * 2 + guild_id - A


def row(guild_id: int, number: int, **values: Any) -> dict[str, Any]:
    known = {
        "place_id": place(guild_id),
        "message_id": message(guild_id, number),
        "content": f"same {number}",
    }
    return signal_row(0, **known | {"guild_id": guild_id, "author_id": MEMBER} | values)


def signal_id(guild_id: int, number: int) -> str:
    return f"discord:{message(guild_id, number)}"


@pytest.fixture
async def both(database: Database) -> Database:
    """A database where the same happened in both guilds."""
    async with database.transaction() as tx:
        for guild_id in GUILDS:
            await tx.guilds.see(guild_id, "Same name", NOW)
            channel = {"id": place(guild_id), "guild_id": guild_id, "parent_id": None, "name": "general"}
            await tx.channels.see([channel])
            member = {"guild_id": guild_id, "user_id": MEMBER, "name": "Ada", "first_seen_at": NOW}
            await tx.members.see([member])
            help_request = {"intent": Intent.HELP_REQUEST, "stage": Stage.PLAN}
            await tx.signals.add_batch([row(guild_id, 0, **help_request), row(guild_id, 1), row(guild_id, 2)])
            await tx.actions.begin(action(0, signal_id=signal_id(guild_id, 0), guild_id=guild_id))
            await tx.gaps.open(gap(5, 9, place(guild_id), guild_id))
            await tx.kv.put(str(guild_id), "state", {"guild": guild_id})
    return database


async def test_settings(both: Database) -> None:
    async with both.transaction() as tx:
        await tx.guilds.change(A, {"auto_reply": AutoReply.OFF, "left_at": NOW, "name": "New"})
        other = await tx.guilds.get(B)
        assert other is not None
        assert (other.auto_reply, other.left_at, other.name) == (AutoReply.ON, None, "Same name")
        assert await tx.guilds.left_before(later(1)) == [A]


async def test_channels(both: Database) -> None:
    async with both.transaction() as tx:
        assert [channel.id for channel in await tx.channels.list_of(A)] == [place(A)]
        await tx.channels.change(place(A), {"watch": Watch.IGNORE, "tip": "Read #faq"})
        assert await tx.channels.reserve_reply(place(A), NOW, later(60))
        assert await tx.channels.claim_telling_owner(place(A), NOW)
        [other] = await tx.channels.list_of(B)
        found = (other.watch, other.tip, other.next_reply_at, other.owner_told_at)
        assert found == (Watch.DEFAULT, None, None, None)
        assert await tx.channels.reserve_reply(place(B), NOW, later(60))
        assert await tx.channels.claim_telling_owner(place(B), NOW)


async def test_cursors_and_gaps(both: Database) -> None:
    async with both.transaction() as tx:
        [gap_of_a] = [found for found in await tx.gaps.list_open() if found.guild_id == A]
        await tx.gaps.shrink(gap_of_a.id, 7)
        await tx.gaps.close(gap_of_a, NOW, "filled")
        await tx.channels.advance_cursors([(place(each), each, None, message(each, 50)) for each in GUILDS])
    async with both.reading() as tx:
        [left] = await tx.gaps.list_open()
        assert (left.guild_id, left.from_id, left.to_id) == (B, 5, 9)
        cursors = [[channel.cursor for channel in await tx.channels.list_of(guild_id)] for guild_id in GUILDS]
    assert cursors == [[message(A, 50)], [None]]


async def test_leaving(both: Database) -> None:
    async with both.transaction() as tx:
        await tx.channels.advance_cursors([(each + 5, each, None, message(each, 50)) for each in GUILDS])
        assert set(await tx.channels.begin_anew(A)) == {place(A), A + 5}
        await tx.gaps.close_guild(A, NOW, "left")
    async with both.reading() as tx:
        assert [found.guild_id for found in await tx.gaps.list_open()] == [B]
        cursors = [{channel.cursor for channel in await tx.channels.list_of(each)} for each in GUILDS]
    assert cursors == [{None}, {None, message(B, 50)}]


async def test_deleting_a_guild(both: Database) -> None:
    async with both.transaction() as tx:
        await tx.guilds.change(A, {"left_at": NOW})
        assert not await tx.guilds.delete_left(A, NOW)
        await tx.signals.delete(await tx.signals.ids_of_guilds([A]))
        await tx.actions.delete_of(A)
        assert await tx.guilds.delete_left(A, later(1))
        assert not await tx.guilds.delete_left(B, later(1))
    async with both.reading() as tx:
        assert await tx.channels.list_of(A) == []
        assert await tx.members.get(A, MEMBER) is None
        assert await tx.members.get(B, MEMBER) is not None
        assert [found.guild_id for found in await tx.gaps.list_open()] == [B]
        assert await tx.signals.ids_of_guilds(GUILDS) == [signal_id(B, number) for number in range(3)]
        assert await tx.actions.list_for(signal_id(A, 0)) == []
        assert await tx.actions.list_for(signal_id(B, 0)) != []


async def test_members(both: Database) -> None:
    async with both.transaction() as tx:
        assert await tx.members.reserve_reply(A, MEMBER, NOW, later(60))
        renamed = {"guild_id": A, "user_id": MEMBER, "name": "Ada of A", "first_seen_at": NOW}
        await tx.members.see([renamed])
        other = await tx.members.get(B, MEMBER)
        assert other is not None
        assert (other.name, other.next_reply_at) == ("Ada", None)
        assert await tx.members.reserve_reply(B, MEMBER, NOW, later(60))


async def test_messages_of_a_place(both: Database) -> None:
    async with both.transaction() as tx:
        for guild_id in GUILDS:
            assert {found.guild_id for found in await tx.signals.newest_in(place(guild_id), 10)} == {guild_id}
        await tx.signals.add_batch([row(B, 5, author_id=OTHER_MEMBER)])
        span = (message(A, 0), message(B, 9))
        assert not await tx.signals.others_wrote(place(A), MEMBER, *span)
        assert await tx.signals.others_wrote(place(B), MEMBER, *span)


async def test_what_a_member_asked_tells_its_guild(both: Database) -> None:
    async with both.reading() as tx:
        found = await tx.signals.flagged_by([MEMBER], NOW)

    assert sorted((record.guild_id or 0, record.place_id) for record in found) == [
        (A, place(A)),
        (B, place(B)),
    ]


async def test_edits_and_deletions(both: Database) -> None:
    async with both.transaction() as tx:
        edit = {"key": signal_id(A, 1), "content": "edited", "edited_at": later(1)}
        await tx.signals.edit_batch([edit])
        gone = tombstone(0, message_id=message(A, 0), place_id=place(A), guild_id=A)
        await tx.signals.erase_batch([gone], later(1))
        texts = [record.content for record in await tx.signals.newest_in(place(B), 10)]
        assert texts == ["same 2", "same 1", "same 0"]
        asked = await tx.signals.get(signal_id(B, 0))
        assert asked is not None
        assert asked.stage == Stage.PLAN


async def test_queue_and_actions(both: Database) -> None:
    async with both.transaction() as tx:
        [claimed] = await tx.queue.claim([signal_id(A, 0)], Stage.PLAN, NOW, later(60))
        assert claimed.guild_id == A
        assert await tx.queue.list_waiting(Stage.PLAN, NOW, 10) == [signal_id(B, 0)]
        assert await tx.queue.advance([signal_id(A, 0)], Stage.PLAN, {"stage": Stage.DONE})
        [of_a] = await tx.actions.list_for(signal_id(A, 0))
        assert await tx.actions.finish(of_a.id, {"status": "sent", "message_id": 9})
        [pending] = await tx.actions.list_pending()
        assert pending.guild_id == B
        assert [found.guild_id for found in await tx.actions.sent_as([9])] == [A]


async def test_values(both: Database) -> None:
    async with both.transaction() as tx:
        await tx.kv.put(str(A), "state", {"guild": "changed"})
        assert await tx.kv.get(str(B), "state") == {"guild": B}
