"""Figures of a server: what a message counts for, and how feelings change. Pure: no I/O."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from math import sqrt
from operator import add, sub
from typing import Final, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

SLOT_BITS: Final = 34  # of a message's id; 22 of them are below a millisecond, so a slot is 4.096 s
NOBODY: Final = 0  # whose messages count without a name
EVERYWHERE: Final = 0  # in place of a channel: all of them together
MILLI: Final = 1_000  # a sentiment score is counted in thousandths: whole numbers add up in any order
K = TypeVar("K", bound=Hashable)

MIN_MESSAGES: Final = 30  # of the span, before a drop is told
MIN_BEFORE: Final = 100  # of the days before
MIN_DAYS: Final = 3  # before, with a message at least
MIN_RISE: Final = 0.10  # of the share of negative messages
MIN_SIGMAS: Final = 3.0


class ReactionKind(StrEnum):
    """What a reaction says of a message."""

    POSITIVE = "positive"
    CHECK = "check"  # this is the answer
    NEGATIVE = "negative"
    OTHER = "other"


_VARIATIONS: Final = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"  # emoji style, skin tones
_CHECKS: Final = frozenset("\u2705\u2714\u2611\U0001f197")
_NEGATIVE: Final = frozenset(
    "\U0001f44e\u274c\u274e\U0001f621\U0001f620\U0001f92c\U0001f922\U0001f92e\U0001f4a9\U0001f641\u2639"
)
_POSITIVE: Final = frozenset(
    "\U0001f44d\u2764\U0001f389\U0001f64f\U0001f44f\U0001f64c\U0001f525\U0001f4af\U0001f60d\U0001f929"
    "\U0001f970\U0001f600\U0001f603\U0001f604\U0001f601\U0001f60a\U0001f642\U0001f973\U0001f60e\U0001f680"
    "\u2b50\U0001f31f\U0001f496\U0001f495\U0001f49c\U0001f499\U0001f49a\U0001f49b\U0001f9e1\U0001f90d"
    "\U0001f602\U0001f923\U0001f4aa\U0001f44c\U0001f91d\U0001faf6\u2728"
)


def kind_of(emoji: str) -> ReactionKind:
    """Return what an emoji of Unicode says; a server's own says nothing certain."""
    plain = emoji.rstrip(_VARIATIONS)
    if plain in _CHECKS:
        return ReactionKind.CHECK
    if plain in _POSITIVE:
        return ReactionKind.POSITIVE
    return ReactionKind.NEGATIVE if plain in _NEGATIVE else ReactionKind.OTHER


def slot_of(message_id: int) -> int:
    """Return the few seconds in which a message was written; what changed is looked for by them."""
    return message_id >> SLOT_BITS


@dataclass(frozen=True, slots=True)
class Figures:
    """What some messages come to.

    Attributes:
        replies: of them, those that reply to a message.
        questions: help requests and problem reports.
        helped: answers that got thanks or a check mark.
        mood: the sum of their sentiment scores, in thousandths.
    """

    messages: int = 0
    replies: int = 0
    questions: int = 0
    helped: int = 0
    mood: int = 0
    positive: int = 0
    negative: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        """Return both together."""
        return Figures(*map(add, self.values(), other.values()))

    def __sub__(self, other: "Figures") -> "Figures":
        """Return these without those."""
        return Figures(*map(sub, self.values(), other.values()))

    def values(self) -> tuple[int, ...]:
        """Return them in order; `dataclasses.astuple` takes ten times as long."""
        return (
            self.messages, self.replies, self.questions, self.helped, self.mood, self.positive, self.negative
        )  # fmt: skip

    @property
    def neutral(self) -> int:
        """Messages that are neither positive nor negative."""
        return self.messages - self.positive - self.negative

    @property
    def average(self) -> float:
        """The mean sentiment score, -1 to 1; 0 of nothing."""
        return self.mood / MILLI / self.messages if self.messages else 0.0

    def share(self, part: int) -> float:
        """Return what part of the messages `part` of them is, 0 to 1."""
        return part / self.messages if self.messages else 0.0


