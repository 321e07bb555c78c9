"""What the demo looks like in a terminal, a narrow one or a pipe."""

import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.demo.links import Json

BOT = "Lookout"
COLOURS = ("cyan", "magenta", "blue", "bright_cyan", "bright_magenta", "bright_blue")
FEELINGS = {"neg": "negative", "neu": "neutral", "pos": "positive"}
URGENCIES = {"high": "urgent", "med": "soon", "low": ""}
PLANS = {"reply": "answer", "noop": "keep quiet", "escalate": "call the staff"}
MAX_SHOWN = 600  # characters of a text
INDENT = 2
MIN_WIDTH = 20  # columns of text, however narrow the terminal
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def console_for(stream: TextIO, *, quiet: bool = False) -> Console:
    """Return a console; what the stream's encoding can't say becomes a question mark."""
    if stream in (sys.stdout, sys.stderr) and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Console(file=stream, highlight=False, markup=False, emoji=False, quiet=quiet)


def plain(text: str) -> str:
    """Return somebody's text so that it can't steer the terminal, and not too long."""
    clean = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 1] + "…"


class Screen:
    """Prints a conversation with the bot's decisions beneath the messages."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._colours: dict[str, str] = {}

    def title(self, guild: str, abilities: str) -> None:
        """Begin."""
        self._console.print(Rule(Text(f"{BOT} in “{plain(guild)}”", style="bold"), style="dim"))
        self._indented(Text(f"Abilities: {abilities}", style="dim"), 0)
        made_up = "Everybody here is made up, except the bot: it is the real one, on a Discord of its own."
        self._indented(Text(made_up, style="dim"), 0)

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
        flagged = story["observer"]["intent"] != "other"
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
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in _audit_rows(story):
            table.add_row(name, Text(plain(value)))
        self._console.print(table)

    def totals(self, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        """Show names and numbers."""
        self._console.print()
        self._console.print(Rule(Text(heading, style="bold"), style="dim"))
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        for name, value in rows:
            table.add_row(name, Text(value))
        self._console.print(table)

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

    def _indented(self, text: Text, columns: int = INDENT) -> None:
        width = max(MIN_WIDTH, self._console.width - columns)
        for line in text.wrap(self._console, width):
            line.rstrip()
            indented = Text(" " * columns).append_text(line)
            self._console.print(indented, no_wrap=True, overflow="ignore", crop=False)

    def _colour(self, author: str) -> str:
        return self._colours.setdefault(author, COLOURS[len(self._colours) % len(COLOURS)])


def tags_of(story: Json) -> str:
    """Return the bot's labels of a message in one line."""
    tags, observer = story["nano_tags"], story["observer"]
    words = [tags["purpose"], FEELINGS.get(tags["sentiment"], tags["sentiment"])]
    if urgency := URGENCIES.get(tags["urgency"], tags["urgency"]):
        words.append(urgency)
    if tags["toxicity"] >= 0.5:  # noqa: PLR2004
        words.append(f"toxic {tags['toxicity']:.2f}")
    intent = observer["intent"].replace("_", " ") if observer["intent"] != "other" else "nothing asked"
    return f"{' · '.join(words)} · {intent} ({observer['confidence']:.2f})"


def plan_of(story: Json) -> str:
    """Return what the bot decided, and why."""
    decided = story["orchestrator"]
    plan = PLANS.get(decided["plan"] or "", decided["plan"] or "not decided yet")
    return f"{plan} ({decided['reason']})" if decided["reason"] else plan


def _plan_style(story: Json) -> str:
    return {"reply": "green", "escalate": "bold red"}.get(story["orchestrator"]["plan"] or "", "yellow")


def _audit_rows(story: Json) -> list[tuple[str, str]]:
    message, times = story["message"], story["times"]
    rows = [
        ("signal", story["id"]),
        ("message", f"{message['author_name']}: {message['content']}"),
        ("where", message["link"]),
        ("language", story["language"]),
        ("tags", tags_of(story)),
        ("why", story["observer"]["rationale"]),
        ("plan", plan_of(story)),
        ("status", story["orchestrator"]["status"]),
    ]
    for action in story["actions"]:
        answered = f", in reply to {action['reference_id']}" if action["reference_id"] else ""
        done = f"{action['kind']}: {action['status']} as message {action['message_id']}{answered}"
        tries = f"tries {action['attempts']}, repeated by Discord's wish {action['retries']}"
        rows += [(f"action {action['id']}", done), ("", f"{tries}, nonce {action['nonce']}")]
    return [*rows, ("times", _timeline(times))]


def _timeline(times: Json) -> str:
    """Return when each stage was reached, in milliseconds after the bot got the message."""
    start = datetime.fromisoformat(times["ingested"])
    parts = [f"received {start.astimezone():%H:%M:%S}"]
    for name in ("observed", "decided", "finished"):
        if times[name]:
            after = (datetime.fromisoformat(times[name]) - start).total_seconds() * 1000
            parts.append(f"{name} +{after:.0f} ms")
    return ", ".join(parts)
