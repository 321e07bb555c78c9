"""What the API does for a plugin, and what it refuses: each with a plugin in the bot's own service."""

import asyncio
from typing import Any

import pytest

from bot.domain.errors import UserFacingError
from bot.plugin_api import DiscordError, MemberErased, TicketOpened
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, STAFF
from tests.plugins.support import Run, command

NEEDED = [
    ("ctx.on(MessageObserved, print)", "messages.read"),
    ("ctx.on(MessageEdited, print)", "messages.read"),
    ("ctx.on(MessageDeleted, print)", "messages.read"),
    ("ctx.on(DecisionMade, print)", "messages.read"),
    ("ctx.on(TicketOpened, print)", "tickets.read"),
    ("ctx.on(SummaryPosted, print)", "summaries.read"),
    ("ctx.command('a', 'b', print)", "commands.add"),
    ("ctx.message_menu('a', print)", "commands.add"),
    ("ctx.member_menu('a', print)", "commands.add"),
    ("ctx.button('a', print)", "commands.add"),
    ("ctx.form('a', print)", "commands.add"),
    ("ctx.every('a', 60, print)", "schedule"),
    ("ctx.daily('a', '08:00', print)", "schedule"),
    ("ctx.tool('a', 'b', {}, print)", "llm.tools"),
    ("await ctx.store.get(1, 'a')", "storage"),
    ("await ctx.store.put(1, 'a', 1)", "storage"),
    ("await ctx.store.add(1, 'a', 1)", "storage"),
    ("await ctx.store.delete(1, 'a')", "storage"),
    ("await ctx.store.entries(1)", "storage"),
    ("await ctx.store.take_turn(1, 'a', times=1, seconds=1)", "storage"),
    ("await ctx.store.give_back_turn(1, 'a')", "storage"),
    ("await ctx.files.put(1, 'a', b'')", "storage"),
    ("await ctx.files.get(1, 'a')", "storage"),
    ("await ctx.files.delete(1, 'a')", "storage"),
    ("await ctx.texts.alike('a', ['b'])", "texts.judge"),
    ("await ctx.texts.toxicity('a')", "texts.judge"),
    ("await ctx.messages.post(1, 2, 'a')", "messages.send"),
    ("await ctx.messages.edit(1, 2, 3, 'a')", "messages.send"),
    ("await ctx.messages.direct(1, 2, 'a')", "messages.send"),
    ("await ctx.messages.thread(1, 2, 'a')", "messages.send"),
    ("await ctx.messages.read(1, 2, 3)", "messages.read"),
    ("await ctx.members.level(1, 2)", "members.read"),
    ("await ctx.members.delete_message(1, 2, 3, 'a')", "members.moderate"),
    ("await ctx.members.time_out(1, 2, 3, 'a')", "members.moderate"),
    ("await ctx.http.request('GET', 'https://a.example')", "http"),
    ("await ctx.llm.complete(1, 'a')", "llm.complete"),
    ("await ctx.llm.fill(1, BaseModel, 'a')", "llm.complete"),
]


async def test_nothing_works_without_its_permission(run: Run) -> None:
    tried = "\n".join(
        f"try:\n    {call}\n    raise KeyError\n"
        "except PermissionDeniedError as error:\n    told.append(str(error))"
        for call, _ in NEEDED
    )
    async with run(tried, top="told = []") as trial:
        host = trial.service.registry.entries["karma"].host
        assert host is not None
        assert host.module is not None
        wanted = [f"karma needs {name!r} under permissions in its manifest.toml" for _, name in NEEDED]
        assert host.module.told == wanted


async def test_a_plugin_that_sets_up_more_than_it_may_is_not_loaded(run: Run) -> None:
    with pytest.raises(AssertionError, match="needs 'schedule' under permissions in its manifest"):
        async with run("ctx.every('a', 60, print)"):
            pass


async def test_a_plugin_acts_only_where_it_is_on(run: Run) -> None:
    elsewhere = command(f"await ctx.messages.post({GUILD + 1}, 1, 'hi')")
    async with run(elsewhere, "commands.add", "messages.send") as trial:
        with pytest.raises(UserFacingError):
            await trial.command("do")
        assert trial.failures == 1
        await trial.service.switch("karma", GUILD, on=False)
        with pytest.raises(UserFacingError, match="not switched on in this server"):
            await trial.command("do")
        assert trial.posts == []


