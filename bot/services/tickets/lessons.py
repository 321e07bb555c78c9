"""What a solved ticket could teach: question and answer, drawn by a model or picked from what was said."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from loguru import logger
from pydantic import BaseModel, ConfigDict

from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import prepare
from bot.domain.tickets import Role
from bot.llm.chain import LanguageModels
from bot.llm.fence import Item
from bot.llm.gate import OutputGate, Passed
from bot.llm.prompts import Prompts
from bot.llm.types import Options, Prompt, Task
from bot.models import Ticket
from bot.services.tickets.transcripts import Said
from bot.services.training.drafts import MAX_ANSWER, MAX_CATEGORY, MAX_QUESTION
from bot.services.writing import BOT
from bot.texts import text

MODEL, PICKED = "model", "picked"
MAX_LINES: Final = 100  # messages a model is shown, the newest
SHOWN: Final = 600  # characters of a text in a proposal
_OPTIONS: Final = Options(max_tokens=1_200, temperature=0.0, thinking=False)
_SHORT: Final = 20  # characters; shorter ones answer nothing


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and its answer as they are proposed to staff.

    Attributes:
        sources: ids of the messages it was drawn from; once one is deleted or edited it no longer holds.
        by: who drew it.
    """

    question: str
    answer: str
    category: str
    sources: tuple[int, ...]
    by: str

    def kept(self) -> dict[str, Any]:
        """Return it as a ticket's event keeps it."""
        return {
            "question": self.question,
            "answer": self.answer,
            "category": self.category,
            "sources": [str(each) for each in self.sources],
            "by": self.by,
        }

    @classmethod
    def of_kept(cls, kept: dict[str, Any]) -> Self:
        """Return what `kept` was made of."""
        sources = tuple(int(each) for each in kept["sources"])
        return cls(kept["question"], kept["answer"], kept["category"], sources, kept["by"])

    def shown(self, ticket: Ticket, *, may_show: bool) -> str:
        """Return the proposal as staff see it; without its text where not all of them may read that."""
        link = f"<#{ticket.thread_id}>"
        if not may_show:
            return text("ticket_closing.lesson_hidden", thread=link)
        private = "\n" + text("ticket_closing.lesson_private") if ticket.is_private else ""
        return (
            f"{text('ticket_closing.lesson_source', thread=link)}{private}\n"
            f"{text('ticket_closing.lesson_question')}\n{_quoted(self.question)}\n"
            f"{text('ticket_closing.lesson_answer')}\n{_quoted(self.answer)}"
        )


class Drawn(BaseModel):
    """What a model says."""

    model_config = ConfigDict(extra="forbid")

    teachable: bool
    question: str
    answer: str
    used: list[str]


class LessonWriter:
    """Asks a model for a lesson, and picks one itself where it can't; the gate checks what leaves."""

    def __init__(self, models: LanguageModels, prompts: Prompts, gate: OutputGate, seconds: float) -> None:
        """Prepare; `seconds` are what a model may take."""
        self._models = models
        self._prompts = prompts
        self._gate = gate
        self._seconds = seconds

    async def draw(self, ticket: Ticket, said: Sequence[Said], category: str) -> Lesson | None:
        """Return a lesson; None when staff answered nothing that could be taught."""
        picked = pick(ticket, said, category)
        if picked is None or not self._models.links(Task.SUMMARIZE):
            return picked
        lines = [each for each in said if each.text.strip()][-MAX_LINES:]
        ids = {f"{each.role}{number}": each for number, each in enumerate(lines, 1)}
        asked = Item(f"{ticket.title}\n{ticket.question}", ticket.opener_name, "question")
        items = [asked, *(Item(each.text, each.author, name) for name, each in ids.items())]
        prompt = await asyncio.to_thread(self._prompts.render, "teach", bot=BOT, messages=items)
        prompt = Prompt(prompt.messages, options=_OPTIONS)
        answer = await self._models.complete(
            Task.SUMMARIZE,
            prompt,
            guild_id=ticket.guild_id,
            fallback=lambda: Drawn(teachable=False, question="", answer="", used=[]),
            schema_model=Drawn,
            deadline=self._seconds,
            background=True,
        )
        if answer.is_embedded or not isinstance(answer.parsed, Drawn):
            return picked
        if not answer.parsed.teachable:
            return None
        used = [ids[each] for each in answer.parsed.used if each in ids]
        texts = [
            await asyncio.to_thread(self._gate.check, each, prompt)
            for each in (answer.parsed.question, answer.parsed.answer)
        ]
        passed = [each.text for each in texts if isinstance(each, Passed)]
        if len(passed) < len(texts) or not any(each.role == Role.STAFF for each in used):
            logger.bind(guild_id=ticket.guild_id).warning(
                "What {} drew from ticket {} is not proposed", answer.model, ticket.number
            )
            return picked
        question, told = " ".join(passed[0].split())[:MAX_QUESTION], passed[1][:MAX_ANSWER]
        # Whatever was said may have gone into its words, not only what it names.
        return Lesson(
            question, told, category[:MAX_CATEGORY], tuple(each.message_id for each in lines), MODEL
        )


def pick(ticket: Ticket, said: Sequence[Said], category: str) -> Lesson | None:
    """Return the opener's question and the longest answer of staff; None where staff said nothing of use."""
    answers = [
        each
        for each in said
        if each.role == Role.STAFF
        and len(each.text.strip()) >= _SHORT
        and not each.text.rstrip().endswith("?")
    ]
    if not answers:
        return None
    best = max(answers, key=lambda each: len(each.text))
    question = " ".join((ticket.question.strip() or ticket.title).split())[:MAX_QUESTION]
    return Lesson(
        question, best.text.strip()[:MAX_ANSWER], category[:MAX_CATEGORY], (best.message_id,), PICKED
    )


def _quoted(words: str) -> str:
    cut = words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
    return "\n".join(f"> {line}" for line in prepare(escape_markdown(cut)).split("\n"))
