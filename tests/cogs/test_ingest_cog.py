import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from bot.core.client import COGS, Bot, Services
from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.recovery import UnreachableError, UnreadableError
from bot.settings import OrchestratorSettings
from cogs.ingest.client import DiscordIngestClient
from cogs.ingest.history import DiscordHistory
from cogs.ingest.places import WatchedPlaces
from tests.conftest import Logged
from tests.discord_payloads import (
    BOT,
    CATEGORY,
    CATEGORY_TYPE,
    CHANNEL,
    FORUM,
    FORUM_TYPE,
    GUILD,
    HIDDEN,
    MEMBER,
    MESSAGE,
    OTHER_MEMBER,
    PRIVATE,
    PRIVATE_THREAD,
    THREAD,
    FakeRest,
    channel,
    error,
    feed,
    guild,
    hidden,
    make_bot,
    message,
    role,
    thread,
    user,
)
from tests.fakes import FakeClock

OURS = DiscordIngestClient(BOT)
EDITED = "2026-03-01T12:05:00+00:00"


def arrival(payload: dict[str, Any], parent_id: int | None = None) -> Arrival:
    return OURS.arrival(payload, GUILD, parent_id)


class TestPayloads:
    def test_a_plain_message(self) -> None:
        assert arrival(message(3, "hello")) == Arrival(
            Change.CREATE, GUILD, CHANNEL, None, MESSAGE + 3, None, MEMBER, "ada", "hello"
        )

    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            ({}, True),
            ({"type": 19}, True),
            ({"type": 7}, False),
            ({"type": 20}, False),
            ({"author": user(5, "robot", bot=True)}, False),
            ({"webhook_id": "77"}, False),
        ],
        ids=["plain", "reply", "joined", "command", "bot", "webhook"],
    )
    def test_only_what_people_write_is_wanted(self, changes: dict[str, Any], wanted: bool) -> None:
        assert OURS.wants(message(**changes)) is wanted

    @pytest.mark.parametrize(
        ("author", "nick", "name"),
        [
            (user(), None, "ada"),
            (user(global_name="Ada L."), None, "Ada L."),
            (user(global_name="Ada L."), "Countess", "Countess"),
        ],
    )
    def test_a_member_is_called_as_the_guild_shows_them(
        self, author: dict[str, Any], nick: str | None, name: str
    ) -> None:
        assert arrival(message(author=author, member={"nick": nick, "roles": []})).author_name == name

    def test_a_message_of_history_has_no_member(self) -> None:
        payload = message()
        del payload["member"], payload["guild_id"]
        assert arrival(payload).author_name == "ada"

    @pytest.mark.parametrize(("author_id", "to_bot"), [(BOT, True), (MEMBER, False)])
    def test_a_reply_knows_whether_it_answers_us(self, author_id: int, to_bot: bool) -> None:
        payload = message(
            type=19,
            message_reference={"message_id": str(MESSAGE - 1)},
            referenced_message=message(-1, author=user(author_id)),
        )
        taken = arrival(payload)
        assert (taken.reply_to_id, taken.to_bot) == (MESSAGE - 1, to_bot)

    def test_a_reply_to_a_deleted_message_still_knows_its_id(self) -> None:
        payload = message(type=19, message_reference={"message_id": "5"}, referenced_message=None)
        assert (arrival(payload).reply_to_id, arrival(payload).to_bot) == (5, False)

    def test_a_forwarded_message_replies_to_nothing(self) -> None:
        assert arrival(message(message_reference={"message_id": "5", "type": 1})).reply_to_id is None

    def test_mentions_tell_us_from_others(self) -> None:
        payload = message(
            mentions=[user(BOT), user(OTHER_MEMBER)], mention_roles=["8"], mention_everyone=True
        )
        assert arrival(payload).mentions == ["bot", f"user:{OTHER_MEMBER}", "role:8", "everyone"]

    def test_a_message_in_a_thread_names_both(self) -> None:
        taken = arrival(message(channel_id=str(THREAD)), CHANNEL)
        assert (taken.channel_id, taken.thread_id) == (CHANNEL, THREAD)

    def test_files_and_previews_are_kept_short_and_without_signed_addresses(self) -> None:
        file = {"id": "5", "filename": "x" * 300, "size": 9, "url": "https://cdn.example/secret"}
        embed = {"title": "t" * 2_000, "url": "https://example.org", "description": None, "type": "link"}
        taken = arrival(message(attachments=[file], embeds=[embed] * 12))
        assert taken.attachments == [{"id": "5", "filename": "x" * 200, "size": 9, "content_type": None}]
        assert taken.embeds is not None
        assert len(taken.embeds) == 10
        assert taken.embeds[0] == {"title": "t" * 1_000, "url": "https://example.org"}

    def test_the_time_of_an_edit_is_in_utc(self) -> None:
        edited_at = arrival(message(edited_timestamp="2026-03-01T14:05:00+02:00")).edited_at
        assert edited_at == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
        assert edited_at.tzinfo is UTC


