"""What a session, an outage, a lookup or a departure means for what is read and erased."""

import asyncio
from typing import Any

import aiohttp
import pytest

from bot.core.client import Bot
from bot.domain.arrival import Change
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.ingest import IngestService
from tests.cogs.listening import WHOLE_GUILD, Recorder, settled
from tests.conftest import Logged
from tests.discord_payloads import (
    CHANNEL,
    FORUM,
    GUILD,
    HIDDEN,
    MESSAGE,
    PRIVATE,
    THREAD,
    FakeRest,
    channel,
    error,
    feed,
    guild,
    message,
    thread,
)
from tests.fakes import FakeClock
from tests.services.ingesting import written
from tests.services.support import arrival

UNKNOWN = THREAD + 70  # a thread that nobody told of


@pytest.fixture
def rest(bot: Bot) -> FakeRest:
    rest = FakeRest()
    http: Any = bot.http
    http.request = rest.request
    return rest


def said(number: int, place_id: int = UNKNOWN) -> dict[str, Any]:
    return message(number, channel_id=str(place_id))


def deleted(number: int, place_id: int = CHANNEL) -> dict[str, Any]:
    return {"id": str(MESSAGE + number), "channel_id": str(place_id), "guild_id": str(GUILD)}


class TestOutages:
    async def test_what_was_missed_is_read_before_the_next_message_is_taken(
        self, bot: Bot, heard: Recorder
    ) -> None:
        before = len(heard.caught_up)
        feed(bot, "GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
        newer = channel(CHANNEL, last_message_id=str(MESSAGE + 5))
        feed(bot, "GUILD_CREATE", guild(newer))
        feed(bot, "MESSAGE_CREATE", message(6))  # comes with the same read of the socket
        assert heard.caught_up[before:] == [(CHANNEL, MESSAGE + 5, None)]

    async def test_another_guilds_outage_changes_nothing(self, bot: Bot, heard: Recorder) -> None:
        before = len(heard.caught_up)
        bot.on_guild_lost(GUILD + 1)
        feed(bot, "MESSAGE_CREATE", message(1))
        assert len(heard.caught_up) == before


class TestLookingUp:
    async def test_each_thread_is_asked_for_once(self, bot: Bot, heard: Recorder, rest: FakeRest) -> None:
        rest.answers["GET", f"/channels/{UNKNOWN}"] = thread(UNKNOWN)
        feed(bot, "MESSAGE_CREATE", said(1))
        feed(bot, "MESSAGE_CREATE", said(2))
        await settled()
        feed(bot, "MESSAGE_CREATE", said(3))
        assert heard.taken() == [(Change.CREATE, number) for number in (1, 2, 3)]
        assert {each.thread_id for each in heard.arrivals} == {UNKNOWN}
        assert len(rest.requests) == 1

    @pytest.mark.parametrize(
        "answer", [thread(UNKNOWN, type_=PRIVATE), error(404, 10_003), error(403, 50_001)]
    )
    async def test_one_that_is_not_watched_is_not_asked_for_again(
        self, bot: Bot, heard: Recorder, rest: FakeRest, answer: Any
    ) -> None:
        rest.answers["GET", f"/channels/{UNKNOWN}"] = answer
        for number in range(3):
            feed(bot, "MESSAGE_CREATE", said(number))
            await settled()
        assert (heard.arrivals, heard.gaps, len(rest.requests)) == ([], [], 1)

    @pytest.mark.parametrize(
        "answer", [aiohttp.ClientConnectionError("no route"), TimeoutError(), error(500), error(429)]
    )
    async def test_no_answer_leaves_a_gap_to_be_read_later(
        self, bot: Bot, heard: Recorder, rest: FakeRest, logged: Logged, answer: Exception
    ) -> None:
        rest.answers["GET", f"/channels/{UNKNOWN}"] = answer
        feed(bot, "MESSAGE_CREATE", said(1))
        feed(bot, "MESSAGE_CREATE", said(4))
        await settled()
        assert heard.gaps == [(UNKNOWN, 0, 4)]
        assert logged.of("WARNING", "it is read later")
        rest.answers["GET", f"/channels/{UNKNOWN}"] = thread(UNKNOWN)
        feed(bot, "MESSAGE_CREATE", said(5))
        await settled()
        assert heard.taken() == [(Change.CREATE, 5)]


class TestErasing:
    async def test_nothing_is_kept_of_deletions_where_nothing_was_read(
        self, bot: Bot, heard: Recorder
    ) -> None:
        feed(bot, "MESSAGE_DELETE", deleted(1, HIDDEN))
        feed(bot, "MESSAGE_DELETE", deleted(2, UNKNOWN))
        feed(bot, "MESSAGE_DELETE_BULK", {**deleted(3, HIDDEN), "ids": [str(MESSAGE + 3)]})
        await settled()
        assert heard.arrivals == []

    @pytest.mark.parametrize("place_id", [HIDDEN, UNKNOWN], ids=["now hidden", "now archived"])
    async def test_what_was_read_before_is_erased(self, bot: Bot, heard: Recorder, place_id: int) -> None:
        heard.cursors[place_id] = MESSAGE
        feed(bot, "MESSAGE_DELETE", deleted(1, place_id))
        await settled()
        assert [(each.change, each.place_id) for each in heard.arrivals] == [(Change.DELETE, place_id)]

    async def test_a_deletion_waits_behind_its_message(
        self, bot: Bot, heard: Recorder, rest: FakeRest
    ) -> None:
        rest.answers["GET", f"/channels/{UNKNOWN}"] = thread(UNKNOWN)
        feed(bot, "MESSAGE_CREATE", said(1))
        cog: Any = bot.get_cog("Ingest")
        cog._erase(GUILD, UNKNOWN, MESSAGE + 1)
        assert heard.arrivals == []
        await settled()
        assert heard.taken() == [(Change.CREATE, 1), (Change.DELETE, 1)]
        assert heard.arrivals[1].thread_id == UNKNOWN

    async def test_a_channel_deleted_unheard_is_cleared(
        self, bot: Bot, heard: Recorder, ingest: IngestService
    ) -> None:
        await written(ingest, arrival(0, channel_id=FORUM, thread_id=THREAD + 50), arrival(1))
        bot._connection._guilds.clear()  # as a new session does
        feed(bot, "GUILD_CREATE", guild(channel()))
        await settled()
        assert [(each.change, each.place_id) for each in heard.arrivals] == [(Change.CLEAR, FORUM)]

    async def test_a_channel_deleted_unheard_is_cleared_of_what_was_not_stored_yet(
        self, bot: Bot, heard: Recorder, ingest: IngestService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def flushed() -> None:
            await written(ingest, arrival(0, channel_id=FORUM, thread_id=THREAD + 50))

        monkeypatch.setattr(heard, "flushed", flushed)
        bot._connection._guilds.clear()  # as a new session does
        feed(bot, "GUILD_CREATE", guild(channel()))
        await settled()
        assert [(each.change, each.place_id) for each in heard.arrivals] == [(Change.CLEAR, FORUM)]

    @pytest.mark.parametrize("how", ["told in a new session", "heard of before its creation"])
    async def test_a_channel_made_meanwhile_is_not_cleared(
        self,
        bot: Bot,
        heard: Recorder,
        ingest: IngestService,
        rest: FakeRest,
        how: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        new = CHANNEL + 999
        rest.answers["GET", f"/channels/{new}"] = {**channel(new), "guild_id": str(GUILD)}

        async def flushed() -> None:
            monkeypatch.undo()
            await written(ingest, arrival(0, channel_id=new))
            if how == "told in a new session":
                bot._connection._guilds.clear()
                bot.dispatch("connect")
                feed(bot, "GUILD_CREATE", guild(channel(), channel(new)))
            else:
                feed(bot, "MESSAGE_CREATE", message(0, channel_id=str(new)))
                looking = [each for each in asyncio.all_tasks() if each.get_name().startswith("look")]
                await asyncio.gather(*looking)

        monkeypatch.setattr(heard, "flushed", flushed)
        bot._connection._guilds.clear()
        bot.dispatch("connect")
        feed(bot, "GUILD_CREATE", guild(channel()))
        await settled()
        assert [each for each in heard.arrivals if each.change is Change.CLEAR] == []


class TestChoices:
    async def test_reading_begins_at_the_owners_choice(
        self, bot: Bot, heard: Recorder, guilds: GuildService, clock: FakeClock
    ) -> None:
        general = ChannelSeen(CHANNEL, None, "x")
        await guilds.set_watch(GUILD, general, Watch.IGNORE)
        clock.advance(60)
        await guilds.set_watch(GUILD, general, Watch.DEFAULT)
        bot.dispatch("connect")
        feed(bot, "MESSAGE_CREATE", message(1))
        assert heard.since[CHANNEL] == guilds.chosen(CHANNEL) > 0


class TestLeaving:
    @pytest.mark.parametrize("heard_of", [True, False], ids=["live", "while the bot was off"])
    async def test_a_server_that_is_left_is_forgotten(
        self, bot: Bot, heard: Recorder, guilds: GuildService, heard_of: bool
    ) -> None:
        if heard_of:
            feed(bot, "GUILD_DELETE", {"id": str(GUILD)})
        else:
            bot._connection._guilds.clear()
            bot.dispatch("ready")
        await settled()
        assert (await guilds.get(GUILD)).left_at is not None
        assert CHANNEL in heard.forgotten[GUILD]
        before = len(heard.caught_up)
        bot._connection._guilds.clear()
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        await settled()
        assert (await guilds.get(GUILD)).left_at is None
        assert len(heard.caught_up) > before

    async def test_one_that_is_only_unavailable_is_not_left(self, bot: Bot, guilds: GuildService) -> None:
        feed(bot, "GUILD_DELETE", {"id": str(GUILD), "unavailable": True})
        bot.dispatch("ready")
        await settled()
        assert (await guilds.get(GUILD)).left_at is None
