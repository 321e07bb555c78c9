"""What a server has chosen, as the wizard shows it, with proposals where nothing was chosen yet."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import discord

from bot.core.client import Services
from bot.models import TicketSettings, Watch, WatchDefault
from bot.services.onboarding import ZONES, Option, propose_channel, propose_role
from cogs.ingest.places import WatchedPlaces
from cogs.onboarding.visit import Visit

UTC, PROPOSED_TIME, PLAIN_TIME = "UTC", "08:00", "00:00"


class Page(StrEnum):
    """A page of the wizard, in their order."""

    WATCH = "watch"
    REPLIES = "replies"
    SUMMARIES = "summaries"
    TICKETS = "tickets"
    DONE = "done"


class Where(StrEnum):
    """Where the daily summary goes."""

    DIRECT = "direct"
    CHANNEL = "channel"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Choices:
    """A moment's settings of a server; `proposed` names the pages on which something isn't stored yet."""

    watch_default: WatchDefault
    tracked: list[int]  # channels and categories, not threads
    watched: list[discord.abc.GuildChannel]  # what comes of that
    mode: str
    role_id: int | None
    staff_channel_id: int | None
    where: Where
    summary_channel_id: int | None
    others: int  # who get the summary by direct message, beside who looks
    at: str
    zone: str
    tickets: TicketSettings
    proposed: frozenset[Page]


async def choices_of(services: Services, visit: Visit) -> Choices:
    """Return what is chosen in a server, seen by who sets it up."""
    guild = visit.guild
    passed = await services.onboarding.passed(guild.id)
    row = await services.guilds.get(guild.id)
    tickets = services.tickets.settings.of(guild.id)
    summary = services.summaries.settings.of(guild.id)
    admins = summary.admin_ids or []
    role_id, staff_channel_id, proposed = tickets.staff_role_id, row.staff_channel_id, set[Page]()
    if Page.REPLIES not in passed:
        role_id = role_id or propose_role([Option(each.id, each.name) for each in visit.roles])
        staff_channel_id = staff_channel_id or propose_channel(_texts(guild))
        if (role_id, staff_channel_id) != (tickets.staff_role_id, row.staff_channel_id):
            proposed.add(Page.REPLIES)
    where, at, zone = _where(summary), summary.at, row.timezone
    if Page.SUMMARIES not in passed and where is Where.NONE:
        proposed.add(Page.SUMMARIES)
        where = Where.DIRECT
        at = PROPOSED_TIME if at == PLAIN_TIME else at
        zone = ZONES.get(visit.locale, zone) if zone == UTC else zone
    places = WatchedPlaces(visit.client, services.guilds)
    channels = [each for each in guild.channels if not isinstance(each, discord.CategoryChannel)]
    return Choices(
        watch_default=WatchDefault(row.watch_default),
        tracked=[each.id for each in guild.channels if services.guilds.watch(each.id) is Watch.TRACK],
        watched=[each for each in channels if places.spot_of(each).watched],
        mode=row.auto_reply,
        role_id=role_id,
        staff_channel_id=staff_channel_id,
        where=where,
        summary_channel_id=summary.channel_id,
        others=len([each for each in admins if each != str(visit.user_id)]),
        at=at,
        zone=zone,
        tickets=tickets,
        proposed=frozenset(proposed),
    )


def _where(summary: Any) -> Where:
    if not summary.is_on:
        return Where.NONE
    return Where.CHANNEL if summary.channel_id is not None else Where.DIRECT


def _texts(guild: discord.Guild) -> list[Option]:
    everyone = guild.default_role
    return [
        Option(each.id, each.name, is_public=each.permissions_for(everyone).view_channel)
        for each in guild.text_channels
    ]
