"""What models there are, what they can do, how much context they get, and how to fetch them."""

import asyncio
from typing import Any

import pytest

from bot.llm.defaults import DEFAULTS, UNKNOWN, defaults_for
from bot.llm.errors import ModelMissing, ProviderUnavailable, TooSlow
from bot.llm.ollama import OllamaProvider, PullProgress
from bot.llm.provider import LLMProvider
from bot.llm.types import Capabilities, Thinking
from sandbox.ollama import Latency, Model, OllamaSandbox
from tests.llm.ollama.asking import ask, take


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gemma3:27b", Capabilities(131_072, supports_schema=True, supports_vision=True)),
        ("llama3.2:3b", Capabilities(131_072, supports_schema=True, supports_tools=True)),
        ("qwen3:8b", Capabilities(40_960, True, True, True, thinking=Thinking.BOOLEAN)),
        ("qwen3:4b", Capabilities(262_144, True, True, True, thinking=Thinking.ALWAYS)),
        ("gpt-oss:20b", Capabilities(131_072, True, True, True, thinking=Thinking.LEVEL)),
        ("all-minilm", Capabilities(512)),
        ("all-minilm:latest", Capabilities(512)),
        ("deepseek-r1:old", Capabilities(131_072, supports_schema=True)),
    ],
)
async def test_a_server_tells_what_a_model_can_do(
    provider: LLMProvider, model: str, expected: Capabilities
) -> None:
    assert await provider.capabilities(model) == expected


