"""docs/PERMISSIONS.md, made of the table that the walk holds the bot to."""

from collections.abc import Iterator
from pathlib import Path

from tests.e2e.permissions.table import CALLERS, Row, rows

PAGE = Path(__file__).parents[3] / "docs" / "PERMISSIONS.md"
AGAIN = "python -m tests.e2e.permissions"
SECTIONS = {
    "commands": "Commands",
    "menus": "Menus of messages and members",
    "buttons": "Buttons",
    "forms": "Forms",
    "views": "Buttons and selects in answers that only who asked sees",
    "once": "Forms that can be sent once",
    "autocompletes": "What options suggest while somebody types",
}
INTRO = f"""# Who may do what

For whom each command, menu, button and form works. Everybody else is refused by the bot itself, also where
Discord would not have shown it to them, and whatever ids they send. The tests walk all of it as each of
these callers (`tests/e2e/permissions`); this page is made of the same table by `{AGAIN}`.

- *runs the bot*: owns the bot's application, or belongs to its team; here a member without any role.
- *owns the server*, *Manage Server*: as Discord says; administrators are among the latter.
- *admin role*, *staff role*: the roles chosen with `/config set server.admin_role` and `/setup`.
- *of another server*: whatever roles they have here, asking from a server where they have none.
- *owns another server*: asking from there. What works for them works in their own server: ids of things here
  are refused, nothing here is written and nothing of here is told.
- *direct message*: a member who asks the bot in private.

In an answer that only one member sees, nobody else may press anything, and a role that was taken since
counts no more. Who may use a command doesn't read more by it: what it shows is what they can read themselves.
"""


def page() -> str:
    """Return the page."""
    parts = [INTRO, *(f"## {title}\n\n{_matrix(section)}" for section, title in SECTIONS.items())]
    return "\n".join(parts)


def _matrix(section: str) -> str:
    head = ["", *CALLERS.values()]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" + ":-:|" * len(CALLERS)]
    lines += [f"| {' | '.join(_cells(section, row))} |" for row in rows(section)]
    return "\n".join(lines) + "\n"


def _cells(section: str, row: Row) -> Iterator[str]:
    slash = "/" if section in ("commands", "autocompletes") else ""
    yield f"`{slash}{row.name}`" + (f", {row.case}" if row.case else "")
    for caller in CALLERS:
        yield "✓" if caller in row.who else ""
