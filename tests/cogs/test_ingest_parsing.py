from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.db.database import Database
from bot.domain.arrival import Arrival, Change
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.recovery import UnreachableError, UnreadableError
from bot.settings import OrchestratorSettings
from cogs.ingest.client import DiscordIngestClient
from cogs.ingest.history import DiscordHistory
from cogs.ingest.places import WatchedPlaces
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
