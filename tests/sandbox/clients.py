"""discord.py clients the tests log in with."""

import asyncio
from typing import Any

import discord
from discord import app_commands


class Recorder(discord.Client):
    """Keeps what it hears; answers "ping" by a reply."""

    def __init__(self, **options: Any) -> None:
        settings: dict[str, Any] = {"intents": discord.Intents.all(), "guild_ready_timeout": 0.05} | options
        super().__init__(**settings)
        self.heard: list[str] = []
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.tree = app_commands.CommandTree(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify again at once: the default waits five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)
        if message.content == "ping":
            await message.reply("pong")

    async def on_resumed(self) -> None:
        self.events.put_nowait("resumed")

    async def on_ready(self) -> None:
        self.events.put_nowait("ready")

    async def next_event(self) -> str:
        async with asyncio.timeout(15):
            return await self.events.get()
