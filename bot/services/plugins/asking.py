"""Asks language models for plugins: by the owner's chain and budget, through the bot's prompt and gate."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, TypeVar

from loguru import logger
from pydantic import BaseModel, ValidationError

from bot.llm.fence import Item
from bot.llm.gate import Passed
from bot.llm.tool_policy import ToolRule, allowed_calls, policy_for
from bot.llm.types import Message, Options, Prompt, Role, Task, ToolCall
from bot.plugin_api.parts import Material
from bot.services.writing import Writer

ModelT = TypeVar("ModelT", bound=BaseModel)
MAX_INSTRUCTIONS: Final = 6_000  # characters
MAX_ROUNDS: Final = 3  # in which a model may use tools
MAX_TOOL_TEXT: Final = 4_000  # characters that a tool may return
TASK: Final = Task.CHAT


class Tools(NamedTuple):
    """What models may use, and how it is done: the answer is a tool's text."""

    rules: Sequence[ToolRule]
    use: Callable[[ToolCall], Awaitable[str]]


class _Nothing(BaseModel):
    """What is answered when no model does."""


class PluginLanguage:
    """What plugins have models do."""

    def __init__(self, writer: Writer, deadline: float) -> None:
        self._writer = writer
        self._deadline = deadline

    async def complete(
        self,
        guild_id: int,
        instructions: str,
        material: Sequence[Material],
        max_tokens: int,
        tools: Tools | None = None,
    ) -> str | None:
        """Return what a model writes, None where none answers or its answer may not be shown."""
        if not self._writer.asks(TASK):
            return None
        prompt = await self._prompt(instructions, material, Options(max_tokens=max_tokens, thinking=False))
        if tools is not None:
            policy = policy_for(tools.rules, TASK, ())
            prompt = replace(prompt, tools=policy.tools)
        until = asyncio.get_running_loop().time() + self._deadline
        for _ in range(MAX_ROUNDS):
            answer = await self._writer.models.complete(
                TASK,
                prompt,
                guild_id=guild_id,
                fallback=lambda: "",
                deadline=max(0.0, until - asyncio.get_running_loop().time()),
                is_unique=True,
            )
            if answer.is_embedded:
                return None
            if not answer.tool_calls or tools is None:
                text, _ = await self._writer.gated(answer, prompt)
                return text
            prompt = await self._with_results(prompt, answer.text, answer.tool_calls, tools)
        logger.bind(guild_id=guild_id).info("A model went on using tools; its answer is not waited for")
        return None

    async def fill(
        self, guild_id: int, model: type[ModelT], instructions: str, material: Sequence[Material]
    ) -> ModelT | None:
        """Return what a model writes as a `model`, each of its texts gated; None as in `complete`."""
        if not self._writer.asks(TASK):
            return None
        prompt = await self._prompt(instructions, material, Options(max_tokens=1_500, thinking=False))
        answer = await self._writer.models.complete(
            TASK,
            prompt,
            guild_id=guild_id,
            fallback=_Nothing,
            schema_model=model,
            deadline=self._deadline,
            is_unique=True,
        )
        if answer.is_embedded or not isinstance(answer.parsed, model):
            return None
        filled = answer.parsed.model_dump()
        examiner = self._writer.examiner(prompt)
        refused: list[str] = []

        def pass_on(text: str) -> str:
            if not text.strip():
                return text
            verdict = examiner.check(text)
            if isinstance(verdict, Passed):
                return verdict.text
            refused.append(verdict.reason.value)
            return ""

        gated = await self._writer.aside(_each_text, filled, pass_on)
        if refused:
            logger.warning("What {} filled in is not shown ({})", answer.model, refused[0])
            return None
        try:
            return model.model_validate(gated)
        except ValidationError:  # the gate took so much that it doesn't fit any more
            return None

    async def _prompt(self, instructions: str, material: Sequence[Material], options: Options) -> Prompt:
        if len(instructions) > MAX_INSTRUCTIONS:
            raise ValueError(
                f"the instructions have {len(instructions):,} characters; {MAX_INSTRUCTIONS:,} at most"
            )
        items = [Item(each.text, each.author) for each in material]
        prompt = await self._writer.prompt("plugin", material=items)
        system, *rest = prompt.messages
        system = replace(system, text=f"{system.text}\n\nThe task:\n{instructions}")
        return replace(prompt, messages=(system, *rest), options=options)

    async def _with_results(
        self, prompt: Prompt, text: str, calls: Sequence[ToolCall], tools: Tools
    ) -> Prompt:
        """Return the prompt with what tools returned, each as material and fenced like all of it."""
        sifted = allowed_calls(calls, policy_for(tools.rules, TASK, ()))
        told: list[Message] = []
        for call in sifted.allowed:
            result = (await tools.use(call))[:MAX_TOOL_TEXT]
            fenced = await self._writer.prompt("plugin", material=[Item(result)])
            told.append(Message(Role.TOOL, fenced.messages[-1].text, tool_call_id=call.id))
        for call, reason in sifted.dropped:
            told.append(Message(Role.TOOL, f"not done: {reason}", tool_call_id=call.id))
        asked = Message(Role.ASSISTANT, text, tool_calls=tuple(calls))
        return replace(prompt, messages=(*prompt.messages, asked, *told))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: _each_text(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(each, change) for each in value]
    return value
