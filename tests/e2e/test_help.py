"""`/help`: what it lists works, what it leaves out doesn't, and asking it changes nothing."""

import re
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.handles import Answer, Member
from sandbox.ops.registry import OperationError
from tests.e2e.harness import Home, Running, a_home

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUSALS = (
    "You need the permission",
    "Only this server's support staff",
    "Only whoever runs this bot",
    "You may not use",
)
MENTION = re.compile(r"</([\w -]+):(\d+)>")


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def ready(watchman: Running, city: Sandbox) -> None:
    """Wait for the commands to be registered."""
    await watchman.until("the commands", lambda: city.app.commands)


def embed_of(answer: Answer) -> dict[str, Any]:
    assert answer.message is not None
    assert answer.message.ephemeral
    [embed] = answer.message.embeds
    return embed


async def pages(member: Member, channel: Any) -> str:
    """Everything that /help lists for a member."""
    answer = await member.slash("help", channel=channel)
    texts = [embed_of(answer)["description"]]
    first, last = map(int, re.findall(r"Page (\d+) of (\d+)", embed_of(answer)["footer"]["text"])[0])
    assert first == 1
    for _ in range(last - 1):
        await member.click(answer.message, "Next")
        answer = await answer.refresh()
        texts.append(embed_of(answer)["description"])
    return "\n".join(texts)


def listed(text: str) -> set[str]:
    return {name for name, _ in MENTION.findall(text)}


def commands_of(city: Sandbox) -> dict[str, dict[str, Any]]:
    """Every slash command with its options, subcommands one by one, as Discord knows them."""
    found: dict[str, dict[str, Any]] = {}

    def walk(name: str, node: dict[str, Any], root: dict[str, Any]) -> None:
        inner = [each for each in node.get("options") or () if each["type"] in (1, 2)]
        for each in inner:
            walk(f"{name} {each['name']}", each, root)
        if not inner:
            found[name] = {"options": node.get("options") or (), "root": root}

    for command in city.app.commands[None].values():
        if command.get("type", 1) == 1:
            walk(command["name"], command, command)
    return found


async def is_refused(member: Member, name: str, channel: Any) -> bool:
    """Whether Discord doesn't show a command to a member, or the bot doesn't let them use it."""
    try:
        told = await member.slash(name, channel=channel)
    except OperationError as error:
        return "doesn't see" in str(error)
    return told.content.startswith(REFUSALS)


