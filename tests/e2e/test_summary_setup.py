"""`/setsummary` as owners use it, and what members ask for beside the last day, with one bot for all."""

import asyncio
import re
from itertools import count
from typing import Any

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer, Channel
from sandbox.ops.registry import OperationError
from tests.e2e.harness import Home, Running
from tests.e2e.test_summaries import MISTAKE, WORKERS, links_in, shown, talked
from tests.e2e.test_ticket_restarts import write

pytestmark = pytest.mark.asyncio(loop_scope="module")
SETTINGS: dict[str, Any] = WORKERS
ASKERS = count()
NUMBERS = re.compile(r"`(\d+)`")
OLDER = (
    "insert into summaries (guild_id, kind, reading, starts_at, ends_at, place_ids, cost, messages_read,"
    " messages_total, messages_extracted, channels, created_at, is_stale)"
    " values (?, 'asked', 'short', '2026-03-01 00:00:00.000000', '2026-03-02 00:00:00.000000', ?, 0, 1, 1, 1,"
    " 1, '2026-03-02 00:00:00.000000', 0)"
)


async def setting(home: Home, name: str, **options: Any) -> str:
    """Have the owner set something; return all that is answered, which nobody else sees."""
    answer = await home.owner.slash(f"setsummary {name}", channel=home.chat, options=options)
    assert answer.ephemeral
    return f"{answer.content} {answer.message.embeds if answer.message else ''}"


async def asked(home: Home, name: str, where: Channel | None = None, **options: Any) -> Answer:
    """Have a member who was not there before ask for a summary: each has a cooldown of their own."""
    who = await home.person(f"asker-{next(ASKERS)}")
    answer = await who.slash(f"summary {name}", channel=where or home.chat, options=options)
    async with asyncio.timeout(10):
        while answer.content.startswith("Reading"):
            await asyncio.sleep(0.02)
            answer = await answer.refresh()
    return answer


async def heard(home: Home, bot: Running) -> list[Any]:
    """Have a day's talk that is stored."""
    said = await talked(home)
    for each in said:
        await bot.story(each)
    return said


async def test_every_choice_is_kept_and_shown(town: Home, watchman: Running) -> None:
    assert "'value': 'off'" in await setting(town, "show")
    first = await setting(town, "channel", channel=town.help)
    assert "00:00, UTC, every day" in first
    assert f"in <#{town.help.id}>" in first
    assert "short, in the language of the messages" in first
    when = await setting(town, "when", time="9:30 pm", zone="Europe/Berlin", days="Mon-Fri")
    assert "21:30, Europe/Berlin, Mon, Tue, Wed, Thu, Fri" in when
    assert "Next" in when
    assert "detailed, in German" in await setting(town, "style", style="detailed", language="German")
    assert "in the language of the messages" in await setting(town, "style", language="auto")
    assert "'value': 'people'" in await setting(town, "section", section="PEOPLE", shown=False)
    assert "'value': 'nothing'" in await setting(town, "section", section="PEOPLE", shown=True)
    assert f"by direct message to <@{town.owner.id}>" in await setting(town, "direct")
    off = await setting(town, "off")
    assert "'value': 'off'" in off
    assert "Next" not in off
    assert "detailed" in await setting(town, "show")


async def test_zones_are_offered_as_they_are_typed(town: Home, watchman: Running) -> None:
    found = await town.owner.autocomplete("setsummary when", "zone", "berl", channel=town.chat)
    assert "Europe/Berlin" in [each["value"] for each in found]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"time": "25:00", "zone": "Asia/Tokyo"}, "is no time of day"),
        ({"time": "8:00", "days": "Someday"}, "is no day"),
        ({"time": "8:00", "zone": "Mars/Base"}, "zone"),
    ],
    ids=["time", "day", "zone"],
)
async def test_what_is_written_wrongly_changes_nothing(
    town: Home, watchman: Running, options: dict[str, str], told: str
) -> None:
    assert told in await setting(town, "when", **options)
    assert "00:00, UTC, every day" in await setting(town, "show")


