"""The chain under load: many at once, providers that stay down, and the end of everything."""

import asyncio

import pytest

from bot.llm.answers import Answer
from bot.llm.breaker import State
from bot.llm.errors import (
    LLMError,
    ProviderUnavailable,
    RateLimited,
)
from bot.llm.ports import Outcome
from bot.llm.types import Message, Prompt, Role, Task
from bot.llm.waiting import Kept
from tests.conftest import Logged
from tests.unit.llm.chain_support import GUILD, HANG, OTHER_GUILD, Bench, Step, ask, settle


class TestMany:
    async def test_a_hundred_calls_of_a_two_second_model_are_answered_few_at_a_time(
        self, bench: Bench
    ) -> None:
        provider = bench.provider("ollama", Step(after=2.0))
        llm = bench.chain(provider, concurrency={"ollama": 4})

        async def all_of_them() -> list[Answer]:
            calls = (ask(llm, guild_id=GUILD + number % 7, deadline=60) for number in range(100))
            return await asyncio.gather(*calls)

        answers = await bench.clock.run(all_of_them())
        assert [answer.is_embedded for answer in answers] == [False] * 100
        assert (provider.most_running, bench.clock.passed) == (4, 50.0)
        assert max(answer.milliseconds for answer in answers) == 50_000

    async def test_who_gets_no_turn_in_time_is_answered_without_blaming_the_provider(
        self, bench: Bench, logged: Logged
    ) -> None:
        provider = bench.provider("ollama", Step(after=2.0))
        llm = bench.chain(provider, concurrency={"ollama": 2}, queue_size=60)

        async def all_of_them() -> list[Answer]:
            return await asyncio.gather(*(ask(llm, deadline=11) for _ in range(100)))

        answers = await bench.clock.run(all_of_them())
        embedded = [answer for answer in answers if answer.is_embedded]
        assert len(answers) - len(embedded) == 10
        assert bench.clock.passed < 11
        full = [each for each in embedded if "wait for ollama already" in each.skipped[0].reason]
        assert len(full) == 38
        assert all(answer.milliseconds == 0 for answer in full)
        assert llm.status()[0].state is State.CLOSED
        assert logged.of("WARNING") == []

    async def test_a_guild_with_a_thousand_waiting_does_not_starve_another(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=1.0))
        llm = bench.chain(provider, concurrency={"ollama": 1}, queue_size=2_000)
        flood = [asyncio.create_task(ask(llm, deadline=600)) for _ in range(1_000)]
        await settle()
        for _ in range(3):
            answer = await bench.clock.run(ask(llm, guild_id=OTHER_GUILD, deadline=600))
            assert not answer.is_embedded
            assert answer.milliseconds <= 3_000
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert llm.status()[0].waiting == 0

    async def test_a_full_queue_takes_from_the_guild_that_filled_it(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=1.0))
        llm = bench.chain(provider, concurrency={"ollama": 1}, queue_size=10)
        flood = [asyncio.create_task(ask(llm, deadline=60)) for _ in range(11)]
        await settle()
        answer = await bench.clock.run(ask(llm, guild_id=OTHER_GUILD, deadline=60))
        assert (answer.is_embedded, answer.milliseconds) == (False, 3_000)
        answers = await bench.clock.run(gathered(flood))
        assert [each.is_embedded for each in answers] == [False] * 10 + [True]

    async def test_background_work_waits_for_everybody_else(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=1.0))
        llm = bench.chain(provider, concurrency={"ollama": 1}, queue_size=2)
        tasks = [
            asyncio.create_task(ask(llm, background=True, prompt=Prompt((Message(Role.USER, text),))))
            for text in ("first", "second", "third")
        ]
        await settle()
        people = [asyncio.create_task(ask(llm)) for _ in range(2)]
        answers = await bench.clock.run(gathered([*tasks, *people]))
        assert [each.is_embedded for each in answers] == [False, True, True, False, False]
        assert [call.background for call in bench.log.calls].count(True) == 3


async def gathered(tasks: list[asyncio.Task[Answer]]) -> list[Answer]:
    return await asyncio.gather(*tasks)


