"""Which channels bots can see, and what they are told when they gain one."""

from typing import Any

from sandbox import payloads
from sandbox.core import Core
from sandbox.permissions import P, channel_permissions
from sandbox.world import Application, Channel, Guild, Member


def sees(guild: Guild, member: Member, channel: Channel) -> bool:
    """Whether a member can view a channel or thread."""
    return bool(channel_permissions(guild, member, channel) & P.VIEW_CHANNEL)


def joined(core: Core, guild: Guild, app: Application) -> None:
    """Note which channels a bot sees that has just come in."""
    core.hub.seen[app.id, guild.id] = _visible(guild, guild.members[app.bot.id])


def added(core: Core, guild: Guild, channel: Channel) -> None:
    """Note who sees a new channel: it has no threads to tell of."""
    for app, member in _bots(core, guild):
        if sees(guild, member, channel):
            core.hub.seen.setdefault((app.id, guild.id), set()).add(channel.id)


def changed(core: Core, guild: Guild) -> None:
    """Send THREAD_LIST_SYNC to every bot that sees a channel it didn't see before.

    Source: docs events/gateway-events#thread-list-sync.
    """
    for app, member in _bots(core, guild):
        before = core.hub.seen.get((app.id, guild.id), set())
        now = core.hub.seen[app.id, guild.id] = _visible(guild, member)
        if gained := sorted(now - before):
            core.hub.emit_to(app.id, "THREAD_LIST_SYNC", _sync(guild, member, gained), guild_id=guild.id)


def open_threads(guild: Guild, member: Member) -> list[Channel]:
    """Return the active threads a member can view."""
    return [thread for thread in guild.threads() if not thread.archived and sees(guild, member, thread)]


def _sync(guild: Guild, member: Member, gained: list[int]) -> dict[str, Any]:
    me = member.user.id
    threads = [thread for thread in open_threads(guild, member) if thread.parent_id in gained]
    return {
        "guild_id": str(guild.id),
        "channel_ids": [str(channel_id) for channel_id in gained],
        "threads": [payloads.channel(thread, me) for thread in threads],
        "members": [payloads.thread_member(t, me) for t in threads if me in t.thread_members],
    }


def _visible(guild: Guild, member: Member) -> set[int]:
    return {c.id for c in guild.channels.values() if not c.is_thread and sees(guild, member, c)}


def _bots(core: Core, guild: Guild) -> list[tuple[Application, Member]]:
    apps = core.world.applications.values()
    return [(app, guild.members[app.bot.id]) for app in apps if app.bot.id in guild.members]
