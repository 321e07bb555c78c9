"""Every change of a setting is written down once, with who made it, and other processes learn of it."""

from typing import Any, cast

import pytest

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.signal import Urgency
from bot.models import AlertSettings, Guild, SummarySettings, TicketSettings, Watch
from bot.services.alert_settings import AlertSettingsService
from bot.services.audience import AudienceService
from bot.services.configuration import builtin, changes
from bot.services.configuration.actor import acting_for
from bot.services.configuration.builtin_tickets import add_ticket_settings
from bot.services.configuration.service import Configuration
from bot.services.configuration.settings import Kind, Named, Names, Setting
from bot.services.configuration.watch import SettingsWatch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.statistics.activity import ActivityService
from bot.services.summaries.settings import SummarySettingsService
from bot.services.support_roles import SupportRoles
from bot.services.tickets.service import TicketService
from bot.settings import OrchestratorSettings
from tests.fakes import FakeClock

GUILD, OWNER, CHANNEL, FORUM, ROLE = (10**17 + each for each in range(5))
NAMES = Names(
    GUILD, [Named(CHANNEL, "mods", "text"), Named(FORUM, "desk", "forum")], [Named(ROLE, "Helpers")]
)
# What a server doesn't choose, or what is noted under the key of something else.
INTERNAL = {
    Guild: {"id", "name", "first_seen_at", "left_at", "fitted_at"},
    TicketSettings: {"guild_id", "tags", "posts_after", "tickets_opened"},
    SummarySettings: {"guild_id", "changed_at"},
    AlertSettings: {"guild_id"},
}


class Process:
    """The settings as one process keeps them in memory."""

    def __init__(self, database: Database) -> None:
        clock, roles, desk = FakeClock(), SupportRoles(), cast("Any", None)
        self.roles = roles
        self.guilds = GuildService(database, clock, OrchestratorSettings(), roles)
        self.tickets = TicketService(database, clock, self.guilds, roles, desk, lambda _text: Urgency.LOW)
        self.summaries = SummarySettingsService(database, clock, self.guilds)
        self.alerts = AlertSettingsService(database, clock)
        self.activity = ActivityService(database, clock, self.guilds, AudienceService())
        self.configuration = Configuration(database)
        builtin.add_guild_settings(self.configuration, self.guilds, self.tickets)
        add_ticket_settings(self.configuration, self.tickets)
        builtin.add_summary_settings(self.configuration, self.summaries)
        builtin.add_alert_settings(self.configuration, self.alerts)
        builtin.add_statistics_settings(self.configuration, self.activity)
        self.watch = SettingsWatch(database, clock)
        self.watch.add({
            "server.": self.guilds.reload, "replies.": self.guilds.reload, "channels.": self.guilds.reload,
            "tickets.": self.tickets.settings.reload, "server.staff_role": self.tickets.settings.reload,
            "summaries.": self.summaries.reload, "alerts.": self.alerts.reload,
        })  # fmt: skip

    async def set(self, key: str, value: str) -> None:
        with acting_for(OWNER):
            await self.configuration.set(GUILD, key, value, NAMES)


@pytest.fixture
def process(database: Database) -> Process:
    return Process(database)


async def noted(database: Database, key: str | None = None) -> list[tuple[Any, ...]]:
    """What was written down, oldest first."""
    async with database.reading() as tx:
        found = await tx.setting_changes.history(GUILD, key, None, 100)
    return [(each.key, each.old, each.new, each.by_id) for each in reversed(found)]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (Guild, changes.GUILDS),
        (TicketSettings, changes.TICKETS),
        (SummarySettings, changes.SUMMARIES),
        (AlertSettings, changes.ALERTS),
    ],
)
def test_every_column_that_is_chosen_has_a_key(table: Any, names: Any) -> None:
    assert set(table.model_fields) - INTERNAL[table] == set(names)


