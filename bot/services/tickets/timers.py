"""What comes due by itself: reminders, closing, and what an interruption left undone."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from loguru import logger

from bot.db.database import Database, Transaction, is_passing
from bot.domain.errors import UserFacingError
from bot.domain.tickets import LIVING, Due, TicketState, Timers, due, reminded
from bot.models import Ticket, TicketEvent
from bot.services.clock import Clock
from bot.services.tickets.display import TicketDisplay
from bot.services.tickets.life import TicketLife
from bot.services.tickets.opening import TicketOpening
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError
from bot.texts import text

EVERY_SECONDS = 60.0
PAGE = 100  # tickets in one query


class TicketTimers:
    """Looks once a minute; the columns of the tickets say what is due, so that no restart loses anything."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: TicketSettingsService,
        display: TicketDisplay,
        opening: TicketOpening,
        life: TicketLife,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._display = display
        self._opening = opening
        self._life = life
        self.on_tick: Callable[[], None] = lambda: None  # called each time before looking

    async def run(self) -> None:
        """Look now and every minute until cancelled."""
        while True:
            await self.tick()
            await self._clock.sleep(EVERY_SECONDS)

    async def tick(self) -> None:
        """Finish what was interrupted, then do what is due."""
        self.on_tick()
        async for ticket in self._all(lambda tx, after_id: tx.tickets.unshown(after_id, PAGE)):
            await self._safely(ticket, self._finish)
        now = self._clock.now()
        async for ticket in self._all(lambda tx, after_id: tx.tickets.due(now, after_id, PAGE)):
            await self._safely(ticket, self._act)

    async def _all(
        self, query: Callable[[Transaction, int], Awaitable[Sequence[Ticket]]]
    ) -> AsyncIterator[Ticket]:
        """Yield what a query finds, page by page, so that none that stays holds up those behind it."""
        after_id = 0
        while True:
            async with self._database.reading() as tx:
                page = await query(tx, after_id)
            for ticket in page:
                yield ticket
            if len(page) < PAGE:
                return
            after_id = page[-1].id

    async def _safely(self, ticket: Ticket, work: Callable[[Ticket], Awaitable[None]]) -> None:
        try:
            await work(ticket)
        except Exception as error:  # noqa: BLE001  (one ticket must not hold up the others)
            log = logger.bind(guild_id=ticket.guild_id)
            if is_passing(error) or isinstance(error, ToolError):
                log.warning("Ticket {} is looked at again in a minute: {}", ticket.number, error)
            else:
                log.opt(exception=error).error("The timers of ticket {} failed", ticket.number)

    async def _finish(self, ticket: Ticket) -> None:
        """Go on with what was interrupted."""
        if ticket.thread_id is not None:
            await self._display.show(ticket.id)
        elif ticket.state in LIVING:
            await self._opening.resume(ticket)
        else:  # closed before it had a thread
            async with self._database.transaction() as tx:
                await tx.tickets.shown(ticket.id, ticket.version)

    async def _act(self, ticket: Ticket) -> None:
        now, rules = self._clock.now(), self._settings.rules(ticket.guild_id)
        timers = Timers(ticket.remind_at, ticket.close_at)
        match due(timers, now, rules):
            case Due.REMIND:
                if not await self._display.desk.is_member(ticket.guild_id, ticket.opener_id):
                    await self._life.member_left(ticket.guild_id, ticket.opener_id)
                    return
                after = reminded(timers, now, rules)
                # A reminder is found again by its words after a stop: they stay as they are.
                told = f"<@{ticket.opener_id}>, do you still need help? Write here if you do."
                if after.close_at is not None:
                    told += f" Else I close this ticket <t:{int(after.close_at.timestamp())}:R>."
                await self._remind(ticket, told, after)
            case Due.CLOSE:
                waiting = [TicketState.WAITING_MEMBER, TicketState.RESOLVED]
                why = text("ticket_life.reason_no_answer")
                if ticket.state == TicketState.RESOLVED:
                    why = text("ticket_life.reason_resolved")
                try:
                    await self._life.close(ticket, None, why, states=waiting)
                except UserFacingError as error:  # somebody spoke or closed it just now
                    logger.debug("Ticket {} isn't closed by itself: {}", ticket.number, error)
            case None:
                return

    async def _remind(self, ticket: Ticket, told: str, after: Timers) -> None:
        """Remind a ticket's member; where that can't be done, its other timer goes on all the same."""
        assert ticket.remind_at is not None  # it is due
        kind, detail = "reminded", None
        try:
            await self._display.desk.say(ticket, told, f"{ticket.id}/remind", ticket.remind_at)
        except TargetGoneError:
            await self._life.thread_gone(ticket)
            return
        except (NotPermittedError, RefusedError) as error:  # no better in a minute
            logger.bind(guild_id=ticket.guild_id).warning(
                "Nobody can be reminded of ticket {}: {}", ticket.number, error
            )
            kind, detail = "not_reminded", {"reason": str(error)[:200]}
        async with self._database.transaction() as tx:
            values = {"remind_at": after.remind_at, "close_at": after.close_at}
            if await tx.tickets.take_timer(ticket, values):
                now = self._clock.now()
                await tx.tickets.note(TicketEvent(ticket_id=ticket.id, kind=kind, detail=detail, at=now))
