"""Searching what was trained: kept true by every change, and answered without the model, too."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bot.db import training_vectors
from bot.db.database import Database
from bot.nlp.encoder import EncoderBusy, EncoderUnavailable, Vectors
from bot.services.training import knowledge as module
from bot.services.training.drafts import Draft
from bot.services.training.entries import TrainingEntries
from bot.services.training.knowledge import Band, Found, Knowledge, Thresholds
from tests.fakes import FakeClock
from tests.services.support import GUILD, NOW, OTHER_GUILD, running

ADA = 71
RESET = Draft(("How do I reset my password?", "I forgot my login"), "Press Forgot.")
REFUND = Draft(("Can I have a refund?",), "Within 14 days.")


class WordEncoder:
    """A model that knows a text by its set of words; it can be made to fail or to hang."""

    dim = 64
    hangs = False

    def __init__(self, name: str = "words-1") -> None:
        self.name = name
        self.failure: Exception | None = None
        self.asked: list[int] = []

    async def encode(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        return np.stack([self._vector(text) for text in texts])

    async def close(self) -> None: ...

    def _vector(self, text: str) -> Any:
        vector = np.zeros(self.dim, np.float32)
        for word in text.lower().strip("?").split():
            vector[hashlib.blake2b(word.encode()).digest()[0] % self.dim] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture
def encoder() -> WordEncoder:
    return WordEncoder()


@pytest.fixture
def with_model(database: Database, clock: FakeClock, encoder: WordEncoder) -> Knowledge:
    return Knowledge(database, encoder, clock, encode_seconds=5)


def staff(database: Database, clock: FakeClock, knowledge: Knowledge) -> TrainingEntries:
    return TrainingEntries(database, clock, knowledge.update)


def answers(found: Found) -> list[str]:
    return [each.entry.answer for each in found.matches]


async def test_every_change_is_found_at_once(
    database: Database, clock: FakeClock, knowledge: Knowledge
) -> None:
    entries = staff(database, clock, knowledge)
    assert (await knowledge.search(GUILD, "how do i reset my password")).matches == ()
    made = await entries.add(GUILD, ADA, RESET)
    await entries.add(GUILD, ADA, REFUND)
    found = await knowledge.search(GUILD, "hi, how do I reset my PASSWORD")
    best = found.matches[0]
    assert (best.entry.id, best.is_exact, best.phrasing) == (made.entry.id, True, RESET.questions[0])
    assert (found.band, found.by, found.is_fallback) == (Band.TRAINED, "hashed-1024-1", False)
    await entries.edit(GUILD, ADA, made.entry.id, Draft(("Where is the key?",), "Under the mat."))
    assert answers(await knowledge.search(GUILD, "where is the key"))[0] == "Under the mat."
    assert "Press Forgot." not in answers(await knowledge.search(GUILD, RESET.questions[0]))
    await entries.remove(GUILD, ADA, made.entry.id)
    assert answers(await knowledge.search(GUILD, "where is the key")) == ["Within 14 days."]
    removal = (await entries.history(GUILD, made.entry.id))[0]
    await entries.undo(GUILD, ADA, removal.id)
    assert answers(await knowledge.search(GUILD, "where is the key"))[0] == "Under the mat."


async def test_a_guild_never_sees_another_ones_training(
    database: Database, clock: FakeClock, knowledge: Knowledge
) -> None:
    await staff(database, clock, knowledge).add(GUILD, ADA, RESET)
    assert (await knowledge.search(OTHER_GUILD, RESET.questions[0])).matches == ()
    assert (await knowledge.search(OTHER_GUILD, RESET.questions[0])).band == Band.BELOW


async def test_only_what_is_valid_now_is_found(
    database: Database, clock: FakeClock, knowledge: Knowledge
) -> None:
    entries = staff(database, clock, knowledge)
    noon, evening = NOW, NOW + timedelta(hours=6)
    await entries.add(GUILD, ADA, Draft(("Open?",), "Until six.", valid_from=noon, valid_until=evening))
    await entries.add(GUILD, ADA, Draft(("Open?",), "Closed.", valid_from=evening))
    assert answers(await knowledge.search(GUILD, "open?")) == ["Until six."]
    clock.advance(6 * 3_600 - 1)
    assert answers(await knowledge.search(GUILD, "open?")) == ["Until six."]
    clock.advance(1)
    assert answers(await knowledge.search(GUILD, "open?")) == ["Closed."]
    fresh = Knowledge(database, None, clock)
    assert answers(await fresh.search(GUILD, "open?")) == ["Closed."]


async def test_the_same_answer_in_two_entries_is_one_answer(
    database: Database, clock: FakeClock, knowledge: Knowledge
) -> None:
    entries = staff(database, clock, knowledge)
    await entries.add(GUILD, ADA, RESET)
    await entries.add(GUILD, ADA, Draft(("My password is gone",), RESET.answer))
    assert answers(await knowledge.search(GUILD, "my password is gone")) == [RESET.answer]


async def test_the_guilds_threshold_decides_the_band(
    database: Database, clock: FakeClock, knowledge: Knowledge
) -> None:
    await staff(database, clock, knowledge).add(GUILD, ADA, RESET)
    asked = "is my password safe with you"
    score = (await knowledge.search(GUILD, asked)).matches[0].score
    assert 0.1 < score < 0.98
    for thresholds, band in (
        (Thresholds(score - 0.01), Band.TRAINED),
        (Thresholds(score + 0.01), Band.COMPOSED),
        (Thresholds(0.999, score + 0.01), Band.BELOW),
    ):
        knowledge.thresholds_of = {GUILD: thresholds}.__getitem__
        found = await knowledge.search(GUILD, asked)
        assert (found.band, found.threshold) == (band, thresholds.trained)
    knowledge.thresholds_of = {GUILD: Thresholds(1.0)}.__getitem__
    assert (await knowledge.search(GUILD, RESET.questions[0])).band == Band.TRAINED  # the same question


class TestWithAModel:
    async def test_its_vectors_are_stored_and_read_again(
        self, database: Database, clock: FakeClock, with_model: Knowledge, encoder: WordEncoder
    ) -> None:
        await with_model.search(GUILD, "anything")
        await staff(database, clock, with_model).add(GUILD, ADA, RESET)
        found = await with_model.search(GUILD, "reset my password how")
        assert (found.by, found.is_fallback, answers(found)) == ("words-1", False, [RESET.answer])
        again = WordEncoder()
        fresh = Knowledge(database, again, clock)
        assert (await fresh.search(GUILD, "reset my password how")).by == "words-1"
        assert again.asked == [1]  # the question alone

    async def test_another_models_vectors_are_made_anew_and_words_answer_meanwhile(
        self, database: Database, clock: FakeClock, with_model: Knowledge
    ) -> None:
        await with_model.search(GUILD, "anything")
        await staff(database, clock, with_model).add(GUILD, ADA, RESET)
        other = Knowledge(database, WordEncoder("words-2"), clock)
        found = await other.search(GUILD, RESET.questions[0])
        assert (found.by, found.is_fallback, answers(found)) == ("hashed-1024-1", True, [RESET.answer])
        await other.encode_lacking()
        assert (await other.search(GUILD, RESET.questions[0])).by == "words-2"

    @pytest.mark.parametrize(
        "failure", [EncoderBusy("full"), EncoderUnavailable("loading"), None], ids=["busy", "away", "slow"]
    )
    async def test_words_answer_while_the_model_does_not(
        self, database: Database, clock: FakeClock, failure: Exception | None
    ) -> None:
        encoder = WordEncoder()
        knowledge = Knowledge(database, encoder, clock, encode_seconds=0.01)
        await knowledge.search(GUILD, "anything")
        await staff(database, clock, knowledge).add(GUILD, ADA, RESET)
        encoder.failure, encoder.hangs = failure, failure is None
        found = await knowledge.search(GUILD, "how do i reset my pass word")
        assert (found.is_fallback, answers(found)) == (True, [RESET.answer])
        encoder.failure, encoder.hangs = None, False
        encoder.asked.clear()
        assert (await knowledge.search(GUILD, "how do i reset my pass word")).is_fallback
        assert encoder.asked == []  # it is left alone for a moment
        clock.advance(module.REST_SECONDS)
        assert not (await knowledge.search(GUILD, "how do i reset my pass word")).is_fallback

    async def test_what_was_added_while_it_was_away_is_encoded_when_it_is_back(
        self, database: Database, clock: FakeClock, with_model: Knowledge, encoder: WordEncoder
    ) -> None:
        await with_model.search(GUILD, "anything")
        encoder.failure = EncoderUnavailable("away")
        await staff(database, clock, with_model).add(GUILD, ADA, RESET)
        assert (await with_model.search(GUILD, RESET.questions[0])).is_fallback

        async def back(seconds: float) -> None:
            clock.advance(seconds)
            encoder.failure = None

        clock.sleep = back  # type: ignore[method-assign]
        await with_model.encode_lacking()
        assert (await with_model.search(GUILD, RESET.questions[0])).by == "words-1"

    async def test_many_new_questions_are_found_by_words_until_the_worker_has_encoded_them(
        self,
        database: Database,
        clock: FakeClock,
        with_model: Knowledge,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "AT_ONCE", 1)
        await with_model.search(GUILD, "anything")
        await staff(database, clock, with_model).add(GUILD, ADA, RESET)
        assert (await with_model.search(GUILD, RESET.questions[1])).is_fallback
        encoded = asyncio.Event()
        embed = with_model._embed_portion

        async def told(guild_id: int, within: float | None = None) -> bool | None:
            done = await embed(guild_id, within)
            if done is False:
                encoded.set()
            return done

        monkeypatch.setattr(with_model, "_embed_portion", told)
        async with running(with_model.run), asyncio.timeout(10):
            await encoded.wait()
            assert (await with_model.search(GUILD, RESET.questions[1])).by == "words-1"

    async def test_nobody_waits_for_a_model_that_is_still_loading(
        self, database: Database, clock: FakeClock, with_model: Knowledge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await staff(database, clock, with_model).add(GUILD, ADA, RESET)
        monkeypatch.setattr(module, "WAKE_SECONDS", 0.01)
        loading = WordEncoder()
        loaded, encode = asyncio.Event(), loading.encode

        async def encode_once_loaded(texts: Sequence[str]) -> Vectors:
            loading.asked.append(len(texts))
            await loaded.wait()
            return await encode(texts)

        monkeypatch.setattr(loading, "encode", encode_once_loaded)
        fresh = Knowledge(database, loading, clock, encode_seconds=600)
        await fresh.load()
        for _ in range(2):
            async with asyncio.timeout(30):  # far less than `encode_seconds`
                found = await fresh.search(GUILD, "reset my password how")
            assert (found.is_fallback, answers(found)) == (True, [RESET.answer])
        assert loading.asked == [1]  # it is woken once, and not given up
        waking = fresh._waking
        assert waking is not None
        loaded.set()
        await waking
        assert (await fresh.search(GUILD, "reset my password how")).by == "words-1"


async def test_it_is_ready_once_what_was_trained_is_read(database: Database, clock: FakeClock) -> None:
    await staff(database, clock, Knowledge(database, None, clock)).add(GUILD, ADA, RESET)
    knowledge = Knowledge(database, None, clock)
    assert not knowledge.is_ready
    await knowledge.load()
    assert knowledge.is_ready
    assert list(knowledge._shelves) == [GUILD]
    assert knowledge._shelves[GUILD].has_words


async def test_what_cannot_be_read_keeps_nobody_waiting_for_ever(
    database: Database, clock: FakeClock
) -> None:
    knowledge = Knowledge(database, None, clock)
    clock.advance(module.LOAD_SECONDS - 1)
    assert not knowledge.is_ready
    clock.advance(1)
    assert knowledge.is_ready


@pytest.mark.parametrize("count", [6, 7, 0], ids=["whole portions", "a part", "none"])
async def test_all_is_read_whatever_a_portion_is(
    database: Database, clock: FakeClock, knowledge: Knowledge, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_vectors, "PORTION", 3)
    entries = staff(database, clock, knowledge)
    for number in range(count):
        await entries.add(GUILD, ADA, Draft((f"question {number}",), f"Answer {number}."))
    fresh = Knowledge(database, None, clock)
    found = await fresh.search(GUILD, "question", limit=10)
    assert sorted(answers(found)) == [f"Answer {number}." for number in range(count)]


async def test_few_guilds_are_kept_in_memory(database: Database, clock: FakeClock) -> None:
    knowledge = Knowledge(database, None, clock, max_guilds=2)
    entries = staff(database, clock, knowledge)
    for guild_id in (GUILD, GUILD + 1, GUILD + 2):
        await entries.add(guild_id, ADA, RESET)
        await knowledge.search(guild_id, "x")
    assert list(knowledge._shelves) == [GUILD + 1, GUILD + 2]
    await entries.add(GUILD, ADA, REFUND)  # not in memory
    assert answers(await knowledge.search(GUILD, "refund"))[0] == REFUND.answer


async def test_a_change_during_the_loading_is_not_lost(database: Database, clock: FakeClock) -> None:
    first = Knowledge(database, None, clock)
    await staff(database, clock, first).add(GUILD, ADA, RESET)
    knowledge = Knowledge(database, None, clock)
    entries = staff(database, clock, knowledge)
    await asyncio.gather(
        knowledge.search(GUILD, "x"), entries.add(GUILD, ADA, REFUND), knowledge.search(GUILD, "y")
    )
    assert answers(await knowledge.search(GUILD, "refund?"))[0] == REFUND.answer
    assert answers(await knowledge.search(GUILD, RESET.questions[0]))[0] == RESET.answer
