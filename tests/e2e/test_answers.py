"""What is answered, what goes to the staff, and what is left alone."""

from datetime import timedelta

import pytest

from sandbox import Sandbox
from tests.e2e.harness import Home, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0, "repeat_count": 3}}

HELP = "how do I install the driver on my machine?"
PROBLEM = "my upload fails with a timeout, any idea why?"
URGENT = "URGENT: production is down, the server keeps crashing, please help asap!"
TOXIC = "you are an idiot, your stupid bot keeps crashing, how do i fix this?"


def link_to(home: Home, place_id: int, message_id: int) -> str:
    return f"/channels/{home.guild.id}/{place_id}/{message_id}"


@pytest.mark.parametrize(
    ("text", "intent", "asks_for"),
    [
        pytest.param(HELP, "help_request", (), id="help request"),
        pytest.param(
            PROBLEM, "problem_report", ("environment", "steps", "expected", "actual"), id="problem report"
        ),
    ],
)
async def test_a_request_is_answered_once_in_its_place(
    town: Home, city: Sandbox, watchman: Running, text: str, intent: str, asks_for: tuple[str, ...]
) -> None:
    message = await town.alice.say(text, town.help)
    reply = await city.wait_for_reply(to=message)
    story = await watchman.story(message)
    assert story["observer"]["intent"] == intent
    assert reply.channel_id == town.help.id
    assert "alice" in reply.content
    assert all(word in reply.content.lower() for word in asks_for)
    if intent == "help_request":
        assert reply.content.count("?") == 1, "one clarifying question"
    assert reply.json["mention_everyone"] is False
    assert [int(user["id"]) for user in reply.json["mentions"]] == [town.alice.id]
    assert len(town.replies(message)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "good morning everyone",
        "lol that was a great game",
        "thanks, that fixed it!",
        "",
        "?",
        "🎉🎉🎉",
        "help",
    ],
    ids=["greeting", "chatter", "thanks", "nothing", "question mark", "emoji", "one word"],
)
async def test_what_asks_for_nothing_gets_nothing(town: Home, watchman: Running, text: str) -> None:
    attachments = [("a.txt", b"x")] if not text else []
    message = await town.alice.say(text, town.chat, attachments=attachments)
    story = await watchman.story(message)
    assert (story["observer"]["intent"], story["orchestrator"]["status"]) == ("other", "skipped")
    assert town.posts(town.chat) == []


async def test_an_answer_shows_the_tip_of_its_channel_or_of_the_threads_parent(
    town: Home, city: Sandbox
) -> None:
    tip = "Look at the pinned guide first."
    await town.owner.slash("channels tip", channel=town.help, options={"channel": town.help, "text": tip})
    thread = await town.bob.start_thread(await town.bob.say("drivers", town.help), "drivers")
    inside = await city.wait_for_reply(to=await town.alice.say(HELP, thread))
    beside = await city.wait_for_reply(to=await town.bob.say(HELP, town.chat))
    assert tip in inside.content
    assert tip not in beside.content


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        pytest.param(URGENT, "urgent", True, id="urgent"),
        pytest.param(TOXIC, "toxic", False, id="toxic"),
    ],
)
async def test_staff_get_one_message_with_a_link(
    town: Home, city: Sandbox, watchman: Running, text: str, reason: str, told: bool
) -> None:
    await town.with_staff()
    message = await town.alice.say(text, town.help)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "escalated"
    assert story["orchestrator"]["plan"] == "escalate"
    (alert,) = town.posts(town.staff)
    assert link_to(town, town.help.id, message.id) in alert["content"]
    assert reason in alert["content"]
    assert alert["allowed_mentions"]["parse"] == []
    assert text not in alert["content"]
    assert len(town.replies(message)) == int(told)
    if told:
        reply = await city.wait_for_reply(to=message)
        assert "team" in reply.content
    assert {action["kind"] for action in story["actions"]} == (
        {"escalate", "reply"} if told else {"escalate"}
    )
    assert all(action["status"] == "sent" for action in story["actions"])


async def test_repeated_reports_of_one_member_go_to_the_staff(town: Home, watchman: Running) -> None:
    await town.with_staff()
    texts = [
        "my upload fails with a timeout, any idea why?",
        "now the login fails with an error too, can anyone help?",
        "and the app crashes when I open the settings, please help",
    ]
    places = [town.help, town.chat, await town.discord.channel("other", guild=town.guild)]
    stories = []
    for text, place in zip(texts, places, strict=True):
        stories.append(await watchman.story(await town.alice.say(text, place)))
    assert [story["orchestrator"]["status"] for story in stories] == ["responded", "responded", "escalated"]
    assert "repeated" in stories[2]["orchestrator"]["reason"]
    assert len(town.posts(town.staff)) == 1


async def test_reports_of_different_members_are_not_repeated_reports(town: Home, watchman: Running) -> None:
    await town.with_staff()
    await town.owner.slash("alerts incidents", channel=town.help, options={"on": False})
    for number in range(4):
        person = await town.person(f"member{number}")
        story = await watchman.story(await person.say(PROBLEM, town.help))
        assert story["orchestrator"]["status"] == "responded"
    assert town.posts(town.staff) == []


