"""What both baselines need: where Discord is, and a line on stdout when something happened."""

import json
import os
import sys
import time
from typing import Any

import discord
import yarl


def point_discord_at(api_url: str, gateway_url: str) -> None:
    """Make discord.py talk to another Discord than the real one."""
    discord.http.Route.BASE = api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


def prepare() -> tuple[int, str]:
    """Return how many messages to wait for, and the token; the environment tells both."""
    point_discord_at(os.environ["DISCORD_API_URL"], os.environ["DISCORD_GATEWAY_URL"])
    return int(os.environ["BENCH_MESSAGES"]), os.environ["DISCORD_BOT_TOKEN"]


def say(event: str, **values: Any) -> None:
    """Print one JSON line for the process that started this one."""
    sys.stdout.write(json.dumps({"event": event, "time_ns": time.time_ns(), **values}) + "\n")
    sys.stdout.flush()


def intents() -> discord.Intents:
    """Return what a bot that reads chat needs, and nothing else."""
    wanted = discord.Intents.none()
    wanted.guilds = wanted.guild_messages = wanted.message_content = True
    return wanted
