"""Faults in the database: counted, listed per server, told once an hour, bounded."""

from bot.db.database import Database
from tests.db.support import GUILD, NOW, error_record, later

OTHER = GUILD + 1


async def note(database: Database, *records: object) -> None:
    async with database.transaction() as tx:
        for record in records:
            await tx.errors.note(record)  # type: ignore[arg-type]


async def test_the_same_reference_counts_and_keeps_when_it_began(database: Database) -> None:
    await note(
        database, error_record(), error_record(last_at=later(60), first_at=later(60), count=4, about="x")
    )
    async with database.reading() as tx:
        found = await tx.errors.get(error_record().reference)
    assert found is not None
    assert (found.count, found.first_at, found.last_at, found.about) == (5, NOW, later(60), "x")


async def test_pages_are_newest_first_and_of_one_server(database: Database) -> None:
    await note(database, *(error_record(n, guild_id=OTHER if n == 2 else GUILD) for n in range(5)))
    await note(database, error_record(9, guild_id=None))
    async with database.reading() as tx:
        mine = await tx.errors.page(GUILD, 0, 3)
        rest = await tx.errors.page(GUILD, 3, 3)
        everything = await tx.errors.page(None, 0, 10)
    assert [int(each.reference, 16) for each in (*mine, *rest)] == [4, 3, 1, 0]
    assert [int(each.reference, 16) for each in everything] == [9, 4, 3, 2, 1, 0]


async def test_what_was_reported_is_reported_again_only_when_it_happens_again(database: Database) -> None:
    await note(database, error_record(0), error_record(1, count=3))
    async with database.transaction() as tx:
        assert [each.count for each in await tx.errors.unreported(10)] == [3, 1]
        await tx.errors.reported(later(100))
        assert await tx.errors.unreported(10) == []
    await note(database, error_record(0, last_at=later(200)))
    async with database.reading() as tx:
        [again] = await tx.errors.unreported(10)
    assert again.count - again.reported == 1


async def test_what_happens_while_it_is_reported_is_for_the_next_time(database: Database) -> None:
    await note(database, error_record(0), error_record(1, last_at=later(300)))
    async with database.transaction() as tx:
        await tx.errors.reported(later(100))
        assert [int(each.reference, 16) for each in await tx.errors.unreported(10)] == [1]


async def test_the_urgent_are_critical_and_not_told_within_the_hour(database: Database) -> None:
    await note(database, error_record(0), error_record(1, is_critical=True))
    reference = error_record(1).reference
    async with database.transaction() as tx:
        [urgent] = await tx.errors.urgent(later(-3_600))
        assert urgent.reference == reference
        await tx.errors.change(reference, {"told_at": later(10)})
        assert await tx.errors.urgent(later(20 - 3_600)) == []
        assert await tx.errors.urgent(later(20)) == []  # it did not happen again
    await note(database, error_record(1, is_critical=True, last_at=later(3_000)))
    async with database.reading() as tx:
        assert await tx.errors.urgent(later(-600)) == []
        assert len(await tx.errors.urgent(later(20))) == 1


async def test_the_old_and_the_too_many_go(database: Database) -> None:
    await note(database, *(error_record(n) for n in range(6)))
    async with database.transaction() as tx:
        assert await tx.errors.purge(later(1.5), 100) == 2
        assert await tx.errors.purge(later(0), 3) == 1
        assert [int(each.reference, 16) for each in await tx.errors.page(None, 0, 10)] == [5, 4, 3]


async def test_those_of_a_server_go_with_it(database: Database) -> None:
    await note(database, error_record(0), error_record(1, guild_id=OTHER), error_record(2, guild_id=None))
    async with database.transaction() as tx:
        await tx.errors.delete_of(GUILD)
        assert [int(each.reference, 16) for each in await tx.errors.page(None, 0, 10)] == [2, 1]


async def test_a_milder_one_does_not_hide_a_critical_one_that_is_not_told_yet(database: Database) -> None:
    critical, mild = error_record(is_critical=True), error_record(last_at=later(60))
    await note(database, critical, mild)
    async with database.transaction() as tx:
        assert [each.count for each in await tx.errors.urgent(later(-3_600))] == [2]
        await tx.errors.change(critical.reference, {"told_at": later(120)})
    await note(database, error_record(last_at=later(180)))
    async with database.reading() as tx:
        assert await tx.errors.urgent(later(3_600 * 9)) == [], "the owner was told, and it was mild since"
