"""`bench tickets`: how long an import of training takes, and the first answer in a ticket, without an LLM.

The sandbox's Discord is in this process, the bot in one of its own. Staff import a file; then members, one
after another, open tickets whose questions are words of a trained one in another order. A time runs from the
form's submission to the bot's first message in the thread: opening, Discord's part and the search are in it.
Then the bot is started again with all of that and asked at once.
"""

import argparse
import asyncio
import contextlib
import csv
import io
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from benchmarks import llm, report
from benchmarks.children import MeasurementError, Scale
from benchmarks.targets import Lookout
from benchmarks.texts import texts
from sandbox import Sandbox
from sandbox.handles import Channel, Guild, Member, Message

ENTRIES = 10_000
TICKETS = 20
LIMIT_MS = 300.0  # of a first answer
LIMIT_SECONDS = 10.0  # of an import of ENTRIES, fewer in proportion
LIMIT_READY = 3.0  # seconds from the process to ready, with all entries
LIMIT_LATE_MS = 50.0  # of the event loop at the 99th percentile, while it imports
_SEED = 20_160_221
_POWERS = ("MANAGE_CHANNELS", "MANAGE_THREADS")
_SETUP_SECONDS = 20.0
_IMPORT_SECONDS = 900.0
_ANSWER_SECONDS = 30.0
_ENCODE_SECONDS = 900.0
_YES_NO = {True: "yes", False: "NO"}


@dataclass(frozen=True, slots=True)
class Import:
    """How an import went."""

    entries: int
    seconds: float
    progress: int  # messages that told how far it was
    late_p50_ms: float  # how late the event loop was meanwhile; these lie within a bucket of the histogram
    late_p99_ms: float
    cpu_seconds: float  # of the bot: steadier than the clock's on a machine with other work


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure, the most it may be, and how many it was taken from."""

    name: str
    value: float
    most: float
    count: int

    @property
    def is_met(self) -> bool:
        """Whether it is as promised."""
        return self.value <= self.most


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """First answers in tickets, in ms; `first` is that of the first ticket."""

    name: str
    first: float
    p50: float
    p90: float
    longest: float
    trained: int  # of them
    count: int
    first_cpu_ms: float  # of the bot, for the first of them
    cpu_ms: float  # for each, on average


@dataclass(frozen=True, slots=True)
class Measured:
    """What one measurement found."""

    imported: Import
    answers: list[FirstAnswers]
    ready_seconds: float  # of the second start
    ready_cpu_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--entries", type=int, default=ENTRIES, help="trained")
    parser.add_argument(
        "--tickets", type=int, default=TICKETS, help="opened after the import, and after a restart"
    )
    parser.add_argument("--encoder", choices=("off", "auto"), default="off", help="as nlp.encoder")
    parser.add_argument("--json", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, and return 1 if anything was not as promised."""
    before = report.machine()
    measured = asyncio.run(measure(arguments.entries, arguments.tickets, arguments.encoder))
    columns = ("tickets", "first ms", "p50 ms", "p90 ms", "longest ms", "first CPU", "CPU ms", "by training")
    lines = [
        (
            each.name,
            *(report.shown(value) for value in (each.first, each.p50, each.p90, each.longest)),
            report.shown(each.first_cpu_ms),
            report.shown(each.cpu_ms),
            f"{each.trained} of {each.count}",
        )
        for each in measured.answers
    ]
    report.table("The first answer in a ticket", columns, lines)
    goals = goals_of(measured)
    rows = [
        (each.name, report.shown(each.value, ",.1f"), f"{each.most:g}", str(each.count), _YES_NO[each.is_met])
        for each in goals
    ]
    title = f"{measured.imported.entries:,} entries"
    report.table(title, ("", "measured", "at most", "n", "as promised"), rows)
    used = f"{measured.imported.cpu_seconds:.1f} s to import, {measured.ready_cpu_seconds:.1f} s to be ready"
    print(f"Processor time of the bot: {used}.")  # noqa: T201
    print(f"Load {before['load']} before and {report.machine()['load']} after, {before['cores']} cores.")  # noqa: T201
    problems = problems_of(measured)
    for problem in problems:
        print(problem)  # noqa: T201
    result = {"machine": before, **asdict(measured), "problems": problems}
    report.write(arguments.json, result)
    return 1 if problems else 0


