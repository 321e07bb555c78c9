"""Has the doubtful signals judged by a language model in the background: nobody else waits for it."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple

from loguru import logger

from bot.db.database import is_passing
from bot.domain.signal import Judge, Judgement, Signal
from bot.services.cascade import CascadeService
from bot.services.clock import Clock
from bot.services.failpoints import fail_point
from bot.services.refinement import BEHIND, PORTION
from bot.services.tasks import OrderedTasks

TURNS: Final = 8  # servers asked about at the same time: as many calls as a hosted provider takes
ROOM: Final = 2 * PORTION  # signals of one server: a portion that is judged, and one that waits for its turn
MOST: Final = TURNS * ROOM  # of all servers

Judged = Mapping[str, tuple[Judge, Judgement]]  # by the signals' ids
GoOn = Callable[[Sequence[Signal], Judged], Awaitable[None]]


class Doubtful(NamedTuple):
    """A signal to ask about.

    Attributes:
        light: as the light judge left it.
        so_far: as it is judged now.
        refined: what the second judge made of it; None when it wasn't asked.
        since: when it was taken, in monotonic seconds.
    """

    light: Signal
    so_far: Signal
    refined: Judgement | None
    since: float


class Judging:
    """The doubtful signals in hand: of each server one portion is judged at a time, and the rest waits.

    In memory alone: while they wait they are still in their stage, so whatever ends the process leaves them
    to the sweep. There is no lease, because a database has one process, and a second judgement would change
    nothing: only the first moves a signal on.
    """

    def __init__(self, cascade: CascadeService, clock: Clock, go_on: GoOn) -> None:
        """Make it; `go_on` takes signals of which no more is to be known, and what was judged of them."""
        self._cascade = cascade
        self._clock = clock
        self._go_on = go_on
        self._tasks = OrderedTasks(TURNS)
        self._held: dict[int | None, list[Doubtful]] = {}  # by guild, oldest first

    @property
    def in_hand(self) -> set[str]:
        """The ids of the signals that are judged or wait for it."""
        return {each.light.id for held in self._held.values() for each in held}

    def begin(self, doubtful: Iterable[Doubtful], waiting: int) -> set[str]:
        """Take signals to have them judged; return the ids of those that are taken.

        For the others there is no room. Their judgement stands at once: if they waited in the database, they
        would come too late to be answered, and every sweep would have them judged again in vain.

        Args:
            doubtful: in the order they came.
            waiting: how many more signals there are behind them.
        """
        known = {(each.light.id, each.light.message.content) for held in self._held.values() for each in held}
        taken, refused = set[str](), 0
        for each in doubtful:
            if (each.light.id, each.light.message.content) in known:  # the sweep and the bus both brought it
                taken.add(each.light.id)
                continue
            held = self._held.get(each.light.message.guild_id, [])
            if waiting > BEHIND or len(held) >= ROOM or len(known) >= MOST:
                refused += 1
                continue
            known.add((each.light.id, each.light.message.content))
            taken.add(each.light.id)
            self._take(each)
        if refused:
            self._cascade.pass_over(refused, "behind", "it can't keep up")
        return taken

    async def cancel(self) -> None:
        """Stop asking; what isn't judged is found in the database by the next start."""
        await self._tasks.cancel()

    def _take(self, doubtful: Doubtful) -> None:
        guild_id = doubtful.light.message.guild_id
        if guild_id in self._held:
            self._held[guild_id].append(doubtful)
        else:
            self._held[guild_id] = [doubtful]
            self._ask_next(guild_id)

    def _ask_next(self, guild_id: int | None) -> None:
        work = partial(self._judge_safely, guild_id)
        task = self._tasks.spawn_after(guild_id, work, f"judging in {guild_id}")
        # Cancelled before its turn, it has not begun.
        task.add_done_callback(lambda done: self._held.pop(guild_id, None) if done.cancelled() else None)

    async def _judge_safely(self, guild_id: int | None) -> None:
        """Judge a portion, then have the next one wait for its turn behind the other servers."""
        portion = self._held[guild_id][:PORTION]
        try:
            await self._judge(portion)
        except Exception as error:  # noqa: BLE001  (the sweep takes them up)
            _log_failure(portion, error)
        rest = self._held[guild_id][len(portion) :]
        if rest:
            self._held[guild_id] = rest
            self._ask_next(guild_id)
        else:
            del self._held[guild_id]

    async def _judge(self, portion: Sequence[Doubtful]) -> None:
        """Have those judged that haven't lost half of their time; then all of it has gone on in that time."""
        now, seconds = self._clock.monotonic(), self._cascade.seconds
        late = [each for each in portion if now - each.since > seconds / 2]
        asked = [each for each in portion if now - each.since <= seconds / 2]
        if late:
            self._cascade.pass_over(len(late), "late", "it took too long with others")
            await self._go_on([each.light for each in late], _so_far(late))
        if asked:
            left = seconds - max(now - each.since for each in asked)
            told = await self._cascade.judge([each.so_far for each in asked], left)
            fail_point("judging.after_answer")
            judged = _so_far(asked) | {key: (Judge.LLM, judgement) for key, judgement in told.items()}
            await self._go_on([each.light for each in asked], judged)


def _so_far(doubtful: Sequence[Doubtful]) -> dict[str, tuple[Judge, Judgement]]:
    """Return what the second judge said."""
    return {each.light.id: (Judge.ENCODER, each.refined) for each in doubtful if each.refined is not None}


def _log_failure(portion: Sequence[Doubtful], error: Exception) -> None:
    ids = ", ".join(each.light.id for each in portion)
    if is_passing(error):
        logger.warning("The database did not take what was judged of {}; trying again later", ids)
    else:
        logger.opt(exception=error).error("Could not judge {}; trying again later", ids)
