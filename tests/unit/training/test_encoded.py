"""The features of the training texts are computed once."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.nlp.encoder import EncoderUnavailable, Vectors
from bot.training import encoded
from bot.training.encoded import features_of


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts the encoder was asked for; it answers with their length."""
    texts: list[str] = []

    def encode(new: Sequence[str], tell: Callable[[str], None]) -> Vectors:
        texts.extend(new)
        tell(f"{len(new)} new")
        return np.array([[len(text), 1] for text in new], np.float32)

    monkeypatch.setattr(encoded, "_encode", encode)
    return texts


def test_only_new_texts_are_encoded_and_rows_come_in_the_order_of_the_texts(
    tmp_path: Path, asked: list[str]
) -> None:
    folder, told = tmp_path / "not there yet", list[str]()
    first = features_of(["aa", "b", "aa"], told.append, folder)
    assert first.tolist() == [[2, 1], [1, 1], [2, 1]]
    second = features_of(["cccc", "b", "\ud83d", "aa"], told.append, folder)
    assert second.tolist() == [[4, 1], [1, 1], [1, 1], [2, 1]]
    assert features_of(["aa", "cccc"], told.append, folder).tolist() == [[2, 1], [4, 1]]
    assert asked == ["aa", "b", "cccc", "\ud83d"]
    assert told == ["2 new", "2 new"]


def test_without_the_model_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(*_: object, **__: object) -> None:
        raise EncoderUnavailable("torch is not installed")

    monkeypatch.setattr(encoded, "find_weights", find)
    with pytest.raises(EncoderUnavailable, match="torch is not installed"):
        features_of(["a"], list[str]().append, tmp_path)
    assert list(tmp_path.iterdir()) == []
