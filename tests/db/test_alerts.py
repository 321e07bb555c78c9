from typing import Any

import pytest
from sqlalchemy import event

from bot.db.database import Database
from bot.domain.signal import Intent
from bot.models import Incident, IncidentStatus, Outcome
from tests.db.alert_rows import incident, incident_report, nudge
from tests.db.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    NOW,
    action,
    later,
    question,
    see_guild,
    signal_row,
    store,
    tombstone,
)

ASKS = {"intent": Intent.HELP_REQUEST, "purpose": "support"}


@pytest.fixture(autouse=True)
async def _guild(database: Database) -> None:
    await see_guild(database, CHANNEL)


async def test_what_was_asked_is_read_newest_first_without_what_is_erased_spam_or_elsewhere(
    database: Database,
) -> None:
    await store(
        database,
        signal_row(0, created_at=later(-60), **ASKS),
        signal_row(1, **ASKS),
        signal_row(2, created_at=later(10), intent=Intent.PROBLEM_REPORT, purpose="support"),
        signal_row(3, purpose="chatter"),
        signal_row(4, intent=Intent.HELP_REQUEST, purpose="spam"),
        signal_row(5, guild_id=GUILD + 1, **ASKS),
        signal_row(6, **ASKS),
        signal_row(7, created_at=later(100), **ASKS),
    )
    async with database.transaction() as tx:
        await tx.signals.erase_batch([tombstone(6)], NOW)
    async with database.reading() as tx:
        found = await tx.alerts.asked(GUILD, NOW, later(100), 10)
        newest = await tx.alerts.asked(GUILD, NOW, later(100), 1)
        standing = await tx.alerts.standing([MESSAGE, MESSAGE + 6])
    assert [each.message_id - MESSAGE for each in found] == [2, 1]
    assert newest == found[:1]
    assert standing.keys() == {MESSAGE}


async def test_what_was_asked_is_found_by_its_index(database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("SQLite needs to be told how, PostgreSQL weighs its statistics")
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(database._engine.sync_engine, "before_cursor_execute", note)
    async with database.reading() as tx:
        await tx.alerts.asked(GUILD, NOW, later(10), 5)
    event.remove(database._engine.sync_engine, "before_cursor_execute", note)
    [(statement, parameters)] = [each for each in asked if "FROM signals" in each[0]]
    async with database._engine.connect() as connection:
        plan = str((await connection.exec_driver_sql(f"explain query plan {statement}", parameters)).all())
    assert "ix_signals_asked" in plan


@pytest.mark.parametrize(
    ("acted", "asked", "is_answered"),
    [
        ({"message_id": 1}, {"entry_id": 1, "band": "trained", "outcome": Outcome.ANSWERED}, True),
        ({"message_id": 1}, {"entry_id": 1, "band": "composed", "outcome": Outcome.ANSWERED}, True),
        ({"message_id": 1}, {"entry_id": 1, "band": "below", "outcome": Outcome.ANSWERED}, False),
        ({"message_id": 1}, {"entry_id": 1, "band": "composed", "outcome": Outcome.SILENT}, False),
        ({"message_id": None}, {"entry_id": 1, "band": "trained", "outcome": Outcome.ANSWERED}, False),
    ],
    ids=["trained", "from training", "a model's own", "template", "never posted"],
)
async def test_only_what_rests_on_training_counts_as_an_answer_of_the_bot(
    database: Database, acted: dict[str, Any], asked: dict[str, Any], is_answered: bool
) -> None:
    await store(database, signal_row(0, **ASKS))
    key = f"discord:{MESSAGE}"
    async with database.transaction() as tx:
        await tx.actions.begin(action(**acted))
        await tx.questions.begin(question(key=key, signal_id=key, **asked))
    async with database.reading() as tx:
        assert await tx.alerts.answered([MESSAGE, MESSAGE + 1]) == ({MESSAGE} if is_answered else set())


async def test_settings_begin_with_the_defaults_and_keep_what_is_not_changed(database: Database) -> None:
    async with database.transaction() as tx:
        first = await tx.alerts.change(GUILD, {"members": 5})
        second = await tx.alerts.change(GUILD, {"nudge_on": True})
    assert (first.window_minutes, second.members, second.nudge_on) == (60, 5, True)
    async with database.reading() as tx:
        assert [each.members for each in await tx.alerts.settings()] == [5]


async def test_a_report_is_in_one_incident_only(database: Database) -> None:
    async with database.transaction() as tx:
        one = await tx.incidents.open(incident(), [incident_report(0), incident_report(1)])
        assert one is not None
        assert await tx.incidents.open(incident(), [incident_report(1), incident_report(2)]) is None
        assert await tx.incidents.join(one.id, [incident_report(1), incident_report(2)]) == 1
    async with database.reading() as tx:
        ids = [each.message_id - MESSAGE for each in await tx.incidents.reports(one.id)]
        assert ids == [0, 1, 2]
        assert await tx.incidents.taken([MESSAGE, MESSAGE + 9]) == {MESSAGE}


async def test_an_incident_is_resolved_once_and_purged_when_it_is_settled(database: Database) -> None:
    async with database.transaction() as tx:
        one = await tx.incidents.open(incident(), [incident_report()])
        assert one is not None
        assert await tx.incidents.resolve(one.id, MEMBER, later(5))
        assert not await tx.incidents.resolve(one.id, MEMBER + 1, later(6))
        assert await tx.incidents.purge(later(10)) == 0, "its alert doesn't say so yet"
        kept = await tx.incidents.get(one.id)
        assert kept is not None
        assert (kept.status, kept.resolved_by) == (IncidentStatus.RESOLVED, MEMBER)
        assert [each.id for each in await tx.incidents.unsettled()] == [one.id]
        assert [each.id for each in await tx.incidents.resolved_since(GUILD, later(5))] == [one.id]
        assert not await tx.incidents.resolved_since(GUILD, later(6))
        await tx.incidents.set(one.id, {"is_settled": True})
        assert not await tx.incidents.unsettled()
        assert await tx.incidents.purge(NOW) == 0
        assert await tx.incidents.purge(later(10)) == 1
        assert not await tx.incidents.reports(one.id)


async def test_nudges_are_told_apart_by_time_and_purged(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.alerts.begin_nudge(nudge(created_at=later(-100)))
        second = await tx.alerts.begin_nudge(nudge(message_ids=[str(MESSAGE + 1)]))
        await tx.alerts.end_nudge(second.id, 77, later(1))
    async with database.transaction() as tx:
        last = await tx.alerts.last_nudge(GUILD)
        assert last is not None
        assert (last.message_id, last.finished_at) == (77, later(1))
        assert await tx.alerts.nudged(GUILD, NOW) == {MESSAGE + 1}
        assert await tx.alerts.purge_nudges(NOW) == 1
        assert await tx.alerts.nudged(GUILD, later(-1_000)) == {MESSAGE + 1}


async def test_incidents_of_servers_that_were_left_are_not_looked_at(database: Database) -> None:
    async with database.transaction() as tx:
        opened: Incident | None = await tx.incidents.open(incident(), [incident_report()])
        await tx.guilds.change(GUILD, {"left_at": NOW})
        assert opened is not None
        assert not await tx.incidents.unsettled()
