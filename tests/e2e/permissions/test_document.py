"""docs/PERMISSIONS.md says what the table does."""

from tests.e2e.permissions.document import AGAIN, PAGE, page


def test_the_page_is_made_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), f"make it anew: {AGAIN}"
