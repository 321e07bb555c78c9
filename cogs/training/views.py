"""Buttons under lists and under the report of an import."""

import io
from collections.abc import Awaitable, Callable
from typing import Any

import discord
from loguru import logger

from bot.core.ui import StaffView
from bot.domain.errors import UserFacingError
from bot.services.training.entries import Page
from bot.services.training.files import MAX_BYTES
from bot.services.training.importing import Report, TrainingFiles, Upload
from bot.texts import text
from cogs.training.embeds import page_embed, report_embed, report_text

LIST_SECONDS = 900.0  # as long as Discord lets the answer be edited
IMPORT_SECONDS = 600.0  # the file is kept that long
TENTHS = 10

Turn = Callable[[int], Awaitable[Page]]


class PageView(StaffView):
    """Back and forth in a list of entries."""

    def __init__(self, title: str, page: Page, turn: Turn) -> None:
        super().__init__(timeout=LIST_SECONDS)
        self._title = title
        self._turn = turn
        self.back.label, self.forth.label = text("ui.back"), text("ui.next")
        self._show(page)

    def _show(self, page: Page) -> None:
        self._page = page
        self.back.disabled = page.number <= 1
        self.forth.disabled = page.number >= page.pages

    @discord.ui.button()
    async def back(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page before."""
        await self._go(interaction, self._page.number - 1)

    @discord.ui.button()
    async def forth(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Show the page after."""
        await self._go(interaction, self._page.number + 1)

    async def _go(self, interaction: discord.Interaction[Any], number: int) -> None:
        self._show(await self._turn(number))
        await interaction.response.edit_message(embed=page_embed(self._page, self._title), view=self)


class ImportView(StaffView):
    """The button that does what the report above it says."""

    def __init__(self, files: TrainingFiles, upload: Upload) -> None:
        super().__init__(timeout=IMPORT_SECONDS)
        self._files = files
        self._upload = upload
        self.import_now.label = text("training.button_import")

    @discord.ui.button(style=discord.ButtonStyle.primary)
    async def import_now(self, interaction: discord.Interaction[Any], _: discord.ui.Button[Any]) -> None:
        """Import the file, once."""
        if self.is_finished():  # pressed twice
            await interaction.response.defer()
            return
        self.stop()
        await interaction.response.edit_message(
            content=text("training.importing"), embed=None, view=None, attachments=[]
        )
        await run_import(interaction, self._files, self._upload)


async def fetched(file: discord.Attachment) -> bytes:
    """Return an attachment's content.

    Raises:
        UserFacingError: it is too large, or Discord doesn't give it.
    """
    if file.size > MAX_BYTES:
        raise UserFacingError(text("training.file_large", megabytes=MAX_BYTES // 1_000_000))
    try:
        return await file.read()
    except discord.HTTPException:
        raise UserFacingError(text("training.file_not_fetched")) from None


async def run_import(interaction: discord.Interaction[Any], files: TrainingFiles, upload: Upload) -> None:
    """Import a file and tell how far it is in the interaction's answer, ten times at most."""
    assert interaction.guild_id is not None  # guild only
    told = 0

    async def progress(done: int, total: int) -> None:
        nonlocal told
        tenth = done * TENTHS // total
        if told < tenth < TENTHS:
            told = tenth
            told_now = text("training.importing_progress", done=f"{done:,}", total=f"{total:,}")
            try:
                await interaction.edit_original_response(content=told_now)
            except discord.HTTPException as error:  # the import matters more than the word on it
                logger.info("The progress of an import can't be told: {}", error)

    report = await files.store(interaction.guild_id, interaction.user.id, upload, progress)
    await interaction.edit_original_response(
        content=None, embed=report_embed(report, is_done=True), attachments=report_files(report)
    )


def report_files(report: Report) -> list[discord.File]:
    """Return the whole report as a file where the embed doesn't show all of it."""
    whole = report_text(report)
    return [discord.File(io.BytesIO(whole.encode()), "left-out.txt")] if whole else []
