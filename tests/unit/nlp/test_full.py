"""The second judge: heads over vectors and the lines before."""

import asyncio
import threading
from collections.abc import Sequence
from zlib import crc32

import numpy as np
import pytest

from bot.domain.signal import Intent, Judgement, Purpose, Sentiment, Urgency
from bot.nlp import full
from bot.nlp import heads as trained
from bot.nlp.classifier import EmbeddedClassifier
from bot.nlp.encoder import Encoder, EncoderBusy, FeatureEncoder, Vectors
from bot.nlp.full import EncoderRefiner, flagged_chances, full_chances, load_refiner
from bot.nlp.hashed import HashedEncoder
from bot.nlp.minilm_weights import DIM, MODEL, PARTS
from bot.nlp.reading import read
from bot.nlp.refining import Request, find_refiner

LIGHT = Judgement(
    Purpose.SUPPORT, Sentiment.NEUTRAL, 0.0, Urgency.LOW, 0.0, Intent.OTHER, 0.6, "", "en", uncertain=True
)
ASKED = "bob: my server crashes with an error at every start, how do i fix it?"


class PlainEncoder:
    """Gives vectors, and no features."""

    def __init__(self, name: str = MODEL) -> None:
        self.name = name
        self.dim = DIM
        self.asked: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Vectors:
        return vectors(texts)[:, :DIM]

    async def close(self) -> None:
        return None


class MadeUpEncoder(PlainEncoder):
    """Gives features too: chance ones, the same for the same text."""

    width = PARTS * DIM

    async def features(self, texts: Sequence[str]) -> Vectors:
        self.asked.extend(texts)
        if "too much" in texts:
            raise EncoderBusy
        return vectors(texts)


def vectors(texts: Sequence[str]) -> Vectors:
    rows = np.zeros((len(texts), PARTS * DIM), np.float32)
    for row, text in zip(rows, texts, strict=True):
        row[:] = np.random.default_rng(crc32(text.encode())).normal(scale=DIM**-0.5, size=len(row))
    return rows


def request(text: str, *context: str, author: str = "") -> Request:
    return Request(text, context, author, LIGHT)


async def test_every_request_gets_a_judgement_in_its_order_whatever_stands_beside_it() -> None:
    refiner = EncoderRefiner(MadeUpEncoder())
    requests = [
        request("same here", ASKED, author="ann"),
        request("how do i pin a message?"),
        request(""),
        request("it is 2.1", "bob: which version?", author="ann"),
    ]
    together = await refiner.refine(requests)
    assert together == [(await refiner.refine([each]))[0] for each in requests]
    assert together[2].purpose is Purpose.UNKNOWN
    assert not any(judgement.uncertain for judgement in together)
    assert await refiner.refine([]) == []


async def test_what_was_said_before_makes_a_difference() -> None:
    refiner = EncoderRefiner(MadeUpEncoder())
    alone, after = await refiner.refine([request("it does that too"), request("it does that too", ASKED)])
    assert alone.confidence != after.confidence
    assert alone._replace(intent=after.intent, confidence=0, rationale="", purpose=after.purpose) == (
        after._replace(confidence=0, rationale="")
    )


async def test_who_wrote_it_makes_a_difference() -> None:
    refiner = EncoderRefiner(MadeUpEncoder())
    own, others = await refiner.refine(
        [request("it does that too", ASKED, author=author) for author in ("bob", "ann")]
    )
    assert own.confidence != others.confidence


def test_only_the_intent_depends_on_the_lines_before_and_all_on_the_vectors() -> None:
    readings = [read("it does that too")]
    alone = full_chances(readings, vectors(["x"]), [()], [""])
    after = full_chances(readings, vectors(["x"]), [(ASKED,)], [""])
    other = full_chances(readings, vectors(["y"]), [()], [""])
    for name in trained.EVERY_MESSAGE:
        same = np.array_equal(getattr(alone, name), getattr(after, name))
        assert same is (name != trained.INTENT), name
        assert not np.array_equal(getattr(alone, name), getattr(other, name)), name
        assert getattr(after, name).sum() == pytest.approx(1, abs=1e-5)


def test_lines_before_are_judged_by_the_light_heads() -> None:
    texts = ["how do i pin a message?", "good morning", ASKED]
    for chance, judgement in zip(flagged_chances(texts), EmbeddedClassifier().classify(texts), strict=True):
        flagged = judgement.intent is not Intent.OTHER
        assert chance == pytest.approx(
            judgement.confidence if flagged else 1 - judgement.confidence, abs=1e-3
        )


async def test_the_encoder_sees_the_texts_and_its_refusal_passes_through() -> None:
    encoder = MadeUpEncoder()
    await EncoderRefiner(encoder).refine([request("a", "x: before"), request("b")])
    assert encoder.asked == ["a", "b"]
    with pytest.raises(EncoderBusy):
        await EncoderRefiner(encoder).refine([request("too much")])


async def test_the_loop_goes_on_while_a_thread_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, released, begun = asyncio.get_running_loop(), threading.Event(), asyncio.Event()
    plain = full.full_chances

    def held_up(*arguments: object) -> object:
        loop.call_soon_threadsafe(begun.set)
        assert released.wait(30)  # would never be set by a loop that waits for this
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(full, "full_chances", held_up)
    judging = asyncio.create_task(EncoderRefiner(MadeUpEncoder()).refine([request("how do i pin it?")]))
    await asyncio.wait_for(begun.wait(), 30)
    assert not judging.done()
    released.set()
    assert len(await judging) == 1


def test_there_is_a_second_judge_for_the_model_the_heads_were_trained_with() -> None:
    encoder = MadeUpEncoder()
    assert isinstance(encoder, FeatureEncoder)
    assert isinstance(load_refiner(encoder), EncoderRefiner)
    assert isinstance(find_refiner(encoder), EncoderRefiner)


@pytest.mark.parametrize(
    "encoder",
    [
        pytest.param(MadeUpEncoder("own-0123456789ab"), id="another model"),
        pytest.param(PlainEncoder(), id="no features"),
        pytest.param(HashedEncoder(), id="hashed"),
    ],
)
def test_there_is_none_for_other_encoders(encoder: Encoder) -> None:
    assert load_refiner(encoder) is None
