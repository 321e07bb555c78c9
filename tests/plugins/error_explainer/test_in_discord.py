"""The error explainer in a whole bot: one reply to a trace, whoever would have answered."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.conftest import city, running_bot, town, watchman
from tests.e2e.harness import Home, Running, fence
from tests.plugins.error_explainer import samples

__all__ = ["city", "running_bot", "town", "watchman"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKING = f"My bot crashes with an error when I start it, how can I fix this?\n{samples.PYTHON}"


async def switched_on(home: Home) -> None:
    for command, options in (
        ("plugins enable", {"plugin": "error_explainer"}),
        ("plugins config", {"plugin": "error_explainer", "key": "channels", "value": f"<#{home.help.id}>"}),
    ):
        answer = await home.owner.slash(command, channel=home.help, options=options)
        if not answer.message:
            await answer.followup()


async def replies(home: Home, bot: Running, message: Any, count: int = 1) -> list[str]:
    await bot.until("the reply", lambda: len(home.replies(message)) >= count)
    return [str(each["content"]) for each in home.replies(message)]


async def test_who_asks_gets_the_explanation_instead_of_the_template(town: Home, watchman: Running) -> None:
    await switched_on(town)
    other = await town.alice.say(ASKING, town.chat)
    assert "Likely cause" not in (await replies(town, watchman, other))[0]
    asked = await town.bob.say(ASKING, town.help)
    assert "**Likely cause:** The package with `flask`" in (await replies(town, watchman, asked))[0]
    await fence(town, watchman)
    assert len(town.replies(asked)) == 1
    story = await watchman.story(asked)
    assert story["orchestrator"]["reason"] == "left to error_explainer"


async def test_a_trace_alone_is_explained_and_goes_with_its_message(town: Home, watchman: Running) -> None:
    await switched_on(town)
    posted = await town.alice.say(samples.RUST, town.help)
    assert "src/main.rs, line 4" in (await replies(town, watchman, posted))[0]
    await town.alice.delete(posted)

    async def is_empty() -> bool:
        return not await town.help.history()

    await watchman.until("the reply to be deleted", is_empty)


async def test_a_file_is_read(town: Home, watchman: Running) -> None:
    await switched_on(town)
    posted = await town.alice.say("log", town.help, attachments=[("error.txt", samples.GO.encode())])
    assert "**panic** in `~/x/store.go, line 9" in (await replies(town, watchman, posted))[0]


async def test_where_auto_replies_are_off_a_trace_is_still_explained(
    town: Home, watchman: Running, city: Sandbox
) -> None:
    await switched_on(town)
    await town.owner.slash("config autoreply", channel=town.help, options={"mode": "off"})
    asked = await town.bob.say(ASKING, town.help)
    assert "Likely cause" in (await replies(town, watchman, asked))[0]
