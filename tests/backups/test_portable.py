"""A server's settings and training as a file: every area comes back, in the same server or another."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from bot.db.database import Database
from bot.models import (
    AlertSettings,
    Channel,
    Guild,
    PluginGuild,
    SummarySettings,
    TicketCategory,
    TicketSettings,
    TrainingEntry,
)
from bot.services.portable import document as document_module
from bot.services.portable.exporting import Known
from bot.services.portable.importing import import_guild
from bot.services.statistics.activity import SCOPE
from tests.backups.servers import (
    CHANNELS,
    HERE,
    MEMBER,
    OTHER,
    ROLES,
    STAFF,
    SUPPORT,
    THERE,
    THREAD,
    exported,
    see_other,
    settings_of,
)
from tests.db.support import GUILD
from tests.fakes import FakeClock
from tests.services.configuration.test_changes import Process

# What no file has, and why. A new column belongs into the document or here.
LEFT_OUT: dict[type[Any], set[str]] = {
    Guild: {
        "id", "name", "first_seen_at", "left_at",  # the server's own
        "fitted_confidence", "fitted_at",  # what its members' feedback made of it
    },
    Channel: {
        "guild_id", "parent_id", "name", "chosen_at", "cursor",  # what happened
        "next_reply_at", "owner_told_at",
    },
    TicketSettings: {"guild_id", "posts_after", "tags", "tickets_opened"},  # of the forum, and what happened
    TicketCategory: {"id", "guild_id", "position"},  # their order is the list's
    SummarySettings: {"guild_id", "admin_ids", "changed_at"},  # members
    AlertSettings: {"guild_id"},
    PluginGuild: {"guild_id"},
    TrainingEntry: {
        "id", "guild_id", "source_url", "source_author_id",
        "created_by", "created_at", "updated_by", "updated_at",
        "deleted_at", "used_count", "last_used_at", "helpful", "unhelpful",  # members, and what happened
    },
}  # fmt: skip
PARTS: dict[type[Any], type[BaseModel]] = {
    Guild: document_module.Answering,
    Channel: document_module.ChannelChoice,
    TicketSettings: document_module.Tickets,
    TicketCategory: document_module.Category,
    SummarySettings: document_module.Summaries,
    AlertSettings: document_module.Alerts,
    PluginGuild: document_module.Plugin,
    TrainingEntry: document_module.Entry,
}


UNSET = {"replies.fitted_confidence", "tickets.close_hours"}  # of the settings: what `fill` leaves out


async def values(database: Database) -> dict[str, Any]:
    """Return every setting of the server as a bot that is just started has it."""
    process = Process(database)
    await process.guilds.load()
    for each in (process.tickets.settings, process.summaries, process.alerts):
        await each.load()
    return dict(await process.configuration.values(GUILD))


class TestRoundTrip:
    async def test_the_same_server_gets_everything_back(self, filled: Database, clock: FakeClock) -> None:
        before = await exported(filled, clock)
        async with filled.transaction() as tx:
            await tx.guilds.change(GUILD, {"left_at": clock.now()})
            await tx.guilds.delete_left(GUILD, clock.now().replace(year=2100))
        done = await import_guild(filled, clock, GUILD, before, HERE)
        assert done.left_out == []
        assert done.parts == [
            "answering", "channels", "tickets", "summaries", "alerts", "ticket categories", "statistics",
            "plugins", "training",
        ]  # fmt: skip
        assert settings_of(await exported(filled, clock)) == settings_of(before)

    async def test_another_server_gets_it_with_its_own_channels_and_roles(
        self, filled: Database, clock: FakeClock
    ) -> None:
        await see_other(filled, clock)
        before = await exported(filled, clock)
        done = await import_guild(filled, clock, OTHER, before, THERE)
        assert done.left_out == [
            f"choice for a channel: channel {str(THREAD)!r}: its name isn't in the file"
        ] or (done.left_out == [f"choice for a channel: channel {THREAD}: its name isn't in the file"])
        after = (await exported(filled, clock, THERE, OTHER)).model_dump_json()
        text = before.model_dump_json()
        for old, new in zip((*CHANNELS, *ROLES), (*THERE.channels, *THERE.roles), strict=True):
            text = text.replace(str(old), str(new))
        expected, found = json.loads(text), json.loads(after)
        expected["channels"] = [each for each in expected["channels"] if each["channel_id"] != str(THREAD)]
        for part in (
            "answering",
            "channels",
            "tickets",
            "ticket_categories",
            "summaries",
            "alerts",
            "statistics",
            "plugins",
            "training",
        ):
            assert found[part] == expected[part], part

    async def test_the_history_of_the_settings_tells_of_it(self, filled: Database, clock: FakeClock) -> None:
        await see_other(filled, clock)
        await import_guild(filled, clock, OTHER, await exported(filled, clock), THERE)
        async with filled.reading() as tx:
            last = await tx.setting_changes.newest()
            told = {each.key for each in await tx.setting_changes.after(0, 1_000)}
        help_id = next(id_ for id_, name in THERE.channels.items() if name == "Help")
        assert {
            "server.timezone", "tickets.kind", "summaries.time", "alerts.members", "tickets.categories",
            "tickets.category_roles", f"channels.{help_id}.tip", f"channels.{help_id}.watch",
            "statistics.own", "plugins.spam_guard", "plugins.spam_guard.called",
        } <= told  # fmt: skip
        await import_guild(filled, clock, OTHER, await exported(filled, clock), THERE)
        async with filled.reading() as tx:
            assert await tx.setting_changes.newest() == last, "the second one changed nothing"

    async def test_twice_is_as_once(self, filled: Database, clock: FakeClock) -> None:
        before = await exported(filled, clock)
        done = await import_guild(filled, clock, GUILD, before, HERE)
        assert done.training is not None
        assert (done.training.new, done.training.unchanged) == (0, 2)
        assert settings_of(await exported(filled, clock)) == settings_of(before)

    async def test_a_server_without_settings_changes_none(self, filled: Database, clock: FakeClock) -> None:
        await see_other(filled, clock)
        empty = await exported(filled, clock, THERE, OTHER)
        assert empty.tickets is None
        before = await exported(filled, clock)
        await import_guild(filled, clock, GUILD, empty, HERE)
        after = await exported(filled, clock)
        assert (after.tickets, after.summaries, after.alerts) == (
            before.tickets,
            before.summaries,
            before.alerts,
        )
        assert after.training == before.training


class TestWhatIsInIt:
    async def test_every_setting_of_the_server_comes_back(self, filled: Database, clock: FakeClock) -> None:
        """As `/config` sees them: a setting that is kept anywhere else would be missed here."""
        before = await values(filled)
        assert {key for key, value in before.items() if value is None} == UNSET
        document = await exported(filled, clock)
        async with filled.transaction() as tx:
            await tx.guilds.change(GUILD, {"left_at": clock.now()})
            await tx.guilds.delete_left(GUILD, clock.now().replace(year=2100))
            await tx.kv.put(SCOPE, str(GUILD), {})
        await import_guild(filled, clock, GUILD, document, HERE)
        assert await values(filled) == before | {"summaries.admins": None}

    async def test_a_plugins_setting_may_have_a_long_name(self, filled: Database, clock: FakeClock) -> None:
        document = await exported(filled, clock)
        document.plugins[0].config = {"n" * 100: 1}
        await import_guild(filled, clock, GUILD, document, HERE)
        assert (await exported(filled, clock)).plugins == document.plugins

    async def test_ids_that_plugins_are_set_to_are_text(self, filled: Database, clock: FakeClock) -> None:
        document = await exported(filled, clock)
        [_, guard] = document.plugins
        assert guard.config == {"staff_channel": str(STAFF), "called": [str(SUPPORT)], "hold_at": 0.8}
        assert document.names.channels[str(STAFF)] == "staff"
        await import_guild(filled, clock, GUILD, document, HERE)
        async with filled.reading() as tx:
            [kept] = [each.config for each in await tx.plugins.guilds() if each.plugin == "spam_guard"]
        assert kept == {"staff_channel": STAFF, "called": [SUPPORT], "hold_at": 0.8}

    async def test_no_member_and_nobodys_words(self, filled: Database, clock: FakeClock) -> None:
        """Also where Discord can't be asked which channels are threads."""
        for known in (HERE, Known()):
            text = (await exported(filled, clock, known)).model_dump_json()
            assert str(MEMBER) not in text
            assert "my own words" not in text

    @pytest.mark.parametrize("table", PARTS, ids=lambda table: table.__name__)
    def test_every_column_is_in_it_or_left_out_on_purpose(self, table: type[Any]) -> None:
        columns = {str(column.name) for column in table.__table__.columns}
        kept = set(PARTS[table].model_fields)
        if table is Channel:
            columns = (columns - {"id"}) | {"channel_id"}
        if table is TrainingEntry:
            kept -= {"questions"}  # rows of their own
        assert columns - LEFT_OUT[table] == kept
        assert LEFT_OUT[table] <= columns

    async def test_names_are_only_of_what_is_referred_to(self, filled: Database, clock: FakeClock) -> None:
        known = Known({**CHANNELS, 1: "secret plans"}, {**ROLES, 2: "Moderators"})
        assert set((await exported(filled, clock, known)).names.channels.values()) == set(CHANNELS.values())
