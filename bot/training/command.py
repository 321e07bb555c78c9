"""The command line of the training."""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.training.encoded import features_of
from bot.training.files import write
from bot.training.heads import train
from bot.training.recipes import gather
from bot.training.rows import CorpusError, Sample

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "eval" / "dev"
FAILED, WRONG = 1, 2  # exit codes
CALLED_FROM: Final = "LOOKOUT_CALLED_FROM"  # set by run.py, which works in its own folder: the caller's


def main(arguments: Sequence[str]) -> int:
    """Run `train-heads` with its options; return the exit code."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else WRONG
    try:
        samples = gather(options.data)
    except OSError as error:
        _tell(f"{error.filename}: {error.strerror}: training needs the evaluation data, see --data")
        return WRONG
    except CorpusError as error:
        _tell(str(error))
        return WRONG
    try:
        vectors = None if options.light else _vectors(samples)
    except EncoderUnavailable as error:
        _tell(f"{error}; or train the light heads alone: --light")
        return FAILED
    data, trained = train(samples, vectors, _tell)
    for path in write(samples, data, trained, options.date):
        _tell(f"{path}: {path.stat().st_size / 1e3:,.0f} kB")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="run.py train-heads",
        description="Train the heads that judge messages anew and write bot/nlp/weights. The same data and"
        " versions give the same weights. Takes some minutes.",
    )
    parser.add_argument(
        "--data", type=_path, default=DATA, metavar="DIR", help=f"evaluation data (default: {DATA})"
    )
    parser.add_argument("--light", action="store_true", help="only the heads that need no encoder")
    parser.add_argument(
        "--date", default=datetime.now(UTC).date().isoformat(), help="for the model card (default: today)"
    )
    return parser


def _path(text: str) -> Path:
    return Path(os.environ.get(CALLED_FROM, ""), text)


def _vectors(samples: Sequence[Sample]) -> Vectors:
    return features_of([sample.text for sample in samples], _tell)


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
