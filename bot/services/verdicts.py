"""What a language model says of messages, and what is made of it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.signal import MAX_RATIONALE_WORDS, Intent, Judgement
from bot.llm.gate import Examiner, Passed

MEANT_ALONE: Final = 4  # words from which a text is taken to mean the same wherever it is said
_LONGEST_REASON: Final = 300  # characters, as the column has them

_FLAGS = Literal["help_request", "problem_report", "other"]


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


def about(doubt: Doubt) -> str:
    """Return what two messages share that mean the same; what was said before counts for short ones alone."""
    words = doubt.text.split()
    return repr((" ".join(words), *(() if len(words) >= MEANT_ALONE else doubt.context)))


def judgement_of(before: Judgement, verdict: Verdict) -> Judgement:
    """Return what was thought of a message before, with what a model says of it."""
    intent = Intent(verdict.intent)
    reason = verdict.reason or (before.rationale if intent is before.intent else "")
    return before._replace(intent=intent, confidence=verdict.confidence, rationale=reason, uncertain=False)


def cleaned(results: Sequence[Verdict], examiner: Examiner) -> dict[str, Verdict] | None:
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
    verdict = examiner.clean(text)
    words = verdict.text.split()[:MAX_RATIONALE_WORDS] if isinstance(verdict, Passed) else []
    return " ".join(words)[:_LONGEST_REASON].strip()


async def outcomes(
    joined: Mapping[str, asyncio.Future[Verdict | None]], seconds: float
) -> dict[str, Verdict]:
    """Return what others had judged meanwhile, as far as it comes within `seconds`."""
    if joined:
        await asyncio.wait(set(joined.values()), timeout=max(0.0, seconds))
    ended = {key: future for key, future in joined.items() if future.done() and not future.cancelled()}
    done = {key: future.result() for key, future in ended.items()}
    return {key: verdict for key, verdict in done.items() if verdict is not None}
