"""`/privacy`, from what members are shown to what is left of them: in tables, files, memory and the log."""

import gc
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer, Channel, Message
from tests.e2e.conftest import BotFactory
from tests.e2e.facts import Json
from tests.e2e.harness import Home, Running, TestClock, fence
from tests.e2e.test_summaries import DAY, posts_in, shown
from tests.e2e.test_tickets import Desk, set_up

WORKERS = {
    "workers": {"tick_seconds": 0.1},
    "orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0},
}
MARKER = "zorblatt"  # in all that Alice says, and nowhere else
UP = "\U0001f44d"
EPHEMERAL = 1 << 6
FIELDS = ("Questions, one a line", "Links to attachments, one a line", "Valid (2026-12-01 to 2026-12-24)")
OTHERS = "the quokka answers"


async def told(bot: Running, answer: Answer, part: str) -> str:
    """Return what an answer says once it says this."""

    async def look() -> str:
        message = (await answer.refresh()).message
        content = str(message.content) if message is not None else ""
        return content if part in content else ""

    return str(await bot.until(part, look))


async def pressed(bot: Running, who: Any, answer: Answer, label: str) -> str:
    """Press a button under an answer and return what it says once that is done."""
    assert answer.message is not None

    async def look() -> str:
        content = str((await answer.message.fetch()).content) if answer.message is not None else ""
        return content if "Done" in content else ""

    await who.click(answer.message, label)
    return str(await bot.until("it to be done", look))


def files_of(home: Home, message: Message) -> dict[str, bytes]:
    world = home.discord.core.world
    return {
        each["filename"]: world.files[urlsplit(each["url"]).path.removeprefix("/cdn/")][1]
        for each in message.json["attachments"]
    }


async def exported(home: Home, bot: Running, who: Any, channel: Any) -> Json:
    """Have somebody export their data, and return it."""
    answer = await who.slash("privacy export", channel=channel)
    assert "lookout-data.json" in await told(bot, answer, "sent it to you")
    *_, sent = [each for each in await who.sees(await who.dm()) if each.json["attachments"]]
    found: Json = json.loads(files_of(home, sent)["lookout-data.json"])
    return found


def in_memory(*needles: str) -> list[str]:
    """Return what the bot's own objects hold of these texts: indices, caches, queues."""
    gc.collect()
    return [
        f"{type(each).__module__}.{type(each).__name__}: {held[:80]}"
        for each in gc.get_objects()
        if type(each).__module__.startswith("bot.")
        for held in _held(each)
        if any(needle in held for needle in needles)
    ]


def _held(thing: object) -> Iterator[str]:
    values = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    values += [getattr(thing, name, None) for name in getattr(type(thing), "__slots__", ()) or ()]
    for value in values:
        if isinstance(value, str | int | bytes):
            yield str(value)
        elif isinstance(value, dict | list | tuple | set | frozenset) and len(value) < 100_000:
            yield str(list(value.items()) if isinstance(value, dict) else list(value))


def everywhere(bot: Running, *needles: str) -> list[str]:
    """Return the tables and files under the bot's folder that hold one of these texts."""
    found = []
    for (name,) in bot.rows("select name from sqlite_master where type = 'table'"):
        for row in bot.rows(f'select * from "{name}"'):  # noqa: S608
            found += [f"{name}: {value}" for value in row if any(each in str(value) for each in needles)]
    for path in sorted(bot.folder.rglob("*")):
        if path.is_file():
            content = bytes_of(path)
            found += [str(path) for each in needles if each.encode() in content]
    return found


def bytes_of(path: Path) -> bytes:
    """Return a file's content, read elsewhere: whoever closes a database's file here drops SQLite's locks."""
    script = "import sys, pathlib; sys.stdout.buffer.write(pathlib.Path(sys.argv[1]).read_bytes())"
    return subprocess.run([sys.executable, "-S", "-c", script, path], capture_output=True, check=True).stdout


