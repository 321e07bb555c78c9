"""Trained entries, their history and what a file holds, as embeds. Pure functions."""

from collections.abc import Sequence

import discord
from discord.utils import format_dt

from bot.domain.counted import counted
from bot.domain.markdown import escape_markdown
from bot.models import ChangeKind, TrainingChange
from bot.services.training.entries import Batch, Page, Trained
from bot.services.training.importing import Issue, Report
from bot.services.training.knowledge import Band, Found

MAX_TITLE, MAX_DESCRIPTION, MAX_VALUE = 256, 4_096, 1_024  # characters; Discord refuses more
MAX_SHOWN = 1_500  # characters of an answer in full
ISSUES = 5  # of each kind in the embed; the rest is in the file beside it
DONE = {
    ChangeKind.ADD: "added",
    ChangeKind.EDIT: "edited",
    ChangeKind.REMOVE: "removed",
    ChangeKind.IMPORT: "imported",
    ChangeKind.UNDO: "took back a change of",
}
BANDS = {
    Band.TRAINED: "I would give the first answer as it is written.",
    Band.COMPOSED: "I would have a language model put an answer together from these. "
    "Without one, I would not answer.",
    Band.BELOW: "I would not answer from training.",
}


def entry_embed(trained: Trained, title: str = "Trained") -> discord.Embed:
    """Build one entry, as it is stored."""
    entry = trained.entry
    embed = discord.Embed(
        title=f"{title}: entry {entry.id}", description=_short(escape_markdown(entry.answer), MAX_SHOWN)
    )
    embed.add_field(name="Asked as", value=_lines(trained.questions), inline=False)
    if entry.category:
        embed.add_field(name="Category", value=escape_markdown(entry.category))
    if entry.valid_from or entry.valid_until:
        begin = f"from {format_dt(entry.valid_from)} " if entry.valid_from else ""
        end = f"until {format_dt(entry.valid_until)}" if entry.valid_until else "on"
        embed.add_field(name="Valid", value=begin + end)
    if entry.links:
        embed.add_field(name="Links", value=_short("\n".join(entry.links), MAX_VALUE), inline=False)
    if entry.source_url:
        embed.add_field(name="Made from", value=entry.source_url)
    used = counted(entry.used_count, "time") + (
        f" · 👍 {entry.helpful} · 👎 {entry.unhelpful}" if entry.used_count else ""
    )
    embed.add_field(name="Used", value=used)
    embed.add_field(name="Changed", value=f"<@{entry.updated_by}> {format_dt(entry.updated_at, 'R')}")
    return embed


def page_embed(page: Page, title: str) -> discord.Embed:
    """Build a page of entries."""
    lines = [
        f"**{each.entry.id}** {_short(escape_markdown(each.questions[0]), 120)}"
        + (f" (+{len(each.questions) - 1})" if len(each.questions) > 1 else "")
        + (f" · {escape_markdown(each.entry.category)}" if each.entry.category else "")
        + f"\n-# {_short(escape_markdown(' '.join(each.entry.answer.split())), 150)}"
        for each in page.items
    ]
    embed = discord.Embed(
        title=_short(title, MAX_TITLE),
        description="\n".join(lines)[:MAX_DESCRIPTION] or "There is nothing yet.",
    )
    embed.set_footer(text=f"Page {page.number} of {page.pages} · {counted(page.total, 'entry', 'entries')}")
    return embed


def answer_embed(question: str, found: Found) -> discord.Embed:
    """Build what the bot would answer to a question, as its asker would see it, and why."""
    embed = discord.Embed(
        title="What I would answer", description=f">>> {_short(escape_markdown(question), 300)}"
    )
    best = found.matches[0] if found.matches else None
    if best is not None and found.band == Band.TRAINED:
        answer = _short(best.entry.answer, MAX_VALUE)  # its markup is shown, as it is where it is posted
        embed.add_field(name=f"Answer of entry {best.entry.id}", value=answer, inline=False)
    embed.add_field(name="Decision", value=BANDS[found.band], inline=False)
    rows = [
        f"**{each.score:.2f}** entry {each.entry.id}{' (the same question)' if each.is_exact else ''}: "
        + _short(escape_markdown(each.phrasing), 120)
        for each in found.matches
    ]
    embed.add_field(
        name="Nearest", value=_short("\n".join(rows) or "nothing is trained", MAX_VALUE), inline=False
    )
    by = f"compared by {found.by}" + (", for the encoder doesn't answer now" if found.is_fallback else "")
    embed.set_footer(text=f"As written from {found.threshold:.2f} · put together from {found.low:.2f} · {by}")
    return embed


