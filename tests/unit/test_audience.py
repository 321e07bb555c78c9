"""The audience rule, by cases and against every combination of roles."""

from itertools import chain, combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.audience import (
    ADMINISTRATOR,
    CONNECT,
    MANAGE_THREADS,
    READ_MESSAGE_HISTORY,
    VIEW_CHANNEL,
    GuildRoles,
    Overwrite,
    Person,
    Place,
    PlaceKind,
    Role,
    everyone_may_read,
    person_may_read,
)

GUILD, OWNER, ADA, BEN, ROBOT = 1, 900, 901, 902, 903
RED, BLUE, STAFF, ADMIN, BOT = 11, 12, 13, 14, 15
READ = VIEW_CHANNEL | READ_MESSAGE_HISTORY
TEXT, VOICE, PUBLIC, PRIVATE, DIRECT = PlaceKind
ALLOW, DENY = Overwrite(allow=READ), Overwrite(deny=READ)
HIDDEN = {GUILD: DENY}


def guild(everyone: int = READ | CONNECT, **roles: int) -> GuildRoles:
    given = {"RED": 0, "BLUE": 0, "STAFF": MANAGE_THREADS, "ADMIN": ADMINISTRATOR} | roles
    known = {globals()[name]: Role(permissions) for name, permissions in given.items()}
    return GuildRoles(
        GUILD,
        OWNER,
        {GUILD: Role(everyone), **known, BOT: Role(ADMINISTRATOR, is_bot=True)},
        frozenset({ROBOT}),
    )


def place(
    overwrites: dict[int, Overwrite] | None = None, kind: PlaceKind = TEXT, id_: int = 100, **values: Any
) -> Place:
    of = {target: rule for target, rule in (overwrites or {}).items() if target < OWNER}
    members = {target: rule for target, rule in (overwrites or {}).items() if target >= OWNER}
    return Place(id_, GUILD, kind, of, members, **values)


def inside(parent: Place | None, *members: int, kind: PlaceKind = PRIVATE, id_: int = 300) -> Place:
    return Place(id_, GUILD, kind, parent=parent, member_ids=frozenset(members) if members else None)


