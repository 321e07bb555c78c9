import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db import schema
from bot.db.database import Database, Transaction
from bot.db.engine import sqlite_path
from bot.db.reactions import Reaction
from bot.db.schema import HEAD, KEPT_BACKUPS, migrate, prepare_database
from bot.db.statistics import Sums
from bot.domain.errors import StartupError
from bot.domain.statistics import Counted, Figures, slot_of
from bot.models import (
    ChangeKind,
    NoteKind,
    Suggestion,
    SummaryFeedback,
    SummaryNote,
    SummaryPost,
    SummaryRun,
    Summons,
    TicketCategory,
    TicketEvent,
)
from bot.models.types import metadata
from bot.services.training.drafts import Draft
from bot.services.training.writing import TrainingWriter
from tests.db.alert_rows import incident, incident_report, nudge
from tests.db.summary_rows import summary, summary_part, summary_source, summary_topic
from tests.db.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    MESSAGE,
    NOW,
    action,
    delivery,
    error_record,
    feedback,
    gap,
    later,
    llm_call,
    plugin_value,
    question,
    see_guild,
    signal_row,
    store,
    ticket,
    ticket_draft,
    ticket_message,
)

NEXT = "9001"  # a revision that only exists in these tests
RECREATE_GUILDS = """
recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
with op.batch_alter_table("guilds", recreate=recreate) as batch:
    batch.{change}
"""
ADD_MOOD = RECREATE_GUILDS.format(change='add_column(sa.Column("mood", sa.String(8), nullable=True))')
DROP_MOOD = RECREATE_GUILDS.format(change='drop_column("mood")')
EMPTY_KV = 'op.execute("DELETE FROM kv")'

AddRevision = Callable[[str, str], None]