WRITTEN = [
    ("server.timezone", "Asia/Beirut", ("UTC", "Asia/Beirut")),
    ("server.watch", "chosen", ("public", "chosen")),
    ("server.admin_role", "helpers", (None, str(ROLE))),
    ("server.staff_role", "helpers", (None, str(ROLE))),
    ("server.staff_channel", "mods", (None, str(CHANNEL))),
    ("replies.mode", "off", ("on", "off")),
    ("replies.suggest_channel", "mods", (None, str(CHANNEL))),
    ("replies.confidence", "0.7", (None, 0.7)),
    ("server.leak_warnings", "off", (None, False)),
    ("replies.fit", "off", (None, False)),
    ("replies.quiet_hours", "22:00-07:00", (None, "22:00-07:00")),
    ("replies.languages", "German", (None, ["de"])),
    ("replies.ignored_roles", "helpers", (None, [str(ROLE)])),
    ("tickets.kind", "private", ("forum", "private")),
    ("tickets.log_channel", "mods", (None, str(CHANNEL))),
    ("tickets.answers", "open", ("grounded", "open")),
    ("tickets.sure", "0.9", (None, 0.9)),
    ("tickets.near", "0.5", (None, 0.5)),
    ("tickets.working_hours", "mon-fri 09:00-17:00", (None, "mon-fri 09:00-17:00")),
    ("tickets.max_open", "5", (3, 5)),
    ("tickets.cooldown_seconds", "0", (60, 0)),
    ("tickets.remind_hours", "none", (24, None)),
    ("tickets.close_hours", "48", (72, 48)),
    ("tickets.transcript_dm", "off", (True, False)),
    ("tickets.adopt_posts", "off", (True, False)),
    ("tickets.categories", "Billing | Money; Bugs", (None, ["Billing | Money", "Bugs"])),
    ("summaries.channel", "mods", (None, str(CHANNEL))),
    ("summaries.time", "9 pm", ("00:00", "21:00")),
    ("summaries.days", "Mon-Fri", (None, [0, 1, 2, 3, 4])),
    ("summaries.style", "detailed", ("short", "detailed")),
    ("summaries.language", "German", (None, "German")),
    ("summaries.left_out", "people, picture", (None, ["people", "picture"])),
    ("summaries.excluded", "mods", (None, [str(CHANNEL)])),
    ("alerts.incidents", "off", (True, False)),
    ("alerts.members", "4", (3, 4)),
    ("alerts.minutes", "30", (60, 30)),
    ("alerts.cooldown_minutes", "0", (60, 0)),
    ("alerts.unanswered_hours", "8", (4, 8)),
    ("alerts.helper_role", "helpers", (None, str(ROLE))),
    ("alerts.nudge_hours", "12", (6, 12)),
    ("statistics.own", "off", (True, False)),
]


@pytest.mark.parametrize(("key", "written", "pair"), WRITTEN, ids=[each[0] for each in WRITTEN])
async def test_a_setting_is_set_written_down_and_reset(
    process: Process, database: Database, key: str, written: str, pair: tuple[Any, Any]
) -> None:
    await process.set(key, written)
    assert await noted(database, key) == [(key, *pair, OWNER)]
    await process.set(key, written)
    assert len(await noted(database, key)) == 1  # nothing has changed
    await process.configuration.reset(GUILD, key)
    assert (await noted(database, key))[1:] == [(key, pair[1], pair[0], None)]
    fresh = Process(database)
    await fresh.guilds.load()
    assert (await fresh.configuration.values(GUILD))[key] == pair[0]


async def test_every_setting_that_can_be_set_is_among_those_tested(process: Process) -> None:
    tested = {key for key, *_ in WRITTEN} | {"tickets.channel", "summaries.on", "alerts.nudge"}
    assert {each.key for each in process.configuration.all() if each.write} == tested


async def test_every_setting_has_a_title_a_description_and_a_value_to_show(process: Process) -> None:
    values = await process.configuration.values(GUILD)
    for each in process.configuration.all():
        assert each.name
        assert each.description
        assert values.get(each.key) is not None or each.none or each.unset or each.default is not None


@pytest.mark.parametrize(
    ("key", "written", "told"),
    [
        ("server.timezone", "Mars", "I know no time zone"),
        ("replies.quiet_hours", "at night", "Write quiet hours as"),
        ("replies.languages", "Klingon", "I don't recognise the language"),
        ("summaries.time", "noonish", "is no time of day"),
        ("summaries.on", "on", "Choose where it is posted first"),
        ("summaries.language", "x", "2 to 32 letters"),
        ("alerts.members", "1", "goes from 2 to 50"),
        ("alerts.nudge", "on", "Choose a helper role too"),
        ("tickets.working_hours", "late", "Write working hours as"),
        ("tickets.category_roles", "x", "is changed with `/setup`"),
    ],
)
async def test_a_service_refuses_what_is_wrong_and_nothing_is_written_down(
    process: Process, database: Database, key: str, written: str, told: str
) -> None:
    with pytest.raises(UserFacingError, match=told):
        await process.set(key, written)
    assert await noted(database) == []


