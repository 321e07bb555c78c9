from typing import Any

import pytest

from bot.llm.errors import BadOutput, HungUp, LLMError, Refused
from bot.llm.openai import OpenAICompatibleProvider
from bot.llm.openai_models import Dialect, dialect_of, is_own_address, is_strict, service_of
from bot.llm.openai_stream import Calls
from bot.llm.types import Capabilities, Thinking, Usage
from sandbox.hosted import Answer, HostedSandbox
from sandbox.hosted.openai import vector_of
from tests.llm.hosted.helpers import LONG, PRICES, SCHEMA, WEATHER, Both, ask, joined

GEMMA, QWEN, LUNA, SEEING = "gemma-3-27b-it", "qwen3-8b", "gpt-6-luna", "vendor/seeing"
WAYS = pytest.mark.parametrize("way", ["complete", "stream"])


def provider_of(
    hosted: HostedSandbox, dialect: Dialect | None = None, **more: Any
) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(
        hosted.key, prices=PRICES, base_url=hosted.openai_url, dialect=dialect, **more
    )


@pytest.mark.parametrize(
    ("url", "is_hosted", "dialect", "service"),
    [
        ("https://api.openai.com/v1", True, "openai", "OpenAI"),
        ("https://eu.api.openai.com/v1", True, "openai", "OpenAI"),
        ("https://openrouter.ai/api/v1", True, "openrouter", "OpenRouter"),
        (
            "https://api.openai.com.evil.example/v1",
            True,
            "local",
            "the model server at api.openai.com.evil.example",
        ),
        ("http://127.0.0.1:8000/v1", False, "local", "the model server at 127.0.0.1:8000"),
        ("http://[::1]:8000/v1", False, "local", "the model server at ::1:8000"),
        ("http://localhost:1234/v1", False, "local", "the model server at localhost:1234"),
        ("http://192.168.1.5/v1", False, "local", "the model server at 192.168.1.5"),
        ("http://10.0.0.5:8080/v1", False, "local", "the model server at 10.0.0.5:8080"),
        ("http://8.8.8.8/v1", True, "local", "the model server at 8.8.8.8"),
        ("https://me:secret@llm.example/v1", True, "local", "the model server at llm.example"),
        ("http://127.0.0.1.example/v1", True, "local", "the model server at 127.0.0.1.example"),
    ],
)
def test_whose_server_it_is_shows_in_its_address(
    url: str, dialect: str, service: str, *, is_hosted: bool
) -> None:
    assert is_own_address(url) is not is_hosted
    assert dialect_of(url) == dialect
    assert service_of(url, dialect_of(url)) == service
    assert OpenAICompatibleProvider("k", prices=PRICES, base_url=url).is_hosted is is_hosted


def test_without_an_address_it_is_openai() -> None:
    assert OpenAICompatibleProvider("k", prices=PRICES).is_hosted


async def test_a_local_server_is_told_all_options(
    local: OpenAICompatibleProvider, hosted: HostedSandbox
) -> None:
    prompt = ask(max_tokens=50, temperature=0.2, seed=7, stop=("END",))
    await local.complete(prompt, model=GEMMA, deadline=LONG)
    body = hosted.bodies()[-1]
    assert {name: body[name] for name in ("max_tokens", "temperature", "seed", "stop")} == {
        "max_tokens": 50,
        "temperature": 0.2,
        "seed": 7,
        "stop": ["END"],
    }
    assert "reasoning_effort" not in body
    assert local.output_bound(prompt, GEMMA) == 50


@pytest.mark.parametrize(
    ("wish", "has_tools", "effort", "tokens"),
    [
        (None, False, None, 8_242),
        (False, False, "none", 50),
        ("high", False, "high", 16_434),
        (True, False, "medium", 8_242),
        ("high", True, "none", 50),
    ],
)
async def test_openais_reasoning_models_get_only_what_they_take(
    hosted: HostedSandbox, wish: Any, effort: str | None, tokens: int, *, has_tools: bool
) -> None:
    provider = provider_of(hosted, Dialect.OPENAI)
    tools = [WEATHER] if has_tools else []
    prompt = ask(tools=tools, thinking=wish, max_tokens=50, temperature=0.2, seed=7, stop=("END",))
    await provider.complete(prompt, model=LUNA, deadline=LONG)
    body = hosted.bodies()[-1]
    assert (body.get("reasoning_effort"), body["max_completion_tokens"]) == (effort, tokens)
    assert provider.output_bound(prompt, LUNA) == tokens
    await provider.close()


