"""`/activity` and `/mystats`, from what is said in the sandbox to what members are shown."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer, Message
from sandbox.ops.registry import OperationError
from tests.e2e.harness import Home, Running, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
UP, CHECK = "\U0001f44d", "\u2705"


async def counted(bot: Running) -> None:
    """Return once nothing is left to be counted or stored."""
    await bot.until("the figures", lambda: not bot.rows("select slot from statistics_marks"))


def message_of(answer: Answer) -> Message:
    assert answer.message is not None
    return answer.message


def shown(answer: Answer) -> str:
    """Everything that an answer shows as text."""
    [embed] = message_of(answer).embeds
    fields = [f"{each['name']}: {each['value']}" for each in embed.get("fields", [])]
    return "\n".join(
        [embed["title"], embed.get("description", ""), *fields, embed.get("footer", {}).get("text", "")]
    )


async def talk(home: Home, bot: Running) -> Any:
    """Let Alice ask, Bob answer and Alice thank him; return the answer."""
    asked = await home.alice.say("good morning everyone", home.chat)
    answer = await home.bob.say("have a look at the second page", home.chat, reply_to=asked)
    await home.alice.say("thank you, that worked!", home.chat, reply_to=answer)
    await fence(home, bot)
    await counted(bot)
    return answer


async def test_members_see_who_writes_where_and_who_helps(town: Home, watchman: Running) -> None:
    await talk(town, watchman)
    answer = await town.alice.slash("activity", channel=town.chat)
    text = shown(answer)
    assert message_of(answer).ephemeral
    assert "**4** messages by 2 members" in text
    assert f"<#{town.chat.id}> 4 messages" in text
    assert f"<@{town.bob.id}> 1 answer" in text
    [picture] = message_of(answer).json["attachments"]
    assert "4 messages" in picture["description"]


async def test_a_member_sees_their_own_figures_and_nobody_else_does(town: Home, watchman: Running) -> None:
    await talk(town, watchman)
    for command in ("mystats", "myactivity"):
        mine = await town.bob.slash(command, channel=town.chat)
        assert message_of(mine).ephemeral
        assert "**2** messages on 1 day" in shown(mine)
        assert "**1** of your messages got thanks" in shown(mine)
    nothing = await town.owner.slash("mystats", channel=town.chat)
    assert "You wrote nothing" in shown(nothing)


async def test_admins_may_switch_mystats_off(town: Home, watchman: Running) -> None:
    with pytest.raises(OperationError, match="doesn't see /setmystats"):
        await town.bob.slash("setmystats", channel=town.chat, allowed=False)
    await town.owner.slash("setmystats", channel=town.chat, allowed=False)
    assert "switched `/mystats` off" in (await town.bob.slash("mystats", channel=town.chat)).content
    await town.owner.slash("setmystats", channel=town.chat, allowed=True)
    assert "nothing" in shown(await town.bob.slash("mystats", channel=town.chat))


async def test_hidden_channels_and_what_is_said_there_are_not_shown(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    hidden = {
        "everyone": {"deny": ["VIEW_CHANNEL"]},
        "bot": {"allow": ["VIEW_CHANNEL", "READ_MESSAGE_HISTORY"]},
    }
    secret = await city.channel("secret", guild=town.guild, overwrites=hidden)
    await town.owner.slash("channels track", channel=town.chat, options={"channel": secret})
    await town.owner.say("nobody may know of this", secret)
    await fence(town, watchman)
    await counted(watchman)
    for_bob = await town.bob.slash("activity", channel=town.chat)
    assert "**1** message by 1 member" in shown(for_bob)
    assert str(secret.id) not in str(message_of(for_bob).json)
    assert str(town.owner.id) not in shown(for_bob)
    assert "left out" in shown(for_bob)
    for_owner = await town.owner.slash("activity", channel=town.chat)
    assert f"<#{secret.id}> 1 message" in shown(for_owner)
    assert "**2** messages by 2 members" in shown(for_owner)


async def test_reactions_are_kept_taken_back_cleared_and_go_with_their_message(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    kept = "select user_id, emoji, kind from message_reactions where message_id = ? order by user_id, emoji"
    said = await town.alice.say("look at the second page", town.chat)
    await town.bob.react(said, CHECK)
    await town.alice.react(said, CHECK)  # one's own is no vote
    await town.owner.react(said, UP)
    both = [(town.bob.id, CHECK, "check"), (town.owner.id, UP, "positive")]
    await watchman.until("both", lambda: sorted(watchman.rows(kept, said.id)) == sorted(both))
    await counted(watchman)
    helped = "select helped from counted_messages where message_id = ?"
    assert watchman.rows(helped, said.id) == [(1,)]
    await town.bob.react(said, CHECK, add=False)
    await watchman.until("one", lambda: watchman.rows(kept, said.id) == both[1:])
    await watchman.until("no check", lambda: watchman.rows(helped, said.id) == [(0,)])
    await town.alice.delete(said)
    await watchman.until("nothing", lambda: watchman.rows(kept, said.id) == [])
    await watchman.until("uncounted", lambda: watchman.rows(helped, said.id) == [])


async def test_who_asks_too_often_is_told_to_wait(town: Home, watchman: Running) -> None:
    answers = [await town.bob.slash("mystats", channel=town.chat) for _ in range(4)]
    assert "Too often" in answers[-1].content
