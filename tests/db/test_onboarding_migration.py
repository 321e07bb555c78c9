from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.db.schema import migrate
from bot.services.onboarding import SCOPE
from tests.db.support import GUILD


async def test_servers_from_before_are_not_greeted_after_the_upgrade(empty: AsyncEngine) -> None:
    await migrate(empty, "0015")
    async with empty.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO guilds (id, name, first_seen_at, auto_reply, timezone) "
                "VALUES (:id, 'Home', '2026-01-01 00:00:00+00', 'on', 'UTC')"
            ),
            {"id": GUILD},
        )
    await migrate(empty, "head")
    async with empty.connect() as connection:
        keys = (
            await connection.execute(text("SELECT key FROM kv WHERE scope = :scope"), {"scope": SCOPE})
        ).scalars()
        default = await connection.execute(text("SELECT watch_default FROM guilds"))
        assert keys.all() == [str(GUILD)]
        assert default.scalars().all() == ["public"]
