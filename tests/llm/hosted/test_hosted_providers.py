"""What both providers do alike, each with its real SDK against the loopback."""

import asyncio
import logging
import sys
import traceback

import pytest

from bot.llm.anthropic import AnthropicProvider
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
    TooSlow,
    Unreachable,
)
from bot.llm.openai import OpenAICompatibleProvider
from bot.llm.types import Finish, Image, Message, Role, TextChunk, ThinkingChunk, ToolCall
from sandbox.hosted import Answer, HostedSandbox, Rule
from tests.conftest import Logged
from tests.llm.hosted.helpers import LONG, PRICES, PRIVATE_WORDS, SCHEMA, WEATHER, Both, ask

WAYS = pytest.mark.parametrize("way", ["complete", "stream"])
SHORT = 0.6  # of a deadline that is meant to pass


@WAYS
async def test_an_answer_comes_with_its_tokens(both: Both, way: str) -> None:
    both.hosted.script(Answer("Nothing is new.", prompt_tokens=40, output_tokens=5))
    answer = await both.any_way(way)
    assert (answer.text, answer.finish) == ("Nothing is new.", Finish.STOP)
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (40, 5)


async def test_text_comes_while_it_is_written(both: Both) -> None:
    both.hosted.script(Answer("One two three", pieces=("One", " two", " three")))
    texts = [chunk.text for chunk in await both.stream() if isinstance(chunk, TextChunk)]
    assert texts == ["One", " two", " three"]


@WAYS
async def test_thinking_is_kept_apart_from_the_answer(both: Both, way: str) -> None:
    both.hosted.script(Answer("Yes.", thinking="Is it? It is."))
    answer = await both.any_way(way, ask(thinking=True))
    assert (answer.text, answer.thinking) == ("Yes.", "Is it? It is.")


@WAYS
async def test_a_tool_call_comes_whole(both: Both, way: str) -> None:
    both.hosted.script(
        Answer("Let me look.", tool_calls=(("weather", {"town": "Åre"}), ("weather", {"town": "Oslo"})))
    )
    answer = await both.any_way(way, ask(tools=[WEATHER]))
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [
        ("weather", {"town": "Åre"}),
        ("weather", {"town": "Oslo"}),
    ]
    assert len({call.id for call in answer.tool_calls}) == 2
    assert (answer.text, answer.finish) == ("Let me look.", Finish.TOOL_CALLS)


async def test_a_tools_answer_goes_back_to_its_call(both: Both) -> None:
    calls = (ToolCall("t1", "weather", {"town": "Åre"}), ToolCall("t2", "weather", {"town": "Oslo"}))
    before = [
        Message(Role.USER, "The weather?"),
        Message(Role.ASSISTANT, "", tool_calls=calls),
        Message(Role.TOOL, "snow", tool_call_id="t1"),
        Message(Role.TOOL, "rain", tool_call_id="t2"),
    ]
    both.hosted.script("Snow and rain.")
    assert (
        await both.complete(ask("And?", *before, tools=[WEATHER], thinking=True))
    ).text == "Snow and rain."


async def test_a_schema_is_asked_for_and_answered(both: Both) -> None:
    both.hosted.script({"label": "yes", "score": 0.5})
    answer = await both.complete(ask(schema=SCHEMA))
    body = both.hosted.bodies()[-1]
    form = body["output_config"]["format"] if both.is_claude else body["response_format"]["json_schema"]
    assert set(form["schema"]["properties"]) == {"label", "score"}
    assert answer.text == '{"label": "yes", "score": 0.5}'


async def test_an_answer_cut_by_its_limit_says_so(both: Both) -> None:
    both.hosted.script(Answer("One two", done_reason="length"))
    assert (await both.complete(ask(max_tokens=2))).finish is Finish.LENGTH
    assert both.hosted.bodies()[-1]["max_tokens"] == 2


async def test_stop_sequences_are_sent(both: Both) -> None:
    await both.complete(ask(stop=("END",)))
    body = both.hosted.bodies()[-1]
    assert body["stop_sequences" if both.is_claude else "stop"] == ["END"]


