"""The end of tickets, with a stand-in for Discord that fails as told, and models on a script."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bot.domain.audience import READ_MESSAGE_HISTORY, VIEW_CHANNEL, GuildRoles, Person, Place, PlaceKind, Role
from bot.domain.errors import NotFoundError, UserFacingError
from bot.llm.gate import OutputGate
from bot.llm.prompts import Prompts
from bot.models import DeliveryKind, Ticket
from bot.services.audience import AudienceService
from bot.services.tickets.closing import TicketClosing
from bot.services.tickets.deliveries import Post
from bot.services.tickets.lessons import LessonWriter
from bot.services.tickets.teach import SimilarError, TicketLessons
from bot.services.tools import NotPermittedError, ToolError, UnreachableError
from bot.services.training.drafts import Draft
from bot.services.training.entries import TrainingEntries
from bot.services.training.knowledge import Knowledge
from tests.llm.golden_prompts import CANARY, PROMPTS
from tests.services.tickets.conftest import ALICE, BOB, FORUM, GUILD, LOG, SAM, Office
from tests.services.writing_bench import writer_over
from tests.unit.llm.chain_support import Bench, Step

SOLUTION = "Set the folder to a larger disk and start again."
READER = Person(SAM, GUILD, frozenset())


class Town:
    """The channels of a server in which everybody reads everything."""

    def place(self, channel_id: int) -> Place | None:
        known = channel_id in (FORUM, LOG)
        return Place(channel_id, GUILD, PlaceKind.TEXT) if known else None

    def roles(self, guild_id: int) -> GuildRoles:
        return GuildRoles(GUILD, 1, {GUILD: Role(VIEW_CHANNEL | READ_MESSAGE_HISTORY)})


class FakeClosingDesk:
    """Keeps what is posted; `failing` says what to raise for a kind, `losing` after it was posted."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.failing: dict[DeliveryKind, ToolError] = {}
        self.losing: dict[DeliveryKind, ToolError] = {}
        self.warned: list[str] = []
        self.is_there = True
        self.before: Callable[[Post], Any] | None = None

    async def post(self, post: Post, nonce: str) -> int:
        if self.before is not None:
            await self.before(post)
        if post.kind in self.failing:
            raise self.failing[post.kind]
        self.posts.append(post)
        if post.kind in self.losing:
            raise self.losing.pop(post.kind)
        return 9_000 + len(self.posts)

    async def find(self, post: Post, since: datetime) -> int | None:
        found = [9_001 + place for place, each in enumerate(self.posts) if each.marker == post.marker]
        return found[0] if found else None

    async def reader(self, ticket: Ticket) -> Person | None:
        return Person(ticket.opener_id, GUILD, frozenset()) if self.is_there else None

    async def warn_owner(self, guild_id: int, text: str) -> None:
        self.warned.append(text)

    def kinds(self) -> list[str]:
        return [each.kind.value for each in self.posts]

    def of(self, kind: DeliveryKind) -> Post:
        [post] = [each for each in self.posts if each.kind is kind]
        return post


class End:
    """What follows when tickets of an office close."""

    def __init__(self, office: Office, bench: Bench, *steps: Step) -> None:
        database, clock = office.database, office.clock
        settings = office.service.settings
        models = [bench.provider("ollama", *steps)] if steps else []
        audience, knowledge = AudienceService(), Knowledge(database, None, clock)
        audience.read_from(Town())
        writer = LessonWriter(
            bench.chain(*models), Prompts(PROMPTS, CANARY), OutputGate(("topsecrettoken",), CANARY), 10
        )
        self.entries = TrainingEntries(database, clock, knowledge.update)
        self.lessons = TicketLessons(
            database, clock, settings=settings, audience=audience, entries=self.entries,
            knowledge=knowledge, writer=writer,
        )  # fmt: skip
        self.desk = FakeClosingDesk()
        self.closing = TicketClosing(
            database, clock, self.desk, settings=settings, guilds=office.guilds, audience=audience,
            writer=writer_over(bench), lessons=self.lessons, seconds=10,
        )  # fmt: skip
        self.office = office

    async def solved(self) -> Ticket:
        """Open, answer and close a ticket."""
        office = self.office
        ticket = await office.open(question="How do I move the export folder?")
        await office.say(ticket, ALICE, "The disk is full.")
        await office.say(ticket, BOB, "Same here, says Bob.")
        await office.say(ticket, SAM, SOLUTION, "staff")
        return await office.service.life.close(await office.now(ticket), SAM, "updated")

    async def served(self) -> Ticket:
        ticket = await self.solved()
        await self.closing.serve(ticket)
        return ticket


