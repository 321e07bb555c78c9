"""What people do beside the main road: staff decide about replies, members call the bot, secrets slip out."""

import random
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from sandbox.errors import InteractionFailedError
from sandbox.handles import Member
from sandbox.vocabulary import Vocabulary

MOST = 20  # of each kind, in a run
AT_ONCE = 2  # cards decided about in a round
CHATS = 5  # a place has so many calls within minutes, and no more
EMOJI = "\N{SQUARED SOS}"
DECIDED = ("It is on its way", "Dismissed", "This is decided already")
SECRET = "ghp_" + "a1B2" * 9


class Fate(StrEnum):
    """What staff make of a suggestion."""

    POST = "post"
    EDIT = "edit"
    DISMISS = "dismiss"
    LEAVE = "leave"


@dataclass
class Question:
    """What somebody asked, and what staff make of the reply that the bot suggests."""

    id: int
    fate: Fate
    words: str  # staff's, where they edit it
    is_pressed: bool = False  # it may have been decided
    is_decided: bool = False  # the bot said so


@dataclass
class Call:
    """A message to which somebody called the bot."""

    id: int
    caller: Member


@dataclass
class Leaker:
    """Who posted secrets."""

    member: Member
    takes_messages: bool
    leaks: list[int] = field(default_factory=list)


@dataclass
class AsideStory:
    """One server, and everything its people do beside the main road."""

    discord: Vocabulary
    rng: random.Random
    app: dict[str, Any]
    guild: int
    owner: Member
    help: int
    chats: list[int]
    staff: int
    suggests: bool  # staff are asked before anything is answered
    questions: list[Question] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    leakers: list[Leaker] = field(default_factory=list)
    _people: int = 0

    @classmethod
    async def begin(cls, discord: Vocabulary, name: str, rng: random.Random, *, suggests: bool) -> Self:
        """Make a server of its own, with a bot of its own, in a sandbox that may hold others."""
        app = await discord.application(f"bot-{name}")
        guild = await discord.guild(name, bots=[app["id"]])
        owner = await discord.member("owner", guild=guild)
        help_ = await discord.channel("help", guild=guild)
        chats = [await discord.channel(f"chat{number}", guild=guild) for number in range(CHATS)]
        hidden = {"everyone": {"deny": ["VIEW_CHANNEL"]}, app["bot_id"]: {"allow": ["VIEW_CHANNEL"]}}
        staff = await discord.channel("staff", guild=guild, overwrites=hidden)
        places = [each.id for each in chats]
        return cls(discord, rng, app, guild.id, owner, help_.id, places, staff.id, suggests)

    async def round(self, cards: dict[int, int]) -> None:
        """Do a little of everything; `cards` are those of staff, by the message they are about."""
        open_ = [each for each in self.questions if not each.is_decided and each.id in cards]
        for each in [each for each in open_ if each.fate is not Fate.LEAVE][:AT_ONCE]:
            await self._decide(each, cards[each.id])
        await self.whisper()
        if len(self.calls) < MOST:
            place = self.chats[len(self.calls) % CHATS]
            said = await (await self._person()).say("had a lovely walk along the river today", place)
            self.calls.append(Call(said.id, await self._person()))
            await self._call(self.calls[-1])

    async def whisper(self) -> None:
        """Do what needs no bot: ask something, and let a secret out."""
        if self.suggests and len(self.questions) < MOST:
            await self._ask()
        if len(self.leakers) < MOST:
            await self._leak()

    async def call_again(self, known: set[int]) -> None:
        """Have members call anew where nobody took notice: Discord tells of a reaction only once."""
        for call in self.calls:
            if call.id not in known:
                await call.caller.react(call.id, EMOJI, add=False)
                await self._call(call)

    async def decide_all(self, cards: dict[int, int]) -> None:
        """Have staff press again wherever nothing came of it."""
        for each in self.questions:
            if each.is_pressed and not each.is_decided and each.id in cards:
                await self._decide(each, cards[each.id])

    async def _ask(self) -> None:
        number = len(self.questions)
        said = await (await self._person()).say(f"how do I install driver {number} on my machine?", self.help)
        fate = list(Fate)[number % len(Fate)]
        self.questions.append(Question(said.id, fate, f"Look at page {number} of the manual."))

    async def _leak(self) -> None:
        """Have somebody post a secret: mostly once, some twice, some who take no direct messages."""
        again = self.rng.random() < 0.3 and bool(self.leakers)
        if not again:
            leaker = Leaker(await self._person(), takes_messages=self.rng.random() < 0.8)
            self.leakers.append(leaker)
            await self.discord.call("set_user", user=leaker.member.id, takes_dms=leaker.takes_messages)
        leaker = self.leakers[-1]
        said = await leaker.member.say(f"my token is {SECRET}", self.chats[0])
        leaker.leaks.append(said.id)

    async def _call(self, call: Call) -> None:
        await call.caller.react(call.id, EMOJI)

    async def _decide(self, question: Question, card: int) -> None:
        """Press the buttons as anyone would; who fails presses again later, and may come second."""
        fate, owner = question.fate, self.owner
        question.is_pressed = True
        with suppress(InteractionFailedError, TimeoutError):  # it died
            answer = await owner.click(card, f"suggest:{fate}:{question.id}")
            if answer.modal is not None:
                given = {"Reply": question.words} if fate is Fate.EDIT else {}
                answer = await owner.submit(answer, given)
            words = answer.content or (await answer.followup()).content
            question.is_decided = words.startswith(DECIDED)

    async def _person(self) -> Member:
        self._people += 1
        return await self.discord.member(f"member{self._people}-{self.guild}", guild=self.guild)
