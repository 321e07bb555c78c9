"""What a plugin says about itself, in `plugins/<id>/manifest.toml`."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain.errors import BotError

API_VERSION = 1
ID_PATTERN = r"^[a-z][a-z0-9_]{1,31}$"
_HOST = r"^[a-z0-9.-]+(:\d{1,5})?$"


class ManifestError(BotError):
    """A manifest is missing, malformed, or meant for another API version; the text says what to change."""


class Permission(StrEnum):
    """What a plugin may do through its `PluginContext`."""

    READ_MESSAGES = "messages.read"  # hear and read messages, and what was decided about them
    SEND_MESSAGES = "messages.send"  # post and edit, open threads, write to members
    READ_MEMBERS = "members.read"  # ask what somebody may do
    MODERATE_MEMBERS = "members.moderate"  # delete messages, time members out
    READ_TICKETS = "tickets.read"  # hear of tickets that open and close
    READ_SUMMARIES = "summaries.read"  # hear of summaries that are posted
    ADD_COMMANDS = "commands.add"  # slash commands, menus, buttons, forms
    SCHEDULE = "schedule"
    STORAGE = "storage"
    LLM_COMPLETE = "llm.complete"
    LLM_TOOLS = "llm.tools"
    HTTP = "http"
    JUDGE_TEXTS = "texts.judge"  # have the bot's own judgement of a text


class Manifest(BaseModel):
    """The validated content of one manifest.

    Attributes:
        id: its folder's name.
        data_statement: which personal data it keeps, in a sentence for members; "" for none.
        depends_on: ids of plugins that must be loaded before it.
        http_hosts: the hosts it may ask, such as "api.github.com"; no others.
        deadline_seconds: for one call of a handler, where it needs longer than the owner's setting.
        requires: packages it imports beside pydantic, by the names they are installed by.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=ID_PATTERN)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    api_version: int
    description: Annotated[str, Field(min_length=1, max_length=200)]
    permissions: frozenset[Permission] = frozenset()
    depends_on: tuple[str, ...] = ()
    data_statement: Annotated[str, Field(max_length=500)]
    http_hosts: tuple[Annotated[str, Field(pattern=_HOST)], ...] = ()
    deadline_seconds: Annotated[float, Field(gt=0, le=300)] | None = None
    requires: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")], ...] = ()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read `folder/manifest.toml`.

        Raises:
            ManifestError: unreadable, invalid, of another API version, or the id is not the folder's name.
        """
        try:
            manifest = cls.model_validate(tomllib.loads((folder / "manifest.toml").read_text("utf-8")))
        except ValidationError as error:
            raise ManifestError(f"manifest.toml: {describe(error)}") from None
        except OSError as error:
            raise ManifestError(f"manifest.toml can't be read: {error.strerror}") from None
        except ValueError as error:  # of tomllib, and of text that is not UTF-8
            raise ManifestError(f"manifest.toml is not valid TOML in UTF-8: {error}") from None
        if manifest.id != folder.name:
            raise ManifestError(
                f"manifest.toml: the id is {manifest.id!r}, but the folder is {folder.name!r}"
            )
        if manifest.api_version != API_VERSION:
            raise ManifestError(
                f"manifest.toml: it is made for API {manifest.api_version}, this bot has {API_VERSION}"
            )
        return manifest


def describe(error: ValidationError) -> str:
    """Return what is wrong in one line, without the values."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        where = ".".join(map(str, each["loc"]))
        found.append(f"{where}: {each['msg']}" if where else each["msg"])
    return "; ".join(found)
