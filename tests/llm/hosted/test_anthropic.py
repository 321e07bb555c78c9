from typing import Any, Literal

import pytest

from bot.llm.anthropic import AnthropicProvider
from bot.llm.errors import LLMError, Refused
from bot.llm.types import Message, Role, Thinking, ToolCall
from sandbox.hosted import Answer, HostedSandbox
from tests.llm.hosted.helpers import LONG, PRICES, SCHEMA, ask, joined

HAIKU = "claude-haiku-5-5"
Wish = bool | Literal["low", "medium", "high"] | None


async def test_system_messages_stand_apart_and_neighbours_are_one_turn(
    claude: AnthropicProvider, hosted: HostedSandbox
) -> None:
    before = [Message(Role.USER, "One"), Message(Role.USER, "  "), Message(Role.SYSTEM, "In French.")]
    await claude.complete(ask("Two", *before), model=HAIKU, deadline=LONG)
    body = hosted.bodies()[-1]
    assert body["system"] == "You are brief.\n\nIn French."
    texts = [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]
    assert body["messages"] == [{"role": "user", "content": texts}]


async def test_what_the_api_refuses_is_not_sent(claude: AnthropicProvider, hosted: HostedSandbox) -> None:
    prompt = ask(temperature=0.0, seed=7, stop=("\n", "END"))
    assert (await claude.complete(prompt, model=HAIKU, deadline=LONG)).text
    assert hosted.bodies()[-1]["stop_sequences"] == ["END"]


async def test_the_key_goes_where_the_settings_say_and_nowhere_else(
    claude: AnthropicProvider, hosted: HostedSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-of-somebody-else")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    await claude.complete(ask(), model=HAIKU, deadline=LONG)
    assert hosted.key in hosted.requests[-1]["headers"]["authorization"]


async def test_without_a_key_nothing_is_asked(hosted: HostedSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", hosted.key)
    provider = AnthropicProvider("", prices=PRICES, base_url=hosted.anthropic_url)
    with pytest.raises(Refused, match=r"set ANTHROPIC_API_KEY in \.env"):
        await provider.complete(ask(), model=HAIKU, deadline=LONG)
    assert not hosted.requests


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize("is_told", [False, True], ids=["by name", "as told"])
@pytest.mark.parametrize(
    ("model", "wish", "sent"),
    [
        pytest.param(HAIKU, None, (None, None), id="haiku 5.5, its own way"),
        pytest.param(HAIKU, False, ({"type": "disabled"}, None), id="haiku 5.5, off"),
        pytest.param(HAIKU, True, (ADAPTIVE, None), id="haiku 5.5, on"),
        pytest.param(HAIKU, "low", (ADAPTIVE, "low"), id="haiku 5.5, low"),
        pytest.param("claude-sonnet-5-5", False, ({"type": "between_tools"}, None), id="sonnet 5.5, off"),
        pytest.param("claude-opus-5-5", False, (None, "low"), id="opus 5.5, can't be switched off"),
        pytest.param("claude-opus-5-5", "high", (ADAPTIVE, "high"), id="opus 5.5, high"),
        pytest.param("claude-haiku-4-5", None, (None, None), id="haiku 4.5, its own way"),
        pytest.param("claude-haiku-4-5", False, ({"type": "disabled"}, None), id="haiku 4.5, off"),
        pytest.param(
            "claude-haiku-4-5", "low", ({"type": "enabled", "budget_tokens": 1_024}, None), id="4.5 low"
        ),
        pytest.param(
            "claude-haiku-4-5", "high", ({"type": "enabled", "budget_tokens": 12_288}, None), id="4.5 high"
        ),
    ],
)
async def test_thinking_is_switched_as_the_model_takes_it(
    claude: AnthropicProvider,
    hosted: HostedSandbox,
    *,
    is_told: bool,
    model: str,
    wish: Wish,
    sent: tuple[dict[str, Any] | None, str | None],
) -> None:
    thinking, effort = sent
    if is_told:
        await claude.capabilities(model)
    prompt = ask(thinking=wish, max_tokens=100)
    bound = claude.output_bound(prompt, model)
    await claude.complete(prompt, model=model, deadline=LONG)
    body = hosted.bodies("/messages")[-1]
    assert body.get("thinking") == thinking
    assert body.get("output_config", {}).get("effort") == effort
    thinks = wish not in {None, False} or (wish is None and model != "claude-haiku-4-5") or effort is not None
    assert (body["max_tokens"] > 100) == thinks  # thinking counts as output
    assert bound == body["max_tokens"]


async def test_a_model_with_a_budget_goes_on_after_tools_without_thinking(
    claude: AnthropicProvider, hosted: HostedSandbox
) -> None:
    before = [
        Message(Role.USER, "?"),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("t1", "weather", {}),)),
        Message(Role.TOOL, "snow", tool_call_id="t1"),
    ]
    await claude.complete(ask("And?", *before, thinking="high"), model="claude-haiku-4-5", deadline=LONG)
    assert "thinking" not in hosted.bodies()[-1]


