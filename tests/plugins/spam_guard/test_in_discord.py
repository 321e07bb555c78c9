"""The spam guard in a whole bot: it holds, releases, times out, and says what it lacks."""

from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from tests.e2e.conftest import city, running_bot, watchman
from tests.e2e.harness import Home, Running, a_home

__all__ = ["city", "running_bot", "watchman"]
pytestmark = pytest.mark.asyncio(loop_scope="module")

SPAM = "Free Nitro for everyone! Claim your gift now: https://dlscord-gift.com/claim"


MAY = (
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "EMBED_LINKS",
    "READ_MESSAGE_HISTORY",
    "MANAGE_MESSAGES",
    "MODERATE_MEMBERS",
)


@pytest_asyncio.fixture(loop_scope="module")
async def town(city: Sandbox, watchman: Running, request: pytest.FixtureRequest) -> Home:
    return await a_home(city, request.node.name[:90], bot_permissions=MAY)


async def switched_on(home: Home, **settings: str) -> None:
    await home.with_staff()
    await told(home, "plugins enable", plugin="spam_guard")
    for key, value in {"dry_run": "no", **settings}.items():
        await told(home, "plugins config", plugin="spam_guard", key=key, value=value)


async def told(home: Home, command: str, **options: Any) -> None:
    answer = await home.owner.slash(command, channel=home.help, options=options)
    if not answer.message:
        await answer.followup()


async def notice(home: Home, bot: Running, holds: str = "") -> Any:
    """Return what staff see, once it holds something."""
    assert home.staff is not None
    staff = home.staff

    async def look() -> Any:
        found = [each for each in await staff.history() if each.json["embeds"]]
        return next((each for each in found if holds in each.json["embeds"][0].get("description", "")), None)

    return await bot.until(f"staff to be told: {holds}", look)


async def texts(channel: Any) -> list[str]:
    return [each.content for each in await channel.history()]


async def test_spam_is_held_and_released_with_a_button(town: Home, watchman: Running) -> None:
    await switched_on(town)
    await town.bob.say("hello there", town.chat)
    await town.bob.say(SPAM, town.chat)
    shown = await notice(town, watchman, "imitates")
    assert await texts(town.chat) == ["hello there"]
    refused = await town.alice.click(shown, "Release")
    assert refused.message is not None
    assert "staff" in refused.message.content
    await town.owner.click(shown, "Release")
    await notice(town, watchman, "released by staff")
    back = (await town.chat.history())[-1]
    assert "held as spam by mistake" in back.content
    assert SPAM in back.json["embeds"][0]["description"]


async def test_a_dry_run_does_nothing_but_tell(town: Home, watchman: Running) -> None:
    await switched_on(town, dry_run="yes")
    await town.bob.say(SPAM, town.chat)
    await notice(town, watchman, "would be held")
    assert await texts(town.chat) == [SPAM]


async def test_deleting_and_timing_out(town: Home, watchman: Running) -> None:
    await switched_on(town, delete_at="0.9", time_out_at="0.9")
    await town.bob.say(SPAM, town.chat)
    await notice(town, watchman, "deleted, timed out for 60 minutes")
    assert await texts(town.chat) == []
    with pytest.raises(Exception, match=r"(?i)timed|communication|permission|forbidden"):
        await town.bob.say("me again", town.chat)


async def test_an_exempt_role_and_staff_are_left_alone(town: Home, watchman: Running) -> None:
    trusted = await town.discord.role("trusted", guild=town.guild)
    friend = await town.person("friend", roles=[trusted])
    await switched_on(town, exempt_roles=f"<@&{trusted.id}>")
    await friend.say(SPAM, town.chat)
    await town.owner.say(SPAM, town.chat)
    await town.bob.say(SPAM, town.chat)
    await notice(town, watchman, "held")
    assert await texts(town.chat) == [SPAM, SPAM]


async def test_a_missing_permission_is_named_once(town: Home, watchman: Running) -> None:
    await switched_on(town)
    await town.chat.set_overwrites({"bot": {"deny": ["MANAGE_MESSAGES"]}})
    await town.bob.say(SPAM, town.chat)
    await town.alice.say(SPAM, town.chat)
    await notice(town, watchman, "2.")
    assert town.staff is not None
    named = [each for each in await texts(town.staff) if "missing permission: Manage Messages" in each]
    assert len(named) == 1
    assert await texts(town.chat) == [SPAM, SPAM]


async def test_a_raid_of_fifty_is_one_notice(town: Home, watchman: Running) -> None:
    await switched_on(town, actions_per_minute="5")
    for number in range(50):
        await town.alice.say(f"{SPAM}?id={number}", town.chat)
    await notice(town, watchman, "more messages within a minute")
    assert town.staff is not None

    async def is_quiet() -> bool:
        return len(await texts(town.chat)) == 45

    await watchman.until("five to be taken down", is_quiet)
    assert len([each for each in await town.staff.history() if each.json["embeds"]]) == 1


async def test_that_it_may_not_time_out_is_named(city: Sandbox, watchman: Running) -> None:
    town = await a_home(city, "no time-outs", bot_permissions=MAY[:-1])
    await switched_on(town, time_out_after="1")
    await town.bob.say(SPAM, town.chat)
    await notice(town, watchman, "held")
    assert town.staff is not None
    assert any("missing permission: Moderate Members" in each for each in await texts(town.staff))
    assert await texts(town.chat) == []


async def test_what_it_lacks_in_the_server_is_said_with_the_fix(city: Sandbox, watchman: Running) -> None:
    town = await a_home(city, "bare")
    answer = await town.owner.slash("plugins enable", channel=town.help, options={"plugin": "spam_guard"})
    told = (answer.message or await answer.followup()).content
    assert "I lack **Manage Messages, Moderate Members** in this server" in told
    assert f"guild_id={town.guild.id}" in told
    info = await town.owner.slash("plugins info", channel=town.help, options={"plugin": "spam_guard"})
    assert info.message is not None
    assert "I lack **Manage Messages" in str(info.message.embeds)
    able = await a_home(city, "able", bot_permissions=MAY)
    answer = await able.owner.slash("plugins enable", channel=able.help, options={"plugin": "spam_guard"})
    assert "I lack" not in (answer.message or await answer.followup()).content
    answer = await town.owner.slash(
        "plugins enable", channel=town.help, options={"plugin": "image_generation"}
    )
    assert "I lack" not in (answer.message or await answer.followup()).content, "it needs no more"
