"""Up to when everything of a member was erased: what is older stays away, though Discord's history has it."""

from bot.domain.snowflake import snowflake_at
from bot.services.privacy.records import EVERYWHERE, MemberKey, Record, Wish


class Erased:
    """Asked for each message that is read from history, such as after an older database was restored."""

    def __init__(self, key: MemberKey) -> None:
        self._key = key
        self._until: dict[str, int] = {}  # by hash: no message with a lower id is to be kept
        self._newest = 0

    def note(self, record: Record) -> None:
        """Take a wish; only erasures count."""
        if record.wish is Wish.ERASE:
            until = snowflake_at(record.at)
            self._until[record.member] = max(until, self._until.get(record.member, 0))
            self._newest = max(until, self._newest)

    def covers(self, guild_id: int | None, user_id: int, message_id: int) -> bool:
        """Whether somebody had a message of theirs erased, there or everywhere."""
        if message_id >= self._newest:
            return False
        make = self._key.hash
        return message_id < self._until.get(make(EVERYWHERE, user_id), 0) or (
            guild_id is not None and message_id < self._until.get(make(guild_id, user_id), 0)
        )
