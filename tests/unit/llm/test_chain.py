"""The chain: whatever is wrong with a link, an answer comes in time from the next."""

import asyncio
import json
from typing import Any

import pytest
from pydantic import BaseModel, Field

from bot.llm.answers import Answer
from bot.llm.errors import (
    BadOutput,
    ContextOverflow,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    TooSlow,
)
from bot.llm.ports import Outcome
from bot.llm.types import Capabilities, Image, Message, Options, Prompt, Role, Task, ToolSpec, Usage
from tests.conftest import Logged
from tests.unit.llm.chain_support import EMBEDDED, HANG, OTHER_GUILD, PROMPT, Bench, Step, ask, settle


class Verdict(BaseModel):
    intent: str
    confidence: float = Field(ge=0, le=1)


GOOD = '{"intent": "help", "confidence": 0.5}'


async def test_the_first_link_answers_and_the_next_is_not_asked(bench: Bench) -> None:
    first, second = bench.provider("ollama", Step("Hello.", after=1.5)), bench.provider("openai")
    answer = await bench.clock.run(ask(bench.chain(first, second, ollama_model="gemma3:4b")))
    assert answer == Answer("Hello.", None, "ollama", "gemma3:4b", Usage(10, 5), 1_500)
    assert (len(first.asked), second.asked) == (1, [])


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ProviderUnavailable("it answered 500: see its log"), "unavailable"),
        (TooSlow("it took too long"), "too_slow"),
        (ModelMissing("gemma", "run `ollama pull gemma`"), "model_missing"),
        (ContextOverflow("too long"), "context_overflow"),
        (Refused("the key was not accepted"), "refused"),
        (RateLimited("429", 7.0), "rate_limited"),
        (BadOutput("half JSON"), "bad_output"),
        (KeyError("a fault of the provider's own"), "unavailable"),
    ],
    ids=["500", "slow", "missing", "long", "refused", "429", "half", "fault"],
)
async def test_whatever_a_link_fails_with_the_next_answers_and_says_why(
    bench: Bench, error: Exception, word: str
) -> None:
    first, second = bench.provider("ollama", Step(error=error)), bench.provider("transformers", Step("Yes."))
    answer = await bench.clock.run(ask(bench.chain(first, second, transformers_model="tiny")))
    assert (answer.text, answer.provider, answer.is_embedded) == ("Yes.", "transformers", False)
    [skipped] = answer.skipped
    assert (skipped.provider, skipped.model) == ("ollama", "llama3.2:3b")
    assert "see the log" in skipped.reason if isinstance(error, KeyError) else skipped.reason == str(error)
    assert bench.counts.asked == {("ollama", "reply", word): 1, ("transformers", "reply", "answered"): 1}


@pytest.mark.parametrize("error", [asyncio.InvalidStateError(), TimeoutError()], ids=["state", "timeout"])
async def test_a_fault_inside_a_provider_is_logged_with_its_place(
    bench: Bench, logged: Logged, error: Exception
) -> None:
    answer = await bench.clock.run(ask(bench.chain(bench.provider("ollama", Step(error=error)))))
    assert answer.is_embedded
    assert logged.of("ERROR") == ["ollama failed in an unforeseen way"]


async def test_a_link_that_hangs_leaves_time_for_the_next(bench: Bench) -> None:
    first = bench.provider("ollama", Step(after=HANG))
    second = bench.provider("openai", Step("Yes.", after=3.0))
    answer = await bench.clock.run(ask(bench.chain(first, second), deadline=10))
    assert (answer.text, answer.provider) == ("Yes.", "openai")
    assert 5_000 < answer.milliseconds < 10_000
    assert (first.cancelled, first.running) == (1, 0)
    assert "took too long" in answer.skipped[0].reason