async def test_only_managers_see_it(town: Home, watchman: Running) -> None:
    with pytest.raises(OperationError, match="doesn't see"):
        await town.bob.slash("setsummary off", channel=town.chat)


async def test_sections_that_are_left_out_are_in_no_answer(town: Home, watchman: Running) -> None:
    await heard(town, watchman)
    of_chat = {"channel": town.chat}
    assert "**Decided:**" in await shown(await asked(town, "channel", **of_chat))
    await setting(town, "section", section="DECISIONS", shown=False)
    assert "**Decided:**" not in await shown(await asked(town, "channel", **of_chat, hours=24))


async def test_members_may_ask_for_other_times_and_places(town: Home, watchman: Running) -> None:
    said = await heard(town, watchman)
    thread = await town.alice.start_thread(None, "printer", channel=town.chat)
    inside = await town.bob.say("The printer in the hall needs a new drum by Monday.", thread)
    await watchman.story(inside)
    week = await shown(await asked(town, "week"))
    assert "5 of 5 messages" in week
    assert "Nothing was said then that you can read" in (await asked(town, "yesterday")).content
    of_help = await shown(await asked(town, "channel", channel=town.help))
    assert links_in(of_help) == {(town.help.id, said[3].id)}
    with_thread = await shown(await asked(town, "channel", channel=town.chat))
    assert "4 of 4 messages" in with_thread
    for answer in (
        await asked(town, "thread", thread),
        await asked(town, "thread", thread=thread),
    ):
        assert "1 of 1 message, 1 channel" in await shown(answer)
    assert "use this in one" in (await asked(town, "thread")).content
    assert "is no day" in (await asked(town, "range", first="the other day")).content


async def test_the_history_has_pages(town: Home, watchman: Running) -> None:
    await heard(town, watchman)  # so that its channels are known
    for _ in range(23):
        place = f'["{town.chat.id}"]'
        await asyncio.to_thread(write, watchman.folder, OLDER, town.guild.id, place)
    ids = [row[0] for row in watchman.rows("select id from summaries where guild_id = ?", town.guild.id)]
    newest_first = sorted(ids, reverse=True)
    answer = await town.bob.slash("summary history", channel=town.chat)
    for start in (0, 10, 20):
        wanted = newest_first[start : start + 10]

        async def is_shown(answer: Answer = answer, wanted: list[int] = wanted) -> bool:
            return [int(each) for each in NUMBERS.findall(await shown(await answer.refresh()))] == wanted

        await watchman.until("the page", is_shown)
        message = (await answer.refresh()).message
        assert message is not None
        assert ("Older" in str(message.components)) == (start < 20)
        if start < 20:
            answer = await town.bob.click(message, "Older")


async def test_staff_are_shown_what_somebody_reports(town: Home, watchman: Running, city: Sandbox) -> None:
    desk = await city.channel("desk", guild=town.guild)
    await town.owner.slash("config staff", channel=town.chat, options={"channel": desk})
    await heard(town, watchman)
    answer = await town.alice.slash("summary today", channel=town.chat)
    await shown(answer)
    message = (await answer.refresh()).message
    assert message is not None
    form = await town.alice.click(message, "Report a mistake")
    thanks = await town.alice.submit(form, {MISTAKE: "It was *Friday* @everyone"})
    assert "Staff can read it now" in (await thanks.followup()).content
    [post] = [each for each in await desk.history() if each.embeds]
    assert "It was \\*Friday\\*" in post.embeds[0]["description"]
    assert post.json["mention_everyone"] is False


async def test_who_looks_up_the_history_too_often_is_told_to_wait(town: Home, watchman: Running) -> None:
    for _ in range(5):
        answer = await town.bob.slash("summary history", channel=town.chat)
        assert "none that you may read" in await shown(answer)
    assert "Try again in" in (await town.bob.slash("summary history", channel=town.chat)).content
    assert "none" in await shown(await town.alice.slash("summary history", channel=town.chat))