@pytest.fixture
def add_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddRevision:
    """Make a version of Lookout with one more migration, of these two bodies."""

    def add(upgrade: str, downgrade: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        bodies = [body.strip().replace("\n", "\n    ") for body in (upgrade, downgrade)]
        (folder / "versions" / f"{NEXT}_more.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = {NEXT!r}\ndown_revision = {HEAD!r}\nbranch_labels = depends_on = None\n"
            f"def upgrade():\n    {bodies[0]}\ndef downgrade():\n    {bodies[1]}\n"
        )
        monkeypatch.setattr(schema, "MIGRATIONS", folder)
        monkeypatch.setattr(schema, "HEAD", NEXT)

    return add


def script_directory() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    return ScriptDirectory.from_config(config)


def describe_index(index: ReflectedIndex) -> str:
    conditions = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']}: {index['column_names']} {index['unique']} {conditions}"


def describe(connection: Connection) -> dict[str, Any]:
    """Everything the database says of its schema, in an order of its own."""
    inspector = inspect(connection)
    described: dict[str, Any] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        columns = [{**column, "type": repr(column["type"])} for column in inspector.get_columns(table)]
        described[table] = {
            "columns": columns,
            "key": inspector.get_pk_constraint(table),
            "indexes": sorted(describe_index(index) for index in inspector.get_indexes(table)),
            "unique": inspector.get_unique_constraints(table),
            "references": inspector.get_foreign_keys(table),
        }
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' ORDER BY name"
        described["sql"] = [tuple(row) for row in connection.execute(text(query))]
    return described


async def described(engine: AsyncEngine) -> dict[str, Any]:
    async with engine.connect() as connection:
        return await connection.run_sync(describe)


async def revision_of(engine: AsyncEngine) -> str | None:
    async with engine.connect() as connection:
        return (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar()


async def counts(engine: AsyncEngine) -> dict[str, int]:
    async with engine.connect() as connection:
        tables = sorted(metadata.tables)
        rows = [await connection.execute(text(f"SELECT count(*) FROM {table}")) for table in tables]  # noqa: S608
        return dict(zip(tables, [row.scalar_one() for row in rows], strict=True))


async def fill_summaries(tx: Transaction) -> None:
    kept = await tx.summaries.add(summary(), [summary_topic()], [summary_source()])
    assert kept is not None
    await tx.summary_parts.keep(summary_part())
    await tx.summaries.rate(SummaryFeedback(summary_id=kept.id, user_id=MEMBER, helpful=True, created_at=NOW))
    await tx.summaries.note(
        SummaryNote(summary_id=kept.id, kind=NoteKind.REPORT, user_id=MEMBER, text="no", created_at=NOW)
    )
    await tx.summary_runs.change(GUILD, {"is_on": True})
    day = NOW.date()
    await tx.summary_runs.begin(
        SummaryRun(guild_id=GUILD, local_date=day, starts_at=NOW, ends_at=NOW, try_at=NOW, created_at=NOW)
    )
    await tx.summary_runs.begin_post(
        SummaryPost(guild_id=GUILD, local_date=day, target_id=CHANNEL, part=0, created_at=NOW)
    )


async def fill_alerts(tx: Transaction) -> None:
    await tx.alerts.change(GUILD, {"members": 4})
    await tx.incidents.open(incident(), [incident_report()])
    await tx.alerts.begin_nudge(nudge())


async def fill(engine: AsyncEngine) -> dict[str, int]:
    """Put a row in every table and return how many rows each has."""
    database = Database(engine)
    await see_guild(database, CHANNEL, CHANNEL + 1)
    await store(database, signal_row(0), signal_row(1))
    async with database.transaction() as tx:
        await tx.members.see([{"guild_id": GUILD, "user_id": 1, "name": "Ada", "first_seen_at": NOW}])
        await tx.gaps.open(gap(1, 2))
        await tx.actions.begin(action(0))
        await tx.feedback.put(feedback(0))
        await tx.kv.put("scope", "key", {"value": 1})
        await tx.llm_calls.add([llm_call()])
        await tx.errors.note(error_record())
        writer = TrainingWriter(tx, GUILD, MEMBER, ChangeKind.ADD, "batch", NOW)
        await writer.add([Draft(("How?",), "So.")])
        await tx.ticket_settings.change(GUILD, {})
        await tx.ticket_settings.set_categories(GUILD, [TicketCategory(guild_id=GUILD, name="Billing")])
        opened = await tx.tickets.add(ticket())
        assert opened is not None
        await tx.tickets.note(TicketEvent(ticket_id=opened.id, kind="opened", at=NOW))
        await tx.ticket_messages.add(ticket_message(opened.id))
        await tx.ticket_deliveries.begin(delivery(opened.id))
        await tx.questions.begin(question(ticket_id=opened.id))
        await tx.ticket_drafts.keep(ticket_draft(), NOW, 5)
        await fill_summaries(tx)
        await fill_alerts(tx)
        await tx.setting_changes.add(GUILD, {"server.timezone": (None, "UTC")}, MEMBER, NOW)
        await tx.opt_outs.add(GUILD, "a" * 32, NOW)
        await tx.suggestions.begin(
            Suggestion(signal_id="discord:1", guild_id=GUILD, channel_id=CHANNEL, created_at=NOW)
        )
        call = Summons(guild_id=GUILD, signal_id="discord:1", place_id=1, message_id=1, created_at=NOW)
        await tx.summons.add(call)
        await tx.plugins.set_state("karma", is_off=True)
        await tx.plugins.set_guild("karma", GUILD, is_on=True, config={"trigger": "thx"})
        await tx.plugins.put(plugin_value())
        await tx.reactions.put("discord", [Reaction(GUILD, MESSAGE, 1, "\u2705", "check")])
        await tx.statistics_marks.mark([slot_of(MESSAGE)])
        day, figures = NOW.date(), Figures(messages=1)
        await tx.statistics.keep(
            [Counted(MESSAGE, GUILD, MEMBER, CHANNEL, day, 12, 0, 0, False, False, None, False)]
        )
        await tx.statistics.add(
            Sums(
                {(GUILD, CHANNEL, day, MEMBER): figures},
                {(GUILD, day.replace(day=1), MEMBER): figures},
                {(GUILD, CHANNEL, day): figures},
                {(GUILD, CHANNEL, day, 12): 1},
            )
        )
    filled = await counts(engine)
    assert 0 not in filled.values()
    return filled


def file_of(engine: AsyncEngine) -> Path:
    path = sqlite_path(str(engine.url))
    return path or pytest.skip("only SQLite files are backed up")


def backups_of(engine: AsyncEngine) -> list[Path]:
    return sorted((file_of(engine).parent / "backups").glob("*"))


async def test_a_fresh_database_gets_every_table_and_no_backup(empty: AsyncEngine) -> None:
    await prepare_database(empty, NOW)

    assert set(await described(empty)) - {"sql"} == set(metadata.tables)
    assert await revision_of(empty) == HEAD
    if empty.dialect.name == "sqlite":
        assert backups_of(empty) == []


async def test_preparing_again_changes_nothing_and_keeps_the_rows(empty: AsyncEngine) -> None:
    await prepare_database(empty, NOW)
    filled, before = await fill(empty), await described(empty)
    await prepare_database(empty, later(1))

    assert (await counts(empty), await described(empty)) == (filled, before)


def test_the_expected_revision_is_the_newest_script() -> None:
    assert script_directory().get_heads() == [HEAD]


async def test_the_migrations_make_what_the_models_declare(empty: AsyncEngine) -> None:
    await prepare_database(empty, NOW)

    def differences(connection: Connection) -> Any:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with empty.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_signals_have_no_hidden_row_id_on_sqlite(empty: AsyncEngine) -> None:
    file_of(empty)
    await prepare_database(empty, NOW)

    statements = dict((await described(empty))["sql"])
    assert "WITHOUT ROWID" in statements["signals"]


async def test_every_migration_can_be_taken_back_and_made_again(empty: AsyncEngine) -> None:
    revisions = list(script_directory().walk_revisions())[::-1]
    for script in revisions:
        await migrate(empty, script.revision)
        made = await described(empty)
        before = str(script.down_revision or "base")
        await migrate(empty, before)
        if before == "base":
            assert [name for name in await described(empty) if name != "sql"] == []
        await migrate(empty, script.revision)
        assert await described(empty) == made
    assert await revision_of(empty) == HEAD


async def test_what_the_first_schema_held_is_kept_and_english_alone_answered(
    empty: AsyncEngine,
) -> None:
    await migrate(empty, "0001")
    async with empty.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO guilds (id, name, first_seen_at, auto_reply, timezone, min_confidence)"
                " VALUES (:id, 'First', '2026-03-01 12:00:00+00:00', 'off', 'Asia/Beirut', 0.25)"
            ),
            {"id": GUILD},
        )
        await connection.execute(
            text(
                "INSERT INTO signals (id, source, guild_id, channel_id, place_id, message_id, author_id,"
                " author_name, content, created_at, ingested_at, backfilled, language, purpose, sentiment,"
                " sentiment_score, urgency, toxicity, intent, confidence, rationale, stage, status, reason,"
                " attempts) VALUES ('discord:9', 'discord', :id, 5, 5, 9, 7, 'Ada', 'how?',"
                " '2026-03-01 12:00:00+00:00', '2026-03-01 12:00:00+00:00', false, 'en', 'support', 'neu',"
                " 0, 'low', 0, 'help_request', 0.9, 'asks how', 'done', 'skipped', '', 0)"
            ),
            {"id": GUILD},
        )
    await prepare_database(empty, NOW)

    async with Database(empty).reading() as tx:
        guild = await tx.guilds.get(GUILD)
        assert await tx.feedback.list_of(GUILD) == []
        signal = await tx.signals.get("discord:9")
    assert signal is not None
    assert (signal.content, signal.intent, signal.confidence) == ("how?", "help_request", 0.9)
    assert (signal.judge, signal.light_intent, signal.light_confidence) == (None, None, None)
    assert guild is not None
    assert (guild.auto_reply, guild.timezone, guild.min_confidence) == ("off", "Asia/Beirut", 0.25)
    assert guild.languages is None


