import re

import pytest

from bot.domain.audience import Overwrite, Place, PlaceKind
from bot.domain.errors import UserFacingError
from bot.domain.signal import Intent
from bot.models import Watch
from bot.services.guilds import ChannelSeen
from bot.services.incidents.watching import MOST_OPEN
from bot.services.tools import NotPermittedError, TargetGoneError, UnreachableError
from tests.alerts.support import LOGIN, MEMBER, UNRELATED, Town
from tests.services.summaries.support import GENERAL, GUILD, HELP, READ

STAFF_ID = 77


def links_in(text: str) -> set[int]:
    return {int(each) for each in re.findall(r"channels/\d+/\d+/(\d+)", text)}


async def test_twelve_unrelated_reports_raise_none_and_five_of_one_fault_among_them_one(town: Town) -> None:
    await town.say(*UNRELATED)
    await town.watch.look()
    assert not town.desk.shown
    said = await town.say(*LOGIN)
    await town.watch.look()
    await town.watch.look()
    [text] = town.desk.texts
    assert links_in(text) == set(said)
    assert "5 reports by 5 members" in text
    assert (town.desk.posts, town.desk.edits) == (1, 0)


@pytest.mark.parametrize(
    ("count", "minutes_between", "values", "alerts"),
    [
        (3, 0, {}, 1),
        (2, 0, {}, 0),
        (5, 0, {"author_id": MEMBER}, 0),
        (5, 31, {}, 0),
        (5, 0, {"intent": Intent.HELP_REQUEST}, 0),
        (5, 0, {"purpose": "spam"}, 0),
    ],
    ids=["three members", "two members", "one member", "far apart", "only questions", "spam"],
)
async def test_it_takes_several_members_who_report_within_the_window(
    town: Town, count: int, minutes_between: int, values: dict[str, object], alerts: int
) -> None:
    for text in LOGIN[:count]:
        await town.say(text, **values)
        town.clock.advance(60 * minutes_between)
        await town.watch.look()
    assert len(town.desk.shown) == alerts


async def test_settings_say_how_many_and_whether(town: Town) -> None:
    await town.settings.change(GUILD, members=2)
    await town.say(*LOGIN[:2])
    await town.settings.change(GUILD, incidents_on=False)
    await town.watch.look()
    assert not town.desk.shown
    await town.settings.change(GUILD, incidents_on=True)
    await town.watch.look()
    assert len(town.desk.shown) == 1


async def test_later_reports_join_in_place_and_growth_is_told_per_quarter(town: Town) -> None:
    await town.say(*LOGIN[:3])
    await town.watch.look()
    town.clock.advance(16 * 60)
    await town.say(*LOGIN[3:])
    await town.say("is the login page down? I get error 500", intent=Intent.HELP_REQUEST)
    await town.watch.look()
    [text] = town.desk.texts
    assert "6 reports by 6 members" in text
    assert [int(each) for each in re.findall(r":t> ▇+ (\d+)", text)] == [3, 3]
    assert (town.desk.posts, town.desk.edits) == (1, 1)


async def test_a_look_that_changes_nothing_writes_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.say(*LOGIN[:3])
    await town.watch.look()

    def refused() -> None:
        raise AssertionError("written")

    monkeypatch.setattr(town.database, "transaction", refused)
    await town.watch.look()
    assert town.desk.edits == 0


async def test_deleted_reports_lose_their_words_and_members_who_opt_out_are_left_out(town: Town) -> None:
    said = await town.say(*LOGIN)
    await town.watch.look()
    await town.erase(said[1])
    town.collecting.opted_out = lambda _guild_id, user_id: user_id == MEMBER + 3
    await town.watch.look()
    [text] = town.desk.texts
    assert "crashes" not in text
    assert "login fails" not in text
    assert "1 report deleted since" in text
    assert "4 reports by 4 members" in text
    assert links_in(text) == {said[0], said[3], said[4]}


async def test_what_staffs_readers_may_not_read_is_neither_told_nor_counted(town: Town) -> None:
    hidden = {GUILD: Overwrite(deny=READ)}
    town.layout.places[HELP] = Place(HELP, GUILD, PlaceKind.TEXT, hidden)
    await town.say(*LOGIN[:3], place_id=HELP)
    await town.watch.look()
    assert not town.desk.shown
    said = await town.say(*LOGIN[:2])
    await town.watch.look()
    assert not town.desk.shown
    said += await town.say(LOGIN[2])
    await town.watch.look()
    [text] = town.desk.texts
    assert links_in(text) == set(said)
    assert "3 reports" in text
    town.layout.places[GENERAL] = Place(GENERAL, GUILD, PlaceKind.TEXT, hidden)
    await town.watch.look()
    [text] = town.desk.texts
    assert not links_in(text)
    assert "login" not in text


async def test_excluded_channels_are_left_out(town: Town) -> None:
    await town.guilds.set_watch(GUILD, ChannelSeen(HELP, None, "help"), Watch.IGNORE)
    await town.say(*LOGIN, place_id=HELP)
    await town.watch.look()
    assert not town.desk.shown


