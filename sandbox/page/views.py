"""What one member may see, as JSON for the page: people, servers with their visible channels, messages.

Every id is a string, because JavaScript's numbers end at 2^53.
"""

from typing import Any

from sandbox import payloads
from sandbox.actions import messages as act
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.permissions import P, base_permissions
from sandbox.world import Channel, ChannelType, Guild, Interaction, Member, Message, User

Json = dict[str, Any]
_SAFE_INTEGER = 1 << 53


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
    """Return what a member is in a server, in a word: owner, a role's name, or member."""
    if guild.owner_id == member.user.id:
        return "owner"
    roles = sorted(_roles(guild, member), key=lambda role: role.position, reverse=True)
    return roles[0].name if roles else "member"


def _roles(guild: Guild, member: Member) -> list[Any]:
    return [guild.roles[role_id] for role_id in member.roles if role_id in guild.roles]


def guild(core: Core, place: Guild, viewer: User) -> Json:
    """Return a server as a member sees it: channels and open threads they may view, all members, roles."""
    shown = [item for item in place.channels.values() if sees(core, viewer, item)]
    parents = {item.parent_id for item in shown}
    categories = [
        item for item in place.channels.values() if item.type == ChannelType.CATEGORY and item.id in parents
    ]
    listed = {item.id: item for item in [*shown, *categories]}
    return {
        "id": str(place.id),
        "name": place.name,
        "owner_id": str(place.owner_id),
        "permissions": str(base_permissions(place, place.members[viewer.id])),
        "roles": [payloads.role(item) for item in place.roles.values()],
        "channels": [channel(core, item, viewer) for item in listed.values()],
        "members": [
            payloads.member(item) | {"bot": item.user.bot, "standing": _standing(place, item)}
            for item in place.members.values()
        ],
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
    for key, users in item.reactions.items():
        for shown in body.get("reactions", ()):
            if shown["emoji"] == payloads.emoji(key):
                shown["me"] = viewer.id in users
    body["ephemeral"] = item.visible_to is not None
    note = core.notes.get(item.id)
    return body | {"note": note} if note is not None else body


def history(core: Core, place: Channel, viewer: User, before: int | None, limit: int) -> list[Json]:
    """Return up to `limit` messages a member sees before an id (None: the newest), oldest first."""
    allowed = may(core, place, viewer)
    if not allowed & P.VIEW_CHANNEL or not allowed & P.READ_MESSAGE_HISTORY:
        return []
    found = [
        item
        for item in place.messages.values()
        if item.visible_to in (None, viewer.id) and (before is None or item.id < before)
    ]
    found.sort(key=lambda item: item.id)
    return [message(core, item, viewer) for item in found[-limit:]]


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
