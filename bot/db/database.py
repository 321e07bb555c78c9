"""Connections and transactions."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from bot.db.actions import ActionRepository
from bot.db.activity import ActivityRepository
from bot.db.alerts import AlertRepository
from bot.db.channels import ChannelRepository
from bot.db.engine import READ_ONLY
from bot.db.errors import ErrorRepository
from bot.db.feedback import FeedbackRepository
from bot.db.gaps import GapRepository
from bot.db.guilds import GuildRepository
from bot.db.incidents import IncidentRepository
from bot.db.kv import KeyValueRepository
from bot.db.llm_calls import LlmCallRepository
from bot.db.members import MemberRepository
from bot.db.plugins import PluginRepository
from bot.db.privacy.erasing import ErasureRepository
from bot.db.privacy.opt_outs import OptOutRepository
from bot.db.privacy.overview import OverviewRepository
from bot.db.questions import QuestionRepository
from bot.db.reactions import ReactionRepository
from bot.db.setting_changes import SettingChangeRepository
from bot.db.signal_queue import SignalQueueRepository
from bot.db.signals import SignalRepository
from bot.db.statistics import StatisticsRepository
from bot.db.statistics_marks import StatisticsMarkRepository
from bot.db.suggestions import SuggestionRepository
from bot.db.summaries import SummaryRepository
from bot.db.summary_lines import SummaryLineRepository
from bot.db.summary_parts import SummaryPartRepository
from bot.db.summary_runs import SummaryRunRepository
from bot.db.summary_texts import SummaryTextRepository
from bot.db.summons import SummonsRepository
from bot.db.ticket_deliveries import TicketDeliveryRepository
from bot.db.ticket_drafts import TicketDraftRepository
from bot.db.ticket_messages import TicketMessageRepository
from bot.db.ticket_settings import TicketSettingsRepository
from bot.db.ticket_statistics import TicketStatisticsRepository
from bot.db.ticket_texts import TicketTextRepository
from bot.db.tickets import TicketRepository
from bot.db.training import TrainingRepository
from bot.db.training_changes import TrainingChangeRepository
from bot.db.training_gaps import TrainingGapRepository
from bot.db.training_vectors import TrainingVectorRepository

# What a database that is busy, full, restarting or out of reach says; all else is a fault of ours.
_PASSING = (
    "locked",
    "busy",
    "is full",
    "readonly",
    "disk i/o",
    "unable to open",
    "connection",
    "closed",
)
# The same for PostgreSQL, which has codes (https://www.postgresql.org/docs/current/errcodes-appendix.html):
# connection, rolled back (deadlock), out of resources, in use, intervention (shutdown), system, read-only.
_PASSING_CODES = ("08", "40", "53", "55P03", "55006", "57", "58", "25006")


def is_passing(error: BaseException) -> bool:
    """Whether `error` says that the database is busy, full or lost, so that trying again makes sense."""
    if isinstance(error, OSError | PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code:
        return error.connection_invalidated or code.startswith(_PASSING_CODES)
    return error.connection_invalidated or any(word in str(error.orig).lower() for word in _PASSING)


def is_of_the_data(error: BaseException) -> bool:
    """Whether `error` says that a value can't be stored, whenever it is tried."""
    if isinstance(error, DBAPIError):
        # asyncpg's own are known by their codes alone: data, integrity.
        code = str(getattr(error.orig, "sqlstate", None) or "")
        return isinstance(error, DataError | IntegrityError) or code.startswith(("22", "23"))
    return isinstance(error, StatementError | OverflowError)  # before it is sent; SQLite's of large numbers


@dataclass(frozen=True, slots=True)
class Transaction:
    """Every repository, on one session."""

    actions: ActionRepository
    alerts: AlertRepository
    activity: ActivityRepository
    channels: ChannelRepository
    erasing: ErasureRepository
    errors: ErrorRepository
    feedback: FeedbackRepository
    gaps: GapRepository
    guilds: GuildRepository
    incidents: IncidentRepository
    kv: KeyValueRepository
    llm_calls: LlmCallRepository
    members: MemberRepository
    opt_outs: OptOutRepository
    overview: OverviewRepository
    plugins: PluginRepository
    questions: QuestionRepository
    queue: SignalQueueRepository
    reactions: ReactionRepository
    setting_changes: SettingChangeRepository
    signals: SignalRepository
    suggestions: SuggestionRepository
    summaries: SummaryRepository
    summary_lines: SummaryLineRepository
    summary_parts: SummaryPartRepository
    summary_runs: SummaryRunRepository
    summary_texts: SummaryTextRepository
    summons: SummonsRepository
    statistics: StatisticsRepository
    statistics_marks: StatisticsMarkRepository
    ticket_deliveries: TicketDeliveryRepository
    ticket_drafts: TicketDraftRepository
    ticket_messages: TicketMessageRepository
    ticket_settings: TicketSettingsRepository
    ticket_statistics: TicketStatisticsRepository
    ticket_texts: TicketTextRepository
    tickets: TicketRepository
    training: TrainingRepository
    training_changes: TrainingChangeRepository
    training_gaps: TrainingGapRepository
    training_vectors: TrainingVectorRepository


