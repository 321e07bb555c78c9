"""What a gateway should not send and some day does: nothing is lost, nothing crashes, answers go on."""

from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Message
from sandbox.sessions import dumps
from tests.e2e.harness import Home, Running, fence

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"


def event_of(city: Sandbox, message: Message) -> dict[str, Any]:
    """Return the MESSAGE_CREATE the sandbox sent for a message."""
    return next(
        dict(entry["data"])
        for entry in city.record.of("gateway_out", event="MESSAGE_CREATE")
        if (entry["data"] or {}).get("id") == str(message.id)
    )


async def still_answers(town: Home, city: Sandbox) -> None:
    """Check that the bot answers someone new."""
    person = await town.person("late")
    await city.wait_for_reply(to=await person.say(HELP, town.help), timeout=10)


@pytest.mark.parametrize("copies", [1, 20])
async def test_a_repeated_event_is_stored_and_answered_once(
    town: Home, city: Sandbox, watchman: Running, copies: int
) -> None:
    message = await town.alice.say(HELP, town.help)
    for _ in range(copies):
        await city.inject("MESSAGE_CREATE", event_of(city, message))
    await watchman.story(message)
    for _ in range(copies):
        await city.inject("MESSAGE_CREATE", event_of(city, message))
    await fence(town, watchman)
    assert len(town.replies(message)) == 1
    assert watchman.rows("select count(*) from signals where message_id = ?", message.id) == [(1,)]


async def test_an_event_whose_id_is_forged_onto_another_text_changes_nothing(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    message = await town.alice.say("just a remark", town.help)
    before = await watchman.story(message)
    await city.inject("MESSAGE_CREATE", event_of(city, message) | {"content": HELP})
    await fence(town, watchman)
    assert await watchman.story(message) == before
    assert town.replies(message) == []


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("SOMETHING_NEW_FROM_DISCORD", {"id": "1", "nested": {"a": [1, 2, {"b": None}]}}),
        ("SOMETHING_NEW_FROM_DISCORD", None),
        ("SOMETHING_NEW_FROM_DISCORD", "a text"),
        ("VOICE_CHANNEL_EFFECT_SEND", {"channel_id": "1"}),
        ("SOUNDBOARD_SOUNDS", {}),
    ],
    ids=["object", "null", "text", "voice effect", "soundboard"],
)
async def test_an_unknown_event_breaks_nothing(
    town: Home, city: Sandbox, watchman: Running, event: str, data: Any
) -> None:
    watchman.expect_errors("Left out a VOICE_CHANNEL_EFFECT_SEND event")
    await city.inject(event, data)
    await still_answers(town, city)


@pytest.mark.parametrize("event", ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_UPDATE"])
@pytest.mark.parametrize("data", [{}, {"id": "5"}, {"id": "not a number", "channel_id": "6"}], ids=str)
async def test_a_known_event_with_fields_missing_costs_nothing_but_itself(
    town: Home, city: Sandbox, watchman: Running, event: str, data: Any
) -> None:
    watchman.expect_errors("Left out a ")
    before = await town.alice.say("said before", town.chat)
    await city.inject(event, data)
    after = await town.alice.say("said after", town.chat)
    await watchman.story(before)
    await watchman.story(after)
    await still_answers(town, city)


@pytest.mark.parametrize(
    "missing", ["author", "content", "timestamp", "mentions", "attachments", "type", "flags"]
)
async def test_a_message_with_a_field_missing_costs_nothing_but_itself(
    town: Home, city: Sandbox, watchman: Running, missing: str
) -> None:
    watchman.expect_errors("Left out a ")
    told = await town.alice.say("a whole one", town.chat)
    forged = event_of(city, told) | {"id": str(told.id + 1)}
    del forged[missing]
    await city.inject("MESSAGE_CREATE", forged)
    after = await town.alice.say("said after", town.chat)
    await watchman.story(after)
    await still_answers(town, city)


TEXTS = {
    "emoji": "😀" * 2000,
    "family emoji": "👨‍👩‍👧‍👦" * 285,
    "long word": "a" * 2000,
    "null bytes": "how do I\0 install\0 the driver?",
    "only null bytes": "\0\0\0",
    "right to left": "كيف أقوم بتثبيت برنامج التشغيل؟ \u202ehow do I install it?\u202c",
    "control characters": f"a{''.join(map(chr, range(1, 32)))}b",
    "combining marks": "Z" + "\u0301\u0316\u0334" * 600,
    "backslashes": "\\" * 2000,
    "markdown": "**__~~||```" * 150,
    "mentions of nobody": "<@0> <@&0> <#0> <@999999999999999999> @everyone",
    "sql": "'; DROP TABLE signals; --",
    "braces": "{member} {0} {} %s %(x)s",
    "question marks": "?" * 2000,
    "links": "https://example.org/" + "a/" * 900,
}


@pytest.mark.parametrize("kind", TEXTS)
async def test_an_odd_text_is_stored_and_breaks_nothing(
    town: Home, city: Sandbox, watchman: Running, kind: str
) -> None:
    text = TEXTS[kind]
    if "\0" in text:  # not to be had from Discord, but from something that speaks its protocol
        told = await town.alice.say("a plain one", town.chat)
        message_id = told.id + 1
        await city.inject("MESSAGE_CREATE", event_of(city, told) | {"id": str(message_id), "content": text})
    else:
        message_id = (await town.alice.say(text, town.chat)).id
    story = await watchman.story(message_id)
    assert story["message"]["content"] == text.replace("\0", "").strip(" ")
    await still_answers(town, city)


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "a\\udc80b"], ids=["high", "low", "middle"])
async def test_half_a_surrogate_pair_is_stored_and_breaks_nothing(
    town: Home, city: Sandbox, watchman: Running, half: str
) -> None:
    told = await town.alice.say("a plain one", town.chat)
    forged = event_of(city, told) | {"id": str(told.id + 1)}
    # As Discord would write it: escaped. The sandbox writes raw UTF-8, which can't hold one.
    await _inject_raw(city, forged, f"{half} how do I install it?")
    story = await watchman.story(told.id + 1)
    assert "how do I install it?" in story["message"]["content"]
    story["message"]["content"].encode()
    await still_answers(town, city)


