"""Solved tickets shown before a like one is opened: only those that the asker may read."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from bot.db.database import Database
from bot.domain.audience import Person
from bot.domain.errors import NotFoundError
from bot.domain.tickets import question_text
from bot.nlp.encoder import Vectors
from bot.services.audience import AudienceService
from bot.services.meaning import Meaning
from bot.services.tickets import similar as module
from bot.services.tickets.drafts import TicketDrafts
from bot.services.tickets.opening import Wish
from bot.services.tickets.similar import SimilarTickets
from tests.db.support import ticket
from tests.fakes import FakeClock
from tests.services.places import HIDDEN, OPEN, Places
from tests.services.support import GUILD, MEMBER, NOW, OTHER_MEMBER

READER = Person(OTHER_MEMBER, GUILD, frozenset())
ASKED = (
    "The app crashes when I export a report",
    "Crash on exporting reports",
    "Exporting a report makes the app crash",
    "My app crashed while it exported the report",
    "app crash: report export",
)
UNLIKE = "Where do I find my invoices of last year?"


def audience() -> AudienceService:
    service = AudienceService()
    service.read_from(Places())
    return service


@pytest.fixture
def similar(database: Database) -> SimilarTickets:
    return SimilarTickets(database, Meaning(None), audience())


async def solved(database: Database, *questions: str, **values: object) -> None:
    known = {"state": "closed", "parent_id": OPEN, "guild_id": GUILD, "title": "Help"} | values
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
        await tx.ticket_settings.change(GUILD, {})
        for question in questions:
            number = await tx.tickets.next_number(GUILD)
            assert number is not None
            threads = {} if "thread_id" in known else {"thread_id": 5_000 + number}
            assert await tx.tickets.add(ticket(number, question=question, **known | threads)) is not None


async def numbers(similar: SimilarTickets, text: str, reader: Person = READER) -> list[int]:
    return [each.ticket.number for each in await similar.similar(GUILD, text, reader)]


async def test_a_sixth_is_shown_three_of_five_that_ask_the_same(
    database: Database, similar: SimilarTickets
) -> None:
    await solved(database, *ASKED, UNLIKE)
    found = await similar.similar(GUILD, "App crashes exporting my report", READER)
    assert len(found) == 3
    assert {each.ticket.question for each in found} <= set(ASKED)
    assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)
    assert await numbers(similar, "What is the weather like?") == []
    assert await numbers(similar, "  ") == []


@pytest.mark.parametrize("state", ["open", "waiting_member", "waiting_staff"])
async def test_tickets_that_are_not_solved_are_not_shown(
    database: Database, similar: SimilarTickets, state: str
) -> None:
    await solved(database, ASKED[0], state=state)
    await solved(database, ASKED[0], thread_id=None)
    assert await numbers(similar, ASKED[0]) == []
    await solved(database, ASKED[0], state="resolved")
    assert await numbers(similar, ASKED[0]) == [3]


async def test_a_private_ticket_is_shown_to_its_member_alone(
    database: Database, similar: SimilarTickets
) -> None:
    await solved(database, ASKED[0], is_private=True)
    assert await numbers(similar, ASKED[0]) == []
    assert await numbers(similar, ASKED[0], Person(1, GUILD, frozenset())) == []  # not even to the owner
    assert await numbers(similar, ASKED[0], Person(MEMBER, GUILD, frozenset())) == [1]


async def test_a_ticket_where_the_asker_may_not_read_is_not_shown(
    database: Database, similar: SimilarTickets
) -> None:
    await solved(database, ASKED[0], parent_id=HIDDEN)
    await solved(database, ASKED[0], parent_id=99)  # a channel nobody knows of
    assert await numbers(similar, ASKED[0]) == []
    assert await numbers(similar, ASKED[0], Person(1, GUILD, frozenset())) == [1]


async def test_a_brief_links_those_that_all_readers_of_the_channel_may_read(
    database: Database, similar: SimilarTickets
) -> None:
    await solved(database, *ASKED[:2], UNLIKE)
    await solved(database, ASKED[2], is_private=True)
    await solved(database, ASKED[3], parent_id=HIDDEN)
    asked = ticket(9, title="Help", question=ASKED[4], guild_id=GUILD)
    asked.id = 99
    links = await similar.links(asked, OPEN)
    base = f"https://discord.com/channels/{GUILD}"
    assert sorted(links) == [f"[#1]({base}/5001)", f"[#2]({base}/5002)"]
    asked.id = 1  # closed and opened again: not like itself
    assert list(await similar.links(asked, OPEN)) == [f"[#2]({base}/5002)"]


class Slow:
    """A model that answers when it is let."""

    name, dim = "slow-1", 4

    def __init__(self) -> None:
        self.may = asyncio.Event()

    async def encode(self, texts: Sequence[str]) -> Vectors:
        await self.may.wait()
        return np.stack([np.eye(self.dim, dtype=np.float32)[int("crash" in text)] for text in texts])

    async def close(self) -> None: ...


CRASH = "Why do games crash whenever my neighbour plays the piano?"


async def test_a_model_that_is_late_serves_the_next_asker(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ENCODE_SECONDS", 0.01)
    model = Slow()
    similar = SimilarTickets(database, Meaning(model), audience())
    await solved(database, "It will crash", UNLIKE)
    assert await numbers(similar, CRASH) == []  # by words
    model.may.set()
    monkeypatch.setattr(module, "ENCODE_SECONDS", 5)
    assert await numbers(similar, CRASH) == [1]
    await similar.close()


def test_a_title_that_begins_the_question_is_not_said_twice() -> None:
    assert question_text("It fails", "It fails when I start it") == "It fails when I start it"
    assert question_text("It fails", "When I start it") == "It fails\nWhen I start it"


def wish(**values: object) -> Wish:
    known = {
        "key": "form:1", "guild_id": GUILD, "opener_id": MEMBER, "opener_name": "Ada", "title": "It fails",
        "question": "When I start it", "environment": "v2", "category_id": 4, "actor_id": MEMBER,
    }  # fmt: skip
    return Wish(**known | values)  # type: ignore[arg-type]


async def test_what_was_written_outlives_a_restart_and_is_its_writers_alone(
    database: Database, clock: FakeClock
) -> None:
    async with database.transaction() as tx:
        await tx.guilds.ensure(GUILD, NOW)
    await TicketDrafts(database, clock).keep(wish())
    drafts = TicketDrafts(database, clock)
    assert await drafts.get(GUILD, MEMBER, "form:1") == wish()
    for guild_id, user_id in ((GUILD, OTHER_MEMBER), (GUILD + 1, MEMBER)):
        with pytest.raises(NotFoundError):
            await drafts.get(guild_id, user_id, "form:1")
    await drafts.drop("form:1")
    with pytest.raises(NotFoundError, match="write it once more"):
        await drafts.get(GUILD, MEMBER, "form:1")
