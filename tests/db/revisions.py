"""What tests of migrations share: another revision, a database with something in every table."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.database import Database, Transaction
from bot.db.engine import sqlite_path
from bot.db.reactions import Reaction
from bot.db.statistics import Sums
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
