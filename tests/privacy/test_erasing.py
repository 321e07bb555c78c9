"""Nothing is left of a member who has their data deleted: every column of every table is looked at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import Database
from bot.db.privacy.overview import KINDS
from bot.db.privacy.scope import Whose
from bot.db.privacy.traces import _id_columns
from bot.models import PluginValue
from bot.models.types import metadata
from bot.services.privacy.erasing import Eraser, Parts
from bot.services.privacy.records import load_key
from bot.services.statistics.counting import CountingService
from bot.services.summaries.storing import SummaryStore
from tests.db.support import GUILD, MEMBER, NOW
from tests.fakes import FakeClock
from tests.privacy.support import MARKER, OTHER, OTHER_GUILD, OTHERS, fill, holding

NEVER_OF_MEMBERS = {"opt_outs", "gaps", "llm_calls", "ticket_categories", "summary_runs"}
NEVER_OF_MEMBERS |= {
    "plugin_states",
    "plugin_guilds",
    "daily_channel_statistics",
    "hourly_channel_statistics",
    "ticket_settings",
}


# Who did something to what is others': told with it, to them.
NOT_EXPORTED = {
    ("incidents", "resolved_by"),
    ("summary_posts", "target_id"),
    ("ticket_drafts", "actor_id"),
    ("tickets", "claimed_by"),
    ("tickets", "closed_by"),
    ("training_changes", "actor_id"),
    ("training_entries", "updated_by"),
}


async def nothing(*_: Any) -> None: ...


class Taught:
    """Notes which entries searches were told of."""

    def __init__(self) -> None:
        self.entries: dict[int, list[int]] = {}

    async def __call__(self, guild_id: int, entry_ids: Sequence[int]) -> None:
        self.entries.setdefault(guild_id, []).extend(entry_ids)


def eraser(database: Database, taught: Any = nothing) -> Eraser:
    clock, guilds = FakeClock(), Any
    counting = CountingService(database, clock, guilds, 30)  # type: ignore[arg-type]
    store = SummaryStore(database, clock, guilds)  # type: ignore[arg-type]
    parts = Parts(
        settled=nothing, figures=counting.forget, summaries=store.forget_member, taught=taught,
        forget=lambda _guild, _user: None, show=lambda _tickets: None,
    )  # fmt: skip
    return Eraser(database, clock, parts)


def test_every_column_with_a_member_is_exported_or_known_not_to_be() -> None:
    exported = {(each.table, each.owner) for each in KINDS}
    columns = {(table.name, column.name) for table, column in _id_columns()}
    assert columns - exported == NOT_EXPORTED


async def test_what_plugins_and_staffs_work_keep_of_them_is_exported(database: Database) -> None:
    await fill(database, GUILD)
    found = {}
    async with database.reading() as tx:
        for kind in KINDS:
            found[kind.name], _ = await tx.overview.page(Whose(MEMBER, GUILD), kind, None, 10)
    assert [each["value"] for each in found["kept_by_plugins"]] == [{"said": MARKER}]
    assert [each["posted"] for each in found["suggestions_you_decided"]] == [MARKER]
    assert [each["key"] for each in found["settings_you_changed"]] == ["summaries.admins"]


async def test_everything_there_can_be_is_filled_in_first(database: Database) -> None:
    await fill(database, GUILD)
    found = await holding(database, str(MEMBER), MARKER)
    tables = {each.partition(".")[0] for places in found.values() for each in places}
    without = set(metadata.tables) - NEVER_OF_MEMBERS - tables
    assert (
        without
        == {"alert_settings", "guilds", "incidents", "nudges", "statistics_marks", "ticket_deliveries"}
        - tables
    )


async def test_somebody_is_erased_everywhere(database: Database) -> None:
    for guild_id in (GUILD, OTHER_GUILD):
        await fill(database, guild_id)
    others = (await holding(database, str(OTHER), OTHERS))[str(OTHER)]
    await eraser(database).erase(None, MEMBER)
    found = await holding(database, str(MEMBER), MARKER, str(OTHER), OTHERS)
    assert found[str(MEMBER)] == []
    assert found[MARKER] == []
    assert len(found[OTHERS]) > 20
    kept = set(found[str(OTHER)])
    assert set(others) - kept <= {"feedback.user_id"}  # what others thought of an answer to them


async def test_in_one_server_the_other_keeps_all(database: Database) -> None:
    await fill(database, OTHER_GUILD)
    before = await holding(database, str(MEMBER), MARKER)
    await fill(database, GUILD)
    await eraser(database).erase(GUILD, MEMBER)
    assert await holding(database, str(MEMBER), MARKER) == before


async def test_a_longer_number_that_holds_an_id_stays(database: Database) -> None:
    await fill(database, GUILD)
    kept = [(0, f"of/{MEMBER}1", {"text": f"{MEMBER}2 and 3{MEMBER}"}), (OTHER, "k", [f"1{MEMBER}"])]
    async with database.transaction() as tx:
        for user_id, key, value in kept:
            row = PluginValue(
                plugin="q", guild_id=GUILD, user_id=user_id, key=key, value=value, changed_at=NOW
            )
            await tx.plugins.put(row)
    await eraser(database).erase(GUILD, MEMBER)
    async with database.reading() as tx:
        rows = await tx.plugins.values("q", GUILD, None, "", 10)
    assert [(row.user_id, row.key, row.value) for row in rows] == kept


async def test_erasing_twice_does_nothing_more(database: Database) -> None:
    await fill(database, GUILD)
    await eraser(database).erase(GUILD, MEMBER)
    once = await holding(database, "e")
    await eraser(database).erase(GUILD, MEMBER)
    assert await holding(database, "e") == once


async def test_searches_are_told_what_is_no_longer_taught(database: Database) -> None:
    await fill(database, GUILD)
    taught = Taught()
    await eraser(database, taught).erase(GUILD, MEMBER)
    assert len(taught.entries[GUILD]) == 2
    async with database.reading() as tx:
        left = await tx.training.after(GUILD, 0, 10)
    assert [each.answer.partition(" ")[0] for each in left] == ["my", OTHERS]
    assert [each.created_by for each in left] == [0, OTHER]


async def test_notes_of_staff_stay_marked_and_without_quotations(database: Database) -> None:
    await fill(database, GUILD)
    await eraser(database).erase(GUILD, MEMBER)
    async with database.reading() as tx:
        tickets = [await tx.tickets.by_number(GUILD, number) for number in (1, 2)]
        notes = [await tx.tickets.events(each.id, "note") for each in tickets if each is not None]
        own, other = tickets
    for [note] in notes:
        assert note.detail == {"text": f"{OTHERS}: they said “[erased]”, see @someone", "erased": "yes"}
    assert own is not None
    assert other is not None
    assert (own.state, own.title, own.question, own.opener_id) == ("closed", "", "", 0)
    assert (other.question, other.opener_id, other.claimed_by) == (OTHERS, OTHER, None)


async def test_the_file_holds_no_words_either(database: Database, tmp_path: Path) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL's files are its own: vacuum sees to them")
    await fill(database, GUILD)
    await eraser(database).erase(None, MEMBER)
    data = written(tmp_path)
    assert OTHERS.encode() in data
    assert MARKER.encode() not in data
    assert str(MEMBER).encode() not in data


def written(folder: Path) -> bytes:
    """Return all that the database has on the disk."""
    return b"".join(path.read_bytes() for path in folder.rglob("*.db*"))


def test_the_key_is_private_and_stays(tmp_path: Path) -> None:
    one, again = load_key(tmp_path / "p"), load_key(tmp_path / "p")
    assert one.hash(1, 2) == again.hash(1, 2) != one.hash(2, 1)
    assert (tmp_path / "p" / "key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "q").hash(1, 2) != one.hash(1, 2)