class Counted(NamedTuple):
    """A message as it has been counted; the fields are the columns of `counted_messages`, in order."""

    message_id: int
    guild_id: int
    user_id: int  # NOBODY for who opted out
    channel_id: int
    date: date  # on the server's clocks
    hour: int
    mood: int  # thousandths
    feeling: int  # -1, 0 or 1
    asks: bool
    replies: bool
    thanks_to: int | None  # the message it replies to, when it thanks for it
    helped: bool  # got thanks or a check mark

    @property
    def figures(self) -> Figures:
        """What this one message comes to."""
        return Figures(
            1, int(self.replies), int(self.asks), int(self.helped), self.mood,
            int(self.feeling > 0), int(self.feeling < 0),
        )  # fmt: skip


class ZoneFrom(NamedTuple):
    """From when a server's days are those of a time zone."""

    since: datetime  # aware
    zone: str  # IANA name


def zone_at(zones: Sequence[ZoneFrom], moment: datetime) -> ZoneInfo:
    """Return the zone that holds at `moment`; of `zones`, oldest first, the first holds before it, too."""
    found = zones[0]
    for each in zones[1:]:
        if each.since <= moment:
            found = each
    return ZoneInfo(found.zone)


def with_zone(zones: Sequence[ZoneFrom], zone: str, now: datetime) -> tuple[ZoneFrom, ...]:
    """Return the zones after a change at `now`: the day that has begun ends as it began, others change."""
    if not zones:
        return (ZoneFrom(now, zone),)
    kept = [each for each in zones if each.since <= now] or [zones[0]]
    if kept[-1].zone == zone:
        return tuple(kept)
    here = now.astimezone(ZoneInfo(kept[-1].zone))
    tomorrow = here.date() + timedelta(days=1)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=here.tzinfo)
    return (*kept, ZoneFrom(midnight.astimezone(UTC), zone))


class Driver(NamedTuple, Generic[K]):
    """The group (a channel, a topic) that moved the average most in the direction it went."""

    key: K
    part: float  # of the change of the average; same sign


def driver_of(now: Mapping[K, Figures], before: Mapping[K, Figures]) -> Driver[K] | None:
    """Return which group drove the change of the average sentiment; None when there is none to speak of.

    The parts of all groups add up to the change: each counts with its share of the messages, times how far it
    lies from the average before.
    """
    after, prior = sum(now.values(), Figures()), sum(before.values(), Figures())
    if not after.messages or not prior.messages:
        return None
    change = after.average - prior.average
    nothing = Figures()

    def part(figures: Figures, whole: Figures) -> float:
        return whole.share(figures.messages) * (figures.average - prior.average)

    parts = {
        key: part(now.get(key, nothing), after) - part(before.get(key, nothing), prior)
        for key in {**now, **before}
    }
    key = max(parts, key=lambda each: parts[each] if change > 0 else -parts[each])
    return Driver(key, parts[key]) if parts[key] * change > 0 else None


class Drop(NamedTuple):
    """The share of negative messages rose suddenly."""

    share: float
    before: float  # the days before, together


def sudden_drop(now: Figures, days: Sequence[Figures]) -> Drop | None:
    """Return whether feelings are suddenly worse than on the days before, None when not, or not to be told.

    The share of negative messages must be above every day's before, by `MIN_RISE` above them together, and by
    `MIN_SIGMAS` times what chance and the differences between those days explain.
    """
    told = [each for each in days if each.messages]
    before = sum(told, Figures())
    if now.messages < MIN_MESSAGES or before.messages < MIN_BEFORE or len(told) < MIN_DAYS:
        return None
    share, usual = now.share(now.negative), before.share(before.negative)
    chance = (now.negative + before.negative) / (now.messages + before.messages)
    by_chance = chance * (1 - chance) * (1 / now.messages + 1 / before.messages)
    between = sum((each.share(each.negative) - usual) ** 2 * each.messages for each in told) / before.messages
    rise = share - usual
    if rise < MIN_RISE or rise < MIN_SIGMAS * sqrt(by_chance + between):
        return None
    if any(share <= each.share(each.negative) for each in told if each.messages >= MIN_MESSAGES):
        return None
    return Drop(share, usual)
