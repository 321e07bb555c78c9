"""Time zones as people look for them."""

from functools import cache
from zoneinfo import available_timezones

SUGGESTED = 25  # the most Discord shows


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def suggest_zones(typed: str) -> list[str]:
    """Return zones that contain what was typed: the one so called first, then cities that begin with it."""
    wanted = typed.casefold().replace(" ", "_")
    found = [zone for zone in _zones() if wanted in zone.casefold()]

    def rank(zone: str) -> tuple[bool, bool, str]:
        name = zone.casefold()
        return name != wanted, not name.split("/")[-1].startswith(wanted), zone

    return sorted(found, key=rank)[:SUGGESTED]
