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
                    async with self._screen.turn:
                        said.append(await self._say(step))
                case Edit():
                    await self._pause(pause_for(""), began)
                    async with self._screen.turn:
                        await self._edit(step)
                case Deletion():
                    await self._pause(pause_for(""), began)
                    async with self._screen.turn:
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
            sent = await stage.act(
                "say", author=line.author, channel=stage.places[place], content=text, **replied
            )
            message_id = int(sent["id"])
        to = stage.conversation.display(self._keys[line.reply_to].line.author) if line.reply_to else ""
        self._screen.message(
            stage.conversation.display(line.author),
            await stage.names.place(stage.places[place]),
            line.text,
            replying_to=to,
        )
        unseen = line.expected.outcome is Outcome.UNSEEN
        story = await stage.admin.settled(message_id, UNSEEN_SECONDS if unseen else stage.decision_seconds)
        self._screen.decision(story, line.about if story is None else "")
        if story is not None and story["message"]["content"] != text:
            self._screen.note(f"stored as: {story['message']['content']}")
        if await show_actions(stage, self._screen, story) and self.first_reply_after is None:
            self.first_reply_after = stage.seconds()
        played = Played(line, message_id, stage.places[place], story)
        if line.key:
            self._keys[line.key] = played
        return played

    def _mention(self, match: re.Match[str]) -> str:
        known = self._stage.people.get(match[1])
        return f"<@{known}>" if known else match[0]

    async def _edit(self, step: Edit) -> None:
        played = self._keys[step.key]
        await self._stage.act("edit", message=played.message_id, content=step.text)
        self._screen.event(self._stage.conversation.display(played.line.author), "edits that to", step.text)
        story = await self._changed(played.message_id, lambda told: told["message"]["content"] == step.text)
        self._screen.note("stored: the new text" if story else "the stored text did not change")

    async def _delete(self, step: Deletion) -> None:
        played = self._keys[step.key]
        author = played.line.author
        await self._stage.act("delete", message=played.message_id, by=author)
        self._screen.event(self._stage.conversation.display(author), "deletes that", "")
        story = await self._changed(played.message_id, lambda told: bool(told["deleted"]))
        self._screen.note("stored: nothing any more" if story else "the stored text is still there")

    async def _changed(self, message_id: int, wanted: Callable[[Json], bool]) -> Json | None:
        try:
            async with asyncio.timeout(self._stage.decision_seconds):
                while True:
                    story = await self._stage.admin.story(message_id)
                    if story is not None and wanted(story):
                        return story
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            return None


async def show_actions(stage: Stage, screen: Screen, story: Json | None) -> bool:
    """Show what the bot posted about a message; False when it was nothing."""
    posted = [
        int(action["message_id"]) for action in (story or {"actions": ()})["actions"] if action["message_id"]
    ]
    for message_id in posted:
        sent = await stage.control.call("message", message=message_id)
        place = await stage.names.place(int(sent["channel_id"]))
        screen.reply(place, await stage.names.readable(sent["content"]))
    return bool(posted)


async def set_staff_channel(stage: Stage, screen: Screen) -> str:
    """Have the owner set the staff channel with the real command, and return the bot's answer.

    Raises:
        DemoError: the bot did not answer.
    """
    conversation = stage.conversation
    channel = conversation.staff_channel
    options = {"channel": stage.places[channel]}
    answer: str = (await stage.slash(conversation.owner.name, "config staff", channel, options))["content"]
    screen.message(conversation.owner.display, f"#{channel}", f"/config staff channel: #{channel}")
    screen.reply(f"#{channel}", re.sub(r"<#\d+>", f"#{channel}", answer), only_for=conversation.owner.display)
    if not answer:
        raise DemoError("the bot answered /config staff with nothing", stage.folder / "bot.log")
    return answer
