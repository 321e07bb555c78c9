"""Writes docs/PERMISSIONS.md anew."""

from tests.e2e.permissions.document import PAGE, page

PAGE.write_text(page(), encoding="utf-8")