async def test_every_command_that_is_listed_for_a_member_is_one_they_can_run(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    there = commands_of(city)
    names = listed(await pages(town.alice, town.chat))
    assert {"summary now", "status", "help", "tickets"} <= names
    assert names < set(there)
    for name in sorted(names):
        if any(option.get("required") for option in there[name]["options"]):
            continue
        told = await town.alice.slash(name, channel=town.chat)
        assert not told.content.startswith(REFUSALS), name


async def test_what_is_left_out_for_a_member_is_refused_to_them(town: Home, city: Sandbox) -> None:
    there = commands_of(city)
    for name in sorted(set(there) - listed(await pages(town.alice, town.chat))):
        if any(option.get("required") for option in there[name]["options"]):
            continue
        assert await is_refused(town.alice, name, town.chat), name


async def test_each_sees_what_is_theirs(town: Home, city: Sandbox) -> None:
    role = await city.role("managers", guild=town.guild, permissions=["manage_guild"])
    manager = await town.person("mona", roles=[role])
    alice, theirs, owners = [
        listed(await pages(each, town.chat)) for each in (town.alice, manager, town.owner)
    ]
    assert alice < theirs < owners
    assert "audit message" in theirs - alice
    assert "maintenance" in owners - theirs
    assert owners == set(commands_of(city))


async def test_mentions_open_the_command_and_menus_are_told(town: Home, city: Sandbox) -> None:
    text = await pages(town.alice, town.chat)
    ids = {each["name"]: str(each["id"]) for each in city.app.commands[None].values()}
    assert all(ids[name.split()[0]] == id_ for name, id_ in MENTION.findall(text))
    assert "Message menu **Catch me up from here**: Sum up what was said since a message" in text
    assert "Train from this reply" not in text


async def test_in_direct_messages_only_what_works_there(town: Home, city: Sandbox) -> None:
    there = commands_of(city)
    names = listed(await pages(town.alice, await town.alice.dm()))
    assert {"status", "help"} <= names
    assert "summary now" not in names
    assert all(1 in (there[name]["root"].get("contexts") or [1]) for name in names)  # 1: with the bot


async def test_asking_counts_as_no_use(town: Home) -> None:
    for _ in range(4):
        await pages(town.bob, town.chat)
    for _ in range(2):
        told = await town.bob.slash("summary now", channel=town.chat)
        assert "Too often" not in told.content
    assert "Too often" in (await town.bob.slash("summary now", channel=town.chat)).content


async def test_one_command_is_told_with_its_options_and_a_group_with_its_commands(town: Home) -> None:
    one = embed_of(await town.alice.slash("help", channel=town.chat, options={"command": "/summary channel"}))
    assert "Sum up a channel and its threads" in one["description"]
    assert "**channel**: A channel you can read" in one["fields"][0]["value"]
    assert "**hours** (may be left out)" in one["fields"][0]["value"]
    group = embed_of(await town.alice.slash("help", channel=town.chat, options={"command": "summary"}))
    assert "summary week" in group["description"]
    refused = await town.alice.slash("help", channel=town.chat, options={"command": "audit message"})
    assert refused.content == "There is no command `audit message` that you can use here. `/help` lists them."
    offered = await town.alice.autocomplete("help", "command", "summ", channel=town.chat)
    assert "summary now" in [each["value"] for each in offered]
    assert not await town.alice.autocomplete("help", "command", "audit", channel=town.chat)


async def ruled(city: Sandbox, home: Home, command: str | None, *rules: tuple[Any, bool]) -> None:
    """Change the server's integration settings."""
    told = [{"target": target, "allow": allow} for target, allow in rules]
    await city.call("set_command_permissions", command=command, guild=home.guild.id, rules=told)


async def test_what_integration_settings_hide_isnt_listed_and_what_they_open_is(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    async def seen(member: Member, channel: Any = town.chat) -> set[str]:
        return listed(await pages(member, channel))

    async def changed(name: str, *, is_listed: bool) -> None:
        async def look() -> bool:
            return (name in await seen(town.alice)) is is_listed

        await watchman.until(name, look)

    role = await city.role("helpers", guild=town.guild)
    hanna = await town.person("hanna", roles=[role])
    before = await seen(town.alice)
    assert "status" in before
    assert "incidents" not in before
    await ruled(city, town, "status", ("everyone", False), (role.id, True))
    await changed("status", is_listed=False)
    assert "status" in await seen(hanna)
    assert "status" in await seen(town.owner), "an administrator finds everything"
    assert await is_refused(town.alice, "status", town.chat)
    await ruled(city, town, "status", (town.chat.id, False))
    await changed("status", is_listed=False)
    assert "status" in await seen(town.alice, town.help)
    await ruled(city, town, "status")
    await changed("status", is_listed=True)
    await ruled(city, town, None, ("everyone", False))
    await ruled(city, town, "help", ("everyone", True))
    await changed("status", is_listed=False)
    assert await seen(town.alice) == {"help"}
    for command in (None, "help"):
        await ruled(city, town, command)
    await changed("status", is_listed=True)
    assert await seen(town.alice) == before


async def test_a_command_opened_to_a_member_is_listed_if_its_own_check_agrees(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    role = await city.role("admins of the bot", guild=town.guild)
    options = {"key": "server.admin_role", "value": f"<@&{role.id}>"}
    await town.owner.slash("config set", channel=town.chat, options=options)
    adam = await town.person("adam", roles=[role])
    assert "audit recent" not in listed(await pages(adam, town.chat)), "Discord hides it from them"
    await ruled(city, town, "audit", (role.id, True), (town.alice.id, True))

    async def opened() -> bool:
        return "audit recent" in listed(await pages(adam, town.chat))

    await watchman.until("it", opened)
    assert not await is_refused(adam, "audit recent", town.chat)
    assert "audit recent" not in listed(await pages(town.alice, town.chat))
    await ruled(city, town, "audit")


async def test_settings_made_before_anyone_asked_count_and_without_them_defaults_do(
    city: Sandbox, watchman: Running
) -> None:
    home = await a_home(city, "ruled before")
    await ruled(city, home, "status", ("everyone", False))
    city.faults.fail("GET /applications/*/guilds/*/commands/permissions", times=1, status=503)
    assert "status" in listed(await pages(home.alice, home.chat))
    assert "status" not in listed(await pages(home.alice, home.chat))