@pytest.mark.parametrize("by_reply", [True, False], ids=["replying to the bot", "asking again"])
async def test_a_follow_up_nobody_answers_goes_to_the_staff(
    town: Home, city: Sandbox, watchman: Running, by_reply: bool
) -> None:
    await town.with_staff()
    first = await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
    text = "it is version 11 and still nothing" if by_reply else "does anyone know how to install the driver?"
    follow_up = await town.alice.say(text, town.help, reply_to=first if by_reply else None)
    story = await watchman.story(follow_up)
    assert story["orchestrator"]["status"] == "escalated", story["orchestrator"]
    assert len(town.posts(town.staff)) == 1
    assert len(town.replies(follow_up)) == 1
    again = await watchman.story(await town.alice.say("how can I install this driver?", town.help))
    assert again["orchestrator"]["reason"] == "already with staff"
    assert len(town.posts(town.staff)) == 1


async def test_a_follow_up_after_another_member_spoke_is_no_escalation(town: Home, watchman: Running) -> None:
    await town.with_staff()
    await watchman.story(await town.alice.say(HELP, town.help))
    await watchman.story(await town.bob.say("which one do you mean", town.help))
    await watchman.story(await town.alice.say("how can I install this driver?", town.help))
    assert town.posts(town.staff) == []


async def test_another_members_reply_to_the_bot_is_no_follow_up(
    town: Home, city: Sandbox, watchman: Running
) -> None:
    await town.with_staff()
    first = await city.wait_for_reply(to=await town.alice.say(HELP, town.help))
    story = await watchman.story(await town.bob.say("what a nice bot", town.help, reply_to=first))
    assert story["orchestrator"]["status"] == "skipped"
    assert town.posts(town.staff) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Thanks, that fixed it!", id="thanks"),
        pytest.param("ok, will do", id="confirms"),
        pytest.param(
            "I'm on Windows 11, version 3.2, steps: open the app, click start, it shows error 0x80",
            id="gives the details asked for",
        ),
    ],
)
async def test_who_is_content_with_the_answer_is_left_in_peace(
    town: Home, city: Sandbox, watchman: Running, text: str
) -> None:
    await town.with_staff()
    first = await city.wait_for_reply(to=await town.alice.say(PROBLEM, town.help))
    content = await town.alice.say(text, town.help, reply_to=first)
    story = await watchman.story(content)
    assert story["orchestrator"]["status"] == "skipped"
    assert story["actions"] == []
    assert town.posts(town.staff) == []
    assert len(town.posts(town.help)) == 1


async def test_without_a_staff_channel_nothing_is_escalated(town: Home, watchman: Running) -> None:
    urgent = await watchman.story(await town.alice.say(URGENT, town.help))
    toxic = await watchman.story(await town.bob.say(TOXIC, town.chat))
    assert urgent["orchestrator"]["status"] == "responded"
    assert toxic["orchestrator"]["status"] == "skipped"
    assert "staff" in toxic["orchestrator"]["reason"]
    assert town.posts(town.chat) == []


async def test_a_staff_channel_that_is_gone_is_no_longer_set(town: Home, watchman: Running) -> None:
    await town.with_staff()
    assert town.staff is not None
    await town.staff.delete()

    async def is_unset() -> bool:
        shown = await town.owner.slash("config show", channel=town.help)
        return shown.message is not None and "nothing is escalated" in str(shown.message.embeds)

    await watchman.until("the setting to go with its channel", is_unset)
    message = await town.alice.say(URGENT, town.help)
    story = await watchman.story(message)
    assert [action["kind"] for action in story["actions"]] == ["reply"]
    assert story["orchestrator"]["status"] == "responded"
    # The member must not be told that the team knows when it doesn't.
    assert not any("team" in entry["content"] for entry in town.replies(message))


async def test_a_name_with_markup_does_not_ping_or_format(town: Home, city: Sandbox) -> None:
    odd = await town.person("odd", display="**@everyone** `x`")
    reply = await city.wait_for_reply(to=await odd.say(HELP, town.help))
    assert reply.json["mention_everyone"] is False
    assert "**@everyone**" not in reply.content
    (entry,) = [e for e in city.record.messages(bot=True) if e["message_id"] == reply.id]
    assert entry["allowed_mentions"]["parse"] == []


async def test_messages_in_other_languages_are_left_alone(town: Home, watchman: Running) -> None:
    text = "Hallo zusammen, ich bekomme immer einen Fehler 403, kann mir bitte jemand helfen? help"
    story = await watchman.story(await town.alice.say(text, town.help))
    assert story["orchestrator"]["status"] == "skipped"
    assert town.posts(town.help) == []


async def test_the_repeat_window_ends(town: Home, watchman: Running) -> None:
    await town.with_staff()
    old = watchman.clock.now() - timedelta(minutes=90)
    for place in (town.help, town.chat):
        await town.alice.say("my upload fails with a timeout, any idea why?", place, ts=old)
    story = await watchman.story(
        await town.alice.say("the app crashes when I log in, please help", town.help)
    )
    assert story["orchestrator"]["status"] == "responded"
    assert town.posts(town.staff) == []
