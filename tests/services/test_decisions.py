"""What the orchestrator says and to whom: signals in, posts and rows out."""

from datetime import timedelta

import pytest

from bot.db.database import Database
from bot.domain.signal import Stage
from bot.models import AutoReply
from bot.services.guilds import ChannelSeen
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import REPORT, URGENT, Road
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    OTHER_CHANNEL,
    OTHER_MEMBER,
    STAFF_CHANNEL,
    message_id,
)


class TestReplying:
    async def test_a_question_is_answered_with_a_reply_to_it(self, road: Road, discord: FakeDiscord) -> None:
        row = await road.answer(0)
        assert (row.stage, row.status, row.plan, row.reason) == ("done", "responded", "reply", "help request")
        assert (row.decided_at, row.finished_at, row.lease_until) == (NOW, NOW, None)
        [post] = discord.posts
        assert (post.channel_id, post.reference_id) == (CHANNEL, message_id(0))
        assert post.content == "Hi Ada. What did you try?"

    async def test_silence_is_told_with_its_reason(self, road: Road, discord: FakeDiscord) -> None:
        await road.guilds.set_auto_reply(GUILD, AutoReply.OFF)
        row = await road.answer(0)
        assert (row.stage, row.status, row.plan) == ("done", "skipped", "noop")
        assert row.reason == "auto-replies are off here"
        assert discord.calls == []

    async def test_a_name_can_not_bring_in_markup_or_mentions(self, road: Road, discord: FakeDiscord) -> None:
        await road.answer(0, author_name="**<@&5>** @everyone {tip}")
        [text] = discord.texts("reply")
        assert r"\*\*" in text
        assert "@everyone" not in text
        assert "<@&5>" not in text
        assert "{tip}" in text

    async def test_a_member_without_a_name_is_greeted(self, road: Road, discord: FakeDiscord) -> None:
        await road.answer(0, author_name="")
        assert discord.texts("reply") == ["Hi there. What did you try?"]

    @pytest.mark.parametrize("of_thread", [True, False], ids=["the thread's", "its parent's"])
    async def test_a_reply_in_a_thread_shows_the_tip(
        self, road: Road, discord: FakeDiscord, of_thread: bool
    ) -> None:
        await road.guilds.set_tip(GUILD, ChannelSeen(CHANNEL, None, "general"), "Look up.")
        if of_thread:
            await road.guilds.set_tip(GUILD, ChannelSeen(OTHER_CHANNEL, CHANNEL, "thread"), "Look down.")
        await road.answer(0, channel_id=CHANNEL, thread_id=OTHER_CHANNEL, place_id=OTHER_CHANNEL)
        assert discord.posts[0].channel_id == OTHER_CHANNEL
        assert discord.texts("reply") == [
            f"Hi Ada. {'Look down.' if of_thread else 'Look up.'} What did you try?"
        ]

    async def test_a_direct_message_is_answered(self, road: Road) -> None:
        assert (await road.answer(0, guild_id=None)).status == "responded"

    async def test_the_message_is_gone(self, road: Road, discord: FakeDiscord) -> None:
        discord.gone.add(message_id(0))
        row = await road.answer(0)
        assert (row.status, row.reason) == ("skipped", "the message to answer is gone")

    async def test_a_deleted_question_is_not_answered(self, road: Road, discord: FakeDiscord) -> None:
        signal = await road.hear(0)
        await road.forget(0)
        await road.plan([signal])
        assert discord.calls == []
        assert (await road.row(0)).reason == "message deleted"

    async def test_a_bug_in_the_tool_touches_no_other_answer(
        self, road: Road, discord: FakeDiscord, logged: Logged
    ) -> None:
        discord.script.append("bug")
        await road.plan([await road.hear(number) for number in range(3)])
        outcomes = [(await road.row(number)).status for number in range(3)]
        assert sorted(outcomes) == ["responded", "responded", "skipped"]
        assert logged.of("ERROR", "failed")

    async def test_discord_away_is_waited_out(self, road: Road, discord: FakeDiscord) -> None:
        discord.script.extend(["down", "down"])
        assert (await road.answer(0)).status == "responded"
        assert len(discord.posts) == 1


