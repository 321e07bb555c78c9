"""Summaries as both databases keep them."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot.db.database import Database
from bot.domain.summaries import Topic
from bot.models import (
    NoteKind,
    SummaryFeedback,
    SummaryKind,
    SummaryNote,
)
from bot.models.summary import topic_of
from tests.db.summary_rows import DATE, TOPIC, summary, summary_part, summary_source, summary_topic
from tests.db.support import CHANNEL, GUILD, MESSAGE, NOW, later, see_guild, signal_row, store, tombstone


async def added(database: Database, **values: Any) -> int:
    sources = [summary_source(0), summary_source(1, 7), summary_source(2)]
    async with database.transaction() as tx:
        rows = [summary_topic(), summary_topic(position=1)]
        made = await tx.summaries.add(summary(**values), rows, sources)
    assert made is not None
    return made.id


async def topics(database: Database, summary_id: int) -> list[Topic]:
    async with database.reading() as tx:
        rows = await tx.summaries.topics(summary_id)
    return [topic_of(each.title, each.claims, each.message_ids) for each in rows]


async def test_a_guild_has_one_summary_of_a_kind_and_date(database: Database) -> None:
    await see_guild(database, CHANNEL)
    id_ = await added(database)
    async with database.transaction() as tx:
        assert await tx.summaries.add(summary(), [summary_topic()], []) is None
        asked = [await tx.summaries.add(summary(kind="asked", local_date=None), [], []) for _ in range(2)]
        assert all(asked)
        found = await tx.summaries.of_date(GUILD, SummaryKind.DAILY, DATE)
        assert found is not None
        assert found.id == id_
        newest = await tx.summaries.newest(GUILD, None, 2)
        assert [each.local_date for each in newest] == [None, None]
        assert [each.id for each in await tx.summaries.newest(GUILD, newest[-1].id, 2)] == [id_]
    assert await topics(database, id_) == [TOPIC, TOPIC]


async def test_deleted_messages_are_taken_out_of_what_rests_on_them(database: Database) -> None:
    await see_guild(database, CHANNEL)
    id_, other = await added(database), await added(database, local_date=None)
    async with database.transaction() as tx:
        await tx.summaries.mark_posted(id_, CHANNEL, 5, NOW)
        await tx.signals.erase_batch([tombstone(1), tombstone(8)], NOW)
    for each in await topics(database, id_) + await topics(database, other):
        assert (each.title, each.sentences) == ("b", TOPIC.sentences[1:])
    async with database.transaction() as tx:
        assert [each.id for each in await tx.summaries.stale(5)] == [id_]
        assert [each.removed for each in await tx.summaries.topics(id_)] == [1, 1]
        assert [each.message_id for each in await tx.summaries.sources(id_)] == [MESSAGE, MESSAGE + 2]
        assert await tx.summary_texts.forget_messages([(GUILD, MESSAGE + 1)]) == 0
        await tx.summaries.mark_fresh(id_)
        assert await tx.summaries.stale(5) == []


@pytest.mark.parametrize(
    ("edit", "is_taken_out"),
    [
        ({"content": "another text"}, True),
        ({"content": "text 1"}, False),
        ({"content": "another text", "edited_at": NOW - timedelta(seconds=2)}, False),
    ],
    ids=["other words", "the same words", "older than what is known"],
)
async def test_edited_messages_are_taken_out_of_what_rests_on_them(
    database: Database, edit: dict[str, Any], is_taken_out: bool
) -> None:
    await see_guild(database, CHANNEL)
    await store(database, *(signal_row(n, edited_at=NOW) for n in range(4)))
    id_ = await added(database)
    async with database.transaction() as tx:
        await tx.summaries.mark_posted(id_, CHANNEL, 5, NOW)
        await tx.summary_parts.keep(summary_part("of it", 0, 2))
        await tx.summary_parts.keep(summary_part("of others", 5, 9))
        rows = [{"edited_at": later(9)} | edit | {"key": f"discord:{MESSAGE + n}"} for n in (1, 3)]
        await tx.signals.edit_batch(rows)
    left = TOPIC.sentences[1:] if is_taken_out else TOPIC.sentences
    assert {each.sentences for each in await topics(database, id_)} == {left}
    async with database.transaction() as tx:
        assert [each.id for each in await tx.summaries.stale(5)] == [id_] * is_taken_out
        assert (await tx.summary_parts.get(GUILD, "of it") is None) is is_taken_out
        assert await tx.summary_parts.get(GUILD, "of others") is not None


async def test_a_part_goes_with_any_message_it_may_rest_on(database: Database) -> None:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        for each in (
            summary_part("a", 0, 4),
            summary_part("b", 5, 9),
            summary_part("c", 3, 7, created_at=later(9)),
        ):
            await tx.summary_parts.keep(each)
            await tx.summary_parts.keep(each)
        assert await tx.summary_parts.get(GUILD + 1, "a") is None
        await tx.summary_parts.forget_messages(GUILD + 1, [MESSAGE])
        assert await tx.summary_parts.count(GUILD) == 3
        await tx.signals.erase_batch([tombstone(2)], NOW)
        assert await tx.summary_parts.get(GUILD, "a") is None
        assert await tx.summary_parts.purge(later(5)) == 1
        assert await tx.summary_parts.count(GUILD) == 1
        await tx.signals.erase_place(CHANNEL, NOW)
        assert await tx.summary_parts.count(GUILD) == 0


async def test_a_deleted_channel_takes_its_threads_along(database: Database) -> None:
    await see_guild(database, CHANNEL, CHANNEL + 9)
    async with database.transaction() as tx:
        thread = {"id": CHANNEL + 1, "guild_id": GUILD, "parent_id": CHANNEL, "name": "thread"}
        await tx.channels.see([thread])
        places = [str(CHANNEL + each) for each in (0, 1, 9)]
        sources = [summary_source(0), summary_source(1, place_id=CHANNEL + 1)]
        made = await tx.summaries.add(summary(place_ids=places), [summary_topic()], sources)
        assert made is not None
        await tx.signals.erase_place(CHANNEL, NOW)
        found = await tx.summaries.get(made.id)
        assert found is not None
        assert found.place_ids == [str(CHANNEL + 9)]
    [left] = await topics(database, made.id)
    assert left.sentences == TOPIC.sentences[1:]


async def test_a_member_is_taken_out_of_one_guild_alone(database: Database) -> None:
    await see_guild(database, CHANNEL)
    await see_guild(database, guild_id=GUILD + 1)
    id_, elsewhere = await added(database), await added(database, guild_id=GUILD + 1)
    mine = await added(database, local_date=None, reader_id=7)
    async with database.transaction() as tx:
        await tx.summaries.rate(SummaryFeedback(summary_id=id_, user_id=7, helpful=True, created_at=NOW))
        note = SummaryNote(summary_id=id_, kind=NoteKind.REPORT, user_id=7, text="no", created_at=NOW)
        await tx.summaries.note(note)
        await tx.summary_parts.keep(summary_part())
        await tx.summary_texts.forget_said(GUILD, 7)
        assert await tx.summary_texts.made_for(GUILD, 7) == [mine]
        await tx.summary_texts.drop([mine])
        for summary_id, gone in (await tx.summary_texts.resting_on(GUILD, 7)).items():
            await tx.summary_texts.redact(summary_id, gone)
        assert await tx.summaries.thumbs(id_) == (0, 0)
        assert await tx.summaries.notes(id_, NoteKind.REPORT) == []
        assert await tx.summaries.get(mine) is None
        assert await tx.summary_parts.count(GUILD) == 0
    assert {each.sentences for each in await topics(database, id_)} == {TOPIC.sentences[1:]}
    assert await topics(database, elsewhere) == [TOPIC, TOPIC]


async def test_what_is_kept_long_enough_goes_with_all_of_it(database: Database) -> None:
    await see_guild(database, CHANNEL)
    old, new = await added(database), await added(database, local_date=None, created_at=later(60))
    async with database.transaction() as tx:
        await tx.summaries.rate(SummaryFeedback(summary_id=old, user_id=7, helpful=True, created_at=NOW))
        assert await tx.summaries.purge(later(30), 10) == 1
        assert [each.id for each in await tx.summaries.newest(GUILD, None, 5)] == [new]
        assert await tx.summaries.topics(old) == []


async def test_messages_are_read_in_pages_of_some_places(database: Database) -> None:
    await see_guild(database, CHANNEL)
    rows = [signal_row(n, place_id=CHANNEL + n % 3, purpose="unknown") for n in range(9)]
    await store(database, *rows, signal_row(9, purpose="spam"))
    await store(database, signal_row(10, purpose="unknown", edited_at=NOW + timedelta(1)))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(0)], NOW)
        places = [CHANNEL, CHANNEL + 1]
        counts = await tx.summary_lines.counts(places, MESSAGE, MESSAGE + 11)
        assert counts == {CHANNEL: 3, CHANNEL + 1: 3}
        page = await tx.summary_lines.page(places, MESSAGE + 2, MESSAGE + 11, 4)
        assert [each.message_id - MESSAGE for each in page] == [3, 4, 6, 7]
        assert page[0].created_at == NOW
        [last] = await tx.summary_lines.page(places, MESSAGE + 8, MESSAGE + 11, 4)
        assert last.edited_at == NOW + timedelta(1)
        standing = await tx.summary_lines.standing([MESSAGE, MESSAGE + 1, MESSAGE + 10, MESSAGE + 99])
        assert standing == {MESSAGE + 1: None, MESSAGE + 10: NOW + timedelta(1)}


async def test_what_is_to_be_mended_is_found_by_its_index(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("SQLite needs to be told how, PostgreSQL weighs its statistics")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    async with database.reading() as tx:
        await tx.summaries.stale(20)
    event.remove(database._engine.sync_engine, "before_cursor_execute", note)
    [(statement, parameters)] = [each for each in asked if "FROM summaries" in each[0]]
    async with database._engine.connect() as connection:
        plan = str((await connection.exec_driver_sql(f"explain query plan {statement}", parameters)).all())
    assert "ix_summaries_is_stale_id" in plan
    assert "TEMP B-TREE" not in plan
