"""The 🆘 reaction: whoever sees a message calls the bot to it."""

from typing import Any

import pytest

from bot.domain.summons import EMOJI, PER_MEMBER, PER_PLACE
from sandbox import Sandbox
from tests.e2e.harness import Home, Running, a_home, fence
from tests.e2e.test_feedback import HELP

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}
CHATTER = "had a lovely walk along the river today"
CALLS = "select user_id, state from summons where signal_id = ? order by id"


def calls(bot: Running, message: Any) -> list[tuple[Any, ...]]:
    """Who called to `message`, and what came of it."""
    return bot.rows(CALLS, f"discord:{message.id}")


async def settled(bot: Running, message: Any, count: int = 1) -> list[tuple[Any, ...]]:
    """Return the calls to `message` when something has come of `count` of them."""

    def look() -> list[tuple[Any, ...]]:
        found = calls(bot, message)
        return found if len(found) == count and all(state != "open" for _, state in found) else []

    found: list[tuple[Any, ...]] = await bot.until("the calls to be seen to", look)
    return found


async def quiet(home: Home, bot: Running, member: Any, message: Any = None) -> None:
    """Return once every reaction given before has been through: a call by `member` to something else."""
    if message is None:
        message = await home.alice.say(CHATTER, home.chat)
        await bot.story(message)
    await member.react(message, EMOJI)
    await settled(bot, message)
    await bot.story(message)


async def out(member: Any, home: Home) -> None:
    """Have a member opt out here."""
    asked = await member.slash("privacy opt-out", channel=home.chat)
    await member.click(asked.message, "Opt out and delete")
    await asked.refresh()


async def chatted(home: Home, bot: Running, words: str = CHATTER) -> Any:
    """Have Alice say something that the bot leaves alone."""
    message = await home.alice.say(words, home.help)
    assert (await bot.story(message))["orchestrator"]["status"] == "skipped"
    return message


async def test_a_call_has_a_message_answered_in_which_nothing_was_recognised(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await chatted(town, watchman)
    await town.bob.react(message, EMOJI)
    reply = await city.wait_for_reply(to=message)
    assert reply.content
    story = await watchman.story(message)
    assert story["orchestrator"]["reason"] == "summoned: help request"
    assert story["observer"]["light"]["intent"] == "other"
    assert [(each["user_id"], each["state"]) for each in story["summons"]] == [(str(town.bob.id), "taken")]
    options = {"message": str(message.id)}
    audit = await town.owner.slash("audit message", channel=town.chat, options=options)
    shown = str([each.embeds for each in (audit.message, *audit.followups) if each])
    assert f"<@{town.bob.id}>: I looked at it" in shown


async def test_a_second_call_joins_and_nothing_is_said_twice(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await chatted(town, watchman)
    await town.bob.react(message, EMOJI)
    await city.wait_for_reply(to=message)
    await watchman.story(message)
    await town.owner.react(message, EMOJI)
    assert [state for _, state in await settled(watchman, message, 2)] == ["taken", "joined"]
    await town.bob.react(message, EMOJI, add=False)
    await town.bob.react(message, EMOJI)
    await quiet(town, watchman, town.owner)
    assert len(calls(watchman, message)) == 2
    assert len(town.replies(message)) == 1


async def test_a_message_from_before_the_bot_came_is_read_and_answered(
    city: Sandbox, watchman: Running
) -> None:
    home = await a_home(city, "Old", bots=[])
    message = await home.alice.say(HELP, home.help)
    await city.invite(None, guild=home.guild)
    await fence(home, watchman)
    assert not await watchman.stored(message)
    await home.bob.react(message, EMOJI)
    await city.wait_for_reply(to=message)
    assert [state for _, state in await settled(watchman, message, 1)] == ["taken"]


async def test_whoever_has_opted_out_neither_calls_nor_is_answered(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await chatted(town, watchman)
    await out(town.bob, town)
    await town.bob.react(message, EMOJI)
    theirs = await town.bob.say(HELP, town.help)
    await town.owner.react(theirs, EMOJI)
    await quiet(town, watchman, town.owner, message)
    assert calls(watchman, message) == [(town.owner.id, "taken")]
    assert calls(watchman, theirs) == []
    assert town.replies(theirs) == []
    assert not await watchman.stored(theirs)


async def test_private_and_ignored_channels_and_bots_messages_are_left_alone(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    hidden = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}
    private = await city.channel("private", guild=town.guild, overwrites=hidden)
    secret = await town.owner.say(HELP, private)
    await town.owner.react(secret, EMOJI)
    question = await town.alice.say(HELP, town.help)
    reply = await city.wait_for_reply(to=question)
    await watchman.story(question)
    await town.owner.react(reply, EMOJI)
    message = await chatted(town, watchman)
    await town.owner.slash("channels ignore", channel=town.chat, options={"channel": town.help})
    await town.owner.react(message, EMOJI)
    await quiet(town, watchman, town.bob)
    assert [calls(watchman, each) for each in (secret, reply, message)] == [[], [], []]
    assert town.posts(private) == []
    assert town.replies(message) == []


async def test_a_member_calls_only_so_often(town: Home, city: Sandbox, watchman: Running) -> None:
    messages = [await chatted(town, watchman) for _ in range(PER_PLACE + 1)]
    for message in messages[: PER_MEMBER + 1]:
        await town.bob.react(message, EMOJI)
    for message in messages[:PER_MEMBER]:
        await settled(watchman, message)
    await quiet(town, watchman, town.owner)
    assert calls(watchman, messages[PER_MEMBER]) == []
    third = await town.person("third")
    for message in messages[PER_MEMBER:]:
        await third.react(message, EMOJI)
        if message is not messages[-1]:
            await settled(watchman, message)
    await quiet(town, watchman, town.owner)
    assert calls(watchman, messages[-1]) == []  # the channel has had its calls
    assert town.replies(messages[-1]) == []


async def test_a_call_does_not_override_what_the_owner_switched_off(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await chatted(town, watchman)
    await town.owner.slash("config autoreply", channel=town.help, options={"mode": "off"})
    await town.bob.react(message, EMOJI)
    await settled(watchman, message)
    story = await watchman.story(message)
    assert story["orchestrator"]["reason"] == "auto-replies are off here"
    assert town.replies(message) == []


async def test_in_suggest_mode_a_call_asks_staff(town: Home, city: Sandbox, watchman: Running) -> None:
    await town.with_staff()
    await town.owner.slash("config autoreply", channel=town.help, options={"mode": "suggest"})
    message = await chatted(town, watchman)
    await town.bob.react(message, EMOJI)
    await settled(watchman, message)
    assert (await watchman.story(message))["orchestrator"]["status"] == "suggested"
    assert town.replies(message) == []
