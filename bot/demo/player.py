"""Plays a written conversation: people write, the bot decides, both are shown."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.errors import DemoError
from bot.demo.links import Json
from bot.demo.screen import Screen
from bot.demo.script import Deletion, Edit, Line, Outcome, Step, pause_for
from bot.demo.stage import Stage

DECISION_SECONDS = 10.0
UNSEEN_SECONDS = 0.3  # to look whether the bot takes what it should not
LOOK_SECONDS = 0.03
_MENTION = re.compile(r"@(\w+)")


@dataclass(slots=True)
class Played:
    """A line that was said, and what the bot made of it."""

    line: Line
    message_id: int
    place_id: int
    story: Json | None  # when the bot had decided; None when it has nothing of it


class Player:
    """Plays steps one after the other."""

    def __init__(self, stage: Stage, screen: Screen, speed: float) -> None:
        """Take the speed as a multiple of a person's; 0 for no pauses."""
        self._stage = stage
        self._screen = screen
        self._speed = speed
        self._keys: dict[str, Played] = {}
        self.first_reply_after: float | None = None  # seconds since the demo was started

    async def play(self, steps: tuple[Step, ...]) -> list[Played]:
        """Play them all and return what was said, in order."""
        said: list[Played] = []
        for step in steps:
            began = time.monotonic()
            match step:
                case Line():
                    await self._pause(step.pause, began)
                    said.append(await self._say(step))
                case Edit():
                    await self._pause(pause_for(""), began)
                    await self._edit(step)
                case Deletion():
                    await self._pause(pause_for(""), began)
                    await self._delete(step)
        return said

    def message_id(self, key: str) -> int:
        """Return the id of the message with that key."""
        return self._keys[key].message_id

    async def _pause(self, seconds: float, since: float) -> None:
        if self._speed > 0:
            await asyncio.sleep(max(0.0, seconds / self._speed - (time.monotonic() - since)))

    async def _say(self, line: Line) -> Played:
        stage = self._stage
        text = _MENTION.sub(self._mention, line.text)
        place = line.title or line.place
        if line.title:
            message_id = await stage.open_post(line.author, line.place, line.title, text)
        else:
            replied = {"reply_to": self._keys[line.reply_to].message_id} if line.reply_to else {}
            sent = await stage.control.call(
                "say", author=line.author, channel=stage.places[place], content=text, **replied
            )
            message_id = int(sent["id"])
        to = stage.conversation.display(self._keys[line.reply_to].line.author) if line.reply_to else ""
        self._screen.message(
            stage.conversation.display(line.author), self._path(place), line.text, replying_to=to
        )
        unseen = line.expected.outcome is Outcome.UNSEEN
        story = await stage.admin.settled(message_id, UNSEEN_SECONDS if unseen else DECISION_SECONDS)
        self._screen.decision(story, line.about if story is None else "")
        if story is not None and story["message"]["content"] != text:
            self._screen.note(f"stored as: {story['message']['content']}")
        await self._show_actions(story)
        played = Played(line, message_id, stage.places[place], story)
        if line.key:
            self._keys[line.key] = played
        return played

    def _path(self, place: str) -> str:
        """Return a channel's name, for a thread after its channel's."""
        parents = {name: channel for _, channel, name in self._stage.conversation.threads}
        parents |= {line.title: line.place for line in self._stage.conversation.lines if line.title}
        return f"#{parents[place]} / {place}" if place in parents else f"#{place}"

    def _mention(self, match: re.Match[str]) -> str:
        known = self._stage.people.get(match[1])
        return f"<@{known}>" if known else match[0]

    async def _show_actions(self, story: Json | None) -> None:
        for action in story["actions"] if story else ():
            if action["message_id"] is None:
                continue
            if self.first_reply_after is None:
                self.first_reply_after = self._stage.seconds()
            sent = await self._stage.control.call("message", message=int(action["message_id"]))
            self._screen.reply(
                self._path(self._name_of(int(sent["channel_id"]))), self._readable(sent["content"])
            )

    def _name_of(self, place_id: int) -> str:
        names = {number: name for name, number in self._stage.places.items()}
        return names.get(place_id, str(place_id))

    def _readable(self, text: str) -> str:
        """Return a message's text with channel mentions by name, as a Discord client shows them."""
        return re.sub(r"<#(\d+)>", lambda match: "#" + self._name_of(int(match[1])), text)

    async def _edit(self, step: Edit) -> None:
        played = self._keys[step.key]
        await self._stage.control.call("edit", message=played.message_id, content=step.text)
        self._screen.event(self._stage.conversation.display(played.line.author), "edits that to", step.text)
        story = await self._changed(played.message_id, lambda told: told["message"]["content"] == step.text)
        self._screen.note("stored: the new text" if story else "the stored text did not change")

    async def _delete(self, step: Deletion) -> None:
        played = self._keys[step.key]
        author = played.line.author
        await self._stage.control.call("delete", message=played.message_id, by=author)
        self._screen.event(self._stage.conversation.display(author), "deletes that", "")
        story = await self._changed(played.message_id, lambda told: bool(told["deleted"]))
        self._screen.note("stored: nothing any more" if story else "the stored text is still there")

    async def _changed(self, message_id: int, wanted: Callable[[Json], bool]) -> Json | None:
        try:
            async with asyncio.timeout(DECISION_SECONDS):
                while True:
                    story = await self._stage.admin.story(message_id)
                    if story is not None and wanted(story):
                        return story
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return None


async def set_staff_channel(stage: Stage, screen: Screen) -> str:
    """Have the owner set the staff channel with the real command, and return the bot's answer.

    Raises:
        DemoError: the bot did not answer.
    """
    conversation = stage.conversation
    channel = conversation.staff_channel
    answer = await stage.slash(
        conversation.owner.name, "config staff", channel, {"channel": stage.places[channel]}
    )
    screen.message(conversation.owner.display, f"#{channel}", f"/config staff channel: #{channel}")
    screen.reply(f"#{channel}", re.sub(r"<#\d+>", f"#{channel}", answer), only_for=conversation.owner.display)
    if not answer:
        raise DemoError("the bot answered /config staff with nothing", stage.folder / "bot.log")
    return answer
