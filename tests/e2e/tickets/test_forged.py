"""Buttons and forms with ids that were made up: who may not, may not, whatever their client sends."""

from typing import Any

import pytest
import pytest_asyncio

from sandbox import Sandbox
from sandbox.actions.mentions import numbered
from sandbox.handles import Answer, Member, Message
from tests.e2e.harness import Home, Running, a_home
from tests.e2e.test_tickets import Desk, set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
TICKETS = (
    "select id, state, claimed_by, rating, closed_at, bot_muted, opener_id from tickets where guild_id = ?"
)
EVENTS = "select count(*) from ticket_events join tickets on tickets.id = ticket_id where guild_id = ?"
TRAINED = "select count(*) from training_entries where guild_id = ?"
HELPFUL = "select helpful from questions where guild_id = ?"
SOURCES = "select opener_id, title, source_message_id from tickets where guild_id = ?"
THEIRS, STAFFS, UNKNOWN = "Only whose ticket it is", "support staff may", "don't know that ticket"

BUTTONS = {
    "ticket:claim:{ticket}": STAFFS,
    "ticket:solve:{ticket}": THEIRS,
    "ticket:close:{ticket}": THEIRS,
    "ticket:reopen:{ticket}": THEIRS,
    "answer:yes:{question}": THEIRS,
    "answer:person:{question}": THEIRS,
    "answer:solved:{question}": THEIRS,
    "ticket-rate:{ticket}:1": THEIRS,
    "ticket-comment:{ticket}": THEIRS,
    "ticket-lesson:teach:{ticket}": STAFFS,
    "ticket-lesson:skip:{ticket}": STAFFS,
    "ticket:draft:form:1:open": "isn't kept any more",
}
FORMS = {
    "ticket-close:{ticket}": THEIRS,
    "ticket-commented:{ticket}": THEIRS,
    "lesson-form:{ticket}": STAFFS,
    "train-form:add:0:0": STAFFS,
    "train-form:edit:1:0": STAFFS,
}


@pytest_asyncio.fixture(loop_scope="module")
async def desk(town: Home, watchman: Running) -> Desk:
    desk = await set_up(town, watchman)
    await desk.opened(town.alice)
    return desk


def facts(desk: Desk) -> list[Any]:
    return [desk.bot.rows(query, desk.home.guild.id) for query in (TICKETS, EVENTS, TRAINED, HELPFUL)]


async def press(member: Member, message: Message, custom_id: str) -> Answer:
    """Press a button that the bot never put there."""
    discord = member.caller
    assert isinstance(discord, Sandbox)
    stored = discord.core.world.channels[int(message.json["channel_id"])].messages[message.id]
    button = {"type": 2, "style": 1, "label": "x", "custom_id": custom_id}
    stored.components = numbered([{"type": 1, "components": [button]}])
    return await member.click(message, custom_id)


async def send(member: Member, place: Any, custom_id: str, **fields: str) -> Answer:
    """Send a form that the bot never showed."""
    rows = [
        {
            "type": 18,
            "id": number,
            "component": {"type": 4, "id": number + 1, "custom_id": name, "value": text},
        }
        for number, (name, text) in enumerate(fields.items(), 10)
    ]
    return await member.forge({"custom_id": custom_id, "components": rows}, channel=place, kind=5)


async def test_a_press_of_a_button_of_anothers_ticket_is_refused(desk: Desk) -> None:
    before = facts(desk)
    for custom_id, told in BUTTONS.items():
        answer = await press(desk.home.bob, desk.panel, _filled(desk, custom_id))
        assert answer.modal is None, custom_id
        words = answer.content if answer.ephemeral else (await answer.followup()).content
        assert told in words, custom_id
        assert facts(desk) == before, custom_id


async def test_a_form_about_anothers_ticket_is_refused(desk: Desk) -> None:
    before = facts(desk)
    fields = {"reason": "x", "comment": "x", "questions": "Where?", "answer": "There."}
    for custom_id, told in FORMS.items():
        answer = await send(desk.home.bob, desk.home.chat, _filled(desk, custom_id), **fields)
        assert told in answer.content, custom_id
        assert facts(desk) == before, custom_id


async def test_staff_of_another_server_reach_no_ticket_of_this_one(desk: Desk, city: Sandbox) -> None:
    before = facts(desk)
    other = await a_home(city, "elsewhere")
    message = await other.owner.say("mine", other.chat)
    stored = city.core.world.channels[other.chat.id].messages[message.id]
    stored.application_id, stored.author = city.app.id, city.core.world.users[city.bot_user.id]
    for custom_id in (
        "ticket:claim:{ticket}",
        "ticket:close:{ticket}",
        "answer:person:{question}",
        "ticket-lesson:teach:{ticket}",
    ):
        answer = await press(other.owner, message, _filled(desk, custom_id))
        assert "I don't know that" in answer.content
    answer = await send(other.owner, other.chat, _filled(desk, "ticket-close:{ticket}"), reason="x")
    assert UNKNOWN in answer.content
    assert facts(desk) == before


async def test_a_made_up_form_opens_nothing_in_anothers_name_nor_from_anothers_message(desk: Desk) -> None:
    home, query = desk.home, f"{SOURCES} and number > 1"
    message = await desk.kim.say("It fails whenever I start it", home.chat)
    made_up = f"ticket-form:{desk.kim.id}::{home.chat.id}:{message.id}:00000000"
    await send(home.bob, home.chat, made_up, title="Mine", question="Where is it?")
    assert desk.bot.rows(query, home.guild.id) == [(home.bob.id, "Mine", None)]
    form = await desk.kim.menu("Open ticket from this message", message, channel=home.chat)
    assert form.modal is not None
    given = form.modal.json["custom_id"]
    await send(desk.sam, home.chat, given, title="Not given to me", question="Why?")
    await desk.kim.submit(form, {"Title": "Given to me"})
    assert desk.bot.rows(query, home.guild.id)[1:] == [
        (desk.sam.id, "Not given to me", None),
        (desk.kim.id, "Given to me", message.id),
    ]


def _filled(desk: Desk, custom_id: str) -> str:
    """Return an id about Alice's ticket."""
    [(ticket,)] = desk.bot.rows(
        "select id from tickets where guild_id = ? and number = 1", desk.home.guild.id
    )
    [(question,)] = desk.bot.rows("select id from questions where ticket_id = ?", ticket)
    return custom_id.format(ticket=ticket, question=question)