async def test_everyone_is_neither_admin_nor_staff_nor_ignored(process: Process) -> None:
    names = Names(GUILD, [], [Named(GUILD, "@everyone")])
    for key in ("server.admin_role", "server.staff_role", "replies.ignored_roles", "alerts.helper_role"):
        with pytest.raises(UserFacingError, match=r"[Ee]veryone"):
            await process.configuration.set(GUILD, key, "everyone", names)


async def test_an_unknown_key_is_answered_with_the_nearest(process: Process) -> None:
    with pytest.raises(NotFoundError, match=r"Did you mean `summaries\.time`"):
        process.configuration.get("summary.tme")
    with pytest.raises(NotFoundError, match="Did you mean `tickets`"):
        process.configuration.of("ticket")


async def test_a_change_by_another_road_is_written_down_too(process: Process, database: Database) -> None:
    with acting_for(OWNER):
        await process.guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "mods"), Watch.IGNORE)
        await process.guilds.set_tip(GUILD, ChannelSeen(CHANNEL, None, "mods"), "Up.")
        await process.tickets.settings.choose_staff_channel(GUILD, CHANNEL)
        await process.activity.allow_mine(GUILD, allowed=False)
    assert await noted(database) == [
        (f"channels.{CHANNEL}.watch", None, "ignore", OWNER),
        (f"channels.{CHANNEL}.tip", None, "Up.", OWNER),
        ("server.staff_channel", None, str(CHANNEL), OWNER),
        ("statistics.own", True, False, OWNER),
    ]


async def test_who_gets_the_summary_is_not_told_in_the_history(process: Process, database: Database) -> None:
    await process.summaries.change(GUILD, is_on=True, admin_ids=[str(OWNER)])
    assert ("summaries.admins", None, 1, None) in await noted(database)


class TestGone:
    async def test_a_deleted_channel_leaves_every_setting(self, process: Process, database: Database) -> None:
        await process.set("server.staff_channel", "mods")
        await process.set("summaries.channel", "mods")
        await process.set("summaries.on", "on")
        await process.set("summaries.excluded", "mods, desk")
        await process.guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "mods"), Watch.TRACK)
        await process.configuration.channel_gone(GUILD, CHANNEL)
        await process.guilds.forget_channel(GUILD, CHANNEL)
        values = await process.configuration.values(GUILD)
        assert values["server.staff_channel"] is values["summaries.channel"] is None
        assert not values["summaries.on"]
        assert values["summaries.excluded"] == [str(FORUM)]
        assert process.guilds.watch(CHANNEL) is Watch.DEFAULT
        assert (await noted(database))[-1] == (f"channels.{CHANNEL}.watch", "track", None, None)

    async def test_a_deleted_role_leaves_every_setting(self, process: Process) -> None:
        await process.set("server.admin_role", "helpers")
        await process.set("alerts.helper_role", "helpers")
        await process.set("alerts.nudge", "on")
        await process.set("replies.ignored_roles", "helpers")
        await process.configuration.role_gone(GUILD, ROLE)
        assert process.roles.admin_role_id(GUILD) is None
        assert not process.alerts.of(GUILD).nudge_on
        assert process.guilds.policy(GUILD).ignored_role_ids == frozenset()

    async def test_what_went_while_nobody_listened_is_taken_out_at_the_start(self, process: Process) -> None:
        await process.set("server.staff_channel", "mods")
        await process.set("server.admin_role", "helpers")
        await process.configuration.clean(NAMES)
        assert (await process.configuration.values(GUILD))["server.staff_channel"] == CHANNEL
        await process.configuration.clean(Names(GUILD, NAMES.channels[1:], []))
        values = await process.configuration.values(GUILD)
        assert values["server.staff_channel"] is values["server.admin_role"] is None


async def test_a_features_own_settings_come_and_go(process: Process) -> None:
    kept: dict[int, Any] = {}

    async def write(guild_id: int, value: Any) -> None:
        kept[guild_id] = value

    async def read(guild_id: int) -> dict[str, Any]:
        return {"karma.limit": kept.get(guild_id)}

    limit = Setting(key="karma.limit", kind=Kind.WHOLE, write=write, default=3, title="Limit", about="A day")
    process.configuration.add([limit], read)
    with pytest.raises(ValueError, match=r"karma\.limit"):
        process.configuration.add([limit], read)
    await process.set("karma.limit", "7")
    assert (await process.configuration.values(GUILD))["karma.limit"] == 7
    process.configuration.remove([limit], read)
    assert "karma" not in process.configuration.topics()
