"""Hears what happens in tickets and to what they need, and owns the worker of their timers."""

import discord
from discord.ext import commands

from bot.core.checks import is_support_member
from bot.core.client import Bot
from bot.core.worker_cog import WorkerCog
from bot.domain.tickets import Role
from bot.tools.ticket_history import Payload, heard, is_written


class TicketListener(WorkerCog):
    """Messages in tickets' threads, and threads, channels, roles and members that go."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._tickets = bot.services.tickets
        self._roles = bot.services.support_roles
        super().__init__(bot, "tickets", self._tickets.timers.run)

    async def cog_load(self) -> None:
        """Start listening and looking at timers."""
        self._bot.ticket_threads = self._tickets.conversation.threads
        self._bot.on_ticket_message = self._hear
        self._bot.services.retention.on_guild_gone["tickets"] = self._tickets.settings.forget_guild
        await super().cog_load()

    async def cog_unload(self) -> None:
        """Stop listening."""
        self._bot.on_ticket_message = None
        await super().cog_unload()
        for part in (self._tickets, self._bot.services.ticket_closing):  # while Discord can be spoken to
            await part.close()

    def _hear(self, payload: Payload) -> None:
        """Take a new message of a ticket's thread. Must be quick and must not wait."""
        if is_written(payload):
            message = heard(payload, self._role_of(payload))
            self._tickets.conversation.offer(int(payload["channel_id"]), message)
        else:
            self._tickets.conversation.missed.noticed(int(payload["channel_id"]), int(payload["id"]))

    def _role_of(self, payload: Payload) -> Role:
        author = payload["author"]
        if self._bot.user is not None and int(author["id"]) == self._bot.user.id:
            return Role.BOT
        guild = self._bot.get_guild(int(payload.get("guild_id") or 0))
        if author.get("bot") or payload.get("webhook_id") or guild is None:
            return Role.OTHER
        role_ids = [int(role_id) for role_id in (payload.get("member") or {}).get("roles", ())]
        is_staff = is_support_member(self._roles, guild, int(author["id"]), role_ids)
        return Role.STAFF if is_staff else Role.OTHER

    def _is_ticket(self, channel_id: int) -> bool:
        return str(channel_id) in self._tickets.conversation.threads

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Take an edit; Discord also sends these when it unfurls a link."""
        edited: Payload = payload.data
        if self._is_ticket(payload.channel_id) and edited.get("edited_timestamp") and edited.get("author"):
            message = heard(edited, self._role_of(edited))
            self._tickets.conversation.offer_edit(payload.channel_id, message)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Take a deletion."""
        if self._is_ticket(payload.channel_id):
            self._tickets.conversation.offer_deletion(payload.channel_id, [payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Take a bulk deletion."""
        if self._is_ticket(payload.channel_id):
            self._tickets.conversation.offer_deletion(payload.channel_id, sorted(payload.message_ids))

    @commands.Cog.listener()
    async def on_thread_create(self, thread: discord.Thread) -> None:
        """Make a ticket of what a member posts in the forum."""
        if thread.parent_id == self._tickets.settings.of(thread.guild.id).parent_id:
            self._tickets.adoption.offer(thread.guild.id, thread.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """Close the ticket of a deleted thread."""
        if self._is_ticket(payload.thread_id):
            self._tickets.conversation.offer_loss(payload.thread_id)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Note that a channel is gone, and with it what tickets needed it for."""
        await self._tickets.life.channel_gone(channel.guild.id, channel.id)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Note that a role is gone."""
        await self._tickets.life.role_gone(role.guild.id, role.id)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Note that a member left; Discord only tells with the members intent, else reminders find out."""
        await self._tickets.life.member_left(payload.guild_id, payload.user.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Find out what happened while nobody listened."""
        settings = self._tickets.settings.of(guild.id)
        for channel_id in (settings.parent_id, settings.log_channel_id):
            if channel_id is not None and guild.get_channel(channel_id) is None:
                await self._tickets.life.channel_gone(guild.id, channel_id)
        if settings.staff_role_id is not None and guild.get_role(settings.staff_role_id) is None:
            await self._tickets.life.role_gone(guild.id, settings.staff_role_id)
        self._tickets.conversation.offer_catch_up(guild.id)
        self._tickets.adoption.offer(guild.id)
