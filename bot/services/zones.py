"""Time zones as people look for them."""

from functools import cache
from zoneinfo import available_timezones

SUGGESTED = 25  # the most Discord shows


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def suggest_zones(typed: str) -> list[str]:
    """Return zones that contain what was typed, those that begin with it first."""
    wanted = typed.casefold().replace(" ", "_")
    found = [zone for zone in _zones() if wanted in zone.casefold()]
    return sorted(found, key=lambda zone: (not zone.split("/")[-1].casefold().startswith(wanted), zone))[
        :SUGGESTED
    ]
