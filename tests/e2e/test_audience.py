"""The audience rule on generated servers, compared with what their members really read."""

import random
from collections import Counter
from itertools import combinations, permutations
from typing import Any

import discord

from bot.core.places import DiscordPlaces, person
from bot.services.audience import AudienceService
from sandbox import Sandbox
from sandbox.handles import Channel, Guild, Member, Role
from tests.sandbox.clients import Recorder
from tests.sandbox.conftest import logged_in

GUILDS, PLACES = 4, 8  # 224 ways from one place to another
ROLES = 3
BITS = ("view_channel", "read_message_history", "manage_threads")


class Town:
    """A server with a member for every combination of its roles, and places with random overwrites."""

    def __init__(self, room: Sandbox, number: int) -> None:
        self._room = room
        self._random = random.Random(number)  # noqa: S311 - to make up servers
        self._number = number
        self.members: list[Member] = []
        self.places: list[Channel] = []
        self.inside: dict[int, int] = {}  # private threads, and who has joined them
        self.uncertain: set[int] = set()  # places whose answer takes in people who are not there
        self.guild_id = 0

    async def build(self) -> None:
        guild = await self._room.guild(f"Town {self._number}", bot_permissions=["administrator"])
        self.guild_id = guild.id
        roles = [
            await self._room.role(f"role {each}", guild=guild, permissions=self._some(0.2))
            for each in range(ROLES)
        ]
        for size in range(ROLES + 1):
            for held in combinations(roles, size):
                name = f"member {len(self.members)}"
                self.members.append(await self._room.member(name, guild=guild, roles=held))
        for each in range(PLACES):
            await self._add_place(guild, roles, each)

    async def _add_place(self, guild: Guild, roles: list[Role], number: int) -> None:
        kind = ("text", "news", "forum", "thread", "private", "text", "text", "text")[number]
        by_member = number == PLACES - 1
        channel = await self._room.channel(
            f"place {number}",
            guild=guild,
            type=kind if kind in ("news", "forum") else "text",
            overwrites=self._overwrites(roles, by_member=by_member),
        )
        owner = await self._room.member("owner", guild=guild)
        place = channel
        if kind == "forum":
            place, _ = await owner.open_post(channel, "post", "text")
        elif kind in ("thread", "private"):
            place = await owner.start_thread(None, "talk", channel=channel, private=kind == "private")
        if kind == "private":
            joins = self._random.choice(self.members)
            await joins.join_thread(place)
            self.inside[place.id] = joins.id
        await owner.say("something", place)
        if by_member or kind == "private":
            self.uncertain.add(place.id)
        self.places.append(place)

    def _overwrites(self, roles: list[Role], *, by_member: bool) -> dict[Any, dict[str, list[str]]]:
        targets: list[Any] = [*self._random.sample(roles, self._random.randint(0, 2))]
        if self._random.random() < 0.7:
            targets.append("everyone")
        if by_member:
            targets.append(self._random.choice(self.members).id)
        rules = {}
        for target in targets:
            allow = self._some(0.5)
            rules[target] = {"allow": allow, "deny": [each for each in self._some(0.5) if each not in allow]}
        return rules

    def _some(self, share: float) -> list[str]:
        return [each for each in BITS if self._random.random() < share]


def views(place: Any, member: discord.Member, inside: dict[int, int]) -> bool:
    """Whether a member sees what is posted there, told from discord.py's own permissions."""
    has = place.permissions_for(member)
    hidden = inside.get(place.id, member.id) != member.id
    return bool(has.view_channel and (has.manage_threads or not hidden))


async def test_it_is_what_the_members_of_a_server_really_read() -> None:
    async with Sandbox(seed=1) as room:
        towns = [Town(room, number) for number in range(GUILDS)]
        for town in towns:
            await town.build()
        client = Recorder()
        async with logged_in(room, client, room.token):
            audience = AudienceService()
            audience.read_from(DiscordPlaces(client))
            said: Counter[tuple[bool, bool]] = Counter()
            for town in towns:
                said += await compared(town, client, audience)
    assert sum(said.values()) == GUILDS * PLACES * (PLACES - 1)
    assert said[True, True] >= 40
    assert said[False, True] >= 40


async def compared(
    town: Town, client: discord.Client, audience: AudienceService
) -> Counter[tuple[bool, bool]]:
    """Compare a server; return how often it said yes or no, and whether the members tell that exactly."""
    guild = client.get_guild(town.guild_id)
    assert guild is not None
    read = {each.id: {who.id for who in town.members if await who.sees(each)} for each in town.places}
    known = {who.id: guild.get_member(who.id) for who in town.members}
    seen: dict[int, set[int]] = {}
    for each in town.places:
        place = guild.get_channel_or_thread(each.id)
        seen[each.id] = {id_ for id_, member in known.items() if member and views(place, member, town.inside)}
    said: Counter[tuple[bool, bool]] = Counter()
    for to, of in permutations(seen, 2):
        says, holds = audience.may_carry(of, to), seen[to] <= read[of]
        exact = not {to, of} & town.uncertain
        assert says is holds if exact else holds or not says, (town.guild_id, to, of)
        said[says, exact] += 1
    for member in known.values():
        assert member is not None
        joined = frozenset(thread for thread, joins in town.inside.items() if joins == member.id)
        may = {place for place, readers in read.items() if member.id in readers}
        assert audience.readable_sources(person(member, joined), read) == may
    return said
