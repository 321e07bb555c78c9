"""Observer and orchestrator as a pair: arrivals or signals in, posts and rows out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.bus.memory import MemoryBus
from bot.db.database import Database
from bot.domain.signal import Intent, Observation, Signal, Stage, Urgency
from bot.models import AutoReply, SignalRecord
from bot.models.signal import signal_from_row
from bot.services.actions import ActionLog
from bot.services.compose import Composer
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.metrics import Metrics
from bot.services.observer import ObserverService
from bot.services.orchestrator import OrchestratorService
from bot.services.replies import Replies
from bot.services.situations import SituationService
from bot.services.throttle import Throttle
from bot.settings import OrchestratorSettings, Settings, WorkerSettings
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord, FakeTool
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    NOW,
    OTHER_CHANNEL,
    OTHER_MEMBER,
    STAFF_CHANNEL,
    eventually,
    key,
    message_id,
    running,
)

REPLIES = Replies(
    help_request=["Hi {member}. {tip} What did you try?"],
    problem_report=["Thanks {member}. {tip}"],
    passed_on=["I have told the team, {member}."],
    staff_alert=["{reason}: {member} in {channel}: {link}"],
    missing_permission=["I can't answer in {channel}: {reason}."],
)


class Crash(BaseException):
    """The process dies here."""


def crash(_action: object) -> None:
    raise Crash


CALM = {"channel_throttle_seconds": 0, "user_cooldown_seconds": 0}
URGENT: dict[str, Any] = {"urgency": Urgency.HIGH.value}
REPORT: dict[str, Any] = {"intent": Intent.PROBLEM_REPORT.value}


class Road:
    """The two stages on one database and one fake Discord; `anew` is a second bot on the same."""

    def __init__(self, database: Database, clock: FakeClock, discord: FakeDiscord, **settings: Any) -> None:
        self.database, self.clock, self.discord = database, clock, discord
        self.bus = MemoryBus()
        whole = Settings(
            orchestrator=OrchestratorSettings(**CALM | settings.pop("orchestrator", {})),
            workers=WorkerSettings(sweep_seconds=1),
            **settings,
        )
        self.guilds = GuildService(database, clock, whole.orchestrator)
        self.metrics = Metrics()
        tools = {kind: FakeTool(discord, kind) for kind in ("reply", "escalate", "tell_owner")}
        self.observer = ObserverService(database, self.bus, clock, self.metrics, whole.workers)
        self.orchestrator = OrchestratorService(
            database=database,
            bus=self.bus,
            clock=clock,
            metrics=self.metrics,
            guilds=self.guilds,
            situations=SituationService(whole),
            throttle=Throttle(whole.orchestrator),
            composer=Composer(REPLIES, self.guilds),
            actions=ActionLog(database, tools, clock),
            settings=whole.workers,
        )

    def anew(self) -> "Road":
        return Road(self.database, self.clock, self.discord)

    async def hear(self, number: int, *, stage: Stage = Stage.PLAN, **values: Any) -> Signal:
        """Store the `number`th message as one that asks for help, waiting in `stage`."""
        place = values.pop("place_id", CHANNEL)
        row: dict[str, Any] = {
            "id": key(number), "source": "discord", "guild_id": GUILD, "channel_id": place,
            "thread_id": None, "place_id": place, "message_id": message_id(number), "reply_to_id": None,
            "author_id": MEMBER, "author_name": "Ada", "content": "how do I start it?", "attachments": None,
            "embeds": None, "mentions": None, "created_at": self.clock.now(), "ingested_at": self.clock.now(),
            "edited_at": None, "language": "en", "backfilled": False, "purpose": "support",
            "sentiment": "neu", "sentiment_score": 0.0, "urgency": "low", "toxicity": 0.0,
            "intent": "help_request", "confidence": 0.9, "rationale": "asks how", "stage": stage.value,
            "status": "pending" if stage is not Stage.DONE else "skipped", "plan": None, "reason": "",
            "attempts": 0, **values,
        }  # fmt: skip
        async with self.database.transaction() as tx:
            if row["guild_id"] is not None:
                await tx.guilds.ensure(GUILD, NOW)
                await tx.channels.see(
                    [
                        {"id": each, "guild_id": GUILD, "parent_id": None, "name": "general"}
                        for each in {row["channel_id"], row["place_id"]}
                    ]
                )
                member = {"guild_id": GUILD, "user_id": row["author_id"], "name": "Ada", "first_seen_at": NOW}
                await tx.members.see([member])
            await tx.signals.add_batch([row])
        return signal_from_row(row)

    async def answer(self, number: int, **values: Any) -> SignalRecord:
        """Hear the message, decide about it, and return its row."""
        await self.orchestrator.plan([await self.hear(number, **values)])
        return await self.row(number)

    async def observe(self, number: int, **values: Any) -> SignalRecord:
        await self.observer.observe([await self.hear(number, stage=Stage.OBSERVE, **values)])
        return await self.row(number)

    async def row(self, number: int) -> SignalRecord:
        async with self.database.reading() as tx:
            record = await tx.signals.get(key(number))
        assert record is not None
        return record

    async def kinds(self, number: int) -> list[tuple[str, str]]:
        async with self.database.reading() as tx:
            return [(each.kind, each.status) for each in await tx.actions.list_for(key(number))]

    async def forget(self, number: int) -> None:
        """Delete the message, as its author would."""
        async with self.database.transaction() as tx:
            row = await tx.signals.get(key(number))
            assert row is not None
            names = ("id", "source", "guild_id", "channel_id", "thread_id", "place_id", "message_id")
            tombstone = {name: getattr(row, name) for name in names} | {"created_at": NOW, "ingested_at": NOW}
            await tx.signals.erase_batch([tombstone], NOW)


@pytest.fixture
def discord() -> FakeDiscord:
    return FakeDiscord()


@pytest.fixture
def road(database: Database, clock: FakeClock, discord: FakeDiscord) -> Road:
    return Road(database, clock, discord)


@pytest.fixture
async def staffed(road: Road) -> Road:
    """With a staff channel."""
    await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    return road


class TestObserver:
    async def test_what_asks_is_handed_on(self, road: Road) -> None:
        row = await road.observe(0)
        assert (row.stage, row.status, row.observed_at) == ("plan", "pending", NOW)
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        assert (onward.id, onward.stage, onward.observed_at) == (key(0), Stage.PLAN, NOW)

    async def test_what_asks_nothing_ends_here(self, road: Road) -> None:
        row = await road.observe(0, intent="other")
        assert (row.stage, row.status, row.plan, row.reason) == ("done", "skipped", "noop", "nothing asked")
        assert row.finished_at == NOW
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_the_member_who_answers_the_bot_still_asks_what_they_asked(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0, rationale="asks how to start it")
        row = await road.observe(1, intent="other", reply_to_id=discord.posts[0].id)
        assert (row.stage, row.intent, row.confidence) == ("plan", "help_request", 0.9)
        assert row.rationale == "follows up on: asks how to start it"
        [onward] = await road.bus.take(Stage.PLAN, 9, 0)
        assert onward.observer == Observation(Intent.HELP_REQUEST, 0.9, row.rationale)

    async def test_another_member_who_answers_the_bot_asks_nothing(
        self, road: Road, discord: FakeDiscord
    ) -> None:
        await road.answer(0)
        row = await road.observe(1, intent="other", author_id=OTHER_MEMBER, reply_to_id=discord.posts[0].id)
        assert row.reason == "nothing asked"

    async def test_a_reply_to_a_member_is_no_follow_up(self, road: Road) -> None:
        await road.answer(0)
        assert (await road.observe(1, intent="other", reply_to_id=message_id(0))).reason == "nothing asked"

    async def test_what_was_deleted_meanwhile_is_not_handed_on(self, road: Road) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE)
        await road.forget(0)
        await road.observer.observe([signal])
        assert (await road.row(0)).reason == "message deleted"
        assert road.bus.depth(Stage.PLAN) == 0

    async def test_two_observers_hand_a_signal_on_once(self, road: Road) -> None:
        signal = await road.hear(0, stage=Stage.OBSERVE)
        second = road.anew()
        await asyncio.gather(road.observer.observe([signal]), second.observer.observe([signal]))
        assert road.bus.depth(Stage.PLAN) + second.bus.depth(Stage.PLAN) == 1

    async def test_what_the_bus_lost_is_found_in_the_database(self, road: Road) -> None:
        await road.hear(0, stage=Stage.OBSERVE)

        async def observed() -> bool:
            return (await road.row(0)).stage == "plan"

        async with running(road.observer.run):
            await eventually(observed)
        assert not road.observer.busy

    async def test_one_bad_signal_does_not_hold_up_the_others(
        self, road: Road, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signals = [await road.hear(number, stage=Stage.OBSERVE) for number in range(3)]
        observe = road.observer.observe

        async def fail_on_one(batch: list[Signal]) -> None:
            if any(each.id == key(1) for each in batch):
                raise RuntimeError("can't look at this")
            await observe(batch)

        monkeypatch.setattr(road.observer, "observe", fail_on_one)
        road.bus.publish(Stage.OBSERVE, signals)

        async def all_gone() -> bool:
            return [(await road.row(number)).stage for number in range(3)] == ["plan"] * 3

        async with running(road.observer.run):
            await eventually(all_gone)
        assert (await road.row(1)).observed_at is None
        assert logged.of("ERROR", f"Could not observe {key(1)}")


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
        await road.orchestrator.plan([signal])
        assert discord.calls == []
        assert (await road.row(0)).reason == "message deleted"

    async def test_a_bug_in_the_tool_touches_no_other_answer(
        self, road: Road, discord: FakeDiscord, logged: Logged
    ) -> None:
        discord.script.append("bug")
        await road.orchestrator.plan([await road.hear(number) for number in range(3)])
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
        assert (row.status, row.reason) == ("skipped", "answered here a moment ago")

    async def test_within_a_batch_only_the_first_is_answered(self, road: Road, discord: FakeDiscord) -> None:
        await road.orchestrator.plan([await road.hear(number, author_id=number + 5) for number in range(5)])
        assert [post.reference_id for post in discord.posts] == [message_id(0)]

    async def test_a_question_that_is_not_answered_takes_no_turn(self, road: Road) -> None:
        await road.answer(0, language="de")
        assert (await road.answer(1)).status == "responded"

    async def test_a_question_deleted_before_its_turn_takes_none(self, road: Road) -> None:
        signal = await road.hear(0)
        await road.forget(0)
        await road.orchestrator.plan([signal])
        assert (await road.answer(1)).status == "responded"

    async def test_staff_are_told_however_busy_the_channel_is(self, road: Road, discord: FakeDiscord) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        await road.answer(0)
        assert (await road.answer(1, **URGENT)).status == "escalated"
        assert len(discord.texts("escalate")) == 1


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
        await staffed.orchestrator.plan(signals)
        assert len(discord.texts("escalate")) == 1
        assert [(await staffed.row(number)).reason for number in range(3)] == [
            "urgent", "already with staff", "already with staff",
        ]  # fmt: skip

    async def test_two_members_are_escalated_each(self, staffed: Road, discord: FakeDiscord) -> None:
        signals = [await staffed.hear(0, **URGENT), await staffed.hear(1, author_id=OTHER_MEMBER, **URGENT)]
        await staffed.orchestrator.plan(signals)
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


class TestForbidden:
    async def test_the_owner_is_told_once_per_channel(self, road: Road, discord: FakeDiscord) -> None:
        discord.forbidden = {CHANNEL: "Send Messages", OTHER_CHANNEL: "View Channel"}
        row = await road.answer(0)
        assert (row.status, row.reason) == ("skipped", "missing permission: Send Messages")
        await road.answer(1)
        await road.answer(2, place_id=OTHER_CHANNEL)
        assert discord.texts("tell_owner") == [
            f"I can't answer in <#{CHANNEL}>: Send Messages.",
            f"I can't answer in <#{OTHER_CHANNEL}>: View Channel.",
        ]
        assert await road.kinds(0) == [("reply", "forbidden"), ("tell_owner", "sent")]
        assert await road.kinds(1) == [("reply", "forbidden")]

    async def test_nobody_is_told_about_a_direct_message(self, road: Road, discord: FakeDiscord) -> None:
        discord.forbidden = {CHANNEL: "Send Messages"}
        await road.answer(0, guild_id=None)
        assert discord.texts("tell_owner") == []


class TestResuming:
    async def interrupted(self, road: Road) -> None:
        """Leave a signal as a crash between plan and post leaves it: planned, leased, its action pending."""

        road.discord.before_send = crash
        signal = await road.hear(0)
        with pytest.raises(BaseExceptionGroup):
            await road.orchestrator.plan([signal])
        road.discord.before_send = lambda _action: None
        assert (await road.row(0)).stage == "act"
        assert await road.kinds(0) == [("reply", "pending")]

    async def resumed(self, road: Road, number: int = 0) -> SignalRecord:
        async def done() -> bool:
            return (await road.row(number)).stage == "done"

        async with running(road.orchestrator.run):
            await eventually(done)
        return await road.row(number)

    async def test_a_young_one_is_answered_once(
        self, road: Road, discord: FakeDiscord, clock: FakeClock
    ) -> None:
        await self.interrupted(road)
        clock.advance(61)  # the lease is over
        row = await self.resumed(road.anew())
        assert row.status == "responded"
        assert len(discord.posts) == 1
        assert discord.calls == ["send reply", "find reply", "send reply"]

    async def test_an_old_one_is_never_answered(
        self, road: Road, discord: FakeDiscord, clock: FakeClock
    ) -> None:
        await self.interrupted(road)
        clock.advance(300)
        row = await self.resumed(road.anew())
        assert (row.status, row.reason) == ("skipped", "interrupted, and too old to send safely")
        assert discord.posts == []

    async def test_one_whose_lease_holds_is_left_alone(self, road: Road, discord: FakeDiscord) -> None:
        await self.interrupted(road)
        other = road.anew()
        await other.orchestrator._sweep(Stage.ACT)
        assert discord.calls == ["send reply"]
        async with road.database.transaction() as tx:
            await tx.queue.release_all()  # what a start does
        assert (await self.resumed(other)).status == "responded"

    async def test_what_is_done_of_an_escalation_is_not_done_again(
        self, staffed: Road, discord: FakeDiscord, clock: FakeClock
    ) -> None:
        discord.before_send = lambda action: crash(action) if action.kind == "reply" else None
        with pytest.raises(BaseExceptionGroup):
            await staffed.orchestrator.plan([await staffed.hear(0, **URGENT)])
        discord.before_send = lambda _action: None
        clock.advance(61)
        assert (await self.resumed(staffed.anew())).status == "escalated"
        assert [post.kind for post in discord.posts] == ["escalate", "reply"]

    async def test_what_the_bus_lost_is_planned(self, road: Road, discord: FakeDiscord) -> None:
        await road.hear(0)
        assert (await self.resumed(road)).status == "responded"
        assert not road.orchestrator.busy


class TestNeverTwice:
    async def test_two_orchestrators_on_one_database(self, road: Road, discord: FakeDiscord) -> None:
        await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
        second = road.anew()
        await second.guilds.load()
        signals = [
            await road.hear(number, author_id=number + 5, **(URGENT if number % 2 else {}))
            for number in range(12)
        ]
        await asyncio.gather(road.orchestrator.plan(signals), second.orchestrator.plan(signals[::-1]))
        done = [(post.kind, post.channel_id, post.reference_id, post.nonce) for post in discord.posts]
        assert len(done) == len(set(done)) == 18
        assert all([(await road.row(number)).stage == "done" for number in range(12)])
        assert sum(call.startswith("send") for call in discord.calls) == 18

    async def test_the_same_signal_published_twice(self, road: Road, discord: FakeDiscord) -> None:
        signal = await road.hear(0)
        await road.orchestrator.plan([signal, signal])
        await road.orchestrator.plan([signal])
        assert len(discord.posts) == 1
        assert (await road.row(0)).status == "responded"

    async def test_a_lease_that_runs_out_while_discord_is_slow(
        self, road: Road, discord: FakeDiscord, clock: FakeClock
    ) -> None:
        signal = await road.hear(0)
        second, tasks = road.anew(), []

        def slow(_action: object) -> None:
            discord.before_send = lambda _action: None
            clock.advance(61)
            tasks.append(asyncio.ensure_future(second.orchestrator._sweep(Stage.ACT)))

        discord.before_send = slow
        await road.orchestrator.plan([signal])
        await asyncio.gather(*tasks)
        assert len(discord.posts) == 1
        assert await road.kinds(0) == [("reply", "sent")]


class TestBadSignals:
    async def test_one_that_can_not_be_decided_does_not_hold_up_the_others(
        self, road: Road, discord: FakeDiscord, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        signals = [await road.hear(number, author_id=number + 5) for number in range(3)]
        compose = road.orchestrator._composer.compose

        async def fail_on_one(tx: Any, signal: Signal, decision: Any) -> Any:
            if signal.id == key(1):
                raise RuntimeError("no words")
            return await compose(tx, signal, decision)

        monkeypatch.setattr(road.orchestrator._composer, "compose", fail_on_one)
        road.bus.publish(Stage.PLAN, signals)

        async def all_done() -> bool:
            return all([(await road.row(number)).stage == "done" for number in range(3)])

        async with running(road.orchestrator.run):
            await eventually(all_done)
        assert [(await road.row(n)).status for n in range(3)] == ["responded", "skipped", "responded"]
        assert (await road.row(1)).reason == "internal error"
        assert logged.of("ERROR", f"Could not decide about {key(1)}")
        assert len(discord.posts) == 2
