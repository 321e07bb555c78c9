"""Stored summaries: once for a date, as they stand now, for whom may read all they are of."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Overwrite, Person, Place, PlaceKind, Role
from bot.domain.errors import NotFoundError
from bot.domain.summaries import Claim, Coverage, Digest, Reading, Source, Topic
from bot.services.summaries.collecting import Collected, Collecting, Wanted, source_of
from bot.services.summaries.storing import MOST_NOTE, Stored, SummaryStore
from tests.fakes import FakeClock
from tests.services.summaries.support import (
    ADA,
    BO,
    BOT_ROOM,
    GENERAL,
    GUILD,
    HELP,
    READ,
    TODAY,
    Layout,
    Workshop,
    edit,
    erase,
    message_id,
    said,
    store,
    texts,
    workshop,
)
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench

STAFF = 11
DATE = date(2026, 3, 1)
ROLES = GuildRoles(GUILD, 1, {GUILD: Role(READ), STAFF: Role(0)})
HIDDEN = Overwrite(deny=READ)
CLOSED = Layout(
    [
        Place(GENERAL, GUILD, PlaceKind.TEXT),
        Place(HELP, GUILD, PlaceKind.TEXT, {GUILD: HIDDEN, STAFF: Overwrite(allow=READ)}),
    ],
    ROLES,
)


@pytest.fixture
async def shop(database: Database, bench: Bench) -> Workshop:
    made = await workshop(database, bench.clock, writer_over(bench))
    rows = [said(n, f"word{n}", (GENERAL, HELP)[n > 3], author_id=(ADA, BO)[n == 2]) for n in range(6)]
    await store(database, *rows)
    return made


@pytest.fixture
def summaries(shop: Workshop) -> SummaryStore:
    return SummaryStore(shop.database, FakeClock(), shop.collecting)


def claimed(*numbers: int) -> tuple[Claim, ...]:
    return tuple(Claim(f"claim of {n}", (message_id(n),)) for n in numbers)


def _sources(collected: Collected) -> dict[int, Source]:
    return {line.message_id: source_of(line) for line in collected.lines}


async def kept(
    shop: Workshop, summaries: SummaryStore, destination: Any = GENERAL, *, local_date: date | None = None
) -> Stored | None:
    """Store a summary of what `destination` may read, with a claim for each of its messages."""
    wanted = Wanted(GUILD, destination, TODAY)
    collected = await shop.collecting.collect(wanted)
    ids = [line.message_id for line in collected.lines]
    numbers = [n for n in range(6) if message_id(n) in ids]
    topics = (
        Topic("First", claimed(*numbers[:2]), decisions=claimed(*numbers[2:3]), message_ids=tuple(ids)),
        Topic("Second", claimed(*numbers[3:]), message_ids=tuple(ids), is_extract=True),
    )
    digest = Digest(
        tuple(each for each in topics if each.claims),
        Coverage(len(ids), len(ids), 2, 1),
        "small by ollama",
        0.5,
        _sources(collected),
    )
    return await summaries.keep(wanted, digest, collected, Reading.SHORT, local_date)


async def stored(shop: Workshop, summaries: SummaryStore, destination: Any = GENERAL) -> Stored:
    found = await kept(shop, summaries, destination)
    assert found is not None
    return found


async def test_it_is_read_back_as_it_was_made(shop: Workshop, summaries: SummaryStore) -> None:
    made = await stored(shop, summaries)
    found = await summaries.get(GUILD, made.summary.id)
    assert found == made
    assert [each.title for each in found.digest.topics] == ["First", "Second"]
    assert found.digest.topics[0].decisions == claimed(2)
    assert found.digest.topics[1].is_extract
    assert found.digest.coverage == Coverage(6, 6, 2, 1)
    assert (found.digest.model, found.digest.cost, found.removed) == ("small by ollama", 0.5, 0)
    assert {each.place_id for each in found.digest.sources.values()} == {GENERAL, HELP}
    with pytest.raises(NotFoundError):
        await summaries.get(GUILD + 1, made.summary.id)


async def test_a_date_has_one_summary(shop: Workshop, summaries: SummaryStore) -> None:
    first = await kept(shop, summaries, local_date=DATE)
    assert await kept(shop, summaries, local_date=DATE) is None
    assert await summaries.of_date(GUILD, DATE) == first
    assert await summaries.of_date(GUILD, date(2026, 3, 2)) is None
    assert await kept(shop, summaries, local_date=date(2026, 3, 2)) is not None
    assert await kept(shop, summaries) is not None
    assert await kept(shop, summaries) is not None  # those that are asked for have no date


async def test_what_was_deleted_before_it_is_stored_is_left_out(
    shop: Workshop, summaries: SummaryStore
) -> None:
    wanted = Wanted(GUILD, GENERAL, TODAY)
    collected = await shop.collecting.collect(wanted)
    digest = Digest((Topic("Of 1 and 2", claimed(1, 2)),), Coverage(6, 6, 2), sources=_sources(collected))
    await erase(shop.database, message_id(1))
    found = await summaries.keep(wanted, digest, collected, Reading.SHORT)
    assert found is not None
    assert texts(found.digest) == "claim of 2\nclaim of 2"
    assert message_id(1) not in found.digest.sources


async def test_what_was_edited_before_it_is_stored_is_left_out(
    shop: Workshop, summaries: SummaryStore
) -> None:
    wanted = Wanted(GUILD, GENERAL, TODAY)
    collected = await shop.collecting.collect(wanted)
    digest = Digest((Topic("Of 1 and 2", claimed(1, 2)),), Coverage(6, 6, 2), sources=_sources(collected))
    await edit(shop.database, message_id(1), "what I meant to say")
    found = await summaries.keep(wanted, digest, collected, Reading.SHORT)
    assert found is not None
    assert texts(found.digest) == "claim of 2\nclaim of 2"
    assert message_id(1) not in found.digest.sources


async def test_an_edit_reaches_what_is_stored_and_its_post(shop: Workshop, summaries: SummaryStore) -> None:
    made = await stored(shop, summaries)
    await summaries.posted(made.summary.id, GENERAL, 77)
    await edit(shop.database, message_id(0), "what I meant to say")
    [found] = await summaries.stale()
    assert "claim of 0" not in texts(found.digest)
    assert (found.removed, found.summary.id) == (1, made.summary.id)


async def test_a_deletion_reaches_what_is_stored_and_its_post(
    shop: Workshop, summaries: SummaryStore
) -> None:
    made = await stored(shop, summaries)
    await erase(shop.database, message_id(5))
    assert await summaries.stale() == []  # it isn't posted: nobody has to tell it anew
    await summaries.posted(made.summary.id, GENERAL, 77)
    [posted] = await summaries.stale()  # what was posted may have been read before that
    assert await summaries.refreshed(posted)
    assert await summaries.stale() == []
    await erase(shop.database, message_id(0), message_id(2))
    [found] = await summaries.stale()
    assert texts(found.digest) == "claim of 1\nclaim of 1\nclaim of 3\nclaim of 3\nclaim of 4"
    assert found.removed == 3
    assert found.summary.posted_message_id == 77
    assert message_id(0) not in found.digest.topics[0].message_ids
    await erase(shop.database, message_id(1))
    assert not await summaries.refreshed(found)  # what it was told by is old already
    [again] = await summaries.stale()
    assert "claim of 1" not in texts(again.digest)
    assert await summaries.refreshed(again)
    assert await summaries.stale() == []


async def test_a_deleted_channel_goes_with_all_it_said(shop: Workshop, summaries: SummaryStore) -> None:
    made = await stored(shop, summaries)
    async with shop.database.transaction() as tx:
        await tx.signals.erase_place(HELP, TODAY.end)
    found = await summaries.get(GUILD, made.summary.id)
    assert texts(found.digest) == "First\nclaim of 0\nclaim of 1\nclaim of 2\nclaim of 3\nclaim of 3"
    assert found.summary.place_ids == [str(GENERAL)]


async def test_a_member_who_goes_takes_their_words_along(shop: Workshop, summaries: SummaryStore) -> None:
    made = await stored(shop, summaries)
    theirs = await stored(shop, summaries, Person(BO, GUILD, frozenset()))
    await summaries.rate(GUILD, made.summary.id, BO, helpful=True)
    await summaries.report(GUILD, made.summary.id, BO, "it is wrong")
    await summaries.forget_member(GUILD, BO)
    found = await summaries.get(GUILD, made.summary.id)
    assert "claim of 2" not in texts(found.digest)
    assert "claim of 3" in texts(found.digest)
    assert await summaries.rate(GUILD, made.summary.id, ADA, helpful=False) == (0, 1)
    with pytest.raises(NotFoundError):
        await summaries.get(GUILD, theirs.summary.id)


async def test_nothing_is_kept_of_who_opted_out_and_asked(shop: Workshop, summaries: SummaryStore) -> None:
    summaries.opted_out = lambda guild_id, user_id: (guild_id, user_id) == (GUILD, ADA)
    shown = await stored(shop, summaries, Person(ADA, GUILD, frozenset()))
    assert "claim of 0" in texts(shown.digest)
    assert not shown.is_kept
    async with shop.database.reading() as tx:
        assert await tx.summaries.newest(GUILD, None, 10, ADA) == []
    for_bo = await stored(shop, summaries, Person(BO, GUILD, frozenset()))
    assert for_bo.is_kept
    assert await summaries.get(GUILD, for_bo.summary.id) == for_bo


async def test_history_is_for_who_may_read_all_of_it(shop: Workshop, summaries: SummaryStore) -> None:
    shop.audience.read_from(CLOSED)
    of_general = (await stored(shop, summaries, GENERAL)).summary.id
    of_both = (await stored(shop, summaries, HELP)).summary.id
    of_ada = (await stored(shop, summaries, Person(ADA, GUILD, frozenset()))).summary.id
    helper, ada, bo = (
        Person(user, GUILD, frozenset(roles)) for user, roles in ((777, {STAFF}), (ADA, ()), (BO, ()))
    )

    async def ids(reader: Any, **more: Any) -> list[int]:
        return [each.id for each in await summaries.history(GUILD, reader, more.pop("limit", 10), **more)]

    assert await ids(helper) == [of_both, of_general]
    assert await ids(ada) == [of_ada, of_general]
    assert await ids(bo) == [of_general]
    assert await ids(GENERAL) == [of_general]
    assert await ids(HELP) == [of_both, of_general]
    assert await ids(helper, limit=1) == [of_both]
    assert await ids(helper, before_id=of_both) == [of_general]


async def test_what_was_made_for_others_does_not_push_ones_own_out_of_the_history(
    shop: Workshop, summaries: SummaryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.summaries.storing._PAGE", 2)
    monkeypatch.setattr("bot.services.summaries.storing._PAGES", 2)
    first = (await stored(shop, summaries, GENERAL)).summary.id
    for _ in range(5):
        await stored(shop, summaries, Person(ADA, GUILD, frozenset()))
    bo = Person(BO, GUILD, frozenset())
    assert [each.id for each in await summaries.history(GUILD, bo, 10)] == [first]


async def test_thumbs_count_once_for_each_member(shop: Workshop, summaries: SummaryStore) -> None:
    id_ = (await stored(shop, summaries)).summary.id
    assert await summaries.rate(GUILD, id_, ADA, helpful=True) == (1, 0)
    assert await summaries.rate(GUILD, id_, BO, helpful=True) == (2, 0)
    assert await summaries.rate(GUILD, id_, ADA, helpful=False) == (1, 1)
    with pytest.raises(NotFoundError):
        await summaries.rate(GUILD + 1, id_, ADA, helpful=True)


async def test_corrections_are_told_with_it_and_reports_are_not(
    shop: Workshop, summaries: SummaryStore
) -> None:
    made = await stored(shop, summaries)
    await summaries.posted(made.summary.id, GENERAL, 77)
    token = "my token is " + "MTIzNDU2Nzg5MDEyMzQ1Njc4." + "GabcdE." + "x" * 38
    shown = await summaries.report(GUILD, made.summary.id, BO, f"wrong\n{token}")
    assert shown.startswith("wrong my token is ")
    assert "x" * 38 not in shown
    assert await summaries.stale() == []
    assert len(await summaries.correct(GUILD, made.summary.id, ADA, "y" * 2_000)) == MOST_NOTE
    await summaries.correct(GUILD, made.summary.id, ADA, "it was Friday")
    [found] = await summaries.stale()
    assert found.corrections == ("y" * MOST_NOTE, "it was Friday")
    assert replace(found.digest) == made.digest


async def test_summaries_of_an_archived_thread_stay_in_the_history(
    shop: Workshop, summaries: SummaryStore
) -> None:
    made = await stored(shop, summaries)
    collecting: Collecting = shop.collecting

    async def public(_thread_id: int) -> bool | None:
        return False

    collecting.is_private = public
    async with shop.database.transaction() as tx:
        await tx.channels.see([{"id": 501, "guild_id": GUILD, "parent_id": GENERAL, "name": "thread"}])
        await tx.summaries.mark_fresh(made.summary.id)
    row = said(9, "in a thread", 501) | {"thread_id": 501, "channel_id": GENERAL}
    await store(shop.database, row)
    with_thread = await stored(shop, summaries)
    assert "501" in with_thread.summary.place_ids
    assert [each.id for each in await summaries.history(GUILD, GENERAL, 1)] == [with_thread.summary.id]


async def test_a_title_goes_with_the_message_whose_words_it_is(
    shop: Workshop, summaries: SummaryStore
) -> None:
    talk = (
        "Hi, why does the office printer print blank pages?",
        "the office printer needs the new driver, the old driver prints blank pages",
        "the new driver fixed the printer, thanks!",
    )
    await store(
        shop.database,
        *(
            said(20 + n, text, BOT_ROOM, intent=("help_request", "other")[n > 0])
            for n, text in enumerate(talk)
        ),
    )
    wanted = Wanted(GUILD, GENERAL, TODAY, frozenset({BOT_ROOM}))
    digest, collected = await shop.maker.make(wanted)
    [of_printer] = [each for each in digest.topics if each.title.startswith("Why does the office")]
    quoting = [each for each in of_printer.claims if message_id(20) in each.message_ids]
    digest = replace(digest, topics=(replace(of_printer, sentences=tuple(
        each for each in of_printer.sentences if each not in quoting
    )),))  # fmt: skip
    found = await summaries.keep(wanted, digest, collected, Reading.SHORT)
    assert found is not None
    await erase(shop.database, message_id(20), place_id=BOT_ROOM)
    left = await summaries.get(GUILD, found.summary.id)
    assert "blank pages?" not in texts(left.digest)
    assert left.digest.topics