@pytest.fixture
def guilds(database: Database, clock: FakeClock) -> GuildService:
    return GuildService(database, clock, OrchestratorSettings())


WHOLE_GUILD = guild(
    channel(CHANNEL, parent_id=str(CATEGORY)),
    hidden(),
    channel(CATEGORY, CATEGORY_TYPE),
    channel(FORUM, FORUM_TYPE),
    threads=(thread(), thread(PRIVATE_THREAD, type_=PRIVATE), thread(THREAD + 50, FORUM)),
)


class TestPlaces:
    @pytest.fixture
    async def places(self, guilds: GuildService) -> WatchedPlaces:
        bot, _ = await make_bot()
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        return WatchedPlaces(bot, guilds)

    def watched(self, places: WatchedPlaces, place_id: int) -> bool:
        spot = places.spot(str(GUILD), str(place_id))
        assert spot is not None
        return spot.watched

    @pytest.mark.parametrize(
        ("place_id", "watched"),
        [(CHANNEL, True), (HIDDEN, False), (THREAD, True), (PRIVATE_THREAD, False), (THREAD + 50, True)],
        ids=["open", "hidden", "thread", "private thread", "forum post"],
    )
    async def test_what_everyone_can_read_is_watched(
        self, places: WatchedPlaces, place_id: int, watched: bool
    ) -> None:
        assert self.watched(places, place_id) is watched

    @pytest.mark.parametrize(
        ("chosen", "place_id"),
        [(CHANNEL, CHANNEL), (CHANNEL, THREAD), (CATEGORY, CHANNEL), (CATEGORY, THREAD)],
        ids=["itself", "the thread's channel", "its category", "the thread's category"],
    )
    async def test_the_owners_choice_counts_for_what_is_below(
        self, places: WatchedPlaces, guilds: GuildService, chosen: int, place_id: int
    ) -> None:
        await guilds.set_watch(GUILD, ChannelSeen(chosen, None, "x"), Watch.IGNORE)
        assert not self.watched(places, place_id)

    async def test_the_nearest_choice_counts(self, places: WatchedPlaces, guilds: GuildService) -> None:
        await guilds.set_watch(GUILD, ChannelSeen(CATEGORY, None, "x"), Watch.IGNORE)
        await guilds.set_watch(GUILD, ChannelSeen(THREAD, CHANNEL, "x"), Watch.TRACK)
        assert self.watched(places, THREAD)
        assert not self.watched(places, CHANNEL)

    async def test_a_hidden_channel_can_be_tracked(self, places: WatchedPlaces, guilds: GuildService) -> None:
        await guilds.set_watch(GUILD, ChannelSeen(HIDDEN, None, "x"), Watch.TRACK)
        assert self.watched(places, HIDDEN)

    async def test_answers_are_remembered_until_something_changes(
        self, places: WatchedPlaces, guilds: GuildService
    ) -> None:
        assert self.watched(places, CHANNEL)
        await guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "x"), Watch.IGNORE)
        assert self.watched(places, CHANNEL)
        places.forget()
        assert not self.watched(places, CHANNEL)

    async def test_a_place_nobody_told_of_is_unknown(self, places: WatchedPlaces) -> None:
        assert places.spot(str(GUILD), "5") is None
        assert places.spot("5", str(CHANNEL)) is None


