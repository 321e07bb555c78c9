"""Everything that goes wrong: an error that says the fix, within the deadline, and no request left open."""

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.llm.errors import (
    BadOutput,
    Busy,
    ContextOverflow,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    TooSlow,
    Unloadable,
    Unreachable,
)
from bot.llm.ollama import OllamaProvider
from bot.llm.ollama_client import is_loopback, retry_after, shown
from bot.llm.types import Chunk
from sandbox.ollama import Answer, OllamaSandbox
from tests.llm.ollama.asking import DEADLINE, ask, prompt, take

HOW = pytest.mark.parametrize("how", ["complete", "stream"])
SECRET = "the member wrote this"  # noqa: S105
OUT_OF_MEMORY = "model requires more system memory (18.2 GiB) than is available (7.1 GiB)"
Told = tuple[Any, dict[str, Any], type[LLMError], str]
FAULTS: list[Told] = [
    ("cut", {}, ProviderUnavailable, "hung up"),
    ("status", {}, ProviderUnavailable, r"failed \(500\): llama runner process has terminated.*log"),
    ("status", {"text": SECRET}, ProviderUnavailable, r"failed \(500\); its log"),
    ("status", {"text": OUT_OF_MEMORY}, Unloadable, "18.2 GiB.*choose a smaller model than gemma3:27b"),
    ("status", {"text": "unable to load model: /blobs/x"}, Unloadable, "ollama pull gemma3:27b` again"),
    ("status", {"status": 503}, Busy, "too many requests waiting.*OLLAMA_MAX_QUEUE"),
    ("status", {"status": 503, "text": SECRET}, ProviderUnavailable, r"failed \(503\)"),
    ("status", {"status": 401}, Refused, "set OLLAMA_API_KEY"),
    ("status", {"status": 400, "text": SECRET}, Refused, r"refused the request \(400\)"),
    ("status", {"status": 404, "text": "model 'x' not found"}, ModelMissing, "ollama pull gemma3:27b"),
    ("status", {"status": 400, "text": '"x" does not support thinking'}, Refused, "choose another model"),
    ("status", {"text": f"error parsing tool call: raw='{SECRET}'"}, BadOutput, "nobody can read"),
    ("status", {"status": 400, "text": "input exceeds the context length"}, ContextOverflow, "shorten"),
    ("error", {}, ProviderUnavailable, "llama runner process has terminated"),
    ("half_json", {}, BadOutput, "not Ollama's protocol"),
    ("garbage", {}, BadOutput, "not Ollama's protocol"),
    ("no_done", {}, ProviderUnavailable, "broke off the answer of gemma3:27b"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]}-{fault[3][:16]}")
@pytest.mark.parametrize(("how", "after"), [("complete", 0), ("stream", 0), ("stream", 4)])
async def test_a_fault_is_an_error_that_says_the_fix_and_the_next_call_works(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, after: int, fault: Told
) -> None:
    kind, more, error, words = fault
    ollama.fail(kind, after=after, **more)
    with pytest.raises(error, match=words) as caught:
        await ask(provider, how, prompt(SECRET))
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)
    assert (await ask(provider, how)).text


async def test_a_body_that_does_not_end_is_not_read_on(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.capabilities("gemma3:27b")
    monkeypatch.setattr("bot.llm.bodies.MOST_BYTES", 20_000)
    ollama.script("x" * 30_000)
    with pytest.raises(BadOutput, match="more than any answer has"):
        await ask(provider, "complete")
    ollama.script("Yes.")
    assert (await ask(provider, "complete")).text == "Yes."


async def test_words_before_a_broken_stream_have_come(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    ollama.script("one two three four")
    ollama.fail("error", after=2)
    texts: list[Chunk] = []
    with pytest.raises(ProviderUnavailable, match="failed amid an answer: llama runner process"):
        await take(provider.stream(prompt(), model="gemma3:27b", deadline=DEADLINE), texts)
    assert [getattr(chunk, "text", "") for chunk in texts] == ["one", " two"]


@HOW
@pytest.mark.parametrize("header", [7.5, None])
async def test_a_limit_tells_how_long_to_wait(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, header: float | None
) -> None:
    ollama.fail("status", status=429, retry_after=header)
    with pytest.raises(RateLimited, match="wait") as caught:
        await ask(provider, how)
    assert caught.value.retry_after == header


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("", None), ("3", 3.0), ("-1", 0.0), ("soon", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0), ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("Sun, 01 Mar 2026 12:00:30", None),
    ],
)  # fmt: skip
def test_a_wait_is_told_in_seconds_or_by_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 3, 1, 12, tzinfo=UTC)) == seconds


