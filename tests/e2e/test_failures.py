"""When Discord refuses or fails: one answer or none, never two, and the trail says what happened."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.faults import Rule
from tests.e2e.harness import Home, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"
POST = "POST /channels/*/messages"


@pytest.fixture(autouse=True)
def _healed(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "city" in request.fixturenames:
        request.getfixturevalue("city").faults.clear()


def tries(city: Sandbox, place: Any) -> list[dict[str, Any]]:
    """Return the requests that posted, or tried to, in a channel."""
    return [
        e for e in city.record.of("request", method="POST") if e["path"] == f"/channels/{place.id}/messages"
    ]


async def test_a_message_deleted_before_the_answer_is_skipped_and_that_is_logged(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    city.faults.latency = 0.3
    message = await town.alice.say(HELP, town.help)

    async def acting() -> bool:
        return bool(watchman.rows("select 1 from actions where reference_id = ?", message.id))

    await watchman.until("the plan", acting)
    await message.delete()
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "skipped"
    assert "gone" in story["orchestrator"]["reason"]
    (action,) = story["actions"]
    assert (action["status"], action["message_id"]) == ("skipped", None)
    assert town.posts(town.help) == []
    assert watchman.log.said("gone", str(action["id"]))


async def test_a_message_deleted_at_once_is_not_answered(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await town.alice.say(HELP, town.help)
    await message.delete()
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "skipped"
    assert town.replies(message) == []


async def test_a_channel_deleted_before_the_answer_is_skipped(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    city.faults.latency = 0.3
    place = await city.channel("doomed", guild=town.guild)
    message = await town.alice.say(HELP, place)
    await watchman.until(
        "the plan", lambda: watchman.rows("select 1 from actions where reference_id = ?", message.id)
    )
    await place.delete()
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "skipped"


@pytest.mark.parametrize(
    ("denied", "named"),
    [
        pytest.param("SEND_MESSAGES", "Send Messages", id="may not post"),
        pytest.param("READ_MESSAGE_HISTORY", "Read Message History", id="may not reply"),
    ],
)
async def test_the_owner_is_told_once_per_channel_what_is_missing(
    town: Home, city: Sandbox, watchman: Running, denied: str, named: str
) -> None:
    mute = await city.channel("mute", guild=town.guild, overwrites={"bot": {"deny": [denied]}})
    other = await city.channel("mute-too", guild=town.guild, overwrites={"bot": {"deny": [denied]}})
    dm = await town.owner.dm()
    before = len(town.posts(dm))
    for number, place in enumerate((mute, mute, other)):
        person = await town.person(f"member{number}")
        message = await person.say(HELP, place)
        story = await watchman.story(message)
        assert story["orchestrator"]["status"] == "skipped"
        assert named in story["orchestrator"]["reason"]
        assert town.replies(message) == []
    told = town.posts(dm)[before:]
    assert len(told) == 2
    assert all(named in entry["content"] for entry in told)
    assert f"<#{mute.id}>" in told[0]["content"]
    assert f"<#{other.id}>" in told[1]["content"]


async def test_an_answer_in_a_thread_names_the_threads_permission(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    place = await city.channel(
        "no-threads", guild=town.guild, overwrites={"bot": {"deny": ["SEND_MESSAGES_IN_THREADS"]}}
    )
    thread = await town.alice.start_thread(await town.alice.say("one", place), "one")
    story = await watchman.story(await town.alice.say(HELP, thread))
    assert "Send Messages In Threads" in story["orchestrator"]["reason"]


async def test_an_owner_who_takes_no_messages_is_tried_once(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    mute = await city.channel("mute", guild=town.guild, overwrites={"bot": {"deny": ["SEND_MESSAGES"]}})
    dm = await town.owner.dm()
    before = len(tries(city, dm))
    city.faults.rules.append(Rule(f"POST /channels/{dm.id}/messages", "fail_before", 9, 403))
    for number in range(2):
        person = await town.person(f"member{number}")
        story = await watchman.story(await person.say(HELP, mute))
        assert story["orchestrator"]["status"] == "skipped"
    assert len(tries(city, dm)) == before + 1


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        pytest.param("rate_limit", {"retry_after": 0.05}, id="429"),
        pytest.param("rate_limit", {"retry_after": 0.05, "scope": "shared"}, id="429 of everybody"),
        pytest.param("rate_limit", {"retry_after": 0.05, "is_global": True}, id="429 everywhere"),
        pytest.param("fail", {"status": 500}, id="500 before the write"),
        pytest.param("fail", {"status": 502}, id="502 before the write"),
        pytest.param("fail", {"status": 500, "when": "after"}, id="500 after the write"),
        pytest.param("fail", {"status": 504, "when": "after"}, id="504 after the write"),
        pytest.param("fail", {"status": 503}, id="503 before the write"),
        pytest.param("fail", {"status": 503, "when": "after"}, id="503 after the write"),
    ],
)
async def test_one_answer_in_spite_of_failures_and_the_retries_are_written_down(
    town: Home, city: Sandbox, watchman: Running, fault: str, more: dict[str, Any]
) -> None:
    getattr(city.faults, fault)(POST, times=1, **more)
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "responded"
    (reply,) = town.replies(message)
    (action,) = story["actions"]
    assert (action["status"], int(action["message_id"])) == ("sent", reply["message_id"])
    assert action["retries"] == 1
    bodies = [entry["body"] for entry in tries(city, town.help) if entry["body"]]  # a refusal reads none
    assert len({body["nonce"] for body in bodies}) == 1
    assert all(body["enforce_nonce"] for body in bodies)


@pytest.mark.parametrize("nonce", [True, False], ids=["nonce enforced", "nonce forgotten"])
async def test_a_connection_lost_after_the_write_costs_no_second_answer(
    town: Home, city: Sandbox, watchman: Running, nonce: bool
) -> None:
    city.faults.enforce_nonce = nonce
    city.faults.fail(POST, times=1, status=503, when="after")
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    (reply,) = town.replies(message)
    assert int(story["actions"][0]["message_id"]) == reply["message_id"]


async def test_a_dropped_connection_costs_no_second_answer(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    city.faults.drop(POST, times=1)
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    (reply,) = town.replies(message)
    (action,) = story["actions"]
    assert (action["status"], int(action["message_id"])) == ("sent", reply["message_id"])
    assert action["attempts"] + action["retries"] > 1


async def test_failures_in_a_row_end_in_one_answer(town: Home, city: Sandbox, watchman: Running) -> None:
    city.faults.rate_limit(POST, times=1, retry_after=0.05)
    city.faults.fail(POST, times=1, status=503, when="after")
    city.faults.fail("GET /channels/*/messages", times=1, status=503)
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "responded"
    assert len(town.replies(message)) == 1
    assert story["actions"][0]["retries"] == 3


async def test_a_slow_channel_holds_up_no_other(town: Home, city: Sandbox, watchman: Running) -> None:
    carol = await town.person("carol")
    await city.wait_for_reply(to=await carol.say(HELP, town.chat))  # so that the connection stands
    city.faults.rate_limit(f"POST /channels/{town.help.id}/messages", times=1, retry_after=2.0)
    slow = await town.alice.say(HELP, town.help)
    await watchman.until(
        "the plan", lambda: watchman.rows("select 1 from actions where reference_id = ?", slow.id)
    )
    await city.wait_for_reply(to=await town.bob.say("how can I change my avatar here?", town.chat))
    assert town.replies(slow) == []
    await city.wait_for_reply(to=slow)


async def test_an_own_event_before_its_answer_is_not_taken_for_a_members(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    for order in ("before", "after"):
        city.faults.own_events = order
        person = await town.person(order)
        message = await person.say(HELP, town.help)
        story = await watchman.story(message)
        (reply,) = town.replies(message)
        assert int(story["actions"][0]["message_id"]) == reply["message_id"]
        assert not await watchman.stored(reply["message_id"])


async def test_an_archived_thread_is_answered_in(town: Home, city: Sandbox, watchman: Running) -> None:
    thread = await town.alice.start_thread(await town.alice.say("one", town.help), "one")
    await thread.edit(archived=True)
    message = await town.alice.say(HELP, thread)
    assert (await city.wait_for_reply(to=message)).channel_id == thread.id


async def test_a_locked_thread_is_skipped(town: Home, city: Sandbox, watchman: Running) -> None:
    city.faults.latency = 0.3
    thread = await town.alice.start_thread(await town.alice.say("one", town.help), "one")
    message = await town.alice.say(HELP, thread)
    await thread.edit(archived=True, locked=True)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "skipped"


async def test_discord_down_for_good_gives_up_and_says_so(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    city.faults.fail(POST, times=1_000, status=503)
    message = await town.alice.say(HELP, town.help)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "skipped"
    assert "unreachable" in story["orchestrator"]["reason"]
    (action,) = story["actions"]
    assert (action["status"], action["message_id"]) == ("failed", None)
    assert action["attempts"] > 2
    assert town.replies(message) == []
    city.faults.clear()
    later = await town.person("later")
    await city.wait_for_reply(to=await later.say(HELP, town.help))
