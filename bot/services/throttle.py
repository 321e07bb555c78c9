"""One answer per channel and per member in a while: turns are taken in the database, remembered here."""

from datetime import datetime, timedelta

from bot.db.database import Transaction
from bot.domain.policy import Decision
from bot.domain.signal import PlanKind, Signal
from bot.settings import OrchestratorSettings

ASK_AGAIN = timedelta(seconds=1)  # when another process took the turn
_DIRECT = 0  # in place of a guild
_REMEMBERED = 20_000  # places and members, before the memory is emptied

CHANNEL_BUSY = Decision(PlanKind.NOOP, "channel throttle")
MEMBER_BUSY = Decision(PlanKind.NOOP, "answered this member a moment ago")


class Throttle:
    """Takes turns by compare-and-set, so that they hold for every process; memory only saves asking again."""

    def __init__(self, settings: OrchestratorSettings) -> None:
        self._channel = timedelta(seconds=settings.channel_throttle_seconds)
        self._member = timedelta(seconds=settings.user_cooldown_seconds)
        self._until: dict[tuple[int, int], datetime] = {}  # (guild, place or member) -> taken at least until
        self._taken: dict[tuple[int, int], datetime] = {}  # in a transaction that isn't committed yet

    async def take(self, tx: Transaction, signal: Signal, decision: Decision, now: datetime) -> Decision:
        """Return `decision` when both turns could be taken, else a decision to keep quiet."""
        message = signal.message
        if message.guild_id is None:
            return self._take_direct(message.author_id, decision, now)
        place, member = (message.guild_id, message.place_id), (message.guild_id, message.author_id)
        if self._channel and self._known(place, now):
            return CHANNEL_BUSY
        if self._member and self._known(member, now):
            return MEMBER_BUSY
        until, guild_id = now + self._channel, message.guild_id
        if self._channel and not await tx.channels.reserve_reply(message.place_id, now, until, guild_id):
            return self._remember(place, now, CHANNEL_BUSY)
        if self._member and not await tx.members.reserve_reply(*member, now, now + self._member):
            await tx.channels.change(message.place_id, {"next_reply_at": None})  # it was free
            return self._remember(member, now, MEMBER_BUSY)
        self._taken[place], self._taken[member] = now + self._channel, now + self._member
        return decision

    def _take_direct(self, author_id: int, decision: Decision, now: datetime) -> Decision:
        """Take the member's turn in direct messages: no row stands for it, so a restart forgets it."""
        member = (_DIRECT, author_id)
        if self._known(member, now):
            return MEMBER_BUSY
        self._taken[member] = now + self._member
        return decision

    async def give_back(self, tx: Transaction, signal: Signal, taken_at: datetime) -> None:
        """Free the turns that `take` took at `taken_at` for a signal that isn't answered after all."""
        message, until = signal.message, taken_at + self._member
        if message.guild_id is None:
            self._forget((_DIRECT, message.author_id), until)
            return
        place, member = (message.guild_id, message.place_id), (message.guild_id, message.author_id)
        seen = await tx.members.get(*member)
        if self._member and seen is not None and seen.next_reply_at == until:
            await tx.members.change(*member, {"next_reply_at": None})
        self._forget(member, until)
        until = taken_at + self._channel
        channel = await tx.channels.get(message.place_id)
        if self._channel and channel is not None and channel.next_reply_at == until:
            await tx.channels.change(message.place_id, {"next_reply_at": None})
        self._forget(place, until)

    def _forget(self, key: tuple[int, int], until: datetime) -> None:
        """Forget a turn, if it is still the one that was taken until `until`."""
        for known in (self._taken, self._until):
            if known.get(key) == until:
                del known[key]

    def forget_member(self, user_id: int) -> None:
        """Forget a member's turns, wherever they were taken."""
        for known in (self._taken, self._until):
            for key in [key for key in known if key[1] == user_id]:
                del known[key]

    def begin(self) -> None:
        """Forget turns whose transaction failed."""
        self._taken = {}

    def confirm(self, now: datetime) -> None:
        """Remember the turns taken since the last call: their transaction is committed."""
        if len(self._until) > _REMEMBERED:
            self._until = {key: until for key, until in self._until.items() if until > now}
        self._until |= self._taken
        self._taken = {}

    def _known(self, key: tuple[int, int], now: datetime) -> bool:
        until = self._taken.get(key) or self._until.get(key)
        return until is not None and until > now

    def _remember(self, key: tuple[int, int], now: datetime, decision: Decision) -> Decision:
        self._until[key] = now + ASK_AGAIN
        return decision
