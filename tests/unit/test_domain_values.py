"""Snowflakes, links, ids and escaping: the small facts everything else builds on."""

import re
from datetime import UTC, datetime, timedelta

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.arrival import Arrival, Change
from bot.domain.markdown import escape_markdown
from bot.domain.signal import DiscordMessage, signal_id
from bot.domain.snowflake import snowflake_at, snowflake_time

SPECIAL = "\\*_~`|>[]()#<:@-"
moments = st.integers(0, 65 * 365 * 86_400 * 1_000_000).map(
    lambda microseconds: datetime(2015, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


class TestSnowflakes:
    def test_the_example_of_discords_documentation(self) -> None:
        assert snowflake_time(175928847299117063) == datetime(2016, 4, 30, 11, 18, 25, 796000, UTC)

    @given(st.integers(0, 2**63 - 1))
    def test_the_time_is_the_one_discord_py_reads(self, snowflake: int) -> None:
        assert abs(snowflake_time(snowflake) - discord.utils.snowflake_time(snowflake)) < timedelta(
            milliseconds=1
        )

    @given(moments)
    def test_back_and_forth_keeps_the_millisecond(self, moment: datetime) -> None:
        whole = moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)
        assert snowflake_time(snowflake_at(moment)) == whole

    @given(moments)
    def test_it_is_the_smallest_of_its_moment(self, moment: datetime) -> None:
        snowflake = snowflake_at(moment)
        assert snowflake & (2**22 - 1) == 0
        assert snowflake == 0 or snowflake_time(snowflake - 1) < snowflake_time(snowflake)

    def test_before_discord_there_is_none(self) -> None:
        assert snowflake_at(datetime(2001, 1, 1, tzinfo=UTC)) == 0


class TestEscaping:
    @given(st.text(alphabet=SPECIAL + "ab \n€", max_size=60))
    def test_every_special_character_is_preceded_by_a_backslash(self, text: str) -> None:
        escaped = escape_markdown(text)
        assert re.sub(r"\\(.)", r"\1", escaped, flags=re.DOTALL) == text
        assert not re.search("[" + re.escape(SPECIAL) + "]", re.sub(r"\\.", "", escaped))

    @given(st.text(alphabet="abcdefgh XYZ0123456789.,!?äß漢", max_size=60))
    def test_plain_words_stay_as_they_are(self, text: str) -> None:
        assert escape_markdown(text) == text

    @pytest.mark.parametrize("text", ["<@123>", "<@&123>", "[x](https://evil.example)", "<:a:1>"])
    def test_mentions_links_and_emoji_are_broken_up(self, text: str) -> None:
        assert text not in escape_markdown(text)


def message(guild_id: int | None = 1, thread_id: int | None = None) -> DiscordMessage:
    return DiscordMessage(guild_id, 2, thread_id, 4, None, 5, "Ada", "hi")


class TestLinks:
    @pytest.mark.parametrize(
        ("message", "link"),
        [
            (message(), "https://discord.com/channels/1/2/4"),
            (message(thread_id=3), "https://discord.com/channels/1/3/4"),
            (message(guild_id=None), "https://discord.com/channels/@me/2/4"),
        ],
        ids=["channel", "thread", "direct message"],
    )
    def test_open_the_place_the_message_stands_in(self, message: DiscordMessage, link: str) -> None:
        assert message.link == link

    def test_an_arrivals_place_is_its_thread_where_there_is_one(self) -> None:
        assert Arrival(Change.CREATE, 1, 2, 3, 4).place_id == message(thread_id=3).place_id == 3
        assert Arrival(Change.CREATE, 1, 2, None, 4).place_id == message().place_id == 2

    def test_a_signals_id_names_its_source(self) -> None:
        assert signal_id("discord", 4) == "discord:4"
