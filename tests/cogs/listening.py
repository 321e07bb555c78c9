"""A guild, a bot that listens to it, and what stands for the services it tells."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from bot.core.client import Services
from bot.domain.arrival import Arrival, Change
from bot.domain.signal import Urgency
from bot.services.audience import AudienceService
from bot.services.clock import SystemClock
from bot.services.guilds import GuildService
from bot.services.maintenance import MaintenanceService
from bot.services.statistics.service import StatisticsService
from bot.services.support_roles import SupportRoles
from bot.services.tickets.service import TicketService
from tests.discord_payloads import (
    CATEGORY,
    CATEGORY_TYPE,
    CHANNEL,
    FORUM,
    FORUM_TYPE,
    MESSAGE,
    PRIVATE,
    PRIVATE_THREAD,
    THREAD,
    channel,
    guild,
    hidden,
    thread,
)

WHOLE_GUILD = guild(
    channel(CHANNEL, parent_id=str(CATEGORY)),
    hidden(),
    channel(CATEGORY, CATEGORY_TYPE),
    channel(FORUM, FORUM_TYPE),
    threads=(thread(), thread(PRIVATE_THREAD, type_=PRIVATE), thread(THREAD + 50, FORUM)),
)


class Recorder:
    """Stands for the workers' services: keeps what it is told."""

    depth = 0

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.caught_up: list[tuple[int, int | None, int | None]] = []
        self.since: dict[int, int] = {}  # by place, as last caught up
        self.gaps: list[tuple[int, int, int]] = []
        self.cursors: dict[int, int] = {}
        self.forgotten: dict[int, list[int]] = {}  # guilds and their places
        self.history: Any = None
        self.on_guild_gone: dict[str, Any] = {}

    @property
    def alerts(self) -> "Recorder":
        return self

    @property
    def answering(self) -> "Recorder":
        return self

    @property
    def settings(self) -> "Recorder":
        return self

    @property
    def kept(self) -> "Recorder":
        return self

    @property
    def leaks(self) -> "Recorder":
        return self

    @property
    def scheduler(self) -> "Recorder":
        return self

    async def run(self) -> None:
        await asyncio.Event().wait()

    def offer(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    async def flushed(self) -> None: ...

    async def close(self) -> None: ...

    def start_telling(self) -> None: ...

    def asks(self, arrivals: Sequence[Arrival]) -> list[bool]:
        return ["?" in arrival.content for arrival in arrivals]

    def catch_up(
        self, _guild_id: int, place_id: int, last: int | None, start: int | None, since: int
    ) -> None:
        self.caught_up.append((place_id, last, start))
        self.since[place_id] = since

    def note_gap(self, _guild_id: int, place_id: int, from_id: int, to_id: int, _reason: str) -> None:
        self.gaps.append((place_id, from_id - MESSAGE, to_id - MESSAGE))

    def forget_members(self) -> None: ...

    def forget_guild(self, guild_id: int, place_ids: Sequence[int]) -> None:
        self.forgotten[guild_id] = sorted(place_ids)

    def forget(self, guild_id: int) -> None:
        """Forget nothing: nothing is remembered of a server."""

    def read_from(self, history: Any) -> None:
        self.history = history

    async def clean(self, names: Any) -> None:
        """Take nothing out of settings: none are stored."""

    def taken(self) -> list[tuple[Change, int]]:
        return [(each.change, each.message_id - MESSAGE) for each in self.arrivals]


def services(guilds: GuildService, recorder: Recorder) -> Services:
    parts: Any = recorder
    roles, desk = SupportRoles(), cast("Any", None)  # no server has set tickets up
    tickets = TicketService(guilds._database, guilds._clock, guilds, roles, desk, lambda _text: Urgency.LOW)
    statistics = StatisticsService(guilds._database, SystemClock(), guilds, AudienceService(), parts, 30)
    return Services(
        answers=parts, audience=parts, command_sync=parts, configuration=parts, errors=parts,
        feedback=parts, fitting=parts, guilds=guilds, ingest=parts,
        knowledge=parts, metrics=parts, observer=parts, onboarding=parts, orchestrator=parts, recovery=parts,
        privacy=parts, reasons=parts, refinement=parts,
        retention=parts, settings_watch=parts,
         status=parts, stories=parts, suggestions=parts, summoning=parts, support_roles=roles,
        tickets=tickets,
        ticket_closing=parts, training=parts, training_files=parts, training_gaps=parts,
        similar_tickets=parts, plugins=parts,
        maintenance=MaintenanceService(guilds._database, guilds._clock),
        summaries=parts, statistics=statistics,
    )  # fmt: skip


async def settled() -> None:
    """Let every task that discord.py has made for an event run to its end."""
    async with asyncio.timeout(5):
        while tasks := [each for each in asyncio.all_tasks() if "discord.py" in each.get_name()]:
            await asyncio.gather(*tasks)
        while tasks := [
            each for each in asyncio.all_tasks() if each.get_name().startswith(("note", "look", "catch"))
        ]:
            await asyncio.gather(*tasks)
