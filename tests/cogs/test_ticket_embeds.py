"""Cards, lists and notes: they fit into Discord, and members' words are shown as words."""

from datetime import UTC, datetime

import pytest

from bot.domain.tickets import TicketState
from bot.models import Ticket, TicketCategory, TicketEvent
from bot.services.tickets.life import TicketPage
from bot.services.tickets.ports import TicketView
from bot.tools.ticket_card import card_buttons, card_embed, wanted_tags
from cogs.tickets.embeds import notes_embed, tickets_embed
from tests.db.support import ticket
from tests.fake_interaction import check_embed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = "[free money](https://evil.example) @everyone"


def made(**values: object) -> Ticket:
    known: dict[str, object] = {"id": 7, "claimed_by": None, "category_id": 3}
    return ticket(7, **known | values)


@pytest.mark.parametrize("state", list(TicketState))
def test_the_longest_card_fits(state: TicketState) -> None:
    long = made(
        state=state.value, title="*" * 80, question="*" * 2_000, environment="_" * 500,
        close_reason="`" * 500, claimed_by=2**62, closed_by=2**62, reopened=99, member_left=True,
        source_channel_id=2**62, source_message_id=2**62,
    )  # fmt: skip
    check_embed(card_embed(TicketView(long, TicketCategory(id=3, guild_id=1, name="*" * 50, emoji="x" * 64))))


def test_what_members_write_is_no_markup() -> None:
    embed = card_embed(TicketView(made(title=LINK, question=LINK, environment=LINK)))
    for text in (embed.title, embed.description, embed.fields[-1].value):
        assert text is not None
        assert "](" not in text


def test_a_cards_title_is_its_number_and_the_members_words() -> None:
    embed = card_embed(TicketView(made(title="It *fails*")))
    assert embed.title == "#0007 It \\*fails\\*"  # lists show it as it is: nothing but words is escaped


async def test_buttons_are_those_that_can_be_pressed() -> None:
    def labels(**values: object) -> list[str]:
        return [item.label for item in card_buttons(made(**values)).children]  # type: ignore[attr-defined]

    assert card_buttons(made()).is_finished()  # else discord.py answers presses, too
    assert labels() == ["Claim", "Solved", "Close"]
    assert labels(claimed_by=1) == ["Solved", "Close"]
    assert labels(state="resolved") == ["Claim", "Close"]
    assert labels(state="closed") == ["Reopen"]


def test_tags_are_those_of_state_and_category_that_the_forum_has() -> None:
    tags = {"state:open": "11", "state:closed": "12", "category:3": "13"}
    assert wanted_tags(TicketView(made(), None, tags)) == [11, 13]
    assert wanted_tags(TicketView(made(state="closed", category_id=None), None, tags)) == [12]
    assert wanted_tags(TicketView(made())) == []


def test_a_full_page_of_tickets_fits_and_shows_words_as_words() -> None:
    tickets = [made(title="*" * 80, claimed_by=2**62) for _ in range(10)]
    check_embed(tickets_embed(TicketPage(tickets, 3, 99, 999)))
    text = tickets_embed(TicketPage([made(title=LINK)], 0, 1, 1)).description or ""
    assert "\\[free money\\]\\(" in text
    assert "closed ones aren't shown" in (tickets_embed(TicketPage([], 0, 1, 0)).description or "")


def test_a_listed_ticket_says_where_it_stands_and_who_has_it() -> None:
    one = made(title="It fails", state="waiting_staff", priority="high", claimed_by=5, thread_id=None)
    moment = f"<t:{int(one.opened_at.timestamp())}:R>"
    assert tickets_embed(TicketPage([one], 0, 1, 1)).description == (
        f"**#0007** It fails\nwaiting for staff · high · by <@{one.opener_id}> · <@5> has it · {moment}"
    )


def test_the_newest_notes_are_shown_as_far_as_they_fit() -> None:
    notes = [
        TicketEvent(ticket_id=7, kind="note", actor_id=1, detail={"text": f"{n} " + "*" * 900}, at=NOW)
        for n in range(6)
    ]
    embed = notes_embed(made(), notes)
    check_embed(embed)
    assert "<@1>: 5 " in (embed.description or "")
    assert embed.footer.text == "4 older ones not shown"
    assert notes_embed(made(), []).description == "There are none."
