"""Has plugins delete what they keep of a member: noted first, so that one that can't now does it later."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from loguru import logger

from bot.db.database import Transaction, is_passing
from bot.models import KeyValue
from bot.plugin_api.errors import UserFacingError
from bot.plugin_api.events import MemberErased
from bot.services.plugins.host import ERASING, Entry, PluginHost
from bot.services.plugins.loading import ERASE
from bot.services.plugins.registry import PluginRegistry
from bot.services.plugins.runner import PluginFailedError
from bot.services.plugins.trouble import Trouble, TroubleKind
from bot.services.privacy.records import EVERYWHERE, KEY_BYTES, MemberKey
from bot.services.tasks import TaskSet

SCOPE: Final = "plugin_erasures"  # of key-value pairs; keys: server/plugin/hash of the member
MOST: Final = 10_000  # that are noted; of more the oldest are given up
FIRST: Final = 60.0  # seconds until a plugin that failed is asked again; twice as long each time
LONGEST: Final = 86_400.0
TELL: Final = 3  # failures in a row, after which whoever runs the bot is told
AT_ONCE: Final = 3  # failures, after which the rest of a plugin's wait for the next round
LATE: Final = timedelta(days=7)  # after which whoever runs the bot is told of one that doesn't run
GONE: Final = timedelta(days=30)  # after which what a plugin owes whose folder is gone is given up


class Owed(NamedTuple):
    """A member whose data a plugin has still to delete; who it is can be told with the installation's key.

    Attributes:
        key: of the key-value pair.
        guild_id: None for everywhere.
        tries: that failed.
    """

    key: str
    plugin: str
    guild_id: int | None
    member: str
    since: datetime
    tries: int


class _Failing(NamedTuple):
    host: PluginHost  # one that is loaded anew has no failures yet
    times: int
    retry_at: float  # monotonic


class PluginErasing:
    """Has plugins forget members.

    Attributes:
        key: seals who is owed a deletion; the installation's own, once it is there.
    """

    def __init__(self, registry: PluginRegistry, publish: Callable[[MemberErased], None]) -> None:
        self._registry = registry
        self._database = registry.database
        self._publish = publish
        self._tasks = TaskSet()
        self._busy: set[str] = set()
        self._failing: dict[str, _Failing] = {}
        self._waiting: Counter[str] = Counter()
        self.key = MemberKey(secrets.token_bytes(KEY_BYTES))

    async def erase(self, guild_id: int | None, user_id: int) -> None:
        """Delete what plugins keep of a member, in a server or (None) everywhere.

        Also of plugins that are off. What is kept for them under the member's id is gone when this returns;
        a plugin whose own deletion fails, hangs or that doesn't run is asked again later. They delete at the
        same time, since whoever waits for this doesn't wait for each one's deadline.
        """
        registry = self._registry
        entries = [each for each in registry.entries.values() if self._may_keep(each, guild_id)]
        owed = {each.id: self._owed(each.id, guild_id, user_id) for each in entries}
        async with self._database.transaction() as tx:
            await _note(tx, list(owed.values()))
        await registry.keeping.erase(guild_id, user_id)
        await registry.files.erase(guild_id, user_id)
        try:
            running = [each for each in entries if each.host is not None]
            await asyncio.gather(*(self._settle(each, [owed[each.id]]) for each in running))
        finally:
            self._publish(MemberErased(guild_id=guild_id, user_id=user_id))

    def troubles(self) -> list[str]:
        """Return which plugins have something left to delete, for people."""
        return [f"{plugin} has still to delete data of {n} member(s)" for plugin, n in self._waiting.items()]

    async def tick(self) -> None:
        """Ask plugins again that are owed about, and tell of those that never delete."""
        async with self._database.reading() as tx:
            owed = [_read(row) for row in await tx.kv.list_of(SCOPE, MOST)]
        self._waiting = Counter(each.plugin for each in owed)
        now = self._registry.clock.now()
        for plugin in self._waiting:
            theirs = sorted((each for each in owed if each.plugin == plugin), key=lambda each: each.tries)
            entry = self._registry.entries.get(plugin)
            waits = now - min(each.since for each in theirs)
            if entry is None:
                if waits > GONE:
                    await self._forget(theirs)
            elif entry.host is None:
                if waits > LATE:
                    self._tell(entry, len(theirs), "and doesn't run; start it, or remove its folder")
            elif self._is_due(entry.host) and plugin not in self._busy:
                self._tasks.spawn(self._settle(entry, theirs), f"deletions of plugin {plugin}")

    async def idle(self) -> None:
        """Return once nobody is being asked; for tests."""
        while len(self._tasks):
            await self._tasks.wait_for_one()

    async def close(self) -> None:
        """Ask nobody any more."""
        await self._tasks.cancel()

    def _may_keep(self, entry: Entry, guild_id: int | None) -> bool:
        known = self._registry.servers.known_of(entry.id)
        if not (known if guild_id is None else guild_id in known):
            return False
        if entry.host is not None:
            return hasattr(entry.host.module, ERASE)
        return entry.manifest is None or bool(entry.manifest.data_statement)

    def _is_due(self, host: PluginHost) -> bool:
        failing = self._failing.get(host.manifest.id)
        return (
            failing is None
            or failing.host is not host
            or (self._registry.clock.monotonic() >= failing.retry_at)
        )

    async def _settle(self, entry: Entry, owed: Sequence[Owed]) -> None:
        """Ask a plugin for each; stop after some failures, and ask again later."""
        failures = 0
        self._busy.add(entry.id)
        try:
            for each in owed:
                host = entry.host
                if host is None or failures >= AT_ONCE:
                    break
                if await self._ask(entry, host, each):
                    await self._forget([each])
                else:
                    failures += 1
                    async with self._database.transaction() as tx:
                        await _note(tx, [each._replace(tries=each.tries + 1)])
        except Exception as error:
            if not is_passing(error):
                raise
            logger.warning("A plugin's deletions wait for the database ({})", type(error).__name__)
        finally:
            self._busy.discard(entry.id)
        self._count(entry, len(owed), failed=bool(failures))

    async def _ask(self, entry: Entry, host: PluginHost, owed: Owed) -> bool:
        """Have a plugin delete a member's data; return whether nothing is left to be done."""
        erase = getattr(host.module, ERASE, None)
        if erase is None or not self._may_keep(entry, owed.guild_id):
            return True
        try:
            user_id = self.key.open(owed.member)
        except ValueError as error:
            logger.warning("Plugin {}: a deletion that was noted can't be done ({})", entry.id, error)
            return True
        ERASING.set(True)  # in this task alone
        try:
            await host.runner.call(ERASE, erase(host.context, owed.guild_id, user_id))
        except (PluginFailedError, UserFacingError) as error:
            told = f"could not delete a member's data: {error}"
            self._registry.report(Trouble(entry.id, TroubleKind.RAISED, told))
            return False
        return True

    def _count(self, entry: Entry, owed: int, *, failed: bool) -> None:
        host = entry.host
        if not failed or host is None:
            if not failed:
                self._failing.pop(entry.id, None)
                entry.told.discard(TroubleKind.ERASING)
            return
        before = self._failing.get(entry.id)
        times = 1 + (before.times if before is not None and before.host is host else 0)
        pause = min(FIRST * 2 ** (times - 1), LONGEST)
        self._failing[entry.id] = _Failing(host, times, self._registry.clock.monotonic() + pause)
        if times >= TELL:
            self._tell(entry, owed, "and fails each time; it is asked again, ever more seldom")

    def _tell(self, entry: Entry, count: int, why: str) -> None:
        told = f"has still to delete data of {count} member(s) who asked for it, {why}"
        self._registry.report(Trouble(entry.id, TroubleKind.ERASING, told))

    async def _forget(self, owed: Sequence[Owed]) -> None:
        async with self._database.transaction() as tx:
            for each in owed:
                await tx.kv.remove(SCOPE, each.key)

    def _owed(self, plugin: str, guild_id: int | None, user_id: int) -> Owed:
        home = guild_id or EVERYWHERE
        key = f"{home}/{plugin}/{self.key.hash(home, user_id)}"
        return Owed(key, plugin, guild_id, self.key.seal(user_id), self._registry.clock.now(), 0)


async def _note(tx: Transaction, owed: Sequence[Owed]) -> None:
    """Write down who is owed; the oldest go where there are too many."""
    for each in owed:
        value = {"member": each.member, "since": each.since.isoformat(), "tries": each.tries}
        await tx.kv.put(SCOPE, each.key, value)
    known = [_read(row) for row in await tx.kv.list_of(SCOPE, MOST + len(owed) + 1)]
    for each in sorted(known, key=lambda each: each.since)[: max(0, len(known) - MOST)]:
        logger.error("Plugin {}: too many deletions wait, the oldest is given up", each.plugin)
        await tx.kv.remove(SCOPE, each.key)


def _read(row: KeyValue) -> Owed:
    guild, plugin, _ = row.key.split("/")
    value: dict[str, Any] = row.value or {}
    since = datetime.fromisoformat(value["since"])
    return Owed(row.key, plugin, int(guild) or None, str(value["member"]), since, int(value["tries"]))
