from datetime import time, timedelta

import pytest

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.policy import GuildPolicy
from bot.domain.quiet_hours import QuietHours
from bot.domain.snowflake import snowflake_at
from bot.models import AutoReply, Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.ingest import IngestService
from bot.settings import OrchestratorSettings
from tests.fakes import FakeClock
from tests.services.ingesting import gap, open_gaps, written
from tests.services.support import CHANNEL, GUILD, NOW, OTHER_CHANNEL, OTHER_GUILD, arrival

GENERAL = ChannelSeen(CHANNEL, None, "general")


@pytest.fixture
def guilds(database: Database, clock: FakeClock) -> GuildService:
    return GuildService(database, clock, OrchestratorSettings())


@pytest.fixture
def changes(guilds: GuildService) -> list[None]:
    """Grows by one with each change the service tells of."""
    told: list[None] = []
    guilds.on_change = lambda: told.append(None)
    return told


async def anew(database: Database, clock: FakeClock) -> GuildService:
    """The service as it is after a restart."""
    service = GuildService(database, clock, OrchestratorSettings())
    await service.load()
    return service


class TestSettings:
    async def test_each_is_used_at_once_and_after_a_restart(
        self, guilds: GuildService, database: Database, clock: FakeClock, changes: list[None]
    ) -> None:
        await guilds.set_auto_reply(GUILD, AutoReply.OFF)
        await guilds.set_staff_channel(GUILD, OTHER_CHANNEL)
        await guilds.set_timezone(GUILD, "Europe/Berlin")
        await guilds.set_quiet_hours(GUILD, "22:00-07:00")
        await guilds.set_min_confidence(GUILD, 0.8)
        await guilds.set_role_ignored(GUILD, 31, True)
        await guilds.set_role_ignored(GUILD, 32, True)
        await guilds.set_role_ignored(GUILD, 31, False)
        await guilds.set_languages(GUILD, "French, de")
        expected = GuildPolicy(
            auto_reply=False,
            min_confidence=0.8,
            timezone="Europe/Berlin",
            quiet_hours=QuietHours(time(22), time(7)),
            staff_channel_id=OTHER_CHANNEL,
            suggest_channel_id=OTHER_CHANNEL,
            ignored_role_ids=frozenset({32}),
            languages=frozenset({"de", "fr"}),
        )
        assert guilds.policy(GUILD) == expected
        assert (await anew(database, clock)).policy(GUILD) == expected
        assert len(changes) == 9

    async def test_each_can_be_taken_back(self, guilds: GuildService) -> None:
        await guilds.set_auto_reply(GUILD, AutoReply.OFF)
        await guilds.set_staff_channel(GUILD, OTHER_CHANNEL)
        await guilds.set_quiet_hours(GUILD, "22:00-07:00")
        await guilds.set_min_confidence(GUILD, 0.0)
        await guilds.set_role_ignored(GUILD, 31, True)
        await guilds.set_languages(GUILD, "all")
        assert guilds.policy(GUILD).min_confidence == 0
        await guilds.set_auto_reply(GUILD, AutoReply.ON)
        await guilds.set_staff_channel(GUILD, None)
        await guilds.set_quiet_hours(GUILD, None)
        await guilds.set_min_confidence(GUILD, None)
        await guilds.set_role_ignored(GUILD, 31, False)
        await guilds.set_role_ignored(GUILD, 99, False)  # never was
        await guilds.set_languages(GUILD, None)
        assert guilds.policy(GUILD) == GuildPolicy()

    async def test_one_guild_leaves_the_other_alone(self, guilds: GuildService) -> None:
        await guilds.set_min_confidence(OTHER_GUILD, 0.9)
        await guilds.set_auto_reply(GUILD, AutoReply.OFF)
        assert guilds.policy(OTHER_GUILD) == GuildPolicy(min_confidence=0.9)
        assert guilds.policy(GUILD) == GuildPolicy(auto_reply=False)

    async def test_direct_messages_and_unknown_guilds_have_the_defaults(self, guilds: GuildService) -> None:
        assert guilds.policy(None) == guilds.policy(GUILD) == GuildPolicy()

    async def test_defaults_come_from_the_settings(self, database: Database, clock: FakeClock) -> None:
        defaults = OrchestratorSettings(auto_reply=False, min_confidence=0.7, quiet_hours="01:00-02:00")
        guilds = GuildService(database, clock, defaults)
        default = GuildPolicy(False, 0.7, quiet_hours=QuietHours(time(1), time(2)))
        assert guilds.policy(GUILD) == default
        await guilds.set_auto_reply(GUILD, AutoReply.ON)
        assert guilds.policy(GUILD) == default  # off for everyone stays off
        await guilds.set_quiet_hours(GUILD, None)
        assert guilds.policy(GUILD).quiet_hours is None  # "none" is a choice, too

    async def test_quiet_hours_are_stored_without_the_blanks_around_them(self, guilds: GuildService) -> None:
        await guilds.set_quiet_hours(GUILD, "      22:00-07:00      ")
        assert (await guilds.get(GUILD)).quiet_hours == "22:00-07:00"


