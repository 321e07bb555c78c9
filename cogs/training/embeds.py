"""Trained entries, their history and what a file holds, as embeds. Pure functions."""

from collections.abc import Sequence

import discord
from discord.utils import format_dt

from bot.domain.markdown import escape_markdown
from bot.models import ChangeKind, TrainingChange, TrainingEntry
from bot.services.training.entries import Batch, Page, Trained
from bot.services.training.importing import Issue, Report
from bot.services.training.knowledge import Band, Candidate, Found
from bot.texts import counted, text

MAX_TITLE, MAX_DESCRIPTION, MAX_VALUE = 256, 4_096, 1_024  # characters; Discord refuses more
MAX_SHOWN = 1_500  # characters of an answer in full
ISSUES = 5  # of each kind in the embed; the rest is in the file beside it


def entry_embed(trained: Trained, done: str = "trained") -> discord.Embed:
    """Build one entry, as it is stored, after it was trained, "changed" or "removed"."""
    entry = trained.entry
    embed = discord.Embed(
        title=text(f"training.entry_title_{done}", entry=entry.id),
        description=_short(escape_markdown(entry.answer), MAX_SHOWN),
    )
    embed.add_field(name=text("training.entry_questions"), value=_lines(trained.questions), inline=False)
    if entry.category:
        embed.add_field(name=text("training.entry_category"), value=escape_markdown(entry.category))
    if entry.valid_from or entry.valid_until:
        embed.add_field(name=text("training.entry_valid"), value=_valid(entry))
    if entry.links:
        embed.add_field(
            name=text("training.entry_links"), value=_short("\n".join(entry.links), MAX_VALUE), inline=False
        )
    if entry.source_url:
        embed.add_field(name=text("training.entry_source"), value=entry.source_url)
    used = counted(entry.used_count, "time")
    if entry.used_count:
        used += f" · 👍 {entry.helpful} · 👎 {entry.unhelpful}"
    embed.add_field(name=text("training.entry_used"), value=used)
    embed.add_field(
        name=text("training.entry_changed_by"),
        value=f"<@{entry.updated_by}> {format_dt(entry.updated_at, 'R')}",
    )
    return embed


def list_title(category: str | None, words: str) -> str:
    """Return what is written over a list of entries."""
    if words:
        return text("training.list_words", words=words)
    return text("training.list_category", category=category) if category else text("training.list_all")


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
        description="\n".join(lines)[:MAX_DESCRIPTION] or text("training.list_empty"),
    )
    embed.set_footer(
        text=text(
            "training.list_footer", page=page.number, pages=page.pages, total=counted(page.total, "entry")
        )
    )
    return embed


def answer_embed(question: str, found: Found) -> discord.Embed:
    """Build what the bot would answer to a question, as its asker would see it, and why."""
    embed = discord.Embed(
        title=text("training.test_title"), description=f">>> {_short(escape_markdown(question), 300)}"
    )
    best = found.matches[0] if found.matches else None
    if best is not None and found.band == Band.TRAINED:
        answer = _short(best.entry.answer, MAX_VALUE)  # its markup is shown, as it is where it is posted
        embed.add_field(name=text("training.test_answer", entry=best.entry.id), value=answer, inline=False)
    embed.add_field(
        name=text("training.test_decision"), value=text(f"training.band_{found.band}"), inline=False
    )
    rows = [_match(each) for each in found.matches]
    embed.add_field(
        name=text("training.test_nearest"),
        value=_short("\n".join(rows) or text("training.test_none"), MAX_VALUE),
        inline=False,
    )
    by = (
        text("training.test_by_fallback", how=found.by)
        if found.is_fallback
        else text("training.test_by", how=found.by)
    )
    embed.set_footer(
        text=text(
            "training.test_footer", trained=f"{found.threshold:.2f}", composed=f"{found.low:.2f}", by=by
        )
    )
    return embed


def history_embed(entry_id: int, changes: Sequence[TrainingChange]) -> discord.Embed:
    """Build the history of one entry."""
    lines = [_history_line(each) for each in changes]
    shown = _short("\n".join(lines) or text("training.history_none"), MAX_DESCRIPTION)
    return discord.Embed(title=text("training.history_title", entry=entry_id), description=shown)


def _who(actor_id: int) -> str:
    """Return who changed something; of what the bot's owner imported nobody is told."""
    return f"<@{actor_id}>" if actor_id else text("training.somebody")


