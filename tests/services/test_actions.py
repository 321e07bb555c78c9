import asyncio
import re
from typing import Any

import pytest

from bot.db.database import Database
from bot.models import Action, ActionStatus
from bot.services import actions as module
from bot.services.actions import SAFE_AGE, ActionLog, action_of, nonce_of
from bot.services.retries import current_retries
from tests.fakes import FakeClock, FakeDiscord, FakeTool
from tests.services.support import CHANNEL, message_id, signal

SIGNAL = signal()
OLD = SAFE_AGE.total_seconds()


@pytest.fixture
def log(database: Database, clock: FakeClock, discord: FakeDiscord) -> ActionLog:
    return ActionLog(database, {"reply": FakeTool(discord, "reply")}, clock)


@pytest.fixture
async def action(database: Database, clock: FakeClock) -> Action:
    """A reply that is stored and pending."""
    draft = action_of(SIGNAL, "reply", "What did you try?", CHANNEL, message_id(0))
    draft.created_at = clock.now()
    async with database.transaction() as tx:
        row = await tx.actions.begin(draft)
    assert row is not None
    return row


async def stored(database: Database) -> dict[str, Any]:
    async with database.reading() as tx:
        [row] = await tx.actions.list_for(SIGNAL.id)
    return row.model_dump()


class TestNonce:
    def test_is_24_hex_characters(self) -> None:
        assert re.fullmatch(r"[0-9a-f]{24}", nonce_of("discord:1", "reply", 0))

    def test_is_the_same_in_every_process_and_version(self) -> None:
        assert nonce_of("discord:1477658419200000000", "reply", 0) == "93408d33e2e933e7dcdd8679"

    def test_differs_for_every_signal_kind_and_part(self) -> None:
        keys = [("a", "reply", 0), ("b", "reply", 0), ("a", "escalate", 0), ("a", "reply", 1)]
        assert len({nonce_of(*each) for each in keys}) == 4


