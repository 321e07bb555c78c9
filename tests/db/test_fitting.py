"""What people say of answers moves a server's threshold, visibly and reversibly; and the figures of it."""

from typing import Any

import pytest

from bot.db.database import Database
from bot.models import Feedback, FeedbackKind, Giver, Verdict
from bot.services.feedback import FeedbackService
from bot.services.fitting import ThresholdFitting
from bot.services.guilds import GuildService
from bot.settings import OrchestratorSettings
from tests.db.support import GUILD, NOW, action, see_guild, signal_row, store
from tests.fakes import FakeClock


@pytest.fixture
async def said(database: Database) -> None:
    """Thirty verdicts: what was answered on a hunch was wrong."""
    await see_guild(database)
    rows = [signal_row(each, guild_id=GUILD) for each in range(30)]
    await store(database, *rows)
    async with database.transaction() as tx:
        for number, row in enumerate(rows):
            hunch = number % 2 == 0
            await tx.feedback.put(
                Feedback(
                    guild_id=GUILD, signal_id=row["id"], kind=FeedbackKind.REACTION, message_id=900 + number,
                    user_id=5, giver=Giver.ASKER, verdict=Verdict.WRONG if hunch else Verdict.RIGHT,
                    intent="help_request", confidence=0.65 if hunch else 0.9, created_at=NOW,
                )
            )  # fmt: skip


def parts(database: Database, clock: FakeClock) -> tuple[GuildService, ThresholdFitting]:
    guilds = GuildService(database, clock, OrchestratorSettings())
    return guilds, ThresholdFitting(database, clock, guilds, FeedbackService(database, clock))


async def noted(database: Database) -> list[tuple[Any, ...]]:
    async with database.reading() as tx:
        found = await tx.setting_changes.history(GUILD, "replies.fitted_confidence", None, 9)
    return [(each.old, each.new, each.by_id) for each in reversed(found)]


@pytest.mark.usefixtures("said")
class TestFitting:
    async def test_a_server_is_fitted_once_a_day_as_by_the_bot(self, database: Database) -> None:
        clock = FakeClock()
        guilds, fitting = parts(database, clock)
        await guilds.load()
        await fitting.look()
        [(old, new, by)] = await noted(database)
        assert (old, by) == (None, None)
        assert 0.65 < new <= 0.75
        assert guilds.policy(GUILD).min_confidence == new
        async with database.transaction() as tx:
            await tx.feedback.take_back(900)
        await fitting.look()  # the same day: nothing
        assert len(await noted(database)) == 1
        fresh, _ = parts(database, clock)
        await fresh.load()
        assert fresh.policy(GUILD).min_confidence == new

    async def test_a_reset_holds_for_a_day_and_a_switch_for_good(self, database: Database) -> None:
        clock = FakeClock()
        guilds, fitting = parts(database, clock)
        await guilds.load()
        await fitting.look()
        await guilds.reset_fitted(GUILD)
        await fitting.look()
        assert guilds.policy(GUILD).min_confidence == 0.6
        clock.advance(86_401)
        await fitting.look()
        assert guilds.policy(GUILD).min_confidence > 0.6
        await guilds.set_fits(GUILD, False)
        assert guilds.policy(GUILD).min_confidence == 0.6
        clock.advance(86_401)
        await fitting.look()
        assert guilds.policy(GUILD).min_confidence == 0.6

    async def test_an_admins_choice_goes_before_it(self, database: Database) -> None:
        guilds, fitting = parts(database, FakeClock())
        await guilds.load()
        await guilds.set_min_confidence(GUILD, 0.4)
        await fitting.look()
        assert guilds.policy(GUILD).min_confidence == 0.4

    async def test_what_was_taken_back_moves_it_back(self, database: Database) -> None:
        clock = FakeClock()
        guilds, fitting = parts(database, clock)
        await guilds.load()
        await fitting.look()
        async with database.transaction() as tx:
            for number in range(30):
                await tx.feedback.take_back(900 + number)
        clock.advance(86_401)
        await fitting.look()
        assert guilds.policy(GUILD).min_confidence == 0.6
        assert [new for _, new, _ in await noted(database)][-1] is None


@pytest.mark.usefixtures("said")
async def test_figures_are_by_what_a_reply_was_made_of(database: Database) -> None:
    async with database.transaction() as tx:
        for number, source in enumerate(("help_request/1", "help_request/1", "trained #3", None)):
            row = action(number, guild_id=GUILD, kind="reply", source=source)
            begun = await tx.actions.begin(row)
            assert begun is not None
            await tx.actions.finish(begun.id, {"status": "sent", "message_id": 900 + number})
    async with database.reading() as tx:
        assert await tx.feedback.figures(GUILD) == {
            "help_request/1": {"shown": 2, "wrong": 1, "right": 1},
            "trained #3": {"shown": 1, "wrong": 1},
            "": {"shown": 1, "right": 1},
        }
        assert await tx.feedback.figures(GUILD + 1) == {}