class Database:
    """Opens transactions on one engine (aiosqlite or asyncpg)."""

    def __init__(self, engine: AsyncEngine, retry_seconds: float = 30.0) -> None:
        self._engine = engine
        self._retry_seconds = retry_seconds
        # Records stay readable after their transaction has ended.
        self._writers = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        # SQLite lets waiting writers in at random, and each would keep a connection from the readers.
        self._turn = asyncio.Lock() if engine.dialect.name == "sqlite" else None
        self._line = asyncio.Lock()  # only its head waits for the turn, so that who goes ahead waits for one
        readers = engine.execution_options(**{READ_ONLY: True})
        self._readers = async_sessionmaker(readers, class_=AsyncSession, expire_on_commit=False)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @asynccontextmanager
    async def transaction(self, *, ahead: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction; commit on a clean exit, roll back on any exception.

        A locked or lost database is tried again until `retry_seconds` have passed. On SQLite the transaction
        is a writer from the start, so that nothing inside it can find the database locked.

        Args:
            ahead: don't line up with this process's other writers, but take turns with them (SQLite).

        Raises:
            TimeoutError: this process's other writers took longer than `retry_seconds` (SQLite).
            sqlalchemy.exc.SQLAlchemyError: the database stayed locked or out of reach for as long.
        """
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                async with asyncio.timeout(self._retry_seconds):
                    if not ahead:
                        await stack.enter_async_context(self._line)
                    await stack.enter_async_context(self._turn)
            yield await stack.enter_async_context(self._open(self._writers))

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Open a transaction that only reads, beside any writer; retried as `transaction` is."""
        async with self._open(self._readers) as tx:
            yield tx

    async def ping(self) -> None:
        """Check that the database can be written to, waiting for its turn as every writer does.

        Raises:
            TimeoutError: this process's other writers took too long (SQLite).
            sqlalchemy.exc.SQLAlchemyError: it can't.
        """
        async with self.transaction() as tx:
            await tx.kv.touch()

    async def answer(self) -> None:
        """Have the database answer the least there is to ask, SELECT 1; retried as `transaction` is.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it doesn't.
        """
        session = await self._begun(self._readers)
        async with session:
            await session.exec(select(1))

    async def tidy(self) -> None:
        """Leave nothing of what was deleted in the journal of an SQLite database; others see to that alone.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it can't be done now.
        """
        if self._turn is None:
            return
        async with asyncio.timeout(self._retry_seconds):
            # Most of it beside the writers, so that they wait only for what came meanwhile.
            await self._checkpoint("PASSIVE")
            async with self._line, self._turn:
                await self._checkpoint("TRUNCATE")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _open(self, sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[Transaction]:
        session = await self._begun(sessions)
        async with session:  # rolls back what isn't committed
            yield Transaction(
                actions=ActionRepository(session),
                alerts=AlertRepository(session),
                activity=ActivityRepository(session),
                channels=ChannelRepository(session),
                erasing=ErasureRepository(session),
                errors=ErrorRepository(session),
                feedback=FeedbackRepository(session),
                gaps=GapRepository(session),
                guilds=GuildRepository(session),
                incidents=IncidentRepository(session),
                kv=KeyValueRepository(session),
                llm_calls=LlmCallRepository(session),
                members=MemberRepository(session),
                opt_outs=OptOutRepository(session),
                overview=OverviewRepository(session),
                plugins=PluginRepository(session),
                questions=QuestionRepository(session),
                queue=SignalQueueRepository(session),
                reactions=ReactionRepository(session),
                setting_changes=SettingChangeRepository(session),
                signals=SignalRepository(session),
                suggestions=SuggestionRepository(session),
                summaries=SummaryRepository(session),
                summary_lines=SummaryLineRepository(session),
                summary_parts=SummaryPartRepository(session),
                summary_runs=SummaryRunRepository(session),
                summary_texts=SummaryTextRepository(session),
                summons=SummonsRepository(session),
                statistics=StatisticsRepository(session),
                statistics_marks=StatisticsMarkRepository(session),
                ticket_deliveries=TicketDeliveryRepository(session),
                ticket_drafts=TicketDraftRepository(session),
                ticket_messages=TicketMessageRepository(session),
                ticket_settings=TicketSettingsRepository(session),
                ticket_statistics=TicketStatisticsRepository(session),
                ticket_texts=TicketTextRepository(session),
                tickets=TicketRepository(session),
                training=TrainingRepository(session),
                training_changes=TrainingChangeRepository(session),
                training_gaps=TrainingGapRepository(session),
                training_vectors=TrainingVectorRepository(session),
            )
            await _to_the_end(session.commit())

    async def _checkpoint(self, mode: str) -> None:
        async with self._engine.connect() as link:
            driver: Any = (await link.get_raw_connection()).driver_connection
            await driver.execute(f"PRAGMA wal_checkpoint({mode})")

    async def _begun(self, sessions: async_sessionmaker[AsyncSession]) -> AsyncSession:
        session: AsyncSession = await AsyncRetrying(
            retry=retry_if_exception(is_passing),
            stop=stop_after_delay(self._retry_seconds),
            wait=wait_random_exponential(multiplier=0.02, max=1.0),
            reraise=True,
        )(_begin, sessions)
        return session


async def _to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` and let it end even when cancelled: half of a commit costs the pool its connection."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _begin(sessions: async_sessionmaker[AsyncSession]) -> AsyncSession:
    session = sessions()
    try:
        await session.connection()
    except BaseException:
        await asyncio.shield(session.close())
        raise
    return session
