"""What is answered: by a script, else in words that say plainly that no model wrote them."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.scripted import Rules

SCRIPTED = "These words are scripted: this is a loopback server and no model wrote them."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an answer, read.

    Attributes:
        prompt: the last words of the user.
        system: all system messages, by lines.
        schema: a JSON schema, None where none was asked for.
        body: the request as it came.
    """

    path: str
    model: str
    prompt: str
    system: str
    schema: Mapping[str, Any] | None
    body: Mapping[str, Any]

    @property
    def prompt_tokens(self) -> int:
        """About how many tokens the messages have."""
        return 1 + len(json.dumps(self.body.get("messages", []))) // 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says.

    Attributes:
        tool_calls: name and arguments of each; a text is sent as it is, also where it is no JSON.
        pieces: the text as it is streamed; None for word by word.
        done_reason: "stop", "length" for an answer that was cut, "refusal"; None: as the answer is.
        thinking_field: how a server like OpenAI's sends it: "reasoning_content", "reasoning" or "inline".
        has_usage: whether tokens are told.
        cost: told in the usage, as OpenRouter does; None for not.
        wait: what to wait for before anything is said, such as an event's `wait`.
    """

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    pieces: tuple[str, ...] | None = None
    done_reason: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    thinking_field: str = "reasoning_content"
    has_usage: bool = True
    cost: float | None = None
    wait: Callable[[], Awaitable[object]] | None = None

    @property
    def written_tokens(self) -> int:
        """About how many tokens it has."""
        if self.output_tokens is not None:
            return self.output_tokens
        return 1 + len(f"{self.text}{self.thinking}{self.tool_calls or ''}") // 4


class Script(Rules):
    """The rules of one server, first match first."""

    async def answer(self, asked: Asked) -> Answer:
        """Return what is said to a request."""
        said = await self.said(asked)
        if said is not None:
            return said if isinstance(said, Answer) else Answer(said)
        if asked.schema is not None:
            return Answer(json.dumps(smallest(asked.schema, asked.schema)))
        return Answer(f"{SCRIPTED} {asked.model} was asked {len(asked.prompt.split())} words.")


def pieces_of(answer: Answer) -> list[str]:
    """Return the text as it is streamed: word by word unless the answer says how."""
    return re.findall(r"\s*\S+|\s+$", answer.text) if answer.pieces is None else list(answer.pieces)


def halves(text: str) -> list[str]:
    """Return a text in two pieces, to be put together by who reads it."""
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def smallest(schema: Any, root: Mapping[str, Any]) -> Any:
    """Return a small instance of a schema that does not need itself; limits and patterns are not followed."""
    if not isinstance(schema, Mapping):
        return None
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "$ref" in schema:
        return smallest(root.get("$defs", {}).get(str(schema["$ref"]).rpartition("/")[2]), root)
    alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    return smallest(alternatives[0], root) if alternatives else _of_type(schema, root)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name), root) for name in schema.get("required", ())}
    if kind == "array":
        return [smallest(schema.get("items"), root)] * schema.get("minItems", 0)
    plain: dict[Any, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}
    return plain.get(kind)
