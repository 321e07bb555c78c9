"""Thumbs under the bot's answers and staff's corrections, from Discord to the database."""

from pathlib import Path
from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running, a_bot, a_discord, a_home

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"
UP, DOWN, PARTY = "\U0001f44d", "\U0001f44e", "\U0001f389"
GIVEN = "select user_id, giver, verdict, intent, correct_intent, confidence from feedback where signal_id = ?"


def given(bot: Running, message: Any) -> list[tuple[Any, ...]]:
    """What the database has of feedback on `message`, oldest first: who, as whom, what."""
    return [row[:3] for row in bot.rows(f"{GIVEN} order by id", f"discord:{message.id}")]


async def answered(home: Home, city: Sandbox, bot: Running, channel: Any = None) -> tuple[Any, Any]:
    """Have Alice ask; return her message and the bot's answer, of which the bot knows."""
    message = await home.alice.say(HELP, channel or home.help)
    reply = await city.wait_for_reply(to=message)
    await bot.story(message)
    return message, reply


async def test_a_thumb_under_an_answer_is_stored_with_who_gave_it(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message, reply = await answered(town, city, watchman)
    await town.alice.react(reply, DOWN)
    await watchman.until("Alice's", lambda: len(given(watchman, message)) == 1)
    await town.bob.react(reply, UP)
    await watchman.until("Bob's", lambda: len(given(watchman, message)) == 2)
    await town.owner.react(reply, DOWN)
    await watchman.until("the owner's", lambda: len(given(watchman, message)) == 3)
    assert given(watchman, message) == [
        (town.alice.id, "asker", "wrong"),
        (town.bob.id, "member", "right"),
        (town.owner.id, "staff", "wrong"),
    ]
    story = await watchman.story(message)
    [first, *_] = watchman.rows(GIVEN, f"discord:{message.id}")
    assert first[3:] == (story["observer"]["intent"], None, story["observer"]["confidence"])


async def test_the_newer_thumb_counts_and_taking_it_back_removes_it(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message, reply = await answered(town, city, watchman)
    await town.alice.react(reply, UP)
    await town.alice.react(reply, DOWN)
    newer = [(town.alice.id, "asker", "wrong")]
    await watchman.until("the newer", lambda: given(watchman, message) == newer)
    await town.alice.react(reply, DOWN, add=False)
    await watchman.until("nothing", lambda: given(watchman, message) == [])


async def test_nothing_else_is_stored(town: Home, city: Sandbox, watchman: Running) -> None:
    message, reply = await answered(town, city, watchman)
    said = await town.bob.say("good morning", town.chat)
    await watchman.story(said)
    await town.bob.react(reply, PARTY)
    await town.alice.react(said, DOWN)
    await town.alice.react(reply, UP)  # the last of them, so that the others have been through
    await watchman.until("Alice's", lambda: given(watchman, message))
    assert given(watchman, message) == [(town.alice.id, "asker", "right")]
    assert given(watchman, said) == []


@pytest.mark.parametrize("what", ["message", "answer", "channel"])
async def test_what_was_said_of_a_message_goes_with_it(
    town: Home, city: Sandbox, watchman: Running, what: str
) -> None:
    message, reply = await answered(town, city, watchman)
    await town.alice.react(reply, DOWN)
    await watchman.until("Alice's", lambda: given(watchman, message))
    if what == "message":
        await message.delete()
    elif what == "answer":
        await town.owner.delete(reply)
    else:
        await town.help.delete()
    await watchman.until("nothing", lambda: given(watchman, message) == [])


async def test_staff_correct_a_judgement(town: Home, city: Sandbox, watchman: Running) -> None:
    message, _ = await answered(town, city, watchman)
    options = {"message": str(message.id), "intent": "other"}
    answer = await town.owner.slash("audit correct", channel=town.help, options=options)
    told = "".join(each.content for each in (answer.message, *answer.followups) if each)
    assert "Noted: it is **other**, and I took it for help request." in told
    assert answer.ephemeral
    assert given(watchman, message) == [(town.owner.id, "staff", "wrong")]


async def test_an_owners_own_choice_of_intents_leaves_reactions_out(
    tmp_path: Path, sqlite_template: Path
) -> None:
    async with a_discord() as discord:
        home = await a_home(discord)
        known: dict[str, Any] = {
            "token": discord.token, "api_url": discord.api_url, "gateway_url": discord.gateway_url,
            "cdn_url": discord.cdn_url, "intents": "guilds,guild_messages,message_content",
        }  # fmt: skip
        async with a_bot(discord, tmp_path, sqlite_template, SETTINGS | {"discord": known}) as bot:
            message, reply = await answered(home, discord, bot)
            await home.alice.react(reply, DOWN)
            await answered(home, discord, bot, home.chat)
            assert given(bot, message) == []


async def test_the_buttons_under_an_answer_are_for_who_asked_and_staff(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message, reply = await answered(town, city, watchman)
    thumbs = [button["emoji"]["name"] for button in reply.components[0]["components"]]
    assert thumbs == [UP, DOWN]
    pressed = await town.alice.click(reply, "verdict:wrong")
    assert "noted that it didn't help" in str((await pressed.refresh()).json)
    assert given(watchman, message) == [(town.alice.id, "asker", "wrong")]
    await town.alice.click(reply, "verdict:right")  # the newer counts
    await town.owner.click(reply, "verdict:wrong")
    refused = await town.bob.click(reply, "verdict:wrong")
    assert "Only who asked and this server's staff" in str((await refused.refresh()).json)
    assert given(watchman, message) == [
        (town.alice.id, "asker", "right"),
        (town.owner.id, "staff", "wrong"),
    ]


async def test_the_figures_tell_how_answers_did(town: Home, city: Sandbox, watchman: Running) -> None:
    _message, reply = await answered(town, city, watchman)
    await town.alice.click(reply, "verdict:wrong")
    answer = await town.owner.slash("feedback", channel=town.chat)
    shown = str([each.embeds for each in (answer.message, *answer.followups) if each])
    assert f"shown 1, {UP} 0, {DOWN} 1, edited 0, dismissed 0" in shown
    assert "confidence 0.60, the default" in shown
