from collections import Counter

import pytest

from bot.llm.gate import Passed, Verdict
from bot.llm.stream_gate import StreamGate
from bot.llm.tool_policy import allowed_calls
from bot.llm.types import Prompt, TextChunk, ToolCall, ToolCallChunk
from tests.llm.injection.attacks import ATTACKS, WRITTEN, Attack
from tests.llm.injection.obeying import ObeyingProvider
from tests.llm.injection.oracle import leaks, links, pings, traces
from tests.llm.injection.world import GATE, POLICY, SEARCH, prompt_with

every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)


def test_there_are_enough_different_attacks() -> None:
    assert len(WRITTEN) >= 60
    assert max(Counter(attack.id for attack in ATTACKS).values()) == 1
    assert {attack.door for attack in ATTACKS} == {"message", "name", "history", "material"}


def prompt_of(attack: Attack) -> Prompt:
    return prompt_with(attack.door, attack.text, attack.before)


def harm(text: str, prompt: Prompt) -> list[str]:
    return [*pings(text), *links(text), *leaks(text, prompt.messages[0].text), *traces(text)]


@every_attack
async def test_an_attack_on_a_model_that_obeys_does_no_harm(attack: Attack) -> None:
    provider, prompt = ObeyingProvider(), prompt_of(attack)
    completion = await provider.complete(prompt, model="m", deadline=1)
    if not attack.reaches:
        assert provider.obeyed == []
        return
    assert provider.obeyed, "the wish did not reach the model, so this proves nothing"
    verdict = GATE.check(completion.text, prompt)
    shown = verdict.text if isinstance(verdict, Passed) else ""
    assert harm(shown, prompt) == []
    assert len(shown) <= 2_000
    allowed = allowed_calls(completion.tool_calls, POLICY).allowed
    assert allowed == ()


@every_attack
async def test_nothing_of_it_is_shown_while_it_is_written(attack: Attack) -> None:
    provider, prompt = ObeyingProvider(), prompt_of(attack)
    gate, calls = StreamGate(GATE.examiner(prompt)), list[ToolCall]()
    # an innocent beginning, so that something is on show when the harm comes
    for word in (f"Sentence {at} of an innocent beginning.\n" for at in range(20)):
        gate.feed(word)
    async for chunk in provider.stream(prompt, model="m", deadline=1):
        if isinstance(chunk, TextChunk):
            if gate.feed(chunk.text):
                assert harm(gate.shown, prompt) == []
        elif isinstance(chunk, ToolCallChunk):
            calls.append(chunk.call)
    verdict: Verdict = gate.close()
    if isinstance(verdict, Passed):
        assert verdict.text.startswith(gate.shown)
        assert harm(verdict.text, prompt) == []
    assert allowed_calls(calls, POLICY).allowed == ()


@every_attack
async def test_the_same_wish_is_harm_without_the_gate(attack: Attack) -> None:
    provider, prompt = ObeyingProvider(), prompt_of(attack)
    completion = await provider.complete(prompt, model="m", deadline=1)
    if attack.reaches:
        assert completion.tool_calls or harm(completion.text, prompt)


def test_a_call_that_is_allowed_is_made() -> None:
    call = ToolCall("1", SEARCH.name, {"query": "start", "channel_id": "100000000000000001"})
    assert allowed_calls([call], POLICY).allowed == (call,)
