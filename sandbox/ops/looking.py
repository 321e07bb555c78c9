"""Operations of the chat page's lists: a forum's posts, a channel's threads, pinned messages."""

from typing import Any

from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.errors import missing_access
from sandbox.ops.registry import OperationError, Ref, operation, the_channel, the_user
from sandbox.page import views
from sandbox.permissions import P
from sandbox.world import Channel, ChannelType, User

MAX_LISTED = 200


@operation
def posts(core: Core, user: Ref, forum: Ref, limit: int = MAX_LISTED) -> list[dict[str, Any]]:
    """Return a forum's posts as {thread, message}, archived ones included, the last active first.

    `message` is the opening one, None when it was deleted.

    Raises:
        ApiError: 50001.
        OperationError: the channel is no forum.
    """
    place, viewer = _seen(core, user, forum)
    if place.type != ChannelType.FORUM:
        raise OperationError(f"{place.name!r} is no forum")
    found = []
    for thread in _threads(core, place, viewer)[: max(0, limit)]:
        opening = thread.messages.get(thread.id)
        shown = views.message(core, opening, viewer) if opening is not None else None
        found.append({"thread": views.channel(core, thread, viewer), "message": shown})
    return found


@operation
def threads(core: Core, user: Ref, channel: Ref, limit: int = MAX_LISTED) -> list[dict[str, Any]]:
    """Return a channel's threads a member sees, archived ones included, the last active first.

    Raises:
        ApiError: 50001.
    """
    place, viewer = _seen(core, user, channel)
    found = _threads(core, place, viewer)[: max(0, limit)]
    return [views.channel(core, thread, viewer) for thread in found]


@operation
def pins(core: Core, user: Ref, channel: Ref) -> list[dict[str, Any]]:
    """Return a channel's pinned messages, the last pinned first.

    Raises:
        ApiError: 50001.
    """
    place, viewer = _seen(core, user, channel)
    if not may(core, place, viewer) & P.READ_MESSAGE_HISTORY:
        return []
    pinned = [(item.pinned_at, item) for item in place.messages.values() if item.pinned_at is not None]
    pinned.sort(key=lambda pin: (pin[0], pin[1].id), reverse=True)
    return [views.message(core, item, viewer) for _, item in pinned if item.visible_to in (None, viewer.id)]


def _seen(core: Core, user: Ref, channel: Ref) -> tuple[Channel, User]:
    place, viewer = the_channel(core, channel), the_user(core, user)
    if not views.sees(core, viewer, place):
        raise missing_access()
    return place, viewer


def _threads(core: Core, place: Channel, viewer: User) -> list[Channel]:
    home = core.world.guild_of(place)
    if home is None:
        return []
    shown = [item for item in home.threads(place.id) if views.sees(core, viewer, item)]
    return sorted(shown, key=lambda item: item.last_message_id or item.id, reverse=True)
