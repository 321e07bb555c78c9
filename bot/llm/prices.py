"""What hosted models cost: US dollars per million tokens, from config/prices.yaml and the settings.

A ceiling must never fail open: a model whose price is not known costs as much as the dearest.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.errors import StartupError
from bot.domain.yaml_text import load_yaml
from bot.llm.types import Usage

PRICES_FILE = "prices.yaml"
_FormT = TypeVar("_FormT", bound=BaseModel)
_MILLION = 1_000_000
# How providers name the dated versions of a model, which cost the same: -20251001, -2025-08-07, -latest.
_SNAPSHOT = re.compile(r"-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LongPrice(_Form):
    """What every token of a request costs whose prompt is longer than `over` tokens."""

    over: int = Field(gt=0)
    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)


class Price(_Form):
    """US dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    long: LongPrice | None = None

    def of(self, usage: Usage) -> float:
        """Return what a call cost, in US dollars."""
        rate: Price | LongPrice = self
        if self.long and usage.input_tokens > self.long.over:
            rate = self.long
        return (usage.input_tokens * rate.input + usage.output_tokens * rate.output) / _MILLION


class _File(_Form):
    unknown: Price
    models: dict[str, Price]


class Prices:
    """The prices of hosted models by name; a dated version costs what its model costs."""

    def __init__(self, models: Mapping[str, Price], unknown: Price) -> None:
        self._models = dict(models)
        self.unknown = unknown

    @classmethod
    def read(cls, path: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Self:
        """Return the prices of a file; `overrides` are the settings', whose "unknown" is for all others.

        Raises:
            StartupError: they are unreadable or no prices; the text says which.
        """
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise StartupError(f"{path} can't be read; it comes with the bot: fetch it again") from None
        try:
            form = load_yaml(text)
        except yaml.YAMLError:
            raise StartupError(f"{path} is not YAML") from None
        file = _checked(_File, form, str(path))
        own = {
            name: _checked(Price, form, f"the price of {name}") for name, form in (overrides or {}).items()
        }
        unknown = own.pop("unknown", file.unknown)
        return cls({**file.models, **own}, unknown)

    def __contains__(self, model: str) -> bool:
        return self._find(model) is not None

    def of(self, model: str) -> Price:
        """Return what a model costs, that of the dearest where nobody says."""
        return self._find(model) or self.unknown

    def cost_of(self, model: str, usage: Usage) -> float:
        """Return what a call took in US dollars."""
        return self.of(model).of(usage)

    def _find(self, model: str) -> Price | None:
        # No prefixes: gpt-5-pro costs a hundred times what gpt-5-nano costs.
        return self._models.get(model) or self._models.get(_SNAPSHOT.sub("", model))


def _checked(kind: type[_FormT], form: Any, what: str) -> _FormT:
    try:
        return kind.model_validate(form)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StartupError(f"{what}: {where + ': ' if where else ''}{first['msg']}") from None
