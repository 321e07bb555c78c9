"""Replies outside tickets out of what staff taught."""

from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}
ASKED = "how do I install the driver on my machine? I need help"


async def teach(town: Home, question: str, answer: str) -> None:
    options = {"question": question, "answer": answer}
    await town.owner.slash("train add", channel=town.chat, options=options)


def kept(town: Home, watchman: Running) -> list[tuple[Any, ...]]:
    return watchman.rows(
        "select outcome, band, written_by from questions where guild_id = ? order by id", town.guild.id
    )


async def test_a_trained_answer_takes_the_templates_place_and_is_named(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    first = await town.alice.say(ASKED, town.help)
    template = await city.wait_for_reply(to=first)
    await teach(town, ASKED, "Take it from **@everyone**'s page.")
    asked = await town.bob.say(ASKED, town.chat)
    reply = await city.wait_for_reply(to=asked)
    [(entry_id,)] = watchman.rows("select id from training_entries where guild_id = ?", town.guild.id)
    assert template.content != reply.content
    assert reply.content == f"Take it from **@everyone**'s page.\n-# Answer by the team, entry #{entry_id}"
    [entry] = town.replies(asked)
    assert entry["allowed_mentions"]["parse"] == []
    story = await watchman.story(asked)
    assert [each["written_by"] for each in story["actions"]] == [f"trained #{entry_id}"]
    assert [row[0] for row in kept(town, watchman)] == ["silent", "answered"]
    assert kept(town, watchman)[1][1:] == ("trained", f"trained #{entry_id}")
    used = watchman.rows("select used_count from training_entries where id = ?", entry_id)
    assert used == [(1,)]


async def test_what_is_not_trained_gets_the_template_and_is_kept_as_unanswered(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await teach(town, "When does the shop open?", "At nine.")
    asked = await town.alice.say(ASKED, town.help)
    reply = await city.wait_for_reply(to=asked)
    assert "entry #" not in reply.content
    await watchman.until("it is kept", lambda: [row[0] for row in kept(town, watchman)] == ["silent"])


async def test_an_answer_too_long_for_a_message_is_not_posted_as_written(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await teach(town, ASKED, "so it goes " * 300)
    asked = await town.alice.say(ASKED, town.help)
    assert "so it goes" not in (await city.wait_for_reply(to=asked)).content
    await fence(town, watchman)
    assert len(town.replies(asked)) == 1