def batches_embed(batches: Sequence[Batch]) -> discord.Embed:
    """Build the last changes of a server's training."""
    lines = [
        f"`{each.first_id}` {_who(each.actor_id)} {batch_text(each)} {format_dt(each.at, 'R')}"
        for each in batches
    ]
    embed = discord.Embed(
        title=text("training.batches_title"),
        description="\n".join(lines)[:MAX_DESCRIPTION] or text("training.batches_none"),
    )
    embed.set_footer(text=text("training.batches_footer"))
    return embed


def batch_text(batch: Batch) -> str:
    """Return what one command or import did: "imported 120 entries"."""
    what = (
        text("training.change_entry", entry=batch.entry_id)
        if batch.size == 1
        else counted(batch.size, "entry")
    )
    done = text(f"training.what_{ChangeKind(batch.kind)}", what=what)
    return text("training.batch_undone", done=done) if batch.undone == batch.size else done


def report_embed(report: Report, *, is_done: bool) -> discord.Embed:
    """Build what an import did or would do."""
    embed = discord.Embed(
        title=text("training.imported_title") if is_done else text("training.import_title"),
        description=text(
            "training.import_summary",
            questions=counted(report.new, "new_question"),
            new=counted(report.new_entries, "new_entry"),
            extended=counted(report.extended_entries, "entry"),
            unchanged=f"{report.unchanged:,}",
        ),
    )
    for name, issues in _issues(report):
        if issues:
            shown = [_row(each.row, escape_markdown(_short(each.text, 120))) for each in issues[:ISSUES]]
            left = f"{len(issues) - ISSUES:,}"
            more = [text("training.and_more", count=left)] if len(issues) > ISSUES else []
            value = _short("\n".join([*shown, *more]), MAX_VALUE)
            embed.add_field(name=f"{name}: {len(issues):,}", value=value, inline=False)
    return embed


def report_text(report: Report) -> str:
    """Return every row that is left out, with the reason; "" when the embed shows all of them."""
    if all(len(issues) <= ISSUES for _, issues in _issues(report)):
        return ""
    return "".join(
        f"{name}\n" + "".join(f"{_row(each.row, each.text)}\n" for each in issues) + "\n"
        for name, issues in _issues(report)
        if issues
    )


def _row(number: int, why: str) -> str:
    return text("training.row", row=number, why=why)


def _issues(report: Report) -> list[tuple[str, list[Issue]]]:
    return [
        (text("training.left_out_conflicts"), report.conflicts),
        (text("training.left_out_duplicates"), report.duplicates),
        (text("training.left_out_invalid"), report.invalid),
    ]


def _match(match: Candidate) -> str:
    question = _short(escape_markdown(match.phrasing), 120)
    values = {"score": f"{match.score:.2f}", "entry": match.entry.id, "question": question}
    return (
        text("training.test_match_exact", **values)
        if match.is_exact
        else text("training.test_match", **values)
    )


def _history_line(change: TrainingChange) -> str:
    line = text(
        f"training.log_{ChangeKind(change.kind)}",
        change=change.id,
        who=_who(change.actor_id),
        when=format_dt(change.at, "R"),
    )
    if change.undone_by:
        line = text("training.history_undone", line=line)
    return line + _difference(change)


def _valid(entry: TrainingEntry) -> str:
    if entry.valid_from is None:
        return text("training.valid_until", end=format_dt(entry.valid_until)) if entry.valid_until else ""
    begin = format_dt(entry.valid_from)
    if entry.valid_until is None:
        return text("training.valid_from", begin=begin)
    return text("training.valid_between", begin=begin, end=format_dt(entry.valid_until))


def _difference(change: TrainingChange) -> str:
    """Return which parts of an entry a change touched."""
    before, after = change.before or {}, change.after or {}
    if not before or not after:
        return ""
    changed = [text(f"training.part_{name}") for name in after if before.get(name) != after[name]]
    return f": {', '.join(changed)}" if changed else ""


def _lines(texts: Sequence[str]) -> str:
    shown: list[str] = []
    for count, each in enumerate(texts):
        line = _short(escape_markdown(each), 200)
        if len("\n".join([*shown, line])) > MAX_VALUE - 20:
            return "\n".join([*shown, text("training.and_more", count=len(texts) - count)])
        shown.append(line)
    return "\n".join(shown)


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"
