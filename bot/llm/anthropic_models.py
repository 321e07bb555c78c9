"""What Anthropic's models can do: as the API tells, and by name where it can't be asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.llm.hosted import count_of, mapping
from bot.llm.types import Capabilities, Options, Thinking

Switch = Literal["adaptive", "enabled", "disabled", "between_tools"]
MILLION, OLD_CONTEXT = 1_000_000, 200_000
# Tokens of thinking count as output: these come on top of what an answer may have.
_HEADROOM = {"low": 2_048, "medium": 8_192, "high": 16_384}
_BUDGET = {"low": 1_024, "medium": 4_096, "high": 12_288}  # of models that are told one; 1,024 is the least


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model accepts.

    Attributes:
        switches: values of `thinking.type`.
        thinks: whether it does unless told otherwise.
        has_effort: whether `output_config.effort` is accepted.
        max_output: tokens, 0 where unknown.
    """

    capabilities: Capabilities
    switches: frozenset[Switch] = frozenset()
    thinks: bool = False
    has_effort: bool = False
    max_output: int = 0


def _traits(
    *switches: Switch,
    context: int = MILLION,
    thinks: bool = False,
    has_effort: bool = True,
    has_schema: bool = True,
) -> Traits:
    thinking = Thinking.LEVEL if {"adaptive", "enabled"} & set(switches) else Thinking.NONE
    can = Capabilities(
        context_tokens=context,
        supports_tools=True,
        supports_schema=has_schema,
        supports_vision=True,
        thinking=thinking,
    )
    return Traits(can, frozenset(switches), thinks, has_effort)


# The first prefix that fits. Sources: https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting
# and the models' own pages, 2026-11-21.
_BY_PREFIX: tuple[tuple[str, Traits], ...] = (
    ("claude-opus-5-5", _traits("adaptive", thinks=True)),
    ("claude-sonnet-5-5", _traits("adaptive", "between_tools", thinks=True)),
    ("claude-fable-", _traits("adaptive", thinks=True)),
    ("claude-mythos-", _traits("adaptive", thinks=True)),
    ("claude-haiku-5", _traits("adaptive", "disabled", thinks=True)),
    ("claude-opus-5", _traits("adaptive", "disabled", thinks=True)),
    ("claude-sonnet-5", _traits("adaptive", "disabled", thinks=True)),
    ("claude-opus-4-5", _traits("enabled", "disabled", context=OLD_CONTEXT)),
    ("claude-sonnet-4-5", _traits("enabled", "disabled", context=OLD_CONTEXT, has_effort=False)),
    ("claude-haiku-4-5", _traits("enabled", "disabled", context=OLD_CONTEXT, has_effort=False)),
    (
        "claude-opus-4-1",
        _traits("enabled", "disabled", context=OLD_CONTEXT, has_effort=False, has_schema=False),
    ),
    (
        "claude-opus-4-2",
        _traits("enabled", "disabled", context=OLD_CONTEXT, has_effort=False, has_schema=False),
    ),
    (
        "claude-sonnet-4-2",
        _traits("enabled", "disabled", context=OLD_CONTEXT, has_effort=False, has_schema=False),
    ),
    ("claude-opus-4", _traits("adaptive", "disabled")),
    ("claude-sonnet-4", _traits("adaptive", "disabled")),
    ("claude-3", _traits(context=OLD_CONTEXT, has_effort=False, has_schema=False)),
)
# A model nobody knows yet: nothing is switched, and it may think.
_UNKNOWN = Traits(
    Capabilities(context_tokens=OLD_CONTEXT, supports_tools=True, supports_schema=True, supports_vision=True),
    thinks=True,
)


def traits_by_name(model: str) -> Traits:
    """Return what a model accepts as its name tells."""
    return next((traits for prefix, traits in _BY_PREFIX if model.startswith(prefix)), _UNKNOWN)


def traits_of(info: Mapping[str, Any]) -> Traits:
    """Return what a model accepts as the API tells, which knows more than a name does."""
    named = traits_by_name(str(info.get("id")))
    told = mapping(info.get("capabilities"))
    context = count_of(info.get("max_input_tokens")) or named.capabilities.context_tokens
    max_output = count_of(info.get("max_tokens"))
    if not told:
        old = named.capabilities
        can = Capabilities(
            context,
            old.can_stream,
            old.supports_tools,
            old.supports_schema,
            old.supports_vision,
            old.thinking,
        )
        return Traits(can, named.switches, named.thinks, named.has_effort, max_output)
    thinking = mapping(told.get("thinking"))
    known: tuple[Switch, ...] = ("adaptive", "enabled", "disabled", "between_tools")
    switches = frozenset(name for name in known if _supports(mapping(thinking.get("types")), name))
    can_think = bool(switches & {"adaptive", "enabled"})
    can = Capabilities(
        context_tokens=context,
        supports_tools=True,
        supports_schema=_supports(told, "structured_outputs"),
        supports_vision=_supports(told, "image_input"),
        thinking=Thinking.LEVEL if can_think else Thinking.NONE,
    )
    # Which think unasked is not told: those that do are all among the adaptive ones.
    thinks = named.thinks or (named is _UNKNOWN and can_think)
    return Traits(can, switches, thinks, _supports(told, "effort"), max_output)


def _supports(told: Mapping[str, Any], name: str) -> bool:
    return mapping(told.get(name)).get("supported") is True


def thinking_parameters(traits: Traits, options: Options, *, after_tools: bool) -> tuple[dict[str, Any], int]:
    """Return what a request says about thinking, and the tokens that thinking adds to `max_tokens`.

    Args:
        traits: of the model.
        options: how to answer.
        after_tools: whether it goes on after tool calls. Models with a budget then want the thinking that
            came before them, which is not kept, so those go on without.
    """
    wish = options.thinking
    if wish is None:
        return {}, _HEADROOM["medium"] if traits.thinks else 0
    if wish is False:
        return _without_thinking(traits)
    level = "medium" if wish is True else wish
    if "adaptive" in traits.switches:
        found: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}
        if traits.has_effort and wish is not True:
            found["effort"] = level
        return found, _HEADROOM[level]
    if "enabled" in traits.switches and not after_tools:
        return {"thinking": {"type": "enabled", "budget_tokens": _BUDGET[level]}}, _HEADROOM[level]
    return {}, _HEADROOM["medium"] if traits.thinks else 0


def _without_thinking(traits: Traits) -> tuple[dict[str, Any], int]:
    for switch in ("disabled", "between_tools"):
        if switch in traits.switches:
            return {"thinking": {"type": switch}}, 0
    if traits.has_effort and traits.thinks:
        return {"effort": "low"}, _HEADROOM["low"]  # it can't be switched off
    return {}, _HEADROOM["medium"] if traits.thinks else 0
