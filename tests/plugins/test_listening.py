"""Which edits become events: each once, and none that was read from history or happened elsewhere."""

from datetime import UTC, datetime
from typing import Any

from bot.domain.arrival import Arrival, Change
from bot.services.arrival_rows import Unjudged, rows_of
from bot.services.plugins.listening import Heard, Step

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GUILD, CHANNEL, MESSAGE = 10**17, 10**17 + 1, 10**17 + 2


def edit(content: str, guild_id: int = GUILD, **more: Any) -> Step:
    arrival = Arrival(
        Change.EDIT, guild_id, CHANNEL, None, MESSAGE, author_id=5, author_name="Ada", content=content,
        edited_at=NOW, **more,
    )  # fmt: skip
    return Change.EDIT, rows_of([arrival], Unjudged(), NOW)


def told(heard: Heard, *steps: Step) -> list[str]:
    return [each.content for each in heard.edited(steps, {GUILD})]


def test_an_edit_is_told_once_and_a_further_one_again() -> None:
    heard = Heard()
    assert told(heard, edit("one"), edit("one"), edit("two")) == ["one", "two"]
    assert told(heard, edit("two")) == []
    assert told(heard, edit("one")) == ["one"]


def test_a_file_that_is_taken_off_is_an_edit_too() -> None:
    heard, file = Heard(), [{"id": "1", "filename": "a.txt", "size": 3}]
    assert told(heard, edit("one", attachments=file), edit("one")) == ["one", "one"]


def test_edits_of_history_and_of_other_servers_are_not_told() -> None:
    assert told(Heard(), edit("one", backfilled=True), edit("two", guild_id=GUILD + 9)) == []
