"""What goes to a language model and what comes back, the same for every provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

MOST_TOKENS = 100_000_000  # of a call: more than any model reads or writes
MOST_COST = 10_000.0  # US dollars, of a call


class Task(StrEnum):
    """What a feature wants done; each has its own chain of providers."""

    CLASSIFY = "classify"
    SUMMARIZE = "summarize"
    REPLY = "reply"
    EXPLAIN = "explain"
    ROUTE = "route"
    CHAT = "chat"


class Role(StrEnum):
    """Who says a message of a conversation with a model."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"  # what a tool returned


class Thinking(StrEnum):
    """How a model's thinking is switched."""

    NONE = "none"  # it has none
    BOOLEAN = "boolean"  # on or off
    LEVEL = "level"  # low, medium, high
    ALWAYS = "always"  # never off, whatever it is told


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"  # cut at max_tokens
    TOOL_CALLS = "tool_calls"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture for a model that sees."""

    data: bytes
    media_type: str  # such as image/png


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool a model wants called."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool a model may call; `parameters` is a JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation with a model."""

    role: Role
    text: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()  # of an assistant
    tool_call_id: str = ""  # of a tool: which call this answers


@dataclass(frozen=True, slots=True)
class Options:
    """How to answer.

    Attributes:
        max_tokens: of the answer.
        temperature: None for the model's own.
        thinking: None for the model's own; False switches it off where that can be done.
        seed: for the same answer again, where the provider can.
    """

    max_tokens: int = 1_024
    temperature: float | None = None
    thinking: bool | Literal["low", "medium", "high"] | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


Schema = Mapping[str, Any]  # a JSON schema


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked.

    Attributes:
        messages: the conversation, system messages first.
        schema: that the answer's text must fit; whoever asks validates.
        tools: what the model may call.
    """

    messages: Sequence[Message]
    schema: Schema | None = None
    tools: Sequence[ToolSpec] = ()
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a call took."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0  # US dollars; 0 on the owner's machine

    def __post_init__(self) -> None:
        """Keep what servers tell within what can be: it is summed up, and stored in columns that end."""
        object.__setattr__(self, "input_tokens", min(max(self.input_tokens, 0), MOST_TOKENS))
        object.__setattr__(self, "output_tokens", min(max(self.output_tokens, 0), MOST_TOKENS))
        object.__setattr__(self, "cost", min(self.cost, MOST_COST) if self.cost > 0 else 0.0)  # NaN is not


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer."""

    text: str
    model: str
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = field(default_factory=Usage)
    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True)
class TextChunk:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingChunk:
    """More of what nobody is to see."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallChunk:
    """A tool call, whole."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class DoneChunk:
    """The end of an answer, exactly once and last; a stream that ends without it was cut off."""

    usage: Usage
    finish: Finish


Chunk = TextChunk | ThinkingChunk | ToolCallChunk | DoneChunk


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do, as its provider declares it."""

    context_tokens: int = 4_096
    can_stream: bool = True
    supports_tools: bool = False
    supports_schema: bool = False
    supports_vision: bool = False
    thinking: Thinking = Thinking.NONE


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model a provider has.

    Attributes:
        size: bytes, None where unknown.
        loaded: in memory now.
    """

    name: str
    capabilities: Capabilities = field(default_factory=Capabilities)
    size: int | None = None
    loaded: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """How a provider is; `detail` is for people and says the fix when something is wrong."""

    ok: bool
    detail: str
    missing: tuple[str, ...] = ()  # models that are configured and not there
