"""What is done in Discord for answers in tickets and for handing over: posts, buttons, the staff channel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import discord
from discord.ext import commands

from bot.models import Ticket
from bot.services.actions import nonce_of
from bot.services.tickets.answer_ports import Post, QueueCard, Queued
from bot.services.tools import TargetGoneError, UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.ticket_answer_parts import answer_view, presses_of, queue_embed, queue_view, thread_link
from bot.tools.tickets import DiscordTicketDesk

MAX_CONTENT = 2_000  # characters; an embed's description takes twice as many
SEARCHED = 200  # messages
SLACK = timedelta(minutes=1)  # between Discord's clock and ours
WRITING_NEEDS = ("view_channel", "send_messages_in_threads")
QUEUE_NEEDS = ("view_channel", "send_messages", "embed_links")
NOBODY = discord.AllowedMentions.none()
PING = "<@&"


class DiscordAnswerDesk:
    """The `AnswerDesk` of services/tickets; acts as the bot of the tickets' own desk."""

    def __init__(self, desk: DiscordTicketDesk) -> None:
        self._desk = desk

    @asynccontextmanager
    async def typing(self, ticket: Ticket) -> AsyncIterator[None]:
        """Show that an answer is being written, as long as the block lasts; never fails."""
        shown = self._thread(ticket).typing() if self._desk.bot is not None else None
        try:
            if shown is not None:
                await shown.__aenter__()
        except (discord.DiscordException, aiohttp.ClientError, OSError):
            shown = None
        try:
            yield
        finally:
            if shown is not None:
                await shown.__aexit__(None, None, None)

    async def post(self, ticket: Ticket, post: Post) -> int:
        """Post an answer, pinging nobody; return the message's id."""
        content, embed = _parts(post)
        with translated(self._place(ticket), WRITING_NEEDS):
            message = await self._thread(ticket).send(
                content,
                embed=embed,  # type: ignore[arg-type]  # None is fine
                view=answer_view(post),
                nonce=nonce_of(f"question {post.question_id}", "answer", 0),
                allowed_mentions=NOBODY,
            )
        return message.id

    async def edit(self, ticket: Ticket, message_id: int, post: Post) -> None:
        """Replace an answer that was posted."""
        content, embed = _parts(post)
        with translated(self._place(ticket), WRITING_NEEDS):
            message = self._thread(ticket).get_partial_message(message_id)
            await message.edit(content=content, embed=embed, view=answer_view(post), allowed_mentions=NOBODY)

    async def find(self, ticket: Ticket, post: Post, after: int) -> int | None:
        """Return the message younger than `after` that answers the question; None where there is none."""
        content, _ = _parts(post)
        with translated(self._place(ticket), ("view_channel", "read_message_history")):
            async for message in self._thread(ticket).history(limit=SEARCHED, after=discord.Object(after)):
                if message.author.id != self._own_id:
                    continue
                asked = presses_of(message)
                if post.question_id in asked or (content and not asked and message.content == content):
                    return message.id
        return None

    async def call(self, ticket: Ticket, role_id: int, *, again: bool) -> None:
        """Ping this role alone in the ticket's thread."""
        assert ticket.handed_over_at is not None  # it is because it was
        thread, text = self._thread(ticket), _ping(role_id)
        with translated(self._place(ticket), WRITING_NEEDS):
            if again:
                async for message in thread.history(limit=SEARCHED, after=ticket.handed_over_at - SLACK):
                    if message.author.id == self._own_id and message.content == text:
                        return
            nonce = nonce_of(f"ticket {ticket.id}", ticket.handed_over_at.isoformat(), 0)
            await thread.send(text, nonce=nonce, allowed_mentions=_only(role_id))

    async def queue(self, channel_id: int, card: QueueCard, *, again: bool) -> Queued:
        """Post a ticket in the staff channel, pinging the card's role alone."""
        channel = self._channel(channel_id)
        ticket = card.ticket
        assert ticket.handed_over_at is not None  # it is because it was
        if again and (found := await self.find_queued(channel_id, ticket)) is not None:
            return found
        with translated(channel, QUEUE_NEEDS):
            message = await channel.send(
                _ping(card.role_id) if card.role_id else None,
                embed=queue_embed(card),
                view=queue_view(ticket),
                nonce=nonce_of(f"ticket {ticket.id}", ticket.handed_over_at.isoformat(), 0),
                allowed_mentions=_only(card.role_id),
            )
        return Queued(message.id, card.role_id is not None)

    async def find_queued(self, channel_id: int, ticket: Ticket) -> Queued | None:
        """Look through what was posted in the staff channel since the hand-over."""
        channel = self._channel(channel_id)
        assert ticket.handed_over_at is not None  # nobody posts it before
        with translated(channel, QUEUE_NEEDS):
            link, begin = thread_link(ticket), ticket.handed_over_at - SLACK
            async for message in channel.history(limit=SEARCHED, after=begin):
                if message.author.id == self._own_id and link in _links_of(message):
                    return Queued(message.id, PING in message.content)
        return None

    async def update_queue(self, channel_id: int, message_id: int, card: QueueCard) -> None:
        """Make a ticket's message in the staff channel what the ticket is now."""
        channel = self._channel(channel_id)
        with translated(channel, QUEUE_NEEDS):
            message = channel.get_partial_message(message_id)
            await message.edit(embed=queue_embed(card), view=queue_view(card.ticket), allowed_mentions=NOBODY)

    @property
    def _own_id(self) -> int:
        return self._bot.user.id if self._bot.user else 0

    @property
    def _bot(self) -> commands.Bot:
        if self._desk.bot is None:
            raise UnreachableError("not connected yet")
        return self._desk.bot

    def _thread(self, ticket: Ticket) -> discord.PartialMessageable:
        if ticket.thread_id is None:
            raise TargetGoneError(text("tools.no_thread"))
        return self._bot.get_partial_messageable(ticket.thread_id, guild_id=ticket.guild_id)

    def _place(self, ticket: Ticket) -> discord.Thread | None:
        """Return the thread as far as it is known, to tell which permission is lacking."""
        guild = self._bot.get_guild(ticket.guild_id)
        return guild.get_thread(ticket.thread_id) if guild and ticket.thread_id else None

    def _channel(self, channel_id: int) -> discord.TextChannel | discord.Thread | discord.VoiceChannel:
        channel = self._bot.get_channel(channel_id)
        if not isinstance(channel, discord.TextChannel | discord.Thread | discord.VoiceChannel):
            raise TargetGoneError(text("tools.no_staff_channel"))
        return channel


def _parts(post: Post) -> tuple[str | None, discord.Embed | None]:
    """Return an answer as content, or as an embed where it is too long for that."""
    if len(post.text) <= MAX_CONTENT:
        return post.text, None
    return None, discord.Embed(description=post.text)


def _ping(role_id: int) -> str:
    return f"{PING}{role_id}>"


def _only(role_id: int | None) -> discord.AllowedMentions:
    roles = [discord.Object(role_id)] if role_id else False
    return discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)


def _links_of(message: discord.Message) -> set[str]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return {
        part.url for row in rows for part in row.children if isinstance(part, discord.Button) and part.url
    }