@pytest.fixture
def end(office: Office, bench: Bench) -> End:
    return End(office, bench)


ALL = ["rating", "log", "member", "lesson"]


class TestOnce:
    async def test_everything_is_posted_and_nothing_again(self, end: End) -> None:
        ticket = await end.served()
        await end.closing.serve(ticket)
        await end.closing.tick()
        assert end.desk.kinds() == ALL

    async def test_what_discord_did_not_take_is_posted_later(self, end: End) -> None:
        end.desk.failing[DeliveryKind.LOG] = UnreachableError("down")
        await end.served()
        assert end.desk.kinds() == ["rating"]
        del end.desk.failing[DeliveryKind.LOG]
        await end.closing.tick()
        assert end.desk.kinds() == ALL

    @pytest.mark.parametrize("kind", [DeliveryKind(each) for each in ALL], ids=ALL)
    async def test_what_was_posted_though_no_answer_came_is_found(self, end: End, kind: DeliveryKind) -> None:
        end.desk.losing[kind] = UnreachableError("no answer")
        await end.served()
        await end.closing.tick()
        assert end.desk.kinds() == ALL

    async def test_a_ticket_that_is_opened_again_is_left_alone_and_served_when_it_closes_anew(
        self, end: End
    ) -> None:
        office = end.office
        ticket = await end.solved()

        async def reopen(post: Post) -> None:
            if post.kind is DeliveryKind.RATING and not office.clock.slept:
                office.clock.slept.append(0)
                await office.service.life.reopen(ticket, ALICE)

        end.desk.before = reopen
        await end.closing.serve(ticket)
        assert end.desk.kinds() == ["rating"]
        office.clock.advance(60)
        await office.service.life.close(await office.now(ticket), SAM, "")
        await end.closing.tick()
        assert end.desk.kinds() == ["rating", *ALL]

    async def test_a_closing_asks_for_the_rating_at_once_and_leaves_the_rest_to_the_background(
        self, end: End
    ) -> None:
        end.office.service.life.closed.append(end.closing.on_closed)
        await end.solved()
        assert end.desk.kinds()[:1] == ["rating"]
        await end.closing.close()
        await end.closing.tick()
        assert end.desk.kinds() == ALL

    async def test_after_some_days_nothing_is_tried_any_more(self, end: End) -> None:
        await end.solved()
        end.office.clock.advance(4 * 86_400)
        await end.closing.tick()
        assert end.desk.posts == []


class TestWhatIsTold:
    async def test_nothing_of_a_member_who_opted_out(self, end: End) -> None:
        end.closing.opted_out = end.lessons.opted_out = lambda _guild, user_id: user_id in (ALICE, BOB)
        ticket = await end.served()
        post = end.desk.of(DeliveryKind.LOG)
        summary = (await end.office.now(ticket)).summary or ""
        everything = post.text + summary + "".join(each.content.decode() for each in post.files)
        for hidden in ("Alice", "Someone says", "It fails", "export folder", "full", "Bob"):
            assert hidden not in everything
        assert "larger disk" in everything
        assert "lesson" not in end.desk.kinds()

    async def test_who_has_left_is_asked_nothing_and_sent_nothing(self, end: End) -> None:
        end.desk.is_there = False
        await end.served()
        assert end.desk.kinds() == ["rating", "log", "lesson"]

    async def test_a_log_that_may_not_be_written_to_is_told_to_the_owner_once(self, end: End) -> None:
        end.desk.failing[DeliveryKind.LOG] = NotPermittedError("Attach Files")
        await end.served()
        end.office.clock.advance(60)
        ticket = await end.office.open(2)
        await end.closing.serve(await end.office.service.life.close(ticket, SAM, ""))
        [told] = end.desk.warned
        assert "Attach Files" in told

    async def test_the_summary_stays_with_the_ticket(self, end: End) -> None:
        ticket = await end.served()
        assert SOLUTION in ((await end.office.now(ticket)).summary or "")


