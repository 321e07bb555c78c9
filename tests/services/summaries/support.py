"""A guild with messages in it, a maker of summaries over a scripted model, and what that model was shown."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.db.database import Database
from bot.domain.audience import READ_MESSAGE_HISTORY, VIEW_CHANNEL, GuildRoles, Place, PlaceKind, Role
from bot.domain.snowflake import snowflake_at
from bot.domain.summaries import Digest, Span, Topic
from bot.services.audience import AudienceService
from bot.services.clock import Clock
from bot.services.computing import InThread
from bot.services.guilds import GuildService
from bot.services.summaries.collecting import Collecting, Wanted
from bot.services.summaries.extracts import PickedLines
from bot.services.summaries.making import SummaryMaker
from bot.services.summaries.partials import Partials
from bot.services.writing import Writer
from bot.settings import OrchestratorSettings
from tests.db.support import signal_row

GUILD = 1_400_000_000_000_000_001
GENERAL = 1_400_000_000_000_000_101
HELP = 1_400_000_000_000_000_102
BOT_ROOM = 1_400_000_000_000_000_103
ADA, BO = 1_400_000_000_000_000_201, 1_400_000_000_000_000_202
DAY = datetime(2026, 3, 1, tzinfo=UTC)
TODAY = Span(DAY, DAY + timedelta(days=1))
READ = VIEW_CHANNEL | READ_MESSAGE_HISTORY
_ITEM = re.compile(r'^\[(?P<id>[^\]\n]+)\](?: "(?P<name>[^"\n]*)")?:\n(?P<text>(?:>.*\n)*)', re.MULTILINE)


def message_id(number: int, minutes: float | None = None) -> int:
    """The `number`th message of the day, one each minute unless `minutes` after midnight are given."""
    return snowflake_at(DAY + timedelta(minutes=number if minutes is None else minutes)) + number


def said(number: int, text: str, place_id: int = GENERAL, **values: Any) -> dict[str, Any]:
    """The row of the `number`th message."""
    id_ = values.pop("message_id", message_id(number, values.pop("minutes", None)))
    known: dict[str, Any] = {
        "message_id": id_,
        "place_id": place_id,
        "guild_id": GUILD,
        "content": text,
        "author_id": (ADA, BO)[number % 2],
        "author_name": ("Ada", "Bo")[number % 2],
        "created_at": datetime(2015, 1, 1, tzinfo=UTC) + timedelta(milliseconds=id_ >> 22),
        "purpose": "unknown",
    }
    return signal_row(**known | values)


class Layout:
    """What Discord tells of a guild's channels and roles; by default everybody reads all of them."""

    def __init__(self, places: Iterable[Place] = (), roles: GuildRoles | None = None) -> None:
        self.places = {each.id: each for each in places}
        self._roles = roles or GuildRoles(GUILD, 1, {GUILD: Role(READ)})

    @classmethod
    def open(cls, *place_ids: int) -> "Layout":
        return cls(Place(each, GUILD, PlaceKind.TEXT) for each in place_ids)

    def place(self, channel_id: int) -> Place | None:
        return self.places.get(channel_id)

    def roles(self, guild_id: int) -> GuildRoles | None:
        return self._roles if guild_id == self._roles.id else None


@dataclass
class Workshop:
    """A maker of summaries with all around it."""

    database: Database
    collecting: Collecting
    partials: Partials
    audience: AudienceService
    guilds: GuildService
    maker: SummaryMaker
    layout: Layout = field(default_factory=lambda: Layout.open(GENERAL, HELP, BOT_ROOM))

    async def make(self, **values: Any) -> Digest:
        known: dict[str, Any] = {"guild_id": GUILD, "destination": GENERAL, "span": TODAY}
        wanted = Wanted(**known | values)
        digest, _ = await self.maker.make(wanted)
        return digest


