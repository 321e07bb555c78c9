"""What goes wrong in a demo, told in one line."""

from pathlib import Path


class DemoError(Exception):
    """The demo can't go on; the text is one line that says what happened and, where there is one, the fix."""

    def __init__(self, text: str, log: Path | None = None) -> None:
        """Take the line, and the log whose end tells more."""
        super().__init__(text)
        self.log = log
