"""The daily post: for whom it is made, whom it reaches, and that it stays true."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.audience import GuildRoles, Overwrite, Person, Place, PlaceKind, Role
from bot.domain.summaries import Reading, Source, Span
from bot.models import SummaryRun, SummarySettings
from bot.services.summaries.collecting import Wanted
from bot.services.summaries.composing import Picture
from bot.services.summaries.making import Manner
from bot.services.summaries.posting import DailyPosts, Target
from bot.services.summaries.rendering import Extra, Page
from bot.services.summaries.settings import Section, SummarySettingsService
from bot.services.summaries.storing import SummaryStore
from bot.services.tools import NotPermittedError, TargetGoneError, UnreachableError
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
    erase,
    message_id,
    said,
    store,
    workshop,
)
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench

DATE = date(2026, 3, 1)
STAFF_ROLE = 11
HIDDEN = Overwrite(deny=READ)
CLOSED = Layout(  # HELP is for staff
    [
        Place(GENERAL, GUILD, PlaceKind.TEXT),
        Place(BOT_ROOM, GUILD, PlaceKind.TEXT),
        Place(HELP, GUILD, PlaceKind.TEXT, {GUILD: HIDDEN, STAFF_ROLE: Overwrite(allow=READ)}),
    ],
    GuildRoles(GUILD, 1, {GUILD: Role(READ), STAFF_ROLE: Role(0)}),
)
TALK = [
    said(1, "Shall we move the release of the router to Thursday?"),
    said(2, "Let's go with Thursday then, the router tests need one more day."),
    said(3, "I'll write the announcement of the release tonight."),
    said(4, "Let's go with the secret merger, the staff said.", HELP),
]


@dataclass
class FakeDesk:
    """A Discord that takes posts, unless it is told to refuse."""

    posts: dict[int, tuple[int, Page]] = field(default_factory=dict)  # by message: target and page
    pictures: dict[int, Picture | None] = field(default_factory=dict)
    edits: list[int] = field(default_factory=list)
    faults: dict[int, Exception] = field(default_factory=dict)  # by target
    gone: set[int] = field(default_factory=set)  # members
    told: list[str] = field(default_factory=list)

    def _check(self, target: Target) -> None:
        if target.id in self.faults:
            raise self.faults[target.id]

    async def post(
        self, target: Target, page: Page, nonce: str, *, rated_id: int | None, picture: Picture | None
    ) -> int:
        self._check(target)
        number = 900 + len(self.posts)
        self.posts[number] = (target.id, page)
        self.pictures[number] = picture
        return number

    async def find(self, target: Target, page: Page, since: datetime) -> int | None:
        self._check(target)
        return None

    async def edit(self, target: Target, message_id: int, page: Page, picture: Picture | None = None) -> None:
        self._check(target)
        assert self.posts[message_id][0] == target.id
        self.posts[message_id] = (target.id, page)
        self.pictures[message_id] = picture
        self.edits.append(message_id)

    async def person(self, guild_id: int, user_id: int) -> Person:
        if user_id in self.gone:
            raise TargetGoneError("gone: Unknown Member")
        return Person(user_id, guild_id, frozenset())

    async def tell(self, settings: SummarySettings, line: str) -> None:
        self.told.append(line)

    def said_to(self, target_id: int) -> str:
        return "\n".join(f"{page.title}\n{page.text}" for to, page in self.posts.values() if to == target_id)


@dataclass
class Office:
    """The daily post of one server."""

    shop: Workshop
    daily: DailyPosts
    desk: FakeDesk
    clock: FakeClock
    settings: SummarySettingsService
    summaries: SummaryStore

    async def post(self, *, channel_id: int | None = GENERAL, admin_ids: Sequence[int] = ()) -> bool:
        admins = [str(each) for each in admin_ids] or None
        if admins:
            channel_id = None
        kept = await self.settings.change(GUILD, is_on=True, channel_id=channel_id, admin_ids=admins)
        return await self.daily.post(kept, run_of(DATE, TODAY))


def run_of(day: date, span: Span) -> SummaryRun:
    return SummaryRun(
        guild_id=GUILD,
        local_date=day,
        starts_at=span.start,
        ends_at=span.end,
        try_at=span.end,
        created_at=span.end,
    )


@pytest.fixture
async def office(database: Database, bench: Bench) -> Office:
    shop = await workshop(database, bench.clock, writer_over(bench))
    shop.audience.read_from(CLOSED)
    await store(database, *TALK)
    clock, desk = FakeClock(TODAY.end), FakeDesk()
    settings = SummarySettingsService(database, clock, shop.guilds)
    summaries = SummaryStore(database, clock, shop.collecting)
    daily = DailyPosts(
        database, clock, guilds=shop.guilds, settings=settings, maker=shop.maker, store=summaries, desk=desk
    )
    return Office(shop, daily, desk, clock, settings, summaries)


def quoting(number: int, text: str, place_id: int = GENERAL, author_id: int = ADA) -> Extra:
    return Extra("Quoted", [text], {message_id(number): Source(place_id, place_id, author_id)})


class Quoted:
    """A part of the post that quotes a message while it stands."""

    def __init__(self, shop: Workshop, number: int, text: str) -> None:
        self._shop, self._number, self._text = shop, number, text

    async def __call__(self, *_: Any) -> list[Extra]:
        async with self._shop.database.reading() as tx:
            stands = await tx.summary_lines.standing([message_id(self._number)])
        return [quoting(self._number, self._text)] if stands else []

    async def alarm(self, *_: Any) -> Extra | None:
        found = await self()
        return found[0] if found else None


async def test_what_was_made_for_staff_is_not_posted_where_others_read(office: Office) -> None:
    office.desk.faults[HELP] = UnreachableError("503")
    with pytest.raises(UnreachableError):  # made and stored, and not posted
        await office.post(channel_id=HELP)
    assert await office.post(channel_id=GENERAL)
    text = office.desk.said_to(GENERAL)
    assert "Thursday" in text
    assert "secret" not in text


async def test_it_is_made_as_the_server_wants_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Manner] = []
    make = office.shop.maker.make

    async def noting(wanted: Wanted, manner: Manner) -> Any:
        made.append(manner)
        return await make(wanted, manner)

    monkeypatch.setattr(office.shop.maker, "make", noting)
    off = [Section.MOOD.value, Section.DECISIONS.value]
    office.daily.composer.extras |= {
        Section.MOOD: Quoted(office.shop, 1, "what was liked"),
        Section.PEOPLE: Quoted(office.shop, 1, "who was here"),
    }
    await office.settings.change(GUILD, style="detailed", language="German", sections_off=off)
    assert await office.post()
    assert [(each.reading, each.language) for each in made] == [(Reading.DETAILED, "German")]
    said = office.desk.said_to(GENERAL)
    assert "who was here" in said
    assert "what was liked" not in said
    assert "**To do:**" in said
    assert "**Decided:**" not in said


async def test_what_was_closed_after_it_was_stored_is_not_posted(office: Office) -> None:
    office.desk.faults[BOT_ROOM] = UnreachableError("503")
    with pytest.raises(UnreachableError):
        await office.post(channel_id=BOT_ROOM)
    office.desk.faults.clear()
    closed = Layout(CLOSED.places.values(), CLOSED.roles(GUILD))
    closed.places[GENERAL] = Place(GENERAL, GUILD, PlaceKind.TEXT, {GUILD: HIDDEN})
    office.shop.audience.read_from(closed)
    assert not await office.post(channel_id=BOT_ROOM)
    assert office.desk.posts == {}


async def test_a_message_quoted_beside_the_topics_goes_with_its_deletion(office: Office) -> None:
    await store(office.shop.database, said(9, "What a lovely day it is"))
    office.daily.composer.extras[Section.MOOD] = Quoted(office.shop, 9, "What a lovely day it is")
    assert await office.post()
    assert "lovely" in office.desk.said_to(GENERAL)
    await erase(office.shop.database, message_id(9))
    await office.daily.refresh()
    assert "lovely" not in office.desk.said_to(GENERAL)
    assert "Thursday" in office.desk.said_to(GENERAL)
    assert await office.summaries.stale() == []


async def test_what_staff_were_told_goes_with_its_deletion_and_the_post_stays(office: Office) -> None:
    await office.shop.guilds.set_staff_channel(GUILD, HELP)
    await store(office.shop.database, said(9, "This is terrible"))
    office.daily.composer.warn = Quoted(office.shop, 9, "This is terrible").alarm
    assert await office.post(channel_id=HELP)  # the same channel has both
    alarm = [page for _, page in office.desk.posts.values() if "terrible" in page.text]
    assert len(alarm) == 1
    before = office.desk.said_to(HELP)
    assert "Thursday" in before
    await erase(office.shop.database, message_id(9))
    await office.daily.refresh()
    after = office.desk.said_to(HELP)
    assert "terrible" not in after
    assert "Thursday" in after


async def test_staff_who_cannot_be_told_hold_nothing_up(office: Office) -> None:
    await office.shop.guilds.set_staff_channel(GUILD, HELP)
    office.daily.composer.warn = Quoted(office.shop, 1, "Shall we").alarm
    office.desk.faults[HELP] = UnreachableError("503")
    assert await office.post()
    assert "Thursday" in office.desk.said_to(GENERAL)


async def test_a_direct_message_is_mended_too(office: Office) -> None:
    assert await office.post(admin_ids=[ADA, BO])
    assert "one more day" in office.desk.said_to(ADA)
    assert "one more day" in office.desk.said_to(BO)
    await erase(office.shop.database, message_id(2))
    office.desk.gone.add(BO)  # has left the server since
    await office.daily.refresh()
    assert "one more day" not in office.desk.said_to(ADA)
    assert "one more day" not in office.desk.said_to(BO)


@pytest.mark.parametrize("missing", ["gone", "closed"])
async def test_an_admin_who_cannot_be_reached_does_not_keep_it_from_the_others(
    office: Office, missing: str
) -> None:
    if missing == "gone":
        office.desk.gone.add(ADA)
    else:
        office.desk.faults[ADA] = NotPermittedError("View Channel")
    assert await office.post(admin_ids=[ADA, BO])
    assert office.desk.said_to(ADA) == ""
    assert "Thursday" in office.desk.said_to(BO)


async def test_nobody_left_to_send_it_to_is_a_failure(office: Office) -> None:
    office.desk.gone |= {ADA, BO}
    with pytest.raises(TargetGoneError, match="setsummary"):
        await office.post(admin_ids=[ADA, BO])
    office.desk.gone.clear()
    office.desk.faults |= {ADA: NotPermittedError("View Channel"), BO: NotPermittedError("View Channel")}
    with pytest.raises(NotPermittedError):
        await office.post(admin_ids=[ADA, BO])


async def test_a_section_or_picture_that_fails_is_left_out(office: Office) -> None:
    async def fails(*_: Any) -> Any:
        raise RuntimeError("no figures today")

    office.daily.composer.extras[Section.MOOD] = fails
    office.daily.composer.draw = fails
    assert await office.post()
    assert "Thursday" in office.desk.said_to(GENERAL)


async def test_a_post_that_cannot_be_mended_keeps_no_other_from_it(office: Office) -> None:
    asked = []

    class Failing(FakeDesk):
        async def edit(
            self, target: Target, message_id: int, page: Page, picture: Picture | None = None
        ) -> None:
            asked.append(message_id)
            raise NotPermittedError("View Channel")

    numbers = 25  # more than are looked at together
    kept = await office.settings.change(GUILD, is_on=True, channel_id=GENERAL)
    for back in range(numbers):
        day = DATE - timedelta(days=back)
        await office.daily.post(kept, run_of(day, TODAY))
    await erase(office.shop.database, message_id(2))
    works = office.desk.edit
    failing = Failing()
    office.desk.edit = failing.edit  # type: ignore[method-assign]
    await office.daily.refresh()
    assert len(asked) == numbers
    await office.daily.refresh()
    assert len(asked) == numbers  # Discord isn't asked in vain each minute
    office.desk.edit = works  # type: ignore[method-assign]
    office.clock.advance(2 * 3_600)
    await office.daily.refresh()
    assert "one more day" not in office.desk.said_to(GENERAL)


async def asked_and_posted(office: Office, pages: int) -> list[int]:
    """Have somebody's summary posted for all, twice, in `pages` messages each; return all of them."""
    wanted = Wanted(GUILD, GENERAL, TODAY)
    digest, collected = await office.shop.maker.make(wanted)
    kept = await office.summaries.keep(wanted, digest, collected, Reading.SHORT)
    assert kept is not None
    numbers = []
    for _ in range(2):
        target = Target(GUILD, channel_id=GENERAL)
        shown = [
            *await office.daily.composer.asked(kept),
            *[Page("T", "one more day") for _ in range(pages - 1)],
        ]
        ids = [await office.desk.post(target, page, "n", rated_id=None, picture=None) for page in shown]
        await office.summaries.posted_for_all(kept.summary.id, GENERAL, ids)
        numbers += ids
    return numbers


@pytest.mark.parametrize("what", ["message", "author"])
async def test_every_page_that_was_posted_for_all_is_mended(office: Office, what: str) -> None:
    numbers = await asked_and_posted(office, pages=2)
    assert office.desk.said_to(GENERAL).count("one more day") == 4
    if what == "message":
        await erase(office.shop.database, message_id(2))
    else:
        await office.summaries.forget_member(GUILD, ADA)
    await office.daily.refresh()
    assert "one more day" not in office.desk.said_to(GENERAL)
    assert sorted(office.desk.edits) == numbers
    assert await office.summaries.stale() == []
