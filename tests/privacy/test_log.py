"""Wishes are written down before they are granted, and granted to a database that doesn't know of them."""

import json
from pathlib import Path

import pytest

from bot.db.database import Database
from bot.domain.errors import StartupError
from bot.domain.snowflake import snowflake_at
from bot.services.privacy.log import ErasureLog
from bot.services.privacy.opt_outs import OptOuts
from bot.services.privacy.records import RECORD_FILE, Wish, load_key
from tests.db.support import GUILD, MEMBER
from tests.fakes import FakeClock
from tests.privacy.support import OTHER, OTHER_GUILD, fill, holding
from tests.privacy.test_erasing import eraser


class Rights:
    """A database with its key and record."""

    def __init__(self, database: Database, folder: Path) -> None:
        clock, key = FakeClock(), load_key(folder)
        self.opt_outs = OptOuts(database, clock, key)
        self.log = ErasureLog(database, clock, key, self.opt_outs, folder)
        self.erased: list[tuple[int | None, int]] = []
        self.error: Exception | None = None
        self._eraser = eraser(database)

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        if self.error is not None:
            raise self.error
        self.erased.append((guild_id, user_id))
        await self._eraser.erase(guild_id, user_id)

    async def started(self) -> int:
        await self.opt_outs.load()
        return await self.log.reapply(self.erase)


async def forget_applied(database: Database, number: int) -> None:
    """Make the database one that knows of the first wishes only, as a restored one does."""
    async with database.transaction() as tx:
        await tx.kv.put("privacy", "applied", {"number": number})


async def test_a_restored_database_is_brought_up_to_date(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path / "privacy")
    await rights.started()
    await rights.log.grant(GUILD, OTHER, [Wish.ERASE], rights.erase)
    await rights.log.grant(GUILD, MEMBER, [Wish.OPT_OUT, Wish.ERASE], rights.erase)
    await forget_applied(database, 1)
    async with database.transaction() as tx:
        for each in await tx.opt_outs.list_all():
            await tx.opt_outs.remove(*each)
    for guild_id in (GUILD, OTHER_GUILD):
        await fill(database, guild_id)  # as it was in the backup
    again = Rights(database, tmp_path / "privacy")
    assert await again.started() == 2
    assert again.erased == [(GUILD, MEMBER)]
    assert again.opt_outs.holds(GUILD, MEMBER)
    assert not again.opt_outs.holds(OTHER_GUILD, MEMBER)
    async with database.reading() as tx:
        assert await tx.members.get(GUILD, MEMBER) is None
        assert await tx.members.get(OTHER_GUILD, MEMBER) is not None
        assert await tx.members.get(GUILD, OTHER) is not None  # erased before the backup, and back since
    assert await Rights(database, tmp_path / "privacy").started() == 0


