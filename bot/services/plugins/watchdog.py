"""Sees from a thread of its own when a plugin holds up the event loop or takes too much memory, and ends it.

A signal makes Python run a handler on the main thread between two of its instructions, even inside a
`time.sleep`. The handler raises, but only when it finds itself inside the plugin's code: so the
exception never lands in the bot's.
"""

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from loguru import logger

from bot.services.plugins.steps import Meter, resident
from bot.services.plugins.trouble import PluginAllocated, PluginInterrupt, PluginStalled, Trouble

BOT = f"{Path(__file__).resolve().parents[2]}/"  # what the bot's own code is under
CHECKS = 4  # looks in the time after which a plugin counts as stalled
LONGEST_PAUSE = 0.25  # seconds between two looks
_MEGABYTE = 1_000_000
_SIGNAL: int | None = getattr(signal, "SIGUSR2", None)  # Windows has none: there a stall is only reported


class Watchdog:
    """Watches the thread it is started on."""

    def __init__(
        self,
        meter: Meter,
        folders: Callable[[], dict[str, Path]],
        report: Callable[[Trouble], None],
        *,
        stall_seconds: float,
        memory_megabytes: int,
    ) -> None:
        self._meter = meter
        self._folders = folders
        self._report = report
        self._stall_seconds = stall_seconds
        self._memory = memory_megabytes * _MEGABYTE
        self._wanted: tuple[str, PluginInterrupt] | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main = 0  # the watched thread
        self._before: Any = None
        self._beat = 0.0  # monotonic: when the loop ran last
        self._next_beat: asyncio.TimerHandle | None = None
        self._told = 0.0  # the start of the stall that was reported

    @property
    def is_running(self) -> bool:
        """Whether it watches."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to watch the running event loop and its thread."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._main = threading.get_ident()
        if _SIGNAL is not None and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(_SIGNAL, self._on_signal)
        self._ended.clear()
        self._heart()
        self._thread = threading.Thread(target=self._watch, name="plugin watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        if self._thread is None:
            return
        self._ended.set()
        self._thread.join(timeout=2)
        self._thread = None
        if self._next_beat is not None:
            self._next_beat.cancel()
        if self._before is not None and _SIGNAL is not None:
            signal.signal(_SIGNAL, self._before)
            self._before = None

    @property
    def _pause(self) -> float:
        return min(LONGEST_PAUSE, self._stall_seconds / CHECKS)

    def _heart(self) -> None:
        assert self._loop is not None
        self._beat = time.monotonic()
        self._next_beat = self._loop.call_later(self._pause, self._heart)

    def _watch(self) -> None:
        while not self._ended.wait(self._pause):
            try:
                self._look()
            except Exception:  # a watchdog that is gone would not be missed until it is needed
                logger.exception("The plugin watchdog could not look")

    def _look(self) -> None:
        now = time.monotonic()
        turn = self._meter.turn
        if turn is not None:
            grown = turn.grown + resident() - turn.resident
            if grown > self._memory:
                error = PluginAllocated(f"took {grown / _MEGABYTE:,.0f} MB of memory")
                self._end(turn.plugin, error, turn.started)
            elif now - turn.started > self._stall_seconds:
                self._stalled(turn.plugin, now - turn.started, turn.started)
        elif now - self._beat > self._stall_seconds:  # perhaps by a task or callback that a plugin made
            plugin = self._on_the_stack()
            if plugin is not None:
                self._stalled(plugin, now - self._beat, self._beat)

    def _stalled(self, plugin: str, seconds: float, since: float) -> None:
        where = self._where(plugin)
        self._end(plugin, PluginStalled(f"held up the bot for {seconds:.1f} s{where}"), since)

    def _end(self, plugin: str, error: PluginInterrupt, since: float) -> None:
        """Have an error raised in the plugin's code; again at the next look if it doesn't end."""
        if since != self._told:
            self._told = since
            logger.bind(plugin=plugin).warning("Plugin {} {}; ending it", plugin, error.text)
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._report, Trouble(plugin, error.kind, error.text))
        if self._before is not None and _SIGNAL is not None:
            self._wanted = plugin, error
            signal.pthread_kill(self._main, _SIGNAL)

    def _on_signal(self, _number: int, frame: FrameType | None) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        plugin, error = wanted
        folder = self._folder(plugin)
        for name in _files(frame):
            if folder and name.startswith(folder):
                raise error
            if name.startswith(BOT):  # the bot is at work for it, perhaps with something half done
                return

    def _on_the_stack(self) -> str | None:
        folders = {plugin: self._folder(plugin) for plugin in self._folders()}
        for name in _files(sys._current_frames().get(self._main)):  # noqa: SLF001  (there is no other way)
            for plugin, folder in folders.items():
                if name.startswith(folder):
                    return plugin
        return None

    def _where(self, plugin: str) -> str:
        folder = self._folder(plugin)
        frame = sys._current_frames().get(self._main)  # noqa: SLF001
        while frame is not None and folder:
            if frame.f_code.co_filename.startswith(folder):
                return f" in {frame.f_code.co_filename[len(folder) :]}, line {frame.f_lineno}"
            frame = frame.f_back
        return ""

    def _folder(self, plugin: str) -> str:
        folder = self._folders().get(plugin)
        return f"{folder}/" if folder else ""


def _files(frame: FrameType | None) -> Iterator[str]:
    """Yield the files of a stack, the innermost first."""
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back
