"""Nine callers: who may most, who may least, and who comes from elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.client import Bot
from sandbox import Sandbox, world
from sandbox.actions.mentions import numbered
from sandbox.handles import Channel, Member, Message
from sandbox.ids import SystemClock
from tests.e2e.facts import LOOK_EVERY, Json
from tests.e2e.harness import Home, Running, a_home
from tests.e2e.permissions.journal import Journal
from tests.e2e.permissions.levels import LEVELS
from tests.e2e.permissions.things import MAY, a_picture, some_faults, some_spam, some_things
from tests.e2e.test_tickets import Desk, set_up

CALM = 4  # looks in which nothing is written
UNDER_WAY = ("discord-ui-", "show ticket")  # names of tasks
STRANGERS = ("abroad", "chief")  # who call from another server


class LaterClock(SystemClock):
    """Discord's clock, which goes on between two commands: cooldowns are told from the ids it gives."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Return the current time, aware UTC."""
        return super().now() + self._ahead

    def after_cooldowns(self) -> None:
        """Go on until every cooldown is over."""
        self._ahead += timedelta(seconds=121)


@dataclass
class People:
    """The callers, each where they call from, and what there is to be called about.

    Attributes:
        desk: the server that everything is in.
        other: a server of somebody else's, whose owner is nobody here.
        places: by the callers' names, who it is and the channel they call in.
        facts: what stands for the names in braces.
        boards: by the callers' names, a message of the bot's that any button can be put under.
    """

    discord: Sandbox
    bot: Running
    desk: Desk
    other: Home
    places: dict[str, tuple[Member, Channel]]
    facts: dict[str, Any]
    boards: dict[str, Message]
    clock: LaterClock
    journal: Journal
    _quiet: int = -1  # where the journal ended when nothing was under way

    @property
    def client(self) -> Bot:
        """The bot's client."""
        client = self.bot.application._admin.owner.bot
        assert isinstance(client, Bot)
        return client

    @property
    def home(self) -> Home:
        """The server that everything is in."""
        return self.desk.home

    def place(self, caller: str) -> tuple[world.Channel, world.User]:
        """Return where a caller calls, and who they are."""
        member, channel = self.places[caller]
        known = self.discord.core.world
        return known.channels[channel.id], known.users[member.id]

    def message(self, found: Message) -> world.Message:
        """Return a message as Discord stores it."""
        return self.discord.core.world.channels[found.channel_id].messages[found.id]

    def board(self, caller: str, *parts: Json) -> world.Message:
        """Return the message of the bot's where a caller is, with nothing on it but some parts."""
        stored = self.message(self.boards[caller])
        stored.content, stored.embeds = "a board", []
        stored.components = numbered([{"type": 1, "components": list(parts)}] if parts else [])
        return stored

    def posted(self, began: int) -> bool:
        """Whether the bot has said something since, beside answers."""
        return any(
            each["kind"] == "message" and each.get("via") == "rest" and each["bot"]
            for each in self.discord.record.after(began)
        )

    @asynccontextmanager
    async def without_roles(self, caller: str) -> AsyncIterator[None]:
        """Take a caller's roles away for a while."""
        member = self.places[caller][0]
        stored = self.discord.core.world.member(self.home.guild.id, member.id)
        assert stored is not None
        held = list(stored.roles)
        try:
            await self.discord.call("set_member", member=member.id, guild=self.home.guild.id, roles=[])
            yield
        finally:
            await self.discord.call("set_member", member=member.id, guild=self.home.guild.id, roles=held)

    async def quiet(self) -> int:
        """Return where the journal ends, once what was done before has had its consequences."""
        mark, calm = self.journal.mark(), 0
        if mark == self._quiet:
            return mark
        while calm < CALM:
            await asyncio.sleep(LOOK_EVERY)
            last, mark = mark, self.journal.mark()
            calm = calm + 1 if mark == last else 0
        self._quiet = mark
        return mark

    async def settled(self) -> None:
        """Return once what was pressed has had all its consequences."""
        await self.bot.until("what was pressed to be done", lambda: not _under_way())

    def filled(self, value: Any) -> Any:
        """Return a value with what is in braces filled in."""
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return value.format_map(self.facts) if isinstance(value, str) else value


def _under_way() -> list[str]:
    names = [each.get_name() for each in asyncio.all_tasks()]
    return [each for each in names if each.startswith(UNDER_WAY)]


async def a_server(discord: Sandbox, name: str, owner: str) -> Home:
    """Make a server that belongs to somebody who doesn't run the bot."""
    home = await a_home(discord, name, owner=owner)
    return replace(home, owner=await discord.member(owner, guild=home.guild))


async def a_board(discord: Sandbox, member: Member, channel: Channel) -> Message:
    """Make a message that counts as the bot's."""
    said = await member.say("a board", channel)
    stored = discord.core.world.channels[channel.id].messages[said.id]
    stored.application_id, stored.author = discord.app.id, discord.core.world.users[discord.bot_user.id]
    return said


async def a_cast(discord: Sandbox, bot: Running, clock: LaterClock, journal: Journal) -> People:
    """Make both servers and everybody in them."""
    home = await a_server(discord, "Here", "boss")
    other = await a_server(discord, "Elsewhere", "chief")
    desk = await set_up(home, bot)
    for each in (home, other):
        powers = await discord.role("powers too", guild=each.guild, permissions=MAY)
        await discord.call("set_member", member=discord.bot_user.id, guild=each.guild.id, roles=[powers.id])
    managing = await discord.role("managing", guild=home.guild, permissions=["MANAGE_GUILD"])
    admins = await discord.role("admins", guild=home.guild)
    options = {"key": "server.admin_role", "value": f"<@&{admins.id}>"}
    await home.owner.slash("config set", channel=home.chat, options=options)
    # Who has every role in one server is nobody in the other for that.
    await discord.member("abroad", guild=home.guild, roles=[managing, admins, desk.role])
    direct = await home.person("direct")
    people = {
        "bot_owner": await discord.member("owner", guild=home.guild),
        "owner": home.owner,
        "manager": await home.person("manager", roles=[managing]),
        "admin": await home.person("admin", roles=[admins]),
        "staff": desk.sam,
        "member": await home.person("member"),
        "abroad": await discord.member("abroad", guild=other.guild),
        "chief": other.owner,
        "direct": direct,
    }
    places = {name: (member, home.chat) for name, member in people.items()}
    places |= {name: (people[name], other.chat) for name in STRANGERS}
    places["direct"] = (direct, await direct.dm())
    facts = await some_things(desk, other, people["member"]) | {"admins": admins.id}
    boards = {name: await a_board(discord, *place) for name, place in places.items()}
    found = People(discord, bot, desk, other, places, facts, boards, clock, journal)
    facts["fault"] = some_faults(found)
    return found


async def switch_on(people: People, plugins: Sequence[str]) -> None:
    """Switch plugins on: all here, and where strangers are those that come with the bot."""
    for each in plugins:
        await people.home.owner.slash("plugins enable", channel=people.home.chat, plugin=each)
        if each != LEVELS:
            await people.other.owner.slash("plugins enable", channel=people.other.chat, plugin=each)
    staff = Channel(people.facts["spare"], "", people.discord)
    people.facts["notice"] = await some_spam(people.home, people.bot, staff)
    people.facts |= await a_picture(people.home, people.bot, people.places["member"][0])
