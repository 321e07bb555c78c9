"""What is posted in Discord when a ticket closes: in its thread, for staff and for its member."""

import io
from datetime import datetime
from typing import Any

import discord
from discord.ext import commands

from bot.domain.audience import Person
from bot.models import DeliveryKind, Ticket
from bot.services.actions import nonce_for
from bot.services.tickets.deliveries import Post
from bot.services.tickets.ratings import BEST
from bot.services.tools import NotPermittedError, TargetGoneError, UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.owner import direct_messages, owner_of
from bot.tools.tickets import LOG_NEEDS, MAX_TEXT, SILENT, SLACK, WRITING_NEEDS, DiscordTicketDesk

TEACH, SKIP = "teach", "skip"
RATE_ID = "ticket-rate:{ticket_id}:{rating}"
RATE_PATTERN = rf"ticket-rate:(?P<ticket_id>[0-9]{{1,18}}):(?P<rating>[1-{BEST}])"
LESSON_ID = "ticket-lesson:{action}:{ticket_id}"
LESSON_PATTERN = rf"ticket-lesson:(?P<action>{TEACH}|{SKIP}):(?P<ticket_id>[0-9]{{1,18}})"
SEARCHED = 1_000  # messages, when looking for an interrupted post
IN_THREAD = (DeliveryKind.RATING, DeliveryKind.CLOSED_DOORS)
FILES_NEED = (*LOG_NEEDS, "attach_files")


class DiscordClosingDesk:
    """The `ClosingDesk` of services/tickets."""

    def __init__(self, desk: DiscordTicketDesk) -> None:
        self._desk = desk

    async def post(self, post: Post, nonce: str) -> int:
        """Post; return the message's id. A thread that is archived is archived afterwards, too."""
        if post.kind not in IN_THREAD:
            return await self._send(await self._place(post), post, nonce)
        thread = await self._desk.thread(post.ticket)
        if not thread.archived:
            return await self._send(thread, post, nonce)
        can_lock = thread.permissions_for(thread.guild.me).manage_threads
        locked: dict[str, Any] = {"locked": thread.locked} if can_lock else {}
        unlocked: dict[str, Any] = {"locked": False} if can_lock else {}
        with translated(thread, WRITING_NEEDS):
            thread = await thread.edit(archived=False, **unlocked)
        try:
            return await self._send(thread, post, nonce)
        finally:
            with translated(thread, WRITING_NEEDS):
                await thread.edit(archived=True, **locked)

    async def find(self, post: Post, since: datetime) -> int | None:
        """Return the message of an interrupted try, None when there is none."""
        place = await (self._desk.thread(post.ticket) if post.kind in IN_THREAD else self._place(post))
        own_id = self._bot.user.id if self._bot.user else 0
        with translated(_named(place), ("view_channel", "read_message_history")):
            async for message in place.history(limit=SEARCHED, after=since - SLACK, oldest_first=True):
                if message.author.id == own_id and message.content.startswith(post.marker):
                    return message.id
        return None

    async def reader(self, ticket: Ticket) -> Person | None:
        """Return the ticket's member as a reader, None when they have left."""
        guild = self._bot.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        try:
            with translated():
                member = await guild.fetch_member(ticket.opener_id)
        except TargetGoneError:
            return None
        inside: frozenset[int] = frozenset()
        if ticket.is_private and ticket.thread_id is not None:
            thread = await self._desk.thread(ticket)
            try:
                with translated(thread, ("view_channel",)):
                    await thread.fetch_member(member.id)
                inside = frozenset((thread.id,))
            except TargetGoneError:  # staff took them out
                pass
        return Person(member.id, guild.id, frozenset(role.id for role in member.roles), inside)

    async def warn_owner(self, guild_id: int, warning: str) -> None:
        """Tell the server's owner."""
        nonce = nonce_for(f"{guild_id}/{warning}")
        with translated():
            target = await owner_of(self._bot, guild_id)
            await target.send(warning[:MAX_TEXT], nonce=nonce, allowed_mentions=SILENT)

    @property
    def _bot(self) -> commands.Bot:
        if self._desk.bot is None:
            raise UnreachableError("not connected yet")
        return self._desk.bot

    async def _place(self, post: Post) -> discord.abc.Messageable:
        if post.kind is DeliveryKind.MEMBER:
            with translated():
                return await direct_messages(self._bot, post.ticket.opener_id)
        guild = self._bot.get_guild(post.ticket.guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        channel = guild.get_channel_or_thread(post.channel_id or 0)
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            raise TargetGoneError(text("tools.no_channel"))
        return channel

    async def _send(self, place: discord.abc.Messageable, post: Post, nonce: str) -> int:
        opener = [discord.Object(post.ticket.opener_id)] if post.kind in IN_THREAD else []
        more: dict[str, Any] = {}
        buttons = closing_buttons(post)
        if buttons is not None:
            more["view"] = buttons
        if post.files:
            more["files"] = [
                discord.File(io.BytesIO(each.content), each.name, description=each.about)
                for each in post.files
            ]
        needed = WRITING_NEEDS if post.kind in IN_THREAD else FILES_NEED if post.files else LOG_NEEDS
        try:
            with translated(_named(place), needed):
                message = await place.send(
                    f"{post.marker}\n{post.text}"[:MAX_TEXT].strip(),
                    nonce=nonce,
                    suppress_embeds=True,
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False, roles=False, users=opener, replied_user=False
                    ),
                    **more,
                )
        except NotPermittedError as error:
            if post.kind is DeliveryKind.MEMBER:
                raise NotPermittedError(text("tools.direct_closed")) from error
            raise
        return message.id


def closing_buttons(post: Post) -> discord.ui.View | None:
    """Build the buttons of a post; whoever presses them is heard by the cog's dynamic items."""
    ticket_id = post.ticket.id
    if post.kind in (DeliveryKind.RATING, DeliveryKind.MEMBER):
        return rating_buttons(ticket_id)
    if post.kind is not DeliveryKind.LESSON:
        return None
    view = discord.ui.View(timeout=None)
    for action, style in ((TEACH, discord.ButtonStyle.primary), (SKIP, discord.ButtonStyle.secondary)):
        label = text(f"ticket_closing.button_{action}")
        custom_id = LESSON_ID.format(action=action, ticket_id=ticket_id)
        view.add_item(discord.ui.Button(label=label, style=style, custom_id=custom_id))
    view.stop()  # else discord.py would answer presses with nothing before the cog does
    return view


def rating_buttons(ticket_id: int) -> discord.ui.View:
    """Build a button for each rating."""
    view = discord.ui.View(timeout=None)
    for rating in range(1, BEST + 1):
        custom_id = RATE_ID.format(ticket_id=ticket_id, rating=rating)
        view.add_item(discord.ui.Button(label=str(rating), custom_id=custom_id))
    view.stop()
    return view


def _named(place: Any) -> discord.abc.GuildChannel | discord.Thread | None:
    """Return a place whose permissions tell what is lacking."""
    return place if isinstance(place, discord.abc.GuildChannel | discord.Thread) else None
