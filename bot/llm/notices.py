"""Owners are told of ceilings: each of one once a day, tried again until it arrives."""

from datetime import UTC, date

from loguru import logger

from bot.llm.ports import CeilingNotice, ChainPorts, OwnerAway, OwnerUnreachable
from bot.llm.waiting import Kept

FIRST_WAIT, LONGEST_WAIT = 60.0, 3_600.0  # seconds before another try; each wait is twice the one before


class Notices:
    """The notices of today: under way, arrived, or not to be delivered."""

    def __init__(self, ports: ChainPorts, kept: Kept) -> None:
        self._ports = ports
        self._kept = kept
        self._days: dict[str, date] = {}  # of each subject's last notice
        self._untold: dict[str, CeilingNotice] = {}

    def tell(self, notice: CeilingNotice) -> None:
        """Tell the owner in the background, unless that was begun today."""
        subject = "total" if notice.is_total else str(notice.guild_id)
        if self._days.get(subject) == notice.day:
            return
        self._days[subject] = notice.day
        logger.bind(guild_id=notice.guild_id).warning("Language models: {}", notice.text)
        self._kept.spawn(self._deliver(subject, notice), "llm ceiling notice")

    def untold(self, guild_id: int | None) -> tuple[str, ...]:
        """Return what owners should know today of a guild's ceiling and the total's, and were not told."""
        today = self._today()
        return tuple(
            each.text
            for each in self._untold.values()
            if each.day == today and (each.is_total or each.guild_id == guild_id)
        )

    async def _deliver(self, subject: str, notice: CeilingNotice) -> None:
        log = logger.bind(guild_id=notice.guild_id)
        wait = FIRST_WAIT
        while self._today() == notice.day:
            try:
                await self._tell_once(subject, notice)
            except OwnerUnreachable as error:
                self._untold[subject] = notice
                log.warning("The owner can't be told of a ceiling, staff see it in /status: {}", error)
                return
            except OwnerAway as error:
                log.warning("The owner can't be told of a ceiling, again in {:.0f} s: {}", wait, error)
            except Exception:
                log.exception("The owner could not be told of a ceiling, again in {:.0f} s", wait)
            else:
                self._untold.pop(subject, None)
                return
            self._untold[subject] = notice
            await self._ports.clock.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
        log.warning("The owner was not told of a ceiling before its day ended: {}", notice.text)

    async def _tell_once(self, subject: str, notice: CeilingNotice) -> None:
        if await self._ports.log.was_told(notice.day, subject):
            return
        await self._ports.tell_owner(notice)
        try:
            await self._ports.log.mark_told(notice.day, subject)
        except Exception:
            logger.exception(
                "That the owner was told of a ceiling is not written down: a restart tells it again"
            )

    def _today(self) -> date:
        return self._ports.clock.now().astimezone(UTC).date()