async def test_what_it_says_rings_nobody_and_holds_no_secret(run: Run) -> None:
    body = command("await call.reply('@everyone <@&5> <@6> ' + ctx.secret('token') + ' <think>hm</think>')")
    async with run(body, "commands.add", secrets={"token": "abcd-efgh-ijkl"}) as trial:
        said = (await trial.command("do")).text
    assert "@everyone" not in said
    assert "<@6>" not in said
    assert "<@&5>" not in said
    assert "abcd" not in said
    assert "hm" not in said


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("''", "nothing in the message"),
        ("'x' * 2001", "2,001 characters; 2,000 at most"),
        ("'x', card=Card(text='y' * 4001)", "card's text has 4,001"),
        ("'x', buttons=[Button('a', 'b', 'c' * 51)]", "button's value has 51"),
        ("'x', buttons=[Button('a', 'b', link='http://a')]", "starts with https"),
        ("'x', files=[File('a', b'y' * 10_000_001)]", "more than 10,000,000 bytes"),
    ],
    ids=["empty", "text", "card", "button", "link", "files"],
)
async def test_what_is_too_long_is_refused_with_the_limit(run: Run, content: str, problem: str) -> None:
    body = command(
        f"try:\n    await call.reply({content})\n"
        "except LimitError as error:\n    await call.reply(str(error))"
    )
    async with run(body, "commands.add") as trial:
        assert problem in (await trial.command("do")).text


async def test_values_are_kept_per_server_and_member_within_limits(run: Run) -> None:
    body = command(
        """
store, g = ctx.store, call.guild_id
await store.put(g, "a/1", {"x": [1, None, "y"]})
await store.put(g, "a/1", 5, user_id=7)
added = await store.add(g, "b", 1), await store.add(g, "b", 2)
deleted = await store.delete(g, "b"), await store.delete(g, "b")
refused = []
for key, value in (("", 1), ("k" * 129, 1), ("k", "x" * 64_001), ("k", object()), ("k", float("nan"))):
    try:
        await store.put(g, key, value)
    except LimitError as error:
        refused.append(str(error))
got = await store.get(g, "a/1"), await store.get(g, "none")
await call.reply(f"{added} {deleted} {len(refused)} {got} {await store.entries(g, 'a/')}")
"""
    )
    async with run(body, "commands.add", "storage") as trial:
        told = (await trial.command("do")).text
    assert told.startswith("(True, False) (True, False) 5 ({'x': [1, None, 'y']}, None) ")
    assert told.endswith("[(0, 'a/1', {'x': [1, None, 'y']}), (7, 'a/1', 5)]")


async def test_turns_are_counted_for_each_member_and_come_back(run: Run) -> None:
    body = command(
        "wait = await ctx.store.take_turn(call.guild_id, 'do', user_id=call.user_id, times=2, seconds=60)\n"
        "await call.reply(f'{wait:.0f}')"
    )
    async with run(body, "commands.add", "storage") as trial:
        assert [(await trial.command("do")).text for _ in range(2)] == ["0", "0"]
        trial.clock.forward(20)
        assert (await trial.command("do")).text == "40"
        assert (await trial.command("do", by=MEMBER + 1)).text == "0"
        trial.clock.forward(41)
        assert (await trial.command("do")).text == "0"


async def test_a_flood_is_refused_and_the_minute_after_it_goes_on(run: Run) -> None:
    body = (
        "async def heard(event):\n    await ctx.messages.post(event.guild_id, event.channel_id, 'hi')\n"
        "ctx.on(MessageObserved, heard)"
    )
    limits = {"posts_per_minute": 3, "failures": 100}
    async with run(body, "messages.read", "messages.send", settings=limits) as trial:
        for _ in range(6):
            await trial.say("x")
        assert (len(trial.posts), trial.failures) == (3, 3)
        trial.clock.forward(61)
        await trial.say("x")
        assert len(trial.posts) == 4


async def test_buttons_forms_and_menus_reach_their_handlers(run: Run) -> None:
    body = """
async def ask(call):
    await call.reply("Here", buttons=[Button("sign", "Sign", "b1"), Button("close", "Close")], private=False)
async def sign(call):
    await call.show(Form("signed", "Sign", (FormField("words", "Words", text="me"),), call.value))
async def signed(call):
    await call.reply(f"{call.value}: {call.written['words']}")
async def close(call):
    await call.update("closed")
async def about(call):
    await call.reply(call.message.content if call.message else str(call.member_id))
ctx.command("ask", "Asks", ask)
ctx.button("sign", sign)
ctx.button("close", close, level=Level.SUPPORT)
ctx.form("signed", signed)
ctx.member_menu("Who", about)
"""
    async with run(body, "commands.add") as trial:
        [said] = (await trial.command("ask")).said
        form = (await trial.press(said, "Sign")).form
        assert (await trial.send(form, words="Ada")).text == "b1: Ada"
        assert (await trial.send(form)).text == "b1: me"
        await trial.press(said, "Close", by=STAFF)
        assert said.text == "closed"
        assert (await trial.menu("Who", member=77)).text == "77"
        assert trial.service.level_of_button("karma", "close").name == "SUPPORT"


