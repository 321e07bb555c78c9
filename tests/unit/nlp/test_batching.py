import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from bot.nlp.batching import BatchingEncoder, Limits
from bot.nlp.encoder import EncoderBusy, EncoderUnavailable, Vectors
from bot.nlp.hashed import HashedEncoder

DIM = 32
WIDTH = 48


class Recorder:
    """Encodes for real, and remembers what was asked; while `gate` is closed it waits."""

    dim = DIM
    width = WIDTH

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.stops = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.error: Exception | None = None

    async def encode_batch(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(list(texts))
        self.begun.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        return expected_features(texts)

    async def stop(self) -> None:
        self.stops += 1


class Naps:
    """A sleep that ends when the test says so, by its length in seconds; 0 ends at once."""

    def __init__(self) -> None:
        self.open: dict[float, list[asyncio.Event]] = {}

    async def sleep(self, seconds: float) -> None:
        if seconds == 0:
            return
        event = asyncio.Event()
        self.open.setdefault(seconds, []).append(event)
        await event.wait()

    async def end(self, seconds: float) -> None:
        while seconds not in self.open:  # noqa: ASYNC110 - one turn of the loop, no waiting
            await asyncio.sleep(0)
        for event in self.open.pop(seconds):
            event.set()


GATHER, DEADLINE, IDLE = 0.005, 30.0, 900.0


def expected_features(texts: Sequence[str]) -> Vectors:
    return HashedEncoder(WIDTH).encode_now(texts)


def expected(texts: Sequence[str]) -> Vectors:
    return expected_features(texts)[:, :DIM]


def at_once(**limits: float) -> Limits:
    return Limits(gather=0, **limits)  # type: ignore[arg-type]


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_requests_within_the_gathering_time_share_one_pass() -> None:
    recorder, naps = Recorder(), Naps()
    encoder = BatchingEncoder(recorder, "test", Limits(gather=GATHER), naps.sleep)
    requests = [asyncio.create_task(encoder.encode([f"text {number}"])) for number in range(5)]
    await settle()
    assert recorder.batches == []
    await naps.end(GATHER)
    for number, vectors in enumerate(await asyncio.gather(*requests)):
        assert np.array_equal(vectors, expected([f"text {number}"]))
    assert [len(batch) for batch in recorder.batches] == [5]
    await encoder.close()


async def test_a_full_batch_does_not_wait_for_company() -> None:
    recorder, naps = Recorder(), Naps()
    encoder = BatchingEncoder(recorder, "test", Limits(batch_size=2, gather=GATHER), naps.sleep)
    await encoder.encode(["one", "two"])
    assert recorder.batches == [["one", "two"]]
    await encoder.close()


async def test_order_blanks_and_doubles_are_kept() -> None:
    recorder = Recorder()
    encoder = BatchingEncoder(recorder, "test", at_once(batch_size=3))
    texts = ["b", "", "a", "b", "  \n", "c", "d", "a"]
    vectors = await encoder.encode(texts)
    assert np.array_equal(vectors, expected(texts))
    assert vectors.dtype == np.float32
    assert sorted(text for batch in recorder.batches for text in batch) == ["a", "b", "c", "d"]
    assert (await encoder.encode([])).shape == (0, DIM)
    assert (await encoder.encode([" "])).tolist() == [[0.0] * DIM]
    await encoder.close()


async def test_features_are_whole_rows_in_order_with_zeros_for_blanks() -> None:
    encoder = BatchingEncoder(Recorder(), "test", at_once(batch_size=2))
    assert encoder.width == WIDTH
    texts = ["b", "", "a", "b", "  \n", "c"]
    features = await encoder.features(texts)
    assert np.array_equal(features, expected_features(texts))
    assert features.dtype == np.float32
    assert (await encoder.features([])).shape == (0, WIDTH)
    assert (await encoder.features([" "])).tolist() == [[0.0] * WIDTH]
    await encoder.close()


async def test_vectors_and_features_of_a_text_come_from_one_pass() -> None:
    recorder = Recorder()
    encoder = BatchingEncoder(recorder, "test", at_once())
    vectors, features = await asyncio.gather(encoder.encode(["a"]), encoder.features(["a"]))
    assert np.array_equal(vectors, expected(["a"]))
    assert np.array_equal(features, expected_features(["a"]))
    assert np.array_equal(await encoder.features(["a"]), features)
    assert np.array_equal(await encoder.encode(["a"]), vectors)
    assert recorder.batches == [["a"]]
    await encoder.close()


async def test_known_texts_are_not_encoded_again_until_they_are_the_oldest() -> None:
    recorder = Recorder()
    encoder = BatchingEncoder(recorder, "test", at_once(cache_size=2))
    for text in ("a", "b", "a", "c", "a", "b"):  # c pushes b out, not a
        assert np.array_equal(await encoder.encode([text]), expected([text]))
    assert recorder.batches == [["a"], ["b"], ["c"], ["b"]]
    await encoder.close()


async def test_a_caller_who_writes_into_its_vectors_spoils_no_other() -> None:
    encoder = BatchingEncoder(Recorder(), "test", at_once())
    for _ in range(2):  # fresh, then remembered
        (await encoder.encode(["a"]))[:] = 7
        (await encoder.features(["a"]))[:] = 7
    assert np.array_equal(await encoder.features(["a"]), expected_features(["a"]))
    await encoder.close()


async def test_the_same_text_under_way_is_waited_for_together() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    encoder = BatchingEncoder(recorder, "test", at_once())
    first = asyncio.create_task(encoder.encode(["a"]))
    await recorder.begun.wait()
    second = asyncio.create_task(encoder.encode(["a"]))
    await settle()
    recorder.gate.set()
    await asyncio.gather(first, second)
    assert recorder.batches == [["a"]]
    await encoder.close()


async def test_a_full_queue_refuses_and_what_waits_is_still_done() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    encoder = BatchingEncoder(recorder, "test", at_once(queue_size=2, batch_size=1))
    under_way = asyncio.create_task(encoder.encode(["a"]))
    await recorder.begun.wait()
    waiting = [asyncio.create_task(encoder.encode([text])) for text in ("b", "c")]
    await settle()
    for ask in (encoder.encode, encoder.features):
        with pytest.raises(EncoderBusy, match="2 texts are waiting"):
            await ask(["d"])
    assert recorder.batches == [["a"]]
    assert encoder.depth == 3
    recorder.gate.set()
    await asyncio.gather(under_way, *waiting)
    assert encoder.depth == 0
    await encoder.encode(["d"])
    await encoder.close()


async def test_a_long_request_takes_turns_with_a_short_one() -> None:
    recorder = Recorder()
    encoder = BatchingEncoder(recorder, "test", at_once(queue_size=1, batch_size=4))
    long = asyncio.create_task(encoder.encode([f"long {number}" for number in range(40)]))
    await recorder.begun.wait()
    await encoder.encode(["short"])
    assert len(recorder.batches) <= 3
    assert np.array_equal(await long, expected([f"long {number}" for number in range(40)]))
    await encoder.close()


async def test_who_waits_too_long_goes_on_and_what_nobody_waits_for_is_left_out() -> None:
    recorder, naps = Recorder(), Naps()
    recorder.gate.clear()
    encoder = BatchingEncoder(recorder, "test", at_once(deadline=DEADLINE, batch_size=1), naps.sleep)
    requests = [asyncio.create_task(ask) for ask in (encoder.encode(["a"]), encoder.features(["b"]))]
    await recorder.begun.wait()
    await naps.end(DEADLINE)
    for request in requests:
        with pytest.raises(EncoderUnavailable, match=r"longer than 30 s.*nlp\.deadline_seconds"):
            await request
    recorder.gate.set()
    await encoder.encode(["c"])
    assert recorder.batches == [["a"], ["c"]]
    await encoder.close()


async def test_a_cancelled_request_leaves_the_others_alone() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    encoder = BatchingEncoder(recorder, "test", at_once())
    one, other = (asyncio.create_task(encoder.encode(["a"])) for _ in range(2))
    await recorder.begun.wait()
    one.cancel()
    await settle()
    recorder.gate.set()
    assert np.array_equal(await other, expected(["a"]))
    await encoder.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [(EncoderUnavailable("pull the plug"), "pull the plug"), (RuntimeError("x"), "failed: RuntimeError")],
    ids=["unavailable", "unexpected"],
)
async def test_a_failed_batch_is_told_and_not_remembered(error: Exception, words: str) -> None:
    recorder = Recorder()
    recorder.error = error
    encoder = BatchingEncoder(recorder, "test", at_once())
    for ask in (encoder.encode, encoder.features):
        with pytest.raises(EncoderUnavailable, match=words):
            await ask(["a", "b"])
    recorder.error = None
    assert np.array_equal(await encoder.encode(["a"]), expected(["a"]))
    await encoder.close()


