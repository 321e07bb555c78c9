"""What a summary looks like: pages of marked-up text, each as long as Discord takes."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.counted import counted
from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import defuse_mentions
from bot.domain.summaries import Claim, Coverage, Digest, Span, Topic
from bot.services.summaries.settings import Section
from bot.services.summaries.storing import Stored

MAX_PAGE: Final = 3_800  # characters of an embed's description, below Discord's 4,096
MAX_PAGES: Final = 4
MAX_LINKS: Final = 3  # of one claim
MAX_CLAIM: Final = 400  # characters
MAX_TITLE: Final = 120
_A_DAY: Final = timedelta(hours=25)  # at most, when clocks go back


@dataclass(frozen=True, slots=True)
class Page:
    """One message of a summary.

    Attributes:
        footer: who wrote it, how much it read, and which page this is.
    """

    title: str
    text: str
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """Lines of another part of the post, as they are shown; their marks are ours."""

    title: str
    lines: Sequence[str] = field(default_factory=tuple)


def title_of(span: Span, zone: str) -> str:
    """Return the days that a summary tells of, as the server's clocks have them."""
    tz = ZoneInfo(zone)
    first, end = (each.astimezone(tz) for each in (span.start, span.end))
    last = end - timedelta(microseconds=1)
    if first.date() == last.date() or span.end - span.start <= _A_DAY:
        # From noon to noon is called by the day it ends on; from midnight to midnight it's that day.
        return f"{last:%A, %d %B %Y}"
    return f"{first:%d %B} to {last:%d %B %Y}"


def pages(
    title: str, guild_id: int, stored: Stored, sections: Collection[Section], extras: Iterable[Extra] = ()
) -> list[Page]:
    """Return a summary's pages, one at least.

    Nothing of a member's is markup in it, nobody is mentioned, and every line has the links it rests on.
    Topics that are beyond the last page are counted on it.
    """
    digest = stored.digest
    blocks: list[str] = [f"**Corrected:** {plain(each, MAX_CLAIM)}" for each in stored.corrections]
    left_out = 0
    room = MAX_PAGE * MAX_PAGES - 200  # for the line that tells of what is left out
    tails = [_block(extra) for extra in extras if extra.lines]
    room -= sum(len(each) + 2 for each in tails)
    for topic in digest.topics:
        block = _topic(topic, guild_id, digest, sections)
        if len(block) + 2 > room:
            left_out += 1
            continue
        room -= len(block) + 2
        blocks.append(block)
    if left_out:
        blocks.append(f"-# {counted(left_out, 'smaller topic')} left out here for want of room.")
    if stored.removed:
        blocks.append(f"-# {counted(stored.removed, 'line')} taken out: what it rested on was deleted.")
    texts = _packed([*blocks, *tails])
    footer = footer_of(digest.coverage, digest.model)
    several = len(texts) > 1
    return [
        Page(
            title if number == 1 else f"{title} ({number})",
            text,
            _numbered(footer, number, len(texts), several),
        )
        for number, text in enumerate(texts, 1)
    ]


def footer_of(coverage: Coverage, model: str | None) -> str:
    """Return who wrote a summary, and how many of the messages went into it."""
    who = "Extracts, as they were written; no language model" if model is None else f"Written by {model}"
    if model is not None and coverage.extracted:
        who += f", {coverage.extracted:,} messages as extracts"
    read = f"{coverage.read:,} of {counted(coverage.total, 'message')}"
    return f"{who} · {read}, {counted(coverage.channels, 'channel')}"


def link(guild_id: int, place_id: int, message_id: int) -> str:
    """Return where a message can be read."""
    return f"https://discord.com/channels/{guild_id}/{place_id}/{message_id}"


def plain(text: str, most: int) -> str:
    """Return somebody's words for a line of ours: one line, no markup, no mention, at most `most` long."""
    words = " ".join(text.split())
    if len(words) > most:
        words = words[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"
    return defuse_mentions(escape_markdown(words))


def _topic(topic: Topic, guild_id: int, digest: Digest, sections: Collection[Section]) -> str:
    head = f"**{plain(topic.title, MAX_TITLE)}**"
    place_ids = list(
        dict.fromkeys(digest.sources[each].place_id for each in topic.message_ids if each in digest.sources)
    )
    if place_ids:
        where = " ".join(f"<#{each}>" for each in place_ids[:MAX_LINKS])
        head += f"\n-# {where} · {counted(len(topic.message_ids), 'message')}"
    lines = [head]
    for claims, mark, wanted in (
        (topic.sentences, "", Section.TOPICS),
        (topic.decisions, "**Decided:** ", Section.DECISIONS),
        (topic.actions, "**To do:** ", Section.ACTIONS),
        (topic.questions, "**Open:** ", Section.QUESTIONS),
    ):
        if wanted in sections:
            lines += [f"• {mark}{_claim(each, guild_id, digest)}" for each in claims]
    return "\n".join(lines)


def _claim(claim: Claim, guild_id: int, digest: Digest) -> str:
    links = [
        f"[{number}]({link(guild_id, digest.sources[each].place_id, each)})"
        for number, each in enumerate(
            [each for each in claim.message_ids if each in digest.sources][:MAX_LINKS], 1
        )
    ]
    return " ".join([plain(claim.text, MAX_CLAIM), *links])


def _block(extra: Extra) -> str:
    return "\n".join([f"**{extra.title}**", *extra.lines])


def _packed(blocks: Sequence[str]) -> list[str]:
    """Return the blocks on as few pages as they fit on, in order; one that is too long is cut by lines."""
    texts: list[str] = []
    for block in blocks:
        for part in _cut(block):
            if texts and len(texts[-1]) + len(part) + 2 <= MAX_PAGE:
                texts[-1] += "\n\n" + part
            else:
                texts.append(part)
    return texts or ["Nothing was said."]


def _cut(block: str) -> list[str]:
    parts = [""]
    for line in block.split("\n"):
        if parts[-1] and len(parts[-1]) + len(line) + 1 > MAX_PAGE:
            parts.append("")
        parts[-1] += ("\n" if parts[-1] else "") + line[:MAX_PAGE]
    return parts


def _numbered(footer: str, number: int, count: int, several: bool) -> str:
    return f"{footer} · {number} of {count}" if several else footer
