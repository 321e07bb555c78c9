"""What follows when a ticket closes: a summary, the transcript for staff and member, a rating, a lesson."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from loguru import logger

from bot.db.database import Database
from bot.domain.markdown import escape_markdown
from bot.llm.material import Line
from bot.models import DeliveryKind, DeliveryStatus, Ticket, TicketDelivery
from bot.services.audience import AudienceService, KnownThread
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.tasks import TaskSet
from bot.services.tickets.closing_words import facts_of, is_notice, member_text, staff_text
from bot.services.tickets.deliveries import ClosingDesk, Deliveries, File, Post, ReopenedError
from bot.services.tickets.ports import OptedOut
from bot.services.tickets.ratings import TicketRatings
from bot.services.tickets.settings import TicketSettingsService
from bot.services.tickets.teach import TicketLessons
from bot.services.tickets.transcripts import MAX_MESSAGES, Files, Said, Transcript, render
from bot.services.tickets.visible import link_of, shown_messages
from bot.services.tools import NotPermittedError, TargetGoneError, ToolError
from bot.services.writing import Writer
from bot.texts import text

EVERY_SECONDS: Final = 60.0
PATIENCE: Final = timedelta(days=3)  # in which Discord may be out of reach
MOST: Final = 20  # closings at one look
PARALLEL: Final = 2  # of which each may hold a transcript of some megabytes
SUMMARIZED: Final = 500  # messages, the newest
WARNED: Final = "ticket_log_warned"  # scope of the key-value pairs


class TicketClosing:
    """Serves closed tickets in the background; what a crash interrupts is found again by its missing row.

    Attributes:
        lessons: what closed tickets teach.
        ratings: what members say of the help.
        opted_out: whose messages and names aren't shown.
        catch_up: makes what is stored of a ticket equal to its thread.
        is_unsure: whether it may not be.
    """

    def __init__(  # noqa: PLR0913  (the end of a ticket meets everything)
        self,
        database: Database,
        clock: Clock,
        desk: ClosingDesk,
        *,
        settings: TicketSettingsService,
        guilds: GuildService,
        audience: AudienceService,
        writer: Writer,
        lessons: TicketLessons,
        seconds: float,
    ) -> None:
        """Prepare; `seconds` are what a model may take for a summary."""
        self._database = database
        self._clock = clock
        self._settings = settings
        self._guilds = guilds
        self._audience = audience
        self._writer = writer
        self.lessons = lessons
        self.ratings = TicketRatings(database, clock)
        self._desk = desk
        self._seconds = seconds
        self._deliveries = Deliveries(database, clock, desk)
        self._tasks = TaskSet()
        self._slots = asyncio.Semaphore(PARALLEL)
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self.opted_out: OptedOut = lambda _guild_id, _user_id: False
        self.catch_up: Callable[[Ticket], Awaitable[None]] = _nothing
        self.is_unsure: Callable[[Ticket], bool] = lambda _ticket: False

    async def on_closed(self, ticket: Ticket) -> None:
        """Ask for a rating while the thread is still open, and do the rest in the background."""
        if ticket.thread_id is None:
            return
        turn = self._turns.setdefault(ticket.id, asyncio.Lock())
        try:
            async with turn:
                await self._ask_rating(ticket)
        except (ToolError, TimeoutError, ReopenedError) as error:  # it is tried again with the rest
            logger.bind(guild_id=ticket.guild_id).warning(
                "Ticket {} can't be rated yet: {}", ticket.number, error
            )
        self._tasks.spawn(self.serve(ticket), f"close ticket {ticket.id}")

    async def run(self) -> None:
        """Serve what was left over, now and every minute until cancelled."""
        while True:
            await self.tick()
            await self._clock.sleep(EVERY_SECONDS)

    async def tick(self) -> None:
        """Serve what was left over, page by page, so that none that stays holds up those behind it."""
        since, after_id = self._clock.now() - PATIENCE, 0
        while True:
            async with self._database.reading() as tx:
                unserved = await tx.ticket_deliveries.unserved(since, after_id, MOST)
            for ticket in unserved:
                try:
                    await self.serve(ticket, again=True)
                except Exception:  # noqa: BLE001  (one ticket must not hold up the others)
                    logger.bind(guild_id=ticket.guild_id).exception("Closing ticket {} failed", ticket.number)
            if len(unserved) < MOST:
                return
            after_id = unserved[-1].id

    async def serve(self, ticket: Ticket, *, again: bool = False) -> None:
        """Do all that a closing asks for and that isn't done.

        With `again`, and where it may be so, what was deleted while nobody listened is learned first.
        """
        turn = self._turns.setdefault(ticket.id, asyncio.Lock())
        async with turn, self._slots:
            try:
                await self._serve(ticket, again=again)
            except ReopenedError:
                logger.debug("Ticket {} isn't closed any more", ticket.number)
            except (ToolError, TimeoutError) as error:
                logger.bind(guild_id=ticket.guild_id).warning(
                    "The end of ticket {} waits for Discord: {}", ticket.number, str(error) or "too slow"
                )

    async def close(self) -> None:
        """Stop; what isn't done is done after the next start."""
        await self._tasks.cancel()

    async def _serve(self, ticket: Ticket, *, again: bool) -> None:
        async with self._database.reading() as tx:
            done = await tx.ticket_deliveries.get(ticket.id, ticket.reopened, DeliveryKind.ALL)
        if done is not None:
            return
        if again or self.is_unsure(ticket):
            await self.catch_up(ticket)
        await self._ask_rating(ticket)
        said, left_out = await self._said(ticket)
        summary = await self._summarize(ticket, said)
        files = await asyncio.to_thread(render, self._transcript(ticket, summary, said, left_out=left_out))
        deliver = self._deliveries.deliver
        logged = await deliver(
            ticket, DeliveryKind.LOG, partial(self._log_post, ticket, summary, len(said), files)
        )
        if logged.status == DeliveryStatus.FAILED:
            await self._warn(ticket, text("ticket_closing.log_failed", why=logged.detail))
        sent = await deliver(ticket, DeliveryKind.MEMBER, partial(self._member_post, ticket, summary, files))
        if sent.status == DeliveryStatus.FAILED:
            await deliver(ticket, DeliveryKind.CLOSED_DOORS, partial(self._closed_doors, ticket))
        await deliver(ticket, DeliveryKind.LESSON, partial(self._lesson_post, ticket))
        await self._deliveries.end(ticket)

    async def _said(self, ticket: Ticket) -> tuple[tuple[Said, ...], bool]:
        """Return what may be shown of what was said, and whether there was more before."""
        async with self._database.reading() as tx:
            stored = await tx.ticket_messages.list_of(ticket.id, MAX_MESSAGES + 1)
            own = await tx.ticket_deliveries.posted(ticket.id)
        newest = [each for each in stored[-MAX_MESSAGES:] if each.message_id not in own]
        said = shown_messages(ticket, newest, self.opted_out)
        return said, len(stored) > MAX_MESSAGES

    async def _summarize(self, ticket: Ticket, said: Sequence[Said]) -> str:
        """Return a summary and keep it on the ticket; "" when nothing was said that may be told."""
        telling = [each for each in said if each.text and not is_notice(each)]
        lines = [Line(each.author, each.text, each.at) for each in telling[-SUMMARIZED:]]
        if not self._hides_opener(ticket):
            lines.insert(0, Line(ticket.opener_name, ticket.question, ticket.opened_at))
        told = ""
        if lines:
            written = await self._writer.summarize(
                lines, ticket.guild_id, self._seconds, title=f"ticket {ticket.number}"
            )
            told = written.text
        async with self._database.transaction() as tx:
            now = await tx.tickets.get(ticket.id)
            if now is None or now.thread_id is None:  # deleted while the model wrote
                raise ReopenedError
            await tx.tickets.set_quietly(ticket.id, {"summary": told or None})
        return told

    def _transcript(
        self, ticket: Ticket, summary: str, said: tuple[Said, ...], *, left_out: bool
    ) -> Transcript:
        hidden = self._hides_opener(ticket)
        category = self._settings.category(ticket.guild_id, ticket.category_id)
        zone = self._guilds.policy(ticket.guild_id).timezone
        return Transcript(
            number=ticket.number,
            title="" if hidden else ticket.title,
            question="" if hidden else ticket.question,
            environment="" if hidden else ticket.environment,
            facts=facts_of(ticket, category.name if category else "", zone, hides_opener=hidden),
            summary=summary,
            link=link_of(ticket),
            said=said,
            left_out=left_out,
            zone=zone,
            names={} if hidden else {ticket.opener_id: ticket.opener_name},
        )

    async def _ask_rating(self, ticket: Ticket) -> TicketDelivery:
        async def make() -> Post | None:
            if ticket.member_left:
                return None
            return Post(
                DeliveryKind.RATING,
                ticket,
                f"<@{ticket.opener_id}>, how was the help with ticket #{ticket.number:04}, closed "
                f"{_moment(ticket)}?",
                text("ticket_closing.rating_hint"),
            )

        return await self._deliveries.deliver(ticket, DeliveryKind.RATING, make)

    async def _log_post(self, ticket: Ticket, summary: str, count: int, files: Files) -> Post | None:
        channel_id = self._settings.of(ticket.guild_id).log_channel_id
        if channel_id is None:
            return None
        marker = f"**Ticket #{ticket.number:04}** was closed {_moment(ticket)}."
        if not self._audience.may_carry(_thread(ticket), channel_id):
            channel, thread = f"<#{channel_id}>", f"<#{ticket.thread_id}>"
            why = text("ticket_closing.log_unfit", channel=channel, thread=thread)
            await self._warn(ticket, text("ticket_closing.log_unfit_owner", why=why))
            return Post(DeliveryKind.LOG, ticket, marker, why, channel_id)
        told = staff_text(ticket, summary, count, hides_opener=self._hides_opener(ticket))
        return Post(DeliveryKind.LOG, ticket, marker, told, channel_id, _uploads(ticket, files))

    async def _member_post(self, ticket: Ticket, summary: str, files: Files) -> Post | None:
        if ticket.member_left or not self._settings.of(ticket.guild_id).transcript_dm:
            return None
        reader = await self._desk.reader(ticket)
        if reader is None or not self._audience.may_carry(_thread(ticket), reader):
            return None
        marker = f"Your ticket **#{ticket.number:04}** was closed {_moment(ticket)}."
        guild = await self._guilds.get(ticket.guild_id)
        told = member_text(ticket, summary, escape_markdown(guild.name))
        return Post(DeliveryKind.MEMBER, ticket, marker, told, None, _uploads(ticket, files))

    async def _closed_doors(self, ticket: Ticket) -> Post | None:
        return Post(
            DeliveryKind.CLOSED_DOORS,
            ticket,
            f"<@{ticket.opener_id}>, I can't send you the transcript of ticket #{ticket.number:04}, closed "
            f"{_moment(ticket)}: you take no direct messages from me. Ask staff for it.",
        )

    async def _lesson_post(self, ticket: Ticket) -> Post | None:
        channel_id = (
            self._guilds.policy(ticket.guild_id).staff_channel_id
            or self._settings.of(ticket.guild_id).log_channel_id
        )
        if channel_id is None or self._hides_opener(ticket):
            return None
        lesson = await self.lessons.draw(ticket)
        if lesson is None:
            return None
        may_show = self._audience.may_carry(_thread(ticket), channel_id)
        marker = f"**Teach this?** Ticket #{ticket.number:04} was solved and closed {_moment(ticket)}."
        return Post(DeliveryKind.LESSON, ticket, marker, lesson.shown(ticket, may_show=may_show), channel_id)

    async def _warn(self, ticket: Ticket, warning: str) -> None:
        """Tell the server's owner, once for each choice of channels."""
        log_id = self._settings.of(ticket.guild_id).log_channel_id
        key = f"{ticket.guild_id}/{log_id}/{ticket.parent_id}"
        async with self._database.reading() as tx:
            if await tx.kv.get(WARNED, key) is not None:
                return
        try:
            await self._desk.warn_owner(ticket.guild_id, warning)
        except (NotPermittedError, TargetGoneError) as error:
            logger.bind(guild_id=ticket.guild_id).warning("{} The owner can't be told: {}", warning, error)
        async with self._database.transaction() as tx:
            await tx.kv.put(WARNED, key, {})

    def _hides_opener(self, ticket: Ticket) -> bool:
        return self.opted_out(ticket.guild_id, ticket.opener_id)


async def _nothing(_ticket: Ticket) -> None:
    """Do nothing."""


def _thread(ticket: Ticket) -> KnownThread:
    assert ticket.thread_id is not None  # checked
    return KnownThread(ticket.thread_id, ticket.parent_id, ticket.is_private)


def _moment(ticket: Ticket) -> str:
    assert ticket.closed_at is not None  # it is closed
    return f"<t:{int(ticket.closed_at.timestamp())}:f>"


def _uploads(ticket: Ticket, files: Files) -> tuple[File, ...]:
    return (
        File(
            f"ticket-{ticket.number:04}.html",
            files.html,
            text("ticket_closing.file_html", number=ticket.number),
        ),
        File(
            f"ticket-{ticket.number:04}.txt",
            files.text,
            text("ticket_closing.file_text", number=ticket.number),
        ),
    )
