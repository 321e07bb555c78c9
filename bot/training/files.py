"""What training writes: the weights, the keys of the rows behind them, and the model card."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.nlp import heads
from bot.training.card import card
from bot.training.heads import Trained
from bot.training.matrix import Design
from bot.training.rows import Sample


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
    keys = np.array(sorted({key for sample in samples for key in sample.keys}), np.uint64)
    np.save(folder / "trained_rows.npy", keys, allow_pickle=False)
    path = folder / "CARD.md"
    path.write_text(card(samples, trained, date), "utf-8")
    return [*written, folder / "trained_rows.npy", path]
