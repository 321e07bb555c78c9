"""`/maintenance`: what holds now, kept over restarts, and who has been told."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from loguru import logger

from bot.db.database import Database, Transaction
from bot.domain.maintenance import Maintenance, Mode
from bot.domain.signal import Stage
from bot.services.clock import Clock
from bot.texts import text

SCOPE: Final = "maintenance"
TOLD: Final = "maintenance_told"  # by server, place and member
STATE: Final = "state"
MAX_TEXT: Final = 300  # characters


class MaintenanceService:
    """Knows the mode of this moment.

    Attributes:
        now: what holds.
        on_change: told of every change.
        steady: whoever holds it decides by what holds now, and no change comes before that is stored. Else
            what is kept just as maintenance ends would be kept for good.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.now = Maintenance()
        self.on_change: list[Callable[[Maintenance], None]] = []
        self.steady = asyncio.Lock()

    async def load(self) -> None:
        """Read what held when the bot stopped."""
        async with self._database.reading() as tx:
            stored = await tx.kv.get(SCOPE, STATE) or {}
        self.now = Maintenance(
            Mode(stored.get("mode", Mode.OFF)),
            stored.get("text", ""),
            _moment(stored.get("since")),
            _moment(stored.get("held_until")),
        )
        if self.now.mode is not Mode.OFF:
            logger.warning("Maintenance is on ({}), as it was when the bot stopped", self.now.mode.value)

    async def set(self, mode: Mode, words: str = "") -> None:
        """Begin, change or end it; with its end, what was kept goes on."""
        async with self.steady:
            state = await self._set(mode, words)
        logger.warning("Maintenance is {}", mode.value)
        for told in self.on_change:
            told(state)

    async def _set(self, mode: Mode, words: str) -> Maintenance:
        now = self._clock.now()
        held_until = now if mode is Mode.OFF and self.now.mode is not Mode.OFF else self.now.held_until
        since = None if mode is Mode.OFF else self.now.since or now
        state = Maintenance(mode, " ".join(words.split())[:MAX_TEXT], since, held_until)
        async with self._database.transaction() as tx:
            await tx.kv.put(SCOPE, STATE, _stored(state))
            if mode is not self.now.mode:
                await tx.kv.clear(TOLD)
            if mode is Mode.OFF:
                await tx.queue.release(Stage.PLAN)
        self.now = state
        return state

    async def is_first(self, tx: Transaction, guild_id: int | None, place_id: int, user_id: int) -> bool:
        """Return whether a member wasn't told yet in a place; from now on they are."""
        return await tx.kv.add(TOLD, f"{guild_id or 0}/{place_id}/{user_id}", {})

    def words(self) -> str:
        """Return what people are told instead of an answer, without their name."""
        told = text(f"maintenance.told_{self.now.mode.value}")
        return f"{told} {self.now.text}".strip()


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _stored(state: Maintenance) -> dict[str, Any]:
    return {
        "mode": state.mode.value,
        "text": state.text,
        "since": state.since.isoformat() if state.since else None,
        "held_until": state.held_until.isoformat() if state.held_until else None,
    }