@pytest.mark.parametrize(("how", "after"), [("complete", 0), ("stream", 0), ("stream", 3)])
async def test_a_hanging_model_ends_at_the_deadline_and_its_request_too(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str, after: int
) -> None:
    await provider.capabilities("gemma3:27b")
    ollama.fail("hang", after=after)
    with pytest.raises(TooSlow, match=r"more than 0\.1 s for gemma3:27b"):
        await ask(provider, how, deadline=0.1)
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry.get("path") == "/api/chat")
    assert ollama.ends() == ["left"]


async def test_a_slow_stream_is_cut_at_the_deadline_of_the_whole(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    """Each word comes in time, all of them don't."""
    await provider.capabilities("gemma3:27b")
    ollama.script("word " * 5_000)
    ollama.latency.line = 0.005
    heard: list[Chunk] = []
    started = asyncio.get_running_loop().time()
    with pytest.raises(TooSlow):
        await take(provider.stream(prompt(), model="gemma3:27b", deadline=0.3), heard)
    assert 0 < len(heard) < 1_000
    assert asyncio.get_running_loop().time() - started < 3
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry.get("outcome") == "left")


async def test_a_listener_that_takes_its_time_is_not_interrupted_but_told_at_the_next_word(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.capabilities("gemma3:27b")
    loop = asyncio.get_running_loop()
    ahead, real = 0.0, loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + ahead)
    ollama.fail("hang", after=2)
    async with aclosing(provider.stream(prompt(), model="gemma3:27b", deadline=60)) as chunks:
        await anext(chunks)
        ahead = 61.0
        await asyncio.wait([asyncio.ensure_future(loop.run_in_executor(None, int))])  # a turn of the loop
        with pytest.raises(TooSlow):
            async for _ in chunks:
                pass


@HOW
async def test_a_cancelled_call_ends_its_request(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    ollama.fail("hang", after=1)
    task = asyncio.create_task(ask(provider, how))
    await ollama.wait_for(lambda entry: entry["kind"] == "request" and entry["path"] == "/api/chat")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry.get("outcome") == "left")


async def test_who_leaves_a_stream_ends_its_request(ollama: OllamaSandbox, provider: OllamaProvider) -> None:
    ollama.fail("hang", after=1)
    async with aclosing(provider.stream(prompt(), model="gemma3:27b", deadline=DEADLINE)) as chunks:
        async for _ in chunks:
            break
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry.get("outcome") == "left")


