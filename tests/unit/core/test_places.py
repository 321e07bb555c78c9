"""What discord.py has heard, as the audience rule takes it, and the questions asked of it."""

from time import perf_counter
from typing import Any

import discord
import pytest

from bot.core.client import Bot
from bot.core.places import DiscordPlaces
from bot.domain.audience import Overwrite, Person, PlaceKind, Role
from bot.services.audience import AudienceService, KnownThread
from tests.discord_payloads import (
    BOT,
    CATEGORY,
    CATEGORY_TYPE,
    CHANNEL,
    FORUM,
    FORUM_TYPE,
    GUILD,
    HIDDEN,
    MEMBER,
    OWNER,
    PRIVATE,
    PRIVATE_THREAD,
    READ,
    THREAD,
    VOICE,
    channel,
    feed,
    guild,
    hidden,
    make_bot,
    role,
    thread,
    user,
)

STAGE, NEWS, DM, ARCHIVED, RED = 1, 2, 3, 4, 5
HELPER_ROLE, HELPER = 6, 7  # another bot


def allowed(target: int, type_: int) -> dict[str, Any]:
    return {"id": str(target), "type": type_, "allow": str(READ), "deny": "0"}


async def at(*channels: dict[str, Any], **values: Any) -> tuple[Bot, DiscordPlaces]:
    bot, _ = await make_bot()
    feed(bot, "GUILD_CREATE", guild(*channels, **values))
    return bot, DiscordPlaces(bot)


def asked_of(places: DiscordPlaces) -> AudienceService:
    audience = AudienceService()
    audience.read_from(places)
    return audience


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        (0, PlaceKind.TEXT),
        (5, PlaceKind.TEXT),
        (15, PlaceKind.TEXT),
        (16, PlaceKind.TEXT),
        (2, PlaceKind.VOICE),
        (13, PlaceKind.VOICE),
    ],
    ids=["text", "announcements", "forum", "media", "voice", "stage"],
)
async def test_a_channel_is_what_it_is(type_: int, kind: PlaceKind) -> None:
    rules = [allowed(RED, 0), allowed(MEMBER, 1)]
    _, places = await at(channel(CHANNEL, type_, permission_overwrites=rules))
    place = places.place(CHANNEL)
    assert place is not None
    assert (place.id, place.guild_id, place.kind) == (CHANNEL, GUILD, kind)
    assert place.overwrites == {RED: Overwrite(READ)}
    assert place.member_overwrites == {MEMBER: Overwrite(READ)}


async def test_a_category_is_no_place_and_nor_is_what_was_never_heard_of() -> None:
    _, places = await at(channel(CATEGORY, CATEGORY_TYPE))
    assert places.place(CATEGORY) is None
    assert places.place(CHANNEL) is None
    assert places.roles(1) is None


async def test_threads_are_read_by_their_channel() -> None:
    open_ones = (thread(THREAD, FORUM), thread(PRIVATE_THREAD, CHANNEL, PRIVATE))
    _, places = await at(channel(), channel(FORUM, FORUM_TYPE), threads=open_ones)
    post, secret = places.place(THREAD), places.place(PRIVATE_THREAD)
    assert post is not None
    assert secret is not None
    assert (post.kind, post.parent) == (PlaceKind.PUBLIC_THREAD, places.place(FORUM))
    assert (secret.kind, secret.parent) == (PlaceKind.PRIVATE_THREAD, places.place(CHANNEL))
    assert secret.member_ids is None


async def test_a_thread_whose_channel_is_gone_is_read_by_nobody() -> None:
    bot, places = await at(channel(), channel(FORUM, FORUM_TYPE), threads=(thread(THREAD, FORUM),))
    home = bot.get_guild(GUILD)
    assert home is not None
    home._channels.pop(FORUM)
    assert not asked_of(places).may_carry(THREAD, THREAD)


async def test_direct_messages_are_for_the_one_they_are_with() -> None:
    bot, places = await at()
    data: Any = {"id": str(DM), "type": 1, "recipients": [user(MEMBER)]}
    me: Any = bot.user
    bot._connection._add_private_channel(discord.DMChannel(me=me, state=bot._connection, data=data))
    audience = asked_of(places)
    assert audience.may_carry(DM, DM)
    assert not audience.may_carry(DM, CHANNEL)
    assert not audience.may_carry(CHANNEL, DM)  # whether they are in that server, nobody knows
    assert audience.may_carry(DM, Person(MEMBER, GUILD, frozenset()))
    assert not audience.may_carry(DM, Person(OWNER, GUILD, frozenset()))