class TestRefused:
    @pytest.mark.parametrize(
        "zone", ["Berlin", "Europe", "", "../../etc/passwd", "/etc/localtime", "a" * 5_000, "UTC\0", "é"]
    )
    async def test_zones_that_do_not_exist(
        self, guilds: GuildService, changes: list[None], zone: str
    ) -> None:
        with pytest.raises(UserFacingError, match=r"I know no time zone .{0,80}\. Write it as"):
            await guilds.set_timezone(GUILD, zone)
        assert guilds.policy(GUILD).timezone == "UTC"
        assert changes == []

    @pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
    async def test_confidences_outside_0_to_1(self, guilds: GuildService, value: float) -> None:
        with pytest.raises(UserFacingError, match="from 0 to 1"):
            await guilds.set_min_confidence(GUILD, value)
        assert guilds.policy(GUILD) == GuildPolicy()

    async def test_quiet_hours_written_otherwise(self, guilds: GuildService) -> None:
        with pytest.raises(UserFacingError, match="22:00-07:00"):
            await guilds.set_quiet_hours(GUILD, "at night")
        assert guilds.policy(GUILD) == GuildPolicy()

    async def test_tips_too_long_to_show(self, guilds: GuildService) -> None:
        with pytest.raises(UserFacingError, match="at most 300 characters; this one has 301"):
            await guilds.set_tip(GUILD, GENERAL, "x" * 301)
        assert await guilds.tip(CHANNEL) is None


class TestChannels:
    @pytest.mark.parametrize("watch", [Watch.TRACK, Watch.IGNORE])
    async def test_a_choice_is_used_at_once_and_after_a_restart(
        self, guilds: GuildService, database: Database, clock: FakeClock, changes: list[None], watch: Watch
    ) -> None:
        await guilds.set_watch(GUILD, GENERAL, watch)
        assert guilds.watch(CHANNEL) is watch
        assert guilds.watch(OTHER_CHANNEL) is Watch.DEFAULT
        assert (await anew(database, clock)).watch(CHANNEL) is watch
        await guilds.set_watch(GUILD, GENERAL, Watch.DEFAULT)
        assert guilds.watch(CHANNEL) is Watch.DEFAULT
        assert len(changes) == 2

    async def test_a_tip_is_kept_and_removed(self, guilds: GuildService) -> None:
        assert await guilds.tip(CHANNEL) is None
        await guilds.set_tip(GUILD, GENERAL, "x" * 300)
        assert await guilds.tip(CHANNEL) == "x" * 300
        await guilds.set_tip(GUILD, GENERAL, "")
        assert await guilds.tip(CHANNEL) is None

    async def test_seeing_a_guild_again_keeps_what_the_owner_chose(self, guilds: GuildService) -> None:
        await guilds.see(GUILD, "First name", [GENERAL])
        await guilds.set_watch(GUILD, GENERAL, Watch.TRACK)
        await guilds.set_tip(GUILD, GENERAL, "Look up.")
        await guilds.set_min_confidence(GUILD, 0.9)
        await guilds.see(GUILD, "n" * 200, [ChannelSeen(CHANNEL, 5, "c" * 200), ChannelSeen(7, None, "new")])
        known = {channel.id: channel for channel in await guilds.channels(GUILD)}
        assert (known[CHANNEL].name, known[CHANNEL].parent_id) == ("c" * 100, 5)
        assert (known[CHANNEL].watch, known[CHANNEL].tip) == ("track", "Look up.")
        assert known[7].watch == "default"
        assert (await guilds.get(GUILD)).name == "n" * 100
        assert guilds.policy(GUILD).min_confidence == 0.9

    async def test_a_guild_lists_only_its_own_channels(self, guilds: GuildService) -> None:
        await guilds.see(GUILD, "One", [GENERAL])
        await guilds.see(OTHER_GUILD, "Two", [ChannelSeen(OTHER_CHANNEL, None, "general")])
        assert [channel.id for channel in await guilds.channels(GUILD)] == [CHANNEL]


