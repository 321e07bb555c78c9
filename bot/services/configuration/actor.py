"""Who is acting: known from the gateway's event on, so that no road to a setting can forget to say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_acting: ContextVar[int | None] = ContextVar("acting", default=None)


def actor() -> int | None:
    """Return the user on whose behalf the running task acts, None for the bot's own doing."""
    return _acting.get()


@contextmanager
def acting_for(user_id: int | None) -> Iterator[None]:
    """Act for a user; tasks that are begun meanwhile do, too."""
    token = _acting.set(user_id)
    try:
        yield
    finally:
        _acting.reset(token)
