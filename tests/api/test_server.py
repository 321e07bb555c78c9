import asyncio
import signal
import socket
import subprocess
import sys

import aiohttp
import pytest

from bot.api import server as server_module
from bot.api.server import ApiServer, _QuietServer
from bot.domain.errors import StartupError
from tests.api.conftest import EVERYWHERE, TOKEN, World

pytestmark = pytest.mark.usefixtures("log")


def _port(server: ApiServer) -> int:
    return int(server.url.rpartition(":")[2])


async def _exchange(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Send one keep-alive request and leave the connection open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    await writer.drain()
    return reader, writer


async def _elapsed_stop(server: ApiServer) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await server.stop()
    return loop.time() - begun


async def test_busy_port_is_an_error_that_says_the_fix(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError) as caught:
            await world.server(port=port).start()
    text = str(caught.value)
    assert f"127.0.0.1:{port}" in text
    assert "ADMIN_PORT" in text
    assert "\n" not in text


async def test_two_servers_never_share_a_port(world: World) -> None:
    first = world.server()
    await first.start()
    with pytest.raises(StartupError):
        await world.server(port=_port(first)).start()
    await first.stop()


async def test_of_two_servers_starting_at_once_one_names_the_fix(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    servers = [world.server(port=port), world.server(port=port)]
    outcomes = await asyncio.gather(*(server.start() for server in servers), return_exceptions=True)
    for server in servers:
        await server.stop()
    errors = [outcome for outcome in outcomes if outcome is not None]
    assert len(errors) == 1
    assert isinstance(errors[0], StartupError)
    assert "ADMIN_PORT" in str(errors[0])


@pytest.mark.parametrize("host", [EVERYWHERE, "", "::"])
@pytest.mark.parametrize("token", [None, "", "  "], ids=["no token", "empty token", "blank token"])
async def test_reachable_host_without_token_refuses_to_start(
    world: World, host: str, token: str | None
) -> None:
    if host == "::" and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with pytest.raises(StartupError, match=r"refuses to start.*ADMIN_TOKEN"):
        await world.server(token, host=host).start()


async def test_reachable_host_with_token_starts(world: World, client: aiohttp.ClientSession) -> None:
    server = world.server(TOKEN, host=EVERYWHERE)
    await server.start()
    async with client.get(f"http://127.0.0.1:{_port(server)}/metrics") as answer:
        assert answer.status == 401
    await server.stop()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_names_of_this_machine_need_no_token(
    world: World, client: aiohttp.ClientSession, host: str
) -> None:
    server = world.server(host=host)
    try:
        await server.start()
    except StartupError as error:
        if host == "::1":
            pytest.skip(f"this machine has no IPv6 loopback: {error}")
        raise
    async with client.get(f"{server.url}/healthz") as answer:
        assert answer.status == 200
    await server.stop()


@pytest.mark.parametrize(
    ("host", "port", "setting"),
    [("fe80::1%none", 0, "ADMIN_HOST"), ("127.0.0.1", 70_000, "ADMIN_PORT"), ("127.0.0.1", -1, "ADMIN_PORT")],
    ids=["host", "port too large", "port too small"],
)
async def test_impossible_address_names_the_setting(world: World, host: str, port: int, setting: str) -> None:
    with pytest.raises(StartupError, match=setting):
        await world.server(host=host, port=port).start()


async def test_app_that_does_not_tell_of_a_token_stays_on_loopback(world: World) -> None:
    from fastapi import FastAPI

    with pytest.raises(StartupError, match="refuses to start"):
        await ApiServer(FastAPI(), EVERYWHERE, 0).start()


async def test_signal_handlers_stay_the_bots_own(world: World) -> None:
    def own(*_: object) -> None: ...

    before = {number: signal.signal(number, own) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        server = world.server()
        await server.start()
        assert [signal.getsignal(number) for number in before] == [own, own]
        await server.stop()
        assert [signal.getsignal(number) for number in before] == [own, own]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def test_stop_ends_an_idle_keep_alive_connection_within_a_second(world: World) -> None:
    server = world.server()
    await server.start()
    reader, writer = await _exchange(_port(server), "/healthz")
    await asyncio.wait_for(reader.readuntil(b'{"ok":true}'), 5)
    assert await _elapsed_stop(server) < 1
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_stop_cuts_a_request_that_does_not_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "GRACE", 0.05)
    asked = asyncio.Event()

    async def hang() -> None:
        asked.set()
        await asyncio.Event().wait()

    world.on_story = hang
    server = world.server()
    await server.start()
    reader, writer = await _exchange(_port(server), "/signals/1")
    await asyncio.wait_for(asked.wait(), 5)
    assert await _elapsed_stop(server) < 1
    await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_stop_lets_a_request_under_way_finish(world: World) -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await release.wait()

    world.stories["discord:1"] = {"id": "discord:1"}
    world.on_story = wait
    server = world.server()
    await server.start()
    reader, writer = await _exchange(_port(server), "/signals/1")
    await asyncio.wait_for(asked.wait(), 5)
    stopping = asyncio.create_task(server.stop())
    release.set()
    assert b"discord:1" in await asyncio.wait_for(reader.read(), 5)
    await stopping
    writer.close()


async def test_stop_has_a_deadline_even_if_the_server_has_none(
    world: World, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    monkeypatch.setattr(server_module, "STOP_DEADLINE", 0.05)

    async def endless(self: _QuietServer, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(_QuietServer, "shutdown", endless)
    server = world.server()
    await server.start()
    port = _port(server)
    _, writer = await _exchange(port, "/healthz")
    assert await _elapsed_stop(server) < 1
    assert "cut off" in "".join(log)
    writer.close()


async def test_stop_frees_the_port_and_may_be_called_again(
    world: World, client: aiohttp.ClientSession
) -> None:
    server = world.server()
    await server.stop()
    await server.start()
    with pytest.raises(RuntimeError):
        await server.start()
    url = server.url
    await server.stop()
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.get(f"{url}/healthz")
    await server.start()
    assert server.url == url
    async with client.get(f"{url}/healthz") as answer:
        assert answer.status == 200
    await server.stop()


async def test_failure_while_serving_is_logged(
    world: World, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    fail = asyncio.Event()

    async def main_loop(self: _QuietServer) -> None:
        await fail.wait()
        raise RuntimeError("broken")

    monkeypatch.setattr(_QuietServer, "main_loop", main_loop)
    server = world.server()
    await server.start()
    assert server._task is not None
    fail.set()
    await asyncio.wait({server._task}, timeout=5)
    assert "RuntimeError: broken" in "".join(log)
    await server.stop()


async def test_failure_to_start_is_a_startup_error_and_frees_the_port(
    world: World, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    async def startup(self: _QuietServer, sockets: list[socket.socket] | None = None) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(_QuietServer, "startup", startup)
    server = world.server()
    with pytest.raises(StartupError, match="did not start"):
        await server.start()
    assert "RuntimeError: broken" in "".join(log)
    with socket.create_server(("127.0.0.1", _port(server))):
        pass


def test_metrics_do_not_pull_in_the_web_framework() -> None:
    code = (
        "import sys, bot.services.metrics\n"
        "print([name for name in ('fastapi', 'starlette', 'uvicorn') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"
