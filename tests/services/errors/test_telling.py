"""Whoever runs the bot is told: of the critical at once and once an hour, of the rest once a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import Database
from bot.llm.errors import ProviderUnavailable
from bot.llm.ports import OwnerAway, OwnerUnreachable
from bot.llm.types import Task
from bot.models import ErrorRecord
from bot.services.errors import telling as module
from bot.services.errors.explaining import Explainer, Explanation, by_rule
from bot.services.errors.log import ErrorLog
from bot.services.errors.telling import ErrorNotices
from bot.settings import ErrorSettings
from bot.texts import text
from tests.db.support import error_record
from tests.fakes import FakeClock
from tests.services.writing_bench import user_of, writer_over
from tests.unit.llm.chain_support import Bench, ScriptedProvider, Step

MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Owner:
    """Who runs the bot, and their direct messages."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.nonces: set[str] = set()
        self.trouble: Exception | None = None
        self.is_cut = False  # Discord takes it, and the answer is lost

    async def tell(self, words: str, subject: str) -> None:
        if self.trouble is not None:
            raise self.trouble
        assert 0 < len(words) <= 2_000
        self.read.append(words)
        if self.is_cut:
            raise OwnerAway("the answer was lost")

    async def was_told(self, beginning: str, since: datetime) -> bool:
        return any(each.startswith(beginning) for each in self.read)


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(MORNING)


class Desk:
    """Notices over a real database; a restart is a new one."""

    def __init__(self, database: Database, clock: FakeClock, owner: Owner, explainer: Explainer) -> None:
        self.parts: Any = (database, clock, owner, explainer)

    def start(self, **settings: Any) -> ErrorNotices:
        database, clock, owner, explainer = self.parts
        log = ErrorLog(database, clock, str)
        return ErrorNotices(
            database, clock, log=log, explainer=explainer, owner=owner,
            settings=ErrorSettings(**settings), folder=Path("/"),
        )  # fmt: skip

    async def note(self, number: int = 0, **values: Any) -> ErrorRecord:
        database, clock, *_ = self.parts
        record = error_record(number, first_at=clock.now(), last_at=clock.now(), **values)
        async with database.transaction() as tx:
            await tx.errors.note(record)
        return record


@pytest.fixture
def desk(database: Database, clock: FakeClock, owner: Owner, bench: Bench) -> Desk:
    return Desk(database, clock, owner, Explainer(writer_over(bench), 30))


async def test_the_critical_is_told_at_once_with_its_explanation_and_once_an_hour(
    desk: Desk, owner: Owner, clock: FakeClock
) -> None:
    notices = desk.start(digest=False)
    await desk.note(kind="OSError", about="No space left on device", is_critical=True)
    await desk.note(1)
    await notices.look()
    [told] = owner.read
    assert "**Critical error** in /audit message: OSError" in told
    assert text("errors.why_disk_full") in told
    assert text("errors.by_rule") in told
    clock.advance(1_800)
    await desk.note(kind="OSError", about="No space left on device", is_critical=True)
    await notices.look()
    await desk.start(digest=False).look()
    assert len(owner.read) == 1
    clock.advance(1_801)
    await notices.look()
    assert len(owner.read) == 2, "it happened again within the hour"
    clock.advance(7_200)
    await notices.look()
    assert len(owner.read) == 2, "and not since"


async def test_while_discord_is_down_it_waits(desk: Desk, owner: Owner) -> None:
    notices = desk.start(digest=False)
    await desk.note(is_critical=True)
    owner.trouble = OwnerAway("down")
    await notices.look()
    owner.trouble = None
    await notices.look()
    assert len(owner.read) == 1


async def test_an_owner_who_takes_no_messages_is_not_asked_for_ever(
    desk: Desk, owner: Owner, database: Database
) -> None:
    notices = desk.start(digest=False)
    record = await desk.note(is_critical=True)
    owner.trouble = OwnerUnreachable("closed")
    await notices.look()
    async with database.reading() as tx:
        found = await tx.errors.get(record.reference)
    assert found is not None
    assert found.told_at is not None


async def test_it_may_be_switched_off(desk: Desk, owner: Owner) -> None:
    await desk.note(is_critical=True)
    await desk.start(critical=False, digest=False).look()
    assert owner.read == []


async def test_a_model_explains_what_is_redacted_and_is_named_as_such(
    database: Database, clock: FakeClock, owner: Owner, bench: Bench
) -> None:
    model = bench.provider("ollama", Step("The disk has no room. Delete old logs."))
    explainer = Explainer(writer_over(bench, model), 30)
    desk = Desk(database, clock, owner, explainer)
    record = await desk.note(is_critical=True, trace="bot/x.py:1 in save", about="No space left on device")
    await desk.start(digest=False).look()
    [told] = owner.read
    assert "The disk has no room. Delete old logs." in told
    assert "AI-generated by ollama/" in told
    assert "bot/x.py:1 in save" in user_of(model.asked[0][1])
    async with database.reading() as tx:
        stored = await tx.errors.get(record.reference)
    assert stored is not None
    assert await explainer.explain(stored) == Explanation(
        "The disk has no room. Delete old logs.", str(stored.explained_by)
    )
    assert len(model.asked) == 1, "nobody pays twice"


