"""A server's settings and training as a file: every area comes back, in the same server or another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from bot.db.database import Database
from bot.domain.errors import BackupError
from bot.models import (
    AlertSettings,
    Channel,
    Guild,
    SummarySettings,
    TicketCategory,
    TicketSettings,
    TrainingEntry,
)
from bot.services.portable import document as document_module
from bot.services.portable.document import Document, read_document
from bot.services.portable.exporting import Known, export_guild, only_guild
from bot.services.portable.importing import import_guild
from bot.services.training.drafts import Draft
from bot.services.training.entries import TrainingEntries
from tests.db.support import GUILD
from tests.fakes import FakeClock

OTHER = GUILD + 1_000
MEMBER = 555_000_000_000_000_777
HELP, STAFF, FORUM, LOG, DAILY, THREAD = (GUILD + number for number in range(1, 7))
SUPPORT, HELPERS, MUTED = (GUILD + number for number in range(11, 14))
CHANNELS = {HELP: "help", STAFF: "staff", FORUM: "tickets", LOG: "log", DAILY: "daily"}
ROLES = {SUPPORT: "Support", HELPERS: "Helpers", MUTED: "Muted"}
HERE = Known(CHANNELS, ROLES)
# The same names in another server, under other ids, one of them written otherwise.
THERE = Known(
    {OTHER + number: name for number, name in enumerate(["Help", "staff", "tickets", "log", "daily"], 1)},
    {OTHER + number: name for number, name in enumerate(ROLES.values(), 11)},
)

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
    TrainingEntry: document_module.Entry,
}
RENAMED = {"id": "channel_id"}  # of a channel


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def filled(database: Database, clock: FakeClock) -> Database:
    """A server where everything is set otherwise than by default."""
    now = clock.now()
    async with database.transaction() as tx:
        await tx.guilds.see(GUILD, "Home", now)
        rows = [
            {"id": id_, "guild_id": GUILD, "parent_id": None, "name": name} for id_, name in CHANNELS.items()
        ]
        thread = {"id": THREAD, "guild_id": GUILD, "parent_id": HELP, "name": "my own words"}
        await tx.channels.see([*rows, thread])
        await tx.guilds.change(
            GUILD,
            {"auto_reply": "off", "staff_channel_id": STAFF, "timezone": "Asia/Beirut", "min_confidence": 0.7,
             "quiet_hours": "22:00-07:00", "ignored_role_ids": [MUTED], "languages": ["de", "fr"],
             "admin_role_id": HELPERS, "suggest_channel_id": LOG, "fits": False,
             "watch_default": "chosen", "warn_leaks": False},
        )  # fmt: skip
        await tx.channels.change(HELP, {"watch": "track", "tip": "Read the manual first."})
        await tx.channels.change(DAILY, {"watch": "ignore"})
        await tx.channels.change(THREAD, {"watch": "ignore"})
        await tx.ticket_settings.change(
            GUILD,
            {"mode": "private", "parent_id": FORUM, "staff_role_id": SUPPORT, "log_channel_id": LOG,
             "answer_mode": "open", "threshold": 0.9, "low_threshold": 0.5, "max_open": 5,
             "working_hours": "mon-fri 09:00-17:00", "cooldown_seconds": 5, "remind_hours": 2,
             "close_hours": None, "adopt_posts": False, "transcript_dm": False,
             "tags": {"state:open": "1"}, "tickets_opened": 12},
        )  # fmt: skip
        wanted = [
            TicketCategory(guild_id=GUILD, name="Billing", emoji="💶", description="Money"),
            TicketCategory(guild_id=GUILD, name="Other"),
        ]
        stored = await tx.ticket_settings.set_categories(GUILD, wanted)
        await tx.ticket_settings.set_category_role(GUILD, stored[0].id, HELPERS)
        await tx.summary_runs.change(
            GUILD,
            {"is_on": True, "channel_id": DAILY, "admin_ids": [str(MEMBER)], "at": "18:30",
             "weekdays": [0, 2], "style": "detailed", "language": "German", "sections_off": ["people"],
             "excluded_ids": [str(STAFF)]},
        )  # fmt: skip
        await tx.alerts.change(
            GUILD,
            {"incidents_on": False, "window_minutes": 30, "members": 4, "cooldown_minutes": 5,
             "wait_hours": 8, "nudge_on": True, "helper_role_id": HELPERS, "nudge_hours": 12},
        )  # fmt: skip
    training = TrainingEntries(database, clock, nobody_listens)
    await training.add(
        GUILD,
        MEMBER,
        Draft(("How do I pay?", "where to pay"), "By card.", "Billing", ("https://example.org/pay",)),
        f"https://discord.com/channels/{GUILD}/{HELP}/{MEMBER}",
    )
    return database


async def nobody_listens(_guild_id: int, _entry_ids: Any) -> None:
    """Take the place of the index."""


async def exported(
    database: Database, clock: FakeClock, known: Known = HERE, guild_id: int = GUILD
) -> Document:
    """Return a server as a file has it: written and read again."""
    found = await export_guild(database, guild_id, known, clock.now())
    return Document.model_validate_json(found.model_dump_json())


def settings_of(document: Document) -> dict[str, Any]:
    """Return what a document says but for whose it is."""
    return document.model_dump(exclude={"server", "names", "exported_at"})


async def see_other(database: Database, clock: FakeClock) -> None:
    async with database.transaction() as tx:
        await tx.guilds.see(OTHER, "Elsewhere", clock.now())


class TestRoundTrip:
    async def test_the_same_server_gets_everything_back(self, filled: Database, clock: FakeClock) -> None:
        before = await exported(filled, clock)
        async with filled.transaction() as tx:
            await tx.guilds.change(GUILD, {"left_at": clock.now()})
            await tx.guilds.delete_left(GUILD, clock.now().replace(year=2100))
        done = await import_guild(filled, clock, GUILD, before, HERE)
        assert done.left_out == []
        assert done.parts == [
            "answering", "channels", "tickets", "summaries", "alerts", "ticket categories", "training",
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


class TestNotFound:
    async def test_what_has_no_counterpart_is_told_and_switched_off(
        self, filled: Database, clock: FakeClock
    ) -> None:
        await see_other(filled, clock)
        document = await exported(filled, clock)
        twins = Known({OTHER + 1: "staff", OTHER + 2: "staff"}, {OTHER + 3: "Support"})
        done = await import_guild(filled, clock, OTHER, document, twins)
        told = "\n".join(done.left_out)
        for part in (
            "staff channel: channel 'staff': there are several of that name",
            "ignored role: role 'Muted': there is none of that name",
            "channel of the tickets: channel 'tickets'",
            "role called for category 'Billing': role 'Helpers'",
            "daily summary: switched off",
            "calls to helpers: switched off",
        ):
            assert part in told
        after = await exported(filled, clock, twins, OTHER)
        assert after.summaries is not None
        assert not after.summaries.is_on
        assert after.alerts is not None
        assert not after.alerts.nudge_on
        assert after.tickets is not None
        assert after.tickets.staff_role_id == str(OTHER + 3)

    async def test_without_discord_roles_of_another_server_are_not_guessed(
        self, filled: Database, clock: FakeClock
    ) -> None:
        await see_other(filled, clock)
        done = await import_guild(filled, clock, OTHER, await exported(filled, clock), Known())
        assert any("only known with the bot's token" in line for line in done.left_out)

    async def test_everyone_stays_everyone(self, filled: Database, clock: FakeClock) -> None:
        await see_other(filled, clock)
        async with filled.transaction() as tx:
            await tx.guilds.change(GUILD, {"ignored_role_ids": [GUILD]})
        await import_guild(filled, clock, OTHER, await exported(filled, clock), THERE)
        assert (await exported(filled, clock, THERE, OTHER)).answering.ignored_role_ids == [str(OTHER)]

    async def test_who_gets_summaries_by_direct_message_stays(
        self, filled: Database, clock: FakeClock
    ) -> None:
        async with filled.transaction() as tx:
            await tx.summary_runs.change(GUILD, {"channel_id": None})
        done = await import_guild(filled, clock, GUILD, await exported(filled, clock), HERE)
        assert done.left_out == []
        async with filled.reading() as tx:
            [settings] = await tx.summary_runs.settings()
        assert settings.is_on
        assert settings.admin_ids == [str(MEMBER)]

    async def test_a_server_the_bot_never_saw_is_refused(self, filled: Database, clock: FakeClock) -> None:
        document = await exported(filled, clock)
        with pytest.raises(BackupError, match=rf"hasn't seen server {OTHER}.*{GUILD} \(Home\)"):
            await import_guild(filled, clock, OTHER, document, THERE)

    async def test_no_such_server_to_export(self, filled: Database, clock: FakeClock) -> None:
        with pytest.raises(BackupError, match=rf"no server {OTHER}.*{GUILD} \(Home\)"):
            await export_guild(filled, OTHER, HERE, clock.now())

    async def test_the_only_server_needs_no_id(self, filled: Database, clock: FakeClock) -> None:
        assert await only_guild(filled) == GUILD
        await see_other(filled, clock)
        with pytest.raises(BackupError, match=r"Which server.*--guild"):
            await only_guild(filled)


def _set(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        inner: Any = document
        for key in parents:
            inner = inner[int(key) if key.isdecimal() else key]
        inner[last] = value

    return change


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("spoil", "told"),
        [
            pytest.param(_set("more", 1), "more: unknown key; remove it", id="unknown key"),
            pytest.param(_set("tickets.more", 1), "tickets.more: unknown key", id="unknown key further in"),
            pytest.param(_set("format", "other"), "isn't an exported server", id="something else"),
            pytest.param(_set("version", 2), "another version than 1.*update", id="newer"),
            pytest.param(_set("answering.timezone", "Mars/Base"), "timezone: write a time", id="zone"),
            pytest.param(_set("answering.quiet_hours", "late"), "quiet_hours: Write quiet hours", id="hours"),
            pytest.param(_set("answering.languages", ["klingon"]), "language", id="language"),
            pytest.param(_set("answering.min_confidence", 2), "min_confidence", id="out of range"),
            pytest.param(_set("answering.auto_reply", "maybe"), "auto_reply", id="no such mode"),
            pytest.param(_set("tickets.working_hours", "always"), "working_hours", id="working hours"),
            pytest.param(_set("tickets.staff_role_id", 12), "staff_role_id", id="an id as a number"),
            pytest.param(_set("ticket_categories.1.name", "billing"), "there twice", id="a category twice"),
            pytest.param(_set("ticket_categories.0.emoji", "no emoji"), "no emoji", id="emoji"),
            pytest.param(_set("summaries.at", "noon"), "time of day", id="time"),
            pytest.param(_set("alerts.members", 0), "alerts.members", id="members"),
            pytest.param(_set("training.0.valid_from", "2026-01-01T00:00"), "valid_from", id="no zone"),
        ],
    )  # fmt: skip
    async def test_they_are_refused_with_the_place(
        self,
        filled: Database,
        clock: FakeClock,
        tmp_path: Path,
        spoil: Callable[[dict[str, Any]], None],
        told: str,
    ) -> None:
        document = json.loads((await exported(filled, clock)).model_dump_json())
        path = tmp_path / "server.json"
        path.write_text(json.dumps(document))
        read_document(path)
        spoil(document)
        path.write_text(json.dumps(document))
        with pytest.raises(BackupError, match=told) as caught:
            read_document(path)
        assert "Fix:" in str(caught.value)
        assert "By card" not in str(caught.value)

    @pytest.mark.parametrize("text", ["", "hello", "[]", "{", "\ufeff"], ids=repr)
    def test_no_json(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "server.json"
        path.write_text(text)
        with pytest.raises(BackupError, match=r"server\.json .*Fix"):
            read_document(path)

    async def test_training_that_breaks_a_rule_is_left_out_and_told(
        self, filled: Database, clock: FakeClock
    ) -> None:
        document = await exported(filled, clock)
        entry = document.training[0]
        document.training = [
            entry.model_copy(update={"answer": "x" * 5_000}),
            entry.model_copy(update={"answer": "In cash."}),
            entry.model_copy(update={"questions": ["May I pay later?"]}),
        ]
        done = await import_guild(filled, clock, GUILD, document, HERE)
        assert done.training is not None
        assert done.training.new == 1
        assert any("5,000 characters" in line for line in done.left_out)
        assert any("another answer" in line for line in done.left_out)
