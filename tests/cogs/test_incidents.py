"""The life of the cog that watches for incidents."""

from types import SimpleNamespace
from typing import Any

from cogs.incidents import IncidentWatcher


async def test_loading_anew_leaves_nothing_behind() -> None:
    told: list[int] = []
    settings = SimpleNamespace(forget=told.append)
    retention = SimpleNamespace(on_guild_gone={"tickets": told.append})

    async def waiting() -> None: ...

    bot: Any = SimpleNamespace(
        services=SimpleNamespace(
            retention=retention,
            summaries=SimpleNamespace(alerts=SimpleNamespace(settings=settings, run=waiting)),
        ),
        wait_until_ready=waiting,
    )
    for _ in range(3):
        cog = IncidentWatcher(bot)
        await cog.cog_load()
        assert sorted(retention.on_guild_gone) == ["alerts", "tickets"]
        await cog.cog_unload()
    assert list(retention.on_guild_gone) == ["tickets"]
