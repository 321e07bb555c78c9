"""What people do on the server during a run: written by a seeded script that knows what each message asks."""

import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from sandbox.handles import Channel
from sandbox.vocabulary import Vocabulary

MEMBERS = 16


class Kind(StrEnum):
    """What the bot owes a message."""

    HELP = "help"  # one reply
    PROBLEM = "problem"  # one reply
    URGENT = "urgent"  # one alert to staff, one reply
    LOCKED = "locked"  # nothing: the bot may not post there
    CHATTER = "chatter"  # nothing


ANSWERED = (Kind.HELP, Kind.PROBLEM, Kind.URGENT)
TEXTS = {
    Kind.HELP: (
        "How do I rotate the signing key of project {}? Can anyone help me?",
        "I need help with webhook {}, how can I set the retry limit?",
    ),
    Kind.PROBLEM: (
        "I keep getting error 500 when I export report {}, what is wrong?",
        "My upload number {} fails with a timeout error since this morning, does anyone know why?",
    ),
    Kind.URGENT: (
        "URGENT: production is down, the API returns error 500 for customer {}, please help asap!",
    ),
    Kind.LOCKED: ("I need help with invoice {}, how can I change the address?",),
    Kind.CHATTER: (
        "Had a lovely walk along the river today, {} ducks.",
        "Good morning everybody, coffee number {} is ready.",
    ),
}


@dataclass
class Said:
    """One message, as its writer meant it."""

    id: int
    kind: Kind
    place: int


@dataclass
class Story:
    """One server and everything said on it."""

    discord: Vocabulary
    rng: random.Random
    app: dict[str, Any]
    guild: int
    places: list[int]  # where the bot watches and may post; the last one is a thread
    locked: int  # where it watches and may not post
    staff: int
    said: dict[int, Said] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # deleted by their writers
    unread: set[int] = field(default_factory=set)  # said before the bot came
    has_staff: bool = True
    # Actions, by kind and message, that may no longer be carried out after an entry of the record.
    too_old: dict[tuple[str, int], int] = field(default_factory=dict)
    _count: int = 0
    _strangers: int = 0

    @classmethod
    async def begin(cls, discord: Vocabulary, name: str, rng: random.Random) -> Self:
        """Make a server of its own, with a bot of its own, in a sandbox that may hold others."""
        app = await discord.application(f"bot-{name}")
        guild = await discord.guild(name, bots=[app["id"]])
        bot = app["bot_id"]
        for number in range(MEMBERS):
            await discord.member(f"member{number}", guild=guild)

        async def channel(title: str, overwrites: dict[Any, Any] | None = None) -> Channel:
            return await discord.channel(title, guild=guild, overwrites=overwrites)

        places = [await channel("help"), await channel("api"), await channel("general")]
        locked = await channel("locked", {bot: {"deny": ["SEND_MESSAGES"]}})
        view = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY"]
        staff = await channel("staff", {"everyone": {"deny": ["VIEW_CHANNEL"]}, bot: {"allow": view}})
        member = await discord.member("member0", guild=guild)
        places.append(await member.start_thread(None, "release talk", channel=places[0]))
        return cls(
            discord, rng, app, guild.id, [place.id for place in places], locked=locked.id, staff=staff.id
        )

    @property
    def watched(self) -> list[int]:
        """Every place whose messages must be stored."""
        return [*self.places, self.locked]

    async def round(self, *, meddle: bool = True) -> None:
        """Say something of every kind, something in every place, and edit and delete what was said before."""
        rng = self.rng
        before = [said for id_, said in self.said.items() if id_ not in self.gone]
        kinds = [Kind.HELP, Kind.PROBLEM, Kind.URGENT, *rng.choices(list(ANSWERED), k=rng.randrange(3))]
        kinds += [Kind.CHATTER] * rng.randint(1, 3)
        rng.shuffle(kinds)
        spots = [*rng.sample(self.places, len(self.places)), *rng.choices(self.places, k=len(kinds))]
        await self._say([*zip(kinds, spots, strict=False), (Kind.LOCKED, self.locked)])
        if meddle and before:
            for said in rng.sample(before, min(2, len(before))):
                text = rng.choice(TEXTS[said.kind]).format(self._number())
                await self.discord.call("edit", message=said.id, content=text)
            doomed = rng.choice(before)
            self.gone.add(doomed.id)
            await self.discord.call("delete", message=doomed.id)

    def come(self) -> None:
        """Begin to expect something of the bot, which has just been added and knows of no staff channel."""
        self.unread, self.said, self.has_staff = set(self.said), {}, False

    async def crowd(self, number: int) -> None:
        """Chat so much that an answer is hard to find again."""
        await self._say([(Kind.CHATTER, place) for place in self.places for _ in range(number)])

    async def _say(self, lines: list[tuple[Kind, int]]) -> None:
        # A member for each line, so that no message looks like a follow-up of another one.
        # Staff are alerted once per member and hour: what is urgent comes from someone new each time.
        members = self.rng.sample(range(MEMBERS), MEMBERS)
        messages = [
            {
                "author": await self._stranger()
                if kind is Kind.URGENT
                else f"member{members[index % MEMBERS]}",
                "content": self.rng.choice(TEXTS[kind]).format(self._number()),
                "channel": place,
                "guild": self.guild,
            }
            for index, (kind, place) in enumerate(lines)
        ]
        ids = await self.discord.say_many(messages)
        for id_, (kind, place) in zip(ids, lines, strict=True):
            self.said[id_] = Said(id_, kind, place)

    async def _stranger(self) -> str:
        self._strangers += 1
        name = f"stranger{self._strangers}"
        await self.discord.member(name, guild=self.guild)
        return name

    def _number(self) -> int:
        self._count += 1
        return self._count