def history_embed(entry_id: int, changes: Sequence[TrainingChange]) -> discord.Embed:
    """Build the history of one entry."""
    lines = [
        f"`{each.id}` <@{each.actor_id}> {_done(each.kind)} it {format_dt(each.at, 'R')}"
        + (" · taken back" if each.undone_by else "")
        + _difference(each)
        for each in changes
    ]
    shown = _short("\n".join(lines) or "There is no such entry.", MAX_DESCRIPTION)
    return discord.Embed(title=f"History of entry {entry_id}", description=shown)


def batches_embed(batches: Sequence[Batch]) -> discord.Embed:
    """Build the last changes of a server's training."""
    lines = [
        f"`{each.first_id}` <@{each.actor_id}> {batch_text(each)} {format_dt(each.at, 'R')}"
        for each in batches
    ]
    embed = discord.Embed(
        title="Last changes", description="\n".join(lines)[:MAX_DESCRIPTION] or "There are none."
    )
    embed.set_footer(text="/train undo change: takes one back")
    return embed


def batch_text(batch: Batch) -> str:
    """Return what one command or import did: "imported 120 entries"."""
    what = f"entry {batch.entry_id}" if batch.size == 1 else counted(batch.size, "entry", "entries")
    return f"{_done(batch.kind)} {what}" + (" (taken back)" if batch.undone == batch.size else "")


def report_embed(report: Report, *, is_done: bool) -> discord.Embed:
    """Build what an import did or would do."""
    embed = discord.Embed(
        title="Imported" if is_done else "What this import would do",
        description=f"{counted(report.new, 'new question')}: "
        f"{counted(report.new_entries, 'new entry', 'new entries')}, "
        f"{counted(report.extended_entries, 'entry', 'entries')} with more ways to ask\n"
        f"Trained just so already: {report.unchanged:,}",
    )
    for name, issues in _issues(report):
        if issues:
            shown = [f"row {each.row}: {escape_markdown(_short(each.text, 120))}" for each in issues[:ISSUES]]
            more = [f"and {len(issues) - ISSUES:,} more"] if len(issues) > ISSUES else []
            value = _short("\n".join([*shown, *more]), MAX_VALUE)
            embed.add_field(name=f"{name}: {len(issues):,}", value=value, inline=False)
    return embed


def report_text(report: Report) -> str:
    """Return every row that is left out, with the reason; "" when the embed shows all of them."""
    if all(len(issues) <= ISSUES for _, issues in _issues(report)):
        return ""
    return "".join(
        f"{name}\n" + "".join(f"row {each.row}: {each.text}\n" for each in issues) + "\n"
        for name, issues in _issues(report)
        if issues
    )


def _issues(report: Report) -> list[tuple[str, list[Issue]]]:
    return [
        ("Left out, another answer", report.conflicts),
        ("Left out, twice in the file", report.duplicates),
        ("Left out, can't be used", report.invalid),
    ]


def _done(kind: str) -> str:
    return DONE[ChangeKind(kind)]


def _difference(change: TrainingChange) -> str:
    """Return which parts of an entry a change touched."""
    before, after = change.before or {}, change.after or {}
    if not before or not after:
        return ""
    changed = [name.replace("_", " ") for name in after if before.get(name) != after[name]]
    return f": {', '.join(changed)}" if changed else ""


def _lines(texts: Sequence[str]) -> str:
    shown: list[str] = []
    for count, text in enumerate(texts):
        line = _short(escape_markdown(text), 200)
        if len("\n".join([*shown, line])) > MAX_VALUE - 20:
            return "\n".join([*shown, f"and {len(texts) - count} more"])
        shown.append(line)
    return "\n".join(shown)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
