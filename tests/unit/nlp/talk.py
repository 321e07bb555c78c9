"""Lines of chat for tests."""

from datetime import UTC, datetime, timedelta

from bot.domain.summaries import Line

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def line(  # noqa: PLR0913  (a message has that much)
    message_id: int,
    author: str,
    text: str,
    intent: str = "other",
    *,
    minutes: float | None = None,
    channel: int = 1,
    thread: int | None = None,
    reply_to: int | None = None,
    votes: int = 0,
) -> Line:
    """Return a message; one with a higher id is later where nothing else is said."""
    at = START + timedelta(minutes=message_id if minutes is None else minutes)
    author_id = 1_000 + sum(ord(letter) * 7**place for place, letter in enumerate(author))
    return Line(message_id, channel, thread, author_id, author, text, at, reply_to, intent, votes=votes)


def said(*lines: tuple[str, str] | tuple[str, str, str]) -> list[Line]:
    """Return (author, text, perhaps intent) as messages, a minute apart."""
    return [line(place, *each) for place, each in enumerate(lines, 1)]
