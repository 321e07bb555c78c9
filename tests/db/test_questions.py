from bot.db.database import Database
from bot.models import Outcome
from tests.db.support import (
    CHANNEL,
    MESSAGE,
    NOW,
    question,
    see_guild,
    signal_row,
    store,
    ticket,
)


async def a_ticket(database: Database) -> int:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        opened = await tx.tickets.add(ticket())
        assert opened is not None
    return opened.id


async def test_a_question_is_taken_up_once_and_settled_once(database: Database) -> None:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        begun = await tx.questions.begin(question())
        assert begun is not None
        assert await tx.questions.begin(question()) is None
        assert await tx.questions.keep(begun.id, {"outcome": Outcome.ANSWERED, "finished_at": NOW})
        assert not await tx.questions.keep(begun.id, {"outcome": Outcome.SILENT})
    async with database.reading() as tx:
        known = await tx.questions.by_key(begun.key)
    assert known is not None
    assert known.outcome == Outcome.ANSWERED


async def test_only_tickets_questions_wait_to_be_settled(database: Database) -> None:
    ticket_id = await a_ticket(database)
    async with database.transaction() as tx:
        await tx.questions.begin(question(0))
        await tx.questions.begin(question(1, ticket_id=ticket_id))
        assert [each.key for each in await tx.questions.unfinished(5)] == ["1/1"]
        assert [each.key for each in await tx.questions.of_ticket(ticket_id)] == ["1/1"]


async def test_a_verdict_may_change_and_counts_once(database: Database) -> None:
    await see_guild(database, CHANNEL)
    async with database.transaction() as tx:
        begun = await tx.questions.begin(question())
        assert begun is not None
        assert [await tx.questions.rate(begun.id, each) for each in (True, True, False)] == [
            True,
            False,
            True,
        ]


async def test_a_message_no_longer_kept_takes_its_question_along(database: Database) -> None:
    await see_guild(database, CHANNEL)
    await store(database, signal_row(0))
    async with database.transaction() as tx:
        await tx.questions.begin(question(signal_id=f"discord:{MESSAGE}", outcome=Outcome.SILENT))
        await tx.signals.delete([f"discord:{MESSAGE}"])
    async with database.reading() as tx:
        assert await tx.questions.by_key("1/0") is None
