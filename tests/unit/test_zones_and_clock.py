import asyncio
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from bot.services.clock import SystemClock
from bot.services.zones import SUGGESTED, suggest_zones


class TestZones:
    @pytest.mark.parametrize(
        ("typed", "first"),
        [
            ("berl", "Europe/Berlin"),
            ("new york", "America/New_York"),
            ("UTC", "UTC"),
            ("beIRUT", "Asia/Beirut"),
        ],
    )
    def test_are_found_as_people_type_them(self, typed: str, first: str) -> None:
        assert suggest_zones(typed)[0] == first

    def test_cities_that_begin_with_it_come_first(self) -> None:
        found = suggest_zones("ber")
        cities = [zone.split("/")[-1].lower().startswith("ber") for zone in found]
        assert cities == sorted(cities, reverse=True)

    def test_never_more_than_discord_shows(self) -> None:
        assert len(suggest_zones("")) == len(suggest_zones("a")) == SUGGESTED == 25

    def test_all_of_them_exist(self) -> None:
        assert all(ZoneInfo(zone) for letter in "aeiou" for zone in suggest_zones(letter))

    def test_nothing_like_it_gives_nothing(self) -> None:
        assert suggest_zones("nowhere at all") == []


class TestSystemClock:
    def test_is_aware_and_in_utc(self) -> None:
        assert SystemClock().now().tzinfo is UTC

    async def test_sleeping_takes_time_that_never_goes_back(self) -> None:
        clock = SystemClock()
        before = clock.monotonic()
        async with asyncio.timeout(5):
            await clock.sleep(0.001)
        assert clock.monotonic() > before