async def test_capabilities_are_asked_once_however_many_want_them(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    found = await asyncio.gather(*(provider.capabilities("qwen3:8b") for _ in range(20)))
    assert len(set(found)) == len(ollama.bodies("/api/show")) == 1


@pytest.mark.parametrize("name", ["gemma3:27b", "llama3.2:3b", "gpt-oss:20b", "qwen3:8b", "made-up:7b"])
async def test_an_old_server_that_does_not_tell_gets_the_documented_defaults(name: str) -> None:
    async with OllamaSandbox([Model(name, tells=False)]) as ollama:
        provider = OllamaProvider(ollama.url)
        assert await provider.capabilities(name) == defaults_for(name).capabilities
        await provider.close()


async def test_the_documented_defaults_are_what_a_server_tells() -> None:
    async with OllamaSandbox(
        ["gemma3:27b", "gemma3:4b", "llama3.2:3b", "qwen3:8b", "qwen3:4b", "gpt-oss:20b"]
    ) as ollama:
        provider = OllamaProvider(ollama.url)
        for model in await provider.models():
            known = DEFAULTS[model.name]
            assert model.capabilities == known.capabilities, model.name
            assert known.size == pytest.approx(model.size, rel=0.05)
            assert known.notes
        await provider.close()


def test_defaults_of_an_unlisted_size_are_its_familys_and_of_a_stranger_the_least() -> None:
    assert defaults_for("qwen3:30b").capabilities.thinking is Thinking.BOOLEAN
    assert defaults_for("qwen3:30b").capabilities.context_tokens == 40_960
    assert defaults_for("gemma3:270m").size is None
    assert defaults_for("stranger:1b") is UNKNOWN
    assert defaults_for("all-minilm:latest") is DEFAULTS["all-minilm"]


async def test_models_are_listed_with_size_and_whether_they_are_loaded(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await ask(provider, "complete", model="llama3.2:3b")
    models = {model.name: model for model in await provider.models()}
    assert list(models) == sorted(models)
    assert set(models) == {
        "gemma3:27b", "llama3.2:3b", "qwen3:8b", "qwen3:4b", "gpt-oss:20b", "all-minilm", "deepseek-r1:old",
        "tiny:1b",
    }  # fmt: skip
    assert [name for name, model in models.items() if model.loaded] == ["llama3.2:3b"]
    assert models["gemma3:27b"].size == 17_396_941_792
    assert models["gemma3:27b"].capabilities.supports_vision


async def test_a_model_deleted_while_it_is_listed_does_no_harm(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    ollama.fail("status", "/api/show", status=404, text="model 'gemma3:27b' not found")
    assert len(await provider.models()) == 8


async def test_health_tells_version_place_and_what_is_missing(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    good = await provider.health(["gemma3:27b", "all-minilm", "all-minilm:latest"])
    assert (good.ok, good.missing) == (True, ())
    assert good.detail == f"Ollama 0.12.6 at {ollama.url}, 8 models"
    lacking = await provider.health(["gemma3:27b", "phi4", "qwen3:14b", "phi4"])
    assert (lacking.ok, lacking.missing) == (False, ("phi4", "qwen3:14b"))
    assert "lacks phi4, qwen3:14b: run `ollama pull phi4` and `ollama pull qwen3:14b`" in lacking.detail


@pytest.mark.parametrize("path", ["/api/version", "/api/tags"])
@pytest.mark.parametrize("kind", ["status", "cut", "garbage", "half_json"])
async def test_health_never_raises(
    ollama: OllamaSandbox, provider: OllamaProvider, path: str, kind: Any
) -> None:
    ollama.fail(kind, path)
    health = await provider.health(["gemma3:27b"])
    assert (health.ok, health.missing) == (False, ())
    assert ollama.url in health.detail
    assert (await provider.health()).ok


async def test_health_of_a_hanging_server_comes_within_seconds(
    ollama: OllamaSandbox, provider: OllamaProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.llm.ollama.HEALTH_SECONDS", 0.1)
    ollama.fail("hang", "/api/version")
    health = await provider.health()
    assert not health.ok
    assert "took more than 0.1 s" in health.detail


async def test_health_of_a_stopped_server_says_how_to_start_it(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await ollama.stop()
    assert "start it (`ollama serve`)" in (await provider.health()).detail


@pytest.mark.parametrize("kind", ["version", "tags"])
async def test_a_list_of_another_shape_is_no_health(
    ollama: OllamaSandbox, provider: OllamaProvider, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "tags":
        monkeypatch.setattr(ollama.server.library, "tags", lambda: {"models": [{"size": "many"}]})
    else:
        monkeypatch.setattr("sandbox.ollama.wire.encode", lambda _: b"[]")
    health = await provider.health()
    assert not health.ok
    assert "not Ollama's protocol" in health.detail


@pytest.mark.parametrize("keep_alive", [0.0, 60.0, -1.0])
async def test_keep_alive_is_asked_for(ollama: OllamaSandbox, keep_alive: float) -> None:
    provider = OllamaProvider(ollama.url, keep_alive=keep_alive)
    await ask(provider, "stream")
    await provider.embed(["a"], model="all-minilm", deadline=10)
    sent = [ollama.bodies(path)[0]["keep_alive"] for path in ("/api/chat", "/api/embed")]
    assert sent == [keep_alive] * 2
    loaded = [model.name for model in await provider.models() if model.loaded]
    assert loaded == ([] if keep_alive == 0 else ["all-minilm", "gemma3:27b"])
    await provider.close()


async def test_the_first_answer_waits_for_the_model_to_load(ollama: OllamaSandbox) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    ollama.server.talk.sleep = sleep
    ollama.server.talk.latency = Latency(load=20.0)
    provider = OllamaProvider(ollama.url)
    for _ in range(2):
        await ask(provider, "stream")
    assert waits == [20.0]
    await provider.close()


# Pulling


async def test_a_pull_tells_how_far_it_is(ollama: OllamaSandbox, provider: OllamaProvider) -> None:
    steps = [step async for step in provider.pull("gemma3:4b")]
    assert steps[0].status == "pulling manifest"
    assert (steps[-1].status, steps[-1].completed) == ("success", 3_338_801_804)
    done = [step.completed for step in steps]
    assert done == sorted(done)
    assert all(step.completed <= step.total for step in steps)
    assert (await provider.health(["gemma3:4b"])).ok


async def test_a_model_the_library_lacks_is_missing(provider: OllamaProvider) -> None:
    with pytest.raises(ModelMissing, match="made-up"):
        async for _ in provider.pull("made-up"):
            pass


@pytest.mark.parametrize(
    ("kind", "error"),
    [("cut", ProviderUnavailable), ("no_done", ProviderUnavailable), ("error", ProviderUnavailable)],
)
async def test_a_broken_pull_can_be_run_again(
    ollama: OllamaSandbox, provider: OllamaProvider, kind: Any, error: type[Exception]
) -> None:
    ollama.fail(kind, "/api/pull", after=3)
    steps: list[PullProgress] = []
    with pytest.raises(error):
        await take(provider.pull("gemma3:4b"), steps)
    assert len(steps) == 3
    async for _ in provider.pull("gemma3:4b"):
        pass
    assert (await provider.health(["gemma3:4b"])).ok


async def test_a_pull_that_stalls_is_told(ollama: OllamaSandbox, provider: OllamaProvider) -> None:
    ollama.fail("hang", "/api/pull", after=2)
    with pytest.raises(TooSlow, match="stalled: run it again"):
        async for _ in provider.pull("gemma3:4b", silence=0.1):
            pass


def test_it_is_a_provider_as_the_protocol_says() -> None:
    provider: LLMProvider = OllamaProvider("http://127.0.0.1:11434")  # mypy compares the signatures
    assert (provider.name, provider.is_hosted) == ("ollama", False)


async def test_an_unasked_or_closed_provider_closes_and_opens_again(
    ollama: OllamaSandbox, provider: OllamaProvider
) -> None:
    await OllamaProvider(ollama.url).close()
    await ask(provider, "complete")
    await provider.close()
    assert (await ask(provider, "complete")).text


@pytest.mark.parametrize(
    ("url", "hosted"),
    [
        ("http://127.0.0.1:11434", False),
        ("http://gpu.lan:11434", False),
        ("http://notollama.com:11434", False),
        ("https://ollama.com", True),
        ("https://api.ollama.com", True),
    ],
)
def test_what_leaves_the_owners_machine_counts_as_hosted(url: str, *, hosted: bool) -> None:
    assert OllamaProvider(url).is_hosted is hosted
