"""Tickets from Discord to the database: panel, form, forum post, claim, close, reopen; and who may do what.

Judged from what members see in the sandbox, from its record and from the database file.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from sandbox.actions.guilds import remove_role
from sandbox.handles import Answer, Channel, Member, Message, Role
from tests.e2e.facts import Json
from tests.e2e.harness import Home, Running

pytestmark = pytest.mark.asyncio(loop_scope="module")
BOT_PERMISSIONS = ("MANAGE_CHANNELS", "MANAGE_THREADS")
ROWS = "select number, state, claimed_by, thread_id, closed_by, close_reason, reopened from tickets"


@dataclass
class Desk:
    """A guild whose tickets are set up."""

    home: Home
    bot: Running
    forum: Channel
    panel: Message
    role: Role
    sam: Member
    kim: Member
    log: Channel

    def rows(self, query: str = ROWS) -> list[tuple[Any, ...]]:
        return self.bot.rows(f"{query} where guild_id = ? order by number", self.home.guild.id)

    async def open(
        self, member: Member, title: str = "It fails", text: str = "It crashes.", *, settled: bool = True
    ) -> Answer:
        """Open a ticket; `settled`, return once the bot has handed it over, for nothing is trained."""
        form = await member.click(self.panel, "Open a ticket")
        answer = await member.submit(form, {"Title": title, "Description": text, "Environment": "v2"})
        await self.bot.until("the bot's word", lambda: not settled or not self.bot.rows(
            "select 1 from tickets where guild_id = ? and thread_id is not null and id not in "
            "(select ticket_id from questions where ticket_id is not null and finished_at is not null)",
            self.home.guild.id,
        ))  # fmt: skip
        return answer

    async def opened(self, member: Member, title: str = "It fails") -> Channel:
        """Open a ticket and return its thread."""
        await self.open(member, title)
        [*_, row] = self.rows()
        return Channel(row[3], "", self.home.discord)

    def thread(self, channel: Channel) -> Any:
        return self.home.discord.core.world.channel(channel.id)

    async def card(self, channel: Channel) -> Json:
        [card] = (await channel.history())[0].embeds
        return {"title": card["title"], **{each["name"]: each["value"] for each in card["fields"]}}

    async def logged(self, part: str) -> None:
        """Wait until staff are told."""
        await self.bot.until(part, lambda: [e for e in self.home.posts(self.log) if part in e["content"]])

    async def in_state(self, state: str, number: int = 1) -> None:
        await self.bot.until(state, lambda: (number, state) in [row[:2] for row in self.rows()])

    def tags(self, channel: Channel) -> list[str]:
        thread = self.thread(channel)
        known = {tag["id"]: tag["name"] for tag in self.thread(self.forum).available_tags}
        return [known[tag] for tag in thread.applied_tags]


async def chosen(bot: Running, home: Home, column: str, value: Any) -> None:
    """Wait until a choice is stored."""
    query = f"select {column} from ticket_settings where guild_id = ?"  # noqa: S608
    await bot.until(column, lambda: (value,) in bot.rows(query, home.guild.id))


async def set_up(home: Home, bot: Running, *, private: bool = False) -> Desk:
    """Have the owner set tickets up."""
    discord = home.discord
    await discord.call("set_member", member=discord.bot_user.id, guild=home.guild.id, roles=[
        (await discord.role("powers", guild=home.guild, permissions=BOT_PERMISSIONS)).id
    ])  # fmt: skip
    role = await discord.role("support", guild=home.guild)
    log = await discord.channel("log", guild=home.guild)
    message = (await home.owner.slash("setup", channel=home.chat, step="tickets")).message
    assert message is not None
    if private:
        await home.owner.choose(message, "Who reads tickets", ["private"])
        await chosen(bot, home, "mode", "private")

        async def offered() -> bool:
            return "Channel for private tickets" in str((await message.fetch()).components)

        await bot.until("the choice of a channel", offered)
        await home.owner.choose(message, "Channel for private tickets", [home.help])
        await chosen(bot, home, "parent_id", home.help.id)
    else:
        await home.owner.click(message, "Create a forum for me")
        await chosen(bot, home, "tags is not null", 1)
    [(parent_id,)] = bot.rows("select parent_id from ticket_settings where guild_id = ?", home.guild.id)
    forum = Channel(parent_id, "", discord)
    await home.owner.choose(message, "Staff role", [role])
    await chosen(bot, home, "staff_role_id", role.id)
    await home.owner.choose(message, "Log channel for staff", [log])
    await chosen(bot, home, "log_channel_id", log.id)
    await home.owner.slash("ticket_panel", channel=home.help)
    panel = next(each for each in await home.help.history() if each.components)
    sam, kim = await home.person("sam", roles=[role]), await home.person("kim", roles=[role])
    return Desk(home, bot, forum, panel, role, sam, kim, log)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Desk:
    return await set_up(town, watchman)


async def test_a_ticket_from_the_panel_to_its_end_and_back(desk: Desk) -> None:
    alice = desk.home.alice
    answer = await desk.open(alice, "It @everyone *fails*", "I start it and it crashes.")
    [(number, state, *_)] = desk.rows()
    [(_, _, _, thread_id, *_)] = desk.rows()
    thread = Channel(thread_id, "", desk.home.discord)
    assert (number, state) == (1, "waiting_staff")
    assert answer.ephemeral
    assert f"<#{thread_id}>" in answer.content
    assert desk.thread(thread).name == "#0001 It @everyone *fails*"
    assert alice.id in desk.thread(thread).thread_members
    assert desk.tags(thread) == ["Waiting for staff"]
    card = await desk.card(thread)
    assert card["State"] == "Waiting for staff"
    assert card["Opened by"] == alice.mention
    assert card["Environment"] == "v2"

    opening = (await thread.history())[0]
    told = await desk.sam.click(opening, "Claim")
    assert told.content == "Ticket #0001 is yours."
    assert (await desk.card(thread))["Claimed by"] == desk.sam.mention
    await desk.sam.say("Which version?", thread)
    await desk.in_state("waiting_member")
    await alice.say("It is version two.", thread)
    await desk.in_state("waiting_staff")
    await desk.bot.until("the tag", lambda: desk.tags(thread) == ["Waiting for staff"])

    await desk.sam.slash("close", channel=thread, reason="updated")
    assert desk.rows()[0][1:2] + desk.rows()[0][4:6] == ("closed", desk.sam.id, "updated")
    assert (desk.thread(thread).archived, desk.thread(thread).locked) == (True, True)
    assert desk.tags(thread) == ["Closed"]
    assert "updated" in (await desk.card(thread))["Closed"]

    await alice.slash("reopen", channel=desk.home.chat, number=1)
    assert desk.rows()[0][1] == "open"
    assert (desk.thread(thread).archived, desk.thread(thread).locked) == (False, False)
    assert desk.tags(thread) == ["Open"]
    said = desk.bot.rows(
        "select role, content from ticket_messages where role <> 'bot' and ticket_id = "
        "(select id from tickets where thread_id = ?) order by message_id",
        thread.id,
    )
    assert said == [("staff", "Which version?"), ("member", "It is version two.")]


async def test_of_two_staff_who_claim_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    opening = (await thread.history())[0]
    answers = await asyncio.gather(desk.sam.click(opening, "Claim"), desk.kim.click(opening, "Claim"))
    texts = sorted(each.content for each in answers)
    [(_, _, holder, *_)] = desk.rows()
    assert texts == sorted(["Ticket #0001 is yours.", f"<@{holder}> has this ticket already."])
    other = desk.kim if holder == desk.sam.id else desk.sam
    owner = desk.sam if holder == desk.sam.id else desk.kim
    handed = await owner.slash("transfer", channel=thread, member=other)
    assert other.mention in handed.content
    assert desk.rows()[0][2] == other.id
    refused = await owner.slash("transfer", channel=thread, member=desk.home.bob)
    assert "no support staff" in refused.content


async def test_staff_say_how_urgent_a_ticket_is(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    told = await desk.sam.slash("priority", channel=thread, priority="urgent")
    assert told.content == "Ticket #0001 has urgent priority."
    assert "urgent" in str((await desk.card(thread)).values()).lower()
    again = await desk.kim.slash("priority", channel=desk.home.chat, priority="urgent", number=1)
    assert "urgent already" in again.content
    query = "select priority from tickets where guild_id = ?"
    refused = await desk.home.alice.slash("priority", channel=thread, priority="low")
    assert "support staff" in refused.content
    assert desk.bot.rows(query, desk.home.guild.id) == [("urgent",)]


async def test_staff_doors_are_closed_to_members(desk: Desk) -> None:
    home, bob = desk.home, desk.home.bob
    thread = await desk.opened(home.alice)
    opening = (await thread.history())[0]
    await desk.sam.slash("note", channel=thread, text="They are on the old plan.")
    before = desk.rows()
    for member in (bob, home.alice):
        for command in ("claim", "transfer", "note", "ticket_panel"):
            answer = await member.slash(command, channel=thread)
            assert answer.ephemeral, command
            assert "old plan" not in str(answer.json), command
        assert "support staff" in (await member.click(opening, "Claim")).content
    for label in ("Solved", "Close"):
        assert "whose ticket it is" in (await bob.click(opening, label)).content
    for command in ("close", "reopen"):
        assert "whose ticket it is" in (await bob.slash(command, channel=thread)).content
        assert "whose ticket it is" in (await bob.slash(command, channel=home.chat, number=1)).content
    assert desk.rows() == before
    notes = await desk.kim.slash("note", channel=thread)
    assert "old plan" in str(notes.json)
    form = await home.alice.click(opening, "Close")
    assert "closed" in (await home.alice.submit(form, {"Reason": "found it"})).content
    assert desk.rows()[0][4:6] == (home.alice.id, "found it")


async def test_a_role_taken_while_the_form_is_open_closes_nothing(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    form = await desk.sam.click((await thread.history())[0], "Close")
    await desk.home.discord.call("set_member", member=desk.sam.id, guild=desk.home.guild.id, roles=[])
    assert "whose ticket it is" in (await desk.sam.submit(form, {"Reason": "mine"})).content
    assert desk.rows()[0][1] == "waiting_staff"


async def test_lists_show_staff_all_and_members_their_own(desk: Desk) -> None:
    await desk.open(desk.home.alice, "Hers")
    await desk.open(desk.home.bob, "His")
    staff = str((await desk.sam.slash("tickets", channel=desk.home.chat)).json)
    assert "Hers" in staff
    assert "His" in staff
    own = await desk.home.bob.slash("tickets", channel=desk.home.chat, opened_by=desk.home.alice)
    assert "His" in str(own.json)
    assert "Hers" not in str(own.json)
    assert own.message is not None


async def test_a_member_has_to_wait_and_can_have_only_so_many(desk: Desk) -> None:
    alice, bot = desk.home.alice, desk.bot
    await desk.open(alice)
    assert "next ticket" in (await alice.click(desk.panel, "Open a ticket")).content
    for _ in range(2):
        bot.clock.ahead += timedelta(seconds=61)
        await desk.open(alice)
    bot.clock.ahead += timedelta(seconds=61)
    assert "3 open tickets" in (await alice.click(desk.panel, "Open a ticket")).content
    assert len(desk.rows()) == 3
    await alice.slash("close", channel=desk.home.chat, number=2)
    await desk.open(alice, "My invoice", "Where is it?")
    assert [row[1] for row in desk.rows()] == ["waiting_staff", "closed"] + ["waiting_staff"] * 2


async def test_two_forms_sent_at_once_open_one_ticket_within_the_cooldown(desk: Desk) -> None:
    alice = desk.home.alice
    forms = [await alice.click(desk.panel, "Open a ticket") for _ in range(2)]
    values = {"Title": "It fails", "Description": "It crashes."}
    answers = await asyncio.gather(*(alice.submit(form, values) for form in forms))
    assert len(desk.rows()) == 1
    assert sorted("next ticket" in each.content for each in answers) == [False, True]


async def test_a_ticket_from_a_message_opens_once_and_only_its_author_or_staff_may(desk: Desk) -> None:
    home, menu = desk.home, "Open ticket from this message"
    message = await home.alice.say("my key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD", home.chat)
    assert "a message of your own" in (await home.bob.menu(menu, message, channel=home.chat)).content
    form = await home.alice.menu(menu, message, channel=home.chat)
    again = await home.alice.menu(menu, message, channel=home.chat)
    assert form.modal is not None
    assert "my key" in str(form.modal.json)
    by_staff = await desk.sam.menu(menu, message, channel=home.chat)
    assert "my key" in str(by_staff.json)  # whoever reads the forum may read the chat
    values = {"Title": "Key"}
    await home.alice.submit(form, values)
    await home.alice.submit(again, values)
    assert len(desk.rows()) == 1
    [(question, source)] = desk.rows("select question, source_message_id from tickets")
    assert source == message.id
    assert "abcdefghijkl" not in question


async def test_the_bot_answers_nothing_by_itself_in_a_ticket(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    message = await desk.home.alice.say("how do I install the driver on my machine?", thread)
    assert (await desk.bot.story(message))["orchestrator"]["reason"] == "in a ticket"


async def test_edits_and_deletions_reach_what_is_kept(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    first, second = await desk.home.alice.say("one", thread), await desk.home.alice.say("two", thread)

    def kept() -> list[tuple[Any, ...]]:
        query = "select content from ticket_messages where message_id in (?, ?) order by message_id"
        return desk.bot.rows(query, first.id, second.id)

    await desk.bot.until("both", lambda: kept() == [("one",), ("two",)])
    await first.edit("better")
    await second.delete()
    await desk.bot.until("edit and deletion", lambda: kept() == [("better",), ("",)])


async def test_a_deleted_thread_closes_its_ticket_and_staff_are_told(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    said = await desk.home.alice.say("it fails", thread)
    await desk.bot.until("kept", lambda: desk.bot.rows(
        "select 1 from ticket_messages where message_id = ?", said.id
    ))  # fmt: skip
    await thread.delete()
    await desk.in_state("closed")
    await desk.logged("#0001 was deleted")
    assert desk.bot.rows("select content from ticket_messages where message_id = ?", said.id) == [("",)]
    assert "is gone" in (await desk.home.alice.slash("reopen", channel=desk.home.chat, number=1)).content


async def test_a_deleted_forum_closes_its_tickets_and_asks_for_another(desk: Desk) -> None:
    await desk.open(desk.home.alice)
    await desk.forum.delete()
    await desk.in_state("closed")
    await desk.logged("Run `/setup` again")
    assert "set up" in (await desk.home.bob.click(desk.panel, "Open a ticket")).content


async def test_without_its_role_staff_are_those_who_manage_the_server(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    place = desk.home.discord.core.world.guilds[desk.home.guild.id]
    remove_role(desk.home.discord.core, place, place.roles[desk.role.id])
    await desk.logged("staff role of the tickets was deleted")
    assert "support staff" in (await desk.sam.slash("claim", channel=thread)).content
    assert "is yours" in (await desk.home.owner.slash("claim", channel=thread)).content


async def test_who_left_is_not_reminded_and_staff_are_told(desk: Desk) -> None:
    carol = await desk.home.person("carol")
    thread = await desk.opened(carol)
    await desk.sam.say("Which version?", thread)
    await desk.in_state("waiting_member")
    await desk.home.discord.call("remove_member", member=carol.id, guild=desk.home.guild.id)
    desk.bot.clock.ahead += timedelta(hours=25)
    await desk.in_state("closed")
    await desk.logged("has left the server")
    assert not [each for each in await thread.history() if "still need help" in each.content]


async def test_a_silent_member_is_reminded_once_then_the_ticket_closes(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    await desk.sam.say("Which version?", thread)
    await desk.in_state("waiting_member")
    desk.bot.clock.ahead += timedelta(hours=300)  # both timers have run out

    async def reminders() -> list[Message]:
        return [each for each in await thread.history() if "still need help" in each.content]

    await desk.bot.until("a reminder", reminders)
    await desk.bot.until("no timer for it", lambda: desk.rows("select remind_at from tickets") == [(None,)])
    assert desk.rows()[0][1] == "waiting_member"
    desk.bot.clock.ahead += timedelta(hours=49)
    await desk.in_state("closed")
    assert desk.rows()[0][4:6] == (None, "no answer")
    assert len(await reminders()) == 1


async def test_waiting_for_staff_never_closes_a_ticket(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    await desk.sam.say("Which version?", thread)
    await desk.in_state("waiting_member")
    await desk.home.alice.say("Two.", thread)
    await desk.in_state("waiting_staff")
    assert desk.rows("select remind_at, close_at from tickets") == [(None, None)]
