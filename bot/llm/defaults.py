"""What is known of Ollama's usual models before a server tells: for old servers, and to choose one.

Sizes and contexts as Ollama's library lists them (4-bit weights). A context costs memory beside the weights,
so a provider opens no more of it than a prompt needs.
"""

from dataclasses import dataclass

from bot.llm.types import Capabilities, Thinking

GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """A model's capabilities, bytes on disk (None where unknown) and what an owner should know."""

    capabilities: Capabilities
    size: int | None = None
    notes: str = ""


def _chat(
    context: int, *, tools: bool = False, vision: bool = False, thinking: Thinking = Thinking.NONE
) -> Capabilities:
    return Capabilities(
        context_tokens=context,
        supports_tools=tools,
        supports_schema=True,
        supports_vision=vision,
        thinking=thinking,
    )


DEFAULTS = {
    "gemma3:27b": ModelDefaults(
        _chat(131_072, vision=True),
        17_400_000_000,
        "the best judgement of these; wants a GPU with 24 GB, or patience; sees pictures, calls no tools",
    ),
    "gemma3:12b": ModelDefaults(
        _chat(131_072, vision=True), 8_100_000_000, "for a GPU with 12 GB; sees pictures"
    ),
    "gemma3:4b": ModelDefaults(_chat(131_072, vision=True), 3_300_000_000, "runs on a CPU; sees pictures"),
    "gemma3:1b": ModelDefaults(_chat(32_768), 815_000_000, "for small machines; short answers only"),
    "llama3.2:3b": ModelDefaults(_chat(131_072, tools=True), 2_000_000_000, "runs on a CPU; calls tools"),
    "llama3.2:1b": ModelDefaults(
        _chat(131_072, tools=True), 1_300_000_000, "for small machines; short answers only"
    ),
    "qwen3:1.7b": ModelDefaults(
        _chat(40_960, tools=True, thinking=Thinking.BOOLEAN), 1_400_000_000, "for small machines"
    ),
    "qwen3:4b": ModelDefaults(
        _chat(262_144, tools=True, thinking=Thinking.ALWAYS),
        2_500_000_000,
        "thinks before every answer, so is slow: qwen3:4b-instruct answers at once",
    ),
    "qwen3:4b-instruct": ModelDefaults(
        _chat(262_144, tools=True), 2_500_000_000, "strong for its size; runs on a CPU; calls tools"
    ),
    "qwen3:8b": ModelDefaults(
        _chat(40_960, tools=True, thinking=Thinking.BOOLEAN), 5_200_000_000, "for a GPU with 8 GB"
    ),
    "gpt-oss:20b": ModelDefaults(
        _chat(131_072, tools=True, thinking=Thinking.LEVEL),
        14_000_000_000,
        "for a GPU with 16 GB; always thinks, low at the least",
    ),
    "all-minilm": ModelDefaults(Capabilities(context_tokens=512), 46_000_000, "vectors only"),
    "nomic-embed-text": ModelDefaults(Capabilities(context_tokens=2_048), 274_000_000, "vectors only"),
}
# Ollama tells of these as of those whose thinking can be switched off. Told not to think they still do, and
# write it into the answer: https://github.com/ollama/ollama/issues/12917, /17292, /11712
_ALWAYS_THINK = {"qwen3:4b", "qwen3:30b", "qwen3:235b"}
UNKNOWN = ModelDefaults(_chat(4_096))


def plain_name(model: str) -> str:
    """Return a model's name without ":latest", which Ollama adds where no tag is given."""
    return model.removesuffix(":latest")


def thinks_always(model: str) -> bool:
    """Return whether a model that can think can't be kept from it."""
    name = plain_name(model)
    return name in _ALWAYS_THINK or "-thinking" in name


def defaults_for(model: str) -> ModelDefaults:
    """Return what is known of a model: by its name, else by its family's smallest context, else the least."""
    name = plain_name(model)
    if name in DEFAULTS:
        return DEFAULTS[name]
    family = name.partition(":")[0]
    found = [known for each, known in DEFAULTS.items() if each.partition(":")[0] == family]
    if not found:
        return UNKNOWN
    least = min(found, key=lambda known: known.capabilities.context_tokens)
    return ModelDefaults(least.capabilities)
