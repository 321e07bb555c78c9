"""The daily post: found due, made, posted once, tried again, told to the admins when it can't be."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger
from loguru import logger

from bot.db.database import Database
from bot.domain.schedules import Last, due
from bot.models import RunStatus, SummaryRun, SummarySettings
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.summaries.settings import SummarySettingsService
from bot.services.tasks import TaskSet
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError
from bot.texts import text

TRIES: Final = 3
PAUSES: Final = (timedelta(minutes=2), timedelta(minutes=10))  # before the second and the third try
AT_ONCE: Final = 2  # servers, since a summary asks much of the machine
PATIENCE: Final = timedelta(minutes=15)  # with what was missed and is still to be read
RUN_SECONDS: Final = 1_800.0


class DailyPost(Protocol):
    """Makes and posts one date's summary."""

    async def post(self, settings: SummarySettings, run: SummaryRun) -> bool:
        """Post what isn't posted of it yet; False: nothing was said that its readers may read.

        Raises:
            ToolError: Discord does not take it.
        """
        ...

    async def tell_admins(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins."""
        ...

    async def refresh(self) -> None:
        """Have posts that quote what was deleted say what they should."""
        ...


class SummaryScheduler:
    """Looks at every tick; the rows say what is done, so no restart loses or doubles anything.

    Attributes:
        hears: whether all that was said in a server is heard, or noted as missed; a run waits for it as it
            does for what is noted, for `PATIENCE` at most.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: SummarySettingsService,
        daily: DailyPost,
        tick_seconds: float,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._daily = daily
        self._tick_seconds = tick_seconds
        self._running: set[int] = set()  # servers
        self.hears: Callable[[int], bool] = lambda _guild_id: True
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks = TaskSet()
        self._mending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Look now and every `tick_seconds` until cancelled; APScheduler only ticks."""
        ticked = asyncio.Event()
        ticked.set()
        ticker = AsyncIOScheduler(timezone="UTC")
        ticker.add_job(_set, IntervalTrigger(seconds=self._tick_seconds), [ticked], coalesce=True)
        ticker.start()
        try:
            while True:
                await ticked.wait()
                ticked.clear()
                await self.look()
                if self._mending is None or self._mending.done():  # it may take long, and others are due
                    self._mending = self._tasks.spawn(self._daily.refresh(), "mending summaries")
        finally:
            ticker.shutdown(wait=False)

    async def look(self) -> None:
        """Begin what is due and take up what is pending; returns before it is made."""
        for settings in self._settings.switched_on():
            try:
                await self._plan(settings)
            except Exception as error:  # noqa: BLE001  (one server's trouble is no other's)
                logger.bind(guild_id=settings.guild_id).opt(exception=error).error(
                    "A summary can't be planned"
                )
        now = self._clock.now()
        # Asked before the gaps are read: what is noted meanwhile may not be among them.
        deaf = {each.guild_id for each in self._settings.switched_on() if not self.hears(each.guild_id)}
        async with self._database.reading() as tx:
            ready = await tx.summary_runs.ready(now, PATIENCE)
            untold = await tx.summary_runs.untold()
        for run in ready:
            if run.guild_id in deaf and run.created_at > now - PATIENCE:
                continue
            if run.guild_id not in self._running:
                self._running.add(run.guild_id)
                self._tasks.spawn(self._in_turn(run), f"summary of {run.guild_id}")
        for run in untold:
            await self._tell(run)

    async def close(self) -> None:
        """Stop what is under way; it is taken up at the next start."""
        await self._tasks.cancel()

    async def _plan(self, settings: SummarySettings) -> None:
        async with self._database.reading() as tx:
            last = await tx.summary_runs.last(settings.guild_id)
        now = self._clock.now()
        known = Last(last.local_date, last.ends_at) if last else None
        found = due(self._settings.schedule(settings.guild_id), known, now)
        if found is None:
            return
        row = SummaryRun(
            guild_id=settings.guild_id,
            local_date=found.date,
            starts_at=found.span.start,
            ends_at=found.span.end,
            try_at=now,
            created_at=now,
        )
        async with self._database.transaction() as tx:
            if await tx.guilds.get(settings.guild_id) is None:
                return  # it was deleted just now; its settings go, too
            await tx.summary_runs.begin(row)
        fail_point("summary.after_begin")

    async def _in_turn(self, run: SummaryRun) -> None:
        try:
            async with self._slots:
                await self._try(run)
        finally:
            self._running.discard(run.guild_id)

    async def _try(self, run: SummaryRun) -> None:
        log = logger.bind(guild_id=run.guild_id)
        settings = self._settings.of(run.guild_id)
        if not settings.is_on:
            await self._finish(run, RunStatus.FAILED, text("summaries.run_off"), is_told=True)
            return
        try:
            async with asyncio.timeout(RUN_SECONDS):
                something = await self._daily.post(settings, run)
        except TargetGoneError as error:
            told = str(error)
            if settings.channel_id is not None:  # it won't come back
                await self._settings.channel_gone(run.guild_id, settings.channel_id)
                told = text("summaries.run_channel_gone", why=told)
            await self._finish(run, RunStatus.FAILED, told)
        except (NotPermittedError, RefusedError) as error:  # no better in a minute
            await self._finish(run, RunStatus.FAILED, str(error))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is tried again and then told)
            attempts = run.attempts + 1
            told = str(error) or type(error).__name__
            log.opt(exception=error).warning("The summary of {} failed, try {}", run.local_date, attempts)
            if attempts >= TRIES:
                await self._finish(run, RunStatus.FAILED, told)
            else:
                later = self._clock.now() + PAUSES[attempts - 1]
                values = {"attempts": attempts, "try_at": later, "detail": told[:300]}
                async with self._database.transaction() as tx:
                    await tx.summary_runs.set(run.guild_id, run.local_date, values)
        else:
            fail_point("summary.before_finish")
            await self._finish(run, RunStatus.POSTED if something else RunStatus.QUIET, "")
            log.info(
                "The summary of {} is {}", run.local_date, "posted" if something else "left out: a quiet day"
            )

    async def _finish(
        self, run: SummaryRun, status: RunStatus, detail: str, *, is_told: bool = False
    ) -> None:
        values = {
            "status": status.value,
            "detail": detail[:300],
            "is_told": is_told,
            "finished_at": self._clock.now(),
        }
        async with self._database.transaction() as tx:
            await tx.summary_runs.set(run.guild_id, run.local_date, values)

    async def _tell(self, run: SummaryRun) -> None:
        """Tell a server's admins that there is no summary, once; they count as told when it was sent."""
        line = text(
            "summaries.run_failed",
            day=f"{run.local_date:%d %B %Y}",
            why=run.detail or text("summaries.run_unknown"),
        )
        try:
            await self._daily.tell_admins(self._settings.of(run.guild_id), line)
        except Exception as error:  # noqa: BLE001  (it stays untold)
            logger.bind(guild_id=run.guild_id).opt(exception=error).warning("Admins can't be told: {}", line)
            return
        async with self._database.transaction() as tx:
            await tx.summary_runs.set(run.guild_id, run.local_date, {"is_told": True})


async def _set(event: asyncio.Event) -> None:
    event.set()
