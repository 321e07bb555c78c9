"""Something critical is told to whoever runs the bot, by direct message."""

from typing import Any

import pytest

from bot.core.client import COGS
from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home


async def test_something_critical_is_told_to_who_runs_the_bot_at_once(
    discord: Sandbox, home: Home, running_bot: BotFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.core.client.COGS", (*COGS, "cogs.absent"))
    async with running_bot(discord, errors={"critical": True, "digest": False}) as bot:
        bot.expect_errors("cogs.absent could not be loaded")
        direct = await home.owner.dm()

        async def told() -> list[Any]:
            return await direct.history()

        [message] = await bot.until("the owner to be told", told)
        assert "**Critical error** in cogs.absent: ExtensionNotFound" in message.content
        assert "could not be loaded, so its commands are missing" in message.content
        assert "no language model was asked" in message.content
