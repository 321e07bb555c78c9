"""The bot's own words: templates an owner can edit, filled without interpreting them."""

import difflib
import re
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from bot.domain.errors import StartupError
from bot.domain.outgoing import prepare
from bot.domain.yaml_text import load_yaml
from bot.nlp.redaction import redact

PLACEHOLDERS = ("member", "tip", "link", "reason", "channel")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
MAX_LENGTH = 1_200  # characters; what is filled in must fit into a message of 2,000 with it
Variants = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LENGTH)]],
    Field(min_length=1),
]


class Replies(BaseModel):
    """The content of config/replies.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    default_tip: str = Field("", max_length=300)
    help_request: Variants
    problem_report: Variants
    passed_on: Variants
    staff_alert: Variants
    missing_permission: Variants

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file.

        Raises:
            StartupError: it is missing, malformed, or uses an unknown placeholder.
        """
        try:
            replies = cls.model_validate(load_yaml(path.read_text("utf-8")))
        except OSError as error:
            raise StartupError(
                f"Can't read {path}: {error.strerror}. Restore it from the repository."
            ) from None
        except UnicodeDecodeError:
            raise StartupError(f"{path} is not encoded as UTF-8. Save it as UTF-8 in your editor.") from None
        except yaml.YAMLError as error:
            place = getattr(error, "problem_mark", None)
            line = f":{place.line + 1}" if place else ""
            raise StartupError(
                f"{path}{line} is not valid YAML: {getattr(error, 'problem', error)}."
            ) from None
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            if not first["loc"]:
                raise StartupError(f"{path}: must be a mapping such as `passed_on: [...]`.") from None
            raise StartupError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from None
        for name in PLACEHOLDER_LISTS:
            for text in getattr(replies, name):
                _check(path, name, text)
        return replies

    @property
    def texts(self) -> list[str]:
        """Every text, its placeholders not filled."""
        return [self.default_tip, *(text for name in PLACEHOLDER_LISTS for text in getattr(self, name))]

    def variant(self, template: str, key: int) -> int:
        """Return the number of the variant that `write` takes, from 1."""
        return key % len(getattr(self, template)) + 1

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
