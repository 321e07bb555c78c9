"""How one link of a chain is asked: fitted to its model, paid for, within its time."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from loguru import logger

from bot.llm.answers import Call, word_for
from bot.llm.ceilings import Bill, Ceilings
from bot.llm.errors import (
    AnswerCut,
    BadOutput,
    ContextOverflow,
    Declined,
    LLMError,
    ModelMissing,
    ProviderUnavailable,
    RateLimited,
    Refused,
    Served,
    TooSlow,
    Unloadable,
    Unsuitable,
)
from bot.llm.lanes import Asker, Lane, Running
from bot.llm.ports import ChainPorts
from bot.llm.provider import LLMProvider
from bot.llm.structured import spelled_out
from bot.llm.types import Chunk, Completion, DoneChunk, Prompt, TextChunk, ThinkingChunk, ToolCallChunk, Usage
from bot.llm.waiting import Kept

# Characters of an answer for each token it was allowed: far more than any tokenizer packs into one on
# average, so a model that exceeds it ignores its limit.
CHARACTERS_PER_TOKEN = 40
SPEND_SECONDS = 2.0  # for today's spend to be read; a database that hangs must leave time for other links
MAX_COMPLAINTS = 256  # remembered, so that each is logged once

# What was not served, so costs nothing.
_UNSERVED = (RateLimited, ModelMissing, ContextOverflow, Unsuitable, Refused)
_FOR_THE_OWNER = (
    ModelMissing,
    Refused,
    Unloadable,
    Unsuitable,
)  # what stays wrong until somebody does something


class Link(NamedTuple):
    """A place in a chain."""

    provider: str
    model: str


class Arrivals:
    """What a stream brings: chunks, then the end, by the provider or by the clock."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Chunk | None] = asyncio.Queue()  # bounded by what `_pump` lets in
        self.is_late = False


class Asking:
    """Asks links, one at a time."""

    def __init__(self, lanes: Mapping[str, Lane], ceilings: Ceilings, ports: ChainPorts, kept: Kept) -> None:
        self.lanes = lanes
        self._ceilings = ceilings
        self._ports = ports
        self._kept = kept
        self._complaints: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def is_passable(self, link: Link) -> bool:
        """Whether a link would be asked now."""
        lane = self.lanes.get(link.provider)
        return lane is not None and lane.breakers.is_passable(link.model)

    async def complete(self, link: Link, call: Call, prompt: Prompt, until: float) -> Completion:
        """Return a link's whole answer, by `until` (monotonic).

        Raises:
            LLMError: it gave none.
        """
        lane = await self._lane(link, until)

        async def work(seconds: float) -> Completion:
            fitted = await _fitted(lane.provider, link.model, prompt)
            most = lane.provider.output_bound(fitted, link.model)
            with self._paid(lane, link, call, fitted, most) as bill:
                completion = await lane.provider.complete(fitted, model=link.model, deadline=seconds)
                self._used(link, bill, completion.usage)
            _check_length(len(completion.text), most)
            if not completion.text.strip() and not completion.tool_calls:
                raise BadOutput(f"{link.model} answered with nothing: try another model or more tokens")
            return completion

        running = await lane.begin(link.model, work, Asker(call.guild_id, call.background), until)
        return await running.result(until)

    async def stream(
        self, link: Link, call: Call, prompt: Prompt, until: float, arrivals: Arrivals
    ) -> Running[Usage]:
        """Begin to stream a link's answer into `arrivals`.

        Raises:
            LLMError: it could not begin.
        """
        lane = await self._lane(link, until)

        async def work(_seconds: float) -> Usage:
            fitted = await _fitted(lane.provider, link.model, prompt)
            most = lane.provider.output_bound(fitted, link.model)
            with self._paid(lane, link, call, fitted, most) as bill:
                # Its share of the time is for the first words; the whole answer may take all of it.
                left = call.until - self._ports.clock.monotonic()
                chunks = lane.provider.stream(fitted, model=link.model, deadline=left)
                usage = await _pump(chunks, arrivals, most, bill)
                self._used(link, bill, usage)
            return usage

        running = await lane.begin(link.model, work, Asker(call.guild_id, call.background), until)
        running.task.add_done_callback(lambda _done: arrivals.queue.put_nowait(None))
        return running

    def expire(self, running: Running[Usage], arrivals: Arrivals, until: float) -> asyncio.Task[None]:
        """End a stream `until` (monotonic), read or not; who cancels the returned task lets it go on."""
        return self._kept.spawn(self._expire(running, arrivals, until), "llm stream deadline")

    async def end_of(self, running: Running[Usage], arrivals: Arrivals, until: float) -> LLMError | None:
        """Return what went wrong with a stream that has brought all it will; None when nothing did."""
        left = until - self._ports.clock.monotonic()
        if arrivals.is_late or not await self._kept.ends_within(left, running.task):
            return running.too_slow()
        return running.outcome()

    def failed(self, link: Link, call: Call, error: LLMError) -> None:
        """Count and remember that a link gave no answer."""
        self._ports.metrics.llm_asked(link.provider, call.task.value, word_for(error))
        call.skip(link.provider, link.model, error)
        complaint = (link.provider, link.model, word_for(error))
        if isinstance(error, _FOR_THE_OWNER) and complaint not in self._complaints:
            self._complaints[complaint] = None
            if len(self._complaints) > MAX_COMPLAINTS:
                self._complaints.popitem(last=False)
            logger.warning("{} can't use {} for {}: {}", link.provider, link.model, call.task.value, error)

    def answered(self, link: Link, call: Call) -> None:
        """Count that a link answered."""
        self._ports.metrics.llm_asked(link.provider, call.task.value, "answered")
        for complaint in [each for each in self._complaints if each[:2] == link]:
            del self._complaints[complaint]

    async def _expire(self, running: Running[Usage], arrivals: Arrivals, until: float) -> None:
        await self._ports.clock.sleep(max(0.0, until - self._ports.clock.monotonic()))
        if not running.task.done():
            arrivals.is_late = True
            running.task.cancel()
            arrivals.queue.put_nowait(None)  # now: it may take its time to end

    async def _lane(self, link: Link, until: float) -> Lane:
        lane = self.lanes.get(link.provider)
        if lane is None:
            raise ProviderUnavailable(f"{link.provider} is not set up: see llm in config/settings.yaml")
        if lane.provider.is_hosted:
            await self._ceilings.load(min(SPEND_SECONDS, until - self._ports.clock.monotonic()))
        return lane

    @contextmanager
    def _paid(self, lane: Lane, link: Link, call: Call, prompt: Prompt, most: int) -> Iterator[Bill | None]:
        """Hold what the call may cost; if it fails, settle what that costs."""
        if not lane.provider.is_hosted:
            yield None
            return
        price = self._ports.prices(link.provider, link.model)
        bill = self._ceilings.open(call.guild_id, price, prompt, most)
        call.bills.append(bill)
        try:
            yield bill
        except Declined as error:
            self._used(link, bill, error.usage)
            raise
        except _UNSERVED:
            bill.settle(0, 0)
            raise
        except Served as error:
            if error.usage.input_tokens or error.usage.output_tokens:
                self._used(link, bill, error.usage)
            raise
        except TooSlow:
            raise
        except ProviderUnavailable:
            bill.settle(0, 0)
            raise
        finally:
            bill.close()  # at its bound: whatever may have been served counts

    def _used(self, link: Link, bill: Bill | None, usage: Usage) -> None:
        cost = usage.cost
        if bill is not None:
            if usage.input_tokens or usage.output_tokens:  # else the server doesn't count: the bound stands
                bill.settle(usage.input_tokens, usage.output_tokens, usage.cost)
            cost = bill.cost
        self._ports.metrics.llm_used(link.provider, usage.input_tokens, usage.output_tokens, cost)


