from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord
import pytest

from bot.core.client import Bot
from bot.core.login import connect, log_in
from bot.domain.errors import StartupError
from tests.conftest import Logged
from tests.discord_payloads import error
from tests.fakes import FakeClock


class FakeClient:
    """Fails to log in or to connect as told, then is closed."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.ws = None
        self.connections = 0

    def is_closed(self) -> bool:
        return not self._failures

    async def login(self, token: str) -> None:
        raise self._failures.pop(0)

    async def connect(self, *, reconnect: bool) -> None:
        assert reconnect
        self.connections += 1
        raise self._failures.pop(0)


def client(*failures: Exception) -> Any:
    return cast("Bot", FakeClient(*failures))


def closed(code: int) -> discord.ConnectionClosed:
    socket: Any = SimpleNamespace(close_code=code)
    return discord.ConnectionClosed(socket, shard_id=None, code=code)


class TestLoggingIn:
    async def test_a_refused_token_says_where_to_get_another(self) -> None:
        with pytest.raises(
            StartupError, match=r"refuses the token.*Reset Token.*DISCORD_BOT_TOKEN"
        ) as caught:
            await log_in(client(discord.LoginFailure("Improper token has been passed.")), "secret-token")
        assert "secret-token" not in str(caught.value)

    @pytest.mark.parametrize(
        ("failure", "named"),
        [
            (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
            (aiohttp.ClientConnectionError("Cannot connect"), "Cannot connect"),
            (TimeoutError(), "TimeoutError"),
            (error(500, text="down"), "500"),
        ],
        ids=["refused", "no route", "timeout", "server error"],
    )
    async def test_an_unreachable_discord_is_named_with_what_to_check(
        self, failure: Exception, named: str
    ) -> None:
        with pytest.raises(
            StartupError, match=r"Can't reach Discord at https?://.*check the network"
        ) as caught:
            await log_in(client(failure), "token")
        assert named in str(caught.value)
        assert "\n" not in str(caught.value)


class TestConnecting:
    async def test_a_missing_privileged_intent_names_the_switch(self) -> None:
        with pytest.raises(StartupError, match=r"4014.*Message Content Intent"):
            await connect(client(discord.PrivilegedIntentsRequired(None)), FakeClock(), 5)

    async def test_a_connection_closed_for_good_names_its_code(self) -> None:
        with pytest.raises(StartupError, match="code 4004"):
            await connect(client(closed(4004)), FakeClock(), 5)

    async def test_an_unexpected_error_costs_a_reconnect(self, logged: Logged) -> None:
        clock, bot = FakeClock(), client(KeyError("odd"), RuntimeError("odder"))
        await connect(bot, clock, 5)
        assert bot.connections == 2
        assert clock.slept == [5, 5]
        assert len(logged.of("ERROR", "connecting anew")) == 2

    @pytest.mark.parametrize("fails", [False, True])
    async def test_what_is_left_of_the_connection_is_closed(self, logged: Logged, fails: bool) -> None:
        hung_up = []

        async def close() -> None:
            hung_up.append(True)
            if fails:
                raise RuntimeError("already closed")

        bot = client(KeyError("odd"))
        bot.ws = SimpleNamespace(close=close)
        await connect(bot, FakeClock(), 5)
        assert hung_up == [True]
        assert logged.of("ERROR", "connecting anew")

    async def test_a_closed_bot_connects_no_more(self) -> None:
        bot = client()
        await connect(bot, FakeClock(), 5)
        assert bot.connections == 0
