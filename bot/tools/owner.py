"""Who owns a server, or the bot, and how they are told something."""

import aiohttp
import discord
from discord.ext import commands

from bot.llm.ports import CeilingNotice, OwnerAway, OwnerUnreachable
from bot.services.actions import nonce_for
from bot.services.tools import TargetGoneError

SILENT = discord.AllowedMentions.none()


async def owner_of(bot: commands.Bot, guild_id: int) -> discord.abc.Messageable:
    """Return the direct messages of a server's owner.

    Raises:
        TargetGoneError: nobody knows the owner.
        discord.HTTPException: Discord doesn't tell.
    """
    # What a crash interrupted is taken up before the gateway has told of any server.
    guild = bot.get_guild(guild_id) or await bot.fetch_guild(guild_id, with_counts=False)
    if guild.owner_id is None:
        raise TargetGoneError("the server or its owner is unknown")
    return await direct_messages(bot, guild.owner_id)


async def owner_of_bot(bot: commands.Bot) -> discord.abc.Messageable:
    """Return the direct messages of who runs the bot: its application's owner, or that of its team.

    Raises:
        discord.HTTPException: Discord doesn't tell.
    """
    about = await bot.application_info()
    team = about.team
    return await direct_messages(bot, (team.owner_id if team and team.owner_id else None) or about.owner.id)


async def direct_messages(bot: commands.Bot, user_id: int) -> discord.abc.Messageable:
    """Return somebody's direct messages.

    Raises:
        discord.HTTPException: Discord doesn't tell.
    """
    owner = bot.get_user(user_id) or await bot.fetch_user(user_id)
    return owner.dm_channel or await owner.create_dm()


class OwnerNotices:
    """Tells owners what concerns no message: a server's ceiling its owner, the total who runs the bot.

    Attributes:
        bot: who tells; None until there is one.
    """

    def __init__(self) -> None:
        self.bot: commands.Bot | None = None

    async def tell(self, notice: CeilingNotice) -> None:
        """Tell of a ceiling.

        Raises:
            OwnerAway: it can't be done now.
            OwnerUnreachable: it can't be done at all.
        """
        if self.bot is None:
            raise OwnerAway("the bot is not connected yet")
        subject = f"llm/{notice.day}/{notice.guild_id}/{notice.is_total}"
        nonce = nonce_for(subject)
        try:
            if notice.guild_id is None or notice.is_total:
                target = await owner_of_bot(self.bot)
            else:
                target = await owner_of(self.bot, notice.guild_id)
            await target.send(f"Language models: {notice.text}.", nonce=nonce, allowed_mentions=SILENT)
        except (discord.Forbidden, discord.NotFound, TargetGoneError) as error:  # closed direct messages
            raise OwnerUnreachable(str(error)) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise OwnerAway(str(error) or type(error).__name__) from error
