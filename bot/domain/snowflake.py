"""Discord's ids carry their time: milliseconds since 2015 in the upper bits."""

from datetime import UTC, datetime, timedelta

DISCORD_EPOCH_MS = 1_420_070_400_000
_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


def snowflake_time(snowflake: int) -> datetime:
    """Return the moment a snowflake was made, aware UTC."""
    return _EPOCH + timedelta(milliseconds=snowflake >> 22)


def snowflake_at(moment: datetime) -> int:
    """Return the smallest snowflake made at `moment` (aware)."""
    return max(0, int((moment - _EPOCH) / timedelta(milliseconds=1))) << 22
