"""What a member can't reach through tickets: a private ticket of another, notes, or a hidden channel."""

import pytest

from tests.e2e.harness import Home, Running
from tests.e2e.test_ticket_answers import a_ticket, answers
from tests.e2e.test_tickets import set_up

pytestmark = pytest.mark.asyncio(loop_scope="module")
HIDDEN = "the vault opens with the blue lever"


async def test_another_members_private_ticket_is_out_of_reach_by_any_way(
    town: Home, watchman: Running
) -> None:
    desk = await set_up(town, watchman, private=True)
    alice, bob = town.alice, town.bob
    thread = await a_ticket(desk, alice, "Invoice", HIDDEN)
    await answers(desk, thread, 2)  # to her, and the call for staff
    await town.owner.slash("note", channel=town.chat, options={"number": 1, "text": f"{HIDDEN}, too"})
    before = desk.rows()
    said = [
        await bob.slash(name, channel=town.chat, options={"number": 1} | more)
        for name, more in (
            ("close", {}), ("reopen", {}), ("claim", {}), ("note", {}), ("transfer", {}), ("resume_ai", {}),
            ("rate", {"rating": 1}),
        )
    ]  # fmt: skip
    said.append(await bob.slash("tickets", channel=town.chat, options={"opened_by": alice}))
    assert not [each for each in said if "Invoice" in str(each.json) or "vault" in str(each.json)]
    assert desk.rows() == before
    assert await bob.sees(thread) == []


async def test_the_bot_reads_no_hidden_channel_for_a_member(town: Home, watchman: Running) -> None:
    desk = await set_up(town, watchman)
    hidden = {"everyone": {"deny": ["VIEW_CHANNEL"]}, "bot": {"allow": ["VIEW_CHANNEL"]}}
    vault = await town.discord.channel(
        "vault", guild=town.guild, overwrites=hidden | {desk.role: {"allow": ["VIEW_CHANNEL"]}}
    )
    hers = await desk.sam.say(HIDDEN, vault)
    form = await desk.kim.menu("Open ticket from this message", hers, channel=vault)
    assert form.modal is not None
    assert "vault" not in str(form.modal.json)  # the forum's readers may not read there
    mark = town.discord.record.last
    link = f"https://discord.com/channels/{town.guild.id}/{vault.id}/{hers.id}"
    thread = await a_ticket(desk, town.alice, "What is said there?", f"Tell me what {link} says.")
    await answers(desk, thread, 2)  # to her, and the call for staff
    asked = [entry for entry in town.discord.record.after(mark) if entry["kind"] == "request"]
    assert not [entry for entry in asked if str(vault.id) in entry["path"]]
    assert not [each for each in await town.alice.sees(thread) if "lever" in str(each.json)]