class TestSending:
    async def test_writes_down_what_discord_made_of_it(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        done = await log.execute(action, SIGNAL, interrupted=False)
        assert discord.texts("reply") == ["What did you try?"]
        row = await stored(database)
        assert row == done.model_dump()
        assert (row["status"], row["message_id"]) == ("sent", discord.posts[0].id)
        assert (row["attempts"], row["retries"], row["finished_at"]) == (1, 0, clock.now())
        assert discord.calls == ["send reply"]

    @pytest.mark.parametrize(
        ("change", "status", "detail"),
        [
            ({"forbidden": {CHANNEL: "Send Messages"}}, "forbidden", "missing permission: Send Messages"),
            ({"gone": {CHANNEL}}, "skipped", "gone: Unknown Channel"),
            ({"gone": {message_id(0)}}, "skipped", "the message to answer is gone"),
        ],
        ids=["forbidden", "channel gone", "message gone"],
    )
    async def test_what_discord_refuses_is_final_and_told(  # noqa: PLR0913, PLR0917 - three of them are a case
        self,
        log: ActionLog,
        action: Action,
        discord: FakeDiscord,
        database: Database,
        change: dict[str, Any],
        status: str,
        detail: str,
    ) -> None:
        for name, value in change.items():
            setattr(discord, name, value)
        await log.execute(action, SIGNAL, interrupted=False)
        row = await stored(database)
        assert (row["status"], row["detail"], row["message_id"]) == (status, detail, None)
        assert row["attempts"] == 1
        assert discord.posts == []

    async def test_a_text_discord_will_never_take_is_skipped(
        self, log: ActionLog, action: Action, database: Database
    ) -> None:
        action.content = "x" * 2_001
        await log.execute(action, SIGNAL, interrupted=False)
        assert (await stored(database))["status"] == "skipped"

    async def test_a_long_reason_is_cut_to_its_column(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database
    ) -> None:
        discord.forbidden[CHANNEL] = "x" * 1_000
        await log.execute(action, SIGNAL, interrupted=False)
        assert len((await stored(database))["detail"]) == 300

    async def test_a_bug_in_the_tool_is_final_because_it_may_have_posted(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        discord.script.append("bug")
        done = await log.execute(action, SIGNAL, interrupted=False)
        assert (done.status, done.detail) == (ActionStatus.FAILED, "internal error: RuntimeError")
        assert clock.slept == []


class TestUnreachable:
    async def test_tries_again_after_growing_pauses(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        discord.script.extend(["down"] * 3)
        await log.execute(action, SIGNAL, interrupted=False)
        row = await stored(database)
        assert clock.slept == [1, 2, 4]
        assert (row["status"], row["attempts"], row["retries"]) == ("sent", 4, 3)
        assert len(discord.posts) == 1

    async def test_every_answer_that_was_retried_counts_in_vain_or_not(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database
    ) -> None:
        discord.retried = 5  # by discord.py, within each call
        discord.script.extend(["down", "ok"])
        await log.execute(action, SIGNAL, interrupted=False)
        assert discord.calls == ["send reply", "find reply", "send reply"]
        assert (await stored(database))["retries"] == 15
        assert current_retries.get() is None

    async def test_actions_carried_out_at_once_count_their_own(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        draft = action_of(signal(1), "reply", "And you?", CHANNEL, message_id(1))
        draft.created_at = clock.now()
        async with database.transaction() as tx:
            other = await tx.actions.begin(draft)
        assert other is not None
        discord.retried = 1
        both = await asyncio.gather(
            log.execute(action, SIGNAL, interrupted=False), log.execute(other, signal(1), interrupted=True)
        )
        assert [each.retries for each in both] == [1, 2]  # the second looks before it sends

    async def test_looks_before_it_sends_again(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database
    ) -> None:
        discord.script.append("lost")
        await log.execute(action, SIGNAL, interrupted=False)
        assert discord.calls == ["send reply", "find reply"]
        assert (await stored(database))["message_id"] == discord.posts[0].id
        assert len(discord.posts) == 1

    async def test_gives_up_while_the_nonce_is_still_known(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        discord.script.extend(["down"] * 50)
        await log.execute(action, SIGNAL, interrupted=False)
        row = await stored(database)
        assert (row["status"], row["detail"]) == ("failed", "unreachable: Discord is down")
        assert clock.slept == [1, 2, 4, 8, 16, 32]
        assert clock.now() - action.created_at < SAFE_AGE

    async def test_a_try_that_never_ends_is_cut_off(
        self,
        log: ActionLog,
        action: Action,
        database: Database,
        discord: FakeDiscord,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "SEND_DEADLINE", 0.0)
        await log.execute(action, SIGNAL, interrupted=False)
        row = await stored(database)
        assert (row["status"], row["detail"]) == ("failed", "unreachable: TimeoutError")
        assert discord.posts == []


class TestInterrupted:
    async def test_what_was_posted_is_found_and_not_posted_again(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        posted = discord.post(action)
        clock.advance(OLD * 10)
        await log.execute(action, SIGNAL, interrupted=True)
        row = await stored(database)
        assert (row["status"], row["message_id"]) == ("sent", posted)
        assert discord.calls == ["find reply"]

    async def test_what_was_not_posted_is_sent_while_it_is_young(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        clock.advance(OLD - 1)
        await log.execute(action, SIGNAL, interrupted=True)
        assert (await stored(database))["status"] == "sent"
        assert [post.nonce for post in discord.posts] == [nonce_of(SIGNAL.id, "reply", 0)]

    async def test_what_was_not_found_is_never_sent_when_old(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        clock.advance(OLD)
        await log.execute(action, SIGNAL, interrupted=True)
        row = await stored(database)
        assert (row["status"], row["message_id"]) == ("expired", None)
        assert row["detail"] == "interrupted, and too old to send safely"
        assert discord.calls == ["find reply"]

    async def test_an_old_one_that_can_not_be_looked_for_is_never_sent(
        self, log: ActionLog, action: Action, discord: FakeDiscord, database: Database, clock: FakeClock
    ) -> None:
        clock.advance(OLD)
        discord.script.append("down")
        await log.execute(action, SIGNAL, interrupted=True)
        assert (await stored(database))["status"] == "failed"
        assert discord.posts == []

    async def test_a_final_row_stays_what_it_was(
        self, log: ActionLog, action: Action, database: Database
    ) -> None:
        async with database.transaction() as tx:
            await tx.actions.finish(action.id, {"status": "expired"})
        await log.execute(action, SIGNAL, interrupted=False)
        assert (await stored(database))["status"] == "expired"
