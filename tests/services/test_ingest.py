from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.signal import Intent, Judgement, Stage
from bot.services.arrival_rows import Unjudged, slices
from bot.services.ingest import IngestService
from tests.services.ingesting import HELP, channel, gap, open_gaps, row, written
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    OTHER_CHANNEL,
    arrival,
    deletion,
    key,
    message_id,
)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], []),
        ([10] * 70, [32, 32, 6]),
        ([2_000] * 9, [4, 4, 1]),
        ([8_000, 1, 9_000, 1], [1, 1, 1, 1]),
        ([4_000, 4_000, 1], [2, 1]),
        ([0] * 33, [32, 1]),
    ],
    ids=["none", "short", "long", "huge", "just-full", "empty"],
)
def test_a_slice_is_bounded_by_messages_and_by_characters(lengths: list[int], expected: list[int]) -> None:
    arrivals = [arrival(number, "👍" * length) for number, length in enumerate(lengths)]
    parts = list(slices(arrivals, 32))
    assert [len(part) for part in parts] == expected
    assert [each for part in parts for each in part] == arrivals


async def test_no_more_is_judged_at_once_than_a_slice(
    ingest: IngestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []

    def classify(texts: Sequence[str]) -> list[Judgement]:
        judged.append(sum(map(len, texts)))
        return Unjudged().classify(texts)

    monkeypatch.setattr(ingest._classifier, "classify", classify)
    await written(ingest, *(arrival(number, "👍" * 2_000) for number in range(10)))
    assert judged == [8_000, 8_000, 4_000]


class TestStoring:
    async def test_a_message_is_stored_with_its_author_and_cursor(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, "good morning", reply_to_id=5, mentions=["everyone"]))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.content, stored.author_name, stored.author_id) == ("good morning", "Ada", MEMBER)
        assert (stored.reply_to_id, stored.mentions) == (5, ["everyone"])
        assert (stored.created_at, stored.ingested_at) == (NOW, NOW)
        async with database.reading() as tx:
            member = await tx.members.get(GUILD, MEMBER)
        assert member is not None
        assert member.name == "Ada"
        seen = await channel(database)
        assert seen is not None
        assert seen.cursor == ingest.cursors[CHANNEL] == message_id(0)

    async def test_what_asks_goes_on_and_chatter_does_not(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0), arrival(1, HELP))
        assert [each.id for each in await bus.take(Stage.OBSERVE, 9, 0)] == [key(1)]
        chatter, asked = await row(database, 0), await row(database, 1)
        assert chatter is not None
        assert asked is not None
        assert (chatter.stage, chatter.status, chatter.reason) == ("done", "skipped", "nothing asked")
        assert (asked.stage, asked.status, asked.intent) == ("observe", "pending", Intent.HELP_REQUEST)

    async def test_members_with_an_ignored_role_are_stored_and_not_answered(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0, HELP, muted=True))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.stage, stored.reason) == ("done", "author has an ignored role")
        assert bus.depth(Stage.OBSERVE) == 0

    async def test_a_reply_to_the_bot_goes_on_whatever_it_says(
        self, ingest: IngestService, bus: MemoryBus
    ) -> None:
        await written(ingest, arrival(0, "version 3", reply_to_id=5, to_bot=True))
        assert bus.depth(Stage.OBSERVE) == 1

    async def test_a_message_in_a_thread_belongs_to_both(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, thread_id=OTHER_CHANNEL))
        stored, thread = await row(database, 0), await channel(database, OTHER_CHANNEL)
        assert stored is not None
        assert thread is not None
        assert (stored.channel_id, stored.place_id) == (CHANNEL, OTHER_CHANNEL)
        assert (thread.parent_id, thread.cursor) == (CHANNEL, message_id(0))
        assert await channel(database) is None

    async def test_a_direct_message_has_no_guild_member_or_cursor(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, guild_id=None))
        assert await row(database, 0) is not None
        assert await channel(database) is None

    async def test_secrets_and_what_no_database_stores_are_taken_out(
        self, ingest: IngestService, database: Database
    ) -> None:
        token = "ghp_" + "a1B2" * 9
        await written(ingest, arrival(0, f"my token is {token}\0 \ud800 ö", author_name="é\0" + "x" * 200))
        stored = await row(database, 0)
        assert stored is not None
        assert token not in stored.content
        assert "\0" not in stored.content
        assert stored.content.endswith("? ö")
        assert stored.author_name == "é" + "x" * 99

    async def test_members_are_stored_again_once_too_many_are_remembered(
        self, ingest: IngestService, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bot.services.ingest.KNOWN_MEMBERS", 1)
        for number, name in enumerate(["Ada", "Grace", "Mary"]):
            await written(ingest, arrival(number, author_id=MEMBER + number, author_name=name))
        await written(ingest, arrival(9, author_name="Ada L."))
        async with database.reading() as tx:
            member = await tx.members.get(GUILD, MEMBER)
        assert member is not None
        assert member.name == "Ada L."

    async def test_more_than_a_batch_is_stored_in_order(
        self, ingest: IngestService, database: Database, bus: MemoryBus
    ) -> None:
        await written(ingest, *(arrival(number, HELP) for number in range(50)))
        assert [each.id for each in await bus.take(Stage.OBSERVE, 99, 0)] == [key(n) for n in range(50)]
        assert ingest.depth == 0

    async def test_the_same_message_twice_is_stored_once(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, "first"))
        await written(ingest, arrival(0, "second", backfilled=True))
        stored = await row(database, 0)
        assert stored is not None
        assert stored.content == "first"
        async with database.reading() as tx:
            assert await tx.signals.count() == 1


