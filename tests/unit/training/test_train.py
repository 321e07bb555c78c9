"""The whole training on a few made-up rows, as a command and part by part."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bot import cli
from bot.nlp import context, features, heads
from bot.nlp.encoder import EncoderUnavailable
from bot.nlp.training_rows import text_key
from bot.training import command, fit
from bot.training import heads as training
from bot.training.files import write
from bot.training.matrix import Design
from bot.training.recipes import RECIPES, gather
from bot.training.rows import Sample

pytestmark = pytest.mark.usefixtures("sklearn")
DATE = "2030-01-02"
SOURCES = ("corpus/chat", "corpus/routes", "day_logs", "sentiment", "toxicity", "spam_purpose", "routing")


def quietly(_: str) -> None:
    """Tell nobody."""


@pytest.fixture(autouse=True, scope="module")
def _quick() -> Iterator[None]:
    """Fewer folds, and models that are found in a few steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "FOLDS", 2)
        patch.setattr(training, "RECIPES", tuple(each._replace(light=0.05, full=0.05) for each in RECIPES))
        yield


def into(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have the command write to a folder of the test."""
    patch.setattr(command, "write", partial(write, folder=folder))


@pytest.fixture(scope="module")
def trained(tiny_for_all: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder written by `train-heads --light`."""
    folder = tmp_path_factory.mktemp("weights") / "new"
    with pytest.MonkeyPatch.context() as patch:
        into(folder, patch)
        words = ["train-heads", "--light", "--data", str(tiny_for_all), "--date", DATE]
        assert cli.main(words) == 0
    return folder


Again = tuple[list[Sample], Design, dict[str, training.Trained]]


@pytest.fixture(scope="module")
def again(tiny_for_all: Path) -> Again:
    """The same rows, and what a second training finds on them."""
    samples = gather(tiny_for_all)
    return samples, *training.train(samples, None, quietly)


def test_the_command_writes_light_heads_keys_and_card(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == ["CARD.md", "light.npz", "trained_rows.npy"]
    found = heads.load(trained / "light.npz", tuple(heads.LABELS))
    assert found.widths() == dict.fromkeys(heads.LABELS, features.SIZE)


def test_the_keys_are_those_of_the_rows_trained_on(trained: Path, tiny_for_all: Path) -> None:
    keys = np.load(trained / "trained_rows.npy", allow_pickle=False)
    samples = gather(tiny_for_all)
    rows = {key for sample in samples for key in sample.keys}
    texts = {text_key(sample.text) for sample in samples} - {0}
    assert keys.tolist() == sorted(rows | texts)
    assert len(keys) > sum(not sample.is_corpus for sample in samples)  # "hm" is there twice a day


def test_the_card_names_every_source_head_and_licence(trained: Path, tiny_for_all: Path) -> None:
    card = (trained / "CARD.md").read_text("utf-8")
    samples = gather(tiny_for_all)
    for source in SOURCES:
        rows = sum(sample.source == source for sample in samples)
        licence = "this project" if source.startswith("corpus/") else "MIT"
        assert f"\n| {source} | {rows} | {licence} | " in card
    for name in heads.LABELS:
        assert f"\n| {name} | light | " in card
    assert "| full |" not in card
    assert "\n| toxicity | 2" in card
    assert f"Made on {DATE}" in card
    assert f"{features.SIZE} numbers" in card
    assert "6 days of channels" in card


def test_the_heads_tell_the_made_up_rows_apart(trained: Path) -> None:
    found = heads.load(trained / "light.npz", (heads.INTENT, heads.ROUTE))
    from bot.nlp.reading import read

    readings = [read(text) for text in ("how do i pin a note 77", "page 77 does not load, it fails", "math")]
    looked_up = found.lookup(features.grams_read(readings))
    numbers = features.numbers_of(readings)
    assert found.probabilities(heads.INTENT, looked_up, numbers)[:2].argmax(axis=1).tolist() == [0, 1]
    assert found.probabilities(heads.ROUTE, looked_up, numbers)[2].argmax() == 0


def test_the_same_rows_give_the_same_bytes(trained: Path, again: Again, tmp_path: Path) -> None:
    samples, data, found = again
    paths = write(samples, data, found, DATE, tmp_path / "again")
    assert [path.name for path in paths] == ["light.npz", "trained_rows.npy", "CARD.md"]
    assert [path.read_bytes() for path in paths] == [(trained / path.name).read_bytes() for path in paths]


def test_full_heads_take_vectors_and_for_the_intent_the_lines_before(tiny: Path) -> None:
    samples = gather(tiny)
    vectors = np.random.default_rng(1).normal(size=(len(samples), 8)).astype(np.float32)
    told: list[str] = []
    data, found = training.train(samples, vectors, told.append)
    assert list(found) == ["light", "full"]
    widths = {name: len(head.numbers) for name, head in found["full"].heads.items()}
    assert widths == dict.fromkeys(heads.LABELS, features.SIZE + 8) | {
        heads.INTENT: features.SIZE + 8 + context.SIZE
    }
    assert data.before.any(axis=1).all()
    begins = data.before[:, context.NAMES.index("begins a talk")]
    assert begins.tolist() == [float(not sample.context) for sample in samples]
    assert [figures.mode for figures in found["full"].figures] == ["full"] * len(RECIPES)
    assert any(line.startswith("full intent: macro-F1 ") for line in told)


def test_figures_are_of_the_main_source_alone(again: Again) -> None:
    samples, _, found = again
    figures = found["light"].figures[-1]
    assert figures.head == heads.ROUTE
    assert figures.n == sum(sample.source == "routing" for sample in samples)
    assert figures.trained_on == {
        "corpus/routes": 18,
        "routing": figures.n,
    }
    assert 0 <= figures.calibration_error <= 1
    assert 0 <= figures.macro_f1 <= 1


@pytest.mark.parametrize("name", ["day_logs", "sentiment", "toxicity", "spam_purpose", "routing"])
def test_a_missing_file_exits_2_with_its_name(
    tiny: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tiny / f"{name}.jsonl").unlink()
    assert cli.main(["train-heads", "--light", "--data", str(tiny)]) == 2
    said = capsys.readouterr().out
    assert f"{name}.jsonl" in said
    assert "--data" in said


def test_a_broken_line_exits_2_with_its_place(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (tiny / "routing.jsonl").open("a", encoding="utf-8") as file:
        file.write("{\n")
    assert command.main(["--light", "--data", str(tiny)]) == 2
    assert "routing.jsonl:74: is not JSON" in capsys.readouterr().out


def test_a_folder_is_relative_to_where_the_caller_stands(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tiny / "routing.jsonl").unlink()
    monkeypatch.setenv(command.CALLED_FROM, str(tiny.parent))
    assert command.main(["--light", "--data", tiny.name]) == 2
    assert str(tiny / "routing.jsonl") in capsys.readouterr().out


def test_without_the_encoder_it_exits_1_and_says_what_can_be_done(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object) -> None:
        raise EncoderUnavailable("torch is not installed: python run.py setup")

    monkeypatch.setattr(command, "features_of", missing)
    assert command.main(["--data", str(tiny)]) == 1
    said = capsys.readouterr().out
    assert "torch is not installed" in said
    assert "--light" in said


def test_an_unknown_option_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--nonsense"]) == 2
    assert "unrecognized arguments" in capsys.readouterr().err
