"""Who owns a server, or the bot, and how they are told something."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import aiohttp
import discord
from discord.ext import commands

from bot.llm.ports import CeilingNotice, OwnerAway, OwnerUnreachable
from bot.services.actions import nonce_for
from bot.services.tools import TargetGoneError
from bot.texts import text

SILENT = discord.AllowedMentions.none()
HISTORY = 50  # messages looked through for one that an interrupted try may have sent


async def owner_of(bot: commands.Bot, guild_id: int) -> discord.abc.Messageable:
    """Return the direct messages of a server's owner.

    Raises:
        TargetGoneError: nobody knows the owner.
        discord.HTTPException: Discord doesn't tell.
    """
    # What a crash interrupted is taken up before the gateway has told of any server.
    guild = bot.get_guild(guild_id) or await bot.fetch_guild(guild_id, with_counts=False)
    if guild.owner_id is None:
        raise TargetGoneError(text("tools.owner_unknown"))
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


class BotOwner:
    """The `OwnerPort` of services/errors: direct messages to who runs the bot.

    Attributes:
        bot: who tells; None until there is one.
    """

    def __init__(self) -> None:
        self.bot: commands.Bot | None = None

    async def tell(self, words: str, subject: str) -> None:
        """Send a direct message; the same `subject` twice within minutes is sent once.

        Raises:
            OwnerAway: it can't be done now.
            OwnerUnreachable: it can't be done at all.
        """
        with _translated():
            target = await self._target()
            await target.send(words, nonce=nonce_for(subject), allowed_mentions=SILENT, suppress_embeds=True)

    async def was_told(self, beginning: str, since: datetime) -> bool:
        """Return whether there is a message of ours that begins so.

        Raises:
            OwnerAway: it can't be looked up now.
            OwnerUnreachable: it can't be looked up at all.
        """
        with _translated():
            target = await self._target()
            found = [each async for each in target.history(after=since, limit=HISTORY) if each.author.bot]
        return any(each.content.startswith(beginning) for each in found)

    async def _target(self) -> discord.abc.Messageable:
        if self.bot is None or self.bot.user is None:  # else discord.py fails in its own way before the login
            raise OwnerAway("the bot is not connected yet")
        return await owner_of_bot(self.bot)


@contextmanager
def _translated() -> Iterator[None]:
    """Have Discord's errors be those of a notice."""
    try:
        yield
    except (discord.Forbidden, discord.NotFound, TargetGoneError) as error:  # closed direct messages
        raise OwnerUnreachable(str(error)) from error
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise OwnerAway(str(error) or type(error).__name__) from error


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
        with _translated():
            if notice.guild_id is None or notice.is_total:
                target = await owner_of_bot(self.bot)
            else:
                target = await owner_of(self.bot, notice.guild_id)
            await target.send(f"Language models: {notice.text}.", nonce=nonce, allowed_mentions=SILENT)
