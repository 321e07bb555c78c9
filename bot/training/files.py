"""What training writes: the weights, the keys of the rows behind them, and the model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.nlp import heads
from bot.nlp.training_rows import text_key
from bot.training.card import card
from bot.training.heads import Trained
from bot.training.matrix import Design
from bot.training.rows import Sample


def keys_of(samples: Sequence[Sample]) -> NDArray[np.uint64]:
    """Return the keys of the rows trained on, and of their texts wherever else they stand, sorted."""
    keys = {key for sample in samples for key in sample.keys}
    keys |= {key for sample in samples if (key := text_key(sample.text))}
    return np.array(sorted(keys), np.uint64)


def write(
    samples: Sequence[Sample],
    data: Design,
    trained: Mapping[str, Trained],
    date: str,
    folder: Path = heads.FOLDER,
) -> list[Path]:
    """Write everything; return what was written. The same samples give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for mode, each in trained.items():
        path = folder / f"{mode}.npz"
        heads.save(path, each.heads, data.idf)
        written.append(path)
    np.save(folder / "trained_rows.npy", keys_of(samples), allow_pickle=False)
    path = folder / "CARD.md"
    path.write_text(card(samples, trained, date), "utf-8")
    return [*written, folder / "trained_rows.npy", path]
