"""Which messages a summary is made of."""

from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Overwrite, Person, Place, PlaceKind, Role
from bot.domain.summaries import Span
from bot.models import Watch
from bot.services.audience import AudienceService
from bot.services.guilds import GuildService
from bot.services.summaries import collecting as module
from bot.services.summaries.collecting import Collected, Collecting, Wanted, source_of
from bot.settings import OrchestratorSettings
from tests.fakes import FakeClock
from tests.services.summaries.support import (
    ADA,
    BO,
    BOT_ROOM,
    DAY,
    GENERAL,
    GUILD,
    HELP,
    READ,
    TODAY,
    Layout,
    erase,
    message_id,
    said,
    see,
    store,
)

STAFF = 11
THREAD, ARCHIVED, HIDDEN_THREAD = 501, 502, 503
HIDDEN = {GUILD: Overwrite(deny=READ), STAFF: Overwrite(allow=READ)}
ROLES = GuildRoles(GUILD, 1, {GUILD: Role(READ), STAFF: Role(0)})
PLACES = (
    Place(GENERAL, GUILD, PlaceKind.TEXT),
    Place(HELP, GUILD, PlaceKind.TEXT),
    Place(BOT_ROOM, GUILD, PlaceKind.TEXT, overwrites=HIDDEN),
)


@pytest.fixture
async def collecting(database: Database) -> Collecting:
    guilds = GuildService(database, FakeClock(), OrchestratorSettings())
    audience = AudienceService()
    audience.read_from(Layout(PLACES, ROLES))
    await see(database, GENERAL, HELP, BOT_ROOM, t501=GENERAL, t502=HELP, t503=BOT_ROOM)
    return Collecting(database, guilds, audience)


async def texts(collecting: Collecting, destination: Any = GENERAL, **values: Any) -> list[str]:
    found: Collected = await collecting.collect(Wanted(GUILD, destination, TODAY, **values))
    assert found.total == len(found.lines)
    return [line.text for line in found.lines]


def in_thread(number: int, text: str, thread_id: int, channel_id: int) -> dict[str, Any]:
    return said(number, text, thread_id, channel_id=channel_id, thread_id=thread_id)


async def test_only_what_is_fit_for_its_readers_and_of_its_time_counts(
    database: Database, collecting: Collecting
) -> None:
    await see(database, 901, guild_id=GUILD + 1)
    await store(
        database,
        said(1, "in general"),
        said(2, "in help", HELP),
        said(3, "hidden", BOT_ROOM),
        said(4, "spam", purpose="spam"),
        said(5, "deleted"),
        said(6, "opted out", author_id=77),
        said(7, "of another server", 901, guild_id=GUILD + 1),
        said(8, "before", minutes=-1),
        said(9, "after", minutes=1_440),
        said(0, "first of the day", minutes=0),
    )
    await erase(database, message_id(5))
    collecting.opted_out = lambda guild_id, user_id: (guild_id, user_id) == (GUILD, 77)
    assert await texts(collecting) == ["first of the day", "in general", "in help"]


async def test_who_reads_alone_gets_what_they_may_read(database: Database, collecting: Collecting) -> None:
    await store(database, said(1, "in general"), said(2, "hidden", BOT_ROOM))
    assert await texts(collecting, Person(ADA, GUILD, frozenset({STAFF}))) == ["in general", "hidden"]
    assert await texts(collecting, Person(BO, GUILD, frozenset())) == ["in general"]
    assert await texts(collecting, BOT_ROOM) == ["in general", "hidden"]


async def test_it_can_be_confined_to_a_channel(database: Database, collecting: Collecting) -> None:
    await store(database, said(1, "in general"), said(2, "in help", HELP), said(3, "hidden", BOT_ROOM))
    assert await texts(collecting, places=frozenset({HELP, BOT_ROOM})) == ["in help"]


async def test_an_ignored_channel_takes_its_threads_along_unless_they_are_tracked(
    database: Database, collecting: Collecting
) -> None:
    await store(
        database,
        said(1, "in general"),
        in_thread(2, "in its thread", THREAD, GENERAL),
        said(3, "in help", HELP),
    )
    collecting.is_private = _public
    collecting._guilds._watch[GENERAL] = Watch.IGNORE
    assert await texts(collecting, HELP) == ["in help"]
    collecting._guilds._watch[THREAD] = Watch.TRACK
    assert await texts(collecting, HELP) == ["in its thread", "in help"]


async def _public(_thread_id: int) -> bool | None:
    return False


@pytest.mark.parametrize(("is_private", "shown"), [(False, True), (True, False), (None, False)])
async def test_an_archived_thread_is_read_like_its_channel_if_it_is_known_to_be_public(
    database: Database, collecting: Collecting, is_private: bool | None, shown: bool
) -> None:
    await store(
        database,
        in_thread(1, "archived", ARCHIVED, HELP),
        in_thread(2, "below a hidden channel", HIDDEN_THREAD, BOT_ROOM),
    )
    asked: list[int] = []

    async def told(thread_id: int) -> bool | None:
        asked.append(thread_id)
        return is_private

    collecting.is_private = told
    assert await texts(collecting) == (["archived"] if shown else [])
    assert asked == [ARCHIVED]


async def test_a_line_says_what_is_needed_of_its_message(database: Database, collecting: Collecting) -> None:
    file = {"filename": "log.txt", "size": 1, "content_type": "text/plain", "url": "https://x"}
    rows = (
        said(1, "", attachments=[file, file | {"filename": "b.png"}]),
        in_thread(2, "in a thread", THREAD, GENERAL) | {"reply_to_id": message_id(1), "edited_at": DAY},
        said(3, ""),
    )
    for row in rows:  # they differ in their keys
        await store(database, row)
    collecting.is_private = _public

    async def votes(ids: Any) -> dict[int, int]:
        return {ids[1]: 4}

    collecting.votes = votes
    found = await collecting.collect(Wanted(GUILD, GENERAL, TODAY))
    first, second, third = found.lines
    assert (first.text, second.text, third.text) == ("(log.txt, b.png)", "in a thread", "")
    assert (second.place_id, second.channel_id, second.reply_to_id) == (THREAD, GENERAL, message_id(1))
    assert (second.votes, first.votes) == (4, 0)
    assert found.edits == {message_id(1): None, message_id(2): DAY, message_id(3): None}
    assert found.place_ids == {GENERAL, THREAD}
    assert source_of(second).channel_id == GENERAL


async def test_of_too_many_the_newest_are_read_and_all_are_counted(
    database: Database, collecting: Collecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LINES", 40)
    monkeypatch.setattr(module, "PAGE", 7)
    await store(database, *(said(n, f"{n}", (GENERAL, HELP)[n >= 80]) for n in range(100)))
    found = await collecting.collect(Wanted(GUILD, GENERAL, TODAY))
    read = [int(line.text) for line in found.lines]
    assert found.total == 100
    assert 40 <= len(read) <= 42
    assert read == sorted(read)
    assert read == [*range(80 - sum(n < 80 for n in read), 80), *range(100 - sum(n >= 80 for n in read), 100)]


async def test_nothing_is_known_of_a_time_without_messages(collecting: Collecting) -> None:
    found = await collecting.collect(Wanted(GUILD, GENERAL, Span(DAY, DAY)))
    assert (found.lines, found.total, found.names) == ((), 0, {})
