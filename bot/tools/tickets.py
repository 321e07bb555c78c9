"""What is done in Discord for tickets: threads, cards, tags, posts."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import discord
from discord.ext import commands

from bot.domain.outgoing import prepare
from bot.domain.tickets import Role, TicketState, post_of, thread_name
from bot.models import Ticket
from bot.services.actions import nonce_for
from bot.services.failpoints import fail_point
from bot.services.tickets.ports import Heard, Placed, TicketView
from bot.services.tools import NotPermittedError, TargetGoneError, UnreachableError
from bot.texts import text
from bot.tools.errors import lacking, translated
from bot.tools.ticket_card import card_buttons, card_embed, wanted_forum_tags, wanted_tags
from bot.tools.ticket_history import heard, is_written

FORUM_NEEDS = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "embed_links",
    "read_message_history",
    "manage_threads",
)
PRIVATE_NEEDS = (*FORUM_NEEDS, "create_private_threads")
OPENING_NEEDS = ("view_channel", "send_messages", "send_messages_in_threads", "embed_links")
WRITING_NEEDS = ("view_channel", "send_messages_in_threads")
HISTORY_NEEDS = ("view_channel", "read_message_history")
LOG_NEEDS = ("view_channel", "send_messages")
SILENT = discord.AllowedMentions.none()
MAX_TEXT = 2_000  # characters
MAX_TAGS = 5  # of a forum post, Discord's
PAGE, MOST_PAGES = 100, 50  # messages; 5,000 messages are read at most
ARCHIVED_SEARCHED = 100  # threads
SAID_SEARCHED = 200  # messages
SLACK = timedelta(minutes=1)  # between Discord's clock and ours

IsStaff = Callable[[discord.Guild, int, Collection[int]], bool]
Parent = discord.ForumChannel | discord.TextChannel


class DiscordTicketDesk:
    """The `TicketDesk` of services/tickets.

    Attributes:
        bot: who acts; None until there is one.
    """

    def __init__(self, is_staff: IsStaff) -> None:
        self._is_staff = is_staff
        self.bot: commands.Bot | None = None

    async def open(self, view: TicketView, *, again: bool) -> Placed:
        """Make the ticket's thread with its card and its member in it."""
        ticket = view.ticket
        parent = self._parent(ticket)
        post_id = post_of(ticket.key)
        if post_id is not None:
            return await self._open_in(view, post_id, again=again)
        needed = OPENING_NEEDS + (("create_private_threads",) if ticket.is_private else ())
        with translated(parent, needed):
            thread = await self._made_before(parent, ticket) if again else None
            card_id = await self._card_in(thread) if thread is not None else None
            if thread is None and isinstance(parent, discord.ForumChannel):
                thread, card = await parent.create_thread(
                    name=thread_name(ticket.number, ticket.title),
                    embed=card_embed(view),
                    view=card_buttons(ticket),
                    applied_tags=[discord.Object(tag) for tag in wanted_tags(view)],  # type: ignore[misc]
                    allowed_mentions=SILENT,
                )
                card_id = card.id
            elif thread is None and isinstance(parent, discord.TextChannel):
                thread = await parent.create_thread(
                    name=thread_name(ticket.number, ticket.title),
                    type=discord.ChannelType.private_thread,
                    invitable=False,
                )
                fail_point("ticket.before_card")
            assert thread is not None  # a parent is one of the two
            if card_id is None:
                card_id = await _post_card(thread, view)
            with suppress(discord.NotFound):  # has left meanwhile: the ticket says so soon enough
                await thread.add_user(discord.Object(ticket.opener_id))
        return Placed(thread.id, card_id)

    async def _open_in(self, view: TicketView, post_id: int, *, again: bool) -> Placed:
        """Put the card into a post that its member made: its first message is theirs."""
        post = await self.place(view.ticket.guild_id, view.ticket.parent_id, post_id)
        with translated(post, OPENING_NEEDS):
            card_id = await self._card_in(post) if again else None
            if card_id is None:
                card_id = await _post_card(post, view)
            if post.permissions_for(post.guild.me).manage_threads:
                await post.edit(applied_tags=_tags(post, view))
        return Placed(post.id, card_id)

    async def show(self, view: TicketView) -> str:
        """Make card, tags, archive and lock what the ticket says; return the permission lacking, or ""."""
        ticket = view.ticket
        thread = await self.thread(ticket)
        closed = ticket.state == TicketState.CLOSED
        may_lock = thread.permissions_for(thread.guild.me).manage_threads
        with translated(thread, ("view_channel", "send_messages_in_threads", "manage_threads")):
            if thread.archived:
                unlock: dict[str, Any] = {"locked": False} if may_lock else {}
                thread = await thread.edit(archived=False, **unlock)
            if ticket.card_message_id is not None:
                card = thread.get_partial_message(ticket.card_message_id)
                with suppress(discord.NotFound):  # somebody deleted it; tags and archive still tell
                    await card.edit(embed=card_embed(view), view=card_buttons(ticket))
            changes: dict[str, Any] = {}
            tags = _tags(thread, view)
            if isinstance(thread.parent, discord.ForumChannel) and {t.id for t in tags} != {
                t.id for t in thread.applied_tags
            }:
                changes["applied_tags"] = tags
            if closed:
                changes["archived"] = True
            if may_lock and thread.locked != closed:
                changes["locked"] = closed
            name = thread_name(ticket.number, ticket.title)
            if not ticket.opener_id and may_lock and thread.name != name:  # whose title it was, is erased
                changes["name"] = name
            if changes:
                await thread.edit(**changes)
        return "" if may_lock or not closed else lacking(thread, ("manage_threads",))

    async def say(self, ticket: Ticket, text: str, key: str, since: datetime) -> None:
        """Post in the thread, pinging the ticket's member at most, unless the same was said after `since`."""
        thread = await self.thread(ticket)
        named = {ticket.opener_id, ticket.closed_by or 0}  # who closed it is named, not pinged
        content = prepare(text, named)[:MAX_TEXT]
        nonce = nonce_for(f"{key}/{since.isoformat()}")
        member = discord.Object(ticket.opener_id)
        with translated(thread, WRITING_NEEDS):
            async for message in thread.history(limit=SAID_SEARCHED, after=since - SLACK):
                if message.author.id == thread.guild.me.id and _stem(message.content) == _stem(content):
                    return
            await thread.send(
                content, nonce=nonce, allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[member], replied_user=False
                ),
            )  # fmt: skip

    async def tell(self, channel_id: int, words: str) -> None:
        """Post in a channel of staff, pinging nobody."""
        channel = self.client.get_channel(channel_id)
        if not isinstance(channel, discord.TextChannel):
            raise TargetGoneError(text("tools.no_channel"))
        with translated(channel, LOG_NEEDS):
            await channel.send(words[:MAX_TEXT], allowed_mentions=SILENT)

    def last_said(self, ticket: Ticket) -> int | None:
        """Return the newest message of the thread when its session began; None where that isn't known."""
        guild = self.client.get_guild(ticket.guild_id)
        thread = guild.get_thread(ticket.thread_id) if guild and ticket.thread_id else None
        return thread.last_message_id if thread is not None else None

    async def history(self, ticket: Ticket, back_to: int, roles: Mapping[int, str]) -> Sequence[Heard]:
        """Return the newest page of what was said in the thread, and pages before it down to `back_to`."""
        thread = await self.thread(ticket)
        payloads: list[Any] = []
        missing = lacking(thread, HISTORY_NEEDS)
        if missing:  # Discord would answer with nothing, as if all had been deleted
            raise NotPermittedError(missing)
        with translated(thread, HISTORY_NEEDS):
            before: int | None = None
            for _ in range(MOST_PAGES):
                page: list[Any] = list(await self.client.http.logs_from(thread.id, PAGE, before=before))
                payloads += page
                if len(page) < PAGE:
                    break
                before = min(int(each["id"]) for each in page)
                if before <= back_to:
                    break
            written = [each for each in payloads if is_written(each)]
            authors = {
                int(each["author"]["id"]): bool(each["author"].get("bot"))
                for each in written
                if int(each["id"]) not in roles
            }
            authors.pop(ticket.opener_id, None)  # theirs whatever else they are
            found = {
                author_id: await self._role_of(thread.guild, author_id, is_bot=is_bot)
                for author_id, is_bot in authors.items()
            }
        return sorted(
            (
                heard(
                    each,
                    Role(roles.get(int(each["id"])) or found.get(int(each["author"]["id"]), Role.MEMBER)),
                )
                for each in written
            ),
            key=lambda each: each.message_id,
        )

    async def is_member(self, guild_id: int, user_id: int) -> bool:
        """Whether somebody is in the server."""
        guild = self.client.get_guild(guild_id)
        if guild is None:
            raise UnreachableError("the server is out of reach")
        try:
            with translated():
                await guild.fetch_member(user_id)
        except TargetGoneError:
            return False
        return True

    async def create_forum(self, guild_id: int, name: str, tags: Sequence[str]) -> int:
        """Make a forum with these tags; return its id."""
        guild = self.client.get_guild(guild_id)
        if guild is None:
            raise UnreachableError("the server is out of reach")
        if not guild.me.guild_permissions.manage_channels:
            raise NotPermittedError("Manage Channels")
        with translated():
            forum = await guild.create_forum(name, available_tags=[discord.ForumTag(name=t) for t in tags])
        return forum.id

    async def set_tags(
        self, forum_id: int, names: Mapping[str, str], known: Mapping[str, str]
    ) -> dict[str, str]:
        """Make a forum's tags those of `names`, by what they say; return the ids of those it has now."""
        with translated():
            forum = await self.client.fetch_channel(forum_id)
            if not isinstance(forum, discord.ForumChannel):
                raise TargetGoneError(text("tools.no_forum"))
            if forum.permissions_for(forum.guild.me).manage_channels:
                wanted = wanted_forum_tags(forum.available_tags, names, known)
                if [(each.id, each.name) for each in wanted] != [
                    (each.id, each.name) for each in forum.available_tags
                ]:
                    forum = await forum.edit(available_tags=wanted)
            there = {each.name: str(each.id) for each in forum.available_tags}
        return {key: there[name] for key, name in names.items() if name in there}

    @property
    def client(self) -> commands.Bot:
        """Return who acts.

        Raises:
            UnreachableError: there is nobody yet.
        """
        if self.bot is None:
            raise UnreachableError("not connected yet")
        return self.bot

    def _parent(self, ticket: Ticket) -> Parent:
        guild = self.client.get_guild(ticket.guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        parent = guild.get_channel(ticket.parent_id)
        if not isinstance(parent, discord.TextChannel if ticket.is_private else discord.ForumChannel):
            raise TargetGoneError(text("tools.ticket_channel_gone"))
        return parent

    async def thread(self, ticket: Ticket) -> discord.Thread:
        """Return the thread of a ticket, archived or not."""
        if ticket.thread_id is None:
            raise TargetGoneError(text("tools.no_thread"))
        return await self.place(ticket.guild_id, ticket.parent_id, ticket.thread_id)

    async def place(self, guild_id: int, parent_id: int, thread_id: int) -> discord.Thread:
        """Return a thread of a server's channel, archived or not."""
        guild = self.client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        thread = guild.get_thread(thread_id)
        if thread is None:  # archived ones aren't told of
            with translated(guild.get_channel(parent_id), ("view_channel", "manage_threads")):
                found = await guild.fetch_channel(thread_id)
            if not isinstance(found, discord.Thread):
                raise TargetGoneError(text("tools.not_a_thread"))
            thread = found
        return thread

    async def _made_before(self, parent: Parent, ticket: Ticket) -> discord.Thread | None:
        """Return the thread that an interrupted try has made: ours, of the ticket's own name."""
        name = thread_name(ticket.number, ticket.title)
        for thread in await parent.guild.active_threads():
            if thread.parent_id == parent.id and self._is_ours(thread) and thread.name == name:
                return thread
        async for thread in _archived(parent):
            if self._is_ours(thread) and thread.name == name:
                return thread
        return None

    async def _card_in(self, thread: discord.Thread) -> int | None:
        async for message in thread.history(limit=PAGE, oldest_first=True):
            if message.author.id == thread.guild.me.id and message.embeds:
                return message.id
        return None

    @staticmethod
    def _is_ours(thread: discord.Thread) -> bool:
        return thread.owner_id == thread.guild.me.id

    async def _role_of(self, guild: discord.Guild, author_id: int, *, is_bot: bool) -> Role:
        if author_id == guild.me.id:
            return Role.BOT
        if is_bot:
            return Role.OTHER
        try:
            member = await guild.fetch_member(author_id)
        except discord.NotFound:  # has left
            return Role.OTHER
        role_ids = [role.id for role in member.roles]
        return Role.STAFF if self._is_staff(guild, author_id, role_ids) else Role.OTHER


async def _post_card(thread: discord.Thread, view: TicketView) -> int:
    card = await thread.send(embed=card_embed(view), view=card_buttons(view.ticket), allowed_mentions=SILENT)
    return card.id


def _tags(thread: discord.Thread, view: TicketView) -> list[Any]:
    """Return the tags a ticket's thread should have: those of the ticket, then what others gave it."""
    ours, known = wanted_tags(view), {int(tag) for tag in view.tags.values()}
    others = [tag.id for tag in thread.applied_tags if tag.id not in known and tag.id not in ours]
    return [discord.Object(tag) for tag in (*ours, *others)][:MAX_TAGS]


def _stem(text: str) -> str:
    """Return what is the same in a text however late it is said: all before the first moment it names."""
    return text.partition("<t:")[0]


def _archived(parent: Parent) -> AsyncIterator[discord.Thread]:
    if isinstance(parent, discord.ForumChannel):
        return parent.archived_threads(limit=ARCHIVED_SEARCHED)
    return parent.archived_threads(limit=ARCHIVED_SEARCHED, private=True, joined=True)
