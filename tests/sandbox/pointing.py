"""Points discord.py at a sandbox and back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import yarl
from discord.asset import Asset
from discord.gateway import DiscordWebSocket
from discord.http import Route


class Addresses(Protocol):
    """Where a sandbox listens."""

    @property
    def api_url(self) -> str: ...
    @property
    def gateway_url(self) -> str: ...
    @property
    def cdn_url(self) -> str: ...


@contextmanager
def pointed_at(sandbox: Addresses) -> Iterator[None]:
    """Make every discord.py client made inside talk to the sandbox; restore the addresses after."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE
    Route.BASE = sandbox.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
    Asset.BASE = sandbox.cdn_url
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY, Asset.BASE = before
