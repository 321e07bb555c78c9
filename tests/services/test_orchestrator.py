"""The orchestrator when something goes wrong: nothing is said twice, nothing held up."""

import asyncio
from typing import Any

import pytest

from bot.domain.signal import Signal, Stage
from bot.models import SignalRecord
from tests.conftest import Logged
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import URGENT, Road, crash
from tests.services.support import (
    CHANNEL,
    GUILD,
    OTHER_CHANNEL,
    STAFF_CHANNEL,
    eventually,
    key,
    running,
)


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
        await road.plan([signal])
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
        await staffed.plan([await staffed.hear(0, **URGENT)])
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
        await asyncio.gather(road.plan(signals), second.plan(signals[::-1]))
        done = [(post.kind, post.channel_id, post.reference_id, post.nonce) for post in discord.posts]
        assert len(done) == len(set(done)) == 18
        assert all([(await road.row(number)).stage == "done" for number in range(12)])
        assert sum(call.startswith("send") for call in discord.calls) == 18

    async def test_the_same_signal_published_twice(self, road: Road, discord: FakeDiscord) -> None:
        signal = await road.hear(0)
        await road.plan([signal, signal])
        await road.plan([signal])
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
        await road.plan([signal])
        await asyncio.gather(*tasks)
        await second.at_rest()
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
