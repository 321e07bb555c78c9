"""Feedback: who says what of which judgement."""

from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.errors import NotFoundError
from bot.domain.signal import Intent
from bot.models import Feedback, Giver, Verdict
from bot.services.feedback import Example, FeedbackService, verdict_of
from bot.services.stories import StoryService
from tests.fakes import FakeClock, FakeDiscord
from tests.services.road import Road
from tests.services.support import GUILD, MEMBER, NOW, OTHER_GUILD, OTHER_MEMBER, key, message_id


@pytest.fixture
def feedback(database: Database, clock: FakeClock) -> FeedbackService:
    return FeedbackService(database, clock)


@pytest.fixture
async def answer(road: Road, discord: FakeDiscord) -> int:
    """The bot's answer to the member's first message."""
    await road.answer(0)
    return discord.posts[0].id


async def given(database: Database) -> list[Feedback]:
    async with database.reading() as tx:
        return list(await tx.feedback.list_for(key(0)))


@pytest.mark.parametrize(
    ("emoji", "verdict"),
    [
        ("\U0001f44d", Verdict.RIGHT),
        ("\U0001f44e", Verdict.WRONG),
        ("\U0001f44e\U0001f3fd", Verdict.WRONG),
        ("\U0001f44d\ufe0f", Verdict.RIGHT),
        ("\U0001f389", None),
        ("thumbsup", None),
        (None, None),
    ],
)
def test_thumbs_of_every_colour_are_verdicts_and_nothing_else_is(
    emoji: str | None, verdict: Verdict | None
) -> None:
    assert verdict_of(emoji) is verdict


class TestReactions:
    @pytest.mark.parametrize(
        ("user_id", "is_staff", "giver"),
        [
            (MEMBER, False, "asker"),
            (MEMBER, True, "asker"),
            (OTHER_MEMBER, False, "member"),
            (OTHER_MEMBER, True, "staff"),
        ],
        ids=["who asked", "staff who asked", "another member", "staff"],
    )
    async def test_it_is_stored_with_who_gave_it_and_the_judgement(
        self,
        feedback: FeedbackService,
        database: Database,
        answer: int,
        user_id: int,
        is_staff: bool,
        giver: str,
    ) -> None:
        assert await feedback.react(GUILD, answer, user_id, Verdict.WRONG, is_staff=is_staff)
        [row] = await given(database)
        assert (row.message_id, row.user_id, row.giver, row.verdict) == (answer, user_id, giver, "wrong")
        assert (row.guild_id, row.signal_id, row.kind) == (GUILD, key(0), "reaction")
        assert (row.intent, row.confidence, row.created_at) == ("help_request", 0.9, NOW)

    async def test_the_newer_of_two_counts_and_can_be_taken_back(
        self, feedback: FeedbackService, database: Database, answer: int
    ) -> None:
        await feedback.react(GUILD, answer, MEMBER, Verdict.RIGHT, is_staff=False)
        await feedback.react(GUILD, answer, MEMBER, Verdict.WRONG, is_staff=False)
        await feedback.take_back(answer, MEMBER, Verdict.RIGHT)  # the older one, which no longer counts
        assert [each.verdict for each in await given(database)] == ["wrong"]
        await feedback.take_back(answer, MEMBER, Verdict.WRONG)
        assert await given(database) == []

    async def test_nothing_is_stored_of_messages_that_answer_nothing_here(
        self, feedback: FeedbackService, database: Database, answer: int
    ) -> None:
        for guild_id, message in ((GUILD, message_id(0)), (OTHER_GUILD, answer), (GUILD, 5)):
            assert not await feedback.react(guild_id, message, MEMBER, Verdict.WRONG, is_staff=True)
            await feedback.take_back(message, MEMBER, Verdict.WRONG)
        assert await given(database) == []

    async def test_an_alert_to_staff_is_no_answer(
        self, feedback: FeedbackService, staffed: Road, discord: FakeDiscord
    ) -> None:
        await staffed.answer(0, urgency="high")
        alert, told = discord.posts
        assert not await feedback.react(GUILD, alert.id, OTHER_MEMBER, Verdict.RIGHT, is_staff=True)
        assert await feedback.react(GUILD, told.id, OTHER_MEMBER, Verdict.RIGHT, is_staff=True)

    async def test_nothing_is_stored_of_a_message_that_was_deleted(
        self, feedback: FeedbackService, database: Database, road: Road, answer: int
    ) -> None:
        row = (await road.row(0)).model_dump()
        names = (
            "id",
            "source",
            "guild_id",
            "channel_id",
            "place_id",
            "message_id",
            "created_at",
            "ingested_at",
        )
        async with database.transaction() as tx:
            await tx.signals.erase_batch([{name: row[name] for name in names}], NOW)
        assert not await feedback.react(GUILD, answer, MEMBER, Verdict.WRONG, is_staff=False)
        with pytest.raises(NotFoundError):
            await feedback.correct(GUILD, message_id(0), MEMBER, Intent.OTHER)


class TestCorrections:
    @pytest.mark.parametrize(
        ("intent", "verdict"), [(Intent.HELP_REQUEST, "right"), (Intent.OTHER, "wrong")], ids=str
    )
    async def test_it_is_right_or_wrong_by_what_was_judged(
        self, feedback: FeedbackService, database: Database, answer: int, intent: Intent, verdict: str
    ) -> None:
        await feedback.correct(GUILD, message_id(0), OTHER_MEMBER, intent)
        [row] = await given(database)
        assert (row.verdict, row.correct_intent, row.giver) == (verdict, intent.value, "staff")
        assert (row.message_id, row.kind) == (message_id(0), "correction")

    async def test_messages_of_other_guilds_and_unknown_ones_are_refused(
        self, feedback: FeedbackService, answer: int
    ) -> None:
        for guild_id, message in ((OTHER_GUILD, message_id(0)), (GUILD, message_id(7))):
            with pytest.raises(NotFoundError, match="nothing about that message"):
                await feedback.correct(guild_id, message, MEMBER, Intent.OTHER)


async def test_the_story_of_a_message_tells_what_was_said_of_it_but_not_by_whom(
    feedback: FeedbackService, database: Database, answer: int
) -> None:
    await feedback.react(GUILD, answer, MEMBER, Verdict.WRONG, is_staff=False)
    await feedback.correct(GUILD, message_id(0), OTHER_MEMBER, Intent.OTHER)
    story = await StoryService(database).of_message(GUILD, message_id(0))
    assert story["feedback"] == [
        {"giver": "asker", "verdict": "wrong", "correct_intent": None},
        {"giver": "staff", "verdict": "wrong", "correct_intent": "other"},
    ]


async def test_a_guilds_examples_are_what_a_fit_of_its_threshold_takes(
    feedback: FeedbackService, road: Road, discord: FakeDiscord
) -> None:
    german: dict[str, Any] = {"language": "de", "confidence": 0.4, "intent": "problem_report"}
    await road.answer(0)
    await road.hear(1, **german)
    await feedback.react(GUILD, discord.posts[0].id, MEMBER, Verdict.RIGHT, is_staff=False)
    await feedback.correct(GUILD, message_id(1), OTHER_MEMBER, Intent.OTHER)
    assert await feedback.examples(GUILD) == [
        Example(0.9, Intent.HELP_REQUEST, Verdict.RIGHT, None, Giver.ASKER),
        Example(0.8, Intent.PROBLEM_REPORT, Verdict.WRONG, Intent.OTHER, Giver.STAFF),  # as in English
    ]
    assert await feedback.examples(OTHER_GUILD) == []
