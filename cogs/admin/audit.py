"""`/audit`: what the bot thought of a message and did about it, and what staff think of that."""

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.checks import is_support, managers_only, require_manager
from bot.core.places import person
from bot.core.ui import Pages, Shown
from bot.domain.audience import Person
from bot.domain.errors import UserFacingError
from bot.domain.signal import Intent, PlanKind
from bot.services.feedback import FeedbackService
from bot.services.reasons import Reason, ReasonService
from bot.texts import text
from cogs.admin.story import recent_embed, story_embed

Watched = discord.TextChannel | discord.ForumChannel | discord.VoiceChannel | discord.Thread
_LINK_OR_ID = re.compile(r"(?:https://\S+/channels/\d+/\d+/)?(\d{15,20})")


def message_id_of(written: str) -> int:
    """Return the message id in a link or bare id.

    Raises:
        UserFacingError: there is none.
    """
    match = _LINK_OR_ID.fullmatch(written.strip())
    if match is None:
        raise UserFacingError(text("audit.no_link"))
    return int(match[1])


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class Audit(commands.GroupCog, group_name="audit"):
    """Why the bot did what it did."""

    def __init__(self, reasons: ReasonService, feedback: FeedbackService) -> None:
        self._reasons = reasons
        self._feedback = feedback

    @app_commands.command()
    @app_commands.describe(message="A message link or id; an answer of mine, too")
    @managers_only()
    async def message(self, interaction: discord.Interaction, message: str) -> None:
        """Show what I thought of a message and did about it."""
        await interaction.response.defer(ephemeral=True)
        found = await self._reasons.why(
            _guild_id(interaction), message_id_of(message), _asker(interaction), is_staff=True
        )
        await tell_reason(interaction, found, is_staff=True)

    @app_commands.command()
    @app_commands.describe(plan="Only what I decided so", channel="Only of this channel and its threads")
    @managers_only()
    async def recent(
        self,
        interaction: discord.Interaction,
        plan: PlanKind | None = None,
        channel: discord.TextChannel
        | discord.ForumChannel
        | discord.VoiceChannel
        | discord.Thread
        | None = None,
    ) -> None:
        """List what I decided lately, in the channels you can read."""
        await interaction.response.defer(ephemeral=True)
        place_id = channel.id if channel is not None else None

        async def turn(pressed: discord.Interaction, number: int) -> Shown:
            require_manager(pressed)
            rows, has_more = await self._reasons.recent(
                _guild_id(pressed), _asker(pressed), number, plan, place_id
            )
            return recent_embed(rows, number), has_more

        await Pages(turn).begin(interaction)

    @app_commands.command()
    @app_commands.describe(message="A message link or id", intent="What the message really was")
    @managers_only()
    async def correct(self, interaction: discord.Interaction, message: str, intent: Intent) -> None:
        """Tell me what a message really was, so that I can learn from it."""
        await interaction.response.defer(ephemeral=True)
        guild_id, message_id = _guild_id(interaction), message_id_of(message)
        await self._reasons.why(guild_id, message_id, _asker(interaction), is_staff=True)  # may they know
        noted = await self._feedback.correct(guild_id, message_id, interaction.user.id, intent)
        await interaction.followup.send(
            text("audit.corrected", intent=_spoken(intent), before=_spoken(Intent(noted.intent)))
        )


class WhyMenu(commands.Cog):
    """The message menu: for staff about every message, for members about their own and answers to them."""

    def __init__(self, bot: commands.Bot, reasons: ReasonService) -> None:
        self._bot = bot
        self._reasons = reasons
        self._menu = app_commands.ContextMenu(name="Why did you do that?", callback=self.why)
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        """Add the menu."""
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take it away."""
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    async def why(self, interaction: discord.Interaction, message: discord.Message) -> None:
        """Show why I answered a message, or why not."""
        await interaction.response.defer(ephemeral=True)
        is_staff = is_support(interaction)
        found = await self._reasons.why(
            _guild_id(interaction),
            message.id,
            _asker(interaction),
            is_staff=is_staff,
            here=message.channel.id,
        )
        await tell_reason(interaction, found, is_staff=is_staff)


async def tell_reason(interaction: discord.Interaction, found: Reason, *, is_staff: bool) -> None:
    """Answer a deferred interaction with what is known."""
    if found.story is None:
        await interaction.followup.send(found.words, ephemeral=True)
        return
    embed = story_embed(found.story, readable=found.readable, has_feedback=is_staff)
    await interaction.followup.send(embed=embed, ephemeral=True)


def _guild_id(interaction: discord.Interaction) -> int:
    assert interaction.guild_id is not None  # guild only
    return interaction.guild_id


def _asker(interaction: discord.Interaction) -> Person:
    return person(interaction.user)  # type: ignore[arg-type]  # a member, in a server


def _spoken(intent: Intent) -> str:
    return intent.value.replace("_", " ")
