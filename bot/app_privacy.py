"""The part of the composition root that puts members' rights together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.db.database import Database
from bot.nlp.batching import BatchingEncoder
from bot.nlp.encoder import Encoder
from bot.nlp.forgetting import forget_words
from bot.services.clock import Clock
from bot.services.feedback import FeedbackService
from bot.services.guilds import GuildService
from bot.services.ingest import IngestService
from bot.services.language import Language
from bot.services.meaning import Meaning
from bot.services.privacy.erasing import Parts
from bot.services.privacy.leaks import WARN_LEAK, LeakWarnings
from bot.services.privacy.log import ErasureLog
from bot.services.privacy.opt_outs import OptOuts
from bot.services.privacy.records import load_key
from bot.services.privacy.service import About, PrivacyService
from bot.services.statistics.service import StatisticsService
from bot.services.summaries.service import Summaries
from bot.services.tasks import TaskSet
from bot.services.throttle import Throttle
from bot.services.tickets.service import TicketService
from bot.services.training.knowledge import Knowledge
from bot.settings import Settings
from bot.tools.privacy import DiscordPrivacyDesk
from bot.tools.tickets import DiscordTicketDesk

SETTLE_SECONDS = 30.0  # for what was heard to be stored


@dataclass(frozen=True, slots=True)
class PrivacyParts:
    """What members' rights reach."""

    database: Database
    clock: Clock
    settings: Settings
    language: Language
    meaning: Meaning
    encoder: Encoder | None
    throttle: Throttle
    desk: DiscordTicketDesk
    tasks: TaskSet

    async def _opt_outs(self) -> tuple[OptOuts, ErasureLog]:
        """Return who opted out, and the record of it, as they are now.

        Raises:
            StartupError: the key of their hashes can't be read.
        """
        folder = privacy_folder(self.settings)
        async with self.database.reading() as tx:
            needed = bool(await tx.opt_outs.list_all())
        key = await asyncio.to_thread(load_key, folder, needed=needed)
        opt_outs = OptOuts(self.database, self.clock, key)
        await opt_outs.load()
        return opt_outs, ErasureLog(self.database, self.clock, key, opt_outs, folder)

    async def build(  # noqa: PLR0913, PLR0917  (members' rights reach everything)
        self,
        guilds: GuildService,
        ingest: IngestService,
        statistics: StatisticsService,
        knowledge: Knowledge,
        tickets: TicketService,
        feedback: FeedbackService,
        summaries: Summaries,
    ) -> PrivacyService:
        """Return the service, and have everybody ask it who opted out.

        Raises:
            StartupError: the key of opt-outs can't be read.
        """
        opt_outs, log = await self._opt_outs()
        desk = DiscordPrivacyDesk(self.desk)
        max_age = timedelta(minutes=self.settings.ingest.backfill_answer_age_minutes)
        leaks = LeakWarnings(self.database, self.clock, guilds, {WARN_LEAK: desk}, max_age)
        parts = Parts(
            settled=_settled(ingest, statistics),
            figures=statistics.counting.forget,
            summaries=summaries.store.forget_member,
            taught=knowledge.update,
            forget=self._forget(ingest, leaks),
            show=self._show(tickets),
        )
        privacy = PrivacyService(
            self.database,
            self.clock,
            opt_outs=opt_outs,
            log=log,
            parts=parts,
            leaks=leaks,
            desk=desk,
            about=About(self.settings.retention, self.settings.log, sorted(self.language.providers)),
        )
        privacy.channels_of = _staff_channels(guilds, tickets)
        tickets.conversation.opted_out = tickets.opening.opted_out = opt_outs.holds  # others ask these
        ingest.opted_out = statistics.reactions.opted_out = opt_outs.holds
        feedback.opted_out = summaries.store.opted_out = opt_outs.holds
        ingest.erased = tickets.conversation.erased = tickets.adoption.erased = log.erased.covers
        ingest.on_leak = leaks.offer
        return privacy

    def _forget(self, ingest: IngestService, leaks: LeakWarnings) -> Callable[[int | None, int], None]:
        def forget(_guild_id: int | None, user_id: int) -> None:
            ingest.forget_members()
            self.language.models.forget()
            self.meaning.forget()
            if isinstance(self.encoder, BatchingEncoder):
                self.encoder.forget()
            self.throttle.forget_member(user_id)
            leaks.forget_member(user_id)
            forget_words()

        return forget

    def _show(self, tickets: TicketService) -> Callable[[Sequence[int]], None]:
        def show(ticket_ids: Sequence[int]) -> None:
            """Show them in the background; what fails is tried again by the tickets' timers."""
            for ticket_id in ticket_ids:
                self.tasks.spawn(tickets.display.show(ticket_id), f"show ticket {ticket_id}")

        return show


def privacy_folder(settings: Settings) -> Path:
    """Return where the key and the record are kept."""
    return settings.privacy.folder or settings.database.folder / "privacy"


def _settled(ingest: IngestService, statistics: StatisticsService) -> Callable[[], Awaitable[None]]:
    async def settled() -> None:
        async with asyncio.timeout(SETTLE_SECONDS):
            await ingest.flushed()
            await statistics.reactions.flushed()

    return settled


def _staff_channels(guilds: GuildService, tickets: TicketService) -> Callable[[int], list[int]]:
    def channels(guild_id: int) -> list[int]:
        log_id = tickets.settings.of(guild_id).log_channel_id
        staff_id = guilds.policy(guild_id).staff_channel_id
        return [each for each in (log_id, staff_id) if each is not None]

    return channels
