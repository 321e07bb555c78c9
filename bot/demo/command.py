"""The command line of the demo, and what each way to run it shows."""

import argparse
import asyncio
import contextlib
import math
import os
import shutil
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from yarl import URL

from bot.abilities import describe_abilities
from bot.demo.check import Verdict, gather, judge, judge_end
from bot.demo.children import tail
from bot.demo.daily import judge_summary, post_summary, set_up_daily
from bot.demo.desk import open_desk
from bot.demo.errors import DemoError
from bot.demo.language import EXPLAINED, Words, find_ollama, offer, require_ollama, settings_of_owner
from bot.demo.notes import noting
from bot.demo.player import Player, set_staff_channel
from bot.demo.plugins import switch_on, try_each
from bot.demo.replay import Replay, Totals, conversation_for
from bot.demo.screen import Screen, console_for
from bot.demo.script import Conversation
from bot.demo.stage import Stage
from bot.demo.story import AUDITED, KEPT_OUT, STORY
from bot.demo.transcript import Transcript, read_transcript

CALLED_FROM = "LOOKOUT_CALLED_FROM"  # set by run.py, which works in its own folder: the caller's
CHECK_SECONDS = 120.0
MAX_PORT = 65_535
INTERRUPTED = 130  # exit code
PAGE_PORT = 8090  # the same address each time, unless something else is there
REPLAY_SPEED = 60.0  # an hour of the log in a minute


