import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import discord
import pytest
import yarl

from bot.core.fair_reading import FRAMES_PER_TURN, FairWebSocketResponse, read_fairly
from bot.core.pointing import point_discord
from bot.services.metrics import Metrics
from bot.services.retries import Retries, current_retries
from bot.settings import DiscordSettings
from bot.tools.http_trace import retry_trace
from tests.conftest import Logged
from tests.discord_payloads import CHANNEL, GUILD, channel, feed, guild, make_bot, message


class TestMessages:
    async def test_go_to_the_ingest_at_once_as_they_came(self) -> None:
        bot, _ = await make_bot()
        heard: list[Any] = []
        bot.on_every_message = heard.append
        payload = message()
        feed(bot, "MESSAGE_CREATE", payload)
        assert heard == [payload]

    async def test_no_objects_are_made_while_nobody_else_listens(self) -> None:
        bot, _ = await make_bot()
        feed(bot, "GUILD_CREATE", guild())
        feed(bot, "MESSAGE_CREATE", message(9))
        place: Any = bot.get_channel(CHANNEL)
        assert place.last_message_id != 1_400_000_000_000_000_510

    async def test_who_waits_for_a_message_gets_it(self) -> None:
        bot, _ = await make_bot()
        feed(bot, "GUILD_CREATE", guild())
        heard: list[Any] = []
        bot.on_every_message = heard.append
        waiting = asyncio.ensure_future(bot.wait_for("message", timeout=5))
        await asyncio.sleep(0)
        feed(bot, "MESSAGE_CREATE", message(0, "hello"))
        assert (await waiting).content == "hello"
        assert len(heard) == 1

    async def test_an_odd_one_costs_neither_the_connection_nor_the_next(self, logged: Logged) -> None:
        bot, _ = await make_bot()
        heard: list[Any] = []

        def hear(payload: Any) -> None:
            heard.append(payload["id"])

        bot.on_every_message = hear
        feed(bot, "MESSAGE_CREATE", {})
        feed(bot, "MESSAGE_CREATE", message())
        assert len(heard) == 1
        assert logged.of("ERROR", "MESSAGE_CREATE")


class TestSessions:
    async def test_a_new_one_is_told_before_anything_is_heard_in_it(self) -> None:
        bot, _ = await make_bot()
        told: list[str] = []
        bot.on_new_session = lambda: told.append("session")
        bot.dispatch("connect")
        bot.dispatch("resumed")
        assert told == ["session"]

    async def test_a_changed_channel_is_told_at_once(self) -> None:
        bot, _ = await make_bot()
        told: list[str] = []
        feed(bot, "GUILD_CREATE", guild())
        bot.on_places_changed = lambda: told.append("places")
        feed(bot, "CHANNEL_UPDATE", channel() | {"guild_id": str(GUILD), "name": "renamed"})
        assert told == ["places"]


@pytest.fixture
def untouched() -> Iterator[None]:
    """Puts discord.py's own addresses and classes back."""
    http: Any = discord.http
    before = (
        http.Route.BASE,
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
        discord.asset.Asset.BASE,
        http.DiscordClientWebSocketResponse,
    )
    yield
    (
        http.Route.BASE,
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY,
        discord.asset.Asset.BASE,
        http.DiscordClientWebSocketResponse,
    ) = before


@pytest.mark.usefixtures("untouched")
class TestPointing:
    def test_at_another_server(self) -> None:
        point_discord(
            DiscordSettings(
                api_url="http://127.0.0.1:1/api/v10",
                gateway_url="ws://127.0.0.1:2",
                cdn_url="http://127.0.0.1:3",
            )
        )
        assert discord.http.Route("GET", "/gateway").url == "http://127.0.0.1:1/api/v10/gateway"
        assert yarl.URL("ws://127.0.0.1:2") == discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
        assert discord.asset.Asset.BASE == "http://127.0.0.1:3"

    def test_at_discord_where_nothing_else_is_said(self) -> None:
        before = discord.http.Route.BASE
        point_discord(DiscordSettings())
        assert before == discord.http.Route.BASE


@pytest.mark.usefixtures("untouched")
async def test_reading_gives_way_after_some_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    frames = 0

    async def receive(_self: object, _timeout: float | None = None) -> int:
        nonlocal frames
        frames += 1
        return frames

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(discord.gateway.DiscordClientWebSocketResponse, "receive", receive)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    read_fairly(lambda: 0.5)
    http: Any = discord.http
    kind = http.DiscordClientWebSocketResponse
    assert issubclass(kind, FairWebSocketResponse)
    socket = kind.__new__(kind)
    read = [await socket.receive() for _ in range(FRAMES_PER_TURN * 2)]
    assert read == list(range(1, FRAMES_PER_TURN * 2 + 1))
    assert slept == [0.01, 0.01]


class TestRetriesAreCounted:
    @pytest.mark.parametrize(("status", "counts"), [(200, 0), (404, 0), (429, 1), (500, 1), (503, 1)])
    async def test_by_status_and_for_the_action_under_way(self, status: int, counts: int) -> None:
        metrics, retries = Metrics(), Retries()
        trace = retry_trace(metrics)
        [on_end] = trace.on_request_end
        params: Any = type("Params", (), {"response": type("Response", (), {"status": status})})
        session: Any = None
        token = current_retries.set(retries)
        try:
            await on_end(session, trace.trace_config_ctx(), params)
        finally:
            current_retries.reset(token)
        await on_end(session, trace.trace_config_ctx(), params)  # of no action
        assert retries.count == counts
        line = f'discord_http_retries_total{{status="{status}"}} 2.0'
        assert (line in metrics.render().decode()) is bool(counts)

    async def test_it_is_a_trace_aiohttp_takes(self) -> None:
        trace = retry_trace(Metrics())
        trace.freeze()
        async with aiohttp.ClientSession(trace_configs=[trace]):
            pass
