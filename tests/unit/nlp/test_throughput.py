import itertools
from collections.abc import Sequence

from bot.nlp.encoder import Vectors
from bot.nlp.hashed import HashedEncoder
from bot.nlp.throughput import Throughput, measure_throughput


class Counted(HashedEncoder):
    def __init__(self) -> None:
        super().__init__(16)
        self.sizes: list[int] = []
        self.texts: list[str] = []

    async def encode(self, texts: Sequence[str]) -> Vectors:
        self.sizes.append(len(texts))
        self.texts.extend(texts)
        return await super().encode(texts)


async def test_every_size_has_texts_of_its_own_and_loading_is_not_counted() -> None:
    encoder = Counted()
    ticks = itertools.count(0, 2)
    texts = [f"text {number}" for number in range(12)]
    found = await measure_throughput(encoder, texts, (1, 4), lambda: float(next(ticks)))
    assert found == [Throughput(1, 6, 2.0), Throughput(4, 6, 2.0)]
    assert found[0].per_second == 3.0
    assert encoder.sizes == [1, 1, 1, 1, 1, 1, 1, 4, 2]
    assert encoder.texts[1:] == texts


def test_no_time_is_no_throughput() -> None:
    assert Throughput(1, 0, 0.0).per_second == 0.0
