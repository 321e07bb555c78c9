"""The table of operations and the look-ups by id or name they share."""

import inspect
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from sandbox.core import Core
from sandbox.errors import ApiError
from sandbox.world import Application, Channel, Guild, Member, Message, Role, User

Ref = int | str | None
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
OPERATIONS: dict[str, Callable[..., Any]] = {}
MAX_NAME = 100
# What an operation raises at arguments that make no sense.
MISTAKES = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, OSError)


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
    signature, hints = _shape(function)
    try:
        given = signature.bind(core, **args)
    except TypeError as error:
        raise OperationError(f"{name}: {error}") from None
    for key, value in args.items():
        if not _fits(value, hints.get(key, Any)):
            raise OperationError(f"{name}: {key} can't be {_short(value)}")
    return function(*given.args, **given.kwargs)


def refusal(error: Exception) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and body that tell why an operation didn't work: an ApiError or a mistake."""
    if isinstance(error, ApiError):
        return 409, {"error": str(error), "type": "ApiError", "status": error.status} | error.body()
    text = f"there is no {error}" if isinstance(error, LookupError) else str(error)
    return 400, {"error": text or type(error).__name__, "type": "OperationError"}


@lru_cache(maxsize=256)
def _shape(function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    return inspect.signature(function), get_type_hints(function)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of a type; a whole number is a float too, but no bool is a number."""
    if hint is Any:
        return True
    kind, inner = get_origin(hint), get_args(hint)
    if kind in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if kind is list:
        return isinstance(value, list | tuple) and all(_fits(item, inner[0]) for item in value)
    if kind is dict:
        return isinstance(value, dict)
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, int | float) if hint is float else isinstance(value, hint)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}..."


def named(name: object) -> str:
    """Return a name fit for a new thing.

    Raises:
        OperationError: it is no text of 1 to 100 characters.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise OperationError(f"a name has 1 to {MAX_NAME} characters, it can't be {_short(name)}")
    return name


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
        found = apps.get(wanted) or core.world.bots.get(wanted)
        if found is None:
            raise OperationError(f"no application {wanted}")
        return found
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
        raise OperationError(f"no {what} {_short(name)}; there are {known}")
    return found[0]
