"""What the daily summary needs of Discord: posting its pages, finding them again, mending them."""

import io
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands
from loguru import logger

from bot.domain.audience import Person
from bot.domain.markdown import escape_markdown
from bot.models import SummarySettings
from bot.services.actions import nonce_for
from bot.services.summaries.composing import Picture
from bot.services.summaries.posting import Target
from bot.services.summaries.rendering import Page
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError, UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.owner import SILENT, direct_messages, owner_of
from bot.tools.tickets import SLACK

COLOUR = 0x5B8DEF
NEEDS = ("view_channel", "send_messages", "embed_links", "attach_files", "read_message_history")
SEARCHED = 500  # messages, when looking for an interrupted post
UP, DOWN, MISTAKE = "up", "down", "mistake"
BUTTON_ID = "summary:{action}:{summary_id}"
BUTTON_PATTERN = rf"summary:(?P<action>{UP}|{DOWN}|{MISTAKE}):(?P<summary_id>[0-9]{{1,18}})"

_PLACES = discord.TextChannel | discord.Thread | discord.VoiceChannel | discord.StageChannel


class DiscordSummaryDesk:
    """The `SummaryDesk` of services/summaries.

    Attributes:
        bot: who posts; None until there is one.
    """

    def __init__(self) -> None:
        self.bot: commands.Bot | None = None

    async def post(
        self, target: Target, page: Page, nonce: str, *, rated_id: int | None, picture: Picture | None
    ) -> int:
        """Post a page, with the buttons that rate summary `rated_id`; return the message's id."""
        place = await self._place(target)
        embed, more = page_embed(page), dict[str, Any]()
        if picture is not None:
            more["file"] = _shown_in(embed, picture)
        if rated_id is not None:
            more["view"] = summary_buttons(rated_id)
        with translated(_named(place), NEEDS):
            message = await place.send(embed=embed, nonce=nonce, allowed_mentions=SILENT, **more)
        return message.id

    async def find(self, target: Target, page: Page, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        place = await self._place(target)
        own_id = self._living.user.id if self._living.user else 0
        with translated(_named(place), NEEDS):
            async for message in place.history(limit=SEARCHED, after=since - SLACK, oldest_first=True):
                if message.interaction_metadata is not None or message.webhook_id is not None:
                    continue  # what somebody asked for has the same title
                if message.author.id == own_id and any(each.title == page.title for each in message.embeds):
                    return message.id
        return None

    async def edit(self, target: Target, message_id: int, page: Page, picture: Picture | None = None) -> None:
        """Have a message say what `page` does, with this picture alone; one that says it stays as it is."""
        place = await self._place(target)
        embed = page_embed(page)
        with translated(_named(place), NEEDS):
            message = await place.fetch_message(message_id)
            if [_words(each) for each in message.embeds] == [_words(embed)]:
                return
            files = [_shown_in(embed, picture)] if picture is not None else []
            await message.edit(embed=embed, attachments=files, allowed_mentions=SILENT)

    async def person(self, guild_id: int, user_id: int) -> Person:
        """Return a member as a reader."""
        guild = self._living.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        with translated():
            member = await guild.fetch_member(user_id)
        return Person(member.id, guild.id, frozenset(role.id for role in member.roles))

    async def tell(self, settings: SummarySettings, line: str) -> None:
        """Tell a server's admins: those it goes to, its owner where none of them takes messages."""
        admins = [] if settings.channel_id is not None else [int(each) for each in settings.admin_ids or ()]
        heard = [await self._told(settings.guild_id, each, line) for each in admins]
        if not any(heard):
            await self._told(settings.guild_id, None, line)

    async def _told(self, guild_id: int, user_id: int | None, line: str) -> bool:
        """Tell somebody by direct message, None: the server's owner; return whether they take it."""
        try:
            with translated():
                if user_id is None:
                    place = await owner_of(self._living, guild_id)
                else:
                    place = await direct_messages(self._living, user_id)
                await place.send(line, nonce=nonce_for(f"{guild_id}/{line}"), allowed_mentions=SILENT)
        except (NotPermittedError, TargetGoneError, RefusedError) as error:
            log = logger.bind(guild_id=guild_id)
            log.warning("Somebody does not hear by direct message ({}): {}", error, line)
            return False
        return True

    @property
    def _living(self) -> commands.Bot:
        if self.bot is None:
            raise UnreachableError("not connected yet")
        return self.bot

    async def _place(self, target: Target) -> discord.abc.Messageable:
        if target.user_id is not None:
            with translated():
                return await direct_messages(self._living, target.user_id)
        guild = self._living.get_guild(target.guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        channel = guild.get_channel_or_thread(target.channel_id or 0)
        if not isinstance(channel, _PLACES):
            raise TargetGoneError(text("tools.summary_channel_gone"))
        return channel


def page_embed(page: Page) -> discord.Embed:
    """Build the embed of a page."""
    embed = discord.Embed(title=page.title, description=page.text, colour=COLOUR)
    if page.footer:
        embed.set_footer(text=page.footer)
    return embed


def summary_buttons(summary_id: int) -> discord.ui.View:
    """Build the buttons below a summary; whoever presses them is heard by the cog's dynamic items."""
    view = discord.ui.View(timeout=None)
    for action, label, emoji in (
        (UP, text("summaries.button_up"), "\N{THUMBS UP SIGN}"),
        (DOWN, text("summaries.button_down"), "\N{THUMBS DOWN SIGN}"),
        (MISTAKE, text("summaries.button_mistake"), None),
    ):
        custom_id = BUTTON_ID.format(action=action, summary_id=summary_id)
        view.add_item(discord.ui.Button(label=label, emoji=emoji, custom_id=custom_id))
    return view


async def show_report(
    interaction: discord.Interaction[Any], channel_id: int | None, summary_id: int, words: str
) -> bool:
    """Show staff what somebody says is wrong in a summary; False where there is no place to."""
    channel = interaction.client.get_channel(channel_id or 0)
    if not isinstance(channel, discord.TextChannel):
        return False
    said = text("summaries.report", member=interaction.user.mention, words=escape_markdown(words))
    embed = discord.Embed(
        title=text("summaries.report_title", number=summary_id),
        description=said[:4_000],
        colour=COLOUR,
    )
    embed.set_footer(text=text("summaries.report_fix", number=summary_id))
    try:
        with translated(channel, NEEDS):
            await channel.send(embed=embed, allowed_mentions=SILENT)
    except ToolError as error:
        logger.bind(guild_id=channel.guild.id).warning("A report can't be shown to staff: {}", error)
        return False
    return True


def _shown_in(embed: discord.Embed, picture: Picture) -> discord.File:
    embed.set_image(url=f"attachment://{picture.name}")
    return discord.File(io.BytesIO(picture.content), picture.name, description=picture.about)


def _words(embed: discord.Embed) -> tuple[str, ...]:
    """Return what an embed says; Discord takes white space off both ends."""
    return tuple((each or "").strip() for each in (embed.title, embed.description, embed.footer.text))


def _named(place: discord.abc.Messageable) -> discord.abc.GuildChannel | discord.Thread | None:
    return place if isinstance(place, discord.abc.GuildChannel | discord.Thread) else None
