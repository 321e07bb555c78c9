"""What one member may see, as JSON for the page: people, servers with their visible channels, messages.

Every id is a string, because JavaScript's numbers end at 2^53.
"""

from datetime import datetime, timedelta
from heapq import nlargest
from typing import Any

from sandbox import payloads
from sandbox.actions import messages as act
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.ids import snowflake_time
from sandbox.permissions import P, base_permissions
from sandbox.world import Channel, ChannelType, Guild, Interaction, Member, Message, Role, User

Json = dict[str, Any]
_SAFE_INTEGER = 1 << 53
_SETTING_UP = timedelta(minutes=1)  # who joins a server later, and has no role, is called a newcomer
_ARCHIVED = 100  # archived threads of a server that a page knows; older ones are asked for


def text_ids(value: Any) -> Any:
    """Return JSON with every number JavaScript can't hold as a string."""
    if isinstance(value, dict):
        return {key: text_ids(item) for key, item in value.items()}
    if isinstance(value, list):
        return [text_ids(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _SAFE_INTEGER:
        return str(value)
    return value


def sees(core: Core, viewer: User, channel: Channel) -> bool:
    """Whether a user sees a channel at all."""
    return bool(may(core, channel, viewer) & P.VIEW_CHANNEL)


def people(core: Core) -> list[Json]:
    """Return who the page can be looked at as: every account that is no bot, members of a server first."""
    found = []
    for user in core.world.users.values():
        homes = [guild for guild in core.world.guilds.values() if user.id in guild.members]
        if user.bot or not homes:
            continue
        standing = [_standing(guild, guild.members[user.id]) for guild in homes]
        found.append(payloads.user(user) | {"standing": standing[0], "guild_ids": [str(g.id) for g in homes]})
    return found


def _standing(guild: Guild, member: Member) -> str:
    """Return what a member is in a server, in a word: owner, a role's name, member, or newcomer."""
    if guild.owner_id == member.user.id:
        return "owner"
    roles = sorted(_roles(guild, member), key=lambda role: role.position, reverse=True)
    if roles:
        return roles[0].name
    return "newcomer" if member.joined_at - guild.joined_at > _SETTING_UP else "member"


def _roles(guild: Guild, member: Member) -> list[Role]:
    return [guild.roles[role_id] for role_id in member.roles if role_id in guild.roles]


def guild(core: Core, place: Guild, viewer: User) -> Json:
    """Return a server as a member sees it: roles, all members, channels and threads they may view.

    Of archived threads there are only the newest: `posts` and `threads` return the others.
    """
    shown = [item for item in place.channels.values() if sees(core, viewer, item)]
    old = nlargest(_ARCHIVED, (item for item in shown if item.is_thread and item.archived), key=_archived_at)
    kept = {item.id for item in old}
    parents = {item.parent_id for item in shown}
    categories = [
        item for item in place.channels.values() if item.type == ChannelType.CATEGORY and item.id in parents
    ]
    listed = {item.id: item for item in [*shown, *categories] if not item.archived or item.id in kept}
    return {
        "id": str(place.id),
        "name": place.name,
        "owner_id": str(place.owner_id),
        "permissions": str(base_permissions(place, place.members[viewer.id])),
        "roles": [payloads.role(item) for item in place.roles.values()],
        "channels": [channel(core, item, viewer) for item in listed.values()],
        "members": [_member(core, place, item) for item in place.members.values()],
    }


def _archived_at(thread: Channel) -> datetime:
    return thread.archive_time or snowflake_time(thread.id)


def _member(core: Core, place: Guild, item: Member) -> Json:
    """Return a member; `application` says whether a bot can be written to and used."""
    return payloads.member(item) | {
        "bot": item.user.bot,
        "application": item.user.id in core.world.bots,
        "standing": _standing(place, item),
    }


def channel(core: Core, place: Channel, viewer: User) -> Json:
    """Return a channel, thread or direct message with the viewer's permissions in it."""
    body = payloads.channel(place, viewer.id) | {"permissions": str(may(core, place, viewer))}
    if place.is_thread:
        body["joined"] = viewer.id in place.thread_members
        body["private"] = place.is_private_thread
    return body


def direct(core: Core, viewer: User) -> list[Json]:
    """Return a user's direct messages."""
    mine = [
        item
        for item in core.world.channels.values()
        if item.type == ChannelType.DM and any(person.id == viewer.id for person in item.recipients)
    ]
    return [channel(core, item, viewer) for item in mine]


def message(core: Core, item: Message, viewer: User) -> Json:
    """Return a message as a member sees it, with what a bot noted about it."""
    body = act.event_payload(core, item)
    if item.reactions:
        body["reactions"] = [
            payloads.reaction(key, users, viewer.id) for key, users in item.reactions.items()
        ]
    body["ephemeral"] = item.visible_to is not None
    return body | {"note": item.note} if item.note is not None else body


def history(core: Core, place: Channel, viewer: User, before: int | None, limit: int) -> list[Json]:
    """Return up to `limit` messages a member sees before an id (None: the newest), oldest first."""
    allowed = may(core, place, viewer)
    if not allowed & P.VIEW_CHANNEL or not allowed & P.READ_MESSAGE_HISTORY:
        return []
    own = [item for item in place.messages.values() if item.visible_to == viewer.id]
    found = place.history(limit, before) + [item for item in own if before is None or item.id < before]
    newest = nlargest(limit, found, key=lambda item: item.id)
    return [message(core, item, viewer) for item in reversed(newest)]


def interaction(core: Core, item: Interaction) -> Json:
    """Return how an interaction stands, for the member who started it."""
    app = core.world.applications[item.application_id]
    return {
        "id": str(item.id),
        "channel_id": str(item.channel_id),
        "state": "answered" if item.callback is not None else "failed",
        "callback": item.callback,
        "modal": item.modal,
        "choices": item.choices,
        "application": {"id": str(app.id), "name": app.name, "bot": payloads.user(app.bot)},
    }


def ready(core: Core, viewer: User) -> Json:
    """Return everything a page needs when it opens, or is looked at as somebody else."""
    homes = [place for place in core.world.guilds.values() if viewer.id in place.members]
    return {
        "viewer": payloads.user(viewer),
        "people": people(core),
        "guilds": [guild(core, place, viewer) for place in homes],
        "direct": direct(core, viewer),
        "cdn_url": core.urls["cdn_url"],
    }
