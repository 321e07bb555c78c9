"""The schema: what migrations make of an empty database, and of an older one with rows in it."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db import schema
from bot.db.database import Database
from bot.db.schema import HEAD, migrate, prepare_database
from bot.domain.errors import StartupError
from bot.models.types import metadata
from tests.db.revisions import (
    ADD_MOOD,
    DROP_MOOD,
    EMPTY_KV,
    NEXT,
    AddRevision,
    backups_of,
    counts,
    file_of,
    fill,
    revision_of,
)
from tests.db.support import (
    GUILD,
    NOW,
    later,
)


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
