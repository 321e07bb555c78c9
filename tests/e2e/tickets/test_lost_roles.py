"""Who may still do what when they have lost their role, and what a form shows of hidden channels."""

import pytest

from bot.services.tickets import life
from tests.e2e.test_tickets import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.asyncio(loop_scope="module")
MENU = "Open ticket from this message"


async def dismiss(desk: Desk) -> None:
    """Take the staff role from Sam."""
    await desk.home.discord.call("set_member", member=desk.sam.id, guild=desk.home.guild.id, roles=[])


async def test_a_form_for_another_member_is_refused_to_who_is_no_staff_any_more(desk: Desk) -> None:
    home = desk.home
    message = await home.alice.say("It fails whenever I start it", home.chat)
    form = await desk.sam.menu(MENU, message, channel=home.chat)
    await dismiss(desk)
    answer = await desk.sam.submit(form, {"Title": "It fails"})
    assert "support staff" in answer.content
    assert desk.rows() == []


async def test_pages_of_a_list_show_only_their_own_to_who_is_no_staff_any_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = desk.home
    monkeypatch.setattr(life, "PAGE", 1)
    for number in range(2):
        await desk.open(await home.person(f"member {number}"), f"Number {number + 1}", settled=False)
    listed = (await desk.sam.slash("tickets", channel=home.chat)).message
    assert listed is not None
    assert "2 in all" in str(listed.embeds)
    await dismiss(desk)
    await desk.sam.click(listed, "Next")
    shown = str((await listed.fetch()).embeds)
    assert "Number" not in shown
    assert "0 in all" in shown


async def test_the_form_shows_no_text_of_a_channel_that_readers_of_the_forum_cannot_read(desk: Desk) -> None:
    home = desk.home
    staff_only = {"everyone": {"deny": ["VIEW_CHANNEL"]}, desk.role: {"allow": ["VIEW_CHANNEL"]}}
    hidden = await home.discord.channel("hidden", guild=home.guild, overwrites=staff_only)
    message = await desk.kim.say("The launch is on Friday", hidden)
    form = await desk.sam.menu(MENU, message, channel=hidden)
    assert form.modal is not None
    assert "launch" not in str(form.modal.json)
    own = await desk.kim.menu(MENU, message, channel=hidden)
    assert "launch" in str(own.json)
