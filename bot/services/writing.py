"""What the bot has models of language do: judge, answer, summarize. Every text that leaves here is gated."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, ParamSpec, TypeVar

from loguru import logger

from bot.domain.signal import Judgement
from bot.llm.answers import Answer
from bot.llm.chain import LanguageModels
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.fence import Item
from bot.llm.gate import Examiner, OutputGate, Passed
from bot.llm.material import Line, Material
from bot.llm.ports import Skipped
from bot.llm.prompts import Prompts, Value
from bot.llm.types import Finish, Options, Prompt, Task, Usage
from bot.services.verdicts import Doubt, Verdict, Verdicts, about, cleaned, judgement_of, outcomes
from bot.settings_llm import EMBEDDED

P = ParamSpec("P")
T = TypeVar("T")
BOT: Final = "Lookout"
BATCH: Final = 16  # messages judged in one call
_VERDICT_TOKENS: Final = 80  # of an answer, for each message that is judged
_REPLY: Final = Options(max_tokens=600, thinking=False)
_SUMMARY: Final = Options(max_tokens=800, thinking=False)
_SENTENCES: Final = 6  # of a summary


class Written(NamedTuple):
    """A text that is gated, ready for the rules of `bot.domain.outgoing`; never empty.

    `answer` tells who wrote it. Where the gate refused what a model wrote it is the embedded answer, and the
    model is among those that were skipped.
    """

    text: str
    answer: Answer


class Asked(NamedTuple):
    """A question to answer.

    Attributes:
        context: lines "author: text" said before it, oldest first.
        answers: what is known that may answer it, best first.
        template: what is said without a model; "" for the best of `answers`.
        server: its name, where it is known.
    """

    question: str
    context: tuple[str, ...]
    author: str
    answers: tuple[str, ...] = ()
    template: str = ""
    server: str = ""


class Writer:
    """Asks the chain of models with the bot's prompts, and lets nothing out but through the gate.

    Attributes:
        models: the chain, for those who gate what comes of it themselves.
    """

    def __init__(
        self, llm: LanguageModels, prompts: Prompts, gate: OutputGate, embedded: EmbeddedAnswers
    ) -> None:
        self.models = llm
        self._prompts = prompts
        self._gate = gate
        self._embedded = embedded
        self._under_way: dict[tuple[int | None, str], asyncio.Future[Verdict | None]] = {}
        self._computing = asyncio.Lock()

    def asks(self, task: Task) -> bool:
        """Whether there is a model to ask for `task`."""
        return bool(self.models.links(task))

    async def judge(
        self, doubts: Sequence[Doubt], guild_id: int | None, deadline: float
    ) -> dict[str, Judgement]:
        """Return new judgements by key; those that no model could judge are missing.

        Intent, confidence and reason are the model's, all else is as it was. A text that was judged within
        the hour, or is being judged at the moment, is not asked about again.

        Args:
            doubts: of one guild; `BATCH` go into a call.
            guild_id: whose they are; None for direct messages.
            deadline: seconds for all of it.

        Raises:
            TimeoutError: none was judged, and the time was over before the chain of models gave up.
        """
        if not self.asks(Task.CLASSIFY):
            return {}
        judged, trouble = await self._judge(doubts, guild_id, asyncio.get_running_loop().time() + deadline)
        if trouble is not None and not judged:
            raise trouble
        return judged

    async def reply(self, asked: Asked, guild_id: int | None, deadline: float) -> Written:
        """Return an answer to a question: a model's, else the template.

        Args:
            asked: the question and what is known.
            guild_id: where it was asked; None in a direct message.
            deadline: seconds for all of it.
        """
        prompt = await self.prompt(
            "reply",
            server=asked.server or "this one",
            material=[Item(text, id=str(number)) for number, text in enumerate(asked.answers, 1)],
            history=[Item(line) for line in asked.context],
            question=[Item(asked.question, asked.author)],
        )
        answer = await self.models.complete(
            Task.REPLY,
            replace(prompt, options=_REPLY),
            guild_id=guild_id,
            fallback=lambda: self._unwritten(asked),
            deadline=deadline,
        )
        passed, answer = await self.gated(answer, prompt)
        if passed is None and not asked.template.strip():
            passed = await self.aside(self._own, self._unwritten(asked), prompt)
        text = asked.template if passed is None else passed
        return Written(text, replace(answer, text=text))

    async def summarize(
        self,
        lines: Sequence[Line],
        guild_id: int | None,
        deadline: float,
        *,
        title: str = "",
        background: bool = True,
    ) -> Written:
        """Return a summary of a conversation: a model's, else some of its lines.

        Args:
            lines: oldest first.
            guild_id: where it was said; None in a direct message.
            deadline: seconds for a model; picking lines may take some tenths more.
            title: the channel's name.
            background: whether nobody waits for it.
        """
        prompt = await self.prompt(
            "summarize",
            channel=title or "this channel",
            language="the language of the messages",
            sentences=_SENTENCES,
            messages=[Item(line.text, line.author) for line in lines],
        )
        answer = await self.models.complete(
            Task.SUMMARIZE,
            replace(prompt, options=_SUMMARY),
            guild_id=guild_id,
            fallback=lambda: "",  # picking lines takes too long for the event loop: it is done below
            deadline=deadline,
            background=background,
        )
        text, answer = await self.gated(answer, prompt)
        if text is None:
            material = Material(lines=tuple(lines))
            picked = await self.aside(self._embedded.answer, Task.SUMMARIZE, material)
            text = await self.aside(self._own, picked, prompt)
        return Written(text, replace(answer, text=text))

    async def _judge(
        self, doubts: Sequence[Doubt], guild_id: int | None, until: float
    ) -> tuple[dict[str, Judgement], Exception | None]:
        """Return judgements by key, and what became of the others where that is more than no answer.

        Args:
            doubts: of one guild.
            guild_id: whose they are; None for direct messages.
            until: when it ends, by the event loop's clock.
        """
        loop = asyncio.get_running_loop()
        alike: dict[str, list[Doubt]] = {}
        for doubt in doubts:
            alike.setdefault(about(doubt), []).append(doubt)
        found = self._remembered(alike, guild_id)
        joined = {
            each: self._under_way[guild_id, each] for each in alike if (guild_id, each) in self._under_way
        }
        new = [each for each in alike if each not in found and each not in joined]
        mine = {each: loop.create_future() for each in new}
        self._under_way |= {(guild_id, each): future for each, future in mine.items()}
        try:
            told, trouble = await self._told({each: alike[each][0] for each in new}, guild_id, until)
            found |= told
        except asyncio.CancelledError:  # one of those who wait asks in its place
            for future in mine.values():
                future.cancel()
            raise
        finally:
            for each, future in mine.items():
                del self._under_way[guild_id, each]
                if not future.done():
                    future.set_result(found.get(each))
        found |= await outcomes(joined, until - loop.time())
        if not all(future.done() for future in joined.values()):
            trouble = trouble or TimeoutError("no model answered in time")
        judged = {
            doubt.key: judgement_of(doubt.judged, verdict)
            for each, verdict in found.items()
            for doubt in alike[each]
        }
        given_up = [doubt for each, future in joined.items() if future.cancelled() for doubt in alike[each]]
        if given_up and until > loop.time():
            more, more_trouble = await self._judge(given_up, guild_id, until)
            return judged | more, trouble or more_trouble
        return judged, trouble

    async def _told(
        self, new: Mapping[str, Doubt], guild_id: int | None, until: float
    ) -> tuple[dict[str, Verdict], Exception | None]:
        """Return what models say of texts by `until`, `BATCH` of them in a call; and what went wrong."""
        keys = list(new)
        portions = [{key: new[key] for key in keys[at : at + BATCH]} for at in range(0, len(keys), BATCH)]
        tasks = [asyncio.create_task(self._verdicts(each, guild_id, until)) for each in portions]
        if not tasks:
            return {}, None
        try:
            await asyncio.wait(tasks, timeout=max(0.0, until - asyncio.get_running_loop().time()))
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        found: dict[str, Verdict] = {}
        trouble: Exception | None = None
        for told in ended:  # what was answered counts, whatever became of the rest
            if isinstance(told, dict):
                found |= told
            elif isinstance(told, Exception):
                logger.bind(guild_id=guild_id).opt(exception=told).error("Messages could not be judged")
                trouble = told
            else:
                trouble = trouble or TimeoutError("no model answered in time")
        return found, trouble

    async def prompt(self, name: str, **slots: Value) -> Prompt:
        """Return one of the bot's prompts, filled; see `Prompts.render`."""
        return await self.prompt_naming(name, {}, **slots)

    async def prompt_naming(self, name: str, mentioned: Mapping[int, str], **slots: Value) -> Prompt:
        """Return it with names for these users where they are mentioned."""
        return await self.aside(lambda: self._prompts.render(name, mentioned=mentioned, bot=BOT, **slots))

    def wording(self, name: str) -> str:
        """Return the words of a prompt, its slots not filled: they tell one wording from another."""
        return self._prompts.wording(name)

    def examiner(self, prompt: Prompt) -> Examiner:
        """Return what judges answers to `prompt` as they come."""
        return self._gate.examiner(prompt)

    def _remembered(self, alike: Iterable[str], guild_id: int | None) -> dict[str, Verdict]:
        """Return what was judged within the hour."""
        known = {each: self.models.recall(Task.CLASSIFY, each, guild_id=guild_id) for each in alike}
        return {
            each: answer.parsed
            for each, answer in known.items()
            if answer is not None and isinstance(answer.parsed, Verdict)
        }

    async def _verdicts(
        self, portion: dict[str, Doubt], guild_id: int | None, until: float
    ) -> dict[str, Verdict]:
        """Return what a model says of each text by `until`; those it left out are missing."""
        ids = {f"m{number}": key for number, key in enumerate(portion, 1)}
        items: list[Item] = []
        for each, key in ids.items():
            doubt = portion[key]
            items += [Item("\n".join(doubt.context))] if doubt.context else []
            items.append(Item(doubt.text, doubt.author, each))
        prompt = await self.prompt("observe", messages=items)
        options = Options(max_tokens=(len(ids) + 1) * _VERDICT_TOKENS, temperature=0.0, thinking=False)
        answer = await self.models.complete(
            Task.CLASSIFY,
            replace(prompt, options=options),
            guild_id=guild_id,
            fallback=lambda: Verdicts(results=[]),
            schema_model=Verdicts,
            deadline=max(0.0, until - asyncio.get_running_loop().time()),
            is_unique=True,
        )
        if answer.is_embedded or not isinstance(answer.parsed, Verdicts):
            return {}
        kept = await self.aside(
            lambda results: cleaned(results, self._gate.examiner(prompt)), answer.parsed.results
        )
        if kept is None:
            logger.bind(guild_id=guild_id).warning(
                "{} gave away its prompt in a judgement, so its judgements don't count", answer.model
            )
            return {}
        told = {ids[each]: verdict for each, verdict in kept.items() if each in ids}
        for key, verdict in told.items():
            one = replace(answer, text="", parsed=verdict, usage=Usage(), skipped=())
            self.models.remember(Task.CLASSIFY, key, one, guild_id=guild_id)
        return told

    async def gated(self, answer: Answer, prompt: Prompt) -> tuple[str | None, Answer]:
        """Return a model's text as it may be shown, None where there is none; and whose answer it is then."""
        if answer.is_embedded:
            return None, answer
        text = answer.text.rstrip() + ("…" if answer.finish is Finish.LENGTH else "")
        verdict = await self.aside(self._gate.check, text, prompt)
        if isinstance(verdict, Passed):
            return verdict.text, answer
        logger.warning("What {} wrote is not shown ({})", answer.model, verdict.reason.value)
        why = f"its answer was refused by the output gate: {verdict.reason.value}"
        skipped = (*answer.skipped, Skipped(answer.provider, answer.model, why))
        return None, replace(answer, provider=EMBEDDED, model="", skipped=skipped, is_embedded=True)

    async def aside(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Compute away from the event loop, one thing at a time: a second thread would hold it up more.

        A prompt of the longest material takes up to 60 ms where signs fill it, a check up to 42.
        """
        async with self._computing:
            return await asyncio.to_thread(work, *args, **more)

    def _unwritten(self, asked: Asked) -> str:
        """Return what is said without a model."""
        if asked.template.strip():
            return asked.template
        return self._embedded.answer(Task.REPLY, Material(asked.question, answers=asked.answers))

    def _own(self, text: str, prompt: Prompt) -> str:
        """Return an embedded answer as it may be shown: without those of its lines that may not."""
        examiner = self._gate.examiner(prompt)
        whole = examiner.check(text)
        if isinstance(whole, Passed):
            return whole.text
        lines = [
            passed.text for line in text.split("\n") if isinstance(passed := examiner.check(line), Passed)
        ]
        joined = examiner.check("\n".join(lines))
        if isinstance(joined, Passed):
            return joined.text
        return self._embedded.answer(Task.REPLY, Material())
