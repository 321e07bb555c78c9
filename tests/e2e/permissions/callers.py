"""Eight callers: who may most, who may least, and who comes from elsewhere."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.client import Bot
from sandbox import Sandbox
from sandbox.handles import Channel, Member, Message
from sandbox.ids import SystemClock
from tests.e2e.harness import Home, Running, a_home
from tests.e2e.test_tickets import Desk, set_up

UNDER_WAY = ("discord-ui-", "show ticket")  # names of tasks
HELP = "how do I install the driver on my machine?"


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

    async def settled(self) -> None:
        """Return once what was pressed has had all its consequences."""
        await self.bot.until("what was pressed to be done", lambda: not _under_way())

    def filled(self, value: Any) -> Any:
        """Return a value with what is in braces filled in."""
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


async def some_things(desk: Desk, other: Home, member: Member) -> dict[str, Any]:
    """Make what can be called about: two of each, of which the second one is the member's."""
    home, discord, bot = desk.home, desk.home.discord, desk.bot
    for each in (home.guild, other.guild):
        await discord.channel("spare", guild=each)
        await discord.role("spare", guild=each)
    facts: dict[str, Any] = {"alice": home.alice.id, "member": member.id, "guild": home.guild.id}
    for who, prefix in ((home.alice, ""), (member, "own_")):
        await desk.opened(who)
        message = await who.say(HELP, home.chat)
        reply = await discord.wait_for_reply(to=message)
        [*_, (ticket,)] = bot.rows("select id from tickets where guild_id = ? order by id", home.guild.id)
        [(question,)] = bot.rows("select id from questions where ticket_id = ?", ticket)
        found = {"message": message.id, "reply": reply, "ticket": ticket, "question": question}
        facts |= {f"{prefix}{name}": each for name, each in found.items()}
    await home.owner.slash("config staff", channel=home.chat, options={"channel": "spare"})
    await home.owner.slash("config autoreply", channel=home.chat, options={"mode": "suggest"})
    suggested = await home.bob.say(HELP, home.help)
    story = await bot.story(suggested)
    assert story["orchestrator"]["status"] == "suggested", story["orchestrator"]
    await home.owner.slash("summary now", channel=home.chat, options={"public": True})
    made = "select id from summaries where guild_id = ?"
    [(summary,)] = await bot.until("the summary", lambda: bot.rows(made, home.guild.id))
    return facts | {"suggested": suggested.id, "summary": summary}


async def a_cast(discord: Sandbox, bot: Running, clock: LaterClock) -> People:
    """Make both servers and everybody in them."""
    home = await a_server(discord, "Here", "boss")
    other = await a_server(discord, "Elsewhere", "chief")
    desk = await set_up(home, bot)
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
        "direct": direct,
    }
    places = {name: (member, home.chat) for name, member in people.items()}
    places["abroad"] = (people["abroad"], other.chat)
    places["direct"] = (direct, await direct.dm())
    facts = await some_things(desk, other, people["member"]) | {"admins": admins.id}
    boards = {name: await a_board(discord, *place) for name, place in places.items()}
    return People(discord, bot, desk, other, places, facts, boards, clock)
