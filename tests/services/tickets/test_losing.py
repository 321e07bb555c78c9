"""What is left of tickets whose thread or channel was deleted: nothing that was said."""

from collections.abc import Sequence

import pytest

from bot.domain.errors import UserFacingError
from bot.models import Question, Ticket, TicketEvent
from bot.services.audience import AudienceService
from bot.services.retention import RetentionService
from bot.services.tickets import life
from bot.services.tickets.answer_ports import QueueCard
from bot.services.tickets.handover import TicketHandover
from bot.settings import RetentionSettings
from bot.tools.ticket_answer_parts import queue_embed
from tests.services.places import OPEN, Places
from tests.services.tickets.conftest import ALICE, BOB, FORUM, GUILD, SAM, Office


async def talked(office: Office, number: int = 1, opener_id: int = ALICE) -> Ticket:
    """Open a ticket in which all was said that can be, and close it."""
    wish = office.wish(number, opener_id=opener_id, question="My secret plan.", environment="my secret box")
    await office.service.drafts.keep(wish)
    ticket = await office.service.opening.open(wish)
    await office.say(ticket, opener_id, "my secret")
    await office.service.life.note(ticket, SAM, "is kept")
    async with office.database.transaction() as tx:
        await tx.questions.begin(
            Question(
                key=f"{number}", guild_id=GUILD, ticket_id=ticket.id, asked_at=office.clock.now(),
                answer="A secret answer.",
            )
        )  # fmt: skip
        await tx.tickets.set_quietly(ticket.id, {"summary": "A secret."})
        detail = {"question": "secret?", "answer": "secret!"}
        event = TicketEvent(ticket_id=ticket.id, kind="lesson", detail=detail, at=office.clock.now())
        await tx.tickets.note(event)
    return await office.service.life.close(await office.now(ticket), SAM, "done")


async def kept(office: Office, ticket: Ticket) -> Sequence[object]:
    """Return all that is stored of a ticket."""
    async with office.database.reading() as tx:
        drafts = await tx.ticket_drafts.get(ticket.key)
        questions = await tx.questions.of_ticket(ticket.id)
        messages = await tx.ticket_messages.list_of(ticket.id)
    return [await office.now(ticket), await office.events(ticket), drafts, questions, messages]


class TestForgetting:
    async def test_a_deleted_thread_leaves_nothing_of_what_was_said(self, office: Office) -> None:
        ticket = await talked(office)
        assert "secret" in str(await kept(office, ticket))
        await office.service.life.thread_gone(ticket)
        left = str(await kept(office, ticket))
        assert "secret" not in left
        assert "is kept" in left  # a note of staff's own
        assert [each.kind for each in await office.events(ticket)][-1] == "thread_deleted"

    async def test_other_tickets_keep_theirs(self, office: Office) -> None:
        other = await talked(office, 2, BOB)
        before = str(await kept(office, other))
        await office.service.life.thread_gone(await talked(office))
        assert str(await kept(office, other)) == before

    async def test_a_deleted_channel_does_so_for_closed_tickets_too(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(life, "FORGOTTEN", 1)
        tickets = [await talked(office, number) for number in (1, 2)]
        await office.service.life.channel_gone(GUILD, FORUM)
        for ticket in tickets:
            assert "secret" not in str(await kept(office, ticket))
            assert (await office.now(ticket)).close_reason == "done"
        assert not [each for each in office.desk.told if "ticket #" in each]  # they were closed before

    async def test_a_server_whose_rows_were_deleted_is_set_up_no_more(self, office: Office) -> None:
        await office.service.settings.set_categories(GUILD, "Billing")
        async with office.database.transaction() as tx:
            await tx.guilds.change(GUILD, {"left_at": office.clock.now()})
        office.clock.advance(31 * 86_400)
        retention = RetentionService(office.database, office.clock, RetentionSettings())
        retention.on_guild_gone["tickets"] = office.service.settings.forget_guild
        await retention.purge()
        with pytest.raises(UserFacingError, match="/setup"):
            await office.open()
        assert office.service.settings.categories(GUILD) == []
        assert office.roles.staff_role_id(GUILD) is None

    async def test_staff_see_it_without_its_text(self, office: Office) -> None:
        seen: list[Ticket] = []

        async def see(ticket: Ticket) -> None:
            seen.append(ticket)

        ticket = await talked(office)
        office.service.display.on_shown = see
        await office.service.life.thread_gone(ticket)
        [shown] = seen
        assert (shown.title, shown.question, shown.state) == ("", "", "closed")
        assert shown.thread_id == ticket.thread_id  # what it links to

    async def test_the_staff_channel_keeps_no_text_and_no_button_of_it(self, office: Office) -> None:
        cards: list[QueueCard] = []

        class Desk:
            async def update_queue(self, channel_id: int, message_id: int, card: QueueCard) -> None:
                cards.append(card)

        audience = AudienceService()
        audience.read_from(Places())
        handover = TicketHandover(
            database=office.database, clock=office.clock, guilds=office.guilds,
            settings=office.service.settings, display=office.service.display, audience=audience,
            desk=Desk(),  # type: ignore[arg-type]  # nothing else is asked of it
            make_sure=office.service.conversation.make_sure,
        )  # fmt: skip
        office.service.display.on_shown = handover.refresh
        await office.guilds.set_staff_channel(GUILD, OPEN)
        await office.service.settings.change(GUILD, parent_id=OPEN)
        ticket = await talked(office)
        async with office.database.transaction() as tx:
            await tx.tickets.set_quietly(ticket.id, {"queue_message_id": 8_000})
        await handover.refresh(await office.now(ticket))
        await office.service.life.thread_gone(ticket)
        before, after = (str(queue_embed(card).to_dict()) for card in cards)
        assert "secret" in before
        assert "secret" not in after
