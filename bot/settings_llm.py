"""The settings of language models: which, in what order for each task, how long, how many, how dear."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator, model_validator

from bot.settings_types import HttpUrl, Section

OLLAMA_PORT = 11434
EMBEDDED = "embedded"  # what answers without a model: last in every chain by itself

ProviderName = Literal["ollama", "anthropic", "openai", "transformers"]
TaskName = Literal["classify", "summarize", "reply", "explain", "route", "chat"]
PROVIDERS: tuple[ProviderName, ...] = ("ollama", "anthropic", "openai", "transformers")


def _split(value: object) -> object:
    """Take what the environment holds: links in one text, with commas between them, perhaps in brackets."""
    if not isinstance(value, str):
        return value
    inside = value.strip().removeprefix("[").removesuffix("]").strip()
    return [part.strip(" \"'") for part in inside.split(",")] if inside else []


def _known_links(links: tuple[str, ...] | None) -> tuple[str, ...] | None:
    for place, link in enumerate(links or ()):
        provider, slash, model = link.partition("/")
        if link == EMBEDDED and links and place == len(links) - 1:
            continue
        if provider not in PROVIDERS or (slash and not model.strip()):
            raise ValueError(
                f"must list providers, each alone or as provider/model, such as ollama/gemma3:27b; "
                f"they are {', '.join(PROVIDERS)} ({EMBEDDED} is always last by itself)"
            )
    return links


Links = Annotated[tuple[str, ...] | None, BeforeValidator(_split), AfterValidator(_known_links)]
Model = Annotated[str | None, Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class LlmModels(Section):
    """The provider's model for each task; None is the provider's own."""

    classify: Model = None
    summarize: Model = None
    reply: Model = None
    explain: Model = None
    route: Model = None
    chat: Model = None


class LlmChains(Section):
    """Who is asked for each task, in this order; None is the provider alone."""

    classify: Links = None
    summarize: Links = None
    reply: Links = None
    explain: Links = None
    route: Links = None
    chat: Links = None


class LlmDeadlines(Section):
    """Seconds for a whole answer, with every link that is tried."""

    classify: Seconds = 10
    summarize: Seconds = 60
    reply: Seconds = 30
    explain: Seconds = 30
    route: Seconds = 10
    chat: Seconds = 60


class LlmConcurrency(Section):
    """Calls at the same time, for each provider."""

    ollama: int = Field(2, ge=1, le=256)
    anthropic: int = Field(8, ge=1, le=256)
    openai: int = Field(8, ge=1, le=256)
    transformers: int = Field(1, ge=1, le=16)


class LlmBreaker(Section):
    """When a provider that fails is left in peace, and for how long."""

    failures: int = Field(5, ge=1, le=1_000)
    window_seconds: float = Field(60, gt=0, le=3_600)
    consecutive: int = Field(3, ge=1, le=1_000)  # without an answer between them, however far apart
    open_seconds: float = Field(30, gt=0, le=3_600)


class LlmCeilings(Section):
    """What hosted providers may take in a UTC day; None is no ceiling."""

    usd_per_day_guild: float | None = Field(1.0, ge=0)
    usd_per_day: float | None = Field(5.0, ge=0)
    tokens_per_day_guild: int | None = Field(500_000, ge=0)
    tokens_per_day: int | None = Field(2_000_000, ge=0)


class LlmPrice(Section):
    """US dollars for a million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class LlmAbilities(Section):
    """What a model can do."""

    context_tokens: int = Field(4_096, ge=256)
    tools: bool = False
    json_answers: bool = False  # by a schema
    vision: bool = False
    thinking: Literal["none", "boolean", "level"] = "none"