async def test_roles_are_those_of_the_server() -> None:
    robot = role(HELPER_ROLE, 8) | {"managed": True, "tags": {"bot_id": str(HELPER)}}
    _, places = await at(roles=[role(GUILD, READ), role(RED, 1), robot])
    roles = places.roles(GUILD)
    assert roles is not None
    assert (roles.id, roles.owner_id) == (GUILD, OWNER)
    assert roles.roles == {GUILD: Role(READ), RED: Role(1), HELPER_ROLE: Role(8, is_bot=True)}
    assert roles.bot_ids == {BOT, HELPER}


async def test_bots_that_are_let_in_read_for_nobody() -> None:
    secret = hidden(FORUM)
    secret["permission_overwrites"] += [allowed(BOT, 1), allowed(HELPER, 1), allowed(HELPER_ROLE, 0)]
    robot = role(HELPER_ROLE) | {"managed": True, "tags": {"bot_id": str(HELPER)}}
    _, places = await at(hidden(), secret, roles=[role(GUILD, READ), robot])
    assert asked_of(places).may_carry(HIDDEN, FORUM)


def test_nothing_may_be_carried_before_anything_is_known() -> None:
    assert not AudienceService().may_carry(CHANNEL, CHANNEL)


async def test_nothing_is_known_of_a_server_out_of_reach() -> None:
    bot, places = await at()
    audience = asked_of(places)
    assert audience.may_carry(CHANNEL, CHANNEL)
    feed(bot, "GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
    assert not audience.may_carry(CHANNEL, CHANNEL)


async def test_a_change_counts_with_the_next_question() -> None:
    bot, places = await at(channel(), channel(FORUM, FORUM_TYPE))
    audience = asked_of(places)
    assert audience.may_carry(FORUM, CHANNEL)
    feed(bot, "CHANNEL_UPDATE", hidden(FORUM) | {"type": FORUM_TYPE, "guild_id": str(GUILD)})
    assert not audience.may_carry(FORUM, CHANNEL)
    feed(bot, "GUILD_ROLE_CREATE", {"guild_id": str(GUILD), "role": role(RED, 8)})
    assert audience.may_carry(FORUM, HIDDEN) is False  # never heard of
    assert audience.may_carry(FORUM, Person(MEMBER, GUILD, frozenset({RED})))


async def test_a_thread_that_is_archived_is_told_by_its_channel() -> None:
    _, places = await at(channel(), hidden())
    audience = asked_of(places)
    assert not audience.may_carry(ARCHIVED, CHANNEL)
    assert audience.may_carry(KnownThread(ARCHIVED, CHANNEL, is_private=False), CHANNEL)
    assert not audience.may_carry(KnownThread(ARCHIVED, CHANNEL, is_private=True), CHANNEL)
    assert not audience.may_carry(KnownThread(ARCHIVED, HIDDEN, is_private=False), CHANNEL)
    assert not audience.may_carry(KnownThread(ARCHIVED, FORUM, is_private=False), CHANNEL)
    assert audience.may_carry(CHANNEL, KnownThread(ARCHIVED, HIDDEN, is_private=True))
    member = Person(MEMBER, GUILD, frozenset(), frozenset({ARCHIVED}))
    assert audience.may_carry(KnownThread(ARCHIVED, CHANNEL, is_private=True), member)


async def test_what_discord_tells_of_a_thread_goes_before_what_is_remembered() -> None:
    _, places = await at(channel(), threads=(thread(THREAD, CHANNEL, PRIVATE),))
    assert not asked_of(places).may_carry(KnownThread(THREAD, CHANNEL, is_private=False), CHANNEL)


async def test_many_sources_at_once() -> None:
    _, places = await at(channel(), hidden(), channel(VOICE, 2))
    audience = asked_of(places)
    assert audience.readable_sources(HIDDEN, [CHANNEL, HIDDEN, FORUM]) == {CHANNEL, HIDDEN}
    assert audience.readable_sources(CHANNEL, [CHANNEL, HIDDEN]) == {CHANNEL}
    assert audience.readable_sources(FORUM, [CHANNEL, HIDDEN]) == set()
    assert audience.readable_sources(Person(OWNER, GUILD, frozenset()), [CHANNEL, HIDDEN]) == {
        CHANNEL,
        HIDDEN,
    }


async def test_five_hundred_channels_and_roles_by_the_hundred_are_quick() -> None:
    many = [role(GUILD, READ), *(role(1000 + each) for each in range(249))]
    rules = [{"id": str(GUILD), "type": 0, "allow": "0", "deny": str(READ)}]
    rules += [allowed(1000 + each, 0) for each in range(20)] + [allowed(9000 + each, 1) for each in range(3)]
    channels = [channel(100_000 + each, permission_overwrites=rules) for each in range(500)]
    _, places = await at(*channels, roles=many)
    audience, ids = asked_of(places), range(100_000, 100_500)
    times = []
    for _ in range(3):
        start = perf_counter()
        assert len(audience.readable_sources(100_000, ids)) == 500
        times.append(perf_counter() - start)
    assert min(times) < 1.0, times  # ten times what it takes
