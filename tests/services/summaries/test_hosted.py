"""What summaries cost, and what a ceiling leaves of them."""

import json
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.summaries import Coverage
from bot.llm.ports import Outcome, Price
from bot.llm.types import Completion, Prompt, Usage
from bot.services.summaries.collecting import Wanted
from bot.services.summaries.making import Manner
from tests.services.summaries.support import (
    GENERAL,
    GUILD,
    TODAY,
    cited,
    message_id,
    noting,
    said,
    store,
    texts,
    workshop,
)
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench, ScriptedProvider, Step


class Noting(ScriptedProvider):
    """A model that takes notes as it should.

    Attributes:
        takes: seconds for each.
    """

    takes = 0.0

    async def complete(self, prompt: Prompt, *, model: str, deadline: float) -> Completion:
        system, user = (each.text for each in prompt.messages[-2:])
        self._clock._passed += self.takes
        self.then(Step(json.dumps(noting(user, system)), usage=Usage(1_000, 100)))
        return await super().complete(prompt, model=model, deadline=deadline)


async def made(database: Database, bench: Bench, **settings: Any) -> Any:
    bench.prices = {("anthropic", "claude-haiku-4-5"): Price(1.0, 5.0)}
    model = Noting(bench.clock, "anthropic", is_hosted=True, context_tokens=8_000)
    shop = await workshop(database, bench.clock, writer_over(bench, model, **settings))
    await store(database, *(said(number, f"word{number} was said about it") for number in range(300)))
    return await shop.make(), len(model.asked)


async def test_what_it_cost_is_told_and_written_down(database: Database, bench: Bench) -> None:
    digest, calls = await made(database, bench)
    assert calls >= 4
    assert digest.cost == sum(call.cost for call in bench.log.calls)
    assert abs(digest.cost - calls * (1_000 * 1.0 + 100 * 5.0) / 1e6) < 1e-9
    assert {call.guild_id for call in bench.log.calls} == {said(0, "")["guild_id"]}
    assert all(call.background for call in bench.log.calls)


async def test_beyond_the_ceiling_lines_are_picked(database: Database, bench: Bench) -> None:
    ceilings = {"tokens_per_day_guild": 11_000}
    digest, calls = await made(database, bench, ceilings=ceilings)
    assert 1 <= calls <= 3, bench.log.calls
    assert digest.cost == calls * 0.0015
    assert 0 < digest.coverage.extracted < 300
    assert digest.coverage == Coverage(300, 300, 1, digest.coverage.extracted)


@pytest.mark.parametrize(("seconds", "most"), [(0, 0), (250, 3)])
async def test_a_run_ends_when_its_time_is_over(
    database: Database, bench: Bench, seconds: float, most: int
) -> None:
    model = Noting(bench.clock, "ollama", context_tokens=4_096)
    model.takes = 100
    shop = await workshop(database, bench.clock, writer_over(bench, model), seconds=1_000)
    await store(database, *(said(number, f"word{number} was said about it") for number in range(300)))
    digest, _ = await shop.maker.make(Wanted(GUILD, GENERAL, TODAY), Manner(seconds=seconds))
    answered = [call for call in bench.log.calls if call.outcome is Outcome.ANSWERED]  # one may come too late
    assert len(answered) == len(model.asked) <= most
    assert bool(model.asked) == bool(most)
    assert 300 >= digest.coverage.extracted > 100
    assert digest.coverage.read == 300


async def test_a_model_that_reads_almost_nothing_is_not_asked(database: Database, bench: Bench) -> None:
    model = Noting(bench.clock, "ollama", context_tokens=2_048)
    shop = await workshop(database, bench.clock, writer_over(bench, model))
    await store(database, said(1, "hello there everybody"))
    digest = await shop.make()
    assert (digest.model, digest.coverage, model.asked) == (None, Coverage(1, 1, 1, extracted=1), [])


async def test_without_a_model_lines_are_picked(database: Database, bench: Bench) -> None:
    shop = await workshop(database, bench.clock, writer_over(bench))
    talk = (
        "the export of large files fails since the update",
        "@everyone does the export of large files fail for you too?",
        "yes, the export of large files stops at 2 GB for me",
        "let's roll the update back then",
    )
    await store(database, *(said(number, words) for number, words in enumerate(talk)))
    digest = await shop.make()
    assert (digest.model, digest.cost, digest.coverage) == (None, 0.0, Coverage(4, 4, 1, extracted=4))
    assert digest.topics
    assert all(each.is_extract for each in digest.topics)
    assert "roll the update back" in texts(digest)
    assert "@everyone" not in texts(digest)
    titled = {each for topic in digest.topics for each in topic.title_ids}
    known = {message_id(number) for number in range(4)}
    assert set(digest.sources) == cited(digest.topics) | titled <= known
