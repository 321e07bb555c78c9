"""`bench erasing`: what deleting a member costs on a database with a million messages, and who waits for it.

The sandbox's Discord is in this process, the bot in one of its own. The bot makes its database; a server's
life is written into it in SQL; then a busy and a quiet member press the button of `/privacy delete`, while
somebody else goes on writing: how long their messages take to be stored is what other writers wait. With
`--against` another version of the bot is measured in the same run, on a database of its own filled alike.
"""

import argparse
import asyncio
import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from benchmarks import llm, report
from benchmarks.children import PROJECT, MeasurementError, Scale
from benchmarks.member_data import Place, Postgres, Size, Sqlite, Store, fill
from benchmarks.targets import Lookout
from sandbox import Sandbox
from sandbox.handles import Channel, Guild, Member

ALONE_SECONDS: Final = 5.0
LIMIT_LATE_MS: Final = 100.0  # of the event loop at the 99th percentile
_SETUP_SECONDS: Final = 60.0
_ERASE_SECONDS: Final = 840.0  # an interaction's answer can be changed for a quarter of an hour
_STORED_SECONDS: Final = 60.0
_CHUNK: Final = 250


@dataclass(frozen=True, slots=True)
class Erased:
    """How one member's deletion went.

    Attributes:
        alone_ms: how long a message took to be stored before it, median.
        stored_p50_ms: the same while it lasted.
        late_ms: the event loop at the 99th percentile; lies within a bucket of the histogram.
        longest_ms: the end of the last bucket that counts anything.
        messages: that were said meanwhile.
    """

    version: str
    database: str
    member: str
    seconds: float
    cpu_seconds: float
    alone_ms: float
    stored_p50_ms: float
    stored_longest_ms: float
    late_ms: float
    longest_ms: float
    messages: int


@dataclass(frozen=True, slots=True)
class Overwriting:
    """What SQLite's `secure_delete` costs: the busy member's rows blanked and deleted, in seconds."""

    on_seconds: float
    off_seconds: float


