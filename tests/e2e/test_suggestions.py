"""Suggest mode: what the bot would answer goes to staff, who post, edit or dismiss it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from tests.e2e.harness import Home, Running
from tests.e2e.tickets.test_forged import press, send

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = {"orchestrator": {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}}

HELP = "how do I install the driver on my machine?"
STATE = "select state from suggestions where signal_id = ?"


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Home:
    """A server with a staff channel whose staff are asked first."""
    await town.with_staff()
    await town.owner.slash("config autoreply", channel=town.help, options={"mode": "suggest"})
    return town


def state(bot: Running, message: Any) -> str:
    [(found,)] = bot.rows(STATE, f"discord:{message.id}") or [("",)]
    return str(found)


async def cards(home: Home) -> list[Any]:
    return [each for each in await home.staff.history() if each.embeds]  # type: ignore[union-attr]


async def asked(home: Home, bot: Running, words: str = HELP) -> tuple[Any, Any]:
    """Have Alice ask; return her message and the card that staff see."""
    message = await home.alice.say(words, home.help)
    story = await bot.story(message)
    assert story["orchestrator"]["status"] == "suggested"
    [card] = [each for each in await cards(home) if str(message.id) in str(each.embeds)]
    return message, card


async def told(card: Any) -> str:
    fresh = await card.fetch()
    return str(fresh.embeds)


async def test_a_reply_is_suggested_and_posted_by_staff(desk: Home, city: Sandbox, watchman: Running) -> None:
    message, card = await asked(desk, watchman)
    assert desk.replies(message) == []
    proposed = card.embeds[0]["description"]
    assert f"/{desk.help.id}/{message.id}" in str(card.embeds)
    assert "help request" in str(card.embeds)
    assert f"> {HELP}" in str(card.embeds)
    await desk.owner.click(card, "Post")
    reply = await city.wait_for_reply(to=message)
    assert reply.content == proposed
    await watchman.until("posted", lambda: state(watchman, message) == "posted")

    async def shown() -> bool:
        return f"<@{desk.owner.id}> posted it" in await told(card) and not (await card.fetch()).components

    await watchman.until("the card to say so", shown)
    story = await watchman.story(message)
    assert story["orchestrator"]["status"] == "responded"
    assert [each["kind"] for each in story["actions"]] == ["suggest", "reply"]
    assert story["suggestion"]["decided_by"] == str(desk.owner.id)
    given = "select giver, verdict, kind from feedback where signal_id = ?"
    assert watchman.rows(given, f"discord:{message.id}") == [("staff", "right", "suggestion")]
    audit = await desk.owner.slash("audit message", channel=desk.chat, options={"message": str(message.id)})
    assert "Staff were asked" in str([each.embeds for each in (audit.message, *audit.followups) if each])


async def test_staff_post_it_in_other_words_which_are_kept(
    desk: Home, city: Sandbox, watchman: Running
) -> None:
    message, card = await asked(desk, watchman)
    form = await desk.owner.click(card, "Edit")
    assert form.modal is not None
    await desk.owner.submit(form, {"Reply": "Run the installer as root, @everyone."})
    reply = await city.wait_for_reply(to=message)
    assert reply.content.startswith("Run the installer as root")
    [entry] = desk.replies(message)
    assert not entry.get("mentions_everyone")
    await watchman.until("posted", lambda: state(watchman, message) == "posted")
    kept = "select proposed, posted, decided_by from suggestions where signal_id = ?"
    [(proposed, posted, by)] = watchman.rows(kept, f"discord:{message.id}")
    assert proposed != posted
    assert posted == reply.content
    assert by == desk.owner.id


async def test_staff_dismiss_it_with_a_reason(desk: Home, city: Sandbox, watchman: Running) -> None:
    message, card = await asked(desk, watchman)
    form = await desk.owner.click(card, "Dismiss")
    await desk.owner.submit(form, {"Why? (staff alone see it)": "not a question"})

    async def shown() -> bool:
        return "not a question" in await told(card) and not (await card.fetch()).components

    await watchman.until("the card to say so", shown)
    assert state(watchman, message) == "dismissed"
    assert desk.replies(message) == []


async def test_two_staff_at_once_make_one_reply(desk: Home, city: Sandbox, watchman: Running) -> None:
    message, card = await asked(desk, watchman)
    other = await city.member("second-owner", guild=desk.guild, roles=[
        await city.role("Mods", guild=desk.guild, permissions=["manage_guild", "view_channel"])
    ])  # fmt: skip
    assert desk.staff is not None
    await desk.staff.set_overwrites({
        "everyone": {"allow": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]},
    })  # fmt: skip
    first, second = await asyncio.gather(desk.owner.click(card, "Post"), other.click(card, "Post"))
    words = [each.content or (await each.followup()).content for each in (first, second)]
    assert sorted(word.split(" ")[0] for word in words) == ["It", "This"]
    await watchman.until("posted", lambda: state(watchman, message) == "posted")
    assert len(desk.replies(message)) == 1


@pytest.mark.parametrize(
    ("happens", "reason"), [("edit", "edited since"), ("answer", "has answered"), ("late", "within a day")]
)
async def test_what_is_overtaken_can_not_be_posted_and_the_card_says_why(
    desk: Home, city: Sandbox, watchman: Running, happens: str, reason: str
) -> None:
    message, card = await asked(desk, watchman)
    if happens == "edit":
        await message.edit("how do I install the driver on my old machine?")
    elif happens == "answer":
        await desk.bob.say("you click on setup", desk.help, reply_to=message)
    else:
        watchman.clock.ahead += timedelta(hours=25)
    await watchman.until("expired", lambda: state(watchman, message) == "expired")

    async def shown() -> bool:
        return reason in await told(card) and not (await card.fetch()).components

    await watchman.until("the card to say so", shown)
    assert desk.replies(message) == []
    watchman.clock.ahead = timedelta(0)


@pytest.mark.parametrize("when", ["open", "posted"])
async def test_a_deleted_message_takes_its_card_and_the_words(
    desk: Home, city: Sandbox, watchman: Running, when: str
) -> None:
    message, card = await asked(desk, watchman)
    if when == "posted":
        await desk.owner.click(card, "Post")
        await watchman.until("posted", lambda: state(watchman, message) == "posted")
    await message.delete()

    async def gone() -> bool:
        return card.id not in [each.id for each in await cards(desk)]

    await watchman.until("the card to go", gone)
    kept = "select proposed, posted from suggestions where signal_id = ?"
    await watchman.until("no words", lambda: watchman.rows(kept, f"discord:{message.id}") == [("", None)])


async def test_members_may_not_decide_and_know_nothing(desk: Home, city: Sandbox, watchman: Running) -> None:
    message, _card = await asked(desk, watchman)
    answered, card = await asked(desk, watchman, f"{HELP} it is new")
    await desk.owner.click(card, "Post")
    earlier = await city.wait_for_reply(to=answered)  # a button is put under something she can see
    for what in ("post", "edit", "dismiss"):
        pressed = await press(desk.alice, earlier, f"suggest:{what}:{message.id}")
        assert pressed.modal is None
        assert "Only this server's support staff" in pressed.content
    sent = await send(desk.alice, desk.help, f"suggest-edit:{message.id}", words="mine")
    assert "Only this server's support staff" in sent.content
    sent = await send(desk.alice, desk.help, f"suggest-dismiss:{message.id}", words="")
    assert "Only this server's support staff" in sent.content
    assert state(watchman, message) == "open"
    assert desk.replies(message) == []


async def test_without_a_channel_to_ask_in_the_mode_is_refused_with_the_fix(
    town: Home, watchman: Running
) -> None:
    answer = await town.owner.slash("config autoreply", channel=town.help, options={"mode": "suggest"})
    assert "Choose where staff are asked first" in answer.content
    message = await town.alice.say(HELP, town.help)
    assert (await watchman.story(message))["orchestrator"]["status"] == "responded"


async def test_a_channel_of_its_own_is_used(desk: Home, city: Sandbox, watchman: Running) -> None:
    other = await city.channel("proposals", guild=desk.guild)
    options = {"key": "replies.suggest_channel", "value": f"<#{other.id}>"}
    await desk.owner.slash("config set", channel=desk.chat, options=options)
    message = await desk.alice.say(HELP, desk.help)
    assert (await watchman.story(message))["orchestrator"]["status"] == "suggested"
    assert [each for each in await other.history() if str(message.id) in str(each.embeds)]
    assert not [each for each in await cards(desk) if str(message.id) in str(each.embeds)]
