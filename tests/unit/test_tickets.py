"""The rules of tickets: moves, priority, working hours, timers."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import UserFacingError
from bot.domain.signal import Urgency
from bot.domain.tickets import (
    MAX_THREAD_NAME,
    MOVES,
    Due,
    Priority,
    Role,
    TicketState,
    TimerRules,
    Timers,
    WorkingHours,
    due,
    priority_of,
    reminded,
    state_after_message,
    states_before,
    thread_name,
    timers_from,
)

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)
RULES = TimerRules(24 * HOUR, 72 * HOUR)
OFFICE = WorkingHours.parse("mon-fri 09:00-17:00")
OPEN, MEMBER, STAFF, RESOLVED, CLOSED = TicketState


@pytest.mark.parametrize(
    ("state", "role", "after"),
    [
        (OPEN, Role.STAFF, MEMBER),
        (OPEN, Role.MEMBER, STAFF),
        (MEMBER, Role.MEMBER, STAFF),
        (STAFF, Role.STAFF, MEMBER),
        (RESOLVED, Role.MEMBER, STAFF),
        (RESOLVED, Role.STAFF, MEMBER),
        (CLOSED, Role.MEMBER, CLOSED),
        (STAFF, Role.BOT, STAFF),
        (MEMBER, Role.OTHER, MEMBER),
    ],
)
def test_a_ticket_waits_for_whoever_did_not_speak_last(
    state: TicketState, role: Role, after: TicketState
) -> None:
    assert state_after_message(state, role) is after


def test_a_closed_ticket_can_only_be_reopened() -> None:
    assert MOVES[CLOSED] == {OPEN}
    assert states_before(OPEN) == (CLOSED,)
    assert set(states_before(CLOSED)) == {OPEN, MEMBER, STAFF, RESOLVED}


def test_priority_rises_with_urgency() -> None:
    assert [priority_of(each) for each in Urgency] == [Priority.NORMAL, Priority.HIGH, Priority.URGENT]


def test_a_threads_name_is_one_line_and_fits() -> None:
    assert thread_name(7, "it\nfails  again") == "#0007 it fails again"
    assert len(thread_name(7, "x" * 200)) == MAX_THREAD_NAME


class TestWorkingHours:
    @pytest.mark.parametrize(
        ("text", "days"),
        [("mon-fri 09:00-17:00", {0, 1, 2, 3, 4}), ("Sat 09:00-17:00", {5}), ("fri-mon 9:00-17:00", None),
         ("fri-mon 09:00-17:00", {4, 5, 6, 0}), ("09:00-17:00", set(range(7)))],
    )  # fmt: skip
    def test_are_read(self, text: str, days: set[int] | None) -> None:
        if days is None:
            with pytest.raises(UserFacingError):
                WorkingHours.parse(text)
        else:
            assert WorkingHours.parse(text).days == days

    @pytest.mark.parametrize(
        "text", ["", "mon", "22:00-06:00", "09:00-09:00", "mo-fr 09:00-17:00", "x 25:00"]
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(UserFacingError, match="mon-fri 09:00-17:00"):
            WorkingHours.parse(text)

    def test_are_on_the_servers_clocks(self) -> None:
        eight = datetime(2026, 3, 4, 8, 30, tzinfo=UTC)
        assert not OFFICE.contain(eight, "UTC")
        assert OFFICE.contain(eight, "Europe/Berlin")
        assert OFFICE.next(eight, "UTC") == eight + HOUR / 2

    def test_the_next_beginning_skips_the_weekend(self) -> None:
        friday_evening = datetime(2026, 3, 6, 18, tzinfo=UTC)
        assert OFFICE.next(friday_evening, "UTC") == datetime(2026, 3, 9, 9, tzinfo=UTC)
        assert OFFICE.next(NOW, "UTC") == NOW

    def test_a_day_on_which_clocks_change_has_them_too(self) -> None:
        hours = WorkingHours.parse("sun 09:00-17:00")
        found = hours.next(datetime(2026, 3, 28, 12, tzinfo=UTC), "Europe/Berlin")
        assert found == datetime(2026, 3, 29, 7, tzinfo=UTC)


class TestTimers:
    def test_run_only_while_a_ticket_waits_for_its_member(self) -> None:
        assert timers_from(MEMBER, NOW, RULES) == Timers(NOW + 24 * HOUR, NOW + 72 * HOUR)
        assert timers_from(RESOLVED, NOW, RULES) == Timers(None, NOW + 72 * HOUR)
        for state in (OPEN, STAFF, CLOSED):
            assert timers_from(state, NOW, RULES) == Timers()

    def test_each_can_be_switched_off(self) -> None:
        assert timers_from(MEMBER, NOW, TimerRules(None, 72 * HOUR)) == Timers(None, NOW + 72 * HOUR)
        assert timers_from(MEMBER, NOW, TimerRules(24 * HOUR)) == Timers(NOW + 24 * HOUR, None)
        assert timers_from(MEMBER, NOW, TimerRules(72 * HOUR, 24 * HOUR)) == Timers(None, NOW + 24 * HOUR)

    def test_ask_for_one_thing_after_a_long_downtime_and_for_the_reminder_first(self) -> None:
        timers = timers_from(MEMBER, NOW, RULES)
        later = NOW + 1_000 * HOUR
        assert due(timers, NOW + 23 * HOUR, RULES) is None
        assert due(timers, later, RULES) is Due.REMIND
        after = reminded(timers, later, RULES)
        assert after == Timers(None, later + 48 * HOUR)
        assert due(after, later, RULES) is None
        assert due(after, later + 48 * HOUR, RULES) is Due.CLOSE

    def test_a_reminder_in_time_leaves_closing_where_it_was(self) -> None:
        timers = timers_from(MEMBER, NOW, RULES)
        assert reminded(timers, NOW + 24 * HOUR, RULES) == Timers(None, NOW + 72 * HOUR)
        assert reminded(Timers(NOW), NOW, RULES) == Timers()

    def test_nobody_is_disturbed_outside_working_hours(self) -> None:
        rules = TimerRules(24 * HOUR, 72 * HOUR, OFFICE)
        timers = Timers(NOW, NOW + HOUR)
        assert due(timers, datetime(2026, 3, 4, 20, tzinfo=UTC), rules) is None
        assert due(timers, datetime(2026, 3, 5, 9, tzinfo=UTC), rules) is Due.REMIND