@pytest.mark.parametrize("deadline", [0.2, 2.0, 10.0, 60.0])
async def test_when_every_link_hangs_the_embedded_answer_comes_within_the_deadline(
    bench: Bench, deadline: float
) -> None:
    links = [bench.provider(name, Step(after=HANG)) for name in ("ollama", "openai", "anthropic")]
    answer = await bench.clock.run(ask(bench.chain(*links), deadline=deadline))
    assert (answer.text, answer.is_embedded, answer.provider) == (EMBEDDED, True, "embedded")
    assert deadline * 0.9 < bench.clock.passed < deadline
    assert [len(link.asked) for link in links] == [1, 1, 1]
    assert [each.provider for each in answer.skipped] == ["ollama", "openai", "anthropic"]


async def test_a_provider_that_ignores_its_cancellation_delays_nobody_and_keeps_its_place(
    bench: Bench,
) -> None:
    release = asyncio.Event()

    class Stubborn(type(bench.provider("ollama"))):  # type: ignore[misc]
        async def _wait(self, seconds: float) -> None:
            try:
                await bench.clock.sleep(seconds)
            except asyncio.CancelledError:
                await release.wait()

    first = Stubborn(bench.clock, "ollama", Step(after=HANG))
    llm = bench.chain(first, concurrency={"ollama": 1})
    answer = await bench.clock.run(ask(llm, deadline=5))
    assert answer.is_embedded
    assert bench.clock.passed < 5
    assert llm.status()[0].running == 1, "it still works, so no other may begin"
    release.set()
    await settle()
    assert llm.status()[0].running == 0


async def test_without_links_it_is_embedded_mode(bench: Bench) -> None:
    answer = await ask(bench.chain())
    assert answer == Answer(EMBEDDED, None, "embedded", "", is_embedded=True)
    [call] = bench.log.calls
    assert (call.provider, call.outcome, call.billed_tokens) == ("embedded", Outcome.EMBEDDED, 0)


async def test_each_task_has_a_chain_of_its_own(bench: Bench) -> None:
    ollama, openai = bench.provider("ollama"), bench.provider("openai")
    llm = bench.chain(ollama, openai, chains={"reply": ["openai/big", "ollama"], "chat": ["ollama/small"]})
    assert (await bench.clock.run(ask(llm))).model == "big"
    assert (await bench.clock.run(ask(llm, task=Task.CHAT))).model == "small"
    assert (await ask(llm, task=Task.ROUTE)).is_embedded


async def test_a_provider_that_is_not_there_is_passed_over(bench: Bench) -> None:
    llm = bench.chain(bench.provider("ollama"), chains={"reply": ["anthropic", "ollama"]})
    answer = await bench.clock.run(ask(llm))
    assert answer.provider == "ollama"
    assert "not set up" in answer.skipped[0].reason


async def test_a_broken_fallback_is_the_callers_and_is_written_down(bench: Bench) -> None:
    def broken() -> str:
        raise LookupError("no template")

    with pytest.raises(LookupError):
        await ask(bench.chain(), fallback=broken)
    assert [call.outcome for call in bench.log.calls] == [Outcome.FAILED]


@pytest.mark.parametrize("text", ["", "  \n"], ids=["empty", "blank"])
async def test_an_empty_answer_is_none(bench: Bench, text: str) -> None:
    assert (await bench.clock.run(ask(bench.chain(bench.provider("ollama", Step(text)))))).is_embedded


async def test_a_model_that_talks_past_its_limit_is_not_believed(bench: Bench) -> None:
    answer = await bench.clock.run(ask(bench.chain(bench.provider("ollama", Step("x" * 4_001)))))
    assert "talks on" in answer.skipped[0].reason


async def test_what_needs_the_owner_is_logged_once_until_it_works_again(bench: Bench, logged: Logged) -> None:
    missing = Step(error=ModelMissing("gemma", "run `ollama pull gemma`"))
    provider = bench.provider("ollama", missing, missing, Step(), missing)
    llm = bench.chain(provider)
    for _ in range(5):
        await bench.clock.run(ask(llm))
    assert len(logged.of("WARNING", "ollama pull gemma")) == 2


