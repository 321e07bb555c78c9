from typing import Any

import pytest

from bot.domain.audience import Overwrite, Person, Place, PlaceKind
from bot.domain.errors import UserFacingError
from bot.domain.signal import Intent
from bot.domain.summaries import Source, Span
from bot.services import computing
from bot.services.tools import NotPermittedError, TargetGoneError, ToolError, UnreachableError
from bot.services.unanswered import finding
from tests.alerts.support import ROLE, Town
from tests.db.support import action, question, ticket
from tests.services.heavy import Noting
from tests.services.summaries.support import GENERAL, GUILD, HELP, READ, see

HOUR = 3_600
QUESTION = "How do I reset the router after the update?"
OTHER = "Where can I find the invoices of last year?"
ASKER, HELPER = 501, 502
ANYONE = Person(ASKER, GUILD, frozenset())
HIDDEN = {GUILD: Overwrite(deny=READ)}


class Failing:
    """A look at Discord that fails."""

    def __init__(self, error: ToolError) -> None:
        self._error = error

    async def __call__(self, *_: Any) -> Any:
        raise self._error


async def ask(town: Town, text: str = QUESTION, place_id: int = GENERAL, **values: Any) -> int:
    known = {"author_id": ASKER, "intent": Intent.HELP_REQUEST}
    [message_id] = await town.say(text, place_id=place_id, **known | values)
    return message_id


async def waiting(town: Town, reader: Any = ANYONE) -> list[int]:
    return [each.message_id for each in await town.unanswered.find(GUILD, reader)]


async def test_a_question_counts_after_the_servers_hours(town: Town) -> None:
    asked = await ask(town)
    town.clock.advance(4 * HOUR - 5)
    assert await waiting(town) == []
    town.clock.advance(10)
    assert await waiting(town) == [asked]
    await town.settings.change(GUILD, wait_hours=6)
    assert await waiting(town) == []


@pytest.mark.parametrize(("few", "asked_of"), [(2, []), (1, ["open_questions"])], ids=["few", "many"])
async def test_many_messages_are_not_gone_through_in_the_bots_own_process(
    town: Town, monkeypatch: pytest.MonkeyPatch, few: int, asked_of: list[str]
) -> None:
    monkeypatch.setattr(computing, "FEW", few)
    town.unanswered.computing = noting = Noting()
    asked = [await ask(town), await ask(town, OTHER, HELP)]
    town.clock.advance(4 * HOUR + 5)
    assert await waiting(town) == asked
    assert noting.asked == asked_of


@pytest.mark.parametrize(
    ("text", "values", "is_left"),
    [
        ("Hold the small button for ten seconds.", {"reply": True}, False),
        ("Hold the small button for ten seconds.", {}, False),
        ("same here", {"reply": True}, True),
        ("no idea", {"reply": True}, True),
        ("thanks, I found it", {"author_id": ASKER}, False),
        ("anybody?", {"author_id": ASKER}, True),
    ],
    ids=["reply", "next line", "me too", "no idea", "own thanks", "asks on"],
)
async def test_an_answer_or_the_askers_own_thanks_closes_it(
    town: Town, text: str, values: dict[str, Any], is_left: bool
) -> None:
    asked = await ask(town)
    reply = values.pop("reply", False)
    known: dict[str, Any] = {"author_id": HELPER, "intent": Intent.OTHER, "purpose": "chatter"}
    await town.say(text, **known | values, reply_to_id=asked if reply else None)
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == ([asked] if is_left else [])


@pytest.mark.parametrize("author", [ASKER, HELPER], ids=["thanks of the asker", "an answer"])
async def test_the_thread_made_of_it_is_looked_at_too(town: Town, author: int) -> None:
    asked = await ask(town)
    await see(town.database, **{f"t{asked}": GENERAL})
    town.layout.places[asked] = Place(
        asked, GUILD, PlaceKind.PUBLIC_THREAD, parent=town.layout.places[GENERAL]
    )
    text = "thanks, I found it" if author == ASKER else "Hold the small button for ten seconds."
    await town.say(
        text, place_id=asked, thread_id=asked, channel_id=GENERAL, author_id=author, intent=Intent.OTHER
    )
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == []


async def test_a_trained_answer_of_the_bot_closes_it_and_a_template_does_not(town: Town) -> None:
    trained, template = await ask(town), await ask(town, OTHER, HELP)
    async with town.database.transaction() as tx:
        for message_id, band, outcome in ((trained, "trained", "answered"), (template, None, "silent")):
            key = f"discord:{message_id}"
            known: dict[str, Any] = {
                "key": key,
                "signal_id": key,
                "band": band,
                "outcome": outcome,
                "entry_id": 1,
            }
            await tx.questions.begin(question(**known, guild_id=GUILD))
            await tx.actions.begin(action(signal_id=key, message_id=message_id + 1))
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == [template]


async def test_only_what_the_reader_may_read_is_listed(town: Town) -> None:
    public, secret = await ask(town), await ask(town, OTHER, HELP)
    town.layout.places[HELP] = Place(HELP, GUILD, PlaceKind.TEXT, HIDDEN)
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == [public]
    assert await waiting(town, GENERAL) == [public]
    assert await waiting(town, Person(1, GUILD, frozenset())) == [public, secret], "the owner"


async def test_who_waits_too_long_for_others_is_told_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "FIND_SECONDS", 0.01)
    async with town.unanswered._turn:
        with pytest.raises(UserFacingError, match="Try again"):
            await waiting(town)


async def test_what_was_deleted_and_who_opted_out_is_not_listed(town: Town) -> None:
    gone, kept = await ask(town), await ask(town, OTHER, HELP, author_id=HELPER)
    await town.erase(gone)
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == [kept]
    town.collecting.opted_out = lambda _guild_id, user_id: user_id == HELPER
    assert await waiting(town) == []


async def test_tickets_have_their_own_ways(town: Town) -> None:
    thread = GENERAL + 1_000
    await see(town.database, **{f"t{thread}": GENERAL})
    town.layout.places[thread] = Place(
        thread, GUILD, PlaceKind.PUBLIC_THREAD, parent=town.layout.places[GENERAL]
    )
    asked = await ask(town, place_id=thread, thread_id=thread, channel_id=GENERAL)
    town.clock.advance(5 * HOUR)
    assert await waiting(town) == [asked]
    async with town.database.transaction() as tx:
        assert await tx.tickets.add(ticket(guild_id=GUILD, thread_id=thread))
    assert await waiting(town) == []


async def test_the_days_post_quotes_what_was_asked_then_and_says_of_what(town: Town) -> None:
    before = town.clock.now()
    asked = await ask(town)
    town.clock.advance(30)
    middle = town.clock.now()
    await ask(town, OTHER, HELP)
    town.clock.advance(5 * HOUR)
    [extra] = await town.unanswered.section(GUILD, Span(before, middle), GENERAL)
    [line] = extra.lines
    assert line.endswith(f"[→](https://discord.com/channels/{GUILD}/{GENERAL}/{asked})")
    assert "router" in line
    assert extra.quoted == {asked: Source(GENERAL, GENERAL, extra.quoted[asked].author_id)}
    assert await town.unanswered.section(GUILD, Span(town.clock.now(), town.clock.now()), GENERAL) == []


async def test_what_was_asked_late_in_a_day_is_in_the_next_days_post(town: Town) -> None:
    start = town.clock.now()
    asked = await ask(town)
    town.clock.advance(22 * HOUR)
    late = await ask(town, OTHER, HELP)
    town.clock.advance((start - town.clock.now()).total_seconds() + 24 * HOUR)
    midnight = town.clock.now()

    async def quoted(span: Span) -> set[int]:
        return {id_ for each in await town.unanswered.section(GUILD, span, GENERAL) for id_ in each.quoted}

    first = Span(start, midnight)
    assert await quoted(first) == {asked}
    town.clock.advance(24 * HOUR)
    second = Span(midnight, town.clock.now())
    assert await quoted(second) == {late}
    town.clock.advance(9 * 24 * HOUR)
    assert asked in await quoted(first), "a post that is mended later still says what it said"


