"""`/train`: staff teach the bot answers, look through them, and see what it would say."""

import io
from typing import Literal
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import support_only
from bot.core.client import Services
from bot.services.training.drafts import Draft, draft_of
from bot.texts import text
from cogs.training import choices
from cogs.training.edits import Edit, edited
from cogs.training.embeds import (
    answer_embed,
    batches_embed,
    entry_embed,
    history_embed,
    list_title,
    page_embed,
    report_embed,
)
from cogs.training.forms import EntryForm, Target, editing, fields_of
from cogs.training.gaps import GapsCommand
from cogs.training.views import ImportView, PageView, fetched, report_files, run_import

Question = app_commands.Range[str, 1, 1_000]
Answer = app_commands.Range[str, 1, 4_000]
Category = app_commands.Range[str, 1, 100]


@app_commands.guild_only()
class Training(GapsCommand, commands.GroupCog, group_name="train"):
    """What staff teach the bot."""

    def __init__(self, services: Services) -> None:
        self._entries = services.training
        self._files = services.training_files
        self._knowledge = services.knowledge
        self._gaps = services.training_gaps
        self._guilds = services.guilds
        self._completer = choices.Completer(services.training)

    @app_commands.command()
    @app_commands.describe(
        question="How members ask; leave it or the answer out for a form with room for more",
        answer="What I answer, as written here",
        category="To sort and export by",
    )
    @support_only()
    async def add(
        self,
        interaction: discord.Interaction,
        question: Question | None = None,
        answer: Answer | None = None,
        category: Category | None = None,
    ) -> None:
        """Teach me an answer."""
        guild_id, zone = self._place(interaction)
        draft = Draft((question or "",), answer or "", category or "")
        if question is None or answer is None:
            await interaction.response.send_modal(EntryForm(Target(), fields_of(draft, zone), zone))
            return
        await interaction.response.defer(ephemeral=True)
        trained = await self._entries.add(guild_id, interaction.user.id, draft)
        await interaction.followup.send(embed=entry_embed(trained))

    @app_commands.command(name="list")
    @app_commands.describe(category="Of this category alone")
    @support_only()
    async def list_entries(self, interaction: discord.Interaction, category: Category | None = None) -> None:
        """Look through what I was taught, newest first."""
        await self._show_pages(interaction, category, "")

    @app_commands.command()
    @app_commands.describe(text="Words of a question or an answer")
    @support_only()
    async def search(self, interaction: discord.Interaction, text: app_commands.Range[str, 1, 100]) -> None:
        """Look for entries by their words."""
        await self._show_pages(interaction, None, text)

    @app_commands.command()
    @app_commands.describe(
        entry="Which one; with nothing else, a form opens",
        add_question="One more way to ask",
        remove_question="A way to ask that goes",
        answer="The new answer",
        category="The new category; - for none",
    )
    @support_only()
    async def edit(
        self,
        interaction: discord.Interaction,
        entry: str,
        add_question: Question | None = None,
        remove_question: Question | None = None,
        answer: Answer | None = None,
        category: Category | None = None,
    ) -> None:
        """Change an entry."""
        guild_id, zone = self._place(interaction)
        old = await self._entries.get(guild_id, choices.number_of(entry))
        draft, edit = (
            draft_of(old.entry, old.questions),
            Edit(add_question, remove_question, answer, category),
        )
        if not any(edit):
            form = EntryForm(editing(old.entry), fields_of(draft, zone), zone)
            await interaction.response.send_modal(form)
            return
        await interaction.response.defer(ephemeral=True)
        changed = await self._entries.edit(
            guild_id, interaction.user.id, old.entry.id, edited(draft, edit), old.entry.updated_at
        )
        await interaction.followup.send(embed=entry_embed(changed, "changed"))

    @app_commands.command()
    @app_commands.describe(entry="Which one")
    @support_only()
    async def remove(self, interaction: discord.Interaction, entry: str) -> None:
        """Remove an entry; /train undo brings it back."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        removed = await self._entries.remove(guild_id, interaction.user.id, choices.number_of(entry))
        await interaction.followup.send(embed=entry_embed(removed, "removed"))

    @app_commands.command()
    @app_commands.describe(format="CSV opens in spreadsheets", category="Of this category alone")
    @support_only()
    async def export(
        self,
        interaction: discord.Interaction,
        format: Literal["csv", "json"] = "csv",  # noqa: A002 - the option's name
        category: Category | None = None,
    ) -> None:
        """Get all entries as a file that /train import takes."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        parts = await self._files.export(guild_id, as_csv=format == "csv", category=category)
        for number, data in enumerate(parts, 1):
            name = f"training-{number}.{format}" if len(parts) > 1 else f"training.{format}"
            await interaction.followup.send(file=discord.File(io.BytesIO(data), name), ephemeral=True)

    @app_commands.command(name="import")
    @app_commands.describe(
        file="CSV, JSON or JSON Lines with question and answer", dry_run="Only say what it would do"
    )
    @support_only()
    async def import_file(
        self, interaction: discord.Interaction, file: discord.Attachment, dry_run: bool = True
    ) -> None:
        """Take entries from a file; first I say what would come of it."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        upload = await self._files.read(await fetched(file), file.filename)
        if not dry_run:
            await run_import(interaction, self._files, upload)
            return
        report = await self._files.preview(guild_id, upload)
        view = ImportView(self._files, upload) if report.new else discord.utils.MISSING
        await interaction.followup.send(
            embed=report_embed(report, is_done=False), view=view, files=report_files(report)
        )

    @app_commands.command()
    @app_commands.describe(question="As a member would ask")
    @support_only()
    async def test(self, interaction: discord.Interaction, question: Question) -> None:
        """See what I would answer, and how sure I am."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        found = await self._knowledge.search(guild_id, question)
        await interaction.followup.send(embed=answer_embed(question, found))

    @app_commands.command()
    @app_commands.describe(
        change="Which one, with all that came with it; empty for your last", only_this="That entry alone"
    )
    @support_only()
    async def undo(
        self, interaction: discord.Interaction, change: str | None = None, only_this: bool = False
    ) -> None:
        """Take back a change or a whole import."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        if change is None:
            change_id = (await self._entries.last_batch(guild_id, interaction.user.id)).first_id
        else:
            change_id = choices.number_of(change)
        done = await self._entries.undo(guild_id, interaction.user.id, change_id, whole=not only_this)
        if done.count == 1:
            told = text("training.undone_entry", entry=done.entry_ids[0])
        else:
            told = text("training.undone_entries", count=f"{done.count:,}")
        await interaction.followup.send(told)

    @app_commands.command()
    @app_commands.describe(entry="Of this entry; empty for the last changes of all")
    @support_only()
    async def history(self, interaction: discord.Interaction, entry: str | None = None) -> None:
        """See who changed what and when."""
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        if entry is None:
            embed = batches_embed(await self._entries.batches(guild_id))
        else:
            entry_id = choices.number_of(entry)
            embed = history_embed(entry_id, await self._entries.history(guild_id, entry_id))
        await interaction.followup.send(embed=embed)

    @add.autocomplete("category")
    @list_entries.autocomplete("category")
    @edit.autocomplete("category")
    @export.autocomplete("category")
    async def _categories(self, interaction: discord.Interaction, typed: str) -> choices.Choices:
        return await self._completer.category(interaction, typed)

    @edit.autocomplete("entry")
    @remove.autocomplete("entry")
    @history.autocomplete("entry")
    async def _entries_like(self, interaction: discord.Interaction, typed: str) -> choices.Choices:
        return await self._completer.entry(interaction, typed)

    @undo.autocomplete("change")
    async def _changes(self, interaction: discord.Interaction, typed: str) -> choices.Choices:
        return await self._completer.change(interaction, typed)

    async def _show_pages(self, interaction: discord.Interaction, category: str | None, words: str) -> None:
        guild_id, _ = self._place(interaction)
        await interaction.response.defer(ephemeral=True)
        page = await self._entries.page(guild_id, 1, category, words)
        title = list_title(category, words)
        view = discord.utils.MISSING  # a single page has nowhere to turn
        if page.pages > 1:
            view = PageView(title, page, lambda number: self._entries.page(guild_id, number, category, words))
        await interaction.followup.send(embed=page_embed(page, title), view=view)

    def _place(self, interaction: discord.Interaction) -> tuple[int, ZoneInfo]:
        """Return the server and its time zone."""
        assert interaction.guild_id is not None  # guild only
        return interaction.guild_id, ZoneInfo(self._guilds.policy(interaction.guild_id).timezone)
