"""What the bot has models of language do: judge, answer, summarize. Every text that leaves here is gated."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Literal, NamedTuple, ParamSpec, TypeVar

from loguru import logger
from pydantic import BaseModel, ConfigDict, Field

from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Judgement
from bot.llm.answers import Answer
from bot.llm.chain import LanguageModels
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.fence import Item
from bot.llm.gate import Examiner, OutputGate, Passed
from bot.llm.material import Line, Material
from bot.llm.ports import Skipped
from bot.llm.prompts import Prompts
from bot.llm.types import Finish, Options, Prompt, Task, Usage
from bot.settings_llm import EMBEDDED

P = ParamSpec("P")
T = TypeVar("T")
BOT: Final = "Lookout"
BATCH: Final = 16  # messages judged in one call
MEANT_ALONE: Final = 4  # words from which a text is taken to mean the same wherever it is said
_VERDICT_TOKENS: Final = 80  # of an answer, for each message that is judged
_REPLY: Final = Options(max_tokens=600, thinking=False)
_SUMMARY: Final = Options(max_tokens=800, thinking=False)
_SENTENCES: Final = 6  # of a summary
_LONGEST_REASON: Final = 300  # characters, as the column has them

_FLAGS = Literal["help_request", "problem_report", "other"]


class Written(NamedTuple):
    """A text that is gated, ready for the rules of `bot.domain.outgoing`; never empty.

    `answer` tells who wrote it. Where the gate refused what a model wrote it is the embedded answer, and the
    model is among those that were skipped.
    """

    text: str
    answer: Answer


class Doubt(NamedTuple):
    """A message to judge.

    Attributes:
        key: by which its judgement is returned.
        context: lines "author: text" said before it, oldest first.
        judged: what is thought of it so far.
    """

    key: str
    text: str
    context: tuple[str, ...]
    author: str
    judged: Judgement


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


class Verdict(BaseModel):
    """What a model says of one message."""

    model_config = ConfigDict(extra="forbid")

    id: str
    intent: _FLAGS
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    reason: str


class Verdicts(BaseModel):
    """What a model says of several."""

    model_config = ConfigDict(extra="forbid")

    results: list[Verdict]


class Writer:
    """Asks the chain of models with the bot's prompts, and lets nothing out but through the gate."""

    def __init__(
        self, llm: LanguageModels, prompts: Prompts, gate: OutputGate, embedded: EmbeddedAnswers
    ) -> None:
        self._llm = llm
        self._prompts = prompts
        self._gate = gate
        self._embedded = embedded
        self._under_way: dict[tuple[int | None, str], asyncio.Future[Verdict | None]] = {}
        self._computing = asyncio.Lock()

    def asks(self, task: Task) -> bool:
        """Whether there is a model to ask for `task`."""
        return bool(self._llm.links(task))

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
        """
        if not self.asks(Task.CLASSIFY):
            return {}
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        alike: dict[str, list[Doubt]] = {}
        for doubt in doubts:
            alike.setdefault(_about(doubt), []).append(doubt)
        found = self._remembered(alike, guild_id)
        joined = {
            each: self._under_way[guild_id, each] for each in alike if (guild_id, each) in self._under_way
        }
        new = [each for each in alike if each not in found and each not in joined]
        mine = {each: loop.create_future() for each in new}
        self._under_way |= {(guild_id, each): future for each, future in mine.items()}
        try:
            portions = [
                {each: alike[each][0] for each in new[at : at + BATCH]} for at in range(0, len(new), BATCH)
            ]
            for told in await asyncio.gather(
                *(self._verdicts(each, guild_id, deadline) for each in portions)
            ):
                found |= told
        finally:
            for each, future in mine.items():
                del self._under_way[guild_id, each]
                future.set_result(found.get(each))
        found |= await _outcomes(joined, until - loop.time())
        return {
            doubt.key: _judgement(doubt.judged, verdict)
            for about, verdict in found.items()
            for doubt in alike[about]
        }

    async def reply(self, asked: Asked, guild_id: int | None, deadline: float) -> Written:
        """Return an answer to a question: a model's, else the template.

        Args:
            asked: the question and what is known.
            guild_id: where it was asked; None in a direct message.
            deadline: seconds for all of it.
        """
        prompt = self._prompts.render(
            "reply",
            bot=BOT,
            server=asked.server or "this one",
            material=[Item(text, id=str(number)) for number, text in enumerate(asked.answers, 1)],
            history=[Item(line) for line in asked.context],
            question=[Item(asked.question, asked.author)],
        )
        answer = await self._llm.complete(
            Task.REPLY,
            replace(prompt, options=_REPLY),
            guild_id=guild_id,
            fallback=lambda: self._unwritten(asked),
            deadline=deadline,
        )
        passed, answer = await self._gated(answer, prompt)
        if passed is None and not asked.template.strip():
            passed = await self._aside(self._own, self._unwritten(asked), prompt)
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
        prompt = self._prompts.render(
            "summarize",
            bot=BOT,
            channel=title or "this channel",
            language="the language of the messages",
            sentences=_SENTENCES,
            messages=[Item(line.text, line.author) for line in lines],
        )
        answer = await self._llm.complete(
            Task.SUMMARIZE,
            replace(prompt, options=_SUMMARY),
            guild_id=guild_id,
            fallback=lambda: "",  # picking lines takes too long for the event loop: it is done below
            deadline=deadline,
            background=background,
        )
        text, answer = await self._gated(answer, prompt)
        if text is None:
            material = Material(lines=tuple(lines))
            picked = await self._aside(self._embedded.answer, Task.SUMMARIZE, material)
            text = await self._aside(self._own, picked, prompt)
        return Written(text, replace(answer, text=text))

    def _remembered(self, alike: Iterable[str], guild_id: int | None) -> dict[str, Verdict]:
        """Return what was judged within the hour."""
        known = {each: self._llm.recall(Task.CLASSIFY, each, guild_id=guild_id) for each in alike}
        return {
            each: answer.parsed
            for each, answer in known.items()
            if answer is not None and isinstance(answer.parsed, Verdict)
        }

    async def _verdicts(
        self, portion: dict[str, Doubt], guild_id: int | None, deadline: float
    ) -> dict[str, Verdict]:
        """Return what a model says of each text; those it left out are missing."""
        ids = {f"m{number}": about for number, about in enumerate(portion, 1)}
        items: list[Item] = []
        for each, about in ids.items():
            doubt = portion[about]
            items += [Item("\n".join(doubt.context))] if doubt.context else []
            items.append(Item(doubt.text, doubt.author, each))
        prompt = self._prompts.render("observe", bot=BOT, messages=items)
        options = Options(max_tokens=(len(ids) + 1) * _VERDICT_TOKENS, temperature=0.0, thinking=False)
        answer = await self._llm.complete(
            Task.CLASSIFY,
            replace(prompt, options=options),
            guild_id=guild_id,
            fallback=lambda: Verdicts(results=[]),
            schema_model=Verdicts,
            deadline=deadline,
            is_unique=True,
        )
        if answer.is_embedded or not isinstance(answer.parsed, Verdicts):
            return {}
        cleaned = await self._aside(
            lambda results: _cleaned(results, self._gate.examiner(prompt)), answer.parsed.results
        )
        if cleaned is None:
            logger.bind(guild_id=guild_id).warning(
                "{} gave away its prompt in a judgement, so its judgements don't count", answer.model
            )
            return {}
        told = {ids[each]: verdict for each, verdict in cleaned.items() if each in ids}
        for about, verdict in told.items():
            one = replace(answer, text="", parsed=verdict, usage=Usage(), skipped=())
            self._llm.remember(Task.CLASSIFY, about, one, guild_id=guild_id)
        return told

    async def _gated(self, answer: Answer, prompt: Prompt) -> tuple[str | None, Answer]:
        """Return a model's text as it may be shown, None where there is none; and whose answer it is then."""
        if answer.is_embedded:
            return None, answer
        text = answer.text.rstrip() + ("…" if answer.finish is Finish.LENGTH else "")
        verdict = await self._aside(self._gate.check, text, prompt)
        if isinstance(verdict, Passed):
            return verdict.text, answer
        logger.warning("What {} wrote is not shown ({})", answer.model, verdict.reason.value)
        why = f"its answer was refused by the output gate: {verdict.reason.value}"
        skipped = (*answer.skipped, Skipped(answer.provider, answer.model, why))
        return None, replace(answer, provider=EMBEDDED, model="", skipped=skipped, is_embedded=True)

    async def _aside(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Compute away from the event loop, one thing at a time: two would hold the loop up more."""
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


def _about(doubt: Doubt) -> str:
    """Return what two messages share that mean the same; what was said before counts for short ones alone."""
    words = doubt.text.split()
    return repr((" ".join(words), *(() if len(words) >= MEANT_ALONE else doubt.context)))


def _judgement(before: Judgement, verdict: Verdict) -> Judgement:
    intent = Intent(verdict.intent)
    reason = verdict.reason or (before.rationale if intent is before.intent else "")
    return before._replace(intent=intent, confidence=verdict.confidence, rationale=reason, uncertain=False)


def _cleaned(results: Sequence[Verdict], examiner: Examiner) -> dict[str, Verdict] | None:
    """Return verdicts by id, with reasons that may be shown; None when they give something away.

    Who has the model give away its prompt may have had it say anything of the others too.
    """
    if examiner.leak("\n".join(each.reason for each in results)):
        return None
    times = Counter(each.id for each in results)
    return {
        each.id: each.model_copy(update={"reason": _reason(each.reason, examiner)})
        for each in results
        if times[each.id] == 1  # which of two is meant would be a guess
    }


def _reason(text: str, examiner: Examiner) -> str:
    cleaned = examiner.clean(text)
    words = cleaned.text.split()[:MAX_RATIONALE_WORDS] if isinstance(cleaned, Passed) else []
    return " ".join(words)[:_LONGEST_REASON].strip()


async def _outcomes(
    joined: Mapping[str, asyncio.Future[Verdict | None]], seconds: float
) -> dict[str, Verdict]:
    """Return what others had judged meanwhile, as far as it comes within `seconds`."""
    if joined:
        await asyncio.wait(set(joined.values()), timeout=max(0.0, seconds))
    done = {about: future.result() for about, future in joined.items() if future.done()}
    return {about: verdict for about, verdict in done.items() if verdict is not None}
