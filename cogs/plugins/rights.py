"""What a plugin needs of Discord beside what the bot's invite link asks for, and whether the bot has it."""

from typing import Final

import discord

from bot.domain.invite import invite_link
from bot.plugin_api.manifest import Manifest, Permission
from bot.texts import text

NEEDED: Final = {Permission.MODERATE_MEMBERS: ("manage_messages", "moderate_members")}


def lacking_words(manifest: Manifest | None, guild: discord.Guild | None, application_id: int | None) -> str:
    """Return what the bot lacks in a server for a plugin, with the fix; "" for nothing."""
    if manifest is None or guild is None:
        return ""
    needed = [name for each, names in NEEDED.items() if each in manifest.permissions for name in names]
    have = guild.me.guild_permissions
    missing = [name for name in needed if not getattr(have, name)]
    if not missing:
        return ""
    return text(
        "plugins.lacking",
        permissions=", ".join(name.replace("_", " ").title() for name in missing),
        link=invite_link(application_id, missing, guild.id),
    )
