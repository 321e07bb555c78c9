"""Follows what is said, whoever says it, and puts beside each message what the bot made of it.

The notes are for the chat page. What people write there, no script has: the terminal shows it too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.demo.errors import DemoError
from bot.demo.links import Json
from bot.demo.player import show_actions
from bot.demo.screen import Screen
from bot.demo.stage import Stage
from bot.demo.wording import note_of, places_of, unseen_note

NOTES_LOG = "notes.log"  # in the stage's folder; only there when something failed
KINDS = "message,message_edit,message_delete"
WAIT_SECONDS = 7.0  # for one answer about what is new
RETRY_SECONDS = 0.5  # after the sandbox did not answer
AT_ONCE = 4  # questions to the bot
MAX_OPEN = 256  # messages whose story isn't told to the end; more, and the record waits
FIRST_LOOK, LONGEST_LOOK = 0.03, 1.0  # seconds between two looks at a story
UNSEEN_SECONDS = 3.0  # then the bot will not take it any more
STORY_SECONDS = 60.0  # for the bot to be done with what it has
WRITTEN = frozenset({0, 19})  # Discord's types of what people write: message, reply
ELSEWHERE = "the bot watches the channels that everyone can read, not this one; /channels list shows which"


@asynccontextmanager
async def noting(stage: Stage, screen: Screen) -> AsyncIterator[None]:
    """Keep notes inside the block."""
    task = asyncio.create_task(Notes(stage, screen).run(), name="notes")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Notes:
    """Keeps the notes up to date while it runs."""

    def __init__(self, stage: Stage, screen: Screen) -> None:
        """Take where to show what people write at the page."""
        self._stage = stage
        self._screen = screen
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._open: dict[int, asyncio.Task[None]] = {}
        self._edited: dict[int, str | None] = {}  # when a message's story was last told of an edit

    async def run(self) -> None:
        """Follow the record until cancelled; whatever fails is logged and not the demo's end."""
        after = 0
        try:
            while True:
                try:
                    entries, after = await self._stage.control.newer(after, KINDS, WAIT_SECONDS)
                except DemoError as error:
                    self._log(str(error))
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                for entry in entries:
                    await self._take(entry)
        finally:
            for task in list(self._open.values()):
                task.cancel()
            await asyncio.gather(*self._open.values(), return_exceptions=True)

    async def _take(self, entry: Json) -> None:
        """Begin to look after a message, from the start when it was looked after already."""
        message_id: int = entry["message_id"]
        mine = entry.get("author_id") == self._stage.bot_id
        if mine or entry.get("ephemeral_for") or entry.get("type", 0) not in WRITTEN:
            return
        if message_id in self._open:
            self._open[message_id].cancel()
        while len(self._open) >= MAX_OPEN:
            await asyncio.wait(self._open.values(), return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._look_after(entry), name=f"note {message_id}")
        self._open[message_id] = task
        task.add_done_callback(lambda done: self._forget(message_id, done))

    def _forget(self, message_id: int, task: "asyncio.Task[None]") -> None:
        if self._open.get(message_id) is task:
            del self._open[message_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log(f"message {message_id}: {error!r}")

    async def _look_after(self, entry: Json) -> None:
        typed = not await self._stage.was_scripted(entry["kind"], entry["message_id"])
        if entry["kind"] == "message_delete":
            await self._deleted(entry, typed=typed)
            return
        told = self._edited.get(entry["message_id"])
        edited = entry["kind"] == "message_edit"

        def is_over(story: Json) -> bool:
            return story["stage"] == "done" and not (edited and story["times"]["edited"] == told)

        story = await self._follow(entry, is_over)
        if story is not None:
            self._edited[entry["message_id"]] = story["times"]["edited"]
        elif not edited:
            await self._put(entry, unseen_note(self._why_unseen(entry)))
        if typed:
            await self._show(entry, story)

    async def _follow(self, entry: Json, is_over: Callable[[Json], bool]) -> Json | None:
        """Note each change of a message's story until it is over; None when the bot doesn't take it."""
        began, pause, noted = time.monotonic(), FIRST_LOOK, None
        story = None
        while not self._never_seen(entry):
            async with self._gate:
                story = await self._stage.admin.story(entry["message_id"])
            if story is not None and not story["deleted"]:
                places = {each: await self._stage.names.place(each) for each in places_of(story)}
                note = note_of(story, places, entry["content"])
                if note != noted:
                    await self._put(entry, note)
                    noted = note
            waited = time.monotonic() - began
            if (story and is_over(story)) or waited > (STORY_SECONDS if story else UNSEEN_SECONDS):
                break
            await asyncio.sleep(pause)
            pause = min(LONGEST_LOOK, 1.5 * pause)
        return story

    async def _put(self, entry: Json, note: Json) -> None:
        try:
            async with self._gate:
                await self._stage.control.call("annotate", message=entry["message_id"], note=note)
        except DemoError:
            await asyncio.sleep(
                UNSEEN_SECONDS
            )  # where it was deleted meanwhile, hearing of that ends this task
            raise

    def _never_seen(self, entry: Json) -> bool:
        return bool(entry.get("bot")) or entry["message_id"] in self._stage.before

    def _why_unseen(self, entry: Json) -> str:
        if entry.get("bot"):
            return "another bot wrote it"
        if entry["message_id"] in self._stage.before:
            return "it was there before the bot"
        if entry["guild_id"] is None:
            return "direct messages are not read, unless the owner switches that on"
        return ELSEWHERE

    async def _deleted(self, entry: Json, *, typed: bool) -> None:
        """Show that the bot has erased what somebody at the page has deleted."""
        known = self._edited.pop(entry["message_id"], "")
        if not typed or known == "":
            return
        story = None
        deadline = time.monotonic() + UNSEEN_SECONDS
        while (story is None or not story["deleted"]) and time.monotonic() < deadline:
            async with self._gate:
                story = await self._stage.admin.story(entry["message_id"])
            await asyncio.sleep(FIRST_LOOK)
        if story is not None:
            async with self._screen.turn:
                author = self._stage.names.people.get(int(story["message"]["author_id"]), "Somebody")
                self._screen.event(author, "has a message deleted", "")
                erased = story["deleted"] and not story["message"]["content"]
                self._screen.note("stored: nothing any more" if erased else "the stored text is still there")

    async def _show(self, entry: Json, story: Json | None) -> None:
        """Show in the terminal what somebody wrote at the page."""
        stage, screen = self._stage, self._screen
        author = stage.names.people.get(entry["author_id"], "Somebody")
        text = await stage.names.readable(entry["content"])
        place = await stage.names.place(entry["channel_id"])
        async with screen.turn:
            if entry["kind"] == "message_edit":
                screen.event(author, "edits that to", text)
            else:
                screen.message(author, place, text)
            screen.decision(story, self._why_unseen(entry) if story is None else "")
            if story is not None and story["message"]["content"] != entry["content"]:
                screen.note(f"stored as: {story['message']['content']}")
            await show_actions(stage, screen, story)

    def _log(self, text: str) -> None:
        """Write what failed into a file beside the children's logs."""
        with (self._stage.folder / NOTES_LOG).open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")