def goals_of(measured: Measured) -> list[Goal]:
    """Return what was promised beside what was measured."""
    imported = measured.imported
    most = LIMIT_SECONDS * max(
        imported.entries / ENTRIES, 0.1
    )  # a tenth: what it takes however few there are
    return [
        Goal("import, seconds", imported.seconds, most, 1),
        Goal("event loop late at p99 meanwhile, ms", imported.late_p99_ms, LIMIT_LATE_MS, 1),
        *(Goal(f"longest {each.name}, ms", each.longest, LIMIT_MS, each.count) for each in measured.answers),
        Goal("start to ready with them, seconds", measured.ready_seconds, LIMIT_READY, 1),
    ]


def problems_of(measured: Measured) -> list[str]:
    """Return what was not as promised; nothing when all was."""
    found = [
        f"{each.name}: {each.value:,.1f}, more than {each.most:g}."
        for each in goals_of(measured)
        if not each.is_met
    ]
    found += [
        f"{each.name}: {each.count - each.trained} were not answered by what was trained."
        for each in measured.answers
        if each.trained < each.count
    ]
    if not measured.imported.progress:
        found.append("The import told nobody how far it was.")
    return found


def summary(name: str, milliseconds: Sequence[float], trained: int, cpu_ms: Sequence[float]) -> FirstAnswers:
    """Return what the times come to; `cpu_ms` is the processor time up to each answer."""
    p50, p90 = (report.percentile(milliseconds, share) for share in (0.5, 0.9))
    count = len(milliseconds)
    first, longest = milliseconds[0], max(milliseconds)
    return FirstAnswers(name, first, p50, p90, longest, trained, count, cpu_ms[0], cpu_ms[-1] / count)


async def measure(entries: int, tickets: int, encoder: str) -> Measured:
    """Return the import and the answers after it, in the same process and in a new one."""
    questions = list(texts(entries, _SEED))
    random = Random(_SEED)  # noqa: S311  (not for secrets)
    asked = [_in_other_words(random, each) for each in random.sample(questions, min(entries, 2 * tickets))]
    half = len(asked) // 2
    with tempfile.TemporaryDirectory(prefix="lookout-tickets-") as name:
        folder = Path(name)
        async with Sandbox() as discord:
            discord.core.identify_interval = 0.0  # the bot is started twice
            room = await Room.make(discord)
            async with _bot(discord, folder, encoder) as bot:
                await room.set_up()
                imported = await room.teach(questions, bot)
                answers = [await room.ask("after the import", asked[:half], bot.scale)]
                if encoder != "off":
                    await asyncio.to_thread(_wait_for_vectors, folder / "bench.db")
            async with _bot(discord, folder, encoder) as bot:
                answers.append(await room.ask("after a restart", asked[half:], bot.scale))
    return Measured(imported, answers, bot.ready_seconds, bot.cpu_seconds)


class Bot(NamedTuple):
    """The bot, and what its process took to be ready."""

    target: Lookout
    scale: Scale
    ready_seconds: float
    cpu_seconds: float


@asynccontextmanager
async def _bot(discord: Sandbox, folder: Path, encoder: str) -> AsyncIterator[Bot]:
    """Run the bot, a process of its own, until the block ends; return once it is ready."""
    extra = {
        "DISCORD_BOT_TOKEN": discord.token,
        "DISCORD_API_URL": discord.api_url,
        "DISCORD_GATEWAY_URL": discord.gateway_url,
        "DISCORD_CDN_URL": discord.cdn_url,
        "LOOKOUT_DISCORD__WELCOME": "false",
        "LOOKOUT_NLP__ENCODER": encoder,
        "LOOKOUT_LLM__PROVIDER": "none",
    }
    target = Lookout(folder, 0, 0, extra)
    started = time.time_ns()
    async with target.child() as child:
        ready = await target.ready(child)
        scale = Scale(child.pid)
        cpu = scale.cpu_seconds()
        deadline = time.monotonic() + _SETUP_SECONDS
        while not discord.app.commands:
            if time.monotonic() > deadline:
                raise MeasurementError(f"No commands were registered.\n{child.last_words}")
            await asyncio.sleep(0.05)
        yield Bot(target, scale, (ready - started) / 1e9, cpu)


def _wait_for_vectors(database: Path) -> None:
    """Return when every question has a vector of the encoder, or none is made any more.

    Raises:
        MeasurementError: that takes too long.
    """
    deadline = time.monotonic() + _ENCODE_SECONDS
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reading:
        query = "select count(*) from training_phrasings where vector is null"
        while reading.execute(query).fetchone()[0]:
            if time.monotonic() > deadline:
                raise MeasurementError("The encoder doesn't get through: is it installed?")
            time.sleep(0.5)


