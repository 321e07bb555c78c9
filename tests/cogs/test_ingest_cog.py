import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.core.client import COGS, Bot
from bot.domain.arrival import Arrival, Change
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from tests.cogs.listening import WHOLE_GUILD, Recorder, services, settled
from tests.conftest import Logged
from tests.discord_payloads import (
    CATEGORY,
    CHANNEL,
    GUILD,
    HIDDEN,
    MESSAGE,
    PRIVATE,
    PRIVATE_THREAD,
    THREAD,
    channel,
    feed,
    guild,
    hidden,
    make_bot,
    message,
    role,
    thread,
    user,
)

EDITED = "2026-03-01T12:05:00+00:00"


class TestCogs:
    def test_every_cog_package_is_loaded(self) -> None:
        folder = Path(__file__).parents[2] / "cogs"
        packages = {f"cogs.{path.parent.name}" for path in folder.glob("*/__init__.py")}
        assert packages == set(COGS)

    async def test_all_of_them_load_and_unload(self, bot: Bot) -> None:
        assert bot.failed_cogs == {}
        assert set(bot.extensions) == set(COGS)
        assert {each.name for each in bot.tree.get_commands()} == {
            "audit", "channels", "config", "status", "setup", "ticket_panel", "Open ticket from this message",
            "claim", "transfer", "priority", "note", "close", "reopen", "tickets", "rate", "ticket_stats",
            "resume_ai", "ticket_answers",
            "Why did you do that?",
            "train", "Train from this reply", "activity", "mystats", "myactivity", "setmystats",
            "feedback", "summary", "setsummary", "Catch me up from here", "alerts", "unanswered",
            "sync", "reload", "errors", "explain_error", "maintenance", "help", "plugins", "privacy",
        }  # fmt: skip
        for name in COGS:
            await bot.unload_extension(name)
        assert bot.on_every_message is None
        assert [each for each in asyncio.all_tasks() if each.get_name() in {"ingest", "observer"}] == []

    async def test_one_that_fails_is_marked_and_the_rest_run(
        self, guilds: GuildService, heard: Recorder, logged: Logged, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import cogs.observer

        def broken(_bot: Bot) -> None:
            raise RuntimeError("no eyes")

        monkeypatch.setattr(cogs.observer, "Observer", broken)
        bot, _ = await make_bot(services(guilds, heard))
        real = bot.load_extension

        async def load(name: str, **_: Any) -> None:
            if name == "cogs.observer":
                from discord.ext.commands import ExtensionFailed

                raise ExtensionFailed(name, RuntimeError("no eyes"))
            await real(name)

        monkeypatch.setattr(bot, "load_extension", load)
        await bot.setup_hook()
        assert list(bot.failed_cogs) == ["cogs.observer"]
        assert len(bot.extensions) == len(COGS) - 1
        assert logged.of("CRITICAL", "cogs.observer could not be loaded")
        for name in list(bot.extensions):
            await bot.unload_extension(name)


class TestListening:
    async def test_messages_of_watched_places_are_taken(self, bot: Bot, heard: Recorder) -> None:
        feed(bot, "MESSAGE_CREATE", message(1))
        feed(bot, "MESSAGE_CREATE", message(2, channel_id=str(THREAD)))
        feed(bot, "MESSAGE_CREATE", message(3, channel_id=str(HIDDEN)))
        feed(bot, "MESSAGE_CREATE", message(4, author=user(5, bot=True)))
        assert heard.taken() == [(Change.CREATE, 1), (Change.CREATE, 2)]
        assert heard.arrivals[1].channel_id == CHANNEL

    async def test_direct_messages_are_taken_only_when_switched_on(self, bot: Bot, heard: Recorder) -> None:
        payload = message(1, channel_id="5")
        del payload["guild_id"], payload["member"]
        feed(bot, "MESSAGE_CREATE", payload)
        assert heard.arrivals == []
        bot.direct_messages = True
        feed(bot, "MESSAGE_CREATE", payload)
        assert heard.arrivals[0].guild_id is None

    async def test_a_member_with_an_ignored_role_is_muted(
        self, bot: Bot, heard: Recorder, guilds: GuildService
    ) -> None:
        await guilds.set_role_ignored(GUILD, 7, True)
        roles: list[Sequence[str]] = [["7", "8"], ["8"], []]
        for number, of_member in enumerate(roles):
            feed(bot, "MESSAGE_CREATE", message(number, member={"roles": of_member, "nick": None}))
        assert [each.muted for each in heard.arrivals] == [True, False, False]

    async def test_an_owners_choice_holds_from_the_next_message(
        self, bot: Bot, heard: Recorder, guilds: GuildService
    ) -> None:
        feed(bot, "MESSAGE_CREATE", message(1))
        await guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "x"), Watch.IGNORE)
        feed(bot, "MESSAGE_CREATE", message(2))
        assert heard.taken() == [(Change.CREATE, 1)]

    async def test_a_channel_that_was_hidden_is_no_longer_read(self, bot: Bot, heard: Recorder) -> None:
        feed(bot, "MESSAGE_CREATE", message(1))
        feed(bot, "CHANNEL_UPDATE", hidden(CHANNEL) | {"guild_id": str(GUILD)})
        feed(bot, "MESSAGE_CREATE", message(2))
        assert heard.taken() == [(Change.CREATE, 1)]

    async def test_edits_are_taken_and_unfurled_links_are_not(self, bot: Bot, heard: Recorder) -> None:
        feed(bot, "MESSAGE_UPDATE", message(1, "better", edited_timestamp=EDITED))
        feed(bot, "MESSAGE_UPDATE", message(2, embeds=[{"title": "a page"}]))
        await settled()
        assert heard.taken() == [(Change.EDIT, 1)]

    async def test_deletions_are_taken(self, bot: Bot, heard: Recorder) -> None:
        where = {"channel_id": str(CHANNEL), "guild_id": str(GUILD)}
        feed(bot, "MESSAGE_DELETE", {"id": str(MESSAGE + 1), **where})
        bulk = {"ids": [str(MESSAGE + 3), str(MESSAGE + 2)], **where}
        feed(bot, "MESSAGE_DELETE_BULK", bulk)
        feed(bot, "MESSAGE_DELETE", {"id": str(MESSAGE + 4), **where, "channel_id": str(THREAD)})
        await settled()
        assert sorted(heard.taken(), key=lambda each: each[1]) == [(Change.DELETE, n) for n in (1, 2, 3, 4)]
        [in_thread] = [each for each in heard.arrivals if each.thread_id]
        assert (in_thread.channel_id, in_thread.thread_id) == (CHANNEL, THREAD)

    async def test_deleted_channels_and_threads_are_cleared(self, bot: Bot, heard: Recorder) -> None:
        feed(bot, "THREAD_DELETE", thread())
        feed(bot, "CHANNEL_DELETE", channel() | {"guild_id": str(GUILD)})
        await settled()
        assert {each.change for each in heard.arrivals} == {Change.CLEAR}
        cleared = [each.place_id for each in heard.arrivals]  # a channel takes its other threads along
        assert sorted(cleared) == [CHANNEL, THREAD, PRIVATE_THREAD]


