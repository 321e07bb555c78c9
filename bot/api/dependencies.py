"""What the admin API needs from the rest of the bot, as protocols, so that a test can stand in."""

from dataclasses import dataclass
from typing import Any, Protocol

from bot.services.metrics import Metrics


class Readiness(Protocol):
    """Whether the bot can do its work; any object with these attributes will do."""

    @property
    def gateway_connected(self) -> bool:
        """True while events arrive."""
        ...

    @property
    def database_writable(self) -> bool:
        """True when a write went through just now."""
        ...

    @property
    def training_loaded(self) -> bool:
        """True when what was trained is in memory, or was waited for long enough."""
        ...

    @property
    def queue_depth(self) -> int:
        """Events received and not yet committed."""
        ...

    @property
    def open_gaps(self) -> int:
        """Stretches of missed messages still to be fetched."""
        ...


class HealthSource(Protocol):
    """Where readiness comes from."""

    async def readiness(self) -> Readiness:
        """Look at the gateway, the database and the queue now."""
        ...


class StorySource(Protocol):
    """Where a signal's story comes from."""

    async def story(self, signal_id: str) -> dict[str, Any] | None:
        """Return everything known of one signal; None when there is no such signal."""
        ...


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """Everything `create_app` is built from."""

    metrics: Metrics
    health: HealthSource
    stories: StorySource
    admin_token: str | None  # None or blank: no token, so loopback only

    def __repr__(self) -> str:
        return "ApiDependencies(...)"  # the token must not reach a log
