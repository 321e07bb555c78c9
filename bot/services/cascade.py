"""Has a language model judge what the trained heads leave open, or all that the observer looks at."""

import asyncio
import math
from collections.abc import Mapping, Sequence
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
    LOG_SECONDS,
    RefinementService,
    fitting,
    judgement_of,
    outcome_of,
    with_judgement,
)
from bot.services.verdicts import Doubt
from bot.services.writing import Writer

Mode = Literal["embedded", "cascade", "llm"]

A_LITTLE: Final = 0.15  # below the confidence a guild asks for, from where a flag is worth another look


class _Late(Exception):  # noqa: N818 - a state, named as what it is
    """The time was over before there was an answer; says what took it."""


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
            seconds: from when a message is taken to when it has gone on, judged or not.
            max_age: of messages that are still answered; about older ones nobody is asked.
        """
        self._writer = writer
        self._mode = mode
        self._refinement = refinement
        self._guilds = guilds
        self._clock = clock
        self._metrics = metrics
        self.seconds = seconds
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

    async def judge(self, signals: Sequence[Signal], seconds: float) -> dict[str, Judgement]:
        """Return, by id, a language model's judgements; those it didn't judge are missing.

        Args:
            signals: of one guild, as they are judged so far, at most some dozens.
            seconds: for an answer.
        """
        until = asyncio.get_running_loop().time() + seconds
        try:
            told = await self._ask(signals, until)
        except _Late as late:
            self.pass_over(len(signals), "late", f"{late} within {seconds:g} s")
            return {}
        except Exception as error:  # noqa: BLE001  (the judgement so far is there, whatever this is)
            self.pass_over(len(signals), "failed", repr(error), error)
            return {}
        for each in signals:
            answer = told.get(each.id)
            outcome = outcome_of(each.observer.intent, answer.intent) if answer else "unavailable"
            self._metrics.refined(f"llm_{outcome}")
        return told

    def pass_over(self, amount: int, outcome: str, why: str, error: Exception | None = None) -> None:
        """Note that so many signals keep the judgement they have."""
        self._metrics.refined(f"llm_{outcome}", amount)
        now = self._clock.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + LOG_SECONDS
            log = logger.opt(exception=error)
            log.log("ERROR" if error else "WARNING", "No language model judged ({}): {}", outcome, why)

    async def _ask(self, signals: Sequence[Signal], until: float) -> dict[str, Judgement]:
        """Return what a model says by `until`, by the event loop's clock.

        Raises:
            _Late: it could not be asked, or did not answer, by then.
        """
        loop = asyncio.get_running_loop()
        timer = asyncio.timeout_at(until)
        try:
            async with timer:
                requests = await self._refinement.requests(signals)
        except TimeoutError:
            if timer.expired():
                raise _Late("what was said before could not be read") from None
            raise  # the database's own
        doubts = [
            Doubt(signal.id, request.text, request.context, request.author, request.light)
            for signal, request in zip(signals, requests, strict=True)
        ]
        try:
            answers = await self._writer.judge(doubts, signals[0].message.guild_id, until - loop.time())
        except TimeoutError:
            raise _Late("it didn't answer") from None
        return {key: fitting(judgement) for key, judgement in answers.items()}

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
