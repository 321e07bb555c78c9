"""What plugins print and log, on its way into the bot's log: masked, cut, and not without end."""

import io
from collections import deque
from collections.abc import Callable

from loguru import logger

from bot.logs import Masker
from bot.services.clock import Clock
from bot.services.plugins.trouble import Trouble, TroubleKind

MAX_LINE = 1_000  # characters
LINES_A_MINUTE = 120


class PluginOutput(io.TextIOBase):
    """Takes what a plugin prints; each line becomes one of the log."""

    def __init__(self, plugin: str, mask: Masker, clock: Clock, report: Callable[[Trouble], None]) -> None:
        self._plugin = plugin
        self._mask = mask
        self._clock = clock
        self._report = report
        self._rest = ""
        self._lines: deque[float] = deque(maxlen=LINES_A_MINUTE)  # monotonic
        self._is_full = False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Take some of what is printed."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            if line.strip():
                self.line("INFO", line)
        if len(self._rest) > MAX_LINE:
            self.line("INFO", self._rest)
            self._rest = ""
        return len(text)

    def line(self, level: str, text: str) -> None:
        """Write a line."""
        now = self._clock.monotonic()
        if len(self._lines) == LINES_A_MINUTE and now - self._lines[0] < 60:  # noqa: PLR2004
            if not self._is_full:
                logger.warning("Plugin {} writes too many lines; some are left out", self._plugin)
            self._is_full = True
            return
        self._is_full = False
        self._lines.append(now)
        masked = self._mask(self.masked(text, "wrote a secret into the log"))
        logger.bind(plugin=self._plugin).log(level, "Plugin {}: {}", self._plugin, masked[:MAX_LINE])

    def masked(self, text: str, did: str) -> str:
        """Return a text without the bot's secrets; the owner hears of it when there was one."""
        masked = self._mask.secrets(text)
        if masked != text:
            self._report(Trouble(self._plugin, TroubleKind.SECRET, f"{did}; it was masked"))
        return masked
