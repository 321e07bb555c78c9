"""Forms that were open while the bot stopped: what was written into them is not lost."""

from pathlib import Path

from sandbox import Sandbox
from tests.e2e.conftest import BotFactory
from tests.e2e.harness import Home
from tests.e2e.test_ticket_answers import teach
from tests.e2e.test_ticket_closing import ANSWER, DONE, seen, written
from tests.e2e.test_tickets import set_up

OPENED = "select title, question, opener_id from tickets where source_message_id = ?"
TRAINED = "select answer, source_url from training_entries order by id"


async def test_forms_opened_before_a_restart_are_heard_after_it(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        home.staff = await discord.channel("queue", guild=home.guild)
        await home.owner.slash("config staff", channel=home.help, options={"channel": home.staff})
        entry = await teach(desk, "Where are the logs?", "In /var/log.")
        thread = await desk.opened(home.alice, "Lamp")
        await desk.sam.say(ANSWER, thread)
        await desk.in_state("waiting_member")
        asked = await home.bob.say("It fails whenever I start it", home.chat)
        reply = await desk.kim.say("Update it.", home.chat, reply_to=asked)
        opening = await home.bob.menu("Open ticket from this message", asked, channel=home.chat)
        closing = await desk.sam.click((await thread.history())[0], "Close")
        adding = await desk.sam.slash("train add", channel=home.chat)
        editing = await desk.sam.slash("train edit", channel=home.chat, entry=str(entry))
        training = await desk.kim.menu("Train from this reply", reply)
    async with running_bot(discord, folder=tmp_path) as bot:
        desk.bot = bot
        told = await home.bob.submit(opening, {"Title": "It fails"})
        assert "Ticket #0002 is open" in told.content
        [row] = bot.rows(
            "select title, question, opener_name, source_message_id from tickets where number = 2"
        )
        assert (row[0], row[1], row[3]) == ("It fails", "It fails whenever I start it", asked.id)
        assert row[2].startswith("bob")
        await desk.sam.submit(adding, written("At nine.", "When is it open?"))
        await desk.sam.submit(editing, written("In /srv/log.", "Where are the logs?"))
        await desk.kim.submit(training, written("Update it.", "It fails whenever I start it"))
        answers = bot.rows(TRAINED)
        assert [each[0] for each in answers] == ["In /srv/log.", "At nine.", "Update it."]
        assert answers[2][1].endswith(f"/{home.chat.id}/{reply.id}")
        await desk.sam.submit(closing, {"Reason": "steady now"})
        assert desk.rows()[0][5] == "steady now"
        await bot.until("the closing", lambda: bot.rows(DONE) == [(1,)])
        thanks = await home.alice.click(await seen(home.alice, thread, "how was the help"), "4")
        comment = await home.alice.click(thanks.message, "Add a comment")
        lesson = await desk.sam.click(await seen(desk.sam, home.staff, "Teach this?"), "Look and teach")
    async with running_bot(discord, folder=tmp_path) as bot:
        await home.alice.submit(comment, {"Comment": "Quick and kind."})
        await desk.sam.submit(lesson, written(ANSWER, "The lamp blinks."))
        assert bot.rows("select count(*) from training_entries") == [(4,)]
        assert bot.rows("select count(*) from ticket_events where detail like '%Quick and kind%'") == [(1,)]


async def test_a_form_that_was_open_while_a_role_was_taken_is_refused_after_a_restart(
    discord: Sandbox, home: Home, running_bot: BotFactory, tmp_path: Path
) -> None:
    async with running_bot(discord, folder=tmp_path) as bot:
        await bot.until("commands", lambda: bool(discord.app.commands))
        desk = await set_up(home, bot)
        adding = await desk.sam.slash("train add", channel=home.chat)
        await discord.call("set_member", member=desk.sam.id, guild=home.guild.id, roles=[])
    async with running_bot(discord, folder=tmp_path) as bot:
        answer = await desk.sam.submit(adding, written("At nine.", "When is it open?"))
        assert "support staff may" in answer.content
        assert bot.rows(TRAINED) == []