OPEN, SECRET = place(), place(HIDDEN, id_=200)
RED_ONLY = place({**HIDDEN, RED: ALLOW}, id_=201)
NO_HISTORY = place({GUILD: Overwrite(deny=READ_MESSAGE_HISTORY)}, id_=202)
FOR_ADA = place({**HIDDEN, ADA: ALLOW}, id_=204)
TO_ADA = Place(7, None, DIRECT, member_ids=frozenset({ADA}))
CASES: dict[str, tuple[Place, Place, bool]] = {  # destination, source, may they?
    "open to open": (OPEN, place(id_=101), True),
    "hidden to open": (OPEN, SECRET, False),
    "open to hidden": (SECRET, OPEN, True),
    "a place to itself": (RED_ONLY, RED_ONLY, True),
    "the same role at both ends": (place({**HIDDEN, RED: ALLOW}), RED_ONLY, True),
    "another role": (place({**HIDDEN, BLUE: ALLOW}), RED_ONLY, False),
    "two roles of which one reads": (place({**HIDDEN, BLUE: ALLOW, RED: ALLOW}), RED_ONLY, False),
    "administrators alone": (SECRET, place({**HIDDEN, GUILD: DENY}, id_=203), True),
    "a role that is denied": (OPEN, place({RED: DENY}, id_=203), False),
    "an allowing role that outdoes it": (
        place({**HIDDEN, BLUE: ALLOW}), place({RED: DENY, BLUE: ALLOW}, id_=203), True,
    ),
    "hidden, to where a role is denied": (place({RED: DENY}), SECRET, False),
    "a role denied at both ends": (place({RED: DENY}), place({RED: DENY}, id_=203), True),
    "denied here, which an allowing role outdoes": (
        place({RED: DENY, BLUE: ALLOW}), place({RED: DENY}, id_=203), False,
    ),
    "history that is hidden": (OPEN, NO_HISTORY, False),
    "posts are seen without history": (NO_HISTORY, OPEN, True),
    "posts are seen by those who have no history": (NO_HISTORY, NO_HISTORY, False),
    "a member who is let in": (FOR_ADA, SECRET, False),
    "a member let in at both ends": (FOR_ADA, place({**HIDDEN, ADA: ALLOW}, id_=205), True),
    "a member let in by role": (FOR_ADA, place({**HIDDEN, RED: ALLOW, BEN: ALLOW}), False),
    "a member who is shut out": (OPEN, place({ADA: DENY}, id_=203), False),
    "the owner can't be shut out": (OPEN, place({OWNER: DENY}, id_=203), True),
    "a known bot that is let in": (place({**HIDDEN, ROBOT: ALLOW}), SECRET, True),
    "a bot's role that is let in": (place({**HIDDEN, BOT: ALLOW}), SECRET, True),
    "a voice chat": (OPEN, place(kind=VOICE, id_=203), True),
    "a voice chat nobody may join": (OPEN, place({GUILD: Overwrite(deny=CONNECT)}, VOICE, 203), False),
    "to a voice chat one role may join": (
        place({GUILD: Overwrite(deny=CONNECT), RED: Overwrite(allow=CONNECT)}, VOICE), RED_ONLY, True,
    ),
    "to a voice chat anybody may join": (place(kind=VOICE), RED_ONLY, False),
    "a thread of an open channel": (OPEN, inside(OPEN, kind=PUBLIC), True),
    "a thread of a hidden channel": (OPEN, inside(SECRET, kind=PUBLIC), False),
    "to a thread of a hidden channel": (inside(RED_ONLY, kind=PUBLIC), RED_ONLY, True),
    "a thread of an unknown channel": (SECRET, inside(None, kind=PUBLIC), False),
    "to a thread of an unknown channel": (inside(None, kind=PUBLIC), OPEN, False),
    "a private thread": (OPEN, inside(OPEN), False),
    "a private thread, to who manages threads": (
        place({**HIDDEN, STAFF: ALLOW}), inside(OPEN), True,
    ),
    "a private thread, to who manages threads elsewhere": (
        place({**HIDDEN, STAFF: ALLOW}), inside(place({GUILD: Overwrite(deny=MANAGE_THREADS)})), False,
    ),
    "a private thread whose channel they don't see": (place({**HIDDEN, STAFF: ALLOW}), inside(SECRET), False),
    "a private thread to itself": (inside(OPEN), inside(OPEN), True),
    "a private thread to its channel": (OPEN, inside(OPEN, ADA), False),
    "a private thread to another": (inside(OPEN), inside(OPEN, id_=301), False),
    "to a private thread anybody may be in": (inside(OPEN), OPEN, True),
    "to a private thread of a hidden channel": (inside(RED_ONLY), RED_ONLY, True),
    "to a private thread with an unknown member": (inside(OPEN), RED_ONLY, False),
    "to a private thread with one known member": (inside(OPEN, ADA), FOR_ADA, False),
    "to one with known members and no managers": (
        inside(place({GUILD: Overwrite(deny=MANAGE_THREADS), STAFF: Overwrite(deny=MANAGE_THREADS)}), ADA),
        FOR_ADA, True,
    ),
    "between private threads of the same member": (inside(OPEN, ADA), inside(OPEN, ADA, id_=301), True),
    "between private threads of different members": (inside(OPEN, ADA), inside(OPEN, BEN, id_=301), False),
    "direct messages": (OPEN, TO_ADA, False),
    "to direct messages": (TO_ADA, OPEN, False),
    "direct messages to themselves": (Place(7, None, DIRECT), Place(7, None, DIRECT), True),
    "another guild": (OPEN, Place(5, 2, TEXT), False),
}  # fmt: skip


@pytest.mark.parametrize(("destination", "source", "may"), CASES.values(), ids=CASES)
def test_everyone_may_read(destination: Place, source: Place, may: bool) -> None:
    assert everyone_may_read(destination, source, guild()) is may


def test_nobody_may_where_roles_are_unknown() -> None:
    assert not everyone_may_read(OPEN, OPEN, None)
    assert not person_may_read(Person(ADA, GUILD, frozenset()), OPEN, None)