class TestNudging:
    @pytest.fixture
    async def nudged(self, town: Town) -> Town:
        await town.settings.change(GUILD, nudge_on=True, helper_role_id=ROLE)
        return town

    async def test_it_is_off_until_a_role_is_chosen(self, town: Town) -> None:
        await ask(town)
        town.clock.advance(5 * HOUR)
        await town.nudging.look()
        assert not town.desk.calls
        with pytest.raises(UserFacingError, match="helper role"):
            await town.settings.change(GUILD, nudge_on=True)
        with pytest.raises(UserFacingError, match="everyone"):
            await town.settings.change(GUILD, nudge_on=True, helper_role_id=GUILD)

    async def test_helpers_are_called_seldom_and_never_twice_to_the_same(self, nudged: Town) -> None:
        first = await ask(nudged)
        second = await ask(nudged, OTHER, HELP)
        for _ in range(12):
            nudged.clock.advance(HOUR / 2)
            await nudged.nudging.look()
        assert nudged.desk.calls == [(GENERAL, (str(first),))]
        nudged.clock.advance(5 * HOUR)
        await nudged.nudging.look()
        assert nudged.desk.calls[1:] == [(HELP, (str(second),))]
        nudged.clock.advance(7 * HOUR)
        await nudged.nudging.look()
        assert len(nudged.desk.calls) == 2

    async def test_helpers_are_not_called_where_they_cannot_read(self, nudged: Town) -> None:
        await ask(nudged)
        nudged.layout.places[GENERAL] = Place(GENERAL, GUILD, PlaceKind.TEXT, HIDDEN)
        nudged.clock.advance(5 * HOUR)
        await nudged.nudging.look()
        assert not nudged.desk.calls
        seen = HIDDEN | {ROLE: Overwrite(allow=READ)}
        nudged.layout.places[GENERAL] = Place(GENERAL, GUILD, PlaceKind.TEXT, seen)
        nudged.clock.advance(HOUR)
        await nudged.nudging.look()
        assert len(nudged.desk.calls) == 1

    async def test_nobody_is_called_in_quiet_hours(self, nudged: Town) -> None:
        await ask(nudged)
        await nudged.guilds.set_quiet_hours(GUILD, "16:00-20:00")
        nudged.clock.advance(5 * HOUR)  # from noon
        await nudged.nudging.look()
        assert not nudged.desk.calls
        nudged.clock.advance(4 * HOUR)
        await nudged.nudging.look()
        assert len(nudged.desk.calls) == 1

    @pytest.mark.parametrize("seconds", [10, HOUR], ids=["soon", "late"])
    async def test_a_call_that_was_not_recorded_is_found(self, nudged: Town, seconds: float) -> None:
        nudged.desk.cut = [UnreachableError("no answer")]
        await ask(nudged)
        nudged.clock.advance(5 * HOUR)
        await nudged.nudging.look()
        nudged.start()
        nudged.clock.advance(seconds)
        await nudged.nudging.look()
        async with nudged.database.reading() as tx:
            last = await tx.alerts.last_nudge(GUILD)
        assert last is not None
        assert last.message_id == 8_001
        assert len(nudged.desk.calls) == 1

    @pytest.mark.parametrize(("seconds", "calls"), [(10, 1), (HOUR, 0)], ids=["soon", "late"])
    async def test_a_call_that_never_came_is_made_again_only_at_once(
        self, nudged: Town, seconds: float, calls: int
    ) -> None:
        nudged.desk.fails = [UnreachableError("down")]
        await ask(nudged)
        nudged.clock.advance(5 * HOUR)
        await nudged.nudging.look()
        nudged.clock.advance(seconds)
        await nudged.nudging.look()
        await nudged.nudging.look()
        assert len(nudged.desk.calls) == calls

    @pytest.mark.parametrize("error", [TargetGoneError("gone"), NotPermittedError("View Channel")])
    async def test_what_cannot_be_looked_for_any_more_holds_up_no_other(
        self, nudged: Town, error: ToolError, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nudged.desk.cut = [UnreachableError("no answer")]
        await ask(nudged)
        second = await ask(nudged, OTHER, HELP)
        nudged.clock.advance(5 * HOUR)
        await nudged.nudging.look()
        monkeypatch.setattr(nudged.desk, "find_call", Failing(error))
        await nudged.nudging.look()
        nudged.clock.advance(7 * HOUR)
        await nudged.nudging.look()
        assert nudged.desk.calls[1:] == [(HELP, (str(second),))]

    async def test_what_discord_forbids_is_given_up(self, nudged: Town) -> None:
        nudged.desk.fails = [NotPermittedError("Send Messages")]
        await ask(nudged)
        nudged.clock.advance(5 * HOUR)
        for _ in range(3):
            await nudged.nudging.look()
            nudged.clock.advance(HOUR)
        assert not nudged.desk.calls