class TestHistory:
    @pytest.fixture
    async def parts(self) -> tuple[DiscordHistory, FakeRest]:
        bot, rest = await make_bot()
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        return DiscordHistory(bot, OURS), rest

    async def test_a_page_comes_oldest_first_and_says_where_it_ends(
        self, parts: tuple[DiscordHistory, FakeRest]
    ) -> None:
        history, rest = parts
        page = [message(3), message(2, author=user(5, bot=True)), message(1, edited_timestamp=EDITED)]
        rest.answers["GET", f"/channels/{CHANNEL}/messages"] = page
        arrivals, last = await history.after(CHANNEL, MESSAGE, 3)
        taken = [(each.message_id - MESSAGE, each.change, each.backfilled) for each in arrivals]
        assert taken == [(1, Change.EDIT, True), (3, Change.CREATE, True)]
        assert last == MESSAGE + 3
        assert rest.requests == [("GET", f"/channels/{CHANNEL}/messages", {"limit": 3, "after": MESSAGE})]
        assert (await history.after(CHANNEL, MESSAGE, 4))[1] is None

    async def test_a_threads_messages_name_its_channel(self, parts: tuple[DiscordHistory, FakeRest]) -> None:
        history, rest = parts
        rest.answers["GET", f"/channels/{THREAD}/messages"] = [message(1, channel_id=str(THREAD))]
        [taken], _ = await history.after(THREAD, 0, 9)
        assert (taken.guild_id, taken.channel_id, taken.thread_id) == (GUILD, CHANNEL, THREAD)

    @pytest.mark.parametrize(
        ("answer", "raised"),
        [
            (error(403, 50_001), UnreadableError),
            (error(404, 10_003), UnreadableError),
            (error(500), UnreachableError),
            (error(429), UnreachableError),
            (aiohttp.ClientConnectionError("no route"), UnreachableError),
            (TimeoutError(), UnreachableError),
        ],
        ids=["forbidden", "gone", "failing", "rate", "no route", "timeout"],
    )
    async def test_failures_are_told_apart(
        self, parts: tuple[DiscordHistory, FakeRest], answer: Exception, raised: type[Exception]
    ) -> None:
        history, rest = parts
        rest.answers["GET", f"/channels/{CHANNEL}/messages"] = answer
        with pytest.raises(raised):
            await history.after(CHANNEL, 0, 9)

    async def test_a_channel_that_is_gone_is_unreadable(self, parts: tuple[DiscordHistory, FakeRest]) -> None:
        with pytest.raises(UnreadableError, match="Unknown Channel"):
            await parts[0].after(5, 0, 9)

    async def test_a_direct_message_is_none_of_it(self, parts: tuple[DiscordHistory, FakeRest]) -> None:
        history, rest = parts
        rest.answers["GET", "/channels/5"] = {
            "id": "5", "type": 1, "recipients": [user()], "last_message_id": None,
        }  # fmt: skip
        with pytest.raises(UnreadableError, match="not a channel of a server"):
            await history.after(5, 0, 9)


class Recorder:
    """Stands for the workers' services: keeps what it is told."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.caught_up: list[tuple[int, int | None, int | None]] = []
        self.history: Any = None

    async def run(self) -> None:
        await asyncio.Event().wait()

    def offer(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def catch_up(self, _guild_id: int, place_id: int, last: int | None, start: int | None) -> None:
        self.caught_up.append((place_id, last, start))

    def read_from(self, history: Any) -> None:
        self.history = history

    def taken(self) -> list[tuple[Change, int]]:
        return [(each.change, each.message_id - MESSAGE) for each in self.arrivals]


def services(guilds: GuildService, recorder: Recorder) -> Services:
    parts: Any = recorder
    return Services(
        command_sync=parts, guilds=guilds, ingest=parts, metrics=parts, observer=parts,
        orchestrator=parts, recovery=parts, retention=parts, stories=parts,
    )  # fmt: skip


@pytest.fixture
def heard() -> Recorder:
    return Recorder()


@pytest.fixture
async def bot(guilds: GuildService, heard: Recorder) -> AsyncIterator[Bot]:
    """A bot with all its cogs, in a guild."""
    bot, _ = await make_bot(services(guilds, heard))
    await bot.setup_hook()
    bot.dispatch("connect")
    feed(bot, "GUILD_CREATE", WHOLE_GUILD)
    await settled()
    yield bot
    for name in list(bot.extensions):
        await bot.unload_extension(name)


async def settled() -> None:
    """Let every task that discord.py has made for an event run to its end."""
    async with asyncio.timeout(5):
        while tasks := [each for each in asyncio.all_tasks() if "discord.py" in each.get_name()]:
            await asyncio.gather(*tasks)
        while tasks := [each for each in asyncio.all_tasks() if each.get_name().startswith(("note", "look"))]:
            await asyncio.gather(*tasks)


class TestCogs:
    def test_every_cog_package_is_loaded(self) -> None:
        folder = Path(__file__).parents[2] / "cogs"
        packages = {f"cogs.{path.parent.name}" for path in folder.glob("*/__init__.py")}
        assert packages == set(COGS)

    async def test_all_of_them_load_and_unload(self, bot: Bot) -> None:
        assert bot.failed_cogs == {}
        assert set(bot.extensions) == set(COGS)
        assert {each.name for each in bot.tree.get_commands()} == {"audit", "channels", "config"}
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
        assert logged.of("ERROR", "cogs.observer could not be loaded")
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
