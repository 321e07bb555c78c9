"""The promise of the first page: a member asks for help in a thread and is answered there, with a trail."""

import pytest

from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import SHARED, Home
from tests.sandbox import openapi

REPORT = "I get a 403 from the API with my new token, can anyone help?"


async def test_a_problem_told_in_a_thread_is_answered_there_with_a_trail(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    async with running_bot(discord) as bot:
        hello = await home.bob.say("good morning everyone", home.help)
        opening = await home.bob.say("let's collect API questions here", home.help)
        thread = await home.bob.start_thread(opening, "API questions")
        report = await home.alice.say(REPORT, thread)
        reply = await discord.wait_for_reply(to=report)
        assert (reply.channel_id, reply.reference_id) == (thread.id, report.id)
        assert reply.author_id == discord.bot_user.id
        story = await bot.story(report)
        assert story["id"] == f"discord:{report.id}"
        message = story["message"]
        assert message["content"] == REPORT
        ids = ("guild_id", "channel_id", "thread_id", "message_id", "author_id")
        assert [int(message[key]) for key in ids] == [
            home.guild.id, home.help.id, thread.id, report.id, home.alice.id,
        ]  # fmt: skip
        assert (story["nano_tags"]["purpose"], story["nano_tags"]["sentiment"]) == ("support", "neg")
        assert story["observer"]["intent"] == "problem_report"
        assert 0.6 <= story["observer"]["confidence"] <= 1
        assert 0 < len(story["observer"]["rationale"].split()) <= 20
        assert story["orchestrator"]["status"] == "responded"
        assert story["orchestrator"]["plan"] == "reply"
        (action,) = story["actions"]
        assert [int(each) for each in story["orchestrator"]["action_ids"]] == [int(action["id"])]
        assert (action["kind"], action["status"], int(action["message_id"])) == ("reply", "sent", reply.id)
        assert int(action["channel_id"]) == thread.id
        assert int(action["reference_id"]) == report.id
        assert action["content"] == reply.content
        assert action["attempts"] == 1
        assert action["retries"] == 0
        assert all(
            story["times"][name] for name in ("created", "ingested", "observed", "decided", "finished")
        )
        trail = bot.log.said(f"'signal': 'discord:{report.id}'")
        (sent,) = (
            number for number, line in enumerate(trail) if f"Action {action['id']} reply: sent" in line
        )
        assert any("Done: responded" in line for line in trail[sent:])
        assert all(f"'guild_id': {home.guild.id}" in line for line in trail)
        for other in (hello, opening):
            assert (await bot.story(other))["orchestrator"]["status"] == "skipped"
        assert [entry["message_id"] for entry in discord.record.messages(bot=True)] == [reply.id]
        assert len(bot.rows("select id from actions")) == 1
        assert bot.rows("select message_id from actions") == [(reply.id,)]


async def test_what_is_sent_is_what_discord_documents(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    if not (SHARED / "specs").is_dir():
        pytest.skip("../shared/specs is absent")
    async with running_bot(discord) as bot:
        thread = await home.alice.start_thread(await home.bob.say("API", home.help), "API")
        report = await home.alice.say(REPORT, thread)
        await discord.wait_for_reply(to=report)
        await bot.until("the commands", lambda: bool(discord.app.commands))
    assert openapi.assert_conforms(discord.record) >= 4