async def test_without_work_for_a_while_the_backend_is_stopped_once() -> None:
    recorder, naps = Recorder(), Naps()
    encoder = BatchingEncoder(recorder, "test", at_once(idle=IDLE), naps.sleep)
    await encoder.encode(["a"])
    await settle()
    assert recorder.stops == 0
    await naps.end(IDLE)
    await settle()
    assert recorder.stops == 1
    assert IDLE not in naps.open
    await encoder.encode(["b"])
    assert recorder.batches == [["a"], ["b"]]
    await encoder.close()


async def test_idle_none_never_stops_the_backend() -> None:
    recorder, naps = Recorder(), Naps()
    encoder = BatchingEncoder(recorder, "test", Limits(gather=0, idle=None, deadline=DEADLINE), naps.sleep)
    await encoder.encode(["a"])
    await settle()
    assert set(naps.open) <= {DEADLINE}
    await encoder.close()
    assert recorder.stops == 1


async def test_close_ends_every_wait_and_refuses_what_comes_later() -> None:
    recorder = Recorder()
    recorder.gate.clear()
    encoder = BatchingEncoder(recorder, "test", at_once(batch_size=1))
    requests = [asyncio.create_task(encoder.encode([text])) for text in ("a", "b")]
    await recorder.begun.wait()
    await encoder.close()
    for request in requests:
        with pytest.raises(EncoderUnavailable, match="closed"):
            await request
    for ask in (encoder.encode, encoder.features):
        with pytest.raises(EncoderUnavailable, match="closed"):
            await ask(["c"])
    await encoder.close()
    assert recorder.stops == 2
