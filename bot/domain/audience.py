"""Who reads a place, and whether all of them may read another.

Who is in a guild is not known, so a reader may hold any combination of its roles: the answer holds for all
of them, without trying each. Sources: Discord's documentation, topics/permissions (permission overwrites,
implicit permissions, inherited permissions) and topics/threads (permissions).

A timeout takes permissions away for a while and is not looked at: whoever may read without it counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from itertools import product

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
READ_MESSAGE_HISTORY = 1 << 16
CONNECT = 1 << 20
MANAGE_THREADS = 1 << 34
_PERMISSIONS = (ADMINISTRATOR, VIEW_CHANNEL, READ_MESSAGE_HISTORY, CONNECT, MANAGE_THREADS)


class PlaceKind(Enum):
    """What decides how a place is read."""

    TEXT = auto()  # announcement channels and forums too
    VOICE = auto()  # stages too: their chat is for who may connect
    PUBLIC_THREAD = auto()
    PRIVATE_THREAD = auto()
    DIRECT = auto()  # direct messages


@dataclass(frozen=True, slots=True)
class Overwrite:
    """Permission bits that a channel allows and denies to a role or member."""

    allow: int = 0
    deny: int = 0


@dataclass(frozen=True, slots=True)
class Role:
    """A role's permission bits; nobody but one bot can hold a bot's own role."""

    permissions: int
    is_bot: bool = False


@dataclass(frozen=True)
class GuildRoles:
    """A guild's owner and roles.

    Attributes:
        roles: all of them, @everyone by the guild's id.
        bot_ids: users known to be bots, who read for nobody.
    """

    id: int
    owner_id: int
    roles: Mapping[int, Role]
    bot_ids: frozenset[int] = frozenset()

    @cached_property
    def bits(self) -> Mapping[int, int]:
        """One bit for each role but @everyone, so that a set of roles is a number."""
        return {role_id: 1 << place for place, role_id in enumerate(self.roles) if role_id != self.id}

    @cached_property
    def givers(self) -> Mapping[int, int]:
        """By permission the roles that give it in the whole guild."""
        rows = [(self.roles[role_id].permissions, bit) for role_id, bit in self.bits.items()]
        return {each: sum(bit for given, bit in rows if given & each) for each in _PERMISSIONS}

    @cached_property
    def readers(self) -> int:
        """The roles that tell readers apart: not those of bots, nor of administrators, who read all."""
        people = self.held(role_id for role_id in self.bits if not self.roles[role_id].is_bot)
        return people & ~self.givers[ADMINISTRATOR]

    @property
    def everyone(self) -> int:
        """The permission bits that everybody has."""
        return self.roles[self.id].permissions

    def held(self, role_ids: Iterable[int]) -> int:
        """Return these different roles as a number; @everyone goes without saying."""
        return sum(self.bits[role_id] for role_id in role_ids if role_id != self.id)


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, thread or direct message.

    Attributes:
        guild_id: None for direct messages.
        overwrites: a channel's, by the id of a role.
        member_overwrites: a channel's, by the id of a user.
        parent: a thread's channel.
        member_ids: who is in a private thread or direct message; None when that is not known.
    """

    id: int
    guild_id: int | None
    kind: PlaceKind
    overwrites: Mapping[int, Overwrite] = field(default_factory=dict)
    member_overwrites: Mapping[int, Overwrite] = field(default_factory=dict)
    parent: "Place | None" = None
    member_ids: frozenset[int] | None = None

    @property
    def channel(self) -> "Place | None":
        """The channel whose permissions count here; None for a thread whose channel is unknown."""
        is_thread = self.kind in (PlaceKind.PUBLIC_THREAD, PlaceKind.PRIVATE_THREAD)
        return self.parent if is_thread else self


@dataclass(frozen=True, slots=True)
class Person:
    """A member whose roles are known, as the reader of an ephemeral answer or a direct message.

    Attributes:
        thread_ids: private threads they are known to be in.
    """

    user_id: int
    guild_id: int
    role_ids: frozenset[int]
    thread_ids: frozenset[int] = frozenset()


