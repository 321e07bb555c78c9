from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database
from bot.db.signals import ERASED
from bot.domain.signal import Intent, Stage, Status
from tests.db.support import CHANNEL, GUILD, MEMBER, MESSAGE, NOW, later, signal_row, store, stored, tombstone

FULL: dict[str, Any] = {
    "attachments": [{"filename": "a.png", "size": 12, "url": "https://x.test/a"}],
    "embeds": [{"title": "T", "description": "ü\U0001f600"}],
    "mentions": ["user:1", "everyone"],
    "rationale": "asks how",
}


async def test_a_message_is_stored_once_within_a_batch_and_across_batches(database: Database) -> None:
    await store(database, signal_row(0, content="first"), signal_row(0, content="again"), signal_row(1))
    await store(database, signal_row(0, content="late"), signal_row(2))

    async with database.reading() as tx:
        assert await tx.signals.count() == 3
    assert (await stored(database, 0)).content == "first"


async def test_empty_batches_change_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.signals.add_batch([])
        await tx.signals.edit_batch([])
        await tx.signals.erase_batch([], NOW)
        assert await tx.signals.count() == 0


async def test_a_row_comes_back_as_it_was_stored(database: Database) -> None:
    row = signal_row(0, message_id=2**63 - 1, thread_id=2**53 + 1, reply_to_id=2**62 + 1, **FULL)
    row |= {"created_at": NOW, "ingested_at": later(0.5)}
    await store(database, row)

    async with database.reading() as tx:
        record = await tx.signals.get(f"discord:{2**63 - 1}")
    assert record is not None
    assert {name: getattr(record, name) for name in row} == row


@pytest.mark.parametrize(
    "content", ["\U0001f600" * 2_000, "\u202eמה קורה\u202c", "tab\tnewline\n\r", "e\u0301"]
)
async def test_any_text_is_kept_letter_by_letter(database: Database, content: str) -> None:
    await store(database, signal_row(0, content=content))

    assert (await stored(database)).content == content


async def test_what_a_row_leaves_out_has_the_defaults_of_the_table(database: Database) -> None:
    await store(database, tombstone(0))

    record = await stored(database)
    assert (record.stage, record.status, record.intent) == (Stage.DONE, Status.PENDING, Intent.OTHER)
    assert (record.attempts, record.backfilled, record.language) == (0, False, "und")


async def test_none_in_a_json_column_is_null_for_sql_too(database: Database, engine: AsyncEngine) -> None:
    await store(database, signal_row(0, attachments=None, mentions=[]))

    async with engine.connect() as connection:
        query = "SELECT attachments IS NULL, embeds IS NULL, mentions IS NULL FROM signals"
        row = (await connection.execute(text(query))).one()
    assert [bool(is_null) for is_null in row] == [True, True, False]
    assert (await stored(database)).mentions == []


async def test_times_are_aware_and_utc_whatever_zone_they_came_in(database: Database) -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    await store(database, signal_row(0, created_at=elsewhere))

    created_at = (await stored(database)).created_at
    assert created_at == NOW
    assert created_at.utcoffset() == timedelta(0)


async def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        await store(database, signal_row(0, created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


async def test_a_deletion_leaves_nothing_of_the_text_and_a_late_create_brings_none_back(
    database: Database,
) -> None:
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], NOW)
    await store(database, signal_row(0, **FULL))

    record = await stored(database)
    assert {name: getattr(record, name) for name in ERASED} == ERASED
    assert record.deleted_at == NOW
    assert record.stage == Stage.DONE


async def test_erasing_clears_every_column_with_text_and_nothing_else_of_the_place(
    database: Database,
) -> None:
    await store(database, signal_row(0, **FULL), signal_row(1, **FULL))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], later(5))

    record = await stored(database, 0)
    left = {name: getattr(record, name) for name in ("content", "author_name", "rationale")}
    assert left == {"content": "", "author_name": "", "rationale": ""}
    assert (record.attachments, record.embeds, record.mentions) == (None, None, None)
    assert (record.guild_id, record.author_id, record.deleted_at) == (GUILD, MEMBER, later(5))
    assert (await stored(database, 1)).content == "text 1"


@pytest.mark.parametrize("stage", [Stage.OBSERVE, Stage.PLAN])
async def test_erasing_finishes_an_unfinished_signal_as_skipped(database: Database, stage: Stage) -> None:
    await store(database, signal_row(0, stage=stage))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], later(5))

    record = await stored(database)
    assert (record.stage, record.status, record.reason) == (Stage.DONE, Status.SKIPPED, "message deleted")
    assert record.finished_at == later(5)


async def test_erasing_leaves_a_signal_to_who_carries_out_its_actions(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.ACT))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], later(5))
        await tx.signals.erase_place(CHANNEL, later(6))

    record = await stored(database)
    assert (record.stage, record.status, record.content) == (Stage.ACT, Status.PENDING, "")


async def test_erasing_leaves_the_outcome_of_a_finished_signal(database: Database) -> None:
    await store(database, signal_row(0, status=Status.RESPONDED, finished_at=later(1)))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0), tombstone(0)], later(5))

    record = await stored(database)
    assert (record.status, record.finished_at, record.content) == (Status.RESPONDED, later(1), "")


def edit(number: int, content: str, edited_at: datetime) -> dict[str, Any]:
    return {"key": f"discord:{MESSAGE + number}", "edited_at": edited_at, "content": content}