class TestBreaker:
    async def test_a_dead_provider_is_asked_a_few_times_and_one_line_says_so(
        self, bench: Bench, logged: Logged
    ) -> None:
        first = bench.provider("ollama", Step(error=ProviderUnavailable("no answer: is it started?")))
        second = bench.provider("openai")
        llm = bench.chain(first, second, breaker={"failures": 3})
        for _ in range(20):
            assert (await bench.clock.run(ask(llm))).provider == "openai"
        assert len(first.asked) == 3
        assert logged.of("WARNING") == ["ollama/llama3.2:3b: not asked for 30 s: no answer: is it started?"]
        assert bench.counts.asked["ollama", "reply", "paused"] == 17

    async def test_many_that_hang_together_open_it_once(self, bench: Bench, logged: Logged) -> None:
        first = bench.provider("ollama", Step(after=HANG))
        llm = bench.chain(first, concurrency={"ollama": 100})

        async def all_of_them() -> list[Answer]:
            return await asyncio.gather(*(ask(llm, deadline=10) for _ in range(100)))

        answers = await bench.clock.run(all_of_them())
        assert all(answer.is_embedded for answer in answers)
        assert (len(logged.of("WARNING")), first.cancelled) == (1, 100)

    async def test_a_rate_limit_is_kept_to_and_is_no_failure(self, bench: Bench, logged: Logged) -> None:
        first = bench.provider("openai", Step(error=RateLimited("429: slow down", 7.0)), Step("Yes."))
        llm = bench.chain(first, breaker={"failures": 1})
        assert (await bench.clock.run(ask(llm))).is_embedded
        await bench.clock.advance(6.9)
        assert (await bench.clock.run(ask(llm))).is_embedded
        assert len(first.asked) == 1
        await bench.clock.advance(0.2)
        assert (await bench.clock.run(ask(llm))).text == "Yes."
        assert logged.of("WARNING") == ["openai/gpt-4.1-mini: not asked for 7 s: 429: slow down"]
        assert len(logged.of("INFO")) == 2

    async def test_a_link_gets_all_the_time_when_no_other_could_be_asked(self, bench: Bench) -> None:
        first = bench.provider("ollama", Step("Slow.", after=9.0))
        second = bench.provider("openai", Step(error=ProviderUnavailable("down")))
        llm = bench.chain(
            first, second, breaker={"failures": 1}, chains={"chat": ["openai"], "reply": ["ollama", "openai"]}
        )
        await bench.clock.run(ask(llm, task=Task.CHAT))
        assert (await bench.clock.run(ask(llm, deadline=10))).text == "Slow."

    async def test_metrics_see_the_breaker_and_the_queue(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=1.0, error=ProviderUnavailable("down")))
        llm = bench.chain(provider, breaker={"failures": 1}, concurrency={"ollama": 1})
        state, waiting = bench.counts.tracked["ollama"]
        tasks = [asyncio.create_task(ask(llm)) for _ in range(3)]
        await settle()
        assert (state(), waiting()) == (0.0, 2)
        await bench.clock.run(gathered(tasks))
        assert (state(), waiting(), len(provider.asked)) == (2.0, 0, 1)

    async def test_a_provider_whose_turn_came_late_is_not_blamed_for_being_late(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=8.0))
        llm = bench.chain(provider, breaker={"failures": 1}, concurrency={"ollama": 1})
        tasks = [asyncio.create_task(ask(llm, deadline=10)) for _ in range(2)]
        answers = await bench.clock.run(gathered(tasks))
        assert [answer.is_embedded for answer in answers] == [False, True]
        assert (len(provider.asked), llm.status()[0].state) == (2, State.CLOSED)

    async def test_nobody_lines_up_for_a_provider_that_is_left_alone(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=5.0))
        llm = bench.chain(provider, concurrency={"ollama": 2}, breaker={"failures": 1})
        first = asyncio.create_task(ask(llm))
        await settle()
        provider.then(Step(error=ProviderUnavailable("down")))
        await ask(llm, task=Task.CHAT)
        assert (await ask(llm)).milliseconds == 0
        assert not (await bench.clock.run(gathered([first])))[0].is_embedded

    async def test_a_ceiling_says_nothing_of_how_a_provider_is(self, bench: Bench) -> None:
        provider = bench.provider("openai", Step(error=ProviderUnavailable("down")), Step())
        llm = bench.chain(provider, breaker={"failures": 1})
        await bench.clock.run(ask(llm))
        await bench.clock.advance(30)
        bench.log.has_room = False
        await bench.clock.run(ask(llm))
        assert llm.status()[0].state is State.HALF_OPEN
        bench.log.has_room = True
        assert not (await bench.clock.run(ask(llm))).is_embedded


class TestEnding:
    async def test_an_answered_call_leaves_no_timer_behind(self, bench: Bench) -> None:
        llm = bench.chain(bench.provider("ollama", Step(after=1.0)))
        await bench.clock.run(ask(llm))
        await settle()
        assert len(llm._kept) == 0

    async def test_what_is_kept_takes_nothing_new_once_it_is_closed(self, bench: Bench) -> None:
        kept = Kept(bench.clock)
        await kept.close()
        with pytest.raises(ProviderUnavailable, match="shutting down"):
            kept.spawn(settle(), "too late")
        assert len(kept) == 0

    async def test_who_is_cancelled_takes_their_call_along(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=HANG))
        llm = bench.chain(provider, concurrency={"ollama": 1})
        tasks = [asyncio.create_task(ask(llm)) for _ in range(3)]
        await settle()
        tasks[2].cancel()
        tasks[0].cancel()
        await settle()
        assert (provider.cancelled, llm.status()[0].running, llm.status()[0].waiting) == (1, 1, 0)
        assert [call.outcome for call in bench.log.calls] == [Outcome.CANCELLED] * 2
        tasks[1].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(each, asyncio.CancelledError) for each in results)
        assert llm.status()[0].state is State.CLOSED

    async def test_closing_answers_everybody_and_leaves_nothing(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(after=HANG))
        llm = bench.chain(provider, concurrency={"ollama": 2})
        tasks = [asyncio.create_task(ask(llm)) for _ in range(5)]
        await settle()
        await llm.close()
        answers = await asyncio.gather(*tasks)
        assert all(answer.is_embedded for answer in answers)
        assert (provider.running, provider.is_closed, bench.clock.passed) == (0, True, 0.0)
        late = await ask(llm)
        assert (late.is_embedded, late.skipped) == (True, ())
        assert len(provider.asked) == 2

    async def test_a_provider_that_fails_to_close_does_not_keep_the_others_open(
        self, bench: Bench, logged: Logged
    ) -> None:
        class Broken(type(bench.provider("ollama"))):  # type: ignore[misc]
            async def close(self) -> None:
                raise LLMError("no")

        other = bench.provider("openai")
        await bench.chain(Broken(bench.clock, "ollama"), other).close()
        assert other.is_closed
        assert logged.of("ERROR") == ["ollama could not be closed"]
