"""Names of places and people by id, as a Discord client shows them; new places are asked of the sandbox."""

import re

from bot.demo.links import ControlLink, Json

THREADS = frozenset({10, 11, 12})  # Discord's channel types
_CHANNEL = re.compile(r"<#(\d+)>")
_PERSON = re.compile(r"<@!?(\d+)>")


class Names:
    """Knows how each place and person is called.

    Attributes:
        people: how members are called, by id.
    """

    def __init__(self, control: ControlLink, owner: str) -> None:
        """Take who sees all places: the owner of the guild."""
        self.people: dict[int, str] = {}
        self._control = control
        self._owner = owner
        self._places: dict[int, Json] = {}

    async def place(self, place_id: int) -> str:
        """Return a channel as "#dev", a thread as "#dev / api-403"."""
        place = await self._known(place_id)
        if place is None:
            return "a direct message"
        parent = await self._known(int(place["parent_id"])) if place["type"] in THREADS else None
        return f"#{parent['name']} / {place['name']}" if parent else f"#{place['name']}"

    async def readable(self, text: str) -> str:
        """Return a text with names in place of the ids in mentions."""
        places = {number: await self._known(int(number)) for number in _CHANNEL.findall(text)}
        called = {number: f"#{place['name']}" for number, place in places.items() if place}
        text = _CHANNEL.sub(lambda match: called.get(match[1], "#unknown"), text)
        return _PERSON.sub(lambda match: "@" + self.people.get(int(match[1]), "unknown"), text)

    async def _known(self, place_id: int) -> Json | None:
        if place_id not in self._places:
            found = await self._control.call("channels_of", user=self._owner)
            self._places |= {int(each["id"]): each for each in found}
        return self._places.get(place_id)
