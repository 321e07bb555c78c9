"""`/reload` and `/sync`: a part is exchanged under load, and nothing that was written meanwhile is lost."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from discord.ext import commands

from bot.core.client import COGS
from bot.services.ingest import IngestService
from sandbox import Sandbox
from sandbox.handles import Answer
from tests.e2e.harness import Home, Running, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}
HELP = "how do I install the driver on my machine?"


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def ready(watchman: Running, city: Sandbox) -> None:
    """Wait for the commands to be registered."""
    await watchman.until("the commands", lambda: city.app.commands)


async def reload(home: Home, part: str) -> Answer:
    return await home.owner.slash("reload", channel=home.chat, part=part)


@pytest.mark.parametrize("part", ["cogs.ingest", "cogs.observer", "cogs.orchestrator"])
async def test_what_is_written_during_a_reload_is_stored_and_answered(
    town: Home, city: Sandbox, watchman: Running, part: str
) -> None:
    before = [await town.alice.say(f"line {number}", town.chat) for number in range(20)]
    edited, deleted = before[0], before[1]
    await fence(town, watchman)
    reloading = asyncio.create_task(reload(town, part))
    during = []
    for count in range(150):
        during.append(await town.alice.say(f"meanwhile {count}", town.chat))
        await asyncio.sleep(0.002)  # the bot's turn
        if count == 20:
            await edited.edit("other words now")
            await deleted.delete()
    asked = await town.bob.say(HELP, town.help)
    assert (await reloading).content.startswith(f"I loaded `{part}` anew.")
    await fence(town, watchman)
    said = "select message_id, content, deleted_at is not null from signals where place_id = ?"
    kept = {row[0]: row[1:] for row in watchman.rows(said, town.chat.id)}
    assert {each.id for each in (*before, *during)} <= set(kept)
    assert kept[edited.id] == ("other words now", 0)
    assert kept[deleted.id] == ("", 1)
    await city.wait_for_reply(to=asked)
    assert len(town.replies(asked)) == 1


async def test_commands_work_on_after_a_reload(town: Home, watchman: Running) -> None:
    for part in ("cogs.summaries", "cogs.admin", "cogs.help", "cogs.maintenance", "cogs.errors"):
        assert "anew" in (await reload(town, part)).content
    assert (await town.alice.slash("summary now", channel=town.chat)).content
    shown = await town.owner.slash("config show", channel=town.chat)
    assert shown.message is not None


async def test_a_part_that_cannot_be_loaded_leaves_the_old_one_running(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    watchman.expect_errors("cogs.status could not be loaded anew")

    async def fail(_bot: Any, _spec: Any, key: str) -> None:
        raise commands.ExtensionFailed(key, SyntaxError("half a line"))

    with monkeypatch.context() as patch:
        patch.setattr(commands.Bot, "_load_from_module_spec", fail)
        told = (await reload(town, "cogs.status")).content
    assert told.startswith("`cogs.status` can't be loaded as its files are now, so the one that ran goes on.")
    assert (await town.alice.slash("status", channel=town.chat)).message is not None
    assert "anew" in (await reload(town, "cogs.status")).content


async def test_a_part_whose_work_does_not_end_is_left_as_it_is(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watchman.until("the server to be noted", lambda: watchman.log.said(f"In {town.guild.name} with"))
    monkeypatch.setattr("bot.core.reloading.REST_SECONDS", 0.05)
    monkeypatch.setattr("bot.services.ingest.IngestService.flushed", lambda _: asyncio.Event().wait())
    assert "work under way" in (await reload(town, "cogs.ingest")).content
    monkeypatch.undo()
    await fence(town, watchman)


async def test_an_unknown_part_and_other_callers_are_refused(town: Home, city: Sandbox) -> None:
    assert (await reload(town, "os")).content.startswith("I have no part `os`.")
    role = await city.role("managers", guild=town.guild, permissions=["manage_guild"])
    manager = await town.person("mona", roles=[role])
    for name, options in (("reload", {"part": "cogs.status"}), ("sync", {})):
        told = await manager.slash(name, channel=town.chat, options=options)
        assert told.content == "Only whoever runs this bot may do this."
    offered = await town.owner.autocomplete("reload", "part", "ingest", channel=town.chat)
    assert [each["value"] for each in offered] == ["cogs.ingest"]


async def test_sync_registers_the_commands_anew(town: Home, city: Sandbox) -> None:
    [gone] = [id_ for id_, each in city.app.commands[None].items() if each["name"] == "status"]
    del city.app.commands[None][gone]
    told = await town.owner.slash("sync", channel=town.chat)
    names = [each["name"] for each in city.app.commands[None].values()]
    assert told.content.startswith(f"Discord knows my {len(names)} commands now.")
    assert "status" in names


async def test_what_comes_while_a_part_is_gone_is_held_and_told_afterwards(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = commands.Bot._call_module_finalizers
    said: list[Any] = []

    async def between(bot: Any, lib: Any, key: str) -> None:
        said.extend(
            [await town.alice.say(f"while nobody listens {number}", town.chat) for number in range(5)]
        )
        await watchman.until("them to be held", lambda: bot.held and len(bot.held) >= 5)
        await real(bot, lib, key)

    monkeypatch.setattr(commands.Bot, "_call_module_finalizers", between)
    assert "anew" in (await reload(town, "cogs.ingest")).content
    for each in said:
        assert (await watchman.story(each))["message"]["content"].startswith("while nobody listens")


async def test_what_is_being_judged_is_stored_before_the_part_goes(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, flushed = IngestService._judge_safely, IngestService.flushed
    judging, going_on, waited_for = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(service: IngestService, arrivals: Any) -> Any:
        judging.set()
        await going_on.wait()
        return await judge(service, arrivals)

    async def told(service: IngestService) -> None:
        waited_for.set()
        await flushed(service)

    await fence(town, watchman)
    monkeypatch.setattr(IngestService, "_judge_safely", slowly)
    monkeypatch.setattr(IngestService, "flushed", told)
    said = await town.alice.say("in the middle of it", town.chat)
    await judging.wait()
    reloading = asyncio.create_task(reload(town, "cogs.ingest"))
    waiting = asyncio.create_task(waited_for.wait())
    await asyncio.wait({reloading, waiting}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    going_on.set()
    assert "anew" in (await reloading).content
    assert (await watchman.story(said))["message"]["content"] == "in the middle of it"


async def test_files_that_take_a_restart_are_named(
    town: Home, watchman: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = (await reload(town, "cogs.status")).content
    assert told.endswith("changes in `bot/` take a restart."), "and no command has changed"
    client = watchman.application._admin.owner.bot
    monkeypatch.setattr(client, "started", 0.0)
    told = (await reload(town, "cogs.status")).content
    assert "Not loaded anew, for that takes a restart: `bot/__init__.py`, `bot/abilities.py`" in told


async def test_all_parts_are_offered_while_one_is_typed(town: Home) -> None:
    offered = await town.owner.autocomplete("reload", "part", "cogs.", channel=town.chat)
    assert {each["value"] for each in offered or ()} == set(COGS)
