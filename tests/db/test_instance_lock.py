import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db import instance_lock as module
from bot.db.engine import create_engine
from bot.db.instance_lock import InstanceLock
from bot.domain.errors import StartupError
from tests.conftest import Logged


async def _one_at_a_time(url: str) -> None:
    first, second = create_engine(url), create_engine(url)
    try:
        held, refused = InstanceLock(first), InstanceLock(second)
        await held.acquire()
        with pytest.raises(StartupError, match="Another Lookout is running on this database"):
            await refused.acquire()
        await refused.release()  # it has nothing, so it frees nothing
        with pytest.raises(StartupError):
            await refused.acquire()
        await held.release()
        await refused.acquire()
        await refused.release()
    finally:
        await first.dispose()
        await second.dispose()


class TestInstanceLock:
    async def test_one_bot_per_database(self, engine: AsyncEngine) -> None:
        await _one_at_a_time(engine.url.render_as_string(hide_password=False))

    async def test_a_file_needs_no_looking_after(self, tmp_path: Path) -> None:
        lock = InstanceLock(create_engine(f"sqlite+aiosqlite:///{tmp_path / 'lookout.db'}"))
        await lock.acquire()
        async with asyncio.timeout(5):
            await lock.keep(lambda: pytest.fail("lost"))
        await lock.release()


async def cut(url: str) -> None:
    """End the connection that holds the lock, as a restart of the server does."""
    engine = create_engine(url)
    async with engine.begin() as connection:
        statement = (
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert (await connection.execute(text(statement))).scalars().all() == [True]
    await engine.dispose()


class TestLostConnections:
    @pytest.fixture
    async def locks(self, postgres_url: str) -> AsyncIterator[list[InstanceLock]]:
        engines = [create_engine(postgres_url) for _ in range(2)]
        locks = [InstanceLock(engine) for engine in engines]
        yield locks
        for lock, engine in zip(locks, engines, strict=True):
            await lock.release()
            await engine.dispose()

    async def test_the_lock_is_taken_again(
        self, locks: list[InstanceLock], postgres_url: str, logged: Logged
    ) -> None:
        held, other = locks
        await held.acquire()
        await held.check()
        assert logged.of("WARNING") == []
        await cut(postgres_url)
        await held.check()
        assert logged.of("WARNING", "it is held again")
        with pytest.raises(StartupError):
            await other.acquire()

    async def test_a_bot_whose_lock_another_took_is_stopped(
        self, locks: list[InstanceLock], postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held, other = locks
        await held.acquire()
        await cut(postgres_url)
        await other.acquire()
        monkeypatch.setattr(module, "CHECK_SECONDS", 0)
        told: list[None] = []
        async with asyncio.timeout(10):
            await held.keep(lambda: told.append(None))
        assert len(told) == 1

    async def test_a_server_that_is_away_is_waited_for(
        self, locks: list[InstanceLock], postgres_url: str, monkeypatch: pytest.MonkeyPatch, logged: Logged
    ) -> None:
        held, _ = locks
        await held.acquire()
        await cut(postgres_url)
        real, tries, again = held.acquire, 0, asyncio.Event()

        async def acquire() -> None:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise ConnectionRefusedError("no server")
            await real()
            again.set()

        monkeypatch.setattr(held, "acquire", acquire)
        monkeypatch.setattr(module, "CHECK_SECONDS", 0)
        keeping = asyncio.create_task(held.keep(lambda: pytest.fail("lost")))
        async with asyncio.timeout(10):
            await again.wait()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        assert len(logged.of("WARNING", "no server")) == 2
