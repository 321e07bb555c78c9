"""Everything the sandbox does names its source and is tested by a raw client."""

from typing import Any

import pytest

from tests.sandbox import citation_checks as check
from tests.sandbox import citations
from tests.sandbox.citations import Collected, NotStaticError, RawTest, Route
from tests.sandbox.coverage_table import ABOUT, is_served, table

FOUND = citations.collect()


def told(problems: list[str]) -> None:
    assert not problems, "\n".join(problems)


@pytest.fixture
def bullets() -> dict[str, str]:
    if not citations.PROTOCOL.exists():
        pytest.skip(f"the protocol page is not at {citations.PROTOCOL}")
    return citations.read_bullets()


@pytest.fixture
def operations() -> dict[str, str]:
    if not citations.DESCRIPTION.exists():
        pytest.skip(f"Discord's description is not at {citations.DESCRIPTION}")
    return citations.read_operations()


def test_sources_are_well_formed() -> None:
    told(check.misspelt(FOUND))


def test_sources_exist(bullets: dict[str, str], operations: dict[str, str]) -> None:
    told(check.unresolved(FOUND, bullets, operations.values()))


def test_routes_are_described(operations: dict[str, str]) -> None:
    told(check.undescribed(FOUND, operations))


def test_every_route_is_cited_by_a_raw_test(operations: dict[str, str]) -> None:
    told(check.untested_routes(FOUND, operations))


def test_every_line_of_the_protocol_page_is_cited_by_a_raw_test(bullets: dict[str, str]) -> None:
    told(check.untested_bullets(FOUND, bullets))


def test_every_line_of_the_protocol_page_is_cited_by_the_code(bullets: dict[str, str]) -> None:
    told(check.unfollowed_bullets(FOUND, bullets))


def test_what_the_code_cites_is_cited_by_a_raw_test() -> None:
    told(check.untested_sources(FOUND))


def test_table_is_up_to_date(operations: dict[str, str]) -> None:
    assert citations.COVERAGE.read_text(encoding="utf-8") == table(FOUND, operations), (
        "run `python -m tests.sandbox.citations --write`"
    )


def test_table_says_what_every_line_is_about(bullets: dict[str, str]) -> None:
    assert [f"protocol {name}" for name in ABOUT] == list(bullets)


# The check on made-up input

RAW = """
import pytest
from tests.sandbox.raw import Http
PAGE = "docs topics/gateway"
RESUMING = PAGE + "#resuming"
@pytest.mark.cites("protocol gateway.3", RESUMING)
async def test_log_in_works(): ...
@pytest.mark.cites(f"{PAGE}#x")
class TestGroup:
    @pytest.mark.parametrize("a", [1])
    @pytest.mark.cites("openapi get_guild")
    def test_one(self): ...
    def helper(self): ...
def test_cites_nothing(): ...
"""

CODE = '''"""A module. Source: docs topics/gateway#a."""
class Session:
    """What is kept.

    Source: protocol gateway.3, openapi
        get_guild.

    Not this: protocol gateway.9.
    """
def answer():
    """Answer. Source: docs resources/user."""
'''

PAGE = """# Title
## Pointing elsewhere [S]
One paragraph.
## Gateway
- first
  goes on
- second
"""


def test_tests_are_read_with_their_citations() -> None:
    tests = citations.tests_in("test_x.py", RAW)
    assert [(test.name, test.words, test.cites) for test in tests] == [
        ("test_log_in_works", "log in works", ("protocol gateway.3", "docs topics/gateway#resuming")),
        ("TestGroup.test_one", "one", ("docs topics/gateway#x", "openapi get_guild")),
        ("test_cites_nothing", "cites nothing", ()),
    ]
    assert citations.tests_in("test_x.py", RAW.replace("tests.sandbox.raw", "discord")) == []
    with pytest.raises(NotStaticError, match="pick"):
        citations.tests_in("test_x.py", RAW.replace('f"{PAGE}#x"', "pick()"))


def test_sources_of_the_code_are_read() -> None:
    assert citations.sources_in(CODE) == [
        ("docs topics/gateway#a", "the module"),
        ("protocol gateway.3", "Session"),
        ("openapi get_guild", "Session"),
        ("docs resources/user", "answer"),
    ]


def test_pages_are_read() -> None:
    assert citations.bullets_of(PAGE) == {
        "protocol pointing.1": "One paragraph.",
        "protocol gateway.1": "first\n  goes on",
        "protocol gateway.2": "second",
    }
    paths: dict[str, Any] = {"/a": {"get": {"operationId": "get_a"}, "parameters": []}}
    assert citations.operations_of({"paths": paths}) == {"GET /a": "get_a"}


@pytest.mark.parametrize(
    "source", ["gateway.3", "protocol gateway", "openapi ", "docs #a", "docs a b", "topics/x"]
)
def test_misspelt_sources_are_found(source: str) -> None:
    assert not citations.is_well_formed(source)
    found = Collected([RawTest("t.py", "test_a", (source,))], [(source, ("s.py", "f"))], [])
    assert len(check.misspelt(found)) == 2


def test_every_kind_of_gap_is_found() -> None:
    bullets, operations = ["protocol gateway.1"], {"GET /a": "get_a"}
    empty = Collected([], [], [Route("s.py", "GET", "/a"), Route("s.py", "GET", "/b")])
    assert check.undescribed(empty, operations) == ["s.py: GET /b is not described"]
    assert check.untested_routes(empty, operations) == ["s.py: GET /a is cited by no raw test: openapi get_a"]
    assert check.untested_bullets(empty, bullets) == ["protocol gateway.1 is cited by no raw test"]
    assert check.unfollowed_bullets(empty, bullets) == ["protocol gateway.1 is cited by no code"]
    wrong = Collected([RawTest("t.py", "test_a", ("openapi b",))], [("protocol rest.1", ("s.py", "f"))], [])
    assert check.unresolved(wrong, bullets, operations.values()) == [
        "s.py, f: there is no protocol rest.1",
        "tests/sandbox/t.py, test_a: there is no openapi b",
    ]
    assert check.untested_sources(wrong) == ["s.py, f: protocol rest.1 is cited by no raw test"]
    test = RawTest("t.py", "test_a", ("openapi get_a", *bullets))
    full = Collected([test], [(bullets[0], ("s.py", "f"))], [Route("s.py", "GET", "/a")])
    assert check.untested_routes(full, operations) == []
    assert check.untested_bullets(full, bullets) == []
    assert check.unfollowed_bullets(full, bullets) == []
    assert check.untested_sources(full) == []


def test_own_places_are_served_by_the_route_of_any_place() -> None:
    served = {"GET /m/{message_id}", "GET /u/{user_id}"}
    assert is_served("GET /m/@original", served)
    assert is_served("GET /u/@me", served)
    assert not is_served("GET /m/pins", served)
