"""A plugin's settings, its reloading, and members who are erased."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api.testing import GUILD, MEMBER, Trial
from bot.services.plugins.host import Entry
from tests.plugins.support import HEADER, Run, command, write_plugin
from tests.services.support import eventually


async def test_settings_are_checked_and_a_server_has_its_own(run: Run) -> None:
    top = """
class Config(BaseModel):
    word: str = Field("thanks", description="What counts", max_length=10)
    times: int = Field(1, ge=1, le=5)
    loud: bool = False
    mode: Literal["soft", "hard"] = "soft"
    channels: list[int] = []
    where: int | None = None
"""
    body = command("await call.reply(ctx.config(Config, call.guild_id).model_dump_json())")
    async with run(body, "commands.add", top=top) as trial:
        for key, value in (
            ("word", "cheers"), ("times", "3"), ("loud", "yes"), ("mode", "hard"),
            ("channels", "<#5>, 6"), ("where", "<#7>"),
        ):  # fmt: skip
            await trial.set(key, value)
        told = (await trial.command("do")).text
        assert told == '{"word":"cheers","times":3,"loud":true,"mode":"hard","channels":[5,6],"where":7}'
        for key, value in (
            ("word", "x" * 11),
            ("times", "6"),
            ("times", "many"),
            ("mode", "odd"),
            ("nope", "1"),
        ):
            with pytest.raises(UserFacingError, match=f"`{key}`"):
                await trial.set(key, value)
        assert (await trial.command("do")).text == told
        model = trial.service.config_model("karma")
        await trial.service.servers.reset("karma", GUILD, model, "times")
        shown = {each.key: each for each in trial.service.servers.settings("karma", GUILD, model)}
        assert (shown["times"].value, shown["times"].is_default) == ("1", True)
        assert (shown["mode"].value, shown["mode"].choices) == ("hard", ("soft", "hard"))
        await trial.service.servers.load()
        assert trial.service.servers.values("karma", GUILD)["word"] == "cheers"


async def test_a_setting_that_a_newer_version_does_not_take_falls_back(run: Run, tmp_path: Path) -> None:
    top = "class Config(BaseModel):\n    times: int = Field(1, le=9)\n    word: str = 'a'\n"
    body = command("await call.reply(ctx.config(Config, call.guild_id).model_dump_json())")
    async with run(body, "commands.add", top=top) as trial:
        await trial.set("times", "7")
        await trial.set("word", "b")
        file = tmp_path / "karma" / "plugin.py"
        file.write_text(file.read_text().replace("le=9", "le=5"))
        await trial.service.reload("karma")
        assert (await trial.command("do")).text == '{"times":1,"word":"b"}'


ERASES = "async def delete_user_data(ctx, guild_id, user_id):\n    print(f'deleting {guild_id} {user_id}')\n"


async def test_a_member_who_is_erased_is_forgotten_everywhere(run: Run) -> None:
    body = (
        "async def gone(event):\n    await ctx.messages.post(1000, 1, f'gone {event.user_id}')\n"
        "async def heard(event):\n"
        "    await ctx.store.put(event.guild_id, 'said', 1, user_id=event.author_id)\n"
        "ctx.on(MemberErased, gone)\nctx.on(MessageObserved, heard)"
    )
    may = ("messages.read", "messages.send", "storage")
    async with run(body, *may, top=ERASES, statement="Counts.") as trial:
        await trial.say("x")
        await trial.say("x", by=8)
        await trial.erase(MEMBER)
        await trial.service.idle()
        assert [user for user, _, _ in await trial.kept()] == [8]
        assert [each.text for each in trial.posts] == [f"gone {MEMBER}"]
        await trial.service.registry.switch_off("karma", off=True)
        await trial.service.erase(None, 8)
        assert await trial.kept() == []


async def test_what_was_kept_is_deleted_where_the_plugin_is_off_by_now(run: Run) -> None:
    top = (
        "async def delete_user_data(ctx, guild_id, user_id):\n"
        "    for each in ctx.guilds if guild_id is None else [guild_id]:\n"
        "        await ctx.store.delete(each, f'of/{user_id}')\n"
    )
    body = (
        "async def heard(event):\n"
        "    await ctx.store.put(event.guild_id, f'of/{event.author_id}', event.content)\n"
        "ctx.on(MessageObserved, heard)"
    )
    async with run(body, "messages.read", "storage", top=top, statement="Keeps.") as trial:
        await trial.say("x")
        await trial.say("y", by=8)
        await trial.service.switch("karma", GUILD, on=False)
        await trial.service.erase(GUILD, MEMBER)
        assert [key for _, key, _ in await trial.kept()] == ["of/8"]
        await trial.service.servers.load()
        await trial.service.erase(None, 8)
        assert (await trial.kept(), trial.failures) == ([], 0)


async def test_one_that_hangs_keeps_no_other_from_deleting(run: Run, tmp_path: Path) -> None:
    hangs = "async def delete_user_data(ctx, guild_id, user_id):\n    await asyncio.Event().wait()\n"
    deletes = (
        f"{HEADER}async def delete_user_data(ctx, guild_id, user_id):\n"
        "    await ctx.store.put(guild_id, 'deleted', user_id)\n"
        "async def setup(ctx):\n    pass\n"
    )
    async with run("", "storage", top=hangs, statement="Keeps.") as trial:
        registry = trial.service.registry
        folder = write_plugin(tmp_path, "zebra", deletes, "storage", statement="Keeps.")
        registry.entries["zebra"] = Entry("zebra", folder)
        await trial.service.reload("zebra")
        await trial.service.switch("zebra", GUILD, on=True)
        erasing = asyncio.create_task(trial.service.erase(GUILD, MEMBER))
        await eventually(lambda: registry.keeping.get("zebra", GUILD, 0, "deleted"))
        assert not erasing.done()
        erasing.cancel()
        await asyncio.gather(erasing, return_exceptions=True)


async def test_a_server_where_a_plugin_never_was_is_no_trouble_to_erase_in(run: Run) -> None:
    top = "async def delete_user_data(ctx, guild_id, user_id):\n    await ctx.store.entries(guild_id)\n"
    async with run("", "storage", top=top, statement="Keeps.") as trial:
        await trial.service.erase(GUILD + 1, MEMBER)
        assert trial.failures == 0


async def test_who_keeps_data_must_be_able_to_delete_it(run: Run) -> None:
    with pytest.raises(AssertionError, match="needs `async def delete_user_data"):
        async with run("", statement="Counts."):
            pass


async def test_a_deletion_that_fails_is_reported_and_the_rest_goes(run: Run) -> None:
    top = "async def delete_user_data(ctx, guild_id, user_id):\n    raise KeyError\n"
    body = (
        "async def heard(event):\n"
        "    await ctx.store.put(event.guild_id, 'said', 1, user_id=event.author_id)\n"
        "ctx.on(MessageObserved, heard)"
    )
    async with run(body, "messages.read", "storage", top=top, statement="Counts.") as trial:
        await trial.say("x")
        await trial.erase(MEMBER)
        assert (await trial.kept(), trial.failures) == ([], 1)


async def test_reloading_runs_the_new_code_and_undoes_the_old(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    body = command("await call.reply('old!')") + "\nctx.on_unload(lambda: print('bye'))"
    async with run(body, "commands.add", "messages.read") as trial:
        assert (await trial.command("do")).text == "old!"
        file = tmp_path / "karma" / "plugin.py"
        written = file.stat().st_mtime_ns
        file.write_text(file.read_text().replace("old!", "new!"))
        os.utime(file, ns=(written, written))  # as long, and at the same time
        info = await trial.service.reload("karma")
        assert (info.state, (await trial.command("do")).text) == ("runs", "new!")
        file.write_text("async def setup(ctx):\n    ctx.on_unload(print)\n")
        await trial.service.reload("karma")
        assert trial.service.commands_in(GUILD) == []
        with pytest.raises(UserFacingError, match="doesn't know that any more"):
            await _old_command(trial)
        file.write_text("def setup(ctx): pass")
        assert "needs `async def setup(ctx)`" in (await trial.service.reload("karma")).why
        file.write_text("import nowhere_to_be_found")
        assert "requires = " in (await trial.service.reload("karma")).why
        file.write_text("1 / 0")
        why = (await trial.service.reload("karma")).why
        assert why == "plugin.py:1 fails when it is imported: ZeroDivisionError: division by zero"


async def _old_command(trial: Trial) -> None:
    from bot.plugin_api.parts import Target
    from bot.services.plugins.trial_parts import Answers

    await trial.service.command("karma", Target.SLASH, "do", trial._call(Answers(), MEMBER, None))


async def test_a_server_that_is_full_is_told_and_is_no_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = command("await ctx.store.put(call.guild_id, f'k{call.user_id}', 1)") + (
        "\nasync def heard(event):\n    await ctx.store.put(event.guild_id, f'e{event.message_id}', 1)"
        "\nctx.on(MessageObserved, heard)"
    )
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", 1)
    async with run(body, "commands.add", "messages.read", "storage") as trial:
        told: list[str] = []

        async def tell(words: str, subject: str) -> None:
            told.append(words)

        trial.service.registry.notices.tell = tell
        await trial.command("do", by=1)
        for member in range(2, 9):
            with pytest.raises(UserFacingError, match="keeps as much of that as it may"):
                await trial.command("do", by=member)
            await trial.say("x", by=member)
        assert trial.failures == 0
        assert trial.service.info("karma", GUILD).state == "runs"

        async def is_told() -> bool:
            return bool(told)

        await eventually(is_told)
        assert len(told) == 1
        assert "keeps 1 values in this server" in told[0]