class TestThrottling:
    @pytest.fixture
    def road(self, database: Database, clock: FakeClock, discord: FakeDiscord) -> Road:
        limits = {"channel_throttle_seconds": 20, "user_cooldown_seconds": 60}
        return Road(database, clock, discord, orchestrator=limits)

    async def test_a_second_question_in_the_channel_is_not_answered(self, road: Road) -> None:
        await road.answer(0)
        row = await road.answer(1, author_id=OTHER_MEMBER)
        assert (row.status, row.reason) == ("skipped", "channel throttle")

    async def test_within_a_batch_only_the_first_is_answered(self, road: Road, discord: FakeDiscord) -> None:
        await road.plan([await road.hear(number, author_id=number + 5) for number in range(5)])
        assert [post.reference_id for post in discord.posts] == [message_id(0)]

    async def test_a_question_that_is_not_answered_takes_no_turn(self, road: Road) -> None:
        await road.answer(0, language="de")
        assert (await road.answer(1)).status == "responded"

    async def test_a_question_deleted_before_its_turn_takes_none(self, road: Road) -> None:
        signal = await road.hear(0)
        await road.forget(0)
        await road.plan([signal])
        assert (await road.answer(1)).status == "responded"

    async def test_staff_are_told_however_busy_the_channel_is(self, road: Road, discord: FakeDiscord) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        await road.answer(0)
        assert (await road.answer(1, author_id=OTHER_MEMBER, **URGENT)).status == "escalated"
        assert len(discord.texts("escalate")) == 1
        assert len(discord.texts("reply")) == 1

    async def test_telling_a_member_that_staff_know_takes_the_turn(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        await road.answer(0, **URGENT)
        assert discord.texts("reply") == ["I have told the team, Ada."]
        assert (await road.answer(1, author_id=OTHER_MEMBER)).status == "skipped"


class TestEscalating:
    async def test_staff_are_told_before_the_member(self, staffed: Road, discord: FakeDiscord) -> None:
        row = await staffed.answer(0, **URGENT)
        assert (row.status, row.plan, row.reason) == ("escalated", "escalate", "urgent")
        link = f"https://discord.com/channels/{GUILD}/{CHANNEL}/{message_id(0)}"
        assert [(post.kind, post.channel_id, post.reference_id) for post in discord.posts] == [
            ("escalate", STAFF_CHANNEL, None),
            ("reply", CHANNEL, message_id(0)),
        ]
        assert discord.texts("escalate") == [f"urgent: Ada in <#{CHANNEL}>: {link}"]
        assert discord.texts("reply") == ["I have told the team, Ada."]

    async def test_a_toxic_member_is_not_answered(self, staffed: Road, discord: FakeDiscord) -> None:
        row = await staffed.answer(0, toxicity=0.9)
        assert (row.status, row.reason) == ("escalated", "toxic")
        assert [post.kind for post in discord.posts] == ["escalate"]

    @pytest.mark.parametrize("how", ["forbidden", "gone"])
    async def test_a_member_is_not_told_that_staff_know_when_they_could_not_be_told(
        self, staffed: Road, discord: FakeDiscord, how: str
    ) -> None:
        if how == "gone":
            discord.gone.add(STAFF_CHANNEL)
        else:
            discord.forbidden[STAFF_CHANNEL] = "View Channel"
        row = await staffed.answer(0, **URGENT)
        assert row.status == "responded"
        assert discord.texts("reply") == ["Hi Ada. What did you try?"]
        assert ("reply", "sent") in await staffed.kinds(0)

    async def test_the_same_member_is_not_escalated_again(
        self, staffed: Road, discord: FakeDiscord, clock: FakeClock
    ) -> None:
        await staffed.answer(0, **URGENT)
        clock.advance(59 * 60)
        row = await staffed.answer(1, **URGENT)
        assert (row.status, row.reason) == ("skipped", "already with staff")
        clock.advance(2 * 60)
        assert (await staffed.answer(2, **URGENT)).status == "escalated"

    async def test_nor_within_one_batch(self, staffed: Road, discord: FakeDiscord) -> None:
        signals = [await staffed.hear(number, **URGENT) for number in range(3)]
        await staffed.plan(signals)
        assert len(discord.texts("escalate")) == 1
        assert [(await staffed.row(number)).reason for number in range(3)] == [
            "urgent", "already with staff", "already with staff",
        ]  # fmt: skip

    async def test_nor_while_staff_are_being_told(self, staffed: Road, discord: FakeDiscord) -> None:
        await staffed.hear(0, stage=Stage.ACT, plan="escalate", **URGENT)
        assert (await staffed.answer(1, **URGENT)).reason == "already with staff"
        assert discord.calls == []

    async def test_again_where_staff_could_not_be_told(self, staffed: Road, discord: FakeDiscord) -> None:
        discord.forbidden[STAFF_CHANNEL] = "View Channel"
        await staffed.answer(0, **URGENT)
        discord.forbidden.clear()
        assert (await staffed.answer(1, **URGENT)).status == "escalated"

    async def test_again_in_another_place(self, staffed: Road, discord: FakeDiscord) -> None:
        await staffed.answer(0, **URGENT)
        assert (await staffed.answer(1, place_id=OTHER_CHANNEL, **URGENT)).status == "escalated"
        assert len(discord.texts("escalate")) == 2

    async def test_quiet_hours_keep_the_bot_from_telling_the_member(
        self, staffed: Road, discord: FakeDiscord
    ) -> None:
        await staffed.guilds.set_quiet_hours(GUILD, "11:00-13:00")
        assert (await staffed.answer(0, **URGENT)).status == "escalated"
        assert [post.kind for post in discord.posts] == ["escalate"]

    async def test_two_members_are_escalated_each(self, staffed: Road, discord: FakeDiscord) -> None:
        signals = [await staffed.hear(0, **URGENT), await staffed.hear(1, author_id=OTHER_MEMBER, **URGENT)]
        await staffed.plan(signals)
        assert len(discord.texts("escalate")) == 2

    async def test_the_third_report_goes_to_staff(self, staffed: Road, clock: FakeClock) -> None:
        others = {"author_id": OTHER_MEMBER}
        for number in range(2):
            assert (await staffed.answer(number * 2, **REPORT)).status == "responded"
            await staffed.hear(number * 2 + 1, stage=Stage.DONE, intent="other", **others)
            clock.advance(60)
        row = await staffed.answer(9, **REPORT)
        assert (row.status, row.reason) == ("escalated", "repeated report")

    async def test_old_reports_do_not_count(self, staffed: Road, clock: FakeClock) -> None:
        await staffed.answer(0, **REPORT)
        await staffed.answer(1, place_id=OTHER_CHANNEL, **REPORT)
        clock.advance(61 * 60)
        assert (await staffed.answer(2, **REPORT)).status == "responded"

    async def test_a_follow_up_nobody_answered_goes_to_staff(self, staffed: Road, clock: FakeClock) -> None:
        await staffed.answer(0)
        clock.advance(300)
        assert (await staffed.answer(2)).reason == "no answer after a follow-up"

    async def test_not_when_someone_else_spoke(self, staffed: Road, clock: FakeClock) -> None:
        await staffed.answer(0)
        await staffed.hear(1, stage=Stage.DONE, intent="other", author_id=OTHER_MEMBER)
        clock.advance(300)
        assert (await staffed.answer(2)).status == "responded"

    async def test_not_in_another_channel(self, staffed: Road, clock: FakeClock) -> None:
        await staffed.answer(0)
        clock.advance(300)
        assert (await staffed.answer(2, place_id=OTHER_CHANNEL)).status == "responded"


class TestWhoIsAddressed:
    @pytest.mark.parametrize(
        ("mentions", "status"),
        [
            ([f"user:{OTHER_MEMBER}"], "skipped"),
            ([f"user:{OTHER_MEMBER}", "bot"], "responded"),
            ([f"user:{MEMBER}"], "responded"),
            (["bot"], "responded"),
            (["role:5", "everyone"], "responded"),
        ],
        ids=["another member", "another and the bot", "themselves", "the bot", "roles"],
    )
    async def test_by_a_mention(self, road: Road, mentions: list[str], status: str) -> None:
        assert (await road.answer(0, mentions=mentions)).status == status

    async def test_by_a_reply_to_another_member(self, road: Road) -> None:
        await road.hear(0, stage=Stage.DONE, intent="other", author_id=OTHER_MEMBER)
        row = await road.answer(1, reply_to_id=message_id(0))
        assert (row.status, row.reason) == ("skipped", "addressed to another member")

    async def test_by_a_reply_to_a_message_nobody_knows(self, road: Road) -> None:
        assert (await road.answer(1, reply_to_id=5)).reason == "addressed to another member"

    async def test_not_by_a_reply_to_oneself(self, road: Road) -> None:
        await road.hear(0, stage=Stage.DONE, intent="other")
        assert (await road.answer(1, reply_to_id=message_id(0))).status == "responded"

    async def test_not_by_a_reply_to_the_bot(self, road: Road, discord: FakeDiscord) -> None:
        await road.answer(0)
        row = await road.answer(1, author_id=OTHER_MEMBER, reply_to_id=discord.posts[0].id)
        assert row.status == "responded"

    async def test_maintenance_answers_nobody(
        self, database: Database, clock: FakeClock, discord: FakeDiscord
    ) -> None:
        road = Road(database, clock, discord, maintenance_mode=True)
        assert (await road.answer(0)).reason == "maintenance mode"

    async def test_what_is_read_late_is_not_answered(self, road: Road) -> None:
        created = NOW - timedelta(minutes=16)
        assert (await road.answer(0, created_at=created, backfilled=True)).reason == "too old to answer"
