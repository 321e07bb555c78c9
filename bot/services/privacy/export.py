"""All that is kept of a member as files: their own data, and no words of others."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from bot.db.database import Database
from bot.db.privacy.overview import KINDS
from bot.db.privacy.scope import Whose
from bot.services.clock import Clock

PAGE: Final = 500  # rows at a time
PART_BYTES: Final = 7_000_000  # of JSON in one file: Discord takes 10 MB, and this is all that is in memory
_OWN_WORDS: Final = ("rated", "rating_comment", "note")  # events whose detail is what they said
_ABOUT: Final = "Everything this bot keeps about you. Ids are Discord's, times are UTC."


class ExportFile(NamedTuple):
    """One file; its content is whole by itself."""

    name: str
    content: bytes


class Export:
    """Reads page by page, so that the whole is never in memory."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def files(self, whose: Whose, *, opted_out: bool) -> AsyncIterator[ExportFile]:
        """Yield the files: one of JSON where it fits, else several, each in a ZIP archive."""
        number, held = 0, None
        async for part in self._parts(whose, opted_out=opted_out):
            number += 1
            if held is not None:
                yield await asyncio.to_thread(_packed, f"lookout-data-{number - 1}", held)
            held = part
        assert held is not None  # there always is one
        if number == 1:
            yield ExportFile("lookout-data.json", held)
        else:
            yield await asyncio.to_thread(_packed, f"lookout-data-{number}", held)

    async def _parts(self, whose: Whose, *, opted_out: bool) -> AsyncIterator[bytes]:
        """Yield JSON documents of at most some `PART_BYTES`."""
        head: dict[str, Any] = {
            "about": _ABOUT,
            "user_id": str(whose.user_id),
            "server_id": str(whose.guild_id) if whose.guild_id is not None else "all",
            "made_at": self._clock.now(),
            "opted_out": opted_out,
        }
        rows: dict[str, list[str]] = {}
        size = 0
        for kind in KINDS:
            after: tuple[Any, ...] | None = None
            while True:
                async with self._database.reading() as tx:
                    page, after = await tx.overview.page(whose, kind, after, PAGE)
                for line in await asyncio.to_thread(_lines, kind.name, page):
                    if size and size + len(line) > PART_BYTES:
                        yield await asyncio.to_thread(_document, head, rows)
                        rows, size = {}, 0
                    rows.setdefault(kind.name, []).append(line)
                    size += len(line)
                if after is None:
                    break
        yield await asyncio.to_thread(_document, head, rows)


def _lines(kind: str, page: list[dict[str, Any]]) -> list[str]:
    if kind == "ticket_events":
        page = [row if row["kind"] in _OWN_WORDS else row | {"detail": None} for row in page]
    return [json.dumps(_told(row), ensure_ascii=True, default=_plain) for row in page]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with ids as texts: JSON's numbers end at 53 bits."""
    return {
        name: str(value) if isinstance(value, int) and name.endswith("id") else value
        for name, value in row.items()
        if value is not None
    }


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON")


def _document(head: dict[str, Any], rows: dict[str, list[str]]) -> bytes:
    parts = [f"{json.dumps(name)}: {json.dumps(value, default=_plain)}" for name, value in head.items()]
    parts += [f"{json.dumps(name)}: [\n{f',{chr(10)}'.join(lines)}\n]" for name, lines in rows.items()]
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode()


def _packed(name: str, content: bytes) -> ExportFile:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.json", content)
    return ExportFile(f"{name}.zip", packed.getvalue())
