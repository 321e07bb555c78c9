"""The features that use language, the same tests over every provider there is."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain.signal import Intent
from bot.llm.transformers import Local, TransformersProvider
from tests.llm.show.casts import CASTS, NETWORK, Cast, cast_of
from tests.llm.show.conftest import an_engine
from tests.llm.show.stage import (
    DEADLINE,
    GUILD,
    LIGHT,
    MEANT,
    REPLY,
    SUMMARY,
    TALK,
    TEMPLATE,
    Stage,
    doubts,
    ten_lines,
    well_behaved,
)
from tests.llm.show.stage import asked as question

pytestmark = pytest.mark.asyncio(loop_scope="module")  # so that each local model is loaded once
NOISE = "hello there my friend"  # what the tiny model writes, whatever it is asked


@dataclass
class Scene:
    cast: Cast
    stage: Stage

    @property
    def is_network(self) -> bool:
        return self.cast.name in NETWORK

    @property
    def answered_by(self) -> str:
        """Who answers what is no JSON."""
        return self.cast.name


class Kept(TransformersProvider):
    """Local models that go on when a stage is closed."""

    async def close(self) -> None:
        """Leave that to `end`."""

    async def end(self) -> None:
        await super().close()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=CASTS)
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Cast]:
    """The local models, whose processes take seconds to start; of the others no more than the name."""
    if request.param != "transformers":
        yield Cast(request.param)
        return
    folder = request.getfixturevalue("tiny_models")
    provider = Kept(Local(folder, threads=1))
    yield replace(await cast_of(request.param, folder), provider=provider)
    await provider.end()


@pytest_asyncio.fixture(loop_scope="module")
async def scene(kept: Cast, tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Scene]:
    cast = kept if kept.provider is not None else await cast_of(kept.name)
    if cast.server is not None:
        cast.server.script(well_behaved)
    async with an_engine(tmp_path, sqlite_template) as engine:
        stage = Stage(engine, {} if cast.provider is None else {cast.name: cast.provider}, chains=cast.links)
        yield Scene(cast, stage)
        await stage.close()
    if cast is not kept:
        await cast.close()


async def test_the_observer_gets_a_batch_judged_where_a_model_can(scene: Scene) -> None:
    judged = await scene.stage.writer.judge(doubts(), GUILD, DEADLINE)
    calls = await scene.stage.calls()
    if scene.cast.name == "embedded":
        assert (judged, calls) == ({}, [])
        return
    [call] = calls
    if not scene.is_network:  # its noise is no JSON, a second time either, so the heads' word stands
        assert judged == {}
        assert (call.provider, call.outcome) == ("embedded", "embedded")
        assert [(each["provider"], each["reason"][:32]) for each in call.skipped] == [
            ("transformers", "its answer does not fit the sche")
        ]
        return
    expected = {f"k{number}": intent for number, intent in enumerate(MEANT.values())}
    assert {key: each.intent for key, each in judged.items()} == expected | {"again": Intent.HELP_REQUEST}
    for each in judged.values():
        assert each.rationale == f"it reads as {each.intent.value}"
        assert each._replace(intent=Intent.OTHER, confidence=0.5, rationale="", uncertain=True) == LIGHT
        assert (each.confidence, each.uncertain) == (0.9, False)
    assert (call.task, call.provider, call.outcome) == ("classify", scene.cast.name, "answered")


async def test_a_batch_is_one_request_and_is_not_asked_about_again(scene: Scene) -> None:
    first = await scene.stage.writer.judge(doubts(), GUILD, DEADLINE)
    again = await scene.stage.writer.judge(doubts(), GUILD, DEADLINE)
    assert again == first
    if scene.is_network:
        [body] = scene.cast.bodies()
        told = json.dumps(body)
        assert [told.count(text) for text in MEANT] == [1] * len(MEANT)
        _, *more = await scene.stage.calls()
        assert {(each.outcome, each.input_tokens, each.cost) for each in more} == {("cached", 0, 0.0)}


async def test_a_question_is_answered(scene: Scene) -> None:
    written = await scene.stage.writer.reply(question(), GUILD, DEADLINE)
    said = {"embedded": TEMPLATE, "transformers": NOISE}.get(scene.cast.name, REPLY)
    assert written.text == written.answer.text == said
    assert written.answer.provider == scene.answered_by
    assert written.answer.is_embedded is (scene.cast.name == "embedded")
    assert written.answer.skipped == ()


async def test_ten_messages_are_summarized(scene: Scene) -> None:
    written = await scene.stage.writer.summarize(ten_lines(), GUILD, DEADLINE, title="releases")
    assert written.answer.provider == scene.answered_by
    if scene.is_network:
        assert written.text == SUMMARY
        assert all(text in json.dumps(scene.cast.bodies()) for _, text in TALK)
    elif scene.cast.name == "transformers":
        assert written.text.split()
        assert written.answer.model == "summarizer"
    else:
        head, *picked = written.text.splitlines()
        assert "no language model" in head
        assert set(picked) <= {f"• {who}: {text}" for who, text in TALK}
        assert 3 <= len(picked) <= len(TALK)


async def test_each_call_is_written_down_without_its_words(scene: Scene) -> None:
    await scene.stage.writer.reply(question(), GUILD, DEADLINE)
    await scene.stage.writer.summarize(ten_lines(), GUILD, DEADLINE)
    reply, summary = await scene.stage.calls()
    assert [(each.task, each.provider) for each in (reply, summary)] == [
        ("reply", scene.answered_by),
        ("summarize", scene.answered_by),
    ]
    assert {reply.guild_id, summary.guild_id} == {GUILD}
    assert (reply.background, summary.background) == (False, True)
    has_model = scene.cast.name != "embedded"
    assert [each.input_tokens > 0 < each.output_tokens for each in (reply, summary)] == [has_model] * 2
    assert (reply.billed_tokens > 0) is (reply.cost > 0) is (scene.cast.name == "anthropic")
    told = repr((tuple(reply), tuple(summary)))
    assert not any(text in told for text in (REPLY, SUMMARY, NOISE, TEMPLATE, *(text for _, text in TALK)))
