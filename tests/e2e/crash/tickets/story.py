"""What people do with tickets during a run: each says what it asks, and asks it once."""

import random
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from sandbox.errors import InteractionFailedError
from sandbox.handles import Answer, Member
from sandbox.vocabulary import Vocabulary
from tests.e2e.crash.tickets.seen import Seen

TAUGHT = 60  # questions that staff taught the bot
MOST_WAITING = 3  # tickets that are written to at the same time
MOST_OPENED = 7  # in a run
PANEL = "ticket:open"  # the button's id
POWERS = (
    "VIEW_CHANNEL", "SEND_MESSAGES", "SEND_MESSAGES_IN_THREADS", "EMBED_LINKS", "ATTACH_FILES",
    "READ_MESSAGE_HISTORY", "MANAGE_THREADS", "CREATE_PRIVATE_THREADS",
)  # fmt: skip
WORDS = (
    "anchor", "bellows", "candle", "drawer", "easel", "funnel", "gasket", "hammer", "inkwell", "jigsaw",
    "kettle", "ladder", "mirror", "needle", "oilcan", "pulley", "quiver", "rivet", "saddle", "trowel",
)  # fmt: skip


def question(topic: int) -> str:
    """Return a question that was taught."""
    tens, ones = divmod(topic, len(WORDS))
    return f"Where do I find the {WORDS[ones]} of cabinet {WORDS[-1 - tens]}?"


def answer(topic: int) -> str:
    """Return how the answer to a question that was taught begins."""
    return f"Answer {topic:03}."


@dataclass
class Wish:
    """A ticket that somebody wants, and what was said in it."""

    title: str
    member: Member
    topics: list[int]  # questions that were taught; one is asked once the one before is answered
    untaught: str = ""  # a question for staff, "" while none was asked
    opens_untaught: bool = False  # it is what the ticket was opened with
    is_promised: bool = False  # the bot has said that the ticket is open
    advice: str = ""  # what staff said at last
    is_closing: bool = False  # staff have begun to close it
    is_closed: bool = False  # the bot has said so


