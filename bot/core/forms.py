"""Forms that are heard after a restart, too: what was written into one is never lost with its process."""

import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b, sha256
from typing import Any, ClassVar, Self

import discord

from bot.core.errors import tell

SEAL_BYTES = 4
Written = Mapping[str, str]  # what was written, by the fields' custom ids


class KeptForm(discord.ui.Modal):
    """A form whose id carries what it is about, as its template reads it; its fields have fixed ids."""

    template: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")

    def __init_subclass__(cls, *, template: str, **options: Any) -> None:
        """Note how the ids of these forms read."""
        super().__init_subclass__(**options)
        cls.template = re.compile(template)

    def __init__(self, custom_id: str, title: str) -> None:
        super().__init__(title=title, custom_id=custom_id)
        self.stop()  # else discord.py would answer for all who have this form open with the newest of it

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction[Any], match: re.Match[str], /) -> Self:
        """Return the form that was sent."""
        raise NotImplementedError

    async def receive(self, interaction: discord.Interaction[Any], written: Written) -> None:
        """Do what the form is for; who may is checked here, for ids can be made up."""
        raise NotImplementedError


class KeptForms:
    """Knows the kinds of kept forms and hears when one is sent."""

    def __init__(self) -> None:
        self._kinds: list[type[KeptForm]] = []

    def add(self, *kinds: type[KeptForm]) -> None:
        """Hear forms of these kinds, too."""
        self._kinds += kinds

    async def hear(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the form that was sent is for, or tell why not; other forms are discord.py's."""
        data: Any = interaction.data
        for kind in self._kinds:
            match = kind.template.fullmatch(data["custom_id"])
            if match is None:
                continue
            try:
                form = await kind.from_custom_id(interaction, match)
                await form.receive(interaction, dict(_written(data["components"])))
            except Exception as error:  # noqa: BLE001  (discord.py would only log it)
                await tell(interaction, error)
            return


def seal(interaction: discord.Interaction[Any], text: str) -> str:
    """Return a sign that only this bot can make, that it gave `text` to who uses it here."""
    key = sha256(str(interaction.client.http.token).encode()).digest()
    sealed = f"{interaction.user.id}/{text}".encode()
    return blake2b(sealed, digest_size=SEAL_BYTES, key=key).hexdigest()


def _written(components: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a sent form: in rows, in labels or bare, as Discord has nested them over time."""
    for each in components:
        yield from _written(each.get("components") or [])
        if "component" in each:
            yield from _written([each["component"]])
        if "value" in each and "custom_id" in each:
            yield str(each["custom_id"]), str(each["value"])
