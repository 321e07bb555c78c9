"""What `/setup` shows. Pure."""

import discord

from bot.domain.tickets import TicketMode
from bot.models import TicketSettings
from bot.services.tickets.settings import TicketSettingsService
from bot.texts import text
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
    embed = discord.Embed(
        title=text("ticket_setup.title"),
        description=_first_step(private=private, has_place=chosen.parent_id is not None, has_role=bool(role)),
    )
    readers = text("ticket_setup.read_by_staff") if private else text("ticket_setup.read_by_forum")
    embed.add_field(name=text("ticket_setup.readers"), value=readers)
    embed.add_field(
        name=text("ticket_setup.channel") if private else text("ticket_setup.forum"),
        value=place + _past_panel(guild, chosen),
    )
    embed.add_field(
        name=text("ticket_setup.staff_role"), value=_role(guild, role, chosen.parent_id, private=private)
    )
    embed.add_field(
        name=text("ticket_setup.log_channel"), value=_place(guild, chosen.log_channel_id, FILES_NEED)
    )
    staff_place = _place(guild, settings.staff_channel(guild.id), QUEUE_NEEDS)
    embed.add_field(name=text("ticket_setup.staff_channel"), value=staff_place)
    sent = text("ticket_setup.sent") if chosen.transcript_dm else text("ticket_setup.not_sent")
    embed.add_field(name=text("ticket_setup.transcript"), value=sent)
    names = ", ".join(
        f"{each.emoji} {each.name}".strip() + (f" (<@&{each.staff_role_id}>)" if each.staff_role_id else "")
        for each in settings.categories(guild.id)
    )
    embed.add_field(
        name=text("ticket_setup.categories"), value=names[:MAX_VALUE] or text("ticket_setup.none")
    )
    if not private and chosen.parent_id is not None:
        missing = [
            name for key, name in settings.tag_names(guild.id).items() if key not in (chosen.tags or {})
        ]
        tags = text("ticket_setup.tags_there")
        if missing:
            tags = text("ticket_setup.tags_missing", tags=", ".join(missing))
        embed.add_field(name=text("ticket_setup.tags"), value=tags[:MAX_VALUE], inline=False)
    rules = _rules(chosen, settings.rules(guild.id).zone)
    embed.add_field(name=text("ticket_setup.rules"), value=rules, inline=False)
    if problem:
        embed.add_field(name=text("ticket_setup.problem"), value=problem[:MAX_VALUE], inline=False)
    return embed


def _first_step(*, private: bool, has_place: bool, has_role: bool) -> str:
    """Return what is to be done first, or that tickets can be opened."""
    if has_place and has_role:
        return text("ticket_setup.ready")
    if has_place:
        return text("ticket_setup.lacks_role")
    place = "channel" if private else "forum"
    lacks = place if has_role else f"{place}_and_role"
    return text(f"ticket_setup.lacks_{lacks}")


def _rules(chosen: TicketSettings, zone: str) -> str:
    pace = text("ticket_setup.rules_open", count=chosen.max_open)
    if chosen.cooldown_seconds:
        pace = text("ticket_setup.rules_open_pace", count=chosen.max_open, seconds=chosen.cooldown_seconds)
    return text(
        "ticket_setup.rules_text",
        hours=chosen.working_hours or text("ticket_setup.always"),
        zone=zone,
        pace=pace,
        remind=_hours(chosen.remind_hours),
        close=_hours(chosen.close_hours),
    )


def _hours(count: int | None) -> str:
    return text("ticket_setup.hours", count=count) if count else text("ticket_setup.never")


def _past_panel(guild: discord.Guild, chosen: TicketSettings) -> str:
    """Return what becomes of members' own posts in the forum; "" where they can't make any."""
    forum = guild.get_channel(chosen.parent_id) if chosen.parent_id is not None else None
    if not isinstance(forum, discord.ForumChannel):
        return ""
    if not forum.permissions_for(guild.default_role).send_messages:
        return ""
    if chosen.adopt_posts:
        return "\n" + text("ticket_setup.adopted")
    return "\n" + text("ticket_setup.not_adopted")


def _place(guild: discord.Guild, channel_id: int | None, needs: tuple[str, ...]) -> str:
    if channel_id is None:
        return text("ticket_setup.none")
    channel = guild.get_channel(channel_id)
    if channel is None:
        return text("ticket_setup.gone")
    missing = lacking(channel, needs)
    if not missing:
        return channel.mention
    return f"{channel.mention}\n{text('ticket_setup.lacking_there', missing=missing)}"


def _role(guild: discord.Guild, role: discord.Role | None, parent_id: int | None, *, private: bool) -> str:
    if role is None:
        return text("ticket_setup.no_role")
    channel = guild.get_channel(parent_id) if parent_id is not None else None
    if channel is None:
        return role.mention
    have = channel.permissions_for(role)
    if not have.view_channel:
        return f"{role.mention}\n{text('ticket_setup.role_blind', channel=channel.mention)}"
    if private and not have.manage_threads:
        return f"{role.mention}\n{text('ticket_setup.role_needs', channel=channel.mention)}"
    return role.mention
