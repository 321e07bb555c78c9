"""Finishing what is under way before the bot stops."""

import asyncio

from bot.bus.protocol import SignalBus
from bot.domain.signal import Stage
from bot.services.ingest import IngestService
from bot.services.observer import ObserverService
from bot.services.orchestrator import OrchestratorService

LOOK_EVERY = 0.02  # seconds


async def drain(
    ingest: IngestService,
    observer: ObserverService,
    orchestrator: OrchestratorService,
    bus: SignalBus,
    seconds: float,
    stop_now: asyncio.Event,
) -> bool:
    """Wait until nothing is under way, at most `seconds` or until `stop_now`; return whether it is so."""

    def idle() -> bool:
        queued = ingest.depth + bus.depth(Stage.OBSERVE) + bus.depth(Stage.PLAN)
        return not (queued or observer.busy or orchestrator.busy)

    try:
        async with asyncio.timeout(seconds):
            while not stop_now.is_set():
                # Twice: a signal may be on its way from one station to the next.
                if idle():
                    await asyncio.sleep(LOOK_EVERY)
                    if idle():
                        return True
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        return False
    return False
