"""Has language models take notes of messages and put notes together, within what a run may take."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeVar

from loguru import logger

from bot.domain.summaries import Line, Reading, Topic
from bot.llm.answers import Answer
from bot.llm.ollama_sizes import estimate_tokens
from bot.llm.structured import spelled_out, with_schema
from bot.llm.types import Options, Prompt, Task
from bot.services.clock import Clock
from bot.services.summaries.chunks import Chunk, numbered
from bot.services.summaries.citations import SaidTopics, checked
from bot.services.summaries.collecting import Collected
from bot.services.summaries.merging import SIZES, Notes, grouped, joined, shown
from bot.services.summaries.partials import Made, Partials, Place, key_of, key_of_merge
from bot.services.writing import Writer

T = TypeVar("T")
PARALLEL: Final = 3  # calls of a run at a time: others wait for the same models
MOST_CALLS: Final = 240  # of a run
MOST_ROOM: Final = 12_000  # tokens of messages in a call, however much a model reads: so it cites well
LEAST_ROOM: Final = 300
FRUITLESS: Final = 3  # calls in a row without an answer, after which a run asks no more
SHORTEST: Final = 1.0  # seconds for a call
SHORTEST_TEXT: Final = 40  # characters: a prompt that is too long with less in it stays so
_NOTED: Final = 8  # topics of a chunk
_MERGED: Final = 10  # topics of notes that are put together once more
_SPARE: Final = 64  # tokens


class Room(NamedTuple):
    """What goes into a call, in tokens.

    Attributes:
        prompt: the whole of it.
        notes: the messages, or the notes.
    """

    prompt: int
    notes: int
    answer: int


class Noted(NamedTuple):
    """A chunk and what was made of it; no notes: it was not read."""

    lines: Chunk
    notes: Notes | None


@dataclass(slots=True)
class Run:
    """What a run is about, may take and has taken.

    Attributes:
        language: to write in, in plain words.
        until: when it ends (monotonic seconds); `notes_until` when no more notes are taken.
        background: whether nobody waits for it.
        calls: how many may still be made.
        cost: US dollars.
    """

    guild_id: int
    language: str
    until: float
    notes_until: float
    background: bool
    calls: int
    cost: float = 0.0
    fruitless: int = 0


class DigestWriting:
    """Asks the models, checks what they say, and remembers it."""

    def __init__(self, writer: Writer, partials: Partials, clock: Clock, seconds: float) -> None:
        """Make it; a call may take `seconds`."""
        self._writer = writer
        self._partials = partials
        self._clock = clock
        self._seconds = seconds
        self._rules: dict[str, int] = {}  # tokens of a prompt without messages, by language

    async def room(self, language: str) -> Room | None:
        """Return what goes into a call; None where no model can be asked, or none reads enough."""
        if not self._writer.asks(Task.SUMMARIZE):
            return None
        context = await self._writer.models.context_tokens(Task.SUMMARIZE)
        if context is None:
            return None
        answer = min(2_000, max(500, context // 5))
        rules = self._rules.get(language)
        if rules is None:
            empty = [
                await self._writer.prompt(name, language=language, topics=99, **{slot: []})
                for name, slot in (("digest", "messages"), ("merge", "notes"))
            ]
            rules = self._rules[language] = max(map(_tokens, empty))
        notes = min(MOST_ROOM, context - answer - rules - _SPARE)
        return Room(context - answer, notes, answer) if notes >= LEAST_ROOM else None

    async def note(self, run: Run, room: Room, chunk: Chunk, collected: Collected) -> list[Noted]:
        """Return what a model notes of a chunk, or did before; in two halves where it is too long for one."""
        key = key_of(self._asked(run, "digest"), chunk, collected.edits)
        made = await self._partials.find(run.guild_id, key)
        if made is None and self._may_ask(run, run.notes_until):
            told = numbered(chunk, collected.names)
            prompt = await self._writer.prompt_naming(
                "digest",
                {line.author_id: line.author_name for line in chunk},
                language=run.language,
                topics=_NOTED,
                messages=told.items,
            )
            if not await self._fits(prompt, room):
                if sum(len(line.text) for line in chunk) < SHORTEST_TEXT:
                    return [Noted(chunk, None)]
                parts = [await self.note(run, room, each, collected) for each in _halves(chunk)]
                return [_as_before(each, chunk) for part in parts for each in part]
            known = {number: (line.message_id,) for number, line in told.messages.items()}
            made = await self._ask(run, room, prompt, known, run.notes_until)
            if made is not None:
                await self._partials.keep(key, Place.of(run.guild_id, chunk), made)
        return [Noted(chunk, None if made is None else Notes(key, made.topics, made.model))]

    async def merge(
        self, run: Run, room: Room, notes: Sequence[Notes], reading: Reading, lines: Sequence[Line]
    ) -> tuple[Topic, ...]:
        """Return one summary of notes, in as many rounds as it takes; what no model merges is joined."""
        level = [each for each in notes if each.topics]
        while len(level) > 1:
            groups = await self._writer.aside(grouped, level, room.notes)
            if len(groups) == len(level):
                break
            topics = SIZES[reading].topics if len(groups) == 1 else _MERGED
            put = await in_turns([self._merger(run, room, each, topics, lines) for each in groups])
            level = [note for group, one in zip(groups, put, strict=True) for note in (one or group)]
            if not all(put):
                break
        return level[0].topics if len(level) == 1 else joined(level)

    def _merger(
        self, run: Run, room: Room, group: list[Notes], topics: int, lines: Sequence[Line]
    ) -> Callable[[], Awaitable[list[Notes] | None]]:
        async def work() -> list[Notes] | None:
            if len(group) == 1:
                return group
            asked = (*self._asked(run, "merge"), topics)
            key = key_of_merge(asked, [each.key for each in group])
            made = await self._partials.find(run.guild_id, key)
            if made is None and self._may_ask(run, run.until):
                told = shown(group)
                prompt = await self._writer.prompt(
                    "merge", language=run.language, topics=topics, notes=told.items
                )
                if not await self._fits(prompt, room):
                    return None
                made = await self._ask(run, room, prompt, told.sources, run.until)
                if made is not None and made.topics:  # else what the notes say would be lost
                    await self._partials.keep(key, Place.of(run.guild_id, lines), made)
            return [Notes(key, made.topics, made.model)] if made is not None and made.topics else None

        return work

    async def _ask(
        self, run: Run, room: Room, prompt: Prompt, known: Mapping[int, Sequence[int]], until: float
    ) -> Made | None:
        """Return what a model makes of a prompt, as far as that rests on what it was shown."""
        if run.calls <= 0:  # taken by another, since this one asked whether it may
            return None
        run.calls -= 1
        answer = await self._writer.models.complete(
            Task.SUMMARIZE,
            replace(prompt, options=Options(max_tokens=room.answer, temperature=0.0, thinking=False)),
            guild_id=run.guild_id,
            fallback=lambda: SaidTopics(topics=[]),
            schema_model=SaidTopics,
            deadline=min(self._seconds, until - self._clock.monotonic()),
            background=run.background,
            is_unique=True,
        )
        run.cost += answer.cost
        said = answer.parsed
        if answer.is_embedded or not isinstance(said, SaidTopics):
            run.fruitless += 1
            return None
        run.fruitless = 0
        topics = await self._writer.aside(lambda: checked(said, known, self._writer.examiner(prompt)))
        if topics is None or (said.topics and not topics):
            why = "gives away its prompt" if topics is None else "rests on nothing it was shown"
            logger.bind(guild_id=run.guild_id).warning("A summary by {} {}: not used", answer.model, why)
            return None
        return Made(topics, _named(answer))

    def _may_ask(self, run: Run, until: float) -> bool:
        in_time = until - self._clock.monotonic() >= SHORTEST
        return in_time and run.calls > 0 and run.fruitless < FRUITLESS

    def _asked(self, run: Run, name: str) -> tuple[object, ...]:
        """Return what a part hangs on beside its messages."""
        links = self._writer.models.links(Task.SUMMARIZE)
        return run.guild_id, links, self._writer.wording(name), run.language

    async def _fits(self, prompt: Prompt, room: Room) -> bool:
        return await self._writer.aside(_tokens, prompt) <= room.prompt


async def in_turns(works: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Return what comes of `works`, in their order; `PARALLEL` at a time, all ended when one fails."""
    places = asyncio.Semaphore(PARALLEL)

    async def one(work: Callable[[], Awaitable[T]]) -> T:
        async with places:
            return await work()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(each)) for each in works]
    return [task.result() for task in tasks]


def _tokens(prompt: Prompt) -> int:
    """Return how many tokens a prompt has at the most, with what an answer must fit said in words."""
    return estimate_tokens(spelled_out(with_schema(prompt, SaidTopics)))


def _halves(chunk: Chunk) -> list[Chunk]:
    """Return a chunk in two; of a single message one half, the beginning, for what is too long."""
    if len(chunk) == 1:
        line = chunk[0]
        return [(replace(line, text=line.text[: len(line.text) // 2]),)]
    middle = len(chunk) // 2
    return [chunk[:middle], chunk[middle:]]


def _as_before(noted: Noted, chunk: Chunk) -> Noted:
    """Return it with its messages uncut, for whoever picks lines of them."""
    whole = {line.message_id: line for line in chunk}
    return noted._replace(lines=tuple(whole[line.message_id] for line in noted.lines))


def _named(answer: Answer) -> str:
    return f"{answer.model} by {answer.provider}"
