"""Members' own posts as tickets, where Discord fails in between, or tells of them late."""

from collections.abc import Sequence

import pytest

from bot.domain.tickets import post_key
from bot.models import Ticket
from bot.services.tickets.adoption import TRIES
from bot.services.tickets.ports import ForumPost
from bot.services.tools import NotPermittedError, TargetGoneError, ToolError, UnreachableError
from tests.services.tickets.conftest import ALICE, BOB, FORUM, GUILD, Office


class FakeForum:
    """Posts by their ids; what `failing` says is raised by the next reading of a post."""

    def __init__(self) -> None:
        self.there: dict[int, ForumPost | None] = {}
        self.declined: list[str] = []
        self.failing: list[ToolError] = []
        self.refusing: ToolError | None = None

    async def newest(self, guild_id: int, forum_id: int) -> int:
        return max(self.there, default=forum_id)

    async def posts(self, guild_id: int, forum_id: int, after: int) -> Sequence[int]:
        return sorted(each for each in self.there if each > after)

    async def read(self, guild_id: int, post_id: int) -> ForumPost | None:
        if self.failing:
            raise self.failing.pop(0)
        return self.there[post_id]

    async def decline(self, guild_id: int, post: ForumPost, text: str) -> None:
        if self.refusing is not None:
            raise self.refusing
        self.declined.append(text)

    def add(self, post_id: int, author_id: int = ALICE, **values: object) -> None:
        known: dict[str, object] = {"title": "It fails", "author_name": "Alice", "text": "It crashes."}
        self.there[post_id] = ForumPost(post_id, author_id=author_id, **known | values)  # type: ignore[arg-type]


@pytest.fixture
async def forum(office: Office) -> FakeForum:
    forum = FakeForum()
    office.service.adoption.desk = forum
    await office.service.adoption.take_up(GUILD)  # from now on
    return forum


async def tickets(office: Office) -> list[Ticket]:
    async with office.database.reading() as tx:
        return list(await tx.tickets.living_of(GUILD))


def looked_at(office: Office) -> int | None:
    return office.service.settings.of(GUILD).posts_after


async def test_only_later_posts_become_tickets_and_each_once(office: Office, forum: FakeForum) -> None:
    forum.there[FORUM + 1] = None  # of a bot
    forum.add(FORUM + 2)
    for _ in range(2):
        await office.service.adoption.take_up(GUILD)
    await office.service.settings.change(GUILD, posts_after=FORUM)  # as if that had not been noted
    await office.service.adoption.take_up(GUILD)
    [ticket] = await tickets(office)
    assert (ticket.key, ticket.title, ticket.opener_id) == (f"post:{FORUM + 2}", "It fails", ALICE)
    assert looked_at(office) == FORUM + 2


@pytest.mark.parametrize("times", [1, TRIES], ids=["late", "gone"])
async def test_a_first_message_may_come_late_or_never(office: Office, forum: FakeForum, times: int) -> None:
    forum.add(FORUM + 1)
    forum.failing = [TargetGoneError("not yet")] * times
    await office.service.adoption.take_up(GUILD)
    assert len(await tickets(office)) == (times < TRIES)
    assert looked_at(office) == FORUM + 1


async def test_where_discord_doesnt_answer_posts_wait_in_their_order(
    office: Office, forum: FakeForum
) -> None:
    forum.add(FORUM + 1)
    forum.add(FORUM + 2, BOB)
    forum.failing = [UnreachableError("down")]
    await office.service.adoption.take_up(GUILD)
    assert (await tickets(office), looked_at(office)) == ([], FORUM)
    await office.service.timers.tick()  # looks again
    await office.service.adoption.settled()
    assert [each.opener_id for each in await tickets(office)] == [ALICE, BOB]


@pytest.mark.parametrize("failing", [[], [UnreachableError("down")]], ids=["reachable", "out of reach"])
async def test_a_post_that_is_told_of_after_a_later_one_becomes_a_ticket(
    office: Office, forum: FakeForum, failing: list[ToolError]
) -> None:
    adoption = office.service.adoption
    forum.add(FORUM + 3, BOB)
    adoption.offer(GUILD, FORUM + 3)
    await adoption.settled()
    forum.add(FORUM + 1, 42)  # nobody told of it as new
    forum.add(FORUM + 2)
    forum.failing = failing
    adoption.offer(GUILD, FORUM + 2)
    await adoption.settled()
    await office.service.timers.tick()
    await adoption.settled()
    assert [each.opener_id for each in await tickets(office)] == [BOB, ALICE]
    assert looked_at(office) == FORUM + 3


async def test_who_cant_be_told_holds_nobody_up(office: Office, forum: FakeForum) -> None:
    await office.service.settings.change(GUILD, max_open=1)
    for number in range(1, 4):
        forum.add(FORUM + number, BOB if number == 3 else ALICE)
    forum.refusing = NotPermittedError("Send Messages In Threads")
    await office.service.adoption.take_up(GUILD)
    assert [each.opener_id for each in await tickets(office)] == [ALICE, BOB]
    assert looked_at(office) == FORUM + 3


async def test_nothing_of_who_opted_out_becomes_a_ticket(office: Office, forum: FakeForum) -> None:
    office.service.adoption.opted_out = lambda _guild_id, user_id: user_id == ALICE
    forum.add(FORUM + 1)
    await office.service.adoption.take_up(GUILD)
    assert await tickets(office) == []


async def test_a_post_that_its_member_had_erased_is_not_taken_again(office: Office, forum: FakeForum) -> None:
    erased = (GUILD, ALICE, FORUM + 1)
    office.service.adoption.erased = lambda *asked: asked == erased
    forum.add(FORUM + 1)
    forum.add(FORUM + 2)
    await office.service.adoption.take_up(GUILD)
    assert [each.key for each in await tickets(office)] == [post_key(FORUM + 2)]


async def test_a_post_that_is_gone_costs_the_server_no_forum(office: Office, forum: FakeForum) -> None:
    forum.add(FORUM + 1)
    office.desk.failing = TargetGoneError("gone")
    await office.service.adoption.take_up(GUILD)
    assert await tickets(office) == []
    assert office.service.settings.of(GUILD).parent_id == FORUM
