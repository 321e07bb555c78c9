"""Whom a failure counts against: a model alone, or its provider and with it all its models."""

import pytest

from bot.llm.breaker import GAUGE, State
from bot.llm.errors import (
    BadOutput,
    ContextOverflow,
    Declined,
    HungUp,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    Unloadable,
    Unreachable,
    Unsuitable,
)
from bot.llm.types import Completion, Prompt, Usage
from tests.conftest import Logged
from tests.unit.llm.chain_support import HANG, Bench, ScriptedProvider, Step, ask

LARGE, SMALL = "gemma3:27b", "llama3.2:3b"
CHAIN = {"reply": [f"ollama/{LARGE}", f"ollama/{SMALL}"]}
DOWN = Step(error=ProviderUnavailable("down"))


class TwoModels(ScriptedProvider):
    """Does the scripted step for the large model; the small one always answers."""

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        if model == LARGE:
            return await super().complete(prompt, model=model, deadline=deadline)
        self.asked.append((model, prompt, deadline))
        return Completion("It starts.", model, usage=Usage(1, 1))

    def times(self, model: str) -> int:
        return sum(each == model for each, _, _ in self.asked)


@pytest.mark.parametrize(
    "step",
    [
        Step(error=Unloadable("it requires more system memory: choose a smaller model")),
        Step(error=HungUp("it hung up")),
        Step(error=RateLimited("429: slow down", 60.0)),
        Step(after=HANG),
    ],
    ids=["too large", "hangs up", "limited", "hangs"],
)
async def test_a_model_that_fails_for_good_does_not_shut_out_its_sibling(
    bench: Bench, logged: Logged, step: Step
) -> None:
    provider = TwoModels(bench.clock, "ollama", step)
    llm = bench.chain(provider, chains=CHAIN)
    for _ in range(12):
        assert (await bench.clock.run(ask(llm))).model == SMALL
        await bench.clock.advance(11)
    assert 1 < provider.times(LARGE) < 12
    assert provider.times(SMALL) == 12
    [status] = llm.status()
    assert status.state is State.CLOSED
    assert [each.why != "" for each in status.models] == [True, False]
    opened = logged.of("WARNING", "not asked for")
    assert opened
    assert all(line.startswith(f"ollama/{LARGE}: ") for line in opened)


async def test_nobody_there_leaves_all_its_models_alone_until_one_is_answered(
    bench: Bench, logged: Logged
) -> None:
    provider = bench.provider("ollama", Step(error=Unreachable("start it")))
    llm = bench.chain(provider, chains=CHAIN, breaker={"failures": 3})
    for _ in range(5):
        assert (await bench.clock.run(ask(llm))).is_embedded
    assert len(provider.asked) == 3
    assert logged.of("WARNING") == ["ollama: not asked for 30 s: start it"]
    assert llm.status()[0].state is State.OPEN
    assert {each.state for each in llm.status()[0].models} == {State.CLOSED}
    await bench.clock.advance(30)
    provider.then(Step("Yes."))
    assert (await bench.clock.run(ask(llm))).text == "Yes."
    assert llm.status()[0].state is State.CLOSED


async def test_a_failing_model_gives_the_only_try_back_to_its_sibling(bench: Bench) -> None:
    provider = TwoModels(bench.clock, "ollama", Step(error=Unreachable("start it")), DOWN)
    llm = bench.chain(provider, chains=CHAIN, breaker={"failures": 1})
    assert (await bench.clock.run(ask(llm))).is_embedded
    await bench.clock.advance(30)
    assert (await bench.clock.run(ask(llm))).model == SMALL
    assert llm.status()[0].state is State.CLOSED


@pytest.mark.parametrize(
    "error",
    [
        ContextOverflow("shorten it"),
        Refused("needs a key"),
        Unsuitable("can't see pictures"),
    ],
    ids=["too long", "no key", "no pictures"],
)
async def test_what_may_never_have_been_sent_neither_closes_nor_opens(bench: Bench, error: LLMError) -> None:
    mine = Step(error=error)
    provider = bench.provider("ollama", DOWN, mine, DOWN, mine, DOWN, Step(error=error))
    llm = bench.chain(provider, breaker={"consecutive": 3})
    for _ in range(5):
        assert llm.status()[0].state is State.CLOSED
        await bench.clock.run(ask(llm))
    assert llm.status()[0].state is State.OPEN, "three failures in a row, with nothing of its own between"
    await bench.clock.advance(30)
    await bench.clock.run(ask(llm))
    assert llm.status()[0].state is State.HALF_OPEN


@pytest.mark.parametrize(
    "error",
    [ModelMissing("m", "pull it"), BadOutput("half of it"), Declined("it won't", Usage(1, 1))],
    ids=["missing", "half", "declined"],
)
async def test_whatever_it_says_shows_that_it_answers(bench: Bench, error: LLMError) -> None:
    provider = bench.provider("ollama", DOWN, Step(error=error))
    llm = bench.chain(provider, breaker={"failures": 1})
    await bench.clock.run(ask(llm))
    await bench.clock.advance(30)
    await bench.clock.run(ask(llm))
    assert llm.status()[0].state is State.CLOSED


@pytest.mark.parametrize(
    ("kind", "state"), [(TwoModels, State.CLOSED), (ScriptedProvider, State.OPEN)], ids=["one", "both"]
)
async def test_a_provider_is_open_when_none_of_its_models_is_asked(
    bench: Bench, kind: type[ScriptedProvider], state: State
) -> None:
    llm = bench.chain(kind(bench.clock, "ollama", DOWN), chains=CHAIN, breaker={"failures": 1})
    await bench.clock.run(ask(llm))
    gauge, _ = bench.counts.tracked["ollama"]
    assert (llm.status()[0].state, gauge()) == (state, GAUGE[state])


async def test_a_model_that_cannot_be_loaded_is_told_with_what_to_do(bench: Bench, logged: Logged) -> None:
    error = Unloadable("it requires more system memory: choose a smaller model")
    llm = bench.chain(TwoModels(bench.clock, "ollama", Step(error=error)), chains=CHAIN)
    for _ in range(2):
        await bench.clock.run(ask(llm))
    assert logged.of("WARNING") == [f"ollama can't use {LARGE} for reply: {error}"]
