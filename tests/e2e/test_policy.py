"""How often and when the bot answers: throttle, cooldown, quiet hours, confidence, with the defaults."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home, Running, a_discord, a_home

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 20, "user_cooldown_seconds": 60}}

HELP = "how do I install the driver on my machine?"
SPANISH = "hola a todos, how do I install el driver en mi máquina? no sé dónde está, gracias"


async def test_one_answer_in_a_channel_within_the_throttle(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    first = await town.alice.say(HELP, town.help)
    second = await town.bob.say(HELP, town.help)
    await city.wait_for_reply(to=first)
    assert "channel throttle" in (await watchman.story(second))["orchestrator"]["reason"]
    watchman.clock.ahead += timedelta(seconds=21)
    carol = await town.person("carol")
    await city.wait_for_reply(to=await carol.say(HELP, town.help))
    assert town.replies(second) == []


async def test_the_throttle_of_a_channel_is_not_that_of_its_threads(town: Home, city: Sandbox) -> None:
    thread = await town.bob.start_thread(await town.bob.say("drivers", town.help), "drivers")
    await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
    await city.wait_for_reply(to=await town.bob.say(HELP, thread))


async def test_one_answer_to_a_member_within_the_cooldown(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
    elsewhere = await town.alice.say("how can I change my avatar here?", town.chat)
    assert "this member" in (await watchman.story(elsewhere))["orchestrator"]["reason"]
    # What was refused to Alice has not used up the channel's turn.
    await city.wait_for_reply(to=await town.bob.say(HELP, town.chat))
    watchman.clock.ahead += timedelta(seconds=61)
    third = await city.channel("third", guild=town.guild)
    await city.wait_for_reply(to=await town.alice.say("how can I change my nickname here?", third))


async def test_a_crowd_asking_at_once_gets_one_answer_per_channel(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    people = [await town.person(f"member{number}") for number in range(8)]
    said = [await person.say(HELP, town.help) for person in people]
    stories = [await watchman.story(message) for message in said]
    assert [story["orchestrator"]["status"] for story in stories].count("responded") == 1
    assert len(town.posts(town.help)) == 1


async def test_quiet_hours_are_those_of_the_servers_time_zone(city: Sandbox, watchman: Running) -> None:
    east, west = await a_home(city, "Tokyo"), await a_home(city, "Accra")
    local = watchman.clock.now().astimezone(UTC) + timedelta(hours=9)  # Tokyo, all year
    hours = f"{local - timedelta(hours=2):%H:%M}-{local + timedelta(hours=2):%H:%M}"
    for home, zone in ((east, "Asia/Tokyo"), (west, "Africa/Accra")):
        await home.owner.slash("config timezone", channel=home.help, options={"zone": zone})
        await home.owner.slash("config quiet", channel=home.help, options={"hours": hours})
    quiet = await east.alice.say(HELP, east.help)
    loud = await west.alice.say(HELP, west.help)
    await city.wait_for_reply(to=loud)
    assert (await watchman.story(quiet))["orchestrator"]["reason"] == "quiet hours"
    assert east.posts(east.help) == []


async def test_the_urgent_reaches_staff_in_quiet_hours_too(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await town.with_staff()
    now = watchman.clock.now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    await town.owner.slash("config quiet", channel=town.help, options={"hours": hours})
    urgent = "URGENT: production is down, the server keeps crashing, please help asap!"
    story = await watchman.story(await town.alice.say(urgent, town.help))
    assert story["orchestrator"]["status"] == "escalated"
    assert len(town.posts(town.staff)) == 1
    assert town.posts(town.help) == []  # the settings say: no answers now


async def test_four_urgent_lines_in_a_row_are_one_alert_and_one_answer(town: Home, watchman: Running) -> None:
    await town.with_staff()
    lines = [
        await town.alice.say(f"URGENT: production is down {n}, please help!", town.help) for n in range(4)
    ]
    reasons = [(await watchman.story(line))["orchestrator"]["reason"] for line in lines]
    assert reasons == ["urgent"] + ["already with staff"] * 3
    assert len(town.posts(town.staff)) == 1
    assert len(town.posts(town.help)) == 1


async def test_a_language_is_answered_where_the_owner_enabled_it(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    asked = await town.alice.say(SPANISH, town.help)
    story = await watchman.story(asked)
    assert (story["language"], story["observer"]["intent"]) == ("es", "help_request")
    assert story["orchestrator"]["reason"] == "language not enabled here: es"
    assert story["observer"]["confidence"] < 0.5
    audit = await town.owner.slash("audit message", channel=town.help, options={"message": str(asked.id)})
    assert "language not enabled here: es" in str(
        [each.json for each in (audit.message, *audit.followups) if each]
    )
    for languages in ("French", "fr, Spanish"):
        options = {"languages": languages}
        await town.owner.slash("config languages", channel=town.help, options=options)
        asked = await town.bob.say(SPANISH, town.help)
        if "Spanish" in languages:
            await city.wait_for_reply(to=asked)
        else:
            assert "not enabled" in (await watchman.story(asked))["orchestrator"]["reason"]


async def test_what_a_restart_finds_is_still_throttled(running_bot: BotFactory) -> None:
    async with a_discord() as discord:
        home = await a_home(discord)
        async with running_bot(discord, **SETTINGS) as bot:
            await discord.wait_for_reply(to=await home.alice.say(HELP, home.help))
            await bot.until("the record", lambda: bot.rows("select 1 from signals where stage = 'done'"))
            folder = bot.folder
        async with running_bot(discord, folder=folder, **SETTINGS) as bot:
            again = await home.bob.say(HELP, home.help)
            assert (await bot.story(again))["orchestrator"]["reason"] == "channel throttle"
            elsewhere = await home.alice.say("how can I change my avatar here?", home.chat)
            assert "this member" in (await bot.story(elsewhere))["orchestrator"]["reason"]


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        pytest.param({"maintenance_mode": True}, "maintenance", id="maintenance mode"),
        pytest.param({"orchestrator": {"auto_reply": False}}, "off", id="auto-reply off"),
        pytest.param({"orchestrator": {"min_confidence": 1.0}}, "confident", id="confidence"),
        pytest.param({"orchestrator": {"quiet_hours": "now"}}, "quiet", id="quiet hours"),
    ],
)
async def test_the_settings_file_decides_where_no_server_did(
    running_bot: BotFactory, overrides: dict[str, Any], reason: str
) -> None:
    if overrides.get("orchestrator", {}).get("quiet_hours"):
        now = datetime.now(UTC)
        hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
        overrides = {"orchestrator": {"quiet_hours": hours}}
    async with a_discord() as discord:
        home = await a_home(discord)
        async with running_bot(discord, **overrides) as bot:
            story = await bot.story(await home.alice.say(HELP, home.help))
            assert story["observer"]["intent"] == "help_request"
            assert story["orchestrator"]["status"] == "skipped"
            assert reason in story["orchestrator"]["reason"]
        assert discord.record.messages(bot=True) == []
