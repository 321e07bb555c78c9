"""Fits how sure the bot must be to what each server says of its answers, once a day."""

from datetime import timedelta

from loguru import logger

from bot.db.database import Database
from bot.domain.signal import Intent
from bot.domain.thresholds import Said, fit_threshold
from bot.models import Giver, Verdict
from bot.services.clock import Clock
from bot.services.feedback import FeedbackService
from bot.services.guilds import GuildService

EVERY = timedelta(days=1)
LOOK_SECONDS = 3_600.0
STAFF_COUNTS = 2.0  # as much as two others


class ThresholdFitting:
    """Moves servers' thresholds within their bounds, where admins chose none and let it."""

    def __init__(
        self, database: Database, clock: Clock, guilds: GuildService, feedback: FeedbackService
    ) -> None:
        self._database = database
        self._clock = clock
        self._guilds = guilds
        self._feedback = feedback

    async def run(self) -> None:
        """Look now and every hour until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Fit every server whose day has come."""
        for guild_id in sorted(self._guilds.present()):
            guild = await self._guilds.find(guild_id)
            if guild is None or guild.fits is False:
                continue
            if guild.fitted_at is None or self._clock.now() - guild.fitted_at >= EVERY:
                await self.fit(guild_id)

    async def fit(self, guild_id: int) -> float | None:
        """Fit one server; return the threshold, None where the default stays."""
        examples = [
            each for each in await self._feedback.examples(guild_id) if each.intent is not Intent.OTHER
        ]
        guild = await self._guilds.find(guild_id)
        if not examples and (guild is None or guild.fitted_confidence is None):
            return None
        said = [
            Said(
                each.confidence,
                each.verdict is Verdict.RIGHT,
                STAFF_COUNTS if each.giver is Giver.STAFF else 1.0,
            )
            for each in examples
        ]
        fitted = fit_threshold(said, self._guilds.default_confidence)
        await self._guilds.set_fitted(guild_id, fitted)
        log = logger.bind(guild_id=guild_id)
        log.info("Fitted to {} verdicts: the threshold is {}", len(said), fitted or "the default")
        return fitted
