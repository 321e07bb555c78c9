"""The record: everything that happened, in order, so that tests judge from here and not from the bot."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from sandbox.ids import Clock, iso

Entry = dict[str, Any]
Predicate = Callable[[Entry], object]
PATIENCE = 20.0  # seconds a wait may take unless told otherwise: the machine may be a busy one


class Record:
    """A list of entries, each a dict with `n` (rising from 1), `at` (ISO time), `kind` and its own fields.

    Kinds: request, gateway_in, gateway_out, connection, message, message_edit, message_delete, nonce_hit,
    interaction, interaction_reply, typing, reaction, thread, fault.
    """

    def __init__(self, clock: Clock, limit: int | None = None) -> None:
        """Keep every entry, or only the newest `limit`."""
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=limit)
        self._waiters: list[tuple[Predicate, asyncio.Future[Entry]]] = []
        self.last = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries))

    def add(self, kind: str, **fields: Any) -> Entry:
        """Append an entry and wake who waits for one like it."""
        self.last += 1
        entry: Entry = {"n": self.last, "at": iso(self._clock.now()), "kind": kind, **fields}
        self._entries.append(entry)
        if self._waiters:
            self._wake(entry)
        return entry

    def _wake(self, entry: Entry) -> None:
        for predicate, future in self._waiters:
            if future.done():
                continue
            try:
                if predicate(entry):
                    future.set_result(entry)
            except Exception as error:  # noqa: BLE001 - a waiter's mistake belongs to the waiter
                future.set_exception(error)

    def of(self, kind: str, **fields: Any) -> list[Entry]:
        """Return the entries of one kind whose fields have these values."""
        return [
            e for e in self._entries if e["kind"] == kind and all(e.get(k) == v for k, v in fields.items())
        ]

    def after(self, n: int, limit: int | None = None) -> list[Entry]:
        """Return entries newer than entry `n`, oldest first."""
        first = self.last - len(self._entries) + 1
        start = max(0, n + 1 - first)
        stop = None if limit is None else start + limit
        return list(islice(self._entries, start, stop))

    def messages(self, **fields: Any) -> list[Entry]:
        """Return the messages made, whoever made them, even where the maker never got the answer."""
        return self.of("message", **fields)

    def requests(self, route: str | None = None) -> list[Entry]:
        """Return the HTTP requests, all or those of a route like "POST /channels/{channel_id}/messages"."""
        return self.of("request") if route is None else self.of("request", route=route)

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()

    async def wait(self, predicate: Predicate, timeout: float = PATIENCE, after: int = 0) -> Entry:  # noqa: ASYNC109
        """Return the first entry newer than `after` that satisfies the predicate, waiting for it if need be.

        Raises:
            TimeoutError: none came within `timeout` seconds.
        """
        for entry in self.after(after):
            if predicate(entry):
                return entry
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        waiter = (predicate, future)
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise TimeoutError(
                f"nothing like that within {timeout} s; last of the record: {self._tail()}"
            ) from None
        finally:
            self._waiters.remove(waiter)

    def _tail(self) -> str:
        lines = []
        for entry in list(self._entries)[-8:]:
            what = entry.get("route") or entry.get("event") or entry.get("content") or ""
            lines.append(f"{entry['n']} {entry['kind']} {what} {entry.get('status', '')}".strip())
        return "; ".join(lines)
