"""What the bot lacks in a channel it is told to use, said at once instead of at the first failure."""

import discord

from bot.texts import text

READ = ("view_channel", "read_message_history")
WRITE = ("view_channel", "send_messages")
Place = discord.abc.GuildChannel | discord.Thread


def what_is_missing(place: Place, needed: tuple[str, ...]) -> str:
    """Return a sentence naming the permissions of `needed` the bot has not there, "" when it has all.

    A thread's place to write asks for Send Messages in Threads instead of Send Messages.
    """
    have = place.permissions_for(place.guild.me)
    if isinstance(place, discord.Thread):
        needed = tuple("send_messages_in_threads" if name == "send_messages" else name for name in needed)
    lacking = [
        f"**{name.replace('_', ' ').title()}**" for name in dict.fromkeys(needed) if not getattr(have, name)
    ]
    named = f" {text('channels.lacking_and')} ".join(lacking)
    return " " + text("channels.lacking", permissions=named) if lacking else ""


def is_public(place: discord.TextChannel) -> bool:
    """Whether everyone in the server can read along."""
    return place.permissions_for(place.guild.default_role).view_channel
