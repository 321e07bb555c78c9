"""A plugin whose event is still under way when the bot stops: no failure of the plugin."""

import aiohttp
import pytest

from bot.plugin_api import DiscordError
from bot.tools.plugins import _told


async def test_a_session_that_was_closed_is_told_as_discord_being_away() -> None:
    session = aiohttp.ClientSession()
    await session.close()
    with pytest.raises(DiscordError, match="the bot is stopping"), _told():
        await session.get("http://127.0.0.1:9/")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="a bug"), _told():
        raise RuntimeError("a bug")
