"""The table of operations and the look-ups by id or name they share."""

from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.core import Core
from sandbox.world import Application, Channel, Guild, Member, Message, Role, User

Ref = int | str | None
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
OPERATIONS: dict[str, Callable[..., Any]] = {}


class OperationError(ValueError):
    """A request to the sandbox itself that makes no sense; says what would."""


def operation(function: F) -> F:
    """Register an operation under the function's name."""
    OPERATIONS[function.__name__] = function
    return function


def perform(core: Core, name: str, args: dict[str, Any]) -> Any:
    """Run an operation.

    Raises:
        OperationError: there is no such operation, or its arguments are wrong.
        ApiError: Discord wouldn't let the member do that.
    """
    function = OPERATIONS.get(name)
    if function is None:
        raise OperationError(f"no operation {name!r}; there are {', '.join(sorted(OPERATIONS))}")
    try:
        return function(core, **args)
    except TypeError as error:
        if name in str(error):
            raise OperationError(str(error)) from error
        raise


def number(ref: Ref) -> int | None:
    """Return a reference as an id, None when it is a name."""
    if isinstance(ref, int):
        return ref
    return int(ref) if isinstance(ref, str) and ref.isascii() and ref.isdigit() and len(ref) > 15 else None  # noqa: PLR2004


def the_guild(core: Core, ref: Ref) -> Guild:
    """Return a guild by id or name; None means the first one."""
    guilds = core.world.guilds
    if ref is None and guilds:
        return next(iter(guilds.values()))
    wanted = number(ref)
    if wanted is not None and wanted in guilds:
        return guilds[wanted]
    return _named("guild", ref, [(guild.name, guild) for guild in guilds.values()])


def the_channel(core: Core, ref: Ref, guild: Ref = None) -> Channel:
    """Return a channel or thread by id or name."""
    wanted = number(ref)
    if wanted is not None and wanted in core.world.channels:
        return core.world.channels[wanted]
    pool = the_guild(core, guild).channels if guild is not None else core.world.channels
    return _named("channel", ref, [(channel.name, channel) for channel in pool.values()])


def the_user(core: Core, ref: Ref) -> User:
    """Return a user by id or name."""
    wanted = number(ref)
    if wanted is not None and wanted in core.world.users:
        return core.world.users[wanted]
    return _named("user", ref, [(user.username, user) for user in core.world.users.values()])


def the_member(core: Core, guild: Guild, ref: Ref) -> Member:
    """Return a member of a guild by id or name."""
    user = the_user(core, ref)
    if user.id not in guild.members:
        raise OperationError(f"{user.username!r} is not a member of {guild.name!r}")
    return guild.members[user.id]


def the_role(guild: Guild, ref: Ref) -> Role:
    """Return a role by id or name; "everyone" is @everyone."""
    wanted = number(ref)
    if wanted is not None and wanted in guild.roles:
        return guild.roles[wanted]
    name = "@everyone" if ref == "everyone" else ref
    return _named("role", name, [(role.name, role) for role in guild.roles.values()])


def the_app(core: Core, ref: Ref) -> Application:
    """Return an application by id or name; None means the main one."""
    apps = core.world.applications
    if ref is None and core.main_app is not None:
        return core.main_app
    wanted = number(ref)
    if wanted is not None:
        return apps.get(wanted) or core.world.bots[wanted]
    return _named("application", ref, [(app.name, app) for app in apps.values()])


def the_message(core: Core, ref: Ref) -> Message:
    """Return a message by id, ephemeral ones included."""
    wanted = number(ref)
    for channel in core.world.channels.values():
        if wanted is not None and wanted in channel.messages:
            return channel.messages[wanted]
    raise OperationError(f"there is no message {ref!r} (any more)")


def _named(what: str, name: Ref, pool: list[tuple[str, T]]) -> T:
    found = [item for known, item in pool if known == name]
    if not found:
        known = ", ".join(sorted({known for known, _ in pool if known})) or "none"
        raise OperationError(f"no {what} {name!r}; there are {known}")
    return found[0]
