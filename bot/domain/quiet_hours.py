"""Quiet hours: a daily stretch in a guild's own time zone during which the bot doesn't answer."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import Self
from zoneinfo import ZoneInfo

from bot.domain.errors import UserFacingError

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` up to, not including, `end`; over midnight where `end` is the earlier one."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "22:00-07:00".

        Raises:
            UserFacingError: it is written otherwise, or start and end are the same.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None or match.group(1, 2) == match.group(3, 4):
            raise UserFacingError("Write quiet hours as `22:00-07:00`, with two different times.")
        hours = [int(part) for part in match.groups()]
        return cls(time(hours[0], hours[1]), time(hours[2], hours[3]))

    def contain(self, moment: datetime, zone: str) -> bool:
        """Whether `moment` (aware) falls into them on the clocks of `zone` (IANA name)."""
        local = moment.astimezone(ZoneInfo(zone)).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end