def drawn(**values: Any) -> Step:
    known = {
        "teachable": True,
        "question": "Where do exports go?",
        "answer": "To a disk.",
        "used": ["staff3"],
    }
    return Step(json.dumps(known | values))


class TestLessons:
    @pytest.mark.parametrize(
        ("step", "answer"),
        [
            pytest.param(drawn(), "To a disk.", id="a model's"),
            pytest.param(drawn(used=["member1", "other2"]), SOLUTION, id="not from staff"),
            pytest.param(drawn(used=["staff9"]), SOLUTION, id="from nothing"),
            pytest.param(drawn(answer=f"It is {CANARY}."), SOLUTION, id="gives the prompt away"),
            pytest.param(Step("no JSON at all"), SOLUTION, id="not as asked"),
        ],
    )
    async def test_a_lesson_rests_on_what_staff_said(
        self, office: Office, bench: Bench, step: Step, answer: str
    ) -> None:
        end = End(office, bench, step)
        lesson = await end.lessons.draw(await end.solved())
        assert lesson is not None
        assert lesson.answer == answer

    async def test_what_a_model_finds_not_worth_teaching_is_not_proposed(
        self, office: Office, bench: Bench
    ) -> None:
        end = End(office, bench, drawn(teachable=False, question="", answer="", used=[]))
        assert await end.lessons.draw(await end.solved()) is None

    async def test_who_never_said_that_it_is_solved_teaches_nothing(self, end: End) -> None:
        ticket = await end.office.say(await end.office.open(), SAM, SOLUTION, "staff")
        closed = await end.office.service.life.close(ticket, None, "no answer")
        assert await end.lessons.draw(closed) is None

    async def test_without_an_answer_of_staff_there_is_none(self, end: End) -> None:
        ticket = await end.office.say(await end.office.open(), SAM, "Did you try to turn it off?", "staff")
        assert await end.lessons.draw(await end.office.service.life.close(ticket, SAM, "")) is None

    async def test_it_is_drawn_once_and_picked_anew_when_a_message_of_it_is_edited_or_gone(
        self, office: Office, bench: Bench
    ) -> None:
        end = End(office, bench, drawn())
        ticket = await end.solved()
        assert await end.lessons.draw(ticket) == await end.lessons.draw(ticket)
        assert len(bench.log.calls) == 1
        assert (await end.lessons.proposal(ticket, READER)).answer == "To a disk."
        async with office.database.transaction() as tx:
            [first, *_] = await tx.ticket_messages.list_of(ticket.id)
            await tx.ticket_messages.erase(ticket.id, [first.message_id], office.clock.now())
        assert (await end.lessons.proposal(ticket, READER)).answer == SOLUTION
        end.lessons.opted_out = lambda *_: True
        with pytest.raises(NotFoundError):
            await end.lessons.proposal(ticket, READER)

    async def test_it_is_taught_once_and_not_beside_what_is_there(self, end: End) -> None:
        ticket = await end.solved()
        there = await end.entries.add(GUILD, SAM, Draft(("How do I move the export folder?",), "With care."))
        draft = Draft(("how do I move the export folder", "Where do exports go?"), SOLUTION)
        with pytest.raises(SimilarError) as error:
            await end.lessons.teach(ticket, READER, draft)
        assert error.value.entry_id == there.entry.id
        trained = await end.lessons.add_phrasings(ticket, READER, there.entry.id, draft)
        assert (trained.entry.answer, len(trained.questions)) == ("With care.", 2)
        with pytest.raises(UserFacingError, match="taught this already"):
            await end.lessons.teach(ticket, READER, Draft(("Something else?",), "Yes."))

    async def test_who_may_not_read_the_ticket_may_not_teach_it(self, end: End) -> None:
        ticket = await end.solved()
        stranger = Person(SAM, GUILD + 1, frozenset())
        for act in (
            end.lessons.proposal(ticket, stranger),
            end.lessons.teach(ticket, stranger, Draft(("a",), "b")),
            end.lessons.dismiss(ticket, stranger),
        ):
            with pytest.raises(UserFacingError, match="may not read"):
                await act