@pytest.mark.parametrize(
    ("dialect", "model", "wish", "expected"),
    [
        (None, QWEN, False, {"chat_template_kwargs": {"enable_thinking": False}}),
        (None, QWEN, "high", {"chat_template_kwargs": {"enable_thinking": True}}),
        (None, QWEN, None, {}),
        (None, GEMMA, True, {}),
        (Dialect.OPENROUTER, SEEING, False, {"reasoning": {"enabled": False}}),
        (Dialect.OPENROUTER, SEEING, "low", {"reasoning": {"effort": "low"}}),
    ],
)
async def test_thinking_is_switched_in_each_servers_words(
    hosted: HostedSandbox, dialect: Dialect | None, model: str, wish: Any, expected: dict[str, Any]
) -> None:
    provider = provider_of(hosted, dialect)
    await provider.capabilities(model)
    await provider.complete(ask(thinking=wish), model=model, deadline=LONG)
    body = hosted.bodies()[-1]
    assert {name: body[name] for name in ("chat_template_kwargs", "reasoning") if name in body} == expected
    await provider.close()


@WAYS
@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "inline"])
async def test_thinking_is_found_where_each_server_puts_it(
    local: OpenAICompatibleProvider, hosted: HostedSandbox, field: str, way: str
) -> None:
    hosted.script(Answer("The answer.", thinking="Let me see.", thinking_field=field))
    if way == "complete":
        answer = await local.complete(ask(), model=QWEN, deadline=LONG)
    else:
        answer = joined([chunk async for chunk in local.stream(ask(), model=QWEN, deadline=LONG)], QWEN)
    assert (answer.text, answer.thinking.strip()) == ("The answer.", "Let me see.")


async def test_models_tell_what_they_can_do_each_in_its_way(local: OpenAICompatibleProvider) -> None:
    found = {each.name: each.capabilities for each in await local.models()}
    assert found[QWEN].context_tokens == 32_768
    assert found[GEMMA].context_tokens == 16_384
    seeing = found[SEEING]
    assert (seeing.context_tokens, seeing.supports_vision, seeing.thinking) == (65_536, True, Thinking.LEVEL)
    assert (await local.capabilities(SEEING)).supports_tools


async def test_a_server_that_lists_no_models_works(
    local: OpenAICompatibleProvider, hosted: HostedSandbox
) -> None:
    hosted.has_models = False
    assert await local.models() == []
    health = await local.health([GEMMA])
    assert (health.ok, health.missing) == (True, ())
    assert "does not list" in health.detail
    assert (await local.capabilities(GEMMA)).context_tokens == 8_192
    assert (await local.complete(ask(), model=GEMMA, deadline=LONG)).text


async def test_what_the_settings_declare_counts(hosted: HostedSandbox) -> None:
    declared = {"gemma-*": Capabilities(context_tokens=4_096, supports_schema=False)}
    provider = provider_of(hosted, declared=declared)
    assert (await provider.capabilities(GEMMA)).context_tokens == 4_096
    assert not hosted.requests
    await provider.complete(ask(schema=SCHEMA), model=GEMMA, deadline=LONG)
    body = hosted.bodies()[-1]
    assert "response_format" not in body
    assert '"label"' in body["messages"][0]["content"]
    await provider.close()


async def test_vectors_come_in_the_order_of_the_texts(
    local: OpenAICompatibleProvider, hosted: HostedSandbox
) -> None:
    texts = [f"text {n}" for n in range(200)]
    vectors = await local.embed(texts, model="text-embedding-3-small", deadline=LONG)
    assert vectors == [vector_of(text) for text in texts]
    assert [len(body["input"]) for body in hosted.bodies("/embeddings")] == [128, 72]
    assert await local.embed([], model="text-embedding-3-small", deadline=LONG) == []


@pytest.mark.parametrize("kind", ["no_end", "half_json", "garbage"])
async def test_vectors_that_are_missing_are_bad_output(
    local: OpenAICompatibleProvider, hosted: HostedSandbox, kind: Any
) -> None:
    hosted.fail(kind, "/embeddings")
    with pytest.raises(BadOutput):
        await local.embed(["one", "two"], model="text-embedding-3-small", deadline=LONG)


async def test_only_what_leaves_the_machine_costs(hosted: HostedSandbox) -> None:
    provider = provider_of(hosted)
    hosted.script(Answer("Yes.", prompt_tokens=1_000_000, output_tokens=1_000_000))
    assert (await provider.complete(ask(), model="gpt-4.1-mini", deadline=LONG)).usage.cost == 0
    provider.is_hosted = True
    assert (await provider.complete(ask(), model="gpt-4.1-mini", deadline=LONG)).usage.cost == pytest.approx(
        2.0
    )
    unknown = await provider.complete(ask(), model=GEMMA, deadline=LONG)
    assert unknown.usage.cost == pytest.approx(210.0)
    await provider.close()


