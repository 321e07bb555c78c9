"""Prompts and answers in Ollama's terms."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from bot.llm.defaults import defaults_for, thinks_always
from bot.llm.errors import Refused
from bot.llm.types import Capabilities, Finish, Message, Prompt, Role, Thinking, ToolCall, ToolSpec, Usage

if TYPE_CHECKING:
    from ollama import ChatResponse, ShowResponse

Think = bool | Literal["low", "medium", "high"] | None
# Ollama counts thoughts as part of the answer: they get room of their own, or they would use up the answer's.
THINKING_TOKENS: dict[Think, int] = {None: 2_048, True: 2_048, "low": 512, "medium": 2_048, "high": 8_192}
_KEPT = {"type", "items", "description", "enum", "title"}  # what the client sends of a tool's parameter


def capabilities_of(model: str, shown: "ShowResponse") -> Capabilities:
    """Return what a model can do, as the server tells it; where it doesn't, as is known of the model."""
    known = defaults_for(model).capabilities
    info = shown.modelinfo or {}
    told = info.get(f"{info.get('general.architecture', '')}.context_length")
    context = told if isinstance(told, int) and told > 0 else known.context_tokens
    can = shown.capabilities
    if can is None:
        return Capabilities(
            context_tokens=context,
            supports_tools=known.supports_tools,
            supports_schema=known.supports_schema,
            supports_vision=known.supports_vision,
            thinking=known.thinking,
        )
    family = (shown.details.family if shown.details else "") or ""
    by_level = family == "gptoss" or "gpt-oss" in model
    switched = Thinking.ALWAYS if thinks_always(model) else Thinking.BOOLEAN
    kind = Thinking.LEVEL if by_level else switched
    return Capabilities(
        context_tokens=context,
        supports_tools="tools" in can,
        supports_schema="completion" in can,
        supports_vision="vision" in can,
        thinking=kind if "thinking" in can else Thinking.NONE,
    )


def check(model: str, prompt: Prompt, can: Capabilities) -> None:
    """Refuse what a model can't do, before it is asked.

    Raises:
        Refused: it sees no pictures, calls no tools or follows no schema.
    """
    lacks = [
        (
            any(message.images for message in prompt.messages) and not can.supports_vision,
            "see pictures",
            "gemma3:4b",
        ),
        (bool(prompt.tools) and not can.supports_tools, "call tools", "llama3.2:3b"),
        (prompt.schema is not None and not can.supports_schema, "answer in a schema", "llama3.2:3b"),
    ]
    for lacking, what, instead in lacks:
        if lacking:
            raise Refused(f"{model} can't {what}: choose a model that can, such as {instead}")


def think_for(asked: Think, kind: Thinking) -> Think:
    """Return what a model is told about thinking; None for nothing, as Ollama wants it of one that can't."""
    if kind is Thinking.ALWAYS:
        return True  # then Ollama keeps its thoughts apart, and they have room of their own
    if asked is None or kind is Thinking.NONE:
        return None
    if kind is Thinking.BOOLEAN:
        return bool(asked)
    if isinstance(asked, bool):
        return "medium" if asked else "low"  # it can't be switched off
    return asked


def answer_tokens(prompt: Prompt, think: Think, kind: Thinking) -> int:
    """Return how many tokens may be written: the answer's, and where the model thinks, its thoughts'."""
    thoughts = 0 if kind is Thinking.NONE or think is False else THINKING_TOKENS[think]
    return prompt.options.max_tokens + thoughts


def messages_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages as the client takes them."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    made = []
    for message in messages:
        said: dict[str, Any] = {"role": message.role.value, "content": message.text}
        if message.images:
            said["images"] = [image.data for image in message.images]
        if message.tool_calls:
            said["tool_calls"] = [
                {"function": {"name": call.name, "arguments": call.arguments}} for call in message.tool_calls
            ]
        if message.role is Role.TOOL:
            said["tool_name"] = names.get(message.tool_call_id, "")
        made.append(said)
    return made


def tools_of(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    """Return the tools as the client takes them; what it leaves out of a parameter goes into its words."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters)
                | {
                    "properties": {
                        name: _parameter(each) for name, each in tool.parameters.get("properties", {}).items()
                    }
                },
            },
        }
        for tool in tools
    ]


def _parameter(schema: Mapping[str, Any]) -> dict[str, Any]:
    lost = {key: value for key, value in schema.items() if key not in _KEPT}
    kept = dict(schema)
    if lost:
        words = str(schema.get("description", ""))
        kept["description"] = f"{words} (JSON schema: {json.dumps(lost, ensure_ascii=False)})".lstrip()
    return kept


def options_of(prompt: Prompt, *, num_ctx: int, num_predict: int) -> dict[str, Any]:
    """Return Ollama's options."""
    asked = prompt.options
    made: dict[str, Any] = {"num_ctx": num_ctx, "num_predict": num_predict}
    if asked.temperature is not None:
        made["temperature"] = asked.temperature
    if asked.seed is not None:
        made["seed"] = asked.seed
    if asked.stop:
        made["stop"] = list(asked.stop)
    return made


def calls_of(part: "ChatResponse") -> list[ToolCall]:
    """Return the tool calls of an answer or a part of one; the client tells no ids, so they get some."""
    return [
        ToolCall(f"call_{uuid.uuid4().hex[:12]}", call.function.name, dict(call.function.arguments))
        for call in part.message.tool_calls or ()
    ]


def usage_of(part: "ChatResponse") -> Usage:
    """Return what an answer took; a prompt that was still in memory may count as 0."""
    return Usage(part.prompt_eval_count or 0, part.eval_count or 0)


def finish_of(part: "ChatResponse", *, called: bool) -> Finish:
    """Return why an answer ended."""
    if part.done_reason == "length":
        return Finish.LENGTH
    return Finish.TOOL_CALLS if called else Finish.STOP
