"""What `/setup` shows. Pure."""

import discord

from bot.domain.tickets import TicketMode
from bot.models import TicketSettings
from bot.services.tickets.settings import TicketSettingsService
from bot.tools.errors import lacking
from bot.tools.ticket_answers import QUEUE_NEEDS
from bot.tools.ticket_closing import FILES_NEED
from bot.tools.tickets import FORUM_NEEDS, PRIVATE_NEEDS

MAX_VALUE = 1_024  # characters


def setup_embed(settings: TicketSettingsService, guild: discord.Guild, problem: str = "") -> discord.Embed:
    """Build a server's settings, with each permission that is missing."""
    chosen = settings.of(guild.id)
    private = chosen.mode == TicketMode.PRIVATE
    needs = PRIVATE_NEEDS if private else FORUM_NEEDS
    place = _place(guild, chosen.parent_id, needs)
    role = guild.get_role(chosen.staff_role_id) if chosen.staff_role_id else None
    lacks = ["a channel" if private else "a forum"] if chosen.parent_id is None else []
    lacks += ["the staff role"] if role is None else []
    embed = discord.Embed(
        title="Tickets",
        description="Members can open tickets. Post a panel with `/ticket_panel`."
        if not lacks
        else f"Choose {' and '.join(lacks)} to begin.",
    )
    embed.add_field(
        name="Who reads tickets", value="only the member and staff" if private else "whoever sees the forum"
    )
    embed.add_field(name="Channel" if private else "Forum", value=place + _past_panel(guild, chosen))
    embed.add_field(name="Staff role", value=_role(guild, role, chosen.parent_id, private=private))
    embed.add_field(name="Log channel", value=_place(guild, chosen.log_channel_id, FILES_NEED))
    staff_place = _place(guild, settings.staff_channel(guild.id), QUEUE_NEEDS)
    embed.add_field(name="Staff channel", value=staff_place)
    sent = "by direct message" if chosen.transcript_dm else "not sent"
    embed.add_field(name="Transcript for the member", value=sent)
    names = ", ".join(
        f"{each.emoji} {each.name}".strip() + (f" (<@&{each.staff_role_id}>)" if each.staff_role_id else "")
        for each in settings.categories(guild.id)
    )
    embed.add_field(name="Categories", value=names[:MAX_VALUE] or "none")
    if not private and chosen.parent_id is not None:
        missing = [
            name for key, name in settings.tag_names(guild.id).items() if key not in (chosen.tags or {})
        ]
        tags = (
            f"missing: {', '.join(missing)}. I need **Manage Channels** there to add them." if missing else ""
        )
        embed.add_field(name="Tags", value=(tags or "all there")[:MAX_VALUE], inline=False)
    zone = settings.rules(guild.id).zone
    remind = f"{chosen.remind_hours} hours" if chosen.remind_hours else "never"
    close = f"{chosen.close_hours} hours" if chosen.close_hours else "never"
    pace = f", and open one every {chosen.cooldown_seconds} seconds" if chosen.cooldown_seconds else ""
    embed.add_field(
        name="Rules",
        value=f"Working hours: {chosen.working_hours or 'always'} ({zone})\n"
        f"A member may have {chosen.max_open} open{pace}\n"
        f"A silent member is reminded after: {remind}\nTheir ticket closes after: {close}",
        inline=False,
    )
    if problem:
        embed.add_field(name="Problem", value=problem[:MAX_VALUE], inline=False)
    return embed


def _past_panel(guild: discord.Guild, chosen: TicketSettings) -> str:
    """Return what becomes of members' own posts in the forum; "" where they can't make any."""
    forum = guild.get_channel(chosen.parent_id) if chosen.parent_id is not None else None
    if not isinstance(forum, discord.ForumChannel):
        return ""
    if not forum.permissions_for(guild.default_role).send_messages:
        return ""
    if chosen.adopt_posts:
        return "\nWhat members post there themselves becomes a ticket, too."
    return "\nWhat members post there without the panel is no ticket: take **Create Posts** from @everyone."


def _place(guild: discord.Guild, channel_id: int | None, needs: tuple[str, ...]) -> str:
    if channel_id is None:
        return "none"
    channel = guild.get_channel(channel_id)
    if channel is None:
        return "gone: choose another"
    missing = lacking(channel, needs)
    return f"{channel.mention}\nI lack **{missing}** there." if missing else channel.mention


def _role(guild: discord.Guild, role: discord.Role | None, parent_id: int | None, *, private: bool) -> str:
    if role is None:
        return "none: only Manage Server counts"
    channel = guild.get_channel(parent_id) if parent_id is not None else None
    if channel is None:
        return role.mention
    have = channel.permissions_for(role)
    if not have.view_channel:
        return f"{role.mention}\nIt can't see {channel.mention}."
    if private and not have.manage_threads:
        return f"{role.mention}\nIt needs **Manage Threads** in {channel.mention} to see private tickets."
    return role.mention