async def busy(desk: Desk, clock: TestClock) -> tuple[Channel, Message]:
    """Have Alice leave traces everywhere; return the summary's channel and the post."""
    home, bot, alice = desk.home, desk.bot, desk.home.alice
    staff = home.staff
    assert staff is not None
    news = await home.discord.channel("news", guild=home.guild)
    await home.owner.slash("setsummary channel", channel=home.chat, options={"channel": news})
    asked = await alice.say(f"how do I install the {MARKER} driver? I need help", home.help)
    reply = await home.discord.wait_for_reply(to=asked)
    await bot.story(asked)
    await alice.react(reply, UP)
    await home.bob.react(asked, UP)
    await bot.until("feedback", lambda: bot.rows("select 1 from feedback"))
    said = await home.bob.say(f"{OTHERS}, says {alice.mention}. Let's go with Thursday then.", home.chat)
    await alice.react(said, "\u2705")
    await alice.say(f"Let's go with the {MARKER} release then, it is decided.", home.chat)
    advice = await alice.say(
        f"Set {MARKER}.tmp to a larger disk, then start again.", home.chat, reply_to=said
    )
    form = await desk.sam.menu("Train from this reply", advice)
    written = {FIELDS[0]: "why is it full", "Answer": f"Set {MARKER}.tmp larger", "Category": ""}
    await desk.sam.submit(form, written | {FIELDS[1]: "", FIELDS[2]: ""})
    await bot.until("what was taught", lambda: bot.rows("select 1 from training_entries"))
    for number in range(3):
        member = await home.person(f"member{number}") if number else alice
        await member.say(
            f"the login page fails with error 500{' ' + MARKER if not number else ''}", home.chat
        )
    await bot.until("the incident", lambda: bot.rows("select 1 from incident_reports"))
    await helped(desk, clock)
    await fence(home, bot)
    clock.ahead += DAY
    [post] = await bot.until("the post", lambda: posts_in(news))
    assert MARKER in str(post.embeds)
    await alice.click(post, "Helpful")
    assert "message" in await shown(await alice.slash("mystats", channel=home.chat))
    days = "select 1 from daily_user_statistics where user_id = ?"
    await bot.until("figures", lambda: bot.rows(days, alice.id))
    return news, post


async def helped(desk: Desk, clock: TestClock) -> None:
    """Have Alice's ticket go through to its transcript, and another one begun."""
    home, bot, alice = desk.home, desk.bot, desk.home.alice
    await desk.open(alice, f"{MARKER} fails", f"My {MARKER} crashes when it starts.")
    [(thread_id,)] = bot.rows("select thread_id from tickets")
    thread = Channel(thread_id, "", home.discord)
    await alice.say(f"it is the newest {MARKER}", thread)
    await desk.sam.say("Did you restart it?", thread)
    await desk.sam.slash("note", channel=thread, text=f"They wrote: My {MARKER} crashes when it starts.")
    await desk.sam.slash("close", channel=thread, reason="updated")
    done = "select count(*) from ticket_deliveries where kind = 'all'"
    await bot.until("the transcript", lambda: bot.rows(done) == [(1,)])
    clock.ahead += timedelta(minutes=2)
    await desk.open(alice, f"{MARKER} again", f"It is {MARKER} once more.", settled=False)


