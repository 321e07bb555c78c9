"""Makes the providers that the settings name. Their libraries are imported at the first call."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from bot.llm.ports import Price
from bot.llm.provider import LLMProvider
from bot.llm.types import Capabilities, Thinking
from bot.settings import LlmSettings, NlpSettings

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "": 1.0}
_DURATION: Final = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m|h)?")


class Built(NamedTuple):
    """The providers by name, and what a (provider, model) of them costs: None where nobody says."""

    providers: dict[str, LLMProvider]
    price_of: Callable[[str, str], Price | None]


def build_providers(
    llm: LlmSettings, nlp: NlpSettings, prices_file: Path, *, max_context: int | None = None
) -> Built:
    """Return the providers that any chain names; without one nothing is read or imported.

    Args:
        llm: names them.
        nlp: says where models of this machine are.
        prices_file: what hosted models cost.
        max_context: tokens that Ollama makes room for at most; None for what a model reads.

    Raises:
        StartupError: there are no prices to read for a provider that costs.
    """
    wanted = llm.wanted()
    providers: dict[str, LLMProvider] = {}
    price_of: Callable[[str, str], Price | None] = _unknown
    if "ollama" in wanted:
        from bot.llm.ollama import OllamaProvider

        keep_alive = seconds_of(llm.ollama_keep_alive)
        providers["ollama"] = OllamaProvider(
            str(llm.ollama_host), keep_alive=keep_alive, max_context=max_context
        )
    if "transformers" in wanted:
        from bot.llm.transformers import Local, TransformersProvider

        local = Local(nlp.models_folder, allow_download=nlp.allow_download, threads=nlp.threads)
        providers["transformers"] = TransformersProvider(local)
    if wanted.keys() & {"anthropic", "openai"}:
        hosted, price_of = _hosted(llm, prices_file)
        providers |= {name: provider for name, provider in hosted.items() if name in wanted}
    return Built({name: providers[name] for name in wanted}, price_of)


def seconds_of(duration: str) -> float:
    """Return the seconds of a duration such as "5m", as Ollama reads it: without a unit they are seconds."""
    match = _DURATION.fullmatch(duration)
    if match is None:  # the settings have checked
        raise ValueError(f"{duration} is no duration")
    return float(match[1]) * _UNITS[match[2] or ""]


def _hosted(
    llm: LlmSettings, prices_file: Path
) -> tuple[dict[str, LLMProvider], Callable[[str, str], Price | None]]:
    from bot.llm.anthropic import AnthropicProvider
    from bot.llm.openai import OpenAICompatibleProvider
    from bot.llm.prices import Prices

    own = {model: price.model_dump() for model, price in llm.prices.items()}
    prices = Prices.read(prices_file, own)

    def price_of(_provider: str, model: str) -> Price | None:
        # A prompt's length isn't known beforehand, so the dearer of two rates counts.
        price = prices.of(model)
        rates = (price, price.long) if price.long else (price,)
        return Price(max(each.input for each in rates), max(each.output for each in rates))

    return {
        "anthropic": AnthropicProvider(
            _key(llm, "anthropic") or "", prices=prices, base_url=llm.anthropic_base_url
        ),
        "openai": OpenAICompatibleProvider(
            _key(llm, "openai"),
            prices=prices,
            base_url=llm.openai_base_url,
            declared={pattern: _capabilities(llm, pattern) for pattern in llm.openai_abilities},
        ),
    }, price_of


def _capabilities(llm: LlmSettings, pattern: str) -> Capabilities:
    told = llm.openai_abilities[pattern]
    return Capabilities(
        context_tokens=told.context_tokens,
        supports_tools=told.tools,
        supports_schema=told.json_answers,
        supports_vision=told.vision,
        thinking=Thinking(told.thinking),
    )


def _key(llm: LlmSettings, provider: str) -> str | None:
    key = llm.key_of(provider)
    return key.get_secret_value() if key else None


def _unknown(_provider: str, _model: str) -> Price | None:
    return None
