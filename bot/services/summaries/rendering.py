"""What a summary looks like: pages of marked-up text, each as long as Discord takes."""

from collections.abc import Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.domain.markdown import escape_markdown
from bot.domain.outgoing import defuse_mentions
from bot.domain.summaries import Claim, Coverage, Digest, Source, Span, Topic
from bot.services.summaries.settings import Section
from bot.services.summaries.storing import Stored
from bot.texts import counted, text

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
    """Lines of another part of the post, as they are shown; their marks are ours.

    Attributes:
        quoted: the messages whose words are in it.
    """

    title: str
    lines: Sequence[str] = field(default_factory=tuple)
    quoted: Mapping[int, Source] = field(default_factory=dict)


def title_of(span: Span, zone: str, *, exact: bool = False) -> str:
    """Return the days that a summary tells of, as the server's clocks have them.

    Unless it is to be exact, a day from noon to noon is called by the date it ends on.
    """
    tz = ZoneInfo(zone)
    first, end = (each.astimezone(tz) for each in (span.start, span.end))
    last = end - timedelta(microseconds=1)
    hours = _A_DAY if exact else _SHORT - timedelta(microseconds=1)
    if span.end - span.start <= hours and (first.hour or first.minute):  # some hours, not a day so far
        if first.date() == last.date():
            return f"{first:%A, %d %B %Y, %H:%M} to {end:%H:%M}"
        year = "" if first.year == end.year else " %Y"
        return f"{first:%A, %d %B{year}, %H:%M} to {end:%A, %d %B %Y, %H:%M}"
    if first.date() == last.date() or span.end - span.start <= _A_DAY:
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
    blocks: list[str] = [
        text("summaries.corrected", words=plain(each, MAX_CLAIM)) for each in stored.corrections
    ]
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
        blocks.append(text("summaries.topics_left_out", topics=counted(left_out, "smaller_topic")))
    if stored.removed:
        blocks.append(text("summaries.lines_taken_out", lines=counted(stored.removed, "line")))
    if not blocks and digest.coverage.total:
        blocks.append(text("summaries.quiet"))
    texts = _packed([*blocks, *tails])
    footer = footer_of(digest.coverage, digest.model)
    return [
        Page(
            title if number == 1 else f"{title} ({number})",
            page,
            footer if number == len(texts) else text("summaries.page", number=number, count=len(texts)),
        )
        for number, page in enumerate(texts, 1)
    ]


def footer_of(coverage: Coverage, model: str | None) -> str:
    """Return who wrote a summary, and how many of the messages went into it."""
    if model is None:
        who = text("summaries.written_extracts")
    elif coverage.extracted:
        who = text("summaries.written_by_partly", model=model, count=f"{coverage.extracted:,}")
    else:
        who = text("summaries.written_by", model=model)
    return text(
        "summaries.footer",
        who=who,
        read=f"{coverage.read:,}",
        messages=counted(coverage.total, "message"),
        channels=counted(coverage.channels, "channel"),
    )


def link(guild_id: int, place_id: int, message_id: int) -> str:
    """Return where a message can be read."""
    return f"https://discord.com/channels/{guild_id}/{place_id}/{message_id}"


def plain(said: str, most: int) -> str:
    """Return somebody's words for a line of ours: one line, no markup, no mention, at most `most` long."""
    words = " ".join(said.split())
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
        messages = counted(len(topic.message_ids), "message")
        head += "\n" + text("summaries.topic_places", places=where, messages=messages)
    others = [
        (claim, mark)
        for claims, mark, wanted in (
            (topic.decisions, text("summaries.mark_decision") + " ", Section.DECISIONS),
            (topic.actions, text("summaries.mark_action") + " ", Section.ACTIONS),
            (topic.questions, text("summaries.mark_question") + " ", Section.QUESTIONS),
        )
        if wanted in sections
        for claim in claims
    ]
    told = {claim.message_ids for claim, _ in others} if topic.is_extract else set()
    shown = [claim for claim in topic.sentences if claim.message_ids not in told]
    lines = [head]
    for claim, mark in [*((each, "") for each in shown if Section.TOPICS in sections), *others]:
        words = plain(claim.text, MAX_CLAIM)
        if topic.is_extract and not mark:
            words = _named(words)
        # A link stays with the word before it.
        lines.append(NBSP.join([f"• {mark}{words}", *_links(claim, guild_id, digest, numbers)]))
    return "\n".join(lines) if len(lines) > 1 else ""


def _named(said: str) -> str:
    """Return an extract with its author's name, which it begins with, easy to find."""
    name, colon, words = said.partition("\\: ")
    return f"**{name}:** {words}" if colon and name else said


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
        return [text("summaries.nothing")]
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