@dataclass
class TicketStory:
    """One server with tickets, and everything its people do in them."""

    discord: Vocabulary
    rng: random.Random
    app: dict[str, Any]
    guild: int
    owner: Member
    sam: Member  # of the staff
    role: int
    desk: int  # the forum of tickets, or the channel of private ones
    front: int  # where the panel is
    log: int
    staff: int | None  # the staff channel
    is_private: bool
    panel: int = 0
    wishes: list[Wish] = field(default_factory=list)
    _asked: int = 0

    @classmethod
    async def begin(
        cls, discord: Vocabulary, name: str, rng: random.Random, *, private: bool, staffed: bool
    ) -> Self:
        """Make a server of its own, with a bot of its own, in a sandbox that may hold others."""
        app = await discord.application(f"bot-{name}")
        guild = await discord.guild(name, bots=[])
        await discord.invite(app["id"], guild=guild, permissions=POWERS)
        role = await discord.role("support", guild=guild, permissions=["MANAGE_THREADS"])
        owner = await discord.member("owner", guild=guild)
        sam = await discord.member(f"sam-{name}", guild=guild, roles=[role])
        kind = "text" if private else "forum"
        desk = await discord.channel("tickets", guild=guild, type=kind)
        front, log = [await discord.channel(each, guild=guild) for each in ("front", "log")]
        staff = (await discord.channel("staff", guild=guild)).id if staffed else None
        return cls(
            discord, rng, app, guild.id, owner, sam, role.id, desk.id, front.id, log.id, staff, private
        )

    async def post_panel(self, api_url: str) -> None:
        """Have the panel there, as `/ticket_panel` posted it before."""
        button = {"type": 2, "style": 1, "label": "Open a ticket", "custom_id": PANEL}
        body = {"content": "Support", "components": [{"type": 1, "components": [button]}]}
        headers = {"Authorization": f"Bot {self.app['token']}"}
        async with aiohttp.ClientSession(headers=headers) as session:
            url = f"{api_url}/channels/{self.front}/messages"
            async with session.post(url, json=body) as response:
                self.panel = int((await response.json())["id"])

    async def round(self, seen: Seen) -> None:
        """Do what can be done now, a little of everything, with a bot that listens."""
        idle = [wish for wish in self.wishes if self._is_idle(wish, seen)]
        self.rng.shuffle(idle)
        for wish in idle[:2]:
            await self._go_on(wish, seen)
        waiting = [wish for wish in self.wishes if not wish.is_closing]
        if len(waiting) < MOST_WAITING and len(self.wishes) < MOST_OPENED:
            await self._open()

    async def whisper(self, seen: Seen) -> None:
        """Ask something in each ticket that waits for its member, with a bot that may be off."""
        for wish in self.wishes:
            if self._is_idle(wish, seen) and not wish.untaught and not wish.is_closing:
                await self._ask(wish, seen)

    def _is_idle(self, wish: Wish, seen: Seen) -> bool:
        """Whether all that was asked is answered."""
        thread = seen.thread_of(wish.title)
        if thread is None or wish.is_closing:
            return False
        said = seen.said[thread]
        if not all(any(text.startswith(answer(topic)) for text in said) for topic in wish.topics):
            return False
        return not wish.untaught or (
            any("asked the team" in text for text in said) and self._called(seen, thread)
        )

    def _called(self, seen: Seen, thread: int) -> bool:
        return self.staff is None or bool(seen.queued[thread])

    async def _go_on(self, wish: Wish, seen: Seen) -> None:
        """Ask again, ask staff, or close."""
        may_call = self.staff is not None or not any(each.untaught for each in self.wishes)
        roll = self.rng.random()
        if wish.untaught or (roll < 0.5 and len(wish.topics) > 1):
            await self._close(wish, seen)
        elif may_call and roll < 0.7:
            wish.untaught = self._untaught()
            await self._say(wish, seen, wish.untaught)
        else:
            await self._ask(wish, seen)

    async def _ask(self, wish: Wish, seen: Seen) -> None:
        wish.topics.append(self._topic())
        await self._say(wish, seen, question(wish.topics[-1]))

    async def _say(self, wish: Wish, seen: Seen, text: str) -> None:
        thread = seen.thread_of(wish.title)
        await wish.member.say(text, thread)

    async def _open(self) -> None:
        number = len(self.wishes)
        member = await self.discord.member(f"member{number}-{self.guild}", guild=self.guild)
        calls = self.staff is not None and self.rng.random() < 0.25
        text = self._untaught() if calls else question(self._topic())
        wish = Wish(f"About {WORDS[number]}", member, [] if calls else [self._asked - 1])
        if calls:
            wish.untaught, wish.opens_untaught = text, True
        form = await self._done(member.click(self.panel, PANEL))
        if form is None:
            return
        self.wishes.append(wish)
        given = {"Title": wish.title, "Description": text}
        told = await self._done(member.submit(form, given))
        if told is not None and told.message is not None and told.message.embeds:
            told = await self._done(member.click(told.message, "Open anyway"))
        wish.is_promised = told is not None and told.content.startswith("Ticket #")

    async def _close(self, wish: Wish, seen: Seen) -> None:
        """Have staff close a ticket, after a last word where it was theirs to answer."""
        thread = seen.thread_of(wish.title)
        assert thread is not None  # it was spoken in
        if wish.untaught and not wish.advice:
            wish.advice = f"Look behind the {self.rng.choice(WORDS)}, that is where it always was."
            await self.sam.say(wish.advice, thread)
        form = await self._done(self.sam.click(seen.cards[thread], "Close"))
        if form is None:
            return
        wish.is_closing = True
        told = await self._done(self.sam.submit(form, {"Reason": "done"}))
        wish.is_closed = told is not None and "is closed" in told.content

    @staticmethod
    async def _done(action: Any) -> Answer | None:
        """Return what the bot answered, None when it died."""
        try:
            answered: Answer = await action
        except (InteractionFailedError, TimeoutError):
            return None
        return answered

    def _topic(self) -> int:
        self._asked += 1
        return self._asked - 1

    def _untaught(self) -> str:
        self._asked += 1
        return f"Zorblax {self._asked} vexes quimby flumph, again and again."
