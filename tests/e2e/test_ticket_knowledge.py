"""Similar tickets before one is opened, gaps that staff fill, and figures: from members to the database."""

import json

import pytest

from sandbox import Sandbox
from sandbox.handles import Answer, Member
from tests.e2e.facts import Json
from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import Desk, desk, set_up

__all__ = ["desk"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
REFUSED = "Only this server's support staff may do this."
ASKED = (
    "The app crashes when I export a report",
    "Crash on exporting reports",
    "Exporting a report makes the app crash",
    "My app crashed while it exported the report",
    "app crash: report export",
)


def shown(answer: Answer) -> str:
    """Everything an answer's text and embeds say; it must be for one member's eyes."""
    assert answer.message is not None
    assert answer.message.ephemeral
    return answer.message.content + json.dumps(answer.message.embeds, ensure_ascii=False)


async def pressed(desk: Desk, member: Member, answer: Answer, label: str, part: str) -> None:
    """Press a button and wait until the message says this instead."""

    def edits() -> list[Json]:
        edited = [each for each in desk.home.discord.record if each["kind"] == "message_edit"]
        return [each for each in edited if part in (each.get("content") or "")]

    before = len(edits())
    await member.click(answer.message, label)
    await desk.bot.until(part, lambda: len(edits()) > before)


async def solve(desk: Desk, *titles: str, by: Member | None = None) -> None:
    """Have members open tickets, whatever is shown to them, and staff close them."""
    for number, title in enumerate(titles):
        member = by or await desk.home.person(f"member {number}")
        answer = await desk.open(member, title, "Please help.")
        if "similar" in shown(answer):
            await pressed(desk, member, answer, "Open anyway", f"Ticket #{number + 1:04} is")
        [*_, row] = desk.rows()
        await desk.sam.slash("close", channel=desk.home.chat, number=row[0])
        await desk.in_state("closed", row[0])


async def test_a_sixth_is_shown_three_like_it_and_opens_its_own_once(desk: Desk) -> None:
    await solve(desk, *ASKED)
    bob = desk.home.bob
    answer = await desk.open(bob, "App crashes exporting my report", "Please help me.")
    assert "3 similar solved tickets" in shown(answer)
    threads = [row[3] for row in desk.rows()]
    assert sum(f"/{thread_id})" in shown(answer) for thread_id in threads) == 3
    assert len(desk.rows()) == 5
    await pressed(desk, bob, answer, "Open anyway", "Ticket #0006 is")
    assert [row[0] for row in desk.rows()] == [*range(1, 7)]
    query = "select title, question from tickets where number = 6 and guild_id = ?"
    [(title, question)] = desk.bot.rows(query, desk.home.guild.id)
    assert (title, question) == ("App crashes exporting my report", "Please help me.")
    assert desk.bot.rows("select key from ticket_drafts where guild_id = ?", desk.home.guild.id) == []


async def test_what_solves_it_opens_nothing(desk: Desk) -> None:
    await solve(desk, ASKED[0])
    answer = await desk.open(desk.home.bob, ASKED[0], "Please help.")
    assert "A similar solved ticket" in shown(answer)
    await pressed(desk, desk.home.bob, answer, "That solves it", "opened no ticket")
    assert len(desk.rows()) == 1
    other = await desk.open(desk.home.bob, "Where is my invoice of May?", "I can't find it.")
    assert "Ticket #0002 is" in shown(other)


async def test_a_member_is_shown_no_ticket_that_they_cannot_read(town: Home, watchman: Running) -> None:
    desk = await set_up(town, watchman, private=True)
    await solve(desk, ASKED[0], by=town.alice)
    answer = await desk.open(town.bob, ASKED[0], "Please help.")
    assert "Ticket #0002 is" in shown(answer)
    for reader in (desk.sam, town.owner):
        assert "similar" not in shown(await desk.open(reader, ASKED[0], "Please help."))


async def test_unanswered_tickets_are_one_gap_that_staff_fill(desk: Desk) -> None:
    await solve(desk, *ASKED, "Where is my invoice of May?")
    query = "select outcome, reason from questions where finished_at is not null and guild_id = ?"
    await desk.bot.until("the answers", lambda: len(desk.bot.rows(query, desk.home.guild.id)) == 6)
    listed = await desk.sam.slash("train gaps", channel=desk.home.chat)
    text = shown(listed)
    assert "**1** · asked 5 times" in text
    assert "**2** · asked once" in text
    form = await desk.sam.click(listed.message, "Teach 1")
    assert form.modal is not None
    written = json.dumps(form.modal.json)
    assert all(title in written for title in ASKED)
    fields = {"Questions, one a line": "\n".join(ASKED), "Answer": "Update to 2.1."}
    done = await desk.sam.submit(form, fields)
    assert "Trained: entry" in shown(done)
    later = shown(await desk.sam.slash("train gaps", channel=desk.home.chat))
    assert "asked 5 times" not in later
    assert "**1** · asked once" in later


async def test_lists_are_chosen_and_nobody_but_staff_sees_them(desk: Desk) -> None:
    listed = await desk.sam.slash("train gaps", channel=desk.home.chat)
    assert "There are none" in shown(listed)
    for kind, title in (("to look at", "Entries to look at"), ("contradicting each other", "contradicting")):
        chosen = await desk.sam.choose(listed.message, "What to list", [kind])
        assert title in shown(chosen)
    for command in ("train gaps", "ticket_stats"):
        assert REFUSED in shown(await desk.home.alice.slash(command, channel=desk.home.chat))


async def test_figures_come_with_a_picture_and_its_description(desk: Desk, city: Sandbox) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    nothing = await desk.sam.slash("ticket_stats", channel=desk.home.chat)
    assert "**0** opened" in shown(nothing)
    assert nothing.message is not None
    assert not nothing.message.json.get("attachments")
    await solve(desk, ASKED[0])
    found = await desk.sam.slash("ticket_stats", channel=desk.home.chat, days=7)
    assert "**1** opened, **1** of them solved" in shown(found)
    assert found.message is not None
    [picture] = found.message.json["attachments"]
    assert picture["filename"] == "tickets.png"
    assert "Four charts of tickets" in picture["description"]