async def test_recreating_a_table_up_and_down_keeps_it_and_its_child_rows(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    await prepare_database(empty, NOW)
    filled, before = await fill(empty), await described(empty)
    add_revision(ADD_MOOD, DROP_MOOD)
    await prepare_database(empty, later(1))
    assert await counts(empty) == filled
    assert "mood" in str(await described(empty))
    assert await revision_of(empty) == NEXT

    await migrate(empty, HEAD)
    assert await counts(empty) == filled
    after = await described(empty)
    assert before.pop("sql", None) is None or after.pop("sql")  # recreated tables are quoted differently
    assert after == before


async def test_foreign_keys_are_on_again_after_a_migration(empty: AsyncEngine) -> None:
    file_of(empty)
    await prepare_database(empty, NOW)

    async with empty.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1


async def test_a_migration_that_would_leave_orphans_is_refused_and_undone(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    file_of(empty)
    await prepare_database(empty, NOW)
    filled = await fill(empty)
    add_revision('op.execute("DELETE FROM guilds")', "pass")

    with pytest.raises(StartupError, match="would break references"):
        await prepare_database(empty, later(1))
    assert await counts(empty) == filled
    assert await revision_of(empty) == HEAD


async def test_a_migration_that_fails_halfway_changes_nothing(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    await prepare_database(empty, NOW)
    filled, before = await fill(empty), await described(empty)
    add_revision(ADD_MOOD + EMPTY_KV + "\nop.drop_table('nowhere')", "pass")

    with pytest.raises(StartupError, match=r"Can't upgrade .*nowhere.*start the version you had before"):
        await prepare_database(empty, later(1))
    assert (await counts(empty), await described(empty)) == (filled, before)
    assert await revision_of(empty) == HEAD


async def test_the_file_is_backed_up_before_it_is_migrated(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    file_of(empty)
    await prepare_database(empty, NOW)
    await fill(empty)
    add_revision(ADD_MOOD + EMPTY_KV, DROP_MOOD)
    await prepare_database(empty, NOW)

    [backup] = backups_of(empty)
    with closing(sqlite3.connect(backup)) as copy:
        assert copy.execute("SELECT count(*) FROM kv").fetchone() == (1,)
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "20260301T120000Z" in backup.name
    assert (await counts(empty))["kv"] == 0


async def test_only_the_newest_backups_are_kept(empty: AsyncEngine, add_revision: AddRevision) -> None:
    other = file_of(empty).parent / "backups" / "holiday.db"
    await prepare_database(empty, NOW)
    add_revision("pass", "pass")
    for day in range(KEPT_BACKUPS + 2):
        await prepare_database(empty, later(day * 86_400))
        await migrate(empty, HEAD)
        other.touch()

    names = [path.name for path in backups_of(empty) if path != other]
    assert [name.removeprefix("lookout-")[:8] for name in names] == [f"202603{day:02}" for day in range(3, 8)]
    assert other in backups_of(empty)


async def test_a_schema_from_the_future_is_left_alone_with_its_backups(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    await prepare_database(empty, NOW)
    await fill(empty)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StartupError, match=r"9999, which this version doesn't know.*update Lookout"):
        await prepare_database(empty, later(1))
    assert await revision_of(empty) == "9999"
    if empty.dialect.name == "sqlite":
        assert backups_of(empty) == []  # a bot that restarts all day would push out the good ones


async def test_migrating_a_schema_from_the_future_is_refused(empty: AsyncEngine) -> None:
    await prepare_database(empty, NOW)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StartupError, match="9999"):
        await migrate(empty, "base")


SCRIPT = """
import asyncio, sys
from datetime import UTC, datetime
from bot.db.engine import create_engine
from bot.db.schema import prepare_database

async def main():
    engine = create_engine(sys.argv[1])
    await prepare_database(engine, datetime.now(UTC))
    await engine.dispose()

asyncio.run(main())
print("alembic" in sys.modules)
"""


@pytest.mark.parametrize("current", [True, False], ids=["current", "fresh"])
def test_alembic_is_loaded_only_when_there_is_something_to_migrate(
    sqlite_template: Path, tmp_path: Path, current: bool
) -> None:
    path = tmp_path / "lookout.db"
    if current:
        shutil.copy(sqlite_template, path)
    command = [sys.executable, "-c", SCRIPT, f"sqlite+aiosqlite:///{path}"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == [str(not current)]


async def test_a_failed_backup_is_said_and_nothing_is_migrated(
    empty: AsyncEngine, add_revision: AddRevision
) -> None:
    path = file_of(empty)
    await prepare_database(empty, NOW)
    add_revision(ADD_MOOD, DROP_MOOD)
    (path.parent / "backups").touch()

    with pytest.raises(StartupError, match="Fix:") as caught:
        await prepare_database(empty, NOW)
    assert not isinstance(caught.value.__cause__, SQLAlchemyError)
    assert await revision_of(empty) == HEAD