class TestUnknownThreads:
    @pytest.mark.parametrize("type_", [11, PRIVATE])
    async def test_one_nobody_told_of_is_looked_up(
        self, guilds: GuildService, heard: Recorder, type_: int
    ) -> None:
        bot, rest = await make_bot(services(guilds, heard))
        await bot.setup_hook()
        feed(bot, "GUILD_CREATE", guild(channel()))
        rest.answers["GET", f"/channels/{THREAD}"] = thread(type_=type_)
        feed(bot, "MESSAGE_CREATE", message(1, channel_id=str(THREAD)))
        await settled()
        assert heard.taken() == ([(Change.CREATE, 1)] if type_ != PRIVATE else [])
        for name in list(bot.extensions):
            await bot.unload_extension(name)

    async def test_one_that_can_not_be_looked_up_is_told(
        self, bot: Bot, heard: Recorder, logged: Logged
    ) -> None:
        feed(bot, "MESSAGE_CREATE", message(1, channel_id="5"))
        await settled()
        assert heard.arrivals == []
        assert logged.of("WARNING", "can't look up")


class TestCatchingUp:
    async def test_every_watched_place_once_per_session(self, bot: Bot, heard: Recorder) -> None:
        assert sorted(place for place, _, _ in heard.caught_up) == [CHANNEL, THREAD, THREAD + 50]
        assert {last for _, last, _ in heard.caught_up} == {MESSAGE}
        feed(bot, "MESSAGE_CREATE", message(1))
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        await settled()
        assert len(heard.caught_up) == 3
        bot.dispatch("connect")
        feed(bot, "MESSAGE_CREATE", message(2))
        assert len(heard.caught_up) == 4
        assert type(heard.history).__name__ == "DiscordHistory"  # unloading a cog makes a new class of it

    async def test_a_place_is_caught_up_before_its_first_message_is_taken(self, guilds: GuildService) -> None:
        order: list[str] = []

        class Ordered(Recorder):
            def offer(self, arrival: Arrival) -> None:
                order.append("message")

            def catch_up(self, *_: Any) -> None:
                order.append("catch up")

        bot, _ = await make_bot(services(guilds, Ordered()))
        await bot.setup_hook()
        bot._connection._guilds.clear()
        starting: Any = SimpleNamespace(put_nowait=lambda _guild: None)
        bot._connection._ready_state = starting
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        feed(bot, "MESSAGE_CREATE", message(1))
        assert order == ["catch up", "message"]
        for name in list(bot.extensions):
            await bot.unload_extension(name)

    async def test_the_guild_and_its_places_are_noted(self, bot: Bot, guilds: GuildService) -> None:
        assert (await guilds.get(GUILD)).name == "Guild"
        seen = {each.id: each.parent_id for each in await guilds.channels(GUILD)}
        assert seen[CHANNEL] == CATEGORY
        assert seen[THREAD] == CHANNEL

    async def test_a_guild_that_is_left_is_noted_and_an_outage_is_not(
        self, bot: Bot, guilds: GuildService
    ) -> None:
        feed(bot, "GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
        await settled()
        assert (await guilds.get(GUILD)).left_at is None
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        await settled()
        feed(bot, "GUILD_DELETE", {"id": str(GUILD)})
        await settled()
        assert (await guilds.get(GUILD)).left_at is not None

    async def test_a_new_guild_is_noted(self, bot: Bot, guilds: GuildService) -> None:
        joined = guild(channel(900), id="901", roles=[role(901)], name="New")
        del joined["unavailable"]
        feed(bot, "GUILD_CREATE", joined)
        await settled()
        assert (await guilds.get(901)).name == "New"
