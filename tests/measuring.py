"""Measures coverage where it tells something: tracing doubles what a test costs.

Of a test's many cases only the first are measured, of the sandbox's own tests none. A line that others alone
reach counts as not covered, so the figure is never too high.
"""

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

FIRST = 5  # cases
WITHOUT_THE_BOT = Path(__file__).with_name("sandbox")
IS_LEFT_OUT = pytest.StashKey[bool]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note which tests are left out, the same ones in every worker."""
    seen = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        seen[name] += 1
        item.stash[IS_LEFT_OUT] = seen[name] > FIRST or item.path.is_relative_to(WITHOUT_THE_BOT)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a test, unmeasured where it is left out."""
    if not item.stash[IS_LEFT_OUT]:
        return (yield)
    with unmeasured():
        return (yield)


@contextmanager
def unmeasured() -> Iterator[None]:
    """Pause what measures coverage, if anything does."""
    module = sys.modules.get("coverage")
    running = None if module is None else module.Coverage.current()
    if running is None:
        yield
        return
    running.stop()
    try:
        yield
    finally:
        running.start()
