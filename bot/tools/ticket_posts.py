"""What members post in the forum of tickets by themselves, as discord.py tells of it."""

from collections.abc import Sequence

import discord

from bot.domain.outgoing import prepare
from bot.services.tickets.ports import ForumPost
from bot.services.tools import TargetGoneError, UnreachableError
from bot.texts import text
from bot.tools.errors import translated
from bot.tools.ticket_history import is_written
from bot.tools.tickets import HISTORY_NEEDS, MAX_TEXT, WRITING_NEEDS, DiscordTicketDesk

LOOKED_THROUGH = 20  # messages of a post, for what was said there before


class DiscordPostDesk:
    """The `PostDesk` of services/tickets."""

    def __init__(self, desk: DiscordTicketDesk) -> None:
        self._desk = desk

    async def newest(self, guild_id: int, forum_id: int) -> int:
        """Return an id that no post there exceeds yet."""
        forum = self._forum(guild_id, forum_id)
        return max(forum.id, forum.last_message_id or 0, *(each.id for each in forum.threads), 0)

    async def posts(self, guild_id: int, forum_id: int, after: int) -> Sequence[int]:
        """Return the open posts after an id that may be members' questions, oldest first.

        What is pinned or locked is none, nor what the bot itself opened.
        """
        forum = self._forum(guild_id, forum_id)
        return sorted(
            each.id
            for each in forum.threads
            if each.id > after
            and each.owner_id != forum.guild.me.id
            and not (each.archived or each.locked or each.flags.pinned)
        )

    async def read(self, guild_id: int, post_id: int) -> ForumPost | None:
        """Return a post; None when no member wrote it."""
        post = self._post(guild_id, post_id)
        with translated(post, HISTORY_NEEDS):
            first = await post.fetch_message(post.id)
        if first.author.bot or first.webhook_id is not None or not is_written({"type": first.type.value}):
            return None
        tags = tuple(str(each.id) for each in post.applied_tags)
        return ForumPost(post.id, post.name, first.author.id, first.author.display_name, first.content, tags)

    async def decline(self, guild_id: int, post: ForumPost, text: str) -> None:
        """Say in a post why it is no ticket, pinging its author, unless something was said there."""
        thread = self._post(guild_id, post.post_id)
        content = prepare(text, {post.author_id})[:MAX_TEXT]
        member = discord.Object(post.author_id)
        with translated(thread, WRITING_NEEDS):
            async for message in thread.history(limit=LOOKED_THROUGH, oldest_first=True):
                if message.author.id == thread.guild.me.id:
                    return
            await thread.send(
                content, allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[member], replied_user=False
                ),
            )  # fmt: skip

    def _guild(self, guild_id: int) -> discord.Guild:
        guild = self._desk.client.get_guild(guild_id)
        if guild is None or guild.unavailable:
            raise UnreachableError("the server is out of reach")
        return guild

    def _forum(self, guild_id: int, forum_id: int) -> discord.ForumChannel:
        forum = self._guild(guild_id).get_channel(forum_id)
        if not isinstance(forum, discord.ForumChannel):
            raise TargetGoneError(text("tools.no_forum"))
        return forum

    def _post(self, guild_id: int, post_id: int) -> discord.Thread:
        post = self._guild(guild_id).get_thread(post_id)
        if post is None:
            raise TargetGoneError(text("tools.post_gone"))
        return post