@dataclass
class Room:
    """A server with its owner and the channel where commands are used."""

    discord: Sandbox
    guild: Guild
    channel: Channel
    owner: Member
    panel: Message | None = None
    members: int = 0

    @classmethod
    async def make(cls, discord: Sandbox) -> "Room":
        """Make the server."""
        guild = await discord.guild("Bench")
        powers = await discord.role("powers", guild=guild, permissions=_POWERS)
        await discord.call("set_member", member=discord.bot_user.id, guild=guild.id, roles=[powers.id])
        owner = await discord.member("owner", guild=guild)
        return cls(discord, guild, await discord.channel("help", guild=guild), owner)

    async def set_up(self) -> None:
        """Have the owner make a forum and post the panel.

        Raises:
            MeasurementError: tickets can't be set up.
        """
        made = (await self.owner.slash("setup", channel=self.channel, step="tickets")).message
        await self.owner.click(made, "Create a forum for me")
        deadline = time.monotonic() + _SETUP_SECONDS
        while True:
            told = await self.owner.slash("ticket_panel", channel=self.channel)
            if "posted" in told.content:
                self.panel = next(each for each in await self.channel.history() if each.components)
                return
            if time.monotonic() > deadline:
                raise MeasurementError(f"Tickets can't be set up: {told.content}")
            await asyncio.sleep(0.1)

    async def teach(self, questions: Sequence[str], bot: Bot) -> Import:
        """Import these questions, each with an answer of its own."""
        before, cpu = await bot.target.metrics(), bot.scale.cpu_seconds()
        mark, begun = self.discord.record.last, time.perf_counter()
        options = {"file": ("training.csv", _as_csv(questions)), "dry_run": False}
        command = self.owner.slash(
            "train import", channel=self.channel, options=options, timeout=_IMPORT_SECONDS
        )
        done = self.discord.wait_for(lambda entry: "Imported" in str(entry), _IMPORT_SECONDS, mark)
        await asyncio.gather(command, done)
        seconds = time.perf_counter() - begun
        told = [str(entry.get("content")) for entry in self.discord.record.after(mark)]
        cpu = bot.scale.cpu_seconds() - cpu
        counts = llm.delays(before, await bot.target.metrics())
        return Import(
            entries=len(questions),
            seconds=seconds,
            progress=sum("Importing" in text for text in told),
            late_p50_ms=llm.quantile(counts, 0.5) * 1_000,
            late_p99_ms=llm.quantile(counts, 0.99) * 1_000,
            cpu_seconds=cpu,
        )

    async def ask(self, name: str, questions: Sequence[str], scale: Scale) -> FirstAnswers:
        """Open a ticket for each question, one after another."""
        cpu, found = [scale.cpu_seconds()], []
        for text in questions:
            found.append(await self._first_answer(text))
            cpu.append(scale.cpu_seconds())
        times, trained = [each for each, _ in found], sum(is_trained for _, is_trained in found)
        return summary(name, times, trained, [(each - cpu[0]) * 1_000 for each in cpu[1:]])

    async def _first_answer(self, question: str) -> tuple[float, bool]:
        """Return how long a new member waits for an answer, in ms, and whether it is a trained one."""
        self.members += 1
        member = await self.discord.member(f"member-{self.members}", guild=self.guild)
        form = await member.click(self.panel, "Open a ticket")
        mark, begun = self.discord.record.last, time.perf_counter()
        told = member.submit(form, {"Title": question[:40].strip(), "Description": question})
        submitting = asyncio.create_task(told)
        answer = await self.discord.wait_for(_is_answer, _ANSWER_SECONDS, mark)
        milliseconds = (time.perf_counter() - begun) * 1_000
        await submitting
        return milliseconds, "Answer by the team" in answer["content"]


def _is_answer(entry: dict[str, Any]) -> bool:
    """Whether the bot said something in a ticket: what was trained, or that staff were asked."""
    content = str(entry.get("content"))
    return entry["kind"] == "message" and ("Answer by the team" in content or "asked the team" in content)


def _in_other_words(random: Random, text: str) -> str:
    """Return the text's words in another order, for what is the same is found without a search."""
    words = text.split()
    random.shuffle(words)
    return " ".join(words)


def _as_csv(questions: Sequence[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("question", "answer"))
    writer.writerows((text, f"This is answer {number}.") for number, text in enumerate(questions, 1))
    return out.getvalue().encode()