class TestPresence:
    async def test_first_seen_stays_what_it_was(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        assert guilds.first_seen(GUILD) is None
        await guilds.see(GUILD, "Guild", [])
        clock.advance(3_600)
        await guilds.see(GUILD, "Guild", [])
        assert guilds.first_seen(GUILD) == NOW.timestamp()
        assert (await anew(database, clock)).first_seen(GUILD) == NOW.timestamp()

    async def test_a_guild_that_was_left_is_kept_and_comes_back(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        await guilds.see(GUILD, "Guild", [])
        await guilds.set_min_confidence(GUILD, 0.9)
        await guilds.left(GUILD)
        assert (await guilds.get(GUILD)).left_at == NOW
        assert guilds.present() == set()
        again = await anew(database, clock)
        assert (again.present(), again.first_seen(GUILD)) == (set(), None)
        clock.advance(60)
        await again.see(GUILD, "Guild", [])
        assert (await guilds.get(GUILD)).left_at is None
        assert again.policy(GUILD) == GuildPolicy(min_confidence=0.9)
        assert again.first_seen(GUILD) == NOW.timestamp() + 60

    async def test_a_guild_that_comes_back_after_a_restart_finds_its_choices(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        await guilds.see(GUILD, "Guild", [GENERAL])
        await guilds.set_watch(GUILD, GENERAL, Watch.IGNORE)
        await guilds.left(GUILD)
        again = await anew(database, clock)
        await again.see(GUILD, "Guild", [GENERAL])
        assert again.watch(CHANNEL) is Watch.IGNORE

    async def test_what_is_said_while_the_bot_is_away_is_not_read_later(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        await guilds.see(GUILD, "Guild", [GENERAL])
        async with database.transaction() as tx:
            await tx.channels.advance_cursors([(CHANNEL, GUILD, None, 4_711)])
            await tx.gaps.open(gap(1, 2))
        assert await guilds.left(GUILD) == [CHANNEL]
        assert await open_gaps(database) == []
        again = GuildService(database, clock, OrchestratorSettings())
        assert await again.load() == {}
        await again.see(GUILD, "Guild", [GENERAL])
        assert await GuildService(database, clock, OrchestratorSettings()).load() == {}

    async def test_channels_that_are_gone_are_told_when_something_of_them_is_kept(
        self, guilds: GuildService, ingest: IngestService
    ) -> None:
        thread, gone_thread, gone = CHANNEL + 50, CHANNEL + 51, CHANNEL + 52
        seen = [GENERAL, ChannelSeen(OTHER_CHANNEL, None, "quiet")]
        await guilds.see(GUILD, "Guild", [*seen, ChannelSeen(gone, None, "gone")])
        await written(
            ingest,
            arrival(0),
            arrival(1, thread_id=thread),
            arrival(2, channel_id=gone, thread_id=gone_thread),
        )
        assert await guilds.gone(GUILD, [GENERAL]) == {gone}
        await written(ingest, Arrival(Change.CLEAR, GUILD, gone, None, 0))
        assert await guilds.gone(GUILD, [GENERAL]) == set()

    async def test_a_choice_is_remembered_with_its_time(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        assert guilds.chosen(CHANNEL) == 0
        await guilds.set_watch(GUILD, GENERAL, Watch.IGNORE)
        clock.advance(60)
        await guilds.set_watch(GUILD, GENERAL, Watch.DEFAULT)
        chosen = snowflake_at(NOW + timedelta(seconds=60))
        assert guilds.chosen(CHANNEL) == (await anew(database, clock)).chosen(CHANNEL) == chosen

    async def test_asking_for_an_unknown_guild_says_so(self, guilds: GuildService) -> None:
        with pytest.raises(NotFoundError, match="don't know this server yet"):
            await guilds.get(GUILD)

    async def test_loading_returns_how_far_each_channel_was_read(
        self, guilds: GuildService, database: Database, clock: FakeClock
    ) -> None:
        await guilds.see(GUILD, "Guild", [GENERAL, ChannelSeen(OTHER_CHANNEL, None, "unread")])
        async with database.transaction() as tx:
            await tx.channels.advance_cursors([(CHANNEL, GUILD, None, 4_711)])
        again = GuildService(database, clock, OrchestratorSettings())
        assert await again.load() == {CHANNEL: 4_711}


class TestAskingStaffFirst:
    async def test_its_last_channel_is_not_taken_away(self, guilds: GuildService) -> None:
        await guilds.set_staff_channel(GUILD, OTHER_CHANNEL)
        await guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
        with pytest.raises(UserFacingError, match="nowhere else"):
            await guilds.set_staff_channel(GUILD, None)
        assert guilds.policy(GUILD).suggest_channel_id == OTHER_CHANNEL
        await guilds.set_suggest_channel(GUILD, CHANNEL)
        await guilds.set_staff_channel(GUILD, None)
        with pytest.raises(UserFacingError, match="nowhere else"):
            await guilds.set_suggest_channel(GUILD, None)
        assert guilds.policy(GUILD).suggest_channel_id == CHANNEL

    async def test_a_deleted_last_channel_switches_it_off(self, guilds: GuildService) -> None:
        await guilds.set_staff_channel(GUILD, OTHER_CHANNEL)
        await guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
        await guilds.lose_staff_channel(GUILD, "staff_channel_id")
        policy = guilds.policy(GUILD)
        assert (policy.auto_reply, policy.suggests, policy.staff_channel_id) == (False, False, None)

    async def test_a_deleted_channel_that_is_not_the_last_leaves_it_on(self, guilds: GuildService) -> None:
        await guilds.set_staff_channel(GUILD, OTHER_CHANNEL)
        await guilds.set_suggest_channel(GUILD, CHANNEL)
        await guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
        await guilds.lose_staff_channel(GUILD, "suggest_channel_id")
        assert guilds.policy(GUILD).suggest_channel_id == OTHER_CHANNEL
