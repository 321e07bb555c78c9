"""Coverage is paused for what tells nothing more, and for nothing else."""

import sys
from collections.abc import Iterator

import pytest
from coverage import Coverage

from tests import measuring


@pytest.fixture
def measured() -> Iterator[None]:
    """Coverage is measured: for all tests, else for this one."""
    own = None if Coverage.current() else Coverage(data_file=None, source=["bot"])
    if own is not None:
        own.start()
    yield
    if own is not None:
        own.stop()


@pytest.mark.usefixtures("measured")
def test_nothing_is_traced_in_a_pause_and_all_is_after_it() -> None:
    assert sys.gettrace() is not None
    with measuring.unmeasured():
        now = sys.gettrace()
    assert now is None
    assert sys.gettrace() is not None


@pytest.mark.parametrize("case", range(measuring.FIRST + 2))
def test_the_first_cases_are_measured(case: int, request: pytest.FixtureRequest) -> None:
    assert request.node.stash[measuring.IS_LEFT_OUT] is (case >= measuring.FIRST)


def test_of_the_sandboxs_own_tests_none_is_measured(request: pytest.FixtureRequest) -> None:
    sandbox = measuring.WITHOUT_THE_BOT
    measured = [each for each in request.session.items if not each.stash[measuring.IS_LEFT_OUT]]
    assert request.node in measured
    assert not [each for each in measured if each.path.is_relative_to(sandbox)]
