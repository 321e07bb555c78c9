"""One process learns of the settings that another has changed, on each kind of database."""

from bot.db.database import Database
from bot.models import AutoReply, Watch
from bot.services.configuration.watch import AT_ONCE
from bot.services.guilds import ChannelSeen
from tests.fakes import FakeClock
from tests.services.configuration.test_changes import CHANNEL, GUILD, ROLE, Process


class TestTwoProcesses:
    async def test_one_learns_of_the_others_changes_at_its_next_look(self, database: Database) -> None:
        first, second = Process(database), Process(database)
        for each in (first, second):
            await each.watch.begin()
            await each.guilds.load()
        told: list[str] = []
        second.guilds.on_change = lambda: told.append("places")
        await first.set("replies.mode", "off")
        await first.set("server.admin_role", "helpers")
        await first.set("tickets.max_open", "7")
        await first.set("server.staff_role", "helpers")
        await first.set("summaries.style", "detailed")
        await first.set("alerts.members", "9")
        await first.guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "mods"), Watch.TRACK)
        assert second.guilds.policy(GUILD).auto_reply
        assert await second.watch.look() == 7
        assert not second.guilds.policy(GUILD).auto_reply
        assert second.roles.admin_role_id(GUILD) == second.roles.staff_role_id(GUILD) == ROLE
        assert second.tickets.settings.of(GUILD).max_open == 7
        assert second.summaries.of(GUILD).style == "detailed"
        assert second.alerts.of(GUILD).members == 9
        assert second.guilds.watch(CHANNEL) is Watch.TRACK
        assert second.guilds.chosen(CHANNEL) == first.guilds.chosen(CHANNEL) > 0
        assert told
        assert await second.watch.look() == 0

    async def test_what_was_there_at_the_start_is_not_read_again(self, database: Database) -> None:
        first, second = Process(database), Process(database)
        await first.set("replies.mode", "off")
        await second.watch.begin()
        assert await second.watch.look() == 0

    async def test_many_changes_are_read_in_portions(self, database: Database) -> None:
        first, second = Process(database), Process(database)
        await second.watch.begin()
        async with database.transaction() as tx:
            await tx.guilds.see(GUILD, "Guild", FakeClock().now())
            many = {f"channels.{each}.tip": (None, "x") for each in range(AT_ONCE + 3)}
            await tx.setting_changes.add(GUILD, many, None, FakeClock().now())
        await first.guilds.set_auto_reply(GUILD, AutoReply.OFF)
        assert [await second.watch.look() for _ in range(3)] == [AT_ONCE, 4, 0]
        assert not second.guilds.policy(GUILD).auto_reply