def test_nothing_is_hidden_where_everyone_is_an_administrator() -> None:
    assert everyone_may_read(OPEN, SECRET, guild(READ | ADMINISTRATOR))
    assert person_may_read(Person(ADA, GUILD, frozenset()), SECRET, guild(ADMINISTRATOR))


def test_roles_that_read_the_whole_guild_read_it_here() -> None:
    roles = guild(everyone=0, RED=READ)
    assert everyone_may_read(place({BLUE: Overwrite(deny=READ)}), place(id_=203), roles)
    assert not everyone_may_read(place({BLUE: Overwrite(allow=VIEW_CHANNEL)}), place(id_=203), roles)


PEOPLE: dict[str, tuple[Person, Place, bool]] = {
    "anybody": (Person(ADA, GUILD, frozenset()), OPEN, True),
    "without the role": (Person(ADA, GUILD, frozenset({BLUE})), RED_ONLY, False),
    "with the role": (Person(ADA, GUILD, frozenset({GUILD, RED})), RED_ONLY, True),
    "without history": (Person(ADA, GUILD, frozenset()), NO_HISTORY, False),
    "an administrator": (Person(ADA, GUILD, frozenset({ADMIN})), inside(SECRET), True),
    "the owner": (Person(OWNER, GUILD, frozenset()), inside(SECRET), True),
    "who is let in": (Person(ADA, GUILD, frozenset()), place({**HIDDEN, ADA: ALLOW}), True),
    "in a private thread": (Person(ADA, GUILD, frozenset()), inside(OPEN, ADA), True),
    "known to be in it": (Person(ADA, GUILD, frozenset(), frozenset({300})), inside(OPEN), True),
    "in one of a channel they don't see": (Person(ADA, GUILD, frozenset()), inside(SECRET, ADA), False),
    "in another private thread": (Person(ADA, GUILD, frozenset(), frozenset({301})), inside(OPEN), False),
    "who manages threads": (Person(ADA, GUILD, frozenset({STAFF})), inside(OPEN), True),
    "their direct messages": (Person(ADA, GUILD, frozenset()), TO_ADA, True),
    "another's direct messages": (Person(BEN, GUILD, frozenset()), TO_ADA, False),
    "direct messages of whoever": (Person(BEN, GUILD, frozenset()), Place(7, None, DIRECT), False),
    "with a role nobody knows": (Person(ADA, GUILD, frozenset({RED, 99})), OPEN, False),
    "of another guild": (Person(ADA, 2, frozenset()), OPEN, False),
    "of another guild, its owner": (Person(OWNER, 2, frozenset()), OPEN, False),
    "thread of an unknown channel": (Person(OWNER, GUILD, frozenset()), inside(None), False),
}  # fmt: skip


@pytest.mark.parametrize(("person", "source", "may"), PEOPLE.values(), ids=PEOPLE)
def test_a_person_may_read(person: Person, source: Place, may: bool) -> None:
    assert person_may_read(person, source, guild()) is may


# Every user with every combination of roles, judged as Discord documents it.

BITS = (VIEW_CHANNEL, READ_MESSAGE_HISTORY, CONNECT, MANAGE_THREADS)
EVERYTHING = sum(BITS)
PLAIN = (RED, BLUE, STAFF, ADMIN, BOT)
USERS = (OWNER, ADA, BEN)  # Ben stands for whoever is named nowhere


def permissions(user: int, held: tuple[int, ...], channel: Place, roles: GuildRoles) -> int:
    """Discord's documented order: roles, @everyone's overwrite, those of roles together, the member's."""
    total = roles.roles[GUILD].permissions
    for role in held:
        total |= roles.roles[role].permissions
    if user == roles.owner_id or total & ADMINISTRATOR:
        return EVERYTHING
    everyone = channel.overwrites.get(GUILD, Overwrite())
    total = total & ~everyone.deny | everyone.allow
    mine = [channel.overwrites[role] for role in held if role in channel.overwrites]
    deny = allow = 0
    for rule in mine:
        deny, allow = deny | rule.deny, allow | rule.allow
    total = total & ~deny | allow
    own = channel.member_overwrites.get(user, Overwrite())
    return total & ~own.deny | own.allow


