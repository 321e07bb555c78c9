"""Every command, menu, button and form of the bundled plugins with what no client should send.

Whatever it is, it is refused with words or done; it is never a failure of the plugin.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api import Button, Form, FormField, Kind, Level, SeenMessage
from bot.plugin_api.calls import Content
from bot.plugin_api.parts import Target
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, STAFF, Said, Trial, on_trial
from bot.texts import text
from tests.plugins.support import Run, command

PLUGINS = ("error_explainer", "feature_requests", "image_generation", "spam_guard")
TEXTS = ("", " \n\t", "x" * 6_000, "\0\ud800\u202e@everyone <@1> <#2>", "line\n" * 400, "²", "-1", "```")
VALUES = ("", "x" * 50, "-1", "0", "7", "999999999999999999", "issue-", "issue-x", "²", "\0")
FIELDS = ("title", "want", "who", "why", "done", "description", "story", "criteria", "reason", "which")
MEMBERS = ((MEMBER, Level.EVERYONE), (STAFF, Level.SUPPORT))
OPTIONS: dict[Kind, tuple[Any, ...]] = {
    Kind.TEXT: (*TEXTS, None), Kind.NUMBER: (None, -1, 0, 10**15), Kind.DECIMAL: (None, -1.0, 1e300),
    Kind.YES_NO: (None, True), Kind.MEMBER: (None, 1), Kind.CHANNEL: (None, 1), Kind.ROLE: (None, 1),
}  # fmt: skip


@asynccontextmanager
async def tried(plugin: str) -> AsyncIterator[tuple[Trial, Callable[[Awaitable[Any]], Awaitable[None]]]]:
    """Run a plugin; yields what lets it refuse, and nothing else."""
    nobody = "127.0.0.1:9"
    where = {"base_url": f"http://{nobody}/v1"} if plugin == "image_generation" else {}
    more: dict[str, Any] = {"secrets": {"token": "t", "key": "k"}, "hosts": [nobody], "options": where}
    async with on_trial(Path("plugins") / plugin, **more) as trial:
        await trial.set_staff_channel(CHANNEL)

        told: list[str] = []

        async def refused_or_done(doing: Awaitable[Any]) -> None:
            try:
                await doing
            except UserFacingError as error:
                told.append(str(error))

        yield trial, refused_or_done
        assert not {"", text("plugins.failed")} & set(told)
        assert trial.failures == 0
        assert trial.service.info(plugin, GUILD).state == "runs"


def shown(kind: str, value: str) -> Said:
    return Said(9, CHANNEL, Content("x", buttons=(Button(kind, "press", value),)))


@pytest.mark.parametrize("plugin", PLUGINS)
async def test_commands_and_menus(plugin: str) -> None:
    async with tried(plugin) as (trial, refused_or_done):
        for spec in trial.service.info(plugin, GUILD).commands:
            if spec.target is Target.MESSAGE:
                for content in TEXTS:
                    message = SeenMessage(GUILD, CHANNEL, 5, MEMBER, "Ada", content, is_bot=False)
                    await refused_or_done(trial.menu(spec.name, message=message))
                continue
            assert spec.target is Target.SLASH
            await refused_or_done(trial.command(spec.name))
            for option in spec.options:
                for value in OPTIONS[option.kind]:
                    await refused_or_done(trial.command(spec.name, **{option.name: value}))


@pytest.mark.parametrize("plugin", PLUGINS)
async def test_buttons(plugin: str) -> None:
    async with tried(plugin) as (trial, refused_or_done):
        host = trial.service.registry.entries[plugin].host
        assert host is not None
        for kind in host.registered.buttons:
            for value in VALUES:
                for by, level in MEMBERS:
                    await refused_or_done(trial.press(shown(kind, value), "press", by=by, level=level))


@pytest.mark.parametrize("plugin", PLUGINS)
async def test_forms(plugin: str) -> None:
    async with tried(plugin) as (trial, refused_or_done):
        host = trial.service.registry.entries[plugin].host
        assert host is not None
        all_fields = tuple(FormField(each, each) for each in FIELDS)
        for kind in host.registered.forms:
            for value in VALUES:
                await refused_or_done(trial.send(Form(kind, "t", (), value)))
            for words in TEXTS:
                sent = Form(kind, "t", all_fields, "1")
                await refused_or_done(trial.send(sent, by=MEMBER, **dict.fromkeys(FIELDS, words)))
                await trial.later(3_600)  # a turn for each


async def test_what_one_person_sends_does_not_stop_a_plugin_for_all(run: Run) -> None:
    async with run(command("raise KeyError('title')"), "commands.add") as trial:
        for _ in range(20):
            with pytest.raises(UserFacingError):
                await trial.command("do")
        assert trial.service.info("karma", GUILD).state == "runs"
        for member in range(4):
            with pytest.raises(UserFacingError):
                await trial.command("do", by=member)
        assert trial.service.info("karma", GUILD).state == "suspended"


async def test_what_was_not_sent_is_empty_and_secrets_are_redacted(run: Run) -> None:
    body = """
async def sent(call):
    await ctx.store.put(call.guild_id, "sent", [call.written["a"], call.written["b"], call.number])
async def do(call):
    await ctx.store.put(call.guild_id, "done", call.text("words"))
ctx.form("sent", sent)
ctx.command("do", "Does it", do, options=[Option("words", "Words")])
"""
    key = "sk-" + "a1B2" * 10
    async with run(body, "commands.add", "storage") as trial:
        await trial.send(Form("sent", "t", (FormField("a", "A"),), "12"), a=f"my key is {key}\0\ud800")
        await trial.command("do", words=f"and {key}")
        kept = {name: value for _, name, value in await trial.kept()}
        assert kept["sent"][1:] == ["", 12]
        assert kept["sent"][0].startswith("my key is ")
        assert key not in str(kept)
        assert not {"\0", "\ud800"} & set(kept["sent"][0])
