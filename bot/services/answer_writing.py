"""Has a language model answer in tickets: out of the trained entries, by asking back, or unchecked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, NamedTuple

from loguru import logger
from pydantic import BaseModel, ConfigDict

from bot.domain.outgoing import prepare
from bot.llm.answers import Answer
from bot.llm.errors import LLMError
from bot.llm.fence import Item
from bot.llm.gate import Examiner, Passed, Verdict
from bot.llm.partial import TextReader
from bot.llm.stream_gate import StreamGate
from bot.llm.structured import Unfit, for_repair, parse, with_schema
from bot.llm.types import Finish, Options, Prompt, Task, TextChunk
from bot.nlp.redaction import redact
from bot.services.training.knowledge import Candidate
from bot.services.writing import Writer

MOST_ENTRIES: Final = 12_000  # characters of all entries that a model is given
_ANSWER: Final = Options(max_tokens=700, temperature=0.0, thinking=False)
_OPEN: Final = Options(max_tokens=700, thinking=False)
_CLARIFY: Final = Options(max_tokens=150, thinking=False)

Show = Callable[[str], Awaitable[None]]
ShowComposed = Callable[[str, tuple[int, ...]], Awaitable[None]]  # the text, and the entries it rests on


class Talk(NamedTuple):
    """A question in a ticket, with what was said before it.

    Attributes:
        history: who and what, oldest first.
        server: its name, "" where it isn't known.
    """

    question: str
    author: str
    history: tuple[tuple[str, str], ...] = ()
    server: str = ""


class Drafted(NamedTuple):
    """What a model wrote, fit to be posted; `used` are the ids of the entries it rests on, best first."""

    text: str
    by: str
    used: tuple[int, ...] = ()


class Grounded(BaseModel):
    """A model's answer out of entries."""

    model_config = ConfigDict(extra="forbid")

    answered: bool  # what it rests on comes first, so that it is known before a word is shown
    used: list[str]
    answer: str


