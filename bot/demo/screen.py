"""What the demo looks like in a terminal, a narrow one or a pipe."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from bot.demo.links import Json
from bot.demo.wording import BOT, audit_rows, is_flagged, plan_of, tags_of

COLOURS = ("cyan", "magenta", "blue", "bright_cyan", "bright_magenta", "bright_blue")
MAX_SHOWN = 600  # characters of a text
INDENT = 2
MIN_WIDTH = 20  # columns of text, however narrow the terminal
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Nobody reads any more (`demo | head`): end as by Ctrl-C, so that everything is taken down."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())
        signal.raise_signal(signal.SIGINT)


def console_for(stream: TextIO, *, quiet: bool = False) -> Console:
    """Return a console; what the stream's encoding can't say becomes a question mark."""
    if stream in (sys.stdout, sys.stderr) and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return _Console(file=stream, highlight=False, markup=False, emoji=False, quiet=quiet)


def plain(text: str) -> str:
    """Return somebody's text so that it can't steer the terminal, and not too long."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"


class Screen:
    """Prints a conversation with the bot's decisions beneath the messages.

    Attributes:
        turn: held by who prints several things that belong together, over a wait.
    """

    def __init__(self, console: Console) -> None:
        self.turn = asyncio.Lock()
        self._console = console
        self._colours: dict[str, str] = {}

    def title(self, guild: str, abilities: str) -> None:
        """Begin."""
        self._console.print(Rule(Text(f"{BOT} in “{plain(guild)}”", style="bold"), style="dim"))
        self._indented(Text(f"Abilities: {abilities}", style="dim"), 0)
        made_up = "Everybody here is made up, except the bot: it is the real one, on a Discord of its own."
        self._indented(Text(made_up, style="dim"), 0)

    def page(self, address: str, instead_of: int = 0) -> None:
        """Tell where the chat page is, and that its usual port was taken."""
        if instead_of:
            self._indented(Text(f"Port {instead_of} is taken, so the page has another one.", style="dim"), 0)
        line = Text("Open ")
        line.append(address, style="bold cyan underline")
        self._console.print(line + Text(" to look and take part"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Add to what was shown last."""
        self._indented(Text(f"· {text}", style="dim"))

    def say(self, text: str) -> None:
        """Print a line of the demo's own."""
        self._console.print(Text(text), soft_wrap=True)

    def message(
        self, author: str, place: str, text: str, *, replying_to: str = "", at: datetime | None = None
    ) -> None:
        """Show what someone wrote, and where."""
        head = Text(f"{at or datetime.now().astimezone():%H:%M:%S}  ", style="dim")
        head.append(plain(author), style=f"bold {self._colour(author)}")
        head.append(f"  {place}", style="dim")
        if replying_to:
            head.append(f"  to {plain(replying_to)}", style="dim")
        self._console.print()
        self._console.print(head)
        self._indented(Text(plain(text)))

    def event(self, author: str, what: str, text: str) -> None:
        """Show an edit or a deletion."""
        line = Text(f"{datetime.now().astimezone():%H:%M:%S}  ", style="dim")
        line.append(plain(author), style=f"bold {self._colour(author)}")
        line.append(f" {what}", style="italic")
        self._console.print()
        self._console.print(line)
        if text:
            self._indented(Text(plain(text)))

    def decision(self, story: Json | None, why_unseen: str = "") -> None:
        """Show what the bot thinks of a message and what it will do."""
        if story is None:
            self._indented(Text(f"· not observed{f': {why_unseen}' if why_unseen else ''}", style="dim"))
            return
        flagged = is_flagged(story)
        self._indented(
            Text(("◆ " if flagged else "· ") + tags_of(story), style="yellow" if flagged else "dim")
        )
        if flagged:
            self._indented(
                Text(f"why: {story['observer']['rationale'] or 'no cue named'}", style="dim"), 2 * INDENT
            )
            self._indented(Text(f"plan: {plan_of(story)}", style=_plan_style(story)), 2 * INDENT)

    def reply(self, place: str, text: str, *, only_for: str = "") -> None:
        """Show what the bot wrote."""
        head = Text("↳ ", style="green")
        head.append(BOT, style="bold green")
        head.append(f"  {place}", style="dim")
        if only_for:
            head.append(f"  only {only_for} sees this", style="dim")
        self._indented(head)
        self._indented(Text(plain(text), style="green"), 2 * INDENT)

    def audit(self, story: Json, heading: str) -> None:
        """Show the whole story of one message."""
        self._console.print()
        self._console.print(Rule(Text(heading, style="bold"), style="dim"))
        self._table(audit_rows(story))

    def totals(self, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        """Show names and numbers."""
        self._console.print()
        self._console.print(Rule(Text(heading, style="bold"), style="dim"))
        self._table(rows)

    def verdict(self, text: str, *, holds: bool, detail: str = "") -> None:
        """Print one expectation, always on one line."""
        line = Text("ok      ", style="green") if holds else Text("FAILED  ", style="bold red")
        line.append(text)
        if detail:
            line.append(f": {detail}")
        self._console.print(line, soft_wrap=True)

    def error(self, text: str, log: Sequence[str] = (), where: str = "") -> None:
        """Print what went wrong, with the end of a child's log."""
        self._console.print(Text(f"The demo stopped: {text}", style="red"), soft_wrap=True)
        if log:
            self._console.print(Text(f"The end of {where}:", style="dim"), soft_wrap=True)
            for line in log:
                self._console.print(Text(f"  {plain(line)}", style="dim"), soft_wrap=True)

    def _table(self, rows: Sequence[tuple[str, str]]) -> None:
        column = max(len(name) for name, _ in rows) + INDENT
        for name, value in rows:
            self._indented(Text(plain(value)), column, Text(name.ljust(column), style="dim"))

    def _indented(self, text: Text, columns: int = INDENT, before: Text | None = None) -> None:
        """Print a text from a column on, every line of it; `before` fills the first line's margin."""
        margin = before or Text(" " * columns)
        for line in text.wrap(self._console, max(MIN_WIDTH, self._console.width - columns)):
            line.rstrip()
            self._console.print(margin + line, no_wrap=True, overflow="ignore", crop=False)
            margin = Text(" " * columns)

    def _colour(self, author: str) -> str:
        return self._colours.setdefault(author, COLOURS[len(self._colours) % len(COLOURS)])


def _plan_style(story: Json) -> str:
    return {"reply": "green", "escalate": "bold red"}.get(story["orchestrator"]["plan"] or "", "yellow")