class TestWhatAModelCan:
    async def test_a_schema_is_said_in_words_to_a_model_that_cannot_be_held_to_one(
        self, bench: Bench
    ) -> None:
        provider = bench.provider("ollama", Step(GOOD), supports_schema=False)
        prompt = Prompt((Message(Role.SYSTEM, "Be brief."), *PROMPT.messages))
        answer = await bench.clock.run(ask(bench.chain(provider), prompt=prompt, schema_model=Verdict))
        assert answer.parsed == Verdict(intent="help", confidence=0.5)
        asked = provider.asked[0][1]
        assert asked.schema is None
        assert [message.role for message in asked.messages] == [Role.SYSTEM, Role.SYSTEM, Role.USER]
        assert json.dumps(Verdict.model_json_schema()) in asked.messages[1].text

    @pytest.mark.parametrize(
        ("prompt", "able"),
        [
            (Prompt((Message(Role.USER, "?", images=(Image(b"x", "image/png"),)),)), "supports_vision"),
            (Prompt(PROMPT.messages, tools=(ToolSpec("look", "looks", {}),)), "supports_tools"),
        ],
        ids=["pictures", "tools"],
    )
    async def test_what_a_model_cannot_take_goes_to_one_that_can(
        self, bench: Bench, prompt: Prompt, able: str
    ) -> None:
        first, second = bench.provider("ollama"), bench.provider("openai", **{able: True})
        answer = await bench.clock.run(ask(bench.chain(first, second), prompt=prompt))
        assert (answer.provider, first.asked) == ("openai", [])
        assert "llm.models" in answer.skipped[0].reason


