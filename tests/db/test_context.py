"""What was said before a message, and writes that hold only for the text they were made for."""

import asyncio
from typing import Any

import pytest

from bot.db.database import Database
from bot.db.signals import Said
from bot.domain.signal import Intent, Signal, Stage
from bot.models.signal import signal_from_row
from tests.db.support import CHANNEL, MESSAGE, NOW, later, signal_row, store, stored, tombstone

ELSEWHERE = CHANNEL + 1
JUDGED: dict[str, Any] = {
    "language": "en", "purpose": "support", "sentiment": "neu", "sentiment_score": 0.0, "urgency": "low",
    "toxicity": 0.0, "confidence": 0.9, "backfilled": False, "status": "pending",
}  # fmt: skip


def said(number: int, **values: Any) -> dict[str, Any]:
    return signal_row(number, author_name=f"member {number}", **JUDGED | values)


def asks(row: dict[str, Any]) -> Signal:
    return signal_from_row(row)


async def before(database: Database, *rows: dict[str, Any], limit: int = 3) -> dict[str, list[Said]]:
    async with database.reading() as tx:
        return await tx.signals.said_before([asks(row) for row in rows], limit)


def line(number: int) -> Said:
    return Said(MESSAGE + number, f"member {number}", f"text {number}")


async def test_the_last_messages_before_one_come_oldest_first(database: Database) -> None:
    rows = [said(number) for number in range(7)]
    await store(database, *rows)
    assert await before(database, rows[5]) == {rows[5]["id"]: [line(2), line(3), line(4)]}


async def test_each_message_of_a_batch_gets_its_own(database: Database) -> None:
    rows = [said(number, place_id=CHANNEL + number % 2) for number in range(6)]
    await store(database, *rows)
    assert await before(database, rows[0], rows[3], rows[4], limit=2) == {
        rows[0]["id"]: [],
        rows[3]["id"]: [line(1)],
        rows[4]["id"]: [line(0), line(2)],
    }


async def test_what_was_deleted_is_not_repeated(database: Database) -> None:
    rows = [said(number) for number in range(3)]
    await store(database, *rows)
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(1)], NOW)
    assert await before(database, rows[2]) == {rows[2]["id"]: [line(0)]}


async def test_an_edited_message_counts_with_its_new_text(database: Database) -> None:
    rows = [said(number) for number in range(2)]
    await store(database, *rows)
    async with database.transaction() as tx:
        await tx.signals.edit_batch([{"key": rows[0]["id"], "edited_at": later(1), "content": "better"}])
    [[only]] = (await before(database, rows[1])).values()
    assert only.content == "better"


async def test_the_message_a_thread_was_started_from_is_its_first(database: Database) -> None:
    thread_id = MESSAGE + 1
    beside, starter = said(0), said(1)
    in_thread = [
        {**said(number, place_id=thread_id), "channel_id": CHANNEL, "thread_id": thread_id}
        for number in range(2, 6)
    ]
    await store(database, beside, starter, *in_thread)
    assert await before(database, in_thread[0], in_thread[1], in_thread[3]) == {
        in_thread[0]["id"]: [line(1)],
        in_thread[1]["id"]: [line(1), line(2)],
        in_thread[3]["id"]: [line(2), line(3), line(4)],
    }


async def test_a_thread_does_not_repeat_what_is_no_part_of_it(database: Database) -> None:
    """A forum post's first message has the thread's id and stands in it; other channels have theirs."""
    thread_id = MESSAGE + 1
    post = {**said(1, place_id=thread_id), "channel_id": CHANNEL, "thread_id": thread_id}
    answer = {**said(2, place_id=thread_id), "channel_id": CHANNEL, "thread_id": thread_id}
    await store(database, said(0, place_id=ELSEWHERE), post, answer)
    assert await before(database, post, answer) == {post["id"]: [], answer["id"]: [line(1)]}


async def test_nothing_asked_nothing_read(database: Database) -> None:
    assert await before(database) == {}


@pytest.mark.parametrize("count", [32, 64])
async def test_a_whole_batch_fits_into_one_query(database: Database, count: int) -> None:
    rows = [{**said(number, place_id=ELSEWHERE), "thread_id": ELSEWHERE} for number in range(count)]
    await store(database, *rows)
    found = await before(database, *rows)
    assert [len(lines) for lines in found.values()] == [0, 1, 2, *[3] * (count - 3)]


async def test_a_judgement_holds_only_for_the_text_it_is_of(database: Database) -> None:
    await store(database, signal_row(0), signal_row(1))
    texts = {f"discord:{MESSAGE}": "text 0", f"discord:{MESSAGE + 1}": "text 1, before an edit"}
    async with database.transaction() as tx:
        assert await tx.queue.unedited(texts | {"discord:9": "unknown"}) == {f"discord:{MESSAGE}"}


async def test_a_signal_stands_as_it_is_stored_or_is_gone(database: Database) -> None:
    await store(database, signal_row(0, stage=Stage.ACT))
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(1)], later(1))
        stands = await tx.queue.standing(f"discord:{MESSAGE}")
        erased = await tx.queue.standing(f"discord:{MESSAGE + 1}")
        assert await tx.queue.standing("discord:9") is None
    assert stands == ("act", "text 0", None)
    assert erased is not None
    assert (erased.content, erased.deleted_at) == ("", (await stored(database, 1)).deleted_at)
    assert erased.deleted_at is not None


@pytest.mark.parametrize("look", ["unedited", "standing"])
async def test_who_edits_waits_for_who_judges_or_answers(database: Database, look: str) -> None:
    await store(database, signal_row(0))

    async def edit() -> None:
        async with database.transaction() as tx:
            await tx.signals.edit_batch(
                [{"key": f"discord:{MESSAGE}", "edited_at": later(1), "content": "edited"}]
            )

    async with database.transaction() as tx:
        if look == "unedited":
            assert await tx.queue.unedited({f"discord:{MESSAGE}": "text 0"})
        else:
            assert await tx.queue.standing(f"discord:{MESSAGE}")
        editing = asyncio.create_task(edit())
        await asyncio.wait([editing], timeout=0.05)
        assert not editing.done()
    await editing
    assert (await stored(database)).content == "edited"


@pytest.mark.parametrize(
    ("content", "intent", "judge"),
    [("text 0", Intent.HELP_REQUEST, "encoder"), ("another text", Intent.OTHER, None)],
    ids=["the same text", "another text"],
)
async def test_an_edit_that_leaves_the_text_leaves_its_judgement(
    database: Database, content: str, intent: Intent, judge: str | None
) -> None:
    await store(database, signal_row(0, intent=Intent.HELP_REQUEST, judge="encoder"))
    edit = {
        "key": f"discord:{MESSAGE}", "edited_at": later(1), "content": content, "embeds": [{"title": "T"}],
        "intent": "other", "judge": None,
    }  # fmt: skip
    async with database.transaction() as tx:
        await tx.signals.edit_batch([edit])
    record = await stored(database)
    assert (record.content, record.intent, record.judge) == (content, intent, judge)
    assert (record.edited_at, record.embeds) == (later(1), [{"title": "T"}])