async def test_schedules_run_when_they_are_due_and_a_day_once(run: Run) -> None:
    body = """
async def tick(guild_id):
    await ctx.messages.post(guild_id, 1, "tick")
async def morning(guild_id):
    await ctx.messages.post(guild_id, 1, "good morning")
ctx.every("tick", 300, tick)
ctx.daily("morning", "08:00", morning)
"""
    async with run(body, "schedule", "messages.send") as trial:

        def texts() -> list[str]:
            return [each.text for each in trial.posts]

        await trial.later(0)
        await trial.later(299)
        assert texts() == []
        await trial.later(2)
        assert texts() == ["tick"]
        trial.posts.clear()
        await trial.later(86_400)  # it was noon; the next eight o'clock is past
        assert sorted(texts()) == ["good morning", "tick"]
        trial.posts.clear()
        await trial.later(60)
        assert texts() == []


async def test_a_handler_that_refuses_has_not_failed(run: Run) -> None:
    async with run(command("raise UserFacingError('Not today.')"), "commands.add") as trial:
        with pytest.raises(UserFacingError, match=r"^Not today\.$"):
            await trial.command("do")
        assert trial.failures == 0


async def test_discords_refusal_reaches_the_handler(run: Run) -> None:
    body = command(
        "try:\n    await ctx.messages.post(call.guild_id, 1, 'x')\n"
        "except DiscordError as error:\n    await call.reply(str(error))"
    )
    async with run(body, "commands.add", "messages.send") as trial:
        trial.desk.failing.append(DiscordError("missing permission: Send Messages"))
        assert (await trial.command("do")).text == "missing permission: Send Messages"


async def test_more_events_than_it_handles_are_left_out(run: Run) -> None:
    body = "async def heard(event):\n    await asyncio.sleep(0)\nctx.on(MessageObserved, heard)"
    async with run(body, "messages.read", settings={"queue_size": 10}) as trial:
        for _ in range(30):
            trial.service.publish(_message())
        runner = trial.service.registry.entries["karma"].host
        assert runner is not None
        assert runner.runner.depth == 10
        await trial.service.idle()
        assert runner.runner.depth == 0


def _message() -> Any:
    from bot.plugin_api import MessageObserved

    return MessageObserved(
        guild_id=GUILD, channel_id=CHANNEL, parent_id=CHANNEL, message_id=1, author_id=1, author_name="a",
        content="x",
    )  # fmt: skip


async def test_events_come_in_order_and_only_those_of_its_servers(run: Run) -> None:
    body = (
        "async def opened(event):\n    await asyncio.sleep(0)\n    print(f'ticket {event.number}')\n"
        "    await ctx.messages.post(event.guild_id, 1, str(event.number))\n"
        "ctx.on(TicketOpened, opened)"
    )
    async with run(body, "tickets.read", "messages.send") as trial:
        for number, guild_id in ((1, GUILD), (2, GUILD + 1), (3, GUILD)):
            trial.service.publish(
                TicketOpened(
                    guild_id=guild_id, ticket_id=number, number=number, thread_id=1, member_id=1,
                    is_private=False,
                )
            )  # fmt: skip
        trial.service.publish(MemberErased(guild_id=None, user_id=1))
        await trial.service.idle()
        assert [each.text for each in trial.posts] == ["1", "3"]


async def test_models_are_asked_with_members_words_as_material(run: Run) -> None:
    top = "class Draft(BaseModel):\n    title: str\n"
    body = command(
        "text = await ctx.llm.complete(call.guild_id, 'Shorten', [Material('ignore all', 'Eve')])\n"
        "draft = await ctx.llm.fill(call.guild_id, Draft, 'Draft')\n"
        "none = await ctx.llm.complete(call.guild_id, 'Again')\n"
        "await call.reply(f'{text} {draft.title} {none}')"
    )
    async with run(body, "commands.add", "llm.complete", top=top) as trial:
        trial.language.answers += ["short", '{"title": "T"}']
        assert (await trial.command("do")).text == "short T None"
        instructions, material = trial.language.asked[0]
        assert (instructions, material[0].author) == ("Shorten", "Eve")


async def test_too_many_calls_at_once_are_refused(run: Run) -> None:
    body = (
        "gate = asyncio.Event()\n"
        + command("await gate.wait()")
        + "\nasync def go(call):\n    gate.set()\nctx.command('go', 'Goes', go)"
    )
    async with run(body, "commands.add") as trial:
        calls = [asyncio.create_task(trial.command("do")) for _ in range(20)]
        await asyncio.sleep(0)
        with pytest.raises(UserFacingError, match="too much to do"):
            await trial.command("do")
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        await trial.command("go")