async def test_pictures_are_sent(both: Both) -> None:
    picture = Message(Role.USER, "Look", images=(Image(b"\x89PNG", "image/png"),))
    await both.complete(ask("What is it?", picture))
    assert "iVBORw==" in str(both.hosted.bodies()[-1])


@WAYS
async def test_tokens_that_nobody_told_are_guessed_rather_too_high(both: Both, way: str) -> None:
    both.hosted.script(Answer("x" * 300, has_usage=False))
    usage = (await both.any_way(way, ask("y" * 600))).usage
    assert usage.input_tokens >= 200
    assert usage.output_tokens >= 100


@WAYS
@pytest.mark.parametrize("told", [-5, 2**31, 2**70], ids=["negative", "large", "absurd"])
async def test_tokens_that_cannot_be_are_guessed_instead(both: Both, way: str, told: int) -> None:
    both.hosted.script(Answer("x" * 300, prompt_tokens=told, output_tokens=told))
    usage = (await both.any_way(way, ask("y" * 600))).usage
    assert 200 <= usage.input_tokens < 1_000
    assert 100 <= usage.output_tokens < 1_000


FAULTS = [
    pytest.param({"kind": "status", "status": 401}, Refused, id="401"),
    pytest.param({"kind": "status", "status": 402, "type": "billing_error"}, Refused, id="402"),
    pytest.param({"kind": "status", "status": 403}, Refused, id="403"),
    pytest.param({"kind": "status", "status": 404}, ModelMissing, id="404"),
    pytest.param({"kind": "status", "status": 400}, Refused, id="400"),
    pytest.param({"kind": "status", "status": 413}, ContextOverflow, id="413"),
    pytest.param({"kind": "overlong"}, ContextOverflow, id="overlong"),
    pytest.param({"kind": "status", "status": 429}, RateLimited, id="429"),
    pytest.param({"kind": "status", "status": 408}, ProviderUnavailable, id="408"),
    pytest.param({"kind": "status", "status": 500}, ProviderUnavailable, id="500"),
    pytest.param({"kind": "status", "status": 529}, ProviderUnavailable, id="529"),
    pytest.param({"kind": "status", "status": 504}, HungUp, id="504"),
    pytest.param({"kind": "status", "status": 524}, HungUp, id="524"),
    pytest.param({"kind": "cut"}, ProviderUnavailable, id="cut"),
    pytest.param({"kind": "half_json"}, BadOutput, id="half_json"),
    pytest.param({"kind": "garbage"}, (BadOutput, ProviderUnavailable), id="garbage"),
]


@WAYS
@pytest.mark.parametrize(("fault", "expected"), FAULTS)
async def test_a_failure_is_told_as_what_it_is(
    both: Both, way: str, fault: dict[str, object], expected: type[LLMError]
) -> None:
    both.hosted.fail(text=f"no: {PRIVATE_WORDS} {both.hosted.key}", **fault)  # type: ignore[arg-type]
    with pytest.raises(expected) as caught:
        await both.any_way(way, ask(PRIVATE_WORDS))
    assert_tells_nothing(caught.value, both.hosted)
    assert not isinstance(caught.value, Declined)  # nothing was served
    assert len(both.hosted.requests) == 1  # the chain tries again, not the SDK


STREAM_FAULTS = [
    pytest.param({"kind": "cut"}, ProviderUnavailable, id="cut"),
    pytest.param({"kind": "no_end"}, ProviderUnavailable, id="no_end"),
    pytest.param({"kind": "error"}, ProviderUnavailable, id="error"),
    pytest.param({"kind": "error", "type": "rate_limit_error"}, RateLimited, id="rate limit"),
    pytest.param({"kind": "half_json"}, BadOutput, id="half_json"),
]


@pytest.mark.parametrize(("fault", "expected"), STREAM_FAULTS)
async def test_a_failure_amid_an_answer_comes_after_what_was_said(
    both: Both, fault: dict[str, object], expected: type[LLMError]
) -> None:
    both.hosted.script(Answer("One two three four", pieces=("One", " two", " three", " four")))
    both.hosted.fail(after=5 if both.is_claude else 3, text=f"{PRIVATE_WORDS} {both.hosted.key}", **fault)  # type: ignore[arg-type]
    said: list[str] = []

    async def read() -> None:
        async for chunk in both.provider.stream(ask(PRIVATE_WORDS), model=both.model, deadline=LONG):
            assert isinstance(chunk, TextChunk)
            said.append(chunk.text)

    with pytest.raises(expected) as caught:
        await read()
    assert said == ["One", " two"]
    assert_tells_nothing(caught.value, both.hosted)


