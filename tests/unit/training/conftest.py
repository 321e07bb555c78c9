import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.training.tiny import write_everything

EVAL = Path(__file__).resolve().parents[4] / "shared" / "eval" / "dev"


@pytest.fixture(scope="session")
def sklearn() -> None:
    """Skip without scikit-learn; where the project itself is tested, fail."""
    if importlib.util.find_spec("sklearn") is None:
        problem = "scikit-learn is not installed: pip install -r requirements-test.txt"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(problem)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of made-up evaluation data, beside a made-up corpus with labels."""
    return write_everything(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def tiny_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The same, written once for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch:
        yield write_everything(tmp_path_factory.mktemp("tiny"), patch)


@pytest.fixture
def eval_data() -> Path:
    """The real evaluation data, read where they lie."""
    if not EVAL.is_dir():
        pytest.skip(f"{EVAL} is not there")
    return EVAL
