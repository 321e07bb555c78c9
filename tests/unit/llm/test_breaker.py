"""The circuit breaker: when it opens, how it tries again, and one line in the log for each change."""

import math

import pytest

from bot.llm.breaker import Breaker, State
from bot.llm.errors import Paused
from bot.settings_llm import LlmBreaker
from tests.conftest import Logged
from tests.unit.llm.chain_support import HANG, Bench, Step, StillClock, ask


@pytest.fixture
def breaker(clock: StillClock) -> Breaker:
    return Breaker("ollama", clock, LlmBreaker(failures=3, window_seconds=60, consecutive=3, open_seconds=30))


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.enter(), "no answer")


async def test_it_opens_at_so_many_failures_and_closes_when_one_call_succeeds(
    breaker: Breaker, clock: StillClock, logged: Logged
) -> None:
    fail(breaker, 2)
    assert breaker.is_passable()
    fail(breaker)
    await clock.advance(29.9)
    with pytest.raises(Paused, match="not asked for another 1 s: no answer"):
        breaker.enter()
    await clock.advance(0.1)
    ticket = breaker.enter()
    assert (breaker.state, breaker.is_passable()) == (State.HALF_OPEN, False)
    with pytest.raises(Paused, match="tried with one call"):
        breaker.enter()
    breaker.succeeded(ticket)
    assert breaker.is_passable()
    assert logged.of("WARNING") == ["ollama: not asked for 30 s: no answer"]
    assert logged.of("INFO") == ["ollama: trying it again with one call", "ollama: answers again"]
    fail(breaker, 2)
    assert breaker.is_passable(), "earlier failures are forgotten"


async def test_a_failed_try_opens_it_again(breaker: Breaker, clock: StillClock, logged: Logged) -> None:
    fail(breaker, 3)
    await clock.advance(30)
    fail(breaker)
    assert (breaker.state, len(logged.of("WARNING"))) == (State.OPEN, 2)
    await clock.advance(29)
    assert not breaker.is_passable()


async def test_failures_far_apart_are_forgiven_where_it_answers_between_them(
    breaker: Breaker, clock: StillClock
) -> None:
    for _ in range(10):
        fail(breaker)
        breaker.succeeded(breaker.enter())
        await clock.advance(31)
    assert breaker.state is State.CLOSED


async def test_failures_close_together_open_it_though_it_answers_between_them(breaker: Breaker) -> None:
    for _ in range(2):
        fail(breaker)
        breaker.succeeded(breaker.enter())
    fail(breaker)
    assert breaker.state is State.OPEN


async def test_failures_in_a_row_open_it_however_far_apart(
    breaker: Breaker, clock: StillClock, logged: Logged
) -> None:
    for _ in range(3):
        assert breaker.state is State.CLOSED
        await clock.advance(3_600)
        fail(breaker)
    assert breaker.state is State.OPEN
    assert len(logged.of("WARNING")) == 1
    await clock.advance(3_600)
    breaker.succeeded(breaker.enter())
    fail(breaker, 2)
    assert breaker.is_passable(), "an answer begins the count anew"


async def test_a_provider_that_hangs_is_left_alone_with_the_default_settings(
    bench: Bench, logged: Logged
) -> None:
    provider = bench.provider("ollama", Step(after=HANG))
    llm = bench.chain(provider)
    for _ in range(5):
        assert (await bench.clock.run(ask(llm))).is_embedded
    assert len(provider.asked) == 3
    assert len(logged.of("WARNING", "ollama/llama3.2:3b: not asked for 30 s")) == 1


async def test_a_try_that_shows_nothing_lets_the_next_try(breaker: Breaker, clock: StillClock) -> None:
    fail(breaker, 3)
    await clock.advance(30)
    breaker.gave_up(breaker.enter())
    breaker.succeeded(breaker.enter())
    assert breaker.state is State.CLOSED


async def test_what_began_before_a_change_counts_for_nothing(
    breaker: Breaker, clock: StillClock, logged: Logged
) -> None:
    late = [breaker.enter() for _ in range(10)]
    fail(breaker, 3)
    for ticket in late:
        breaker.failed(ticket, "no answer")
    breaker.succeeded(late[0])
    assert (breaker.state, len(logged.of("WARNING"))) == (State.OPEN, 1)
    await clock.advance(30)
    breaker.enter()
    breaker.succeeded(late[0])
    breaker.failed(late[1], "no answer")
    breaker.gave_up(late[2])
    assert (breaker.state, breaker.is_passable()) == (State.HALF_OPEN, False)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [(7.0, 7), (None, 30), (0.0, 30), (-5.0, 30), (math.nan, 30), (math.inf, 30), (1e9, 3_600)],
)
async def test_a_rate_limit_opens_it_for_as_long_as_was_told(
    breaker: Breaker, clock: StillClock, told: float | None, seconds: float
) -> None:
    breaker.enter()
    breaker.limited(told, "slow down")
    await clock.advance(seconds - 0.01)
    assert not breaker.is_passable()
    await clock.advance(0.02)
    assert breaker.is_passable()


async def test_several_rate_limits_are_one_change_and_the_longest_counts(
    breaker: Breaker, clock: StillClock, logged: Logged
) -> None:
    for seconds in (5.0, 50.0, 5.0):
        breaker.limited(seconds, "slow down")
    assert len(logged.of("WARNING")) == 1
    await clock.advance(49)
    assert not breaker.is_passable()


async def test_after_its_time_it_is_half_open_though_nobody_has_asked(
    breaker: Breaker, clock: StillClock
) -> None:
    fail(breaker, 3)
    await clock.advance(29.9)
    states = [breaker.state]
    await clock.advance(0.1)
    assert [*states, breaker.state] == [State.OPEN, State.HALF_OPEN]