def assert_tells_nothing(error: LLMError, hosted: HostedSandbox) -> None:
    """Neither the error nor what a log would print of it holds the key or what was asked."""
    printed = "".join(traceback.format_exception(error))
    for secret in (hosted.key, PRIVATE_WORDS, "Zebedee"):
        assert secret not in printed
    assert str(error)


async def test_a_key_that_is_not_accepted_is_named_by_its_setting(hosted: HostedSandbox) -> None:
    wrong = "sk-wrong-key-0123456789"
    for provider, model in (
        (AnthropicProvider(wrong, prices=PRICES, base_url=hosted.anthropic_url), "claude-haiku-4-5"),
        (OpenAICompatibleProvider(wrong, prices=PRICES, base_url=hosted.openai_url), "gemma-3-27b-it"),
    ):
        with pytest.raises(Refused, match=provider.key_name) as caught:
            await provider.complete(ask(), model=model, deadline=LONG)
        assert wrong not in "".join(traceback.format_exception(caught.value))
        health = await provider.health()
        assert not health.ok
        assert f"into .env ({provider.key_name}, or LLM_API_KEY" in health.detail
        await provider.close()


async def test_a_model_that_is_not_there_is_named(both: Both) -> None:
    with pytest.raises(ModelMissing, match="model nobody-1 is not there"):
        await both.provider.complete(ask(), model="nobody-1", deadline=LONG)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("", None), ("soon", None), ("Thu, 01 Jan 2099 00:00:00 GMT", None)],
    ids=["whole", "fraction", "none", "word", "date"],
)
async def test_how_long_to_wait_is_passed_on(both: Both, told: str, seconds: float | None) -> None:
    both.hosted.fail("status", status=429, retry_after=told)
    with pytest.raises(RateLimited) as caught:
        await both.complete()
    if told.endswith("GMT"):
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 1e6
    else:
        assert caught.value.retry_after == seconds


@WAYS
async def test_a_refusal_is_no_answer(both: Both, way: str) -> None:
    both.hosted.script(Answer("I would rather", done_reason="refusal", prompt_tokens=40, output_tokens=3))
    with pytest.raises(Declined, match="declined") as caught:
        await both.any_way(way)
    usage = caught.value.usage
    assert (usage.input_tokens, usage.output_tokens) == (40, 3)  # it was read, so it is paid for


async def test_a_tool_call_that_is_no_json_is_bad_output(both: Both) -> None:
    both.hosted.script(Answer(tool_calls=(("weather", '{"town": "Å'),)))
    with pytest.raises(BadOutput, match="tool call"):
        await both.stream(ask(tools=[WEATHER]))


@WAYS
async def test_a_server_that_hangs_is_given_up_at_the_deadline(both: Both, way: str) -> None:
    both.hosted.fail("hang")
    with pytest.raises(TooSlow, match=r"longer than 0\.6 s"):
        await both.any_way(way, deadline=SHORT)
    await both.hosted.wait_for(lambda entry: entry["kind"] == "end")
    assert both.hosted.ends() == ["left"]


async def test_the_deadline_is_for_the_whole_answer_not_for_each_piece(both: Both) -> None:
    both.hosted.script("word " * 1_000)
    both.hosted.fail("slow", seconds=0.02)
    with pytest.raises(TooSlow):
        await both.stream(deadline=0.3)


async def test_a_deadline_does_not_interrupt_whoever_reads(both: Both) -> None:
    await both.complete()  # so that the SDK is loaded
    both.hosted.script(Answer("One two three", pieces=("One", " two", " three")))
    both.hosted.fail("hang", after=5 if both.is_claude else 3)
    stream = both.provider.stream(ask(), model=both.model, deadline=1.0)
    assert isinstance(await anext(stream), TextChunk)
    with pytest.raises(TimeoutError):  # of the reader, who is busy for longer than the deadline
        await asyncio.wait_for(asyncio.Event().wait(), 1.2)
    with pytest.raises(TooSlow):
        await anext(stream)


