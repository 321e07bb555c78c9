"""A bounded number of calls at a time and a bounded queue before them, shared fairly between guilds."""

import asyncio
from collections import OrderedDict, deque

from bot.llm.errors import Busy


class Turn:
    """A place in the queue, then among those at work; given back with `FairGate.leave`."""

    __slots__ = ("background", "future", "guild_id", "is_over")

    def __init__(self, guild_id: int | None, *, background: bool) -> None:
        self.guild_id = guild_id
        self.background = background
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()  # done: its turn
        self.is_over = False

    def give_way(self, why: str) -> None:
        """Say to whoever waits for it that it won't come."""
        self.future.set_exception(Busy(why))
        self.future.exception()  # whoever waited may have gone: then nobody else looks at it


class _Line:
    """Who waits, by guild; guilds take turns."""

    def __init__(self) -> None:
        self._guilds: OrderedDict[int | None, deque[Turn]] = OrderedDict()  # the next one's first
        self.length = 0

    def add(self, turn: Turn) -> None:
        self._guilds.setdefault(turn.guild_id, deque()).append(turn)
        self.length += 1

    def pop(self) -> Turn:
        """Take the oldest turn of the next guild, which then is last."""
        guild_id, turns = next(iter(self._guilds.items()))
        turn = turns.popleft()
        self._guilds.move_to_end(guild_id)
        self._shrink(guild_id)
        return turn

    def remove(self, turn: Turn) -> None:
        self._guilds[turn.guild_id].remove(turn)
        self._shrink(turn.guild_id)

    def count(self, guild_id: int | None) -> int:
        return len(self._guilds.get(guild_id, ()))

    def pop_newest_of_longest(self, more_than: int) -> Turn | None:
        """Take the newest turn of the guild with the most, if it has more than so many."""
        if not self._guilds:
            return None
        guild_id = max(self._guilds, key=lambda each: len(self._guilds[each]))
        if len(self._guilds[guild_id]) <= more_than:
            return None
        turn = self._guilds[guild_id].pop()
        self._shrink(guild_id)
        return turn

    def _shrink(self, guild_id: int | None) -> None:
        self.length -= 1
        if not self._guilds[guild_id]:
            del self._guilds[guild_id]


class FairGate:
    """Lets `parallel` calls work at a time and `size` more wait.

    Guilds take turns, so one that asks a thousand times only waits longer itself. When the queue is full, the
    newest call of the guild with the most gives way to one of a guild with fewer. Background calls wait
    until nobody else does, and give way first.
    """

    def __init__(self, name: str, parallel: int, size: int) -> None:
        self._name = name
        self._parallel = parallel
        self._size = size
        self._running = 0
        self._lines = (_Line(), _Line())  # of people, of background work

    @property
    def running(self) -> int:
        """How many are at work."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(line.length for line in self._lines)

    def line_up(self, guild_id: int | None, *, background: bool) -> Turn:
        """Return a turn; its future is done when it has come, or raises `Busy` when it had to give way.

        Raises:
            Busy: the queue is full.
        """
        turn = Turn(guild_id, background=background)
        if self._running < self._parallel:  # then nobody waits
            self._start(turn)
            return turn
        if self.waiting >= self._size:
            self._make_room(turn)
        self._lines[turn.background].add(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Give a turn back, whether it has come or not; again is harmless."""
        if turn.is_over:
            return
        turn.is_over = True
        if not turn.future.done():
            turn.future.cancel()
            self._lines[turn.background].remove(turn)
            return
        self._running -= 1
        line = next((line for line in self._lines if line.length), None)
        if line is not None:
            self._start(line.pop())

    def _start(self, turn: Turn) -> None:
        self._running += 1
        turn.future.set_result(None)

    def _make_room(self, turn: Turn) -> None:
        given_way = None if turn.background else self._lines[True].pop_newest_of_longest(0)
        if given_way is None:
            line = self._lines[turn.background]
            given_way = line.pop_newest_of_longest(line.count(turn.guild_id) + 1)
        why = f"{self._size} calls wait for {self._name} already: ask less, or raise llm.queue_size"
        if given_way is None:
            raise Busy(why)
        given_way.is_over = True
        given_way.give_way(why)