async def test_who_only_breaks_off_a_stream_ends_its_request_too(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    ollama.fail("hang", after=1)
    async for _ in provider.stream(prompt(), model="gemma3:27b", deadline=DEADLINE):
        break
    await ollama.wait_for(lambda entry: entry["kind"] == "end" and entry.get("outcome") == "left")


@HOW
async def test_a_stopped_server_says_how_to_start_it_and_is_found_again(
    ollama: OllamaSandbox, provider: OllamaProvider, how: str
) -> None:
    await ask(provider, how)
    await ollama.stop()
    with pytest.raises(
        Unreachable, match=r"doesn't answer at http://127\.0\.0\.1:\d+: start it \(`ollama serve`\)"
    ):
        await ask(provider, how)
    await ollama.start()
    assert (await ask(provider, how)).text


async def test_a_server_that_stops_amid_an_answer_is_unavailable(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    ollama.fail("hang", after=1)
    with pytest.raises(ProviderUnavailable):
        await take(provider.stream(prompt(), model="gemma3:27b", deadline=DEADLINE), [], ollama.stop)


async def test_a_server_that_never_ran_is_unavailable_everywhere(ollama: OllamaSandbox) -> None:
    await ollama.stop()
    provider = OllamaProvider(ollama.url)
    for call in (provider.models(), provider.capabilities("x"), provider.embed(["a"], model="x", deadline=5)):
        with pytest.raises(ProviderUnavailable, match="ollama serve"):
            await call
    with pytest.raises(ProviderUnavailable, match="ollama serve"):
        async for _ in provider.pull("x"):
            pass
    await provider.close()


@pytest.mark.parametrize("kind", ["garbage", "half_json", "cut", "status"])
@pytest.mark.parametrize("path", ["/api/show", "/api/embed", "/api/tags", "/api/ps"])
async def test_questions_about_models_fail_as_plainly(
    ollama: OllamaSandbox, provider: OllamaProvider, path: str, kind: Any
) -> None:
    ollama.fail(kind, path)
    calls = {
        "/api/show": lambda: provider.capabilities("gemma3:27b"),
        "/api/embed": lambda: provider.embed(["a"], model="all-minilm", deadline=DEADLINE),
        "/api/tags": provider.models,
        "/api/ps": provider.models,
    }
    with pytest.raises((ProviderUnavailable, BadOutput)):
        await calls[path]()
    assert await calls[path]()


async def test_a_hundred_calls_at_once_each_get_their_own_answer(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    everyone = asyncio.Barrier(100)  # nobody is answered before all have asked
    ollama.script(lambda asked: Answer(f"for {asked.prompt}", wait=everyone.wait))
    ways = ["complete", "stream"] * 50
    async with asyncio.timeout(60):
        answers = await asyncio.gather(
            *(ask(provider, how, prompt(f"caller {n}"), deadline=60) for n, how in enumerate(ways))
        )
    assert [answer.text for answer in answers] == [f"for caller {n}" for n in range(100)]
    assert ollama.server.most_open == 100
    assert len(ollama.bodies("/api/show")) == 1
    assert ollama.loads == [("gemma3:27b", 4_096)]


async def test_many_calls_at_once_use_the_connections_of_those_before(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    connect, opened = loop.create_connection, []

    async def counted(*args: Any, **more: Any) -> Any:
        opened.append(args)
        return await connect(*args, **more)

    monkeypatch.setattr(loop, "create_connection", counted)
    everyone = asyncio.Barrier(40)
    ollama.script(lambda _asked: Answer("yes", wait=everyone.wait))
    async with asyncio.timeout(60):
        for _ in range(2):
            await asyncio.gather(*(ask(provider, "complete", deadline=60) for _ in range(40)))
    assert 40 <= len(opened) < 60  # 80 where each call opens its own


async def test_a_hundred_calls_to_a_hanging_model_all_end(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await provider.capabilities("gemma3:27b")
    ollama.fail("hang", times=100)
    ways = ["complete", "stream"] * 50
    calls = (ask(provider, how, deadline=1) for how in ways)
    async with asyncio.timeout(30):
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {TooSlow}
    ollama.heal()  # on a busy machine some had not asked by then
    assert (await ask(provider, "stream")).text


def test_addresses_are_shown_without_their_password() -> None:
    assert shown("http://bob:secret@10.0.0.1:80/x") == "http://10.0.0.1:80"
    assert "secret" not in OllamaProvider("http://bob:secret@10.0.0.1").url
    assert [is_loopback(url) for url in ("http://[::1]:1", "http://localhost", "http://gpu.lan")] == [
        True,
        True,
        False,
    ]


async def test_a_proxy_for_the_web_is_not_asked_for_this_machine(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await ask(provider, "complete")).text
    assert json.dumps(ollama.bodies()[0])
