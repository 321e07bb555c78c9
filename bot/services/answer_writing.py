"""Has a language model answer in tickets: out of the trained entries, by asking back, or unchecked."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Final, NamedTuple

from loguru import logger
from pydantic import BaseModel, ConfigDict

from bot.domain.outgoing import prepare
from bot.llm.answers import Answer
from bot.llm.errors import LLMError
from bot.llm.fence import Item
from bot.llm.gate import Passed
from bot.llm.stream_gate import StreamGate
from bot.llm.types import Finish, Options, Task, TextChunk
from bot.nlp.redaction import redact
from bot.services.training.knowledge import Candidate
from bot.services.writing import Writer

MOST_ENTRIES: Final = 12_000  # characters of all entries that a model is given
_ANSWER: Final = Options(max_tokens=700, temperature=0.0, thinking=False)
_OPEN: Final = Options(max_tokens=700, thinking=False)
_CLARIFY: Final = Options(max_tokens=150, thinking=False)

Show = Callable[[str], Awaitable[None]]


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

    answer: str
    used: list[str]
    answered: bool


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

    async def compose(self, talk: Talk, entries: Sequence[Candidate], guild_id: int) -> Drafted | None:
        """Return an answer out of these entries, best first, and nothing beyond them.

        An answer that names no entry, or one that it wasn't given, isn't one.
        """
        if not self.is_on:
            return None
        offered = {f"e{number}": each for number, each in enumerate(_fitting(entries), 1)}
        items = [Item(_entry(each), id=id_) for id_, each in offered.items()]
        prompt = await self._writer.prompt("answer", entries=items, **_slots(talk))
        answer = await self._writer.models.complete(
            Task.REPLY,
            replace(prompt, options=_ANSWER),
            guild_id=guild_id,
            fallback=lambda: Grounded(answer="", used=[], answered=False),
            schema_model=Grounded,
            deadline=self._seconds,
        )
        told = answer.parsed
        if answer.is_embedded or not isinstance(told, Grounded) or not told.answered:
            return None
        if not told.used or not offered.keys() >= set(told.used):
            log = logger.bind(guild_id=guild_id)
            log.info("{} names no entry it was given, so its answer isn't posted", answer.model)
            return None
        passed, answer = await self._writer.gated(replace(answer, text=told.answer), prompt)
        used = tuple(offered[each].entry.id for each in offered if each in told.used)
        return _drafted(passed, answer, used)

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
