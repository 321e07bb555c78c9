"""What a server's integration settings say of the commands: asked once, then kept up to date by events."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import discord
from loguru import logger

SECONDS: Final = 1.5  # to ask: Discord waits 3 for what is typed into an option
Rules = Mapping[int, Mapping[int, bool]]  # by command (the application's id: all): by role, member or channel


class CommandRules:
    """Knows the rules of the servers somebody asked about."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._known: dict[int, dict[int, dict[int, bool]]] = {}

    async def of(self, guild_id: int) -> Rules:
        """Return a server's rules; none while Discord doesn't tell them."""
        known = self._known.get(guild_id)
        application_id = self._client.application_id
        if known is not None or application_id is None:
            return known or {}
        fresh = self._known[guild_id] = {}  # what changes meanwhile is put in, and is newer
        try:
            async with asyncio.timeout(SECONDS):
                http = self._client.http
                told = await http.get_guild_application_command_permissions(application_id, guild_id)
        except (TimeoutError, discord.HTTPException, aiohttp.ClientError, OSError) as error:
            self._known.pop(guild_id, None)
            name = type(error).__name__
            logger.bind(guild_id=guild_id).warning("Who may use which command isn't known now: {}", name)
            return {}
        for each in told:
            targets = {int(rule["id"]): rule["permission"] for rule in each["permissions"]}
            fresh.setdefault(int(each["id"]), targets)
        return fresh

    def heard(self, event: discord.RawAppCommandPermissionsUpdateEvent) -> None:
        """Note what was changed."""
        known = self._known.get(event.guild.id)
        if known is not None:
            known[event.target_id] = {each.id: each.permission for each in event.permissions}

    def forget(self, guild_id: int | None = None) -> None:
        """Ask anew about a server, or about all: changes may have been missed."""
        if guild_id is None:
            self._known = {}
        else:
            self._known.pop(guild_id, None)


def allowed(interaction: discord.Interaction[Any], rules: Rules, command_id: int | None) -> bool | None:
    """Return what the rules say of who is here and a command, None where they leave it to its defaults.

    Source: https://discord.com/developers/docs/interactions/application-commands#permissions.
    """
    guild_id, member = interaction.guild_id, interaction.user
    if guild_id is None or not isinstance(member, discord.Member) or interaction.permissions.administrator:
        return None
    layers = [rules.get(each or 0, {}) for each in (command_id, interaction.application_id)]
    place = interaction.channel
    place_id = place.parent_id if isinstance(place, discord.Thread) else interaction.channel_id
    for channel_id in (place_id or 0, guild_id - 1):  # the latter stands for all
        here = [layer[channel_id] for layer in layers if channel_id in layer]
        if here:
            if not here[0]:
                return False
            break
    roles = [each.id for each in member.roles if each.id != guild_id]
    for targets in ([member.id], roles, [guild_id]):
        for layer in layers:
            said = [layer[each] for each in targets if each in layer]
            if said:
                return any(said)
    return None
