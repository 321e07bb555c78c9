"""Who wants nothing kept of them. Asked for every message, so that the answer is in memory."""

from bot.db.database import Database, Transaction
from bot.services.clock import Clock
from bot.services.privacy.records import EVERYWHERE, MemberKey


class OptOuts:
    """The opt-outs, as hashes; a change holds at once in this process, and after a restart for all."""

    def __init__(self, database: Database, clock: Clock, key: MemberKey) -> None:
        self._database = database
        self._clock = clock
        self._key = key
        self._hashes: set[str] = set()

    def holds(self, guild_id: int | None, user_id: int) -> bool:
        """Whether a member opted out in a server, or everywhere."""
        if not self._hashes:
            return False
        make = self._key.hash
        return make(EVERYWHERE, user_id) in self._hashes or (
            guild_id is not None and make(guild_id, user_id) in self._hashes
        )

    def at(self, guild_id: int | None, user_id: int) -> bool:
        """Whether they opted out for exactly this: a server, or None for everywhere."""
        return self._key.hash(guild_id or EVERYWHERE, user_id) in self._hashes

    async def load(self) -> None:
        """Read them."""
        async with self._database.reading() as tx:
            self._hashes = {member for _, member in await tx.opt_outs.list_all()}

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._hashes)

    def block(self, guild_id: int | None, user_id: int) -> None:
        """Count somebody in from now on, before it is stored."""
        self._hashes.add(self._key.hash(guild_id or EVERYWHERE, user_id))

    async def put(self, tx: Transaction, guild_id: int, member: str, *, out: bool) -> None:
        """Store or forget one."""
        if out:
            await tx.opt_outs.add(guild_id, member, self._clock.now())
        else:
            await tx.opt_outs.remove(guild_id, member)
