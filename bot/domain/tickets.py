"""Tickets: their states and moves, priority, working hours, and what is due when. Pure: no I/O."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from bot.domain.errors import UserFacingError
from bot.domain.signal import Urgency

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_TITLE, MAX_QUESTION, MAX_ENVIRONMENT, MAX_REASON = 80, 2_000, 500, 500  # characters
LEAST_WARNING = timedelta(hours=1)  # between a reminder and closing, however late the reminder comes
MAX_THREAD_NAME = 100  # characters, Discord's
_POST = "post:"
_FORM = re.compile(
    rf"(?:({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))?\s+)?"
    r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)"
)


class TicketMode(StrEnum):
    """Where tickets live."""

    FORUM = "forum"  # posts that whoever sees the forum may read
    PRIVATE = "private"  # private threads of a text channel, for their member and staff


class TicketState(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    WAITING_MEMBER = "waiting_member"  # staff or the bot spoke last
    WAITING_STAFF = "waiting_staff"  # its member spoke last, or asks for staff
    RESOLVED = "resolved"  # answered; closes by itself unless its member writes again
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon staff should look."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Role(StrEnum):
    """Who somebody is in a ticket."""

    MEMBER = "member"  # whose ticket it is, staff or not
    STAFF = "staff"
    BOT = "bot"  # this bot
    OTHER = "other"


class Due(StrEnum):
    """What a ticket's timers ask for."""

    REMIND = "remind"
    CLOSE = "close"


_TALKING = frozenset((TicketState.OPEN, TicketState.WAITING_MEMBER, TicketState.WAITING_STAFF))
MOVES: Mapping[TicketState, frozenset[TicketState]] = {
    TicketState.OPEN: (_TALKING | {TicketState.RESOLVED, TicketState.CLOSED}) - {TicketState.OPEN},
    TicketState.WAITING_MEMBER: frozenset(
        (TicketState.WAITING_STAFF, TicketState.RESOLVED, TicketState.CLOSED)
    ),
    TicketState.WAITING_STAFF: frozenset(
        (TicketState.WAITING_MEMBER, TicketState.RESOLVED, TicketState.CLOSED)
    ),
    TicketState.RESOLVED: frozenset(
        (TicketState.WAITING_MEMBER, TicketState.WAITING_STAFF, TicketState.CLOSED)
    ),
    TicketState.CLOSED: frozenset((TicketState.OPEN,)),
}
LIVING = tuple(state for state in TicketState if state is not TicketState.CLOSED)
_SPOKEN = {Role.MEMBER: TicketState.WAITING_STAFF, Role.STAFF: TicketState.WAITING_MEMBER}
_PRIORITIES = {Urgency.LOW: Priority.NORMAL, Urgency.MEDIUM: Priority.HIGH, Urgency.HIGH: Priority.URGENT}


def states_before(state: TicketState) -> tuple[TicketState, ...]:
    """Return the states from which a ticket may come to `state`."""
    return tuple(before for before, after in MOVES.items() if state in after)


def state_after_message(state: TicketState, role: Role) -> TicketState:
    """Return whom a ticket waits for once somebody has spoken in it; what others say changes nothing."""
    wanted = _SPOKEN.get(role, state)
    return wanted if wanted in MOVES[state] else state


def priority_of(urgency: Urgency) -> Priority:
    """Return the priority a ticket begins with. "low" is for staff to say: judges take most texts so."""
    return _PRIORITIES[urgency]


def thread_name(number: int, title: str) -> str:
    """Return the name of a ticket's thread; the number makes it the only one of its server."""
    return f"#{number:04} {' '.join(title.split())}"[:MAX_THREAD_NAME].strip()


def post_key(post_id: int) -> str:
    """Return the key of the ticket that a member's own forum post becomes."""
    return f"{_POST}{post_id}"


def post_of(key: str) -> int | None:
    """Return the post that a ticket was made of by its key; None for one with a thread of the bot's own."""
    return int(key.removeprefix(_POST)) if key.startswith(_POST) else None


