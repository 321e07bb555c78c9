"""Ceilings of hosted providers: never passed, by many at once, over restarts, by jobs in the background."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from bot.llm.answers import Answer
from bot.llm.ceilings import input_bound
from bot.llm.chain import LanguageModels
from bot.llm.errors import (
    AnswerCut,
    CeilingReached,
    ContextOverflow,
    Declined,
    HungUp,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from bot.llm.ports import Price, Spend
from bot.llm.types import (
    DoneChunk,
    Finish,
    Image,
    Message,
    Options,
    Prompt,
    Role,
    Task,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolSpec,
    Usage,
)
from tests.conftest import Logged
from tests.unit.llm.chain_support import (
    GUILD,
    HANG,
    NOON,
    OTHER_GUILD,
    PROMPT,
    Bench,
    MemoryLog,
    ScriptedProvider,
    Step,
    StillClock,
    settle,
)

# 100 tokens at most to read and 100 to write, at a cent each.
ASKED = Prompt((Message(Role.USER, "x" * 84),), options=Options(max_tokens=100))
PRICE = Price(10_000.0, 10_000.0)
NONE = dict.fromkeys(("usd_per_day_guild", "usd_per_day", "tokens_per_day_guild", "tokens_per_day"))


def chain(bench: Bench, *steps: Step, **ceilings: Any) -> LanguageModels:
    provider = bench.provider("openai", *(steps or (Step(),)))
    bench.prices["openai", "gpt-4.1-mini"] = PRICE
    return bench.chain(provider, ceilings={**NONE, **ceilings}, concurrency={"openai": 64})


async def ask(llm: LanguageModels, guild_id: int | None = GUILD, **values: Any) -> Answer:
    return await llm.complete(Task.REPLY, ASKED, guild_id=guild_id, fallback=lambda: "none", **values)


async def asked(llm: LanguageModels, times: int, guilds: int = 1) -> int:
    """Ask many times at once, of several guilds; return how many the model answered."""
    answers = await asyncio.gather(*(ask(llm, GUILD + number % guilds) for number in range(times)))
    return sum(not answer.is_embedded for answer in answers)


def test_the_bound_is_the_bytes_and_what_is_around_them() -> None:
    assert input_bound(ASKED) == 100
    assert input_bound(Prompt((Message(Role.USER, "\N{GRINNING FACE}"),))) == 20
    picture = Message(Role.USER, "", images=(Image(b"", "image/png"),))
    called = Message(Role.ASSISTANT, "", tool_calls=(ToolCall("1", "look", {"a": "b"}),))
    assert input_bound(Prompt((picture, called))) == 16 + 5_000 + 16 + 16 + len('look{"a": "b"}')
    tools = (ToolSpec("look", "looks", {"a": 1}),)
    assert input_bound(replace(ASKED, tools=tools)) == 1_100 + len('looklooks{"a": 1}')
    assert input_bound(replace(ASKED, schema={"a": 1})) == 1_100 + len('{"a": 1}')


@pytest.mark.parametrize(
    ("ceilings", "guilds", "answered"),
    [
        ({"tokens_per_day_guild": 1_000}, 1, 5),
        ({"tokens_per_day_guild": 1_000}, 4, 20),
        ({"tokens_per_day": 1_000}, 4, 5),
        ({"usd_per_day_guild": 10.0}, 1, 5),
        ({"usd_per_day": 10.0}, 4, 5),
        ({"usd_per_day": 10.0, "usd_per_day_guild": 2.0}, 4, 4),
        ({}, 1, 64),
        ({"tokens_per_day": 0}, 1, 0),
    ],
    ids=["tokens", "each guild", "all tokens", "money", "all money", "both", "none", "nothing"],
)
async def test_many_at_once_never_pass_a_ceiling(
    bench: Bench, ceilings: dict[str, Any], guilds: int, answered: int
) -> None:
    llm = chain(bench, Step(after=2.0, usage=Usage(100, 100)), **ceilings)
    assert await bench.clock.run(asked(llm, 64, guilds)) == answered
    total, by_guild = await llm.spent()
    assert total.tokens == 200 * answered
    assert total.cost == pytest.approx(2.0 * answered)
    assert sum(each.tokens for each in by_guild.values()) == total.tokens


async def test_many_that_think_at_once_never_pass_a_ceiling(bench: Bench) -> None:
    provider = bench.provider("openai", Step(after=2.0, usage=Usage(100, 900)), headroom=800)
    llm = bench.chain(provider, ceilings={**NONE, "tokens_per_day": 3_000}, concurrency={"openai": 64})
    assert await bench.clock.run(asked(llm, 64)) == 3
    assert (await llm.spent())[0].tokens == 3_000


async def test_thoughts_may_be_longer_than_the_answer(bench: Bench) -> None:
    thoughts = (ThinkingChunk("x" * 4_100), TextChunk("Yes."), DoneChunk(Usage(1, 1), Finish.STOP))
    llm = bench.chain(bench.provider("openai", Step(chunks=thoughts), headroom=800), ceilings=NONE)
    answer = llm.stream(Task.REPLY, ASKED, guild_id=GUILD, fallback=lambda: "none")
    assert [chunk.text async for chunk in answer if isinstance(chunk, TextChunk)] == ["Yes."]


async def test_what_a_call_did_not_take_is_free_again(bench: Bench) -> None:
    llm = chain(bench, Step(usage=Usage(50, 50)), tokens_per_day_guild=1_000)
    assert sum([not (await bench.clock.run(ask(llm))).is_embedded for _ in range(20)]) == 9
    assert (await llm.spent())[0].tokens == 900


async def test_a_ceiling_is_told_once_a_day_and_guild(bench: Bench, logged: Logged) -> None:
    llm = chain(bench, Step(usage=Usage(100, 100)), tokens_per_day_guild=200)
    for _ in range(3):
        for guild in (GUILD, OTHER_GUILD, None):
            await bench.clock.run(ask(llm, guild))
    await settle()
    assert [notice.guild_id for notice in bench.notices] == [GUILD, OTHER_GUILD, None]
    assert "the day's 200 tokens for this server are used up" in bench.notices[0].text
    assert "llm.ceilings.tokens_per_day_guild" in bench.notices[0].text
    assert len(logged.of("WARNING")) == 3
    await bench.clock.advance(12 * 3_600)
    assert not (await bench.clock.run(ask(llm))).is_embedded, "the next day begins at midnight UTC"
    assert (await bench.clock.run(ask(llm))).is_embedded
    await settle()
    assert [notice.day.day for notice in bench.notices] == [1, 1, 1, 2]


async def test_who_waits_for_calls_under_way_to_end_alarms_nobody(bench: Bench) -> None:
    llm = chain(bench, Step(after=2.0, usage=Usage(10, 10)), tokens_per_day_guild=250)
    assert await bench.clock.run(asked(llm, 3)) == 1
    await settle()
    assert bench.notices == []
    assert not (await bench.clock.run(ask(llm))).is_embedded


async def test_the_total_is_told_apart_from_a_guilds(bench: Bench) -> None:
    llm = chain(bench, Step(usage=Usage(100, 100)), usd_per_day=2.0)
    for guild in (GUILD, OTHER_GUILD, GUILD):
        await bench.clock.run(ask(llm, guild))
    await settle()
    [notice] = bench.notices
    assert (notice.guild_id, notice.is_total) == (None, True)
    assert "2.00 US dollars for all servers together" in notice.text


async def test_at_the_ceiling_the_chain_goes_on_with_what_is_free(bench: Bench) -> None:
    hosted, local = bench.provider("openai"), bench.provider("ollama")
    llm = bench.chain(hosted, local, ceilings={"tokens_per_day": 0})
    answer = await bench.clock.run(ask(llm))
    assert (answer.provider, hosted.asked) == ("ollama", [])
    assert "llm.ceilings.tokens_per_day" in answer.skipped[0].reason
    assert bench.counts.asked["openai", "reply", "ceiling"] == 1
    assert bench.log.calls[0].billed_tokens == 0


async def test_background_work_counts_too(bench: Bench) -> None:
    llm = chain(bench, Step(usage=Usage(100, 100)), tokens_per_day=200)
    assert not (await bench.clock.run(ask(llm, background=True))).is_embedded
    assert (await bench.clock.run(ask(llm))).is_embedded


async def test_a_restart_forgets_nothing_and_tells_nobody_again() -> None:
    log, clock = MemoryLog(), StillClock()
    answered, notices = [], []
    for _ in range(3):
        bench = Bench(clock, log)
        llm = chain(bench, Step(usage=Usage(100, 100)), tokens_per_day_guild=500)
        answered.append(await clock.run(asked(llm, 2)))
        await settle()
        notices.append(len(bench.notices))
        await llm.close()
    assert (answered, notices) == ([2, 0, 0], [0, 1, 0])


async def test_what_other_days_took_does_not_count(bench: Bench) -> None:
    bench.log.before = {GUILD: Spend(400, 4.0), OTHER_GUILD: Spend(100, 1.0)}
    llm = chain(bench, Step(usage=Usage(100, 100)), tokens_per_day_guild=500)
    assert await llm.spent() == (Spend(500, 5.0), bench.log.before)
    assert (await bench.clock.run(ask(llm))).is_embedded
    assert not (await bench.clock.run(ask(llm, OTHER_GUILD))).is_embedded
    assert bench.log.read == 1
    await bench.clock.advance(12 * 3_600)
    assert (await llm.spent())[0] == (0, 0)


@pytest.mark.parametrize(
    ("step", "tokens"),
    [
        (Step(usage=Usage(30, 20)), 50),
        (Step(usage=Usage()), 200),
        (Step(after=HANG), 200),
        (Step(error=ProviderUnavailable("500")), 0),
        (Step(error=RateLimited("429", 1.0)), 0),
        (Step(error=ModelMissing("gpt", "name another")), 0),
        (Step(error=ContextOverflow("too long")), 0),
        (Step(error=Refused("the key is not accepted")), 0),
        (Step(error=Declined("no", Usage(30, 4))), 34),
        (Step(error=HungUp("it failed amid an answer", Usage(50, 30))), 80),
        (Step(error=HungUp("it hung up")), 200),
        (Step(error=KeyError("a fault")), 200),
        (Step("", usage=Usage(30, 0)), 30),
    ],
    ids=[
        "told",
        "not told",
        "hangs",
        "500",
        "429",
        "missing",
        "overlong",
        "refused",
        "declined",
        "failed and told",
        "hung up",
        "fault",
        "empty",
    ],
)
async def test_a_call_counts_for_what_may_have_been_served(bench: Bench, step: Step, tokens: int) -> None:
    llm = chain(bench, step)
    await bench.clock.run(ask(llm))
    [call] = bench.log.calls
    total, _ = await llm.spent()
    assert call.billed_tokens == total.tokens == tokens
    assert [call.cost, total.cost] == pytest.approx([tokens / 100] * 2)


async def test_a_cancelled_call_and_a_cut_stream_count_in_full(bench: Bench) -> None:
    llm = chain(bench, Step(after=HANG), Step(chunks=(TextChunk("a"), ProviderUnavailable("lost"))))
    task = asyncio.create_task(ask(llm))
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    with pytest.raises(AnswerCut):
        async for _ in llm.stream(Task.REPLY, ASKED, guild_id=GUILD, fallback=lambda: "none"):
            pass
    assert [call.billed_tokens for call in bench.log.calls] == [200, 200]
    assert (await llm.spent())[0].tokens == 400


@pytest.mark.parametrize(
    ("error", "tokens"),
    [
        (RateLimited("429", 1.0), 200),
        (Refused("400"), 200),
        (Declined("no", Usage(30, 4)), 34),
        (HungUp("lost", Usage(50, 30)), 80),
        (HungUp("lost"), 200),
    ],
    ids=["limited", "refused", "declined", "failed and told", "hung up"],
)
async def test_what_fails_amid_a_stream_was_served(bench: Bench, error: Exception, tokens: int) -> None:
    llm = chain(bench, Step(chunks=(ThinkingChunk("hm"), error)))
    answer = llm.stream(Task.REPLY, ASKED, guild_id=GUILD, fallback=lambda: "none")
    assert [chunk.text async for chunk in answer if isinstance(chunk, TextChunk)] == ["none"]
    assert [call.billed_tokens for call in bench.log.calls] == [tokens]


async def test_a_failed_links_cost_is_written_down_with_the_answer_of_the_next(bench: Bench) -> None:
    bench.prices["openai", "gpt-4.1-mini"] = PRICE
    first = bench.provider("openai", Step(after=HANG))
    llm = bench.chain(first, bench.provider("ollama", Step("Yes.")), ceilings=NONE)
    answer = await bench.clock.run(ask(llm, deadline=10))
    assert answer.usage == Usage(10, 5)
    [call] = bench.log.calls
    assert (call.provider, call.input_tokens, call.billed_tokens, call.cost) == ("ollama", 10, 200, 2.0)


async def test_the_providers_own_sum_counts_before_the_price_list(bench: Bench) -> None:
    llm = chain(bench, Step(usage=Usage(30, 20, 0.125)))
    await bench.clock.run(ask(llm))
    assert bench.log.calls[0].cost == 0.125
    assert bench.counts.used == {"openai": (30, 20, 0.125)}


async def test_a_model_without_a_known_price_counts_as_the_dearest(bench: Bench) -> None:
    provider = bench.provider("openai", Step(usage=Usage(10_000, 1_000)))
    llm = bench.chain(provider, ceilings={**NONE, "usd_per_day": 0.7})
    assert [(await bench.clock.run(ask(llm))).is_embedded for _ in range(3)] == [False, False, True]
    assert bench.log.calls[0].cost == pytest.approx(0.48)


async def test_a_provider_on_the_owners_machine_has_no_ceiling(bench: Bench) -> None:
    provider = bench.provider("ollama", Step(usage=Usage(10**9, 10**9)))
    llm = bench.chain(provider, ceilings={"tokens_per_day": 0})
    assert not (await bench.clock.run(ask(llm))).is_embedded
    assert (bench.log.calls[0].billed_tokens, bench.log.calls[0].cost, bench.log.read) == (0, 0.0, 0)


async def test_nothing_that_costs_is_asked_while_it_cannot_be_written_down(bench: Bench) -> None:
    llm = chain(bench)
    bench.log.has_room = False
    answer = await bench.clock.run(ask(llm))
    assert "can't be written down" in answer.skipped[0].reason
    bench.log.has_room = True
    assert not (await bench.clock.run(ask(llm))).is_embedded


async def test_nothing_that_costs_is_asked_before_todays_spend_is_known(bench: Bench, logged: Logged) -> None:
    llm = chain(bench)
    bench.log.broken = OSError("the disk is away")
    answer = await bench.clock.run(ask(llm))
    assert "can't be read" in answer.skipped[0].reason
    assert len(logged.of("WARNING", "the disk is away")) == 1
    with pytest.raises(CeilingReached):
        await llm.spent()
    bench.log.broken = None
    assert not (await bench.clock.run(ask(llm))).is_embedded


async def test_a_database_that_hangs_leaves_the_next_link_its_time() -> None:
    class HangingLog(MemoryLog):
        async def spend(self, day: date) -> dict[int | None, Spend]:
            return await asyncio.Future[dict[int | None, Spend]]()

    bench = Bench(log=HangingLog())
    hosted, own = bench.provider("openai"), bench.provider("ollama")
    llm = bench.chain(hosted, own)
    for _ in range(2):
        before = bench.clock.passed
        answer = await bench.clock.run(ask(llm))
        assert (answer.provider, bench.clock.passed - before) == ("ollama", 2.0)
        assert "still being read" in answer.skipped[0].reason
    assert hosted.asked == []
    await llm.close()


async def test_a_call_over_midnight_counts_for_the_day_it_was_held_on() -> None:
    clock = StillClock(datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC))
    bench = Bench(clock)
    llm = chain(bench, Step(after=5.0, usage=Usage(100, 100)), tokens_per_day=200)
    assert not (await clock.run(ask(llm))).is_embedded
    assert not (await clock.run(ask(llm))).is_embedded, "yesterday's call left today's tokens alone"
    assert [call.created_at - NOON for call in bench.log.calls] == [
        timedelta(hours=12, seconds=-1), timedelta(hours=12, seconds=4)
    ]  # fmt: skip
    await llm.close()


async def test_a_call_that_waited_over_midnight_counts_for_the_new_day() -> None:
    clock = StillClock(datetime(2026, 3, 1, 23, 59, 58, tzinfo=UTC))
    bench = Bench(clock)
    bench.prices["openai", "gpt-4.1-mini"] = PRICE
    llm = bench.chain(bench.provider("openai", Step(after=5.0)), ceilings=NONE, concurrency={"openai": 1})
    assert await clock.run(asked(llm, 2)) == 2
    assert [call.created_at.day for call in bench.log.calls] == [1, 2]
    assert (await llm.spent())[0].tokens == bench.log.calls[1].billed_tokens
    await llm.close()


async def test_what_comes_after_a_call_was_written_down_changes_nothing(bench: Bench) -> None:
    class Late(ScriptedProvider):
        async def _wait(self, seconds: float) -> None:
            try:
                await super()._wait(seconds)
            except asyncio.CancelledError:
                await settle()  # and goes on to answer

    provider = Late(bench.clock, "openai", Step(after=HANG, usage=Usage(1, 1)), is_hosted=True)
    llm = bench.chain(provider, ceilings=NONE)
    assert (await bench.clock.run(ask(llm))).is_embedded
    await settle()
    await settle()
    assert provider.running == 0
    assert (await llm.spent())[0].tokens == bench.log.calls[0].billed_tokens == 200


async def test_prompts_of_the_defaults_fit_under_the_defaults(bench: Bench) -> None:
    provider = bench.provider("anthropic", Step(usage=Usage(1_000, 500)))
    llm = bench.chain(provider)
    [(_, model), *_] = llm.links(Task.REPLY)
    bench.prices["anthropic", model] = Price(1.0, 5.0)  # as in config/prices.yaml
    for _ in range(20):
        answer = await bench.clock.run(
            llm.complete(Task.REPLY, PROMPT, guild_id=GUILD, fallback=lambda: "none")
        )
        assert not answer.is_embedded