class LlmSettings(Section):
    """The language models; without one the bot works in embedded mode."""

    provider: Literal["none", "ollama", "anthropic", "openai", "transformers"] = "none"
    api_key: SecretStr | None = None
    ollama_host: HttpUrl = f"http://127.0.0.1:{OLLAMA_PORT}"
    ollama_model: str = Field("llama3.2:3b", min_length=1)
    ollama_keep_alive: str = Field("5m", pattern=r"^-?\d+(\.\d+)?(ms|s|m|h)?$")
    anthropic_api_key: SecretStr | None = None
    anthropic_base_url: HttpUrl = None
    anthropic_model: str = Field("claude-haiku-4-5", min_length=1)
    openai_api_key: SecretStr | None = None
    openai_base_url: HttpUrl = None
    openai_model: str = Field("gpt-4.1-mini", min_length=1)
    openai_abilities: Mapping[str, LlmAbilities] = {}  # by patterns of models' names
    transformers_model: Model = None
    models: LlmModels = LlmModels()
    chains: LlmChains = LlmChains()
    observer_mode: Literal["embedded", "cascade", "llm"] = "cascade"
    deadlines: LlmDeadlines = LlmDeadlines()
    link_share: float = Field(0.6, gt=0, lt=1)  # of the time left, while another link could be asked after
    concurrency: LlmConcurrency = LlmConcurrency()
    queue_size: int = Field(200, ge=0, le=100_000)  # calls waiting for each provider
    breaker: LlmBreaker = LlmBreaker()
    ceilings: LlmCeilings = LlmCeilings()
    prices: Mapping[str, LlmPrice] = {}  # by models' names; "unknown" is for all that have none
    cache_size: int = Field(1_000, ge=0, le=1_000_000)  # answers; 0: none are kept
    cache_minutes: float = Field(60, gt=0, le=1_440)

    @field_validator("ollama_host", mode="before")
    @classmethod
    def _complete_host(cls, value: object) -> object:
        """Accept what Ollama's own OLLAMA_HOST accepts: no scheme, no port, 0.0.0.0."""
        if not isinstance(value, str):
            return value
        url = value.rstrip("/") if "://" in value else f"http://{value.rstrip('/')}"
        if re.fullmatch(r"http://(?:\[[^\]]*\]|[^:/]*)", url):
            url = f"{url}:{OLLAMA_PORT}"
        return url.replace("//0.0.0.0", "//127.0.0.1", 1)

    @field_validator(
        *("models", "chains", "deadlines", "concurrency", "breaker", "ceilings"),
        *("openai_abilities", "prices"),
        mode="before",
    )
    @classmethod
    def _nothing_is_the_defaults(cls, value: object) -> object:
        """Take a section with every line commented out, which reads as null."""
        return {} if value is None else value

    @field_validator("api_key", "anthropic_api_key", "openai_api_key")
    @classmethod
    def _strip_key(cls, key: SecretStr | None) -> SecretStr | None:
        text = key.get_secret_value().strip() if key else ""
        return SecretStr(text) if text else None

    @model_validator(mode="after")
    def _every_link_has_a_model(self) -> "LlmSettings":
        for task in LlmChains.model_fields:
            if any(not model for _, model in self.links(task)):
                raise ValueError(
                    f"names transformers for the task {task} and no model: set llm.transformers_model to a "
                    "folder or a name on the hub"
                )
        return self

    def links(self, task: str) -> tuple[tuple[str, str], ...]:
        """Return who is asked for `task`, in order: (provider, model) pairs; () is embedded mode."""
        chain: tuple[str, ...] | None = getattr(self.chains, task)
        if chain is None:
            chain = () if self.provider == "none" else (self.provider,)
        split = (link.partition("/") for link in chain if link != EMBEDDED)
        return tuple((provider, model or self._model_of(provider, task)) for provider, _, model in split)

    def wanted(self) -> dict[str, tuple[str, ...]]:
        """Return the models that chains name, by provider, in their order; {} is embedded mode."""
        found: dict[str, dict[str, None]] = {}
        for task in LlmChains.model_fields:
            for provider, model in self.links(task):
                found.setdefault(provider, {})[model] = None
        return {provider: tuple(models) for provider, models in found.items()}

    def key_of(self, provider: str) -> SecretStr | None:
        """Return a provider's key: its own, else `api_key`, which belongs to no other than `provider`."""
        own: SecretStr | None = getattr(self, f"{provider}_api_key", None)
        return own or (self.api_key if provider == self.provider else None)

    def secrets(self) -> list[str]:
        """Return every key that is set."""
        keys = (self.api_key, self.anthropic_api_key, self.openai_api_key)
        return [key.get_secret_value() for key in keys if key]

    def _model_of(self, provider: str, task: str) -> str:
        for_task: str | None = getattr(self.models, task) if provider == self.provider else None
        return for_task or getattr(self, f"{provider}_model") or ""