def reads(user: int, held: tuple[int, ...], at: Place, roles: GuildRoles, joined: bool, past: bool) -> bool:
    channel = at.parent or at
    has = permissions(user, held, channel, roles)
    if past and not has & READ_MESSAGE_HISTORY:
        return False
    if at.kind is VOICE and not has & CONNECT:
        return False
    if at.kind is PRIVATE and not joined and not has & MANAGE_THREADS:
        return False
    return bool(has & VIEW_CHANNEL)


def everyone_reads(to: Place, of: Place, roles: GuildRoles) -> bool:
    """Try everybody; whoever is not known to be in a thread may be in it, or not be."""
    people = [role for role in PLAIN if not roles.roles[role].is_bot]
    sets = list(chain.from_iterable(combinations(people, size) for size in range(len(people) + 1)))
    for user in USERS:
        there = (True, False) if to.member_ids is None else (user in to.member_ids,)
        here = (True, False) if of.member_ids is None else (user in of.member_ids,)
        pairs = [(a, b) for a in there for b in here if to.id != of.id or a == b]
        for joined_to, joined_of in pairs:
            for held in sets:
                if reads(user, held, to, roles, joined_to, past=False) and not reads(
                    user, held, of, roles, joined_of, past=True
                ):
                    return False
    return True


some_bits = st.sets(st.sampled_from(BITS), max_size=3).map(sum)
wide_bits = st.one_of(some_bits, st.just(EVERYTHING), st.just(READ))
overwrite = st.builds(Overwrite, wide_bits, wide_bits)
channels = st.builds(
    Place,
    id=st.just(0),
    guild_id=st.just(GUILD),
    kind=st.sampled_from((TEXT, TEXT, VOICE)),
    overwrites=st.dictionaries(st.sampled_from((GUILD, *PLAIN)), overwrite, max_size=4),
    member_overwrites=st.dictionaries(st.sampled_from((OWNER, ADA)), overwrite, max_size=1),
)
guilds = st.builds(
    lambda everyone, given: GuildRoles(
        GUILD,
        OWNER,
        {GUILD: Role(everyone), **{role: Role(bits, role == BOT) for role, bits in given.items()}},
    ),
    wide_bits,
    st.fixed_dictionaries(
        {role: st.one_of(some_bits, st.just(0)) for role in PLAIN} | {ADMIN: st.just(ADMINISTRATOR)}
    ),
)
thread_kinds = st.sampled_from((None, None, PUBLIC, PRIVATE, PRIVATE))
members = st.one_of(st.none(), st.frozensets(st.sampled_from((OWNER, ADA))))


@st.composite
def places(draw: st.DrawFn) -> tuple[Place, Place]:
    """A destination and a source: channels or threads, of one channel or two, maybe the same place."""
    first = draw(channels)
    second = draw(st.one_of(st.just(first), channels))
    both = []
    for number, channel in enumerate((first, second)):
        kind, of = draw(thread_kinds), draw(members)
        own = channel.kind if kind is None else TEXT  # voice channels have no threads
        known = Place(number + 1, GUILD, own, channel.overwrites, channel.member_overwrites)
        both.append(known if kind is None else Place(number + 1, GUILD, kind, parent=known, member_ids=of))
    return both[0], draw(st.sampled_from((both[0], both[1], both[1], both[1])))


@settings(max_examples=300, deadline=None)
@given(pair=places(), roles=guilds)
def test_it_is_as_if_everybody_had_been_tried(pair: tuple[Place, Place], roles: GuildRoles) -> None:
    assert everyone_may_read(*pair, roles) is everyone_reads(*pair, roles)


@settings(max_examples=200, deadline=None)
@given(pair=places(), roles=guilds, held=st.sets(st.sampled_from(PLAIN)), user=st.sampled_from(USERS))
def test_a_person_reads_what_discord_lets_them(
    pair: tuple[Place, Place], roles: GuildRoles, held: set[int], user: int
) -> None:
    source = pair[1]
    joined = user in (source.member_ids or ())
    expected = reads(user, tuple(held), source, roles, joined, past=True)
    assert person_may_read(Person(user, GUILD, frozenset(held)), source, roles) is expected
