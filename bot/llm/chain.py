"""The one seam for language: a task asks its chain of models, one after the other, and always gets an answer.

Features call `LanguageModels` and know no provider. What may go wrong with one is dealt with here: it is
slow, down, wrong, busy, dear or talkative; then the next link is asked, and the feature's own embedded answer
is last.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from loguru import logger
from pydantic import BaseModel

from bot.llm.answers import Answer, Call, Fallback, embedded_answer
from bot.llm.asking import Asking, Link
from bot.llm.breaker import GAUGE, State
from bot.llm.breakers import ModelState
from bot.llm.cache import AnswerCache, key_about, key_of
from bot.llm.ceilings import Ceilings
from bot.llm.errors import LLMError
from bot.llm.lanes import Lane
from bot.llm.ports import ChainPorts, Outcome, Spend
from bot.llm.provider import LLMProvider
from bot.llm.streaming import AnswerStream
from bot.llm.structured import Unfit, for_repair, parse, with_schema
from bot.llm.types import Completion, Prompt, Task, Usage
from bot.llm.waiting import Kept
from bot.settings_llm import EMBEDDED, LlmSettings

CACHED = frozenset({Task.CLASSIFY})  # tasks whose answer hangs on nothing but the question

# Of a deadline, for the embedded answer: so that it too comes in time.
RESERVED_PART, RESERVED_SECONDS = 0.05, 0.25


class LaneStatus(NamedTuple):
    """How a provider is asked at the moment; it is OPEN when none of its models is asked."""

    provider: str
    state: State
    running: int
    waiting: int
    models: tuple[ModelState, ...] = ()


class LanguageModels:
    """Asks models in the order the settings say; safe to call from many tasks at once.

    Args:
        providers: By name; a link whose provider isn't there is passed over.
        settings: The section `llm`.
        ports: Everything from outside.
    """

    def __init__(
        self, providers: Mapping[str, LLMProvider], settings: LlmSettings, ports: ChainPorts
    ) -> None:
        self._settings = settings
        self._ports = ports
        self._kept = Kept(ports.clock)
        models = settings.wanted()
        self._lanes = {
            name: Lane(provider, models.get(name, ()), ports.clock, self._kept, settings)
            for name, provider in providers.items()
        }
        self._ceilings = Ceilings(settings.ceilings, ports, self._kept)
        self._asking = Asking(self._lanes, self._ceilings, ports, self._kept)
        self._links = {task: tuple(Link(*each) for each in settings.links(task.value)) for task in Task}
        self._cache: AnswerCache[Answer] = AnswerCache(
            settings.cache_size, settings.cache_minutes * 60, ports.clock
        )
        self._is_closed = False
        for name, lane in self._lanes.items():
            ports.metrics.track_llm(name, _gauge(lane), _depth(lane))

    def links(self, task: Task) -> tuple[Link, ...]:
        """Return who is asked for `task` before the embedded answer; () is embedded mode."""
        return self._links[task]

    def status(self) -> list[LaneStatus]:
        """Return how each provider is asked at the moment."""
        return [
            LaneStatus(
                name, lane.breakers.state, lane.gate.running, lane.gate.waiting, lane.breakers.models()
            )
            for name, lane in self._lanes.items()
        ]

    async def spent(self, seconds: float = 2.0) -> tuple[Spend, dict[int | None, Spend]]:
        """Return what hosted providers took today: in total, and by guild.

        Raises:
            CeilingReached: it can't be read within `seconds`.
        """
        await self._ceilings.load(seconds)
        return self._ceilings.spent()

    def untold(self, guild_id: int | None) -> tuple[str, ...]:
        """Return the ceilings, a guild's and the total's, reached today that no owner could be told of."""
        return self._ceilings.untold(guild_id)

    async def context_tokens(self, task: Task) -> int | None:
        """Return how much each of the models asked for `task` can read; None when none of them tells."""
        told: list[int] = []
        for link in self._links[task]:
            lane = self._lanes.get(link.provider)
            if lane is None or not self._asking.is_passable(link):
                continue
            try:
                told.append((await lane.provider.capabilities(link.model)).context_tokens)
            except LLMError as error:
                logger.info("{} doesn't tell how much {} reads: {}", link.provider, link.model, error)
        return min(told, default=None)

    async def complete(  # noqa: PLR0913  (each says something of its own, by name)
        self,
        task: Task,
        prompt: Prompt,
        *,
        guild_id: int | None,
        fallback: Fallback,
        schema_model: type[BaseModel] | None = None,
        deadline: float | None = None,
        background: bool = False,
        is_unique: bool = False,
    ) -> Answer:
        """Return the answer of the first link that gives one, else that of `fallback`.

        Args:
            task: What is wanted; its chain and its deadline are in the settings.
            prompt: What is asked.
            guild_id: For whom; None for no guild alone. Guilds share providers fairly.
            fallback: The embedded answer, of which it takes only what costs no time.
            schema_model: What the answer must fit; `Answer.parsed` then is one. Of an embedded text too.
            deadline: Seconds for everything; None is the settings'.
            background: Whether nobody waits for it, so that it waits for everybody else.
            is_unique: Whether the prompt never comes again word for word, so that its answer isn't kept.

        Raises:
            BadOutput: the embedded text doesn't fit the schema.
        """
        call = self._call(task, guild_id, deadline, background=background)
        if schema_model is not None:
            prompt = with_schema(prompt, schema_model)
        is_kept = task in CACHED and not is_unique
        key = key_of(task, guild_id, self._links[task], prompt) if is_kept else None
        try:
            answer = self._from_cache(key, call)
            outcome = Outcome.CACHED
            if answer is None:
                answer, outcome = await self._from_links(call, prompt, schema_model)
                if answer is not None and key is not None:
                    self._cache.put(key, answer)
            if answer is None:
                answer, outcome = self._embedded(call, fallback, schema_model), Outcome.EMBEDDED
        except asyncio.CancelledError:
            self._record(call, Outcome.CANCELLED, None)
            raise
        except Exception:
            self._record(call, Outcome.FAILED, None)
            raise
        answer = replace(answer, cost=self._record(call, outcome, answer))
        # Whoever changes what they got must not change what others get.
        return replace(answer, parsed=answer.parsed.model_copy(deep=True)) if answer.parsed else answer

    def recall(self, task: Task, about: str, *, guild_id: int | None) -> Answer | None:
        """Return the answer remembered about the same, None where there is none or it is too old.

        For prompts that are never the same twice, as those are that fence what members wrote. It counts as a
        call that was answered from the cache.
        """
        call = self._call(task, guild_id, None, background=False)
        answer = self._from_cache(key_about(task, guild_id, self._links[task], about), call)
        if answer is not None:
            self._record(call, Outcome.CACHED, answer)
        return answer

    def remember(self, task: Task, about: str, answer: Answer, *, guild_id: int | None) -> None:
        """Keep a model's answer about something for `recall`, as long as answers to whole prompts."""
        self._cache.put(key_about(task, guild_id, self._links[task], about), answer)

    def stream(
        self,
        task: Task,
        prompt: Prompt,
        *,
        guild_id: int | None,
        fallback: Fallback,
        deadline: float | None = None,
        background: bool = False,
    ) -> AnswerStream:
        """Yield the answer as it comes, as `complete` would give it; a `DoneChunk` is last.

        The next link is asked only while the reader has seen nothing: neither text nor a tool call. Thinking
        may come of several links, one after the other; it is not for readers. Afterwards an answer that is
        cut off ends with `AnswerCut`, and what was seen is all there will be. `AnswerStream.answer` says at
        the end who answered. A reader that stops early calls `aclose`.
        """
        call = self._call(task, guild_id, deadline, background=background)
        return AnswerStream(
            self._asking, self._ports.log, call, self._order(call), lambda: self._embedded(call, fallback)
        ).of(prompt)

    def forget(self) -> None:
        """Let go of every answer that is kept: somebody's words may be in it."""
        self._cache.clear()

    async def close(self) -> None:
        """Ask nobody any more, end what is under way, wait for it, and close the providers.

        Who still waits for an answer gets the embedded one. Call it once, before the log's end.
        """
        self._is_closed = True
        await self._kept.close()
        for name, lane in self._lanes.items():
            try:
                await lane.provider.close()
            except Exception:
                logger.exception("{} could not be closed", name)

    def _call(self, task: Task, guild_id: int | None, deadline: float | None, *, background: bool) -> Call:
        seconds: float = getattr(self._settings.deadlines, task.value) if deadline is None else deadline
        seconds -= min(seconds * RESERVED_PART, RESERVED_SECONDS)
        return Call(task, guild_id, self._ports.clock, seconds, background=background)

    def _order(self, call: Call) -> Iterator[tuple[Link, float]]:
        """Yield the links to ask, each with when (monotonic) it must have answered.

        While another could be asked after it a link has only its share of what is left, so that one that
        hangs leaves time for the next.
        """
        links = self._links[call.task]
        for place, link in enumerate(links):
            now = self._ports.clock.monotonic()
            left = call.until - now
            if self._is_closed or left <= 0:
                return
            others = any(self._asking.is_passable(each) for each in links[place + 1 :])
            yield link, now + left * (self._settings.link_share if others else 1.0)

    def _from_cache(self, key: bytes | None, call: Call) -> Answer | None:
        found = self._cache.get(key) if key is not None else None
        if found is None:
            return None
        self._ports.metrics.llm_asked(found.provider, call.task.value, "cached")
        return replace(found, usage=Usage(), milliseconds=call.milliseconds(), skipped=(), is_cached=True)

    async def _from_links(
        self, call: Call, prompt: Prompt, schema_model: type[BaseModel] | None
    ) -> tuple[Answer | None, Outcome]:
        for link, until in self._order(call):
            try:
                answer, outcome = await self._ask(link, call, prompt, schema_model, until)
            except LLMError as error:
                self._asking.failed(link, call, error)
            else:
                self._asking.answered(link, call)
                return answer, outcome
        return None, Outcome.EMBEDDED

    async def _ask(
        self, link: Link, call: Call, prompt: Prompt, schema_model: type[BaseModel] | None, until: float
    ) -> tuple[Answer, Outcome]:
        """Return a link's answer; one that doesn't fit its schema may be given once more."""
        first = await self._asking.complete(link, call, prompt, until)
        if schema_model is None:
            return _answer(link, call, first, None, first.usage), Outcome.ANSWERED
        try:
            return _answer(link, call, first, parse(first.text, schema_model), first.usage), Outcome.ANSWERED
        except Unfit as unfit:
            again = for_repair(prompt, first.text, unfit.problem)
        second = await self._asking.complete(link, call, again, until)
        parsed = parse(second.text, schema_model)
        return _answer(link, call, second, parsed, _sum(first.usage, second.usage)), Outcome.REPAIRED

    def _embedded(
        self, call: Call, fallback: Fallback, schema_model: type[BaseModel] | None = None
    ) -> Answer:
        given = fallback()
        text = given.model_dump_json() if isinstance(given, BaseModel) else given
        parsed = given if isinstance(given, BaseModel) else None
        if parsed is None and schema_model is not None:
            parsed = parse(text, schema_model)
        self._ports.metrics.llm_asked(EMBEDDED, call.task.value, "answered")
        return embedded_answer(call, text, parsed)

    def _record(self, call: Call, outcome: Outcome, answer: Answer | None) -> float:
        """Write a call down; return what it cost."""
        record = call.record(outcome, answer)
        self._ports.log.record(record)
        return record.cost


def _answer(link: Link, call: Call, completion: Completion, parsed: BaseModel | None, usage: Usage) -> Answer:
    return Answer(
        text=completion.text,
        parsed=parsed,
        provider=link.provider,
        model=link.model,
        usage=usage,
        milliseconds=call.milliseconds(),
        skipped=tuple(call.skipped),
        tool_calls=completion.tool_calls,
        finish=completion.finish,
    )


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        one.input_tokens + other.input_tokens, one.output_tokens + other.output_tokens, one.cost + other.cost
    )


def _gauge(lane: Lane) -> Callable[[], float]:
    return lambda: GAUGE[lane.breakers.state]


def _depth(lane: Lane) -> Callable[[], int]:
    return lambda: lane.gate.waiting
