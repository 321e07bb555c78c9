"""Asks plugins whether one of them answers a message instead of the bot."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.plugin_api.errors import UserFacingError
from bot.plugin_api.events import MessageObserved
from bot.plugin_api.ports import Claim
from bot.services.plugins.host import PluginHost
from bot.services.plugins.registry import PluginRegistry
from bot.services.plugins.runner import PluginFailedError

DEADLINE: Final = 1.0  # seconds for all of a batch: the bot's own answers wait for it


class PluginClaims:
    """Who answers what; the first plugin by name that wants a message has it."""

    def __init__(self, registry: PluginRegistry) -> None:
        self._registry = registry

    def guilds(self) -> set[int]:
        """Return the servers in which some plugin would answer."""
        return {
            guild_id
            for entry in self._registry.entries.values()
            if entry.host is not None and entry.host.registered.claims
            for guild_id in self._registry.servers.guilds_of(entry.id)
        }

    async def of(self, events: Sequence[MessageObserved]) -> dict[int, str]:
        """Return the plugin that answers, by message; what isn't decided in time is nobody's."""
        found: dict[int, str] = {}
        try:
            async with asyncio.timeout(DEADLINE):
                for event in events:
                    plugin_id = await self._claimant(event)
                    if plugin_id:
                        found[event.message_id] = plugin_id
        except TimeoutError:
            return found
        return found

    async def _claimant(self, event: MessageObserved) -> str:
        entries = sorted(self._registry.entries.values(), key=lambda each: each.id)
        for entry in entries:
            host = entry.host
            if host is None or not self._registry.servers.is_on(entry.id, event.guild_id):
                continue
            for claim in host.registered.claims:
                if await _asked(host, claim, event):
                    return entry.id
        return ""


async def _asked(host: PluginHost, claim: Claim, event: MessageObserved) -> bool:
    async def ask() -> bool:
        return bool(await claim(event))

    try:
        return await host.runner.call("claim", ask())
    except (PluginFailedError, UserFacingError):
        return False
