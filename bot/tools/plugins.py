"""What plugins have Discord do. Posts, never listens; mentions ring nobody."""

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import discord
from discord.ext import commands

from bot.nlp.redaction import redact
from bot.plugin_api.calls import Content
from bot.plugin_api.errors import DiscordError, GoneError, NotAllowedError
from bot.plugin_api.parts import Button, Card, File, Level, MemberSeen, SeenMessage, Style
from bot.services.tools import NotPermittedError, TargetGoneError, ToolError
from bot.tools.errors import translated

BUTTON_ID = "plugin:{plugin}:{kind}:{value}"
SILENT = discord.AllowedMentions.none()
_STYLES = {
    Style.PRIMARY: discord.ButtonStyle.primary,
    Style.SECONDARY: discord.ButtonStyle.secondary,
    Style.SUCCESS: discord.ButtonStyle.success,
    Style.DANGER: discord.ButtonStyle.danger,
}
_WRITE = ("view_channel", "send_messages")
_ARCHIVE_MINUTES: Final = 10_080
Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
IsSupport = Callable[[discord.Guild, int, Collection[int]], bool]


class DiscordPluginDesk:
    """The `Desk` of plugins.

    Attributes:
        bot: who acts; None until there is one.
    """

    def __init__(self, is_support: IsSupport) -> None:
        self.bot: commands.Bot | None = None
        self._is_support = is_support

    async def post(self, guild_id: int, channel_id: int, content: Content, reply_to: int | None) -> int:
        """Post; return the message's id."""
        place = await self._place(guild_id, channel_id)
        more: dict[str, Any] = {}
        if reply_to is not None:
            more["reference"] = discord.MessageReference(
                message_id=reply_to, channel_id=channel_id, guild_id=guild_id, fail_if_not_exists=False
            )
        with _told(place, _WRITE):
            message = await place.send(
                **parts_of(content), files=files_of(content.files), allowed_mentions=SILENT, **more
            )
        return message.id

    async def edit(self, guild_id: int, channel_id: int, message_id: int, content: Content) -> None:
        """Change a message of the bot."""
        place = await self._place(guild_id, channel_id)
        shown = {"content": "", "embed": None, "view": None} | parts_of(content)
        with _told(place, _WRITE):
            await place.get_partial_message(message_id).edit(**shown, allowed_mentions=SILENT)

    async def delete(self, guild_id: int, channel_id: int, message_id: int, reason: str) -> None:
        """Delete a message; one that is gone is no error."""
        place = await self._place(guild_id, channel_id)
        with _told(place, ("view_channel", "manage_messages")):
            try:
                await self._bot.http.delete_message(channel_id, message_id, reason=reason[:400])
            except discord.NotFound:
                return

    async def direct(self, guild_id: int, user_id: int, content: Content) -> int:
        """Write to a member; return the message's id."""
        member = await self._member(guild_id, user_id)
        with _told():
            message = await member.send(
                **parts_of(content), files=files_of(content.files), allowed_mentions=SILENT
            )
        return message.id

    async def thread(
        self, guild_id: int, channel_id: int, name: str, message_id: int | None, *, private: bool
    ) -> int:
        """Open a thread; return its id."""
        place = await self._place(guild_id, channel_id)
        if not isinstance(place, discord.TextChannel):
            raise DiscordError("threads can only be opened in text channels")
        with _told(place, ("view_channel", "create_public_threads")):
            if message_id is not None:
                start = place.get_partial_message(message_id)
                made = await start.create_thread(name=name, auto_archive_duration=_ARCHIVE_MINUTES)
            else:
                kind = discord.ChannelType.private_thread if private else discord.ChannelType.public_thread
                made = await place.create_thread(name=name, type=kind, auto_archive_duration=_ARCHIVE_MINUTES)
        return made.id

    async def read(self, guild_id: int, channel_id: int, message_id: int) -> SeenMessage | None:
        """Return a message as it is now, None where it is gone."""
        place = await self._place(guild_id, channel_id)
        with _told(place, ("view_channel", "read_message_history")):
            try:
                message = await place.fetch_message(message_id)
            except discord.NotFound:
                return None
        return seen(message, guild_id)

    async def take_back(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message of the bot; one that is gone is no error."""
        place = await self._place(guild_id, channel_id)
        with _told(place, ("view_channel", "read_message_history")):
            try:
                message = await place.fetch_message(message_id)
                if message.author != place.guild.me:
                    raise DiscordError(f"message {message_id} is not the bot's")
                await message.delete()
            except discord.NotFound:
                return

    async def attachment(
        self, guild_id: int, channel_id: int, message_id: int, name: str, max_bytes: int
    ) -> bytes | None:
        """Return a file of a message, None where it is gone or larger."""
        place = await self._place(guild_id, channel_id)
        with _told(place, ("view_channel", "read_message_history")):
            try:
                message = await place.fetch_message(message_id)
                for each in message.attachments:
                    if each.filename == name and each.size <= max_bytes:
                        return await each.read()
            except discord.NotFound:
                return None
        return None

    async def member(self, guild_id: int, user_id: int) -> MemberSeen:
        """Return a member as they are now."""
        member = await self._member(guild_id, user_id)
        return MemberSeen(self._level_of(member), frozenset(role.id for role in member.roles))

    async def level(self, guild_id: int, user_id: int) -> Level:
        """Return what a member may do."""
        return self._level_of(await self._member(guild_id, user_id))

    async def time_out(self, guild_id: int, user_id: int, seconds: float, reason: str) -> None:
        """Have a member write nothing for a while."""
        member = await self._member(guild_id, user_id)
        if member.bot or await self.level(guild_id, user_id) is not Level.EVERYONE:
            raise DiscordError("staff and bots are not timed out")
        me = member.guild.me
        if not me.guild_permissions.moderate_members:
            raise NotAllowedError("missing permission: Moderate Members")
        if member.top_role >= me.top_role:
            raise NotAllowedError("a role above theirs: move the bot's role up")
        with _told():
            await member.timeout(timedelta(seconds=seconds) if seconds else None, reason=reason[:400])

    def _level_of(self, member: discord.Member) -> Level:
        if member.guild_permissions.manage_guild:
            return Level.MANAGER
        roles = [role.id for role in member.roles]
        return Level.SUPPORT if self._is_support(member.guild, member.id, roles) else Level.EVERYONE

    @property
    def _bot(self) -> commands.Bot:
        if self.bot is None:
            raise DiscordError("the bot is not connected yet")
        return self.bot

    async def _place(self, guild_id: int, channel_id: int) -> Place:
        """Return a place of the guild: what a plugin names may be anywhere."""
        found = self._bot.get_channel(channel_id)
        if found is None:
            with _told():
                found = await self._bot.fetch_channel(channel_id)
        if not isinstance(found, Place) or found.guild.id != guild_id:
            raise DiscordError(f"channel {channel_id} is none of server {guild_id} where one can write")
        return found

    async def _member(self, guild_id: int, user_id: int) -> discord.Member:
        guild = self._bot.get_guild(guild_id)
        if guild is None:
            raise DiscordError(f"server {guild_id} is not there")
        with _told():
            return guild.get_member(user_id) or await guild.fetch_member(user_id)


def parts_of(content: Content) -> dict[str, Any]:
    """Return text, card and buttons as discord.py takes them; what isn't there is left out."""
    parts: dict[str, Any] = {"content": content.text or None}
    if content.card is not None:
        parts["embed"] = embed_of(content.card)
    if content.buttons:
        parts["view"] = view_of(content.buttons, content.plugin)
    return parts


def files_of(files: Sequence[File]) -> list[discord.File]:
    """Return files as discord.py takes them."""
    return [discord.File(io.BytesIO(each.data), each.name, description=each.alt or None) for each in files]


def embed_of(card: Card) -> discord.Embed:
    """Return a card as an embed."""
    embed = discord.Embed(
        title=card.title or None, description=card.text or None, url=card.link or None, colour=card.colour
    )
    for each in card.fields:
        embed.add_field(name=each.name, value=each.value, inline=each.inline)
    if card.footer:
        embed.set_footer(text=card.footer)
    if card.image:
        embed.set_image(url=card.image if "://" in card.image else f"attachment://{card.image}")
    return embed


def view_of(buttons: Sequence[Button], plugin: str) -> discord.ui.View:
    """Return buttons; their ids carry what they are about."""
    view = discord.ui.View(timeout=None)
    for each in buttons:
        if each.link:
            view.add_item(discord.ui.Button(label=each.label, url=each.link, emoji=each.emoji or None))
            continue
        view.add_item(
            discord.ui.Button(
                label=each.label,
                style=_STYLES[each.style],
                emoji=each.emoji or None,
                disabled=each.disabled,
                custom_id=BUTTON_ID.format(plugin=plugin, kind=each.kind, value=each.value),
            )
        )
    view.stop()  # discord.py needn't remember it: the buttons are known by their ids
    return view


def seen(message: discord.Message, guild_id: int) -> SeenMessage:
    """Return a message as plugins see it."""
    return SeenMessage(
        guild_id,
        message.channel.id,
        message.id,
        message.author.id,
        message.author.display_name,
        redact(message.content),
        message.author.bot,
    )


@contextmanager
def _told(place: Place | None = None, needed: tuple[str, ...] = ()) -> Iterator[None]:
    """Turn what discord.py raises into a `DiscordError`."""
    try:
        with translated(place, needed):
            yield
    except RuntimeError as error:
        if str(error) != "Session is closed":  # aiohttp's words, when the bot is stopping
            raise
        raise DiscordError("the bot is stopping") from error
    except NotPermittedError as error:
        raise NotAllowedError(str(error)) from error
    except TargetGoneError as error:
        raise GoneError(str(error)) from error
    except ToolError as error:
        raise DiscordError(str(error)) from error