async def test_an_edit_replaces_the_text_of_its_message_only(database: Database) -> None:
    await store(database, signal_row(0), signal_row(1))
    async with database.transaction() as tx:
        await tx.signals.edit_batch([edit(0, "new", later(1)) | {"mentions": ["user:1"], "embeds": None}])

    record = await stored(database, 0)
    assert (record.content, record.mentions, record.embeds) == ("new", ["user:1"], None)
    assert record.edited_at == later(1)
    assert (await stored(database, 1)).content == "text 1"


async def test_an_older_edit_does_not_undo_a_newer_one(database: Database) -> None:
    await store(database, signal_row(0))
    async with database.transaction() as tx:
        await tx.signals.edit_batch([edit(0, "newest", later(2)), edit(0, "older", later(1))])
    async with database.transaction() as tx:
        await tx.signals.edit_batch([edit(0, "oldest", later(0))])

    assert (await stored(database)).content == "newest"


async def test_an_edit_does_not_bring_back_a_deleted_text(database: Database) -> None:
    await store(database, signal_row(0))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], later(1))
        await tx.signals.edit_batch([edit(0, "back", later(2))])

    assert (await stored(database)).content == ""


async def test_an_edit_of_an_unknown_message_stores_nothing(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.signals.edit_batch([edit(0, "new", later(1))])
        assert await tx.signals.count() == 0


async def test_flagged_by_finds_what_members_asked_lately_newest_first(database: Database) -> None:
    asks, reports = {"intent": Intent.HELP_REQUEST}, {"intent": Intent.PROBLEM_REPORT}
    await store(
        database,
        signal_row(0, **asks),
        signal_row(1, **reports, created_at=later(1)),
        signal_row(2, created_at=later(2)),
        signal_row(3, **asks, author_id=MEMBER + 1),
        signal_row(4, **asks, author_id=MEMBER + 2),
        signal_row(5, **asks, created_at=later(-1)),
        signal_row(6, **asks, created_at=later(3)),
    )
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(6)], NOW)
        found = await tx.signals.flagged_by([MEMBER, MEMBER + 1], NOW)
        assert await tx.signals.flagged_by([MEMBER], NOW, limit=1) == found[:1]
        assert await tx.signals.flagged_by([], NOW) == []

    assert found[0].message_id == MESSAGE + 1
    assert {row.message_id - MESSAGE for row in found} == {0, 1, 3}


async def test_others_wrote_looks_strictly_between_two_messages_of_one_place(database: Database) -> None:
    other = {"author_id": MEMBER + 1}
    await store(
        database,
        signal_row(0, **other),
        signal_row(1),
        signal_row(2, place_id=CHANNEL + 1, **other),
        signal_row(4, **other),
    )

    async with database.reading() as tx:
        asked = {
            "nobody": await tx.signals.others_wrote(CHANNEL, MEMBER, MESSAGE, MESSAGE + 4),
            "before": await tx.signals.others_wrote(CHANNEL, MEMBER, MESSAGE - 1, MESSAGE + 4),
            "after": await tx.signals.others_wrote(CHANNEL, MEMBER, MESSAGE, MESSAGE + 5),
            "by another": await tx.signals.others_wrote(CHANNEL, MEMBER + 1, MESSAGE, MESSAGE + 4),
        }
    assert asked == {"nobody": False, "before": True, "after": True, "by another": True}


async def test_others_wrote_does_not_count_erased_messages(database: Database) -> None:
    await store(database, signal_row(1, author_id=MEMBER + 1))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(1)], NOW)
        assert not await tx.signals.others_wrote(CHANNEL, MEMBER, MESSAGE, MESSAGE + 4)


async def test_authors_of_stored_messages(database: Database) -> None:
    await store(database, signal_row(0))

    async with database.reading() as tx:
        known, unknown = f"discord:{MESSAGE}", f"irc:{MESSAGE}"
        assert await tx.signals.authors_of([known, unknown]) == {known: MEMBER}
        assert await tx.signals.authors_of([]) == {}


async def test_newest_in_a_place_without_the_erased(database: Database) -> None:
    await store(database, *(signal_row(number) for number in range(5)), signal_row(9, place_id=CHANNEL + 1))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(3)], NOW)
        newest = await tx.signals.newest_in(CHANNEL, 3)

    assert [row.message_id - MESSAGE for row in newest] == [4, 2, 1]


async def test_purge_deletes_old_finished_signals_in_chunks_and_nothing_else(database: Database) -> None:
    old = [signal_row(number, created_at=later(-1)) for number in range(5)]
    unfinished = signal_row(7, created_at=later(-100), stage=Stage.ACT)
    await store(database, *old, unfinished, signal_row(8, created_at=NOW))

    deleted = []
    for _ in range(4):
        async with database.transaction() as tx:
            deleted.append(await tx.signals.purge(NOW, limit=2))
    assert deleted == [2, 2, 1, 0]
    async with database.reading() as tx:
        assert {row.message_id - MESSAGE for row in await tx.signals.newest_in(CHANNEL, 10)} == {7, 8}


async def test_purge_takes_the_oldest_first(database: Database) -> None:
    await store(database, *(signal_row(number, created_at=later(number - 9)) for number in (2, 0, 1)))
    async with database.transaction() as tx:
        await tx.signals.purge(NOW, limit=1)
        assert await tx.signals.get(f"discord:{MESSAGE}") is None
        assert await tx.signals.count() == 2
