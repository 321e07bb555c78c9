"""The audience rule: text goes from one place to another only if all who read it there may read it here.

Asked before anything said in one place is shown in another: similar tickets, summaries, search results.
Nothing is remembered between two questions, so an answer is never older than the last event heard.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.domain.audience import (
    GuildRoles,
    Person,
    Place,
    PlaceKind,
    everyone_may_read,
    person_may_read,
)


class PlaceSource(Protocol):
    """What is known of channels and roles at this moment."""

    def place(self, channel_id: int) -> Place | None:
        """Return a channel, open thread or direct message, None when it is not known."""
        ...

    def roles(self, guild_id: int) -> GuildRoles | None:
        """Return a guild's roles, None when they are not known."""
        ...


@dataclass(frozen=True, slots=True)
class KnownThread:
    """A thread that Discord may not tell of, because it is archived or just made; this never changes."""

    id: int
    parent_id: int
    is_private: bool


Spot = int | KnownThread  # the id of a channel, open thread or direct message, or a thread one knows of


class AudienceService:
    """Answers who may read what, from what is known right now; what is not known is a no."""

    def __init__(self) -> None:
        self._places: PlaceSource | None = None

    def read_from(self, places: PlaceSource) -> None:
        """Take what is known of channels and roles from `places`; until then nothing is known."""
        self._places = places

    def may_carry(self, source: Spot, destination: Spot | Person) -> bool:
        """Return whether text from `source` may be posted at `destination`.

        A person is the one reader of an ephemeral answer, or of direct messages to a member of that guild.
        """
        return bool(self.readable_sources(destination, [source]))

    def readable_sources(self, destination: Spot | Person, sources: Iterable[Spot]) -> set[int]:
        """Return the ids of those `sources` whose text may be posted at `destination`."""
        places = self._places
        if places is None:
            return set()
        to = destination if isinstance(destination, Person) else _look_up(places, destination)
        if to is None:
            return set()
        roles = places.roles(to.guild_id) if to.guild_id is not None else None
        found = (_look_up(places, source) for source in sources)
        if isinstance(to, Person):
            return {each.id for each in found if each is not None and person_may_read(to, each, roles)}
        return {each.id for each in found if each is not None and everyone_may_read(to, each, roles)}


def _look_up(places: PlaceSource, spot: Spot) -> Place | None:
    """Return a place as it is known; a thread that isn't is told by its channel."""
    if isinstance(spot, int):
        return places.place(spot)
    known = places.place(spot.id)
    if known is not None:
        return known
    kind = PlaceKind.PRIVATE_THREAD if spot.is_private else PlaceKind.PUBLIC_THREAD
    parent = places.place(spot.parent_id)
    return None if parent is None else Place(spot.id, parent.guild_id, kind, parent=parent)
