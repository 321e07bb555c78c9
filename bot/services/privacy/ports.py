"""What privacy needs of the chat platform."""

from collections.abc import Sequence
from typing import Protocol


class PrivacyDesk(Protocol):
    """Takes out what the bot has posted. Raises a `ToolError` where it can't."""

    async def remove(self, guild_id: int, channel_ids: Sequence[int], message_id: int) -> None:
        """Delete a message of the bot from whichever of these channels has it; gone counts as done."""
        ...
