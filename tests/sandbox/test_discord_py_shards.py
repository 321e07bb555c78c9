"""discord.py's own, unmodified auto-sharded client: each guild's events, once and on the right shard."""

import asyncio
from collections import Counter

import discord
import pytest

from sandbox import Sandbox
from tests.sandbox.conftest import Hands, Login, guilds_on


class Sharded(discord.AutoShardedClient):
    """Counts what it hears, by guild and shard."""

    def __init__(self, shards: int | None) -> None:
        super().__init__(intents=discord.Intents.all(), shard_count=shards, guild_ready_timeout=0.05)
        self.heard: Counter[tuple[int, int, str]] = Counter()
        self.resumed: asyncio.Queue[int] = asyncio.Queue()
        self.guilds_joined: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once: every shard has a bucket of its own."""

    async def on_message(self, message: discord.Message) -> None:
        guild = message.guild
        self.heard[guild.id if guild else 0, guild.shard_id if guild else 0, message.content] += 1

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.guilds_joined.put_nowait((guild.id, guild.shard_id))

    async def on_shard_resumed(self, shard_id: int) -> None:
        self.resumed.put_nowait(shard_id)


@pytest.mark.parametrize(("shards", "asked"), [(2, True), (3, True), (3, False)])
async def test_each_guild_is_heard_once_and_on_its_shard(
    room: Sandbox, hands: Hands, login: Login, shards: int, asked: bool
) -> None:
    await room.call("settings", shards=shards, identify_interval=5.0, max_concurrency=shards)
    guilds = await guilds_on(room, hands, shards)
    client = Sharded(None if asked else shards)
    await login(client)
    assert client.shard_count == shards
    assert set(client.shards) == set(range(shards))
    assert {guild.id: guild.shard_id for guild in client.guilds} == {g: (g >> 22) % shards for g in guilds}
    for guild_id, channel in guilds.items():
        owner = await room.member("owner", guild=guild_id)
        await owner.say(f"in {guild_id}", channel)
    direct = asyncio.create_task(client.wait_for("message", check=lambda m: m.guild is None, timeout=15))
    await asyncio.sleep(0)
    owner = await room.member("owner")
    await owner.say("in private", await owner.dm())
    await direct
    for channel in guilds.values():  # an own message on every shard: everything before has arrived
        place = client.get_channel(channel)
        assert isinstance(place, discord.TextChannel)
        sent = await place.send("last")
        if not any(message.id == sent.id for message in client.cached_messages):
            await client.wait_for("message", check=lambda m, own=sent.id: m.id == own, timeout=15)
    expected = Counter({(g, (g >> 22) % shards, f"in {g}"): 1 for g in guilds})
    expected.update({(g, (g >> 22) % shards, "last"): 1 for g in guilds})
    expected[0, 0, "in private"] = 1
    assert client.heard == expected


async def test_shards_resume_on_their_own_and_miss_nothing(room: Sandbox, hands: Hands, login: Login) -> None:
    guilds = await guilds_on(room, hands, 2)
    client = Sharded(2)
    await login(client)
    await room.kick()
    for guild_id, channel in guilds.items():
        await (await room.member("owner", guild=guild_id)).say("missed", channel)
    async with asyncio.timeout(5):
        assert {await client.resumed.get(), await client.resumed.get()} == {0, 1}
    for guild_id in guilds:
        assert client.heard[guild_id, (guild_id >> 22) % 2, "missed"] == 1


async def test_new_guild_comes_to_its_shard(room: Sandbox, hands: Hands, login: Login) -> None:
    client = Sharded(3)
    await login(client)
    for _ in range(3):
        hands.ahead += 1.001
        guild = await room.guild("New")
        async with asyncio.timeout(5):
            assert await client.guilds_joined.get() == (guild.id, (guild.id >> 22) % 3)


async def test_session_start_limits_are_told(room: Sandbox, hands: Hands, login: Login) -> None:
    await room.call("settings", session_starts=10, max_concurrency=4)
    client = Sharded(2)
    await login(client)
    limits = await client.fetch_session_start_limits()
    assert (limits.total, limits.remaining, limits.max_concurrency) == (10, 8, 4)
    assert limits.reset_after == 86_400_000
