"""Discord's markup as HTML. Pure: whatever was written is escaped, and only the elements here come out."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

DEEPEST: Final = 8  # marks within marks; deeper ones are shown as they were written
_URL: Final = r"https?://[^\s<>\"'`\\^{}|]+"
_TOKEN: Final = re.compile(
    rf"(?P<escaped>\\[!-/:-@\[-`{{-~])|(?P<code>`+)|<@!?(?P<user>[0-9]{{1,20}})>"
    r"|<a?(?P<emoji>:\w{1,32}:)[0-9]{1,20}>|<t:(?P<moment>[0-9]{1,11})(?::[tTdDfFsSR])?>"
    rf"|\[(?P<words>[^\[\]\n]{{1,256}})\]\(<?(?P<target>{_URL}?)>?\)|<(?P<bare>{_URL})>|(?P<link>{_URL})"
    r"|(?P<mark>\*\*\*|\*\*|\*|__|_|~~|\|\|)"
)
_FENCE: Final = "```"
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9_+.#-]{1,20}\n")
_MARKS: Final[Mapping[str, tuple[str, str]]] = {
    "***": ("<strong><em>", "</em></strong>"),
    "**": ("<strong>", "</strong>"),
    "*": ("<em>", "</em>"),
    "__": ("<u>", "</u>"),
    "_": ("<em>", "</em>"),
    "~~": ("<s>", "</s>"),
    "||": ('<span class="spoiler" tabindex="0">', "</span>"),
}
_ENDS: Final = {  # of marks that others begin with, or that stand in the middle of words
    "*": re.compile(r"(?<![\s*])\*(?!\*)"),
    "_": re.compile(r"(?<!_)_(?![_\w])"),
    "**": re.compile(r"\*\*(?!\*)"),
    "__": re.compile(r"__(?!_)"),
}
_AFTER_LINK: Final = ".,:;!?)"  # of a sentence, not of an address
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Named = Callable[[int], str]  # the name of somebody by their id, "" where it isn't known


def link_attributes(url: str) -> str:
    """Return the attributes of a link to an address."""
    return f'href="{escape(url)}" rel="noopener noreferrer" target="_blank"'


def moment_text(seconds: str, zone: ZoneInfo) -> str:
    """Return a moment as Discord writes it (seconds since 1970) by the clocks of `zone`."""
    return f"{(_EPOCH + timedelta(seconds=int(seconds))).astimezone(zone):%Y-%m-%d %H:%M %Z}"


def to_html(text: str, named: Named, zone: ZoneInfo) -> str:
    """Return what somebody wrote as HTML that fits into a `div` which keeps line ends."""
    parts: list[str] = []
    rest = text
    while rest:
        begin = rest.find(_FENCE)
        end = rest.find(_FENCE, begin + len(_FENCE) + 1) if begin >= 0 else -1
        if end < 0:
            parts.append(_quoted(rest, named, zone))
            break
        code = rest[begin + len(_FENCE) : end]
        parts += (_quoted(rest[:begin].removesuffix("\n"), named, zone), f"<pre>{escape(_shown(code))}</pre>")
        rest = rest[end + len(_FENCE) :].removeprefix("\n")
    return "".join(parts)


def _shown(code: str) -> str:
    """Return a block's code without the name of its language."""
    language = _LANGUAGE.match(code)
    return (code[language.end() :] if language else code).strip("\n")


def _quoted(text: str, named: Named, zone: ZoneInfo) -> str:
    """Return text without code blocks, its quotes as blocks of their own."""
    groups: list[tuple[bool, list[str]]] = []
    to_the_end = False
    for line in text.split("\n") if text else ():
        to_the_end = to_the_end or line.startswith(">>> ")
        is_quote = to_the_end or line.startswith("> ")
        said = line.removeprefix(">>> ").removeprefix("> ") if is_quote else line
        if not groups or groups[-1][0] != is_quote:
            groups.append((is_quote, []))
        groups[-1][1].append(said)
    shown = ((is_quote, _spans("\n".join(lines), named, zone, 0)) for is_quote, lines in groups)
    return "".join(f"<blockquote>{each}</blockquote>" if is_quote else each for is_quote, each in shown)


def _spans(text: str, named: Named, zone: ZoneInfo, depth: int) -> str:
    """Return text with its marks, links and mentions."""
    parts: list[str] = []
    at = 0
    unclosed: set[str] = set()  # marks without an end from here on: each is looked for once
    while (found := _TOKEN.search(text, at)) is not None:
        parts.append(escape(text[at : found.start()]))
        at = found.end()
        mark = found["mark"] or found["code"]
        if mark is None:
            shown, at = _single(found, named, zone)
            parts.append(shown)
            continue
        end = -1 if mark in unclosed or depth >= DEEPEST else _end(text, found, mark)
        if end < 0:
            if mark in _MARKS and not _opens(text, found, mark):
                pass  # it may still close or open elsewhere
            else:
                unclosed.add(mark)
            parts.append(escape(mark))
            continue
        inner = text[at:end]
        if found["code"]:
            parts.append(f"<code>{escape(inner.strip() or inner)}</code>")
        else:
            begin, finish = _MARKS[mark]
            parts.append(f"{begin}{_spans(inner, named, zone, depth + 1)}{finish}")
        at = end + len(mark)
    return "".join([*parts, escape(text[at:])])


def _opens(text: str, found: re.Match[str], mark: str) -> bool:
    """Whether a mark may begin something: not in the middle of a word or before a space."""
    after = text[found.end() : found.end() + 1]
    if mark == "_" and found.start() and (text[found.start() - 1].isalnum()):
        return False
    return bool(after) and not (mark in "*_" and after.isspace())


def _end(text: str, found: re.Match[str], mark: str) -> int:
    """Return where a mark that begins something ends, -1 for nowhere."""
    if found["mark"] and not _opens(text, found, mark):
        return -1
    start = found.end() + 1  # something is between
    if mark in _ENDS:
        closing = _ENDS[mark].search(text, start)
        return closing.start() if closing else -1
    end = text.find(mark, start)
    while found["code"] and end >= 0 and text[end + len(mark) : end + len(mark) + 1] == "`":
        run = end  # a longer run of backticks doesn't close it
        while run < len(text) and text[run] == "`":
            run += 1
        end = text.find(mark, run)
    return end


def _single(found: re.Match[str], named: Named, zone: ZoneInfo) -> tuple[str, int]:
    """Return what has no end of its own as HTML, and where the text goes on."""
    shown = escape(found[0])
    if found["escaped"]:
        shown = escape(found["escaped"][1:])
    elif found["emoji"]:
        shown = escape(found["emoji"])
    elif found["moment"]:
        shown = escape(moment_text(found["moment"], zone))
    elif found["user"]:
        name = named(int(found["user"]))
        shown = f'<span class="mention">@{escape(name)}</span>' if name else shown
    elif found["words"]:  # where it leads is shown, whatever the words say
        target = found["target"]
        shown = f'{_link(target, found["words"])} <span class="quiet">({escape(target)})</span>'
    elif found["bare"]:
        shown = _link(found["bare"])
    else:
        url = found["link"].rstrip(_AFTER_LINK)
        return _link(url), found.start() + len(url)
    return shown, found.end()


def _link(url: str, words: str = "") -> str:
    return f"<a {link_attributes(url)}>{escape(words or url)}</a>"
