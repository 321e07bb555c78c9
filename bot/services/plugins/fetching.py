"""Requests of plugins: to named hosts alone, never to private addresses, each redirect checked anew.

The address that is checked is the one that is connected to: a name is resolved once for each hop, by the
connection itself, and what doesn't pass is not among its answers.
"""

import asyncio
import ipaddress
import json
import socket
from collections.abc import Collection, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from bot.plugin_api.errors import FetchError
from bot.plugin_api.parts import Response

METHODS: Final = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"))
USUAL_SECONDS: Final = 30.0
MAX_HOPS: Final = 5
MAX_BODY: Final = 10_000_000  # bytes sent
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_CHUNK: Final = 65_536
_PORTS: Final = {"https": 443, "http": 80}
_AGENT: Final = "Lookout-plugin"
_OURS: Final = frozenset(("host", "content-length", "transfer-encoding", "connection", "accept-encoding"))


class Fetcher:
    """Asks for one plugin.

    Args:
        hosts: "name" or "name:port", by the manifest: https and public addresses.
        trusted: by the owner: private addresses and plain http, too.
        seconds: for a request at most.
        max_bytes: of an answer.
    """

    def __init__(
        self, hosts: Collection[str], trusted: Collection[str], *, seconds: float, max_bytes: int
    ) -> None:
        self._hosts = frozenset(each.lower() for each in hosts)
        self._trusted = frozenset(each.lower() for each in trusted)
        self._seconds = seconds
        self._max_bytes = max_bytes

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, seconds: float | None
    ) -> Response:
        """Ask, follow redirects, and return the answer.

        Raises:
            FetchError: refused, too slow, too large, or out of reach.
        """
        method = method.upper()
        if method not in METHODS:
            raise FetchError(f"{method} is none of {', '.join(sorted(METHODS))}")
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None and len(sent) > MAX_BODY:
            raise FetchError(f"the body has {len(sent):,} bytes; {MAX_BODY:,} at most")
        try:
            async with asyncio.timeout(min(self._seconds, seconds or USUAL_SECONDS)):
                return await self._follow(method, url, _sendable(headers, sent), sent)
        except TimeoutError:
            raise FetchError(f"{_shown(url)} did not answer in time") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FetchError(f"{_shown(url)} could not be asked: {type(error).__name__}: {error}") from None

    async def _follow(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Response:
        first = urlsplit(url).netloc
        for _ in range(MAX_HOPS):
            is_trusted = self._check(url)
            connector = aiohttp.TCPConnector(resolver=GuardedResolver(is_trusted=is_trusted), limit=1)
            async with (
                aiohttp.ClientSession(
                    connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
                ) as session,
                session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer,
            ):
                target = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if target is None:
                    return await self._read(answer)
                url = urljoin(url, target)
                if answer.status == 303 or (answer.status in {301, 302} and method == "POST"):  # noqa: PLR2004
                    method, body = "GET", None
            if urlsplit(url).netloc != first:  # keys are for who they were given for
                headers, body = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}, None
        raise FetchError(f"more than {MAX_HOPS} redirects")

    def _check(self, url: str) -> bool:
        """Return whether the owner vouches for an address's host.

        Raises:
            FetchError: it may not be asked.
        """
        parts = urlsplit(url)
        host, scheme = (parts.hostname or "").lower(), parts.scheme.lower()
        if not host or parts.username is not None or scheme not in _PORTS:
            raise FetchError(f"{_shown(url)} is no https address without a name and password")
        port = parts.port or _PORTS[scheme]
        if host in self._trusted or f"{host}:{port}" in self._trusted:
            return True
        if scheme != "https":
            raise FetchError(
                f"{host}: only https; plain http needs the owner's plugins.hosts in settings.yaml"
            )
        wanted = host if port == _PORTS["https"] else f"{host}:{port}"
        if wanted not in self._hosts:
            raise FetchError(
                f"{wanted} is neither under http_hosts in the manifest nor the owner's plugins.hosts"
            )
        _check_literal(host)
        return False

    async def _read(self, answer: aiohttp.ClientResponse) -> Response:
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise FetchError("the answer is compressed, though that was not asked for")
        if (answer.content_length or 0) > self._max_bytes:
            raise FetchError(f"the answer has more than {self._max_bytes:,} bytes")
        body = bytearray()
        async for chunk in answer.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchError(f"the answer has more than {self._max_bytes:,} bytes")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers, bytes(body))


class GuardedResolver(AbstractResolver):
    """Resolves names to addresses that may be connected to, and to no others."""

    def __init__(self, *, is_trusted: bool, inner: AbstractResolver | None = None) -> None:
        self._is_trusted = is_trusted
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            FetchError: one of them is private: then somebody plays tricks with the name.
        """
        found = await self._inner.resolve(host, port, family)
        for each in found:
            if not self._is_trusted and not is_public(each["host"]):
                raise FetchError(f"{host} leads to a private address")
        return found

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._inner.close()


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def _check_literal(host: str) -> None:
    """Check a host that is an address: no resolver is asked about it."""
    try:
        public = is_public(host)
    except ValueError:
        return  # a name
    if not public:
        raise FetchError(f"{host} is a private address")


def _sendable(headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in _OURS}
    defaults = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    if body is not None:
        defaults["Content-Type"] = "application/json"
    return defaults | kept


def _shown(url: str) -> str:
    """Return an address as it may be logged: without its query, which may hold a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"[:200]