async def workshop(database: Database, clock: Clock, writer: Writer, *, seconds: float = 60) -> Workshop:
    """Return one for a guild whose three channels everybody reads."""
    guilds = GuildService(database, clock, OrchestratorSettings())
    await see(database, GENERAL, HELP, BOT_ROOM)
    audience = AudienceService()
    collecting, partials = Collecting(database, guilds, audience), Partials(database, clock)
    maker = SummaryMaker(
        clock, guilds, collecting, writer, partials, PickedLines(InThread()), seconds=seconds
    )
    made = Workshop(database, collecting, partials, audience, guilds, maker)
    audience.read_from(made.layout)
    return made


async def see(database: Database, *channel_ids: int, guild_id: int = GUILD, **parents: int) -> None:
    """Store the guild and its channels; threads by keyword: t123=parent."""
    rows = [
        {"id": id_, "guild_id": guild_id, "parent_id": None, "name": f"room {id_ % 1000}"}
        for id_ in channel_ids
    ]
    for name, parent in parents.items():
        rows.append({"id": int(name[1:]), "guild_id": guild_id, "parent_id": parent, "name": name})
    async with database.transaction() as tx:
        await tx.guilds.see(guild_id, "Guild", DAY)
        await tx.channels.see(rows)


async def store(database: Database, *rows: dict[str, Any]) -> None:
    async with database.transaction() as tx:
        for start in range(0, len(rows), 500):
            await tx.signals.add_batch(rows[start : start + 500])


async def erase(database: Database, *message_ids: int, place_id: int = GENERAL) -> None:
    """Delete messages, as the bot does when Discord says so."""
    names = (
        "id",
        "source",
        "guild_id",
        "channel_id",
        "thread_id",
        "place_id",
        "message_id",
        "created_at",
        "ingested_at",
    )
    async with database.transaction() as tx:
        for id_ in message_ids:
            row = said(0, "", place_id, message_id=id_)
            await tx.signals.erase_batch([{name: row[name] for name in names}], DAY)


async def edit(database: Database, id_: int, text: str) -> None:
    """Change a message, as the bot does when Discord says so."""
    async with database.transaction() as tx:
        row = {"key": f"discord:{id_}", "content": text, "edited_at": DAY + timedelta(days=1)}
        await tx.signals.edit_batch([row])


@dataclass(frozen=True)
class Seen:
    """Something a model was shown."""

    id: str
    name: str
    text: str

    @property
    def number(self) -> int:
        return int(self.id.split()[0])


def seen(prompt: str) -> list[Seen]:
    """Return what stands inside the fence of a prompt, without the headings of places and topics."""
    found = (
        Seen(each["id"], each["name"] or "", each["text"].replace("\n> ", "\n").removeprefix("> ").strip())
        for each in _ITEM.finditer(prompt + "\n")
    )
    return [each for each in found if each.id[0].isdigit()]


def is_merge(system: str) -> bool:
    return "together into one summary" in system


def claim(text: str, *sources: int) -> dict[str, Any]:
    return {"text": text, "sources": list(sources)}


def topic(title: str, *sentences: dict[str, Any], **kinds: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "title": title,
        "sentences": list(sentences),
        "decisions": [],
        "actions": [],
        "questions": [],
    } | kinds


def topics(*each: dict[str, Any]) -> dict[str, Any]:
    return {"topics": list(each)}


def noting(prompt: str, system: str) -> dict[str, Any]:
    """Answer as a good model would: quote a chunk's first and last message; pass on the first notes."""
    shown = seen(prompt)
    if is_merge(system):
        return topics(*(topic(f"Topic {each.number}", claim(each.text, each.number)) for each in shown[:5]))
    if not shown:
        return topics()
    ends = [shown[0], shown[-1]]
    return topics(topic(f"From {ends[0].text[:20]}", *(claim(each.text, each.number) for each in ends)))


Answering = Callable[[str, str], Any]


def texts(digest: Digest) -> str:
    """Return every word of a summary."""
    words = [text for each in digest.topics for text in (each.title, *(one.text for one in each.claims))]
    return "\n".join(words)


def cited(found: Sequence[Topic]) -> set[int]:
    return {id_ for each in found for claim in each.claims for id_ in claim.message_ids}
