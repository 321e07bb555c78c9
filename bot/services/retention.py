"""Deletes what has been kept long enough."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from loguru import logger

from bot.db.database import Database, Transaction
from bot.domain.snowflake import snowflake_at
from bot.services.clock import Clock
from bot.services.maintenance import TOLD
from bot.services.onboarding import SCOPE as ONBOARDING
from bot.services.plugins.timing import SCOPE as PLUGIN_RUNS
from bot.services.statistics.activity import SCOPE as STATISTICS
from bot.services.statistics.counting import SCOPE as ZONES
from bot.services.summaries.kept import SCOPE as KEPT_SUMMARIES
from bot.services.summaries.partials import KEPT_FOR as PARTS_KEPT_FOR
from bot.services.tickets.closing import WARNED
from bot.services.tickets.drafts import KEPT_FOR
from bot.services.tickets.handover import SCOPE as PINGS
from bot.services.tidying import tidy
from bot.settings import RetentionSettings

TICKETS = 50  # in one transaction
CHUNK = 1_000  # rows per transaction, so that writers wait only briefly
EVERY_SECONDS = 3_600.0
MOST_ERRORS = 2_000  # rows
GAPS = timedelta(days=30)  # closed ones, for whoever asks what was missed
KEPT_OF_GUILDS = (
    PINGS,
    WARNED,
    STATISTICS,
    ZONES,
    KEPT_SUMMARIES,
    PLUGIN_RUNS,
    ONBOARDING,
    TOLD,
)  # scopes of key-value pairs
GRACE = timedelta(days=30)  # for a server that was left: coming back until then, it finds its settings


class RetentionService:
    """Applies the retention periods once an hour."""

    def __init__(self, database: Database, clock: Clock, settings: RetentionSettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self.on_members_gone: Callable[[], None] = lambda: None  # called when members have been deleted
        self.on_plugin_guild_gone: Callable[[int], None] = lambda _guild_id: None
        self.on_guild_gone: dict[str, Callable[[int], None]] = {}  # by who hears it: called for each deleted

    async def run(self) -> None:
        """Purge now and every hour until cancelled."""
        while True:
            await self.purge()
            await self._clock.sleep(EVERY_SECONDS)

    async def purge(self) -> int:
        """Delete everything that is past its time; return how many rows went."""
        now = self._clock.now()
        messages_until = now - timedelta(days=self._settings.messages_days)
        total = await self._purge_left(now - GRACE)
        while True:
            async with self._database.transaction() as tx:
                deleted = await tx.signals.purge(messages_until, CHUNK)
            total += deleted
            if deleted < CHUNK:
                break
        total += await self._purge_records(now)
        total += await self._in_chunks(
            lambda tx: tx.ticket_texts.purge(self._before(self._settings.conversations_days), now, TICKETS)
        )
        if self._settings.intents_days < self._settings.messages_days:  # else they go with their messages
            intents_until = self._before(self._settings.intents_days)
            total += await self._in_chunks(lambda tx: tx.signals.forget_judgements(intents_until, CHUNK))
        total += await self._purge_llm_calls(now - timedelta(days=self._settings.llm_calls_days))
        total += await self._purge_counted(snowflake_at(messages_until))
        total += await self._purge_members(messages_until)
        if total:
            logger.info("Deleted {} rows past their retention", total)
        return total

    async def _purge_records(self, now: datetime) -> int:
        settings, total = self._settings, 0
        acted_until = self._before(settings.actions_days)
        async with self._database.transaction() as tx:
            # What was said is kept no longer than what it answers: by that its member is known.
            await tx.actions.forget_texts(self._before(settings.messages_days) + timedelta(days=1))
            total += await tx.actions.purge(acted_until)
            total += await tx.errors.purge(acted_until, MOST_ERRORS)
            total += await tx.suggestions.purge(acted_until)
            total += await tx.summons.purge(self._before(settings.messages_days))
            total += await tx.gaps.purge(now - GAPS)
            sessions = timedelta(days=settings.sessions_days)
            total += await tx.ticket_drafts.purge(now - min(KEPT_FOR, sessions))
            total += await tx.incidents.purge(acted_until)
            total += await tx.alerts.purge_nudges(acted_until)
            total += await tx.feedback.purge(self._before(settings.intents_days))
            total += await tx.questions.purge(self._before(settings.intents_days))
            total += await tx.summary_parts.purge(now - min(PARTS_KEPT_FOR, sessions))
            if settings.summaries_days is not None:
                total += await tx.summaries.purge(self._before(settings.summaries_days), CHUNK)
        return total

    def _before(self, days: int) -> datetime:
        return self._clock.now() - timedelta(days=days)

    async def _in_chunks(self, purge: Callable[[Transaction], Awaitable[int]]) -> int:
        """Call `purge` in a transaction each until it finds nothing; return how much it found."""
        total = 0
        while True:
            async with self._database.transaction() as tx:
                done = await purge(tx)
            total += done
            if not done:
                return total

    async def _purge_llm_calls(self, before: datetime) -> int:
        return await self._in_chunks(lambda tx: tx.llm_calls.purge(before, CHUNK))

    async def _purge_counted(self, before_id: int) -> int:
        """Delete what is only needed while a message is kept: its reactions, and what it was counted as."""
        total = 0
        while True:
            async with self._database.transaction() as tx:
                deleted = await tx.reactions.purge(before_id, CHUNK)
                deleted += await tx.statistics.purge(before_id, CHUNK)
            total += deleted
            if not deleted:
                return total

    async def _purge_members(self, before: datetime) -> int:
        """Delete the names of members of whom no message is kept."""
        async with self._database.reading() as tx:  # looks at every message, so not while holding up writers
            silent = await tx.members.silent(before)
        for start in range(0, len(silent), CHUNK):
            async with self._database.transaction() as tx:
                await tx.members.delete(silent[start : start + CHUNK])
        if silent:
            self.on_members_gone()
        return len(silent)

    async def _purge_left(self, before: datetime) -> int:
        """Delete everything of servers that were left before `before`."""
        async with self._database.reading() as tx:
            left = await tx.guilds.left_before(before)
            ids = await tx.signals.ids_of_guilds(left) if left else []
        for start in range(0, len(ids), CHUNK):
            async with self._database.transaction() as tx:
                await tx.signals.delete(ids[start : start + CHUNK])
        for guild_id in left:
            async with self._database.transaction() as tx:
                deleted = await tx.guilds.delete_left(guild_id, before)
                if deleted:
                    await tx.actions.delete_of(guild_id)
                    await tx.llm_calls.delete_of(guild_id)
                    await tx.errors.delete_of(guild_id)
                    await tx.kv.forget_guild(KEPT_OF_GUILDS, guild_id)
            if deleted:
                for hear in list(self.on_guild_gone.values()):
                    hear(guild_id)
                self.on_plugin_guild_gone(guild_id)
        if left:
            await tidy(self._database)
        return len(ids) + len(left)
