"""What the spam guard does about spam, and what it leaves alone."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.plugin_api import DiscordError, Level, NotAllowedError, UserFacingError
from bot.plugin_api.testing import CHANNEL, GUILD, MEMBER, STAFF, Said, Trial, on_trial

FOLDER = Path("plugins/spam_guard")
DESK = 7_000  # the staff channel
DAY = 86_400.0
SPAM: dict[str, Any] = {
    "purpose": "spam",
    "confidence": 0.97,
    "reason": "link to dlscord-gift.com imitates discord.com",
}
TEXT = "free nitro at dlscord-gift.com for everybody here"


@pytest.fixture
async def trial() -> AsyncIterator[Trial]:
    async with on_trial(FOLDER) as trial:
        await trial.set_staff_channel(DESK)
        await trial.set("dry_run", "no")
        yield trial
        assert trial.failures == 0


def notices(trial: Trial) -> list[Said]:
    return [each for each in trial.posts if each.channel_id == DESK and each.content.card]


def card(trial: Trial) -> str:
    [notice] = notices(trial)
    assert notice.content.card is not None
    return notice.content.card.text


def labels(trial: Trial) -> list[str]:
    return [each.label for each in notices(trial)[-1].content.buttons]


async def test_it_only_tells_until_it_is_let(trial: Trial) -> None:
    await trial.set("dry_run", "yes")
    message_id = await trial.say(TEXT, **SPAM)
    assert not trial.desk.deleted
    assert not trial.desk.time_outs
    assert f"would be held: https://discord.com/channels/{GUILD}/{CHANNEL}/{message_id}" in card(trial)
    assert labels(trial) == ["Spam", "No spam"]
    assert TEXT not in json.dumps(await trial.kept())


async def test_spam_is_held_and_staff_are_told_why(trial: Trial) -> None:
    message_id = await trial.say(TEXT, **SPAM)
    assert trial.desk.deleted == [message_id]
    assert card(trial) == (
        f"1. Ada (`{MEMBER}`) in <#{CHANNEL}>: link to dlscord-gift.com imitates discord.com (97 %) · held"
    )
    assert labels(trial) == ["Read", "Release", "Spam"]
    assert TEXT not in card(trial)


async def test_what_is_held_can_be_read_and_released(trial: Trial) -> None:
    await trial.say(TEXT, author_name="*Ada* [x](https://e.example)", **SPAM)
    read = await trial.press(notices(trial)[0], "Read", by=STAFF)
    assert read.said[0].private
    assert read.said[0].content.card is not None
    assert f"```\n{TEXT}\n```" in read.said[0].content.card.text
    before = replace(notices(trial)[0])
    await trial.press(notices(trial)[0], "Release", by=STAFF)
    with pytest.raises(UserFacingError, match="nothing left"):  # pressed twice
        await trial.press(before, "Release", by=STAFF)
    [back] = [each for each in trial.posts if each.channel_id == CHANNEL and not each.private]
    assert back.text.startswith("Ada x https://e.example")
    assert back.content.card is not None
    assert back.content.card.text == TEXT
    assert card(trial).endswith("held · released by staff")
    assert not labels(trial)
    assert TEXT not in json.dumps(await trial.kept())


async def test_a_released_text_is_left_alone_from_then_on(trial: Trial) -> None:
    await trial.say(TEXT, **SPAM)
    await trial.press(notices(trial)[0], "Release", by=STAFF)
    await trial.say(f"  {TEXT.upper()} ", by=MEMBER + 1, **SPAM)
    assert len(trial.desk.deleted) == 1


async def test_confirming_deletes_what_is_kept(trial: Trial) -> None:
    await trial.say(TEXT, **SPAM)
    await trial.press(notices(trial)[0], "Spam", by=STAFF)
    assert TEXT not in json.dumps(await trial.kept())
    assert card(trial).endswith("held · confirmed by staff")


async def test_buttons_are_for_staff(trial: Trial) -> None:
    kinds = ("read", "release", "confirm", "no_spam", "end")
    assert {trial.service.level_of_button("spam_guard", each) for each in kinds} == {Level.SUPPORT}
    assert {trial.service.level_of_form("spam_guard", each) for each in kinds[1:]} == {Level.SUPPORT}
    assert [each.level for each in trial.service.info("spam_guard", GUILD).commands] == [Level.SUPPORT]


async def test_the_third_time_is_a_time_out_that_can_be_ended(trial: Trial) -> None:
    for number in range(4):
        await trial.later(120)
        await trial.say(f"{TEXT} {number}", **SPAM)
    assert len(trial.desk.deleted) == 4
    assert trial.desk.time_outs == [(MEMBER, 3_600.0)]  # once, for as long as it lasts
    third = notices(trial)[2]
    assert third.content.card is not None
    assert third.content.card.text.endswith("held, timed out for 60 minutes")
    await trial.press(third, "End time-out", by=STAFF)
    assert trial.desk.time_outs[-1] == (MEMBER, 0)


async def test_what_was_released_counts_for_no_time_out(trial: Trial) -> None:
    for number in range(3):
        await trial.later(120)
        await trial.say(f"{TEXT} {number}", **SPAM)
        if number < 2:
            await trial.press(notices(trial)[-1], "Release", by=STAFF)
    assert not trial.desk.time_outs


async def test_times_that_are_long_ago_do_not_count(trial: Trial) -> None:
    for number in range(3):
        await trial.later(8 * DAY)
        await trial.say(f"{TEXT} {number}", **SPAM)
    assert not trial.desk.time_outs


@pytest.mark.parametrize(
    ("settings", "score", "deleted", "kept", "timed_out"),
    [
        ({}, 0.89, 0, 0, 0),
        ({}, 0.91, 1, 1, 0),
        ({"delete_at": "0.95"}, 0.94, 1, 1, 0),
        ({"delete_at": "0.95"}, 0.96, 1, 0, 0),
        ({"time_out_at": "0.95"}, 0.96, 1, 1, 1),
        ({"kinds": "flood"}, 0.99, 0, 0, 0),
    ],
    ids=["unsure", "hold", "below delete", "delete", "time-out", "not acted on"],
)
async def test_each_action_has_its_threshold(
    trial: Trial, settings: dict[str, str], score: float, deleted: int, kept: int, timed_out: int
) -> None:
    for key, value in settings.items():
        await trial.set(key, value)
    await trial.say(TEXT, **SPAM | {"confidence": score})
    assert len(trial.desk.deleted) == deleted
    assert (TEXT in json.dumps(await trial.kept())) is bool(kept)
    assert len(trial.desk.time_outs) == timed_out


async def test_deleting_before_holding_is_refused(trial: Trial) -> None:
    with pytest.raises(UserFacingError, match="can't be undone"):
        await trial.set("delete_at", "0.6")


@pytest.mark.parametrize("what", ["staff", "role", "channel", "thread", "unknown"])
async def test_who_and_where_is_left_alone(trial: Trial, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await trial.set("exempt_roles", "<@&55>")
    await trial.set("exempt_channels", f"<#{CHANNEL + 1}>")
    more: dict[str, Any] = {}
    if what == "staff":
        trial.desk.levels[MEMBER] = Level.SUPPORT
    elif what == "role":
        trial.desk.roles[MEMBER] = frozenset({55})
    elif what == "channel":
        more = {"channel_id": CHANNEL + 1, "parent_id": CHANNEL + 1}
    elif what == "thread":
        more = {"channel_id": CHANNEL + 9, "parent_id": CHANNEL + 1}
    else:

        async def away(guild_id: int, user_id: int) -> Any:
            raise DiscordError("Discord doesn't answer")

        monkeypatch.setattr(trial.desk, "member", away)
    await trial.say(TEXT, **SPAM, **more)
    assert not trial.desk.deleted
    assert not trial.posts


async def test_a_flood_is_caught_from_the_eighth_message(trial: Trial) -> None:
    for number in range(9):
        await trial.say(f"hello {number}")
    assert len(trial.desk.deleted) == 2
    assert "8 messages within 10 seconds" in card(trial)


async def test_talking_quickly_is_no_flood(trial: Trial) -> None:
    for number in range(30):
        await trial.later(2)
        await trial.say(f"hello {number}")
        await trial.say(f"hello {number}", by=MEMBER + 1)
    assert not trial.desk.deleted


async def test_the_same_text_in_three_channels_is_caught(trial: Trial) -> None:
    for number in range(3):
        await trial.say("join my server please", channel_id=CHANNEL + number)
        await trial.say("thanks", channel_id=CHANNEL + number, by=MEMBER + 1)
        await trial.say("join my server please", by=MEMBER + 2)
    assert len(trial.desk.deleted) == 1
    assert "the same text in 3 channels" in card(trial)


async def test_mass_mentions_are_caught(trial: Trial) -> None:
    await trial.say("hi all", mentions=tuple(f"user:{each}" for each in range(7)))
    await trial.say("@everyone good morning")
    assert not trial.desk.deleted
    await trial.say("hi all", mentions=tuple(f"user:{each}" for each in range(8)))
    await trial.say("@everyone look https://x.example")
    assert len(trial.desk.deleted) == 2
    assert "8 members and roles mentioned" in card(trial)


async def test_a_message_is_acted_on_once_even_after_a_restart(trial: Trial) -> None:
    message_id = await trial.say(TEXT, **SPAM)
    await trial.service.reload("spam_guard")
    await trial.say(TEXT, message_id=message_id, **SPAM)
    assert trial.desk.deleted == [message_id]
    assert len(notices(trial)) == 1
    await trial.press(notices(trial)[0], "Release", by=STAFF)  # buttons still work
    assert card(trial).endswith("released by staff")


async def test_a_missing_permission_is_told_once(trial: Trial) -> None:
    for _ in range(3):
        trial.desk.failing.append(NotAllowedError("missing permission: Manage Messages"))
        await trial.say(TEXT, **SPAM)
    [told] = [each.text for each in trial.posts if "Manage Messages" in each.text]
    assert told.startswith(f"The spam guard could not act in <#{CHANNEL}>: missing permission")
    assert "nothing done" in card(trial)
    assert not trial.desk.time_outs
    assert TEXT not in json.dumps(await trial.kept())


async def test_a_raid_of_fifty_gets_bounded_actions_and_one_notice(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits = []
    edit = trial.desk.edit

    async def counted(*given: Any) -> None:
        edits.append(given)
        await edit(*given)

    monkeypatch.setattr(trial.desk, "edit", counted)
    await trial.later(0)  # the schedule begins
    for number in range(50):
        await trial.say(f"{TEXT} {number}", by=80_000 + number, **SPAM)
    await trial.later(61)
    assert len(trial.desk.deleted) == 20
    assert "… and 8 more" in card(trial)
    assert "30 more messages within a minute were left as they are" in card(trial)
    assert len(edits) <= 7
    form = (await trial.press(notices(trial)[0], "Spam", by=STAFF)).form
    with pytest.raises(UserFacingError, match="Give numbers"):
        await trial.send(form, by=STAFF, which="99")
    await trial.send(form, by=STAFF, which="2, 3")
    assert card(trial).count("confirmed by staff") == 2
    await trial.send(form, by=STAFF)
    assert TEXT not in json.dumps(await trial.kept())


async def test_what_staff_call_wrong_makes_it_careful(trial: Trial) -> None:
    await trial.set("dry_run", "yes")
    for number in range(5):
        await trial.later(120)
        await trial.say(f"{TEXT} {number}", by=60_000 + number, **SPAM)
        await trial.press(notices(trial)[-1], "No spam", by=STAFF)
    await trial.set("dry_run", "no")
    await trial.later(120)
    await trial.say(f"{TEXT} again", **SPAM)
    assert not trial.desk.deleted  # none of five was spam: it only tells
    figures = (await trial.command("spam-guard", by=STAFF)).text
    assert "Judged as spam: 6 caught, 0 confirmed, 5 by mistake" in figures
    assert "It acts" in figures


async def test_held_texts_go_in_time_and_with_the_member(trial: Trial) -> None:
    await trial.later(60)
    await trial.say(TEXT, **SPAM)
    await trial.say(TEXT + "!", by=MEMBER + 1, **SPAM)
    await trial.erase(MEMBER)
    assert not await trial.kept(MEMBER)
    assert card(trial).splitlines()[0] == "1. a member whose data was deleted"
    assert f"`{MEMBER}`" not in card(trial)
    assert TEXT in json.dumps(await trial.kept())
    await trial.later(8 * DAY)
    assert TEXT not in json.dumps(await trial.kept())
    assert card(trial).endswith("not kept any more")
    await trial.later(31 * DAY)
    assert not [key for _, key, _ in await trial.kept() if key.startswith(("case/", "notice/"))]


async def test_when_no_more_can_be_kept_it_says_so_and_goes_on(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trial.say(TEXT, **SPAM)
    monkeypatch.setattr("bot.services.plugins.keeping.MAX_VALUES", 1)
    await trial.say(f"{TEXT}!", **SPAM)
    assert len(trial.desk.deleted) == 1
    assert "1 more messages" in card(trial)


async def test_without_a_staff_channel_it_acts_all_the_same(trial: Trial) -> None:
    await trial.set_staff_channel(None)
    await trial.say(TEXT, **SPAM)
    assert len(trial.desk.deleted) == 1
    assert not trial.posts


async def test_ordinary_talk_is_left_alone(trial: Trial) -> None:
    for text in ("hello", "what a day", "see https://docs.python.org", TEXT):
        await trial.say(text)
    assert not trial.desk.deleted
    assert not trial.posts


async def test_what_an_edit_turns_into_spam_is_held_once(trial: Trial) -> None:
    message_id = await trial.say("hello everybody, how are you?")
    await trial.edit(message_id, TEXT, **SPAM)
    await trial.edit(message_id, f"{TEXT} now", **SPAM)
    assert trial.desk.deleted == [message_id]
    assert "97 %) · held" in card(trial)


async def test_edits_are_no_flood_and_no_repetition(trial: Trial) -> None:
    message_id = await trial.say("a list that I go on with")
    for number in range(40):
        await trial.edit(message_id, f"a list that I go on with {number}")
    assert not trial.desk.deleted


async def test_staff_see_that_the_author_deleted_it_after_a_dry_run(trial: Trial) -> None:
    await trial.set("dry_run", "yes")
    message_id = await trial.say(TEXT, **SPAM)
    await trial.delete(message_id)
    assert card(trial).endswith("· the message has been deleted since")
    assert labels(trial) == ["Spam", "No spam"], "what they say still teaches the guard"


async def test_its_own_deletions_are_no_news(trial: Trial) -> None:
    message_id = await trial.say(TEXT, **SPAM)
    await trial.delete(message_id)
    assert card(trial).endswith("· held")


async def test_what_was_held_is_shown_after_a_restart(trial: Trial) -> None:
    for number in range(3):  # of three the first two are shown at once
        await trial.say(f"{TEXT} {number}", **SPAM)
    assert "3." not in card(trial)
    await trial.service.reload("spam_guard")
    await trial.later(1)
    await trial.later(61)
    assert "3. Ada" in card(trial)
    assert labels(trial) == ["Read", "Release", "Spam", "End time-out"]


async def test_a_notice_that_could_not_be_posted_is_tried_again(trial: Trial) -> None:
    await trial.later(1)
    original, trial.desk.post = trial.desk.post, _failing(trial)  # type: ignore[method-assign]
    await trial.say(TEXT, **SPAM)
    assert not notices(trial)
    trial.desk.post = original  # type: ignore[method-assign]
    await trial.later(61)
    assert "held" in card(trial)


def _failing(trial: Trial) -> Any:
    async def post(*_: object) -> int:
        raise DiscordError("out of reach")

    return post