async def _inject_raw(city: Sandbox, data: dict[str, Any], content_json: str) -> None:
    text = dumps(data | {"content": "PLACE"}).replace('"PLACE"', f'"{content_json}"')
    for session in city.core.hub.live():
        session.dispatch("MESSAGE_CREATE", text)


async def test_ten_attachments_are_noted_without_their_content(town: Home, watchman: Running) -> None:
    files = [(f"log-{number}.txt", b"marker-of-the-content" * 10) for number in range(10)]
    message = await town.alice.say("here are all my logs", town.chat, attachments=files)
    story = await watchman.story(message)
    assert [each["filename"] for each in story["message"]["attachments"]] == [name for name, _ in files]
    assert b"marker-of-the-content" not in watchman.bytes_on_disk()


async def test_a_message_in_a_thread_nobody_told_of_is_answered_there(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    thread = await town.alice.start_thread(await town.alice.say("old thread", town.help), "old")
    await fence(town, watchman)
    # The bot forgets it, as it never hears of threads that were archived when it came.
    await city.inject(
        "THREAD_DELETE",
        {"id": str(thread.id), "guild_id": str(town.guild.id), "parent_id": str(town.help.id), "type": 11},
    )
    message = await town.alice.say(HELP, thread)
    assert (await city.wait_for_reply(to=message)).channel_id == thread.id
    assert int((await watchman.story(message))["message"]["thread_id"]) == thread.id


async def test_a_message_in_a_channel_that_does_not_exist_breaks_nothing(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    told = await town.alice.say("a plain one", town.chat)
    forged = {"id": str(told.id + 1), "channel_id": str(told.id + 2), "content": HELP}
    await city.inject("MESSAGE_CREATE", event_of(city, told) | forged)
    await still_answers(town, city)
    assert not await watchman.stored(told.id + 1)


async def test_a_member_named_in_right_to_left_marks_is_answered(town: Home, city: Sandbox) -> None:
    person = await town.person("rtl", display="\u202egnp.exe")
    await city.wait_for_reply(to=await person.say(HELP, town.help))


async def test_events_doubled_and_out_of_order_are_answered_once_each(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    city.faults.configure({"seed": 7, "duplicate_events": 0.5, "reorder": 0.3})
    try:
        said = []
        for number in range(12):
            person = await town.person(f"member{number}")
            said.append(await person.say(HELP, town.help))
        for message in said:
            await watchman.story(message)
    finally:
        city.faults.clear()
    await fence(town, watchman)
    assert [len(town.replies(message)) for message in said] == [1] * len(said)
    ids = watchman.rows("select message_id from signals where place_id = ?", town.help.id)
    assert sorted(each for (each,) in ids) == sorted(message.id for message in said)
