"""Transcripts of tickets: an HTML file that loads and runs nothing, and plain text. Pure functions."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from bot.services.tickets.markup import link_attributes, moment_text, to_html
from bot.texts import spoken, text

MAX_MESSAGES: Final = 5_000
MAX_BYTES: Final = 10 * 1024 * 1024  # of one file: what Discord takes in a server without boosts
_ROOM: Final = 64 * 1024  # bytes kept for all that is no message
_USER: Final = re.compile(r"<@!?([0-9]{1,20})>")
_EMOJI: Final = re.compile(r"<a?(:\w{1,32}:)[0-9]{1,20}>")
_MOMENT: Final = re.compile(r"<t:([0-9]{1,11})(?::[tTdDfFsSR])?>")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NAMED_ROLES: Final = ("member", "staff", "bot")

_STYLE: Final = """
:root{color-scheme:dark light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem;background:#1e1f22;color:#dbdee1;
font:16px/1.5 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
h1{font-size:1.4rem;color:#f2f3f5;overflow-wrap:anywhere}
h2{font-size:1rem;color:#f2f3f5;margin:1.5rem 0 .5rem}
a{color:#7dc4ff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}
dt{color:#b5bac1}
dd{margin:0;overflow-wrap:anywhere}
.box,article{background:#2b2d31;border-radius:8px;padding:.75rem 1rem;margin:.5rem 0}
article{border-left:4px solid #80848e}
.staff{border-color:#57c990}
.member{border-color:#7d9bff}
.bot{border-color:#f0b35a}
header{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline}
.who{font-weight:600;color:#f2f3f5;overflow-wrap:anywhere}
.role{font-size:.75rem;color:#1e1f22;background:#b5bac1;border-radius:4px;padding:0 .35rem}
time,.quiet{font-size:.85rem;color:#b5bac1}
.text{margin:.25rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate}
pre{margin:.25rem 0;padding:.5rem .75rem;background:#1e1f22;border-radius:4px;white-space:pre-wrap}
code,pre{font-family:ui-monospace,Consolas,Menlo,monospace;font-size:.9em}
code{background:#1e1f22;border-radius:3px;padding:0 .2em}
blockquote{margin:.25rem 0;padding:0 0 0 .75rem;border-left:4px solid #80848e}
.mention{background:#3c4270;border-radius:3px;padding:0 .15em}
.spoiler{background:#111214;color:transparent;border-radius:3px}
.spoiler *{visibility:hidden}
.spoiler:hover,.spoiler:focus{color:inherit}
.spoiler:hover *,.spoiler:focus *{visibility:visible}
ul{margin:.25rem 0 0;padding-left:1.25rem}
@media (prefers-color-scheme:light){
body{background:#fff;color:#2b2d31}
h1,h2,.who{color:#111214}
a{color:#0b57c2}
dt,time,.quiet{color:#5c5f66}
.box,article{background:#f1f2f5}
.role{color:#fff;background:#5c5f66}
pre,code{background:#e1e3e8}
.mention{background:#d5d9f5}
.spoiler{background:#c4c7ce}
}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


@dataclass(frozen=True, slots=True)
class Said:
    """A message as it may be shown."""

    message_id: int
    author_id: int
    author: str
    role: str  # member, staff, bot or other
    text: str
    files: tuple[str, ...]  # names
    at: datetime
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that a transcript shows.

    Attributes:
        title: with question and environment what the ticket began with; "" where that may not be shown.
        facts: lines of the head, name and value.
        link: to the ticket's thread; attachments are looked at there, by who may.
        said: oldest first.
        left_out: whether there was more before.
        zone: IANA name.
        names: of who is mentioned without having written, by id.
    """

    number: int
    title: str
    question: str
    environment: str
    facts: tuple[tuple[str, str], ...]
    summary: str
    link: str
    said: tuple[Said, ...]
    left_out: bool
    zone: str
    names: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Files:
    """A transcript's files."""

    html: bytes
    text: bytes


def render(transcript: Transcript, max_bytes: int = MAX_BYTES) -> Files:
    """Return both files, each of at most `max_bytes`; the oldest messages are left out where they must."""
    names = {**transcript.names, **{each.author_id: each.author for each in transcript.said}}
    zone = ZoneInfo(transcript.zone)
    return Files(_html(transcript, names, zone, max_bytes), _text(transcript, names, zone, max_bytes))


def _html(transcript: Transcript, names: Mapping[int, str], zone: ZoneInfo, max_bytes: int) -> bytes:
    articles = [_article(each, transcript.link, names, zone) for each in transcript.said]
    kept = _newest(articles, max_bytes - _ROOM)
    title = _plain(_titled(transcript), {}, zone)
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(_plain(value, {}, zone))}</dd>"
        for name, value in transcript.facts
    )
    opened = escape(text("ticket_transcript.open"))
    parts = [
        f'<!DOCTYPE html>\n<html lang="{spoken()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1 dir="auto">{escape(title)}</h1>\n<div class="box"><dl>{facts}</dl>'
        f"<p><a {link_attributes(transcript.link)}>{opened}</a></p></div>\n".encode(errors="replace")
    ]
    sections = (
        (text("ticket_transcript.summary"), transcript.summary),
        (text("ticket_transcript.question"), transcript.question),
        (text("ticket_transcript.environment"), transcript.environment),
    )
    for name, value in sections:
        if value:
            shown = _marked_up(value, names, zone)
            box = f'<div class="box"><div class="text" dir="auto">{shown}</div></div>'
            section = f"<h2>{escape(name)}</h2>\n{box}\n"
            parts.append(section.encode(errors="replace"))
    parts.append(f"<h2>{escape(text('ticket_transcript.messages'))}</h2>\n".encode(errors="replace"))
    note = _left_out(transcript, len(articles) - len(kept))
    if note:
        parts.append(f'<p class="quiet">{escape(note)}</p>\n'.encode(errors="replace"))
    return b"".join([*parts, *kept, b"</body>\n</html>\n"])


def _article(said: Said, link: str, names: Mapping[int, str], zone: ZoneInfo) -> bytes:
    moment = said.at.astimezone(zone)
    role = _role(said)
    badge = f'<span class="role">{escape(role)}</span>' if role else ""
    edited = f'<span class="quiet">{escape(text("ticket_transcript.edited"))}</span>' if said.edited else ""
    words = _marked_up(said.text, names, zone)
    body = f'<div class="text" dir="auto">{words}</div>' if words else ""
    target = link_attributes(f"{link}/{said.message_id}")
    items = "".join(f"<li><a {target}>{escape(_line(name))}</a></li>" for name in said.files)
    files = f"<ul>{items}</ul>" if items else ""
    who = f'<span class="who" dir="auto">{escape(_line(said.author))}</span>'
    stamp = f"{said.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return (
        f'<article class="{said.role if role else "other"}"><header>{who}{badge}'
        f'<time datetime="{stamp}">{_shown(moment)}</time>{edited}</header>'
        f"{body}{files}</article>\n"
    ).encode(errors="replace")


def _text(transcript: Transcript, names: Mapping[int, str], zone: ZoneInfo, max_bytes: int) -> bytes:
    lines = [_written(each, transcript.link, names, zone) for each in transcript.said]
    kept = _newest(lines, max_bytes - _ROOM)
    head = [_line(_titled(transcript))]
    head += [f"{name}: {_line(value)}" for name, value in transcript.facts]
    head.append(f"{text('ticket_transcript.link')}: {transcript.link}")
    for name, value in (
        (text("ticket_transcript.summary"), transcript.summary),
        (text("ticket_transcript.question"), transcript.question),
        (text("ticket_transcript.environment"), transcript.environment),
    ):
        if value:
            head += ["", f"{name}:", _indented(_plain(value, names, zone))]
    head += ["", f"{text('ticket_transcript.messages')}:"]
    note = _left_out(transcript, len(lines) - len(kept))
    head += [note] if note else []
    return ("\n".join(head) + "\n").encode(errors="replace") + b"".join(kept)


def _written(said: Said, link: str, names: Mapping[int, str], zone: ZoneInfo) -> bytes:
    role = f" ({_role(said)})" if _role(said) else ""
    edited = f" {text('ticket_transcript.edited')}" if said.edited else ""
    lines = [f"[{_shown(said.at.astimezone(zone))}] {_line(said.author)}{role}{edited}:"]
    if said.text:
        lines.append(_indented(_plain(said.text, names, zone)))
    mark = text("ticket_transcript.file")
    lines += [f"    {mark} {_line(name)} {link}/{said.message_id}" for name in said.files]
    return ("\n".join(lines) + "\n").encode(errors="replace")


def _newest(parts: Sequence[bytes], room: int) -> Sequence[bytes]:
    """Return as many of the last parts as fit."""
    for start in range(len(parts) - 1, -1, -1):
        room -= len(parts[start])
        if room < 0:
            return parts[start + 1 :]
    return parts


def _left_out(transcript: Transcript, cut: int) -> str:
    if transcript.left_out or cut:
        return text("ticket_transcript.newest", count=f"{len(transcript.said) - cut:,}")
    return "" if transcript.said else text("ticket_transcript.nothing")


def _titled(transcript: Transcript) -> str:
    number = f"{transcript.number:04}"
    return text("ticket_transcript.title", number=number, title=transcript.title).strip()


def _role(said: Said) -> str:
    """Return in words who somebody is, "" for those whose role says nothing."""
    return text(f"ticket_transcript.role_{said.role}") if said.role in _NAMED_ROLES else ""


def _marked_up(words: str, names: Mapping[int, str], zone: ZoneInfo) -> str:
    """Return a text as HTML, without signs that would change how others are shown."""
    return to_html(
        _INVISIBLE.sub("", words),
        lambda user_id: _line(names.get(user_id, "")) or text("ticket_transcript.unnamed"),
        zone,
    )


def _plain(words: str, names: Mapping[int, str], zone: ZoneInfo) -> str:
    """Return a text with names for mentions, and without signs that would change how others are shown."""

    def named(match: re.Match[str]) -> str:
        return f"@{_line(names.get(int(match[1]), '')) or text('ticket_transcript.unnamed')}"

    timed = _MOMENT.sub(lambda match: moment_text(match[1], zone), words)
    return _INVISIBLE.sub("", _EMOJI.sub(r"\1", _USER.sub(named, timed)))


def _line(words: str) -> str:
    return " ".join(_INVISIBLE.sub("", words).split())


def _indented(words: str) -> str:
    """Return a text none of whose lines can be taken for one of the transcript's own."""
    return "\n".join(f"    {line}" for line in words.splitlines())


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M %Z}"