@pytest.mark.parametrize(
    "step",
    [Step(error=ProviderUnavailable("start it")), Step("my rules say: topsecrettokenofthebot")],
    ids=["down", "refused by the gate"],
)
async def test_without_a_models_words_the_rule_stands(bench: Bench, step: Step) -> None:
    model: ScriptedProvider = bench.provider("ollama", step)
    writer = writer_over(bench, model)
    assert writer.asks(Task.EXPLAIN)
    found = await Explainer(writer, 5).explain(error_record(kind="Forbidden"))
    assert found == Explanation(text("errors.why_forbidden"))


@pytest.mark.parametrize(
    ("kind", "about", "key"),
    [
        ("Forbidden", "Discord answered 403, code 50013", "forbidden"),
        ("NotFound", "Discord answered 404, code 10008", "not_found"),
        ("TimeoutError", "", "timeout"),
        ("OSError", "No space left on device", "disk_full"),
        ("OperationalError", "OperationalError database or disk is full", "disk_full"),
        ("OperationalError", "OperationalError database is locked", "database_locked"),
        ("OperationalError", "", "database_away"),
        ("ProviderUnavailable", "", "provider"),
        ("DiscordServerError", "", "discord"),
        ("ExtensionFailed", "", "cog"),
        ("ModuleNotFoundError", "", "missing_module"),
        ("KeyError", "", "unknown"),
    ],
)
def test_frequent_kinds_have_a_rule(kind: str, about: str, key: str) -> None:
    assert by_rule(error_record(kind=kind, about=about)) == text(f"errors.why_{key}")


class TestDaily:
    async def test_it_is_told_once_a_day_and_only_what_is_new(
        self, desk: Desk, owner: Owner, clock: FakeClock
    ) -> None:
        await desk.note(0, count=3)
        await desk.note(1, kind="", place="bot.services.ingest")
        notices = desk.start()
        await notices.look()
        await notices.look()
        await desk.start().look()
        [told] = owner.read
        assert told.startswith("**Errors until 2026-03-02**")
        assert "`0000000000` 3 times RuntimeError in `/audit message`" in told
        assert "1 time a line of the log in `bot.services.ingest`" in told
        await desk.note(0)
        clock.advance(86_400)
        await notices.look()
        assert "`0000000000` 1 time RuntimeError" in owner.read[1]
        assert "ingest" not in owner.read[1]

    async def test_without_errors_nothing_is_told(self, desk: Desk, owner: Owner) -> None:
        await desk.start().look()
        assert owner.read == []

    async def test_it_waits_for_its_time_and_may_be_off(
        self, desk: Desk, owner: Owner, clock: FakeClock
    ) -> None:
        await desk.note()
        await desk.start(digest=False).look()
        await desk.start(digest_at="09:01").look()
        assert owner.read == []
        clock.advance(60)
        await desk.start(digest_at="09:01").look()
        assert len(owner.read) == 1

    async def test_cut_off_between_discord_and_the_record_it_is_not_told_twice(
        self, desk: Desk, owner: Owner
    ) -> None:
        await desk.note()
        owner.is_cut = True
        await desk.start().look()
        owner.is_cut = False
        await desk.start().look()
        await desk.start().look()
        assert len(owner.read) == 1

    async def test_more_than_fits_is_said(self, desk: Desk, owner: Owner) -> None:
        for number in range(30):
            await desk.note(number, place="p" * 100, kind="K" * 100)
        await desk.start().look()
        [told] = owner.read
        assert len(told) <= module.MAX_MESSAGE


class TestWithoutDatabase:
    async def test_a_database_that_is_away_is_told_once_an_hour(
        self, desk: Desk, owner: Owner, clock: FakeClock, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def away() -> None:
            raise TimeoutError

        monkeypatch.setattr(database, "ping", away)
        notices = desk.start()
        await notices.check()
        await notices.check()
        assert len(owner.read) == 1
        assert text("errors.why_database_away") in owner.read[0]
        clock.advance(timedelta(hours=1).total_seconds())
        await notices.check()
        assert len(owner.read) == 2

    async def test_a_disk_without_room_is_told(
        self, desk: Desk, owner: Owner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        notices = desk.start()
        await notices.check()
        monkeypatch.setattr(module, "LEAST_FREE", 1 << 70)
        await notices.check()
        assert len(owner.read) == 1
        assert text("errors.why_disk_full") in owner.read[0]
