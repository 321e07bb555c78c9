"""The fastest a discord.py bot can be: it counts messages and does nothing else.

Everything is discord.py's default (its cache of 1,000 messages included), as in a bot nobody tuned.
"""

import discord

from benchmarks.baselines.common import intents, prepare, say


class NothingBot(discord.Client):
    """Counts."""

    def __init__(self, expected: int) -> None:
        super().__init__(intents=intents())
        self._expected = expected
        self._count = 0

    async def on_connect(self) -> None:
        """Tell that the flood may begin; `on_ready` would wait two seconds for guilds that could follow."""
        say("ready")

    async def on_message(self, _message: discord.Message) -> None:
        """Count, and tell when it was the last one."""
        self._count += 1
        if self._count == self._expected:
            say("done", count=self._count)


def main() -> None:
    """Run until killed."""
    expected, token = prepare()
    NothingBot(expected).run(token, log_handler=None)


if __name__ == "__main__":
    main()
