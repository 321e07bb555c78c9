"""Alerts, from what members say to what staff and helpers read."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cogs.unanswered import PAGE
from sandbox import Sandbox
from sandbox.handles import Message
from tests.e2e.conftest import BotFactory
from tests.e2e.facts import Json
from tests.e2e.harness import Home, Running, TestClock
from tests.e2e.test_summaries import links_in, posts_in, shown
from tests.e2e.test_ticket_restarts import write

WORKERS = {"workers": {"tick_seconds": 0.1}}
UNRECORD = (  # as of Discord's clock, which the test doesn't put forward
    "update nudges set message_id = null, finished_at = null,"
    " created_at = strftime('%Y-%m-%d %H:%M:%f000', 'now')"
)
HIDDEN = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}
REPORTS = (
    "I can't log in, the login page fails with error 500",
    "the login page crashes with error 500 for me",
    "login fails: I get error 500 on the login page",
    "error 500 when I try to log in on the login page",
    "the login page doesn't load, it fails with an error 500",
)
UNRELATED = (
    "the video player crashes when I go fullscreen",
    "my invoice shows the wrong amount, something is broken",
    "uploading a photo fails with a timeout",
    "the mobile app doesn't open on my old phone",
    "search returns nothing at all, it is broken",
    "dark mode makes the buttons unreadable, a bug",
    "the export to CSV produces an empty file",
    "notifications arrive twice since the update, a bug",
    "my microphone doesn't work in the voice room",
    "the map crashes when I zoom in",
    "the newsletter has broken links",
    "password reset mails never arrive, something is wrong",
)


async def report(home: Home, bot: Running, texts: Sequence[str], first: int = 0) -> list[Message]:
    """Have as many members report something each."""
    said = []
    for number, text in enumerate(texts, first):
        member = await home.person(f"member{number}")
        said.append(await member.say(text, home.chat))
    for each in said:
        await bot.story(each)
    return said


async def alerts_in(home: Home) -> list[Message]:
    assert home.staff is not None
    return [each for each in await home.staff.history() if "roblem" in str(each.embeds)]


async def text_of(alert: Message) -> str:
    return str((await alert.fetch()).embeds)


async def set_up(home: Home, bot: Running) -> None:
    await bot.until("commands", lambda: bool(home.discord.app.commands))
    await home.with_staff()


async def test_reports_of_one_fault_raise_one_alert_that_grows_until_staff_resolve_it(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    discord.core.nonce_window = 0.0  # Discord notices nothing: what was posted has to be found
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        await set_up(home, bot)
        unrelated = await report(home, bot, UNRELATED)
        said = await report(home, bot, REPORTS[:4], first=20)
        [alert] = await bot.until("the alert", lambda: alerts_in(home))
        assert "4 reports by 4 members" in str(alert.embeds)
        links = {(each.channel_id, each.id) for each in said}
        assert links_in(str(alert.embeds)) == links
        assert links.isdisjoint((each.channel_id, each.id) for each in unrelated)
        said += await report(home, bot, REPORTS[4:], first=30)

        async def has(*words: str) -> bool:
            text = await text_of(alert)
            return all(each in text for each in words)

        await bot.until("the alert's growth", lambda: has("5 reports by 5 members", "load, it fails"))
        await said[0].delete()
        await bot.until("the redaction", lambda: has("1 report deleted since"))
        assert "I can't log in" not in await text_of(alert)
        assert "crashes with error 500" in await text_of(alert)

        refused = await home.alice.click(alert, "Resolved")
        assert "support staff" in refused.content
    # As if it had been killed between Discord's answer and its record.
    write(tmp_path, "update incidents set message_id = null, shown = null")
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        found = await bot.until(
            "its record", lambda: bot.rows("select message_id from incidents where shown is not null")
        )
        assert found == [(alert.id,)]
        await (await home.owner.click(alert, "Resolved")).followup()
        await bot.until("the end", lambda: has("Resolved by"))
        assert "crashes with error 500" not in await text_of(alert)
        assert not (await alert.fetch()).components
        await home.owner.slash("alerts incidents", channel=home.chat, options={"cooldown": 0})
        later = await report(home, bot, REPORTS[1:4], first=40)
        await bot.until("another", lambda: _has_two(home))
        other = (await alerts_in(home))[-1]
        assert "It was resolved before" in await text_of(other)
        assert links_in(await text_of(other)) >= {(each.channel_id, each.id) for each in later}


async def _has_two(home: Home) -> bool:
    return len(await alerts_in(home)) == 2


async def test_what_nobody_answers_is_listed_posted_and_told_to_helpers_once(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    clock = TestClock()
    discord.core.nonce_window = 0.0  # Discord notices nothing: what was posted has to be found
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        helpers = await discord.role("helpers", guild=home.guild, mentionable=True)
        news = await discord.channel("news", guild=home.guild)
        await home.owner.slash("setsummary channel", channel=home.chat, options={"channel": news})
        hidden = await discord.channel("hidden", guild=home.guild, overwrites=HIDDEN)
        await home.owner.slash("channels track", channel=home.chat, options={"channel": hidden})
        lonely = await home.alice.say("How do I reset the router after the update?", home.help)
        answered = await home.bob.say("Where can I find the invoices of last year?", home.chat)
        await home.alice.say("They are under billing, then archive.", home.chat, reply_to=answered)
        secret = await home.owner.say("How do I rotate the secret keys of the server?", hidden)
        for each in (lonely, answered, secret):
            await bot.story(each)
        early = await home.bob.slash("unanswered", channel=home.chat)
        assert links_in(await shown(early)) == set()
        clock.ahead += timedelta(hours=5)
        mine, owners = [await each.slash("unanswered", channel=home.chat) for each in (home.bob, home.owner)]
        assert links_in(await shown(mine)) == {(home.help.id, lonely.id)}
        assert "reset the router" in await shown(mine)
        assert links_in(await shown(owners)) == {(home.help.id, lonely.id), (hidden.id, secret.id)}
        assert getattr(mine.message, "ephemeral", False)

        wanted = {"on": True, "role": helpers}
        assert "'value': 'off'" in await shown(await home.owner.slash("alerts show", channel=home.chat))
        told = await shown(await home.owner.slash("alerts nudge", channel=home.chat, options=wanted))
        assert f"<@&{helpers.id}>, at most once in 6 hours" in told
        await bot.until("the call", lambda: calls_in(home))
        await bot.until("its record", lambda: bot.rows("select 1 from nudges where message_id is not null"))
    # As if it had been killed between Discord's answer and its record; and a day later nothing is new.
    write(tmp_path, UNRECORD)
    clock.ahead += timedelta(days=1)
    async with running_bot(discord, folder=tmp_path, clock=clock, **WORKERS) as bot:
        await bot.until("its record", lambda: bot.rows("select 1 from nudges where message_id is not null"))
        [post] = await bot.until("the post", lambda: posts_in(news))
        assert "Nobody answered yet" in str(post.embeds)
        assert (home.help.id, lonely.id) in links_in(str(post.embeds))
        assert (hidden.id, secret.id) not in links_in(str(post.embeds))
        [call] = calls_in(home)
        assert bot.rows("select message_id from nudges") == [(int(call["message_id"]),)]
    assert call["content"].startswith(f"<@&{helpers.id}> Nobody has answered this yet: ")
    assert call["content"].endswith(str(lonely.id))


def calls_in(home: Home) -> list[Json]:
    found = home.posts(home.help) + home.posts(home.chat)
    return [each for each in found if "Nobody has answered" in each["content"]]


async def test_what_is_left_is_shown_page_by_page_as_it_is_then(
    discord: Sandbox, home: Home, running_bot: BotFactory
) -> None:
    clock = TestClock()
    async with running_bot(discord, clock=clock, **WORKERS) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        asked = []
        for number in range(PAGE + 2):
            room = await discord.channel(f"room-{number}", guild=home.guild)
            asked.append(await home.alice.say(f"How do I set up the printer in room {number}?", room))
        for each in asked:
            await bot.story(each)
        await home.owner.slash("alerts unanswered", channel=home.chat, options={"hours": 1})
        clock.ahead += timedelta(hours=2)
        first = await home.bob.slash("unanswered", channel=home.chat)
        ids = [each.id for each in asked]
        assert {message for _, message in links_in(await shown(first))} == set(ids[:PAGE])
        assert f"{PAGE + 2} questions" in await shown(first)
        await asked[-1].delete()
        await bot.until(
            "the deletion", lambda: bot.rows("select 1 from signals where deleted_at is not null")
        )
        assert first.message is not None
        more = await home.bob.click(first.message, "More")

        async def is_turned() -> bool:
            return links_in(await shown(await more.refresh())) == {(asked[PAGE].channel_id, ids[PAGE])}

        await bot.until("the page", is_turned)
