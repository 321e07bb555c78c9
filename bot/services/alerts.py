"""Everything that tells staff and helpers what nobody has seen to."""

from dataclasses import dataclass

from bot.services.alert_settings import AlertSettingsService
from bot.services.clock import Clock
from bot.services.incidents.watching import IncidentWatch
from bot.services.unanswered.finding import Unanswered
from bot.services.unanswered.nudging import Nudging


@dataclass(frozen=True, slots=True)
class Alerts:
    """The services of alerts, loaded and ready."""

    settings: AlertSettingsService
    incidents: IncidentWatch
    unanswered: Unanswered
    nudging: Nudging
    clock: Clock
    tick_seconds: float
    is_silent: bool = False  # maintenance: nothing is posted

    async def run(self) -> None:
        """Look now and every `tick_seconds` until cancelled."""
        while not self.is_silent:
            await self.incidents.look()
            await self.nudging.look()
            await self.clock.sleep(self.tick_seconds)
