"""What is read of questions without an answer and of entries that no longer serve."""

from datetime import timedelta
from typing import Any

from bot.db.database import Database
from bot.models import ChangeKind, Outcome, TrainingEntry
from bot.services.training.drafts import Draft
from bot.services.training.writing import TrainingWriter
from tests.db.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    NOW,
    later,
    question,
    see_guild,
    signal_row,
    store,
    ticket,
    ticket_message,
)

HALF_A_YEAR = timedelta(days=180)


async def test_only_questions_without_an_answer_that_helped_are_read_newest_first(database: Database) -> None:
    await see_guild(database, CHANNEL)
    rows: list[dict[str, Any]] = [
        {"outcome": Outcome.HANDED_OVER},
        {"outcome": Outcome.SILENT},
        {"outcome": Outcome.CLARIFIED},
        {"outcome": Outcome.ANSWERED},
        {"outcome": Outcome.ANSWERED, "helpful": False},
        {"outcome": Outcome.HANDED_OVER, "helpful": True},
        {"outcome": Outcome.THANKED},
    ]
    await store(database, *[signal_row(number, thread_id=CHANNEL + 9) for number in range(len(rows))])
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD + 1, "Other", NOW)
        for number, row in enumerate(rows):
            signal_id = f"discord:{MESSAGE + number}"
            await tx.questions.begin(question(number, signal_id=signal_id, asked_at=later(number), **row))
        await tx.questions.begin(question(99, guild_id=GUILD + 1, outcome=Outcome.SILENT))
        found = await tx.training_gaps.unanswered(GUILD, 10)
        newest = await tx.training_gaps.unanswered(GUILD, 1)
    assert [each.text for each in found] == ["text 4", "text 2", "text 1", "text 0"]
    assert newest == found[:1]
    assert {(each.channel_id, each.thread_id, each.ticket_id) for each in found} == {
        (CHANNEL, CHANNEL + 9, None)
    }


OPENING = "It fails\nHow do I start it?"


async def test_a_tickets_questions_are_its_opening_and_its_messages_until_they_are_deleted(
    database: Database,
) -> None:
    await see_guild(database)
    async with database.transaction() as tx:
        opened = await tx.tickets.add(ticket(question="How do I start it?"))
        assert opened is not None
        await tx.ticket_messages.add(ticket_message(opened.id, 1))
        lost: dict[str, Any] = {"ticket_id": opened.id, "outcome": Outcome.HANDED_OVER}
        await tx.questions.begin(question(0, **lost))
        await tx.questions.begin(question(1, message_id=MESSAGE + 1, **lost))
        found = await tx.training_gaps.unanswered(GUILD, 10)
        await tx.ticket_messages.erase(opened.id, [MESSAGE + 1], NOW)
        left = await tx.training_gaps.unanswered(GUILD, 10)
    assert [each.text for each in found] == ["text 1", OPENING]
    assert {each.ticket_id for each in found} == {opened.id}
    assert [each.text for each in left] == [OPENING]


async def entry(database: Database, name: str, *, valid_until: Any = None, **values: Any) -> int:
    """Add an entry with these columns."""
    async with database.transaction() as tx:
        writer = TrainingWriter(tx, GUILD, MEMBER, ChangeKind.ADD, name, NOW)
        [made] = await writer.add([Draft((f"{name}?",), f"About {name}.", valid_until=valid_until)])
        used_at = values.pop("used_at", None)
        if used_at is not None:
            await tx.training.used(GUILD, made, used_at)
        await tx.training.rated(GUILD, made, **{"helpful": 0, "unhelpful": 0} | values)
    return made


async def stale(database: Database, now: Any = NOW) -> list[str]:
    async with database.reading() as tx:
        found = await tx.training_gaps.stale(GUILD, now, now - HALF_A_YEAR, 3, 10)
    assert all(isinstance(each.entry, TrainingEntry) for each in found)
    return [each.question for each in found]


async def test_entries_often_rejected_expired_or_long_unused_are_stale(database: Database) -> None:
    await see_guild(database)
    await entry(database, "good", helpful=3, unhelpful=3)
    await entry(database, "rejected", helpful=2, unhelpful=3)
    await entry(database, "twice", unhelpful=2)
    await entry(database, "expired", valid_until=later(10))
    assert await stale(database) == ["rejected?"]
    assert await stale(database, later(10)) == ["rejected?", "expired?"]
    await entry(database, "used", used_at=NOW + timedelta(days=1))
    assert "used?" not in await stale(database, NOW + HALF_A_YEAR)
    assert "good?" in await stale(database, NOW + HALF_A_YEAR)


async def test_the_last_change_of_a_living_entry_is_known(database: Database) -> None:
    await see_guild(database)
    async with database.reading() as tx:
        assert await tx.training_gaps.last_taught(GUILD) is None
    await entry(database, "one")
    async with database.reading() as tx:
        assert await tx.training_gaps.last_taught(GUILD) == NOW