class AnswerWriting:
    """Asks the model; None always means that it has nothing to say that may be posted."""

    def __init__(self, writer: Writer, seconds: float) -> None:
        """Make it; an answer may take `seconds`."""
        self._writer = writer
        self._seconds = seconds

    @property
    def is_on(self) -> bool:
        """Whether there is a model to ask."""
        return self._writer.asks(Task.REPLY)

    async def compose(
        self, talk: Talk, entries: Sequence[Candidate], guild_id: int, show: ShowComposed
    ) -> Drafted | None:
        """Return an answer out of these entries, best first, and nothing beyond them.

        `show` is told of it as it comes, always from its beginning, once the model has named the entries it
        rests on. An answer that names no entry, or one that it wasn't given, isn't one. What is returned
        replaces what was shown; with None, take that back.
        """
        if not self.is_on:
            return None
        offered = {f"e{number}": each for number, each in enumerate(_fitting(entries), 1)}
        items = [Item(_entry(each), id=id_) for id_, each in offered.items()]
        filled = await self._writer.prompt("answer", entries=items, **_slots(talk))
        prompt = replace(with_schema(filled, Grounded), options=_ANSWER)
        growing = _Growing(self._writer, self._writer.examiner(prompt), offered, show)
        answer = await self._grounded(prompt, guild_id, growing)
        told = answer.parsed if answer is not None and not answer.is_embedded else None
        if answer is None or not isinstance(told, Grounded) or not told.answered:
            return None
        used = _named(told.used, offered)
        if not used:
            log = logger.bind(guild_id=guild_id)
            log.info("{} names no entry it was given, so its answer isn't posted", answer.model)
            return None
        if answer.text.strip() == growing.raw.strip():  # it was seen whole, as it came
            return _drafted(await growing.end(told.answer, answer.model, guild_id), answer, used)
        passed, answer = await self._writer.gated(replace(answer, text=told.answer), prompt)
        return _drafted(passed, answer, used)

    async def _grounded(self, prompt: Prompt, guild_id: int, growing: "_Growing") -> Answer | None:
        """Return an answer as `Grounded`, told to `growing` as it comes; None without a model.

        One that breaks off or doesn't fit is asked for again, as a whole, of all links and in the time left.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + self._seconds
        stream = self._writer.models.stream(
            Task.REPLY, prompt, guild_id=guild_id, fallback=lambda: "", deadline=self._seconds
        )
        try:
            async with aclosing(stream):
                async for chunk in stream:
                    if isinstance(chunk, TextChunk):
                        await growing.feed(chunk.text)
            answer = stream.answer
            if answer is None or answer.is_embedded:
                return None
            return replace(answer, parsed=parse(answer.text, Grounded))
        except Unfit as unfit:
            again = for_repair(prompt, growing.raw, unfit.problem)
        except LLMError as error:
            logger.bind(guild_id=guild_id).info("An answer in a ticket broke off: {}", error)
            again = prompt
        return await self._writer.models.complete(
            Task.REPLY,
            again,
            guild_id=guild_id,
            fallback=lambda: Grounded(answered=False, used=[], answer=""),
            schema_model=Grounded,
            deadline=max(0.0, until - loop.time()),
        )

    async def clarify(self, talk: Talk, guild_id: int) -> Drafted | None:
        """Return one question back."""
        if not self.is_on:
            return None
        prompt = await self._writer.prompt("clarify", **_slots(talk))
        answer = await self._writer.models.complete(
            Task.REPLY,
            replace(prompt, options=_CLARIFY),
            guild_id=guild_id,
            fallback=lambda: "",
            deadline=self._seconds,
        )
        passed, answer = await self._writer.gated(answer, prompt)
        return _drafted(passed, answer)

    async def stream(
        self, talk: Talk, entries: Sequence[Candidate], guild_id: int, show: Show
    ) -> Drafted | None:
        """Return an answer that nobody checks, told to `show` as it comes, always from its beginning.

        With None, take back what was shown: the answer broke off, or may not be posted.
        """
        if not self.is_on:
            return None
        items = [Item(_entry(each), id=f"e{number}") for number, each in enumerate(_fitting(entries), 1)]
        prompt = await self._writer.prompt("open", entries=items, **_slots(talk))
        gate = StreamGate(self._writer.examiner(prompt))
        stream = self._writer.models.stream(
            Task.REPLY,
            replace(prompt, options=_OPEN),
            guild_id=guild_id,
            fallback=lambda: "",
            deadline=self._seconds,
        )
        try:
            async with aclosing(stream):
                async for chunk in stream:
                    if not isinstance(chunk, TextChunk):
                        continue
                    if await self._writer.aside(gate.feed, chunk.text):
                        await show(_ready(gate.shown))
        except LLMError as error:
            logger.bind(guild_id=guild_id).info("An answer in a ticket broke off: {}", error)
            return None
        answer = stream.answer
        if answer is None or answer.is_embedded:
            return None
        verdict = await self._writer.aside(gate.close)
        if not isinstance(verdict, Passed):
            logger.bind(guild_id=guild_id).warning(
                "What {} wrote is taken back ({})", answer.model, verdict.reason
            )
            return None
        text = verdict.text + ("…" if answer.finish is Finish.LENGTH else "")
        return _drafted(text, answer)


class _Growing:
    """An answer out of entries while it is written, shown once it named them, and through the gate.

    Attributes:
        raw: what the model has written, as it came.
    """

    def __init__(
        self, writer: Writer, examiner: Examiner, offered: Mapping[str, Candidate], show: ShowComposed
    ) -> None:
        self.raw = ""
        self._writer = writer
        self._offered = offered
        self._show = show
        self._reader = TextReader("answer")
        self._gate = StreamGate(examiner)
        self._fed = 0  # characters of the answer that the gate has seen

    async def feed(self, chunk: str) -> None:
        """Take more of what the model writes."""
        self.raw += chunk
        more = self._reader.feed(chunk)
        before = self._reader.before or {}
        used = _named(before.get("used"), self._offered) if before.get("answered") is True else ()
        if not more or not used:
            return
        self._fed += len(more)
        if await self._writer.aside(self._gate.feed, more):
            await self._show(_ready(self._gate.shown), used)

    async def end(self, answer: str, model: str, guild_id: int) -> str | None:
        """Return the whole answer as it may be shown, None where it may not."""

        def check() -> Verdict:
            self._gate.feed(answer[self._fed :])
            return self._gate.close()

        verdict = await self._writer.aside(check)
        if isinstance(verdict, Passed):
            return verdict.text
        logger.bind(guild_id=guild_id).warning("What {} wrote is taken back ({})", model, verdict.reason)
        return None


def _named(used: object, offered: Mapping[str, Candidate]) -> tuple[int, ...]:
    """Return the ids of the entries that a model names, best first; () unless each was offered to it."""
    if not isinstance(used, list) or not all(isinstance(each, str) and each in offered for each in used):
        return ()
    return tuple(each.entry.id for name, each in offered.items() if name in used)


def _drafted(text: str | None, answer: Answer, used: tuple[int, ...] = ()) -> Drafted | None:
    ready = _ready(text or "")
    return Drafted(ready, f"{answer.provider}/{answer.model}"[:300], used) if ready else None


def _ready(text: str) -> str:
    """Return a gated text as it may leave: no secrets, no mentions."""
    return redact(prepare(text)).strip()


def _slots(talk: Talk) -> dict[str, str | list[Item]]:
    return {
        "server": talk.server or "this one",
        "history": [Item(text, author) for author, text in talk.history],
        "question": [Item(talk.question, talk.author)],
    }


def _entry(candidate: Candidate) -> str:
    links = "".join(f"\n{link}" for link in candidate.entry.links or ())
    return f"Question: {candidate.phrasing}\nAnswer: {candidate.entry.answer}{links}"


def _fitting(entries: Sequence[Candidate]) -> list[Candidate]:
    """Return the best entries, as many as go into a prompt whole."""
    kept: list[Candidate] = []
    room = MOST_ENTRIES
    for each in entries:
        room -= len(_entry(each))
        if room < 0 and kept:
            break
        kept.append(each)
    return kept