def question_text(title: str, question: str) -> str:
    """Return what a ticket asks, as one text; a title that only begins the question says nothing more."""
    title = title.strip()
    return question if question.strip().startswith(title) else f"{title}\n{question}"


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When staff are there: from `start` up to, not including, `end` on each of `days`."""

    days: frozenset[int]  # Monday is 0
    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "mon-fri 09:00-17:00"; without days it is every day.

        Raises:
            UserFacingError: it is written otherwise, or doesn't end after its start.
        """
        match = _FORM.fullmatch(text.strip().lower())
        if match is None or match.group(3, 4) >= match.group(5, 6):
            raise UserFacingError("Write working hours as `mon-fri 09:00-17:00`, within one day.")
        first = DAYS.index(match[1]) if match[1] else 0
        last = DAYS.index(match[2] or match[1]) if match[1] else len(DAYS) - 1
        days = range(first, last + 1 if last >= first else last + 1 + len(DAYS))
        hours = [int(part) for part in match.group(3, 4, 5, 6)]
        return cls(
            frozenset(day % len(DAYS) for day in days), time(hours[0], hours[1]), time(hours[2], hours[3])
        )

    def contain(self, moment: datetime, zone: str) -> bool:
        """Whether `moment` (aware) falls into them on the clocks of `zone` (IANA name)."""
        local = moment.astimezone(ZoneInfo(zone))
        return local.weekday() in self.days and self.start <= local.time() < self.end

    def next(self, moment: datetime, zone: str) -> datetime:
        """Return `moment` if it is within them, else their next beginning, aware UTC."""
        if self.contain(moment, zone):
            return moment
        there = ZoneInfo(zone)
        local = moment.astimezone(there)
        for ahead in range(len(DAYS) + 1):
            date = local.date() + timedelta(days=ahead)
            begin = datetime.combine(date, self.start, there)
            if date.weekday() in self.days and begin >= moment:
                return begin.astimezone(moment.tzinfo)
        raise AssertionError("working hours without a day")


@dataclass(frozen=True, slots=True)
class TimerRules:
    """A server's choices for silent members; None switches one off."""

    remind: timedelta | None = None
    close: timedelta | None = None
    hours: WorkingHours | None = None
    zone: str = "UTC"

    def polite(self, moment: datetime) -> datetime:
        """Return `moment`, or the next beginning of the working hours where it is outside of them."""
        return self.hours.next(moment, self.zone) if self.hours else moment


@dataclass(frozen=True, slots=True)
class Timers:
    """When a ticket's member is reminded, and when it closes, aware UTC; None for never."""

    remind_at: datetime | None = None
    close_at: datetime | None = None


def timers_from(state: TicketState, since: datetime, rules: TimerRules) -> Timers:
    """Return a ticket's timers from `since` on; only waiting for its member counts, never for staff."""
    close_at = since + rules.close if rules.close else None
    if state is TicketState.RESOLVED:
        return Timers(None, close_at)
    if state is not TicketState.WAITING_MEMBER:
        return Timers()
    remind_at = since + rules.remind if rules.remind else None
    if remind_at and close_at and remind_at >= close_at:
        remind_at = None
    return Timers(remind_at, close_at)


def due(timers: Timers, now: datetime, rules: TimerRules) -> Due | None:
    """Return what is to be done at `now`: one thing, however long nobody looked. None outside working hours.

    Who was to be reminded is reminded before the ticket closes, and then has time to answer.
    """
    if rules.polite(now) > now:
        return None
    if timers.remind_at is not None and timers.remind_at <= now:
        return Due.REMIND
    if timers.close_at is not None and timers.close_at <= now:
        return Due.CLOSE
    return None


def reminded(timers: Timers, now: datetime, rules: TimerRules) -> Timers:
    """Return the timers after a reminder at `now`, which leaves the time that was meant to be left."""
    if timers.close_at is None:
        return Timers()
    meant = rules.close - rules.remind if rules.close and rules.remind else LEAST_WARNING
    return Timers(None, max(timers.close_at, now + max(meant, LEAST_WARNING)))