def everyone_may_read(destination: Place, source: Place, roles: GuildRoles | None) -> bool:
    """Return whether everyone who reads what is posted at `destination` may read what was said at `source`.

    A post is read by whoever views the place at that moment, with or without its history. Of a private thread
    whose members are unknown, anybody may be one at the destination, and nobody at the source. What can't be
    told is a no: another guild, or a thread of an unknown channel.
    """
    if destination.guild_id is None or source.guild_id is None:
        return destination.id == source.id
    if roles is None or not destination.guild_id == source.guild_id == roles.id:
        return False
    to, of = destination.channel, source.channel
    if to is None or of is None:
        return False
    if roles.everyone & ADMINISTRATOR:
        return True
    if destination.id == source.id and source.member_ids is None:
        destination, source = to, of  # whoever is in the thread is in it at both ends
    named = {*to.member_overwrites, *of.member_overwrites, *(destination.member_ids or ())}
    for user_id in (None, *(named - {roles.owner_id} - roles.bot_ids)):
        inside = destination.member_ids is None or user_id in destination.member_ids
        given = [_right(each, to, user_id, roles) for each in _to_view(destination, inside=inside)]
        inside = source.member_ids is not None and user_id in source.member_ids
        for permission in _to_read(source, inside=inside):
            if _can_lack(_right(permission, of, user_id, roles), given, roles.readers):
                return False
    return True


def person_may_read(person: Person, source: Place, roles: GuildRoles | None) -> bool:
    """Return whether a member may read what was said at `source`; what can't be told is a no."""
    inside = source.id in person.thread_ids or person.user_id in (source.member_ids or ())
    if source.kind is PlaceKind.DIRECT:
        return inside
    channel = source.channel
    if roles is None or channel is None or not person.guild_id == source.guild_id == roles.id:
        return False
    if not person.role_ids <= roles.roles.keys():
        return False  # a role that nobody has told of may deny anything
    held = roles.held(person.role_ids)
    is_admin = roles.everyone & ADMINISTRATOR or held & roles.givers[ADMINISTRATOR]
    return (
        person.user_id == roles.owner_id
        or bool(is_admin)
        or all(
            _right(each, channel, person.user_id, roles).holds(held)
            for each in _to_read(source, inside=inside)
        )
    )


def _to_view(place: Place, *, inside: bool) -> tuple[int, ...]:
    """Return what it takes to see what is posted at a place, `inside` a private thread or not."""
    if place.kind is PlaceKind.VOICE:
        return VIEW_CHANNEL, CONNECT
    if place.kind is PlaceKind.PRIVATE_THREAD and not inside:
        return VIEW_CHANNEL, MANAGE_THREADS
    return (VIEW_CHANNEL,)


def _to_read(place: Place, *, inside: bool) -> tuple[int, ...]:
    """Return what it takes to read what was said at a place."""
    return (*_to_view(place, inside=inside), READ_MESSAGE_HISTORY)


@dataclass(frozen=True, slots=True)
class _Right:
    """When somebody has a permission in a channel; roles are numbers with one bit for each."""

    at_first: bool  # with no role
    givers: int = 0  # roles that give it in the guild, where that counts
    deniers: int = 0
    allowers: int = 0  # stronger than deniers

    def holds(self, held: int) -> bool:
        """Whether who holds these roles has it."""
        if held & self.allowers:
            return True
        return not held & self.deniers and (self.at_first or bool(held & self.givers))


def _right(permission: int, channel: Place, user_id: int | None, roles: GuildRoles) -> _Right:
    """Return when a user has a permission in a channel; user None has no overwrite of their own."""
    own = channel.member_overwrites.get(user_id) if user_id is not None else None
    if own is not None and (own.allow | own.deny) & permission:
        return _Right(at_first=bool(own.allow & permission))
    deniers = allowers = 0
    for role_id, overwrite in channel.overwrites.items():
        bit = roles.bits.get(role_id, 0)
        if overwrite.allow & permission:
            allowers |= bit
        if overwrite.deny & permission:
            deniers |= bit
    everyone = channel.overwrites.get(roles.id, Overwrite())
    if (everyone.allow | everyone.deny) & permission:
        return _Right(bool(everyone.allow & permission), 0, deniers, allowers)
    return _Right(bool(roles.everyone & permission), roles.givers[permission], deniers, allowers)


def _can_lack(right: _Right, given: Sequence[_Right], readers: int) -> bool:
    """Whether some set of `readers` has every right of `given` but not `right`."""
    return any(
        not right.holds(held) and all(each.holds(held) for each in given)
        for held in _largest_sets(right, given, readers & ~right.allowers)
    )


def _largest_sets(right: _Right, given: Sequence[_Right], readers: int) -> Iterator[int]:
    """Yield sets of roles among which is one that has `given` and lacks `right`, if there is any at all.

    Somebody lacks it by a denying role, or by none that gives it; and has each given one by an allowing role,
    or by none that denies it. Within each of these cases more roles do no harm, so the largest set will do.
    """
    without = [{0, right.givers}, *({0, each.deniers} for each in given)]
    for groups in product(*without):
        left = readers
        for group in groups:
            left &= ~group
        yield left
