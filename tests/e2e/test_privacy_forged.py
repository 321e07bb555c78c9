"""The buttons that confirm what `/privacy` asks: each is one member's, whoever presses it."""

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running
from tests.e2e.test_feedback import HELP
from tests.e2e.tickets.test_forged import press

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("what", ["delete", "opt_out", "keep"])
async def test_a_press_of_anothers_button_does_nothing(
    town: Home, city: Sandbox, watchman: Running, what: str
) -> None:
    said = await town.bob.say("good morning", town.chat)
    await watchman.story(said)
    question = await town.alice.say(HELP, town.help)
    reply = await city.wait_for_reply(to=question)
    answer = await press(town.bob, reply, f"privacy:{what}:{town.guild.id}:{town.alice.id}")
    assert "for somebody else" in answer.content
    assert answer.ephemeral
    assert watchman.rows("select 1 from opt_outs") == []
    assert watchman.rows("select author_id from signals where message_id = ?", said.id) == [(town.bob.id,)]
