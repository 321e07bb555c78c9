"""The bot's own words: templates an owner can edit, filled without interpreting them."""

import difflib
import re
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.errors import StartupError
from bot.domain.outgoing import prepare
from bot.nlp.redaction import redact

PLACEHOLDERS = ("member", "tip", "link", "reason", "channel")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


class Replies(BaseModel):
    """The content of config/replies.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_tip: str = Field("", max_length=300)
    help_request: list[str] = Field(min_length=1)
    problem_report: list[str] = Field(min_length=1)
    passed_on: list[str] = Field(min_length=1)
    staff_alert: list[str] = Field(min_length=1)
    missing_permission: list[str] = Field(min_length=1)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            StartupError: it is missing, malformed, or uses an unknown placeholder.
        """
        try:
            replies = cls.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except OSError as error:
            raise StartupError(
                f"Can't read {path}: {error.strerror}. Restore it from the repository."
            ) from None
        except yaml.YAMLError as error:
            place = getattr(error, "problem_mark", None)
            line = f":{place.line + 1}" if place else ""
            raise StartupError(
                f"{path}{line} is not valid YAML: {getattr(error, 'problem', error)}."
            ) from None
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            raise StartupError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
        for name in PLACEHOLDER_LISTS:
            for text in getattr(replies, name):
                _check(path, name, text)
        return replies

    def write(self, template: str, key: int, **values: str) -> str:
        """Fill a variant of `template`, chosen by `key`; the values are text, never markup or mentions."""
        variants: list[str] = getattr(self, template)
        values.setdefault("tip", self.default_tip)
        text = _PLACEHOLDER.sub(lambda match: values.get(match[1], ""), variants[key % len(variants)])
        return redact(prepare(re.sub(r" {2,}", " ", text).strip()))


PLACEHOLDER_LISTS = tuple(name for name in Replies.model_fields if name != "default_tip")


def _check(path: Path, name: str, text: str) -> None:
    for match in _PLACEHOLDER.finditer(text):
        if match[1] not in PLACEHOLDERS:
            near = difflib.get_close_matches(match[1], PLACEHOLDERS, 1, 0.0)[0]
            raise StartupError(
                f"{path}: {name} uses {{{match[1]}}}, which doesn't exist. Did you mean {{{near}}}?"
            )
