"""What goes wrong on the bot's side: told with a reference, listed, explained, and nobody's words in it."""

from typing import Any

import pytest

from bot.services.status import StatusService
from sandbox import Sandbox
from sandbox.handles import Answer, Member
from tests.e2e.harness import Home, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
WORDS = "nobody but me may know this"
EXPECTED = "/status failed"


def shown(answer: Answer) -> str:
    """Everything that an answer shows."""
    assert answer.message is not None
    assert answer.message.ephemeral
    [embed] = answer.message.embeds
    told = [embed.get("title", ""), embed.get("description", "")]
    return "\n".join(told + [f"{each['name']}: {each['value']}" for each in embed.get("fields", ())])


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, city: Sandbox, watchman: Running) -> None:
    """Have /status fail, with what must not get out in the exception."""

    async def fail(*_: Any) -> None:
        raise RuntimeError(f"{WORDS} {city.token} in {watchman.folder}")

    watchman.expect_errors(EXPECTED)
    monkeypatch.setattr(StatusService, "voice", fail)


async def reference_of(member: Member, home: Home, bot: Running) -> str:
    """Have a command fail; return what the member is told to name it by."""
    told = await member.slash("status", channel=home.chat)
    assert told.content.startswith("Something went wrong on my side. Reference: `")
    assert WORDS not in told.content
    reference = told.content.split("`")[1]
    await bot.until(
        "it to be written", lambda: bot.rows("select 1 from errors where reference = ?", reference)
    )
    return reference


async def manager_of(home: Home, city: Sandbox) -> Member:
    """Return who may manage the server, and doesn't run the bot."""
    role = await city.role("managers", guild=home.guild, permissions=["manage_guild"])
    return await home.person("mona", roles=[role])


@pytest.mark.usefixtures("broken")
async def test_a_failed_command_has_a_reference_that_owner_and_managers_can_look_up(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    reference = await reference_of(town.alice, town, watchman)
    assert await reference_of(town.bob, town, watchman) == reference
    await watchman.until(
        "both to be written",
        lambda: watchman.rows("select count from errors where reference = ?", reference) == [(2,)],
    )
    listed = shown(await town.owner.slash("errors", channel=town.chat))
    assert f"`{reference}` **RuntimeError** in /status" in listed
    assert "2 times" in listed
    explained = shown(await town.owner.slash("explain_error", channel=town.chat, reference=reference))
    assert "From my list of known errors; no language model was asked" in explained
    assert "bot/services/status.py" in explained or "cogs/status" in explained
    manager = await manager_of(town, city)
    theirs = shown(await manager.slash("errors", channel=town.chat))
    assert reference in theirs
    explained = shown(await manager.slash("explain_error", channel=town.chat, reference=reference))
    assert "RuntimeError" in explained
    assert "cogs/status" not in explained, "the traceback is for whoever runs the bot"


@pytest.mark.usefixtures("broken")
async def test_managers_see_only_those_of_their_server(town: Home, city: Sandbox, watchman: Running) -> None:
    reference = await reference_of(town.alice, town, watchman)
    elsewhere = Home(
        city, guild := await city.guild("Elsewhere"), await city.channel("help", guild=guild),
        await city.channel("chat", guild=guild), await city.member("alice", guild=guild),
        await city.member("bob", guild=guild), await city.member("owner", guild=guild),
    )  # fmt: skip
    manager = await manager_of(elsewhere, city)
    assert reference not in shown(await manager.slash("errors", channel=elsewhere.chat))
    told = await manager.slash("explain_error", channel=elsewhere.chat, reference=reference)
    assert "I know no error" in told.content
    listed = shown(await elsewhere.owner.slash("errors", channel=elsewhere.chat))
    assert f"server {town.guild.id}" in listed, "who runs the bot sees all"


@pytest.mark.usefixtures("broken")
async def test_no_words_no_token_and_no_path_reach_the_database(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await reference_of(town.alice, town, watchman)
    stored = str(watchman.rows("select * from errors"))
    for part in (WORDS, city.token, str(watchman.folder), "/tmp/"):  # noqa: S108
        assert part not in stored


@pytest.mark.usefixtures("watchman")
async def test_a_member_sees_no_errors(town: Home, city: Sandbox) -> None:
    [command] = [each for each in city.app.commands[None].values() if each["name"] == "errors"]
    forged = {"id": command["id"], "name": "errors", "type": 1}
    told = await town.alice.forge(forged, channel=town.chat)
    assert told.content.startswith("You need the permission **Manage Server**")
