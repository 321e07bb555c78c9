"""What the bot tells plugins of texts and of the owner's settings, and turns that are given back."""

import pytest

from bot.plugin_api.testing import MEMBER
from tests.plugins.support import Run, command

OTHERS = ["the login page stays white", "add a dark mode for the web page", "more cat emojis please"]
OWNERS = "class Owners(BaseModel):\n    url: str = 'https://api.example.com'\n    limit: int = 3\n"


async def test_texts_that_ask_for_the_same_are_found_most_alike_first(run: Run) -> None:
    body = command(
        f"found = await ctx.texts.alike('please add a dark mode to the web page', {OTHERS!r})\n"
        "nothing = await ctx.texts.alike('unrelated words', [])\n"
        "await call.reply(f'{[each.position for each in found]} {nothing}')"
    )
    async with run(body, "commands.add", "texts.judge") as trial:
        assert (await trial.command("do")).text == "[1] []"


async def test_too_many_texts_are_refused(run: Run) -> None:
    body = command(
        "try:\n    await ctx.texts.alike('a', ['b'] * 1_001)\n"
        "except ValueError as error:\n    await call.reply(str(error))"
    )
    async with run(body, "commands.add", "texts.judge") as trial:
        assert "at most 1,000" in (await trial.command("do")).text


async def test_the_bots_judgement_of_an_attack_is_told(run: Run) -> None:
    body = command(
        "rude = await ctx.texts.toxicity('you are a stupid idiot, I hate you')\n"
        "kind = await ctx.texts.toxicity('a cat on a sofa')\n"
        "await call.reply(f'{rude > 0.7} {kind < 0.3}')"
    )
    async with run(body, "commands.add", "texts.judge") as trial:
        assert (await trial.command("do")).text == "True True"


async def test_a_turn_that_came_to_nothing_is_given_back(run: Run) -> None:
    body = command(
        "wait = await ctx.store.take_turn(call.guild_id, 'draw', user_id=call.user_id, times=1, seconds=60)\n"
        "await call.reply(str(wait))"
    )
    body += "\n" + command(
        "await ctx.store.give_back_turn(call.guild_id, 'draw', user_id=call.user_id)\nawait call.reply('ok')",
        "back",
    )
    async with run(body, "commands.add", "storage") as trial:
        assert (await trial.command("do")).text == "0.0"
        assert (await trial.command("do")).text == "60.0"
        await trial.command("back", by=MEMBER + 1)  # another's turns stay as they are
        assert (await trial.command("do")).text == "60.0"
        await trial.command("back")
        assert (await trial.command("do")).text == "0.0"


async def test_what_the_owner_sets_reaches_the_plugin(run: Run) -> None:
    body = "owners = ctx.options(Owners)\n" + command("await call.reply(f'{owners.url} {owners.limit}')")
    async with run(body, "commands.add", top=OWNERS, options={"limit": 7}) as trial:
        assert (await trial.command("do")).text == "https://api.example.com 7"


async def test_what_the_owner_sets_wrong_is_said_where_it_fails(run: Run) -> None:
    with pytest.raises(
        AssertionError, match=r"plugins\.options\.karma in config/settings\.yaml: limit: Input"
    ):
        async with run("ctx.options(Owners)", top=OWNERS, options={"limit": "many"}):
            pass


async def test_a_members_id_in_what_is_said_is_no_secret(run: Run) -> None:
    body = command("await call.reply('asked by <@3000>')")
    async with run(body, "commands.add") as trial:
        assert (await trial.command("do")).text == "asked by <@\u200b3000>"
        assert not trial.service.registry.entries["karma"].told


async def test_an_answer_is_changed_as_the_work_goes_on(run: Run) -> None:
    body = command("await call.defer()\nawait call.revise('half')\nawait call.revise('whole')")
    async with run(body, "commands.add") as trial:
        answers = await trial.command("do")
        assert [each.text for each in answers.said] == ["whole"]
