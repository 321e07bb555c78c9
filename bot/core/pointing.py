"""Points discord.py at whichever server speaks Discord's protocol."""

import discord
import yarl

from bot.settings import DiscordSettings


def point_discord(settings: DiscordSettings) -> None:
    """Set discord.py's base addresses (class attributes) where the settings name others than its own."""
    if settings.api_url:
        discord.http.Route.BASE = settings.api_url
    if settings.gateway_url:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
    if settings.cdn_url:
        discord.asset.Asset.BASE = settings.cdn_url
