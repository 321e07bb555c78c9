"""An answer as it comes, of the first link that begins to give one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing

from bot.llm.answers import Answer, Call
from bot.llm.asking import Arrivals, Asking, Link, is_seen
from bot.llm.errors import AnswerCut, LLMError
from bot.llm.ports import CallLog, Outcome
from bot.llm.types import Chunk, DoneChunk, Finish, Prompt, TextChunk, ToolCallChunk, Usage


class AnswerStream(AsyncIterator[Chunk]):
    """Chunks of an answer, a `DoneChunk` last; nothing is asked before the first one is wanted.

    Attributes:
        answer: the whole, from the last chunk on; of one that was cut off, what there is of it.
    """

    def __init__(
        self,
        asking: Asking,
        log: CallLog,
        call: Call,
        order: Iterator[tuple[Link, float]],
        embed: Callable[[], Answer],
    ) -> None:
        self.answer: Answer | None = None
        self._asking = asking
        self._log = log
        self._call = call
        self._order = order
        self._embed = embed
        self._given: list[Chunk] = []  # what the reader was given by the link that is being asked
        self._is_seen = False
        self._chunks: AsyncGenerator[Chunk, None] | None = None

    def of(self, prompt: Prompt) -> "AnswerStream":
        """Ask `prompt`; return self."""
        self._chunks = self._run(prompt)
        return self

    async def __anext__(self) -> Chunk:
        """Return the next chunk.

        Raises:
            AnswerCut: the answer ended amid what the reader has seen; its text is fit to be shown.
        """
        assert self._chunks is not None
        return await anext(self._chunks)

    async def aclose(self) -> None:
        """End it: nobody reads on."""
        if self._chunks is not None:
            await self._chunks.aclose()

    async def _run(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        outcome = Outcome.FAILED
        try:
            for link, until in self._order:
                try:
                    async with aclosing(self._from(link, prompt, until)) as chunks:
                        async for chunk in chunks:
                            if self.answer is not None:
                                outcome = Outcome.ANSWERED
                            yield chunk
                except LLMError as error:
                    self._asking.failed(link, self._call, error)
                    if self._is_seen:
                        outcome = Outcome.CUT
                        self.answer = self._whole(link, DoneChunk(Usage(), Finish.LENGTH))
                        raise AnswerCut(f"The answer broke off: {error}") from error
                else:
                    return
            self.answer, outcome = self._embed(), Outcome.EMBEDDED
            yield TextChunk(self.answer.text)
            yield DoneChunk(Usage(), Finish.STOP)
        except (asyncio.CancelledError, GeneratorExit):
            if self.answer is None:
                outcome = Outcome.CANCELLED
            raise
        finally:
            self._log.record(self._call.record(outcome, self.answer))

    async def _from(self, link: Link, prompt: Prompt, until: float) -> AsyncGenerator[Chunk, None]:
        """Yield what one link streams; `until` it must have begun, and ended by the end of the call."""
        arrivals = Arrivals()
        self._given.clear()
        running = await self._asking.stream(link, self._call, prompt, until, arrivals)
        timer = self._asking.expire(running, arrivals, until)
        done: DoneChunk | None = None
        is_judged = False
        try:
            while done is None and (chunk := await arrivals.queue.get()) is not None:
                if isinstance(chunk, DoneChunk):
                    done = chunk
                    break
                if not self._is_seen and is_seen(chunk):
                    self._is_seen = True
                    timer.cancel()
                    timer = self._asking.expire(running, arrivals, self._call.until)
                self._given.append(chunk)
                yield chunk
            error = await self._asking.end_of(running, arrivals, self._call.until)
            is_judged = True
            if done is None:
                raise error or AnswerCut("it ended without an end")
            self.answer = self._whole(link, done)
            self._asking.answered(link, self._call)
            yield done
        finally:
            timer.cancel()
            if not is_judged:
                running.give_up()

    def _whole(self, link: Link, done: DoneChunk) -> Answer:
        return Answer(
            text="".join(chunk.text for chunk in self._given if isinstance(chunk, TextChunk)),
            parsed=None,
            provider=link.provider,
            model=link.model,
            usage=done.usage,
            milliseconds=self._call.milliseconds(),
            skipped=tuple(self._call.skipped),
            tool_calls=tuple(chunk.call for chunk in self._given if isinstance(chunk, ToolCallChunk)),
            finish=done.finish,
        )
