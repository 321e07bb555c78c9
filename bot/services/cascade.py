"""Has a language model judge what the trained heads leave open, or all that the observer looks at."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from loguru import logger

from bot.domain.signal import Intent, Judgement, Signal
from bot.llm.types import Task
from bot.nlp.refining import is_undecided
from bot.services.clock import Clock
from bot.services.guilds import GuildService
from bot.services.metrics import Metrics
from bot.services.refinement import (
    BEHIND,
    LOG_SECONDS,
    RefinementService,
    fitting,
    judgement_of,
    outcome_of,
    with_judgement,
)
from bot.services.writing import Doubt, Writer

Mode = Literal["embedded", "cascade", "llm"]

A_LITTLE: Final = 0.15  # below the confidence a guild asks for, from where a flag is worth another look


class CascadeService:
    """Asks the language model. When it doesn't answer in time, the judgement before it stands."""

    def __init__(  # noqa: PLR0913  (what it judges by is spread over the bot)
        self,
        *,
        writer: Writer,
        mode: Mode,
        refinement: RefinementService,
        guilds: GuildService,
        clock: Clock,
        metrics: Metrics,
        seconds: float,
        max_age: timedelta,
    ) -> None:
        """Make the judge.

        Args:
            writer: asks the model.
            mode: `embedded`: never; `cascade`: about what is uncertain; `llm`: about all it is given.
            refinement: knows what was said before a message.
            guilds: knows how sure a server wants a judgement to be.
            clock: the time.
            metrics: counts what comes of it.
            seconds: for an answer; the messages wait for it.
            max_age: of messages that are still answered; about older ones nobody is asked.
        """
        self._writer = writer
        self._mode = mode
        self._refinement = refinement
        self._guilds = guilds
        self._clock = clock
        self._metrics = metrics
        self._seconds = seconds
        self._max_age = max_age
        self._silent_until = -math.inf  # monotonic seconds

    @property
    def is_on(self) -> bool:
        """Whether a language model judges anything."""
        return self._mode != "embedded" and self._writer.asks(Task.CLASSIFY)

    def doubtful(self, signals: Sequence[Signal], judged: Mapping[str, Judgement]) -> dict[str, Signal]:
        """Return, by id, the signals to ask about, as they are judged so far.

        Args:
            signals: as the light judge left them.
            judged: what the second judge made of some of them.
        """
        if not self.is_on:
            return {}
        so_far = [
            with_judgement(each, judged[each.id]) if each.id in judged else each
            for each in signals
            if each.message.content.strip()
        ]
        return {each.id: each for each in so_far if self._is_worth_asking(each)}

    async def judge(self, signals: Collection[Signal], waiting: int) -> dict[str, Judgement]:
        """Return, by id, a language model's judgements; those it didn't judge are missing.

        Args:
            signals: as they are judged so far, at most some dozens.
            waiting: how many more there are behind them.
        """
        if waiting > BEHIND:
            self._metrics.refined("llm_behind", len(signals))
            self._tell(f"No language model is asked while {waiting} messages wait to be judged")
            return {}
        doubts = await self._doubts(list(signals))
        try:
            async with asyncio.timeout(self._seconds):
                told = await self._ask(doubts)
        except TimeoutError:
            self._metrics.refined("llm_late", len(signals))
            self._tell(f"No language model judged within {self._seconds:g} s")
            return {}
        except Exception as error:  # noqa: BLE001  (the judgement so far is there, whatever this is)
            self._metrics.refined("llm_failed", len(signals))
            self._tell(f"No language model judged: {error!r}", error)
            return {}
        for each in signals:
            answer = told.get(each.id)
            outcome = outcome_of(each.observer.intent, answer.intent) if answer else "unavailable"
            self._metrics.refined(f"llm_{outcome}")
        return told

    async def _doubts(self, signals: Sequence[Signal]) -> dict[int | None, list[Doubt]]:
        """Return what to ask, by guild."""
        requests = await self._refinement.requests(signals)
        found: dict[int | None, list[Doubt]] = defaultdict(list)
        for signal, request in zip(signals, requests, strict=True):
            doubt = Doubt(signal.id, request.text, request.context, request.author, request.light)
            found[signal.message.guild_id].append(doubt)
        return found

    async def _ask(self, doubts: Mapping[int | None, Sequence[Doubt]]) -> dict[str, Judgement]:
        answers = await asyncio.gather(
            *(self._writer.judge(each, guild_id, self._seconds) for guild_id, each in doubts.items())
        )
        return {key: fitting(judgement) for each in answers for key, judgement in each.items()}

    def _is_worth_asking(self, signal: Signal) -> bool:
        policy = self._guilds.policy(signal.message.guild_id)
        is_settled = (
            not policy.auto_reply
            or not policy.answers_in(signal.language)
            or self._clock.now() - signal.created_at > self._max_age
        )
        if is_settled:  # whatever a model says, nothing would come of it
            return False
        so_far = judgement_of(signal)
        if self._mode == "llm" or is_undecided(so_far):
            return True
        missing = policy.min_confidence - so_far.confidence
        return so_far.intent is not Intent.OTHER and 0 < missing <= A_LITTLE

    def _tell(self, line: str, error: Exception | None = None) -> None:
        """Log a line, unless one was logged lately."""
        now = self._clock.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + LOG_SECONDS
            logger.opt(exception=error).log("ERROR" if error else "WARNING", "{}", line)
