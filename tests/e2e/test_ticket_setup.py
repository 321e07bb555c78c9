"""`/setup`, panels with categories, and pages of lists, as owner, staff and members use them."""

from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import Desk, chosen, set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Desk:
    return await set_up(town, watchman)


async def test_a_category_is_chosen_in_the_panel_and_shown_by_tag_and_card(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    form = await home.owner.click(message, "Categories")
    await home.owner.submit(form, {"One a line": "\N{CREDIT CARD} Billing | Payments\nBugs"})
    names = "select group_concat(name) from ticket_categories where guild_id = ?"
    await desk.bot.until("stored", lambda: desk.bot.rows(names, home.guild.id) == [("Billing,Bugs",)])
    await desk.bot.until("tags", lambda: len(desk.thread(desk.forum).available_tags) == 7)
    await chosen(desk.bot, home, "tags like '%category%'", 1)
    await home.owner.slash("ticket_panel", channel=home.chat)
    panel = next(each for each in await home.chat.history() if each.components)
    form = await home.alice.choose(panel, "What is it about?", ["Billing"])
    await home.alice.submit(form, {"Title": "Invoice", "Description": "It is wrong."})
    [row] = desk.rows()
    thread = type(desk.forum)(row[3], "", home.discord)
    assert desk.tags(thread) == ["Open", "Billing"]
    assert (await desk.card(thread))["Category"] == "\N{CREDIT CARD} Billing"
    options = {"category": "Bugs"}
    assert "none" in str((await desk.sam.slash("tickets", channel=home.chat, options=options)).json)


async def test_a_category_written_otherwise_keeps_its_tickets_and_a_removed_one_takes_its_tag(
    desk: Desk,
) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None

    def tags() -> dict[str, str]:
        return {tag["name"]: tag["id"] for tag in desk.thread(desk.forum).available_tags}

    form = await home.owner.click(message, "Categories")
    await home.owner.submit(form, {"One a line": "Billing\nBugs"})
    await desk.bot.until("tags", lambda: {"Billing", "Bugs"} <= tags().keys())
    await chosen(desk.bot, home, "tags like '%category%'", 1)
    before = tags()
    await home.owner.slash("ticket_panel", channel=home.chat)
    panel = next(each for each in await home.chat.history() if each.components)
    form = await home.alice.choose(panel, "What is it about?", ["Billing"])
    await home.alice.submit(form, {"Title": "Invoice", "Description": "It is wrong."})
    form = await home.owner.click(message, "Categories")
    await home.owner.submit(form, {"One a line": "billing"})
    await desk.bot.until("no tag of what is gone", lambda: "Bugs" not in tags())
    assert tags() == {name: before[name] for name in before if name not in ("Billing", "Bugs")} | {
        "billing": before["Billing"]
    }
    options = {"category": "billing"}
    assert "Invoice" in str((await desk.sam.slash("tickets", channel=home.chat, options=options)).json)


async def test_rules_are_checked_and_kept(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    fields = {
        "Working hours; empty for always": "mon-fri 09:00-17:00",
        "Open tickets of one member at most": "50",
        "Seconds between two tickets of one member": "0",
        "Hours until a silent member is reminded": "",
        "Hours until a silent member's ticket closes": "48",
    }
    query = "select working_hours, max_open, cooldown_seconds, remind_hours, close_hours from ticket_settings"

    def stored() -> list[tuple[Any, ...]]:
        return desk.bot.rows(f"{query} where guild_id = ?", home.guild.id)

    for wrong in (
        {"Working hours; empty for always": "always"},
        {"Hours until a silent member is reminded": "x"},
    ):
        form = await home.owner.click(message, "Rules")
        answer = await home.owner.submit(form, fields | wrong)
        assert "rite" in (await answer.followup()).content
    assert stored() == [(None, 3, 60, 24, 72)]
    form = await home.owner.click(message, "Rules")
    await home.owner.submit(form, fields)
    want = [("mon-fri 09:00-17:00", 50, 0, None, 48)]
    await desk.bot.until("the rules", lambda: stored() == want)
    for number in range(12):
        await desk.open(home.alice, f"Number {number + 1}")
    listed = (await desk.sam.slash("tickets", channel=home.chat)).message
    assert listed is not None
    assert "Page 1 of 2 · 12 in all" in str(listed.embeds)
    assert "#0003" in str(listed.embeds)
    await desk.sam.click(listed, "Next")
    shown = str((await listed.fetch()).embeds)
    assert "Page 2 of 2" in shown
    assert [number in shown for number in ("#0001", "#0002", "#0003")] == [True, True, False]


async def test_staff_channel_and_transcripts_are_chosen_in_one_form(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    query = (
        "select staff_channel_id, transcript_dm, adopt_posts from guilds "
        "join ticket_settings on guild_id = id where guild_id = ?"
    )
    for channel, transcript, want in ((desk.log, "no", (desk.log.id, 0, 0)), (None, "yes", (None, 1, 1))):
        form = await home.owner.click(message, "Staff channel, transcripts, posts")
        given = {"Staff channel": [channel.id] if channel else [], "Transcript for the member": transcript}
        given["Members' own posts in the forum"] = "posts" if channel else "tickets"
        await home.owner.submit(form, given)
        await desk.bot.until(transcript, lambda want=want: desk.bot.rows(query, home.guild.id) == [want])  # type: ignore[misc]
        shown = "not sent" if transcript == "no" else "by direct message"

        async def told(shown: str = shown) -> bool:
            return shown in str((await message.fetch()).embeds)

        await desk.bot.until(shown, told)


async def test_a_category_is_given_staff_of_its_own(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    answer = await home.owner.click(message, "Category staff")
    assert "no categories" in answer.content
    await home.owner.submit(await home.owner.click(message, "Categories"), {"One a line": "Billing"})
    query = "select staff_role_id from ticket_categories where guild_id = ?"
    await desk.bot.until("stored", lambda: desk.bot.rows(query, home.guild.id) == [(None,)])

    async def shown() -> bool:
        return "Billing" in str((await message.fetch()).embeds)

    await desk.bot.until("the category", shown)
    form = await home.owner.click(message, "Category staff")
    await home.owner.submit(form, {"Category": "Billing", "Role to call": [desk.role.id]})
    await desk.bot.until("the role", lambda: desk.bot.rows(query, home.guild.id) == [(desk.role.id,)])


async def test_only_who_manages_the_server_sets_tickets_up(desk: Desk) -> None:
    home = desk.home
    before = desk.bot.rows("select * from ticket_settings where guild_id = ?", home.guild.id)
    command = next(each for each in await home.discord.commands() if each["name"] == "setup")
    data = {"type": 1, "name": "setup", "id": str(command["id"]), "options": []}
    answer = await desk.sam.forge(data, channel=home.chat)
    assert answer.ephemeral
    assert "**Manage Server**" in answer.content
    assert desk.bot.rows("select * from ticket_settings where guild_id = ?", home.guild.id) == before


async def test_everyone_is_no_staff(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    answer = await home.owner.choose(message, "Staff role", [home.guild.id])
    assert "Everyone has that role" in (await answer.followup()).content
    await chosen(desk.bot, home, "staff_role_id", desk.role.id)


async def test_what_becomes_of_posts_past_the_panel_is_said(desk: Desk) -> None:
    home = desk.home
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    becomes, stays = "post there themselves becomes a ticket", "take **Create Posts** from"
    assert becomes in str(message.embeds)

    async def shown(*, there: tuple[str, ...] = (), not_there: tuple[str, ...] = ()) -> bool:
        embeds = str((await message.fetch()).embeds)
        return all(each in embeds for each in there) and not any(each in embeds for each in not_there)

    form = await home.owner.click(message, "Staff channel, transcripts, posts")
    given = {"Transcript for the member": "yes", "Members' own posts in the forum": "posts"}
    await home.owner.submit(form, given)
    await desk.bot.until("what stays", lambda: shown(there=(stays,), not_there=(becomes,)))
    shut = await home.discord.channel(
        "shut", guild=home.guild, type="forum", overwrites={"everyone": {"deny": ["send_messages"]}}
    )
    await home.owner.choose(message, "Forum for tickets", [shut])
    await desk.bot.until("no word", lambda: shown(there=(str(shut.id),), not_there=(stays, becomes)))
