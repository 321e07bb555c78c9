"""A writer over a real chain, prompts and gate; only the models are scripted."""

import json
from typing import Any

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.llm.embedded import EmbeddedAnswers
from bot.llm.gate import OutputGate
from bot.llm.prompts import Prompts
from bot.llm.types import Prompt
from bot.nlp.redaction import redact
from bot.nlp.summary import summarize_lines
from bot.services.verdicts import Doubt
from bot.services.writing import Writer
from tests.llm.golden_prompts import CANARY, PROMPTS
from tests.unit.llm.chain_support import Bench, ScriptedProvider, Step

SO_FAR = Judgement(
    Purpose.SUPPORT, Sentiment.NEGATIVE, -0.4, Urgency.MEDIUM, 0.2, Intent.OTHER, 0.6, "", "en", True
)


def writer_over(
    bench: Bench, *providers: ScriptedProvider, prompts: Prompts | None = None, **settings: Any
) -> Writer:
    """Return a writer that asks these providers in this order."""
    gate = OutputGate(("topsecrettokenofthebot",), CANARY, redact=redact)
    llm = bench.chain(*providers, **settings)
    return Writer(llm, prompts or Prompts(PROMPTS, CANARY), gate, EmbeddedAnswers(summarize_lines))


def verdict(number: int = 1, intent: str = "help_request", **values: Any) -> dict[str, Any]:
    """What a model says of the `number`th message of a call."""
    return {"id": f"m{number}", "intent": intent, "confidence": 0.9, "reason": "how do I"} | values


def verdicts(*each: dict[str, Any], after: float = 0.0) -> Step:
    """A model's answer to a call."""
    return Step(json.dumps({"results": each}), after=after)


def doubt(number: int = 0, text: str = "and how would one start that thing", **values: Any) -> Doubt:
    return Doubt(f"k{number}", text, (), "Ada", SO_FAR)._replace(**values)


def system_of(prompt: Prompt) -> str:
    return prompt.messages[0].text


def user_of(prompt: Prompt) -> str:
    return prompt.messages[1].text
