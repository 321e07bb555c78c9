from datetime import UTC, datetime
from typing import Any

import aiohttp
import discord
import pytest

from bot.core.client import Bot
from bot.domain.arrival import Arrival, Change
from bot.models import Watch
from bot.services.guilds import ChannelSeen, GuildService
from bot.services.recovery import UnreachableError, UnreadableError
from cogs.ingest.client import DiscordIngestClient
from cogs.ingest.history import DiscordHistory
from cogs.ingest.places import WatchedPlaces
from tests.cogs.listening import WHOLE_GUILD, Recorder, services
from tests.discord_payloads import (
    BOT,
    CATEGORY,
    CHANNEL,
    FORUM,
    GUILD,
    HIDDEN,
    MEMBER,
    MESSAGE,
    OTHER_MEMBER,
    PRIVATE_THREAD,
    READ,
    THREAD,
    VOICE,
    FakeRest,
    channel,
    error,
    feed,
    guild,
    make_bot,
    message,
    role,
    user,
)
from tests.fakes import FakeClock

OURS = DiscordIngestClient(BOT)
CONNECT = discord.Permissions(connect=True).value
STAGE = 13
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
            ({"id": str(2**80)}, False),
        ],
        ids=["plain", "reply", "joined", "command", "bot", "webhook", "impossible"],
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


class TestPlaces:
    @pytest.fixture
    async def bot(self) -> Bot:
        bot, _ = await make_bot()
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        return bot

    @pytest.fixture
    async def places(self, bot: Bot, guilds: GuildService) -> WatchedPlaces:
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

    @pytest.mark.parametrize("chosen", [CHANNEL, CATEGORY])
    async def test_no_choice_above_opens_a_private_thread(
        self, places: WatchedPlaces, guilds: GuildService, chosen: int
    ) -> None:
        await guilds.set_watch(GUILD, ChannelSeen(chosen, None, "x"), Watch.TRACK)
        assert not self.watched(places, PRIVATE_THREAD)
        places.forget()
        await guilds.set_watch(GUILD, ChannelSeen(PRIVATE_THREAD, CHANNEL, "x"), Watch.TRACK)
        assert self.watched(places, PRIVATE_THREAD)

    @pytest.mark.parametrize("type_", [VOICE, STAGE])
    async def test_a_voice_channel_that_not_everyone_may_join_is_private(
        self, bot: Bot, places: WatchedPlaces, type_: int
    ) -> None:
        deny = {"id": str(GUILD), "type": 0, "allow": "0", "deny": str(CONNECT)}
        everyone = role(GUILD, READ | CONNECT)
        voices = (channel(91, type_), channel(92, type_, permission_overwrites=[deny]))
        feed(bot, "GUILD_CREATE", guild(*voices, roles=[everyone]))
        assert self.watched(places, 91)
        assert not self.watched(places, 92)

    async def test_reading_begins_at_the_last_choice_that_counts(
        self, places: WatchedPlaces, guilds: GuildService, clock: FakeClock
    ) -> None:
        for place_id in (CATEGORY, THREAD, CHANNEL):
            clock.advance(60)
            await guilds.set_watch(GUILD, ChannelSeen(place_id, None, "x"), Watch.DEFAULT)
        for place_id, since in ((CHANNEL, CHANNEL), (THREAD, CHANNEL), (THREAD + 50, FORUM)):
            spot = places.spot(str(GUILD), str(place_id))
            assert spot is not None
            assert spot.since == guilds.chosen(since)

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
    async def parts(self, guilds: GuildService, heard: Recorder) -> tuple[DiscordHistory, FakeRest]:
        bot, rest = await make_bot(services(guilds, heard))
        feed(bot, "GUILD_CREATE", WHOLE_GUILD)
        return DiscordHistory(bot, OURS, WatchedPlaces(bot, guilds)), rest

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

    async def test_a_place_that_is_no_longer_watched_is_not_read(
        self, parts: tuple[DiscordHistory, FakeRest], guilds: GuildService
    ) -> None:
        history, rest = parts
        await guilds.set_watch(GUILD, ChannelSeen(CHANNEL, None, "x"), Watch.IGNORE)
        for place_id in (CHANNEL, THREAD, HIDDEN):
            with pytest.raises(UnreadableError, match="not watched"):
                await history.after(place_id, MESSAGE, 3)
        assert rest.requests == []

    async def test_who_has_an_ignored_role_is_looked_up_once_for_those_who_ask(
        self, parts: tuple[DiscordHistory, FakeRest], guilds: GuildService
    ) -> None:
        history, rest = parts
        await guilds.set_role_ignored(GUILD, 7, True)
        authors = [5, 5, 6, 8, 9, 10]
        texts = ["how?", "why?", "how?", "how?", "how?", "fine"]
        page = [message(n, texts[n], author=user(authors[n])) for n in range(6)]
        for each in page:
            del each["member"]
        rest.answers["GET", f"/channels/{CHANNEL}/messages"] = page
        rest.answers["GET", f"/guilds/{GUILD}/members/5"] = {"roles": ["8", "7"]}
        rest.answers["GET", f"/guilds/{GUILD}/members/6"] = {"roles": ["8"]}
        rest.answers["GET", f"/guilds/{GUILD}/members/8"] = error(404, 10_007, "Unknown Member")
        rest.answers["GET", f"/guilds/{GUILD}/members/9"] = error(500)
        arrivals, _ = await history.after(CHANNEL, 0, 9)
        muted = [each.muted for each in arrivals]
        assert muted == [True, True, False, False, True, False]  # who can't be known gets no answer
        assert len(rest.requests) == 5
        await guilds.set_role_ignored(GUILD, 7, False)
        arrivals, _ = await history.after(CHANNEL, 0, 9)
        assert not any(each.muted for each in arrivals)
        assert len(rest.requests) == 6

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
