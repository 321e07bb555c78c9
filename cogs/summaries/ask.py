"""`/summary`: what was said, for the one who asks, or for all who read the place it is asked in."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_support, managers_only
from bot.core.client import Bot
from bot.domain.errors import UserFacingError
from bot.domain.schedules import day_span
from bot.domain.summaries import Reading, Span
from bot.services.summaries.collecting import Reader, Wanted
from bot.services.summaries.days import chosen_days
from bot.services.summaries.storing import MOST_NOTE, Stored
from bot.texts import text
from bot.tools.summaries import page_embed, summary_buttons
from cogs.summaries.history import history_page
from cogs.summaries.progress import Progress
from cogs.summaries.reading import reader_of

MOST_HOURS = 24 * 30
SILENT = discord.AllowedMentions.none()
_EVERY = app_commands.checks.cooldown(2, 30.0, key=lambda i: (i.guild_id, i.user.id))
_OFTEN = app_commands.checks.cooldown(5, 30.0, key=lambda i: (i.guild_id, i.user.id))


@app_commands.guild_only()
class AskedSummaries(commands.GroupCog, group_name="summary"):
    """What was said here."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._summaries = bot.services.summaries
        self._guilds = bot.services.guilds
        self._menu = app_commands.ContextMenu(name="Catch me up from here", callback=self.catch_up)
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        """Add the menu."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take it away."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command()
    @app_commands.describe(public="True: staff post it here, for everyone who reads this channel")
    @_EVERY
    async def now(self, interaction: discord.Interaction, public: bool = False) -> None:
        """Sum up the last 24 hours."""
        end = _this_minute()
        await self._make(interaction, Span(end - timedelta(days=1), end), public=public)

    @app_commands.command()
    @app_commands.describe(public="True: staff post it here, for everyone who reads this channel")
    @_EVERY
    async def today(self, interaction: discord.Interaction, public: bool = False) -> None:
        """Sum up today, from midnight of the server's clock."""
        span = day_span(self._today(interaction), self._zone(interaction))
        await self._make(interaction, Span(span.start, _this_minute()), public=public)

    @app_commands.command()
    @app_commands.describe(public="True: staff post it here, for everyone who reads this channel")
    @_EVERY
    async def yesterday(self, interaction: discord.Interaction, public: bool = False) -> None:
        """Sum up yesterday."""
        day = self._today(interaction) - timedelta(days=1)
        await self._make(interaction, day_span(day, self._zone(interaction)), public=public)

    @app_commands.command()
    @app_commands.describe(public="True: staff post it here, for everyone who reads this channel")
    @_EVERY
    async def week(self, interaction: discord.Interaction, public: bool = False) -> None:
        """Sum up the last seven days."""
        first = self._today(interaction) - timedelta(days=6)
        span = Span(day_span(first, self._zone(interaction)).start, _this_minute())
        await self._make(interaction, span, public=public)

    @app_commands.command(name="range")
    @app_commands.describe(
        first="A day, for example 2026-03-01",
        last="The last day; empty: that day alone",
        public="True: staff post it here, for everyone who reads this channel",
    )
    @_EVERY
    async def of_range(
        self, interaction: discord.Interaction, first: str, last: str | None = None, public: bool = False
    ) -> None:
        """Sum up some days."""
        span = chosen_days(first, last, self._zone(interaction), _this_minute())
        await self._make(interaction, span, public=public)

    @app_commands.command()
    @app_commands.describe(
        channel="A channel you can read",
        hours="How far to look back; empty: 24",
        public="True: staff post it here, for everyone who reads this channel",
    )
    @_EVERY
    async def channel(
        self,
        interaction: discord.Interaction,
        channel: discord.TextChannel | discord.VoiceChannel | discord.ForumChannel | discord.StageChannel,
        hours: app_commands.Range[int, 1, MOST_HOURS] = 24,
        public: bool = False,
    ) -> None:
        """Sum up a channel and its threads."""
        end = _this_minute()
        places = frozenset(await self._guilds.with_threads(_guild_id(interaction), channel.id))
        await self._make(interaction, Span(end - timedelta(hours=hours), end), places=places, public=public)

    @app_commands.command()
    @app_commands.describe(
        thread="Empty: the one you are in", public="True: staff post it here, for everyone who reads this"
    )
    @_EVERY
    async def thread(
        self, interaction: discord.Interaction, thread: discord.Thread | None = None, public: bool = False
    ) -> None:
        """Sum up a thread from its start."""
        found = thread or interaction.channel
        if not isinstance(found, discord.Thread):
            raise UserFacingError(text("summaries.choose_thread"))
        span = Span(discord.utils.snowflake_time(found.id), _this_minute())
        await self._make(interaction, span, places=frozenset({found.id}), public=public)

    @app_commands.command()
    @app_commands.describe(number="Show this one; empty: list them")
    @_OFTEN
    async def history(self, interaction: discord.Interaction, number: int | None = None) -> None:
        """List earlier summaries that you may read, or show one."""
        await interaction.response.defer(ephemeral=True)
        reader = reader_of(interaction)
        if number is None:
            embed, view = await history_page(interaction, reader, None)
            await interaction.followup.send(embed=embed, view=view, ephemeral=True)
            return
        stored = await self._summaries.store.readable(_guild_id(interaction), reader, number)
        await self._show(interaction, stored)

    @app_commands.command()
    @app_commands.describe(number="The summary's number, from /summary history", text="What is right")
    @managers_only()
    async def correct(
        self, interaction: discord.Interaction, number: int, text: app_commands.Range[str, 3, MOST_NOTE]
    ) -> None:
        """Put a summary right: your words stand above it."""
        await interaction.response.defer(ephemeral=True)
        await self._summaries.store.correct(_guild_id(interaction), number, interaction.user.id, text)
        await interaction.followup.send(_corrected(), ephemeral=True)

    @_EVERY
    async def catch_up(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Sum up what was said since a message, in its place."""
        span = Span(message.created_at, _this_minute() + timedelta(minutes=1))
        await self._make(interaction, span, places=frozenset({message.channel.id}), public=False)

    async def _make(
        self,
        interaction: discord.Interaction,
        span: Span,
        *,
        places: frozenset[int] | None = None,
        public: bool,
    ) -> None:
        if public and not is_support(interaction):
            raise UserFacingError(text("checks.public_summary"))
        await interaction.response.defer(ephemeral=not public)
        guild_id = _guild_id(interaction)
        if places and await self._summaries.store.leaves_out(guild_id, places):
            raise UserFacingError(text("summaries.left_out_here"))
        kept = self._summaries.kept
        told = await kept.stop(guild_id, interaction.user.id, span, places, is_public=public)
        if told is not None:
            await interaction.edit_original_response(content=told)
            return
        reader: Reader = reader_of(interaction)
        if public:
            assert interaction.channel_id is not None  # guild only
            reader = interaction.channel_id
        settings = self._summaries.settings.of(guild_id)
        async with Progress(interaction, must_wait=self._summaries.requests.must_wait(guild_id)) as progress:
            stored = await self._summaries.requests.ask(
                Wanted(guild_id, reader, span, places),
                Reading(settings.style),
                settings.language,
                progress.tell,
            )
        if stored is None:
            nothing = text("summaries.nothing_for_all") if public else text("summaries.nothing_for_you")
            await interaction.edit_original_response(content=nothing)
            return
        await self._show(interaction, stored, public=public)

    async def _show(self, interaction: discord.Interaction, stored: Stored, *, public: bool = False) -> None:
        shown = await self._summaries.daily.composer.asked(stored)
        first, *others = [page_embed(each) for each in shown]
        buttons = summary_buttons(stored.summary.id)
        buttons.stop()  # they are heard as dynamic items
        closing = buttons if stored.is_kept else None  # under the last page; else there is nothing to rate
        message: discord.Message = await interaction.edit_original_response(
            content=None, embed=first, view=None if others else closing, allowed_mentions=SILENT
        )
        posted = [message.id]
        try:
            for number, each in enumerate(others, 1):
                view = (closing if number == len(others) else None) or discord.utils.MISSING
                message = await interaction.followup.send(
                    embed=each, view=view, ephemeral=not public, allowed_mentions=SILENT, wait=True
                )
                posted.append(message.id)
        finally:
            if public:
                await self._summaries.store.posted_for_all(stored.summary.id, message.channel.id, posted)

    def _zone(self, interaction: discord.Interaction) -> str:
        return self._guilds.policy(_guild_id(interaction)).timezone

    def _today(self, interaction: discord.Interaction) -> date:
        return discord.utils.utcnow().astimezone(ZoneInfo(self._zone(interaction))).date()


def _corrected() -> str:
    return text("summaries.corrected_soon")


def _guild_id(interaction: discord.Interaction) -> int:
    assert interaction.guild_id is not None  # guild only
    return interaction.guild_id


def _this_minute() -> datetime:
    """Return the minute that has begun, so that who asks at once asks for the same."""
    return discord.utils.utcnow().replace(second=0, microsecond=0) + timedelta(minutes=1)
