"""What the bot posts by itself: replies, staff alerts, notes to the owner. Posts, never listens."""

from datetime import timedelta

import aiohttp
import discord
from discord.ext import commands

from bot.domain.signal import Signal
from bot.models import Action
from bot.services.compose import REPLY
from bot.services.tools import (
    NotPermittedError,
    RefusedError,
    Sent,
    TargetGoneError,
    UnreachableError,
)
from bot.texts import text
from bot.tools.owner import owner_of

ALLOWED = discord.AllowedMentions(everyone=False, roles=False, users=False, replied_user=True)
SEARCHED = timedelta(minutes=5)  # around an action's time, when looking for what it posted
SEARCHED_MESSAGES = 1_000  # in pages of 100
VERDICT_ID = "verdict:{what}"
VERDICT_PATTERN = r"verdict:(?P<what>right|wrong)"
VERDICT_EMOJI = {"right": "\N{THUMBS UP SIGN}", "wrong": "\N{THUMBS DOWN SIGN}"}
_UNKNOWN_REFERENCE, _ARCHIVED, _NO_DM, _MISSING_ACCESS = 50035, 50083, 50007, 50001
_NO_HISTORY = 160002  # a 400: a reply needs Read Message History
_NEEDED = ("view_channel", "send_messages", "read_message_history")


def verdict_view() -> discord.ui.View:
    """Build the buttons below an answer; who presses them is heard by the cog's dynamic items."""
    view = discord.ui.View(timeout=None)
    for what, emoji in VERDICT_EMOJI.items():
        view.add_item(discord.ui.Button(emoji=emoji, custom_id=VERDICT_ID.format(what=what)))
    view.stop()
    return view


class DiscordResponderTool:
    """Posts in a channel; `kind` reply, escalate or tell_owner."""

    def __init__(self, bot: commands.Bot, kind: str) -> None:
        self._bot = bot
        self.kind = kind

    async def send(self, action: Action, signal: Signal) -> Sent:
        """Post the action's text: as a reply where it has a reference, else as a message of its own.

        Raises:
            TargetGoneError: the message or the channel no longer exists.
            NotPermittedError: the bot may not post there.
            RefusedError: Discord refuses the text.
            UnreachableError: Discord doesn't answer.
        """
        try:
            message = await self._send(await self._target(action), action, signal)
        except discord.Forbidden as error:
            raise self._forbidden(action, error) from error
        except discord.NotFound as error:
            raise TargetGoneError(f"gone: {error.text}"[:200]) from error
        except (discord.DiscordServerError, discord.RateLimited, aiohttp.ClientError, OSError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        except discord.HTTPException as error:
            if error.code == _UNKNOWN_REFERENCE and "message_reference" in error.text:
                raise TargetGoneError(text("tools.message_gone")) from error
            if error.code == _NO_HISTORY:
                raise NotPermittedError("Read Message History") from error
            if error.code == _ARCHIVED:
                raise TargetGoneError(text("tools.thread_archived")) from error
            if error.status == 429:  # noqa: PLR2004
                raise UnreachableError(str(error)) from error
            raise RefusedError(error.text[:200]) from error
        return Sent(message.id)

    async def find(self, action: Action, signal: Signal) -> int | None:
        """Return what an interrupted action had posted: ours, with the same reference or the same text.

        Raises:
            UnreachableError: Discord doesn't answer.
            NotPermittedError: the history may not be read.
            TargetGoneError: the channel is gone.
        """
        own_id = self._bot.user.id if self._bot.user else 0
        begin = action.created_at - SEARCHED
        try:
            target = await self._target(action)
            # Ids rise with Discord's own time: whatever answers a message is younger than it.
            after = discord.Object(max(discord.utils.time_snowflake(begin), signal.message.message_id))
            async for message in target.history(limit=SEARCHED_MESSAGES, after=after, oldest_first=True):
                if message.author.id == own_id and self._is_it(message, action):
                    return message.id
        except discord.Forbidden as error:
            raise self._forbidden(action, error) from error
        except discord.NotFound as error:
            raise TargetGoneError(f"gone: {error.text}"[:200]) from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise UnreachableError(str(error) or type(error).__name__) from error
        return None

    async def _send(self, target: discord.abc.Messageable, action: Action, signal: Signal) -> discord.Message:
        """Send what an action says."""
        reference = None
        if action.reference_id is not None:
            reference = discord.MessageReference(
                message_id=action.reference_id, channel_id=action.channel_id, guild_id=action.guild_id
            )
        return await target.send(
            action.content,
            nonce=action.nonce,
            reference=reference,  # type: ignore[arg-type]  # None is fine
            allowed_mentions=ALLOWED,
            view=verdict_view() if action.kind == REPLY and action.guild_id is not None else None,  # type: ignore[arg-type]  # None is fine
        )

    async def _target(self, action: Action) -> discord.abc.Messageable:
        if self.kind != "tell_owner":
            return self._bot.get_partial_messageable(action.channel_id, guild_id=action.guild_id)
        return await owner_of(self._bot, action.guild_id or 0)

    def _is_it(self, message: discord.Message, action: Action) -> bool:
        """Whether a message is what an action posted."""
        if action.reference_id is not None and action.part == 0:
            return message.reference is not None and message.reference.message_id == action.reference_id
        return message.content == action.content

    def _forbidden(self, action: Action, error: discord.Forbidden) -> NotPermittedError:
        """Name what is missing, as far as the cached channel and roles tell."""
        if error.code == _NO_DM:
            return NotPermittedError(text("tools.direct_closed"))
        channel = self._bot.get_channel(action.channel_id)
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return NotPermittedError("View Channel")
        needed = list(_NEEDED)
        if isinstance(channel, discord.Thread):
            needed[1] = "send_messages_in_threads"
        have = channel.permissions_for(channel.guild.me)
        missing = [name.replace("_", " ").title() for name in needed if not getattr(have, name)]
        fallback = "View Channel" if error.code == _MISSING_ACCESS else "Send Messages"
        return NotPermittedError(", ".join(missing) or fallback)
