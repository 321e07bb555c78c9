"""What a summary looks like: pages of marked-up text, each as long as Discord takes."""

from collections.abc import Collection, Iterable, MutableMapping, Sequence
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
_SHORT: Final = timedelta(hours=22)  # less than any day, also when clocks go forward
NBSP: Final = "\N{NO-BREAK SPACE}"
_STEP: Final = 100  # characters, when pages are made as long as each other


@dataclass(frozen=True, slots=True)
class Page:
    """One message of a summary.

    Attributes:
        footer: of the last, who wrote it and how much it read; of the others, which page this is.
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
    if span.end - span.start < _SHORT and (first.hour or first.minute):  # some hours, not a day so far
        until = f"{end:%H:%M}" if first.date() == last.date() else f"{end:%A, %d %B %Y, %H:%M}"
        return f"{first:%A, %d %B %Y, %H:%M} to {until}"
    if first.date() == last.date() or span.end - span.start <= _A_DAY:
        # From noon to noon is called by the day it ends on; from midnight to midnight it's that day.
        return f"{last:%A, %d %B %Y}"
    return f"{first:%d %B} to {last:%d %B %Y}"


def pages(
    title: str, guild_id: int, stored: Stored, sections: Collection[Section], extras: Iterable[Extra] = ()
) -> list[Page]:
    """Return a summary's pages, one at least.

    Nothing of a member's is markup in it, nobody is mentioned, and every line has the links it rests on,
    numbered through. Topics that are beyond the last page are counted on it.
    """
    digest = stored.digest
    blocks: list[str] = [f"**Corrected:** {plain(each, MAX_CLAIM)}" for each in stored.corrections]
    left_out = 0
    room = MAX_PAGE * MAX_PAGES - 200  # for the line that tells of what is left out
    tails = [_block(extra) for extra in extras if extra.lines]
    room -= sum(len(each) + 2 for each in tails)
    numbers: dict[int, int] = {}
    for topic in digest.topics:
        block = _topic(topic, guild_id, digest, sections, numbers)
        if not block:
            continue
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
    return [
        Page(
            title if number == 1 else f"{title} ({number})",
            text,
            footer if number == len(texts) else f"{number} of {len(texts)}",
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


def _topic(
    topic: Topic,
    guild_id: int,
    digest: Digest,
    sections: Collection[Section],
    numbers: MutableMapping[int, int],
) -> str:
    """Return a topic as it is shown; "" where nothing is left of it but its title."""
    head = f"**{plain(topic.title, MAX_TITLE)}**"
    place_ids = list(
        dict.fromkeys(digest.sources[each].place_id for each in topic.message_ids if each in digest.sources)
    )
    if place_ids:
        where = " ".join(f"<#{each}>" for each in place_ids[:MAX_LINKS])
        head += f"\n-# {where} · {counted(len(topic.message_ids), 'message')}"
    others = [
        (claim, mark)
        for claims, mark, wanted in (
            (topic.decisions, "**Decided:** ", Section.DECISIONS),
            (topic.actions, "**To do:** ", Section.ACTIONS),
            (topic.questions, "**Open:** ", Section.QUESTIONS),
        )
        if wanted in sections
        for claim in claims
    ]
    told = {claim.message_ids for claim, _ in others} if topic.is_extract else set()
    shown = [claim for claim in topic.sentences if claim.message_ids not in told]
    lines = [head]
    for claim, mark in [*((each, "") for each in shown if Section.TOPICS in sections), *others]:
        text = plain(claim.text, MAX_CLAIM)
        if topic.is_extract and not mark:
            text = _named(text)
        # A link stays with the word before it.
        lines.append(NBSP.join([f"• {mark}{text}", *_links(claim, guild_id, digest, numbers)]))
    return "\n".join(lines) if len(lines) > 1 else ""


def _named(text: str) -> str:
    """Return an extract with its author's name, which it begins with, easy to find."""
    name, colon, words = text.partition("\\: ")
    return f"**{name}:** {words}" if colon and name else text


def _links(claim: Claim, guild_id: int, digest: Digest, numbers: MutableMapping[int, int]) -> list[str]:
    return [
        f"[→{numbers.setdefault(each, len(numbers) + 1)}]"
        f"({link(guild_id, digest.sources[each].place_id, each)})"
        for each in [each for each in claim.message_ids if each in digest.sources][:MAX_LINKS]
    ]


def _block(extra: Extra) -> str:
    return "\n".join([f"**{extra.title}**", *extra.lines])


def _packed(blocks: Sequence[str]) -> list[str]:
    """Return the blocks in order on as few pages as they fit on, all about as long.

    One that is too long for a page is cut by lines.
    """
    parts = [part for block in blocks for part in _cut(block)]
    fewest = _filled(parts, MAX_PAGE)
    if not fewest:
        return ["Nothing was said."]
    share = sum(map(len, parts)) // len(fewest)
    for most in range(share, MAX_PAGE, _STEP):
        texts = _filled(parts, most)
        if len(texts) == len(fewest):
            return texts
    return fewest


def _filled(parts: Sequence[str], most: int) -> list[str]:
    texts: list[str] = []
    for part in parts:
        if texts and len(texts[-1]) + len(part) + 2 <= most:
            texts[-1] += "\n\n" + part
        else:
            texts.append(part)
    return texts


def _cut(block: str) -> list[str]:
    parts = [""]
    for line in block.split("\n"):
        if parts[-1] and len(parts[-1]) + len(line) + 1 > MAX_PAGE:
            parts.append("")
        parts[-1] += ("\n" if parts[-1] else "") + line[:MAX_PAGE]
    return parts