class TestWhatModelsRead:
    async def test_it_is_what_each_of_those_that_can_be_asked_reads(self, bench: Bench) -> None:
        small, large = (
            bench.provider("ollama", context_tokens=8_000),
            bench.provider("openai", context_tokens=100_000),
        )
        assert await bench.chain(small, large).context_tokens(Task.SUMMARIZE) == 8_000
        assert await bench.chain(large).context_tokens(Task.SUMMARIZE) == 100_000
        assert await bench.chain().context_tokens(Task.SUMMARIZE) is None

    async def test_who_does_not_tell_is_left_out(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        down, up = bench.provider("ollama"), bench.provider("openai", context_tokens=9_000)

        async def capabilities(_model: str) -> Capabilities:
            raise ProviderUnavailable("start it")

        monkeypatch.setattr(down, "capabilities", capabilities)
        assert await bench.chain(down, up).context_tokens(Task.SUMMARIZE) == 9_000
        assert await bench.chain(down).context_tokens(Task.SUMMARIZE) is None

    async def test_who_is_left_alone_is_left_out(self, bench: Bench) -> None:
        down = bench.provider("ollama", Step(error=ProviderUnavailable("start it")), context_tokens=8_000)
        chain = bench.chain(down, bench.provider("openai", context_tokens=9_000))
        for _ in range(5):
            await bench.clock.run(ask(chain))
        assert await chain.context_tokens(Task.SUMMARIZE) == 9_000


class TestStructured:
    async def test_the_schema_goes_along_and_the_answer_is_validated(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(f"```json\n{GOOD}\n```"))
        answer = await bench.clock.run(ask(bench.chain(provider), schema_model=Verdict))
        assert answer.parsed == Verdict(intent="help", confidence=0.5)
        assert provider.asked[0][1].schema == Verdict.model_json_schema()

    async def test_one_repair_is_asked_for_with_the_error(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step('{"intent": "help", "confidence": 7}'), Step(GOOD))
        answer = await bench.clock.run(ask(bench.chain(provider), schema_model=Verdict))
        assert answer.parsed == Verdict(intent="help", confidence=0.5)
        assert answer.usage == Usage(20, 10)
        first, again = (prompt for _, prompt, _ in provider.asked)
        assert again.messages[: len(first.messages)] == first.messages
        assert [message.role for message in again.messages[-2:]] == [Role.ASSISTANT, Role.USER]
        assert "confidence: Input should be less than or equal to 1" in again.messages[-1].text
        assert bench.log.calls[0].outcome is Outcome.REPAIRED

    async def test_after_one_repair_the_next_link_is_asked(self, bench: Bench) -> None:
        first = bench.provider("ollama", Step('{"intent": "he'))
        second = bench.provider("openai", Step(GOOD))
        answer = await bench.clock.run(ask(bench.chain(first, second), schema_model=Verdict))
        assert (len(first.asked), answer.provider) == (2, "openai")
        assert "he" not in answer.skipped[0].reason.partition("does not fit")[0]
        assert first.asked[0][1] == second.asked[0][1], "the next link begins anew"

    async def test_half_json_everywhere_ends_with_the_embedded_instance(self, bench: Bench) -> None:
        links = [bench.provider(name, Step('{"intent": "he')) for name in ("ollama", "openai")]
        own = Verdict(intent="other", confidence=0)
        answer = await bench.clock.run(ask(bench.chain(*links), schema_model=Verdict, fallback=lambda: own))
        assert (answer.parsed, answer.is_embedded) == (own, True)
        assert Verdict.model_validate_json(answer.text) == own

    async def test_an_embedded_text_must_fit_too(self, bench: Bench) -> None:
        answer = await ask(bench.chain(), schema_model=Verdict, fallback=lambda: GOOD)
        assert answer.parsed == Verdict(intent="help", confidence=0.5)
        with pytest.raises(BadOutput):
            await ask(bench.chain(), schema_model=Verdict)

    async def test_a_repair_has_only_what_is_left_of_the_time(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step("no", after=4.0), Step(GOOD, after=7.0))
        answer = await bench.clock.run(
            ask(bench.chain(provider), schema_model=Verdict, deadline=10, fallback=lambda: GOOD)
        )
        assert answer.is_embedded
        assert bench.clock.passed < 10


class TestCache:
    async def test_the_same_question_within_an_hour_is_answered_from_before(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(GOOD))
        llm = bench.chain(provider)
        first = await bench.clock.run(ask(llm, task=Task.CLASSIFY, schema_model=Verdict))
        await bench.clock.advance(3_599)
        again = await ask(llm, task=Task.CLASSIFY, schema_model=Verdict)
        assert (again.parsed, again.is_cached, again.usage) == (first.parsed, True, Usage())
        assert again.parsed is not first.parsed
        await bench.clock.advance(2)
        await bench.clock.run(ask(llm, task=Task.CLASSIFY, schema_model=Verdict))
        assert len(provider.asked) == 2
        assert [call.outcome.value for call in bench.log.calls] == ["answered", "cached", "answered"]

    @pytest.mark.parametrize(
        "other",
        [
            {"guild_id": OTHER_GUILD},
            {"prompt": Prompt(PROMPT.messages, options=Options(max_tokens=99))},
            {"schema_model": Verdict},
            {"task": Task.REPLY},
        ],
        ids=["guild", "options", "schema", "task"],
    )
    async def test_another_question_is_asked(self, bench: Bench, other: dict[str, Any]) -> None:
        provider = bench.provider("ollama", Step(GOOD))
        llm = bench.chain(provider)
        await bench.clock.run(ask(llm, task=Task.CLASSIFY))
        await bench.clock.run(ask(llm, **{"task": Task.CLASSIFY, **other}))
        assert len(provider.asked) == 2

    async def test_replies_are_given_anew_and_embedded_answers_not_kept(self, bench: Bench) -> None:
        provider = bench.provider("ollama", Step(error=ProviderUnavailable("down")), Step("Yes."))
        llm = bench.chain(provider)
        assert (await bench.clock.run(ask(llm, task=Task.CLASSIFY))).is_embedded
        assert (await bench.clock.run(ask(llm, task=Task.CLASSIFY))).text == "Yes."
        for _ in range(2):
            await bench.clock.run(ask(llm))
        assert len(provider.asked) == 4

    async def test_the_longest_unused_gives_way(self, bench: Bench) -> None:
        provider = bench.provider("ollama")
        llm = bench.chain(provider, cache_size=2)
        for text in ("a", "b", "a", "c", "a", "b"):
            prompt = Prompt((Message(Role.USER, text),))
            await bench.clock.run(ask(llm, task=Task.CLASSIFY, prompt=prompt))
        assert [prompt.messages[0].text for _, prompt, _ in provider.asked] == ["a", "b", "c", "b"]
