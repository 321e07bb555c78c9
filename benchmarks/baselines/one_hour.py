"""The bot a person would write in an hour: VADER and one committed insert per message.

aiosqlite because the loop must not block, WAL and `synchronous=NORMAL` because every tutorial says so.
"""

import os

import aiosqlite
import discord
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.baselines.common import intents, prepare, say

_TABLE = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    guild_id INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    content TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sentiment REAL NOT NULL
)
"""
_INSERT = "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class OneHourBot(discord.Client):
    """Stores every message with its sentiment."""

    def __init__(self, expected: int, path: str) -> None:
        super().__init__(intents=intents())
        self._expected = expected
        self._path = path
        self._count = 0
        self._vader = SentimentIntensityAnalyzer()
        self._database: aiosqlite.Connection

    async def setup_hook(self) -> None:
        """Open the database."""
        self._database = await aiosqlite.connect(self._path)
        await self._database.execute("PRAGMA journal_mode=WAL")
        await self._database.execute("PRAGMA synchronous=NORMAL")
        await self._database.execute(_TABLE)
        await self._database.commit()

    async def on_connect(self) -> None:
        """Tell that the flood may begin; `on_ready` would wait two seconds for guilds that could follow."""
        say("ready")

    async def on_message(self, message: discord.Message) -> None:
        """Score and store what a person wrote."""
        if message.author.bot or message.guild is None:
            return
        score = self._vader.polarity_scores(message.content)["compound"]
        row = (
            message.id,
            message.guild.id,
            message.channel.id,
            message.author.id,
            message.author.display_name,
            message.content,
            message.created_at.isoformat(),
            score,
        )
        await self._database.execute(_INSERT, row)
        await self._database.commit()
        self._count += 1
        if self._count == self._expected:
            say("done", count=self._count)


def main() -> None:
    """Run until killed."""
    expected, token = prepare()
    OneHourBot(expected, os.environ["DB_PATH"]).run(token, log_handler=None)


if __name__ == "__main__":
    main()
