"""What finds no place in a server is told, and files that are wrong are refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.errors import BackupError
from bot.models import AutoReply
from bot.services.portable.document import read_document
from bot.services.portable.exporting import Known, export_guild, only_guild
from bot.services.portable.importing import import_guild
from tests.backups.servers import (
    HERE,
    MEMBER,
    OTHER,
    THERE,
    exported,
    see_other,
)
from tests.db.support import GUILD
from tests.fakes import FakeClock


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
            "plugin spam_guard: staff_channel: channel 'staff': there are several",
        ):
            assert part in told
        after = await exported(filled, clock, twins, OTHER)
        assert after.summaries is not None
        assert not after.summaries.is_on
        assert after.alerts is not None
        assert not after.alerts.nudge_on
        assert after.tickets is not None
        assert after.tickets.staff_role_id == str(OTHER + 3)
        [_, guard] = after.plugins
        assert guard.config == {"called": [str(OTHER + 3)], "hold_at": 0.8}

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

    @pytest.mark.parametrize("known", [HERE, Known()], ids=["discord tells", "nobody tells"])
    async def test_a_channel_of_another_server_is_never_taken(
        self, filled: Database, clock: FakeClock, known: Known
    ) -> None:
        await see_other(filled, clock)
        theirs = OTHER + 99
        async with filled.transaction() as tx:
            await tx.channels.see([{"id": theirs, "guild_id": OTHER, "parent_id": None, "name": "theirs"}])
        document = await exported(filled, clock)
        document.answering.staff_channel_id = document.channels[0].channel_id = str(theirs)
        done = await import_guild(filled, clock, GUILD, document, known)
        assert len([line for line in done.left_out if "another server's" in line]) == 2
        assert (await exported(filled, clock)).answering.staff_channel_id is None
        async with filled.reading() as tx:
            row = await tx.channels.get(theirs)
        assert row is not None
        assert (row.guild_id, row.watch) == (OTHER, "default")

    async def test_a_role_that_gives_rights_is_never_everyones(
        self, filled: Database, clock: FakeClock
    ) -> None:
        document = await exported(filled, clock)
        everyone = document.server.id
        document.answering.admin_role_id = everyone
        assert document.tickets is not None
        assert document.alerts is not None
        document.tickets.staff_role_id = document.alerts.helper_role_id = everyone
        document.ticket_categories[0].staff_role_id = everyone
        done = await import_guild(filled, clock, GUILD, document, HERE)
        assert len([line for line in done.left_out if "everyone has that role" in line]) == 4
        after = await exported(filled, clock)
        assert after.tickets is not None
        assert after.alerts is not None
        assert (after.answering.admin_role_id, after.tickets.staff_role_id) == (None, None)
        assert (after.alerts.helper_role_id, after.ticket_categories[0].staff_role_id) == (None, None)

    @pytest.mark.parametrize("there", [Known(), Known({OTHER + 1: "staff"})], ids=["nothing", "one of two"])
    async def test_without_a_channel_to_ask_staff_in_nothing_is_suggested(
        self, filled: Database, clock: FakeClock, there: Known
    ) -> None:
        await see_other(filled, clock)
        document = await exported(filled, clock)
        document.answering.auto_reply = AutoReply.SUGGEST
        done = await import_guild(filled, clock, OTHER, document, there)
        mode = (await exported(filled, clock, there, OTHER)).answering.auto_reply
        assert mode == ("suggest" if there.channels else "off")
        assert any("replies: switched off" in line for line in done.left_out) == (mode == "off")

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
            pytest.param(_set("tickets.parent_id", str(2**63)), "parent_id: is no id", id="large id"),
            pytest.param(_set("plugins.0.plugin", "../up"), "plugins.0.plugin", id="no plugin's name"),
            pytest.param(_set("plugins.0.config.a", "\0"), "no database keeps", id="plugin with NUL"),
            pytest.param(_set("plugins.0.config.a", ["x" * 20_000]), "16,000", id="plugin with too much"),
            pytest.param(_set("training.0.answer", "\0"), "answer: has a character", id="answer with NUL"),
            pytest.param(_set("training.0.questions", ["\0"]), "questions", id="question with NUL"),
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
