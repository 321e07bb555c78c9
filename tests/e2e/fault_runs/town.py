"""The sandbox's side of a run: does what the steps say."""

import asyncio
from typing import Any

from sandbox import Sandbox
from sandbox.handles import Channel, Guild
from sandbox.record import Entry
from tests.e2e.fault_runs.schedule import HIDDEN, HOME, IGNORED, PEOPLE, Pause, Step

DEADLINE = 15.0  # seconds for a client to come back
NEVER = 60.0  # seconds an event waits that a zombie must not get
ORDER_GAP = 0.01  # seconds between a write's answer and its event
RETRY_AFTER = 0.02
_POST = "POST /channels/{channel_id}/messages"
OWNER, ROBOT = "owner", "robot"
_HIDDEN_FROM_ALL: dict[Any, dict[str, list[str]]] = {
    "everyone": {"deny": ["VIEW_CHANNEL"]},
    "bot": {"allow": ["VIEW_CHANNEL"]},
}


class Town:
    """Guilds with people in them, to whom a schedule happens."""

    def __init__(self, discord: Sandbox) -> None:
        self.discord = discord
        self.watched: set[int] = set()  # what a bot must read
        self.once_watched: set[int] = set()  # what it read until the owner told it not to
        self.joined: dict[int, int] = {}  # by guild: the record's number when a client surely knew of it
        self._guilds: dict[str, Guild] = {}
        self._people: dict[str, int] = {}
        self._places: dict[str, Channel] = {}
        self._messages: dict[int, int] = {}

    async def build(self) -> None:
        """Make the guild that is there from the beginning."""
        discord, guild = self.discord, await self._found(HOME)
        self.joined[guild.id] = 0
        for name in ("help", "chat", "probe"):
            self._open(name, await discord.channel(name, guild=guild))
        self._open("ideas", await discord.channel("ideas", guild=guild, type="forum"))
        self._places[HIDDEN] = await discord.channel(HIDDEN, guild=guild, overwrites=_HIDDEN_FROM_ALL)
        self._places[IGNORED] = await discord.channel(IGNORED, guild=guild)
        await self._thread("talk", "bob", "chat", None)

    async def _found(self, name: str) -> Guild:
        guild = self._guilds[name] = await self.discord.guild(name)
        for person in (*PEOPLE, OWNER):
            self._people[person] = (await self.discord.member(person, guild=guild)).id
        self._people[ROBOT] = (await self.discord.member(ROBOT, guild=guild, bot=True)).id
        return guild

    def _open(self, name: str, place: Channel, parent: str | None = None) -> None:
        self._places[name] = place
        if parent is None or self._places[parent].id in self.watched:
            self.watched.add(place.id)

    async def ignore(self) -> None:
        """Tell the bot, as its owner would, that one channel is none of its business."""
        owner = await self.discord.member(OWNER, guild=self._guilds[HOME])
        options = {"channel": self._places[IGNORED]}
        await owner.slash("channels ignore", channel=self._places["help"], options=options)
        self.once_watched.add(self._places[IGNORED].id)

    async def take(self, step: Step) -> None:
        """Do what a step says, and wait for what it waits for."""
        await getattr(self, f"_{step.kind}")(**step.args)
        if step.pause is Pause.TURNS:
            for _ in range(step.turns):
                await asyncio.sleep(0)
        elif step.pause is Pause.CONNECTED:
            await self.discord.wait_connected(DEADLINE)
        elif step.pause is Pause.HEARD:
            await self.heard()

    async def heard(self) -> None:
        """Wait until the client has got every event so far: a heartbeat names the last one it has."""
        async with asyncio.timeout(DEADLINE):
            await self.discord.wait_connected(DEADLINE)
            mark = self.discord.record.last
            while not await self._beats():
                await self.discord.wait_connected(DEADLINE)
                mark = self.discord.record.last
        for guild in self._guilds.values():
            self.joined.setdefault(guild.id, mark)

    async def _beats(self) -> bool:
        """Ask the client for a heartbeat; return whether it came, and not the end of the connection."""
        live = self.discord.core.hub.live()
        if not live:  # cut off again meanwhile
            return False
        mark, wanted = self.discord.record.last, live[0].sequence
        await self.discord.call("ask_heartbeat")
        entry = await self.discord.wait_for(lambda e: _beat(e, wanted) or _closed(e), DEADLINE, mark)
        return bool(entry["kind"] == "gateway_in")

    async def calm_down(self) -> None:
        """End all faults, and wait until the client is there and up to date."""
        await self._calm()
        await self.heard()

    async def ask(self, who: str, text: str, place: str = "probe") -> int:
        """Let someone new ask something, unless told otherwise where nothing else is said; return its id."""
        person = await self.discord.member(who, guild=self._guilds[HOME])
        return (await person.say(text, self._places[place])).id

    # What members do.

    async def _say(self, number: int, who: str, place: str, text: str, reply_to: int | None = None) -> None:
        more = {} if reply_to is None else {"reply_to": self._messages[reply_to]}
        channel = self._places[place].id
        made = await self.discord.call("say", author=self._people[who], content=text, channel=channel, **more)
        self._messages[number] = int(made["id"])

    async def _burst(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            await self._say(**line)

    async def _ask(self, number: int, text: str) -> None:
        asked = self._messages[number] = await self.ask(f"guest{number}", text, "help")

        def is_answer(entry: Entry) -> bool:
            if entry["kind"] != "request" or entry["route"] != _POST:
                return False
            reference = (entry["body"] or {}).get("message_reference") or {}
            return reference.get("message_id") in (asked, str(asked))

        await self.discord.wait_for(is_answer, DEADLINE)

    async def _edit(self, number: int, texts: list[str]) -> None:
        for text in texts:
            await self.discord.call("edit", message=self._messages[number], content=text)

    async def _delete(self, number: int) -> None:
        await self.discord.call("delete", message=self._messages[number])

    async def _delete_many(self, place: str, numbers: list[int]) -> None:
        ids = [self._messages[number] for number in numbers]
        await self.discord.call("delete_many", channel=self._places[place].id, messages=ids)

    async def _outsider(self, sort: str, place: str, text: str) -> None:
        more = {"webhook": "CI"} if sort == "webhook" else {}
        channel = self._places[place].id
        await self.discord.call("say", author=self._people[ROBOT], content=text, channel=channel, **more)

    async def _thread(self, name: str, who: str, parent: str, number: int | None) -> None:
        message = None if number is None else self._messages[number]
        channel = self._places[parent].id
        made = await self.discord.call(
            "start_thread", user=self._people[who], name=name, message=message, channel=channel
        )
        self._open(name, Channel.of(self.discord, made), parent)

    async def _post(self, name: str, who: str, forum: str, number: int, text: str) -> None:
        place = self._places[forum].id
        made = await self.discord.call(
            "open_post", user=self._people[who], forum=place, title=name, content=text
        )
        self._open(name, Channel.of(self.discord, made["thread"]), forum)
        self._messages[number] = int(made["message"]["id"])

    async def _channel(self, name: str, guild: str) -> None:
        self._open(name, await self.discord.channel(name, guild=self._guilds[guild]))

    async def _remove(self, name: str) -> None:
        await self._places[name].delete()

    async def _guild(self, name: str, channel: str) -> None:
        guild = await self._found(name)
        self._open(channel, await self.discord.channel(channel, guild=guild))

    # Troubles.

    async def _cut(self, *, resumable: bool) -> None:
        await self.discord.kick(resumable=resumable)

    async def _close(self, code: int, *, resumable: bool) -> None:
        await self.discord.kick(code=code, resumable=resumable)

    async def _reconnect(self) -> None:
        await self.discord.reconnect()

    async def _invalidate(self, *, resumable: bool) -> None:
        await self.discord.invalidate(resumable=resumable)

    async def _forget(self) -> None:
        await self.discord.kick()
        await self.discord.call("forget_sessions")

    async def _zombie(self, lines: list[dict[str, Any]]) -> None:
        """Let a connected client hear nothing more, not even an answer to its heartbeats, until it leaves."""
        await self.discord.wait_connected(DEADLINE)
        faults, mark = self.discord.faults, self.discord.record.last
        faults.drop_sockets = 0.0  # or it would not be a zombie
        latency, faults.event_latency, faults.mute_acks = faults.event_latency, NEVER, True
        await self._burst(lines)
        await self.discord.wait_for(_closed, DEADLINE, mark)
        faults.event_latency, faults.mute_acks = latency, False

    async def _events(self, sort: str, chance: float) -> None:
        await self.discord.set_faults(**{sort: chance})

    async def _slow(self, sort: str, seconds: float) -> None:
        await self.discord.set_faults(**{sort: seconds})

    async def _limit(self, route: str, times: int, scope: str) -> None:
        faults = self.discord.faults
        faults.rate_limit(
            route, times=times, retry_after=RETRY_AFTER, scope=scope, is_global=scope == "global"
        )

    async def _fail(self, route: str, times: int, status: int, when: str) -> None:
        self.discord.faults.fail(route, times=times, status=status, when=when)

    async def _drop(self, route: str, times: int) -> None:
        self.discord.faults.drop(route, times=times)

    async def _chaos(self, chance: float) -> None:
        await self.discord.set_faults(chaos=chance)

    async def _own_events(self, order: str) -> None:
        await self.discord.set_faults(own_events=order, order_gap=ORDER_GAP)

    async def _calm(self) -> None:
        await self.discord.set_faults(clear=True)


def _beat(entry: Entry, wanted: int) -> bool:
    return entry["kind"] == "gateway_in" and entry["op"] == 1 and (entry["data"] or 0) >= wanted


def _closed(entry: Entry) -> bool:
    return bool(entry["kind"] == "connection" and entry["event"] == "closed")
