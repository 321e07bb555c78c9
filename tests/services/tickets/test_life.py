"""Tickets opened, talked in, closed and lost, with a stand-in for Discord that fails as told."""

from datetime import timedelta

import pytest

from bot.domain.errors import NotFoundError, UserFacingError
from bot.models import Ticket, TicketMessage
from bot.services.tools import NotPermittedError, RefusedError, TargetGoneError, ToolError, UnreachableError
from tests.conftest import Logged
from tests.services.support import eventually
from tests.services.tickets.conftest import ALICE, BOB, FORUM, GUILD, KIM, LOG, SAM, STAFF_ROLE, Office

HOUR = timedelta(hours=1)


class Recording:
    """Stands for what answers in tickets."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def opened(self, ticket: Ticket) -> None:
        self.heard.append(f"opened {ticket.number}")

    async def member_wrote(self, ticket: Ticket, message: TicketMessage) -> None:
        self.heard.append(message.content)


async def test_what_is_said_of_a_closing_leaves_no_thread_open_that_was_archived_meanwhile(
    office: Office,
) -> None:
    ticket = await office.open()

    async def look(_ticket: Ticket) -> None:
        await office.service.timers.tick()  # shows it before anything is said

    office.service.life.closed.append(look)
    await office.service.life.close(ticket, SAM, "")
    assert office.desk.shown == [(ticket.id, "closed")] * 2


class TestOpening:
    async def test_needs_a_place(self, office: Office) -> None:
        with pytest.raises(UserFacingError, match="/setup"):
            await office.open(guild_id=GUILD + 1)

    async def test_what_is_said_before_its_thread_is_recorded_is_read(self, office: Office) -> None:
        office.desk.past = [office.heard(ALICE, "quick one")]
        ticket = await office.open()

        async def is_read() -> bool:
            return await office.texts(ticket) == ["quick one"]

        await eventually(is_read)

    async def test_the_same_wish_is_granted_once(self, office: Office) -> None:
        first = await office.open(1)
        assert await office.open(1) == first
        assert len(office.desk.threads) == 1

    async def test_secrets_are_cut_out_and_lengths_kept(self, office: Office) -> None:
        ticket = await office.open(title="a\nb " * 100, question="password: hunter2 " + "x" * 5_000)
        assert "hunter2" not in ticket.question
        assert (len(ticket.title) <= 80, len(ticket.question)) == (True, 2_000)
        assert "\n" not in ticket.title

    async def test_what_discord_did_not_answer_is_opened_later_and_once(self, office: Office) -> None:
        office.desk.failing = UnreachableError("down")
        with pytest.raises(UserFacingError, match="as soon as it does"):
            await office.open()
        await office.service.timers.tick()
        assert (await office.only()).thread_id is None
        office.desk.failing = None
        await office.again().load()
        await office.service.timers.tick()
        ticket = await office.only()
        assert ticket.thread_id == office.desk.threads[ticket.id]
        assert office.desk.opened_again == [ticket.id]
        assert str(ticket.thread_id) in office.service.conversation.threads
        await office.service.timers.tick()
        assert office.desk.opened_again == [ticket.id]

    @pytest.mark.parametrize(
        ("error", "told"),
        [
            (NotPermittedError("Send Messages"), "I lack \\*\\*Send Messages\\*\\*"),
            (TargetGoneError("gone"), "the channel for tickets is gone"),
            (RefusedError("bad name"), "Discord refuses it"),
        ],
        ids=["forbidden", "gone", "refused"],
    )
    async def test_what_cannot_be_opened_is_closed_and_counts_for_nothing(
        self, office: Office, error: ToolError, told: str
    ) -> None:
        await office.service.settings.change(GUILD, max_open=1)
        office.desk.failing = error
        with pytest.raises(UserFacingError, match=told):
            await office.open()
        ticket = await office.only()
        assert (ticket.state, ticket.thread_id) == ("closed", None)
        assert [each.kind for each in await office.events(ticket)] == ["opened", "not_opened"]
        office.desk.failing = None
        await office.set_up()
        await office.open(2)
        await office.service.timers.tick()
        assert office.desk.opened_again == []

    async def test_a_member_has_so_many_and_waits_between_them(self, office: Office) -> None:
        await office.service.settings.change(GUILD, max_open=2, cooldown_seconds=60)
        await office.open(1)
        with pytest.raises(UserFacingError, match="next ticket <t:"):
            await office.open(2)
        await office.open(3, opener_id=BOB)
        office.clock.advance(60)
        await office.open(4)
        office.clock.advance(60)
        with pytest.raises(UserFacingError, match="2 open tickets"):
            await office.open(5)
        with pytest.raises(UserFacingError, match="2 open tickets"):
            await office.service.opening.check_may_open(GUILD, ALICE)


class TestTalking:
    async def test_the_member_is_answered_until_staff_speak(self, office: Office) -> None:
        responder = Recording()
        office.service.answer_with(responder)
        ticket = await office.open()
        await office.say(ticket, ALICE, "hello?")
        await office.say(ticket, BOB, "same here")
        await office.say(ticket, 1, "beep", "bot")
        after = await office.say(ticket, SAM, "Looking.", "staff")
        await office.say(ticket, ALICE, "thanks")
        assert responder.heard == ["opened 1", "hello?"]
        assert (after.bot_muted, after.first_response_by) == (True, "staff")
        assert await office.texts(ticket) == ["hello?", "same here", "beep", "Looking.", "thanks"]

    async def test_staff_in_a_ticket_of_their_own_are_its_member(self, office: Office) -> None:
        ticket = await office.open(opener_id=SAM)
        after = await office.say(ticket, SAM, "It is urgent.", "staff")
        assert (after.state, after.bot_muted) == ("waiting_staff", False)

    async def test_of_who_opted_out_nothing_is_stored(self, office: Office) -> None:
        office.service.conversation.opted_out = lambda _guild_id, user_id: user_id == ALICE
        ticket = await office.say(await office.open(), ALICE, "hello?")
        assert await office.texts(ticket) == []

    async def test_a_message_heard_twice_moves_nothing(self, office: Office) -> None:
        responder = Recording()
        office.service.conversation.responder = responder
        ticket = await office.open()
        message = office.heard(ALICE, "hello?")
        assert ticket.thread_id is not None
        for _ in range(2):
            await office.service.conversation.hear(ticket.thread_id, message)
        assert responder.heard == ["hello?"]

    async def test_writing_in_a_closed_ticket_that_is_not_locked_reopens_it(self, office: Office) -> None:
        ticket = await office.open()
        await office.service.life.close(ticket, SAM, "done")
        assert (await office.say(ticket, BOB, "me too")).state == "closed"
        after = await office.say(ticket, ALICE, "not quite")
        assert (after.state, after.reopened) == ("waiting_staff", 1)

    async def test_history_is_made_equal_and_goes_on_from_what_was_said_last(self, office: Office) -> None:
        responder = Recording()
        office.service.conversation.responder = responder
        ticket = await office.open()
        one, two, three = (office.heard(ALICE, text) for text in ("one", "two", "three"))
        assert ticket.thread_id is not None
        for each in (one, two):
            await office.service.conversation.hear(ticket.thread_id, each)
        responder.heard.clear()
        office.desk.past = [two, three]  # the oldest is beyond the page that was read
        await office.service.conversation.catch_up(await office.now(ticket))
        assert await office.texts(ticket) == ["one", "two", "three"]
        office.desk.past = [one, three]
        await office.service.conversation.catch_up(await office.now(ticket))
        assert await office.texts(ticket) == ["one", "three"]
        assert responder.heard == ["three"]


class TestMoving:
    async def test_who_comes_second_is_told_who_was_first(self, office: Office) -> None:
        ticket = await office.open()
        await office.service.life.claim(ticket, SAM)
        with pytest.raises(UserFacingError, match=f"<@{SAM}> has this ticket"):
            await office.service.life.claim(ticket, KIM)
        with pytest.raises(UserFacingError, match="You have this ticket"):
            await office.service.life.claim(ticket, SAM)
        with pytest.raises(UserFacingError, match="just changed hands"):
            await office.service.life.transfer(ticket, KIM, KIM)  # as it was before the claim
        await office.service.life.transfer(await office.now(ticket), SAM, None)
        assert (await office.now(ticket)).claimed_by is None

    async def test_nothing_moves_twice(self, office: Office) -> None:
        life, ticket = office.service.life, await office.open()
        with pytest.raises(UserFacingError, match="open already"):
            await life.reopen(ticket, SAM)
        await life.resolve(ticket, ALICE)
        with pytest.raises(UserFacingError, match="resolved already"):
            await life.resolve(ticket, ALICE)
        await life.close(ticket, SAM, "done")
        for work in (life.close(ticket, SAM, "again"), life.claim(ticket, SAM), life.resolve(ticket, SAM)):
            with pytest.raises(UserFacingError, match="closed"):
                await work
        kinds = [each.kind for each in await office.events(ticket)]
        assert kinds == ["opened", "resolved", "closed"]

    async def test_its_member_is_told_why_it_was_closed(self, office: Office) -> None:
        await office.service.life.close(await office.open(1), SAM, "see *here*")
        await office.service.life.close(await office.open(2), ALICE, "")
        first, second = office.desk.said
        assert first.startswith(f"<@{ALICE}> This ticket was closed by <@{SAM}>: see \\*here\\*\n")
        assert second.startswith(f"This ticket was closed by <@{ALICE}>\n")

    async def test_what_follows_closing_cannot_keep_it_open(self, office: Office, logged: Logged) -> None:
        closed: list[int] = []

        async def fail(_ticket: Ticket) -> None:
            raise RuntimeError("no room")

        async def follow(ticket: Ticket) -> None:
            closed.append(ticket.number)

        office.service.life.closed += [fail, follow]
        ticket = await office.service.life.close(await office.open(), SAM, "done")
        assert closed == [1]
        assert (ticket.id, "closed") in office.desk.shown
        assert logged.of("ERROR", "After closing ticket 1")

    async def test_a_ticket_of_another_server_is_unknown(self, office: Office) -> None:
        ticket = await office.open()
        for work in (
            office.service.life.get(GUILD + 1, ticket.id),
            office.service.life.find(GUILD + 1, ticket.thread_id or 0),
            office.service.life.find(GUILD + 1, 0, ticket.number),
        ):
            with pytest.raises(NotFoundError):
                await work

    async def test_notes_are_kept_without_secrets(self, office: Office) -> None:
        ticket = await office.open()
        await office.service.life.note(ticket, SAM, "password: hunter2")
        [note] = await office.service.life.notes(ticket)
        assert "hunter2" not in str(note.detail)

    async def test_what_discord_does_not_show_is_shown_at_the_next_look(self, office: Office) -> None:
        ticket = await office.open()
        office.desk.failing = UnreachableError("down")
        await office.service.life.claim(ticket, SAM)
        office.desk.failing = None
        assert office.desk.shown == []
        await office.service.timers.tick()
        await office.service.timers.tick()
        assert office.desk.shown == [(ticket.id, "open")]

    async def test_a_lacking_permission_is_noted_and_told_once(self, office: Office) -> None:
        ticket = await office.open()
        office.desk.lacking = "Manage Threads"
        await office.service.life.close(ticket, SAM, "done")
        await office.service.timers.tick()
        assert len([each for each in office.desk.told if "Manage Threads" in each]) == 1
        assert "lacking" in [each.kind for each in await office.events(ticket)]


class TestLosing:
    async def test_a_thread_that_is_gone_closes_its_ticket_without_its_text(self, office: Office) -> None:
        ticket = await office.say(await office.open(), ALICE, "hello?")
        office.desk.failing = TargetGoneError("gone")
        await office.service.life.claim(ticket, SAM)
        after = await office.now(ticket)
        assert (after.state, after.thread_id, await office.texts(ticket)) == ("closed", None, [])
        with pytest.raises(UserFacingError, match="is gone"):
            await office.service.life.reopen(after, ALICE)

    async def test_a_gone_channel_role_or_log_is_forgotten(self, office: Office) -> None:
        ticket = await office.open()
        await office.service.life.channel_gone(GUILD, FORUM)
        assert (await office.now(ticket)).state == "closed"
        assert office.service.settings.of(GUILD).parent_id is None
        await office.service.life.role_gone(GUILD, STAFF_ROLE + 1)
        assert office.roles.staff_role_id(GUILD) == STAFF_ROLE
        await office.service.life.role_gone(GUILD, STAFF_ROLE)
        assert office.roles.staff_role_id(GUILD) is None
        told = len(office.desk.told)
        await office.service.life.channel_gone(GUILD, LOG)
        assert len(office.desk.told) == told  # there is nowhere to tell it
        await office.again().load()
        assert office.service.settings.of(GUILD).log_channel_id is None

    async def test_who_left_waits_for_nothing_but_their_question_stays(self, office: Office) -> None:
        asked, waiting = await office.open(1), await office.waiting_for_member(2)
        await office.service.life.member_left(GUILD, ALICE)
        await office.service.life.member_left(GUILD, ALICE)
        assert (await office.now(asked)).state == "open"
        assert (await office.now(asked)).member_left
        assert (await office.now(waiting)).state == "closed"
        assert len([each for each in office.desk.told if "has left" in each]) == 2


class TestTimers:
    async def test_remind_once_then_close(self, office: Office) -> None:
        ticket = await office.waiting_for_member()
        office.clock.advance(24 * 3_600 - 1)
        await office.service.timers.tick()
        assert office.desk.said == []
        office.clock.advance(1)
        for _ in range(3):
            await office.service.timers.tick()
        [text] = office.desk.said
        assert text.startswith(f"<@{ALICE}>")
        office.clock.advance(48 * 3_600)
        await office.service.timers.tick()
        after = await office.now(ticket)
        assert (after.state, after.close_reason, after.closed_by) == ("closed", "no answer", None)

    async def test_a_reminder_that_cannot_be_said_is_said_later(self, office: Office) -> None:
        ticket = await office.waiting_for_member()
        office.clock.advance(25 * 3_600)
        office.desk.failing = UnreachableError("down")
        await office.service.timers.tick()
        assert (await office.now(ticket)).remind_at is not None
        office.desk.failing = None
        await office.service.timers.tick()
        assert len(office.desk.said) == 1

    async def test_writing_stops_them_and_staff_start_them_anew(self, office: Office) -> None:
        ticket = await office.waiting_for_member()
        office.clock.advance(23 * 3_600)
        after = await office.say(ticket, ALICE, "Two.")
        assert (after.remind_at, after.close_at) == (None, None)
        office.clock.advance(100 * 3_600)
        await office.service.timers.tick()
        assert (await office.now(ticket)).state == "waiting_staff"
        after = await office.say(ticket, SAM, "Try three.", "staff")
        assert after.remind_at == office.clock.now() + 24 * HOUR

    async def test_a_resolved_ticket_closes_by_itself(self, office: Office) -> None:
        ticket = await office.service.life.resolve(await office.open(), ALICE)
        office.clock.advance(72 * 3_600)
        await office.service.timers.tick()
        assert (await office.now(ticket)).close_reason == "resolved"
        assert len(office.desk.said) == 1  # that it is closed

    async def test_one_failing_ticket_does_not_hold_up_the_others(
        self, office: Office, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = await office.waiting_for_member(1), await office.waiting_for_member(2)
        say = office.desk.say

        async def sometimes(ticket: Ticket, *rest: object) -> None:
            if ticket.id == first.id:
                raise RuntimeError("a bug")
            await say(ticket, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(office.desk, "say", sometimes)
        office.clock.advance(25 * 3_600)
        await office.service.timers.tick()
        assert (await office.now(second)).remind_at is None
        assert logged.of("ERROR", f"timers of ticket {first.number}")
