"""`/audit message`, `/audit recent` and "Why did you do that?": who is told what, and of which channels."""

from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.handles import Answer, Channel, Member
from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}
HELP = "how do I install the driver on my machine?"
URGENT = "URGENT: production is down, the server keeps crashing, please help asap!"
WHY = "Why did you do that?"


@pytest_asyncio.fixture(loop_scope="module")
async def manager(town: Home, city: Sandbox) -> Member:
    """Who may manage the server, and reads no more than everyone."""
    role = await city.role("managers", guild=town.guild, permissions=["manage_guild"])
    return await town.person("mona", roles=[role])


async def hidden(town: Home, city: Sandbox) -> Channel:
    """A channel that only its owner and the bot read."""
    rules = {
        "everyone": {"deny": ["VIEW_CHANNEL"]},
        "bot": {"allow": ["VIEW_CHANNEL", "READ_MESSAGE_HISTORY"]},
    }
    channel = await city.channel("hidden", guild=town.guild, overwrites=rules)
    await town.owner.slash("channels track", channel=town.chat, options={"channel": channel})
    return channel


def shown(answer: Answer) -> str:
    assert answer.message is not None
    assert answer.message.ephemeral
    if not answer.message.embeds:
        return answer.message.content
    [embed] = answer.message.embeds
    fields = [f"{each['name']}: {each['value']}" for each in embed.get("fields", ())]
    return "\n".join([embed["title"], embed["description"], *fields])


async def audit(member: Member, home: Home, message: Any) -> str:
    return shown(await member.slash("audit message", channel=home.chat, message=str(message.id)))


async def test_the_asker_and_staff_are_told_of_a_message_and_of_the_answer_to_it(
    town: Home, city: Sandbox, watchman: Running, manager: Member
) -> None:
    asked = await town.alice.say(HELP, town.help)
    answer = await city.wait_for_reply(to=asked)
    await watchman.story(asked)
    for who in (town.alice, manager):
        for about in (asked, answer):
            told = shown(await who.menu(WHY, about))
            assert "I took it for a help request and answered it." in told
            assert HELP in told
            assert "heard " in told
    assert await audit(manager, town, answer) == await audit(manager, town, asked)


async def test_nobody_else_is(town: Home, city: Sandbox, watchman: Running) -> None:
    asked = await town.alice.say(HELP, town.help)
    answer = await city.wait_for_reply(to=asked)
    await watchman.story(asked)
    for about in (asked, answer):
        told = shown(await town.bob.menu(WHY, about))
        assert told == "Only who wrote it, the support staff and who may manage the server may ask that."


async def test_what_was_said_where_the_asker_cannot_read_is_not_told(
    town: Home, city: Sandbox, watchman: Running, manager: Member
) -> None:
    secret = await hidden(town, city)
    asked = await town.owner.say(HELP, secret)
    await watchman.story(asked)
    told = await audit(manager, town, asked)
    assert told == "You can't read the channel that was said in, so I don't tell of it."
    given: dict[str, Any] = {"message": str(asked.id), "intent": "other"}
    assert told == shown(await manager.slash("audit correct", channel=town.chat, **given))
    assert not watchman.rows("select 1 from feedback")
    assert HELP in await audit(town.owner, town, asked)
    open_one = await town.alice.say("my upload fails with a timeout, any idea why?", town.help)
    await watchman.story(open_one)
    for who, sees in ((manager, False), (town.owner, True)):
        recent = shown(await who.slash("audit recent", channel=town.chat))
        assert "my upload fails" in recent
        assert (str(secret.id) in recent) is sees
        assert ("how do I install" in recent) is sees


async def test_the_asker_does_not_learn_where_staff_read(
    town: Home, city: Sandbox, watchman: Running, manager: Member
) -> None:
    await town.with_staff()
    assert town.staff is not None
    asked = await town.alice.say(URGENT, town.help)
    await watchman.story(asked)
    told = shown(await town.alice.menu(WHY, asked))
    assert "I told the staff: urgent." in told
    assert "in a channel you can't read" in told
    assert str(town.staff.id) not in told
    assert f"<#{town.staff.id}>" in await audit(town.owner, town, asked)
    [alert, *_] = town.posts(town.staff)
    assert "I told the staff: urgent." in shown(
        await town.owner.slash("audit message", channel=town.chat, message=str(alert["message_id"]))
    )


async def test_recent_decisions_are_filtered_and_paged(
    town: Home, watchman: Running, manager: Member
) -> None:
    for number in range(9):
        await watchman.story(await town.alice.say(f"{HELP} ({number})", town.help))
    await watchman.story(await town.bob.say(HELP, town.chat))
    replies = await manager.slash("audit recent", channel=town.chat, plan="reply")
    assert shown(replies).count("how do I install") == 2, "who asks again is not answered again"
    answer = await manager.slash("audit recent", channel=town.chat)
    assert shown(answer).count("how do I install") == 8
    await manager.click(answer.message, "Next")
    assert shown(await answer.refresh()).count("how do I install") == 2
    of_chat = shown(await manager.slash("audit recent", channel=town.chat, options={"channel": town.chat}))
    assert of_chat.count("how do I install") == 1
    none = shown(await manager.slash("audit recent", channel=town.chat, plan="escalate"))
    assert "Nothing to show" in none


async def test_another_server_learns_nothing(town: Home, city: Sandbox, watchman: Running) -> None:
    asked = await town.alice.say(HELP, town.help)
    await watchman.story(asked)
    elsewhere = await city.guild("Elsewhere")
    channel = await city.channel("there", guild=elsewhere)
    owner = await city.member("owner", guild=elsewhere)
    told = shown(await owner.slash("audit message", channel=channel, message=str(asked.id)))
    assert told.startswith("I have nothing on record about that message.")


async def test_an_answer_in_a_ticket_is_told_in_words(town: Home, watchman: Running) -> None:
    desk = await set_up(town, watchman)
    options = {"question": "How do I reset my password?", "answer": "Press the red button."}
    await town.owner.slash("train add", channel=town.chat, options=options)
    await desk.open(town.alice, "Password", "How do I reset my password?", settled=False)
    thread = Channel(desk.rows()[-1][3], "", town.discord)

    async def answered() -> Any:
        return [each for each in await thread.history() if "red button" in each.content]

    [answer] = await watchman.until("the answer", answered)
    await watchman.until(
        "it to be noted", lambda: watchman.rows("select 1 from questions where answer_id = ?", answer.id)
    )
    told = shown(await town.alice.menu(WHY, answer))
    assert told.startswith("I answered a question in this ticket, because what I was taught")
    assert "trained #" in told
