"""What others wrote, as it goes into a prompt: fenced, and written so that it can't end the fence or ping.

Every line of such a text begins with "> ". What the bot says about it (who wrote it, what was cut) does not,
so a forged line can be told from a real one even by a model that overlooks the fence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from bot.llm.visible import letters, visible

MAX_NAME: Final = 32  # characters; Discord allows as many
NOBODY: Final = "somebody"  # who has no name that can be shown

_MENTION: Final = re.compile(r"<@(?P<kind>[!&]?)(?P<id>[0-9]{1,20})>")
_EMOJI: Final = re.compile(r"<a?(:\w{1,32}:)[0-9]{1,20}>")
_EVERYONE: Final = re.compile(r"@(?=\W{0,3}(?:everyone|here)\b)", re.IGNORECASE)
_ANGLES: Final = re.compile(r"[<＜‹«⟨〈《≪]{3,}")  # noqa: RUF001
# what templates of models and their tools are made of; some runtimes read it inside a text too
_CONTROL: Final = re.compile(
    r"<(?=\s{0,3}/?\s{0,3}(?:[|\uff5c]|s>|bos>|eos>|pad>|unk>|start_of_|end_of_|think|tool_|function|system\b|user\b"
    r"|assistant\b|data\b|invoke|antml))"
    r"|\[(?=/?(?:INST|TOOL_|AVAILABLE_TOOLS|SYSTEM_PROMPT|THINK|IMG)\b)|<(?=<SYS>>)|<(?=</SYS>>)",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"[\"`*_~|<>\[\]{}\\]")


class Item(NamedTuple):
    """Something somebody wrote.

    Attributes:
        text: as it was written.
        name: who wrote it, as they call themselves; "" when nobody in particular did.
        id: by which an answer refers to it, made by the bot.
    """

    text: str
    name: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much goes in, in characters of what was written.

    Attributes:
        each: of one item.
        total: of all together.
        must_all: every item goes in, however short; else the newest do, which come last.
    """

    each: int = 1_500
    total: int = 8_000
    must_all: bool = False


@dataclass(frozen=True, slots=True)
class Fence:
    """The lines around what others wrote; `nonce` is known to nobody who writes it."""

    nonce: str
    names: Mapping[int, str] = field(default_factory=dict)  # of users, roles: for mentions

    def around(self, items: Sequence[Item], bounds: Bounds) -> str:
        """Return `items` between the fence's lines."""
        kept, left_out = _fitting(items, bounds)
        each = (
            max(1, min(bounds.each, bounds.total // len(kept))) if kept and bounds.must_all else bounds.each
        )
        lines = [f"<<<DATA {self.nonce}>>>"]
        if left_out:
            lines.append(f"({left_out} earlier left out)")
        for item in kept:
            lines.extend(self._lines(item, each))
        if not items:
            lines.append("(nothing)")
        lines.append(f"<<<END {self.nonce}>>>")
        return "\n".join(lines)

    def text(self, text: str) -> str:
        """Return a member's `text` with nothing in it that ends the fence, commands a model or pings."""
        text = _MENTION.sub(self._mentioned, visible(text))
        text = _EMOJI.sub(r"\1", text)
        text = _EVERYONE.sub("@ ", text)
        text = _CONTROL.sub(lambda match: f"{match.group()} ", text)
        text = _ANGLES.sub(lambda match: " ".join(match.group()), text)
        return self._unguessed(text)

    def _unguessed(self, text: str) -> str:
        return re.sub(re.escape(self.nonce), "-", text, flags=re.IGNORECASE)

    def _lines(self, item: Item, each: int) -> list[str]:
        name = self._unguessed(safe_name(item.name)) if item.name else ""
        head = " ".join(filter(None, (f"[{item.id}]" if item.id else "", f'"{name}"' if name else "")))
        text = self.text(item.text[:each])
        lines = [f"{head}:"] if head else []
        lines.extend(f"> {line}".rstrip() for line in text.strip().split("\n"))
        if len(item.text) > each:
            lines.append(f"(cut: {len(item.text) - each:,} more characters)")
        return lines

    def _mentioned(self, match: re.Match[str]) -> str:
        name = self.names.get(int(match["id"]))
        if name is not None:
            return f"@{safe_name(name)}"
        return "@role" if match["kind"] == "&" else f"@{match['id']}"


def safe_name(name: str) -> str:
    """Return a display name on one line, without markup, bounded; a stand-in for one that shows nothing.

    Names of servers, channels and roles go through here too.
    """
    name = " ".join(_MARKUP.sub(" ", visible(name).replace("@", " ")).split())[:MAX_NAME].strip()
    return name if letters(name) else NOBODY


def _fitting(items: Sequence[Item], bounds: Bounds) -> tuple[list[Item], int]:
    """Return what fits, and how many items before it don't."""
    if bounds.must_all:
        return list(items), 0
    room, kept = bounds.total, 0
    for item in reversed(items):
        room -= min(len(item.text), bounds.each)
        if room < 0 and kept:
            break
        kept += 1
    return list(items[len(items) - kept :]), len(items) - kept
