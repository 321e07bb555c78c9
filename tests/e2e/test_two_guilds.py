"""Two servers with the same names, people and texts share nothing but the bot."""

from datetime import timedelta
from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running, a_home

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {}

HELP = "how do I install the driver on my machine?"
URGENT = "URGENT: production is down, the server keeps crashing, please help asap!"
THROTTLE = timedelta(seconds=61)


async def pair(city: Sandbox, name: str) -> tuple[Home, Home]:
    """Make two guilds of the same name with the same accounts, channels and roles."""
    return await a_home(city, name), await a_home(city, name)


async def config(home: Home, name: str, **options: Any) -> None:
    await home.owner.slash(f"config {name}", channel=home.help, options=options)


async def test_the_same_words_are_answered_in_both_each_in_its_own(city: Sandbox, watchman: Running) -> None:
    homes = await pair(city, "Twins of words")
    said = [await home.alice.say(HELP, home.help) for home in homes]
    for home, message in zip(homes, said, strict=True):
        # The cooldown and the throttle of one are not those of the other.
        reply = await city.wait_for_reply(to=message)
        assert reply.channel_id == home.help.id
        story = await watchman.story(message)
        assert int(story["message"]["guild_id"]) == home.guild.id
        (entry,) = home.replies(message)
        assert entry["guild_id"] == home.guild.id


async def test_settings_of_one_are_not_those_of_the_other(city: Sandbox, watchman: Running) -> None:
    quiet, lively = await pair(city, "Twins of settings")
    await config(quiet, "autoreply", mode="off")
    await quiet.owner.slash("channels ignore", channel=quiet.help, options={"channel": quiet.chat})
    tip = "Read the guide of the other server."
    await quiet.owner.slash("channels tip", channel=quiet.help, options={"channel": quiet.help, "text": tip})
    in_quiet = await quiet.alice.say(HELP, quiet.help)
    in_lively = await lively.alice.say(HELP, lively.help)
    reply = await city.wait_for_reply(to=in_lively)
    assert tip not in reply.content
    assert "off" in (await watchman.story(in_quiet))["orchestrator"]["reason"]
    ignored = await quiet.bob.say("hello", quiet.chat)
    heard = await lively.bob.say("hello", lively.chat)
    await watchman.story(heard)
    assert not await watchman.stored(ignored)
    assert quiet.posts(quiet.help) == []


async def test_each_has_its_own_staff(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of staff")
    await first.with_staff()
    await second.with_staff()
    alerts = []
    for home in (first, second):
        message = await home.alice.say(URGENT, home.help)
        assert (await watchman.story(message))["orchestrator"]["status"] == "escalated"
        (alert,) = home.posts(home.staff)
        assert f"/channels/{home.guild.id}/{home.help.id}/{message.id}" in alert["content"]
        alerts.append(alert)
    assert str(second.guild.id) not in alerts[0]["content"]
    assert str(first.guild.id) not in alerts[1]["content"]


async def test_what_was_escalated_in_one_does_not_silence_the_other(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of reports")
    await first.with_staff()
    await second.with_staff()
    await watchman.story(await first.alice.say(URGENT, first.help))
    story = await watchman.story(await second.alice.say(URGENT, second.help))
    assert story["orchestrator"]["status"] == "escalated", story["orchestrator"]
    assert len(second.posts(second.staff)) == 1


async def test_reports_in_one_do_not_count_in_the_other(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of counts")
    await first.with_staff()
    await second.with_staff()
    report = "my upload fails with a timeout, any idea why?"
    outcomes = []
    for home in (first, second, first, second):
        story = await watchman.story(await home.alice.say(report, home.help))
        outcomes.append((story["orchestrator"]["status"], story["orchestrator"]["reason"]))
        watchman.clock.ahead += THROTTLE
    # Two each: their follow-ups go to staff, but never as a report repeated three times.
    answered = ("responded", "problem report")
    assert outcomes == [answered, answered, *[("escalated", "no answer after a follow-up")] * 2]


async def test_the_audit_of_the_other_server_is_refused(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of audits")
    message = await first.alice.say("a secret of the first server", first.help)
    await watchman.story(message)
    link = f"https://discord.com/channels/{second.guild.id}/{first.help.id}/{message.id}"
    for given in (str(message.id), link):
        answer = await second.owner.slash("audit message", channel=second.help, options={"message": given})
        told = str([item.json for item in [*([answer.message] if answer.message else []), *answer.followups]])
        assert "I have nothing on record about that message" in told
        assert "a secret of the first" not in told
    answer = await first.owner.slash(
        "audit message", channel=first.help, options={"message": str(message.id)}
    )
    assert "a secret of the first" in str([item.json for item in [answer.message, *answer.followups] if item])


async def test_a_staff_channel_of_another_server_can_not_be_set(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of channels")
    registered = {item["name"]: item["id"] for item in await city.call("commands")}
    for command, sub in (("config", "staff"), ("channels", "ignore"), ("channels", "tip")):
        # A client would never send it; a forged interaction carries the id and its object.
        chosen = {"type": 7, "name": "channel", "value": str(second.chat.id)}
        text = [{"type": 3, "name": "text", "value": "x"}] if sub == "tip" else []
        options = [{"type": 1, "name": sub, "options": [chosen, *text]}]
        resolved = {"channels": {str(second.chat.id): second.chat.json | {"permissions": "0"}}}
        data = {"id": registered[command], "name": command, "type": 1, "options": options}
        answer = await first.owner.forge(data | {"resolved": resolved}, channel=first.help)
        assert "can't see" in answer.content
    assert watchman.rows("select staff_channel_id from guilds where id = ?", first.guild.id) in (
        [(None,)],
        [],
    )
    owners = dict(watchman.rows("select id, guild_id from channels where id = ?", second.chat.id))
    assert owners.get(second.chat.id, second.guild.id) == second.guild.id
    heard = await second.alice.say("hello", second.chat)
    await watchman.story(heard)


async def test_ignored_roles_belong_to_their_server(city: Sandbox, watchman: Running) -> None:
    first, second = await pair(city, "Twins of roles")
    role = await city.role("helpers", guild=first.guild)
    await city.member("alice", guild=first.guild, roles=[role])
    await config(first, "role", role=role.id, ignored=True)
    muted = await first.alice.say(HELP, first.help)
    free = await second.alice.say(HELP, second.help)
    await city.wait_for_reply(to=free)
    assert (await watchman.story(muted))["orchestrator"]["status"] == "skipped"
    assert first.posts(first.help) == []