class Version(NamedTuple):
    """A bot to measure: its name in the table, and where it is."""

    name: str
    folder: Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    size = Size()
    parser.add_argument("--messages", type=int, default=size.messages, help="that the database holds")
    parser.add_argument("--members", type=int, default=size.members)
    parser.add_argument(
        "--postgres", metavar="URL", help="of a server where a database may be made, instead of SQLite"
    )
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="with another version of the bot")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, and return 1 if the loop was held up longer than it may."""
    machine = report.machine()
    versions = [Version("this", PROJECT)]
    if arguments.against:
        versions.insert(0, Version("other", arguments.against.resolve()))
    size = Size(arguments.messages, arguments.members)
    found, cost = asyncio.run(measure(size, versions, arguments.postgres))
    columns = (
        "version, database, member", "seconds", "CPU s", "loop p99 ms", "longest", "alone ms",
        "stored p50 ms", "longest", "n",
    )  # fmt: skip
    rows = [
        (
            f"{each.version}, {each.database}, {each.member}",
            *(report.shown(value, ",.1f") for value in (each.seconds, each.cpu_seconds, each.late_ms)),
            *(report.shown(value) for value in (each.longest_ms, each.alone_ms, each.stored_p50_ms)),
            report.shown(each.stored_longest_ms),
            str(each.messages),
        )
        for each in found
    ]
    report.table(f"A member deleted from {size.messages:,} messages", columns, rows)
    if cost is not None:
        ratio = cost.on_seconds / cost.off_seconds
        told = f"{cost.on_seconds:.2f} s on, {cost.off_seconds:.2f} s off, {ratio:.2f} times as long."
        print(f"secure_delete: {told}")  # noqa: T201
    print(f"Load {machine['load']} before and {report.machine()['load']} after, {machine['cores']} cores.")  # noqa: T201
    overwritten = None if cost is None else asdict(cost)
    erased = [asdict(each) for each in found]
    report.write(arguments.json, {"machine": machine, "erased": erased, "secure_delete": overwritten})
    late = [each for each in found if each.version == "this" and each.late_ms > LIMIT_LATE_MS]
    return 1 if late else 0


async def measure(
    size: Size, versions: Sequence[Version], postgres: str | None
) -> tuple[list[Erased], Overwriting | None]:
    """Return how the deletions went, and what overwriting costs SQLite."""
    found: list[Erased] = []
    cost: Overwriting | None = None
    for version in versions:
        with tempfile.TemporaryDirectory(prefix="lookout-erasing-") as name:
            folder = Path(name)
            if postgres:
                async with _postgres(postgres) as url, _room(version, folder, DATABASE_URL=url) as room:
                    await room.fill(Postgres(url), size)
                    found += await room.measure(Postgres(url), "PostgreSQL")
                continue
            async with _room(version, folder) as room:
                store = Sqlite(folder / "bench.db")
                await room.fill(store, size)
                if version.folder == PROJECT:
                    cost = await asyncio.to_thread(overwriting, folder / "bench.db", room.place.busy)
                found += await room.measure(store, "SQLite")
    return found, cost


def overwriting(database: Path, user_id: int) -> Overwriting:
    """Return what the same chunks of blanked and deleted rows take with `secure_delete` and without."""
    taken = {}
    for on in (False, True):
        copy = database.with_suffix(".copy")
        shutil.copy(database, copy)
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"secure_delete={int(on)}"):
                connection.execute(f"PRAGMA {pragma}")
            query = "SELECT id, message_id FROM signals WHERE author_id = ?"
            rows = connection.execute(query, (user_id,)).fetchall()
            begun = time.perf_counter()
            for start in range(0, len(rows), _CHUNK):
                some = rows[start : start + _CHUNK]
                connection.execute("BEGIN IMMEDIATE")
                blank = "UPDATE signals SET content = '', author_name = '', author_id = 0 WHERE id = ?"
                connection.executemany(blank, [row[:1] for row in some])
                gone = "DELETE FROM message_reactions WHERE message_id = ?"
                connection.executemany(gone, [row[1:] for row in some])
                connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            taken[on] = time.perf_counter() - begun
        for path in database.parent.glob(f"{copy.name}*"):
            path.unlink()
    return Overwriting(taken[True], taken[False])


@dataclass(frozen=True, slots=True)
class _Room:
    """A server, its members and the bot that watches it, which may be started again and again."""

    discord: Sandbox
    version: Version
    folder: Path
    extra: dict[str, str]
    guild: Guild
    channel: Channel
    members: dict[str, Member]
    bob: Member

    @property
    def place(self) -> Place:
        """Where everything was said, and by whom."""
        busy, quiet = self.members.values()
        return Place(self.guild.id, self.channel.id, busy.id, quiet.id)

    async def fill(self, store: Store, size: Size) -> None:
        """Have the bot make its tables, then write into them."""
        async with self._bot():
            pass
        await fill(store, self.place, size)

    async def measure(self, store: Store, database: str) -> list[Erased]:
        """Have the members deleted, one after the other."""
        async with self._bot() as bot:
            return [await self._erase(store, database, name, *bot) for name in self.members]

    async def _erase(self, store: Store, database: str, name: str, target: Lookout, scale: Scale) -> Erased:
        member = self.members[name]
        alone = await self._written(store, asyncio.create_task(asyncio.sleep(ALONE_SECONDS)))
        before, cpu = await target.metrics(), scale.cpu_seconds()
        asked = await member.slash("privacy delete", channel=self.channel)
        question = asked.message
        assert question is not None
        begun = time.perf_counter()
        await member.click(question, "Delete everything")

        async def done() -> float:
            while "Done" not in str((await question.fetch()).content):
                if time.perf_counter() - begun > _ERASE_SECONDS:
                    raise MeasurementError("The member was not deleted in time.")
                await asyncio.sleep(0.05)
            return time.perf_counter() - begun

        deleting = asyncio.create_task(done())
        waits = await self._written(store, deleting)
        counts = llm.delays(before, await target.metrics())
        left = await store.one(f"SELECT count(*) FROM signals WHERE author_id = {member.id}")  # noqa: S608
        if left:
            raise MeasurementError(f"{left} messages of the {name} member are left.")
        return Erased(
            version=self.version.name,
            database=database,
            member=name,
            seconds=await deleting,
            cpu_seconds=scale.cpu_seconds() - cpu,
            alone_ms=report.percentile(alone, 0.5),
            stored_p50_ms=report.percentile(waits, 0.5),
            stored_longest_ms=max(waits),
            late_ms=llm.quantile(counts, 0.99) * 1_000,
            longest_ms=llm.quantile(counts, 1.0) * 1_000,
            messages=len(waits),
        )

    async def _written(self, store: Store, until: asyncio.Task[object]) -> list[float]:
        """Have somebody write as long as a task goes on; return how long each took to be stored, in ms."""
        taken: list[float] = []
        while not until.done() or not taken:
            message = await self.bob.say("and the other printer works", self.channel)
            begun = time.perf_counter()
            query = f"SELECT count(*) FROM signals WHERE id = 'discord:{message.id}'"  # noqa: S608
            while not await store.one(query):
                if time.perf_counter() - begun > _STORED_SECONDS:
                    raise MeasurementError("A message was not stored in time.")
                await asyncio.sleep(0.002)
            taken.append((time.perf_counter() - begun) * 1_000)
            await asyncio.sleep(0.02)
        return taken

    @asynccontextmanager
    async def _bot(self) -> AsyncIterator[tuple[Lookout, Scale]]:
        target = Lookout(self.folder, 0, 0, self.extra)
        async with target.child() as child:
            await target.ready(child)
            deadline = time.monotonic() + _SETUP_SECONDS
            while not self.discord.app.commands:
                if time.monotonic() > deadline:
                    raise MeasurementError(f"No commands were registered.\n{child.last_words}")
                await asyncio.sleep(0.05)
            yield target, Scale(child.pid)


@asynccontextmanager
async def _room(version: Version, folder: Path, **more: str) -> AsyncIterator[_Room]:
    """Make a server on a Discord of its own, for a version of the bot."""
    async with Sandbox() as discord:
        discord.core.identify_interval = 0.0  # the bot is started twice
        extra = {
            "DISCORD_BOT_TOKEN": discord.token,
            "DISCORD_API_URL": discord.api_url,
            "DISCORD_GATEWAY_URL": discord.gateway_url,
            "DISCORD_CDN_URL": discord.cdn_url,
            "LOOKOUT_DISCORD__WELCOME": "false",
            "LOOKOUT_NLP__ENCODER": "off",
            "LOOKOUT_LLM__PROVIDER": "none",
            "LOOKOUT_BACKUP__AUTOMATIC": "false",
            "PYTHONPATH": os.fspath(version.folder),
            **more,
        }
        guild = await discord.guild("Bench")
        members = {name: await discord.member(name, guild=guild) for name in ("busy", "quiet")}
        yield _Room(
            discord,
            version,
            folder,
            extra,
            guild,
            await discord.channel("general", guild=guild),
            members,
            await discord.member("bob", guild=guild),
        )


@asynccontextmanager
async def _postgres(server: str) -> AsyncIterator[str]:
    """Have an empty database on a server until the block ends; return its address."""
    import asyncpg  # type: ignore[import-untyped]

    name = f"lookout_bench_{os.getpid()}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            with contextlib.suppress(asyncpg.PostgresError):
                await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()
