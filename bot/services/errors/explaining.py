"""Says in plain words what a fault means: a model's words where there is one, else a rule's."""

import asyncio
from dataclasses import replace
from typing import Final, NamedTuple

from bot.domain.outgoing import prepare
from bot.llm.fence import Item
from bot.llm.types import Options, Task
from bot.models import ErrorRecord
from bot.nlp.redaction import redact
from bot.services.writing import Writer
from bot.texts import text

MAX_LENGTH: Final = 1_500  # characters
_OPTIONS: Final = Options(max_tokens=400, temperature=0.0, thinking=False)
_LANGUAGE: Final = "English"
# The first rule that fits: words in the kind, words in what is told of it, and the text of the catalogue.
_RULES: Final = (
    ((), ("disk is full", "No space left", "almost full"), "disk_full"),
    ((), ("is locked",), "database_locked"),
    (
        ("OperationalError", "InterfaceError", "DBAPIError", "ConnectionDoesNotExist", "DatabaseAway"),
        (),
        "database_away",
    ),
    (("Forbidden", "NotPermitted"), (), "forbidden"),
    (("NotFound", "TargetGone"), (), "not_found"),
    (("HTTPException", "DiscordServerError", "RateLimited", "GatewayNotFound", "Unreachable"), (), "discord"),
    (
        ("LLMError", "ProviderUnavailable", "Unloadable", "TooSlow", "HungUp", "Served", "ModelMissing"),
        (),
        "provider",
    ),
    (("TimeoutError",), (), "timeout"),
    (("ExtensionFailed", "ExtensionNotFound", "NoEntryPointError"), (), "cog"),
    (("ModuleNotFoundError", "ImportError"), (), "missing_module"),
    (("MemoryError",), (), "memory"),
)


class Explanation(NamedTuple):
    """What a fault means; `model` is "provider/model" that wrote it, "" for a rule."""

    text: str
    model: str = ""


class Explainer:
    """Explains faults. What a model is given is what is stored: redacted, without anybody's words."""

    def __init__(self, writer: Writer, seconds: float) -> None:
        """Make it; a model has `seconds` for an explanation."""
        self._writer = writer
        self._seconds = seconds

    async def explain(self, fault: ErrorRecord, seconds: float | None = None) -> Explanation:
        """Return what a fault means.

        Args:
            fault: as it is stored.
            seconds: for a model; None: as the settings say.
        """
        if fault.explanation and fault.explained_by:
            return Explanation(fault.explanation, fault.explained_by)
        if not self._writer.asks(Task.EXPLAIN):
            return Explanation(by_rule(fault))
        limit = self._seconds if seconds is None else min(seconds, self._seconds)
        try:
            async with asyncio.timeout(limit + 1):
                return await self._asked(fault, limit)
        except TimeoutError:
            return Explanation(by_rule(fault))

    async def _asked(self, fault: ErrorRecord, seconds: float) -> Explanation:
        facts = f"{fault.kind or 'A line of the log'} in {fault.place}, {fault.count} times. {fault.about}"
        prompt = await self._writer.prompt(
            "explain",
            language=_LANGUAGE,
            subject=[Item("An error in the bot's own program, for whoever runs the bot: " + facts)],
            material=[Item(each) for each in (by_rule(fault), fault.trace) if each],
        )
        answer = await self._writer.models.complete(
            Task.EXPLAIN,
            replace(prompt, options=_OPTIONS),
            guild_id=fault.guild_id,
            fallback=lambda: "",
            deadline=seconds,
        )
        passed, answer = await self._writer.gated(answer, prompt)
        shown = redact(prepare(passed or ""))[:MAX_LENGTH].strip()
        if not shown:
            return Explanation(by_rule(fault))
        return Explanation(shown, f"{answer.provider}/{answer.model}"[:300])


def by_rule(fault: ErrorRecord) -> str:
    """Return what is known of faults of this kind, without a model."""
    for kinds, words, key in _RULES:
        if fault.kind in kinds or any(word in fault.about for word in words):
            return text(f"errors.why_{key}")
    return text("errors.why_unknown")