async def test_a_busy_member_takes_their_data_along_and_leaves_nothing(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        await home.with_staff()
        desk = await set_up(home, bot)
        _news, post = await busy(desk, clock)
        alice = home.alice

        text = await shown(await alice.slash("privacy show", channel=home.chat))
        assert "tickets" in text
        assert "**30 days**" in text
        mine = await exported(home, bot, alice, home.chat)
        texts = json.dumps(mine)
        assert mine["user_id"] == str(alice.id)
        assert {
            "members", "messages", "reactions", "feedback", "tickets", "ticket_messages",
            "reports_of_problems",
            "quoted_in_summaries", "summary_feedback", "figures_by_day", "made_from_your_words",
        } <= mine.keys()  # fmt: skip
        assert f"the {MARKER} driver" in texts
        assert "the newest" in texts
        assert OTHERS not in texts
        assert "restart" not in texts
        stored = bot.rows("select message_id from signals where author_id = ? order by message_id", alice.id)
        assert [each["message_id"] for each in mine["messages"]] == [str(row[0]) for row in stored]

        asked = await alice.slash("privacy delete", channel=home.chat)
        assert asked.ephemeral
        assert everywhere(bot, MARKER)
        lines = len(bot.log.lines)
        assert "deleted" in await pressed(bot, alice, asked, "Delete everything")
        needles = (MARKER, str(alice.id))
        assert everywhere(bot, *needles) == []
        assert in_memory(*needles) == []

        async def is_mended() -> bool:
            return MARKER not in str((await post.fetch()).embeds)

        await bot.until("the mended post", is_mended)
        own = discord.bot_user.id
        await bot.until("all that the bot posted", lambda: not quoting(home, own))
        assert [line for line in bot.log.lines[lines:] if any(each in line for each in needles)] == []
        await bot.until("the thread's new name to be known", lambda: everywhere(bot, *needles) == [])

        again = await alice.say("here I am again", home.chat)
        assert (await bot.story(again))["message"]["content"] == "here I am again"
        assert not bot.rows("select 1 from opt_outs")


def quoting(home: Home, own_id: int) -> list[str]:
    """Return what the bot has posted for others to see that still holds Alice's words."""
    world, found = home.discord.core.world, list[str]()
    for channel in world.channels.values():
        if channel.guild_id != home.guild.id:
            continue
        if channel.is_thread and MARKER in str(channel.name):
            found.append(f"thread {channel.name}")
        for message in channel.messages.values():
            if message.author.id != own_id or message.flags & EPHEMERAL:
                continue
            found += [f"{channel.name}: {each}" for each in message.attachments]
            if MARKER in str([message.content, message.embeds]):
                found.append(f"{channel.name}: {message.content} {message.embeds}")
    return found


async def test_nothing_is_kept_of_who_opted_out_until_they_opt_in(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        alice = home.alice
        asked = await alice.say(f"how do I install the {MARKER} driver? I need help", home.help)
        await discord.wait_for_reply(to=asked)
        question = await alice.slash("privacy opt-out", channel=home.chat)
        assert "opt-in" in await pressed(bot, alice, question, "Opt out and delete")
        unheard = await alice.say(f"how do I start the {MARKER} driver? I need help", home.help)
        said = await home.bob.say("hello", home.help)
        await alice.react(said, UP)
        await fence(home, bot)
        assert not await bot.stored(unheard)
        assert home.replies(unheard) == []
        refused = await alice.click(desk.panel, "Open a ticket")
        assert "`/privacy opt-in` first" in refused.content
        assert "already" in (await alice.slash("privacy opt-out", channel=home.chat)).content
        assert everywhere(bot, MARKER, str(alice.id)) == []
    async with running_bot(
        discord, folder=tmp_path, **WORKERS
    ) as bot:  # read again from the channel's history
        await bot.gaps_closed()
        await fence(home, bot)
        assert everywhere(bot, MARKER, str(alice.id)) == []
        answer = await alice.slash("privacy opt-in", channel=home.chat)
        await told(bot, answer, "again")
        asked = await alice.say("how do I install the driver? I need help", home.help)
        await discord.wait_for_reply(to=asked)


async def test_direct_messages_are_about_every_server(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        await home.alice.say(f"good morning {MARKER}", home.chat)
        await fence(home, bot)
        place = await home.alice.dm()
        question = await home.alice.slash("privacy delete", channel=place)
        assert "on every server" in question.content
        await pressed(bot, home.alice, question, "Delete everything")
        assert everywhere(bot, MARKER, str(home.alice.id)) == []


async def test_who_takes_no_messages_gets_the_file_where_they_asked(
    discord: Sandbox, home: Home, running_bot: BotFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.privacy.export.PART_BYTES", 3_000)
    async with running_bot(discord) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        for number in range(6):
            await home.alice.say(f"good morning {number} " + "x" * 500, home.chat)
        await fence(home, bot)
        discord.core.world.users[home.alice.id].takes_dms = False
        answer = await home.alice.slash("privacy export", channel=home.chat)

        async def parts() -> list[str]:
            sent = (await answer.refresh()).followups
            assert all(each.ephemeral for each in sent)
            found = [text[:14] for each in sent for text in unpacked(home, each)]
            return found if len(found) == 6 and len(sent) > 2 else []

        assert await bot.until("all parts", parts) == [f"good morning {number}" for number in range(6)]


def unpacked(home: Home, message: Message) -> list[str]:
    """Return the texts of the messages in an export's archives."""
    found: list[str] = []
    for name, content in files_of(home, message).items():
        part = json.loads(zipfile.ZipFile(io.BytesIO(content)).read(name.replace(".zip", ".json")))
        found += [each["content"] for each in part.get("messages", [])]
    return found
