"""Brings Discord to show what tickets say, and tells staff what can't be done."""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from loguru import logger

from bot.db.database import Database
from bot.models import Ticket, TicketEvent
from bot.services.clock import Clock
from bot.services.tickets.ports import TicketDesk, TicketView
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from bot.texts import text


class TicketDisplay:
    """Shows tickets: card, tags, archive and lock. What isn't shown yet is found by its version."""

    def __init__(
        self, database: Database, clock: Clock, settings: TicketSettingsService, desk: TicketDesk
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self.desk = desk
        self.on_shown: Callable[[Ticket], Awaitable[None]] = _nothing  # called when card and tags are true
        self.on_gone: Callable[[Ticket], Awaitable[None]] = _nothing  # called when a thread isn't there
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def view(self, ticket: Ticket) -> TicketView:
        """Return the ticket with all that is shown of it."""
        category = self._settings.category(ticket.guild_id, ticket.category_id)
        return TicketView(ticket, category, self._settings.of(ticket.guild_id).tags or {})

    async def show(self, ticket_id: int, *, anew: bool = False) -> None:
        """Show a ticket as it is now, with `anew` even if it is shown so already.

        What fails because Discord does is tried again by the timers.
        """
        turn = self._turns.setdefault(ticket_id, asyncio.Lock())
        async with turn:
            async with self._database.reading() as tx:
                ticket = await tx.tickets.get(ticket_id)
            if ticket is None or ticket.thread_id is None:
                return
            if ticket.shown_version >= ticket.version and not anew:
                return
            try:
                lacking = await self.desk.show(self.view(ticket))
            except TargetGoneError:
                await self._shown(ticket)
                await self.on_gone(ticket)
                return
            except (NotPermittedError, RefusedError) as error:  # no better in a minute
                lacking = error.missing if isinstance(error, NotPermittedError) else str(error)
            except ToolError as error:
                logger.bind(guild_id=ticket.guild_id).warning(
                    "Ticket {} can't be shown now: {}", ticket.number, error
                )
                return
            await self.on_shown(ticket)
            await self._shown(ticket, lacking)
        if lacking:
            await self.tell_staff(
                ticket.guild_id,
                text("ticket_life.cannot_show", number=f"{ticket.number:04}", missing=lacking),
            )

    async def say(self, ticket: Ticket, words: str, key: str) -> bool:
        """Say something in a ticket's thread; return False where it can't be said now."""
        try:
            await self.desk.say(ticket, words, f"{ticket.id}/{key}", self._clock.now())
        except TargetGoneError:
            await self.on_gone(ticket)
            return False
        except ToolError as error:
            logger.bind(guild_id=ticket.guild_id).warning(
                "Nothing can be said in ticket {}: {}", ticket.number, error
            )
            return False
        return True

    async def tell_staff(self, guild_id: int, words: str) -> None:
        """Note something in the server's log channel, if it has one, and in the log."""
        logger.bind(guild_id=guild_id).info("Tickets: {}", words)
        channel_id = self._settings.of(guild_id).log_channel_id
        if channel_id is None:
            return
        try:
            await self.desk.tell(channel_id, words)
        except ToolError as error:
            logger.bind(guild_id=guild_id).warning("The log channel of tickets can't be used: {}", error)

    async def _shown(self, ticket: Ticket, lacking: str = "") -> None:
        async with self._database.transaction() as tx:
            await tx.tickets.shown(ticket.id, ticket.version)
            if lacking:
                detail = {"permission": lacking[:200]}
                event = TicketEvent(ticket_id=ticket.id, kind="lacking", detail=detail, at=self._clock.now())
                await tx.tickets.note(event)


async def _nothing(_ticket: Ticket) -> None:
    """Do nothing."""