def run_command(argv: list[str]) -> int:
    """Run `demo` with its options; return the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    screen = Screen(console_for(sys.stdout))
    page = PageOptions(options.page_port, options.open)
    words = Words(options.llm)
    try:
        if options.transcript:
            transcript = read_transcript(options.transcript, options.line)
            speed = REPLAY_SPEED if options.speed is None else options.speed
            return Demo(screen, page, words).run(lambda demo: demo.replay(transcript, speed))
        if options.check:
            return Demo(screen, PageOptions(port=0), words).run(Demo.check)
        speed = 1.0 if options.speed is None else options.speed
        return Demo(screen, page, words).run(lambda demo: demo.show(speed))
    except DemoError as error:
        where = str(error.log or "")
        Screen(console_for(sys.stderr)).error(str(error), tail(error.log) if error.log else (), where)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py demo",
        description="Try the bot without a token: the real one, on a loopback Discord, among made-up people.",
    )
    parser.add_argument(
        "--check", action="store_true", help="fast and without show: say what holds, exit 0 or 1"
    )
    parser.add_argument(
        "--transcript", type=_path, metavar="FILE", help="replay a real log: JSON lines of ts, author, text"
    )
    parser.add_argument(
        "--line",
        type=_line_number,
        metavar="K",
        help="of a FILE whose lines hold `messages`: which one (default: 1)",
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="N",
        help="N times a person's pace, 0 for no pauses (default: 1; for a transcript 60)",
    )
    parser.add_argument(
        "--llm",
        choices=[words.value for words in Words],
        default=Words.NONE.value,
        help="who writes the answers: templates (none, the default), a loopback Ollama whose words are"
        " scripted, or your own Ollama",
    )
    parser.add_argument("--open", action="store_true", help="open the chat page in the browser")
    parser.add_argument(
        "--page-port",
        type=_port,
        default=PAGE_PORT,
        metavar="N",
        help=f"port of the chat page, a free one when it is taken (default: {PAGE_PORT})",
    )
    return parser


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value <= MAX_PORT:
        raise argparse.ArgumentTypeError(f"is a number from 0 to {MAX_PORT}, 0 for any that is free")
    return value


def _path(text: str) -> Path:
    return Path(os.environ.get(CALLED_FROM, ""), text)


def _speed(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or value < 0:
        raise argparse.ArgumentTypeError("is a number from 0 on")
    return value


def _line_number(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("counts from 1")
    return value


class PageOptions(NamedTuple):
    """What is wanted of the chat page."""

    port: int = PAGE_PORT  # 0: a free one
    opened: bool = False  # in the browser, by the demo


class Demo:
    """One run, from its temporary folder to the end of its children."""

    def __init__(self, screen: Screen, page: PageOptions, words: Words = Words.NONE) -> None:
        self._screen = screen
        self._words = words
        self._page = page
        self._folder = Path(tempfile.mkdtemp(prefix="lookout-demo-"))
        self._stage: Stage | None = None
        self._interrupted = False
        self._played = False  # to the end: from then on Ctrl-C is the way to leave

    def run(self, act: Callable[["Demo"], Coroutine[Any, Any, int]]) -> int:
        """Run one of the ways; the folder with its logs stays when something went wrong."""
        code = 1
        try:
            code = asyncio.run(self._interruptible(act(self)))
        finally:
            if code != 1:
                shutil.rmtree(self._folder, ignore_errors=True)
            else:
                self._screen.say(f"Logs and database are kept in {self._folder}")
        return code

    async def show(self, speed: float) -> int:
        """Play the written conversation for someone to watch, then stay until Ctrl-C."""
        screen = self._screen
        await self._introduce(STORY.guild)
        async with self._set(STORY, self._tell_page) as stage, noting(stage, screen):
            screen.say(f"Both are up after {stage.seconds():.1f} s.")
            player = await stage.while_alive(self._play(stage, speed))
            self._played = True
            report = await stage.admin.story(player.message_id(AUDITED))
            if report is not None:
                screen.audit(report, "What the bot kept about the report in the thread (/audit shows it too)")
            self._conclude(stage, player)
            await stage.while_alive(asyncio.Event().wait())
        return 0

    async def check(self) -> int:
        """Play it fast and unseen, and print what holds."""
        quiet = Screen(console_for(sys.stdout, quiet=True))
        await self._tell_words()
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                async with self._set(STORY) as stage, noting(stage, quiet):
                    verdicts = await stage.while_alive(self._checked(stage, quiet))
                verdicts += judge_end(stage)
        except TimeoutError:
            raise DemoError(f"the check took over {CHECK_SECONDS:.0f} s", self._folder / "bot.log") from None
        for verdict in verdicts:
            self._screen.verdict(verdict.text, holds=not verdict.wrong, detail="; ".join(verdict.wrong))
        failed = sum(bool(verdict.wrong) for verdict in verdicts)
        self._screen.say(f"{len(verdicts) - failed} of {len(verdicts)} expectations hold")
        return 1 if failed else 0

    async def replay(self, transcript: Transcript, speed: float) -> int:
        """Replay a log and print the totals."""
        await self._introduce(transcript.name)
        if speed != 1:
            self._screen.say(
                "The bot's cooldowns run in real time, so it answers less often than on that day."
            )
        conversation = conversation_for(transcript)
        async with self._set(conversation, self._tell_page) as stage, noting(stage, self._screen):
            totals = await stage.while_alive(Replay(stage, self._screen, transcript, speed).run())
        errors = tail(stage.error_log, 1)
        self._screen.totals(
            transcript.name, [*_rows(transcript, totals), ("errors logged", "yes" if errors else "none")]
        )
        return 0 if totals.stored == totals.posted and not errors else 1

    def _set(
        self, conversation: Conversation, tell_page: Callable[[str], None] = lambda address: None
    ) -> Stage:
        self._stage = Stage(conversation, self._folder, self._page.port, tell_page, self._words)
        return self._stage

    def _tell_page(self, address: str) -> None:
        wanted = self._page.port
        self._screen.page(address, wanted if wanted not in (0, URL(address).port) else 0)
        if self._page.opened:
            # Some browsers answer only when they are closed again.
            threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()

    async def _play(self, stage: Stage, speed: float) -> Player:
        await set_staff_channel(stage, self._screen)
        await _set_up(stage, self._screen)
        player = Player(stage, self._screen, speed)
        await player.play(STORY.steps)
        if STORY.daily is not None:
            await post_summary(stage, STORY.daily, self._screen)
        await switch_on(stage, self._screen)
        return player

    async def _checked(self, stage: Stage, quiet: Screen) -> list[Verdict]:
        answer = await set_staff_channel(stage, quiet)
        await _set_up(stage, quiet)
        player = Player(stage, quiet, 0)
        said = await player.play(STORY.steps)
        summed_up: list[Verdict] = []
        if STORY.daily is not None:
            posted = await post_summary(stage, STORY.daily, quiet)
            standing = [each for each in said if each.line.key not in STORY.deleted]
            summed_up = judge_summary(posted, standing, KEPT_OUT)
        channel = f"<#{stage.places[STORY.staff_channel]}>"
        command = Verdict(
            "/config staff sets the staff channel", [] if channel in answer else [f"it says {answer!r}"]
        )
        judged = judge(stage, said, await gather(stage, said))
        await switch_on(stage, quiet)
        return [command, *judged, *summed_up, *await try_each(stage)]

    async def _introduce(self, name: str) -> None:
        self._screen.title(name, describe_abilities())
        await self._tell_words()
        self._screen.say("Starting the sandbox and the bot ...")

    async def _tell_words(self) -> None:
        """Say who writes; where nobody does and an Ollama is there, that it could."""
        if self._words is Words.SCRIPTED:
            self._screen.say(EXPLAINED)
        elif self._words is Words.OLLAMA:
            self._screen.say(await require_ollama(settings_of_owner()))
        elif url := await find_ollama():
            self._screen.say(offer(url))

    def _conclude(self, stage: Stage, player: Player) -> None:
        rows = [
            ("Discord API", stage.ready["api_url"]),
            ("gateway", stage.ready["gateway_url"]),
            ("sandbox control", stage.ready["control_url"]),
            ("admin API", f"{stage.admin.url} (try /metrics, /readyz, /signals/ID)"),
            ("logs", str(stage.folder)),
        ]
        if player.first_reply_after is not None:
            rows.insert(0, ("first answer", f"{player.first_reply_after:.1f} s after the start"))
        self._screen.totals("Still running: Ctrl-C ends it", rows)
        self._screen.page(stage.page_url)

    async def _interruptible(self, work: Coroutine[Any, Any, int]) -> int:
        """Run `work`; the first Ctrl-C lets it clean up, the second ends the children at once."""
        task = asyncio.ensure_future(work)
        self._listen(task)
        try:
            return await task
        except asyncio.CancelledError:
            if not self._interrupted:
                raise
            self._screen.say("Both have ended.")
            return 0 if self._played else INTERRUPTED

    def _listen(self, task: "asyncio.Task[int]") -> None:
        loop = asyncio.get_running_loop()

        def interrupt() -> None:
            if self._interrupted and self._stage is not None:
                self._stage.kill()
            elif not self._interrupted:
                self._interrupted = True
                self._screen.say("\nStopping the bot and the sandbox ...")
                task.cancel()

        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None:
                continue
            with contextlib.suppress(
                ValueError, RuntimeError
            ):  # not in the main thread: nobody presses Ctrl-C there
                if sys.platform == "win32":
                    signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt))
                else:
                    loop.add_signal_handler(number, interrupt)


async def _set_up(stage: Stage, screen: Screen) -> None:
    """Set up what the server of the story has: tickets, and a daily summary."""
    if STORY.desk is not None:
        await open_desk(stage, STORY.desk, screen)
    if STORY.daily is not None:
        await set_up_daily(stage, STORY.daily, screen)


def _rows(transcript: Transcript, totals: Totals) -> list[tuple[str, str]]:
    rows = [("messages", str(totals.posted)), ("stored", str(totals.stored))]
    rows += [(intent.replace("_", " ") + "s", str(count)) for intent, count in sorted(totals.flagged.items())]
    rows.append(("replies", str(totals.replies)))
    rows += [(f"kept quiet: {reason}", str(count)) for reason, count in totals.quiet.most_common()]
    if transcript.empty:
        rows.append(("left out, empty", str(transcript.empty)))
    if transcript.cut:
        rows.append(("shortened", str(transcript.cut)))
    return rows
