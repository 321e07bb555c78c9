"""Fails each test in which this process, or one it started, tried to leave loopback."""

import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.only_loopback import sitecustomize
from tests.only_loopback.sitecustomize import RECORD

FOLDER = str(Path(__file__).parent)
NODE_OPTIONS = f'--require "{Path(__file__).with_name("node.cjs").as_posix()}"'
_record = pytest.StashKey[Path]()


def child_environment() -> dict[str, str]:
    """Return what keeps a child on loopback whose environment is not this process's."""
    return {"PYTHONPATH": FOLDER, "NODE_OPTIONS": NODE_OPTIONS, RECORD: os.environ[RECORD]}


def tell(told: str) -> None:
    """Write down what left loopback: the test that runs fails by it."""
    sitecustomize.write_down(Path(os.environ[RECORD]), told)


def pytest_configure(config: pytest.Config) -> None:
    file, name = tempfile.mkstemp(prefix="left-loopback-")
    os.close(file)
    config.stash[_record] = Path(name)
    os.environ[RECORD] = name
    os.environ["NODE_OPTIONS"] = NODE_OPTIONS
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [FOLDER, *(each for each in folders if each not in {"", FOLDER})]
    )
    sitecustomize.keep(Path(name))


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_record].unlink(missing_ok=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Look once all of a test is over, its fixtures too; of the last one those of the session as well."""
    yield
    record = item.config.stash[_record]
    left = record.read_text()
    if left:
        record.write_text("")
        pytest.fail(f"left loopback, which no test may:\n{left}", pytrace=False)