async def test_what_models_can_do_is_asked_once(claude: AnthropicProvider, hosted: HostedSandbox) -> None:
    can = await claude.capabilities(HAIKU)
    assert (can.context_tokens, can.supports_schema, can.supports_vision) == (1_000_000, True, True)
    assert can.thinking is Thinking.LEVEL
    await claude.capabilities(HAIKU)
    assert len(hosted.requests) == 1


async def test_what_a_model_can_do_is_told_by_its_name_where_the_api_is_silent(
    claude: AnthropicProvider, hosted: HostedSandbox
) -> None:
    hosted.fail("status", times=2)
    assert (await claude.capabilities("claude-haiku-4-5-20251001")).context_tokens == 200_000
    unknown = await claude.capabilities("somebody-1")
    assert (unknown.context_tokens, unknown.thinking) == (200_000, Thinking.NONE)
    assert (await claude.capabilities(HAIKU)).context_tokens == 1_000_000


async def test_models_are_listed_with_what_they_can_do(claude: AnthropicProvider) -> None:
    found = {each.name: each.capabilities for each in await claude.models()}
    assert set(found) >= {HAIKU, "claude-haiku-4-5"}
    assert found["claude-haiku-4-5"].context_tokens == 200_000
    assert not found["claude-opus-4-1"].supports_schema


async def test_a_model_without_schemas_is_asked_in_words(
    claude: AnthropicProvider, hosted: HostedSandbox
) -> None:
    await claude.complete(ask(schema=SCHEMA), model="claude-opus-4-1", deadline=LONG)
    assert '"label"' in hosted.bodies()[-1]["system"]


async def test_a_schema_the_sdk_does_not_know_goes_as_it_is(
    claude: AnthropicProvider, hosted: HostedSandbox
) -> None:
    schema = {"type": ["object", "null"], "properties": {"label": {}}}
    hosted.script("{}")
    await claude.complete(ask(schema=schema), model=HAIKU, deadline=LONG)
    assert hosted.bodies()[-1]["output_config"]["format"]["schema"] == schema


@pytest.mark.parametrize("way", ["complete", "stream"])
async def test_every_token_is_paid_for(claude: AnthropicProvider, hosted: HostedSandbox, way: str) -> None:
    hosted.script(Answer("Yes.", prompt_tokens=1_000_000, output_tokens=100_000))
    model = "claude-haiku-4-5"
    if way == "complete":
        answer = await claude.complete(ask(), model=model, deadline=LONG)
    else:
        answer = joined([chunk async for chunk in claude.stream(ask(), model=model, deadline=LONG)], model)
    assert answer.usage.cost == pytest.approx(1.00 + 0.50)


async def test_it_has_no_embeddings_and_says_so(claude: AnthropicProvider) -> None:
    with pytest.raises(LLMError, match="no embeddings"):
        await claude.embed(["hi"], model=HAIKU, deadline=LONG)


async def test_it_is_hosted_wherever_its_address_points(claude: AnthropicProvider) -> None:
    assert claude.is_hosted