async def test_leaving_a_stream_ends_its_request(both: Both) -> None:
    both.hosted.script("One two three")
    both.hosted.fail("hang", after=5 if both.is_claude else 3)
    stream = both.provider.stream(ask(), model=both.model, deadline=LONG)
    async for _ in stream:
        break
    await stream.aclose()  # type: ignore[attr-defined]
    await both.hosted.wait_for(lambda entry: entry["kind"] == "end")
    assert both.hosted.ends() == ["left"]


async def test_cancelling_a_call_ends_its_request(both: Both) -> None:
    both.hosted.fail("hang")
    task = asyncio.create_task(both.complete())
    await both.hosted.wait_for(lambda entry: entry["kind"] == "request")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await both.hosted.wait_for(lambda entry: entry["kind"] == "end")
    assert both.hosted.ends() == ["left"]


async def test_many_calls_at_once_get_their_own_answers(both: Both) -> None:
    both.hosted.script(Rule("", lambda asked: f"You said {asked.prompt}"))
    answers = await asyncio.gather(*(both.complete(ask(f"word{n}")) for n in range(20)))
    assert [answer.text for answer in answers] == [f"You said word{n}" for n in range(20)]


async def test_after_a_failure_the_next_call_works(both: Both) -> None:
    both.hosted.fail("cut")
    with pytest.raises(ProviderUnavailable):
        await both.complete()
    both.hosted.script("Again.")
    assert (await both.complete()).text == "Again."


async def test_a_server_that_is_not_there_is_unavailable(both: Both) -> None:
    await both.hosted.stop()
    with pytest.raises(Unreachable, match="does not answer"):
        await both.complete()
    health = await both.provider.health()
    assert not health.ok
    await both.hosted.start()
    assert (await both.provider.health()).ok


async def test_health_names_the_models_that_are_missing(both: Both) -> None:
    health = await both.provider.health([both.model, "nobody-1"])
    assert (health.ok, health.missing) == (False, ("nobody-1",))
    assert (await both.provider.health([both.model])).ok


async def test_without_its_sdk_a_provider_says_how_to_get_it(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, both.provider.name, None)
    with pytest.raises(ProviderUnavailable, match=r"pip install -r requirements-llm\.txt in the \.venv"):
        await both.complete()
    assert "requirements-llm.txt" in (await both.provider.health()).detail
    assert not both.hosted.requests


async def test_importing_a_provider_does_not_import_its_sdk() -> None:
    code = (
        "import sys, bot.llm.anthropic, bot.llm.openai;"
        "print([n for n in ('anthropic', 'openai', 'httpx2') if n in sys.modules])"
    )
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    assert out.decode().strip() == "[]"


async def test_nothing_of_a_request_is_logged(
    both: Both, logged: Logged, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in (both.provider.name, "httpx2", "httpcore2"):  # as ANTHROPIC_LOG=debug does
        caplog.set_level(logging.DEBUG, name)
    both.hosted.script(PRIVATE_WORDS)
    await both.complete(ask(PRIVATE_WORDS))
    await both.stream(ask(PRIVATE_WORDS))
    both.hosted.fail("status", status=500, text=PRIVATE_WORDS)
    with pytest.raises(ProviderUnavailable):
        await both.complete(ask(PRIVATE_WORDS))
    everything = caplog.text + "".join(logged.of("DEBUG") + logged.of("INFO") + logged.of("WARNING"))
    assert "Zebedee" not in everything
    assert both.hosted.key not in everything


async def test_a_closed_provider_can_be_asked_again(both: Both) -> None:
    await both.complete()
    await both.provider.close()
    await both.provider.close()
    assert (await both.complete()).text


async def test_thinking_streams_before_text(both: Both) -> None:
    both.hosted.script(Answer("Yes.", thinking="Hm, well."))
    kinds = [type(chunk) for chunk in await both.stream(ask(thinking=True))]
    assert kinds.index(ThinkingChunk) < kinds.index(TextChunk)
