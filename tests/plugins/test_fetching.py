"""Requests of plugins against a loopback: what is allowed, what is refused, and where a redirect may lead."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.plugin_api import FetchError
from bot.services.plugins.fetching import Fetcher, GuardedResolver, is_public


class Loopback:
    """A service on this machine, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.method, request.path_qs, headers, await request.text()))
        if request.path == "/to":
            raise web.HTTPFound(request.query["url"])
        if request.path == "/loop":
            raise web.HTTPFound("/loop")
        if request.path == "/large":
            return web.Response(body=b"x" * 3_000)
        if request.path == "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(100):
                await response.write(b"x" * 1_000)
            return response
        if request.path == "/packed":
            return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
        if request.path == "/slow":
            await asyncio.sleep(30)
        return web.json_response({"ok": True}, status=201)


@pytest.fixture
async def service() -> AsyncIterator[Loopback]:
    loopback = Loopback()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", loopback.answer)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    loopback.port = runner.addresses[0][1]
    yield loopback
    await runner.cleanup()


def fetcher(*trusted: str, hosts: tuple[str, ...] = ("api.example.com",), seconds: float = 5.0) -> Fetcher:
    return Fetcher(hosts, trusted, seconds=seconds, max_bytes=2_000)


async def test_a_host_of_the_owner_is_asked_and_its_answer_returned(service: Loopback) -> None:
    url = f"http://127.0.0.1:{service.port}/v1/images?n=1"
    own = fetcher(f"127.0.0.1:{service.port}")
    done = await own.request("post", url, {"Authorization": "Bearer x", "Host": "evil"}, {"a": "ü"}, None)
    assert (done.status, done.ok, done.json(), done.headers["content-type"][:16]) == (
        201, True, {"ok": True}, "application/json",
    )  # fmt: skip
    [(method, path, headers, body)] = service.asked
    assert (method, path, headers["authorization"]) == ("POST", "/v1/images?n=1", "Bearer x")
    assert headers["host"] == f"127.0.0.1:{service.port}"
    assert body == '{"a": "\\u00fc"}'


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://api.example.com/", "only https"),
        ("https://other.example.com/", "neither under http_hosts"),
        ("https://api.example.com.evil.org/", "neither under http_hosts"),
        ("https://api.example.com:8443/", "api.example.com:8443 is neither"),
        ("https://user:pw@api.example.com/", "no https address without a name and password"),
        ("file:///etc/passwd", "no https address"),
        ("https://", "no https address"),
        ("https://127.0.0.1/", "127.0.0.1 is a private address"),
        ("https://[::1]/", "::1 is a private address"),
        ("https://169.254.169.254/", "169.254.169.254 is a private address"),
        ("https://[::ffff:10.0.0.1]/", "is a private address"),
    ],
)
async def test_what_the_manifest_does_not_name_is_refused(url: str, problem: str) -> None:
    hosts = ("api.example.com", "127.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1", "::ffff:a00:1")
    with pytest.raises(FetchError, match=problem.replace("[", "\\[")):
        await fetcher(hosts=hosts).request("GET", url, {}, None, None)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::",
     "64:ff9b::7f00:1"],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


class Rebinding(AbstractResolver):
    """Answers with a public address first and a private one then, as who plays tricks with a name does."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        address = "93.184.216.34" if self.asked == 1 else "127.0.0.1"
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_that_leads_to_a_private_address_is_not_connected_to() -> None:
    inner = Rebinding()
    guarded = GuardedResolver(is_trusted=False, inner=inner)
    assert (await guarded.resolve("api.example.com", 443))[0]["host"] == "93.184.216.34"
    with pytest.raises(FetchError, match="leads to a private address"):
        await guarded.resolve("api.example.com", 443)
    assert (await GuardedResolver(is_trusted=True, inner=inner).resolve("x"))[0]["host"] == "127.0.0.1"


async def test_a_private_name_is_refused_on_the_way_to_its_connection() -> None:
    with pytest.raises(FetchError, match="leads to a private address"):
        await fetcher(hosts=("localhost",)).request("GET", "https://localhost/", {}, None, None)


async def test_redirects_are_checked_and_keys_stay_where_they_belong(service: Loopback) -> None:
    own = fetcher(f"127.0.0.1:{service.port}", f"localhost:{service.port}")
    start = f"http://127.0.0.1:{service.port}/to?url="
    with pytest.raises(FetchError, match=r"other\.example\.com is neither"):
        await own.request("GET", f"{start}https://other.example.com/", {}, None, None)
    with pytest.raises(FetchError, match="more than 5 redirects"):
        await own.request("GET", f"http://127.0.0.1:{service.port}/loop", {}, None, None)
    service.asked.clear()
    elsewhere = f"{start}http://localhost:{service.port}/end"
    await own.request("POST", elsewhere, {"Authorization": "Bearer x", "X-Key": "y"}, {"a": 1}, None)
    method, path, headers, body = service.asked[-1]
    assert (method, path, body) == ("GET", "/end", "")
    assert "authorization" not in headers
    assert "x-key" not in headers


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/large", "more than 2,000 bytes"),
        ("/endless", "more than 2,000 bytes"),
        ("/packed", "compressed"),
        ("/slow", "did not answer in time"),
    ],
)
async def test_answers_that_are_too_large_packed_or_late_are_given_up(
    service: Loopback, path: str, problem: str
) -> None:
    own = fetcher(f"127.0.0.1:{service.port}")
    with pytest.raises(FetchError, match=problem):
        await own.request("GET", f"http://127.0.0.1:{service.port}{path}?key=s3cret", {}, None, 0.3)


async def test_what_is_told_of_a_failure_holds_no_query() -> None:
    with pytest.raises(FetchError) as caught:
        await fetcher("127.0.0.1:9").request("GET", "http://127.0.0.1:9/x?key=s3cret", {}, None, None)
    assert "http://127.0.0.1/x could not be asked" in str(caught.value)
    assert "s3cret" not in str(caught.value)