@pytest.mark.parametrize(
    ("dialect", "told", "cost"),
    [
        (Dialect.OPENROUTER, 0.25, 0.25),
        (Dialect.OPENROUTER, 0.0, 210.0),
        (Dialect.OPENROUTER, 1e300, 210.0),
        (Dialect.OPENROUTER, float("nan"), 210.0),
        (Dialect.LOCAL, 0.25, 210.0),
    ],
)
async def test_only_openrouter_is_believed_what_it_charges(
    hosted: HostedSandbox, dialect: Dialect, told: float, cost: float
) -> None:
    provider = provider_of(hosted, dialect)
    provider.is_hosted = True
    hosted.script(Answer("Yes.", prompt_tokens=1_000_000, output_tokens=1_000_000, cost=told))
    assert (await provider.complete(ask(), model=SEEING, deadline=LONG)).usage.cost == pytest.approx(cost)
    await provider.close()


async def test_without_a_key_only_a_local_server_is_asked(
    hosted: HostedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    hosted.asks_for_key = False
    provider = OpenAICompatibleProvider(None, prices=PRICES, base_url=hosted.openai_url)
    assert (await provider.complete(ask(), model=GEMMA, deadline=LONG)).text
    assert "somebody" not in hosted.requests[-1]["headers"]["authorization"]
    await provider.close()
    strict = OpenAICompatibleProvider(None, prices=PRICES, base_url=hosted.openai_url, dialect=Dialect.OPENAI)
    with pytest.raises(Refused, match=r"OpenAI needs a key|needs a key"):
        await strict.complete(ask(), model=GEMMA, deadline=LONG)


@pytest.mark.parametrize("code", ["insufficient_quota"])
async def test_spent_credit_is_no_rate_limit(
    local: OpenAICompatibleProvider, hosted: HostedSandbox, code: str
) -> None:
    hosted.fail("status", status=429, type=code)
    with pytest.raises(Refused, match="credit"):
        await local.complete(ask(), model=GEMMA, deadline=LONG)


CLOSED = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(CLOSED, True, id="closed"),
        pytest.param(CLOSED | {"required": []}, False, id="optional"),
        pytest.param(CLOSED | {"additionalProperties": True}, False, id="open"),
        pytest.param(CLOSED | {"properties": {"a": {"type": "string", "maxLength": 3}}}, False, id="limited"),
        pytest.param(
            CLOSED | {"properties": {"a": {"type": "array", "items": CLOSED | {"required": []}}}},
            False,
            id="inside",
        ),
        pytest.param(CLOSED | {"$defs": {"b": CLOSED}}, True, id="defs"),
    ],
)
def test_only_closed_schemas_are_strict(schema: dict[str, Any], *, expected: bool) -> None:
    assert is_strict(schema) is expected


def calls_of(*pieces: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    calls = Calls("it")
    for piece in pieces:
        calls.take(piece)
    return [(call.id, call.name, call.arguments) for call in calls.finish()]


def test_calls_without_numbers_are_told_apart_by_their_ids() -> None:
    found = calls_of(
        {"id": "a", "function": {"name": "one", "arguments": '{"x"'}},
        {"function": {"arguments": ": 1}"}},
        {"id": "b", "function": {"name": "two", "arguments": ""}},
    )
    assert found == [("a", "one", {"x": 1}), ("b", "two", {})]


def test_calls_may_come_whole_and_without_ids() -> None:
    assert calls_of({"index": 0, "function": {"name": "one", "arguments": {"x": 1}}}) == [
        ("call_0", "one", {"x": 1})
    ]


@pytest.mark.parametrize(
    "function",
    [{"name": "one", "arguments": "[1]"}, {"name": "one", "arguments": "nonsense"}, {"arguments": "{}"}],
    ids=["list", "words", "nameless"],
)
def test_calls_that_are_not_whole_are_bad_output(function: dict[str, str]) -> None:
    with pytest.raises(LLMError, match="not whole"):
        calls_of({"index": 0, "id": "a", "function": function})


@WAYS
@pytest.mark.parametrize(("has_usage", "usage"), [(True, Usage(40, 30, 0.4)), (False, Usage())])
async def test_a_failure_amid_an_answer_tells_what_it_took(
    hosted: HostedSandbox, way: str, *, has_usage: bool, usage: Usage
) -> None:
    hosted.script(
        Answer(
            "Half of it",
            done_reason="error",
            prompt_tokens=40,
            output_tokens=30,
            cost=0.4,
            has_usage=has_usage,
        )
    )
    router = provider_of(hosted, Dialect.OPENROUTER)
    try:
        with pytest.raises(HungUp, match="failed amid an answer") as caught:
            await Both(router, GEMMA, hosted).any_way(way)
    finally:
        await router.close()
    assert caught.value.usage == usage
