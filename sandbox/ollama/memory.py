"""Which models are loaded, with what context, and until when."""

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.ids import Clock
from sandbox.ollama.models import Model

KEEP_ALIVE = 300.0  # seconds, Ollama's own
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3_600.0}
_FOREVER = timedelta(days=365 * 292)  # what Ollama's ps shows for it


def seconds_of(keep_alive: float | str | None) -> float:
    """Return the seconds of a keep_alive: a number, or Go's notation such as "1h30m"; below 0 is forever.

    Raises:
        ValueError: it is neither.
    """
    if keep_alive is None:
        return KEEP_ALIVE
    if isinstance(keep_alive, int | float):
        return math.inf if keep_alive < 0 else float(keep_alive)
    found = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", keep_alive)
    if "".join(a + b for a, b in found) != keep_alive.removeprefix("-") or not found:
        raise ValueError(f'time: invalid duration "{keep_alive}"')
    return math.inf if keep_alive.startswith("-") else sum(float(n) * _UNITS[unit] for n, unit in found)


@dataclass(slots=True)
class _Loaded:
    model: Model
    num_ctx: int
    until: float


class Memory:
    """The loaded models of one server.

    Attributes:
        loads: (model, num_ctx) of each time one was read from disk, oldest first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loaded: dict[str, _Loaded] = {}
        self.loads: list[tuple[str, int]] = []

    def has(self, model: Model, num_ctx: int) -> bool:
        """Return whether it is loaded with this context; another one means loading it anew."""
        loaded = self._loaded.get(model.name)
        return loaded is not None and loaded.num_ctx == num_ctx and loaded.until > self._clock.monotonic()

    def put(self, model: Model, num_ctx: int) -> None:
        """Load it, for as long as a request is under way."""
        self.loads.append((model.name, num_ctx))
        self._loaded[model.name] = _Loaded(model, num_ctx, math.inf)

    def keep(self, model: Model, keep_alive: float | str | None) -> None:
        """Keep it for so long from now on."""
        loaded = self._loaded.get(model.name)
        if loaded is not None:
            loaded.until = self._clock.monotonic() + seconds_of(keep_alive)

    def drop(self, name: str) -> None:
        """Unload it."""
        self._loaded.pop(name, None)

    def running(self) -> list[dict[str, Any]]:
        """Return the entries of `/api/ps`."""
        now = self._clock.monotonic()
        self._loaded = {name: each for name, each in self._loaded.items() if each.until > now}
        return [self._entry(each, now) for each in self._loaded.values()]

    def _entry(self, loaded: _Loaded, now: float) -> dict[str, Any]:
        left = _FOREVER if math.isinf(loaded.until) else timedelta(seconds=loaded.until - now)
        summary = loaded.model.summary()
        del summary["modified_at"]
        return summary | {
            "expires_at": (self._clock.now() + left).isoformat(),
            "size_vram": loaded.model.size,
            "context_length": loaded.num_ctx,
        }
