"""Answers as they come: another link only while nothing was seen, and an end that can be shown."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from bot.llm.asking import CHARACTERS_PER_TOKEN
from bot.llm.breaker import State
from bot.llm.chain import LanguageModels
from bot.llm.errors import AnswerCut, ProviderUnavailable, RateLimited
from bot.llm.ports import Outcome
from bot.llm.streaming import AnswerStream
from bot.llm.types import (
    Chunk,
    DoneChunk,
    Finish,
    Task,
    TextChunk,
    ThinkingChunk,
    ToolCall,
    ToolCallChunk,
    Usage,
)
from tests.unit.llm.chain_support import GUILD, HANG, PROMPT, Bench, Step, settle

EMBEDDED = "I have no model."
DONE = DoneChunk(Usage(10, 5), Finish.STOP)
DOWN = ProviderUnavailable("the connection was lost")


def stream(llm: LanguageModels, **values: Any) -> AnswerStream:
    known: dict[str, Any] = {"guild_id": GUILD, "fallback": lambda: EMBEDDED, "deadline": 10}
    return llm.stream(Task.CHAT, PROMPT, **known | values)


async def read(chunks: AnswerStream, into: list[Chunk] | None = None) -> list[Chunk]:
    found: list[Chunk] = [] if into is None else into
    async for chunk in chunks:
        found.append(chunk)  # noqa: PERF401  (what came before an error counts)
    return found


async def test_chunks_come_as_they_are_and_the_answer_is_there_at_the_end(bench: Bench) -> None:
    call = ToolCallChunk(ToolCall("1", "look", {}))
    said = (ThinkingChunk("hm"), TextChunk("Try "), 1.0, TextChunk("it."), call, DONE)
    chunks = stream(bench.chain(bench.provider("ollama", Step(chunks=said))))
    assert chunks.answer is None
    found = await bench.clock.run(read(chunks))
    assert found == [each for each in said if not isinstance(each, float)]
    answer = chunks.answer
    assert answer is not None
    assert (answer.text, answer.provider, answer.usage, answer.milliseconds) == (
        "Try it.", "ollama", Usage(10, 5), 1_000
    )  # fmt: skip
    assert answer.tool_calls == (call.call,)
    assert [(each.outcome, each.input_tokens) for each in bench.log.calls] == [(Outcome.ANSWERED, 10)]


@pytest.mark.parametrize(
    "chunks",
    [
        (DOWN,),
        (RateLimited("429", 3.0),),
        (HANG,),
        (),
        (ThinkingChunk("hm"), DOWN),
        (ThinkingChunk("hm"), HANG),
        (TextChunk(" "), DOWN),
        (DONE,),
        (KeyError("a fault"),),
    ],
    ids=["down", "429", "hang", "nothing", "thought", "thinks", "blank", "empty", "fault"],
)
async def test_a_link_that_shows_nothing_is_followed_by_the_next(
    bench: Bench, chunks: tuple[Any, ...]
) -> None:
    first = bench.provider("ollama", Step(chunks=chunks or (0.0,)))
    second = bench.provider("openai", Step(chunks=(TextChunk("Yes."), 3.0, DONE)))
    answer = stream(bench.chain(first, second))
    found = await bench.clock.run(read(answer))
    assert found[-2:] == [TextChunk("Yes."), DONE]
    assert bench.clock.passed < 10
    assert answer.answer is not None
    assert (answer.answer.text, answer.answer.provider) == ("Yes.", "openai")
    assert [each.provider for each in answer.answer.skipped] == ["ollama"]
    assert first.running == 0


@pytest.mark.parametrize(
    "rest",
    [(DOWN,), (HANG,), (), (TextChunk("x" * 5_000),), (RuntimeError("a fault"),)],
    ids=["killed", "hangs", "no end", "talks on", "fault"],
)
async def test_what_was_seen_stays_and_its_end_can_be_shown(bench: Bench, rest: tuple[Any, ...]) -> None:
    first = bench.provider("ollama", Step(chunks=(TextChunk("Try "), *rest)))
    second = bench.provider("openai")
    answer = stream(bench.chain(first, second))
    found: list[Chunk] = []
    with pytest.raises(AnswerCut, match=r"^The answer broke off: "):
        await bench.clock.run(read(answer, found))
    assert (found, second.asked) == ([TextChunk("Try ")], [])
    assert bench.clock.passed < 10
    assert answer.answer is not None
    assert (answer.answer.text, answer.answer.finish) == ("Try ", Finish.LENGTH)
    [call] = bench.log.calls
    assert (call.outcome, call.provider, len(call.skipped)) == (Outcome.CUT, "ollama", 1)


@pytest.mark.parametrize(
    "chunk",
    [TextChunk(""), ThinkingChunk(""), ToolCallChunk(ToolCall("1", "look", {"at": "x" * 100}))],
    ids=["no text", "no thought", "calls"],
)
async def test_a_stream_of_chunks_without_words_has_an_end_too(bench: Bench, chunk: Chunk) -> None:
    most = PROMPT.options.max_tokens * CHARACTERS_PER_TOKEN
    first = bench.provider("ollama", Step(chunks=(*[chunk] * (most + 1), TextChunk("Yes."), DONE)))
    answer = stream(bench.chain(first))
    with suppress(AnswerCut):  # a call was seen, nothing else
        await bench.clock.run(read(answer))
    assert answer.answer is not None
    assert "talks on" in answer.answer.skipped[0].reason


async def test_the_first_words_have_a_share_of_the_time_and_the_rest_all_of_it(bench: Bench) -> None:
    slowly = (5.0, TextChunk("a"), 4.5, TextChunk("b"), DONE)
    first, second = bench.provider("ollama", Step(chunks=slowly)), bench.provider("openai")
    answer = stream(bench.chain(first, second))
    assert await bench.clock.run(read(answer)) == [TextChunk("a"), TextChunk("b"), DONE]
    assert second.asked == []


async def test_without_a_link_the_embedded_answer_is_streamed(bench: Bench) -> None:
    answer = stream(bench.chain(bench.provider("ollama", Step(error=DOWN))))
    found = await bench.clock.run(read(answer))
    assert found == [TextChunk(EMBEDDED), DoneChunk(Usage(), Finish.STOP)]
    assert answer.answer is not None
    assert answer.answer.is_embedded


async def test_nothing_is_asked_before_somebody_reads(bench: Bench) -> None:
    provider = bench.provider("ollama")
    answer = stream(bench.chain(provider))
    await settle()
    await answer.aclose()
    assert (provider.asked, bench.log.calls) == ([], [])


async def test_a_reader_that_stops_ends_the_call(bench: Bench) -> None:
    provider = bench.provider("ollama", Step(chunks=(TextChunk("Try "), HANG)))
    llm = bench.chain(provider)
    answer = stream(llm)
    assert await bench.clock.run(anext_of(answer)) == TextChunk("Try ")
    await answer.aclose()
    await settle()
    assert (provider.running, llm.status()[0].running) == (0, 0)
    assert [call.outcome for call in bench.log.calls] == [Outcome.CANCELLED]


async def test_a_reader_that_is_cancelled_ends_the_call(bench: Bench) -> None:
    provider = bench.provider("ollama", Step(after=HANG))
    llm = bench.chain(provider)
    task = asyncio.create_task(read(stream(llm)))
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await settle()
    assert (provider.running, llm.status()[0].running, llm.status()[0].state) == (0, 0, State.CLOSED)
    assert [call.outcome for call in bench.log.calls] == [Outcome.CANCELLED]


async def test_a_reader_that_dozes_keeps_no_provider_busy(bench: Bench) -> None:
    quick = bench.provider("ollama", Step(chunks=(TextChunk("a"), TextChunk("b"), DONE)))
    llm = bench.chain(quick)
    answer = stream(llm)
    await bench.clock.run(anext_of(answer))
    await bench.clock.advance(100)
    assert llm.status()[0].running == 0
    assert await bench.clock.run(read(answer)) == [TextChunk("b"), DONE]

    quick.then(Step(chunks=(TextChunk("a"), HANG)))
    answer = stream(llm)
    await bench.clock.run(anext_of(answer))
    await bench.clock.advance(100)
    assert (llm.status()[0].running, quick.cancelled) == (0, 1)
    with pytest.raises(AnswerCut, match="took too long"):
        await bench.clock.run(read(answer))


async def test_closing_ends_streams_before_and_amid_their_answer(bench: Bench) -> None:
    provider = bench.provider("ollama", Step(chunks=(TextChunk("Try "), HANG)), Step(after=HANG))
    llm = bench.chain(provider)
    amid, before = stream(llm), stream(llm)
    await bench.clock.run(anext_of(amid))
    waiting = asyncio.create_task(read(before))
    await settle()
    await llm.close()
    with pytest.raises(AnswerCut, match="shutting down"):
        await read(amid)
    assert (await waiting)[0] == TextChunk(EMBEDDED)


async def anext_of(answer: AnswerStream) -> Chunk:
    return await anext(answer)