async def test_somebody_everywhere_is_found_by_their_hash(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    await rights.log.grant(None, MEMBER, [Wish.ERASE], rights.erase)
    await forget_applied(database, 0)
    for guild_id in (GUILD, OTHER_GUILD):
        await fill(database, guild_id)
    again = Rights(database, tmp_path)
    assert await again.started() == 1
    assert again.erased == [(None, MEMBER)]
    assert await holding(database, str(MEMBER)) == {str(MEMBER): []}


async def test_what_fails_is_done_before_the_next_wish(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    rights.error = TimeoutError()
    with pytest.raises(TimeoutError):
        await rights.log.grant(GUILD, MEMBER, [Wish.ERASE], rights.erase)
    rights.error = None
    await rights.log.grant(GUILD, OTHER, [Wish.ERASE], rights.erase)
    assert rights.erased == [(GUILD, MEMBER), (GUILD, OTHER)]
    assert await Rights(database, tmp_path).started() == 0


async def test_a_crash_in_between_ends_at_the_next_start(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    await fill(database, GUILD)
    rights.error = OSError("gone")
    with pytest.raises(OSError, match="gone"):
        await rights.log.grant(GUILD, MEMBER, [Wish.ERASE], rights.erase)
    assert await Rights(database, tmp_path).started() == 1
    assert await holding(database, str(MEMBER)) == {str(MEMBER): []}


async def test_opting_in_again_holds_after_a_restore_too(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    await rights.log.grant(None, MEMBER, [Wish.OPT_OUT], rights.erase)
    assert rights.opt_outs.holds(GUILD, MEMBER)
    assert rights.opt_outs.holds(None, MEMBER)
    await rights.log.grant(None, MEMBER, [Wish.OPT_IN], rights.erase)
    await forget_applied(database, 0)
    again = Rights(database, tmp_path)
    await again.started()
    assert not again.opt_outs.holds(GUILD, MEMBER)


async def test_neither_record_nor_table_tells_who(database: Database, tmp_path: Path) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    await rights.log.grant(GUILD, MEMBER, [Wish.OPT_OUT, Wish.ERASE], rights.erase)
    assert await holding(database, str(MEMBER)) == {str(MEMBER): []}
    path = tmp_path / RECORD_FILE
    text = path.read_text("utf-8")
    assert str(MEMBER) not in text
    assert [json.loads(line)["wish"] for line in text.splitlines()] == ["opt_out", "erase"]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_cut_off_line_was_never_written_and_a_damaged_one_is_told(
    database: Database, tmp_path: Path
) -> None:
    rights = Rights(database, tmp_path)
    await rights.started()
    await rights.log.grant(GUILD, MEMBER, [Wish.OPT_OUT], rights.erase)
    path = tmp_path / RECORD_FILE
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    again = Rights(database, tmp_path)
    await again.started()
    await again.log.grant(GUILD, OTHER, [Wish.OPT_OUT], again.erase)
    assert [json.loads(line)["number"] for line in path.read_text("utf-8").splitlines()] == [1, 2]
    path.write_bytes(b"{}\n" + whole)
    with pytest.raises(StartupError, match="put it back from a backup"):
        await Rights(database, tmp_path).started()


def test_a_lost_key_is_told_with_the_fix(tmp_path: Path) -> None:
    load_key(tmp_path)
    (tmp_path / RECORD_FILE).write_text("", "utf-8")
    (tmp_path / "key").unlink()
    with pytest.raises(StartupError, match="put it back from a backup"):
        load_key(tmp_path)
    (tmp_path / RECORD_FILE).unlink()
    with pytest.raises(StartupError, match="is gone"):
        load_key(tmp_path, needed=True)


class TestHistory:
    """What was erased is in Discord's history still, and is not to be read from there again."""

    async def test_what_is_older_than_the_wish_stays_away_also_after_a_restart(
        self, database: Database, tmp_path: Path
    ) -> None:
        rights = Rights(database, tmp_path)
        await rights.started()
        wished = snowflake_at(FakeClock().now())
        assert not rights.log.erased.covers(GUILD, MEMBER, wished - 1)
        await rights.log.grant(GUILD, MEMBER, [Wish.ERASE], rights.erase)
        await rights.log.grant(GUILD, OTHER, [Wish.OPT_IN], rights.erase)
        again = Rights(database, tmp_path)
        await again.started()
        for covers in (rights.log.erased.covers, again.log.erased.covers):
            assert covers(GUILD, MEMBER, wished - 1)
            assert not covers(GUILD, MEMBER, wished)
            assert not covers(GUILD, OTHER, wished - 1)
            assert not covers(OTHER_GUILD, MEMBER, wished - 1)
            assert not covers(None, MEMBER, wished - 1)

    async def test_everywhere_is_everywhere(self, database: Database, tmp_path: Path) -> None:
        rights = Rights(database, tmp_path)
        await rights.started()
        await rights.log.grant(None, MEMBER, [Wish.ERASE], rights.erase)
        wished = snowflake_at(FakeClock().now())
        assert rights.log.erased.covers(OTHER_GUILD, MEMBER, wished - 1)
        assert rights.log.erased.covers(None, MEMBER, wished - 1)
