"""Suggested replies: decided once, posted once, whatever dies meanwhile."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.db.database import Database
from bot.domain.errors import NotFoundError, UserFacingError
from bot.domain.signal import Stage
from bot.models import AutoReply, Suggestion, SuggestionState
from bot.services.feedback import FeedbackService
from bot.services.suggestions import Card, SuggestionService
from bot.services.tools import TargetGoneError, UnreachableError
from bot.settings import WorkerSettings
from tests.fakes import FakeDiscord
from tests.services.road import URGENT, Road
from tests.services.support import (
    CHANNEL,
    GUILD,
    MEMBER,
    OTHER_GUILD,
    OTHER_MEMBER,
    STAFF_CHANNEL,
    key,
    message_id,
)

STAFF = 77
PROPOSED = "Hi Ada. What did you try?"


class Desk:
    """Keeps what the cards were made to tell."""

    def __init__(self) -> None:
        self.shown: list[tuple[int | None, str]] = []
        self.removed: list[int] = []
        self.failure: Exception | None = None

    async def show(self, card: Card) -> None:
        if self.failure is not None:
            raise self.failure
        self.shown.append((card.suggestion.card_id, card.suggestion.state))

    async def remove(self, channel_id: int, card_id: int) -> None:
        if self.failure is not None:
            raise self.failure
        self.removed.append(card_id)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def service(road: Road, desk: Desk) -> SuggestionService:
    feedback = FeedbackService(road.database, road.clock)
    return SuggestionService(
        road.database,
        road.clock,
        orchestrator=road.orchestrator,
        feedback=feedback,
        desk=desk,
        settings=WorkerSettings(),
    )


@pytest.fixture
async def asking(road: Road, desk: Desk) -> SuggestionService:
    """A service in a server whose staff are asked first, about message 0."""
    await road.guilds.set_staff_channel(GUILD, STAFF_CHANNEL)
    await road.guilds.set_auto_reply(GUILD, AutoReply.SUGGEST)
    record = await road.answer(0)
    assert record.status == "suggested"
    return service(road, desk)


async def kept(database: Database, number: int = 0) -> Suggestion:
    async with database.reading() as tx:
        found = await tx.suggestions.of(key(number))
    assert found is not None
    return found


def posts(discord: FakeDiscord, channel_id: int = CHANNEL) -> list[str]:
    return [each.content for each in discord.posts if each.channel_id == channel_id]


async def test_the_reply_goes_to_staff_and_not_to_the_member(
    asking: SuggestionService, discord: FakeDiscord, database: Database
) -> None:
    assert (posts(discord), posts(discord, STAFF_CHANNEL)) == ([], [PROPOSED])
    found = await kept(database)
    assert (found.state, found.proposed, found.source) == ("open", PROPOSED, "help_request/1")


async def test_pressed_before_the_card_is_noted_nothing_is_decided_and_staff_press_again(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database
) -> None:
    async with database.transaction() as tx:  # as a crash leaves it until it is taken up
        await tx.queue.advance([key(0)], Stage.DONE, {"stage": Stage.ACT.value})
    with pytest.raises(UserFacingError, match="press again in a moment"):
        await asking.post(GUILD, message_id(0), STAFF)
    assert (await kept(database)).state == "open"
    async with database.transaction() as tx:
        await tx.queue.advance([key(0)], Stage.ACT, {"stage": Stage.DONE.value})
    await asking.post(GUILD, message_id(0), STAFF)
    await road.at_rest()
    assert posts(discord) == [PROPOSED]


async def test_posted_it_is_the_members_reply(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database, desk: Desk
) -> None:
    card = await asking.post(GUILD, message_id(0), STAFF)
    assert card.suggestion.state == "posting"
    await road.at_rest()
    await asking.look()
    assert posts(discord) == [PROPOSED]
    assert (await road.row(0)).status == "responded"
    found = await kept(database)
    assert (found.state, found.posted, found.decided_by) == ("posted", None, STAFF)
    assert [state for _, state in desk.shown] == ["posting", "posted"]
    assert desk.shown[0][0] == discord.posts[0].id


async def test_it_is_posted_once_however_many_press(
    asking: SuggestionService, road: Road, discord: FakeDiscord
) -> None:
    pressed = await asyncio.gather(
        *(asking.post(GUILD, message_id(0), STAFF + each) for each in range(5)), return_exceptions=True
    )
    refused = [each for each in pressed if isinstance(each, BaseException)]
    assert [str(each).split(";")[0] for each in refused] == ["This is decided already"] * 4
    await road.at_rest()
    assert posts(discord) == [PROPOSED]


async def test_one_posts_while_another_dismisses(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database
) -> None:
    done = await asyncio.gather(
        asking.dismiss(GUILD, message_id(0), STAFF),
        asking.post(GUILD, message_id(0), STAFF + 1),
        return_exceptions=True,
    )
    assert sum(isinstance(each, UserFacingError) for each in done) == 1
    await road.at_rest()
    await asking.look()
    found = await kept(database)
    assert posts(discord) == ([PROPOSED] if found.state == "posted" else [])


async def test_a_post_that_died_with_its_process_is_made_by_the_next(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database, desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(road.orchestrator, "post", lambda *_: None)  # killed right after its commit
    await asking.post(GUILD, message_id(0), STAFF, "Other words.")
    assert posts(discord) == []
    async with database.transaction() as tx:
        await tx.queue.release_all()  # as a start does
    second = road.anew()
    assert not await second.orchestrator._sweep(Stage.ACT)
    await second.at_rest()
    await service(second, desk).look()
    assert posts(discord) == ["Other words."]
    assert (await kept(database)).state == "posted"


async def test_what_was_posted_before_the_process_died_is_not_posted_again(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database, desk: Desk
) -> None:
    discord.script.append("lost")  # Discord took it, its answer is lost
    await asking.post(GUILD, message_id(0), STAFF)
    await road.at_rest()
    second = road.anew()
    await second.orchestrator._sweep(Stage.ACT)
    await second.at_rest()
    await service(second, desk).look()
    assert posts(discord) == [PROPOSED]
    assert (await kept(database)).state == "posted"


async def test_staffs_words_and_decisions_are_kept_as_feedback(
    asking: SuggestionService, road: Road, database: Database, discord: FakeDiscord
) -> None:
    await asking.post(GUILD, message_id(0), STAFF, "  Run setup as root.  ")
    await road.at_rest()
    found = await kept(database)
    assert (found.proposed, found.posted, found.decided_by) == (PROPOSED, "Run setup as root.", STAFF)
    await road.answer(1, author_id=OTHER_MEMBER)
    await asking.dismiss(GUILD, message_id(1), STAFF, "no question")
    assert (await kept(database, 1)).reason == "no question"
    async with database.reading() as tx:
        given = await tx.feedback.list_of(GUILD)
    assert [(each.kind, each.giver, each.verdict, each.user_id) for each in given] == [
        ("suggestion", "staff", "right", STAFF),
        ("suggestion", "staff", "wrong", STAFF),
    ]


@pytest.mark.parametrize("words", ["", "   ", "x" * 2_001])
async def test_words_that_can_not_be_posted_are_refused(
    asking: SuggestionService, database: Database, words: str
) -> None:
    with pytest.raises(UserFacingError, match="1 to 2,000 characters"):
        await asking.post(GUILD, message_id(0), STAFF, words)
    assert (await kept(database)).state == "open"


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        ({"content": "never mind", "edited_at": timedelta(minutes=1)}, "the message was edited since"),
        ({"author_id": OTHER_MEMBER}, "somebody has answered meanwhile"),
        ({"wait": timedelta(days=1, minutes=1)}, "nobody decided within a day"),
    ],
    ids=["edited", "answered", "late"],
)
@pytest.mark.parametrize("looked", [True, False], ids=["noticed", "pressed"])
async def test_what_is_overtaken_is_never_posted(
    asking: SuggestionService, road: Road, happens: dict[str, Any], reason: str, looked: bool
) -> None:
    database, clock = road.database, road.clock
    if "edited_at" in happens:
        edit = {"key": key(0), "content": happens["content"], "edited_at": clock.now() + happens["edited_at"]}
        async with database.transaction() as tx:
            await tx.signals.edit_batch([edit])
    elif "author_id" in happens:
        await road.hear(5, author_id=OTHER_MEMBER, reply_to_id=message_id(0), stage=Stage.DONE)
    else:
        clock.advance(happens["wait"].total_seconds())
    if looked:
        await asking.look()
        assert (await kept(database)).state == "expired"
    with pytest.raises(UserFacingError):
        await asking.post(GUILD, message_id(0), STAFF)
    found = await kept(database)
    assert (found.state, found.reason) == ("expired", reason)
    assert posts(road.discord) == []


async def test_the_askers_own_reply_does_not_overtake_it(asking: SuggestionService, road: Road) -> None:
    await road.hear(5, author_id=MEMBER, reply_to_id=message_id(0), stage=Stage.DONE)
    await asking.look()
    assert (await kept(road.database)).state == "open"


async def test_a_deleted_message_takes_card_and_words(
    asking: SuggestionService, road: Road, database: Database, desk: Desk, discord: FakeDiscord
) -> None:
    async with database.transaction() as tx:
        await tx.signals.erase_place(CHANNEL, road.clock.now())
    desk.failure = UnreachableError("Discord is down")
    await asking.look()
    assert (await kept(database)).proposed == PROPOSED  # until the card is gone, so that it is tried again
    desk.failure = None
    await asking.look()
    found = await kept(database)
    assert (found.state, found.proposed, found.posted) == ("expired", "", None)
    assert desk.removed == [discord.posts[0].id]
    await asking.look()
    assert desk.removed == [discord.posts[0].id]


async def test_a_card_that_staff_deleted_is_no_trouble(
    asking: SuggestionService, road: Road, database: Database, desk: Desk
) -> None:
    desk.failure = TargetGoneError("gone")
    await asking.dismiss(GUILD, message_id(0), STAFF)
    found = await kept(database)
    assert found.state == found.shown == SuggestionState.DISMISSED


async def test_another_server_knows_nothing_of_it(asking: SuggestionService) -> None:
    with pytest.raises(NotFoundError):
        await asking.post(OTHER_GUILD, message_id(0), STAFF)
    with pytest.raises(NotFoundError):
        await asking.dismiss(OTHER_GUILD, message_id(0), STAFF)


async def test_nothing_is_said_aloud_that_staff_have_not_seen(
    asking: SuggestionService, road: Road, discord: FakeDiscord
) -> None:
    await road.answer(3, **URGENT)
    assert posts(discord) == []
    assert any("urgent" in each for each in posts(discord, STAFF_CHANNEL))


async def test_without_its_channel_nothing_is_answered(
    asking: SuggestionService, road: Road, discord: FakeDiscord
) -> None:
    await road.guilds.lose_staff_channel(GUILD, "staff_channel_id")
    record = await road.answer(4)
    assert (record.status, record.reason) == ("skipped", "auto-replies are off here")


async def test_a_reply_that_discord_refuses_is_told(
    asking: SuggestionService, road: Road, discord: FakeDiscord, database: Database
) -> None:
    discord.gone.add(message_id(0))
    await asking.post(GUILD, message_id(0), STAFF)
    await road.at_rest()
    await asking.look()
    found = await kept(database)
    assert (found.state, found.reason) == ("failed", "the message to answer is gone")


async def test_a_deleted_message_takes_an_open_card_at_the_next_look(
    asking: SuggestionService, road: Road, desk: Desk
) -> None:
    async with road.database.transaction() as tx:
        await tx.signals.erase_place(CHANNEL, road.clock.now())
    await asking.look(searches=False)
    assert len(desk.removed) == 1
    assert (await kept(road.database)).proposed == ""


async def test_all_cards_are_searched_only_now_and_then(
    asking: SuggestionService, road: Road, desk: Desk
) -> None:
    await asking.dismiss(GUILD, message_id(0), STAFF)
    async with road.database.transaction() as tx:
        await tx.signals.erase_place(CHANNEL, road.clock.now())
    await asking.look(searches=False)
    assert desk.removed == []
    await asking.look()
    assert len(desk.removed) == 1
