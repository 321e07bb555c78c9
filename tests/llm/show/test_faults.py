"""A provider that is slow, down, wrong or talkative, and another that answers instead, in time.

The clock stands still but where a test moves it, so nothing here waits for a deadline; the servers, the
clients and the connections between them are real.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.llm.breaker import State
from bot.llm.errors import AnswerCut
from bot.llm.types import Message, Options, Prompt, Role, Task, TextChunk
from tests.conftest import Logged
from tests.llm.show.casts import NETWORK, Cast
from tests.llm.show.conftest import NewCast, NewStage
from tests.llm.show.stage import GUILD, MEANT, REPLY, Stage, doubts
from tests.llm.show.stage import asked as question
from tests.unit.llm.chain_support import StillClock, settle

SECONDS = 20.0  # the deadline of a call
FAILURES = 3  # that open the breaker
PAUSE = 30.0  # seconds for which it is open then
QUIET = 7  # seconds that a rate limit asks for
OTHERS = {"ollama": "openai", "anthropic": "ollama", "openai": "ollama"}


@dataclass
class Pair:
    """A provider that fails, and the next link."""

    bad: Cast
    good: Cast
    stage: Stage
    clock: StillClock

    async def reply(self) -> str:
        """Ask once; return who answered."""
        until = self.clock.passed + SECONDS
        written = await self.stage.writer.reply(question(), GUILD, SECONDS)
        assert written.text == REPLY
        assert self.clock.passed < until
        return written.answer.provider

    async def reply_in_spite_of_a_hang(self) -> str:
        """Ask once, and let the time pass that the first link has once it was asked."""
        asked_before = len(self.bad.bodies())
        asking = asyncio.create_task(self.reply())
        await self.bad.loopback.wait_for(
            lambda entry: entry["kind"] == "request" and len(self.bad.bodies()) > asked_before
        )
        await self.clock.advance(SECONDS * 0.6)
        return await asking


def tasks_of_calls() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("llm ")]


@pytest.fixture(params=NETWORK)
async def pair(request: pytest.FixtureRequest, new_cast: NewCast, new_stage: NewStage) -> Pair:
    bad, good = await new_cast(request.param), await new_cast(OTHERS[request.param])
    assert bad.provider is not None
    assert good.provider is not None
    clock = StillClock()
    stage = new_stage(
        {bad.name: bad.provider, good.name: good.provider},
        clock=clock,
        chains={task: [bad.link, good.link] for task in bad.links},
        concurrency={bad.name: 8, good.name: 8},
        breaker={"failures": FAILURES, "window_seconds": 600, "open_seconds": PAUSE},
    )
    return Pair(bad, good, stage, clock)


def bound(body: dict[str, Any]) -> int:
    """Return what an Anthropic request may take, as documented: a token a byte, and the longest answer."""
    texts = [body["system"], *(block["text"] for turn in body["messages"] for block in turn["content"])]
    return sum(len(text.encode()) for text in texts) + int(body["max_tokens"])


def transitions(logged: Logged, name: str) -> list[str]:
    """Return what was said of a provider's breakers."""
    words = ("not asked for", "trying it again", "answers again")
    lines = [line for level in ("INFO", "WARNING") for line in logged.of(level) if line.startswith(name)]
    return [word for line in lines for word in words if word in line]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and what it means.

    Attributes:
        opens: after how many calls in a row the breaker opens; 0: it doesn't, for the provider answers.
        seconds: for how long.
        reason: words of why the link was passed over.
        is_charged: whether a hosted provider may have served it, so that it counts in full.
    """

    do: Callable[[Cast], None]
    opens: int
    reason: str
    is_charged: bool
    seconds: float = PAUSE
    hangs: bool = False


FAULTS = {
    "killed": Fault(lambda cast: cast.fail("cut", times=99), FAILURES, "hung up|does not answer", True),
    "hanging": Fault(lambda cast: cast.fail("hang", times=99), FAILURES, "too long", True, hangs=True),
    "half JSON": Fault(lambda cast: cast.fail("half_json", times=99), 0, "protocol|no JSON", True),
    "500": Fault(lambda cast: cast.fail("status", times=99, status=500), FAILURES, "fail", False),
    "429": Fault(
        lambda cast: cast.fail("status", times=99, status=429, retry_after=QUIET),
        1, "wait|later", False, seconds=QUIET,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_the_next_link_answers_and_the_breaker_says_once_that_it_opened(
    pair: Pair, fault: Fault, logged: Logged
) -> None:
    fault.do(pair.bad)
    ask = pair.reply_in_spite_of_a_hang if fault.hangs else pair.reply
    for _ in range(fault.opens or FAILURES + 1):
        assert await ask() == pair.good.name
    asked = len(pair.bad.bodies())
    [state] = [each.state for each in pair.stage.llm.status() if each.provider == pair.bad.name]
    assert state is (State.OPEN if fault.opens else State.CLOSED)
    assert await pair.reply() == pair.good.name  # nobody is asked who is being left in peace
    assert (len(pair.bad.bodies()) == asked) is bool(fault.opens)
    assert transitions(logged, pair.bad.name) == ["not asked for"] * bool(fault.opens)
    await settle()
    assert tasks_of_calls() == []
    for call in await pair.stage.calls():
        [skipped] = call.skipped
        words = f"{fault.reason}|not asked for another"
        assert any(word in skipped["reason"] for word in words.split("|")), skipped


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_what_may_have_been_served_counts_and_nothing_else_does(pair: Pair, fault: Fault) -> None:
    fault.do(pair.bad)
    await (pair.reply_in_spite_of_a_hang() if fault.hangs else pair.reply())
    [call] = await pair.stage.calls()
    if pair.bad.name != "anthropic" or not fault.is_charged:
        assert (call.billed_tokens, call.cost) == (0, 0.0)
        return
    [body] = pair.bad.bodies()
    assert bound(body) <= call.billed_tokens <= bound(body) + 100
    total, guilds = await pair.stage.llm.spent()
    assert total == guilds[GUILD]
    assert total.tokens == call.billed_tokens
    assert total.cost == pytest.approx(call.cost)


@pytest.mark.parametrize("fault", [FAULTS["killed"], FAULTS["429"]], ids=["killed", "429"])
async def test_one_that_works_again_is_asked_again(pair: Pair, fault: Fault, logged: Logged) -> None:
    fault.do(pair.bad)
    for _ in range(fault.opens):
        await pair.reply()
    pair.bad.loopback.heal()
    await pair.clock.advance(fault.seconds - 1)
    assert (await pair.stage.writer.reply(question(), GUILD, SECONDS)).answer.provider == pair.good.name
    await pair.clock.advance(1)
    assert (await pair.stage.writer.reply(question(), GUILD, SECONDS)).answer.provider == pair.bad.name
    assert transitions(logged, pair.bad.name) == ["trying it again", "answers again", "not asked for"]


async def test_many_that_hang_together_are_all_answered_and_open_the_breaker_once(
    pair: Pair, logged: Logged
) -> None:
    pair.bad.fail("hang", times=99)
    asking = [asyncio.create_task(pair.reply()) for _ in range(8)]
    await pair.bad.loopback.wait_for(lambda _: len(pair.bad.bodies()) == len(asking))
    await pair.clock.advance(SECONDS * 0.6)
    assert await asyncio.gather(*asking) == [pair.good.name] * len(asking)
    assert transitions(logged, pair.bad.name) == ["not asked for"]
    await settle()
    assert tasks_of_calls() == []


async def test_a_server_that_is_stopped_amid_an_answer_is_done_without(pair: Pair) -> None:
    answering = asyncio.Event()  # which never comes about
    pair.bad.hold(answering)
    asking = asyncio.create_task(pair.reply())
    await pair.bad.loopback.wait_for(lambda _: bool(pair.bad.bodies()))
    await pair.bad.loopback.stop()
    assert await asking == pair.good.name


@pytest.mark.parametrize("text", ['{"results": [{"id": "m1", "intent": "help_re', "Sure! Here is the JSON:"])
async def test_judgements_that_are_half_json_are_asked_for_once_more_and_then_elsewhere(
    pair: Pair, text: str
) -> None:
    pair.bad.loopback.script(text)
    judged = await pair.stage.writer.judge(doubts(), GUILD, SECONDS)
    assert {each.intent for each in judged.values()} == set(MEANT.values())
    assert (len(pair.bad.bodies()), len(pair.good.bodies())) == (2, 1)
    [call] = await pair.stage.calls()
    assert (call.provider, call.outcome) == (pair.good.name, "answered")


async def test_with_every_link_down_there_is_an_answer_nevertheless(pair: Pair) -> None:
    for cast in (pair.bad, pair.good):
        await cast.loopback.stop()
    written = await pair.stage.writer.reply(question(), GUILD, SECONDS)
    assert written.answer.is_embedded
    assert written.text == question().template
    assert [each.provider for each in written.answer.skipped] == [pair.bad.name, pair.good.name]


async def test_nothing_is_left_running_once_all_is_closed(new_cast: NewCast, new_stage: NewStage) -> None:
    before = asyncio.all_tasks()
    for name in NETWORK:
        cast = await new_cast(name)
        assert cast.provider is not None
        stage = new_stage({name: cast.provider}, chains=cast.links)
        for kind in ("cut", "half_json", "status"):
            cast.fail(kind)
            assert (await stage.writer.reply(question(), GUILD, SECONDS)).answer.is_embedded
        cast.fail("hang")
        hanging = asyncio.create_task(stage.writer.reply(question(), GUILD, SECONDS))
        asked = len(cast.bodies())
        await cast.loopback.wait_for(lambda _, cast=cast, asked=asked: len(cast.bodies()) > asked)  # type: ignore[misc]
        await stage.close()
        assert (await hanging).answer.is_embedded
        await cast.loopback.stop()
    await settle()
    assert asyncio.all_tasks() == before


class TestStreams:
    """`complete` is whole or nothing; of a stream a reader has seen something when it is cut."""

    PROMPT = Prompt((Message(Role.USER, "how do I export?"),), options=Options(max_tokens=100))

    async def test_a_stream_killed_before_its_first_word_is_begun_anew_elsewhere(self, pair: Pair) -> None:
        pair.bad.fail("cut")
        pair.good.loopback.script(REPLY)
        stream = pair.stage.llm.stream(Task.REPLY, self.PROMPT, guild_id=GUILD, fallback=lambda: "")
        chunks = [chunk async for chunk in stream]
        assert "".join(each.text for each in chunks if isinstance(each, TextChunk)) == REPLY
        assert stream.answer is not None
        assert stream.answer.provider == pair.good.name
        await settle()
        assert tasks_of_calls() == []

    @pytest.mark.parametrize("kind", ["cut", "half_json", "error"])
    async def test_a_stream_that_breaks_after_words_were_seen_ends_there(self, pair: Pair, kind: str) -> None:
        pair.bad.loopback.script("One two three four five six seven eight.")
        pair.bad.fail(kind, after=5)
        stream = pair.stage.llm.stream(Task.REPLY, self.PROMPT, guild_id=GUILD, fallback=lambda: "")
        seen: list[str] = []

        async def read() -> None:
            async for chunk in stream:
                assert isinstance(chunk, TextChunk)
                seen.append(chunk.text)

        with pytest.raises(AnswerCut, match="The answer broke off"):
            await read()
        assert "One two three four five six seven eight.".startswith("".join(seen))
        assert seen
        assert pair.good.bodies() == []
        await settle()
        assert tasks_of_calls() == []
        [call] = await pair.stage.calls()
        assert (call.outcome, call.provider) == ("cut", pair.bad.name)
        if pair.bad.name == "anthropic":
            assert call.billed_tokens >= len("how do I export?") + 100

    async def test_a_stream_that_hangs_amid_its_answer_ends_at_the_deadline(self, pair: Pair) -> None:
        pair.bad.loopback.script("One two three four five six seven eight.")
        pair.bad.fail("hang", after=5)
        stream = pair.stage.llm.stream(
            Task.REPLY, self.PROMPT, guild_id=GUILD, fallback=lambda: "", deadline=SECONDS
        )
        assert isinstance(await anext(stream), TextChunk)

        async def read_on() -> None:
            async for _ in stream:
                pass

        reading = asyncio.create_task(read_on())
        await pair.clock.advance(SECONDS)
        with pytest.raises(AnswerCut):
            await reading
        await settle()
        assert tasks_of_calls() == []
