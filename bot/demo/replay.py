"""Replays a real log into one channel, at its own pace or faster, and counts what the bot makes of it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from bot.demo.links import Json
from bot.demo.screen import Screen
from bot.demo.script import Conversation, Person, Place
from bot.demo.stage import Stage
from bot.demo.transcript import Spoken, Transcript

CHANNEL = "replay"
LONGEST_PAUSE = 5.0  # seconds between two messages, however long people were silent
DECISION_SECONDS = 15.0
AHEAD = 32  # messages posted before the first of them has been shown


@dataclass(slots=True)
class Totals:
    """What came of a replay."""

    posted: int = 0
    stored: int = 0
    flagged: Counter[str] = field(default_factory=Counter)  # by intent
    quiet: Counter[str] = field(default_factory=Counter)  # flagged and not answered, by reason
    replies: int = 0  # by the sandbox's record


def conversation_for(transcript: Transcript) -> Conversation:
    """Return an empty guild with the channel to replay into."""
    return Conversation(transcript.name[:100] or "Replay", Person("owner", "Owner"), (), (Place(CHANNEL),))


class Replay:
    """Posts the messages in order and shows the decisions in the same order."""

    def __init__(self, stage: Stage, screen: Screen, transcript: Transcript, speed: float) -> None:
        """Take the speed as a multiple of the log's; 0 for no pauses."""
        self._stage = stage
        self._screen = screen
        self._messages = transcript.messages
        self._speed = speed
        self._authors: dict[str, int] = {}
        self._posted: asyncio.Queue[tuple[Spoken, int] | None] = asyncio.Queue(AHEAD)
        self.totals = Totals()

    async def run(self) -> Totals:
        """Replay it all and return the totals."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._post())
            group.create_task(self._show())
        entries = await self._stage.control.record()
        self.totals.replies = sum(
            entry["kind"] == "message" and entry["author_id"] == self._stage.bot_id for entry in entries
        )
        return self.totals

    async def _post(self) -> None:
        before: Spoken | None = None
        for message in self._messages:
            if before is not None and self._speed > 0:
                silence = (message.at - before.at).total_seconds() / self._speed
                await asyncio.sleep(min(LONGEST_PAUSE, max(0.0, silence)))
            before = message
            author = await self._author(message.author)
            sent = await self._stage.act(
                "say", author=author, channel=self._stage.places[CHANNEL], content=message.text
            )
            self.totals.posted += 1
            await self._posted.put((message, int(sent["id"])))
        await self._posted.put(None)

    async def _author(self, name: str) -> int:
        if name not in self._authors:
            # An account name of its own: the log may have a "bot", an "owner" or a number among its authors.
            account = f"member-{len(self._authors) + 1}"
            made = await self._stage.control.call("member", name=account, display=name[:32])
            self._authors[name] = made["id"]
            self._stage.names.people[made["id"]] = name
        return self._authors[name]

    async def _show(self) -> None:
        while (item := await self._posted.get()) is not None:
            message, message_id = item
            async with self._screen.turn:
                self._screen.message(message.author, f"#{CHANNEL}", message.text, at=message.at)
                story = await self._stage.admin.settled(message_id, DECISION_SECONDS)
                self._screen.decision(story)
                if story is not None:
                    self._count(story)
                    for action in story["actions"]:
                        if action["message_id"]:
                            self._screen.reply(f"#{CHANNEL}", action["content"])

    def _count(self, story: Json) -> None:
        self.totals.stored += 1
        intent = story["observer"]["intent"]
        if intent != "other":
            self.totals.flagged[intent] += 1
            if story["orchestrator"]["status"] == "skipped":
                self.totals.quiet[story["orchestrator"]["reason"]] += 1
