"""What follows when a ticket closes: transcripts, rating, lesson; once, and only for who may read it.

Judged from what members see in the sandbox, from its files, from its record and from the database file.
"""

import json
from urllib.parse import urlsplit

import pytest

from sandbox.handles import Channel, Member, Message
from tests.e2e.facts import Json
from tests.e2e.harness import Home, Running
from tests.e2e.test_tickets import Desk, desk, set_up

__all__ = ["desk"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = "How do I move the export folder?"
ANSWER = "Set **export.tmp** to a larger disk, then start the export again."
FIELDS = ("Questions, one a line", "Links to attachments, one a line", "Valid (2026-12-01 to 2026-12-24)")
DONE = "select count(*) from ticket_deliveries where kind = 'all'"


def written(answer: str, question: str = QUESTION) -> Json:
    return {FIELDS[0]: question, "Answer": answer, "Category": "", FIELDS[1]: "", FIELDS[2]: ""}


def files(desk: Desk, message: Message | Json) -> dict[str, str]:
    """The files of a message, by the ends of their names."""
    found = message.json["attachments"] if isinstance(message, Message) else message["attachments"]
    world = desk.home.discord.core.world
    return {
        each["filename"].rpartition(".")[2]: world.files[urlsplit(each["url"]).path.removeprefix("/cdn/")][
            1
        ].decode()
        for each in found
    }


async def solved(desk: Desk, staff: Member | None = None) -> Channel:
    """Have Alice ask and staff, Sam, answer; some of what was said must not be told."""
    home, staff = desk.home, staff or desk.sam
    await desk.open(home.alice, "Export", QUESTION)
    [*_, row] = desk.rows()
    thread = Channel(row[3], "", home.discord)
    await home.alice.say("The disk is full @everyone <b>now</b>.", thread, attachments=[("log.txt", b"x")])
    gone = await home.alice.say("my password is on the wall", thread)
    await staff.say("Which version?", thread)
    await staff.say(ANSWER, thread)
    await desk.in_state("waiting_member", row[0])
    await staff.slash("note", channel=thread, text="they owe us money")
    await gone.delete()
    left = "select content from ticket_messages where message_id = ?"
    await desk.bot.until("the deletion", lambda: desk.bot.rows(left, gone.id) == [("",)])
    return thread


async def closed(desk: Desk, thread: Channel, staff: Member | None = None) -> None:
    before = desk.bot.rows(DONE)[0][0]
    await (staff or desk.sam).slash("close", channel=thread, reason="updated")
    await desk.bot.until("the closing", lambda: desk.bot.rows(DONE)[0][0] == before + 1)


def post(desk: Desk, place: Channel, part: str) -> Json:
    [found] = [each for each in desk.home.posts(place) if part in each["content"]]
    return found


async def seen(who: Member, place: Channel, part: str) -> Message:
    """The one post with this in it; in direct messages, which tests share, the newest."""
    *others, found = [each for each in await who.sees(place) if part in each.content]
    assert not others or "Your ticket" in part
    return found


def deliveries(bot: Running, guild_id: int) -> dict[str, str]:
    rows = bot.rows(
        "select d.kind, d.status from ticket_deliveries d join tickets on tickets.id = d.ticket_id "
        "where guild_id = ?",
        guild_id,
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)


async def test_the_transcript_goes_to_staff_and_member_without_what_must_not_be_told(desk: Desk) -> None:
    alice = desk.home.alice
    thread = await solved(desk)
    await closed(desk, thread)
    for_staff = await seen(desk.sam, desk.log, "**Ticket #0001**")
    for_member = await seen(alice, await alice.dm(), "Your ticket")
    assert files(desk, for_staff) == files(desk, for_member)
    page, text = files(desk, for_staff)["html"], files(desk, for_staff)["txt"]
    for shown in (page, text):
        assert "Which version?" in shown
        assert "log.txt" in shown
        assert "updated" in shown
        assert "password" not in shown
        assert "money" not in shown
        assert "how was the help" not in shown
    assert "<b>now</b>" not in page
    assert "&lt;b&gt;now&lt;/b&gt;" in page
    assert "export" in desk.rows("select summary from tickets")[0][0].lower()
    assert not for_staff.json["mentions"]
    assert not for_staff.json["mention_everyone"]
    state = desk.thread(thread)
    assert (state.archived, state.locked) == (True, True)


async def test_a_transcript_names_the_member_who_wrote_nothing_but_the_form(desk: Desk) -> None:
    thread = await desk.opened(desk.home.alice)
    await closed(desk, thread, desk.home.alice)
    told = files(desk, await seen(desk.sam, desk.log, "**Ticket #0001**"))["txt"]
    assert f"closed by @{desk.home.alice.name}: updated" in told


async def test_its_member_alone_rates_the_help_and_may_change_their_mind(desk: Desk) -> None:
    alice, bob = desk.home.alice, desk.home.bob
    thread = await solved(desk)
    await closed(desk, thread)
    asked = await seen(bob, thread, "how was the help")
    announced = await seen(bob, thread, "closed by")
    assert announced.id < asked.id
    by_sam = f"closed by <@{desk.sam.id}>: updated"  # a mention that Discord shows as a name
    assert by_sam in announced.content
    assert [each["id"] for each in announced.json["mentions"]] == [str(alice.id)]
    for other in (bob, desk.sam):
        refused = await other.click(asked, "1")
        assert refused.content == "Only whose ticket it is may do this."
        assert (
            await other.slash("rate", channel=desk.home.chat, rating=1, number=1)
        ).content == refused.content
    rated = "select rating from tickets"
    assert desk.rows(rated) == [(None,)]
    thanks = await alice.click(await seen(alice, await alice.dm(), "Your ticket"), "2")
    assert "2 of 5" in thanks.content
    assert desk.rows(rated) == [(2,)]
    form = await alice.click(thanks.message, "Add a comment")
    await alice.submit(form, {"Comment": "Slow, but it works."})
    assert "4 of 5" in (await alice.slash("rate", channel=desk.home.chat, rating=4, number=1)).content
    assert desk.rows(rated) == [(4,)]
    assert "4 of 5" in (await alice.click(asked, "4")).content
    await desk.bot.until("the thread is shut again", lambda: desk.thread(thread).archived)
    events = desk.bot.rows(
        "select e.kind, e.detail from ticket_events e join tickets t on t.id = e.ticket_id "
        "where t.guild_id = ? and e.kind like 'rat%' order by e.id",
        desk.home.guild.id,
    )
    noted = [(kind, json.loads(detail)) for kind, detail in events]
    assert noted == [
        ("rated", {"rating": 2}),
        ("rating_comment", {"text": "Slow, but it works."}),
        ("rated", {"rating": 4}),
        ("rated", {"rating": 4}),
    ]
    notes = str((await desk.sam.slash("note", channel=desk.home.chat, number=1)).json)
    assert f"{alice.mention}, of the help: Slow, but it works." in notes
    await alice.slash("reopen", channel=desk.home.chat, number=1)
    assert "open again" in (await alice.click(asked, "5")).content


async def test_staff_edit_what_is_proposed_and_teach_it_once(desk: Desk) -> None:
    home, trained = desk.home, "select answer, source_url from training_entries where guild_id = ?"
    thread = await solved(desk)
    await closed(desk, thread)
    proposal = await seen(desk.sam, desk.log, "Teach this?")
    assert "larger disk" in proposal.content
    assert desk.bot.rows(trained, home.guild.id) == []
    refused = await home.alice.click(proposal, "Look and teach")
    assert refused.content == "Only this server's support staff may do this."
    form = await desk.sam.click(proposal, "Look and teach")
    assert form.modal is not None
    shown = json.dumps(form.modal.json)
    assert QUESTION in shown
    assert "larger disk" in shown
    await desk.sam.submit(form, written("Set export.tmp."))
    link = f"https://discord.com/channels/{home.guild.id}/{thread.id}"
    assert desk.bot.rows(trained, home.guild.id) == [("Set export.tmp.", link)]
    again = await desk.kim.click(proposal, "Look and teach")
    assert "has taught this already" in again.content


async def test_what_is_known_already_takes_another_phrasing(desk: Desk) -> None:
    home = desk.home
    await desk.sam.slash(
        "train add", channel=home.chat, options={"question": QUESTION, "answer": "With care."}
    )
    thread = await solved(desk)
    await closed(desk, thread)
    form = await desk.sam.click(await seen(desk.sam, desk.log, "Teach this?"), "Look and teach")
    sent = await desk.sam.submit(form, written(ANSWER, f"{QUESTION}\nwhere do exports go"))
    assert "With care" in sent.content
    await desk.sam.click(sent.message, "Add as another phrasing")
    phrasings = "select text from training_phrasings where guild_id = ? order by id"
    wanted = [(QUESTION,), ("where do exports go",)]
    await desk.bot.until("the phrasing", lambda: desk.bot.rows(phrasings, home.guild.id) == wanted)
    answers = "select answer from training_entries where guild_id = ?"
    assert desk.bot.rows(answers, home.guild.id) == [("With care.",)]


async def test_a_proposal_forgets_what_was_deleted_and_staff_can_wave_it_off(desk: Desk) -> None:
    thread = await solved(desk)
    await closed(desk, thread)
    proposal = await seen(desk.sam, desk.log, "Teach this?")
    [answer] = [each for each in await desk.sam.sees(thread) if each.content == ANSWER]
    await answer.delete()
    left = "select content from ticket_messages where message_id = ?"
    await desk.bot.until("the deletion", lambda: desk.bot.rows(left, answer.id) == [("",)])
    assert "nothing left to teach" in (await desk.sam.click(proposal, "Look and teach")).content
    await desk.sam.click(proposal, "Nothing to teach")
    now = await proposal.fetch()
    assert now.components == []
    assert f"says {desk.sam.mention}" in now.content


async def test_a_log_that_others_read_gets_no_text_and_the_owner_learns_why(desk: Desk) -> None:
    home = desk.home
    readers = (desk.role, home.alice, home.discord.bot_user)
    rules = {"everyone": {"deny": ["VIEW_CHANNEL"]}} | {each: {"allow": ["VIEW_CHANNEL"]} for each in readers}
    await desk.forum.set_overwrites(rules)
    thread = await solved(desk)
    await closed(desk, thread)
    notice = await seen(home.bob, desk.log, "**Ticket #0001** was closed")
    assert "Not everyone who reads" in notice.content
    assert notice.json["attachments"] == []
    proposal = await seen(home.bob, desk.log, "Teach this?")
    everything = notice.content + proposal.content
    assert not any(word in everything for word in ("export", "disk", "updated"))
    told = [each.content for each in await home.owner.sees(await home.owner.dm())]
    assert len([each for each in told if "Not everyone who reads" in each]) == 1
    assert QUESTION in json.dumps((await desk.sam.click(proposal, "Look and teach")).json)


async def test_a_member_who_takes_no_messages_is_told_in_the_thread(desk: Desk) -> None:
    home = desk.home
    home.alice = await home.person("carol")
    await home.discord.call("set_user", user=home.alice.id, takes_dms=False)
    thread = await solved(desk)
    await closed(desk, thread)
    told = post(desk, thread, "no direct messages")
    assert home.alice.mention in told["content"]
    assert (desk.thread(thread).archived, desk.thread(thread).locked) == (True, True)
    states = deliveries(desk.bot, home.guild.id)
    assert (states["member"], states["closed_doors"]) == ("failed", "sent")


async def test_a_private_ticket_goes_to_its_member_and_not_to_a_log_that_others_read(
    town: Home, watchman: Running
) -> None:
    desk = await set_up(town, watchman, private=True)
    thread = await solved(desk, town.owner)
    await closed(desk, thread, town.owner)
    assert "Not everyone who reads" in (await seen(desk.sam, desk.log, "**Ticket #0001** was")).content
    assert (
        "Which version?" in files(desk, await seen(town.alice, await town.alice.dm(), "Your ticket"))["txt"]
    )