def edit(number: int, content: str, seconds: int) -> Arrival:
    return arrival(number, content, change=Change.EDIT, edited_at=NOW + timedelta(seconds=seconds))


class TestOrder:
    @pytest.mark.parametrize(
        ("events", "text", "deleted"),
        [
            ([arrival(0, "a"), edit(0, "b", 1)], "b", False),
            ([arrival(0, "a"), edit(0, "b", 1), edit(0, "c", 2)], "c", False),
            ([arrival(0, "a"), edit(0, "c", 2), edit(0, "b", 1)], "c", False),
            ([edit(0, "b", 1), arrival(0, "a")], "b", False),
            ([arrival(0, "a"), deletion(0)], "", True),
            ([deletion(0), arrival(0, "a")], "", True),
            ([arrival(0, "a"), deletion(0), edit(0, "b", 1)], "", True),
            ([deletion(0), edit(0, "b", 1)], "", True),
            ([arrival(0, "a"), deletion(0), deletion(0)], "", True),
            ([arrival(0, "a"), arrival(0, "", change=Change.CLEAR, message_id=0)], "", True),
        ],
        ids=[
            "edited", "edited twice", "edits swapped", "edited before it was heard of", "deleted",
            "deleted before it was heard of", "edited after deletion", "unknown, deleted, edited",
            "deleted twice", "channel deleted",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("at_once", [True, False], ids=["one batch", "a batch each"])
    async def test_what_happened_last_is_what_stays(
        self,
        ingest: IngestService,
        database: Database,
        events: list[Arrival],
        text: str,
        deleted: bool,
        at_once: bool,
    ) -> None:
        if at_once:
            await written(ingest, *events)
        else:
            for event in events:
                await written(ingest, event)
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.content, stored.deleted_at is not None) == (text, deleted)

    async def test_a_deleted_question_is_not_worked_on(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0, HELP))
        await written(ingest, deletion(0))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.stage, stored.reason) == ("done", "message deleted")

    async def test_an_edit_keeps_its_place_on_the_road(
        self, ingest: IngestService, database: Database
    ) -> None:
        await written(ingest, arrival(0))
        await written(ingest, edit(0, HELP, 5))
        stored = await row(database, 0)
        assert stored is not None
        assert (stored.intent, stored.stage) == (Intent.HELP_REQUEST, "done")

    async def test_a_deleted_channel_takes_its_threads_and_gaps_along(
        self, ingest: IngestService, database: Database
    ) -> None:
        ingest.note_gap(gap(5, 9))
        clear = Arrival(Change.CLEAR, GUILD, CHANNEL, None, 0)
        await written(ingest, arrival(0), arrival(1, thread_id=OTHER_CHANNEL))
        await written(ingest, clear)
        rows = [await row(database, number) for number in (0, 1)]
        assert all(each is not None and each.deleted_at == NOW for each in rows)
        assert await open_gaps(database) == []
