"""What the chain remembers of answers whose prompts are never the same twice."""

from bot.llm.types import Task
from tests.unit.llm.chain_support import GUILD, OTHER_GUILD, Bench, ask


async def test_what_was_remembered_is_recalled_for_an_hour_and_counted(bench: Bench) -> None:
    llm = bench.chain(bench.provider("ollama"))
    answer = await ask(llm, task=Task.CLASSIFY, is_unique=True)
    llm.remember(Task.CLASSIFY, "a text", answer, guild_id=GUILD)
    again = llm.recall(Task.CLASSIFY, "a text", guild_id=GUILD)
    assert again is not None
    assert (again.text, again.is_cached, again.usage.input_tokens) == (answer.text, True, 0)
    assert [call.outcome for call in bench.log.calls] == ["answered", "cached"]
    assert bench.counts.asked["ollama", "classify", "cached"] == 1
    await bench.clock.advance(3_600)
    assert llm.recall(Task.CLASSIFY, "a text", guild_id=GUILD) is None


async def test_another_text_guild_or_task_is_not_recalled(bench: Bench) -> None:
    llm = bench.chain(bench.provider("ollama"))
    llm.remember(Task.CLASSIFY, "a text", await ask(llm), guild_id=GUILD)
    assert llm.recall(Task.CLASSIFY, "another", guild_id=GUILD) is None
    assert llm.recall(Task.CLASSIFY, "a text", guild_id=OTHER_GUILD) is None
    assert llm.recall(Task.ROUTE, "a text", guild_id=GUILD) is None
    assert len(bench.log.calls) == 1  # what isn't recalled is no call


async def test_the_answer_to_a_unique_prompt_takes_no_room(bench: Bench) -> None:
    provider = bench.provider("ollama")
    llm = bench.chain(provider, cache_size=1)
    kept = await ask(llm, task=Task.CLASSIFY)
    llm.remember(Task.CLASSIFY, "a text", kept, guild_id=GUILD)
    await ask(llm, task=Task.CLASSIFY, is_unique=True)
    assert llm.recall(Task.CLASSIFY, "a text", guild_id=GUILD) is not None
    assert len(provider.asked) == 2