async def test_members_words_are_no_markup_and_mention_nobody(town: Town) -> None:
    await town.say(*(f"{each} @everyone **now** <@&5> [x](http://evil.example)" for each in LOGIN[:3]))
    await town.watch.look()
    [text] = town.desk.texts
    assert "@everyone" not in text
    assert "<@&5>" not in text
    assert "**now**" not in text
    assert "[x](" not in text


async def test_staff_resolve_it_once_and_the_same_is_raised_again_only_after_the_cool_down(
    town: Town,
) -> None:
    await town.say(*LOGIN[:3])
    await town.watch.look()
    [(message_id, alert)] = town.desk.shown.items()
    with pytest.raises(UserFacingError, match="isn't kept"):
        await town.watch.resolve(GUILD + 1, alert.incident_id, STAFF_ID)
    await town.watch.resolve(GUILD, alert.incident_id, STAFF_ID)
    resolved = town.desk.shown[message_id]
    assert not resolved.is_open
    assert f"Resolved by <@{STAFF_ID}>" in resolved.text
    assert "login" not in resolved.text, "nobody's words are left in it, so a deletion needn't reach it"
    with pytest.raises(UserFacingError, match="resolved already"):
        await town.watch.resolve(GUILD, alert.incident_id, STAFF_ID)

    town.clock.advance(30 * 60)
    await town.say(*LOGIN[:3])
    await town.watch.look()
    assert len(town.desk.shown) == 1
    town.clock.advance(29 * 60)
    await town.watch.look()
    assert len(town.desk.shown) == 1
    town.clock.advance(61)
    await town.watch.look()  # nothing new was said: what came meanwhile still stands
    assert len(town.desk.shown) == 2
    assert links_in(town.desk.texts[1]) >= {message_id}
    await town.say(LOGIN[3])
    await town.watch.look()
    assert "4 reports by 4 members" in town.desk.texts[1], "it joins what is open, not what is over"
    assert len(town.desk.shown) == 2


async def test_it_goes_quiet_after_a_day_without_a_report(town: Town) -> None:
    await town.say(*LOGIN[:3])
    await town.watch.look()
    town.clock.advance(23 * 3_600)
    await town.watch.look()
    [alert] = town.desk.shown.values()
    assert alert.is_open
    town.clock.advance(2 * 3_600)
    await town.watch.look()
    [alert] = town.desk.shown.values()
    assert not alert.is_open
    assert "it went quiet" in alert.text


async def test_an_alert_whose_post_was_not_recorded_is_found_and_never_posted_twice(town: Town) -> None:
    town.desk.cut = [UnreachableError("no answer")]
    await town.say(*LOGIN[:3])
    await town.watch.look()
    town.start()
    await town.watch.look()
    assert town.desk.posts == 1
    await town.say(LOGIN[3])
    await town.watch.look()
    assert "4 reports" in town.desk.texts[0]
    assert town.desk.posts == 1


async def test_what_discord_does_not_take_is_posted_later(town: Town) -> None:
    town.desk.fails = [UnreachableError("down"), NotPermittedError("Send Messages")]
    await town.say(*LOGIN[:3])
    for shown in (0, 0, 1, 1):
        await town.watch.look()
        assert len(town.desk.shown) == shown


async def test_an_alert_that_staff_delete_is_not_posted_again(town: Town) -> None:
    await town.say(*LOGIN[:3])
    await town.watch.look()
    town.desk.fails = [TargetGoneError("gone")]
    await town.say(LOGIN[3])
    await town.watch.look()
    await town.watch.look()
    assert (town.desk.posts, town.desk.edits) == (1, 0)
    await town.say(LOGIN[4])
    await town.watch.look()
    assert town.desk.posts == 1, "it cools down"


async def test_staff_are_not_flooded(town: Town) -> None:
    await town.settings.change(GUILD, members=2)
    for text in UNRELATED:
        await town.say(text, text)
    await town.say(LOGIN[0], LOGIN[0], LOGIN[0])
    for _ in range(2):
        await town.watch.look()
    assert len(town.desk.shown) == MOST_OPEN
    assert any("login" in text for text in town.desk.texts), "the largest are raised"


async def test_one_servers_trouble_is_no_others(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    other = GUILD - 5
    async with town.database.transaction() as tx:
        await tx.guilds.see(other, "Other", town.clock.now())
    await town.guilds.load()
    await town.guilds.set_staff_channel(other, 5)
    usual = town.collecting.readable

    async def readable(guild_id: int, *more: object) -> set[int]:
        if guild_id == other:
            raise RuntimeError("broken")
        return await usual(guild_id, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(town.collecting, "readable", readable)
    await town.say(*LOGIN, guild_id=other, place_id=5)
    await town.say(*LOGIN)
    await town.watch.look()
    assert len(town.desk.shown) == 1
