"""The section `plugins` of the settings."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr

from bot.settings_types import Section


def _listed(value: object) -> object:
    """Return a list that the environment has as one text, by commas."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


class PluginSettings(Section):
    """What plugins may take, and where they are."""

    enabled: bool = True
    folder: Path = Path("plugins")
    deadline_seconds: float = Field(30, gt=0, le=600)  # of one handler
    stall_seconds: float = Field(2, gt=0, le=60)  # for which one may hold up everything
    failures: int = Field(5, ge=1)  # within failure_window_seconds, then a plugin is suspended
    failure_window_seconds: float = Field(600, gt=0)
    posts_per_minute: int = Field(30, ge=1, le=300)  # of one plugin in one server
    memory_megabytes: int = Field(256, ge=16)
    queue_size: int = Field(1_000, ge=10)  # events waiting for each plugin
    http_seconds: float = Field(120, gt=0, le=300)
    http_megabytes: int = Field(10, ge=1, le=100)  # of an answer
    hosts: dict[str, Annotated[tuple[str, ...], BeforeValidator(_listed)]] = Field(
        default_factory=dict
    )  # by plugin: further ones
    files_folder: Path = Path("data/plugins")  # what they keep as files
    files_megabytes: int = Field(200, ge=1)  # of a plugin in a server
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)  # by plugin: what the owner sets
    secrets: dict[str, SecretStr] | None = None  # by "<ID>_<NAME>"
