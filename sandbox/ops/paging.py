"""Operations of the chat page: a screenful of history, the command picker, notes beside messages."""

from typing import Any

from sandbox import payloads
from sandbox.actions.access import may
from sandbox.core import Core
from sandbox.ops import commands
from sandbox.ops.registry import OperationError, Ref, operation, the_channel, the_message, the_user
from sandbox.page import views
from sandbox.permissions import P
from sandbox.world import Application

MAX_SCREEN = 100
TONES = ("quiet", "info", "good", "warn", "bad")


@operation
def screen(
    core: Core, user: Ref, channel: Ref, before: str | int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return up to `limit` messages a member sees before a message id (none: the newest), oldest first."""
    place, viewer = the_channel(core, channel), the_user(core, user)
    until = None if before is None else int(before)
    return views.history(core, place, viewer, until, max(1, min(limit, MAX_SCREEN)))


@operation
def picker(core: Core, user: Ref, channel: Ref) -> list[dict[str, Any]]:
    """Return the commands and menus a member finds in a channel, each with its `application`."""
    where, who = the_channel(core, channel), the_user(core, user)
    if not may(core, where, who) & P.USE_APPLICATION_COMMANDS:
        return []
    found = []
    for app in core.world.applications.values():
        about = {"id": str(app.id), "name": app.name, "bot": payloads.user(app.bot)}
        for scope, group in app.commands.items():
            if scope in (None, where.guild_id):
                found += [
                    command | {"application": about}
                    for command in group.values()
                    if _offered(core, app, command, (where, who))
                ]
    return found


def _offered(core: Core, app: Application, command: dict[str, Any], place: commands.Place) -> bool:
    try:
        commands.check_allowed(core, app, command, place)
    except OperationError:
        return False
    return True


@operation
def annotate(core: Core, message: Ref, note: Any) -> None:
    """Put a note beside a message, for whoever looks at the page; None takes it away.

    A note is {"title", "tone": quiet|info|good|warn|bad, "rows": [[name, value], ...]}: what a bot thought
    and did about the message, say. Members of the server don't see it.

    Raises:
        OperationError: a note of another shape.
    """
    found = the_message(core, message)
    found.note = None if note is None else _checked(note)
    about = {"id": str(found.id), "channel_id": str(found.channel_id)}
    if found.visible_to is None:
        core.hub.notify("MESSAGE_UPDATE", about, core.world.channels[found.channel_id])
    else:
        core.hub.whisper(found.visible_to, "MESSAGE_UPDATE", about)


def _checked(note: Any) -> dict[str, Any]:
    if not isinstance(note, dict):
        raise OperationError('a note is an object: {"title", "tone", "rows"}')
    rows, tone = note.get("rows") or [], note.get("tone", "info")
    if tone not in TONES:
        raise OperationError(f"no tone {tone!r}; there are {', '.join(TONES)}")
    if not isinstance(rows, list | tuple) or not all(_is_pair(row) for row in rows):
        raise OperationError("rows of a note are a list of pairs: [name, value]")
    return {
        "title": str(note.get("title", "")),
        "tone": tone,
        "rows": [[str(name), str(value)] for name, value in rows],
    }


def _is_pair(row: Any) -> bool:
    return isinstance(row, list | tuple) and len(row) == 2  # noqa: PLR2004
