"""Stores what is chosen in the wizard, through the services that own the settings."""

from collections.abc import Sequence
from typing import Any

import discord

from bot.core.client import Services
from bot.domain.errors import UserFacingError
from bot.models import AutoReply, WatchDefault
from bot.services.guilds import ChannelSeen
from bot.texts import text
from cogs.onboarding.choices import Choices, Page, Where, choices_of
from cogs.onboarding.page_view import MOST
from cogs.onboarding.visit import Visit


class Storing:
    """Writes a page's choices: the one just made, and what was proposed beside it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def keep(self, visit: Visit, page: Page) -> None:
        """Store what a page proposes, since its admin went on with it."""
        choices = await choices_of(self._services, visit)
        if page in choices.proposed:
            if page is Page.REPLIES:
                await self._staff(visit.guild.id, choices.role_id, choices.staff_channel_id)
            elif page is Page.SUMMARIES:
                await self._summary(visit, choices, choices.where, None)
        await self._services.onboarding.pass_page(visit.guild.id, page)

    async def set(self, visit: Visit, page: Page, name: str, values: Sequence[str]) -> None:
        """Store a choice.

        Raises:
            UserFacingError: it can't be taken; the text says why.
        """
        guild = visit.guild
        one = values[0] if values else None
        choices = await choices_of(self._services, visit)
        if page is Page.WATCH:
            await self._watch(guild, choices, name, values)
        elif page is Page.REPLIES:
            await self._replies(guild, choices, name, one)
        elif page is Page.SUMMARIES:
            await self._summaries(visit, choices, name, one)
        await self._services.onboarding.pass_page(guild.id, page)

    async def _watch(self, guild: discord.Guild, choices: Choices, name: str, values: Sequence[str]) -> None:
        onboarding = self._services.onboarding
        if name == "default":
            await onboarding.watch_by_default(guild.id, WatchDefault(values[0]))
            return
        offered = choices.tracked[:MOST]  # a select shows no more of them: others stay
        chosen = [_seen(each) for id_ in values if (each := guild.get_channel(int(id_))) is not None]
        known = [_seen(each) for id_ in offered if (each := guild.get_channel(id_)) is not None]
        await onboarding.watch_these(guild.id, chosen, known)

    async def _replies(self, guild: discord.Guild, choices: Choices, name: str, value: str | None) -> None:
        role_id, channel_id = choices.role_id, choices.staff_channel_id
        if name == "role":
            role_id = _role(guild, value)
        elif name == "channel":
            channel_id = _channel(guild, value)
        if role_id == guild.id:
            raise UserFacingError(text("onboarding.replies.everyone"))
        await self._staff(guild.id, role_id, channel_id)
        if name == "mode":
            await self._services.guilds.set_auto_reply(guild.id, AutoReply(value or AutoReply.ON))

    async def _staff(self, guild_id: int, role_id: int | None, channel_id: int | None) -> None:
        await self._services.tickets.settings.change(guild_id, staff_role_id=role_id)
        await self._services.guilds.set_staff_channel(guild_id, channel_id)

    async def _summaries(self, visit: Visit, choices: Choices, name: str, value: str | None) -> None:
        where, channel_id = choices.where, choices.summary_channel_id
        if name == "where":
            where = Where(value or Where.NONE)
            if where is Where.CHANNEL and channel_id is None:
                channel_id = _here(visit)
        elif name == "channel":
            channel_id = _channel(visit.guild, value)
            where = Where.CHANNEL if channel_id is not None else Where.NONE
        await self._summary(visit, choices, where, channel_id)
        if name == "at" and value:
            await self._services.summaries.settings.change(visit.guild.id, at=value)
        elif name == "zone" and value:
            await self._services.guilds.set_timezone(visit.guild.id, value)

    async def _summary(self, visit: Visit, choices: Choices, where: Where, channel_id: int | None) -> None:
        """Store where it goes, and the proposed time and zone."""
        settings = self._services.summaries.settings
        others = settings.of(visit.guild.id).admin_ids or []
        values: dict[str, Any] = {"is_on": where is not Where.NONE, "at": choices.at}
        if where is Where.DIRECT:
            admins = list(dict.fromkeys([*others, str(visit.user_id)]))
            values |= {"channel_id": None, "admin_ids": admins}
        elif where is Where.CHANNEL:
            values |= {"channel_id": channel_id, "admin_ids": None}
        await settings.change(visit.guild.id, **values)
        row = await self._services.guilds.get(visit.guild.id)
        if row.timezone != choices.zone:
            await self._services.guilds.set_timezone(visit.guild.id, choices.zone)


def _channel(guild: discord.Guild, value: str | None) -> int | None:
    """Return a channel that was chosen: one of this server, whatever id was sent."""
    channel = guild.get_channel(int(value)) if value else None
    return channel.id if channel is not None else None


def _role(guild: discord.Guild, value: str | None) -> int | None:
    """Return a role that was chosen, as a channel is."""
    role = guild.get_role(int(value)) if value else None
    return role.id if role is not None else None


def _here(visit: Visit) -> int:
    """Return the text channel in which the wizard is open, to begin with.

    Raises:
        UserFacingError: it is open elsewhere.
    """
    if not isinstance(visit.place, discord.TextChannel):
        raise UserFacingError(text("onboarding.summaries.choose_channel"))
    return visit.place.id


def _seen(channel: discord.abc.GuildChannel) -> ChannelSeen:
    return ChannelSeen(channel.id, channel.category_id, channel.name)