async def _fitted(provider: LLMProvider, model: str, prompt: Prompt) -> Prompt:
    """Return `prompt` as `model` can take it.

    Raises:
        Unsuitable: it can't.
    """
    has_images = any(message.images for message in prompt.messages)
    if prompt.schema is None and not prompt.tools and not has_images:
        return prompt
    able = await provider.capabilities(model)
    if has_images and not able.supports_vision:
        raise Unsuitable(f"{model} can't see pictures: name a model with vision in llm.models")
    if prompt.tools and not able.supports_tools:
        raise Unsuitable(f"{model} can't call tools: name one that can in llm.models")
    return prompt if prompt.schema is None or able.supports_schema else spelled_out(prompt)


async def _pump(chunks: AsyncIterator[Chunk], arrivals: Arrivals, most: int, bill: Bill | None) -> Usage:
    """Put what comes into `arrivals`, and return what it took once it is whole."""
    length, is_answer, anything = 0, False, False
    try:
        async for chunk in chunks:
            if isinstance(chunk, DoneChunk):
                if not is_answer:
                    raise BadOutput("the model answered with nothing: try another one or more tokens")
                arrivals.queue.put_nowait(chunk)
                return chunk.usage
            anything = True
            length += _length_of(chunk)
            _check_length(length, most)
            is_answer = is_answer or is_seen(chunk)
            arrivals.queue.put_nowait(chunk)
    except LLMError as error:
        if anything and isinstance(error, ProviderUnavailable):
            raise AnswerCut(str(error), error.usage if isinstance(error, Served) else None) from error
        if anything and bill is not None and not isinstance(error, Declined):
            bill.close()  # what came was served, however it ended
        raise
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    cut = "the answer ended before its end: look at the provider's log"
    raise AnswerCut(cut) if anything else ProviderUnavailable(cut)


def _length_of(chunk: Chunk) -> int:
    """Return for how many characters a chunk counts: one at the least, so that empty ones have an end too."""
    if isinstance(chunk, ToolCallChunk):
        return len(chunk.call.name) + len(json.dumps(chunk.call.arguments, default=str))
    return max(1, len(chunk.text)) if isinstance(chunk, TextChunk | ThinkingChunk) else 1


def is_seen(chunk: Chunk) -> bool:
    """Whether a reader is shown something of `chunk`, so that no other link can begin anew."""
    return isinstance(chunk, ToolCallChunk) or (isinstance(chunk, TextChunk) and bool(chunk.text.strip()))


def _check_length(length: int, max_tokens: int) -> None:
    if length > max_tokens * CHARACTERS_PER_TOKEN:
        raise BadOutput("the model talks on past its limit of tokens: try another one")
